import { extensionPoint } from '@kalends/kernel';
import type { CollectionDraft, HomeOwner, ItemAddress } from './calendar-store.ts';
import type { Batches, HomeId } from './ids.ts';

/** What admins do to a store. */
export interface StoreMaintenance {
  homes(after: HomeId | undefined, limit: number): Promise<readonly { readonly home: HomeId; readonly owner: HomeOwner }[]>;
  removeHome(home: HomeId, options: { readonly erase: boolean }): Promise<void>;
  /** Kept by arithmetic in each change; reads a handful of rows, never the homes. */
  statistics(): Promise<readonly StoreStatistics[]>;
  /** Reads everything below the home: octets, facts, index and files against one another. */
  verify(home: HomeId, signal: AbortSignal): Batches<Finding>;
  /** Out of every listing; keeps its name and UID, and its octets for whoever repairs it. */
  quarantine(at: ItemAddress, reason: string): Promise<void>;
  /** Back from quarantine, with repaired octets. */
  release(at: ItemAddress, body: Uint8Array): Promise<void>;
  quarantined(): Batches<Finding>;
  /** Every sync token of the home is void; ETags stay. */
  newEpoch(home: HomeId): Promise<void>;
  /** A tar of one home as of one revision (what changed meanwhile follows at its end), owner and ids included; into this or another store, under a new epoch. */
  exportHome(home: HomeId): AsyncIterable<Uint8Array>;
  importHome(owner: HomeOwner, content: AsyncIterable<Uint8Array>, initial: readonly CollectionDraft[]): Promise<HomeId>;
}
export const storeMaintenance = extensionPoint<StoreMaintenance>('store-maintenance');
export interface StoreStatistics { readonly kind: HomeOwner['kind']; readonly homes: number; readonly calendars: number; readonly events: number; readonly todos: number; readonly octets: number }
export interface Finding { readonly at: ItemAddress; readonly path: readonly string[]; readonly problem: string; readonly repair: string | undefined }
