import { extensionPoint } from '@kalends/kernel/extension-point';
import type { Batches, PrincipalId } from './ids.ts';

/**
 * Small durable facts that are not calendars: delegates, sharees, push subscriptions, mail tokens, augments, secrets. At most 64 KiB each. A relation is one
 * record an edge, under both ends: `delegate/<owner>/<mode>/<delegate>` and `delegate-of/<delegate>/<owner>/<mode>`.
 */
export interface RecordStore {
  get(kind: string, key: string): Promise<StoredRecord | undefined>;
  /** Ascending by key. */
  list(kind: string, prefix: string): Batches<StoredRecord>;
  /** All or nothing, durable on return, at most 1,000. @throws StoreError `etag-mismatch` when an `expect` fails */
  apply(operations: readonly RecordOperation[]): Promise<void>;
}
export const recordStore = extensionPoint<RecordStore>('record-store');
export interface StoredRecord { readonly key: string; readonly version: string; readonly value: unknown }
export interface RecordOperation {
  readonly kind: string; readonly key: string;
  /** Absent: remove. */ readonly value?: unknown;
  /** The stored version, or `'absent'`: nothing is there. Omitted: whatever is there. */ readonly expect?: string;
  /** The owner whose `Home.grantsRevision` grows in the same change. */ readonly grantsOf?: PrincipalId;
}
