/** The RecordStore over `state.sqlite`: reads here, transactions in the writer thread. Also answers how often an owner's grants have changed. */
import { StoreError, type Batches, type PrincipalId, type RecordOperation, type RecordStore, type StoredRecord } from '@kalends/contracts';
import { Database, integer, isBusy, text, type Row } from './database.ts';
import type { StoreCounters } from './probe.ts';
import { pageRows } from './shard-reader.ts';
import { listRecords, listRecordsFrom, readGrants, readRecord } from './state-schema.ts';
import type { Mismatch, RecordTask } from './writer/state-writer.ts';
import type { WriterPort } from './writer/writer-core.ts';

const maxRecordOctets = 65_536;
const maxOperations = 1_000;

export class ShardRecordStore implements RecordStore {
  readonly #database: Database;
  readonly #port: WriterPort;

  constructor(path: string, port: WriterPort, count: StoreCounters | undefined) {
    this.#database = new Database(path, { cachePages: 500, count });
    this.#database.exec('PRAGMA query_only = 1');
    this.#port = port;
  }

  /** One statement; part of every `locate`. */
  grantsRevision(owner: PrincipalId): number {
    return integer(this.#database.statement(readGrants).get(owner)?.[0]);
  }

  async get(kind: string, key: string): Promise<StoredRecord | undefined> {
    const row = await this.#read(() => this.#database.statement(readRecord).get(kind, key));
    return row === undefined ? undefined : toRecord(row);
  }

  async *list(kind: string, prefix: string): Batches<StoredRecord> {
    const end = `${prefix}\u{10ffff}`;
    for (let [after, statement] = [prefix, listRecordsFrom]; ; statement = listRecords) {
      const [from, sql] = [after, statement];
      const rows: readonly Row[] = await this.#read(() => this.#database.statement(sql).all(kind, from, end, pageRows));
      if (rows.length > 0) yield rows.map(toRecord);
      if (rows.length < pageRows) return;
      after = text(rows.at(-1)?.[0]);
    }
  }

  async apply(operations: readonly RecordOperation[]): Promise<void> {
    if (operations.length > maxOperations) throw new StoreError('too-many', `at most ${maxOperations} operations at once`);
    const tasks = operations.map(({ kind, key, value, expect, grantsOf }): RecordTask => {
      const json = value === undefined ? undefined : JSON.stringify(value);
      if (json !== undefined && Buffer.byteLength(json) > maxRecordOctets) throw new StoreError('too-large', `${kind} ${key} is over 64 KiB`);
      return { kind, key, ...(json === undefined ? {} : { value: json }), ...(expect === undefined ? {} : { expect }), ...(grantsOf === undefined ? {} : { grantsOf }) };
    });
    const refused = await this.#port.state({ task: 'apply', operations: tasks }) as Mismatch | undefined;
    if (refused !== undefined) throw new StoreError('etag-mismatch', refused.mismatch);
  }

  close(): void {
    this.#database.close();
  }

  async #read<T>(run: () => T): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return run();
      } catch (error) {
        if (!isBusy(error) || attempt > 400) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }
}

function toRecord([key, version, value]: Row): StoredRecord {
  return { key: text(key), version: text(version), value: JSON.parse(text(value)) as unknown };
}
