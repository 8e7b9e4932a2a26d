import { extensionPoint } from '@kalends/kernel/extension-point';
import type { Batches, CollectionId, ComponentKind, ETag, EpochSeconds, HomeId, ItemName, JobId, PrincipalId, Privileges, QName, Revision, TimeRange } from './ids.ts';

/**
 * Where calendars live. The whole of what the protocol asks of a back end.
 *
 * Units: times are EpochSeconds, sizes are octets. Text is UTF-8 bytes and is kept bit for bit.
 * Errors: every method rejects with StoreError or with nothing. "Not there" is `undefined`, not an error.
 * Proof: test/testkit `describeCalendarStore`; a behaviour not tested there is not promised.
 */

export const calendarStore = extensionPoint<CalendarStore>('calendar-store');
export interface CalendarStore {
  readonly traits: StoreTraits;

  findHome(owner: PrincipalId): Promise<Home | undefined>;
  /** The home with what its root begins with and its first collections, in one change; the same home when two ask at once. */
  createHome(owner: HomeOwner, root: HomeRoot, initial: readonly CollectionDraft[]): Promise<Home>;
  /**
   * What the owner is called from now on, for whoever looks into the store itself (folders by name, `StoreMaintenance.homes`); of the rest nothing is taken. No
   * client sees it, so no revision moves. Costs one read where the name is the same, and nothing happens where there is no home.
   */
  nameOwner(owner: HomeOwner): Promise<void>;
  /**
   * The hot path's one read: home, the deepest collection that `path` (decoded segments below the home) reaches, its ancestors, and the item if the rest of
   * the path names one.
   */
  locate(owner: PrincipalId, path: readonly string[], select: ItemSelect): Promise<Located | undefined>;
  findCollection(parent: CollectionId, segment: string): Promise<Collection | undefined>;
  findCollections(ids: readonly CollectionId[]): Promise<ReadonlyMap<CollectionId, Collection>>;
  listCollections(parent: CollectionId, depth: 1 | 'infinity'): Promise<readonly Collection[]>;
  /** One item. Reads no more columns than `select` names. */
  findItem(collection: CollectionId, name: ItemName, select: ItemSelect): Promise<Item | undefined>;
  /** Those of `names` that exist, each once, in any order, in O(names). */
  findItems(collection: CollectionId, names: readonly ItemName[], select: ItemSelect): Batches<Item>;
  /**
   * Every item that lives throughout the call, once, in order of name; one changed meanwhile may appear in its newer state. Pages by key: no transaction,
   * cursor or connection is held between batches, so a slow client delays nobody. A caller that hands out a token reads the collection's revision before.
   */
  listItems(collection: CollectionId, select: ItemSelect): Batches<Item>;
  /**
   * At least every item that satisfies `query`; extra items are allowed, missing ones are not. Pages like `listItems`. `overlaps` compares with
   * `facts.bounds`. Must not read bodies unless `select.body`.
   */
  queryItems(collection: CollectionId, query: ItemQuery, select: ItemSelect): Batches<Item>;
  /**
   * What changed after `since`, in revision order, each name once with its latest state. `'start'`: all live items in revision order, no removals, never
   * `revision-gone`. Tombstones are kept 60 days or 10,000 a home, whichever is more (config). A page ends with the collection's own revision unless there is
   * `more`; it never splits a revision, so it may be longer than `limit`.
   * @throws StoreError `revision-gone` when the log no longer reaches back to `since`, or `since` is still to come; `collection-gone`
   */
  changesSince(collection: CollectionId, since: Revision | 'start', limit: number, select: ItemSelect): Promise<ChangePage>;
  /** As changesSince, over a whole home: collections made, changed, gone; and items where `deep`. */
  homeChangesSince(home: HomeId, since: Revision | 'start', limit: number, deep: boolean, select: ItemSelect): Promise<HomeChangePage>;
  /** Looks only in collections of kind `calendar` that are not hidden. */
  findByUid(home: HomeId, uid: string): Promise<ItemAddress | undefined>;
  /** Items whose facts are of an older version, or are covered only up to some moment. For the re-index job. */
  listStale(limit: StaleLimit): Batches<ItemAddress>;
  locks(home: HomeId): Promise<readonly Lock[]>;

