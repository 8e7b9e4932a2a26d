/**
 * One change while it is applied: the home's row, the revision it will have, and the sums that are kept by arithmetic (octets, counts, statistics). Ends by writing
 * them back, or by `Conflict` where the change must be sent back.
 */
import type { WriteLimits } from '@kalends/contracts';
import type { Database, Row } from '../database.ts';
import { atMost, integer, text } from '../database.ts';
import { pathBelow } from '../identifiers.ts';
import type { Effects } from '../writer-files.ts';
import { newEffects } from '../writer-files.ts';

/** What `work` read does not hold any more, or a limit is met that it could not see: it runs again. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

export interface StoredItem { readonly id: number; readonly revision: number; readonly size: number; readonly component: string | null; readonly extras: number; readonly etag: string; readonly scheduleTag: boolean; readonly inFile: boolean; readonly type: string }
export interface StoredCollection { readonly key: number; readonly parent: number | undefined; readonly kind: string; readonly hidden: number; readonly items: number; readonly version: number; readonly path: string | undefined }
interface Touched { items: number; withAcl: number; acl: boolean }
export interface Sums { homes: number; calendars: number; events: number; todos: number; octets: number }

export class ChangeState {
  readonly database: Database;
  readonly key: number;
  readonly kind: string;
  readonly root: number;
  readonly stamp: number;
  /** Octets used, as they change. */ used: number;
  locks: number;
  calendars: number;
  tombstones: number;
  floor: number;
  /** The one this change gives to all it touches. */ readonly revision: number;
  readonly now: number;
  readonly effects: Effects = newEffects();
  readonly #before: { readonly used: number; readonly calendars: number };
  readonly #touched = new Map<number, Touched>();
  readonly #sums: Sums = { homes: 0, calendars: 0, events: 0, todos: 0, octets: 0 };
  #visible = false;

  private constructor(database: Database, row: Row, nowMilliseconds: number) {
    this.database = database;
    const [key, kind, root, stamp, used, locks, calendars, tombstones, floor, revision] = row;
    [this.key, this.root, this.stamp, this.used, this.locks] = [integer(key), integer(root), integer(stamp), integer(used), integer(locks)];
    [this.calendars, this.tombstones, this.floor, this.revision] = [integer(calendars), integer(tombstones), integer(floor), integer(revision) + 1];
    this.kind = text(kind);
    this.now = Math.floor(nowMilliseconds / 1000);
    this.#before = { used: this.used, calendars: this.calendars };
  }

  static load(database: Database, home: string, nowMilliseconds: number): ChangeState | undefined {
    const row = database.statement(homeForChange).get(home);
    return row === undefined ? undefined : new ChangeState(database, row, nowMilliseconds);
  }

  item(collection: number, name: string): StoredItem | undefined {
    const row = this.database.statement(itemForChange).get(collection, name);
    if (row === undefined) return undefined;
    const [id, revision, size, component, extras, etag, scheduleTag, inode, type] = row;
    return {
      id: integer(id), revision: integer(revision), size: integer(size), component: component === null || component === undefined ? null : text(component), extras: integer(extras),
      etag: text(etag), scheduleTag: scheduleTag !== null, inFile: inode !== null, type: text(type),
    };
  }

  collection(key: number): StoredCollection {
    const row = this.database.statement(collectionForChange).get(key);
    if (row === undefined || integer(row[6]) !== this.key) throw new Conflict(`collection ${key} is gone`);
    const [parent, kind, hidden, items, version, path] = row;
    return {
      key, parent: parent === null || parent === undefined ? undefined : integer(parent), kind: text(kind), hidden: integer(hidden), items: integer(items), version: integer(version),
      path: typeof path === 'string' ? path : undefined,
    };
  }

  /** The collection and all above it get this change's revision. */
  touch(collection: number, change: { readonly items?: number; readonly withAcl?: number; readonly acl?: boolean } = {}): void {
    this.#visible = true;
    const touched = this.#touched.get(collection) ?? { items: 0, withAcl: 0, acl: false };
    touched.items += change.items ?? 0;
    touched.withAcl += change.withAcl ?? 0;
    touched.acl ||= change.acl ?? false;
    this.#touched.set(collection, touched);
  }
  /** The collection's row is gone: nothing is written back to it. */
  forget(collection: number): void {
    this.#touched.delete(collection);
  }
  /** `factor` 1 for what comes, -1 for what goes. Events and to-dos count where they lie in a calendar. */
  countItem(kind: string, component: string | null, octets: number, factor: 1 | -1): void {
    this.used += octets * factor;
    this.#sums.octets += octets * factor;
    if (kind !== 'calendar') return;
    if (component === 'VEVENT') this.#sums.events += factor;
    if (component === 'VTODO') this.#sums.todos += factor;
  }
  countOctets(octets: number): void {
    this.used += octets;
    this.#sums.octets += octets;
  }
  count(what: 'homes' | 'calendars' | 'events' | 'todos', by: number): void {
    this.#sums[what] += by;
  }

  addGone(collection: number, name: string): void {
    const added = this.database.statement(putGone).run(this.key, collection, name, this.revision, this.now);
    this.tombstones += added.changes;
  }
  /** The name lives again. Where items and collections share their names, it may have been a collection's. */
  removeGone({ key, kind, path }: StoredCollection, name: string): void {
    this.tombstones -= this.database.statement(dropGone).run(key, name).changes;
    if (kind !== 'calendar' && path !== undefined) this.removeGoneCollection(pathBelow(path, name));
  }
  removeGoneCollection(path: string): void {
    this.tombstones -= this.database.statement(dropGoneCollection).run(this.key, path).changes;
  }

  /** @throws Conflict when a limit does not allow what was done; the caller then meets it with a fresh view */
  finish(limits: WriteLimits, tombstones: { readonly days: number; readonly perHome: number }): number {
    if (this.used > this.#before.used && this.used > limits.octets) throw new Conflict('over quota');
    if (this.calendars > this.#before.calendars && this.calendars > limits.collections) throw new Conflict('too many calendars');
    const modified = this.now;
    const raised = new Set<number>();
    for (const [key, { items, withAcl, acl }] of this.#touched) {
      const row = this.database.statement(raiseCollection).get(this.revision, modified, items, withAcl, acl ? 1 : 0, this.revision, key);
      if (row === undefined) continue;
      if (items > 0 && integer(row[1]) > limits.itemsPerCollection) throw new Conflict('too many items');
      raised.add(key);
    }
    for (const key of [...raised]) this.#raiseAbove(key, raised, modified);
    if (this.tombstones > tombstones.perHome) this.#prune(tombstones);
    this.database.statement(saveHome).run(this.used, this.locks, this.calendars, this.tombstones, this.floor, this.key);
    this.#saveSums();
    return this.#visible ? this.revision : this.revision - 1;
  }

  #raiseAbove(key: number, raised: Set<number>, modified: number): void {
    let parent = this.database.statement(parentOf).get(key)?.[0];
    while (parent !== null && parent !== undefined && !raised.has(integer(parent))) {
      raised.add(integer(parent));
      parent = this.database.statement(raiseParent).get(this.revision, modified, parent)?.[0];
    }
  }

  #saveSums(): void {
    const { homes, calendars, events, todos, octets } = this.#sums;
    if (homes === 0 && calendars === 0 && events === 0 && todos === 0 && octets === 0) return;
    this.database.statement(addStatistics).run(this.kind, homes, calendars, events, todos, octets);
  }

  /** Keeps the newest `perHome`, and whatever is younger than `days`. A thousand at a time: what a change adds, the next take away. */
  #prune({ days, perHome }: { readonly days: number; readonly perHome: number }): void {
    const limit = Math.min(this.tombstones - perHome, 1_000);
    const before = this.now - days * 86_400;
    const oldest = [oldestGone, oldestGoneCollections].flatMap((sql) => this.database.statement(sql).all(this.key, limit));
    oldest.sort((left, right) => integer(left[0]) - integer(right[0]));
    const upTo = oldest.slice(0, limit).reduce((high, [revision, time]) => (integer(time) < before ? integer(revision) : high), 0);
    if (upTo === 0) return;
    const items = this.database.statement(pruneGone).run(this.key, upTo).changes;
    const collections = this.database.statement(pruneGoneCollections).run(this.key, upTo).changes;
    this.tombstones -= items + collections;
    this.floor = Math.max(this.floor, upTo);
  }
}

