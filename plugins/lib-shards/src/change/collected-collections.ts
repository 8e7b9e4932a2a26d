/**
 * Collections as one change sees them: rows of the shard, and over them what the change did. A change that only looks at some collections reads only those; one
 * that makes, moves or removes any reads the home's whole tree first and works on that.
 */
import { StoreError, type Ace, type Collection, type CollectionDraft, type CollectionId, type CollectionPatch, type HomeId, type Revision } from '@kalends/contracts';
import { personalText, type CollectionRow, type HomeRow } from '../collection-rows.ts';
import { collectionId, collectionKey, newCollectionId, pathBelow } from '../identifiers.ts';
import { mapText } from '../item-columns.ts';
import type { ShardReader } from '../shard-reader.ts';
import type { ChangeOperation } from './change.ts';
import type { ReadLog } from './read-log.ts';

export class CollectedCollections {
  readonly #reader: ShardReader;
  readonly #log: ReadLog;
  readonly #home: HomeRow;
  readonly #now: number;
  /** Rows as this change sees them; undefined: gone by it. */
  readonly #rows = new Map<number, CollectionRow | undefined>();
  #hasTree = false;
  /** By how many calendars the home has grown. */ #calendars = 0;

  constructor(reader: ShardReader, log: ReadLog, home: HomeRow, now: number) {
    this.#reader = reader;
    this.#log = log;
    this.#home = home;
    this.#now = now;
  }

