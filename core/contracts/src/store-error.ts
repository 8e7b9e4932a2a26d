import type { ItemAddress } from './calendar-store.ts';

export type StoreErrorCode =
  | 'etag-mismatch' | 'exists' | 'not-found' | 'uid-taken' | 'too-large' | 'too-many' | 'over-quota' | 'no-space'
  | 'collection-gone' | 'revision-gone' | 'busy' | 'read-only' | 'corrupt';
/** The only error a store may throw. `busy` means: nothing happened, try again. `no-space`: the disk is full; nothing is half written, reads go on. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  /** For `uid-taken`: who holds the UID. */ readonly holder: ItemAddress | undefined;
  constructor(code: StoreErrorCode, message: string, options: { cause?: unknown; holder?: ItemAddress } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.holder = options.holder;
  }
}
