/**
 * Puts a home's folders right: a state, not a list of commands, so doing it twice, late, or after a lost rename ends the same. Reads the id in each folder's
 * sidecar, moves what lies wrong to `.tmp/<id>`, what was removed to `.tmp/gone-<unique>`, then everything from `.tmp/<id>` to its place. Under the shard's lock.
 * Looks in what was removed too: where the power failed, a folder that had left it before may lie in it again.
 *
 * A folder that tells no id, or one that the shard never had, is nobody's: it stays where it is, and only makes way (`.tmp/lost-<unique>`, never deleted).
 */
import { join } from 'node:path';
import { collectionId, integer, text, uniqueName, type Database, type Row } from '@kalends/lib-shards';
import { codeOf, type FileOperations } from '../file-operations.ts';
import { sidecarName, type HomeLayout } from '../home-layout.ts';
import { makeCollectionFolder } from './prepare-change.ts';
import { parseSidecar, sidecarOf } from './sidecar.ts';

export const collectionsOfHome = 'SELECT id, parent, segment, path, hidden FROM collection WHERE home = ?';
export const isRemoved = 'SELECT 1 FROM removed WHERE id = ?';
export const goneFolder = 'gone-';
const lostFolder = 'lost-';

interface Found { readonly id: string | undefined; /** From the home's folder. */ readonly folder: string }
interface Wanted { readonly id: string; readonly key: number; readonly folder: string }

export function settleTree(files: FileOperations, layout: HomeLayout, database: Database, home: number, owner: string): void {
  const base = layout.home(owner);
  const wanted = wantedFolders(database, layout, home);
  const inTemps = files.list(layout.temps(owner)).filter(({ name, kind }) => kind === 'folder' && (/^[0-9a-f]{13}$/.test(name) || name.startsWith(goneFolder)));
  const found = [...foldersBelow(files, base, '.'), ...inTemps.flatMap(({ name }) => foldersBelow(files, base, join('.tmp', name)))];
  const atPlace = new Set<string>();
  // Deepest first, so that a folder is moved with nothing in it that belongs elsewhere.
  for (const { id, folder } of found.sort((left, right) => right.folder.length - left.folder.length)) {
    if (id === undefined) continue;
    const place = wanted.get(id);
    if (place?.folder === folder) atPlace.add(id);
    else moveOut(files, database, base, { id, folder }, place);
  }
  for (const place of [...wanted.values()].sort((left, right) => depth(left.folder) - depth(right.folder))) {
    if (atPlace.has(place.id) && files.stat(join(base, place.folder)) !== undefined) continue;
    putIn(files, layout, database, owner, place);
  }
}

/** Every collection but the root; a hidden one belongs into `.tmp` under its id. */
function wantedFolders(database: Database, layout: HomeLayout, home: number): ReadonlyMap<string, Wanted> {
  const rows = new Map(database.statement(collectionsOfHome).all(home).map((row) => [integer(row[0]), row]));
  const folderOf = (row: Row): string => {
    const [id, parent, segment, path, hidden] = row;
    if (typeof path === 'string') return layout.folder(path);
    const above = rows.get(integer(parent));
    return hidden === 1 || above === undefined ? join('.tmp', collectionId(integer(id))) : join(folderOf(above), layout.fileName(text(segment)));
  };
  const wanted = new Map<string, Wanted>();
  for (const [key, row] of rows) if (row[1] !== null) wanted.set(collectionId(key), { id: collectionId(key), key, folder: folderOf(row) });
  return wanted;
}

function foldersBelow(files: FileOperations, base: string, folder: string): Found[] {
  const found: Found[] = folder === '.' ? [] : [{ id: parseSidecar(files.read(join(base, folder, sidecarName)))?.id, folder }];
  for (const { name, kind } of files.list(join(base, folder))) {
    if (kind === 'folder' && !name.startsWith('.')) found.push(...foldersBelow(files, base, join(folder, name)));
  }
  return found;
}

function moveOut(files: FileOperations, database: Database, base: string, { id, folder }: { readonly id: string; readonly folder: string }, place: Wanted | undefined): void {
  const aside = join('.tmp', id);
  if (place !== undefined) {
    // A copy that somebody made of a folder has the same id: the one that waits, or lies right, counts.
    if (folder !== aside && files.stat(join(base, aside)) === undefined && parseSidecar(files.read(join(base, place.folder, sidecarName)))?.id !== id) files.rename(join(base, folder), join(base, aside));
    return;
  }
  if (folder.startsWith(join('.tmp', goneFolder))) return;
  if (database.statement(isRemoved).get(Number.parseInt(id, 16)) !== undefined) files.rename(join(base, folder), join(base, '.tmp', goneFolder + uniqueName()));
}

function putIn(files: FileOperations, layout: HomeLayout, database: Database, owner: string, { id, key, folder }: Wanted): void {
  const base = layout.home(owner);
  const aside = join(base, '.tmp', id);
  const place = join(base, folder);
  if (place === aside && files.stat(aside) !== undefined) return;
  if (files.stat(aside) === undefined) {
    // Its folder is gone by no doing of ours; what the shard knows of it is written again.
    const known = sidecarOf(database, key);
    if (known === undefined) return;
    makeCollectionFolder(files, aside, known.sidecar, () => { files.makeFolder(layout.temps(owner), true); });
    if (place === aside) return;
  }
  const there = files.stat(place);
  if (there !== undefined) files.rename(place, join(base, '.tmp', (there.kind === 'file' ? goneFolder : lostFolder) + uniqueName()));
  try {
    files.rename(aside, place);
  } catch (error) {
    // Lost a race that only a hand from outside can run; the row stays and it is tried again.
    if (codeOf(error) !== 'ENOENT' || files.stat(aside) !== undefined) throw error;
  }
}

const depth = (folder: string): number => folder.split('/').length;
