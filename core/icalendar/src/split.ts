/**
 * A file of many objects (an import, a subscription) to one object per UID, each in a VCALENDAR of its own with the time zones it names. The octets of the
 * components are copied. A bad line costs the object it stands in, not the file.
 *
 * Does not validate: every object still goes through `readObject`.
 */
import { createHash } from 'node:crypto';
import type { ComponentKind } from '@kalends/contracts';
import { isComponentKind } from './calendar-object.ts';
import type { Component, Property } from './component.ts';
import { findProperty, makeComponent, makeProperty, setProperty } from './component.ts';
import { MAX_IMPORT_OCTETS } from './limits.ts';
import type { Problem } from './problem.ts';
import { scan } from './scan.ts';
import { serialize } from './serialize.ts';
import { readText, writeText } from './values.ts';
import { zonesByTzid, zonesOfParts } from './zone-references.ts';

/** One object of a file, with the zones it needs, in the octets of its components. */
export interface SplitObject {
  readonly uid: string; readonly component: ComponentKind; readonly octets: Uint8Array;
  /** Where it begins in the file, from 1. */ readonly line: number;
}
export interface SplitCalendar {
  readonly objects: readonly SplitObject[];
  /** Of what could not be used; the rest is in `objects`. */ readonly problems: readonly Problem[];
  /** X-WR-CALNAME, X-WR-CALDESC, X-WR-TIMEZONE, X-APPLE-CALENDAR-COLOR and the like of the first VCALENDAR, decoded, by name. */
  readonly properties: ReadonlyMap<string, string>;
}

/** What belongs into each object; METHOD and the calendar's own properties do not. */
const HEADER: ReadonlySet<string> = new Set(['VERSION', 'PRODID', 'CALSCALE']);
const LIMITS = { octets: MAX_IMPORT_OCTETS, components: 1_000_000, properties: 8_000_000, recover: true };

/** Never throws. Components without a UID get one made from their content, so that the same file gives the same. */
export function splitCalendar(octets: Uint8Array): SplitCalendar {
  const { roots, problems, damaged } = scan(octets, LIMITS);
  const told: Problem[] = [...problems];
  const groups = new Map<string, Group>();
  for (const root of roots) {
    if (root.name !== 'VCALENDAR') {
      told.push(problemAt(root, `${root.name} where VCALENDAR was expected`));
      continue;
    }
    for (const component of root.components) if (component.name !== 'VTIMEZONE' && !damaged.has(component)) addTo(groups, root, component, told);
  }
  const zones = new Map(roots.map((root) => [root, zonesByTzid(root)]));
  const objects = [...groups.values()].map((group) => toObject(group, zones.get(group.root) ?? NO_ZONES));
  return { objects, problems: told, properties: calendarProperties(roots[0]) };
}

const NO_ZONES: ReadonlyMap<string, Component> = new Map();

interface Group { readonly root: Component; readonly uid: string; readonly kind: ComponentKind; readonly line: number; readonly parts: Component[] }

function addTo(groups: Map<string, Group>, root: Component, component: Component, told: Problem[]): void {
  const { name } = component;
  if (!isComponentKind(name)) {
    told.push(problemAt(component, `${name} cannot be stored`));
    return;
  }
  const line = component.source?.line ?? 1;
  const given = readText(findProperty(component, 'UID')?.value ?? '').trim();
  const uid = given === '' ? fingerprint(component) : given;
  const group = groups.get(uid);
  if (group === undefined) {
    groups.set(uid, { root, uid, kind: name, line, parts: [given === '' ? withUid(component, uid) : component] });
    return;
  }
  const id = findProperty(component, 'RECURRENCE-ID')?.value;
  const same = group.kind === name ? group.parts.find((part) => findProperty(part, 'RECURRENCE-ID')?.value === id) : group.parts[0];
  if (same === undefined) group.parts.push(component);
  else if (fingerprint(same) === fingerprint(component)) return;
  else if (group.kind === name && isRevision(same, component)) {
    if (isNewer(component, same)) group.parts[group.parts.indexOf(same)] = component;
    told.push(problemAt(component, `two states of ${name} ${uid}; the newer one is kept`));
  } else {
    // One UID for two things: both are kept, the later one under a UID of its own.
    const other = `${uid}-${fingerprint(component).slice(0, 8)}`;
    told.push(problemAt(component, `a second ${name} with the UID ${uid}; it is kept as ${other}`));
    groups.set(other, { root, uid: other, kind: name, line, parts: [withUid(component, other)] });
  }
}

/** Two states of one thing: another SEQUENCE, the same instance, or the same start. */
function isRevision(one: Component, other: Component): boolean {
  if (sequenceOf(one) !== sequenceOf(other) || findProperty(one, 'RECURRENCE-ID') !== undefined) return true;
  return findProperty(one, 'DTSTART')?.value === findProperty(other, 'DTSTART')?.value;
}

/** RFC 5546 §2.1.5: SEQUENCE, then DTSTAMP; the later in the file where both are equal. */
function isNewer(one: Component, other: Component): boolean {
  const stamp = (component: Component): string => findProperty(component, 'DTSTAMP')?.value ?? '';
  return sequenceOf(one) === sequenceOf(other) ? stamp(one) >= stamp(other) : sequenceOf(one) > sequenceOf(other);
}

const sequenceOf = (component: Component): number => Number.parseInt(findProperty(component, 'SEQUENCE')?.value ?? '0', 10) || 0;

const withUid = (component: Component, uid: string): Component => setProperty(component, 'UID', makeProperty('UID', writeText(uid)));

/** Of the content, less what a second export of the same changes; as a UUID. */
function fingerprint(component: Component): string {
  const lasting = component.properties.filter(({ name }) => name !== 'DTSTAMP');
  const lines = lasting.map(({ name, parameters, value }) => `${name} ${JSON.stringify([...parameters])} ${value}`);
  const hex = createHash('sha256').update(lines.sort().join('\n')).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function toObject({ root, uid, kind, line, parts }: Group, zones: ReadonlyMap<string, Component>): SplitObject {
  const header = root.properties.filter(({ name }) => HEADER.has(name));
  const octets = serialize(makeComponent('VCALENDAR', header, [...zonesOfParts(parts, zones), ...parts]));
  return { uid, component: kind, octets, line };
}

function calendarProperties(root: Component | undefined): ReadonlyMap<string, string> {
  const own = (root?.properties ?? []).filter(({ name }: Property) => !HEADER.has(name) && name !== 'METHOD');
  return new Map(own.map(({ name, value }) => [name, readText(value)]));
}

function problemAt({ source }: Component, message: string): Problem {
  return { kind: 'valid-calendar-data', rule: 'RFC 5545 §3.6', ...(source === undefined ? {} : { line: source.line }), message };
}
