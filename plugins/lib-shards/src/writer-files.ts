/**
 * The writer's other half, for stores that keep files beside the shard: called at the steps of a change. A store whose bodies all lie in the shard uses
 * `noFiles`. Everything here runs in the writer thread; what may be asynchronous says so.
 */
import type { Change } from './change/change.ts';
import type { Database } from './database.ts';

/** What a change did, in words of files; filled while it is applied, in order, and turned into `pending` rows at its end. */
export interface Effects {
  /** Files of items, the last word on each name counts. */
  readonly files: FileEffect[];
  /** Items whose schedule tag, dead properties, ACL, personal data or attachments changed, or that had or have any and came, moved or went. */
  readonly meta: { readonly collection: number; readonly name: string }[];
  /** Collections whose own row changed; `index` is the operation's. */ readonly sidecars: { readonly collection: number; readonly index: number }[];
  /** Folders were made, moved or removed. */ tree: boolean;
  readonly removedCollections: number[];
  /** Changes whose jobs were added or finished. */ readonly jobs: Set<string>;
  /** The owner has a name now, his first or another than before. */ named?: { readonly kind: string; /** Undefined: his first. */ readonly before: string | undefined };
}
export type FileEffect =
  /** New octets: those of operation `index`. */
  | { readonly kind: 'put'; readonly collection: number; readonly name: string; readonly index: number }
  /** The octets of another name, by move or copy. */
  | { readonly kind: 'link'; readonly collection: number; readonly name: string; readonly item: number; readonly from: { readonly collection: number; readonly name: string } }
  | { readonly kind: 'remove'; readonly collection: number; readonly name: string };

export function newEffects(): Effects {
  return { files: [], meta: [], sidecars: [], tree: false, removedCollections: [], jobs: new Set() };
}

/** Step 2 of a change: what was written for it beside the tree. */
export interface Prepared {
  /** Of a put whose body goes into the shard; undefined: it stays in a file. */ octets(index: number): Uint8Array | undefined;
  /** Of a put whose body stays in a file. */ inode(index: number): number | null;
}

/** The open shard, as the file side sees it. */
export interface ShardSession {
  readonly number: number;
  readonly database: Database;
  /** Runs `work` under the shard's lock when its turn comes, after what was not seen yet is carried out; commits if it says so. */
  locked<T>(work: () => { readonly commit: boolean; readonly value: T }): Promise<T>;
  /** The same at once, for what has its turn already (`place`). */
  lockedNow<T>(work: () => { readonly commit: boolean; readonly value: T }): Promise<T>;
}

export interface WriterFiles {
  /** Bodies up to so many octets lie in the shard too. */ readonly bodyLimit: number;
  /** Throws system errors, ENOSPC above all, having removed what it began. */ prepare(database: Database, change: Change): Prepared;
  abandon(prepared: Prepared): void;
  /** Under the lock, first thing: carries out the rows that this process has not seen, and its own unfinished ones. */ catchUp(shard: ShardSession): void;
  /** Under the lock, at the end of each change: its `pending` rows. Leaves nothing behind when it throws. @throws TempGone when a temp is not there any more */
  record(shard: ShardSession, home: number, effects: Effects, prepared: Prepared): void;
  /** After COMMIT, lock released: puts the group's files in place. Never rejects: what could not be done stays in `pending`. */ place(shard: ShardSession): Promise<void>;
  /** The transaction was rolled back as a whole. */ rolledBack(shard: ShardSession): void;
  /** Step 6. */ checkpoint(shard: ShardSession): Promise<void>;
  /** `pending` rows that this process has added since its last checkpoint of the shard. */ waiting(shard: ShardSession): number;
  /** The shard is open, new or after it was found replaced; nothing was seen. */ opened(shard: ShardSession): void;
  /** What only this store can do: rebuild, verify, …. */ task(shard: ShardSession, name: string, payload: unknown): Promise<unknown>;
  close(): void;
}

/** A temp of the change was taken away meanwhile: back to step 2. */
export class TempGone extends Error {
  override readonly name = 'TempGone';
}

/** For stores that keep everything in the shard. */
export function noFiles(): WriterFiles {
  return {
    bodyLimit: Number.POSITIVE_INFINITY,
    prepare: (_, { operations }) => ({
      octets(index) {
        const operation = operations[index];
        return (operation?.op === 'put' || operation?.op === 'release') && operation.body.kind === 'octets' ? operation.body.octets : undefined;
      },
      inode: () => null,
    }),
    abandon: () => undefined, catchUp: () => undefined, record: () => undefined, place: () => Promise.resolve(), rolledBack: () => undefined,
    checkpoint: () => Promise.resolve(), waiting: () => 0, opened: () => undefined, close: () => undefined,
    task: (_, name) => Promise.reject(new Error(`no task ${name}`)),
  };
}

/** Octets that were staged are not there: never were, were taken, or are forgotten. */
export class StagedGone extends Error {
  override readonly name = 'StagedGone';
}