  /** `octets` is half open, as ranges are everywhere here. One version, whatever happens to the item meanwhile. */
  openBody(at: ItemAddress, octets?: { readonly from: number; readonly to: number }): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Streams octets to where a later putItem can take them without a copy; forgotten after an hour if none does. @throws StoreError `too-large` | `no-space` */
  stage(home: HomeId, content: AsyncIterable<Uint8Array>, maxOctets: number): Promise<StagedBody>;
  /**
   * Runs `work` as one atomic change to one home; resolves after it is durable and visible to every process. If `work` rejects, nothing happened and its own
   * error comes back; a refused call has no effect, so `work` may catch it and go on. What changes nothing that clients see moves no revision. Writers to a
   * home are serial in effect: a store may lock, or run `work` again when the home changed meanwhile. So `work` has no effect but through `tx`, and waits for
   * nothing but `tx`. Readers are never blocked and never see half a change.
   * @throws StoreError `busy` after two seconds; `not-found`: no such home
   */
  write<T>(home: HomeId, limits: WriteLimits, work: (tx: StoreWriter) => Promise<T>): Promise<Committed<T>>;
}
/** `revision` is known only here: inside `work` other changes may still come first. */
export interface Committed<T> { readonly value: T; readonly revision: Revision }
/** The changes of one `write`, and reads that see what this change did so far (under a provisional revision). Ids are made by the writer, so they are final. */
export interface StoreWriter {
  home(): Promise<Home>;
  findCollection(parent: CollectionId, segment: string): Promise<Collection | undefined>;
  listCollections(parent: CollectionId, depth: 1 | 'infinity'): Promise<readonly Collection[]>;
  findItem(collection: CollectionId, name: ItemName, select: ItemSelect): Promise<Item | undefined>;
  queryItems(collection: CollectionId, query: ItemQuery, select: ItemSelect): Batches<Item>;
  findByUid(uid: string): Promise<ItemAddress | undefined>;
  locks(): Promise<readonly Lock[]>;
  /**
   * Creates or replaces. `expect` is checked here, inside the change, and nowhere else counts. `uid-taken` in collections of kind `calendar` only: inbox,
   * files and notifications may repeat a UID.
   * @throws StoreError `etag-mismatch` | `exists` | `uid-taken` (names the holder) | `too-large` | `too-many` | `over-quota` | `no-space` | `collection-gone`
   */
  putItem(collection: CollectionId, write: ItemWrite): Promise<Stored>;
  /** @throws StoreError `etag-mismatch` | `not-found` */
  removeItem(collection: CollectionId, name: ItemName, expect?: ETag): Promise<void>;
  /** Keeps body, facts, dead properties and ACL. Both ends must be in this home. @throws StoreError `etag-mismatch` | `exists` | `not-found` | `uid-taken` */
  moveItem(from: ItemAddress, to: ItemAddress, options: ReplaceOptions): Promise<Stored>;
  /** Plain files only: a calendar object is never copied (2.7). Takes body, type and dead properties along, no ACL. Errors as moveItem and putItem. */
  copyItem(from: ItemAddress, to: ItemAddress, options: ReplaceOptions): Promise<Stored>;
  /** Same body, newer facts: etag, revision and modified stay as they are. */
  replaceFacts(at: ItemAddress, etag: ETag, facts: ItemFacts): Promise<void>;
  setDead(at: ItemAddress, set: ReadonlyMap<string, string>, remove: readonly string[]): Promise<void>;
  /** Undefined: back to the collection's. Raises the item's revision, for what others may read of it changed. */
  setItemAcl(at: ItemAddress, acl: readonly Ace[] | undefined): Promise<void>;
  /** What this principal sees differently (alarms, TRANSP, …); raises the item's revision, leaves its etag. Undefined: nothing any more. */
  setPersonal(at: ItemAddress, principal: PrincipalId, personal: { readonly patch: Uint8Array; readonly facts: ItemFacts } | undefined): Promise<void>;
  /** Rows that count in `usedOctets`, in the same change as the event; the octets lie in the AttachmentStore already. @throws StoreError `over-quota` | `too-many` */
  attach(item: ItemAddress, attachment: Attachment): Promise<void>;
  detach(item: ItemAddress, managedId: string): Promise<void>;
  /** @throws StoreError `exists` | `too-many` | `collection-gone` */
  createCollection(parent: CollectionId, draft: CollectionDraft): Promise<CollectionId>;
  updateCollection(collection: CollectionId, patch: CollectionPatch): Promise<void>;
  /** Moves or renames with everything below it. @throws StoreError `exists` | `not-found` */
  moveCollection(collection: CollectionId, parent: CollectionId, segment: string): Promise<void>;
  /** Out of every listing, path, sync (one removal) and UID rule at once: name and UIDs are free. Reached by id until removeCollection. */
  hideCollection(collection: CollectionId): Promise<void>;
  /** With everything below it. */
  removeCollection(collection: CollectionId): Promise<void>;
  putLock(lock: Lock): Promise<void>;
  removeLock(token: string): Promise<void>;
  /** Visible to the queue if and only if this change commits. `mine`: born claimed by this process for so long, for `JobQueue.runNow`. */
  enqueue(job: JobDraft, mine?: { readonly leaseMilliseconds: number }): Promise<JobId>;
  /** One of this home's jobs is done if and only if this change commits: its effect and its end are one. */
  finishJob(id: JobId): Promise<void>;
}
/**
 * `usedOctets` may not grow past `octets`; shrinking is always allowed. `collections` counts those of kind `calendar` that are not hidden. From config or the principal's record; Infinity for none.
 */
