/**
 * Makes the rows of a home from what was read of its folder, in one transaction, under a new epoch: a shard that was lost, a folder that was restored, a home that
 * was imported. Revisions go on above whatever the sidecars noted; ETags are those of the octets.
 */
import { collectionKey, extraBits, factColumns, factValues, integer, isLong, lockCopies, newEpoch, pathBelow, pathText, text, uniqueName, type Database, type Value } from '@kalends/lib-shards';
import type { CollectionId, Lock } from '@kalends/contracts';
import type { ScannedCollection, ScannedHome, ScannedItem } from '../home-scan.ts';
import { sidecarName } from '../home-layout.ts';
import { linkHome } from './home-link.ts';
import { look } from './look-home.ts';
import { unpackFacts } from './meta-file.ts';
import { putRow } from './pending.ts';
import { dropHomeRows } from './remove-home.ts';
import { sidecarOctets, sidecarOf } from './sidecar.ts';
import type { TaskContext } from './tasks.ts';

export interface Adoption { readonly owner: string; /** As `look` gave it before the folder was read. */ readonly stamp: number | undefined; readonly scanned: ScannedHome; readonly now: number }

export const addHome = 'INSERT INTO home (key, id, kind, name, root, epoch, stamp, used, locks, calendars, tombstones, floor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)';
export const addCollection = `INSERT INTO collection (id, home, parent, segment, path, kind, hidden, revision, placed, created, modified, acl_revision, version, items, items_with_acl,
  properties, personal, acl, noted_revision, noted_inode) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)`;
export const addItem = `INSERT INTO item (home, collection, name, etag, component, uid, type, schedule_tag, size, created, modified, revision, ${factColumns}, long, extras, inode)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
export const addBody = 'INSERT INTO body (item, octets) VALUES (?, ?)';
export const addExtra = 'INSERT INTO extra (item, acl, dead) VALUES (?, ?, ?)';
export const addAttachment = 'INSERT INTO attachment (item, managed_id, id, octets, sha256, name, type, rid) VALUES (?, ?, ?, ?, ?, ?, ?, ?)';
export const addPersonal = `INSERT INTO personal (item, principal, number, patch, version, lo, hi, covered_start, covered_end, flags, organizer, occurrences, slices) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
export const addQuarantine = 'INSERT INTO quarantine (home, collection, name, reason) VALUES (?, ?, ?, ?)';
export const addJob = 'INSERT OR IGNORE INTO job (id, home, kind, payload, lane, collapse, due, attempt, holder, reason, change) VALUES (?, ?, ?, ?, ?, ?, ?, 0, NULL, NULL, ?)';
export const addLock = 'INSERT OR IGNORE INTO lock (home, token, path, depth, scope, owner, owner_xml, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)';
export const countLocks = 'SELECT count(*) FROM lock WHERE home = ?';
export const addSums = `INSERT INTO statistics (kind, homes, calendars, events, todos, octets) VALUES (?, 1, ?, ?, ?, ?) ON CONFLICT (kind) DO UPDATE SET
  homes = homes + 1, calendars = calendars + excluded.calendars, events = events + excluded.events, todos = todos + excluded.todos, octets = octets + excluded.octets`;
export const existing = 'SELECT h.key, c.revision FROM home h JOIN collection c ON c.id = h.root WHERE h.id = ?';

/** False: the home has moved meanwhile, and the folder must be read again. */
export async function adoptHome(context: TaskContext, adoption: Adoption): Promise<boolean> {
  const { files, layout, shard, state } = context;
  const adopted = await shard.locked(() => {
    const now = look(context, adoption.owner);
    if (!now.hasFolder || now.stamp !== adoption.stamp) return { commit: false, value: false };
    const home = new Adopting(shard.database, adoption).run();
    for (const [lock] of state.database.statement(lockCopies).all(adoption.owner, Math.floor(adoption.now / 1000))) home.lock(JSON.parse(text(lock)) as Lock);
    home.finish();
    // The new epoch goes into the root's sidecar like any other change to it.
    const temp = uniqueName();
    const known = sidecarOf(shard.database, home.root);
    files.makeFolder(layout.temps(adoption.owner), true);
    files.writeNew(layout.temp(adoption.owner, temp), sidecarOctets(known!.sidecar));
    files.flush(layout.temp(adoption.owner, temp));
    files.flushFolder(layout.temps(adoption.owner));
    shard.database.statement(putRow).run(home.key, home.root, sidecarName, 'put', 'sidecar', null, temp);
    return { commit: true, value: true };
  });
  if (adopted) {
    // Carries out the row just made.
    await shard.locked(() => {
      linkHome(files, layout, shard.database, integer(shard.database.statement(existing).get(adoption.owner)?.[0]), { takes: false });
      return { commit: false, value: undefined };
    });
  }
  return adopted;
}

class Adopting {
  readonly #database: Database;
  readonly #adoption: Adoption;
  readonly #revision: number;
  readonly root: number;
  readonly key: number;
  readonly #sums = { calendars: 0, events: 0, todos: 0, octets: 0 };
  readonly #kinds = new Map<string, string>();

