/**
 * Runs of starts by arithmetic, for a series of at most one rule that repeats evenly: one run for each of the rule's offsets and each stretch of constant offset
 * of the zone, split where an EXDATE takes a start away. Walks nothing but the changes of the clock, the exceptions and the single dates.
 */
import type { EpochSeconds, TimeRange } from '@kalends/contracts';
import type { StartRun, StartRuns } from './recurrence.ts';
import type { EvenPlan } from './recurrence-plan.ts';
import { excludes, type RecurrenceSet } from './recurrence-set.ts';
import { DAY, type LocalSeconds } from './time.ts';
import type { Zone } from './zones.ts';

/** Undefined where the series is not of this kind, or has more than `limit` runs. `local` holds all starts of `range`. */
export function makeRuns(set: RecurrenceSet, local: TimeRange, range: TimeRange, limit: number): StartRuns | undefined {
  const plan = set.plans[0];
  if (!set.complete || set.plans.length > 1 || set.explans.length > 0 || (plan !== undefined && plan.shape !== 'even')) return undefined;
  const { zone } = set.recurrence;
  const runs: StartRun[] = [];
  const ends = new Map<EpochSeconds, EpochSeconds>();
  if (plan !== undefined) {
    const holes = holesOf(set, plan);
    const until = Math.min(local.end, plan.until + 1);
    for (let from = Math.max(local.start, plan.start); from < until;) {
      const stretch = stretchAt(zone, from);
      const to = Math.min(stretch.end, until);
      if (stretch.skipped) {
        if (!pushSkipped(set, plan, from, to, stretch.offset, range, runs, limit)) return undefined;
      } else pushStretch(plan, Math.max(from, range.start + stretch.offset), Math.min(to, range.end + stretch.offset), stretch.offset, holes, runs);
      if (runs.length > limit) return undefined;
      from = to;
    }
  }
  const single = (at: LocalSeconds, utc: EpochSeconds): void => {
    if (utc < range.start || utc >= range.end || excludes(set, at, utc) || singles.has(utc)) return;
    singles.add(utc);
    if (!isStart(set, plan, zone === undefined ? utc : zone.toLocal(utc))) runs.push({ start: utc, step: 0, repeats: 0 });
  };
  const singles = new Set<EpochSeconds>();
  if (plan === undefined || !isEven(plan, set.start)) single(set.start, zone === undefined ? set.start : zone.toUtc(set.start));
  for (const { local: at, utc, end } of set.rdates) {
    single(at, utc);
    if (end !== undefined && singles.has(utc)) ends.set(utc, end);
  }
  if (runs.length > limit) return undefined;
  runs.sort((a, b) => a.start - b.start);
  return { runs, ends, truncated: false };
}

/** From `from` on: the offset by which local times are converted, and where that ends. `skipped`: the clock jumps over these. */
export function stretchAt(zone: Zone | undefined, from: LocalSeconds): { readonly end: LocalSeconds; readonly offset: number; readonly skipped: boolean } {
  if (zone === undefined) return { end: Infinity, offset: 0, skipped: false };
  const utc = zone.toUtc(from);
  const offset = from - utc;
  const after = zone.offsetAt(utc);
  if (after === offset) return { end: zone.nextTransition(utc) + offset, offset, skipped: false };
  return { end: zone.nextTransition(utc - (after - offset)) + after, offset, skipped: true };
}

function isEven(plan: EvenPlan, local: LocalSeconds): boolean {
  if (local < plan.start || local > plan.until) return false;
  const place = (local - plan.anchor) % plan.step;
  return plan.offsets.includes(place < 0 ? place + plan.step : place);
}

function isStart(set: RecurrenceSet, plan: EvenPlan | undefined, local: LocalSeconds): boolean {
  if (plan === undefined || !isEven(plan, local)) return false;
  return !excludes(set, local, set.recurrence.zone?.toUtc(local) ?? local);
}

/** The starts of the plan that EXDATEs take away, ascending. */
function holesOf(set: RecurrenceSet, plan: EvenPlan): readonly LocalSeconds[] {
  if (set.exclusions === 0) return [];
  const { zone } = set.recurrence;
  const holes = new Set<LocalSeconds>();
  for (const local of set.excludedLocals) if (isEven(plan, local)) holes.add(local);
  for (const utc of set.excludedUtcs) {
    const local = zone === undefined ? utc : zone.toLocal(utc);
    if (isEven(plan, local) && (zone === undefined || zone.toUtc(local) === utc)) holes.add(local);
  }
  for (const day of set.excludedDays) {
    for (const offset of plan.offsets) {
      const late = Math.ceil((day * DAY - plan.anchor - offset) / plan.step);
      for (let at = plan.anchor + late * plan.step + offset; at < (day + 1) * DAY; at += plan.step) holes.add(at);
    }
  }
  return [...holes].sort((a, b) => a - b);
}

function pushStretch(plan: EvenPlan, from: LocalSeconds, to: LocalSeconds, offset: number, holes: readonly LocalSeconds[], runs: StartRun[]): void {
  for (const place of plan.offsets) {
    const { step } = plan;
    let start = plan.anchor + place + Math.ceil((from - plan.anchor - place) / step) * step;
    for (const hole of holes) {
      if (hole < start) continue;
      if (hole >= to) break;
      if ((hole - start) % step !== 0) continue;
      pushRun(start, (hole - start) / step, step, offset, runs);
      start = hole + step;
    }
    if (start < to) pushRun(start, Math.ceil((to - start) / step), step, offset, runs);
  }
}

function pushRun(start: LocalSeconds, count: number, step: number, offset: number, runs: StartRun[]): void {
  if (count > 0) runs.push({ start: start - offset, step: count > 1 ? step : 0, repeats: count - 1 });
}

/** Local times that do not exist, one by one: they may fall on a start that does. False when there are too many. */
function pushSkipped(set: RecurrenceSet, plan: EvenPlan, from: LocalSeconds, to: LocalSeconds, offset: number, range: TimeRange, runs: StartRun[], limit: number): boolean {
  const { zone } = set.recurrence;
  for (const place of plan.offsets) {
    let at = plan.anchor + place + Math.ceil((from - plan.anchor - place) / plan.step) * plan.step;
    for (; at < to; at += plan.step) {
      if (runs.length > limit) return false;
      const utc = at - offset;
      if (utc < range.start || utc >= range.end || excludes(set, at, utc)) continue;
      if (!isStart(set, plan, zone?.toLocal(utc) ?? utc)) runs.push({ start: utc, step: 0, repeats: 0 });
    }
  }
  return true;
}
