/**
 * A CALDAV:filter against a parsed object, exactly (RFC 4791 §9.7, §9.9): every instance of a series, alarms with their repeats, properties and parameters. The
 * slow half of `match.ts`, which asks the facts first.
 */
import type { EpochSeconds, TimeRange } from '@kalends/contracts';
import type { Trigger } from './alarms.ts';
import { readTrigger, repeatsOf } from './alarms.ts';
import { availableOf } from './availability.ts';
import type { CalendarObject } from './calendar-object.ts';
import type { Component, Property } from './component.ts';
import { findComponents } from './component.ts';
import type { ComponentFilter, ParameterFilter, PropertyFilter } from './filter.ts';
import { MAX_INSTANCES } from './limits.ts';
import { overlaps, seriesTouches, someInstance } from './overlap.ts';
import type { Instance, Part, Series } from './series.ts';
import { instancesNear, isFloating, readSeries, singleInstances } from './series.ts';
import { textMatcher } from './text-match.ts';
import { DAY } from './time.ts';
import type { TimeValue } from './time-values.ts';
import { readPeriod, readTime } from './time-values.ts';
import { readText, splitList } from './values.ts';
import type { Zone } from './zones.ts';

/** A filter made ready: the texts are folded once for all objects. */
export type ObjectTest = (object: CalendarObject) => boolean;

interface Subject { readonly root: Component; readonly series: Series; readonly floating: Zone | undefined }
type ComponentTest = (component: Component, subject: Subject, part: Part | undefined) => boolean;
type PropertyTest = (component: Component, subject: Subject, part: Part | undefined) => boolean;

/** `filter` is the VCALENDAR one. */
export function objectTest(filter: ComponentFilter, floating: Zone | undefined): ObjectTest {
  const test = componentTest(filter);
  return (object) => {
    const subject = { root: object.root, series: readSeries(object), floating };
    return test(object.root, subject, undefined);
  };
}

/** Of the component itself: whoever calls found one of that name. */
function componentTest({ range, any, properties, components }: ComponentFilter): ComponentTest {
  const tests: readonly ComponentTest[] = [...properties.map(propertyTest), ...components.map(childTest)];
  const suffices = any === true && tests.length > 0;
  return (component, subject, part) => {
    if (range !== undefined && !componentOverlaps(component, subject, part, range)) return false;
    return suffices ? tests.some((test) => test(component, subject, part)) : tests.every((test) => test(component, subject, part));
  };
}

/** `is-not-defined`, or at least one component of that name that matches in full. */
function childTest(filter: ComponentFilter): ComponentTest {
  const { name, absent } = filter;
  if (absent === true) return (component) => !component.components.some((child) => child.name === name);
  const test = componentTest(filter);
  return (component, subject, part) => {
    const partOf = (child: Component): Part | undefined => part ?? subject.series.parts.find((one) => one.component === child);
    return findComponents(component, name).some((child) => test(child, subject, partOf(child)));
  };
}

function componentOverlaps(component: Component, { root, series, floating }: Subject, part: Part | undefined, range: TimeRange): boolean {
  if (part === undefined || range.start >= range.end) return false;
  if (part.component === component) return seriesTouches(series, range, floating, part.index);
  if (component.name === 'AVAILABLE') return (availablesIn(part.component, root).get(component.properties) ?? []).some(([one, { index }]) => seriesTouches(one, range, floating, index));
  return component.name === 'VALARM' && alarmOverlaps(component, series, part, range, floating);
}

/** The AVAILABLE components of a VAVAILABILITY, by their properties, which the event that is made of each shares: read once, however many are asked for. */
function availablesIn(part: Component, root: Component): Availables {
  let found = AVAILABLES.get(part);
  if (found === undefined) {
    found = Map.groupBy(availableOf(part, root).flatMap((one) => one.parts.map((event) => [one, event] as const)), ([, { component }]) => component.properties);
    AVAILABLES.set(part, found);
  }
  return found;
}
type Availables = ReadonlyMap<Component['properties'], readonly (readonly [Series, Part])[]>;
const AVAILABLES = new WeakMap<Component, Availables>();

/** The VALARM row of §9.9: a trigger, or one of its repeats, in `[start, end)`. */
function alarmOverlaps(alarm: Component, series: Series, part: Part, range: TimeRange, floating: Zone | undefined): boolean {
  const trigger = readTrigger(alarm, series.zones);
  if (trigger === undefined) return false;
  const { times, days, seconds } = repeatsOf(alarm);
  const pause = days * DAY + seconds;
  const sounds = (first: EpochSeconds): boolean => {
    if (first >= range.end) return false;
    const n = pause === 0 || first >= range.start ? 0 : Math.ceil((range.start - first) / pause);
    return n <= times && first + n * pause >= range.start && first + n * pause < range.end;
  };
  if (trigger.related === 'none') return sounds(trigger.at);
  const window = { start: range.start - trigger.at - times * pause - 2 * DAY, end: range.end - trigger.at + 2 * DAY };
  const recurs = part === series.master && series.recurrence !== undefined;
  const near = recurs ? instancesNear(series, window, 10 * MAX_INSTANCES).instances : singleInstances(series);
  return near.some((instance) => instance.part === part && sounds(triggerInstant(instance, trigger, floating)));
}

