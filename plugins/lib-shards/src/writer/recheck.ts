/**
 * Does what `work` read still hold? Asked under the lock, before anything is applied. Revisions are compared, not ETags: old octets may come back with another ACL.
 */
import type { ReadSet } from '../change/change.ts';
import type { Database } from '../database.ts';
import { integer } from '../database.ts';
import * as reads from '../read-statements.ts';
import { childAt } from './apply-collections.ts';
import { Conflict, type ChangeState } from './change-state.ts';

export const tokensOfHome = 'SELECT token FROM lock WHERE home = ?';
export const versionOf = 'SELECT version FROM collection WHERE id = ?';

/** @throws Conflict where something does not */
export function recheck(database: Database, state: ChangeState, { stamp, whole, items, uids, collections, absent, locks, lockTokens }: ReadSet): void {
  if (stamp === state.stamp) return;
  if (whole || stamp === undefined) throw new Conflict('the home has moved');
  if (locks !== undefined && locks !== state.locks) throw new Conflict('locks came or went');
  if (lockTokens !== undefined && (lockTokens.length > 0 || state.locks > 0) && !areStillThere(database, state.key, lockTokens)) throw new Conflict('a lock took the place of another');
  for (const { collection, name, revision } of items) {
    const now = database.statement(reads.revision).get(collection, name);
    if ((now === undefined ? 0 : integer(now[0])) !== revision) throw new Conflict(`${name} has changed`);
  }
  for (const { uid, holder } of uids) {
    const now = database.statement(reads.holder).get(state.key, uid, state.key, uid);
    const same = now === undefined ? holder === undefined : holder !== undefined && integer(now[0]) === holder.collection && now[1] === holder.name;
    if (!same) throw new Conflict(`UID ${uid} has changed hands`);
  }
  for (const { key, version } of collections) {
    const now = database.statement(versionOf).get(key);
    if (now === undefined || integer(now[0]) !== version) throw new Conflict(`collection ${key} has changed`);
  }
  for (const { parent, segment } of absent) if (database.statement(childAt).get(parent, segment) !== undefined) throw new Conflict(`${segment} is there now`);
}

function areStillThere(database: Database, home: number, tokens: readonly string[]): boolean {
  const now = new Set(database.statement(tokensOfHome).all(home).map(([token]) => token));
  return now.size === tokens.length && tokens.every((token) => now.has(token));
}
