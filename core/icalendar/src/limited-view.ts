/**
 * What others than the owner see of an object that is not for everybody: X-CALENDARSERVER-ACCESS on the VCALENDAR (caldav-privateevents) and CLASS of its
 * components (RFC 5545 §3.8.1.3). Facts say which objects these are, so nobody parses for it; only their view is made from the parsed object, when asked for.
 *
 * CLASS other than PUBLIC is as CONFIDENTIAL: when something is, but not what. Values nobody knows are as PRIVATE is (§3.8.1.3), so they are too. One component's
 * CLASS counts for the whole object: an override may leave out what its master says.
 */
import type { ItemFacts } from '@kalends/contracts';
import type { CalendarObject } from './calendar-object.ts';
import type { Component } from './component.ts';
import { findProperty, makeComponent, makeProperty, withComponents, withProperties } from './component.ts';
import { ACCESS_BITS, ACCESS_CONFIDENTIAL, ACCESS_PRIVATE, ACCESS_RESTRICTED, CLASSIFIED, NEEDS_VIEW } from './fact-flags.ts';
import { parse } from './parse.ts';
import { serialize } from './serialize.ts';

/** `restricted`: times, summary and place. `confidential`: times. `private`: nothing, not even that it is there (busy time apart). */
export type AccessLevel = 'public' | 'restricted' | 'confidential' | 'private';
const ACCESS = 'X-CALENDARSERVER-ACCESS';
const LEVELS: readonly (readonly [AccessLevel, number])[] = [['public', 0], ['restricted', ACCESS_RESTRICTED], ['confidential', ACCESS_CONFIDENTIAL], ['private', ACCESS_PRIVATE]];

/** What others may see of an item. One whose facts are missing, or older than these flags, is kept from them. */
export function accessLevel(facts: Pick<ItemFacts, 'flags' | 'version'> | undefined): AccessLevel {
  if (facts === undefined || facts.version < FIRST_VERSION) return 'private';
  if ((facts.flags & NEEDS_VIEW) === 0) return 'public';
  const own = ownerLevel(facts);
  return (facts.flags & CLASSIFIED) !== 0 && (own === 'public' || own === 'restricted') ? 'confidential' : own;
}
/** Of the derivation that first had these flags. */
const FIRST_VERSION = 2;

/** What X-CALENDARSERVER-ACCESS of the stored object says. */
export function ownerLevel({ flags }: Pick<ItemFacts, 'flags'>): AccessLevel {
  return LEVELS.find(([, bits]) => bits === (flags & ACCESS_BITS))![0];
}

/** Flags of `ItemFacts`. */
export function accessFlags({ root, parts }: CalendarObject): number {
  const stated = statedLevel(root);
  // What is stored was checked; a value that got here otherwise is not for others.
  const bits = stated === undefined ? 0 : stated === 'unknown' ? ACCESS_PRIVATE : LEVELS.find(([level]) => level === stated)![1];
  const classified = parts.some((part) => (findProperty(part, 'CLASS')?.value.trim().toUpperCase() ?? 'PUBLIC') !== 'PUBLIC');
  return bits | (classified ? CLASSIFIED : 0) | (bits !== 0 || classified ? NEEDS_VIEW : 0);
}

/** X-CALENDARSERVER-ACCESS as an object states it; undefined where it does not. */
export function statedLevel(root: Component): AccessLevel | 'unknown' | undefined {
  const value = findProperty(root, ACCESS)?.value.trim().toLowerCase();
  return value === undefined ? undefined : LEVELS.find(([level]) => level === value)?.[0] ?? 'unknown';
}

/** With the level stated: who overwrites an object without a word about it keeps it. */
export function withLevel(object: CalendarObject, level: AccessLevel): CalendarObject {
  const properties = object.root.properties.filter(({ name }) => name !== ACCESS);
  return object.edited(withProperties(object.root, [...properties, makeProperty(ACCESS, level.toUpperCase())]));
}

/** The octets that others read. Of what cannot be parsed they see nothing. */
export function limitedView(body: Uint8Array, level: AccessLevel): Uint8Array {
  if (level === 'public') return body;
  const { object } = parse(body);
  return object === undefined || level === 'private' ? NOTHING : object.edited(limited(object.root, level)).octets;
}
const NOTHING = serialize(makeComponent('VCALENDAR', [makeProperty('VERSION', '2.0'), makeProperty('PRODID', '-//Kalends//Kalends//EN')]));

function limited(root: Component, level: AccessLevel): Component {
  const components = root.components.map((part) => (part.name === 'VTIMEZONE' ? part : limitedPart(part, level)));
  return withComponents(withProperties(root, root.properties.filter(({ name }) => OF_CALENDAR.has(name))), components);
}

function limitedPart(part: Component, level: AccessLevel): Component {
  const properties = part.properties.filter(({ name }) => OF_PART.has(name) || (name === 'PRIORITY' && part.name === 'VAVAILABILITY') || (level === 'restricted' && OF_RESTRICTED.has(name)));
  return withComponents(withProperties(part, properties), part.components.filter(({ name }) => name === 'AVAILABLE').map((inside) => limitedPart(inside, level)));
}

const OF_CALENDAR: ReadonlySet<string> = new Set(['PRODID', 'VERSION', 'CALSCALE', 'METHOD', ACCESS]);
const OF_PART: ReadonlySet<string> = new Set([
  'UID', 'RECURRENCE-ID', 'SEQUENCE', 'DTSTAMP', 'STATUS', 'TRANSP', 'DTSTART', 'DTEND', 'DUE', 'DURATION', 'COMPLETED', 'RRULE', 'RDATE', 'EXRULE', 'EXDATE', 'CLASS',
  // What busy time is made of says no more than busy time.
  'FREEBUSY', 'BUSYTYPE',
]);
const OF_RESTRICTED: ReadonlySet<string> = new Set(['SUMMARY', 'LOCATION']);
