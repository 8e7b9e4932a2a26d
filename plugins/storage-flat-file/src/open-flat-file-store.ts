/** Opens the flat-file store at a data root: the shards, the tree, records and secrets. Nothing is scanned before its home is asked for. */
import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PrincipalId } from '@kalends/contracts';
import {
  homeIdOf, ReadSide, ShardJobLog, shardOfHome, ShardRecordStore, ShardStore, systemClock, ThreadPort, uniqueName, withStoreErrors, WriterCore, type WriterOptions, type WriterPort,
} from '@kalends/lib-shards';
import { diskFiles } from './file-operations.ts';
import type { FlatFileOptions, FlatFileStore } from './flat-file-options.ts';
import { HomeKeeping } from './home-keeping.ts';
import { HomeLayout } from './home-layout.ts';
import { LargeBodies } from './large-bodies.ts';
import { FlatFileUpkeep } from './maintenance/flat-file-upkeep.ts';
import { traits } from './traits.ts';
import { createFlatFiles, type FlatFilesOptions } from './writer/flat-files.ts';


export async function openFlatFileStore(options: FlatFileOptions): Promise<FlatFileStore> {
  const { path, clock = systemClock, count, itemReader } = options;
  const kinds = ['users', 'groups', 'locations', 'resources', '__uids__'];
  for (const folder of [...kinds.map((each) => `calendars/${each}`), ...[...kinds, 'sudoers'].map((each) => `principals/${each}`), 'index']) mkdirSync(join(path, folder), { recursive: true, mode: 0o750 });
  takeStateCopy(join(path, 'principals'));
  const foldsCase = probeCase(path);
  const shards = settleShards(path, options.shards ?? 16);
  const statePath = join(path, 'principals', 'state.sqlite');
  const writerOptions: WriterOptions = {
    folder: join(path, 'index'), shards, statePath, tombstones: options.tombstones ?? { days: 60, perHome: 10_000 },
    checkpointSeconds: options.checkpointSeconds ?? 5, checkpointRows: options.checkpointRows ?? 1_000,
    pausePoints: options.pausePoints ?? process.env['KALENDS_TEST_PAUSE'], gates: options.gates,
  };
  const filesOptions: FlatFilesOptions = { path, foldsCase, bootId: options.bootId };
  const reads = new ReadSide(writerOptions.folder, count);
  const events = {
    reopened: (shard: number) => { reads.reopen(shard); keeper.forget(shard); },
    failed: (error: unknown) => { options.log?.warn('a checkpoint could not be done; it is tried again', { error }); },
    fatal: (error: unknown) => { process.nextTick(() => { throw error; }); },
  };
  const port = withStoreErrors(await openWriter(options, writerOptions, filesOptions, events));
  const holder = randomBytes(8).toString('hex');
  const records = new ShardRecordStore(statePath, port, count);
  const layout = new HomeLayout(path, foldsCase);
  const isKnown = (owner: PrincipalId): boolean => reads.reader(shardOfHome(homeIdOf(owner), shards)).home(owner) !== undefined;
  const keeper = new HomeKeeping({ shards, port, itemReader, layout, clock, log: options.log, isKnown });
  keeper.start();
  const bodies = new LargeBodies(layout, clock, count);
  const grantsRevision = (owner: Parameters<typeof records.grantsRevision>[0]): number => records.grantsRevision(owner);
  const store = new ShardStore({ shards, traits, clock, reads, port, bodies, keeper, holder, grantsRevision });
  const jobLog = new ShardJobLog({ shards, clock, reads, port, holder });
  const maintenance = new FlatFileUpkeep({ shards, reads, port, store, keeper, layout, itemReader, clock });
  return {
    store, jobLog, recordStore: records, maintenance,
    checkpoint: () => port.checkpoint(),
    async close() {
      await keeper.close();
      await jobLog.close();
      await port.close();
      records.close();
      reads.close();
    },
  };
}

function openWriter(options: FlatFileOptions, writerOptions: WriterOptions, filesOptions: FlatFilesOptions, events: ConstructorParameters<typeof WriterCore>[3]): Promise<WriterPort> {
  if (options.writer === 'inline') {
    const files = options.files ?? diskFiles;
    const create = (context: Parameters<typeof createFlatFiles>[0]): ReturnType<typeof createFlatFiles> => createFlatFiles(context, files);
    return Promise.resolve(new WriterCore(writerOptions, create, filesOptions, events, { onPoint: options.onPoint, count: options.count }));
  }
  const filesModule = new URL(import.meta.url.endsWith('.ts') ? './writer/thread-files.ts' : './writer/thread-files.js', import.meta.url).href;
  return ThreadPort.open({ options: writerOptions, filesModule, filesOptions }, events);
}

/** Where the records are gone, the copy made for backups takes their place. */
function takeStateCopy(folder: string): void {
  const [state, copy] = [join(folder, 'state.sqlite'), join(folder, 'state.copy.sqlite')];
  if (existsSync(state) || !existsSync(copy)) return;
  const temp = join(folder, `.state-${uniqueName()}`);
  copyFileSync(copy, temp);
  chmodSync(temp, 0o600);
  try {
    linkSync(temp, state);
  } catch (error) {
    // Another process was first.
    if (!existsSync(state)) throw error;
  } finally {
    rmSync(temp);
  }
}

/** Does the file system take `A` and `a` for the same name? */
function probeCase(path: string): boolean {
  const name = `.probe-${uniqueName()}`;
  writeFileSync(join(path, name), '');
  const folds = existsSync(join(path, name.toUpperCase()));
  rmSync(join(path, name));
  return folds;
}

/** The number of shards is fixed when the index is made: whoever comes first writes it down. */
function settleShards(path: string, wanted: number): number {
  const note = join(path, 'index', 'shards');
  if (!existsSync(note)) {
    const temp = join(path, 'index', `.shards-${uniqueName()}`);
    writeFileSync(temp, `${wanted}\n`);
    try {
      linkSync(temp, note);
    } catch (error) {
      if (!existsSync(note)) throw error;
    } finally {
      rmSync(temp);
    }
  }
  const found = Number(readFileSync(note, 'utf8'));
  if (!Number.isInteger(found) || found < 1 || found > 256) throw new Error(`${note} does not hold a number of shards`);
  return found;
}
