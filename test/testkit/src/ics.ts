/**
 * Builders of calendar objects for tests: valid RFC 5545 text, CRLF, folded at 75 octets, and beside it what a store is given with it. The facts come from
 * `plainReader`: right for what is built here, no more.
 */
import type { ComponentKind, EpochSeconds, ItemFacts, ItemName, ItemWrite } from '@kalends/contracts';
import { plainReader } from './plain-reader.ts';

/** An object with all that `putItem` wants; its name is `<uid>.ics`. */
export interface GivenItem {
  readonly name: ItemName; readonly uid: string; readonly component: ComponentKind; readonly text: string; readonly body: Uint8Array; readonly facts: ItemFacts;
}
export interface EventOptions {
  readonly name?: string; readonly summary?: string; readonly description?: string; readonly location?: string;
  /** Seconds since 1970 (written in UTC), `20260302T090000` (floating, or in `zone`), or `20260302` (a day). */ readonly start?: EpochSeconds | string;
  readonly end?: EpochSeconds | string;
  readonly zone?: keyof typeof ZONES;
  readonly rrule?: string; readonly organizer?: string;
  /** Addresses, or whole property lines (`ATTENDEE;PARTSTAT=ACCEPTED:mailto:…`). */ readonly attendees?: readonly string[];
  readonly status?: string; readonly transparent?: boolean; readonly sequence?: number;
  /** Minutes before the start. */ readonly alarm?: number;
  /** More lines of the component, as they are. */ readonly lines?: readonly string[];
  /** More components, as lines: overrides of instances. */ readonly overrides?: readonly (readonly string[])[];
}
export interface TodoOptions extends Omit<EventOptions, 'end'> { readonly due?: EpochSeconds | string; readonly completed?: EpochSeconds }

/** 2026-03-02T09:00:00Z, a Monday. */
export const MONDAY: EpochSeconds = 1_772_442_000;

/** One hour on Monday, 2 March 2026, 09:00 UTC, unless told otherwise. */
export function event(uid: string, options: EventOptions = {}): GivenItem {
  const start = options.start ?? MONDAY;
  const end = options.end ?? (typeof start === 'number' ? start + 3600 : undefined);
  return object('VEVENT', uid, options, [when('DTSTART', start, options.zone), ...(end === undefined ? [] : [when('DTEND', end, options.zone)])]);
}

/** A whole day (RFC 5545 §3.6.1: a DATE without end lasts one day). */
export function allDay(uid: string, day: string, options: EventOptions = {}): GivenItem {
  return event(uid, { ...options, start: day });
}

/** Every day at nine in Berlin, without end unless `rrule` says so. */
export function recurring(uid: string, options: EventOptions = {}): GivenItem {
  return event(uid, { start: '20260302T090000', end: '20260302T093000', zone: 'Europe/Berlin', rrule: 'FREQ=DAILY', ...options });
}

/** Without any time unless told otherwise. */
export function todo(uid: string, options: TodoOptions = {}): GivenItem {
  const { start, due, completed } = options;
  return object('VTODO', uid, options, [
    ...(start === undefined ? [] : [when('DTSTART', start, options.zone)]), ...(due === undefined ? [] : [when('DUE', due, options.zone)]),
    ...(completed === undefined ? [] : [when('COMPLETED', completed), 'STATUS:COMPLETED']),
  ]);
}

/** Octets that are not a calendar object, for `files` collections. */
export function file(name: string, content: string | Uint8Array = name, contentType = 'text/plain'): ItemWrite {
  return { name: name as ItemName, contentType, body: typeof content === 'string' ? new TextEncoder().encode(content) : content };
}

/** An object as `putItem` takes it. */
export function write(item: GivenItem, more: Partial<ItemWrite> = {}): ItemWrite {
  const { name, body, component, uid, facts } = item;
  return { name, contentType: 'text/calendar', body, component, uid, facts, ...more };
}

