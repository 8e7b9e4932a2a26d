/**
 * Items as one change sees them: rows of the shard, and over them what the change did. An entry says where the rest of an item lies (`base`), so that a moved or
 * patched item can still be read in any selection.
 */
import type { Ace, Attachment, ComponentKind, ETag, Item, ItemFacts, ItemMeta, ItemName, ItemQuery, ItemSelect, PrincipalId, Revision } from '@kalends/contracts';
import { wantedDead } from '../item-columns.ts';
import type { ItemRow } from '../item-columns.ts';
import type { ShardReader } from '../shard-reader.ts';
import type { BodySource } from './change.ts';
import type { ReadLog } from './read-log.ts';

/** What a put brings: everything but ACL, dead properties, attachments and personal data, which stay as they were. */
export interface PutItem {
  readonly etag: ETag; readonly component: ComponentKind | undefined; readonly uid: string | undefined; readonly contentType: string; readonly scheduleTag: ETag | undefined;
  readonly size: number; readonly facts: ItemFacts | undefined; readonly body: BodySource;
}
export interface CollectedItem {
  readonly collection: number; readonly name: ItemName;
  /** The row in the shard that has what is not said here. */ readonly base: { readonly collection: number; readonly name: ItemName } | undefined;
  readonly put?: PutItem; readonly facts?: ItemFacts;
  readonly acl?: readonly Ace[] | null; readonly dead?: ReadonlyMap<string, string>; readonly attachments?: readonly Attachment[];
  readonly personal?: ReadonlyMap<PrincipalId, { readonly patch: Uint8Array; readonly facts: ItemFacts } | undefined>;
}
/** What every check needs to know of an item. */
export interface KnownItem { readonly etag: ETag; readonly component: ComponentKind | undefined; readonly meta: ItemMeta }

export type ReadBody = (collection: number, row: ItemRow, select: ItemSelect) => Promise<Item | undefined>;

export class CollectedItems {
  readonly #reader: ShardReader;
  readonly #log: ReadLog;
  readonly #now: number;
  readonly #readBody: ReadBody;
  readonly #entries = new Map<string, CollectedItem | undefined>();
  /** Which of them have or had a UID, so that a change of thousands asks each question once. */
  readonly #byUid = new Map<string, Set<string>>();

  constructor(reader: ShardReader, log: ReadLog, now: number, readBody: ReadBody) {
    this.#reader = reader;
    this.#log = log;
    this.#now = now;
    this.#readBody = readBody;
  }

  /** What the change made of it; undefined where it did nothing. */
  entry(collection: number, name: ItemName): { readonly item: CollectedItem | undefined } | undefined {
    const key = `${collection}/${name}`;
    return this.#entries.has(key) ? { item: this.#entries.get(key) } : undefined;
  }

