/**
 * A recurrence made ready once: its rules as plans, its dates converted and sorted, its exceptions as sets. Remembered as long as the recurrence object lives, so that
 * bounds, runs and instances of one object share the work.
 */
import type { EpochSeconds } from '@kalends/contracts';
import { MAX_DATES, MAX_RULES } from './limits.ts';
import type { DateValue, Recurrence } from './recurrence.ts';
import { makePlan, type Plan } from './recurrence-plan.ts';
import { DAY, dayNumber, type LocalSeconds } from './time.ts';

export interface RecurrenceSet {
  readonly start: LocalSeconds;
  readonly recurrence: Recurrence;
  readonly plans: readonly Plan[];
  readonly explans: readonly Plan[];
  /** Ascending by `utc`. */
  readonly rdates: readonly { readonly local: LocalSeconds; readonly utc: EpochSeconds; readonly end?: EpochSeconds }[];
  readonly excludedLocals: ReadonlySet<LocalSeconds>;
  readonly excludedUtcs: ReadonlySet<EpochSeconds>;
  /** Day numbers. */
  readonly excludedDays: ReadonlySet<number>;
  /** How many EXDATEs there are. */
  readonly exclusions: number;
  /** False when there are more rules or dates than the caps allow: the rest is left out. */
  readonly complete: boolean;
}

const compiled = new WeakMap<Recurrence, RecurrenceSet>();

export function compileSet(recurrence: Recurrence): RecurrenceSet {
  let set = compiled.get(recurrence);
  if (set === undefined) {
    set = compile(recurrence);
    compiled.set(recurrence, set);
  }
  return set;
}

const NONE: ReadonlySet<number> = new Set();

function compile(recurrence: Recurrence): RecurrenceSet {
  const { kind, zone, rules, exrules } = recurrence;
  // An all-day series begins at midnights, whatever its dates say.
  const whole = (local: LocalSeconds): LocalSeconds => (kind === 'date' ? dayNumber(local) * DAY : local);
  const start = whole(recurrence.start);
  const at = { start, kind, zone };
  const both = (value: DateValue): RecurrenceSet['rdates'][number] => {
    const isUtc = value.form === 'utc' && zone !== undefined;
    const local = whole(isUtc ? zone.toLocal(value.at) : value.at);
    const utc = isUtc ? value.at : zone === undefined ? local : zone.toUtc(local);
    return value.end === undefined ? { local, utc } : { local, utc, end: value.end };
  };
  const exdates = recurrence.exdates.slice(0, MAX_DATES);
  const byDay = kind === 'date' ? exdates : exdates.filter(({ form }) => form === 'date');
  const pick = (form: DateValue['form']): ReadonlySet<number> => {
    const chosen = kind === 'date' ? [] : exdates.filter((value) => value.form === form);
    return chosen.length === 0 ? NONE : new Set(chosen.map((value) => value.at));
  };
  return {
    start, recurrence,
    plans: rules.slice(0, MAX_RULES).map((rule) => makePlan(rule, at)),
    explans: exrules.slice(0, MAX_RULES).map((rule) => makePlan(rule, at)),
    rdates: recurrence.rdates.slice(0, MAX_DATES).map(both).sort((a, b) => a.utc - b.utc),
    excludedLocals: pick('local'),
    excludedUtcs: pick('utc'),
    excludedDays: byDay.length === 0 ? NONE : new Set(byDay.map((value) => dayNumber(value.at))),
    exclusions: exdates.length,
    complete: rules.length <= MAX_RULES && exrules.length <= MAX_RULES && recurrence.rdates.length <= MAX_DATES && recurrence.exdates.length <= MAX_DATES,
  };
}

/** Whether an EXDATE takes this instance away (EXRULEs are not asked). */
export function excludes(set: RecurrenceSet, local: LocalSeconds, utc: EpochSeconds): boolean {
  return set.exclusions > 0
    && (set.excludedLocals.has(local) || set.excludedUtcs.has(utc) || (set.excludedDays.size > 0 && set.excludedDays.has(dayNumber(local))));
}
