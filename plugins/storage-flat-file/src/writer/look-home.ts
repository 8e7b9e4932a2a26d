/**
 * Is the folder of a home the one the shard knows? A sidecar whose noted revision is behind the shard's, whose epoch is another, or whose inode changed, was put
 * there by somebody; one that has a `pending` row, or is ahead of the shard, is our own. So is a folder with an id that the shard never had. Under the lock.
 */
import { join } from 'node:path';
import { integer, text } from '@kalends/lib-shards';
import { sidecarName } from '../home-layout.ts';
import { collectionFolder } from './home-paths.ts';
import { rowOfFile } from './pending.ts';
import { isRemoved } from './settle-tree.ts';
import { parseSidecar } from './sidecar.ts';
import type { TaskContext } from './tasks.ts';

export interface HomeLook {
  /** The shard has it. */ readonly isKnown: boolean;
  /** Its folder tells whose it is. */ readonly hasFolder: boolean;
  readonly isForeign: boolean;
  /** Of the shard's row, to see whether it moves meanwhile. */ readonly stamp: number | undefined;
}

export const homeForLook = 'SELECT key, root, epoch, stamp FROM home WHERE id = ?';
export const notedCollections = 'SELECT id, noted_revision, noted_inode FROM collection WHERE home = ? AND path IS NOT NULL';
export const treeOfHome = `SELECT 1 FROM pending WHERE collection = ? AND file = ''`;

export function lookAtHome(context: TaskContext, owner: string): Promise<HomeLook> {
  return context.shard.locked(() => ({ commit: false, value: look(context, owner) }));
}

export function look({ files, layout, shard: { database } }: TaskContext, owner: string): HomeLook {
  const base = layout.home(owner);
  const root = parseSidecar(files.read(join(base, sidecarName)));
  const hasFolder = root?.owner?.id === owner;
  const row = database.statement(homeForLook).get(owner);
  if (row === undefined) return { isKnown: false, hasFolder, isForeign: false, stamp: undefined };
  const [home, rootKey, epoch, stamp] = row;
  const known = { isKnown: true, hasFolder, stamp: integer(stamp) };
  // Somebody took the folder away: the shard answers until it comes back.
  if (!hasFolder || database.statement(treeOfHome).get(integer(rootKey)) !== undefined) return { ...known, isForeign: false };
  const hasRow = (id: number): boolean => database.statement(rowOfFile).get(id, sidecarName) !== undefined;
  if (root?.epoch !== text(epoch) && !hasRow(integer(rootKey))) return { ...known, isForeign: true };
  const ids = new Set<number>();
  for (const [id, notedRevision, notedInode] of database.statement(notedCollections).all(integer(home))) {
    const key = integer(id);
    ids.add(key);
    const place = collectionFolder(database, layout, key);
    if (place === undefined || hasRow(key) || integer(notedRevision) === 0) continue;
    const path = join(base, place.folder, sidecarName);
    const found = parseSidecar(files.read(path));
    if (found === undefined || found.revision > integer(notedRevision)) continue;
    if (found.revision < integer(notedRevision) || files.stat(path)?.inode !== integer(notedInode)) return { ...known, isForeign: true };
  }
  return { ...known, isForeign: hasUnknownFolder(base) };

  function hasUnknownFolder(folder: string): boolean {
    return files.list(folder).some(({ name, kind }) => {
      if (kind !== 'folder' || name.startsWith('.')) return false;
      const id = parseSidecar(files.read(join(folder, name, sidecarName)))?.id;
      const key = id === undefined ? undefined : Number.parseInt(id, 16);
      const isUnknown = key !== undefined && !ids.has(key) && database.statement(isRemoved).get(key) === undefined;
      return isUnknown || hasUnknownFolder(join(folder, name));
    });
  }
}
