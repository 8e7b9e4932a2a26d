/**
 * The change log: what lives by revision, and `gone` for the rest. One record a name by construction. A page ends between two revisions, for a token is one: where
 * one change touched more than the limit, the page holds all of it.
 */
import { StoreError, type ChangePage, type Collection, type CollectionId, type HomeChangePage, type HomeId, type Item, type ItemName, type ItemSelect, type Revision } from '@kalends/contracts';
import { integer, text, type Row, type Value } from './database.ts';
import { collectionKey, ownerOf, pathSegments } from './identifiers.ts';
import type { ItemRow } from './item-columns.ts';
import { itemPlan, toItem } from './item-columns.ts';
import * as sql from './read-statements.ts';
import type { ShardReader } from './shard-reader.ts';

interface Event { readonly revision: number; readonly item?: { readonly collection: number; readonly row: ItemRow }; readonly removed?: readonly string[]; readonly collection?: Collection }

/** Undefined: the item went meanwhile; the next page says so. */
export type Complete = (collection: number, row: ItemRow) => Promise<Item | undefined>;

/** What changed in one collection; the rows, for the caller to complete. */
export interface RawChanges { readonly events: readonly Event[]; readonly revision: Revision; readonly more: boolean }

export function collectionChanges(reader: ShardReader, id: CollectionId, since: Revision | 'start', limit: number, select: ItemSelect): RawChanges {
  const key = collectionKey(id);
  const now = reader.database.statement(sql.revisions).get(key);
  if (now === undefined) throw new StoreError('collection-gone', `collection ${id} is gone`);
  const revision = integer(now[0]);
  if (since !== 'start' && since < integer(now[1])) throw new StoreError('revision-gone', `the log begins at ${integer(now[1])}`);
  const from = since === 'start' ? 0 : since;
  if (from > revision) throw new StoreError('revision-gone', `revision ${from} is still to come`);
  if (from === revision) return { events: [], revision: revision as Revision, more: false };
  const statement = sql.changedItems(itemPlan(select));
  const goneItems = since === 'start' ? undefined : sql.goneItems;
  return page(revision, limit, (upTo, count) => [
    ...itemEvents(reader, statement, select, [key, from, upTo, count]),
    ...(goneItems === undefined ? [] : reader.database.statement(goneItems).all(key, from, upTo, count).map((row): Event => ({ revision: integer(row[1]), removed: [text(row[0])] }))),
  ]);
}

export function homeChanges(reader: ShardReader, home: HomeId, since: Revision | 'start', limit: number, deep: boolean, select: ItemSelect): RawChanges {
  const row = reader.home(ownerOf(home));
  const now = row === undefined ? undefined : reader.database.statement(sql.revisions).get(row.root);
  if (row === undefined || now === undefined) throw new StoreError('not-found', 'there is no such home');
  const revision = integer(now[0]);
  if (since !== 'start' && since < integer(now[1])) throw new StoreError('revision-gone', `the log begins at ${integer(now[1])}`);
  const from = since === 'start' ? 0 : since;
  if (from > revision) throw new StoreError('revision-gone', `revision ${from} is still to come`);
  if (from === revision) return { events: [], revision: revision as Revision, more: false };
  const statement = sql.changedHomeItems(itemPlan(select));
  return page(revision, limit, (upTo, count) => {
    const events: Event[] = reader.changedCollections(row.key, from, upTo, count).map(({ collection }) => ({ revision: collection.revision, collection }));
    if (deep) {
      events.push(...itemEvents(reader, statement, select, [row.key, from, upTo, from, count]));
      for (const [key, placed] of reader.database.statement(sql.placedCollections).all(row.key, from, from, upTo)) {
        const moved = itemEvents(reader, sql.changedItems(itemPlan(select)), select, [key!, 0, placed!, count]);
        events.push(...moved.map((event) => ({ ...event, revision: integer(placed) })));
      }
    }
    if (since === 'start') return events;
    for (const [path, at] of reader.database.statement(sql.goneCollections).all(row.key, from, upTo, count)) events.push({ revision: integer(at), removed: pathSegments(text(path)) });
    if (deep) {
      for (const [name, at, path] of reader.database.statement(sql.goneHomeItems).all(row.key, from, upTo, from, count)) events.push({ revision: integer(at), removed: [...pathSegments(text(path)), text(name)] });
    }
    return events;
  });
}

/** Up to `limit` events, or all of the first revision where that alone has more. */
function page(revision: number, limit: number, read: (upTo: number, count: number) => Event[]): RawChanges {
  const events = read(revision, limit + 1).sort((left, right) => left.revision - right.revision);
  if (events.length <= limit) return { events, revision: revision as Revision, more: false };
  // Beyond the limit some source may have been cut, so the first event left out bounds what is known whole.
  const firstOut = events[limit]!.revision;
  const whole = events.filter((event) => event.revision < firstOut);
  if (whole.length > 0) return { events: whole, revision: whole.at(-1)!.revision as Revision, more: true };
  const all = read(firstOut, Number.MAX_SAFE_INTEGER);
  return { events: all, revision: firstOut as Revision, more: firstOut < revision };
}

/** `statement` ends with revision and collection. */
function itemEvents(reader: ShardReader, statement: string, select: ItemSelect, values: readonly Value[]): Event[] {
  const plan = itemPlan(select);
  return reader.database.statement(statement).all(...values).map((row: Row) => {
    const last = row.length - 1;
    return { revision: integer(row[last - 1]), item: { collection: integer(row[last]), row: toItem(reader.database, plan, row) } };
  });
}

export async function toChangePage({ events, revision, more }: RawChanges, complete: Complete): Promise<ChangePage> {
  const changed: Item[] = [];
  const removed: ItemName[] = [];
  for (const { item, removed: gone } of events) {
    const whole = item?.row.file === undefined ? item?.row.item : await complete(item.collection, item.row);
    if (whole !== undefined) changed.push(whole);
    if (gone !== undefined) removed.push(gone[0] as ItemName);
  }
  return { changed, removed, revision, more };
}

export async function toHomeChangePage({ events, revision, more }: RawChanges, complete: Complete, toId: (key: number) => CollectionId): Promise<HomeChangePage> {
  const collections: Collection[] = [];
  const removed: (readonly string[])[] = [];
  const items: { collection: CollectionId; item: Item }[] = [];
  for (const event of events) {
    if (event.collection !== undefined) collections.push(event.collection);
    if (event.removed !== undefined) removed.push(event.removed);
    const whole = event.item?.row.file === undefined ? event.item?.row.item : await complete(event.item.collection, event.item.row);
    if (event.item !== undefined && whole !== undefined) items.push({ collection: toId(event.item.collection), item: whole });
  }
  return { collections, removed, items, revision, more };
}
