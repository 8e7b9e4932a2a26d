/**
 * Recurrence sets (RFC 5545 §3.8.5) on integers: DTSTART, RRULEs, EXRULEs, RDATEs and EXDATEs to instances. Works in local wall-clock seconds and converts by the
 * zone at the end. Seeks near the wanted range instead of walking there, and stops at caps with an honest `truncated`, never with a guess.
 *
 * Knows no overrides: whoever has some gives their RECURRENCE-IDs as further exdates and adds the overrides himself.
 */
import type { EpochSeconds, TimeRange } from '@kalends/contracts';
import { MAX_INSTANCES, MAX_STEPS } from './limits.ts';
import type { Rule } from './recurrence-rule.ts';
import { makeRuns, stretchAt } from './recurrence-runs.ts';
import { compileSet, excludes, type RecurrenceSet } from './recurrence-set.ts';
import { collect, firstFrom, lastUpTo } from './recurrence-walk.ts';
import { DAY, type LocalSeconds } from './time.ts';
import type { Zone } from './zones.ts';

export * from './recurrence-rule.ts';

/**
 * One RDATE or EXDATE value. `local`: on the clock of the series' own zone. `utc`: written in UTC, or in another zone and converted by the caller. `date`: a day, by
 * its midnight; as an EXDATE of a series with times it takes the whole day away.
 */
export interface DateValue {
  readonly at: number;
  readonly form: 'date' | 'local' | 'utc';
  /** RDATE;VALUE=PERIOD only: its end, in UTC (as if UTC for floating times). */
  readonly end?: EpochSeconds;
}

export interface Recurrence {
  /** DTSTART. Always an instance, unless an EXDATE takes it away (§3.8.5.3). */
  readonly start: LocalSeconds;
  readonly kind: 'date' | 'floating' | 'zoned' | 'utc';
  /** Undefined for `date`, `floating` and `utc`: their starts come back as if the clock were UTC. */
  readonly zone: Zone | undefined;
  readonly rules: readonly Rule[];
  readonly exrules: readonly Rule[];
  readonly rdates: readonly DateValue[];
  readonly exdates: readonly DateValue[];
}

/** Columns of equal length, ascending by `starts`, without duplicates. */
export interface Instances {
  readonly starts: readonly EpochSeconds[];
  /** The same starts on the wall clock: what RECURRENCE-ID holds. */
  readonly locals: readonly LocalSeconds[];
  /** Ends of those that come from an RDATE period, by start. */
  readonly ends: ReadonlyMap<EpochSeconds, EpochSeconds>;
  /** A cap ended the search before the range did: there may be more after the last. */
  readonly truncated: boolean;
}

/** `repeats` more starts after `start`, each `step` seconds after the one before. Both are 0 for a single start. */
export interface StartRun { readonly start: EpochSeconds; readonly step: number; readonly repeats: number }
export interface StartRuns {
  /** Ascending by first start; runs of one series may interleave (Mondays, Wednesdays). No start is in two of them. */
  readonly runs: readonly StartRun[];
  readonly ends: ReadonlyMap<EpochSeconds, EpochSeconds>;
  readonly truncated: boolean;
}

/** First and last start; `last` is Infinity for a series without end, or where a cap kept us from finding it. */
export interface SeriesBounds { readonly first: EpochSeconds; readonly last: EpochSeconds }

/** No zone has ever jumped by more (Manila and Samoa left out a day). */
const LONGEST_JUMP = 25 * 3600;

/** The local times among which all starts in `range` are. Wider than the range only beside a change of offset. */
function localRange(zone: Zone | undefined, { start, end }: TimeRange): TimeRange {
  if (zone === undefined) return { start, end };
  return {
    start: start + Math.min(zone.offsetAt(start), zone.offsetAt(start - LONGEST_JUMP)),
    end: end + Math.max(zone.offsetAt(end), zone.offsetAt(end - LONGEST_JUMP)),
  };
}

