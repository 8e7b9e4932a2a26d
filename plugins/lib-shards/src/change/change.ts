/**
 * What passes from `tx` to the writer: the reads that must still hold, and the operations, in order. Plain data, for it is cloned into the writer thread. Keys are
 * numbers (`collectionKey`); sizes, counts and statistics are not in it: the writer computes them from the rows it finds.
 */
import type { HomeOwner, ItemFacts, Lock, WriteLimits } from '@kalends/contracts';

export interface ItemKey { readonly collection: number; readonly name: string }

export interface ReadSet {
  /** The home's stamp at the first read; undefined for a home that was not there. */ readonly stamp: number | undefined;
  /** A range, a listing or the home's octets were read: any other change since sends this one back. */ readonly whole: boolean;
  /** With the revision seen; 0: absent. */ readonly items: readonly (ItemKey & { readonly revision: number })[];
  readonly uids: readonly { readonly uid: string; readonly holder: ItemKey | undefined }[];
  /** With the version of the row's own content. */ readonly collections: readonly { readonly key: number; readonly version: number }[];
  /** Places where no collection was. */ readonly absent: readonly { readonly parent: number; readonly segment: string }[];
  /** How many. Undefined: nobody looked. */ readonly locks: number | undefined;
  /** Of the locks that were read: one may come where another went, and their number stays. */ readonly lockTokens?: readonly string[];
}

export type BodySource =
  | { readonly kind: 'octets'; readonly octets: Uint8Array }
  | { readonly kind: 'staged'; readonly id: string; readonly octets: number };

export interface StoredAttachment { readonly managedId: string; readonly id: string; readonly octets: number; readonly sha256: string; readonly name: string; readonly type: string; readonly rid?: string }

export type ChangeOperation =
  | { readonly op: 'create-home'; readonly owner: HomeOwner; readonly root: number; readonly epoch: string; readonly properties: string; readonly acl: string }
  | { readonly op: 'put'; readonly at: ItemKey; readonly etag: string; readonly component: string | null; readonly uid: string | null; readonly type: string; readonly scheduleTag: string | null; readonly size: number; readonly facts: ItemFacts | undefined; readonly body: BodySource }
  | { readonly op: 'remove'; readonly at: ItemKey }
  | { readonly op: 'move'; readonly at: ItemKey; readonly to: ItemKey }
  | { readonly op: 'copy'; readonly at: ItemKey; readonly to: ItemKey }
  | { readonly op: 'facts'; readonly at: ItemKey; readonly facts: ItemFacts }
  | { readonly op: 'dead'; readonly at: ItemKey; readonly set: readonly (readonly [string, string])[]; readonly remove: readonly string[] }
  | { readonly op: 'acl'; readonly at: ItemKey; readonly acl: string | null }
  | { readonly op: 'personal'; readonly at: ItemKey; readonly principal: string; readonly personal: { readonly patch: Uint8Array; readonly facts: ItemFacts } | undefined }
  | { readonly op: 'attach'; readonly at: ItemKey; readonly attachment: StoredAttachment }
  | { readonly op: 'detach'; readonly at: ItemKey; readonly managedId: string }
  | { readonly op: 'quarantine'; readonly at: ItemKey; readonly reason: string }
  /** The item comes back with these octets; what else it had stays. */
  | { readonly op: 'release'; readonly at: ItemKey; readonly etag: string; readonly component: string | null; readonly uid: string | null; readonly size: number; readonly facts: ItemFacts | undefined; readonly body: BodySource }
  | { readonly op: 'new-epoch'; readonly root: number; readonly epoch: string }
  | { readonly op: 'name-owner'; readonly root: number; readonly name: string }
  | { readonly op: 'create-collection'; readonly key: number; readonly parent: number; readonly segment: string; readonly kind: string; readonly properties: string; readonly acl: string }
  | { readonly op: 'update-collection'; readonly key: number; readonly properties: string; readonly personal: string; readonly acl: string | undefined }
  | { readonly op: 'move-collection'; readonly key: number; readonly parent: number; readonly segment: string }
  | { readonly op: 'hide-collection'; readonly key: number }
  | { readonly op: 'remove-collection'; readonly key: number }
  | { readonly op: 'lock'; readonly lock: Lock }
  | { readonly op: 'unlock'; readonly token: string }
  | { readonly op: 'enqueue'; readonly id: string; readonly kind: string; readonly payload: string; readonly due: number; readonly lane: string | null; readonly collapse: boolean; readonly holder: string | null }
  | { readonly op: 'finish'; readonly id: string };

export interface Change {
  readonly home: string;
  readonly reads: ReadSet;
  readonly operations: readonly ChangeOperation[];
  readonly limits: WriteLimits;
  /** Milliseconds, by the caller's clock: stamps of creation and change. */ readonly now: number;
}

/** `again`: the home has moved; run `work` once more. */
export type ChangeResult =
  | { readonly kind: 'done'; readonly revision: number }
  | { readonly kind: 'again' }
  | { readonly kind: 'failed'; readonly code: 'busy' | 'no-space' | 'corrupt' | 'not-found'; readonly message: string };
