/**
 * A series as the runs of its occurrence table: master, overrides and periods in one ascending list. Where the recurrence engine gives regular runs of starts
 * and the length is constant they are taken as they are; else occurrence by occurrence, and joined again.
 */
import type { EpochSeconds } from '@kalends/contracts';
import { DISTANT } from './filter.ts';
import { MAX_COVERED_STARTS, MAX_RUNS } from './limits.ts';
import type { Run } from './occurrences.ts';
import { FLOOR } from './occurrences.ts';
import type { StartRuns } from './recurrence.ts';
import { startRuns } from './recurrence.ts';
import type { Instance, Part, Series } from './series.ts';
import { endOf, place, singleInstances } from './series.ts';

export interface SeriesRuns {
  /** Ascending by start. */ readonly runs: readonly Run[];
  /** All occurrences that start before are in `runs`. */ readonly complete: EpochSeconds;
}

/** Occurrences that start before `until`, or as many as the caps allow. */
export function seriesRuns(series: Series, until: EpochSeconds): SeriesRuns {
  const runs: Run[] = [];
  let complete = DISTANT;
  for (const instance of singleInstances(series)) runs.push(instance.isPeriod === true ? period(instance) : single(instance));
  if (series.master !== undefined && series.recurrence !== undefined) {
    const given = startRuns(series.recurrence, { start: -DISTANT, end: until }, MAX_COVERED_STARTS);
    const { runs: starts, ends, truncated } = given;
    const regular = series.future.length === 0 && ends.size === 0 && isExact(series.master);
    complete = until;
    if (truncated) complete = starts.reduce((last, run) => Math.max(last, run.start + run.step * run.repeats), FLOOR);
    if (regular) for (const { start, step, repeats } of starts) runs.push({ ...sample(series.master, start), step, repeats });
    else runs.push(...joined(placed(series, series.master, given)));
  }
  runs.sort((a, b) => a.start - b.start);
  const rest = runs[MAX_RUNS];
  return rest === undefined ? { runs, complete } : { runs: runs.slice(0, MAX_RUNS), complete: Math.min(complete, rest.start) };
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
