/**
 * The CalendarStore over shards: reads on this thread's connections, changes through the writer. Where bodies beyond the shard's limit lie, and whether a home that
 * the shard does not know exists nevertheless, is the embedding store's affair (`BodyFiles`, `HomeKeeper`).
 */
import { setImmediate } from 'node:timers/promises';
import {
  StoreError, type Batches, type CalendarStore, type ChangePage, type Clock, type Collection, type CollectionDraft, type CollectionId, type Committed, type Home, type HomeChangePage,
  type HomeId, type HomeOwner, type HomeRoot, type Item, type ItemAddress, type ItemName, type ItemQuery, type ItemSelect, type Located, type Lock, type PrincipalId, type Revision,
  type StagedBody, type StaleLimit, type StoreTraits, type StoreWriter, type WriteLimits,
} from '@kalends/contracts';
import { collectionChanges, homeChanges, toChangePage, toHomeChangePage } from './changes.ts';
import { toHome } from './collection-rows.ts';
import { integer, type Row } from './database.ts';
import { collectionId, collectionKey, homeIdOf, ownerOf, shardOfHome, shardOfId } from './identifiers.ts';
import type { BodyInFile, ItemRow } from './item-columns.ts';
import type { ReadSide } from './read-side.ts';
import * as sql from './read-statements.ts';
import type { ItemPage, ShardReader } from './shard-reader.ts';
import { pageRows } from './shard-reader.ts';
import { chunks } from './change/collected-change.ts';
import { HomeChanger } from './change/home-changer.ts';
import { HomeUpkeep } from './change/home-upkeep.ts';
import type { WriterPort } from './writer/writer-core.ts';

export interface BodyFiles {
  /** Undefined: no file agrees with the row; it is read again. */
  read(reader: ShardReader, at: BodyPlace): Promise<Uint8Array | undefined>;
  open(reader: ShardReader, at: BodyPlace, octets: { readonly from: number; readonly to: number } | undefined): Promise<AsyncIterable<Uint8Array> | undefined>;
  stage(home: HomeId, content: AsyncIterable<Uint8Array>, maxOctets: number): Promise<StagedBody>;
}
export interface BodyPlace { readonly owner: PrincipalId; readonly collection: number; readonly name: ItemName; readonly row: BodyInFile }
export interface HomeKeeper {
  /** Undefined: nothing to do, the shard is right. Else: wait, the home is looked at or built again. */
  touch(owner: PrincipalId): Promise<void> | undefined;
}

export interface ShardStoreOptions {
  readonly shards: number; readonly traits: StoreTraits; readonly clock: Clock; readonly reads: ReadSide; readonly port: WriterPort; readonly bodies: BodyFiles; readonly keeper: HomeKeeper;
  /** Of this process: owner of jobs that are born claimed. */ readonly holder: string;
  readonly grantsRevision: (owner: PrincipalId) => number;
}

export class ShardStore implements CalendarStore {
  readonly traits: StoreTraits;
  readonly #options: ShardStoreOptions;
  readonly #changer: HomeChanger;
  readonly #upkeep: HomeUpkeep;

  constructor(options: ShardStoreOptions) {
    this.traits = options.traits;
    this.#options = options;
    this.#upkeep = new HomeUpkeep(options);
    this.#changer = new HomeChanger(options, (collection, row, select) => this.#complete(collection, row, select));
  }

  async findHome(owner: PrincipalId): Promise<Home | undefined> {
    return (await this.locate(owner, [], {}))?.home;
  }

  async createHome(owner: HomeOwner, root: HomeRoot, initial: readonly CollectionDraft[]): Promise<Home> {
    await this.#options.keeper.touch(owner.id);
    await this.#changer.create(owner, root, initial);
    const home = await this.findHome(owner.id);
    if (home === undefined) throw new StoreError('busy', 'the home went while it was made');
    return home;
  }

  async nameOwner(owner: HomeOwner): Promise<void> {
    await this.#options.keeper.touch(owner.id);
    await this.#upkeep.nameOwner(owner);
  }

