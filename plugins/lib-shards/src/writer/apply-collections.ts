/** The operations of a change that make, change, move, hide and remove collections, and the one that makes a home. */
import type { ChangeOperation } from '../change/change.ts';
import type { Database } from '../database.ts';
import { integer, text } from '../database.ts';
import { pathBelow } from '../identifiers.ts';
import { dropRow } from './apply-items.ts';
import { ChangeState, Conflict } from './change-state.ts';

type Operation<K extends ChangeOperation['op']> = Extract<ChangeOperation, { readonly op: K }>;

export const insertHome = `INSERT INTO home (id, kind, name, root, epoch, stamp, used, locks, calendars, tombstones, floor) VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0)`;
export const insertCollection = `INSERT INTO collection (id, home, parent, segment, path, kind, hidden, revision, placed, created, modified, acl_revision, version, items, items_with_acl, properties, personal, acl)
  VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, 1, 0, 0, ?, '{}', ?)`;
export const setEpoch = 'UPDATE home SET epoch = ? WHERE key = ?';
export const nameOfHome = 'SELECT name FROM home WHERE key = ?';
export const setName = 'UPDATE home SET name = ? WHERE key = ?';
export const raiseVersion = 'UPDATE collection SET version = version + 1 WHERE id = ?';
export const updateCollection = 'UPDATE collection SET version = version + 1, properties = ?, personal = ?, acl = coalesce(?, acl) WHERE id = ?';
export const childAt = 'SELECT id FROM collection WHERE parent = ? AND segment = ? AND hidden <> 1';
export const childrenOf = 'SELECT id, segment, hidden FROM collection WHERE parent = ?';
export const placeCollection = 'UPDATE collection SET parent = ?, segment = ?, path = ?, version = version + 1 WHERE id = ?';
export const pathOnly = 'UPDATE collection SET path = ?, hidden = ?, version = version + 1 WHERE id = ?';
export const setPlaced = 'UPDATE collection SET placed = ? WHERE id = ?';
export const putGoneCollection = `INSERT INTO gone_collection (home, path, revision, time) VALUES (?, ?, ?, ?)
  ON CONFLICT (home, path) DO UPDATE SET revision = excluded.revision, time = excluded.time`;
export const goneCollectionAt = 'SELECT 1 FROM gone_collection WHERE home = ? AND path = ?';
export const dropGoneBelow = 'DELETE FROM gone_collection WHERE home = ? AND path > ? AND path < ?';
export const itemsOf = 'SELECT id, name, size, component, extras, inode FROM item WHERE collection = ?';
export const dropGoneOf = 'DELETE FROM gone WHERE collection = ?';
export const dropQuarantineOf = 'DELETE FROM quarantine WHERE collection = ?';
export const dropCollection = 'DELETE FROM collection WHERE id = ?';
export const countComponents = 'SELECT component FROM item WHERE collection = ?';

/** Every token of the home is void. */
export function newEpoch(state: ChangeState, { root, epoch }: Operation<'new-epoch'>, index: number): void {
  state.database.statement(setEpoch).run(epoch, state.key);
  state.database.statement(raiseVersion).run(root);
  state.effects.sidecars.push({ collection: root, index });
}

/** No client sees it: nothing is touched but what the root's sidecar tells. */
export function nameOwner({ database, key, kind, effects }: ChangeState, { root, name }: Operation<'name-owner'>, index: number): void {
  effects.named = { kind, before: text(database.statement(nameOfHome).get(key)?.[0]) };
  database.statement(setName).run(name, key);
  database.statement(raiseVersion).run(root);
  effects.sidecars.push({ collection: root, index });
}

/** The home and its root; the rest of the change finds them there. */
export function createHome(database: Database, { owner, root, epoch, properties, acl }: Operation<'create-home'>, nowMilliseconds: number): ChangeState {
  const home = database.statement(insertHome).run(owner.id, owner.kind, owner.name, root, epoch).lastInsertRowid;
  const now = Math.floor(nowMilliseconds / 1000);
  database.statement(insertCollection).run(root, home, null, '', '', 'home', 0, 0, now, now, 1, properties, acl);
  const state = ChangeState.load(database, owner.id, nowMilliseconds);
  if (state === undefined) throw new Conflict('the home went while it was made');
  state.count('homes', 1);
  state.effects.named = { kind: owner.kind, before: undefined };
  state.touch(root);
  state.effects.sidecars.push({ collection: root, index: 0 });
  return state;
}

