/**
 * Every touch of the tree by the flat-file store: the writer thread's file work and the reader's opens go through this one interface, so that a test can record
 * each operation, drop what was never flushed, and open the store on what is left. SQLite's own files are not its business.
 *
 * Synchronous where the work stands inside a transaction or belongs to one step of the writer thread; the two flushes of a checkpoint go through the thread
 * pool. Failures are Node's system errors, with their `code`. Paths are absolute.
 */
import {
  chmodSync, closeSync, fsyncSync, linkSync, lstatSync, mkdirSync, openSync, readFileSync, readlinkSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface FileOperations {
  /** Creates a file that must not be there yet; nothing is flushed. Removes what it began when it fails. */
  writeNew(path: string, octets: Uint8Array): void;
  /** fsync of one file. */
  flush(path: string): void;
  /** fsync of a folder: of the names in it, not of what they lead to. */
  flushFolder(path: string): void;
  /** As `flush` and `flushFolder`, by the thread pool. */
  flushLater(path: string): Promise<void>;
  flushFolderLater(path: string): Promise<void>;
  /** Atomic; replaces a file, or an empty folder. */
  rename(from: string, to: string): void;
  /** Another name for the same file. */
  link(existing: string, path: string): void;
  symlink(target: string, path: string): void;
  unlink(path: string): void;
  /** One level or all of them; no error where it is there. */
  makeFolder(path: string, recursive?: boolean): void;
  /** Mode 0600: only the server may read it. */
  protect(path: string): void;
  /** With everything in it; no error where it is not there. */
  removeFolder(path: string): void;
  /** Of the name itself, never of what a link leads to; undefined where nothing is. */
  stat(path: string): FileStat | undefined;
  /** Empty where there is no such folder. */
  list(path: string): readonly FolderEntry[];
  /** Undefined where nothing is. */
  read(path: string): Uint8Array | undefined;
  readLink(path: string): string | undefined;
}

export interface FileStat {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly octets: number;
  readonly inode: number;
  /** Of the last change of its octets. */
  readonly modifiedMilliseconds: number;
  /** Of the last change of its octets or names: a new hard link counts. */
  readonly changedMilliseconds: number;
}
export interface FolderEntry { readonly name: string; readonly kind: FileStat['kind'] }

/** The disk itself. */
export const diskFiles: FileOperations = {
  writeNew(path, octets) {
    const file = openSync(path, 'wx', 0o640);
    try {
      for (let at = 0; at < octets.byteLength;) at += writeSync(file, octets, at, octets.byteLength - at);
    } catch (error) {
      unlinkSync(path);
      throw error;
    } finally {
      closeSync(file);
    }
  },
  flush: flushNow,
  flushFolder: flushNow,
  flushLater,
  flushFolderLater: flushLater,
  rename: renameSync,
  link: linkSync,
  symlink: symlinkSync,
  unlink: unlinkSync,
  makeFolder(path, recursive = false) {
    try {
      mkdirSync(path, { recursive, mode: 0o750 });
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  },
  protect: (path) => { chmodSync(path, 0o600); },
  removeFolder: (path) => { rmSync(path, { recursive: true, force: true }); },
  stat(path) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    return { kind: kindOf(found), octets: found.size, inode: found.ino, modifiedMilliseconds: found.mtimeMs, changedMilliseconds: found.ctimeMs };
  },
  list: (path) => missingAs([], () => readdirSync(path, { withFileTypes: true }).map((entry) => ({ name: entry.name, kind: kindOf(entry) }))),
  read: (path) => missingAs(undefined, () => readFileSync(path)),
  readLink: (path) => missingAs(undefined, () => readlinkSync(path)),
};

/** The system error's code, as `ENOENT` or `ENOSPC`. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The folder and its parents up to `root`, each new name flushed: after this a power loss cannot take the folder away. */
export function makeDurableFolder(files: FileOperations, root: string, path: string): void {
  if (path === root || files.stat(path) !== undefined) return;
  makeDurableFolder(files, root, dirname(path));
  files.makeFolder(path);
  files.flushFolder(dirname(path));
}

function flushNow(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

async function flushLater(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function missingAs<T>(missing: T, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return missing;
    throw error;
  }
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): FileStat['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'other';
}
