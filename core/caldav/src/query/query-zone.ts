/** The zone in which a query reads floating times and all-day events (RFC 4791 §9.8; RFC 7809 §4): the query's own, else the calendar's, else UTC. */
import type { XmlNode } from '@kalends/contracts';
import { knownZone, zoneNamed } from '@kalends/icalendar';
import type { Zone } from '@kalends/icalendar';
import { CALDAV } from '@kalends/webdav';
import { validTimezone } from '../preconditions.ts';
import { zoneFrom } from '../properties/time-zone.ts';

/** @throws DavError CALDAV:valid-calendar-data for a `timezone` that is none, CALDAV:valid-timezone for a `timezone-id` that nobody knows */
export function queryZone(query: XmlNode): Zone | undefined {
  const child = (local: string): XmlNode | undefined => query.children.find(({ name }) => name.ns === CALDAV && name.local === local);
  const timezone = child('timezone');
  if (timezone !== undefined) return zoneFrom(Buffer.from(timezone.text), 'strict');
  const id = child('timezone-id')?.text.trim();
  if (id === undefined) return undefined;
  const zone = zoneNamed(id) ?? knownZone(id);
  if (zone === undefined) throw validTimezone(`The server does not know the time zone "${id.slice(0, 80)}".`);
  return zone;
}
