/**
 * What a listing was asked for, compiled once: for each kind of row an array of columns, the union of what they select, and the names that nobody defines,
 * which are known to be 404 here and not once a row.
 *
 * A row is written synchronously from what was loaded. Nothing here knows where rows come from or go.
 */
import type { DavRequest, ItemSelect, LiveProperty, PropertyRow, QName, XmlNode } from '@kalends/contracts';
import { DAV, clark, fromClark } from '../xml/names.ts';
import { Element } from '../xml/read.ts';
import { escapeAttribute } from '../xml/write.ts';
import type { XmlWriter } from '../xml/write.ts';
import { mergeSelect } from '../resource/select.ts';
import { isItemKind } from '../resource/shape.ts';
import { isStored } from './registry.ts';
import type { PropertyRegistry } from './registry.ts';
import { propertySource, storedProperty, takesDead } from './stored.ts';

/** RFC 4918 §14.20. `allprop` with what `include` names (§14.8). `none`: members alone, a status each. */
export interface Asked { readonly mode: 'prop' | 'allprop' | 'propname' | 'none'; /** Of `prop`, and beside `allprop`. */ readonly names: readonly XmlNode[] }

interface Column {
  readonly name: QName;
  readonly key: string;
  readonly property: LiveProperty | undefined;
  readonly asked: XmlNode;
  /** The element empty, for 404 and 403; its start tag all but the `>`; its end tag. All inside `DAV:prop`. */
  readonly empty: string; readonly start: string; readonly end: string;
  /** The start tag of a row's first property, with what stands between it and the text of the href. */ readonly first: string;
}

export class PropertyPlan {
  readonly asked: Asked;
  readonly #registry: PropertyRegistry;
  readonly #kinds = new Map<string, KindPlan>();

  constructor(registry: PropertyRegistry, asked: Asked) {
    this.#registry = registry;
    this.asked = asked;
  }

  for(kind: string): KindPlan {
    let plan = this.#kinds.get(kind);
    if (plan === undefined) this.#kinds.set(kind, plan = new KindPlan(this.#registry, kind, this.asked));
    return plan;
  }

  /** What rows of this kind need of their items. */
  select(kind: string): ItemSelect {
    return this.for(kind).select;
  }
}

/** The columns of rows of one kind. */
export class KindPlan {
  readonly kind: string;
  readonly select: ItemSelect;
  /** No properties were asked for: a row is a status. */ readonly bare: boolean;
  readonly #columns: readonly Column[];
  /** Empty elements of names that rows of this kind never have. */ readonly #unknown: string;
  readonly #loaders: readonly { readonly at: number; readonly load: NonNullable<LiveProperty['load']> }[];
  readonly #onceLoaders: readonly { readonly at: number; readonly load: NonNullable<LiveProperty['loadOnce']> }[];
  /** Dead properties, all of them: allprop and propname. */ readonly #everyDead: boolean;
  readonly #namesOnly: boolean;
  readonly #liveKeys: ReadonlySet<string>;

  constructor(registry: PropertyRegistry, kind: string, asked: Asked) {
    this.kind = kind;
    this.bare = asked.mode === 'none';
    this.#namesOnly = asked.mode === 'propname';
    this.#everyDead = asked.mode === 'allprop' || asked.mode === 'propname';
    const { columns, unknown } = columnsOf(registry, kind, asked);
    this.#columns = columns;
    this.#unknown = unknown;
    this.#liveKeys = new Set(this.#everyDead ? registry.all(kind).map((property) => clark(property.name)) : []);
    const dead = isItemKind(kind) && takesDead(kind) ? columns.filter((column) => column.property === undefined).map((column) => column.name) : [];
    this.select = columns.reduce<ItemSelect>(
      (select, { property }) => mergeSelect(select, property?.select),
      this.#everyDead && isItemKind(kind) && takesDead(kind) ? { dead: 'all' } : dead.length > 0 ? { dead } : {},
    );
    this.#loaders = columns.flatMap(({ property }, at) => (property?.load === undefined ? [] : [{ at, load: property.load }]));
    this.#onceLoaders = columns.flatMap(({ property }, at) => (property?.loadOnce === undefined ? [] : [{ at, load: property.loadOnce }]));
  }

  /** False: `load` need not be called and rows may be one object used again. */
  get loads(): boolean {
    return this.#loaders.length > 0;
  }

  /** What all rows have in common: enough where nothing `loads`. */
  loadOnce(request: DavRequest): readonly unknown[] {
    return this.#onceLoaders.length === 0 ? NOTHING_LOADED : this.#loadedOnce(request);
  }

