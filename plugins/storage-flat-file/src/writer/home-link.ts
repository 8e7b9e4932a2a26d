/** `calendars/{users,groups,locations,resources}/<name>`: links for people and tools, made again whenever a home is made, built or named anew. Nothing reads them here. */
import { dirname, join, relative } from 'node:path';
import { text, type Database } from '@kalends/lib-shards';
import type { FileOperations } from '../file-operations.ts';
import type { HomeLayout } from '../home-layout.ts';

const folders: Readonly<Record<string, string>> = { user: 'users', group: 'groups', location: 'locations', resource: 'resources' };

/** Marks the `pending` row of a root's sidecar: its owner was given a name. */
export const newName = 'name';

/**
 * `takes`: its owner is called so now, whoever had the link. Else it is somebody's still, for a folder tells how its owner was called once. A failure is not worth a
 * change: the link is made again at the next occasion.
 */
export function linkHome(files: FileOperations, layout: HomeLayout, database: Database, home: number, { takes }: { readonly takes: boolean }): void {
  const row = database.statement('SELECT id, kind, name FROM home WHERE key = ?').get(home);
  const folder = folders[text(row?.[1])];
  if (row === undefined || folder === undefined || text(row[2]) === '') return;
  const path = join(layout.calendars, folder, layout.fileName(text(row[2])));
  const target = relative(dirname(path), layout.home(text(row[0])));
  try {
    const present = files.readLink(path);
    if (present === target) return;
    if (!takes && present !== undefined && files.stat(join(dirname(path), present)) !== undefined) return;
    files.makeFolder(dirname(path), true);
    if (present !== undefined) files.unlink(path);
    files.symlink(target, path);
  } catch {
    // Somebody put something else there; it is not ours to remove.
  }
}

/** Takes the link away where it leads to this home. */
export function unlinkHome(files: FileOperations, layout: HomeLayout, owner: { readonly id: string; readonly kind: string; readonly name: string }): void {
  const path = join(layout.calendars, folders[owner.kind] ?? 'users', layout.fileName(owner.name));
  try {
    if (files.readLink(path) === relative(dirname(path), layout.home(owner.id))) files.unlink(path);
  } catch {
    // Not a link, or gone already.
  }
}
