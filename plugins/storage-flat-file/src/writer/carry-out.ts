/**
 * Carries out `pending` rows: trees, then puts, then removals. A temp can be renamed once, by whoever comes first, so a temp that is gone means "done already";
 * any other failure leaves the row for the next try. Rows stay in the table until a checkpoint has flushed what they did.
 */
import { dirname } from 'node:path';
import type { Database } from '@kalends/lib-shards';
import { codeOf, type FileOperations } from '../file-operations.ts';
import { sidecarName, type HomeLayout } from '../home-layout.ts';
import { linkHome, newName } from './home-link.ts';
import { pathOfRow } from './home-paths.ts';
import { fileKey, ownerOfHome, rowByNumber, rowsAfter, toPending, type PendingRow, type ShardNotes } from './pending.ts';
import { removeFile } from './prepare-change.ts';
import { settleTree } from './settle-tree.ts';

export interface CarryContext { readonly files: FileOperations; readonly layout: HomeLayout; readonly database: Database; readonly notes: ShardNotes }

/** Under the lock: every row that this process has not seen, and its own unfinished ones. */
export function catchUp({ notes, ...context }: CarryContext): void {
  const { database } = context;
  const again = [...notes.unfinished.values()].map(({ number }) => database.statement(rowByNumber).get(number)).filter((row) => row !== undefined);
  const rows = [...again, ...database.statement(rowsAfter).all(notes.seen)].map(toPending);
  notes.unfinished.clear();
  if (rows.length === 0) return;
  carryOut({ notes, ...context }, rows);
  notes.seen = Math.max(notes.seen, ...rows.map(({ number }) => number));
}

/** Under the lock. */
export function carryOut(context: CarryContext, rows: readonly PendingRow[]): void {
  for (const row of rows) if (row.kind === 'tree') attempt(context, row, () => { tree(context, row); });
  for (const row of rows) if (row.kind === 'put') attempt(context, row, () => { put(context, row); });
  for (const row of rows) if (row.kind === 'remove') attempt(context, row, () => { remove(context, row); });
}

/** Without the lock, for a group of puts alone: paths are those computed under it. */
export function renameOnly(files: FileOperations, temp: string, path: string): 'done' | 'unfinished' {
  try {
    files.rename(temp, path);
    return 'done';
  } catch {
    return files.stat(temp) === undefined ? 'done' : 'unfinished';
  }
}

function attempt({ notes }: CarryContext, row: PendingRow, run: () => void): void {
  try {
    run();
    notes.unfinished.delete(fileKey(row.collection, row.file));
  } catch {
    notes.unfinished.set(fileKey(row.collection, row.file), row);
  }
}

function tree({ files, layout, database }: CarryContext, { home }: PendingRow): void {
  const owner = ownerOfHome(database, home);
  if (owner !== undefined) settleTree(files, layout, database, home, owner);
}

function put({ files, layout, database }: CarryContext, row: PendingRow): void {
  const place = pathOfRow(database, layout, row);
  if (row.temp === undefined) return;
  if (place === undefined) {
    // The collection is gone, and with it what would have been its file.
    const owner = ownerOfHome(database, row.home);
    if (owner !== undefined) removeFile(files, layout.temp(owner, row.temp));
    return;
  }
  const temp = layout.temp(place.owner, row.temp);
  const isNaming = row.source === 'sidecar' && row.subject === newName;
  try {
    files.rename(temp, place.path);
  } catch (error) {
    if (files.stat(temp) === undefined) {
      // Whoever put it in place may have ended before the link.
      if (isNaming) linkHome(files, layout, database, row.home, { takes: false });
      return;
    }
    if (codeOf(error) !== 'ENOENT') throw error;
    // Under the lock a folder may be made: nobody can be moving it.
    files.makeFolder(dirname(place.path), true);
    files.rename(temp, place.path);
  }
  if (row.source === 'sidecar' && row.file === sidecarName) linkHome(files, layout, database, row.home, { takes: isNaming });
}

function remove({ files, layout, database }: CarryContext, row: PendingRow): void {
  const place = pathOfRow(database, layout, row);
  if (place === undefined) return;
  // A folder of that name is a newer thing.
  if (files.stat(place.path)?.kind === 'file') removeFile(files, place.path);
}