export function create(state: ChangeState, { key, parent, segment, kind, properties, acl }: Operation<'create-collection'>, index: number): void {
  const above = state.collection(parent);
  if (above.hidden !== 0) throw new Conflict('the parent is hidden');
  const path = pathBelow(above.path, segment);
  const { database, revision, now } = state;
  database.statement(insertCollection).run(key, state.key, parent, segment, path, kind, revision, revision, now, now, revision, properties, acl);
  state.removeGoneCollection(path);
  state.removeGone(above, segment);
  if (kind === 'calendar') {
    state.calendars += 1;
    state.count('calendars', 1);
  }
  state.touch(key);
  state.effects.sidecars.push({ collection: key, index });
  state.effects.tree = true;
}

export function update(state: ChangeState, { key, properties, personal, acl }: Operation<'update-collection'>, index: number): void {
  state.collection(key);
  state.database.statement(updateCollection).run(properties, personal, acl ?? null, key);
  state.touch(key, { acl: acl !== undefined });
  state.effects.sidecars.push({ collection: key, index });
}

export function move(state: ChangeState, { key, parent, segment }: Operation<'move-collection'>, index: number): void {
  const before = state.collection(key);
  const target = state.collection(parent);
  if (before.path === undefined || target.path === undefined) throw new Conflict('one end is hidden');
  const path = pathBelow(target.path, segment);
  const { database } = state;
  leave(state, before.path);
  if (before.parent !== undefined) state.touch(before.parent);
  // Out of the way first: the unique index knows no order.
  database.statement(placeCollection).run(parent, segment, path, key);
  state.removeGoneCollection(path);
  state.removeGone(target, segment);
  replace(state, key, path);
  state.touch(parent);
  state.effects.sidecars.push({ collection: key, index });
  state.effects.tree = true;
}

/** Everything below has moved along: new paths, and to whoever follows the home all of it is as if made now. */
function replace(state: ChangeState, key: number, path: string): void {
  const { database, revision } = state;
  database.statement(setPlaced).run(revision, key);
  state.touch(key);
  for (const [child, segment, hidden] of database.statement(childrenOf).all(key)) {
    if (hidden !== 0) continue;
    const childPath = pathBelow(path, text(segment));
    database.statement(pathOnly).run(childPath, 0, child ?? null);
    replace(state, integer(child), childPath);
  }
}

export function hide(state: ChangeState, { key }: Operation<'hide-collection'>): void {
  const before = state.collection(key);
  if (before.path === undefined || before.parent === undefined) throw new Conflict('hidden already');
  leave(state, before.path);
  hideBelow(state, key, 1);
  state.touch(before.parent);
  state.effects.tree = true;
}

function hideBelow(state: ChangeState, key: number, hidden: 1 | 2): void {
  const { kind } = state.collection(key);
  state.database.statement(pathOnly).run(null, hidden, key);
  uncount(state, key, kind);
  for (const [child, , already] of state.database.statement(childrenOf).all(key)) if (already === 0) hideBelow(state, integer(child), 2);
}

/** What is hidden is in no statistics; its octets are still used. */
function uncount(state: ChangeState, key: number, kind: string): void {
  if (kind !== 'calendar') return;
  state.calendars -= 1;
  state.count('calendars', -1);
  for (const [component] of state.database.statement(countComponents).all(key)) {
    if (component === 'VEVENT') state.count('events', -1);
    if (component === 'VTODO') state.count('todos', -1);
  }
}

export function remove(state: ChangeState, { key }: Operation<'remove-collection'>): void {
  const before = state.collection(key);
  if (before.parent === undefined) throw new Conflict('a root is not removed like this');
  if (before.path !== undefined) {
    leave(state, before.path);
    state.touch(before.parent);
  }
  removeBelow(state, key);
  state.effects.tree = true;
}

function removeBelow(state: ChangeState, key: number): void {
  const { database } = state;
  for (const [child] of database.statement(childrenOf).all(key)) removeBelow(state, integer(child));
  const { kind, hidden } = state.collection(key);
  if (hidden === 0) uncount(state, key, kind);
  for (const [id, , size, , extras, inode] of [...database.statement(itemsOf).all(key), ...database.statement(itemsOf).all(-key)]) {
    // Counted already as an event or a to-do: here only the octets go.
    dropRow(state, { id: integer(id), revision: 0, size: integer(size), component: null, extras: integer(extras), etag: '', scheduleTag: false, inFile: inode !== null, type: '' }, 'removed');
  }
  state.tombstones -= database.statement(dropGoneOf).run(key).changes;
  database.statement(dropQuarantineOf).run(key);
  database.statement(dropCollection).run(key);
  state.forget(key);
  state.effects.removedCollections.push(key);
}

function leave(state: ChangeState, path: string): void {
  const { database, key, revision, now } = state;
  state.tombstones -= database.statement(dropGoneBelow).run(key, `${path}/`, `${path}0`).changes;
  if (database.statement(goneCollectionAt).get(key, path) === undefined) state.tombstones += 1;
  database.statement(putGoneCollection).run(key, path, revision, now);
}
