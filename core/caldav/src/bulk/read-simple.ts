/**
 * The simple bulk request (calendarserver-bulk-change §3): one calendar of many objects, as text or jCal (RFC 7265). Each UID becomes an object of its own, which
 * is stored as if it had been PUT, under a name of ours.
 */
import { describeProblem, serialize, takeApart } from '@kalends/icalendar';
import type { Piece } from '@kalends/icalendar';
import { validCalendarData } from '../preconditions.ts';
import type { CalendarMedia } from '../query/read-calendar-data.ts';
import type { BulkEntry } from './entry.ts';
import { MAX_BULK_RESOURCES, maxBulkResources } from './entry.ts';

/** @throws DavError CALDAV:valid-calendar-data for a body that is no calendar at all, MM:max-resources for too many objects */
export async function readSimple(octets: Uint8Array, media: CalendarMedia): Promise<readonly BulkEntry[]> {
  const { pieces, problem } = await takeApart(octets, media === 'text/calendar' ? 'text' : 'json');
  if (problem !== undefined) throw validCalendarData(describeProblem(problem));
  if (pieces.length > MAX_BULK_RESOURCES) throw maxBulkResources(MAX_BULK_RESOURCES);
  const size = Math.ceil(octets.length / pieces.length);
  return pieces.map((piece) => entryOf(piece, media, size));
}

function entryOf({ uid: known, calendar, problem }: Piece, media: CalendarMedia, size: number): BulkEntry {
  const uid = (): string | undefined => known;
  if (calendar === undefined) return { ask: 'nothing', href: undefined, uid, error: validCalendarData(problem === undefined ? undefined : describeProblem(problem)) };
  return { ask: 'create', href: undefined, uid, media, size, body: () => ({ octets: serialize(calendar), media: 'text/calendar' }) };
}
