/** A disk that is full when a test says so: whatever needs a block fails with ENOSPC. */
import { diskFiles } from '@kalends/storage-flat-file';
import type { FileOperations } from '@kalends/storage-flat-file';

export interface FullFiles extends FileOperations {
  /** Operations so far that would need a block. */ readonly operations: () => number;
}

/** @param isFull asked with the number of the operation, from 1 */
export function fullFiles(isFull: (operation: number) => boolean): FullFiles {
  let operations = 0;
  const need = (path: string): void => {
    if (!isFull(++operations)) return;
    throw Object.assign(new Error(`ENOSPC: no space left on device, ${path}`), { code: 'ENOSPC' });
  };
  return {
    ...diskFiles,
    operations: () => operations,
    writeNew(path, octets) {
      need(path);
      diskFiles.writeNew(path, octets);
    },
    link(existing, path) {
      need(path);
      diskFiles.link(existing, path);
    },
    symlink(target, path) {
      need(path);
      diskFiles.symlink(target, path);
    },
    makeFolder(path, recursive) {
      if (diskFiles.stat(path) === undefined) need(path);
      diskFiles.makeFolder(path, recursive);
    },
    // A new name may need a block of its folder.
    rename(from, to) {
      need(to);
      diskFiles.rename(from, to);
    },
  };
}