/** Days of a trigger are days on the part's clock (RFC 5545 §3.3.6). */
function triggerInstant({ part, start, end }: Instance, { related, at, days }: Trigger, floating: Zone | undefined): EpochSeconds {
  const from = related === 'end' ? end : start;
  const exact = at - days * DAY;
  if (isFloating(part)) return (floating === undefined ? from + days * DAY : floating.toUtc(from + days * DAY)) + exact;
  const zone = part.start?.zone;
  return (zone === undefined || days === 0 ? from + days * DAY : zone.toUtc(zone.toLocal(from) + days * DAY)) + exact;
}

function propertyTest({ name, absent, any, range, text, parameters }: PropertyFilter): PropertyTest {
  if (absent === true) return (component) => !component.properties.some((property) => property.name === name);
  const matches = text === undefined ? undefined : textMatcher(text);
  const parameterTests = parameters.map(parameterTest);
  const suffices = any === true && parameterTests.length > 0;
  return (component, subject, part) => (range === undefined ? component.properties : timesOf(component, name)).some((property) => {
    if (property.name !== name && (range === undefined || parameters.length > 0)) return false;
    if (range !== undefined && !(isOfInstances(component, part, property, name) ? instancesOverlap(subject, part!, name, range) : propertyOverlaps(property, subject, range))) return false;
    return (matches === undefined || matches(readText(property.value))) && (suffices ? parameterTests.some((test) => test(property)) : parameterTests.every((test) => test(property)));
  });
}

/** Those of that name. §9.9: where DTEND or DUE is asked for its time, an end that DURATION says is as good. */
function timesOf({ name: kind, properties }: Component, name: string): readonly Property[] {
  const found = properties.filter((property) => property.name === name);
  if (found.length > 0 || name !== ENDS.get(kind)) return found;
  return properties.some((property) => property.name === 'DTSTART') ? properties.filter((property) => property.name === 'DURATION') : [];
}
const ENDS: ReadonlyMap<string, string> = new Map([['VEVENT', 'DTEND'], ['VTODO', 'DUE']]);

/** §9.9: what recurs has its times again at every instance. A DURATION stands for an end. */
function isOfInstances(component: Component, part: Part | undefined, property: Property, name: string): boolean {
  return part?.component === component && part.start !== undefined && (name === 'DTSTART' || name === ENDS.get(component.name)) && (property.name === 'DURATION' || part.recurrenceId === undefined);
}

/** DTSTART or the end of any instance of the part lies in `[start, end)`; a DATE is its day. */
function instancesOverlap({ series, floating }: Subject, { index, start: own }: Part, name: string, range: TimeRange): boolean {
  const length = own?.kind === 'date' ? DAY : 0;
  // An instance that ends inside the range touches one that begins a second earlier.
  return someInstance(series, { start: range.start - length - 1, end: range.end }, floating, ({ part }, { start, end }) => {
    const at = name === 'DTSTART' ? start + part.before : end - part.after;
    return part.index === index && overlaps(at, at + length, range);
  });
}

function parameterTest({ name, absent, text }: ParameterFilter): (property: Property) => boolean {
  if (absent === true) return ({ parameters }) => !parameters.has(name);
  const matches = text === undefined ? undefined : textMatcher(text);
  return ({ parameters }) => {
    const values = parameters.get(name);
    return values !== undefined && (matches === undefined || values.some(matches));
  };
}

/** §9.7.2: a time, a day or a period of the value overlaps. A value of another type never does. */
function propertyOverlaps(property: Property, { series, floating }: Subject, range: TimeRange): boolean {
  return splitList(property.value).some((text) => {
    if (text.includes('/')) {
      const period = readPeriod(property, series.zones, text);
      return period !== undefined && overlaps(instantOf(period.start, floating), period.end, range);
    }
    const time = readTime(property, series.zones, text);
    if (time === undefined) return false;
    const start = instantOf(time, floating);
    return overlaps(start, time.kind === 'date' ? instantOf({ ...time, at: time.at + DAY }, floating) : start, range);
  });
}

function instantOf({ kind, at }: TimeValue, floating: Zone | undefined): EpochSeconds {
  return floating !== undefined && (kind === 'date' || kind === 'floating') ? floating.toUtc(at) : at;
}
