/**
 * The reads of one shard, each synchronous and of one statement, over one connection: the main thread's, or within `tx`. Never waits: a database that is busy
 * throws, and the caller tries again. Holds nothing between calls but what `LocatedHomes` proves anew each time.
 */
import type { ItemName, ItemQuery, ItemSelect, Lock, PrincipalId } from '@kalends/contracts';
import { toCollectionRow, toHomeRow, type CollectionRow, type HomeRow } from './collection-rows.ts';
import type { Database, Row, Value } from './database.ts';
import { integer, text } from './database.ts';
import { pathSegments, pathText } from './identifiers.ts';
import { itemPlan, shortSeconds, toItem, type ItemRow } from './item-columns.ts';
import { LocatedHomes } from './located-homes.ts';
import * as sql from './read-statements.ts';

export const pageRows = 256;
/** A query that finds no more answers with one statement. */
export const queryRows = 512;

export interface LocatedRows { readonly home: HomeRow; /** From the root down to the deepest that was reached. */ readonly collections: readonly CollectionRow[] }
export interface LocatedItem { readonly rows: LocatedRows; readonly item: ItemRow | undefined }
export interface ItemPage { readonly rows: readonly ItemRow[]; readonly more: boolean }
export interface HolderRow { readonly collection: number; readonly name: ItemName }

export class ShardReader {
  readonly database: Database;
  readonly #located = new LocatedHomes();
  constructor(database: Database) {
    this.database = database;
  }

  /** As `locate`, and the item whose name the path's last segment is, where no collection has it. */
  locateItem(owner: PrincipalId, path: readonly string[], select: ItemSelect): LocatedItem | undefined {
    const kept = this.#located.has(owner) ? this.#places(owner) : undefined;
    if (kept !== undefined) {
      const found = kept.get(pathText(path));
      if (found !== undefined) return { rows: found, item: undefined };
      const parent = path.length === 0 ? undefined : kept.get(pathText(path.slice(0, -1)));
      // No item shares its name with a collection, so an item that is there answers the whole question.
      const item = parent?.collections.length === path.length ? this.item(parent.collections.at(-1)!.key, path.at(-1) as ItemName, select) : undefined;
      if (parent !== undefined && item !== undefined) return { rows: parent, item };
    }
    const rows = this.locate(owner, path);
    if (rows === undefined) return undefined;
    const depth = rows.collections.length - 1;
    const deepest = rows.collections[depth];
    if (deepest === undefined) return { rows, item: undefined };
    this.#located.keep(owner, pathText(path.slice(0, depth)), rows);
    return { rows, item: depth === path.length - 1 ? this.item(deepest.key, path.at(-1) as ItemName, select) : undefined };
  }

