/** The operations of a change that concern items, one function each. The rows found under the lock decide every sum; the recheck before made sure they are those `work` saw. */
import type { ChangeOperation, ItemKey } from '../change/change.ts';
import { extraBits, factColumns, factValues, isLong } from '../item-columns.ts';
import type { Prepared } from '../writer-files.ts';
import { Conflict, type ChangeState, type StoredItem } from './change-state.ts';

type Operation<K extends ChangeOperation['op']> = Extract<ChangeOperation, { readonly op: K }>;

const assignedFacts = `${factColumns}, long`.split(', ').map((each) => `${each} = ?`).join(', ');
export const insertItem = `INSERT INTO item (home, collection, name, etag, component, uid, type, schedule_tag, size, created, modified, revision, ${factColumns}, long, extras, inode)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`;
export const updateItem = `UPDATE item SET etag = ?, component = ?, uid = ?, type = ?, schedule_tag = ?, size = ?, modified = ?, revision = ?, ${assignedFacts}, inode = ? WHERE id = ?`;
export const updateFacts = `UPDATE item SET ${assignedFacts} WHERE id = ?`;
export const putBody = 'INSERT INTO body (item, octets) VALUES (?, ?) ON CONFLICT (item) DO UPDATE SET octets = excluded.octets';
export const dropBody = 'DELETE FROM body WHERE item = ?';
export const dropItem = 'DELETE FROM item WHERE id = ?';
export const dropExtra = 'DELETE FROM extra WHERE item = ?';
export const dropAttachments = 'DELETE FROM attachment WHERE item = ?';
export const dropPersonals = 'DELETE FROM personal WHERE item = ?';
export const attachmentOctets = 'SELECT sum(octets) FROM attachment WHERE item = ?';
export const moveItem = 'UPDATE item SET collection = ?, name = ?, revision = ? WHERE id = ?';
export const copyItem = `INSERT INTO item (home, collection, name, etag, component, uid, type, schedule_tag, size, created, modified, revision, ${factColumns}, long, extras, inode)
  SELECT home, ?, ?, etag, component, uid, type, schedule_tag, size, ?, ?, ?, ${factColumns}, long, extras & 2, inode FROM item WHERE id = ?`;
export const copyBody = 'INSERT INTO body (item, octets) SELECT ?, octets FROM body WHERE item = ?';
export const copyDead = 'INSERT INTO extra (item, acl, dead) SELECT ?, NULL, dead FROM extra WHERE item = ?';
export const readExtra = 'SELECT acl, dead FROM extra WHERE item = ?';
export const putExtra = 'INSERT INTO extra (item, acl, dead) VALUES (?, ?, ?) ON CONFLICT (item) DO UPDATE SET acl = excluded.acl, dead = excluded.dead';
export const setExtras = 'UPDATE item SET extras = ?, revision = ? WHERE id = ?';
export const putPersonal = `INSERT INTO personal (item, principal, number, patch, version, lo, hi, covered_start, covered_end, flags, organizer, occurrences, slices)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (item, principal) DO UPDATE SET number = excluded.number, patch = excluded.patch, version = excluded.version,
  lo = excluded.lo, hi = excluded.hi, covered_start = excluded.covered_start, covered_end = excluded.covered_end, flags = excluded.flags,
  organizer = excluded.organizer, occurrences = excluded.occurrences, slices = excluded.slices`;
