/**
 * `tx`: collects what one change does and lets it read what it did so far. Checks here give `work` its errors at once, by what it sees; the writer checks the same
 * reads again under the lock, and a change that saw something else runs again. Nothing here touches disk but to read.
 */
import { hash } from 'node:crypto';
import {
  StoreError, type Ace, type Attachment, type Batches, type Collection, type CollectionDraft, type CollectionId, type CollectionPatch, type ETag, type Home, type Item, type ItemAddress,
  type ItemFacts, type ItemName, type ItemQuery, type ItemSelect, type ItemWrite, type JobDraft, type JobId, type Lock, type PrincipalId, type ReplaceOptions, type Stored, type StoreWriter,
  type WriteLimits,
} from '@kalends/contracts';
import type { CollectionRow, HomeRow } from '../collection-rows.ts';
import { collectionId, collectionKey, homeIdOf, isForgotten, newJobId } from '../identifiers.ts';
import type { ItemRow } from '../item-columns.ts';
import type { ShardReader } from '../shard-reader.ts';
import { pageRows } from '../shard-reader.ts';
import type { Change, ChangeOperation } from './change.ts';
import { CollectedCollections, patched } from './collected-collections.ts';
import { CollectedItems, type KnownItem, type PutItem } from './collected-items.ts';
import { ReadLog } from './read-log.ts';

export interface ChangeContext {
  readonly reader: ShardReader; readonly home: HomeRow; readonly limits: WriteLimits;
  /** Milliseconds. */ readonly now: number;
  readonly grantsRevision: number; readonly maxItemOctets: number;
  /** Of this process: who may call `JobLog.held`. */ readonly holder: string;
  /** Completes a row whose body lies in a file. */ readBody(collection: number, row: ItemRow, select: ItemSelect): Promise<Item | undefined>;
}

const maxPayloadOctets = 65_536;

export class CollectedChange implements StoreWriter {
  readonly #context: ChangeContext;
  readonly #log: ReadLog;
  readonly #items: CollectedItems;
  readonly #collections: CollectedCollections;
  readonly #operations: ChangeOperation[] = [];
  /** By how much the octets of home and items of collections have grown so far. */
  #octets = 0;
  readonly #added = new Map<number, number>();
  #locks: readonly Lock[] | undefined;
  readonly #removedLocks: string[] = [];
  #isOver = false;

  constructor(context: ChangeContext) {
    const { reader, home, now } = context;
    this.#context = context;
    this.#log = new ReadLog(home.stamp);
    this.#items = new CollectedItems(reader, this.#log, Math.floor(now / 1000), (collection, row, select) => context.readBody(collection, row, select));
    this.#collections = new CollectedCollections(reader, this.#log, home, Math.floor(now / 1000));
  }

  /** No more calls; what was collected, or undefined where there was nothing to do. */
  end(): Change | undefined {
    this.#isOver = true;
    const { home, limits, now } = this.#context;
    return this.#operations.length === 0 ? undefined : { home: home.owner, reads: this.#log.set(), operations: this.#operations, limits, now };
  }

