/**
 * When a calendar object happens: master, overrides and recurrence set together, as the basis of facts, matching and expansion. Times are instants; those of
 * floating times and dates are as if UTC, and `floating` of the part says so.
 *
 * Reads what validation let through, and what it did not without a throw: a value that cannot be read counts as absent.
 */
import type { EpochSeconds, TimeRange } from '@kalends/contracts';
import type { CalendarObject } from './calendar-object.ts';
import type { Component, Property } from './component.ts';
import { findProperties, findProperty, parameter } from './component.ts';
import { DISTANT } from './filter.ts';
import { FLOOR } from './occurrences.ts';
import type { Busy } from './occurrences.ts';
import type { DateValue, Recurrence } from './recurrence.ts';
import { instances } from './recurrence.ts';
import type { Rule } from './recurrence-rule.ts';
import { parseRule } from './recurrence-rule.ts';
import type { Duration, LocalSeconds } from './time.ts';
import { DAY, HOUR } from './time.ts';
import type { TimeValue } from './time-values.ts';
import { ObjectZones, addDuration, readDurationOf, readPeriods, readTime, readTimeOf } from './time-values.ts';
import { splitList } from './values.ts';

export interface Part {
  readonly component: Component;
  /** Among `CalendarObject.parts`. */ readonly index: number;
  /** Where an occurrence begins: DTSTART, or what the VTODO rows of RFC 4791 §9.9 use instead. Absent: it has no time. */
  readonly start: TimeValue | undefined;
  /** From start to end. */ readonly duration: Duration;
  /** Seconds that matching adds before start and after end, so that the rows of §9.9 with `<=` become those of VEVENT. */ readonly before: number;
  readonly after: number;
  readonly busy: Busy;
  readonly recurrenceId: TimeValue | undefined;
  /** RANGE=THISANDFUTURE (RFC 5545 §3.2.13). */ readonly future: boolean;
}

export interface Series {
  readonly zones: ObjectZones;
  readonly parts: readonly Part[];
  readonly master: Part | undefined;
  /** Of the master, less the overridden instances; absent where it does not recur. */ readonly recurrence: Recurrence | undefined;
  /** Overrides of all instances from one on, ascending; nearly always none. */ readonly future: readonly Part[];
  /** FREEBUSY periods. */ readonly periods: readonly Instance[];
}

/** One occurrence, or one period of a VFREEBUSY. */
export interface Instance {
  readonly part: Part;
  readonly start: EpochSeconds;
  readonly end: EpochSeconds;
  readonly busy: Busy;
  /** As RECURRENCE-ID has it: the start that the recurrence set gives. Absent where the object does not recur. */
  readonly id: EpochSeconds | undefined;
  /** A FREEBUSY value. */ readonly isPeriod?: boolean;
}

export const isFloating = ({ start }: Part): boolean => start !== undefined && (start.kind === 'date' || start.kind === 'floating');

/** RFC 4791 §9.9: a VTODO without any time overlaps every range; so does what the table does not know. A VJOURNAL without DTSTART never does. */
export function matchesAlways({ component, start }: Part): boolean {
  return start === undefined && component.name !== 'VJOURNAL' && component.name !== 'VFREEBUSY' && component.name !== 'VEVENT';
}

/** `zones`: those of the object that it is a part of, where somebody has them already. */
export function readSeries(object: CalendarObject, zones = new ObjectZones(object.root)): Series {
  const parts = object.parts.map((component, index) => readPart(component, index, zones));
  const master = parts.find((part) => part.recurrenceId === undefined);
  const ids = parts.flatMap(({ recurrenceId }) => recurrenceId ?? []);
  const recurrence = master?.start === undefined ? undefined : readRecurrence(master.component, master.start, ids, zones);
  const future = parts.filter((part) => part.future && part.recurrenceId !== undefined && part.start !== undefined);
  const periods = object.component === 'VFREEBUSY' ? parts.flatMap((part) => freeBusyPeriods(part, zones)) : [];
  return { zones, parts, master, recurrence, future: future.sort((a, b) => a.recurrenceId!.at - b.recurrenceId!.at), periods };
}

