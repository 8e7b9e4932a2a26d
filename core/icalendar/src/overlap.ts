/**
 * Whether and when an item's occurrences overlap a range of real time, from its packed table, and exactly: floating times and dates are on the clock of a zone
 * that only the question names (the query's or the calendar's), and the table may not reach as far as the question.
 */
import type { EpochSeconds, ItemFacts, TimeRange } from '@kalends/contracts';
import { FLOATING, MATCH_ALWAYS } from './fact-flags.ts';
import { DISTANT } from './filter.ts';
import type { Busy } from './occurrences.ts';
import { someOverlap, touches } from './occurrences.ts';
import type { Instance, Series } from './series.ts';
import { instancesNear, isFloating, matchesAlways } from './series.ts';
import { readSlices } from './slices.ts';
import { MAX_INSTANCES } from './limits.ts';
import { DAY } from './time.ts';
import type { Zone } from './zones.ts';

/** RFC 4791 §9.9: half open; what has no length overlaps when it begins inside. */
export function overlaps(start: EpochSeconds, end: EpochSeconds, range: TimeRange): boolean {
  return start < range.end && (end > start ? end > range.start : start >= range.start);
}

export interface Occurrence {
  readonly start: EpochSeconds; readonly end: EpochSeconds; readonly busy: Busy; readonly component: number;
  /** Its start as packed: as if UTC where it floats. */ readonly packed: EpochSeconds;
}

/** True when the table holds every occurrence that may overlap `range`. */
export function reaches({ covered, flags }: ItemFacts, range: TimeRange): boolean {
  const drift = (flags & FLOATING) === 0 ? 0 : DAY;
  return (covered.end === DISTANT || range.end + drift <= covered.end) && (covered.start === -DISTANT || range.start - drift >= covered.start);
}

/** `undefined`: the table does not say; the octets do. */
export function factsTouch(facts: ItemFacts, range: TimeRange, floating: Zone | undefined): boolean | undefined {
  if (range.start >= range.end) return false;
  if ((facts.flags & MATCH_ALWAYS) !== 0) return true;
  const floats = floating !== undefined && (facts.flags & FLOATING) !== 0;
  const found = floats ? someOccurrence(facts, range, floating, () => true) : touches(facts.occurrences, range);
  return found || (reaches(facts, range) ? false : undefined);
}

/** Visits the packed occurrences that overlap `range`, with their real times, until `visit` answers true. */
export function someOccurrence(facts: ItemFacts, range: TimeRange, floating: Zone | undefined, visit: (one: Occurrence) => boolean): boolean {
  if (floating === undefined || (facts.flags & FLOATING) === 0) {
    return someOverlap(facts.occurrences, range, ({ start, length, busy, component }) => {
      return visit({ start, end: start + length, busy, component, packed: start });
    });
  }
  const { parts } = readSlices(facts.slices);
  return someOverlap(facts.occurrences, { start: range.start - DAY, end: range.end + DAY }, ({ start: packed, length, busy, component }) => {
    const clock = parts[component]?.clock;
    const floats = clock === 1 || clock === 2;
    const start = floats ? floating.toUtc(packed) : packed;
    const end = floats ? floating.toUtc(packed + length) : packed + length;
    return overlaps(start, end, range) && visit({ start, end, busy, component, packed });
  });
}

/** Real start and end of an instance, as matching sees them (with the seconds that the VTODO rows add). */
export function realTimes({ part, start, end }: Instance, floating: Zone | undefined): TimeRange {
  if (floating === undefined || !isFloating(part)) return { start: start - part.before, end: end + part.after };
  return { start: floating.toUtc(start) - part.before, end: floating.toUtc(end) + part.after };
}

/** Rounds of MAX_INSTANCES that one question may cost: enough for a rule of every second over a day. */
const MAX_ROUNDS = 40;

/** The same from the octets, wherever the range lies; visits in order of start. Gives up behind MAX_ROUNDS × MAX_INSTANCES occurrences. */
export function someInstance(series: Series, range: TimeRange, floating: Zone | undefined, visit: (instance: Instance, real: TimeRange) => boolean): boolean {
  if (range.start >= range.end) return false;
  let from = range.start;
  let after = -Infinity;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { instances, truncated } = instancesNear(series, { start: from, end: range.end }, round === 0 ? 64 : MAX_INSTANCES, after);
    for (const instance of instances) {
      const real = realTimes(instance, floating);
      if (overlaps(real.start, real.end, range) && visit(instance, real)) return true;
    }
    const last = instances.at(-1)?.start;
    if (!truncated || last === undefined) return false;
    after = last;
    from = Math.max(from, last);
  }
  return false;
}

/** Whether the object overlaps, from the octets. */
export function seriesTouches(series: Series, range: TimeRange, floating: Zone | undefined, part?: number): boolean {
  if (series.parts.some((one) => (part === undefined || one.index === part) && matchesAlways(one))) return true;
  return someInstance(series, range, floating, (instance) => part === undefined || instance.part.index === part);
}