export interface WriteLimits { readonly octets: number; readonly collections: number; readonly itemsPerCollection: number; readonly attachmentsPerItem: number }
export interface HomeOwner { readonly id: PrincipalId; readonly kind: 'user' | 'group' | 'location' | 'resource'; readonly name: string }
export interface HomeRoot { readonly properties: ReadonlyMap<string, string>; readonly acl: readonly Ace[] }
export interface Home {
  readonly id: HomeId; readonly owner: PrincipalId;
  /** Its revision is the home's. */ readonly root: Collection;
  /** Items and attachments; kept by arithmetic inside each change. */ readonly usedOctets: number;
  /** How many locks are held; while zero, nobody looks for any. */ readonly locks: number;
  /** Grows whenever delegates, shares or group rights of this owner change (`RecordOperation.grantsOf`). */ readonly grantsRevision: number;
}
export interface Collection {
  readonly id: CollectionId; readonly home: HomeId;
  /** Undefined for the root. */ readonly parent: CollectionId | undefined;
  readonly segment: string;
  /** `home`, `calendar`, `inbox`, `outbox`, `notifications`, `share`, `files` (plain WebDAV: the dropbox and all below it), or a plugin's own. */
  readonly kind: string;
  readonly revision: Revision;
  readonly created: EpochSeconds; /** Of the last change in or below it; moves with `revision`. */ readonly modified: EpochSeconds;
  /** The home's. Changes when revisions restart (a restore, a rebuilt index); part of every sync token. */ readonly epoch: string;
  /** Changes with `acl` or an item's ACL only: part of the key of compiled access. */ readonly aclRevision: Revision;
  readonly itemsWithAcl: number;
  /** Live-but-stored and dead properties alike: `{ns}local` → XML fragment. */ readonly properties: ReadonlyMap<string, string>;
  /** What only these see, over `properties`. Empty for nearly all; part of the row. */ readonly personal: ReadonlyMap<PrincipalId, ReadonlyMap<string, string>>;
  readonly acl: readonly Ace[];
}
export interface CollectionDraft {
  readonly segment: string; readonly kind: string; readonly properties: ReadonlyMap<string, string>; readonly acl?: readonly Ace[];
}
export interface CollectionPatch {
  readonly set?: ReadonlyMap<string, string>; readonly remove?: readonly string[]; readonly acl?: readonly Ace[];
  /** Values only this principal sees, over those for all (delegates: description, color, order). */
  readonly personal?: { readonly principal: PrincipalId; readonly set: ReadonlyMap<string, string>; readonly remove: readonly string[] };
}
/**
 * An entry grants or denies, in order (RFC 3744 §5.5); `DAV:invert` is refused (acl-restrictions: no-invert alone). Protected entries (owner, delegates, admins)
 * are never stored.
 */