  /** Locks that this change takes and gives up, for their copy outside the shard. */
  get lockChanges(): { readonly put: readonly Lock[]; readonly removed: readonly string[] } {
    return { put: this.#operations.flatMap((each) => (each.op === 'lock' ? [each.lock] : [])), removed: this.#removedLocks };
  }

  home(): Promise<Home> {
    this.#open();
    const { home, grantsRevision } = this.#context;
    const root = (): Collection => this.#watched(this.#collections.get(home.root)!.collection);
    const log = this.#log;
    const octets = (): number => home.used + this.#octets;
    const locks = (): number => this.#locks?.length ?? home.locks;
    // What is read of it is what must still hold: a change that looks at the locks only reads no row more, and shares its flush with others.
    return Promise.resolve({
      id: homeIdOf(home.owner), owner: home.owner, grantsRevision,
      get root() { return root(); },
      get usedOctets() { log.whole(); return octets(); },
      get locks() { log.locks(home.locks); return locks(); },
    });
  }

  findCollection(parent: CollectionId, segment: string): Promise<Collection | undefined> {
    this.#open();
    const row = this.#collections.child(collectionKey(parent), segment);
    return Promise.resolve(row === undefined ? undefined : this.#watched(row.collection));
  }
  listCollections(parent: CollectionId, depth: 1 | 'infinity'): Promise<readonly Collection[]> {
    this.#open();
    return Promise.resolve(this.#collections.list(collectionKey(parent), depth).map(({ collection }) => collection));
  }
  async findItem(collection: CollectionId, name: ItemName, select: ItemSelect): Promise<Item | undefined> {
    this.#open();
    const row = this.#collections.get(collectionKey(collection));
    return row === undefined ? undefined : this.#items.find(row.key, name, select);
  }

  async *queryItems(collection: CollectionId, query: ItemQuery, select: ItemSelect): Batches<Item> {
    this.#open();
    const row = this.#collections.get(collectionKey(collection));
    if (row === undefined) return;
    this.#log.whole();
    const { reader, home, readBody } = this.#context;
    const found = reader.query(home.key, row.key, query, select);
    const pages = 'rows' in found ? [found.rows] : chunks(found.ids).map((ids) => reader.itemsById(row.key, ids, select));
    for (const page of pages) {
      const items: Item[] = [];
      for (const each of page) {
        if (this.#items.entry(row.key, each.item.name) !== undefined) continue;
        const item = await readBody(row.key, each, select);
        if (item !== undefined) items.push(item);
      }
      if (items.length > 0) yield items;
    }
    const own = await this.#items.matching(row.key, query, select);
    if (own.length > 0) yield own;
  }

  async findByUid(uid: string): Promise<ItemAddress | undefined> {
    this.#open();
    const holder = this.#holder(uid);
    return holder === undefined || this.#context.reader.isQuarantined(holder.collection, holder.name) ? undefined : { collection: collectionId(holder.collection), name: holder.name };
  }

  async locks(): Promise<readonly Lock[]> {
    this.#open();
    const { reader, home, now } = this.#context;
    this.#log.locks(home.locks);
    if (this.#locks === undefined) {
      this.#locks = reader.locks(home.key);
      this.#log.lockTokens(this.#locks.map(({ token }) => token));
    }
    return this.#locks.filter(({ expires }) => expires > Math.floor(now / 1000));
  }

  async putItem(collection: CollectionId, write: ItemWrite): Promise<Stored> {
    this.#open();
    const row = this.#collections.living(collection);
    const before = this.#items.known(row.key, write.name);
    checkExpected(write.name, write.expect, before);
    if (!(write.body instanceof Uint8Array) && isForgotten(write.body.id, this.#context.now)) throw new StoreError('not-found', 'the staged octets are forgotten');
    const size = write.body instanceof Uint8Array ? write.body.byteLength : write.body.octets;
    if (size > this.#context.maxItemOctets) throw new StoreError('too-large', `${size} octets are more than ${this.#context.maxItemOctets}`);
    if (before === undefined) this.#checkPlace(row, write.name);
    if (write.uid !== undefined && row.collection.kind === 'calendar') this.#checkUid(write.uid, { collection: row.key, name: write.name });
    this.#grow(size - (before?.meta.size ?? 0));
    if (before === undefined) this.#add(row, 1);
    const put: PutItem = {
      ...contentOf(write.body), component: write.component, uid: write.uid, contentType: write.contentType, scheduleTag: write.scheduleTag, size, facts: write.facts,
    };
    const entry = before === undefined ? { collection: row.key, name: write.name, base: undefined } : this.#items.changing(row.key, write.name);
    const { facts: _, ...kept } = entry;
    this.#items.set({ ...kept, put });
    this.#operations.push({
      op: 'put', at: { collection: row.key, name: write.name }, etag: put.etag, component: put.component ?? null, uid: put.uid ?? null, type: put.contentType,
      scheduleTag: put.scheduleTag ?? null, size, facts: put.facts === undefined ? undefined : compact(put.facts), body: put.body,
    });
    return { etag: put.etag, created: before === undefined };
  }

  async removeItem(collection: CollectionId, name: ItemName, expect?: ETag): Promise<void> {
    this.#open();
    const key = collectionKey(collection);
    const before = this.#items.known(key, name);
    if (before === undefined || this.#collections.get(key) === undefined) throw new StoreError('not-found', `${name} is not there`);
    checkExpected(name, expect, before);
    this.#items.remove(key, name);
    this.#octets -= before.meta.size;
    this.#added.set(key, (this.#added.get(key) ?? 0) - 1);
    this.#operations.push({ op: 'remove', at: { collection: key, name } });
  }

  moveItem(from: ItemAddress, to: ItemAddress, options: ReplaceOptions): Promise<Stored> {
    return this.#transfer('move', from, to, options);
  }
  copyItem(from: ItemAddress, to: ItemAddress, options: ReplaceOptions): Promise<Stored> {
    return this.#transfer('copy', from, to, options);
  }

  async replaceFacts(at: ItemAddress, etag: ETag, facts: ItemFacts): Promise<void> {
    const { key, before } = this.#item(at);
    if (before.etag !== etag) throw new StoreError('etag-mismatch', `${at.name} has changed`);
    const entry = this.#items.changing(key, at.name);
    this.#items.set(entry.put === undefined ? { ...entry, facts } : { ...entry, put: { ...entry.put, facts } });
    this.#operations.push({ op: 'facts', at: { collection: key, name: at.name }, facts: compact(facts) });
  }

  async setDead(at: ItemAddress, set: ReadonlyMap<string, string>, remove: readonly string[]): Promise<void> {
    const { key } = this.#item(at);
    const present = await this.#items.find(key, at.name, { dead: 'all' });
    this.#items.set({ ...this.#items.changing(key, at.name), dead: patched(present?.dead ?? new Map<string, string>(), set, remove) });
    this.#operations.push({ op: 'dead', at: { collection: key, name: at.name }, set: [...set], remove });
  }

  async setItemAcl(at: ItemAddress, acl: readonly Ace[] | undefined): Promise<void> {
    const { key } = this.#item(at);
    this.#items.set({ ...this.#items.changing(key, at.name), acl: acl ?? null });
    this.#operations.push({ op: 'acl', at: { collection: key, name: at.name }, acl: acl === undefined ? null : JSON.stringify(acl) });
  }

  async setPersonal(at: ItemAddress, principal: PrincipalId, personal: { readonly patch: Uint8Array; readonly facts: ItemFacts } | undefined): Promise<void> {
    const { key } = this.#item(at);
    const entry = this.#items.changing(key, at.name);
    this.#items.set({ ...entry, personal: new Map([...(entry.personal ?? []), [principal, personal]]) });
    const mine = personal === undefined ? undefined : { patch: personal.patch.slice(), facts: compact(personal.facts) };
    this.#operations.push({ op: 'personal', at: { collection: key, name: at.name }, principal, personal: mine });
  }

  async attach(item: ItemAddress, attachment: Attachment): Promise<void> {
    const { key } = this.#item(item);
    const present = (await this.#items.find(key, item.name, { attachments: true }))?.attachments ?? [];
    const replaced = present.find(({ managedId }) => managedId === attachment.managedId);
    const others = present.filter((each) => each !== replaced);
    if (others.length + 1 > this.#context.limits.attachmentsPerItem) throw new StoreError('too-many', `an item may have ${this.#context.limits.attachmentsPerItem} attachments`);
    this.#grow(attachment.octets - (replaced?.octets ?? 0));
    this.#items.set({ ...this.#items.changing(key, item.name), attachments: [...others, attachment] });
    this.#operations.push({ op: 'attach', at: { collection: key, name: item.name }, attachment });
  }

  async detach(item: ItemAddress, managedId: string): Promise<void> {
    const { key } = this.#item(item);
    const present = (await this.#items.find(key, item.name, { attachments: true }))?.attachments ?? [];
    const gone = present.find((each) => each.managedId === managedId);
    if (gone === undefined) return;
    this.#octets -= gone.octets;
    this.#items.set({ ...this.#items.changing(key, item.name), attachments: present.filter((each) => each !== gone) });
    this.#operations.push({ op: 'detach', at: { collection: key, name: item.name }, managedId });
  }

  async createCollection(parent: CollectionId, draft: CollectionDraft): Promise<CollectionId> {
    this.#open();
    const { home, limits } = this.#context;
    const above = this.#collections.living(parent);
    if (this.#items.known(above.key, draft.segment as ItemName) !== undefined) throw new StoreError('exists', `${draft.segment} is there already`);
    const { id, operation } = this.#collections.create(homeIdOf(home.owner), parent, draft, limits.collections);
    this.#operations.push(operation);
    return id;
  }
  async updateCollection(collection: CollectionId, patch: CollectionPatch): Promise<void> {
    this.#open();
    this.#operations.push(this.#collections.update(collection, patch));
  }
  async moveCollection(collection: CollectionId, parent: CollectionId, segment: string): Promise<void> {
    this.#open();
    if (this.#items.known(collectionKey(parent), segment as ItemName) !== undefined) throw new StoreError('exists', `${segment} is there already`);
    const operation = this.#collections.move(collection, parent, segment);
    if (operation !== undefined) this.#operations.push(operation);
  }
  async hideCollection(collection: CollectionId): Promise<void> {
    this.#open();
    this.#operations.push(this.#collections.hide(collection));
  }
  async removeCollection(collection: CollectionId): Promise<void> {
    this.#open();
    const { operation, gone } = this.#collections.remove(collection);
    for (const key of gone) this.#items.forget(key);
    this.#operations.push(operation);
  }

  async putLock(lock: Lock): Promise<void> {
    const present = await this.locks();
    this.#locks = [...present.filter(({ token }) => token !== lock.token), lock];
    this.#operations.push({ op: 'lock', lock });
  }
  async removeLock(token: string): Promise<void> {
    const present = await this.locks();
    this.#locks = present.filter((lock) => lock.token !== token);
    this.#removedLocks.push(token);
    this.#operations.push({ op: 'unlock', token });
  }

  async enqueue(job: JobDraft, mine?: { readonly leaseMilliseconds: number }): Promise<JobId> {
    this.#open();
    const { home, now, holder } = this.#context;
    const payload = JSON.stringify(job.payload ?? null);
    if (Buffer.byteLength(payload) > maxPayloadOctets) throw new StoreError('too-large', 'the payload of a job is at most 64 KiB');
    const id = newJobId(homeIdOf(home.owner));
    const notBefore = job.notBefore === undefined ? 0 : job.notBefore * 1_000;
    this.#operations.push({
      op: 'enqueue', id, kind: job.kind, payload, lane: job.lane ?? null, collapse: job.collapse ?? false,
      due: mine === undefined ? Math.max(notBefore, now) : now + mine.leaseMilliseconds, holder: mine === undefined ? null : holder,
    });
    return id;
  }
  async finishJob(id: JobId): Promise<void> {
    this.#open();
    this.#operations.push({ op: 'finish', id });
  }

  async #transfer(op: 'move' | 'copy', from: ItemAddress, to: ItemAddress, { overwrite, expect }: ReplaceOptions): Promise<Stored> {
    const { key, before } = this.#item(from);
    checkExpected(from.name, expect, before);
    const target = this.#collections.get(collectionKey(to.collection));
    if (target === undefined || target.hidden !== 0) throw new StoreError('not-found', `collection ${to.collection} is not there`);
    const there = this.#items.known(target.key, to.name);
    if (target.key === key && to.name === from.name) throw new StoreError('exists', 'source and target are the same');
    if (there !== undefined && !overwrite) throw new StoreError('exists', `${to.name} is there already`);
    if (there === undefined) this.#checkPlace(target, to.name);
    if (before.meta.uid !== undefined && target.collection.kind === 'calendar') this.#checkUid(before.meta.uid, { collection: target.key, name: to.name }, op === 'move' ? { collection: key, name: from.name } : undefined);
    this.#grow((op === 'copy' ? before.meta.size : 0) - (there?.meta.size ?? 0));
    if (op === 'move') this.#added.set(key, (this.#added.get(key) ?? 0) - 1);
    if (there === undefined) this.#add(target, 1);
    const entry = this.#items.changing(key, from.name);
    const { personal: _, attachments: __, acl: ___, ...copied } = entry;
    this.#items.set({ ...(op === 'move' ? entry : { ...copied, attachments: [], acl: null }), collection: target.key, name: to.name });
    if (op === 'move') this.#items.remove(key, from.name);
    this.#operations.push({ op, at: { collection: key, name: from.name }, to: { collection: target.key, name: to.name } });
    return { etag: before.etag, created: there === undefined };
  }

  #item(at: ItemAddress): { readonly key: number; readonly before: KnownItem } {
    this.#open();
    const key = collectionKey(at.collection);
    const before = this.#collections.get(key) === undefined ? undefined : this.#items.known(key, at.name);
    if (before === undefined) throw new StoreError('not-found', `${at.name} is not there`);
    return { key, before };
  }

  #holder(uid: string): { readonly collection: number; readonly name: ItemName } | undefined {
    const { reader, home } = this.#context;
    const rules = (key: number): boolean => {
      const row = this.#collections.get(key);
      return row !== undefined && row.hidden === 0 && row.collection.kind === 'calendar';
    };
    const own = this.#items.holder(uid, rules);
    if (own !== undefined) return own;
    const row = reader.holder(home.key, uid);
    this.#log.uid(uid, row);
    return row === undefined || this.#items.entry(row.collection, row.name) !== undefined || !rules(row.collection) ? undefined : row;
  }

  #checkUid(uid: string, place: { readonly collection: number; readonly name: ItemName }, source?: { readonly collection: number; readonly name: ItemName }): void {
    const holder = this.#holder(uid);
    const isSame = (other: { readonly collection: number; readonly name: ItemName } | undefined): boolean => other !== undefined && holder?.collection === other.collection && holder.name === other.name;
    if (holder === undefined || isSame(place) || isSame(source)) return;
    throw new StoreError('uid-taken', `UID ${uid} is that of ${holder.name}`, { holder: { collection: collectionId(holder.collection), name: holder.name } });
  }

  /** A new name must be free of collections and of what lies in quarantine. */
  #checkPlace({ key, collection }: CollectionRow, name: ItemName): void {
    const taken = (collection.kind !== 'calendar' && this.#collections.child(key, name) !== undefined) || this.#context.reader.isQuarantined(key, name);
    if (taken) throw new StoreError('exists', `${name} is there already`);
  }

  #add({ key, items }: CollectionRow, count: number): void {
    const added = (this.#added.get(key) ?? 0) + count;
    const limit = this.#context.limits.itemsPerCollection;
    if (items + added > limit) throw new StoreError('too-many', `a collection may hold ${limit} items`);
    this.#added.set(key, added);
  }

  #grow(octets: number): void {
    const { home, limits } = this.#context;
    if (octets > 0 && home.used + this.#octets + octets > limits.octets) throw new StoreError('over-quota', `the home may use ${limits.octets} octets`);
    this.#octets += octets;
  }

  /** Every change below moves these two: whoever looks at them goes by a home that must not move. The rest is the row's own, which is watched as it is read. */
  #watched(collection: Collection): Collection {
    const { revision, modified } = collection;
    const log = this.#log;
    return { ...collection, get revision() { log.whole(); return revision; }, get modified() { log.whole(); return modified; } };
  }

  #open(): void {
    if (this.#isOver) throw new Error('this change is over: a work must await all it does');
  }
}

function checkExpected(name: ItemName, expect: ETag | 'absent' | undefined, before: KnownItem | undefined): void {
  if (expect === undefined) return;
  if (expect === 'absent') {
    if (before !== undefined) throw new StoreError('exists', `${name} is there already`);
  } else if (before?.etag !== expect) throw new StoreError('etag-mismatch', before === undefined ? `${name} is not there` : `${name} has changed`);
}

/** Octets are copied: the caller may go on with its buffer, and a view of a pool would send the whole pool to the writer. */
function contentOf(body: ItemWrite['body']): Pick<PutItem, 'etag' | 'body'> {
  if (!(body instanceof Uint8Array)) return { etag: etagOf(Buffer.from(body.sha256, 'hex')), body: { kind: 'staged', id: body.id, octets: body.octets } };
  return { etag: etagOf(hash('sha256', body, 'buffer')), body: { kind: 'octets', octets: Uint8Array.prototype.slice.call(body) } };
}

/** The first 12 octets of the body's SHA-256: from the content, so that no rebuild, migration or restore changes one. */
export const etagOf = (sha256: Buffer): ETag => sha256.subarray(0, 12).toString('base64url') as ETag;

const compact = (facts: ItemFacts): ItemFacts => ({ ...facts, occurrences: Uint8Array.prototype.slice.call(facts.occurrences), slices: Uint8Array.prototype.slice.call(facts.slices) });

export function chunks<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / pageRows) }, (_, index) => all.slice(index * pageRows, (index + 1) * pageRows));
}
