/**
 * `storage-memory`: the reference implementation of everything a store provides. Short and obviously right comes before fast: a change works on a copy of
 * the home, writers to a home stand in line, readers see the last committed state. New behaviour of the contract lands here and in the suite first.
 *
 * Times come from `clock`; nothing here starts a timer.
 */
import { createHash } from 'node:crypto';
import { StoreError } from '@kalends/contracts';
import type {
  Batches, CalendarStore, ChangePage, Clock, Collection, CollectionDraft, CollectionId, Committed, Home, HomeChangePage, HomeId, HomeOwner, HomeRoot, Item, ItemAddress,
  ItemName, ItemQuery, ItemReader, ItemSelect, JobLog, Located, Lock, PrincipalId, RecordStore, Revision, StagedBody, StaleLimit, StoreMaintenance, StoreTraits,
  StoreWriter, WriteLimits,
} from '@kalends/contracts';
import { fakeClock } from '../doubles/fake-clock.ts';
import { plainReader } from '../plain-reader.ts';
import { changesSince, homeChangesSince, prune } from './changes.ts';
import type { TombstoneLimit } from './changes.ts';
import { HomeDraft } from './home-draft.ts';
import { MemoryJobLog } from './memory-job-log.ts';
import { MemoryMaintenance } from './memory-maintenance.ts';
import { MemoryRecords } from './memory-records.ts';
import { MemoryWriter } from './memory-writer.ts';
import * as read from './reads.ts';
import { emptyData, emptyHome, holderOf, newId } from './state.ts';
import type { HomeState, MemoryData } from './state.ts';

export interface MemoryStoreOptions {
  /** Default: a clock that stands still. */ readonly clock?: Clock;
  /** For `release`. Default: the testkit's own small reader. */ readonly reader?: ItemReader;
  readonly tombstones?: TombstoneLimit;
  readonly maxItemOctets?: number;
  /** Runs every `work` once in vain first: finds a caller whose `work` has an effect beside `tx`. */ readonly runWorkTwice?: boolean;
}
/** What a plugin that provides a store provides. */
export interface StoreProvider {
  readonly store: CalendarStore; readonly jobLog: JobLog; readonly recordStore: RecordStore; readonly maintenance: StoreMaintenance;
}
export interface MemoryStore extends StoreProvider {
  /** Another instance on the same data, as another process would have it. */ reopen(): MemoryStore;
}

export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const settings: Settings = {
    clock: options.clock ?? fakeClock(), reader: options.reader ?? plainReader, tombstones: options.tombstones ?? { days: 60, count: 10_000 },
    maxItemOctets: options.maxItemOctets ?? 10 * 1024 * 1024, runWorkTwice: options.runWorkTwice ?? false,
  };
  return openInstance(emptyData(), settings);
}

export type Settings = Required<MemoryStoreOptions>;

function openInstance(data: MemoryData, settings: Settings): MemoryStore {
  const jobLog = new MemoryJobLog(data, settings.clock);
  const store = new MemoryCalendarStore(data, settings, jobLog);
  return {
    store, jobLog, recordStore: new MemoryRecords(data), maintenance: new MemoryMaintenance(data, settings, store), reopen: () => openInstance(data, settings),
  };
}

export class MemoryCalendarStore implements CalendarStore {
  readonly traits: StoreTraits;
  readonly #data: MemoryData;
  readonly #settings: Settings;
  readonly #jobs: MemoryJobLog;

  constructor(data: MemoryData, settings: Settings, jobs: MemoryJobLog) {
    this.#data = data;
    this.#settings = settings;
    this.#jobs = jobs;
    this.traits = { concurrency: 'process', maxItemOctets: settings.maxItemOctets, stalenessMilliseconds: 0 };
  }

