/** Where a collection's folder is, as the shard has it now: asked under the shard's lock, for a path is only true there. */
import { join } from 'node:path';
import { collectionId, integer, text, type Database } from '@kalends/lib-shards';
import type { HomeLayout } from '../home-layout.ts';
import { ownerOfHome, type PendingRow } from './pending.ts';

export const placeOfCollection = 'SELECT home, parent, segment, path, hidden FROM collection WHERE id = ?';

/** From the home's folder; undefined where the shard has no such collection. A hidden one waits in `.tmp` under its id, with all below it. */
export function collectionFolder(database: Database, layout: HomeLayout, key: number): { readonly home: number; readonly folder: string } | undefined {
  const row = database.statement(placeOfCollection).get(key);
  if (row === undefined) return undefined;
  const [home, parent, segment, path, hidden] = row;
  if (typeof path === 'string') return { home: integer(home), folder: layout.folder(path) };
  if (integer(hidden) === 1 || parent === null) return { home: integer(home), folder: join('.tmp', collectionId(key)) };
  const above = collectionFolder(database, layout, integer(parent));
  return above === undefined ? undefined : { home: integer(home), folder: join(above.folder, layout.fileName(text(segment))) };
}

/** Of a row's file; undefined where collection or home are gone. */
export function pathOfRow(database: Database, layout: HomeLayout, row: PendingRow): { readonly owner: string; readonly folder: string; readonly path: string } | undefined {
  const owner = ownerOfHome(database, row.home);
  const place = owner === undefined ? undefined : collectionFolder(database, layout, row.collection);
  if (owner === undefined || place === undefined) return undefined;
  const folder = place.folder === '.' ? layout.home(owner) : `${layout.home(owner)}/${place.folder}`;
  return { owner, folder, path: `${folder}/${row.file}` };
}
