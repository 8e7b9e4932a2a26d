/**
 * RFC 5545 as far as it decides whether data can be understood, and RFC 4791 §4.1. Strict about times, rules, identity and structure; silent about what other
 * programs merely spell oddly (unknown values of STATUS, missing alarm texts, repeated SUMMARY). Returns problems; throws nothing.
 */
import type { ComponentKind } from '@kalends/contracts';
import type { CalendarObject } from './calendar-object.ts';
import { isComponentKind } from './calendar-object.ts';
import type { Component, Property } from './component.ts';
import { findProperties, findProperty, parameter } from './component.ts';
import { MAX_PROBLEMS } from './limits.ts';
import type { Problem, ProblemKind } from './problem.ts';
import { isInstance } from './recurrence.ts';
import { dateValue, readSeries } from './series.ts';
import { ObjectZones, readTime } from './time-values.ts';
import type { TimeValue } from './time-values.ts';
import { validatePart } from './validate-part.ts';
import { readText } from './values.ts';

export interface Rules {
  /** What the calendar takes (`supported-calendar-component-set`); absent: every ComponentKind. */ readonly components?: readonly ComponentKind[];
  /** Refuse an override that is no instance of its master. Without it such a one is an occurrence of its own: old clients leave them behind. */
  readonly overridesMustFit?: boolean;
}

/** Collects; `at` gives the line. */
export type Tell = (kind: ProblemKind, rule: string, message: string, at?: Property | Component) => void;

/** Empty: valid. In the order in which they should be told. */
export function validate(object: CalendarObject, rules: Rules = {}): readonly Problem[] {
  const problems: Problem[] = [];
  const tell: Tell = (kind, rule, message, at) => {
    const line = at?.source?.line;
    if (problems.length < MAX_PROBLEMS) problems.push({ kind, rule, ...(line === undefined ? {} : { line }), message });
  };
  const zones = new ObjectZones(object.root);
  validateCalendar(object.root, tell);
  const kind = validateKinds(object.root, rules, tell);
  if (kind === undefined) return problems;
  validateIdentity(object, tell);
  validateOverrides(object, zones, tell);
  for (const part of object.parts) validatePart(part, zones, tell);
  if (rules.overridesMustFit === true && problems.length === 0) {
    for (const stray of strayOverrides(object)) tell('valid-calendar-data', 'RFC 5545 §3.8.4.4', 'RECURRENCE-ID is no instance of the master', stray);
  }
  return problems;
}

/** RFC 5545 §3.4, §3.6, §3.7. */
function validateCalendar(root: Component, tell: Tell): void {
  const version = findProperty(root, 'VERSION');
  if (version !== undefined && !version.value.includes('2.0')) {
    tell('valid-calendar-data', 'RFC 5545 §3.7.4', `VERSION ${version.value}: only 2.0 is understood`, version);
  }
  const scale = findProperty(root, 'CALSCALE');
  if (scale !== undefined && readText(scale.value).trim().toUpperCase() !== 'GREGORIAN') {
    tell('valid-calendar-data', 'RFC 5545 §3.7.1', `CALSCALE ${scale.value} is not understood`, scale);
  }
  const method = findProperty(root, 'METHOD');
  if (method !== undefined) tell('valid-calendar-object-resource', 'RFC 4791 §4.1', `METHOD:${method.value} in a stored object`, method);
}