export const setAside = 'UPDATE item SET collection = ?, revision = ? WHERE id = ?';
export const takeBack = `UPDATE item SET collection = ?, etag = ?, component = ?, uid = ?, size = ?, modified = ?, revision = ?, ${assignedFacts}, inode = ? WHERE id = ?`;
export const putQuarantine = 'INSERT INTO quarantine (home, collection, name, reason) VALUES (?, ?, ?, ?)';
export const dropQuarantine = 'DELETE FROM quarantine WHERE collection = ? AND name = ?';
export const dropPersonal = 'DELETE FROM personal WHERE item = ? AND principal = ?';
export const anyPersonal = 'SELECT 1 FROM personal WHERE item = ? LIMIT 1';
export const putAttachment = `INSERT INTO attachment (item, managed_id, id, octets, sha256, name, type, rid) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (item, managed_id) DO UPDATE SET id = excluded.id, octets = excluded.octets, sha256 = excluded.sha256, name = excluded.name, type = excluded.type, rid = excluded.rid`;
export const oneAttachment = 'SELECT octets FROM attachment WHERE item = ? AND managed_id = ?';
export const dropAttachment = 'DELETE FROM attachment WHERE item = ? AND managed_id = ?';
export const anyAttachment = 'SELECT 1 FROM attachment WHERE item = ? LIMIT 1';

export function put(state: ChangeState, operation: Operation<'put'>, prepared: Prepared, index: number): void {
  const { at, etag, component, uid, type, scheduleTag, size, facts } = operation;
  const { database, revision, now } = state;
  const place = state.collection(at.collection);
  const { kind } = place;
  const before = state.item(at.collection, at.name);
  const long = facts === undefined ? null : isLong(facts);
  const octets = prepared.octets(index);
  const inode = octets === undefined ? prepared.inode(index) : null;
  let id: number;
  if (before === undefined) {
    id = database.statement(insertItem).run(
      state.key, at.collection, at.name, etag, component, uid, type, scheduleTag, size, now, now, revision, ...factValues(facts), long, inode,
    ).lastInsertRowid;
    state.removeGone(place, at.name);
  } else {
    id = before.id;
    database.statement(updateItem).run(etag, component, uid, type, scheduleTag, size, now, revision, ...factValues(facts), long, inode, id);
    state.countItem(kind, before.component, before.size, -1);
  }
  if (octets !== undefined) database.statement(putBody).run(id, octets);
  else if (before !== undefined && !before.inFile) database.statement(dropBody).run(id);
  state.countItem(kind, component, size, 1);
  state.touch(at.collection, { items: before === undefined ? 1 : 0 });
  state.effects.files.push({ kind: 'put', ...at, index });
  if (scheduleTag !== null || kind !== 'calendar' || type !== usualCalendarType || (before !== undefined && hasMeta(before)) || mayBeHashed(at.name)) state.effects.meta.push(at);
}

export function remove(state: ChangeState, { at }: Operation<'remove'>): void {
  const before = found(state, at);
  const { kind } = state.collection(at.collection);
  dropRow(state, before, kind);
  state.addGone(at.collection, at.name);
  state.touch(at.collection, { items: -1, withAcl: (before.extras & extraBits.acl) === 0 ? 0 : -1, acl: (before.extras & extraBits.acl) !== 0 });
  state.effects.files.push({ kind: 'remove', ...at });
  if (hasMeta(before) || kind !== 'calendar' || mayBeHashed(at.name)) state.effects.meta.push(at);
}

/** Of a calendar object whose type need not be told. */
export const usualCalendarType = 'text/calendar;charset=utf-8';
const hasMeta = ({ scheduleTag, extras, type }: StoredItem): boolean => scheduleTag || extras !== 0 || type !== usualCalendarType;
/** A name so long that its file may be called otherwise. */
const mayBeHashed = (name: string): boolean => name.length > 50;

/** The item's rows and its octets in the sums; neither tombstone nor revision. */
export function dropRow(state: ChangeState, { id, component, size, extras, inFile }: StoredItem, kind: string): void {
  const { database } = state;
  if ((extras & extraBits.attachments) !== 0) {
    state.countOctets(-Number(database.statement(attachmentOctets).get(id)?.[0] ?? 0));
    database.statement(dropAttachments).run(id);
  }
  if ((extras & (extraBits.acl | extraBits.dead)) !== 0) database.statement(dropExtra).run(id);
  if ((extras & extraBits.personal) !== 0) database.statement(dropPersonals).run(id);
  if (!inFile) database.statement(dropBody).run(id);
  database.statement(dropItem).run(id);
  state.countItem(kind, component, size, -1);
}