  /** By id, hidden ones too. */
  get(key: number): CollectionRow | undefined {
    if (this.#rows.has(key)) return this.#rows.get(key);
    const row = this.#reader.collection(key);
    if (row === undefined || (row.collection.home as string) !== this.#home.owner) return undefined;
    this.#log.collection(key, row.version);
    this.#rows.set(key, row);
    return row;
  }

  /** @throws StoreError `collection-gone` where it is not there, or hidden */
  living(id: CollectionId): CollectionRow {
    const row = this.get(collectionKey(id));
    if (row === undefined || row.hidden !== 0) throw new StoreError('collection-gone', `collection ${id} is gone`);
    return row;
  }

  child(parent: number, segment: string): CollectionRow | undefined {
    if (!this.#hasTree) {
      const row = this.#reader.child(parent, segment);
      if (row === undefined) {
        this.#log.absent(parent, segment);
        return undefined;
      }
      return this.get(row.key);
    }
    const of = collectionId(parent);
    for (const row of this.#rows.values()) if (row?.collection.parent === of && row.collection.segment === segment && row.hidden === 0) return row;
    return undefined;
  }

  list(parent: number, depth: 1 | 'infinity'): readonly CollectionRow[] {
    this.#loadTree();
    const of = collectionId(parent);
    const found: CollectionRow[] = [];
    for (const row of this.#rows.values()) if (row?.collection.parent === of && row.hidden === 0) found.push(row);
    found.sort((left, right) => (left.collection.segment < right.collection.segment ? -1 : 1));
    return depth === 1 ? found : found.flatMap((row) => [row, ...this.list(row.key, depth)]);
  }

  create(home: HomeId, parentId: CollectionId, draft: CollectionDraft, limit: number): { readonly operation: ChangeOperation; readonly id: CollectionId } {
    const parent = this.living(parentId);
    this.#loadTree();
    if (this.child(parent.key, draft.segment) !== undefined) throw new StoreError('exists', `${draft.segment} is there already`);
    if (draft.kind === 'calendar') this.#countCalendar(limit);
    const id = newCollectionId(home);
    const { segment, kind, properties, acl = [] } = draft;
    const revision = this.#provisional();
    this.#rows.set(collectionKey(id), {
      key: collectionKey(id), path: pathBelow(parent.path, segment), version: 0, items: 0, hidden: 0,
      collection: {
        id, home, parent: parentId, segment, kind, revision, created: this.#now, modified: this.#now, epoch: this.#home.epoch, aclRevision: revision, itemsWithAcl: 0,
        properties, personal: new Map(), acl,
      },
    });
    return { id, operation: { op: 'create-collection', key: collectionKey(id), parent: parent.key, segment, kind, properties: mapText(properties), acl: JSON.stringify(acl) } };
  }

  update(id: CollectionId, patch: CollectionPatch): ChangeOperation {
    const row = this.living(id);
    const properties = patched(row.collection.properties, patch.set ?? new Map<string, string>(), patch.remove ?? []);
    const personal = new Map(row.collection.personal);
    if (patch.personal !== undefined) {
      const { principal, set, remove } = patch.personal;
      const values = patched(personal.get(principal) ?? new Map<string, string>(), set, remove);
      if (values.size === 0) personal.delete(principal);
      else personal.set(principal, values);
    }
    const acl: readonly Ace[] | undefined = patch.acl;
    const revision = this.#provisional();
    this.#replace(row, { properties, personal, revision, modified: this.#now, ...(acl === undefined ? {} : { acl, aclRevision: revision }) });
    return { op: 'update-collection', key: row.key, properties: mapText(properties), personal: personalText(personal), acl: acl === undefined ? undefined : JSON.stringify(acl) };
  }

  /** Undefined: it is there already. */
  move(id: CollectionId, parentId: CollectionId, segment: string): ChangeOperation | undefined {
    this.#loadTree();
    const row = this.get(collectionKey(id));
    if (row?.path === undefined || row.collection.parent === undefined) throw new StoreError('not-found', `collection ${id} is not there`);
    const parent = this.get(collectionKey(parentId));
    if (parent?.path === undefined) throw new StoreError('not-found', `collection ${parentId} is not there`);
    if (row.collection.parent === parentId && row.collection.segment === segment) return undefined;
    for (let above: CollectionRow | undefined = parent; above !== undefined; above = above.collection.parent === undefined ? undefined : this.get(collectionKey(above.collection.parent))) {
      if (above.key === row.key) throw new StoreError('not-found', 'a collection cannot move into itself');
    }
    if (this.child(parent.key, segment) !== undefined) throw new StoreError('exists', `${segment} is there already`);
    this.#rows.set(row.key, { ...row, path: pathBelow(parent.path, segment), collection: { ...row.collection, parent: parentId, segment, revision: this.#provisional() } });
    this.#repath(row.key);
    return { op: 'move-collection', key: row.key, parent: parent.key, segment };
  }

  hide(id: CollectionId): ChangeOperation {
    this.#loadTree();
    const row = this.living(id);
    if (row.collection.parent === undefined) throw new StoreError('not-found', 'a root cannot be hidden');
    const below = this.list(row.key, 'infinity');
    this.#uncount([row, ...below]);
    for (const each of [row, ...below]) this.#rows.set(each.key, { ...each, path: undefined, hidden: each.key === row.key ? 1 : 2 });
    return { op: 'hide-collection', key: row.key };
  }

  /** The operation, and the keys of all that go. */
  remove(id: CollectionId): { readonly operation: ChangeOperation; readonly gone: readonly number[] } {
    this.#loadTree();
    const row = this.get(collectionKey(id));
    if (row?.collection.parent === undefined) throw new StoreError('collection-gone', `collection ${id} is gone`);
    const below = row.hidden === 0 ? this.list(row.key, 'infinity') : this.#reader.below(row);
    const gone = [row.key, ...below.map(({ key }) => key)];
    for (const key of gone) this.#rows.set(key, undefined);
    if (row.hidden === 0) this.#uncount([row, ...below]);
    return { operation: { op: 'remove-collection', key: row.key }, gone };
  }

  #countCalendar(limit: number): void {
    if (this.#home.calendars + this.#calendars + 1 > limit) throw new StoreError('too-many', `a home may hold ${limit} calendars`);
    this.#calendars += 1;
  }
  #uncount(rows: readonly CollectionRow[]): void {
    this.#calendars -= rows.filter(({ collection }) => collection.kind === 'calendar').length;
  }

  #loadTree(): void {
    if (this.#hasTree) return;
    this.#log.whole();
    const root = this.#reader.collection(this.#home.root);
    if (root === undefined) throw new StoreError('corrupt', 'the home has no root');
    for (const row of [root, ...this.#reader.below(root)]) if (!this.#rows.has(row.key)) this.#rows.set(row.key, row);
    this.#hasTree = true;
  }

  #repath(key: number): void {
    const path = this.#rows.get(key)?.path;
    for (const child of this.list(key, 1)) {
      this.#rows.set(child.key, { ...child, path: pathBelow(path, child.collection.segment) });
      this.#repath(child.key);
    }
  }

  #replace(row: CollectionRow, change: Partial<Collection>): void {
    this.#rows.set(row.key, { ...row, collection: { ...row.collection, ...change } });
  }

  /** What nobody may rely on: inside `work` other changes may still come first. */
  #provisional(): Revision {
    return (this.#reader.collection(this.#home.root)?.collection.revision ?? 0) + 1 as Revision;
  }
}

export function patched(values: ReadonlyMap<string, string>, set: ReadonlyMap<string, string>, remove: readonly string[]): ReadonlyMap<string, string> {
  const next = new Map(values);
  for (const [name, value] of set) next.set(name, value);
  for (const name of remove) next.delete(name);
  return next;
}
