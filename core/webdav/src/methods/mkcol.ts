/**
 * MKCOL, plain (RFC 4918 §9.3) and extended (RFC 5689). Makes plain collections among `files`; what else can be made, and where, the packages say whose kinds it
 * makes: `readMkcol` and `answerMkcolFailure` are theirs to use.
 */
import type { DavRequest, MethodSpec, PropertyRow, QName } from '@kalends/contracts';
import { BIND } from '@kalends/contracts';
import { hasBody } from '@kalends/http';
import { answer, answerXml } from '../answer.ts';
import { engineOf } from '../engine.ts';
import type { EngineRequest } from '../engine.ts';
import { badRequest, forbidden, methodNotAllowed, unsupportedMediaType, validResourcetype } from '../errors/preconditions.ts';
import { guardCollection } from '../locks/guard.ts';
import { parentPath } from '../locks/scope.ts';
import { segmentsOf } from '../resource/family.ts';
import { mergePatches, planChanges, readInstructions, writeOutcomes } from '../properties/change.ts';
import type { Instruction, PropertyOutcome } from '../properties/change.ts';
import { writeLimits } from '../write-limits.ts';
import { dav, isNamed } from '../xml/names.ts';
import { occupant, placeOf } from './place.ts';

export const mkcolFile: MethodSpec = { method: 'MKCOL', kinds: ['file'], requires: () => [{ on: 'parent', privileges: BIND }], handle };
/** Where collections hold items of one sort and nothing else. */
export const mkcolElsewhere: MethodSpec = {
  method: 'MKCOL', kinds: ['inbox-item', 'notification'], requires: () => [{ on: 'parent', privileges: BIND }],
  refuses: true, handle: () => Promise.reject(forbidden('No collection can be made here.')),
};

/** What an extended MKCOL wants: the names in DAV:resourcetype, and the other properties. Without a body: a plain collection. */
export interface AskedCollection { readonly types: readonly QName[]; readonly instructions: readonly Instruction[] }

/** @throws DavError 400, 415 */
export async function readMkcol(request: EngineRequest): Promise<AskedCollection> {
  const type = request.http.request.headers['content-type'];
  if (hasBody(request.http) && type !== undefined && !/^\s*(?:application|text)\/(?:[\w.-]+\+)?xml\b/i.test(type)) throw unsupportedMediaType('The body of a MKCOL is XML (RFC 5689).');
  const body = await request.xml();
  if (body === undefined) return { types: [dav('collection')], instructions: [] };
  if (!isNamed(body.name, 'DAV:', 'mkcol')) throw type !== undefined ? badRequest('The body of a MKCOL is a DAV:mkcol element.') : unsupportedMediaType('The body of a MKCOL is a DAV:mkcol element.');
  const all = readInstructions(body);
  if (all.some(({ value }) => value === undefined)) throw badRequest('A MKCOL has nothing to remove.');
  const types = all.find(({ name }) => isNamed(name, 'DAV:', 'resourcetype'))?.value?.children.map(({ name }) => name) ?? [dav('collection')];
  return { types, instructions: all.filter(({ name }) => !isNamed(name, 'DAV:', 'resourcetype')) };
}

/** RFC 5689 §3: nothing is made; the names that failed say why, the innocent are 424. */
export function answerMkcolFailure(request: EngineRequest, outcomes: readonly PropertyOutcome[]): void {
  answerXml(request.http, 403, (xml) => {
    xml.open(dav('mkcol-response'));
    writeOutcomes(xml, outcomes);
    xml.close();
  }, { 'Cache-Control': 'no-cache' });
}

async function handle(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const { http, engine, resource } = request;
  if (resource.item !== undefined) throw methodNotAllowed('MKCOL', [...engine.methods(resource.kind).keys()]);
  const place = placeOf(resource);
  const { types, instructions } = await readMkcol(request);
  if (types.length !== 1 || !isNamed(types[0]!, 'DAV:', 'collection')) {
    answerMkcolFailure(request, [{ name: dav('resourcetype'), error: validResourcetype() }, ...instructions.map(({ name }) => ({ name, error: undefined }))]);
    return;
  }
  // The properties of what is not there yet: a row of the collection that will hold it, under the new kind.
  const row: PropertyRow = { ...request.row(), resource: { ...resource, kind: 'files' } };
  const planned = await planChanges(request, row, instructions, true);
  if (planned.failed) {
    answerMkcolFailure(request, planned.outcomes);
    return;
  }
  const properties = mergePatches(planned.changes, place.parent.id).get(place.parent.id)?.set ?? new Map<string, string>();
  await engine.store.write(place.parent.home, await writeLimits(engine, resource), async (tx) => {
    if ((await occupant(tx, place)) !== undefined) throw methodNotAllowed('MKCOL', [...engine.methods('files').keys()]);
    await guardCollection(request, tx, { rebound: [parentPath(segmentsOf(resource))] });
    await tx.createCollection(place.parent.id, { segment: place.name, kind: 'files', properties });
  });
  // As MKCALENDAR's (RFC 4791 §5.3.1): what was made is not for caches.
  answer(http, 201, { 'Cache-Control': 'no-cache' });
}

