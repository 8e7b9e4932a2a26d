/**
 * CALDAV:calendar-timezone (RFC 4791 §5.2.2) and calendar-timezone-id (RFC 7809 §5.2): one value with two faces. Setting either sets both, removing either
 * removes both. It is the zone in which floating times and all-day events of a calendar are read.
 */
import type { Collection, LiveProperty, PrincipalId, PropertyChange, PropertyRow, XmlNode } from '@kalends/contracts';
import { ObjectZones, findProperty, knownZone, parse, parseJson, readText, vtimezoneText, zoneName, zoneNamed } from '@kalends/icalendar';
import type { CalendarObject, Zone } from '@kalends/icalendar';
import { clark, collectionChange, collectionProperty, storedProperty, storedText, textOf } from '@kalends/webdav';
import { caldav } from '../names.ts';
import { validCalendarData, validTimezone } from '../preconditions.ts';
import { mediaOf } from '../query/read-calendar-data.ts';
import { calendarText, changeable } from './define.ts';

const TIMEZONE = caldav('calendar-timezone');
const TIMEZONE_ID = caldav('calendar-timezone-id');
const KEY = clark(TIMEZONE);
const KEY_ID = clark(TIMEZONE_ID);
const decoder = new TextDecoder();

export const calendarTimezone: LiveProperty = {
  name: TIMEZONE, kinds: ['calendar', 'share'],
  ...calendarText(KEY),
  change: changeable(async (value, row) => (value === undefined ? collectionChange(row, NONE, [KEY, KEY_ID]) : both(row, readZone(Buffer.from(value.text), mediaOf(value) === 'application/calendar+json')))),
};

export const calendarTimezoneId: LiveProperty = {
  name: TIMEZONE_ID, kinds: ['calendar', 'share'],
  write: (xml, row) => {
    const stored = storedProperty(row, KEY_ID);
    if (stored === undefined) return false;
    xml.text(textOf(stored));
    return true;
  },
  change: changeable(async (value, row) => (value === undefined ? collectionChange(row, NONE, [KEY, KEY_ID]) : both(row, namedZone(value)))),
};

const NONE: ReadonlyMap<string, string> = new Map();

interface ZoneValue { readonly id: string | undefined; readonly text: string }

function both(row: PropertyRow, { id, text }: ZoneValue): PropertyChange {
  const set = new Map([[KEY, storedText(TIMEZONE, text)]]);
  if (id !== undefined) set.set(KEY_ID, storedText(TIMEZONE_ID, id));
  return collectionChange(row, set, id === undefined ? [KEY_ID] : []);
}

function namedZone({ text }: XmlNode): ZoneValue {
  const id = text.trim();
  // Windows names too: the time zone service has them as aliases.
  const vtimezone = vtimezoneText(id) ?? vtimezoneText(zoneName(id) ?? '');
  if (vtimezone === undefined) throw validTimezone(`The server does not know the time zone "${id.slice(0, 80)}".`);
  return { id, text: `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Kalends//Kalends//EN\r\n${vtimezone}END:VCALENDAR\r\n` };
}

/** @throws DavError CALDAV:valid-calendar-data unless it is a VCALENDAR with exactly one VTIMEZONE, which can be read */
function readZone(octets: Uint8Array, json: boolean): ZoneValue {
  const object = onlyZone(octets, json);
  const tzid = tzidOf(object);
  if (new ObjectZones(object.root).find(tzid) === undefined) throw validCalendarData(`The time zone "${tzid.slice(0, 80)}" cannot be read.`);
  return { id: zoneName(tzid), text: decoder.decode(object.octets) };
}

function onlyZone(octets: Uint8Array, json: boolean): CalendarObject {
  const { object } = json ? parseJson(octets) : parse(octets);
  if (object === undefined || object.root.components.length !== 1 || object.root.components[0]!.name !== 'VTIMEZONE') throw validCalendarData('A time zone is a VCALENDAR with exactly one VTIMEZONE.');
  return object;
}

const tzidOf = ({ root }: CalendarObject): string => readText(findProperty(root.components[0]!, 'TZID')?.value ?? '');

/** The zone of floating times in a calendar; undefined: UTC. */
export function zoneOf(collection: Collection, viewer?: PrincipalId): Zone | undefined {
  const id = collectionProperty(collection, KEY_ID, viewer);
  if (id !== undefined) return zoneNamed(textOf(id)) ?? knownZone(textOf(id));
  const stored = collectionProperty(collection, KEY, viewer);
  if (stored === undefined) return undefined;
  // A row that was read is never changed, so what its text says is read once.
  const known = own.get(collection);
  if (known?.stored === stored) return known.zone;
  const zone = zoneFrom(Buffer.from(textOf(stored)));
  own.set(collection, { stored, zone });
  return zone;
}
const own = new WeakMap<Collection, { readonly stored: string; readonly zone: Zone }>();

/**
 * The one zone of a VCALENDAR. `strict` is a query's `timezone`, which must be valid iCalendar (RFC 4791 §9.8); what was stored once is read as well as can be.
 * @throws DavError CALDAV:valid-calendar-data
 */
export function zoneFrom(octets: Uint8Array, how?: 'strict'): Zone {
  const object = onlyZone(octets, false);
  for (const name of how === 'strict' ? ['VERSION', 'PRODID'] : []) if (findProperty(object.root, name) === undefined) throw validCalendarData(`A VCALENDAR has a ${name} (RFC 5545 §3.6).`);
  const zone = new ObjectZones(object.root).find(tzidOf(object));
  if (zone === undefined) throw validCalendarData('The time zone cannot be read.');
  return zone;
}