export const homeForChange = `SELECT h.key, h.kind, h.root, h.stamp, h.used, h.locks, h.calendars, h.tombstones, h.floor, c.revision FROM home h JOIN collection c ON c.id = h.root WHERE h.id = ?`;
export const itemForChange = 'SELECT id, revision, size, component, extras, etag, schedule_tag, inode, type FROM item WHERE collection = ? AND name = ?';
export const collectionForChange = 'SELECT parent, kind, hidden, items, version, path, home FROM collection WHERE id = ?';
export const dropGoneCollection = 'DELETE FROM gone_collection WHERE home = ? AND path = ?';
export const putGone = 'INSERT INTO gone (home, collection, name, revision, time) VALUES (?, ?, ?, ?, ?) ON CONFLICT (collection, name) DO UPDATE SET revision = excluded.revision, time = excluded.time WHERE revision < excluded.revision';
export const dropGone = 'DELETE FROM gone WHERE collection = ? AND name = ?';
export const raiseCollection = `UPDATE collection SET revision = ?, modified = ?, items = items + ?, items_with_acl = items_with_acl + ?,
  acl_revision = CASE WHEN ? THEN ? ELSE acl_revision END WHERE id = ? RETURNING parent, items`;
export const parentOf = 'SELECT parent FROM collection WHERE id = ?';
export const raiseParent = 'UPDATE collection SET revision = ?, modified = ? WHERE id = ? RETURNING parent';
export const saveHome = 'UPDATE home SET stamp = stamp + 1, used = ?, locks = ?, calendars = ?, tombstones = ?, floor = ? WHERE key = ?';
export const addStatistics = `INSERT INTO statistics (kind, homes, calendars, events, todos, octets) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind) DO UPDATE SET
  homes = homes + excluded.homes, calendars = calendars + excluded.calendars, events = events + excluded.events, todos = todos + excluded.todos, octets = octets + excluded.octets`;
export const oldestGone = `SELECT revision, time FROM gone WHERE home = ? ORDER BY revision ${atMost}`;
export const oldestGoneCollections = `SELECT revision, time FROM gone_collection WHERE home = ? ORDER BY revision ${atMost}`;
export const pruneGone = 'DELETE FROM gone WHERE home = ? AND revision <= ?';
export const pruneGoneCollections = 'DELETE FROM gone_collection WHERE home = ? AND revision <= ?';
