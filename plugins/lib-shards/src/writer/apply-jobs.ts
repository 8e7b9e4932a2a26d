/** The operations of a change that concern locks and jobs. Neither raises a revision: nobody who syncs sees them. */
import type { ChangeOperation } from '../change/change.ts';
import { text } from '../database.ts';
import { pathText } from '../identifiers.ts';
import type { ChangeState } from './change-state.ts';

type Operation<K extends ChangeOperation['op']> = Extract<ChangeOperation, { readonly op: K }>;

export const putLock = `INSERT INTO lock (home, token, path, depth, scope, owner, owner_xml, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (home, token) DO UPDATE SET path = excluded.path, depth = excluded.depth, scope = excluded.scope, owner = excluded.owner, owner_xml = excluded.owner_xml, expires = excluded.expires`;
export const dropLock = 'DELETE FROM lock WHERE home = ? AND token = ?';
export const dropExpired = 'DELETE FROM lock WHERE home = ? AND expires <= ?';
export const countLocks = 'SELECT count(*) FROM lock WHERE home = ?';
export const insertJob = 'INSERT INTO job (id, home, kind, payload, lane, collapse, due, attempt, holder, reason, change) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)';
export const finishJob = 'DELETE FROM job WHERE id = ? AND home = ? RETURNING change';

export function lock(state: ChangeState, { lock: { token, path, depth, scope, owner, ownerXml, expires } }: Operation<'lock'>): void {
  state.database.statement(putLock).run(state.key, token, pathText(path), String(depth), scope, owner, ownerXml, expires);
  recount(state);
}

export function unlock(state: ChangeState, { token }: Operation<'unlock'>): void {
  state.database.statement(dropLock).run(state.key, token);
  recount(state);
}

/** Expired ones go with the next lock or unlock of the home. */
function recount(state: ChangeState): void {
  state.database.statement(dropExpired).run(state.key, state.now);
  state.locks = Number(state.database.statement(countLocks).get(state.key)?.[0] ?? 0);
}

/** `change` names the file that all jobs of one change share. */
export function enqueue(state: ChangeState, { id, kind, payload, due, lane, collapse, holder }: Operation<'enqueue'>, change: string): void {
  state.database.statement(insertJob).run(id, state.key, kind, payload, lane, collapse ? 1 : 0, due, holder === null ? 0 : 1, holder, change);
  state.effects.jobs.add(change);
}

export function finish(state: ChangeState, { id }: Operation<'finish'>): void {
  const row = state.database.statement(finishJob).get(id, state.key);
  // Done already: at least once is all that was promised.
  if (row !== undefined) state.effects.jobs.add(text(row[0]));
}