export function move(state: ChangeState, { at, to }: Operation<'move'>): void {
  const before = found(state, at);
  const from = state.collection(at.collection);
  const target = state.collection(to.collection);
  const replaced = replace(state, to, target.kind);
  state.database.statement(moveItem).run(to.collection, to.name, state.revision, before.id);
  state.countItem(from.kind, before.component, before.size, -1);
  state.countItem(target.kind, before.component, before.size, 1);
  const withAcl = (before.extras & extraBits.acl) === 0 ? 0 : 1;
  state.removeGone(target, to.name);
  state.addGone(at.collection, at.name);
  state.touch(at.collection, { items: -1, withAcl: -withAcl, acl: withAcl === 1 });
  state.touch(to.collection, { items: replaced ? 0 : 1, withAcl, acl: withAcl === 1 });
  state.effects.files.push({ kind: 'link', ...to, item: before.id, from: at }, { kind: 'remove', ...at });
  state.effects.meta.push(to, at);
}

export function copy(state: ChangeState, { at, to }: Operation<'copy'>): void {
  const before = found(state, at);
  const target = state.collection(to.collection);
  const replaced = replace(state, to, target.kind);
  const { database, now, revision } = state;
  const id = database.statement(copyItem).run(to.collection, to.name, now, now, revision, before.id).lastInsertRowid;
  if (!before.inFile) database.statement(copyBody).run(id, before.id);
  if ((before.extras & extraBits.dead) !== 0) database.statement(copyDead).run(id, before.id);
  state.countItem(target.kind, before.component, before.size, 1);
  state.removeGone(target, to.name);
  state.touch(to.collection, { items: replaced ? 0 : 1 });
  state.effects.files.push({ kind: 'link', ...to, item: id, from: at });
  state.effects.meta.push(to);
}

function replace(state: ChangeState, to: ItemKey, kind: string): boolean {
  const there = state.item(to.collection, to.name);
  if (there === undefined) return false;
  dropRow(state, there, kind);
  if ((there.extras & extraBits.acl) !== 0) state.touch(to.collection, { withAcl: -1, acl: true });
  return true;
}

export function facts(state: ChangeState, operation: Operation<'facts'>): void {
  const before = found(state, operation.at);
  state.database.statement(updateFacts).run(...factValues(operation.facts), isLong(operation.facts), before.id);
}

export function dead(state: ChangeState, { at, set, remove: gone }: Operation<'dead'>): void {
  const before = found(state, at);
  const [acl, json] = state.database.statement(readExtra).get(before.id) ?? [null, null];
  const values = new Map<string, string>(typeof json === 'string' ? Object.entries(JSON.parse(json) as Record<string, string>) : []);
  for (const [name, value] of set) values.set(name, value);
  for (const name of gone) values.delete(name);
  saveExtra(state, before.id, acl === undefined ? null : acl as string | null, values.size === 0 ? null : JSON.stringify(Object.fromEntries(values)));
  saveBits(state, at, before, extraBits.dead, values.size > 0);
}

export function acl(state: ChangeState, { at, acl: list }: Operation<'acl'>): void {
  const before = found(state, at);
  const json = state.database.statement(readExtra).get(before.id)?.[1];
  saveExtra(state, before.id, list, typeof json === 'string' ? json : null);
  const had = (before.extras & extraBits.acl) !== 0;
  const has = list !== null;
  state.touch(at.collection, { withAcl: Number(has) - Number(had), acl: true });
  saveBits(state, at, before, extraBits.acl, has);
}

function saveExtra(state: ChangeState, id: number, list: string | null, deadJson: string | null): void {
  if (list === null && deadJson === null) state.database.statement(dropExtra).run(id);
  else state.database.statement(putExtra).run(id, list, deadJson);
}

