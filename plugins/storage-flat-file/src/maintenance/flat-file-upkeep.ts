/** StoreMaintenance of the flat-file store: what admins do. Each method is a few lines; the work is beside it. */
import {
  StoreError, type Batches, type Clock, type CollectionDraft, type CollectionId, type Finding, type HomeId, type HomeOwner, type ItemAddress, type ItemName, type ItemReader, type StoreStatistics,
} from '@kalends/contracts';
import {
  collectionId, collectionKey, HomeUpkeep, integer, ownerOf, pathSegments, readSql, ShardUpkeep, shardOfHome, shardOfId, text, type ReadSide, type Row, type ShardStore, type WriterPort,
} from '@kalends/lib-shards';
import type { FlatFileMaintenance } from '../flat-file-options.ts';
import type { HomeKeeping } from '../home-keeping.ts';
import type { HomeLayout } from '../home-layout.ts';
import { exportHome } from './export-home.ts';
import { unpackHome } from './import-home.ts';
import { verifyHome } from './verify-home.ts';

export interface UpkeepOptions {
  readonly shards: number; readonly reads: ReadSide; readonly port: WriterPort; readonly store: ShardStore; readonly keeper: HomeKeeping; readonly layout: HomeLayout;
  readonly itemReader: ItemReader; readonly clock: Clock;
}

const findingsAtOnce = 256;

export class FlatFileUpkeep implements FlatFileMaintenance {
  readonly #options: UpkeepOptions;
  readonly #shards: ShardUpkeep;
  readonly #homes: HomeUpkeep;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#shards = new ShardUpkeep(options);
    this.#homes = new HomeUpkeep(options);
  }

  homes(after: HomeId | undefined, limit: number): Promise<readonly { readonly home: HomeId; readonly owner: HomeOwner }[]> {
    return this.#shards.homes(after, limit);
  }
  statistics(): Promise<readonly StoreStatistics[]> {
    return this.#shards.statistics();
  }

  async removeHome(home: HomeId, { erase }: { readonly erase: boolean }): Promise<void> {
    const { port, shards } = this.#options;
    const found = await port.task(shardOfHome(home, shards), 'remove-home', { owner: ownerOf(home), erase });
    if (found !== true) throw new StoreError('not-found', 'there is no such home');
  }

  verify(home: HomeId, signal: AbortSignal): Batches<Finding> {
    return verifyHome(this.#options, home, signal);
  }

  quarantine(at: ItemAddress, reason: string): Promise<void> {
    return this.#homes.quarantine(at, reason);
  }

  async release(at: ItemAddress, body: Uint8Array): Promise<void> {
    const { reads, shards, itemReader } = this.#options;
    const kind = await reads.read(shardOfId(at.collection, shards), (reader) => reader.collection(collectionKey(at.collection))?.collection.kind);
    const read = kind === 'calendar' || kind === 'inbox' ? itemReader.read(body) : undefined;
    if (read !== undefined && 'problem' in read) throw new StoreError('corrupt', read.problem);
    await this.#homes.release(at, body, read);
  }

  async *quarantined(): Batches<Finding> {
    const { reads, shards } = this.#options;
    for (let shard = 0; shard < shards; shard++) {
      for (let last: Row | undefined; ;) {
        const from = last;
        const rows: readonly Row[] = await reads.read(shard, ({ database }) =>
          database.statement(readSql.quarantines).all(integer(from?.[0] ?? -1), text(from?.[1]), findingsAtOnce));
        if (rows.length > 0) yield rows.map(([collection, name, reason, path]) => ({
          at: { collection: collectionId(integer(collection)), name: text(name) as ItemName }, path: [...pathSegments(text(path)), text(name)], problem: text(reason), repair: undefined,
        }));
        if (rows.length < findingsAtOnce) break;
        last = rows.at(-1);
      }
    }
  }

  newEpoch(home: HomeId): Promise<void> {
    return this.#homes.newEpoch(home);
  }
  rescan(home: HomeId): Promise<void> {
    return this.#options.keeper.rescan(home);
  }
  exportHome(home: HomeId): AsyncIterable<Uint8Array> {
    return exportHome(this.#options, home);
  }

  /** Ids stay where they are free in this store; facts are derived anew. */
  async importHome(owner: HomeOwner, content: AsyncIterable<Uint8Array>, initial: readonly CollectionDraft[]): Promise<HomeId> {
    const { store, layout, keeper, reads, shards, clock } = this.#options;
    if (await store.findHome(owner.id) !== undefined) throw new StoreError('exists', `${owner.id} has a home`);
    const isFree = (id: CollectionId): Promise<boolean> => reads.read(shardOfId(id, shards), (reader) => reader.collection(collectionKey(id)) === undefined);
    await unpackHome({ layout, isFree, now: clock.now() }, owner, content, initial);
    await keeper.rescan(owner.id as string as HomeId);
    return owner.id as string as HomeId;
  }
}
