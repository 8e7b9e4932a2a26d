/** Opens the flat-file store at a data root: the shards, the tree, records and secrets. Nothing is scanned before its home is asked for. */
import type { FlatFileOptions, FlatFileStore } from './flat-file-options.ts';

export function openFlatFileStore(options: FlatFileOptions): Promise<FlatFileStore> {
  return Promise.reject(new Error(`not built yet: ${options.path}`));
}