  #loadedOnce(request: DavRequest): unknown[] {
    const loaded: unknown[] = new Array<unknown>(this.#columns.length);
    for (const { at, load } of this.#onceLoaders) loaded[at] = load(request);
    return loaded;
  }

  /** Once a batch of rows of this kind. */
  async load(rows: readonly PropertyRow[], request: DavRequest): Promise<readonly unknown[]> {
    if (this.#loaders.length === 0 || rows.length === 0) return this.loadOnce(request);
    const loaded = this.#loadedOnce(request);
    await Promise.all(this.#loaders.map(async ({ at, load }) => { loaded[at] = await load(rows, request); }));
    return loaded;
  }

  /**
   * One row: `head`, which is the `DAV:response` up to the text of its href, its `propstat` elements, and the end. `minimal`: without what has no value (RFC 8144 §2.1).
   */
  write(xml: XmlWriter, head: string, row: PropertyRow, loaded: readonly unknown[], minimal: boolean): void {
    let missing = this.#unknown;
    let forbidden = '';
    let found = 0;
    const columns = this.#columns;
    for (let at = 0; at < columns.length; at++) {
      const column = columns[at]!;
      const requires = column.property?.requires;
      if (requires !== undefined && (requires & ~row.access) !== 0) {
        forbidden += column.empty;
        continue;
      }
      xml.hold();
      if (this.#writeColumn(xml, found === 0 ? head : undefined, column, row, loaded[at])) found++;
      else {
        xml.undo();
        missing += column.empty;
      }
    }
    if (this.#everyDead) {
      found += this.#writeDead(xml, head, row, found);
      missing = this.#unknown;
      forbidden = '';
    }
    if (minimal) missing = '';
    if (found > 0 && missing === '' && forbidden === '') xml.fragment(END_ALL);
    else xml.fragment(`${found > 0 ? END : head + END_HREF}${found === 0 && missing === '' && forbidden === '' ? EMPTY : ''}${propstat(forbidden, '403 Forbidden')}${propstat(missing, '404 Not Found')}</response>`);
  }

  /** `head` goes first, whatever is written; undefined where a property of the row was written before. */
  #writeColumn(xml: XmlWriter, head: string | undefined, column: Column, row: PropertyRow, loaded: unknown): boolean {
    const { property } = column;
    if (property === undefined || isStored(property)) {
      const value = row.item === undefined ? storedProperty(row, column.key) : row.item.dead?.get(column.key);
      if (value === undefined) return false;
      xml.fragment(begun(head) + (this.#namesOnly ? column.empty : value));
      return true;
    }
    xml.enter(head === undefined ? column.start : head + column.first, column.name.ns);
    if (!property.write(xml, row, loaded, column.asked)) return false;
    xml.leave(column.end);
    if (this.#namesOnly) {
      // Whether it is defined here only its value told.
      xml.undo();
      xml.fragment(begun(head) + column.empty);
    }
    return true;
  }

  /** @returns how many */
  #writeDead(xml: XmlWriter, head: string, row: PropertyRow, found: number): number {
    const source = row.item === undefined ? propertySource(row) : undefined;
    const personal = row.identity.principal === undefined ? undefined : source?.personal.get(row.identity.principal);
    let written = 0;
    for (const values of [personal, source?.properties, row.item?.dead]) {
      if (values === undefined) continue;
      for (const [key, value] of values) {
        if (!key.startsWith('{') || this.#liveKeys.has(key) || (values !== personal && personal?.has(key) === true)) continue;
        if (found + written === 0) xml.fragment(begun(head));
        xml.fragment(this.#namesOnly ? emptyElement(fromClark(key)) : value);
        written++;
      }
    }
    return written;
  }
}

function columnsOf(registry: PropertyRegistry, kind: string, asked: Asked): { readonly columns: readonly Column[]; readonly unknown: string } {
  if (asked.mode === 'none') return { columns: [], unknown: '' };
  if (asked.mode === 'propname') return { columns: registry.all(kind).map((property) => column(property.name, property)), unknown: '' };
  const columns = asked.mode === 'allprop' ? registry.all(kind).filter((property) => property.inAllprop === true).map((property) => column(property.name, property)) : [];
  const seen = new Set(columns.map((column) => column.key));
  let unknown = '';
  for (const node of asked.names) {
    const key = clark(node.name);
    if (seen.has(key)) continue;
    seen.add(key);
    const property = registry.find(kind, key);
    // What allprop names beside itself and is dead comes with the dead ones.
    if (property !== undefined || (asked.mode === 'prop' && !(isItemKind(kind) && !takesDead(kind)))) columns.push(column(node.name, property, node));
    else if (asked.mode === 'prop') unknown += emptyElement(node.name);
  }
  return { columns, unknown };
}

function column(name: QName, property: LiveProperty | undefined, asked: XmlNode = new Element(name)): Column {
  const empty = emptyElement(name);
  const attributes = Object.entries(property?.attributes?.(asked) ?? {}).map(([key, value]) => ` ${key}='${escapeAttribute(value)}'`).join('');
  const start = empty.slice(0, -'/>'.length) + attributes;
  return { name, key: clark(name), property, asked, empty, start, end: `</${name.local}>`, first: START + start };
}

/** Inside `DAV:prop`. */
function emptyElement({ ns, local }: QName): string {
  return ns === DAV ? `<${local}/>` : `<${local} xmlns='${escapeAttribute(ns)}'/>`;
}

function propstat(empties: string, status: string): string {
  return empties === '' ? '' : `<propstat><prop>${empties}</prop><status>HTTP/1.1 ${status}</status></propstat>`;
}

function begun(head: string | undefined): string {
  return head === undefined ? '' : head + START;
}

const END_HREF = '</href>';
const START = `${END_HREF}<propstat><prop>`;
const END = '</prop><status>HTTP/1.1 200 OK</status></propstat>';
const END_ALL = `${END}</response>`;
const EMPTY = '<propstat><prop/><status>HTTP/1.1 200 OK</status></propstat>';
const NOTHING_LOADED: readonly unknown[] = [];
