import { extensionPoint } from '@kalends/kernel/extension-point';
import type { Batches, EpochSeconds } from './ids.ts';

/** Octets under a content hash. Who may read them, and who counts them, is decided by the items that name them. */
export interface AttachmentStore {
  put(content: AsyncIterable<Uint8Array>, maxOctets: number): Promise<{ readonly id: string; readonly octets: number; readonly sha256: string }>;
  open(id: string, octets?: { readonly from: number; readonly to: number }): Promise<AsyncIterable<Uint8Array> | undefined>;
  remove(id: string): Promise<void>;
  /** For the job that removes what no item has named for a day. */
  list(): Batches<{ readonly id: string; readonly octets: number; readonly stored: EpochSeconds }>;
}
export const attachmentStore = extensionPoint<AttachmentStore, 'optional'>('attachment-store', 'optional');
