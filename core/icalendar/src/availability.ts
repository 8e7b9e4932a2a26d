/**
 * Availability (RFC 7953): what VAVAILABILITY components say of a range of time. Each makes the time it covers busy and its AVAILABLE components carve free
 * time out of that; those of higher priority are laid over those of lower. AVAILABLE components recur as events do, so the engine of events expands them.
 */
import type { TimeRange } from '@kalends/contracts';
import { CalendarObject } from './calendar-object.ts';
import type { Component } from './component.ts';
import { findComponents, findProperty, makeComponent } from './component.ts';
import { ALWAYS } from './filter.ts';
import type { BusySpan } from './freebusy.ts';
import { someInstance } from './overlap.ts';
import type { Series } from './series.ts';
import { readSeries } from './series.ts';
import type { TimeValue } from './time-values.ts';
import { ObjectZones, addDuration, readDurationOf, readTimeOf } from './time-values.ts';
import { readText } from './values.ts';
import type { Zone } from './zones.ts';

/** One VAVAILABILITY, read. */
export interface Availability {
  /** RFC 7953 §3.1: 1 is the highest, 9 the lowest but for 0, which is none. */ readonly priority: number;
  readonly busy: BusySpan['busy'];
  /** Undefined: without bound on that side. */ readonly start: TimeValue | undefined;
  readonly end: TimeValue | undefined;
  readonly free: readonly Available[];
}
/** AVAILABLE components of one UID. `endless`: from its start until the VAVAILABILITY ends. */
interface Available { readonly series: Series; readonly endless: boolean }

/** Instances of all AVAILABLE components that one answer looks at: what a year of half-hours for each of three people has. */
const MOST_FREE = 50_000;
const BUSY_TYPES: ReadonlyMap<string, BusySpan['busy']> = new Map([['BUSY', 1], ['BUSY-TENTATIVE', 2], ['BUSY-UNAVAILABLE', 3]]);
/** Of one priority: the later hides the earlier. BUSY over BUSY-UNAVAILABLE over BUSY-TENTATIVE. */
const GRAVITY: readonly BusySpan['busy'][] = [2, 3, 1];

/** Every VAVAILABILITY of an object; of another kind of object, none. */
export function readAvailability({ root, component, parts }: CalendarObject): readonly Availability[] {
  if (component !== 'VAVAILABILITY') return [];
  const zones = new ObjectZones(root);
  return parts.map((part) => {
    const start = readTimeOf(part, 'DTSTART', zones);
    const priority = Number(findProperty(part, 'PRIORITY')?.value ?? 0);
    return {
      priority: Number.isInteger(priority) && priority >= 1 && priority <= 9 ? priority : 0,
      // §3.2: what is not known is treated as BUSY-UNAVAILABLE.
      busy: BUSY_TYPES.get(findProperty(part, 'BUSYTYPE')?.value.trim().toUpperCase() ?? '') ?? 3,
      start, end: endOf(part, start, zones), free: availableOf(part, root).map((series) => ({ series, endless: isEndless(series) })),
    };
  });
}

function endOf(part: Component, start: TimeValue | undefined, zones: ObjectZones): TimeValue | undefined {
  const end = readTimeOf(part, 'DTEND', zones);
  const duration = end === undefined ? readDurationOf(part, 'DURATION') : undefined;
  return start === undefined || duration === undefined ? end : { ...start, at: addDuration(start, duration) };
}

/** The AVAILABLE components of a VAVAILABILITY as the series of events that they are like, one for each UID (§3.1). */
export function availableOf(part: Component, root: Component): readonly Series[] {
  const byUid = Map.groupBy(findComponents(part, 'AVAILABLE'), (available) => readText(findProperty(available, 'UID')?.value ?? ''));
  // Looked up once for all: there may be thousands.
  const zones = new ObjectZones(root);
  return [...byUid.values()].map((all) => readSeries(new CalendarObject(makeComponent('VCALENDAR', [], all.map(({ properties }) => makeComponent('VEVENT', properties)))), zones));
}