/** RFC 4791 §4.1: one kind beside VTIMEZONE; and beside that what clients have invented for themselves (§5.3.3). */
function validateKinds(root: Component, { components }: Rules, tell: Tell): ComponentKind | undefined {
  let first: Component | undefined;
  for (const child of root.components) {
    if (child.name === 'VTIMEZONE') continue;
    if (child.name === 'X-CALENDARSERVER-PERUSER') tell('valid-calendar-data', 'RFC 4791 §5.3.2.1', 'X-CALENDARSERVER-PERUSER is the server\'s', child);
    else if (child.name.startsWith('X-')) continue;
    else if (!isComponentKind(child.name)) tell('valid-calendar-object-resource', 'RFC 4791 §4.1', `${child.name} cannot be stored`, child);
    else if (first === undefined) first = child;
    else if (first.name !== child.name) tell('valid-calendar-object-resource', 'RFC 4791 §4.1', `${child.name} beside ${first.name}`, child);
  }
  if (first === undefined) {
    if (root.components.every(({ name }) => name === 'VTIMEZONE')) tell('valid-calendar-data', 'RFC 5545 §3.6', 'no component but time zones', root);
    else if (root.components.every(({ name }) => name === 'VTIMEZONE' || name.startsWith('X-'))) tell('valid-calendar-object-resource', 'RFC 4791 §4.1', `${root.components.find(({ name }) => name !== 'VTIMEZONE')!.name} alone cannot be stored`, root);
    return undefined;
  }
  const kind = first.name as ComponentKind;
  if (components !== undefined && !components.includes(kind)) {
    tell('supported-calendar-component', 'RFC 4791 §5.2.3', `this calendar takes ${components.join(', ')}, not ${kind}`, first);
  }
  return kind;
}

/** RFC 4791 §4.1: one UID. */
function validateIdentity(object: CalendarObject, tell: Tell): void {
  for (const part of object.parts) {
    const uids = findProperties(part, 'UID');
    const uid = uids[0];
    if (uid === undefined || readText(uid.value).trim() === '') {
      tell('valid-calendar-object-resource', 'RFC 5545 §3.8.4.7', `${part.name} without UID`, part);
    } else if (readText(uid.value) !== object.uid || uids.some(({ value }) => value !== uid.value)) {
      tell('valid-calendar-object-resource', 'RFC 4791 §4.1', `UID ${uid.value} beside ${object.uid}`, uid);
    }
  }
}

/** RFC 4791 §4.1: at most one master, and no instance twice. */
function validateOverrides(object: CalendarObject, zones: ObjectZones, tell: Tell): void {
  const seen = new Set<string>();
  let master: Component | undefined;
  for (const part of object.parts) {
    const id = findProperty(part, 'RECURRENCE-ID');
    if (id === undefined) {
      if (master !== undefined) tell('valid-calendar-object-resource', 'RFC 4791 §4.1', `two ${part.name} without RECURRENCE-ID`, part);
      master ??= part;
      continue;
    }
    const range = parameter(id, 'RANGE');
    if (range !== undefined && range !== 'THISANDFUTURE') tell('valid-calendar-data', 'RFC 5545 §3.2.13', `RANGE=${range} is not understood`, id);
    const time = readTime(id, zones);
    const key = time === undefined ? id.value : `${time.kind === 'date'} ${time.at}`;
    if (seen.has(key)) tell('valid-calendar-object-resource', 'RFC 4791 §4.1', `two overrides of ${id.value}`, id);
    seen.add(key);
  }
}

/** Overrides of a recurring master whose RECURRENCE-ID its recurrence set does not have. */
export function strayOverrides(object: CalendarObject): readonly Component[] {
  const series = readSeries(object);
  const { recurrence, master } = series;
  if (recurrence === undefined || master?.start === undefined) return [];
  const start = master.start;
  const own = { ...recurrence, exdates: [] };
  const strays = series.parts.filter(({ recurrenceId }) => recurrenceId !== undefined && !isInstance(own, idOnClock(recurrenceId, start)));
  return strays.map(({ component }) => component);
}

function idOnClock(id: TimeValue, start: TimeValue): number {
  const { at, form } = dateValue(id, start);
  return form === 'utc' && start.zone !== undefined ? start.zone.toLocal(at) : at;
}

/** Distinct ATTENDEE addresses over all components (`CALDAV:max-attendees-per-instance`; the caller compares with before). */
export function countAttendees(object: CalendarObject): number {
  return new Set(object.parts.flatMap((part) => findProperties(part, 'ATTENDEE').map(({ value }) => value.trim().toLowerCase()))).size;
}

/** Most ATTACH properties in any one component (`CALDAV:max-attachments-per-resource`). */
export function countAttachments(object: CalendarObject): number {
  return object.parts.reduce((most, part) => Math.max(most, findProperties(part, 'ATTACH').length), 0);
}