/** RFC 5545 §3.2.9: a type that we do not know is BUSY. */
function freeBusyPeriods(part: Part, zones: ObjectZones): readonly Instance[] {
  return findProperties(part.component, 'FREEBUSY').flatMap((property) => {
    const busy = BUSY_TYPES.get((parameter(property, 'FBTYPE') ?? 'BUSY').toUpperCase()) ?? 1;
    return readPeriods(property, zones).map(({ start, end }) => ({ part, start: start.at, end: Math.max(start.at, end), busy, id: undefined, isPeriod: true }));
  });
}
const BUSY_TYPES: ReadonlyMap<string, Busy> = new Map([['FREE', 0], ['BUSY', 1], ['BUSY-TENTATIVE', 2], ['BUSY-UNAVAILABLE', 3]]);

function readPart(component: Component, index: number, zones: ObjectZones): Part {
  const id = findProperty(component, 'RECURRENCE-ID');
  const when = (TIMES[component.name] ?? eventTimes)(component, zones);
  return {
    component, index, ...when, busy: busyOf(component),
    recurrenceId: id === undefined ? undefined : readTime(id, zones), future: id !== undefined && parameter(id, 'RANGE') === 'THISANDFUTURE',
  };
}

type Times = Pick<Part, 'start' | 'duration' | 'before' | 'after'>;
const NOTHING: Duration = { days: 0, seconds: 0 };
/** What an occurrence table can still hold. */
const ENDLESS: Duration = { days: 0, seconds: DISTANT / 4 };
const at = (start: TimeValue | undefined, duration: Duration = NOTHING, before = 0, after = 0): Times => ({ start, duration, before, after });

/** VEVENT, and by the same words VJOURNAL (RFC 4791 §9.9). */
function eventTimes(component: Component, zones: ObjectZones): Times {
  const start = readTimeOf(component, 'DTSTART', zones);
  const end = readTimeOf(component, 'DTEND', zones);
  if (start === undefined) return at(undefined);
  const given = end === undefined ? readDurationOf(component, 'DURATION') : between(start, end);
  const duration = given ?? (start.kind === 'date' ? { days: 1, seconds: 0 } : NOTHING);
  return at(start, addDuration(start, duration) < start.at ? NOTHING : duration);
}

/** Both or neither, and the end is inside (RFC 4791 §9.9); the periods are looked at besides. */
function freeBusyTimes(component: Component, zones: ObjectZones): Times {
  const times = eventTimes(component, zones);
  return findProperty(component, 'DTEND') === undefined ? at(undefined) : { ...times, after: 1 };
}

/** RFC 7953 §3.1: without an end it never ends, without a start it has lasted for ever; without both it matches always. */
function availabilityTimes(component: Component, zones: ObjectZones): Times {
  const times = eventTimes(component, zones);
  const end = readTimeOf(component, 'DTEND', zones);
  if (times.start === undefined && end !== undefined) return at({ kind: 'utc', local: FLOOR, at: FLOOR, zone: undefined }, { days: 0, seconds: end.at - FLOOR });
  const ends = end !== undefined || findProperty(component, 'DURATION') !== undefined;
  return times.start === undefined || ends ? times : { ...times, duration: ENDLESS };
}

/** The VTODO rows of RFC 4791 §9.9. */
function todoTimes(component: Component, zones: ObjectZones): Times {
  const start = readTimeOf(component, 'DTSTART', zones);
  const due = readTimeOf(component, 'DUE', zones);
  if (start !== undefined) {
    const length = due === undefined ? readDurationOf(component, 'DURATION') : between(start, due);
    if (length === undefined) return at(start);
    if (addDuration(start, length) <= start.at) return at(start, NOTHING, 1, 1);
    return at(start, length, 0, due === undefined ? 1 : 0);
  }
  if (due !== undefined) return at(due, NOTHING, 1, 0);
  const completed = readTimeOf(component, 'COMPLETED', zones);
  const created = readTimeOf(component, 'CREATED', zones);
  if (completed !== undefined && created !== undefined) {
    const [first, last] = completed.at < created.at ? [completed, created] : [created, completed];
    return at(first, { days: 0, seconds: last.at - first.at }, 1, 1);
  }
  if (completed !== undefined) return at(completed, NOTHING, 1, 1);
  return created === undefined ? at(undefined) : at(created, ENDLESS);
}

