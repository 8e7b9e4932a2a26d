/** DELETE of calendar objects (RFC 4918 §9.6.1), through the one door, and of inbox items, which concern nobody else. */
import type { CalendarStore, DavRequest, Limits, MethodSpec } from '@kalends/contracts';
import { UNBIND, WRITE_CONTENT } from '@kalends/contracts';
import { answer, engineOf, nameOf, notFound, segmentsOf, writeLimits } from '@kalends/webdav';
import { keepsFromOthers } from '../privacy/withheld.ts';
import type { CalendarDoor } from '../write/commit.ts';
import { removalGuard } from './conditions.ts';
import { itemError } from './item-errors.ts';

export function deleteItemSpecs(door: CalendarDoor, store: CalendarStore, limits: Limits): readonly MethodSpec[] {
  const spec = (kind: string, remove: (request: DavRequest) => Promise<void>): MethodSpec => ({
    method: 'DELETE', kinds: [kind], select: { meta: true },
    requires: removing,
    handle: async (request) => {
      if (request.resource.item === undefined) throw notFound();
      await remove(request);
      answer(request.http, 204);
    },
  });
  return [
    spec('calendar-item', (request) => deleteObject(door, store, limits, request)),
    spec('inbox-item', (request) => deleteMessage(store, request)),
  ];
}

/** What its owner keeps to himself nobody else takes away: there the item itself has a say. */
export const removing: MethodSpec['requires'] = ({ item }) => [
  { on: 'parent', privileges: UNBIND }, ...(item !== undefined && keepsFromOthers(item) ? [{ on: 'self' as const, privileges: WRITE_CONTENT }] : []),
];

async function deleteObject(door: CalendarDoor, store: CalendarStore, limits: Limits, request: DavRequest): Promise<void> {
  const { resource, identity, http } = request;
  const home = resource.home!;
  const collection = resource.collection!;
  try {
    await door.remove({ home, collection, name: resource.item!.name, guard: removalGuard(engineOf(request), segmentsOf(resource)), context: { identity, resource, headers: http.request.headers } });
  } catch (error) {
    throw await itemError(error, request, store, home, collection, limits);
  }
}

/** Deleting a message schedules nothing (RFC 6638 §4.1). */
async function deleteMessage(store: CalendarStore, dav: DavRequest): Promise<void> {
  const request = engineOf(dav);
  const { resource, engine } = request;
  const guard = removalGuard(request, segmentsOf(resource));
  const { id } = resource.collection!;
  const name = nameOf(resource);
  await store.write(resource.home!.id, await writeLimits(engine, resource), async (tx) => {
    const current = await tx.findItem(id, name, { meta: true });
    const afterwards = await guard(current, tx);
    if (current === undefined) throw notFound();
    await tx.removeItem(id, name);
    await afterwards?.();
  });
}
