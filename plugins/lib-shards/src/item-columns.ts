/**
 * From an ItemSelect to columns, and from a row back to an Item. Name, ETag and component come from one covering index; every other column is read only where the
 * caller names it. What few items have (ACL, dead properties, attachments, personal rows) is looked up row by row, guided by the bits of `extras`.
 */
import type { Ace, Attachment, ComponentKind, ETag, Item, ItemFacts, ItemMeta, ItemName, ItemSelect, PrincipalId, Revision } from '@kalends/contracts';
import type { Database, Row, Value } from './database.ts';
import { integer, maybeText, octets, text } from './database.ts';

export const extraBits = { acl: 1, dead: 2, attachments: 4, personal: 8 } as const;

export interface ItemPlan {
  readonly columns: string; readonly join: string; readonly select: ItemSelect;
  /** Places of each group in the row; -1: not asked for. */
  readonly meta: number; readonly facts: number; readonly extras: number; readonly body: number;
}

const metaColumns = 'i.uid, i.type, i.schedule_tag, i.size, i.created, i.modified, i.revision';
export const factColumns = 'facts_version, lo, hi, covered_start, covered_end, flags, organizer, occurrences, slices';
const prefixedFacts = factColumns.split(', ').map((each) => `i.${each}`).join(', ');

const plans = new Map<number, ItemPlan>();

export function itemPlan(select: ItemSelect): ItemPlan {
  const wantsExtras = select.acl === true || select.dead !== undefined || select.attachments === true || select.personal !== undefined;
  const key = (select.meta === true ? 1 : 0) + (select.facts === true ? 2 : 0) + (wantsExtras ? 4 : 0) + (select.body === true ? 8 : 0);
  const shape = plans.get(key) ?? newPlan(select, wantsExtras);
  plans.set(key, shape);
  return shape.select === select ? shape : { ...shape, select };
}

function newPlan(select: ItemSelect, wantsExtras: boolean): ItemPlan {
  const parts = ['i.name', 'i.etag', 'i.component'];
  const add = (wanted: boolean, columns: string): number => {
    if (!wanted) return -1;
    const at = parts.join(', ').split(', ').length;
    parts.push(columns);
    return at;
  };
  const meta = add(select.meta === true, metaColumns);
  const facts = add(select.facts === true, prefixedFacts);
  const extras = add(wantsExtras, 'i.id AS item_id, i.extras');
  const body = add(select.body === true, 'b.octets, i.size AS body_size, i.inode');
  return { columns: parts.join(', '), join: body < 0 ? '' : ' LEFT JOIN body b ON b.item = i.id', select, meta, facts, extras, body };
}

/** A body that lies in a file, which the caller must open; its row said so many octets and this inode. */
export interface BodyInFile { readonly size: number; readonly inode: number }
/** The item, or, in `file`, that its body is still to be read. */
export interface ItemRow { readonly item: Item; readonly file: BodyInFile | undefined }

export function toItem(database: Database, plan: ItemPlan, row: Row): ItemRow {
  const component = row[2];
  const item: { -readonly [K in keyof Item]: Item[K] } = { name: row[0] as ItemName, etag: row[1] as ETag };
  if (component !== null) item.component = component as ComponentKind;
  if (plan.meta >= 0) item.meta = toMeta(row, plan.meta);
  if (plan.facts >= 0 && row[plan.facts] !== null) item.facts = toFacts(row, plan.facts);
  let file: BodyInFile | undefined;
  if (plan.body >= 0) {
    const body = row[plan.body];
    if (body instanceof Uint8Array) item.body = body;
    else file = { size: integer(row[plan.body + 1]), inode: integer(row[plan.body + 2]) };
  }
  const extras = plan.extras < 0 ? 0 : integer(row[plan.extras + 1]);
  if (plan.extras >= 0) addExtras(database, integer(row[plan.extras]), extras, plan.select, item);
  return { item, file };
}