/** Instances whose start lies in `range`, at most `limit`. Widen the range by the duration to find what overlaps it. */
export function instances(recurrence: Recurrence, range: TimeRange, limit: number = MAX_INSTANCES): Instances {
  const set = compileSet(recurrence);
  const { zone } = recurrence;
  const local = localRange(zone, range);
  const found = localStarts(set, local, limit);
  const starts: EpochSeconds[] = [];
  const locals: LocalSeconds[] = [];
  let last = -Infinity;
  let ascending = true;
  let stretch = NO_STRETCH;
  const push = (at: LocalSeconds, utc: EpochSeconds): void => {
    if (utc < range.start || utc >= range.end || (set.exclusions > 0 && excludes(set, at, utc))) return;
    if (utc <= last) ascending = false;
    last = utc;
    starts.push(utc);
    locals.push(at);
  };
  for (const at of found.locals) {
    if (at >= stretch.end) stretch = stretchAt(zone, at);
    push(at, at - stretch.offset);
  }
  const ends = set.rdates.length > 0 ? new Map<EpochSeconds, EpochSeconds>() : NO_ENDS;
  for (const { local: at, utc, end } of set.rdates) {
    if (at >= found.reach) continue;
    push(at, utc);
    if (end !== undefined && locals[locals.length - 1] === at) ends.set(utc, end);
  }
  if (!ascending) sortColumns(starts, locals, zone);
  const truncated = found.reach < local.end || starts.length > limit;
  if (starts.length > limit) starts.length = locals.length = limit;
  return { starts, locals, ends, truncated };
}

const NO_STRETCH = { end: -Infinity, offset: 0 };
const NO_ENDS = new Map<EpochSeconds, EpochSeconds>();

/**
 * By start; one of each. Two local times mean one instant where the clock jumps (02:00 and 03:00): the one that the clock shows stays.
 */
function sortColumns(starts: EpochSeconds[], locals: LocalSeconds[], zone: Zone | undefined): void {
  const order = starts.map((_, index) => index).sort((a, b) => starts[a]! - starts[b]!);
  const oldStarts = starts.slice();
  const oldLocals = locals.slice();
  let kept = 0;
  for (const index of order) {
    const start = oldStarts[index]!;
    if (kept > 0 && starts[kept - 1] === start) {
      locals[kept - 1] = zone === undefined ? start : zone.toLocal(start);
      continue;
    }
    starts[kept] = start;
    locals[kept++] = oldLocals[index]!;
  }
  starts.length = locals.length = kept;
}

/**
 * What DTSTART and the rules name, before EXDATEs: ascending, one of each. Asks each rule for as many more than `limit` as exceptions could take away. Complete
 * before `reach`.
 */
function localStarts(set: RecurrenceSet, { start: from, end: to }: TimeRange, limit: number): { readonly locals: readonly LocalSeconds[]; readonly reach: LocalSeconds } {
  const wanted = limit + set.exclusions + 1;
  // Each rule has its share: one that finds nothing must not leave the others without a step.
  const steps = Math.ceil(MAX_STEPS / Math.max(1, set.plans.length + set.explans.length));
  const own = (plans: RecurrenceSet['plans'], upper: LocalSeconds): { lists: LocalSeconds[][]; reach: LocalSeconds } => {
    let reach = upper;
    const lists = plans.map((plan) => {
      const out: LocalSeconds[] = [];
      reach = Math.min(reach, collect(plan, from, upper, { instances: wanted, steps }, out));
      return out;
    });
    return { lists, reach };
  };
  const named = own(set.plans, set.complete ? to : from);
  let locals = named.lists.length === 1 ? named.lists[0]! : merged(named.lists);
  let reach = named.reach;
  if (set.start >= from && set.start < reach && locals[0] !== set.start) locals.unshift(set.start);
  if (reach < to) locals = locals.filter((at) => at < reach);
  if (set.explans.length > 0) {
    const taken = own(set.explans, reach);
    const gone = new Set(taken.lists.flat());
    reach = taken.reach;
    locals = locals.filter((at) => at < reach && !gone.has(at));
  }
  return { locals, reach };
}

