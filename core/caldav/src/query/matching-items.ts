/**
 * The items of one collection that satisfy a filter: the store's superset, made exact from the facts, and from the octets where the facts do not reach. Reads
 * octets only for those, or where whoever asks wants them anyway.
 */
import type { CalendarStore, CollectionId, Item, ItemSelect } from '@kalends/contracts';
import { matcher } from '@kalends/icalendar';
import type { ComponentFilter, Matcher, Zone } from '@kalends/icalendar';
import type { Viewer } from '../privacy/seen-by.ts';

/** In batches, in the store's order. `viewer`: who does not see everything. `floating`: the zone of floating times; absent: UTC. */
export async function* matchingItems(store: CalendarStore, collection: CollectionId, filter: ComponentFilter, floating: Zone | undefined, select: ItemSelect, viewer?: Viewer): AsyncGenerator<readonly Item[]> {
  const made = matcher(filter, floating);
  if (made.never) return;
  const wanted: ItemSelect = { ...select, ...(made.needsFacts || viewer !== undefined ? { facts: true } : {}), ...(made.needsMeta ? { meta: true } : {}), ...(made.needsBody ? { body: true } : {}) };
  for await (const batch of store.queryItems(collection, made.query, wanted)) {
    const undecided: Item[] = [];
    const matches = batch.filter((item) => {
      const answer = testSeen(made, item, viewer);
      if (answer === 'needs-body') undecided.push(item);
      return answer === true;
    });
    yield matches;
    if (undecided.length > 0) yield* decide(store, collection, made, undecided, wanted, viewer);
  }
}

async function* decide(store: CalendarStore, collection: CollectionId, made: Matcher, undecided: readonly Item[], select: ItemSelect, viewer: Viewer | undefined): AsyncGenerator<readonly Item[]> {
  for await (const batch of store.findItems(collection, undecided.map(({ name }) => name), { ...select, body: true })) {
    yield batch.filter((item) => testSeen(made, item, viewer) === true);
  }
}

/** A filter must not find what the viewer does not see. Times are in every view, so row and facts may decide; else the octets that he sees do. */
function testSeen(made: Matcher, item: Item, viewer: Viewer | undefined): boolean | 'needs-body' {
  if (viewer === undefined || !viewer.limits(item)) return made.test(item);
  const { body, ...row } = item;
  const quick = made.test(row);
  return quick === 'needs-body' && body !== undefined ? made.test(viewer.seen(item)) : quick;
}

/** The same question about one item that was read with `MATCH_SELECT`. */
export function itemMatches(item: Item, filter: ComponentFilter, floating: Zone | undefined, viewer?: Viewer): boolean {
  const made = matcher(filter, floating);
  return !made.never && (made.query.component === undefined || item.component === undefined || made.query.component === item.component) && testSeen(made, item, viewer) === true;
}
/** Enough to answer any filter about one item. */
export const MATCH_SELECT: ItemSelect = { facts: true, body: true };
