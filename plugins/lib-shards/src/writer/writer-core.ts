/**
 * All shards' write sides and the state's, behind the one port that stores use. Lives in the writer thread of a process; a test may run it on its own thread.
 */
import { join } from 'node:path';
import type { Change, ChangeResult } from '../change/change.ts';
import { createProbe, type Gate, type PausePoint, type StoreCounters } from '../probe.ts';
import type { WriterFiles } from '../writer-files.ts';
import type { TombstoneRule } from './apply-change.ts';
import * as jobs from './job-tasks.ts';
import { ShardWriter, type WriterSettings } from './shard-writer.ts';
import { StateWriter, type StateTask } from './state-writer.ts';

export interface WriterOptions {
  /** Of the shards: `<folder>/<00…>.sqlite`. */ readonly folder: string; readonly shards: number;
  readonly statePath: string;
  readonly tombstones: TombstoneRule;
  readonly checkpointSeconds: number; readonly checkpointRows: number;
  readonly pausePoints: string | undefined; readonly gates: readonly Gate[] | undefined;
}
export interface InlineOptions { readonly onPoint?: ((point: PausePoint) => void) | undefined; readonly count?: StoreCounters | undefined }

/** What a store asks of its writer. */
export interface WriterPort {
  change(shard: number, change: Change, deadline: number): Promise<ChangeResult>;
  /** `work` runs while nobody can commit to the shard; undefined: nothing to do after all. */
  held(shard: number, deadline: number, work: () => Promise<Change | undefined>): Promise<ChangeResult>;
  task(shard: number, name: string, payload: unknown): Promise<unknown>;
  state(task: StateTask): Promise<unknown>;
  checkpoint(): Promise<void>;
  /** A last checkpoint; then everything is closed. */ close(): Promise<void>;
}
export interface WriterEvents {
  reopened(shard: number): void;
  /** Whether a commit happened is unknown: the process must end. */ fatal(error: unknown): void;
  /** A checkpoint could not be done; it is tried again. */ failed(error: unknown): void;
}

/** Makes the file side inside the thread: what a module named by URL must export. */
export type CreateFiles = (context: { readonly probe: (point: PausePoint) => void; readonly options: unknown; readonly state: StateWriter }) => WriterFiles;

export const shardPath = (folder: string, shard: number): string => join(folder, `${shard.toString(16).padStart(2, '0')}.sqlite`);

export class WriterCore implements WriterPort {
  readonly #shards: readonly ShardWriter[];
  readonly #state: StateWriter;
  readonly #files: WriterFiles;
  readonly #options: WriterOptions;
  readonly #events: WriterEvents;
  readonly #checkpointing = new Map<number, Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: WriterOptions, createFiles: CreateFiles, filesOptions: unknown, events: WriterEvents, inline: InlineOptions = {}) {
    this.#options = options;
    this.#events = events;
    const probe = createProbe({ pausePoints: options.pausePoints, gates: options.gates, onPoint: inline.onPoint });
    this.#state = new StateWriter(options.statePath);
    this.#files = createFiles({ probe, options: filesOptions, state: this.#state });
    const settings: WriterSettings = {
      files: this.#files, probe, tombstones: options.tombstones, count: inline.count,
      reopened: (shard) => { events.reopened(shard); }, fatal: (error) => { events.fatal(error); },
    };
    this.#shards = Array.from({ length: options.shards }, (_, number) => new ShardWriter(number, shardPath(options.folder, number), settings));
    this.#timer = setInterval(() => { this.checkpoint().catch((error: unknown) => { events.failed(error); }); }, options.checkpointSeconds * 1_000);
    this.#timer.unref();
  }

  async change(shard: number, change: Change, deadline: number): Promise<ChangeResult> {
    const writer = this.#shard(shard);
    const result = await writer.change(change, deadline);
    if (this.#files.waiting(writer) >= this.#options.checkpointRows) void this.#checkpoint(writer).catch((error: unknown) => { this.#events.failed(error); });
    return result;
  }

  held(shard: number, deadline: number, work: () => Promise<Change | undefined>): Promise<ChangeResult> {
    return this.#shard(shard).held(deadline, work);
  }

  task(number: number, name: string, payload: unknown): Promise<unknown> {
    const shard = this.#shard(number);
    switch (name) {
      case 'jobs-claim': return jobs.claim(shard, payload as jobs.ClaimTask);
      case 'job-renew': return jobs.renew(shard, payload as Parameters<typeof jobs.renew>[1]);
      case 'job-finish': return jobs.finish(shard, payload as string);
      case 'job-retry': return jobs.retry(shard, payload as Parameters<typeof jobs.retry>[1]);
      default: return this.#files.task(shard, name, payload);
    }
  }

  state(task: StateTask): Promise<unknown> {
    return this.#state.run(task);
  }

  async checkpoint(): Promise<void> {
    for (const shard of this.#shards) await this.#checkpoint(shard);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    // What cannot be flushed now stays in `pending` for whoever opens next.
    await this.checkpoint().catch((error: unknown) => { this.#events.failed(error); });
    for (const shard of this.#shards) await shard.close();
    await this.#state.idle();
    this.#files.close();
    this.#state.close();
  }

  /** One at a time for each shard; a second call waits for the first. */
  #checkpoint(shard: ShardWriter): Promise<void> {
    const running = this.#checkpointing.get(shard.number);
    if (running !== undefined) return running;
    const started = this.#files.checkpoint(shard).then(() => shard.foldIn()).finally(() => { this.#checkpointing.delete(shard.number); });
    this.#checkpointing.set(shard.number, started);
    return started;
  }

  #shard(number: number): ShardWriter {
    const shard = this.#shards[number];
    if (shard === undefined) throw new RangeError(`no shard ${number}`);
    return shard;
  }
}
