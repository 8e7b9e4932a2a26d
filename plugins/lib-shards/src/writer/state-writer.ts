/** The write side of `state.sqlite`: one transaction a task, in order, in the writer thread. */
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Database, integer, isBusy, text } from '../database.ts';
import { sleep } from '../probe.ts';
import * as sql from '../state-schema.ts';
import { Busy, monotonic } from './shard-writer.ts';

export interface RecordTask { readonly kind: string; readonly key: string; readonly value?: string; readonly expect?: string; readonly grantsOf?: string }
export interface LeaseTask { readonly name: string; readonly holder: string; readonly ttlMilliseconds: number; readonly now: number }

export type StateTask =
  | { readonly task: 'apply'; readonly operations: readonly RecordTask[] }
  | { readonly task: 'lease' } & LeaseTask
  | { readonly task: 'renew-lease'; readonly number: number } & LeaseTask
  | { readonly task: 'end-lease'; readonly name: string; readonly number: number; readonly holder: string }
  | { readonly task: 'copy-locks'; readonly home: string; readonly locks: readonly { readonly token: string; readonly json: string; readonly expires: number }[]; readonly now: number }
  | { readonly task: 'drop-locks'; readonly home: string; readonly tokens: readonly string[] };

/** An `expect` that does not hold; nothing was done. */
export interface Mismatch { readonly mismatch: string }

export class StateWriter {
  readonly database: Database;
  #last: Promise<unknown> = Promise.resolve();
  #dirty = false;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    const isNew = !existsSync(path);
    this.database = openState(path);
    if (isNew) chmodSync(path, 0o600);
  }

  run(task: StateTask): Promise<unknown> {
    const result = this.#last.then(() => this.#transaction(task));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** True once after records have changed. */
  takeDirty(): boolean {
    const dirty = this.#dirty;
    this.#dirty = false;
    return dirty;
  }

  async idle(): Promise<void> {
    await this.#last;
  }

  close(): void {
    this.database.close();
  }

  async #transaction(task: StateTask): Promise<unknown> {
    await this.#begin();
    try {
      const value = this.#apply(task);
      const isRefused = typeof value === 'object' && value !== null && 'mismatch' in value;
      this.database.exec(isRefused ? 'ROLLBACK' : 'COMMIT');
      if (task.task === 'apply' && !isRefused) this.#dirty = true;
      return value;
    } catch (error) {
      try {
        this.database.exec('ROLLBACK');
      } catch {
        // SQLite ended the transaction itself.
      }
      throw error;
    }
  }

  async #begin(): Promise<void> {
    const deadline = monotonic() + 2_000;
    for (;;) {
      try {
        this.database.exec('BEGIN IMMEDIATE');
        return;
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
      if (monotonic() > deadline) throw new Busy('another process holds the records');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  #apply(task: StateTask): unknown {
    switch (task.task) {
      case 'apply': return this.#records(task.operations);
      case 'lease': return this.#lease(task);
      case 'renew-lease':
        return this.database.statement(sql.renewLease).run(task.now + task.ttlMilliseconds, task.name, task.number, task.holder).changes > 0;
      case 'end-lease':
        this.database.statement(sql.endLease).run(task.name, task.number, task.holder);
        return undefined;
      case 'copy-locks':
        this.database.statement(sql.dropDeadLocks).run(task.home, Math.floor(task.now / 1000));
        for (const { token, json, expires } of task.locks) this.database.statement(sql.putLockCopy).run(task.home, token, json, expires);
        return undefined;
      case 'drop-locks':
        for (const token of task.tokens) this.database.statement(sql.dropLockCopy).run(task.home, token);
        return undefined;
    }
  }

  #records(operations: readonly RecordTask[]): Mismatch | undefined {
    const version = integer(this.database.statement(sql.nextCounter).get('record')?.[0]).toString(36);
    for (const { kind, key, value, expect, grantsOf } of operations) {
      if (expect !== undefined) {
        const there = this.database.statement(sql.readRecord).get(kind, key);
        const found = there === undefined ? 'absent' : text(there[1]);
        if (found !== expect) return { mismatch: `${kind} ${key} is ${found}, not ${expect}` };
      }
      if (value === undefined) this.database.statement(sql.dropRecord).run(kind, key);
      else this.database.statement(sql.putRecord).run(kind, key, version, value);
      if (grantsOf !== undefined) this.database.statement(sql.raiseGrants).run(grantsOf);
    }
    return undefined;
  }

  #lease({ name, holder, ttlMilliseconds, now }: LeaseTask): number | undefined {
    const row = this.database.statement(sql.readLease).get(name);
    if (row !== undefined && integer(row[2]) > now) return undefined;
    const number = integer(row?.[0]) + 1;
    this.database.statement(sql.putLease).run(name, number, holder, now + ttlMilliseconds);
    return number;
  }
}

function openState(path: string): Database {
  for (let attempt = 0; ; attempt++) {
    let database: Database | undefined;
    try {
      // Another process may be making it: then even the opening is refused.
      database = new Database(path, { cachePages: 500 });
      sql.prepareState(database);
      return database;
    } catch (error) {
      database?.close();
      if (!isBusy(error) || attempt > 400) throw error;
      sleep(5);
    }
  }
}
