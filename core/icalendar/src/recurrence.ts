/**
 * Recurrence sets (RFC 5545 §3.8.5) on integers: DTSTART, RRULEs, EXRULEs, RDATEs and EXDATEs to instances. Works in local wall-clock seconds and converts by the
 * zone at the end. Seeks near the wanted range instead of walking there, and stops at caps with an honest `truncated`, never with a guess.
 *
 * Knows no overrides: whoever has some gives their RECURRENCE-IDs as further exdates and adds the overrides himself.
 */
import type { EpochSeconds, TimeRange } from '@kalends/contracts';
import type { LocalSeconds } from './time.ts';
import type { Zone } from './zones.ts';

/** RFC 5545 §3.3.10, checked and with all lists ascending. Absent parts are empty lists. */
export interface Rule {
  readonly frequency: Frequency;
  readonly interval: number;
  /** Infinity without COUNT. */
  readonly count: number;
  readonly until: Until | undefined;
  readonly bySecond: readonly number[];
  readonly byMinute: readonly number[];
  readonly byHour: readonly number[];
  readonly byDay: readonly RuleDay[];
  readonly byMonthDay: readonly number[];
  readonly byYearDay: readonly number[];
  readonly byWeekNo: readonly number[];
  readonly byMonth: readonly number[];
  readonly bySetPos: readonly number[];
  /** 0 Monday to 6 Sunday. */
  readonly weekStart: number;
  /** RFC 7529 §4.1 for the Gregorian calendar: what becomes of 30 February. */
  readonly skip: 'omit' | 'backward' | 'forward';
}

export type Frequency = 'SECONDLY' | 'MINUTELY' | 'HOURLY' | 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';
/** `day` 0 Monday to 6 Sunday; `ordinal` 0 for every such day. */
export interface RuleDay { readonly day: number; readonly ordinal: number }
/** The last start allowed, itself included; as written: a whole day, a local time, or UTC. */
export interface Until { readonly at: number; readonly form: 'date' | 'local' | 'utc' }

/** Why a rule was refused, for a person to read. */
export interface RuleProblem { readonly problem: string }

/** One RDATE or EXDATE value. `local`: on the clock of the series' own zone. `utc`: written in UTC, or in another zone and converted by the caller. `date`: the whole day (midnight). */
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

/** `repeats` more starts after `start`, each `step` seconds after the one before. */
export interface StartRun { readonly start: EpochSeconds; readonly step: number; readonly repeats: number }
export interface StartRuns {
  /** Ascending by first start; runs of one series may interleave (Mondays, Wednesdays). */
  readonly runs: readonly StartRun[];
  readonly ends: ReadonlyMap<EpochSeconds, EpochSeconds>;
  readonly truncated: boolean;
}

/** First and last start; `last` is Infinity for a series without end, or where a cap kept us from finding it. */
export interface SeriesBounds { readonly first: EpochSeconds; readonly last: EpochSeconds }

/** The value of an RRULE or EXRULE. Refuses what RFC 5545 §3.3.10 forbids; unknown X-parts and empty parts are passed over. */
export function parseRule(_text: string): Rule | RuleProblem { throw new Error('to come'); }
/** The same from jCal's object form (RFC 7265 §3.6.10), or from a string. */
export function ruleFromJcal(_value: unknown): Rule | RuleProblem { throw new Error('to come'); }
export const isProblem = (value: Rule | RuleProblem): value is RuleProblem => 'problem' in value;

/** Instances whose start lies in `range`, at most `limit` (MAX_INSTANCES). Widen the range by the duration to find what overlaps it. */
export function instances(_recurrence: Recurrence, _range: TimeRange, _limit?: number): Instances { throw new Error('to come'); }
/** The same as runs of a constant step, computed where the rule is regular instead of walked; `limit` bounds the starts, not the runs. */
export function startRuns(_recurrence: Recurrence, _range: TimeRange, _limit?: number): StartRuns { throw new Error('to come'); }
/** Undefined when the set is empty. */
export function seriesBounds(_recurrence: Recurrence): SeriesBounds | undefined { throw new Error('to come'); }
/** True when `local` is the wall-clock start of an instance: whether a RECURRENCE-ID fits its master. */
export function isInstance(_recurrence: Recurrence, _local: LocalSeconds): boolean { throw new Error('to come'); }
