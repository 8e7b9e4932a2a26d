/**
 * A series as the runs of its occurrence table: master, overrides and periods in one ascending list. Where the recurrence engine gives regular runs of starts
 * and the length is constant they are taken as they are; else occurrence by occurrence, and joined again.
 */
import type { EpochSeconds, TimeRange } from '@kalends/contracts';
import { DISTANT } from './filter.ts';
import { MAX_COVERED_STARTS, MAX_RUNS } from './limits.ts';
import type { Run } from './occurrences.ts';
import { FLOOR } from './occurrences.ts';
import type { Recurrence, StartRuns } from './recurrence.ts';
import { instances, startRuns } from './recurrence.ts';
import type { Instance, Part, Series } from './series.ts';
import { endOf, movedBy, place, reachBack, singleInstances } from './series.ts';
import { DAY } from './time.ts';

export interface SeriesRuns {
  /** Ascending by start. */ readonly runs: readonly Run[];
  /** Every occurrence that overlaps this is in `runs`. */ readonly covered: TimeRange;
}

/** What is worth covering of a series that is too long to cover whole: the years before `until` that clients look at. */
const RECENT_SECONDS = 6 * 366 * DAY;

/** Occurrences that start before `until`; of a series that the caps do not let cover whole, the recent ones, or else the first. */
export function seriesRuns(series: Series, until: EpochSeconds): SeriesRuns {
  const whole = runsBetween(series, -DISTANT, until);
  if (series.recurrence === undefined || whole.covered.end >= until) return whole;
  const recent = runsBetween(series, until - RECENT_SECONDS, until);
  return recent.covered.end >= until ? recent : whole;
}

function runsBetween(series: Series, from: EpochSeconds, until: EpochSeconds): SeriesRuns {
  const runs = singleInstances(series).map((instance) => (instance.isPeriod === true ? period(instance) : single(instance)));
  let end = DISTANT;
  if (series.master !== undefined && series.recurrence !== undefined) {
    const recurring = recurringRuns(series, series.master, series.recurrence, { start: from - reachBack(series) - movedBy(series), end: until });
    runs.push(...recurring.runs);
    end = recurring.complete;
  }
  runs.sort((a, b) => a.start - b.start);
  const rest = runs[MAX_RUNS];
  return { runs: runs.slice(0, MAX_RUNS), covered: { start: from, end: rest === undefined ? end : Math.min(end, rest.start) } };
}

/** `complete`: all occurrences of the range that start before are there. */
interface RecurringRuns { readonly runs: readonly Run[]; readonly complete: EpochSeconds }

function recurringRuns(series: Series, master: Part, recurrence: Recurrence, range: TimeRange): RecurringRuns {
  const given = startRuns(recurrence, range, MAX_COVERED_STARTS);
  const last = (): EpochSeconds => given.runs.reduce((latest, run) => Math.max(latest, run.start + run.step * run.repeats), FLOOR);
  const complete = given.truncated ? last() : range.end;
  if (series.future.length === 0 && given.ends.size === 0 && isExact(master)) {
    return { runs: given.runs.map(({ start, step, repeats }) => ({ ...sample(master, start), step, repeats })), complete };
  }
  // One by one from here; even runs may be longer than anybody can walk.
  if (given.runs.reduce((sum, { repeats }) => sum + repeats + 1, 0) <= MAX_COVERED_STARTS) {
    return { runs: joined(placed(series, master, given)), complete };
  }
  const { starts, locals, ends } = instances(recurrence, range, MAX_COVERED_STARTS);
  const singles = starts.map((id, n) => single(place(series, master, id, locals[n] ?? id, ends.get(id))));
  return { runs: joined(singles), complete: starts.at(-1) ?? FLOOR };
}

/** The same number of seconds for every occurrence, whatever the zone does. */
const isExact = ({ duration, start }: Part): boolean => duration.days === 0 || start?.zone === undefined;

function sample(part: Part, start: EpochSeconds): Run {
  return single({ part, start, end: endOf(part, start, start), busy: part.busy, id: undefined });
}

function single({ part, start, end, busy }: Instance): Run {
  return { start: start - part.before, step: 0, repeats: 0, length: Math.max(0, end - start) + part.before + part.after, busy, component: part.index };
}

/** A period's ends are its own, whatever the rows of §9.9 add to the VFREEBUSY. */
function period({ part, start, end, busy }: Instance): Run {
  return { start, step: 0, repeats: 0, length: end - start, busy, component: part.index };
}

function* placed(series: Series, master: Part, { runs, ends }: StartRuns): Generator<Run> {
  const zone = master.start?.zone;
  for (const { start, step, repeats } of runs) {
    for (let n = 0, id = start; n <= repeats; n++, id += step) {
      yield single(place(series, master, id, zone === undefined ? id : zone.toLocal(id), ends.get(id)));
    }
  }
}

/** Neighbours of one length and part that follow one another by the same step become one run. */
function joined(singles: Iterable<Run>): readonly Run[] {
  const runs: Run[] = [];
  let last: Run | undefined;
  for (const run of singles) {
    const step: number = last === undefined ? 0 : run.start - last.start - last.step * last.repeats;
    if (last !== undefined && step > 0 && last.length === run.length && last.component === run.component && (last.repeats === 0 || last.step === step)) {
      last = { ...last, step, repeats: last.repeats + 1 };
      runs[runs.length - 1] = last;
    } else {
      last = run;
      runs.push(run);
    }
  }
  return runs;
}
