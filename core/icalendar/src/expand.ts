/**
 * CALDAV:expand and CALDAV:limit-recurrence-set (RFC 4791 §9.6.5, §9.6.6). Expansion copies octets by the slices of the facts and writes three lines an
 * instance; where they do not reach, it goes by the parsed tree. Both give the same instances.
 *
 * Times with a zone become UTC; dates stay dates, and floating times float: only the range is read on the clock of `floating`. Of a series, all instances
 * but the initial one have a RECURRENCE-ID (§9.6.5); that one is the master itself.
 */
import type { EpochSeconds, ItemFacts, TimeRange } from '@kalends/contracts';
import type { CalendarObject } from './calendar-object.ts';
import type { Component, Property } from './component.ts';
import { findProperty, makeComponent, parameter, withComponents, withProperties } from './component.ts';
import { RECURRING } from './fact-flags.ts';
import { MAX_EXPANDED } from './limits.ts';
import { overlaps, reaches, realTimes, someInstance, someOccurrence } from './overlap.ts';
import { parse } from './parse.ts';
import type { Instance, Part, Series } from './series.ts';
import { endOf, readSeries } from './series.ts';
import { serialize } from './serialize.ts';
import type { OctetRange, PartSlices, Slices } from './slices.ts';
import { clockOf, readSlices } from './slices.ts';
import { timeProperty, timeText } from './time-text.ts';
import type { TimeValue } from './time-values.ts';
import { readTime } from './time-values.ts';
import type { Zone } from './zones.ts';

/** One VCALENDAR with the instances that overlap `range`, at most MAX_EXPANDED, ascending by start; no VTIMEZONE, no recurrence properties. */
export function expandOctets(body: Uint8Array, facts: ItemFacts | undefined, range: TimeRange, floating: Zone | undefined): Uint8Array {
  if (facts !== undefined && reaches(facts, range)) {
    const slices = readSlices(facts.slices);
    if (slices.expandable) return copyInstances(body, facts, slices, range, floating);
  }
  const { object } = parse(body);
  return object === undefined ? body : serialize(expandObject(object, range, floating));
}

function copyInstances(body: Uint8Array, facts: ItemFacts, { header, parts, first }: Slices, range: TimeRange, floating: Zone | undefined): Uint8Array {
  const found: { readonly start: EpochSeconds; readonly end: EpochSeconds; readonly component: number }[] = [];
  someOccurrence(facts, range, floating, ({ packed, start, end, component }) => {
    found.push({ start: packed, end: packed + (floating === undefined ? end - start : lengthOf(parts[component], floating, packed, start, end)), component });
    return found.length >= MAX_EXPANDED;
  });
  if (found.length > 1) found.sort((a, b) => a.start - b.start);
  const source = Buffer.from(body.buffer, body.byteOffset, body.length);
  const recurring = (facts.flags & RECURRING) !== 0;
  const rest: string[] = [];
  let text = copy(source, header);
  for (const { start, end, component } of found) {
    const part = parts[component];
    if (part === undefined) continue;
    const id = part.id ?? (recurring && start !== first ? { clock: part.clock, at: start } : undefined);
    text += `BEGIN:VEVENT\r\nDTSTART${timeText(part.clock, start)}\r\n`;
    if (part.end === 1) text += `DTEND${timeText(part.clock, end)}\r\n`;
    if (id !== undefined) text += `RECURRENCE-ID${timeText(id.clock, id.at)}\r\n`;
    text += (rest[component] ??= copy(source, part.ranges));
  }
  return Buffer.from(`${text}END:VCALENDAR\r\n`, 'latin1');
}

/** Packed length; `someOccurrence` gives the real one, which differs where a floating occurrence lies across a change of the zone's offset. */
function lengthOf(part: PartSlices | undefined, floating: Zone, packed: EpochSeconds, start: EpochSeconds, end: EpochSeconds): number {
  return part?.clock === 1 || part?.clock === 2 ? floating.toLocal(end) - packed : end - start;
}

/** One character per octet: cheaper to join than buffers of a hundred octets. */
function copy(source: Buffer, ranges: readonly OctetRange[]): string {
  let text = '';
  for (const { from, to } of ranges) text += source.toString('latin1', from, to);
  return text;
}

