/**
 * The reading connections of a process: one a shard, opened when first asked for, closed and opened again when the writer says that the shard's file was replaced.
 * A busy database is tried again by a timer; the main thread never waits inside SQLite.
 */
import { StoreError } from '@kalends/contracts';
import { Database, isBusy, isCorrupt, isFull } from './database.ts';
import type { StoreCounters } from './probe.ts';
import { ShardReader } from './shard-reader.ts';
import { shardPath, type WriterPort } from './writer/writer-core.ts';

const retryAfter = [1, 2, 5];
const giveUpMilliseconds = 2_000;

export class ReadSide {
  readonly #folder: string;
  readonly #count: StoreCounters | undefined;
  readonly #readers = new Map<number, ShardReader>();

  constructor(folder: string, count: StoreCounters | undefined) {
    this.#folder = folder;
    this.#count = count;
  }

  reader(shard: number): ShardReader {
    let reader = this.#readers.get(shard);
    if (reader === undefined) {
      const database = new Database(shardPath(this.#folder, shard), { count: this.#count });
      database.exec('PRAGMA query_only = 1');
      reader = new ShardReader(database);
      this.#readers.set(shard, reader);
    }
    return reader;
  }

  /** `run` reads and has no other effect: it may run more than once. */
  async read<T>(shard: number, run: (reader: ShardReader) => T): Promise<T> {
    for (let attempt = 0, waited = 0; ; attempt++) {
      try {
        return run(this.reader(shard));
      } catch (error) {
        if (!isBusy(error)) throw asStoreError(error);
        const wait = retryAfter[Math.min(attempt, retryAfter.length - 1)]!;
        if ((waited += wait) > giveUpMilliseconds) throw new StoreError('busy', 'the index is busy', { cause: error });
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  reopen(shard: number): void {
    this.#readers.get(shard)?.database.close();
    this.#readers.delete(shard);
  }

  close(): void {
    for (const { database } of this.#readers.values()) database.close();
    this.#readers.clear();
  }
}

export function asStoreError(error: unknown): unknown {
  if (error instanceof StoreError) return error;
  if (isBusy(error) || (error instanceof Error && error.name === 'Busy')) return new StoreError('busy', 'the index is busy', { cause: error });
  if (isCorrupt(error)) return new StoreError('corrupt', 'the index is damaged: remove it, it will be made again', { cause: error });
  if (isFull(error)) return new StoreError('no-space', 'the disk is full', { cause: error });
  return error;
}

/** The same port, whose tasks reject with the contract's errors. */
export function withStoreErrors(port: WriterPort): WriterPort {
  const translate = (error: unknown): never => { throw asStoreError(error); };
  return {
    change: (...given) => port.change(...given),
    held: (...given) => port.held(...given),
    task: (...given) => port.task(...given).catch(translate),
    state: (...given) => port.state(...given).catch(translate),
    checkpoint: () => port.checkpoint().catch(translate),
    close: () => port.close(),
  };
}