export function personal(state: ChangeState, operation: Operation<'personal'>): void {
  const { at, principal } = operation;
  const before = found(state, at);
  const { database, revision } = state;
  // The number is the revision, so that one who leaves and comes back never sees an ETag again.
  if (operation.personal === undefined) database.statement(dropPersonal).run(before.id, principal);
  else database.statement(putPersonal).run(before.id, principal, revision, operation.personal.patch, ...factValues(operation.personal.facts));
  saveBits(state, at, before, extraBits.personal, database.statement(anyPersonal).get(before.id) !== undefined);
}

export function attach(state: ChangeState, { at, attachment }: Operation<'attach'>): void {
  const before = found(state, at);
  const { managedId, id, octets, sha256, name, type, rid } = attachment;
  const there = state.database.statement(oneAttachment).get(before.id, managedId);
  if (there !== undefined) state.countOctets(-Number(there[0]));
  state.database.statement(putAttachment).run(before.id, managedId, id, octets, sha256, name, type, rid ?? null);
  state.countOctets(octets);
  saveBits(state, at, before, extraBits.attachments, true);
}

export function detach(state: ChangeState, { at, managedId }: Operation<'detach'>): void {
  const before = found(state, at);
  const row = state.database.statement(oneAttachment).get(before.id, managedId);
  if (row === undefined) return;
  state.database.statement(dropAttachment).run(before.id, managedId);
  state.countOctets(-Number(row[0]));
  saveBits(state, at, before, extraBits.attachments, state.database.statement(anyAttachment).get(before.id) !== undefined);
}

/** Out of every listing; name, UID, octets and whatever else it had stay where they are. */
export function quarantine(state: ChangeState, { at, reason }: Operation<'quarantine'>): void {
  const before = found(state, at);
  const { kind } = state.collection(at.collection);
  const { database } = state;
  database.statement(setAside).run(-at.collection, state.revision, before.id);
  database.statement(putQuarantine).run(state.key, at.collection, at.name, reason);
  state.countItem(kind, before.component, 0, -1);
  state.addGone(at.collection, at.name);
  state.touch(at.collection, { items: -1, withAcl: (before.extras & extraBits.acl) === 0 ? 0 : -1, acl: (before.extras & extraBits.acl) !== 0 });
}

export function release(state: ChangeState, operation: Operation<'release'>, prepared: Prepared, index: number): void {
  const { at, etag, component, uid, size, facts } = operation;
  const before = state.item(-at.collection, at.name);
  if (before === undefined) throw new Conflict(`${at.name} is not in quarantine`);
  const place = state.collection(at.collection);
  const { database, now, revision } = state;
  const octets = prepared.octets(index);
  const inode = octets === undefined ? prepared.inode(index) : null;
  database.statement(takeBack).run(at.collection, etag, component, uid, size, now, revision, ...factValues(facts), facts === undefined ? null : isLong(facts), inode, before.id);
  if (octets !== undefined) database.statement(putBody).run(before.id, octets);
  else database.statement(dropBody).run(before.id);
  database.statement(dropQuarantine).run(at.collection, at.name);
  state.countOctets(size - before.size);
  state.countItem(place.kind, component, 0, 1);
  state.removeGone(place, at.name);
  const withAcl = (before.extras & extraBits.acl) === 0 ? 0 : 1;
  state.touch(at.collection, { items: 1, withAcl, acl: withAcl === 1 });
  state.effects.files.push({ kind: 'put', ...at, index });
  state.effects.meta.push(at);
}

function saveBits(state: ChangeState, at: ItemKey, before: StoredItem, bit: number, on: boolean): void {
  state.database.statement(setExtras).run(on ? before.extras | bit : before.extras & ~bit, state.revision, before.id);
  state.touch(at.collection);
  state.effects.meta.push(at);
}

function found(state: ChangeState, at: ItemKey): StoredItem {
  const item = state.item(at.collection, at.name);
  if (item === undefined) throw new Conflict(`${at.name} is gone`);
  return item;
}