  #places(owner: PrincipalId): ReadonlyMap<string, LocatedRows> | undefined {
    const row = this.database.statement(sql.stamp).get(owner);
    return row === undefined ? undefined : this.#located.of(owner, integer(row[1]), integer(row[0]));
  }

  locate(owner: PrincipalId, path: readonly string[]): LocatedRows | undefined {
    const places = path.map((_, index) => pathText(path.slice(0, index + 1)));
    const rows = places.length <= 4
      ? this.database.statement(sql.locate(places.length)).all(owner, '', ...places)
      : this.database.statement(sql.locateDeep).all(owner, JSON.stringify(['', ...places]));
    const first = rows[0];
    if (first === undefined) return undefined;
    const home = toHomeRow(first);
    const found = rows.map((row) => toCollectionRow(row, owner, home.epoch, 10));
    found.sort((left, right) => (left.path ?? '').length - (right.path ?? '').length);
    return { home, collections: found };
  }

  home(owner: PrincipalId): HomeRow | undefined {
    const row = this.database.statement(sql.home).get(owner);
    return row === undefined ? undefined : toHomeRow(row);
  }

  stamp(owner: PrincipalId): number | undefined {
    const row = this.database.statement(sql.stamp).get(owner);
    return row === undefined ? undefined : integer(row[0]);
  }

  collection(key: number): CollectionRow | undefined {
    return this.#collection(this.database.statement(sql.collection).get(key));
  }
  collections(keys: readonly number[]): readonly CollectionRow[] {
    return this.#collections(this.database.statement(sql.collections).all(JSON.stringify(keys)));
  }
  child(parent: number, segment: string): CollectionRow | undefined {
    return this.#collection(this.database.statement(sql.child).get(parent, segment));
  }
  children(parent: number): readonly CollectionRow[] {
    return this.#collections(this.database.statement(sql.children).all(parent));
  }
  /** Below the collection, at any depth, parents first. */
  below(of: CollectionRow): readonly CollectionRow[] {
    if (of.path === undefined) return this.children(of.key).flatMap((child) => [child, ...this.below(child)]);
    const [from, to] = of.path === '' ? ['', '\u{10ffff}'] : [`${of.path}/`, `${of.path}0`];
    return this.#collections(this.database.statement(sql.below).all(of.key, from, to));
  }

  changedCollections(home: number, from: number, upTo: number, count: number): readonly CollectionRow[] {
    return this.#collections(this.database.statement(sql.changedCollections).all(home, from, upTo, count));
  }

  item(collection: number, name: ItemName, select: ItemSelect): ItemRow | undefined {
    const plan = itemPlan(select);
    const row = this.database.statement(sql.item(plan)).get(collection, name);
    return row === undefined ? undefined : toItem(this.database, plan, row);
  }
  /** Id, revision, size and extras of the row, for recheck and arithmetic. Undefined: absent. */
  revisionOf(collection: number, name: ItemName): number | undefined {
    const row = this.database.statement(sql.revision).get(collection, name);
    return row === undefined ? undefined : integer(row[0]);
  }
  items(collection: number, names: readonly ItemName[], select: ItemSelect): readonly ItemRow[] {
    const plan = itemPlan(select);
    return this.#items(sql.items(plan), select, [collection, JSON.stringify(names)]);
  }
  /** Up to `pageRows` after `after` in order of name, and whether there are more. */
  page(collection: number, after: ItemName | '', select: ItemSelect): ItemPage {
    const rows = this.#items(sql.page(itemPlan(select)), select, [collection, after, pageRows + 1]);
    return { rows: rows.slice(0, pageRows), more: rows.length > pageRows };
  }
  /** Up to `queryRows` at once, or the row ids of all of them where there are more. */
  query(home: number, collection: number, query: ItemQuery, select: ItemSelect): { readonly rows: readonly ItemRow[] } | { readonly ids: readonly number[] } {
    const { where, values } = sql.queryWhere(home, collection, query, shortSeconds);
    const rows = this.#items(sql.query(itemPlan(select), where), select, [...values, queryRows + 1]);
    if (rows.length <= queryRows) return { rows };
    return { ids: this.database.statement(sql.queryIds(where)).all(...values).map((row) => integer(row[0])) };
  }
  /** Those of these rows that still lie in the collection. */
  itemsById(collection: number, ids: readonly number[], select: ItemSelect): readonly ItemRow[] {
    return this.#items(sql.itemsById(itemPlan(select)), select, [JSON.stringify(ids), collection]);
  }
  holder(home: number, uid: string): HolderRow | undefined {
    const row = this.database.statement(sql.holder).get(home, uid, home, uid);
    return row === undefined ? undefined : { collection: integer(row[0]), name: text(row[1]) as ItemName };
  }
  locks(home: number): readonly Lock[] {
    return this.database.statement(sql.locks).all(home).map(toLock);
  }
  isQuarantined(collection: number, name: ItemName): boolean {
    return this.database.statement(sql.quarantined).get(collection, name) !== undefined;
  }

  #items(statement: string, select: ItemSelect, values: readonly Value[]): readonly ItemRow[] {
    const plan = itemPlan(select);
    return this.database.statement(statement).all(...values).map((row) => toItem(this.database, plan, row));
  }
  #collection(row: Row | undefined): CollectionRow | undefined {
    return row === undefined ? undefined : toCollectionRow(row, text(row[16]) as PrincipalId, text(row[17]));
  }
  #collections(rows: readonly Row[]): readonly CollectionRow[] {
    return rows.map((row) => toCollectionRow(row, text(row[16]) as PrincipalId, text(row[17])));
  }
}

function toLock([token, path, depth, scope, owner, ownerXml, expires]: Row): Lock {
  return {
    token: text(token), path: pathSegments(text(path)), depth: depth === '0' ? 0 : 'infinity', scope: text(scope) as Lock['scope'], owner: text(owner) as PrincipalId,
    ownerXml: text(ownerXml), expires: integer(expires),
  };
}
