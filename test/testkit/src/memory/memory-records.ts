/** RecordStore in memory. Values go in and out as copies, through JSON, as they would through a disk. */
import { StoreError } from '@kalends/contracts';
import type { Batches, RecordOperation, RecordStore, StoredRecord } from '@kalends/contracts';
import { inBatches } from './reads.ts';
import type { MemoryData } from './state.ts';

export class MemoryRecords implements RecordStore {
  readonly #data: MemoryData;

  constructor(data: MemoryData) {
    this.#data = data;
  }

  async get(kind: string, key: string): Promise<StoredRecord | undefined> {
    const record = this.#data.records.get(kind)?.get(key);
    return record && structuredClone(record);
  }
  async *list(kind: string, prefix: string): Batches<StoredRecord> {
    const records = [...(this.#data.records.get(kind)?.values() ?? [])].filter(({ key }) => key.startsWith(prefix));
    yield* inBatches(structuredClone(records.sort((a, b) => (a.key < b.key ? -1 : 1))));
  }
  async apply(operations: readonly RecordOperation[]): Promise<void> {
    if (operations.length > 1000) throw new StoreError('too-many', `${operations.length} operations in one`);
    for (const { kind, key, expect } of operations) {
      const version = this.#data.records.get(kind)?.get(key)?.version ?? 'absent';
      if (expect !== undefined && expect !== version) throw new StoreError('etag-mismatch', `${kind} ${key} has version ${version}`);
    }
    for (const { kind, key, value } of operations) {
      const records = this.#data.records.get(kind) ?? new Map<string, StoredRecord>();
      if (value === undefined) records.delete(key);
      else records.set(key, { key, version: `v${++this.#data.counter}`, value: JSON.parse(JSON.stringify(value)) as unknown });
      this.#data.records.set(kind, records);
    }
    for (const owner of new Set(operations.flatMap(({ grantsOf }) => grantsOf ?? []))) this.#data.grants.set(owner, (this.#data.grants.get(owner) ?? 0) + 1);
  }
}