function isEndless({ master }: Series): boolean {
  return master !== undefined && findProperty(master.component, 'DTEND') === undefined && findProperty(master.component, 'DURATION') === undefined;
}

/**
 * RFC 7953 §4: when these make somebody busy inside `range`, clipped to it, ascending, no two overlapping. From the lowest priority to the highest; of one
 * priority, time that any of them offers is free, and the rest has the gravest type. `floating`: the zone of times without one; absent: UTC. Undefined: more
 * instances than one answer looks at.
 */
export function unavailableSpans(all: readonly Availability[], range: TimeRange, floating?: Zone): readonly BusySpan[] | undefined {
  let looked = 0;
  const byPriority = Map.groupBy(all, ({ priority }) => (priority === 0 ? 10 : priority));
  let spans: readonly BusySpan[] = [];
  for (const [, group] of [...byPriority].sort(([a], [b]) => b - a)) {
    const free: TimeRange[] = [];
    for (const busy of GRAVITY) {
      const covered: BusySpan[] = [];
      for (const one of group) {
        if (one.busy !== busy) continue;
        const cover = coverOf(one, range, floating);
        if (cover === undefined) continue;
        covered.push({ ...cover, busy });
        for (const span of freeIn(one, cover, floating)) {
          if (++looked > MOST_FREE) return undefined;
          free.push(span);
        }
      }
      if (covered.length > 0) spans = [...without(spans, covered), ...joined(covered).map((span) => ({ ...span, busy }))].sort((a, b) => a.start - b.start);
    }
    if (free.length > 0) spans = without(spans, free);
  }
  return spans;
}

function coverOf({ start, end }: Availability, range: TimeRange, floating: Zone | undefined): TimeRange | undefined {
  const from = Math.max(start === undefined ? ALWAYS.start : instantOf(start, floating), range.start);
  const to = Math.min(end === undefined ? ALWAYS.end : instantOf(end, floating), range.end);
  return from < to ? { start: from, end: to } : undefined;
}

function instantOf({ kind, at }: TimeValue, floating: Zone | undefined): number {
  return floating !== undefined && (kind === 'date' || kind === 'floating') ? floating.toUtc(at) : at;
}

/** At most one more than MOST_FREE. */
function freeIn({ free }: Availability, cover: TimeRange, floating: Zone | undefined): readonly TimeRange[] {
  const spans: TimeRange[] = [];
  for (const { series, endless } of free) {
    if (spans.length > MOST_FREE) break;
    if (endless) {
      const from = instantOf(series.master!.start!, floating);
      if (from < cover.end) spans.push({ start: Math.max(from, cover.start), end: cover.end });
      continue;
    }
    someInstance(series, cover, floating, (_instance, { start, end }) => {
      const clipped = { start: Math.max(start, cover.start), end: Math.min(end, cover.end) };
      if (clipped.start < clipped.end) spans.push(clipped);
      return spans.length > MOST_FREE;
    });
  }
  return spans;
}

/** Ascending; what overlaps or touches is one. */
function joined(spans: readonly TimeRange[]): readonly TimeRange[] {
  const result: { start: number; end: number }[] = [];
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}

/** `spans` (ascending, none overlapping) less `holes`, in one walk over both. */
function without(spans: readonly BusySpan[], holes: readonly TimeRange[]): readonly BusySpan[] {
  const gone = joined(holes);
  const left: BusySpan[] = [];
  let at = 0;
  for (const { start, end, busy } of spans) {
    let from = start;
    while (at > 0 && (gone[at - 1]?.end ?? 0) > start) at--;
    for (; at < gone.length && gone[at]!.start < end; at++) {
      const hole = gone[at]!;
      if (hole.end <= from) continue;
      if (hole.start > from) left.push({ start: from, end: hole.start, busy });
      from = hole.end;
    }
    if (from < end) left.push({ start: from, end, busy });
  }
  return left;
}
