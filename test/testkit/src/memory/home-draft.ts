/**
 * One change to one home, on a copy: a collection is copied when it is first touched, and the whole takes the old state's place at commit, or is dropped.
 * Rows, revisions, tombstones and octets are kept right here and nowhere else; what a change may do is decided in `memory-writer.ts`.
 */
import type { Ace, CollectionId, EpochSeconds, ItemName, Lock, Revision } from '@kalends/contracts';
import { newId, octetsOf, pathOf, subtreeOf } from './state.ts';
import type { CollectionState, HomeState, ItemState } from './state.ts';

export class HomeDraft {
  readonly now: EpochSeconds;
  /** What this change's rows carry; the home's next. */ readonly revision: Revision;
  readonly #copied = new Set<CollectionId>();
  #state: HomeState;
  #changed = false;

  constructor(base: HomeState, now: EpochSeconds) {
    this.now = now;
    this.revision = (base.revision + 1) as Revision;
    this.#state = { ...base, collections: new Map(base.collections) };
  }

  get state(): HomeState {
    return this.#state;
  }

  /** The state to commit. A change that touched nothing clients see leaves every revision as it was. */
  finish(): HomeState {
    return this.#changed ? { ...this.#state, revision: this.revision } : this.#state;
  }

  item(collection: CollectionId, name: ItemName): ItemState | undefined {
    return this.#state.collections.get(collection)?.items.get(name);
  }

  /** Stores a row under a new revision; whatever had the name is replaced. */
  setItem(collection: CollectionId, item: ItemState): void {
    this.#replace(collection, item.name, { ...item, revision: this.revision });
    this.#own(collection).gone.delete(item.name);
    this.#touch(collection);
  }

  /** Facts and the like, which no client sees: no revision moves. */
  setItemQuietly(collection: CollectionId, item: ItemState): void {
    this.#replace(collection, item.name, item);
  }

  dropItem(collection: CollectionId, name: ItemName): void {
    this.#replace(collection, name, undefined);
    this.bury(collection, name);
  }

  /** One removal in the log: of a row that goes, or that goes out of sight. */
  bury(collection: CollectionId, name: ItemName): void {
    this.#own(collection).gone.set(name, { revision: this.revision, at: this.now });
    this.#touch(collection);
  }

  addCollection(row: Pick<CollectionState['row'], 'segment' | 'kind' | 'properties' | 'acl'> & { readonly parent: CollectionId | undefined; readonly id?: CollectionId; readonly created?: EpochSeconds }): CollectionId {
    const id = row.id ?? (newId() as CollectionId);
    this.#copied.add(id);
    this.#state.collections.set(id, {
      row: {
        ...row, id, home: this.#state.id, revision: this.revision, created: row.created ?? this.now, modified: this.now,
        aclRevision: this.revision, itemsWithAcl: 0, personal: new Map(),
      },
      hidden: false, placed: this.revision, items: new Map(), gone: new Map(),
    });
    this.#touch(id);
    return id;
  }

  editCollection(id: CollectionId, edit: Partial<Pick<CollectionState['row'], 'properties' | 'personal' | 'acl' | 'aclRevision'>>): void {
    const state = this.#own(id);
    this.#state.collections.set(id, { ...state, row: { ...state.row, ...edit } });
    this.#touch(id);
  }

  /** A new place for the collection and all below it, which counts as made there. */
  placeCollection(id: CollectionId, parent: CollectionId, segment: string): void {
    this.#buryPath(id);
    this.#touch(id);
    this.#editSubtree(id, (state) => ({ ...state, placed: this.revision, row: { ...state.row, ...(state.row.id === id && { parent, segment }) } }));
    this.#touch(id);
  }

  hideCollection(id: CollectionId): void {
    this.#buryPath(id);
    this.#touch(id);
    this.#editSubtree(id, (state) => ({ ...state, hidden: true }));
  }

  dropCollection(id: CollectionId): void {
    const subtree = subtreeOf(this.#state, id);
    if (!this.#state.collections.get(id)!.hidden) this.#buryPath(id);
    this.#touch(id);
    for (const { row, items } of subtree) {
      for (const item of items.values()) this.#state = { ...this.#state, usedOctets: this.#state.usedOctets - octetsOf(item) };
      this.#state.collections.delete(row.id);
    }
  }

  setLock(token: string, lock: Lock | undefined): void {
    const locks = new Map(this.#state.locks);
    if (lock === undefined) locks.delete(token);
    else locks.set(token, lock);
    this.#state = { ...this.#state, locks };
  }

  #replace(collection: CollectionId, name: ItemName, item: ItemState | undefined): void {
    const state = this.#own(collection);
    const old = state.items.get(name);
    const grown = (item ? octetsOf(item) : 0) - (old ? octetsOf(old) : 0);
    this.#state = { ...this.#state, usedOctets: this.#state.usedOctets + grown };
    if (item === undefined) state.items.delete(name);
    else state.items.set(name, item);
    if (!sameAcl(old?.acl, item?.acl)) {
      const itemsWithAcl = state.row.itemsWithAcl + (item?.acl ? 1 : 0) - (old?.acl ? 1 : 0);
      this.#state.collections.set(collection, { ...state, row: { ...state.row, itemsWithAcl, aclRevision: this.revision } });
    }
  }

  /** Its path is one removal; what its former members left in the log goes with it. */
  #buryPath(id: CollectionId): void {
    const path = pathOf(this.#state, id);
    const kept = this.#state.gonePaths.filter((gone) => !path.every((segment, depth) => gone.path[depth] === segment));
    this.#state = { ...this.#state, gonePaths: [...kept, { path, revision: this.revision, at: this.now }] };
  }

  #editSubtree(id: CollectionId, edit: (state: CollectionState) => CollectionState): void {
    for (const { row } of subtreeOf(this.#state, id)) {
      const state = edit(this.#own(row.id));
      this.#state.collections.set(row.id, { ...state, row: { ...state.row, revision: this.revision, modified: this.now } });
    }
  }

  #own(id: CollectionId): CollectionState {
    const state = this.#state.collections.get(id)!;
    if (this.#copied.has(id)) return state;
    const copy = { ...state, items: new Map(state.items), gone: new Map(state.gone) };
    this.#copied.add(id);
    this.#state.collections.set(id, copy);
    return copy;
  }

  /** This collection and all above it changed. */
  #touch(id: CollectionId): void {
    this.#changed = true;
    for (let at: CollectionId | undefined = id; at !== undefined; at = this.#state.collections.get(at)!.row.parent) {
      const state = this.#state.collections.get(at)!;
      this.#state.collections.set(at, { ...state, row: { ...state.row, revision: this.revision, modified: this.now } });
    }
  }
}

function sameAcl(a: readonly Ace[] | undefined, b: readonly Ace[] | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
