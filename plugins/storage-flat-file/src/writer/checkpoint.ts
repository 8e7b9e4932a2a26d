/**
 * Step 6: makes files durable and forgets their rows. Takes the lock once to carry out what it has not seen; flushes without it, through the thread pool, a few at
 * a time; takes it again to rename the sidecars, flush their folders, note them, and delete the rows by number.
 */
import { dirname, join } from 'node:path';
import { integer, uniqueName, type Probe, type ShardSession } from '@kalends/lib-shards';
import { codeOf, type FileOperations } from '../file-operations.ts';
import { sidecarName, type HomeLayout } from '../home-layout.ts';
import { collectionFolder, pathOfRow } from './home-paths.ts';
import { firstNumber, fileKey, ownerOfHome, rowOfFile, rowsAfter, toPending, dropRow, type PendingRow, type ShardNotes } from './pending.ts';
import { removeFile } from './prepare-change.ts';
import { collectionsOfHome, goneFolder } from './settle-tree.ts';
import { sidecarOctets, sidecarOf } from './sidecar.ts';
import { sweepTemps } from './sweep-temps.ts';

export const noteSidecar = 'UPDATE collection SET noted_revision = ?, noted_inode = ? WHERE id = ?';
export const notedOf = 'SELECT noted_revision, version, parent FROM collection WHERE id = ?';
export const dropRemoved = 'DELETE FROM removed WHERE home = ?';

const flushesAtOnce = 4;

interface Covered { readonly row: PendingRow; readonly owner: string; readonly folder: string; readonly path: string }
interface NewSidecar { readonly collection: number; readonly owner: string; readonly temp: string; readonly version: number; readonly revision: number }

export interface CheckpointContext { readonly files: FileOperations; readonly layout: HomeLayout; readonly shard: ShardSession; readonly notes: ShardNotes; readonly probe: Probe }

/** Is there anything of ours, or left behind by a process that died? One statement where there is not. */
export function isDue({ shard, notes }: CheckpointContext): boolean {
  const lowest = integer(shard.database.statement(firstNumber).get()?.[0]);
  const isLeft = lowest !== 0 && lowest === notes.lowest;
  notes.lowest = lowest;
  return lowest !== 0 && (notes.waiting > 0 || isLeft);
}

export async function checkpoint(context: CheckpointContext): Promise<void> {
  const { files, layout, shard, notes, probe } = context;
  notes.waiting = 0;
  const covered = await shard.locked(() => ({ commit: false, value: gather(context) }));
  if (covered.length === 0) return;
  probe('checkpoint-begin');
  const upTo = Math.max(...covered.map(({ row }) => row.number));
  const flushed = await flushFiles(files, layout, covered);
  const sidecars = writeSidecars(context, flushed);
  probe('checkpoint-flushed');
  try {
    const homes = await shard.locked(() => ({ commit: true, value: forget(context, flushed, sidecars, upTo) }));
    probe('checkpoint-after-commit');
    for (const owner of homes) throwAway(files, layout, owner);
  } finally {
    for (const { owner, temp } of sidecars) removeFile(files, layout.temp(owner, temp));
  }
  await sweepTemps(context, new Map(covered.map(({ row, owner }) => [row.home, owner])));
}

/** Under the lock, everything having been carried out: where each row's file is. */
function gather({ layout, shard: { database }, notes }: CheckpointContext): readonly Covered[] {
  const covered: Covered[] = [];
  for (const row of database.statement(rowsAfter).all(0).map(toPending)) {
    if (notes.unfinished.has(fileKey(row.collection, row.file))) continue;
    const place = pathOfRow(database, layout, row);
    const owner = place?.owner ?? ownerOfHome(database, row.home) ?? '';
    covered.push({ row, owner, folder: place?.folder ?? '', path: place?.path ?? '' });
  }
  return covered;
}

/** Those whose file and folder are durable now. One that cannot be found stays for the next checkpoint: its folder may have moved meanwhile. */
async function flushFiles(files: FileOperations, layout: HomeLayout, covered: readonly Covered[]): Promise<readonly Covered[]> {
  const ok = new Set<Covered>(covered);
  const fail = (each: Covered): void => { ok.delete(each); };
  const puts = covered.filter(({ row, path }) => row.kind === 'put' && path !== '');
  await fewAtATime(puts, async (each) => {
    try {
      await files.flushLater(each.path);
    } catch {
      fail(each);
    }
  });
  const folders = new Map<string, Covered[]>();
  for (const each of covered) {
    if (each.path === '') continue;
    const those = each.row.kind === 'tree' ? treeFolders(files, layout, each.owner) : [dirname(each.path)];
    for (const folder of those) folders.set(folder, [...(folders.get(folder) ?? []), each]);
  }
  await fewAtATime([...folders], async ([folder, rows]) => {
    try {
      await files.flushFolderLater(folder);
    } catch (error) {
      // A removed file's folder may be gone too; everything else must be found.
      for (const each of rows) if (each.row.kind !== 'remove' || codeOf(error) !== 'ENOENT') fail(each);
    }
  });
  return covered.filter((each) => ok.has(each));
}

