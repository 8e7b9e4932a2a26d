/**
 * The write side of one shard: a queue, one lock at a time, group commit. Whatever waits when the lock is taken shares the transaction and its flush; what does not
 * hold any more is sent back. Runs in the writer thread; blocks it for flushes and for a busy database's first moments, never longer.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Change, ChangeResult } from '../change/change.ts';
import { Database, isBusy, isFull } from '../database.ts';
import type { Probe, StoreCounters } from '../probe.ts';
import { sleep } from '../probe.ts';
import { prepareShard } from '../schema.ts';
import { newEffects, StagedGone, TempGone, type Effects, type Prepared, type ShardSession, type WriterFiles } from '../writer-files.ts';
import { applyChange, type TombstoneRule } from './apply-change.ts';
import { Conflict } from './change-state.ts';

export interface WriterSettings {
  readonly files: WriterFiles; readonly probe: Probe; readonly tombstones: TombstoneRule; readonly count: StoreCounters | undefined;
  /** Called when a shard was opened anew, so that readers do so too. */ readonly reopened: (shard: number) => void;
  /** A commit failed on I/O: whether it happened is unknown, so the process must end. */ readonly fatal: (error: unknown) => void;
}

interface WaitingChange { readonly change: Change; readonly deadline: number; readonly answer: (result: ChangeResult) => void; prepared: Prepared | undefined }
/** Work with the shard's lock to itself: a held change, a claim, a checkpoint. */
type Exclusive = () => Promise<void>;

/** At most so many changes share a transaction. */
const groupLimit = 128;
/** Milliseconds until the next attempt at a lock that another process holds. */
const retryAfter = [0.2, 0.5, 1, 2, 5];
/** How long the writer's own work waits for the lock. */
const lockMilliseconds = 2_000;
const nothingPrepared: Prepared = { octets: () => undefined, inode: () => null };
/** How long a held change may keep everybody else waiting. */
const holdMilliseconds = 250;

export class Busy extends Error {
  override readonly name = 'Busy';
}

export class ShardWriter implements ShardSession {
  readonly number: number;
  readonly #path: string;
  readonly #settings: WriterSettings;
  readonly #queue: (WaitingChange | Exclusive)[] = [];
  #database: Database;
  #inode: number;
  #running: Promise<void> | undefined;

  constructor(number: number, path: string, settings: WriterSettings) {
    this.number = number;
    this.#path = path;
    this.#settings = settings;
    this.#database = openShard(path);
    this.#inode = statSync(path).ino;
    settings.files.opened(this);
  }

  get database(): Database {
    return this.#database;
  }

  /** `deadline` by `process.hrtime`, in milliseconds. */
  change(change: Change, deadline: number): Promise<ChangeResult> {
    return new Promise((answer) => {
      this.#queue.push({ change, deadline, answer, prepared: undefined });
      this.#start();
    });
  }

