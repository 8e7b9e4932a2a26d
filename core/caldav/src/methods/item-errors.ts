/**
 * What the store refuses about a calendar object, as CalDAV names it (two rows of the engine's table are different here). The holder of a UID is named only
 * to whoever may read it.
 */
import type { CalendarStore, Collection, DavRequest, Home, ItemAddress, Limits } from '@kalends/contracts';
import { READ, StoreError } from '@kalends/contracts';
import { GONE, fromStore } from '@kalends/webdav';
import { maxResourceSize, noUidConflict, uniqueSchedulingObjectResource } from '../preconditions.ts';
import { homePath } from '../resources/calendar-home.ts';

/** @returns what to throw instead. `collection`: where the object was to lie. */
export async function itemError(error: unknown, request: DavRequest, store: CalendarStore, home: Home, collection: Collection, limits: Limits): Promise<unknown> {
  if (!(error instanceof StoreError)) return error;
  if (error.code === 'too-large') return maxResourceSize(limits.resourceOctets);
  if (error.code !== 'uid-taken') return fromStore(error, request.http.request.method === 'DELETE' ? GONE : {});
  const href = error.holder === undefined ? undefined : await readableHref(error.holder, request, store, home);
  return error.holder !== undefined && error.holder.collection !== collection.id ? uniqueSchedulingObjectResource(href) : noUidConflict(href);
}

async function readableHref({ collection, name }: ItemAddress, request: DavRequest, store: CalendarStore, home: Home): Promise<string | undefined> {
  const found = (await store.findCollections([collection])).get(collection);
  if (found === undefined || found.parent !== home.root.id) return undefined;
  const path = homePath(home.owner, [found.segment], name);
  const judged = await request.judge(path, { acl: true });
  return judged !== undefined && (judged.access & READ) === READ ? path : undefined;
}
