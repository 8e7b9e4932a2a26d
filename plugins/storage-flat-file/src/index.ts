/**
 * The default calendar store: readable files as data, SQLite shards as log and index. Opens at start, so that checking a config touches no disk; until then the
 * provided services refuse.
 */
import { access, constants } from 'node:fs/promises';
import { calendarStore, clock, deployment, itemReader, jobLog, recordStore, storeMaintenance } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import type { FlatFileStore } from './flat-file-options.ts';
import { whenOpen } from './when-open.ts';
import { openFlatFileStore } from './open-flat-file-store.ts';

export { openFlatFileStore } from './open-flat-file-store.ts';
export type { FlatFileMaintenance, FlatFileOptions, FlatFileStore } from './flat-file-options.ts';
export { diskFiles } from './file-operations.ts';
export type { FileOperations, FileStat, FolderEntry } from './file-operations.ts';

const config = z.strictObject({
  path: z.string().min(1).optional().describe('Where calendars/, principals/ and index/ lie. Default: the data root.'),
  shards: z.number().int().min(1).max(256).default(16).describe('SQLite files of the index; fixed when the index is made.'),
  'checkpoint-seconds': z.number().min(0.1).max(300).default(5).describe('How often files are flushed and their pending rows forgotten.'),
  'checkpoint-rows': z.number().int().min(10).max(100_000).default(1_000).describe('Pending rows of one shard that bring a checkpoint forward.'),
  'tombstone-days': z.number().int().min(1).max(3_650).default(60).describe('How long a removal is told to clients that sync.'),
  'tombstones-per-home': z.number().int().min(100).max(10_000_000).default(10_000).describe('So many removals of a home are told however old they are.'),
});

export default definePlugin({
  name: '@kalends/storage-flat-file',
  api: 1,
  summary: 'Calendar store of readable .ics files, with SQLite as log and index.',
  config,
  provides: { store: calendarStore, maintenance: storeMaintenance, jobs: jobLog, records: recordStore },
  requires: { deployment, itemReader, clock },

  setup({ config, deps, log, lifecycle }) {
    const root = config.path ?? deps.deployment.dataRoot;
    let opened: FlatFileStore | undefined;
    lifecycle.onStart(async () => {
      opened = await openFlatFileStore({
        path: root, shards: config.shards, checkpointSeconds: config['checkpoint-seconds'], checkpointRows: config['checkpoint-rows'],
        tombstones: { days: config['tombstone-days'], perHome: config['tombstones-per-home'] }, itemReader: deps.itemReader, clock: deps.clock, log,
      });
    });
    lifecycle.onStop(async () => {
      await opened?.close();
      opened = undefined;
    });
    lifecycle.health('files', async () => {
      try {
        await access(root, constants.R_OK | constants.W_OK);
        return opened === undefined ? { ok: false, detail: 'not open' } : { ok: true };
      } catch (error) {
        return { ok: false, detail: error instanceof Error ? error.message : String(error) };
      }
    });
    return whenOpen(() => opened);
  },
});