function addExtras(database: Database, id: number, extras: number, select: ItemSelect, item: { -readonly [K in keyof Item]: Item[K] }): void {
  if ((extras & (extraBits.acl | extraBits.dead)) !== 0 && (select.acl === true || select.dead !== undefined)) {
    const [acl, dead] = database.statement('SELECT acl, dead FROM extra WHERE item = ?').get(id) ?? [];
    if (select.acl === true && typeof acl === 'string') item.acl = JSON.parse(acl) as readonly Ace[];
    if (select.dead !== undefined && typeof dead === 'string') item.dead = wantedDead(toMap(dead), select.dead);
  }
  if (select.dead !== undefined) item.dead ??= new Map();
  if (select.attachments === true) item.attachments = (extras & extraBits.attachments) === 0 ? [] : attachmentsOf(database, id);
  if (select.personal !== undefined && (extras & extraBits.personal) !== 0) {
    const found = personalOf(database, id, select.personal);
    if (found !== undefined) item.personal = found;
  }
}

export function wantedDead(all: ReadonlyMap<string, string>, wanted: NonNullable<ItemSelect['dead']>): ReadonlyMap<string, string> {
  if (wanted === 'all') return all;
  const found = new Map<string, string>();
  for (const { ns, local } of wanted) {
    const name = `{${ns}}${local}`;
    const value = all.get(name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

export function attachmentsOf(database: Database, item: number): readonly Attachment[] {
  const rows = database.statement('SELECT managed_id, id, octets, sha256, name, type, rid FROM attachment WHERE item = ?').all(item);
  return rows.map(([managedId, id, size, sha256, name, type, rid]) => ({
    managedId: text(managedId), id: text(id), octets: integer(size), sha256: text(sha256), name: text(name), type: text(type), ...(typeof rid === 'string' ? { rid } : {}),
  }));
}

export function personalOf(database: Database, item: number, principal: PrincipalId): NonNullable<Item['personal']> | undefined {
  const row = database.statement('SELECT number, patch, version, lo, hi, covered_start, covered_end, flags, organizer, occurrences, slices FROM personal WHERE item = ? AND principal = ?').get(item, principal);
  return row === undefined ? undefined : { number: integer(row[0]), patch: octets(row[1]), facts: toFacts(row, 2) };
}

function toMeta(row: Row, at: number): ItemMeta {
  const uid = row[at];
  const scheduleTag = row[at + 2];
  const meta: { -readonly [K in keyof ItemMeta]: ItemMeta[K] } = {
    contentType: text(row[at + 1]), size: integer(row[at + 3]), created: integer(row[at + 4]), modified: integer(row[at + 5]), revision: integer(row[at + 6]) as Revision,
  };
  if (typeof uid === 'string') meta.uid = uid;
  if (typeof scheduleTag === 'string') meta.scheduleTag = scheduleTag as ETag;
  return meta;
}

export function toFacts(row: Row, at: number): ItemFacts {
  const organizer = maybeText(row[at + 6]);
  return {
    version: integer(row[at]), bounds: { start: integer(row[at + 1]), end: integer(row[at + 2]) }, covered: { start: integer(row[at + 3]), end: integer(row[at + 4]) },
    flags: integer(row[at + 5]), occurrences: octets(row[at + 7]), slices: octets(row[at + 8]), ...(organizer === undefined ? {} : { organizer }),
  };
}

/** In the order of `factColumns`. */
export function factValues(facts: ItemFacts | undefined): readonly Value[] {
  if (facts === undefined) return [null, null, null, null, null, null, null, null, null];
  const { version, bounds, covered, flags, organizer, occurrences, slices } = facts;
  return [version, bounds.start, bounds.end, covered.start, covered.end, flags, organizer ?? null, occurrences, slices];
}

/** Items that span over 31 days stand apart in the range index, so that the short ones have a lower bound for their start. */
export const shortSeconds = 31 * 86_400;
export const isLong = (facts: ItemFacts): 0 | 1 => (facts.bounds.end - facts.bounds.start > shortSeconds ? 1 : 0);

export const toMap = (json: string): ReadonlyMap<string, string> => new Map(Object.entries(JSON.parse(json) as Record<string, string>));
export const mapText = (map: ReadonlyMap<string, string>): string => JSON.stringify(Object.fromEntries(map));
