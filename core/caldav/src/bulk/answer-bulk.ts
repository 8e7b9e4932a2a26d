/**
 * The answer to a bulk request: a response for each object, in the order of the request (calendarserver-bulk-change §3, §4). An ETag is strong where the stored
 * octets are those that were sent, or come with it; else weak, which tells the client to read the object again (§3).
 */
import type { CalendarStore, Item, ItemName, QName } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { XML_DECLARATION, XML_TYPE, XmlWriter, dav, escapeSegment, itemTag, itemsOf, writeErrorElement } from '@kalends/webdav';
import type { EngineRequest } from '@kalends/webdav';
import { toJson } from '@kalends/icalendar';
import { caldav, calendarserver } from '../names.ts';
import { seenBy } from '../privacy/seen-by.ts';
import { mediaAttributes } from '../query/read-calendar-data.ts';
import type { CalendarMedia } from '../query/read-calendar-data.ts';
import { delivered, zoneDelivery } from '../query/zone-delivery.ts';
import type { ZoneDelivery } from '../query/zone-delivery.ts';
import { STATUS_CODES } from 'node:http';
import type { BulkRow } from './entry.ts';
import type { BulkResult } from './run-bulk.ts';

const FLUSH_AT = 8192;
/** Rows whose objects are read back at once. */
const BATCH = 100;

/** Which stored objects come with the answer: none, those that are not what was sent (§8.1), or all (RFC 8144). */
export type Returned = 'none' | 'changed' | 'all';

export async function answerBulk(request: EngineRequest, store: CalendarStore, { rows, ctag }: BulkResult, returned: Returned): Promise<void> {
  const { response } = request.http;
  response.setHeader('CTag', ctag);
  const { representation, minimal } = request.fields.prefer;
  // There is nothing to leave out: what is said of each object, the extension demands. (`Brief` is no preference of RFC 7240.)
  if (representation || (minimal && request.http.request.headers.prefer !== undefined)) response.setHeader('Preference-Applied', representation ? 'return=representation' : 'return=minimal');
  const xml = new XmlWriter(XML_DECLARATION);
  const stream = request.stream(207, XML_TYPE);
  const delivery = zoneDelivery(request);
  xml.open(dav('multistatus'));
  for (let at = 0; at < rows.length; at += BATCH) {
    const batch = rows.slice(at, at + BATCH);
    const stored = await readBack(request, store, batch, returned);
    for (const row of batch) writeRow(xml, request.href, row, row.name === undefined ? undefined : stored.get(row.name), delivery);
    if (xml.length >= FLUSH_AT) for (const piece of xml.takePieces()) stream.write(piece);
    await stream.ready(at + batch.length);
  }
  xml.close();
  const pieces = xml.takePieces();
  for (const piece of pieces.slice(0, -1)) stream.write(piece);
  await stream.end(pieces.at(-1)!);
}

const isChanged = (row: BulkRow): boolean => row.outcome !== undefined && (row.outcome.amended || row.recoded);

async function readBack(request: EngineRequest, store: CalendarStore, rows: readonly BulkRow[], returned: Returned): Promise<ReadonlyMap<ItemName, Item>> {
  const names = returned === 'none' ? [] : rows.flatMap((row) => (row.name !== undefined && (returned === 'all' || isChanged(row)) ? [row.name] : []));
  const found = new Map<ItemName, Item>();
  if (names.length === 0) return found;
  const { resource: { collection, owner }, identity } = request;
  const access = await request.items(itemsOf(request.resource)!);
  for await (const batch of store.findItems(collection!.id, names, request.selectOf(collection!, { body: true, facts: true }))) {
    // Whoever may write and not read gets nothing to read here either.
    for (const item of batch) if (((access.constant ?? access.of(item)) & READ) === READ) found.set(item.name, seenBy(identity, owner, item));
  }
  return found;
}

function writeRow(xml: XmlWriter, calendar: string, row: BulkRow, stored: Item | undefined, delivery: ZoneDelivery): void {
  const { entry, error, outcome, name } = row;
  const href = entry.href ?? (name === undefined ? '' : calendar + escapeSegment(name));
  xml.open(dav('response'));
  xml.href(href);
  if (error !== undefined) {
    status(xml, error.status);
    const uid = entry.href === undefined ? entry.uid() : undefined;
    writeErrorElement(xml, error, undefined, uid === undefined ? undefined : () => xml.leaf(UID, uid));
  } else if (outcome === undefined) status(xml, 200);
  else {
    xml.open(dav('propstat'));
    xml.open(dav('prop'));
    xml.leaf(dav('getetag'), stored === undefined ? `${isChanged(row) ? 'W/' : ''}"${outcome.etag}"` : itemTag(stored));
    if (entry.href === undefined) xml.leaf(UID, outcome.uid);
    if (stored?.body !== undefined) writeData(xml, delivered(stored.body, delivery), row.recoded ? 'application/calendar+json' : 'text/calendar');
    xml.close();
    status(xml, 200);
    xml.close();
  }
  xml.close();
}

function writeData(xml: XmlWriter, body: Uint8Array, media: CalendarMedia): void {
  xml.open(CALENDAR_DATA, mediaAttributes(media));
  xml.octets(media === 'text/calendar' ? body : toJson(body), false);
  xml.close();
}

function status(xml: XmlWriter, code: number): void {
  xml.leaf(STATUS, `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Unknown'}`);
}

const UID: QName = calendarserver('uid');
const STATUS: QName = dav('status');
const CALENDAR_DATA: QName = caldav('calendar-data');