/** A tree may have moved anything: the home, `.tmp`, every folder in it, and those of hidden collections, which wait in `.tmp` with all below them. */
function treeFolders(files: FileOperations, layout: HomeLayout, owner: string): readonly string[] {
  const below = (folder: string): string[] => [folder, ...files.list(folder).filter(({ name, kind }) => kind === 'folder' && !name.startsWith('.')).flatMap(({ name }) => below(join(folder, name)))];
  const hidden = files.list(layout.temps(owner)).filter(({ name, kind }) => kind === 'folder' && /^[0-9a-f]{13}$/.test(name));
  return [...below(layout.home(owner)), layout.temps(owner), ...hidden.flatMap(({ name }) => below(layout.temp(owner, name)))];
}

/** New sidecars for every collection that has moved since the last was noted, written and flushed beside the tree. */
function writeSidecars({ files, layout, shard: { database } }: CheckpointContext, covered: readonly Covered[]): readonly NewSidecar[] {
  const wanted = new Map<number, string>();
  for (const { row, owner } of covered) {
    if (row.kind === 'tree') for (const [id] of database.statement(collectionsOfHome).all(row.home)) wanted.set(integer(id), owner);
    for (let key: number | undefined = row.collection; key !== undefined && !wanted.has(key);) {
      const parent: unknown = database.statement(notedOf).get(key)?.[2];
      wanted.set(key, owner);
      key = typeof parent === 'number' ? parent : undefined;
    }
  }
  const written: NewSidecar[] = [];
  for (const [collection, owner] of wanted) {
    const known = sidecarOf(database, collection);
    const noted = database.statement(notedOf).get(collection);
    if (known === undefined || noted === undefined || (integer(noted[0]) === known.sidecar.revision && known.sidecar.revision !== 0)) continue;
    const temp = uniqueName();
    files.writeNew(layout.temp(owner, temp), sidecarOctets(known.sidecar));
    files.flush(layout.temp(owner, temp));
    written.push({ collection, owner, temp, version: known.version, revision: known.sidecar.revision });
  }
  return written;
}

/** Under the lock; what it did is noted in the same transaction. Returns the owners whose removed folders are durable away. */
function forget(context: CheckpointContext, flushed: readonly Covered[], sidecars: readonly NewSidecar[], upTo: number): readonly string[] {
  const { files, layout, shard: { database }, probe } = context;
  const folders = new Set<string>();
  const noted: (() => void)[] = [];
  for (const { collection, owner, temp, version, revision } of sidecars) {
    const now = database.statement(notedOf).get(collection);
    const newer = database.statement(rowOfFile).get(collection, sidecarName);
    if (now === undefined || integer(now[1]) !== version || integer(now[0]) > revision || (newer !== undefined && toPending(newer).number > upTo)) continue;
    const place = collectionFolder(database, layout, collection);
    if (place === undefined) continue;
    const folder = join(layout.home(owner), place.folder);
    if (files.stat(folder) === undefined) continue;
    files.rename(layout.temp(owner, temp), join(folder, sidecarName));
    folders.add(folder);
    noted.push(() => { database.statement(noteSidecar).run(revision, files.stat(join(folder, sidecarName))?.inode ?? 0, collection); });
  }
  for (const folder of folders) files.flushFolder(folder);
  for (const note of noted) note();
  const newerTrees = new Set<number>();
  for (const row of database.statement(rowsAfter).all(upTo).map(toPending)) if (row.kind === 'tree') newerTrees.add(row.home);
  const owners: string[] = [];
  for (const { row, owner } of flushed) {
    if (newerTrees.has(row.home)) continue;
    database.statement(dropRow).run(row.number);
    if (row.kind === 'tree') {
      database.statement(dropRemoved).run(row.home);
      owners.push(owner);
    }
  }
  probe('checkpoint-before-commit');
  return owners;
}

function throwAway(files: FileOperations, layout: HomeLayout, owner: string): void {
  for (const { name } of files.list(layout.temps(owner))) if (name.startsWith(goneFolder)) files.removeFolder(layout.temp(owner, name));
}

async function fewAtATime<T>(all: readonly T[], run: (each: T) => Promise<void>): Promise<void> {
  const left = [...all];
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await run(next);
  };
  await Promise.all(Array.from({ length: flushesAtOnce }, worker));
}