const RECURRENCE_LINES: ReadonlySet<string> = new Set(['RRULE', 'EXRULE', 'RDATE', 'EXDATE', 'RECURRENCE-ID']);

/** The same over the tree, for any object. What cannot recur, or has no time, stays as it is but for its zones. */
export function expandObject(object: CalendarObject, range: TimeRange, floating: Zone | undefined): Component {
  const series = readSeries(object);
  const found: Component[] = [];
  if (object.component === 'VFREEBUSY' || series.parts.every(({ start }) => start === undefined)) {
    found.push(...series.parts.map((part) => toUtc(part.component, series)));
  } else {
    someInstance(series, range, floating, (instance) => {
      found.push(instanceComponent(instance, series));
      return found.length >= MAX_EXPANDED;
    });
  }
  const others = object.root.components.filter(({ name }) => name !== 'VTIMEZONE' && name !== object.component);
  return withComponents(object.root, [...others, ...found]);
}

function instanceComponent({ part, start, end, id }: Instance, series: Series): Component {
  if (id === undefined) return toUtc(part.component, series);
  const clock = clockOf(part.start);
  const idClock = part.recurrenceId === undefined || part.future ? clockOf(series.master?.start ?? part.start) : clockOf(part.recurrenceId);
  const times = new Map([['DTSTART', timeProperty('DTSTART', clock, start)]]);
  if (part !== series.master || id !== part.start?.at) times.set('RECURRENCE-ID', timeProperty('RECURRENCE-ID', idClock, id));
  const endName = part.component.name === 'VTODO' ? 'DUE' : 'DTEND';
  const inDays = part.duration.days !== 0 && part.start?.zone !== undefined;
  const hasPeriods = series.recurrence?.rdates.some(({ end: periodEnd }) => periodEnd !== undefined) === true;
  const givesDays = inDays && findProperty(part.component, 'DURATION') !== undefined;
  const writesEnd = findProperty(part.component, endName) !== undefined || (hasPeriods && part === series.master) || givesDays;
  if (writesEnd) times.set(endName, timeProperty(endName, clock, endName === 'DUE' && findProperty(part.component, 'DTSTART') === undefined ? start : end));
  if (findProperty(part.component, 'DTSTART') === undefined) times.delete('DTSTART');
  const rest = part.component.properties.filter(({ name }) => !times.has(name) && !RECURRENCE_LINES.has(name) && !(name === 'DURATION' && writesEnd));
  return withProperties(part.component, [...times.values(), ...rest.map((property) => propertyToUtc(property, series))]);
}

/** Of an object that does not recur. */
function toUtc(component: Component, series: Series): Component {
  return makeComponent(component.name, component.properties.map((property) => propertyToUtc(property, series)), component.components);
}

function propertyToUtc(property: Property, { zones }: Series): Property {
  if (parameter(property, 'TZID') === undefined) return property;
  const time = readTime(property, zones);
  return time?.kind === 'zoned' ? timeProperty(property.name, 3, time.at) : property;
}

/** The object less the overrides that do not matter for `range` (RFC 4791 §9.6.6): neither the instance they make nor the one they replace overlaps it. */
export function limitRecurrences(object: CalendarObject, range: TimeRange, floating: Zone | undefined): CalendarObject {
  const series = readSeries(object);
  const dropped = new Set(series.parts.filter((part) => !matters(part, series, range, floating)).map(({ component }) => component));
  if (dropped.size === 0) return object;
  return object.edited(withComponents(object.root, object.root.components.filter((component) => !dropped.has(component))));
}

function matters(part: Part, { master }: Series, range: TimeRange, floating: Zone | undefined): boolean {
  const { recurrenceId, start } = part;
  if (recurrenceId === undefined) return true;
  const at = (one: Part, begin: TimeValue): TimeRange =>
    realTimes({ part: one, start: begin.at, end: endOf(one, begin.local, begin.at), busy: one.busy, id: recurrenceId.at }, floating);
  if (start !== undefined) {
    const real = at(part, start);
    if (overlaps(real.start, real.end, range)) return true;
  }
  const replaced = at(master ?? part, recurrenceId);
  return overlaps(replaced.start, replaced.end, range) || (part.future && replaced.start < range.end);
}
