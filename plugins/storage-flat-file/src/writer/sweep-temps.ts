/** Temps that no row names are deleted under the shard's lock after an hour; so are prepared folders of collections that never came about, and thrown-away ones. */
import { text } from '@kalends/lib-shards';
import { collectionFolder } from './home-paths.ts';
import type { CheckpointContext } from './checkpoint.ts';
import { tempsOfHome } from './pending.ts';
import { goneFolder } from './settle-tree.ts';

const afterMilliseconds = 3_600_000;

/** Each home at most once an hour. */
export async function sweepTemps(context: CheckpointContext, homes: ReadonlyMap<number, string>): Promise<void> {
  const now = Date.now();
  const { notes, shard } = context;
  const due = [...homes].filter(([home]) => now - (notes.swept.get(home) ?? 0) >= afterMilliseconds);
  if (due.length === 0) return;
  await shard.locked(() => {
    for (const [home, owner] of due) {
      notes.swept.set(home, now);
      sweep(context, home, owner, now);
    }
    return { commit: false, value: undefined };
  });
}

function sweep({ files, layout, shard: { database } }: CheckpointContext, home: number, owner: string, now: number): void {
  const named = new Set(database.statement(tempsOfHome).all(home).map(([temp]) => text(temp)));
  for (const { name, kind } of files.list(layout.temps(owner))) {
    if (named.has(name) || name.startsWith('lost-')) continue;
    const path = layout.temp(owner, name);
    const stat = files.stat(path);
    if (stat === undefined || now - Math.max(stat.changedMilliseconds, stat.modifiedMilliseconds) < afterMilliseconds) continue;
    if (kind === 'file') files.unlink(path);
    else if (name.startsWith(goneFolder) || isUnknown(name)) files.removeFolder(path);
  }

  function isUnknown(name: string): boolean {
    const key = /^[0-9a-f]{13}$/.test(name) ? Number.parseInt(name, 16) : 0;
    return key !== 0 && collectionFolder(database, layout, key) === undefined;
  }
}
