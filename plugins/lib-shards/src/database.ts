/**
 * One connection to one SQLite file: kept prepared statements whose rows are arrays, counted where a test asks for it. Says whether an error means "busy", "full"
 * or "broken". Knows no table.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { StoreCounters } from './probe.ts';

export type Value = null | number | bigint | string | Uint8Array;
export type Row = readonly Value[];

export interface Statement {
  all(...values: readonly Value[]): readonly Row[];
  get(...values: readonly Value[]): Row | undefined;
  run(...values: readonly Value[]): { readonly changes: number; readonly lastInsertRowid: number };
}

export interface DatabaseOptions {
  readonly readOnly?: boolean;
  /** Pages of 4 KiB that a connection may keep. */ readonly cachePages?: number;
  readonly count?: StoreCounters | undefined;
}

export class Database {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #kept = new Map<string, Statement>();
  readonly #count: StoreCounters | undefined;

  constructor(path: string, { readOnly = false, cachePages = 2_000, count }: DatabaseOptions = {}) {
    this.path = path;
    this.#count = count;
    this.#database = new DatabaseSync(path, { readOnly, timeout: 0 });
    this.#database.exec(`PRAGMA cache_size = ${cachePages}; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY`);
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** The same text gives the same prepared statement. */
  statement(sql: string): Statement {
    let kept = this.#kept.get(sql);
    if (kept === undefined) {
      kept = keep(this.#database.prepare(sql), this.#count);
      this.#kept.set(sql, kept);
    }
    return kept;
  }

  close(): void {
    this.#kept.clear();
    this.#database.close();
  }
}

/** Of a statement that is kept. A bare `LIMIT ?` is planned by its value, so SQLite prepares the statement anew each time that it is bound. */
export const atMost = 'LIMIT 0 + ?';

/** Rows as arrays cost half of rows as objects; releases before 22.16 have no such mode, so there each object is taken apart. */
const hasArrays = 'setReturnArrays' in statementPrototype();

function statementPrototype(): object {
  const probe = new DatabaseSync(':memory:');
  try {
    return Object.getPrototypeOf(probe.prepare('SELECT 1')) as object;
  } finally {
    probe.close();
  }
}

/** Node 22 binds an array without octets that came from another thread as NULL, since it lies nowhere; this one lies somewhere. */
const EMPTY = new Uint8Array(1).subarray(0, 0);
const isEmpty = (value: Value): boolean => value instanceof Uint8Array && value.byteLength === 0;

function keep(statement: StatementSync, count: StoreCounters | undefined): Statement {
  if (hasArrays) (statement as StatementSync & { setReturnArrays(enabled: boolean): void }).setReturnArrays(true);
  const asRow = hasArrays ? (row: unknown) => row as Row : (row: unknown) => Object.values(row as Record<string, Value>);
  return {
    all(...values) {
      const rows = statement.all(...(values as Value[]));
      if (count !== undefined) {
        count.statements += 1;
        count.rows += rows.length;
      }
      return hasArrays ? (rows as unknown as readonly Row[]) : rows.map(asRow);
    },
    get(...values) {
      const row: unknown = statement.get(...(values as Value[]));
      if (count !== undefined) {
        count.statements += 1;
        if (row !== undefined) count.rows += 1;
      }
      return row === undefined ? undefined : asRow(row);
    },
    run(...values) {
      const { changes, lastInsertRowid } = statement.run(...(values.some(isEmpty) ? values.map((value) => (isEmpty(value) ? EMPTY : value)) : values as Value[]));
      return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
    },
  };
}

/** SQLite's primary result code, as 5 for SQLITE_BUSY. */
export function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
/** SQLITE_BUSY or SQLITE_LOCKED. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === 5 || code === 6;
}
/** SQLITE_FULL, or an I/O error that the system calls ENOSPC. */
export function isFull(error: unknown): boolean {
  return resultCode(error) === 13 || (error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT'));
}
/** SQLITE_CORRUPT, SQLITE_NOTADB. */
export function isCorrupt(error: unknown): boolean {
  const code = resultCode(error);
  return code === 11 || code === 26;
}

export const text = (value: Value | undefined): string => (typeof value === 'string' ? value : '');
export const maybeText = (value: Value | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
export const integer = (value: Value | undefined): number => Number(value ?? 0);
export const octets = (value: Value | undefined): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array(0));
