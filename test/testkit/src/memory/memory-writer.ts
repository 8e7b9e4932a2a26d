/**
 * StoreWriter over a draft: every condition of the contract, each checked before anything is touched, so a refused call has no effect and `work` may catch it
 * and go on.
 */
import { StoreError } from '@kalends/contracts';
import type {
  Ace, Attachment, Batches, Collection, CollectionDraft, CollectionId, CollectionPatch, ETag, Home, Item, ItemAddress, ItemFacts, ItemName, ItemQuery, ItemSelect,
  ItemWrite, JobDraft, JobId, Lock, PrincipalId, ReplaceOptions, Stored, StoreErrorCode, StoreWriter, WriteLimits,
} from '@kalends/contracts';
import type { HomeDraft } from './home-draft.ts';
import { findCollection, findItem, homeOf, inBatches, listCollections, locksOf, queryItems } from './reads.ts';
import { childOf, etagOf, holderOf, octetsOf, subtreeOf } from './state.ts';
import type { CollectionState, ItemState } from './state.ts';

export interface WriterContext {
  readonly draft: HomeDraft; readonly limits: WriteLimits; readonly maxItemOctets: number; readonly grantsRevision: number; readonly nowMilliseconds: number;
  staged(id: string): Uint8Array | undefined;
  newJobId(): JobId;
}
export interface EnqueuedJob { readonly id: JobId; readonly job: JobDraft; readonly leaseMilliseconds: number | undefined }

export class MemoryWriter implements StoreWriter {
  readonly enqueued: EnqueuedJob[] = [];
  readonly finished: JobId[] = [];
  readonly #draft: HomeDraft;
  readonly #context: WriterContext;

  constructor(context: WriterContext) {
    this.#draft = context.draft;
    this.#context = context;
  }