const TIMES: Readonly<Record<string, typeof eventTimes>> = { VTODO: todoTimes, VFREEBUSY: freeBusyTimes, VAVAILABILITY: availabilityTimes };

/** DTEND's exact duration (RFC 5545 §3.8.5.3); an end of another kind is read on the start's clock. */
function between(start: TimeValue, end: TimeValue): Duration {
  if (start.kind === 'date') return { days: Math.ceil(((end.kind === 'date' ? end.at : end.local) - start.local) / DAY), seconds: 0 };
  const floats = end.kind === 'date' || end.kind === 'floating';
  const instant = floats && start.zone !== undefined ? start.zone.toUtc(end.local) : end.kind === 'zoned' && start.kind === 'floating' ? end.local : end.at;
  return { days: 0, seconds: instant - start.at };
}

/** RFC 4791 §7.10: TRANSP and STATUS decide; only VEVENT is ever busy here (VFREEBUSY has its own periods). */
export function busyOf(component: Component): Busy {
  if (component.name !== 'VEVENT') return 0;
  if (findProperty(component, 'TRANSP')?.value.trim().toUpperCase() === 'TRANSPARENT') return 0;
  const status = findProperty(component, 'STATUS')?.value.trim().toUpperCase();
  return status === 'CANCELLED' ? 0 : status === 'TENTATIVE' ? 2 : 1;
}

function readRecurrence(component: Component, start: TimeValue, overridden: readonly TimeValue[], zones: ObjectZones): Recurrence | undefined {
  const rules = readRules(component, 'RRULE');
  const rdates = readDates(component, 'RDATE', start, zones);
  if (rules.length === 0 && rdates.length === 0) return undefined;
  const exdates = [...readDates(component, 'EXDATE', start, zones), ...overridden.map((value) => dateValue(value, start))];
  return { start: start.local, kind: start.kind, zone: start.zone, rules, exrules: readRules(component, 'EXRULE'), rdates, exdates };
}

function readRules(component: Component, name: string): readonly Rule[] {
  return findProperties(component, name).flatMap(({ value }) => {
    const rule = parseRule(value.trim());
    return 'problem' in rule ? [] : rule;
  });
}

function readDates(component: Component, name: string, start: TimeValue, zones: ObjectZones): readonly DateValue[] {
  return findProperties(component, name).flatMap((property) => dateValues(property, start, zones));
}

function dateValues(property: Property, start: TimeValue, zones: ObjectZones): readonly DateValue[] {
  if (property.value.includes('/')) return readPeriods(property, zones).map(({ start: from, end }) => ({ ...dateValue(from, start), end }));
  return splitList(property.value).flatMap((text) => {
    const value = readTime(property, zones, text);
    return value === undefined ? [] : dateValue(value, start);
  });
}

/** On the clock of the series. What has another kind than DTSTART is adapted, as the server we re-create does. */
export function dateValue(value: TimeValue, start: TimeValue): DateValue {
  if (start.kind === 'date') return { at: Math.floor(value.local / DAY) * DAY, form: 'date' };
  if (value.kind === 'date') return { at: value.local, form: 'date' };
  if (value.kind === 'utc' && start.kind !== 'floating') return { at: value.at, form: 'utc' };
  const sameClock = value.kind === 'floating' || start.kind === 'floating' || value.zone === start.zone;
  return sameClock ? { at: value.local, form: 'local' } : { at: value.at, form: 'utc' };
}

