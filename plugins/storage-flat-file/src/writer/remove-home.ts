/** Takes a home out of the shard, and its folder out of the tree: thrown away, or kept aside under `calendars/__removed__` for people to look at. */
import { dirname, join } from 'node:path';
import { integer, text, uniqueName, type Database } from '@kalends/lib-shards';
import { unlinkHome } from './home-link.ts';
import { homeForLook } from './look-home.ts';
import type { TaskContext } from './tasks.ts';

export const tablesOfItems = ['body', 'extra', 'attachment', 'personal'] as const;
export const itemsOfHome = 'SELECT id FROM item WHERE home = ? AND revision >= 0';
export const sumsOfHome = `SELECT i.component, c.kind, i.collection FROM item i JOIN collection c ON c.id = i.collection WHERE i.home = ? AND i.revision >= 0 AND c.hidden = 0`;
export const subtract = 'UPDATE statistics SET homes = homes - 1, calendars = calendars - ?, events = events - ?, todos = todos - ?, octets = octets - ? WHERE kind = ?';
export const homeSums = 'SELECT kind, used, calendars FROM home WHERE key = ?';

/** All rows of the home, and its share of the statistics. */
export function dropHomeRows(database: Database, home: number, { keepJobs, keepPending }: { readonly keepJobs: boolean; readonly keepPending: boolean }): void {
  const [kind, used, calendars] = database.statement(homeSums).get(home) ?? [];
  let [events, todos] = [0, 0];
  for (const [component, of] of database.statement(sumsOfHome).all(home)) {
    if (of !== 'calendar') continue;
    if (component === 'VEVENT') events += 1;
    if (component === 'VTODO') todos += 1;
  }
  database.statement(subtract).run(integer(calendars), events, todos, integer(used), text(kind));
  for (const [item] of database.statement(itemsOfHome).all(home)) {
    for (const table of tablesOfItems) database.statement(`DELETE FROM ${table} WHERE item = ?`).run(item!);
    database.statement('DELETE FROM item WHERE id = ?').run(item!);
  }
  for (const [collection] of database.statement('SELECT id FROM collection WHERE home = ?').all(home)) {
    database.statement('DELETE FROM quarantine WHERE collection = ?').run(collection!);
    database.statement('DELETE FROM gone WHERE collection = ?').run(collection!);
    database.statement('DELETE FROM collection WHERE id = ?').run(collection!);
  }
  database.statement('DELETE FROM gone_collection WHERE home = ?').run(home);
  database.statement('DELETE FROM removed WHERE home = ?').run(home);
  if (!keepJobs) {
    database.statement('DELETE FROM job WHERE home = ?').run(home);
    database.statement('DELETE FROM lock WHERE home = ?').run(home);
  }
  if (!keepPending) database.statement('DELETE FROM pending WHERE home = ?').run(home);
  database.statement('DELETE FROM home WHERE key = ?').run(home);
}

/** False: there is no such home. */
export async function removeHome(context: TaskContext, { owner, erase }: { readonly owner: string; readonly erase: boolean }): Promise<boolean> {
  const { files, layout, shard } = context;
  const found = await shard.locked(() => {
    const row = shard.database.statement(homeForLook).get(owner);
    if (row === undefined) return { commit: false, value: undefined };
    const [kind, name] = shard.database.statement('SELECT kind, name FROM home WHERE key = ?').get(integer(row[0])) ?? [];
    dropHomeRows(shard.database, integer(row[0]), { keepJobs: false, keepPending: false });
    return { commit: true, value: { id: owner, kind: text(kind), name: text(name) } };
  });
  if (found === undefined) return false;
  // Under the lock again: whoever makes the home anew commits before or after, and finds its temps gone.
  const aside = await shard.locked(() => {
    const isBack = shard.database.statement(homeForLook).get(owner) !== undefined;
    const base = layout.home(owner);
    if (isBack || files.stat(base) === undefined) return { commit: false, value: undefined };
    const folder = join(layout.calendars, '__removed__');
    files.makeFolder(folder, true);
    const target = join(folder, `${layout.fileName(owner)}.${uniqueName()}`);
    files.rename(base, target);
    files.flushFolder(dirname(base));
    unlinkHome(files, layout, found);
    return { commit: false, value: target };
  });
  if (aside !== undefined && erase) files.removeFolder(aside);
  return true;
}
