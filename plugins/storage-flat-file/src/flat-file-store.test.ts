/** The contract, kept by the flat-file store: writer thread, files, checkpoints and all. */
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeCalendarStore, describeJobLog, describeRecordStore, describeStoreMaintenance, systemClock, type OpenStore } from '@kalends/testkit';
import type { FlatFileStore } from './flat-file-options.ts';
import { openFlatFileStore } from './open-flat-file-store.ts';

const open: OpenStore = async (setting) => {
  const path = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kalends-flat-'));
  const opened: FlatFileStore[] = [];
  const openOnce = async (): Promise<FlatFileStore> => {
    const store = await openFlatFileStore({
      path, shards: 2, clock: setting.clock, itemReader: setting.reader, tombstones: { days: setting.tombstones.days, perHome: setting.tombstones.count }, checkpointSeconds: 0.2,
      // On this thread where nothing but the store is asked; with other processes about, as a server has it.
      writer: setting.clock === systemClock ? 'thread' : 'inline',
    });
    opened.push(store);
    return store;
  };
  return {
    ...(await openOnce()),
    reopen: openOnce,
    locate: () => path,
    spawn: (task) => fork(new URL('./store-child.fixture.ts', import.meta.url), [JSON.stringify({ at: path, task })]),
    async close() {
      for (const each of opened) await each.close();
      rmSync(path, { recursive: true });
    },
  };
};

describeCalendarStore('the flat-file store', open);
describeStoreMaintenance('the flat-file store', open);
describeJobLog('the flat-file store', open);
describeRecordStore('the flat-file store', open);
