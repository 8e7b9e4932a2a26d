/** The default calendar store: readable files as data, SQLite shards as log and index. */
export { openFlatFileStore } from './open-flat-file-store.ts';
export type { FlatFileMaintenance, FlatFileOptions, FlatFileStore } from './flat-file-options.ts';
export { diskFiles } from './file-operations.ts';
export type { FileOperations, FileStat, FolderEntry } from './file-operations.ts';