function merged(lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

/**
 * The same as runs of a constant step, computed where the rule is even instead of walked: a daily meeting is one run for each stretch between two changes of the
 * clock, and a rule of every second costs no more. At most `limit` runs; what is no even rule is walked, at most `limit` starts of it.
 */
export function startRuns(recurrence: Recurrence, range: TimeRange, limit: number = MAX_INSTANCES): StartRuns {
  const set = compileSet(recurrence);
  const runs = makeRuns(set, localRange(recurrence.zone, range), range, limit);
  if (runs !== undefined) return runs;
  const { starts, ends, truncated } = instances(recurrence, range, limit);
  return { runs: packed(starts), ends, truncated };
}

function packed(starts: readonly EpochSeconds[]): StartRun[] {
  const runs: StartRun[] = [];
  for (let at = 0; at < starts.length;) {
    const start = starts[at]!;
    const step = at + 1 < starts.length ? starts[at + 1]! - start : 0;
    let repeats = 0;
    while (at + repeats + 1 < starts.length && starts[at + repeats + 1]! - starts[at + repeats]! === step) repeats += 1;
    runs.push({ start, step, repeats });
    at += repeats + 1;
  }
  return runs;
}

/**
 * First and last start of the whole set; undefined when it is empty. Exact for a series that ends, exceptions considered. Where a cap ended the search, `first` is
 * DTSTART and `last` Infinity: wider than the truth, never narrower.
 */
export function seriesBounds(recurrence: Recurrence): SeriesBounds | undefined {
  const set = compileSet(recurrence);
  const { start } = set;
  const { zone } = recurrence;
  const toUtc = (local: LocalSeconds): EpochSeconds => (zone === undefined ? local : zone.toUtc(local));
  const budget = { instances: 1, steps: MAX_STEPS };
  let first = Infinity;
  let last = -Infinity;
  const see = (local: LocalSeconds, utc: EpochSeconds): boolean => {
    if (isExcluded(set, local, utc)) return false;
    first = Math.min(first, utc);
    last = Math.max(last, utc);
    return true;
  };
  /** Sees the first of what `next` gives that no exception takes away. False: nobody knows. */
  const seeOne = (from: LocalSeconds, next: (from: LocalSeconds) => LocalSeconds | undefined, step: 1 | -1): boolean => {
    for (let tries = 0, at = next(from); tries < MAX_INSTANCES; tries += 1, at = next(at + step)) {
      if (at === undefined) return true;
      if (Number.isNaN(at)) return false;
      if (see(at, toUtc(at))) return true;
    }
    return false;
  };
  const seenStart = see(start, toUtc(start));
  for (const { local, utc } of set.rdates) see(local, utc);
  for (const plan of set.plans) {
    if (!seenStart && !seeOne(start, (from) => firstFrom(plan, from, budget), 1)) first = Math.min(first, toUtc(start));
    const ends = plan.finite ? seeOne(plan.until, (to) => lastUpTo(plan, to, budget), -1) : firstFrom(plan, start + 1, budget) === undefined;
    if (!ends) last = Infinity;
  }
  if (!set.complete) last = Infinity;
  if (first > last) return undefined;
  return { first: Number.isFinite(first) ? first : toUtc(start), last: lastBesideGap(recurrence, last) };
}

/** Where the clock jumped shortly before, an earlier local time may be a later instant. */
function lastBesideGap(recurrence: Recurrence, last: EpochSeconds): EpochSeconds {
  const { zone } = recurrence;
  if (zone === undefined || last === Infinity || zone.offsetAt(last) <= zone.offsetAt(last - LONGEST_JUMP)) return last;
  return instances(recurrence, { start: last, end: last + LONGEST_JUMP }).starts.at(-1) ?? last;
}

function isExcluded(set: RecurrenceSet, local: LocalSeconds, utc: EpochSeconds): boolean {
  if (excludes(set, local, utc)) return true;
  return set.explans.some((plan) => firstFrom({ ...plan, until: Math.min(local, plan.until) }, local, { instances: 1, steps: MAX_STEPS }) === local);
}

/** True when `local` is the wall-clock start of an instance: whether a RECURRENCE-ID fits its master. For a DATE series any time of the day will do. */
export function isInstance(recurrence: Recurrence, local: LocalSeconds): boolean {
  const at = recurrence.kind === 'date' ? Math.floor(local / DAY) * DAY : local;
  const utc = recurrence.zone?.toUtc(at) ?? at;
  return instances(recurrence, { start: utc, end: utc + 1 }, MAX_INSTANCES).locals.includes(at);
}