  set(item: CollectedItem): void {
    const key = `${item.collection}/${item.name}`;
    this.#entries.set(key, item);
    const uid = item.put === undefined ? this.known(item.collection, item.name)?.meta.uid : item.put.uid;
    if (uid === undefined) return;
    const those = this.#byUid.get(uid);
    if (those === undefined) this.#byUid.set(uid, new Set([key]));
    else those.add(key);
  }
  /** The entry to add to: the present one, or the row's. */
  changing(collection: number, name: ItemName): CollectedItem {
    return this.entry(collection, name)?.item ?? { collection, name, base: { collection, name } };
  }
  remove(collection: number, name: ItemName): void {
    this.#entries.set(`${collection}/${name}`, undefined);
  }
  /** Whatever the change did in a collection that is gone by it. */
  forget(collection: number): void {
    for (const [key, item] of this.#entries) if (key.startsWith(`${collection}/`) && item !== undefined) this.#entries.set(key, undefined);
  }

  known(collection: number, name: ItemName): KnownItem | undefined {
    const found = this.entry(collection, name);
    if (found !== undefined && found.item === undefined) return undefined;
    const base = found === undefined ? { collection, name } : found.item?.base;
    const row = base === undefined ? undefined : this.#row(base.collection, base.name, { meta: true })?.item;
    const put = found?.item?.put;
    if (put !== undefined) return { etag: put.etag, component: put.component, meta: this.#meta(put, row?.meta) };
    return row?.meta === undefined ? undefined : { etag: row.etag, component: row.component, meta: row.meta };
  }

  async find(collection: number, name: ItemName, select: ItemSelect): Promise<Item | undefined> {
    const found = this.entry(collection, name);
    if (found !== undefined) return found.item === undefined ? undefined : this.compose(found.item, select);
    const row = this.#row(collection, name, select);
    return row === undefined ? undefined : this.#readBody(collection, row, select);
  }

  /** Entries of the change that satisfy the query; the rows they stand for must be left out of what the shard answers. */
  async matching(collection: number, query: ItemQuery, select: ItemSelect): Promise<readonly Item[]> {
    const found: Item[] = [];
    for (const entry of this.#entries.values()) {
      if (entry?.collection !== collection) continue;
      const item = await this.compose(entry, { ...select, facts: true, meta: true });
      if (matches(item, query)) found.push(select.facts === true && select.meta === true ? item : await this.compose(entry, select));
    }
    return found;
  }

  /** The change's own holder of a UID, in collections that `rules`. */
  holder(uid: string, rules: (collection: number) => boolean): CollectedItem | undefined {
    for (const key of this.#byUid.get(uid) ?? []) {
      const entry = this.#entries.get(key);
      if (entry === undefined || !rules(entry.collection)) continue;
      if (this.known(entry.collection, entry.name)?.meta.uid === uid) return entry;
    }
    return undefined;
  }

  async compose(entry: CollectedItem, select: ItemSelect): Promise<Item> {
    const { put, base } = entry;
    const row = base === undefined ? undefined : this.#row(base.collection, base.name, put === undefined ? select : { ...select, facts: false, body: false, meta: select.meta ?? false });
    const below = row === undefined || base === undefined ? undefined : put === undefined ? await this.#readBody(base.collection, row, select) : row.item;
    const item: { -readonly [K in keyof Item]: Item[K] } = { ...(below ?? {}), name: entry.name, etag: put?.etag ?? below?.etag ?? ('' as ETag) };
    if (put !== undefined) {
      delete item.component;
      if (put.component !== undefined) item.component = put.component;
      if (select.meta === true) item.meta = this.#meta(put, below?.meta);
      if (select.facts === true && put.facts !== undefined) item.facts = put.facts;
      if (select.body === true && put.body.kind === 'octets') item.body = put.body.octets;
    }
    if (select.facts === true && entry.facts !== undefined) item.facts = entry.facts;
    if (select.acl === true && entry.acl !== undefined) {
      delete item.acl;
      if (entry.acl !== null) item.acl = entry.acl;
    }
    if (select.dead !== undefined) item.dead = entry.dead === undefined ? (item.dead ?? new Map()) : wantedDead(entry.dead, select.dead);
    if (select.attachments === true) item.attachments = entry.attachments ?? item.attachments ?? [];
    if (select.personal !== undefined && entry.personal?.has(select.personal) === true) {
      const mine = entry.personal.get(select.personal);
      delete item.personal;
      if (mine !== undefined) item.personal = { ...mine, number: this.#now };
    }
    return item;
  }

  #meta(put: PutItem, before: ItemMeta | undefined): ItemMeta {
    return {
      contentType: put.contentType, size: put.size, created: before?.created ?? this.#now, modified: this.#now, revision: ((before?.revision ?? 0) + 1) as Revision,
      ...(put.uid === undefined ? {} : { uid: put.uid }), ...(put.scheduleTag === undefined ? {} : { scheduleTag: put.scheduleTag }),
    };
  }

  /** Reads with the revision, for the log; without it where the caller did not ask. */
  #row(collection: number, name: ItemName, select: ItemSelect): ItemRow | undefined {
    const row = this.#reader.item(collection, name, select.meta === true ? select : { ...select, meta: true });
    this.#log.item(collection, name, row?.item.meta?.revision ?? 0);
    if (row === undefined || select.meta === true) return row;
    const { meta: _, ...item } = row.item;
    return { item, file: row.file };
  }
}

export function matches(item: Item, { component, overlaps, uid }: ItemQuery): boolean {
  if (component !== undefined && item.component !== component) return false;
  if (uid !== undefined && item.meta?.uid !== uid) return false;
  if (overlaps === undefined) return true;
  return item.facts !== undefined && item.facts.bounds.start < overlaps.end && item.facts.bounds.end >= overlaps.start;
}
