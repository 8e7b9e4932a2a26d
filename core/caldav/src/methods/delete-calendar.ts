/**
 * DELETE of a calendar (RFC 4918 §9.6.1): gone at once, with everything in it. Where somebody must hear of its events, it is hidden in the change that is
 * answered, and a job takes the events out one by one through the one door, as if each had been deleted, before the calendar itself.
 */
import type {
  CalendarStore, ClaimedJob, CollectionId, DavRequest, DavResource, Directory, Identity, Item, JobOutcome, Limits, MethodSpec, Notifier, PrincipalId,
} from '@kalends/contracts';
import { StoreError, UNBIND } from '@kalends/contracts';
import { GONE, answer, badRequest, dropLocks, engineOf, forbidden, fromStore, guardCollection, seesWhole, segmentsOf, touchedByRemoval, writeLimits } from '@kalends/webdav';
import type { EngineRequest } from '@kalends/webdav';
import { keepsFromOthers, withheldByItem } from '../privacy/withheld.ts';
import type { CalendarDoor } from '../write/commit.ts';
import { writeLimits as limitsOf } from '../write/limits.ts';
import type { WriteSteps } from '../write/steps.ts';

export const REMOVE_CALENDAR_JOB = 'caldav.remove-calendar';
interface RemovalPayload { readonly collection: CollectionId; readonly principal: PrincipalId | undefined; readonly owner: PrincipalId }

export interface RemovalParts { readonly store: CalendarStore; readonly door: CalendarDoor; readonly steps: WriteSteps; readonly limits: Limits; readonly directory: Directory; readonly notifiers: readonly Notifier[] }

export function deleteCalendarSpecs(parts: RemovalParts): readonly MethodSpec[] {
  return [
    // Its events go with it, and they are its own members.
    { method: 'DELETE', kinds: ['calendar'], requires: () => [{ on: 'parent', privileges: UNBIND }, { on: 'self', privileges: UNBIND }], handle: (request) => deleteCalendar(parts, request) },
    // The server's own collections stay: without them nobody could be invited.
    { method: 'DELETE', kinds: ['home', 'inbox', 'outbox', 'notifications'], requires: () => [{ on: 'self', privileges: UNBIND }], handle: refuse },
  ];
}

async function refuse(): Promise<void> {
  throw forbidden('This collection belongs to the home and cannot be deleted.');
}

async function deleteCalendar({ store, steps, notifiers }: RemovalParts, dav: DavRequest): Promise<void> {
  const request = engineOf(dav);
  const { resource, identity, fields, http, engine } = request;
  if (fields.depth !== undefined && fields.depth !== 'infinity') throw badRequest('A calendar is deleted with all that is in it: Depth is infinity.');
  const { id } = resource.collection!;
  const home = resource.home!;
  await demandNothingKept(store, request);
  const payload: RemovalPayload = { collection: id, principal: identity.principal, owner: home.owner };
  try {
    const path = segmentsOf(resource);
    const { revision } = await store.write(home.id, await writeLimits(engine, resource), async (tx) => {
      const locks = await guardCollection(request, tx, touchedByRemoval(path));
      await dropLocks(tx, locks, path);
      if (!steps.schedules) return tx.removeCollection(id);
      await tx.hideCollection(id);
      await tx.enqueue({ kind: REMOVE_CALENDAR_JOB, payload, lane: `remove-${id}` });
    });
    for (const notifier of notifiers) notifier.changed({ home: home.id, collection: home.root.id, revision, urgency: 'low' });
  } catch (error) {
    throw fromStore(error, GONE);
  }
  answer(http, 204);
}

/** What its owner keeps to himself nobody else takes away (caldav-privateevents), not with the whole either. @throws DavError 403 */
async function demandNothingKept(store: CalendarStore, request: EngineRequest): Promise<void> {
  const { identity, resource: { owner, collection }, href } = request;
  if (seesWhole(identity, owner)) return;
  for await (const batch of store.listItems(collection!.id, withheldByItem.select)) {
    if (batch.some(keepsFromOthers)) request.need(0, UNBIND, href);
  }
}

/** The rest of a deletion; safe to repeat, since it goes on with what is still there. */
export async function removeCalendar({ store, door, limits, directory }: RemovalParts, job: ClaimedJob, signal: AbortSignal): Promise<JobOutcome> {
  const { collection: id, principal, owner } = job.payload as RemovalPayload;
  const home = await store.findHome(owner);
  const collection = (await store.findCollections([id])).get(id);
  if (home === undefined || collection === undefined) return { kind: 'done' };
  const identity: Identity = { principal, groups: new Set(), admin: false, scheme: 'job', ...(principal === owner ? {} : { actingFor: owner }) };
  for await (const batch of store.listItems(id, { meta: true })) {
    for (const item of batch) {
      signal.throwIfAborted();
      const resource: DavResource = { kind: 'calendar-item', path: '', canonical: '', owner, home, collection, ancestors: [home.root], item };
      await door.remove({ home, collection, name: item.name, context: { identity, resource, headers: {} } }).catch(unlessGone(item));
    }
  }
  await store.write(home.id, await limitsOf(limits, directory, owner), async (tx) => {
    await tx.removeCollection(id);
    await tx.finishJob(job.id);
  });
  return { kind: 'done' };
}

const unlessGone = (_item: Item) => (error: unknown): void => {
  const gone = (error instanceof StoreError && error.code === 'not-found') || (typeof error === 'object' && error !== null && 'status' in error && error.status === 404);
  if (!gone) throw error;
};