  constructor(database: Database, adoption: Adoption) {
    this.#database = database;
    this.#adoption = adoption;
    const { collections } = adoption.scanned;
    const before = database.statement(existing).get(adoption.owner);
    this.#revision = Math.max(integer(before?.[1]), ...collections.map(({ sidecar }) => sidecar.revision)) + 1;
    this.root = keyOf(collections[0]!.sidecar.id);
    this.key = before === undefined ? integer(database.statement('SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = ?').get('home')?.[0]) : integer(before[0]);
    if (before !== undefined) dropHomeRows(database, this.key, { keepJobs: true, keepPending: true });
  }

  run(): this {
    const { collections, items, jobs } = this.#adoption.scanned;
    const paths = new Map<string, string>();
    for (const each of collections) this.#collection(each, paths, items);
    for (const item of items) this.#item(item);
    for (const { change, jobs: those } of jobs) {
      for (const { id, kind, payload, lane, collapse, due } of those) this.#database.statement(addJob).run(id, this.key, kind, payload, lane ?? null, collapse ? 1 : 0, due, change);
    }
    return this;
  }

  lock({ token, path, depth, scope, owner, ownerXml, expires }: Lock): void {
    this.#database.statement(addLock).run(this.key, token, pathText(path), String(depth), scope, owner, ownerXml, expires);
  }

  finish(): void {
    const { sidecar } = this.#adoption.scanned.collections[0]!;
    const owner = sidecar.owner!;
    const locks = integer(this.#database.statement(countLocks).get(this.key)?.[0]);
    const { calendars, events, todos, octets } = this.#sums;
    this.#database.statement(addHome).run(
      this.key, owner.id, owner.kind, owner.name, this.root, newEpoch(), (this.#adoption.stamp ?? 0) + 1, octets, locks, calendars, this.#revision,
    );
    this.#database.statement(addSums).run(owner.kind, calendars, events, todos, octets);
  }

  #collection({ sidecar, parent, inode }: ScannedCollection, paths: Map<string, string>, items: readonly ScannedItem[]): void {
    const path = parent === undefined ? '' : pathBelow(paths.get(parent), sidecar.segment);
    paths.set(sidecar.id, path);
    this.#kinds.set(sidecar.id, sidecar.kind);
    if (sidecar.kind === 'calendar') this.#sums.calendars += 1;
    const own = items.filter(({ collection, problem }) => collection === sidecar.id && problem === undefined);
    this.#database.statement(addCollection).run(
      keyOf(sidecar.id), this.key, parent === undefined ? null : keyOf(parent), sidecar.segment, path, sidecar.kind, this.#revision, this.#revision, sidecar.created, sidecar.modified,
      this.#revision, own.length, own.filter(({ meta }) => meta?.acl !== undefined).length, JSON.stringify(sidecar.properties), JSON.stringify(sidecar.personal),
      JSON.stringify(sidecar.acl), sidecar.revision, inode,
    );
  }

  #item(item: ScannedItem): void {
    const { meta, facts, problem, collection, name } = item;
    const database = this.#database;
    const extras = (meta?.acl === undefined ? 0 : extraBits.acl) + (meta?.dead === undefined ? 0 : extraBits.dead)
      + (meta?.attachments === undefined ? 0 : extraBits.attachments) + (meta?.personal === undefined ? 0 : extraBits.personal);
    const key = keyOf(collection);
    const values: readonly Value[] = [
      this.key, problem === undefined ? key : -key, name, item.etag, item.component ?? null, item.uid ?? null, item.type, meta?.scheduleTag ?? null, item.size,
      meta?.created ?? item.modified, item.modified, this.#revision, ...factValues(facts), facts === undefined ? null : isLong(facts), extras, item.body === undefined ? item.inode : null,
    ];
    const id = database.statement(addItem).run(...values).lastInsertRowid;
    if (item.body !== undefined) database.statement(addBody).run(id, item.body);
    if (problem !== undefined) database.statement(addQuarantine).run(this.key, key, name, problem);
    if (meta?.acl !== undefined || meta?.dead !== undefined) database.statement(addExtra).run(id, meta.acl === undefined ? null : JSON.stringify(meta.acl), meta.dead === undefined ? null : JSON.stringify(meta.dead));
    for (const each of meta?.attachments ?? []) {
      database.statement(addAttachment).run(id, each.managedId, each.id, each.octets, each.sha256, each.name, each.type, each.rid ?? null);
      this.#sums.octets += each.octets;
    }
    for (const each of meta?.personal ?? []) database.statement(addPersonal).run(id, each.principal, each.number, Buffer.from(each.patch, 'base64'), ...factValues(unpackFacts(each.facts)));
    this.#sums.octets += item.size;
    if (problem !== undefined || this.#kinds.get(collection) !== 'calendar') return;
    if (item.component === 'VEVENT') this.#sums.events += 1;
    if (item.component === 'VTODO') this.#sums.todos += 1;
  }
}

const keyOf = (id: string): number => collectionKey(id as CollectionId);
