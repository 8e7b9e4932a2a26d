/** The contract, kept by shards alone: every body in the shard, the writer on this thread. What files add is the flat-file store's to prove. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreError, type Clock, type StoreMaintenance } from '@kalends/contracts';
import { describeCalendarStore, type OpenStore, type StoreProvider } from '@kalends/testkit';
import { newStagedId } from './identifiers.ts';
import { ReadSide } from './read-side.ts';
import { ShardJobLog } from './shard-job-log.ts';
import { ShardRecordStore } from './shard-record-store.ts';
import { ShardStore, type BodyFiles } from './shard-store.ts';
import { ShardUpkeep } from './shard-upkeep.ts';
import { noFiles } from './writer-files.ts';
import { WriterCore } from './writer/writer-core.ts';

/** Staged octets in memory, for a store without files. */
function stagingArea(clock: Clock): { readonly bodies: BodyFiles; take(id: string): Uint8Array | undefined } {
  const staged = new Map<string, Uint8Array>();
  return {
    take: (id) => staged.get(id),
    bodies: {
      read: () => Promise.resolve(undefined),
      open: () => Promise.resolve(undefined),
      async stage(_home, content, maxOctets) {
        const chunks: Uint8Array[] = [];
        let octets = 0;
        for await (const chunk of content) {
          if ((octets += chunk.byteLength) > maxOctets) throw new StoreError('too-large', `more than ${maxOctets} octets`);
          chunks.push(chunk.slice());
        }
        const id = newStagedId(clock.now());
        const body = Buffer.concat(chunks);
        staged.set(id, body);
        return { id, octets, sha256: createHash('sha256').update(body).digest('hex') };
      },
    },
  };
}

const open: OpenStore = async (setting) => {
  const path = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kalends-shards-'));
  const opened: { close(): Promise<void> }[] = [];
  const { bodies, take } = stagingArea(setting.clock);
  const openOnce = (): StoreProvider => {
    const folder = join(path, 'index');
    const statePath = join(path, 'state.sqlite');
    const reads = new ReadSide(folder, undefined);
    const files = noFiles();
    const port = new WriterCore(
      { folder, shards: 2, statePath, tombstones: { days: setting.tombstones.days, perHome: setting.tombstones.count }, checkpointSeconds: 60, checkpointRows: 1_000, pausePoints: undefined, gates: undefined },
      () => ({
        ...files,
        prepare: (database, change) => {
          const prepared = files.prepare(database, change);
          const stagedOctets = (index: number): Uint8Array | undefined => {
            const operation = change.operations[index];
            return operation?.op === 'put' && operation.body.kind === 'staged' ? take(operation.body.id) : undefined;
          };
          return { inode: () => null, octets: (index) => prepared.octets(index) ?? stagedOctets(index) };
        },
      }),
      undefined,
      { reopened: (shard) => { reads.reopen(shard); }, fatal: (error) => { throw error; }, failed: (error) => { throw error; } },
    );
    const records = new ShardRecordStore(statePath, port, undefined);
    const { clock } = setting;
    const holder = randomBytes(8).toString('hex');
    const traits = { concurrency: 'process', maxItemOctets: 10_000_000, stalenessMilliseconds: 0 } as const;
    const store = new ShardStore({
      shards: 2, traits, clock, reads, port, bodies, keeper: { touch: () => undefined }, holder, grantsRevision: (owner) => records.grantsRevision(owner),
    });
    const jobLog = new ShardJobLog({ shards: 2, clock, reads, port, holder });
    opened.push({
      async close() {
        await jobLog.close();
        await port.close();
        records.close();
        reads.close();
      },
    });
    return { store, jobLog, recordStore: records, maintenance: new ShardUpkeep({ shards: 2, reads }) as unknown as StoreMaintenance };
  };
  return {
    ...openOnce(),
    reopen: async () => openOnce(),
    locate: () => path,
    async close() {
      for (const each of opened) await each.close();
      rmSync(path, { recursive: true });
    },
  };
};

describeCalendarStore('the shards', open);
