/** What a back end gives to the store suites, and what the suites give it. One harness is one fresh, empty set of data. */
import type { ChildProcess } from 'node:child_process';
import type { Clock, ItemReader } from '@kalends/contracts';
import type { StoreProvider } from '../memory/memory-store.ts';

export interface StoreHarness extends StoreProvider {
  /** The same data through a fresh instance in this process, while the first stays open. `close` closes it too. */
  reopen(): Promise<StoreProvider>;
  /** What a child needs to open the same data; JSON. */
  locate(): unknown;
  /** A child that does `task` on the same data; the suite may kill it. Required unless `traits.concurrency` is `process`. It opens its store and calls `runStoreTask` (`@kalends/testkit/store-task`). */
  spawn?(task: unknown): ChildProcess;
  close(): Promise<void>;
}

export interface StoreSetting {
  /** Stands still, but in the cases with children. */ readonly clock: Clock;
  readonly reader: ItemReader;
  /** A tombstone may be forgotten when it is older than `days` and not among the last `count` of its home. The store does so at the latest with its next change. */
  readonly tombstones: { readonly days: number; readonly count: number };
}
export type OpenStore = (setting: StoreSetting) => Promise<StoreHarness>;
