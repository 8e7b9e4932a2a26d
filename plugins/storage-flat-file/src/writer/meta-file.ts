/** `.meta/<file>.json`: what an item has beyond its octets, where it has any: schedule tag, type, dead properties, ACL, per-user data, attachments, a long true name. */
import type { Ace, Attachment, ItemFacts } from '@kalends/contracts';
import { attachmentsOf, integer, maybeText, octets, text, toFacts, usualCalendarType, type Database } from '@kalends/lib-shards';
import { fromFileName } from '../file-names.ts';

export interface ItemMetaFile {
  readonly name?: string; readonly type?: string; readonly component?: string; readonly uid?: string; readonly created: number; readonly scheduleTag?: string;
  readonly acl?: readonly Ace[]; readonly dead?: Readonly<Record<string, string>>; readonly attachments?: readonly Attachment[];
  readonly personal?: readonly { readonly principal: string; readonly number: number; readonly patch: string; readonly facts: PackedFacts }[];
}
export interface PackedFacts extends Omit<ItemFacts, 'occurrences' | 'slices'> { readonly occurrences: string; readonly slices: string }

export const metaRow = 'SELECT id, type, component, created, schedule_tag, extras, uid FROM item WHERE collection = ? AND name = ?';
export const personalRows = 'SELECT principal, number, patch, version, lo, hi, covered_start, covered_end, flags, organizer, occurrences, slices FROM personal WHERE item = ?';
export const extraRow = 'SELECT acl, dead FROM extra WHERE item = ?';

/** What a calendar object's type is without anything being said. */
export const calendarType = usualCalendarType;
export const plainType = 'application/octet-stream';

/** Undefined where there is nothing to tell, or no such item. */
export function metaOf(database: Database, collection: number, name: string, file: string): ItemMetaFile | undefined {
  const row = database.statement(metaRow).get(collection, name);
  if (row === undefined) return undefined;
  const [id, type, component, created, scheduleTag, extras, uid] = row;
  const isCalendar = component !== null;
  const saysType = text(type) !== (isCalendar ? calendarType : plainType);
  const isHashed = fromFileName(file) === undefined;
  if (scheduleTag === null && integer(extras) === 0 && !isHashed && !saysType) return undefined;
  const item = integer(id);
  const [acl, dead] = database.statement(extraRow).get(item) ?? [];
  const attachments = attachmentsOf(database, item);
  const personal = database.statement(personalRows).all(item).map((each) => ({ principal: text(each[0]), number: integer(each[1]), patch: base64(octets(each[2])), facts: packFacts(toFacts(each, 3)) }));
  return {
    created: integer(created), ...(isHashed ? { name } : {}), ...(saysType ? { type: text(type) } : {}), ...(isCalendar ? { component: text(component) } : {}),
    ...(typeof uid === 'string' ? { uid } : {}), ...(typeof scheduleTag === 'string' ? { scheduleTag } : {}),
    ...(typeof acl === 'string' ? { acl: JSON.parse(acl) as readonly Ace[] } : {}), ...(typeof dead === 'string' ? { dead: JSON.parse(dead) as Record<string, string> } : {}),
    ...(attachments.length > 0 ? { attachments } : {}), ...(personal.length > 0 ? { personal } : {}),
  };
}

export const metaOctets = (meta: ItemMetaFile): Uint8Array => Buffer.from(`${JSON.stringify(meta, undefined, 1)}\n`);

export function parseMeta(content: Uint8Array | undefined): ItemMetaFile | undefined {
  if (content === undefined) return undefined;
  try {
    const parsed = JSON.parse(Buffer.from(content).toString('utf8')) as ItemMetaFile | null;
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export const packFacts = (facts: ItemFacts): PackedFacts => ({ ...facts, occurrences: base64(facts.occurrences), slices: base64(facts.slices) });
export const unpackFacts = (facts: PackedFacts): ItemFacts => ({ ...facts, occurrences: Buffer.from(facts.occurrences, 'base64'), slices: Buffer.from(facts.slices, 'base64') });
const base64 = (content: Uint8Array): string => Buffer.from(content).toString('base64');

/** Jobs of one change, as `.outbox/<change>.json` keeps them for a rebuilt index. Undefined: all are done. */
export interface JobFile { readonly jobs: readonly { readonly id: string; readonly kind: string; readonly payload: string; readonly lane: string | undefined; readonly collapse: boolean; readonly due: number }[] }
export const jobsOfChange = 'SELECT id, kind, payload, lane, collapse, due FROM job WHERE change = ? ORDER BY sequence';

/** Sorted by their order of commit: `job_change` has the row ids in it. */
export function jobsOf(database: Database, change: string): JobFile | undefined {
  const rows = database.statement(jobsOfChange).all(change);
  if (rows.length === 0) return undefined;
  return { jobs: rows.map(([id, kind, payload, lane, collapse, due]) => ({ id: text(id), kind: text(kind), payload: text(payload), lane: maybeText(lane), collapse: collapse === 1, due: integer(due) })) };
}
export const jobsOctets = (jobs: JobFile): Uint8Array => Buffer.from(`${JSON.stringify(jobs)}\n`);
