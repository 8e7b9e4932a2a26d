/** PUT of a plain file (RFC 4918 §9.7). Calendar objects have a door of their own; collections take no PUT. */
import type { DavRequest, DavResource, ItemWrite, MethodSpec, Need, StagedBody } from '@kalends/contracts';
import { BIND, WRITE_CONTENT } from '@kalends/contracts';
import { BodyTooLarge, declaredLength, readBody, streamBody } from '@kalends/http';
import { answer } from '../answer.ts';
import { engineOf } from '../engine.ts';
import type { EngineRequest } from '../engine.ts';
import { badRequest, contentTooLarge, forbidden, unsupportedMediaType } from '../errors/preconditions.ts';
import { guardItem } from '../locks/guard.ts';
import { touchedByPut } from '../locks/scope.ts';
import { segmentsOf } from '../resource/family.ts';
import { writeLimits } from '../write-limits.ts';
import { occupant, placeOf } from './place.ts';

/** Larger bodies, and those whose length is not known, go to the store as they arrive. */
const HELD_OCTETS = 65_536;

export const putFile: MethodSpec = { method: 'PUT', kinds: ['file'], requires: needs, handle };
/** RFC 4918 §9.7.2, with the status that clients of Apple's server expect. */
export const putCollection: MethodSpec = {
  method: 'PUT', kinds: ['home', 'calendar', 'inbox', 'outbox', 'notifications', 'files', 'home-child'], requires: () => [{ on: 'self', privileges: BIND }],
  refuses: true, handle: () => Promise.reject(forbidden('No file can be put here.')),
};

function needs({ item }: DavResource): readonly Need[] {
  return [item === undefined ? { on: 'parent', privileges: BIND } : { on: 'self', privileges: WRITE_CONTENT }];
}

async function handle(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const { http, engine, resource } = request;
  const { headers } = http.request;
  if (headers['content-range'] !== undefined) throw badRequest('A part of a file cannot be put (RFC 9110 §14.5).');
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') throw unsupportedMediaType('Bodies in a content coding are not taken.');
  const place = placeOf(resource);
  const path = segmentsOf(resource);
  const limits = await writeLimits(engine, resource);
  const body = await receive(request, Math.min(engine.deployment.limits.attachmentOctets, engine.store.traits.maxItemOctets));
  const write: ItemWrite = { name: place.name, contentType: headers['content-type'] ?? 'application/octet-stream', body };
  const { value } = await engine.store.write(place.parent.home, limits, async (tx) => {
    const there = await occupant(tx, place);
    if (there?.collection !== undefined) throw forbidden('There is a collection at this URL.');
    const current = await tx.findItem(place.parent.id, place.name, {});
    await guardItem(request, tx, current, path, touchedByPut(path, current !== undefined));
    return tx.putItem(place.parent.id, write);
  });
  if (request.fields.prefer.representation && await request.show(request.href, value.created ? 201 : 200)) return;
  answer(http, value.created ? 201 : 204, { ETag: `"${value.etag}"` });
}

async function receive({ http, engine, resource }: EngineRequest, maxOctets: number): Promise<Uint8Array | StagedBody> {
  const length = declaredLength(http);
  try {
    if (length !== undefined && length <= HELD_OCTETS) return await readBody(http, maxOctets);
    return await engine.store.stage(resource.home!.id, streamBody(http, maxOctets), maxOctets);
  } catch (error) {
    throw error instanceof BodyTooLarge ? contentTooLarge(`A file may have ${error.maxOctets} octets at most.`) : error;
  }
}
