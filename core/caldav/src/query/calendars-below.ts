/** The calendars of a home that a report at the home looks into: those of the kinds it asks, as far as the caller's privileges reach. */
import type { CalendarStore, Collection, DavResource, Privileges } from '@kalends/contracts';
import { joinPath } from '@kalends/webdav';
import type { EngineRequest } from '@kalends/webdav';

/** One calendar to look through, and where its items' hrefs begin. */
export interface Place { readonly resource: DavResource; readonly collection: Collection; readonly href: string }

/** Directly below the collection of the request, in the store's order. */
export async function calendarsBelow(request: EngineRequest, store: CalendarStore, kinds: ReadonlySet<string>, privileges: Privileges): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const collection of await store.listCollections(request.resource.collection!.id, 1)) {
    if (!kinds.has(collection.kind)) continue;
    const href = joinPath(request.href, collection.segment, true);
    const judged = await request.judge(href, {});
    if (judged !== undefined && (judged.access & privileges) === privileges) places.push({ resource: judged.resource, collection, href });
  }
  return places;
}