  async locate(owner: PrincipalId, path: readonly string[], select: ItemSelect): Promise<Located | undefined> {
    const looking = this.#options.keeper.touch(owner);
    if (looking !== undefined) await looking;
    const found = await this.#read(homeIdOf(owner), (reader) => reader.locateItem(owner, path, select));
    const deepest = found?.rows.collections.at(-1);
    if (found === undefined || deepest === undefined) return undefined;
    const { rows, item } = found;
    const rest = path.slice(rows.collections.length - 1);
    const collections = rows.collections.map(({ collection }) => collection);
    const located = { home: toHome(rows.home, collections[0]!, this.#options.grantsRevision(owner)), collection: deepest.collection, ancestors: collections.slice(0, -1), rest };
    const whole = item === undefined ? undefined : item.file === undefined ? item.item : await this.#complete(deepest.key, item, select);
    return whole === undefined ? located : { ...located, item: whole };
  }

  async findCollection(parent: CollectionId, segment: string): Promise<Collection | undefined> {
    return this.#readId(parent, (reader) => reader.child(collectionKey(parent), segment)?.collection);
  }

  async findCollections(ids: readonly CollectionId[]): Promise<ReadonlyMap<CollectionId, Collection>> {
    const byShard = Map.groupBy(ids, (id) => shardOfId(id, this.#options.shards));
    const found = new Map<CollectionId, Collection>();
    for (const [shard, those] of byShard) {
      const rows = await this.#options.reads.read(shard, (reader) => reader.collections(those.map(collectionKey)));
      for (const { collection } of rows) found.set(collection.id, collection);
    }
    return found;
  }

  async listCollections(parent: CollectionId, depth: 1 | 'infinity'): Promise<readonly Collection[]> {
    return this.#readId(parent, (reader) => {
      if (depth === 1) return reader.children(collectionKey(parent)).map(({ collection }) => collection);
      const row = reader.collection(collectionKey(parent));
      return row === undefined ? [] : reader.below(row).map(({ collection }) => collection);
    });
  }

  async findItem(collection: CollectionId, name: ItemName, select: ItemSelect): Promise<Item | undefined> {
    const row = await this.#readId(collection, (reader) => reader.item(collectionKey(collection), name, select));
    return row === undefined ? undefined : this.#complete(collectionKey(collection), row, select);
  }

  async *findItems(collection: CollectionId, names: readonly ItemName[], select: ItemSelect): Batches<Item> {
    const key = collectionKey(collection);
    for (const page of chunks([...new Set(names)])) {
      const rows = await this.#readId(collection, (reader) => reader.items(key, page, select));
      if (rows.length > 0) yield await this.#completeAll(key, rows, select);
    }
  }

  async *listItems(collection: CollectionId, select: ItemSelect): Batches<Item> {
    const key = collectionKey(collection);
    let after: ItemName | '' = '';
    for (let number = 1; ; number++) {
      const from: ItemName | '' = after;
      const { rows, more }: ItemPage = await this.#readId(collection, (reader) => reader.page(key, from, select));
      const last: ItemRow | undefined = rows.at(-1);
      if (last === undefined) return;
      after = last.item.name;
      yield await this.#completeAll(key, rows, select);
      if (!more) return;
      if (number % pagesBetweenBreaths === 0) await setImmediate();
    }
  }

  async *queryItems(collection: CollectionId, query: ItemQuery, select: ItemSelect): Batches<Item> {
    const key = collectionKey(collection);
    const found = await this.#readId(collection, (reader) => {
      const home = query.uid === undefined ? 0 : integer(reader.database.statement('SELECT home FROM collection WHERE id = ?').get(key)?.[0]);
      return reader.query(home, key, query, select);
    });
    if ('rows' in found) {
      if (found.rows.length > 0) yield await this.#completeAll(key, found.rows, select);
      return;
    }
    for (const [number, ids] of chunks(found.ids).entries()) {
      const rows = await this.#readId(collection, (reader) => reader.itemsById(key, ids, select));
      if (rows.length > 0) yield await this.#completeAll(key, rows, select);
      if (number % pagesBetweenBreaths === 1) await setImmediate();
    }
  }

  async changesSince(collection: CollectionId, since: Revision | 'start', limit: number, select: ItemSelect): Promise<ChangePage> {
    const raw = await this.#readId(collection, (reader) => collectionChanges(reader, collection, since, limit, select));
    return toChangePage(raw, (key, row) => this.#complete(key, row, select));
  }
  async homeChangesSince(home: HomeId, since: Revision | 'start', limit: number, deep: boolean, select: ItemSelect): Promise<HomeChangePage> {
    const raw = await this.#read(home, (reader) => homeChanges(reader, home, since, limit, deep, select));
    return toHomeChangePage(raw, (key, row) => this.#complete(key, row, select), collectionId);
  }

  async findByUid(home: HomeId, uid: string): Promise<ItemAddress | undefined> {
    return this.#read(home, (reader) => {
      const row = reader.home(ownerOf(home));
      const holder = row === undefined ? undefined : reader.holder(row.key, uid);
      return holder === undefined || reader.isQuarantined(holder.collection, holder.name) ? undefined : { collection: collectionId(holder.collection), name: holder.name };
    });
  }