  async findHome(owner: PrincipalId): Promise<Home | undefined> {
    const home = this.#homeOf(owner);
    return home && read.homeOf(home, this.#grants(owner));
  }
  async createHome(owner: HomeOwner, root: HomeRoot, initial: readonly CollectionDraft[]): Promise<Home> {
    const old = this.#homeOf(owner.id);
    if (old !== undefined) return read.homeOf(old, this.#grants(owner.id));
    const draft = new HomeDraft(emptyHome(owner), this.now());
    const rootId = draft.addCollection({ parent: undefined, id: draft.state.rootId, segment: '', kind: 'home', properties: new Map(root.properties), acl: root.acl });
    for (const { segment, kind, properties, acl } of initial) draft.addCollection({ parent: rootId, segment, kind, properties: new Map(properties), acl: acl ?? [] });
    const home = draft.finish();
    this.#data.homes.set(home.id, home);
    return read.homeOf(home, this.#grants(owner.id));
  }
  async nameOwner({ id, name }: HomeOwner): Promise<void> {
    const home = this.#homeOf(id)?.id;
    if (home !== undefined) await this.inTurn(home, async () => { this.#data.homes.set(home, { ...this.state(home), owner: { ...this.state(home).owner, name } }); });
  }
  async locate(owner: PrincipalId, path: readonly string[], select: ItemSelect): Promise<Located | undefined> {
    const home = this.#homeOf(owner);
    return home && read.locate(home, this.#grants(owner), path, select);
  }
  async findCollection(parent: CollectionId, segment: string): Promise<Collection | undefined> {
    const home = this.#holding(parent);
    return home && read.findCollection(home, parent, segment);
  }
  async findCollections(ids: readonly CollectionId[]): Promise<ReadonlyMap<CollectionId, Collection>> {
    return new Map(ids.flatMap((id) => {
      const home = this.#holding(id);
      return home ? [[id, read.collectionOf(home, home.collections.get(id)!)] as const] : [];
    }));
  }
  async listCollections(parent: CollectionId, depth: 1 | 'infinity'): Promise<readonly Collection[]> {
    const home = this.#holding(parent);
    return home ? read.listCollections(home, parent, depth) : [];
  }
  async findItem(collection: CollectionId, name: ItemName, select: ItemSelect): Promise<Item | undefined> {
    const home = this.#holding(collection);
    return home && read.findItem(home, collection, name, select);
  }
  async *findItems(collection: CollectionId, names: readonly ItemName[], select: ItemSelect): Batches<Item> {
    const home = this.#holding(collection);
    if (home) yield* read.inBatches([...new Set(names)].flatMap((name) => read.findItem(home, collection, name, select) ?? []));
  }
  async *listItems(collection: CollectionId, select: ItemSelect): Batches<Item> {
    const home = this.#holding(collection);
    if (home) yield* read.inBatches(read.listItems(home, collection, select));
  }
  async *queryItems(collection: CollectionId, query: ItemQuery, select: ItemSelect): Batches<Item> {
    const home = this.#holding(collection);
    if (home) yield* read.inBatches(read.queryItems(home, collection, query, select));
  }
  async changesSince(collection: CollectionId, since: Revision | 'start', limit: number, select: ItemSelect): Promise<ChangePage> {
    const home = this.#holding(collection);
    if (home === undefined) throw new StoreError('collection-gone', `no collection ${collection}`);
    return changesSince(home, collection, since, limit, select);
  }
  async homeChangesSince(home: HomeId, since: Revision | 'start', limit: number, deep: boolean, select: ItemSelect): Promise<HomeChangePage> {
    return homeChangesSince(this.state(home), since, limit, deep, select);
  }
  async findByUid(home: HomeId, uid: string): Promise<ItemAddress | undefined> {
    const state = this.#data.homes.get(home);
    const holder = state && holderOf(state, uid);
    return holder === undefined || holder.quarantine !== undefined ? undefined : { collection: holder.collection, name: holder.name };
  }
  async *listStale({ version, coveredUntil }: StaleLimit): Batches<ItemAddress> {
    for (const home of this.#data.homes.values()) {
      const stale = [...home.collections.values()].flatMap((state) => read.visibleItems(state)
        .filter(({ facts }) => facts !== undefined && (facts.version < version || facts.covered.end < coveredUntil))
        .map(({ name }) => ({ collection: state.row.id, name })));
      yield* read.inBatches(stale);
    }
  }
  async locks(home: HomeId): Promise<readonly Lock[]> {
    const state = this.#data.homes.get(home);
    return state ? read.locksOf(state, this.#settings.clock.now()) : [];
  }

  async openBody({ collection, name }: ItemAddress, octets?: { readonly from: number; readonly to: number }): Promise<AsyncIterable<Uint8Array> | undefined> {
    const body = (await this.findItem(collection, name, { body: true }))?.body;
    return body && streamOf(body.slice(octets?.from, octets?.to));
  }
  async stage(_home: HomeId, content: AsyncIterable<Uint8Array>, maxOctets: number): Promise<StagedBody> {
    const chunks: Uint8Array[] = [];
    let octets = 0;
    for await (const chunk of content) {
      octets += chunk.length;
      if (octets > maxOctets) throw new StoreError('too-large', `more than ${maxOctets} octets`);
      chunks.push(chunk.slice());
    }
    const now = this.#settings.clock.now();
    for (const [id, { expires }] of this.#data.staged) if (expires <= now) this.#data.staged.delete(id);
    const body = new Uint8Array(Buffer.concat(chunks));
    const id = newId();
    this.#data.staged.set(id, { body, expires: now + 3_600_000 });
    return { id, octets, sha256: createHash('sha256').update(body).digest('hex') };
  }

  async write<T>(home: HomeId, limits: WriteLimits, work: (tx: StoreWriter) => Promise<T>): Promise<Committed<T>> {
    return this.inTurn(home, async () => {
      if (this.#settings.runWorkTwice) await this.#attempt(home, limits, work);
      const { draft, writer, value } = await this.#attempt(home, limits, work);
      const state = draft.finish();
      this.commit(state);
      this.#jobs.commit(home, writer.enqueued, writer.finished);
      return { value, revision: state.revision };
    });
  }

  /** One after another for each home, whether they end well or not. */
  inTurn<T>(home: HomeId, run: () => Promise<T>): Promise<T> {
    const turn = (this.#data.queues.get(home) ?? Promise.resolve()).then(run, run);
    this.#data.queues.set(home, turn.catch(() => undefined));
    return turn;
  }
  commit(state: HomeState): void {
    this.#data.homes.set(state.id, prune(state, this.#settings.tombstones, this.now()));
  }
  /** @throws StoreError `not-found` */
  state(home: HomeId): HomeState {
    const state = this.#data.homes.get(home);
    if (state === undefined) throw new StoreError('not-found', `no home ${home}`);
    return state;
  }
  now(): number {
    return Math.floor(this.#settings.clock.now() / 1000);
  }

  async #attempt<T>(home: HomeId, limits: WriteLimits, work: (tx: StoreWriter) => Promise<T>): Promise<{ draft: HomeDraft; writer: MemoryWriter; value: T }> {
    const base = this.state(home);
    const draft = new HomeDraft(base, this.now());
    const nowMilliseconds = this.#settings.clock.now();
    const writer = new MemoryWriter({
      draft, limits, maxItemOctets: this.traits.maxItemOctets, grantsRevision: this.#grants(base.owner.id), nowMilliseconds,
      newJobId: () => this.#jobs.newId(),
      staged: (id) => {
        const staged = this.#data.staged.get(id);
        return staged && staged.expires > nowMilliseconds ? staged.body : undefined;
      },
    });
    return { draft, writer, value: await work(writer) };
  }
  #homeOf(owner: PrincipalId): HomeState | undefined {
    return [...this.#data.homes.values()].find((home) => home.owner.id === owner);
  }
  #holding(collection: CollectionId): HomeState | undefined {
    return [...this.#data.homes.values()].find(({ collections }) => collections.has(collection));
  }
  #grants(owner: PrincipalId): number {
    return this.#data.grants.get(owner) ?? 0;
  }
}

async function* streamOf(body: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += 65_536) yield body.slice(at, at + 65_536);
}
