/** The disk of a store that forgot to carry out what others have committed: a temp that it did not make itself is not there. */
import { diskFiles } from '@kalends/storage-flat-file';
import type { FileOperations } from '@kalends/storage-flat-file';

export function forgetfulFiles(): FileOperations {
  const own = new Set<string>();
  const isForeign = (path: string): boolean => /\.tmp\/[0-9a-f]{24}$/.test(path) && !own.has(path);
  return {
    ...diskFiles,
    writeNew(path, octets) {
      own.add(path);
      diskFiles.writeNew(path, octets);
    },
    link(existing, path) {
      own.add(path);
      diskFiles.link(existing, path);
    },
    rename(from, to) {
      if (isForeign(from)) throw Object.assign(new Error(`ENOENT: forgotten, ${from}`), { code: 'ENOENT' });
      diskFiles.rename(from, to);
    },
    stat: (path) => (isForeign(path) ? undefined : diskFiles.stat(path)),
  };
}
