import { extensionPoint } from '@kalends/kernel/extension-point';
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
  /**
   * A tar (ustar) of one home as of one revision, owner and ids included, what changed meanwhile at its end; into this or another store, under a new epoch, so
   * the members are the same for all stores. First `home.json` ({ format: 1, owner: HomeOwner, root: CollectionId }), then in any order, numbered as they come,
   * the last word on a collection's id or an item's name being the true one; octets in JSON are base64, maps are objects:
   * - `collections/<n>.json`: { id, parent?, segment, kind, created, properties, personal, acl }
   * - `items/<n>.json`: { collection, name, contentType, component?, uid?, scheduleTag?, created, modified, facts?, acl?, dead, attachments,
   *   personal: [{ principal, patch, facts }] }; right after it `items/<n>.body`: its octets
   * - `gone/<n>.json`: { collection, name? }, without a name the collection itself
   * Locks, jobs, hidden collections and revisions stay behind. A header's size may be in base 256 (over 8 GiB), its path is at most 100 octets.
   */
  exportHome(home: HomeId): AsyncIterable<Uint8Array>;
  /** Ids stay where they are free and of this store's form. @throws StoreError `exists`: the owner has a home; `corrupt`: no archive, or not all of one */
  importHome(owner: HomeOwner, content: AsyncIterable<Uint8Array>, initial: readonly CollectionDraft[]): Promise<HomeId>;
}
export const storeMaintenance = extensionPoint<StoreMaintenance>('store-maintenance');
export interface StoreStatistics { readonly kind: HomeOwner['kind']; readonly homes: number; readonly calendars: number; readonly events: number; readonly todos: number; readonly octets: number }
export interface Finding { readonly at: ItemAddress; readonly path: readonly string[]; readonly problem: string; readonly repair: string | undefined }
