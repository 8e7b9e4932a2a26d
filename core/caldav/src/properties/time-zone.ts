/**
 * CALDAV:calendar-timezone (RFC 4791 §5.2.2) and calendar-timezone-id (RFC 7809 §5.2): one value with two faces. Setting either sets both, removing either
 * removes both. It is the zone in which floating times and all-day events of a calendar are read.
 */
import type { Collection, LiveProperty, PrincipalId, XmlNode } from '@kalends/contracts';
import { findComponents, findProperty, knownZone, parse, parseJson, toJson, vtimezoneText, zoneName } from '@kalends/icalendar';
import type { Component, Zone } from '@kalends/icalendar';
import { clark, collectionProperty, storedProperty, storedText, textOf } from '@kalends/webdav';
import { caldav } from '../names.ts';
import { validCalendarData, validTimezone } from '../preconditions.ts';
import { mediaOf } from '../query/read-calendar-data.ts';
import { changeable } from './define.ts';

const TIMEZONE = caldav('calendar-timezone');
const TIMEZONE_ID = caldav('calendar-timezone-id');
const KEY = clark(TIMEZONE);
const KEY_ID = clark(TIMEZONE_ID);
const decoder = new TextDecoder();

export const calendarTimezone: LiveProperty = {
  name: TIMEZONE, kinds: ['calendar', 'share'],
  write: (xml, row, _loaded, asked) => {
    const stored = storedProperty(row, KEY);
    if (stored === undefined) return false;
    const text = textOf(stored);
    xml.text(mediaOf(asked) === 'text/calendar' ? text : decoder.decode(toJson(Buffer.from(text))));
    return true;
  },
  change: changeable(async (value) => (value === undefined ? REMOVED : both(readZone(Buffer.from(value.text), mediaOf(value) === 'application/calendar+json')))),
};

export const calendarTimezoneId: LiveProperty = {
  name: TIMEZONE_ID, kinds: ['calendar', 'share'],
  write: (xml, row) => {
    const stored = storedProperty(row, KEY_ID);
    if (stored === undefined) return false;
    xml.text(textOf(stored));
    return true;
  },
  change: changeable(async (value) => (value === undefined ? REMOVED : both(namedZone(value)))),
};

const REMOVED = { in: 'collection', patch: { remove: [KEY, KEY_ID] } } as const;

interface ZoneValue { readonly id: string | undefined; readonly text: string }

function both({ id, text }: ZoneValue): { readonly in: 'collection'; readonly patch: { readonly set: ReadonlyMap<string, string>; readonly remove: readonly string[] } } {
  const set = new Map([[KEY, storedText(TIMEZONE, text)]]);
  if (id !== undefined) set.set(KEY_ID, storedText(TIMEZONE_ID, id));
  return { in: 'collection', patch: { set, remove: id === undefined ? [KEY_ID] : [] } };
}

function namedZone({ text }: XmlNode): ZoneValue {
  const id = text.trim();
  const vtimezone = vtimezoneText(id);
  if (vtimezone === undefined) throw validTimezone(`The server does not know the time zone "${id.slice(0, 80)}".`);
  return { id, text: `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Kalends//Kalends//EN\r\n${vtimezone}END:VCALENDAR\r\n` };
}

/** @throws DavError CALDAV:valid-calendar-data unless it is a VCALENDAR with exactly one VTIMEZONE */
export function readZone(octets: Uint8Array, json = false): ZoneValue {
  const zone = onlyZone(octets, json);
  const tzid = findProperty(zone.component, 'TZID')?.value;
  return { id: tzid === undefined ? undefined : zoneName(tzid), text: decoder.decode(zone.octets) };
}

function onlyZone(octets: Uint8Array, json: boolean): { readonly component: Component; readonly octets: Uint8Array } {
  const { object } = json ? parseJson(octets) : parse(octets);
  const zones = object === undefined ? [] : findComponents(object.root, 'VTIMEZONE');
  const [component] = zones;
  if (object === undefined || component === undefined || object.root.components.length !== 1) throw validCalendarData('A time zone is a VCALENDAR with exactly one VTIMEZONE.');
  return { component, octets: object.octets };
}

/** The zone of floating times in a calendar; undefined: UTC. */
export function zoneOf(collection: Collection, viewer?: PrincipalId): Zone | undefined {
  const id = collectionProperty(collection, KEY_ID, viewer);
  if (id !== undefined) return knownZone(textOf(id));
  const stored = collectionProperty(collection, KEY, viewer);
  return stored === undefined ? undefined : zoneFrom(Buffer.from(textOf(stored)));
}

/** The one zone of a VCALENDAR (a query's `timezone`). @throws DavError CALDAV:valid-calendar-data */
export function zoneFrom(octets: Uint8Array): Zone | undefined {
  const tzid = findProperty(onlyZone(octets, false).component, 'TZID')?.value;
  return tzid === undefined ? undefined : knownZone(tzid);
}