/** `20260302T090000Z` (RFC 5545 §3.3.5). */
export function utc(seconds: EpochSeconds): string {
  return `${new Date(seconds * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
}

export const ics = { event, allDay, recurring, todo, file, write, utc };

/** VTIMEZONEs as clients send them, in lines. */
export const ZONES = {
  'Europe/Berlin': [
    'BEGIN:VTIMEZONE', 'TZID:Europe/Berlin', 'BEGIN:DAYLIGHT', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', 'TZNAME:CEST', 'DTSTART:19810329T020000',
    'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU', 'END:DAYLIGHT', 'BEGIN:STANDARD', 'TZOFFSETFROM:+0200', 'TZOFFSETTO:+0100', 'TZNAME:CET', 'DTSTART:19961027T030000',
    'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU', 'END:STANDARD', 'END:VTIMEZONE',
  ],
  'America/New_York': [
    'BEGIN:VTIMEZONE', 'TZID:America/New_York', 'BEGIN:DAYLIGHT', 'TZOFFSETFROM:-0500', 'TZOFFSETTO:-0400', 'TZNAME:EDT', 'DTSTART:20070311T020000',
    'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU', 'END:DAYLIGHT', 'BEGIN:STANDARD', 'TZOFFSETFROM:-0400', 'TZOFFSETTO:-0500', 'TZNAME:EST', 'DTSTART:20071104T020000',
    'RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU', 'END:STANDARD', 'END:VTIMEZONE',
  ],
} as const;

function object(component: ComponentKind, uid: string, options: EventOptions, times: readonly string[]): GivenItem {
  const { summary = uid, zone } = options;
  const lines = [
    'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Kalends//Testkit//EN', ...(zone === undefined ? [] : ZONES[zone]),
    `BEGIN:${component}`, `UID:${uid}`, 'DTSTAMP:20260101T000000Z', ...times, `SUMMARY:${escape(summary)}`, ...details(options), `END:${component}`,
    ...(options.overrides ?? []).flat(), 'END:VCALENDAR',
  ];
  const text = lines.map((line) => `${fold(line)}\r\n`).join('');
  const body = new TextEncoder().encode(text);
  const read = plainReader.read(body);
  if ('problem' in read) throw new Error(`the builder made what its reader refuses: ${read.problem}`);
  return { name: (options.name ?? `${uid}.ics`) as ItemName, uid, component, text, body, facts: read.facts };
}

function details({ description, location, rrule, organizer, attendees = [], status, transparent, sequence, alarm, lines = [] }: EventOptions): readonly string[] {
  return [
    ...(description === undefined ? [] : [`DESCRIPTION:${escape(description)}`]), ...(location === undefined ? [] : [`LOCATION:${escape(location)}`]),
    ...(rrule === undefined ? [] : [`RRULE:${rrule}`]), ...(organizer === undefined ? [] : [`ORGANIZER:${organizer}`]),
    ...attendees.map((attendee) => (attendee.startsWith('ATTENDEE') ? attendee : `ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:${attendee}`)),
    ...(status === undefined ? [] : [`STATUS:${status}`]), ...(transparent ? ['TRANSP:TRANSPARENT'] : []), ...(sequence === undefined ? [] : [`SEQUENCE:${sequence}`]),
    ...lines,
    ...(alarm === undefined ? [] : ['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:Reminder', `TRIGGER:-PT${alarm}M`, 'END:VALARM']),
  ];
}

function when(property: string, value: EpochSeconds | string, zone?: string): string {
  if (typeof value === 'number') return `${property}:${utc(value)}`;
  if (!value.includes('T')) return `${property};VALUE=DATE:${value}`;
  return zone === undefined || value.endsWith('Z') ? `${property}:${value}` : `${property};TZID=${zone}:${value}`;
}

function escape(text: string): string {
  return text.replaceAll(/[\\;,]/g, '\\$&').replaceAll('\n', '\\n');
}

/** RFC 5545 §3.1: at most 75 octets a line, never inside a character. */
function fold(line: string): string {
  const folded: string[] = [];
  let part = '';
  for (const character of line) {
    if (Buffer.byteLength(part + character) > (folded.length === 0 ? 75 : 74)) {
      folded.push(part);
      part = '';
    }
    part += character;
  }
  return [...folded, part].join('\r\n ');
}
