/** PROPPATCH (RFC 4918 §9.2): all instructions together, or none. One change of the home, or one of the records. */
import type { DavRequest, MethodSpec } from '@kalends/contracts';
import { WRITE_PROPERTIES } from '@kalends/contracts';
import { answer, answerXml } from '../answer.ts';
import { engineOf } from '../engine.ts';
import type { EngineRequest } from '../engine.ts';
import { badRequest, forbidden } from '../errors/preconditions.ts';
import { guardCollection, guardItem } from '../locks/guard.ts';
import { segmentsOf } from '../resource/family.ts';
import { applyChanges, planChanges, readInstructions, recordOperations, writeOutcomes } from '../properties/change.ts';
import type { PlannedChanges } from '../properties/change.ts';
import { takesDead } from '../properties/stored.ts';
import { writeLimits } from '../write-limits.ts';
import { clark, dav, isNamed } from '../xml/names.ts';

export const proppatch: MethodSpec = {
  method: 'PROPPATCH', kinds: ['*'], select: { meta: true }, requires: () => [{ on: 'self', privileges: WRITE_PROPERTIES }], handle,
};

async function handle(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const body = await request.xml();
  if (body === undefined || !isNamed(body.name, 'DAV:', 'propertyupdate')) throw badRequest('The body of a PROPPATCH is a DAV:propertyupdate element.');
  const instructions = readInstructions(body);
  if (instructions.length === 0) throw badRequest('A DAV:propertyupdate sets or removes something.');
  const { engine, resource: { kind } } = request;
  if (!takesDead(kind) && instructions.every(({ name }) => engine.properties.find(kind, clark(name)) === undefined)) throw forbidden('Resources like this one take no properties of the client\'s own.');
  const planned = await planChanges(request, request.row(), instructions, false);
  if (!planned.failed) await commit(request, planned);
  if (!planned.failed && request.fields.prefer.minimal) {
    answer(request.http, 200, request.fields.prefer.stated.minimal ? { 'Preference-Applied': 'return=minimal' } : {});
    return;
  }
  answerXml(request.http, 207, (xml) => {
    xml.open(dav('multistatus'));
    xml.open(dav('response'));
    xml.href(request.href);
    writeOutcomes(xml, planned.outcomes);
    xml.close();
    xml.close();
  });
}

async function commit(request: EngineRequest, { changes }: PlannedChanges): Promise<void> {
  const { engine, resource } = request;
  const operations = recordOperations(changes);
  const stored = changes.filter((change) => change.in !== 'records');
  if (operations.length > 0 && stored.length > 0) throw new Error(`properties of kind ${resource.kind} are kept in two places: one of their features must change`);
  if (operations.length > 0) await engine.records.apply(operations);
  const home = (resource.share ?? resource.collection)?.home;
  if (stored.length === 0 || home === undefined) return;
  const path = segmentsOf(resource);
  await engine.store.write(home, await writeLimits(engine, resource), async (tx) => {
    if (resource.item !== undefined) await guardItem(request, tx, await tx.findItem(resource.collection!.id, resource.item.name, {}), path, { written: [path] });
    else if (resource.share === undefined) await guardCollection(request, tx, { written: [path] });
    await applyChanges(tx, stored, request.row());
  });
}
