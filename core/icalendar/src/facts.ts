/**
 * CalendarObject to ItemFacts: everything that later answers time-range, free-busy and expand without the octets. Derived once, when the object is written;
 * again by the re-index job when FACTS_VERSION grows or time comes near the end of `covered`.
 *
 * Pure; the caller says until when an endless series is to be covered.
 */
import type { EpochSeconds, ItemFacts, TimeRange } from '@kalends/contracts';
import type { CalendarObject } from './calendar-object.ts';
import { alarmSpans } from './alarms.ts';
import { findProperty } from './component.ts';
import { CLEAN, FACTS_VERSION, FLOATING, HAS_ALARM, MATCH_ALWAYS, NEEDS_VIEW, RECURRING, SCHEDULED } from './fact-flags.ts';
import { ALWAYS, DISTANT } from './filter.ts';
import { accessFlags } from './limited-view.ts';
import { MAX_INSTANCES } from './limits.ts';
import { packRuns } from './occurrences.ts';
import { parse } from './parse.ts';
import type { Problem } from './problem.ts';
import { seriesBounds } from './recurrence.ts';
import type { Part, Series } from './series.ts';
import { endOf, isFloating, matchesAlways, movedBy, readSeries } from './series.ts';
import { seriesRuns } from './series-runs.ts';
import { packSlices } from './slices.ts';
import { DAY, HOUR } from './time.ts';
import { readTimeOf } from './time-values.ts';

/** How far ahead of now facts are worth covering; the re-index job extends them long before a client looks there. */
export const COVER_AHEAD_SECONDS = 3 * 366 * DAY;

export type Derived =
  | { readonly facts: ItemFacts; readonly problems?: undefined }
  | { readonly facts?: undefined; readonly problems: readonly Problem[] };

/** Clocks on earth differ from UTC by at most this: how far a floating time may lie from where it is packed. */
export const FLOATING_SLACK_SECONDS = 14 * HOUR;

/** ItemFacts of a valid object. A series without end (or with an UNTIL far away) is covered until `coverUntil`. Refuses with `max-instances` only. */
export function deriveFacts(object: CalendarObject, coverUntil: EpochSeconds): Derived {
  // An edited object has no octets to slice yet: it is written and read again.
  const settled = object.root.source?.document.octets === object.octets ? object : (parse(object.octets).object ?? object);
  const series = readSeries(settled);
  const problem = tooMany(series);
  if (problem !== undefined) return { problems: [problem] };
  const { runs, covered } = seriesRuns(series, coverUntil);
  const last = series.recurrence === undefined ? undefined : seriesBounds(series.recurrence)?.last;
  // Nothing comes behind the last start.
  const isWhole = series.recurrence !== undefined && covered.start === -DISTANT && covered.end === coverUntil && last !== undefined && last < coverUntil;
  const organizer = findProperty((series.master ?? series.parts[0])?.component ?? settled.root, 'ORGANIZER')?.value;
  return {
    facts: {
      version: FACTS_VERSION, bounds: boundsOf(series, last), occurrences: packRuns(runs),
      covered: isWhole ? ALWAYS : covered, slices: packSlices(settled, series), flags: flagsOf(settled, series),
      ...(organizer === undefined ? {} : { organizer }),
    },
  };
}

/** RFC 4791 §5.2.8. What is counted out: COUNT and RDATE. A series until some day costs no more than one without end, so it is as welcome. */
function tooMany({ recurrence, master }: Series): Problem | undefined {
  if (recurrence === undefined) return undefined;
  const counted = recurrence.rules.reduce((sum, { count }) => sum + (Number.isFinite(count) ? count : 0), recurrence.rdates.length);
  if (counted <= MAX_INSTANCES) return undefined;
  const line = master?.component.source?.line;
  const message = `${counted} instances, at most ${MAX_INSTANCES} are taken`;
  return { kind: 'max-instances', rule: 'RFC 4791 §5.2.8', ...(line === undefined ? {} : { line }), message };
}

function boundsOf(series: Series, last: EpochSeconds | undefined): TimeRange {
  if (series.parts.some(matchesAlways)) return ALWAYS;
  const bounds = { start: Infinity, end: -Infinity };
  const include = (start: EpochSeconds, end: EpochSeconds): void => {
    bounds.start = Math.min(bounds.start, start);
    bounds.end = Math.max(bounds.end, end, start + 1);
  };
  for (const part of series.parts) includePart(series, part, last, include);
  for (const { start, end } of series.periods) include(start, end);
  if (bounds.start === Infinity) return ALWAYS;
  const slack = series.parts.some(isFloating) ? FLOATING_SLACK_SECONDS : 0;
  return { start: Math.max(bounds.start - slack, -DISTANT), end: Math.min(bounds.end + slack, DISTANT) };
}

function includePart(series: Series, part: Part, last: EpochSeconds | undefined, include: (start: EpochSeconds, end: EpochSeconds) => void): void {
  const { start, component, before, after } = part;
  if (start !== undefined) {
    const end = endOf(part, start.local, start.at);
    const recurs = part === series.master && series.recurrence !== undefined;
    const first = recurs ? Math.min(start.at, seriesBounds(series.recurrence!)?.first ?? start.at) : start.at;
    // Days on a zoned clock may be an hour or two longer than 24.
    const final = recurs || part.future ? (last === undefined ? end : last + (end - start.at) + DAY + movedBy(series)) : end;
    include(first - before - movedBy(series), final + after);
    for (const { end: periodEnd } of series.recurrence?.rdates ?? []) if (recurs && periodEnd !== undefined) include(first, periodEnd);
    for (const alarm of alarmSpans(part, series.zones)) {
      if (alarm.related === 'none') include(alarm.from, alarm.to + 1);
      else if (alarm.related === 'start') include(first + alarm.from, final + alarm.to + 1);
      else include(first + (end - start.at) + alarm.from, final + alarm.to + 1);
    }
  }
  // A prop-filter on these may carry a time-range of its own.
  if (component.name === 'VTODO') {
    for (const name of ['COMPLETED', 'CREATED']) {
      const time = readTimeOf(component, name, series.zones);
      if (time !== undefined) include(time.at - 1, time.at + 1);
    }
  }
}

function flagsOf(object: CalendarObject, { parts, recurrence }: Series): number {
  const { octets } = object;
  let flags = 0;
  if (parts.length > 1 || recurrence !== undefined || parts.some(({ recurrenceId }) => recurrenceId !== undefined)) flags |= RECURRING;
  if (parts.some(isFloating)) flags |= FLOATING;
  if (parts.some(({ component }) => component.components.some(({ name }) => name === 'VALARM'))) flags |= HAS_ALARM;
  if (hidesInstances(parts)) flags |= NEEDS_VIEW;
  flags |= accessFlags(object);
  if (parts.some(matchesAlways)) flags |= MATCH_ALWAYS;
  if (isClean(octets)) flags |= CLEAN;
  if (parts.some(({ component }) => findProperty(component, 'ORGANIZER') !== undefined)) flags |= SCHEDULED;
  return flags;
}

/** Instances that are hidden from everybody. */
function hidesInstances(parts: readonly Part[]): boolean {
  return parts.some(({ component }) => findProperty(component, 'X-CALENDARSERVER-HIDDEN-INSTANCE') !== undefined);
}

function isClean(octets: Uint8Array): boolean {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  return !buffer.includes(38) && !buffer.includes(60) && !buffer.includes(62);
}
