/** Changes that no client makes: no `work`, no recheck, through the same writer. */
import { StoreError, type CollectionId, type HomeId, type HomeOwner, type ItemAddress, type ItemFacts, type WriteLimits } from '@kalends/contracts';
import { hash } from 'node:crypto';
import { collectionKey, homeIdOf, newEpoch, ownerOf, shardOfHome, shardOfId } from '../identifiers.ts';
import { monotonic } from '../writer/shard-writer.ts';
import type { Change, ChangeOperation } from './change.ts';
import { etagOf } from './collected-change.ts';
import type { ChangerOptions } from './home-changer.ts';

const noLimits: WriteLimits = { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity };
const attempts = 5;

export interface ReadObject { readonly component: string; readonly uid: string; readonly facts: ItemFacts }

export class HomeUpkeep {
  readonly #options: Pick<ChangerOptions, 'shards' | 'reads' | 'port' | 'clock'>;

  constructor(options: Pick<ChangerOptions, 'shards' | 'reads' | 'port' | 'clock'>) {
    this.#options = options;
  }

  async quarantine(at: ItemAddress, reason: string): Promise<void> {
    const collection = collectionKey(at.collection);
    await this.#require(at.collection, (exists) => exists.item(collection, at.name, {}) !== undefined, at.name);
    await this.#change(await this.homeOf(at.collection), [{ op: 'quarantine', at: { collection, name: at.name }, reason }]);
  }

  /** `read`: undefined for a plain file. */
  async release(at: ItemAddress, body: Uint8Array, read: ReadObject | undefined): Promise<void> {
    const collection = collectionKey(at.collection);
    await this.#require(at.collection, (reader) => reader.isQuarantined(collection, at.name), at.name);
    const octets = Uint8Array.prototype.slice.call(body);
    await this.#change(await this.homeOf(at.collection), [{
      op: 'release', at: { collection, name: at.name }, etag: etagOf(hash('sha256', body, 'buffer')), component: read?.component ?? null, uid: read?.uid ?? null,
      size: octets.byteLength, facts: read?.facts, body: { kind: 'octets', octets },
    }]);
  }

  async newEpoch(home: HomeId): Promise<void> {
    const shard = shardOfHome(home, this.#options.shards);
    const row = await this.#options.reads.read(shard, (reader) => reader.home(ownerOf(home)));
    if (row === undefined) throw new StoreError('not-found', 'there is no such home');
    await this.#change(home, [{ op: 'new-epoch', root: row.root, epoch: newEpoch() }]);
  }

  async nameOwner({ id, name }: HomeOwner): Promise<void> {
    const home = homeIdOf(id);
    const row = await this.#options.reads.read(shardOfHome(home, this.#options.shards), (reader) => reader.home(id));
    if (row !== undefined && row.name !== name) await this.#change(home, [{ op: 'name-owner', root: row.root, name }]);
  }

  async homeOf(collection: CollectionId): Promise<HomeId> {
    const row = await this.#options.reads.read(shardOfId(collection, this.#options.shards), (reader) => reader.collection(collectionKey(collection)));
    if (row === undefined) throw new StoreError('not-found', `collection ${collection} is not there`);
    return row.collection.home;
  }

  async #require(collection: CollectionId, holds: (reader: Parameters<Parameters<ChangerOptions['reads']['read']>[1]>[0]) => boolean, name: string): Promise<void> {
    const is = await this.#options.reads.read(shardOfId(collection, this.#options.shards), holds);
    if (!is) throw new StoreError('not-found', `${name} is not there`);
  }

  async #change(home: HomeId, operations: readonly ChangeOperation[]): Promise<void> {
    const reads = { stamp: -1, whole: false, items: [], uids: [], collections: [], absent: [], locks: undefined };
    const change: Change = { home, reads, operations, limits: noLimits, now: this.#options.clock.now() };
    for (let attempt = 0; attempt < attempts; attempt++) {
      const result = await this.#options.port.change(shardOfHome(home, this.#options.shards), change, monotonic() + 2_000);
      if (result.kind === 'done') return;
      if (result.kind === 'failed') throw new StoreError(result.code, result.message);
    }
    throw new StoreError('busy', 'the home would not hold still');
  }
}