  async *listStale({ version, coveredUntil }: StaleLimit): Batches<ItemAddress> {
    const pages = async function* (next: (last: Row | undefined) => Promise<readonly Row[]>): Batches<ItemAddress> {
      for (let last: Row | undefined; ;) {
        const rows = await next(last);
        if (rows.length > 0) yield rows.map((row) => ({ collection: collectionId(integer(row[1])), name: row[2] as ItemName }));
        if (rows.length < pageRows) return;
        last = rows.at(-1);
        await setImmediate();
      }
    };
    const { shards, reads } = this.#options;
    for (let shard = 0; shard < shards; shard++) {
      yield* pages((last) => reads.read(shard, ({ database }) =>
        database.statement(sql.staleVersions).all(version, integer(last?.[3] ?? -1), integer(last?.[4] ?? -Number.MAX_SAFE_INTEGER), integer(last?.[0] ?? -1), pageRows)));
      yield* pages((last) => reads.read(shard, ({ database }) =>
        database.statement(sql.staleCover).all(version, coveredUntil, integer(last?.[4] ?? -Number.MAX_SAFE_INTEGER), integer(last?.[0] ?? -1), pageRows)));
    }
  }

  async locks(home: HomeId): Promise<readonly Lock[]> {
    const now = Math.floor(this.#options.clock.now() / 1000);
    return this.#read(home, (reader) => {
      const row = reader.home(ownerOf(home));
      return row === undefined || row.locks === 0 ? [] : reader.locks(row.key).filter(({ expires }) => expires > now);
    });
  }

  async openBody(at: ItemAddress, octets?: { readonly from: number; readonly to: number }): Promise<AsyncIterable<Uint8Array> | undefined> {
    const key = collectionKey(at.collection);
    const { reads, shards, bodies } = this.#options;
    const shard = shardOfId(at.collection, shards);
    for (let attempt = 0; attempt < bodyAttempts; attempt++) {
      const row = await reads.read(shard, (reader) => reader.database.statement(sql.body).get(key, at.name));
      if (row === undefined) return undefined;
      const small = row[3];
      if (small instanceof Uint8Array) return once(octets === undefined ? small : small.subarray(octets.from, octets.to));
      const reader = reads.reader(shard);
      const place = { owner: this.#ownerOf(reader, key), collection: key, name: at.name, row: { size: integer(row[1]), inode: integer(row[2]) } };
      const opened = await bodies.open(reader, place, octets);
      if (opened !== undefined) return opened;
    }
    throw new StoreError('corrupt', `the file of ${at.name} is not the one that was stored`);
  }

  stage(home: HomeId, content: AsyncIterable<Uint8Array>, maxOctets: number): Promise<StagedBody> {
    return this.#options.bodies.stage(home, content, Math.min(maxOctets, this.traits.maxItemOctets));
  }

  write<T>(home: HomeId, limits: WriteLimits, work: (tx: StoreWriter) => Promise<T>): Promise<Committed<T>> {
    return this.#changer.write(home, limits, work);
  }

  #read<T>(home: HomeId, run: (reader: ShardReader) => T): Promise<T> {
    return this.#options.reads.read(shardOfHome(home, this.#options.shards), run);
  }
  #readId<T>(id: CollectionId, run: (reader: ShardReader) => T): Promise<T> {
    return this.#options.reads.read(shardOfId(id, this.#options.shards), run);
  }

  async #completeAll(collection: number, rows: readonly ItemRow[], select: ItemSelect): Promise<readonly Item[]> {
    const items: Item[] = [];
    for (const row of rows) {
      const item = row.file === undefined ? row.item : await this.#complete(collection, row, select);
      if (item !== undefined) items.push(item);
    }
    return items;
  }

  /** Reads the body from its file where the shard has none; where the item was replaced meanwhile, row and body of the newer one. Undefined: it went. */
  async #complete(collection: number, row: ItemRow, select: ItemSelect): Promise<Item | undefined> {
    if (row.file === undefined) return row.item;
    const { reads, shards, bodies } = this.#options;
    const shard = shardOfId(collectionId(collection), shards);
    const { name } = row.item;
    for (let attempt = 0, now: ItemRow | undefined = row; attempt < bodyAttempts; attempt++) {
      if (now?.file === undefined) return now?.item;
      const reader = reads.reader(shard);
      const body = await bodies.read(reader, { owner: this.#ownerOf(reader, collection), collection, name, row: now.file });
      if (body !== undefined) return { ...now.item, body };
      now = await reads.read(shard, (fresh) => fresh.item(collection, name, select));
    }
    throw new StoreError('corrupt', `the file of ${name} is not the one that was stored`);
  }

  #ownerOf(reader: ShardReader, collection: number): PrincipalId {
    const owner = reader.collection(collection)?.collection.home;
    if (owner === undefined) throw new StoreError('collection-gone', 'the collection went meanwhile');
    return ownerOf(owner);
  }
}

/** A file may be replaced between its row and its opening; so often in a row it is not. */
const bodyAttempts = 5;
/** A listing of thousands lets others in after so many pages. */
const pagesBetweenBreaths = 2;

async function* once(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  yield octets;
}