export interface Ace {
  /** `administrators` (those of `Deployment.admins`) stands in protected entries only; DAV:acl shows one entry for each of them. */
  readonly principal: PrincipalId | 'all' | 'authenticated' | 'unauthenticated' | 'self' | 'administrators' | { readonly property: QName };
  readonly grant: Privileges; readonly deny?: Privileges;
  /** Also for everything below; the compiled list marks where it came from (DAV:inherited). */ readonly inheritable?: boolean;
}
export interface Item {
  readonly name: ItemName; readonly etag: ETag;
  /** Of calendar objects only; a plain file has neither component, uid nor facts. */ readonly component?: ComponentKind;
  readonly meta?: ItemMeta; readonly facts?: ItemFacts; readonly body?: Uint8Array;
  /** Where the item has an ACL of its own. */ readonly acl?: readonly Ace[];
  readonly dead?: ReadonlyMap<string, string>; readonly attachments?: readonly Attachment[];
  /** Of the principal named in `select.personal`. `number` grows with each change; the caller's ETag is the item's with it. */
  readonly personal?: { readonly patch: Uint8Array; readonly facts: ItemFacts; readonly number: number };
}
export interface ItemMeta {
  readonly uid?: string; readonly contentType: string;
  /** RFC 6638 §3.2.10. */ readonly scheduleTag?: ETag;
  readonly size: number; readonly created: EpochSeconds; readonly modified: EpochSeconds; readonly revision: Revision;
}
/** Columns wanted beyond name, etag and component, which one covering index answers: ten columns cost 2.5 to 4 times as much as three (2.14). */
export interface ItemSelect {
  readonly meta?: boolean; readonly facts?: boolean; readonly body?: boolean; readonly acl?: boolean; readonly dead?: readonly QName[] | 'all';
  readonly attachments?: boolean; readonly personal?: PrincipalId;
}
/** Derived from the body by core/icalendar at write time. A store keeps it and gives it back; only `bounds` is its business. */
export interface ItemFacts {
  /** Version of the derivation; older facts are rebuilt by the re-index job. */ readonly version: number;
  /**
   * First start and last end, widened 14 h each way for floating times. Covers every alarm's trigger too and, for VTODO, COMPLETED and CREATED (RFC 4791
   * §9.9). What has no time at all, or no end, has ends of ±2^52.
   */
  readonly bounds: TimeRange;
  /**
   * Packed runs of occurrences inside `covered`, each with busy value and component; see core/icalendar/occurrences.ts. With `slices`, free-busy and expand
   * need no parse. Floating and DATE values are packed as if UTC, under the flag `floating`: a reader shifts the *range* by the zone's offset at each end and,
   * where the offset changes inside it, tests exactly.
   */
  readonly occurrences: Uint8Array;
  readonly covered: TimeRange;
  /** Byte ranges of header and components without their time properties: expansion copies bytes. */ readonly slices: Uint8Array;
  /** FactFlags: recurring, floating, has-alarm, needs-view, per-user-busy, match-always, clean (no octet that XML must escape). */
  readonly flags: number;
  readonly organizer?: string;
}
export interface ItemQuery { readonly component?: ComponentKind; readonly overlaps?: TimeRange; readonly uid?: string }
export interface StaleLimit { readonly version: number; readonly coveredUntil: EpochSeconds }
export interface ItemAddress { readonly collection: CollectionId; readonly name: ItemName }
export interface Stored { readonly etag: ETag; readonly created: boolean }
/** `expect` is the ETag of what moves or is copied. */
export interface ReplaceOptions { readonly overwrite: boolean; readonly expect?: ETag }
export interface Located {
  readonly home: Home; readonly collection: Collection;
  /** From the root down to the parent of `collection`: inherited entries come from here. */ readonly ancestors: readonly Collection[];
  /** Segments below `collection`: none, one that `item` answers or nothing does, or more. */ readonly rest: readonly string[];
  readonly item?: Item;
}
export interface ChangePage {
  readonly changed: readonly Item[]; readonly removed: readonly ItemName[];
  /** Give this back as the next `since`. */ readonly revision: Revision;
  readonly more: boolean;
}
export interface HomeChangePage {
  /** Made, changed, or with a change below; never the root. A name removed and made again is here only. */ readonly collections: readonly Collection[];
  /**
   * Paths below the home. A collection that is gone is one path, its former members none; one that moved: its old path here, and at the new one as if made,
   * with all its items where `deep`.
   */
  readonly removed: readonly (readonly string[])[];
  readonly items: readonly { readonly collection: CollectionId; readonly item: Item }[];
  readonly revision: Revision; readonly more: boolean;
}
export interface ItemWrite {
  readonly name: ItemName; readonly contentType: string; readonly body: Uint8Array | StagedBody; readonly component?: ComponentKind; readonly uid?: string;
  readonly facts?: ItemFacts; readonly scheduleTag?: ETag;
  /** `'absent'`: must not exist. An ETag: must be this. Omitted: whatever is there. */ readonly expect?: ETag | 'absent';
}
export interface StagedBody { readonly id: string; readonly octets: number; readonly sha256: string }
/** RFC 8607. `id` names the octets in the AttachmentStore; several rows may share them. */
export interface Attachment { readonly managedId: string; readonly id: string; readonly octets: number; readonly sha256: string; readonly name: string; readonly type: string; readonly rid?: string }
/** RFC 4918 §6. Kept over restarts, never backed up. */
export interface Lock {
  readonly token: string;
  /** Segments below the home; nothing need be there. */ readonly path: readonly string[];
  readonly depth: 0 | 'infinity'; readonly scope: 'exclusive' | 'shared'; readonly owner: PrincipalId; readonly ownerXml: string;
  readonly expires: EpochSeconds;
}
export interface JobDraft {
  readonly kind: string;
  /** JSON, at most 64 KiB: a pointer, not the thing. */ readonly payload: unknown;
  readonly notBefore?: EpochSeconds;
  /** Jobs of one home and lane run one at a time, in commit order, over all processes. */ readonly lane?: string;
  /** May run as one with the next of its lane: only for jobs whose payload is a pointer and whose work reads the present state. */
  readonly collapse?: boolean;
}
export interface StoreTraits {
  /** Who may have the same data open at once: one process, the processes of one host, or many hosts. */
  readonly concurrency: 'process' | 'host' | 'cluster';
  readonly maxItemOctets: number;
  /** How old a read outside `write` may be: 0 but for stores that catch up with other hosts now and then. */
  readonly stalenessMilliseconds: number;
}
