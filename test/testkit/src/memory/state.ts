/**
 * What the memory store remembers, as plain values. A committed state is never edited: a writer copies what it touches (`home-draft.ts`) and the copy takes
 * its place whole, so a reader that holds an old state holds a snapshot.
 */
import { createHash, randomUUID } from 'node:crypto';
import type {
  Ace, Attachment, Collection, CollectionId, ComponentKind, ETag, EpochSeconds, HomeId, HomeOwner, ItemFacts, ItemName, JobId, Lock, PrincipalId, Revision, StoredRecord,
} from '@kalends/contracts';

export interface ItemState {
  readonly name: ItemName; readonly etag: ETag; readonly body: Uint8Array; readonly contentType: string;
  readonly component: ComponentKind | undefined; readonly uid: string | undefined; readonly facts: ItemFacts | undefined; readonly scheduleTag: ETag | undefined;
  readonly created: EpochSeconds; readonly modified: EpochSeconds; readonly revision: Revision;
  readonly acl: readonly Ace[] | undefined; readonly dead: ReadonlyMap<string, string>; readonly attachments: readonly Attachment[];
  readonly personal: ReadonlyMap<PrincipalId, PersonalState>;
  /** Why it is out of every listing; its name, UID and octets stay. */ readonly quarantine: string | undefined;
}
export interface PersonalState { readonly patch: Uint8Array; readonly facts: ItemFacts; readonly number: number }
/** A name that is gone, until it is used again or the log forgets it. */
export interface Tombstone { readonly revision: Revision; readonly at: EpochSeconds }

export interface CollectionState {
  readonly row: Omit<Collection, 'epoch'>;
  readonly hidden: boolean;
  /** When it came to its present path, itself or with a collection above it. */ readonly placed: Revision;
  readonly items: Map<ItemName, ItemState>;
  readonly gone: Map<ItemName, Tombstone>;
}
export interface HomeState {
  readonly id: HomeId; readonly owner: HomeOwner; readonly epoch: string; readonly rootId: CollectionId; readonly revision: Revision; readonly usedOctets: number;
  readonly collections: Map<CollectionId, CollectionState>;
  /** Paths of collections that went: removed, hidden or moved away. */ readonly gonePaths: readonly (Tombstone & { readonly path: readonly string[] })[];
  /** The log knows everything after this revision. */ readonly floor: Revision;
  readonly locks: ReadonlyMap<string, Lock>;
}
export interface JobState {
  readonly id: JobId; readonly home: HomeId; readonly kind: string; readonly payload: unknown; readonly lane: string | undefined; readonly notBefore: EpochSeconds;
  readonly attempt: number; readonly reason: string | undefined;
  /** The instance that holds it until then (milliseconds of the wall clock). */ readonly held: { readonly by: object; readonly until: number } | undefined;
}
/** Everything there is; instances that were opened on one another share it. */
export interface MemoryData {
  readonly homes: Map<HomeId, HomeState>;
  /** In order of commit. */ readonly jobs: Map<JobId, JobState>;
  readonly leases: Map<string, { readonly number: number; readonly held: boolean }>;
  readonly records: Map<string, Map<string, StoredRecord>>;
  readonly grants: Map<PrincipalId, number>;
  readonly staged: Map<string, { readonly body: Uint8Array; readonly expires: number }>;
  /** The last change to each home: writers wait for it. */ readonly queues: Map<HomeId, Promise<unknown>>;
  /** For versions of records and ids of jobs. */ counter: number;
}

export function emptyData(): MemoryData {
  return {
    homes: new Map(), jobs: new Map(), leases: new Map(), records: new Map(), grants: new Map(), staged: new Map(), queues: new Map(), counter: 0,
  };
}

export function emptyHome(owner: HomeOwner, id = newId() as HomeId): HomeState {
  return {
    id, owner, epoch: newId(), rootId: newId() as CollectionId, revision: 0 as Revision, usedOctets: 0, collections: new Map(), gonePaths: [], floor: 0 as Revision,
    locks: new Map(),
  };
}

/** From the octets alone, so that a restore or a move to another store changes none: 12 octets of SHA-256, 16 characters. */
export function etagOf(body: Uint8Array): ETag {
  return createHash('sha256').update(body).digest().subarray(0, 12).toString('base64url') as ETag;
}

/** Letters and digits only: ids and epochs stand in URLs and, joined by underscores, in sync tokens. */
export function newId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 20);
}

export function octetsOf(item: ItemState): number {
  return item.attachments.reduce((sum, { octets }) => sum + octets, item.body.length);
}

export function pathOf(home: HomeState, id: CollectionId): readonly string[] {
  const { parent, segment } = home.collections.get(id)!.row;
  return parent === undefined ? [] : [...pathOf(home, parent), segment];
}

/** The visible child of that name. */
export function childOf(home: HomeState, parent: CollectionId, segment: string): CollectionState | undefined {
  for (const state of home.collections.values()) if (state.row.parent === parent && state.row.segment === segment && !state.hidden) return state;
  return undefined;
}

/** Itself, and all below it. */
export function subtreeOf(home: HomeState, id: CollectionId): readonly CollectionState[] {
  const self = home.collections.get(id);
  if (self === undefined) return [];
  return [self, ...[...home.collections.values()].filter(({ row }) => row.parent === id).flatMap(({ row }) => subtreeOf(home, row.id))];
}

/** Who holds a UID: an item of a visible calendar, quarantined ones included. */
export function holderOf(home: HomeState, uid: string): ItemState & { readonly collection: CollectionId } | undefined {
  for (const { row, hidden, items } of home.collections.values()) {
    if (hidden || row.kind !== 'calendar') continue;
    for (const item of items.values()) if (item.uid === uid) return { ...item, collection: row.id };
  }
  return undefined;
}