  async home(): Promise<Home> {
    return homeOf(this.#draft.finish(), this.#context.grantsRevision);
  }
  async findCollection(parent: CollectionId, segment: string): Promise<Collection | undefined> {
    return findCollection(this.#draft.state, parent, segment);
  }
  async listCollections(parent: CollectionId, depth: 1 | 'infinity'): Promise<readonly Collection[]> {
    return listCollections(this.#draft.state, parent, depth);
  }
  async findItem(collection: CollectionId, name: ItemName, select: ItemSelect): Promise<Item | undefined> {
    return findItem(this.#draft.state, collection, name, select);
  }
  queryItems(collection: CollectionId, query: ItemQuery, select: ItemSelect): Batches<Item> {
    return inBatches(queryItems(this.#draft.state, collection, query, select));
  }
  async findByUid(uid: string): Promise<ItemAddress | undefined> {
    const holder = holderOf(this.#draft.state, uid);
    return holder === undefined || holder.quarantine !== undefined ? undefined : { collection: holder.collection, name: holder.name };
  }
  async locks(): Promise<readonly Lock[]> {
    return locksOf(this.#draft.state, this.#context.nowMilliseconds);
  }

  async putItem(collection: CollectionId, write: ItemWrite): Promise<Stored> {
    const state = this.#open(collection, 'collection-gone');
    const old = state.items.get(write.name);
    const body = write.body instanceof Uint8Array ? write.body.slice() : this.#staged(write.body.id);
    if (old?.quarantine !== undefined) throw new StoreError('exists', `${write.name} is in quarantine`);
    if (write.expect === 'absent' && old !== undefined) throw new StoreError('exists', `${write.name} is there already`);
    if (write.expect !== 'absent') this.#expect(old, write.name, write.expect);
    this.#refuseFolder(collection, write.name);
    if (body.length > this.#context.maxItemOctets) throw new StoreError('too-large', `${body.length} octets`);
    if (old === undefined) this.#refuseFull(state);
    if (state.row.kind === 'calendar') this.#refuseTakenUid(write.uid, [{ collection, name: write.name }]);
    this.#refuseOverQuota(body.length - (old?.body.length ?? 0));
    const etag = etagOf(body);
    this.#draft.setItem(collection, {
      name: write.name, etag, body, contentType: write.contentType, component: write.component, uid: write.uid, facts: write.facts, scheduleTag: write.scheduleTag,
      created: old?.created ?? this.#draft.now, modified: this.#draft.now, revision: this.#draft.revision,
      acl: old?.acl, dead: old?.dead ?? new Map(), attachments: old?.attachments ?? [], personal: old?.personal ?? new Map(), quarantine: undefined,
    });
    return { etag, created: old === undefined };
  }

  async removeItem(collection: CollectionId, name: ItemName, expect?: ETag): Promise<void> {
    this.#expect(this.#item({ collection, name }), name, expect);
    this.#draft.dropItem(collection, name);
  }

  async moveItem(from: ItemAddress, to: ItemAddress, options: ReplaceOptions): Promise<Stored> {
    const item = this.#item(from);
    const old = this.#place(from, item, to, options);
    const target = this.#open(to.collection, 'not-found');
    if (old === undefined && from.collection !== to.collection) this.#refuseFull(target);
    if (target.row.kind === 'calendar') this.#refuseTakenUid(item.uid, [from, to]);
    this.#draft.dropItem(from.collection, from.name);
    this.#draft.setItem(to.collection, { ...item, name: to.name });
    return { etag: item.etag, created: old === undefined };
  }

  async copyItem(from: ItemAddress, to: ItemAddress, options: ReplaceOptions): Promise<Stored> {
    const item = this.#item(from);
    const old = this.#place(from, item, to, options);
    const target = this.#open(to.collection, 'not-found');
    if (old === undefined) this.#refuseFull(target);
    if (target.row.kind === 'calendar') this.#refuseTakenUid(item.uid, [to]);
    this.#refuseOverQuota(item.body.length - (old ? octetsOf(old) : 0));
    const { now } = this.#draft;
    this.#draft.setItem(to.collection, { ...item, name: to.name, created: now, modified: now, acl: undefined, attachments: [], personal: new Map() });
    return { etag: item.etag, created: old === undefined };
  }

  async replaceFacts(at: ItemAddress, etag: ETag, facts: ItemFacts): Promise<void> {
    const item = this.#item(at);
    this.#expect(item, at.name, etag);
    this.#draft.setItemQuietly(at.collection, { ...item, facts });
  }
  async setDead(at: ItemAddress, set: ReadonlyMap<string, string>, remove: readonly string[]): Promise<void> {
    const item = this.#item(at);
    this.#draft.setItem(at.collection, { ...item, dead: patched(item.dead, set, remove) });
  }
  async setItemAcl(at: ItemAddress, acl: readonly Ace[] | undefined): Promise<void> {
    this.#draft.setItem(at.collection, { ...this.#item(at), acl });
  }
  async setPersonal(at: ItemAddress, principal: PrincipalId, personal: { readonly patch: Uint8Array; readonly facts: ItemFacts } | undefined): Promise<void> {
    const item = this.#item(at);
    const rows = new Map(item.personal);
    // The change's revision as number: it grows even where the row went and came again, so no ETag returns.
    if (personal === undefined) rows.delete(principal);
    else rows.set(principal, { patch: personal.patch.slice(), facts: personal.facts, number: this.#draft.revision });
    this.#draft.setItem(at.collection, { ...item, personal: rows });
  }

  async attach(at: ItemAddress, attachment: Attachment): Promise<void> {
    const item = this.#item(at);
    const others = item.attachments.filter(({ managedId }) => managedId !== attachment.managedId);
    if (others.length >= this.#context.limits.attachmentsPerItem) throw new StoreError('too-many', `${others.length} attachments already`);
    const changed = { ...item, attachments: [...others, attachment] };
    this.#refuseOverQuota(octetsOf(changed) - octetsOf(item));
    this.#draft.setItem(at.collection, changed);
  }
  async detach(at: ItemAddress, managedId: string): Promise<void> {
    const item = this.#item(at);
    this.#draft.setItem(at.collection, { ...item, attachments: item.attachments.filter((attachment) => attachment.managedId !== managedId) });
  }

  async createCollection(parent: CollectionId, draft: CollectionDraft): Promise<CollectionId> {
    this.#open(parent, 'collection-gone');
    this.#refuseTaken(parent, draft.segment);
    const { collections } = this.#draft.state;
    const calendars = [...collections.values()].filter(({ row, hidden }) => row.kind === 'calendar' && !hidden).length;
    if (draft.kind === 'calendar' && calendars >= this.#context.limits.collections) throw new StoreError('too-many', `${calendars} calendars already`);
    return this.#draft.addCollection({ parent, segment: draft.segment, kind: draft.kind, properties: new Map(draft.properties), acl: draft.acl ?? [] });
  }
  async updateCollection(collection: CollectionId, patch: CollectionPatch): Promise<void> {
    const { row } = this.#open(collection, 'collection-gone');
    const own = patch.personal;
    const personal = new Map(row.personal);
    if (own) {
      const values = patched(row.personal.get(own.principal) ?? new Map(), own.set, own.remove);
      if (values.size > 0) personal.set(own.principal, values);
      else personal.delete(own.principal);
    }
    this.#draft.editCollection(collection, {
      properties: patched(row.properties, patch.set ?? new Map(), patch.remove ?? []), personal, ...(patch.acl && { acl: patch.acl, aclRevision: this.#draft.revision }),
    });
  }
  async moveCollection(collection: CollectionId, parent: CollectionId, segment: string): Promise<void> {
    const { row } = this.#open(collection, 'not-found');
    this.#open(parent, 'not-found');
    if (row.parent === undefined) throw new StoreError('not-found', 'the root stays where it is');
    if (row.parent === parent && row.segment === segment) return;
    if (subtreeOf(this.#draft.state, collection).some((below) => below.row.id === parent)) throw new StoreError('not-found', 'the new parent moves too');
    this.#refuseTaken(parent, segment);
    this.#draft.placeCollection(collection, parent, segment);
  }
  async hideCollection(collection: CollectionId): Promise<void> {
    if (this.#open(collection, 'collection-gone').row.parent === undefined) throw new StoreError('not-found', 'the root stays where it is');
    this.#draft.hideCollection(collection);
  }
  async removeCollection(collection: CollectionId): Promise<void> {
    const state = this.#draft.state.collections.get(collection);
    if (state === undefined) throw new StoreError('collection-gone', `no collection ${collection}`);
    if (state.row.parent === undefined) throw new StoreError('not-found', 'the root stays where it is');
    this.#draft.dropCollection(collection);
  }

  async putLock(lock: Lock): Promise<void> {
    this.#draft.setLock(lock.token, lock);
  }
  async removeLock(token: string): Promise<void> {
    this.#draft.setLock(token, undefined);
  }
  async enqueue(job: JobDraft, mine?: { readonly leaseMilliseconds: number }): Promise<JobId> {
    const id = this.#context.newJobId();
    this.enqueued.push({ id, job: structuredClone(job), leaseMilliseconds: mine?.leaseMilliseconds });
    return id;
  }
  async finishJob(id: JobId): Promise<void> {
    this.finished.push(id);
  }

  /** A collection that takes writes: there, and not hidden. */
  #open(collection: CollectionId, code: StoreErrorCode): CollectionState {
    const state = this.#draft.state.collections.get(collection);
    if (state === undefined || state.hidden) throw new StoreError(code, `no collection ${collection}`);
    return state;
  }
  #item({ collection, name }: ItemAddress): ItemState {
    const item = this.#draft.item(collection, name);
    if (item === undefined || item.quarantine !== undefined) throw new StoreError('not-found', `no item ${name}`);
    return item;
  }
  #staged(id: string): Uint8Array {
    const body = this.#context.staged(id);
    if (body === undefined) throw new StoreError('not-found', `staged octets ${id} are forgotten`);
    return body;
  }
  #expect(item: ItemState | undefined, name: ItemName, etag: ETag | undefined): void {
    if (etag !== undefined && item?.etag !== etag) throw new StoreError('etag-mismatch', `${name} has ETag ${item?.etag ?? '(none)'}`);
  }
  /** What a move or copy would replace. */
  #place(from: ItemAddress, item: ItemState, to: ItemAddress, { overwrite, expect }: ReplaceOptions): ItemState | undefined {
    this.#expect(item, from.name, expect);
    this.#open(to.collection, 'not-found');
    const old = this.#draft.item(to.collection, to.name);
    if (old === item) throw new StoreError('exists', `${to.name} is there already: it is the same`);
    if (old !== undefined && (!overwrite || old.quarantine !== undefined)) throw new StoreError('exists', `${to.name} is there already`);
    this.#refuseFolder(to.collection, to.name);
    return old;
  }
  /** Items and collections below one parent share their names. */
  #refuseFolder(parent: CollectionId, name: string): void {
    if (childOf(this.#draft.state, parent, name)) throw new StoreError('exists', `${name} is a collection`);
  }
  #refuseTaken(parent: CollectionId, segment: string): void {
    this.#refuseFolder(parent, segment);
    if (this.#draft.item(parent, segment as ItemName)) throw new StoreError('exists', `${segment} is an item`);
  }
  #refuseFull({ items }: CollectionState): void {
    if (items.size >= this.#context.limits.itemsPerCollection) throw new StoreError('too-many', `${items.size} items already`);
  }
  #refuseTakenUid(uid: string | undefined, allowed: readonly ItemAddress[]): void {
    const holder = uid === undefined ? undefined : holderOf(this.#draft.state, uid);
    if (holder === undefined || allowed.some(({ collection, name }) => collection === holder.collection && name === holder.name)) return;
    throw new StoreError('uid-taken', `${uid} is ${holder.name}'s`, { holder: { collection: holder.collection, name: holder.name } });
  }
  #refuseOverQuota(grown: number): void {
    const used = this.#draft.state.usedOctets + grown;
    if (grown > 0 && used > this.#context.limits.octets) throw new StoreError('over-quota', `${used} octets of ${this.#context.limits.octets}`);
  }
}

function patched(values: ReadonlyMap<string, string>, set: ReadonlyMap<string, string>, remove: readonly string[]): ReadonlyMap<string, string> {
  const next = new Map([...values, ...set]);
  for (const key of remove) next.delete(key);
  return next;
}