  exclusive<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push(() => run().then(resolve, reject));
      this.#start();
    });
  }

  /** Calls `work` while nobody else can commit; what it resolves with is applied alone. Undefined: nothing is. */
  held(deadline: number, work: () => Promise<Change | undefined>): Promise<ChangeResult> {
    return this.exclusive(async () => {
      try {
        await this.#begin(deadline);
      } catch (error) {
        return failure(error);
      }
      let prepared: Prepared | undefined;
      try {
        this.#settings.files.catchUp(this);
        const change = await withinHold(work());
        if (change === undefined) {
          this.#rollback();
          return { kind: 'again' };
        }
        prepared = this.#settings.files.prepare(this.#database, change);
        const { revision } = this.#apply(change, prepared);
        this.#commit();
        await this.#settings.files.place(this);
        return { kind: 'done', revision };
      } catch (error) {
        // Only up to COMMIT: `place` never rejects.
        this.#rollback();
        if (prepared !== undefined) this.#settings.files.abandon(prepared);
        return failure(error);
      }
    });
  }

  locked<T>(work: () => { readonly commit: boolean; readonly value: T }): Promise<T> {
    return this.exclusive(() => this.lockedNow(work));
  }

  async lockedNow<T>(work: () => { readonly commit: boolean; readonly value: T }): Promise<T> {
    await this.#begin(monotonic() + lockMilliseconds);
    try {
      this.#settings.files.catchUp(this);
      const { commit, value } = work();
      if (commit) this.#commit();
      else this.#rollback();
      return value;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** A small change that no `work` made (the job log's): its effects become files like any other's. */
  small<T>(work: (effects: Effects) => { readonly home: number | undefined; readonly value: T }): Promise<T> {
    return this.exclusive(async () => {
      const value = await this.lockedNow(() => {
        const effects = newEffects();
        const { home, value } = work(effects);
        if (home !== undefined) this.#settings.files.record(this, home, effects, nothingPrepared);
        return { commit: true, value };
      });
      await this.#settings.files.place(this);
      return value;
    });
  }

  /** Moves what is committed from the WAL into the shard; readers are not waited for. */
  foldIn(): Promise<void> {
    return this.exclusive(() => {
      this.#database.statement('PRAGMA wal_checkpoint(PASSIVE)').all();
      return Promise.resolve();
    });
  }

  async close(): Promise<void> {
    await this.#running;
    this.#database.close();
  }

  #start(): void {
    this.#running ??= Promise.resolve().then(() => this.#run()).finally(() => {
      this.#running = undefined;
      if (this.#queue.length > 0) this.#start();
    });
  }

  async #run(): Promise<void> {
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined) return;
      if (typeof next === 'function') {
        this.#queue.shift();
        await next();
        continue;
      }
      const group: WaitingChange[] = [];
      while (group.length < groupLimit && typeof this.#queue[0] === 'object') group.push(this.#queue.shift() as WaitingChange);
      await this.#commitGroup(group);
    }
  }

  /** Steps 2 to 4 for all of them. */
  async #commitGroup(group: readonly WaitingChange[]): Promise<void> {
    const { files, probe } = this.#settings;
    probe('before-temps');
    const ready = group.filter((waiting) => this.#prepare(waiting));
    if (ready.length === 0) return;
    probe('after-temps');
    try {
      await this.#begin(Math.max(...ready.map(({ deadline }) => deadline)));
    } catch (error) {
      for (const waiting of ready) this.#refuse(waiting, failure(error));
      return;
    }
    probe('after-begin');
    const done: { readonly waiting: WaitingChange; readonly revision: number }[] = [];
    try {
      files.catchUp(this);
      this.#applyAll(ready, done);
      if (done.length === 0) {
        this.#rollback();
        return;
      }
      probe('before-commit');
      this.#commit();
    } catch (error) {
      this.#rollback();
      for (const waiting of ready) if (waiting.prepared !== undefined) this.#refuse(waiting, failure(error));
      return;
    }
    probe('after-commit');
    await files.place(this);
    for (const { waiting, revision } of done) waiting.answer({ kind: 'done', revision });
  }

  #prepare(waiting: WaitingChange): boolean {
    try {
      waiting.prepared = this.#settings.files.prepare(this.#database, waiting.change);
      return true;
    } catch (error) {
      waiting.answer(failure(error));
      return false;
    }
  }

  /** A savepoint each, so that one which is sent back takes nobody along. A transaction that SQLite ended by itself is begun again, change by change. */
  #applyAll(ready: readonly WaitingChange[], done: { waiting: WaitingChange; revision: number }[]): void {
    for (const waiting of ready) {
      this.#database.statement('SAVEPOINT change').run();
      try {
        const { revision } = this.#apply(waiting.change, waiting.prepared!);
        this.#database.statement('RELEASE change').run();
        done.push({ waiting, revision });
      } catch (error) {
        if (!this.#rollbackToSavepoint()) {
          // The whole transaction is gone, with the changes before this one.
          this.#settings.files.rolledBack(this);
          this.#refuse(waiting, failure(error));
          for (const other of done.splice(0)) this.#refuse(other.waiting, { kind: 'again' });
          this.#database.exec('BEGIN IMMEDIATE');
          continue;
        }
        this.#refuse(waiting, failure(error));
      }
    }
  }

  #rollbackToSavepoint(): boolean {
    try {
      this.#database.statement('ROLLBACK TO change').run();
      this.#database.statement('RELEASE change').run();
      return true;
    } catch {
      return false;
    }
  }

  #apply(change: Change, prepared: Prepared): { readonly revision: number } {
    const { files, tombstones } = this.#settings;
    const { revision, state } = applyChange(this.#database, change, prepared, tombstones);
    files.record(this, state.key, state.effects, prepared);
    return { revision };
  }

  #refuse(waiting: WaitingChange, result: ChangeResult): void {
    if (waiting.prepared !== undefined) this.#settings.files.abandon(waiting.prepared);
    waiting.prepared = undefined;
    waiting.answer(result);
  }

  /** @throws Busy after `deadline` */
  async #begin(deadline: number): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        this.#database.statement('BEGIN IMMEDIATE').run();
        if (this.#isCurrent()) return;
        this.#rollback();
        this.#reopen();
        continue;
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
      if (monotonic() > deadline) throw new Busy('another process holds the shard');
      const wait = retryAfter[Math.min(attempt, retryAfter.length - 1)]!;
      if (wait < 1) sleep(wait);
      else await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /** Somebody may have removed the index under us, and others write to a new one by now. */
  #isCurrent(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode;
  }

  #reopen(): void {
    this.#database.close();
    this.#database = openShard(this.#path);
    this.#inode = statSync(this.#path).ino;
    this.#settings.files.opened(this);
    this.#settings.reopened(this.number);
  }

  #commit(): void {
    try {
      this.#database.statement('COMMIT').run();
    } catch (error) {
      // Full before anything was written: SQLite says so and nothing happened. All else may or may not be found by a recovery.
      if (!isFull(error) && !isBusy(error)) this.#settings.fatal(error);
      throw error;
    }
    if (this.#settings.count !== undefined) this.#settings.count.commits += 1;
  }

  #rollback(): void {
    this.#settings.files.rolledBack(this);
    try {
      this.#database.statement('ROLLBACK').run();
    } catch {
      // SQLite ended the transaction itself.
    }
  }
}

function openShard(path: string): Database {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  for (let attempt = 0; ; attempt++) {
    let database: Database | undefined;
    try {
      // Another process may be making it: then even the opening is refused.
      database = new Database(path);
      prepareShard(database);
      return database;
    } catch (error) {
      database?.close();
      if (!isBusy(error) || attempt > 400) throw error;
      sleep(5);
    }
  }
}

function withinHold<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => { reject(new Busy('the change held its shard for too long')); }, holdMilliseconds);
  });
  return Promise.race([work, late]).finally(() => { clearTimeout(timer); });
}

function failure(error: unknown): ChangeResult {
  if (error instanceof Conflict || error instanceof TempGone) return { kind: 'again' };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Busy || isBusy(error)) return { kind: 'failed', code: 'busy', message };
  if (error instanceof StagedGone) return { kind: 'failed', code: 'not-found', message };
  if (isFull(error)) return { kind: 'failed', code: 'no-space', message };
  return { kind: 'failed', code: 'corrupt', message: error instanceof Error ? (error.stack ?? message) : message };
}

/** Milliseconds on a clock that all threads and processes of a host share and nobody sets. */
export function monotonic(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
