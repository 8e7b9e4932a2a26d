/**
 * `write` from the caller's side: runs `work` against a view, sends what it collected to the writer, and runs it again when the home has moved. After two such
 * disappointments the shard is held for it, so that a busy home starves nobody.
 */
import { StoreError, type Clock, type CollectionDraft, type Committed, type HomeId, type HomeOwner, type HomeRoot, type Item, type ItemSelect, type PrincipalId, type Revision, type StoreTraits, type StoreWriter, type WriteLimits } from '@kalends/contracts';
import { collectionKey, newCollectionId, newEpoch, ownerOf, shardOfHome, homeIdOf } from '../identifiers.ts';
import { mapText, type ItemRow } from '../item-columns.ts';
import { asStoreError, type ReadSide } from '../read-side.ts';
import type { ShardReader } from '../shard-reader.ts';
import { monotonic } from '../writer/shard-writer.ts';
import type { WriterPort } from '../writer/writer-core.ts';
import type { Change, ChangeOperation, ChangeResult } from './change.ts';
import { CollectedChange } from './collected-change.ts';

export interface ChangerOptions {
  readonly shards: number; readonly traits: StoreTraits; readonly clock: Clock; readonly reads: ReadSide; readonly port: WriterPort; readonly holder: string;
  readonly grantsRevision: (owner: PrincipalId) => number;
}
type ReadBody = (collection: number, row: ItemRow, select: ItemSelect) => Promise<Item | undefined>;

const giveUpMilliseconds = 2_000;
const attemptsBeforeHold = 2;
const noLimits: WriteLimits = { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity };

/** How one run of `work` ended. */
type Outcome<T> = { readonly change: Change | undefined; readonly value: T } | { readonly error: unknown };

export class HomeChanger {
  readonly #options: ChangerOptions;
  readonly #readBody: ReadBody;

  constructor(options: ChangerOptions, readBody: ReadBody) {
    this.#options = options;
    this.#readBody = readBody;
  }

  async write<T>(home: HomeId, limits: WriteLimits, work: (tx: StoreWriter) => Promise<T>): Promise<Committed<T>> {
    const shard = shardOfHome(home, this.#options.shards);
    const deadline = monotonic() + giveUpMilliseconds;
    for (let attempt = 0; attempt < attemptsBeforeHold; attempt++) {
      const { tx, reader, stamp } = await this.#begin(home, shard, limits);
      const outcome = await this.#run(tx, work);
      if (!('change' in outcome) || outcome.change === undefined) {
        // Nothing goes to the writer, so here it must be asked whether all was read from one state.
        if (reader.stamp(ownerOf(home)) !== stamp) continue;
        if ('error' in outcome) throw outcome.error;
        return { value: outcome.value, revision: this.#revision(reader, home) };
      }
      await this.#copyLocks(home, tx);
      const result = await this.#options.port.change(shard, outcome.change, deadline);
      if (result.kind === 'again') continue;
      return { value: outcome.value, revision: await this.#finish(home, tx, result) };
    }
    return this.#writeHeld(home, shard, deadline, limits, work);
  }

  async create(owner: HomeOwner, root: HomeRoot, initial: readonly CollectionDraft[]): Promise<void> {
    const home = homeIdOf(owner.id);
    const rootId = newCollectionId(home);
    const acl = (list: HomeRoot['acl'] = []): string => JSON.stringify(list);
    const operations: ChangeOperation[] = [
      { op: 'create-home', owner, root: collectionKey(rootId), epoch: newEpoch(), properties: mapText(root.properties), acl: acl(root.acl) },
      ...initial.map((draft): ChangeOperation => ({
        op: 'create-collection', key: collectionKey(newCollectionId(home)), parent: collectionKey(rootId), segment: draft.segment, kind: draft.kind,
        properties: mapText(draft.properties), acl: acl(draft.acl),
      })),
    ];
    const reads = { stamp: undefined, whole: false, items: [], uids: [], collections: [], absent: [], locks: undefined };
    const change: Change = { home, reads, operations, limits: noLimits, now: this.#options.clock.now() };
    const result = await this.#options.port.change(shardOfHome(home, this.#options.shards), change, monotonic() + giveUpMilliseconds);
    if (result.kind === 'failed') throw new StoreError(result.code, result.message);
  }

  async #begin(home: HomeId, shard: number, limits: WriteLimits): Promise<{ readonly tx: CollectedChange; readonly reader: ShardReader; readonly stamp: number }> {
    const { reads, clock, traits, holder, grantsRevision } = this.#options;
    const owner = ownerOf(home);
    const row = await reads.read(shard, (reader) => reader.home(owner));
    if (row === undefined) throw new StoreError('not-found', 'there is no such home');
    const reader = reads.reader(shard);
    const tx = new CollectedChange({
      reader, home: row, limits, now: clock.now(), grantsRevision: grantsRevision(owner), maxItemOctets: traits.maxItemOctets, holder, readBody: this.#readBody,
    });
    return { tx, reader, stamp: row.stamp };
  }

  async #run<T>(tx: CollectedChange, work: (tx: StoreWriter) => Promise<T>): Promise<Outcome<T>> {
    try {
      const value = await work(tx);
      return { change: tx.end(), value };
    } catch (error) {
      tx.end();
      return { error: asStoreError(error) };
    }
  }

  async #writeHeld<T>(home: HomeId, shard: number, deadline: number, limits: WriteLimits, work: (tx: StoreWriter) => Promise<T>): Promise<Committed<T>> {
    let tx: CollectedChange | undefined;
    let outcome: Outcome<T> | undefined;
    const result = await this.#options.port.held(shard, deadline, async () => {
      try {
        ({ tx } = await this.#begin(home, shard, limits));
      } catch (error) {
        outcome = { error };
        return undefined;
      }
      outcome = await this.#run(tx, work);
      if ('error' in outcome || outcome.change === undefined) return undefined;
      await this.#copyLocks(home, tx);
      return outcome.change;
    });
    if (outcome !== undefined && 'error' in outcome) throw outcome.error;
    if (outcome !== undefined && outcome.change === undefined) return { value: outcome.value, revision: this.#revision(this.#options.reads.reader(shard), home) };
    if (outcome === undefined || tx === undefined || result.kind === 'again') throw new StoreError('busy', result.kind === 'failed' ? result.message : 'the home would not hold still');
    return { value: outcome.value, revision: await this.#finish(home, tx, result) };
  }

  async #finish(home: HomeId, tx: CollectedChange, result: Exclude<ChangeResult, { readonly kind: 'again' }>): Promise<Revision> {
    if (result.kind === 'failed') throw new StoreError(result.code, result.message);
    const { removed } = tx.lockChanges;
    // The shard's row counts; a copy that is left behind dies at its expiry.
    if (removed.length > 0) await this.#options.port.state({ task: 'drop-locks', home, tokens: removed });
    return result.revision as Revision;
  }

  /** Before the change: a rebuilt shard must find every lock that was ever answered. */
  async #copyLocks(home: HomeId, tx: CollectedChange): Promise<void> {
    const { put } = tx.lockChanges;
    if (put.length === 0) return;
    const locks = put.map((lock) => ({ token: lock.token, json: JSON.stringify(lock), expires: lock.expires }));
    await this.#options.port.state({ task: 'copy-locks', home, locks, now: this.#options.clock.now() });
  }

  #revision(reader: ShardReader, home: HomeId): Revision {
    const row = reader.home(ownerOf(home));
    return (row === undefined ? 0 : (reader.collection(row.root)?.collection.revision ?? 0)) as Revision;
  }
}