/** When an occurrence of this part that begins then (on the wall clock, and the instant) ends. */
export function endOf(part: Part, local: LocalSeconds, start: EpochSeconds): EpochSeconds {
  const { days, seconds } = part.duration;
  const zone = part.start?.zone;
  return (days === 0 || zone === undefined ? start + days * DAY : zone.toUtc(local + days * DAY)) + seconds;
}

/** Seconds that an occurrence may begin before a range and still overlap it: its length, and what clocks may differ by. */
export function reachBack(series: Series): number {
  let most = 0;
  for (const { duration: { days, seconds }, before, after, start } of series.parts) {
    // A day on a zoned clock may have an hour or two more than 24.
    most = Math.max(most, days * DAY + seconds + before + after + (days !== 0 && start?.zone !== undefined ? 2 * HOUR : 0));
  }
  for (const { at: from, end } of series.recurrence?.rdates ?? []) if (end !== undefined) most = Math.max(most, end - from + DAY);
  return most;
}

/** How far a packed time may lie from the real one. */
const driftOf = ({ parts }: Series): number => (parts.some(isFloating) ? DAY : 0);

/** `truncated`: there may be more behind the last. */
export interface NearInstances { readonly instances: readonly Instance[]; readonly truncated: boolean }

/**
 * Occurrences that may overlap `range` (it is widened; the caller tests exactly), ascending by start, at most `limit` of those that start after `after`. For
 * facts see `series-runs.ts`.
 */
export function instancesNear(series: Series, range: TimeRange, limit: number, after = -Infinity): NearInstances {
  const drift = driftOf(series);
  // `before` is a second at most.
  const window = { start: range.start - reachBack(series) - drift, end: range.end + drift + 1 };
  const found = singleInstances(series).filter(
    ({ part, start, end }) => start > after && start - part.before < window.end && end + part.after + drift >= range.start,
  );
  let truncated = false;
  if (series.master !== undefined && series.recurrence !== undefined) {
    const shift = movedBy(series);
    const some = instances(series.recurrence, { start: Math.max(window.start, after + 1) - shift, end: window.end + shift }, limit);
    truncated = some.truncated || some.starts.length >= limit;
    for (const [n, id] of some.starts.entries()) found.push(place(series, series.master, id, some.locals[n] ?? id, some.ends.get(id)));
  }
  found.sort((a, b) => a.start - b.start);
  // What stands alone behind the last that the rules gave belongs to the next look.
  const horizon = truncated ? (found.findLast(({ part, id }) => part === series.master || (id !== undefined && part.future))?.start ?? Infinity) : Infinity;
  const within = found.filter(({ start }) => start <= horizon).slice(0, limit);
  return { instances: within, truncated: truncated || found.length > limit };
}

/** Overrides, periods, and the master where it does not recur. */
export function singleInstances({ parts, master, recurrence, periods }: Series): Instance[] {
  const found: Instance[] = [...periods];
  for (const part of parts) {
    const { start, recurrenceId, busy } = part;
    if (start === undefined || (part === master && recurrence !== undefined)) continue;
    found.push({ part, start: start.at, end: endOf(part, start.local, start.at), busy, id: recurrenceId?.at });
  }
  return found;
}

/** How far overrides of this and all future instances move theirs. */
export function movedBy({ future }: Series): number {
  return future.reduce((most, { start, recurrenceId }) => Math.max(most, Math.abs(start!.at - recurrenceId!.at)), 0);
}

/** An instance of the master, moved by the last override of this and all future ones before it. */
export function place(series: Series, master: Part, id: EpochSeconds, local: LocalSeconds, end: EpochSeconds | undefined): Instance {
  const change = series.future.findLast(({ recurrenceId }) => recurrenceId!.at <= id);
  if (change?.start === undefined) return { part: master, start: id, end: end ?? endOf(master, local, id), busy: master.busy, id };
  const moved = local + (change.start.local - change.recurrenceId!.local);
  const start = change.start.zone === undefined ? moved : change.start.zone.toUtc(moved);
  return { part: change, start, end: endOf(change, moved, start), busy: change.busy, id };
}
