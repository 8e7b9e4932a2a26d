/** The file side of the writer: what 2.7.1 calls a change, step by step, over one interface to the disk. One for all shards of a process. */
import { join } from 'node:path';
import type { CreateFiles, Database, Effects, Prepared, Probe, ShardSession, WriterFiles } from '@kalends/lib-shards';
import { isBusy, sleep } from '@kalends/lib-shards';
import type { FileOperations } from '../file-operations.ts';
import { HomeLayout } from '../home-layout.ts';
import { carryOut, catchUp, renameOnly, type CarryContext } from './carry-out.ts';
import { checkpoint, isDue, type CheckpointContext } from './checkpoint.ts';
import { pathOfRow } from './home-paths.ts';
import { firstNumber, newGroup, ShardNotes, fileKey, type Group } from './pending.ts';
import { abandon, bodyLimit, prepareChange, removeFile, type PreparedFiles } from './prepare-change.ts';
import { Recording } from './record-change.ts';
import { bootIdentity, rewritePending } from './recover.ts';
import { StateCopy } from './state-copy.ts';
import { putMeta, readMeta, runTask } from './tasks.ts';

export interface FlatFilesOptions { readonly path: string; readonly foldsCase: boolean; readonly bootId: string | undefined }


export function createFlatFiles({ probe, options, state }: Parameters<CreateFiles>[0], files: FileOperations): WriterFiles {
  return new FlatFiles(files, probe, options as FlatFilesOptions, state);
}

class FlatFiles implements WriterFiles {
  readonly bodyLimit = bodyLimit;
  readonly #files: FileOperations;
  readonly #layout: HomeLayout;
  readonly #probe: Probe;
  readonly #bootId: string;
  readonly #state: Parameters<CreateFiles>[0]['state'];
  readonly #stateCopy: StateCopy;
  readonly #notes = new Map<number, ShardNotes>();

  constructor(files: FileOperations, probe: Probe, { path, foldsCase, bootId }: FlatFilesOptions, state: Parameters<CreateFiles>[0]['state']) {
    this.#files = files;
    this.#layout = new HomeLayout(path, foldsCase);
    this.#probe = probe;
    this.#bootId = bootId ?? bootIdentity();
    this.#state = state;
    this.#stateCopy = new StateCopy(files, join(path, 'principals'), state);
  }

  prepare(database: Database, change: Parameters<WriterFiles['prepare']>[1]): PreparedFiles {
    return prepareChange(this.#files, this.#layout, database, change);
  }

  abandon(prepared: Prepared): void {
    if ('temps' in prepared) abandon(this.#files, this.#layout, prepared as PreparedFiles);
  }

  catchUp(shard: ShardSession): void {
    catchUp(this.#carry(shard));
  }

  record(shard: ShardSession, home: number, effects: Effects, prepared: Prepared): void {
    const own = 'temps' in prepared ? prepared as PreparedFiles : undefined;
    new Recording(this.#files, this.#layout, shard, this.#of(shard), home).run(effects, own);
  }

  async place(shard: ShardSession): Promise<void> {
    const notes = this.#of(shard);
    const { group } = notes;
    notes.group = newGroup();
    if (group.rows.size === 0) return;
    notes.waiting += group.rows.size;
    this.#probe('before-rename');
    for (const path of [...group.superseded, ...group.taken]) removeFile(this.#files, path);
    const isPutsAlone = [...group.rows.values()].every(({ kind, source }) => kind === 'put' && source !== 'sidecar');
    try {
      if (isPutsAlone) this.#renameAll(shard, group);
      // Begins with what was not seen yet: the group's own rows among it, in their order.
      else await shard.lockedNow(() => ({ commit: false, value: undefined }));
    } catch {
      // Committed all the same: the rows are carried out with the next lock.
    }
    this.#probe('after-rename');
  }

  rolledBack(shard: ShardSession): void {
    const notes = this.#of(shard);
    for (const path of notes.group.made) removeFile(this.#files, path);
    notes.group = newGroup();
  }

  async checkpoint(shard: ShardSession): Promise<void> {
    const context = this.#checkpointContext(shard);
    if (isDue(context)) await checkpoint(context);
    if (shard.number === 0) this.#stateCopy.refresh(Date.now(), false);
  }

  waiting(shard: ShardSession): number {
    return this.#of(shard).waiting;
  }

  /** Recovery: whoever opens the shard carries out what is left, from the shard itself where the machine has restarted since. */
  opened(shard: ShardSession): void {
    this.#notes.set(shard.number, new ShardNotes());
    const { database } = shard;
    const isSameBoot = (): boolean => database.statement(readMeta).get('boot')?.[0] === this.#bootId;
    if (isSameBoot() && database.statement(firstNumber).get() === undefined) return;
    beginPatiently(database);
    try {
      if (!isSameBoot()) {
        rewritePending(this.#files, this.#layout, database);
        database.statement(putMeta).run('boot', this.#bootId);
      }
      this.catchUp(shard);
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  }

  task(shard: ShardSession, name: string, payload: unknown): Promise<unknown> {
    return runTask({ files: this.#files, layout: this.#layout, shard, notes: this.#of(shard), probe: this.#probe, state: this.#state }, name, payload);
  }

  close(): void {
    this.#stateCopy.refresh(Date.now(), true);
    this.#notes.clear();
  }

  /** Paths are those of the moment of commit: whoever moves a folder later carries out these rows first. */
  #renameAll(shard: ShardSession, group: Group): void {
    const notes = this.#of(shard);
    const context = this.#carry(shard);
    let last = notes.seen;
    for (const row of group.rows.values()) {
      const place = pathOfRow(shard.database, this.#layout, row);
      if (place === undefined || row.temp === undefined) carryOut(context, [row]);
      else if (renameOnly(this.#files, this.#layout.temp(place.owner, row.temp), place.path) === 'unfinished') notes.unfinished.set(fileKey(row.collection, row.file), row);
      last = Math.max(last, row.number);
    }
    notes.seen = last;
  }

  #carry(shard: ShardSession): CarryContext {
    return { files: this.#files, layout: this.#layout, database: shard.database, notes: this.#of(shard) };
  }
  #checkpointContext(shard: ShardSession): CheckpointContext {
    return { files: this.#files, layout: this.#layout, shard, notes: this.#of(shard), probe: this.#probe };
  }

  #of(shard: ShardSession): ShardNotes {
    let notes = this.#notes.get(shard.number);
    if (notes === undefined) {
      notes = new ShardNotes();
      this.#notes.set(shard.number, notes);
    }
    return notes;
  }
}

/** At the start of a process, where waiting delays nobody. */
function beginPatiently(database: Database): void {
  for (let attempt = 0; ; attempt++) {
    try {
      database.exec('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      if (!isBusy(error) || attempt > 2_000) throw error;
      sleep(5);
    }
  }
}

