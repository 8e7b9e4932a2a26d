/**
 * The simple bulk request (calendarserver-bulk-change §3): one calendar of many objects, as text or jCal (RFC 7265). Each UID becomes an object of its own, which
 * is stored as if it had been PUT, under a name of ours.
 */
import { describeProblem, serialize, takeApart } from '@kalends/icalendar';
import type { Component, Piece } from '@kalends/icalendar';
import { DavError } from '@kalends/webdav';
import { validCalendarData } from '../preconditions.ts';
import type { CalendarMedia } from '../query/read-calendar-data.ts';
import type { BulkEntry } from './entry.ts';
import { MAX_BULK_OCTETS, MAX_BULK_RESOURCES, maxBulkResources } from './entry.ts';

/** Ten thousand events with what real clients send of zones; a body that names one large zone ten thousand times would come to gigabytes. */
const MAX_WRITTEN_OCTETS = 8 * MAX_BULK_OCTETS;

/** @throws DavError CALDAV:valid-calendar-data for a body that is no calendar at all, MM:max-resources for too many objects; 413 for what they come to */
export async function readSimple(octets: Uint8Array, media: CalendarMedia): Promise<readonly BulkEntry[]> {
  const { pieces, problem } = await takeApart(octets, media === 'text/calendar' ? 'text' : 'json');
  if (problem !== undefined) throw validCalendarData(describeProblem(problem));
  if (pieces.length > MAX_BULK_RESOURCES) throw maxBulkResources(MAX_BULK_RESOURCES);
  const sizes = sizesOf(pieces, Math.ceil(octets.length / pieces.length));
  if (sizes.reduce((sum, size) => sum + size, 0) > MAX_WRITTEN_OCTETS) throw new DavError(413, { detail: 'Each object takes its time zones along, and together they come to more than the server stores at once.' });
  return pieces.map((piece, at) => entryOf(piece, media, sizes[at]!));
}

/** About, each with the time zones that it takes along: those are measured, the rest shares the body. */
function sizesOf(pieces: readonly Piece[], share: number): readonly number[] {
  const measured = new Map<Component, number>();
  const sizeOf = (zone: Component): number => {
    const known = measured.get(zone) ?? serialize(zone).length;
    measured.set(zone, known);
    return known;
  };
  return pieces.map(({ calendar }) => (calendar?.components ?? []).filter(({ name }) => name === 'VTIMEZONE').reduce((sum, zone) => sum + sizeOf(zone), share));
}

function entryOf({ uid: known, calendar, problem }: Piece, media: CalendarMedia, size: number): BulkEntry {
  const uid = (): string | undefined => known;
  if (calendar === undefined) return { ask: 'nothing', href: undefined, uid, error: validCalendarData(problem === undefined ? undefined : describeProblem(problem)) };
  return { ask: 'create', href: undefined, uid, media, size, body: () => ({ octets: serialize(calendar), media: 'text/calendar' }) };
}
