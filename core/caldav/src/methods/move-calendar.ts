/** MOVE of a calendar inside its home: a new name, and nothing else changes. What stands at the new name is never replaced. */
import type { CalendarStore, DavRequest, MethodSpec, Notifier } from '@kalends/contracts';
import { BIND, READ, StoreError, UNBIND } from '@kalends/contracts';
import { answer, badRequest, conflict, demandHere, dropLocks, engineOf, forbidden, fromStore, guardCollection, nameOf, preconditionFailed, segmentsOf, touchedByRemoval, withSlash, writeLimits } from '@kalends/webdav';
import { calendarCollectionLocationOk } from '../preconditions.ts';
import { destinationOf } from './move-item.ts';

/** Places where no calendar can be (RFC 4791 §5.3.2.1). */
const INSIDE: ReadonlySet<string> = new Set(['calendar-item', 'inbox-item', 'notification', 'file']);

export interface MoveCalendarParts { readonly store: CalendarStore; readonly notifiers: readonly Notifier[]; readonly publicUrl: URL }

export function moveCalendarSpecs(parts: MoveCalendarParts): readonly MethodSpec[] {
  return [
    { method: 'MOVE', kinds: ['calendar'], requires: () => [{ on: 'parent', privileges: UNBIND }], handle: (request) => moveCalendar(parts, request) },
    { method: 'MOVE', kinds: ['inbox', 'outbox', 'notifications'], requires: () => [{ on: 'parent', privileges: UNBIND }], handle: async () => { throw forbidden('This collection belongs to the home.'); } },
  ];
}

async function moveCalendar({ store, notifiers, publicUrl }: MoveCalendarParts, dav: DavRequest): Promise<void> {
  const request = engineOf(dav);
  const { resource, fields, http, engine } = request;
  if (fields.depth !== undefined && fields.depth !== 'infinity') throw badRequest('A calendar moves with all that is in it: Depth is infinity (RFC 4918 §9.9.3).');
  const path = destinationOf(request);
  const target = await request.judge(path, {});
  if (target === undefined) throw conflict('The destination lies in nothing that is there.');
  demandHere(target.resource);
  const home = resource.home!;
  // In another's home, what is there and what is not look alike.
  if (target.resource.home?.id !== home.id) request.need(target.access, READ, path);
  if (target.resource.kind === 'nowhere') throw conflict('The destination lies in nothing that is there.');
  if (target.resource.home?.id !== home.id) throw forbidden('A calendar moves within its home only.');
  request.need(target.access, BIND, path);
  if (INSIDE.has(target.resource.kind)) throw calendarCollectionLocationOk();
  if (target.resource.kind !== 'home-child') {
    throw fields.overwrite ? forbidden('There is something at the destination already, and it is not replaced.') : preconditionFailed('There is something at the destination already.');
  }
  try {
    const path = segmentsOf(resource);
    const { revision } = await store.write(home.id, await writeLimits(engine, resource), async (tx) => {
      const locks = await guardCollection(request, tx, touchedByRemoval(path));
      await tx.moveCollection(resource.collection!.id, home.root.id, nameOf(target.resource));
      await dropLocks(tx, locks, path);
    });
    for (const notifier of notifiers) notifier.changed({ home: home.id, collection: home.root.id, revision, urgency: 'low' });
  } catch (error) {
    throw error instanceof StoreError && error.code === 'exists' ? forbidden('There is something at the destination already, and it is not replaced.') : fromStore(error);
  }
  answer(http, 201, { Location: new URL(withSlash(target.resource.path), publicUrl).href });
}
