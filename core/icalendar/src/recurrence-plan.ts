/**
 * A rule and its DTSTART, made ready to be walked: implied parts filled in, times of day multiplied out, and the end as a local time.
 * A rule whose starts repeat evenly (every unfiltered rule up to WEEKLY) becomes a few offsets and a step, and needs no calendar at all; so does its COUNT.
 */
import { MAX_STEPS } from './limits.ts';
import { constantDays, dayRule, daysOfMonth, daysOfYear, type DayRule } from './recurrence-days.ts';
import type { Rule, RuleDay } from './recurrence-rule.ts';
import { collect, setPositions, type Budget } from './recurrence-walk.ts';
import { civilFromDays, DAY, dayNumber, HOUR, LAST_LOCAL, MINUTE, monthOf, timeOfDay, WEEK, weekdayOf, yearOf, type LocalSeconds } from './time.ts';
import type { Zone } from './zones.ts';

interface Common {
  /** DTSTART: nothing earlier is yielded. */
  readonly start: LocalSeconds;
  /** The last start allowed, itself included. */
  readonly until: LocalSeconds;
  /** False while neither UNTIL nor COUNT ends the rule, or where COUNT could not be counted out within the caps. */
  readonly finite: boolean;
  /** Whether starts after `until` may exist that no cap let us find. */
  readonly unsure: boolean;
}

/** `anchor + k × step + offset`, k = 0, 1, 2…; the offsets ascend and are smaller than `step`. */
export interface EvenPlan extends Common {
  readonly shape: 'even';
  readonly anchor: LocalSeconds;
  readonly step: number;
  readonly offsets: readonly number[];
}

/** Years, months or weeks, `stride` apart, counted from the one that holds DTSTART. */
export interface CalendarPlan extends Common {
  readonly shape: 'calendar';
  readonly frequency: 'YEARLY' | 'MONTHLY' | 'WEEKLY';
  /** Year, months since year 0, or the first day of the week. */
  readonly first: number;
  /** INTERVAL in years, months or days. */
  readonly stride: number;
  readonly days: DayRule;
  /** Seconds of the day, ascending. */
  readonly times: readonly number[];
  readonly bySetPos: readonly number[];
}

/** Days or smaller units, `interval` apart, of which other parts allow some. */
export interface ClockPlan extends Common {
  readonly shape: 'clock';
  /** Seconds of one unit. */
  readonly unit: number;
  readonly interval: number;
  /** Units since 1970 of the one that holds DTSTART. */
  readonly first: number;
  readonly days: DayRule;
  /** Allowed values; empty allows all. Only those of larger units than `unit` count. */
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
  readonly seconds: readonly number[];
  /** Seconds within the unit, ascending, BYSETPOS already applied. */
  readonly inner: readonly number[];
}

export type Plan = EvenPlan | CalendarPlan | ClockPlan;

const UNITS = { DAILY: DAY, HOURLY: HOUR, MINUTELY: MINUTE, SECONDLY: 1 } as const;

/** What of a recurrence a rule needs to know. A `date` series has no times: what a rule says of them is not heard (§3.3.10), and its starts are midnights. */
export interface PlanStart { readonly start: LocalSeconds; readonly kind: 'date' | 'floating' | 'zoned' | 'utc'; readonly zone: Zone | undefined }

export function makePlan(rule: Rule, at: PlanStart): Plan {
  const plan = shapeOf(simplified(at.kind === 'date' ? { ...rule, ...MIDNIGHT } : rule), at.start, untilOf(rule, at), rule.until !== undefined);
  return rule.count === Infinity ? plan : counted(plan, rule.count);
}

const MIDNIGHT = { byHour: [0], byMinute: [0], bySecond: [0] } as const;

/** DAILY by weekday alone is WEEKLY, and WEEKLY on all days is DAILY: the even forms. BYSETPOS would count in another set. */
function simplified(rule: Rule): Rule {
  if (rule.interval !== 1 || rule.bySetPos.length > 0) return rule;
  if (rule.byMonth.length + rule.byMonthDay.length + rule.byYearDay.length + rule.byWeekNo.length > 0) return rule;
  if (rule.frequency === 'DAILY' && rule.byDay.length > 0) rule = { ...rule, frequency: 'WEEKLY' };
  if (rule.frequency === 'WEEKLY' && rule.byDay.length === 7) rule = { ...rule, frequency: 'DAILY', byDay: NO_DAYS };
  return rule;
}
const NO_DAYS: readonly RuleDay[] = [];

function shapeOf(rule: Rule, start: LocalSeconds, until: LocalSeconds, finite: boolean): Plan {
  const { frequency, interval, bySetPos } = rule;
  const startDay = dayNumber(start);
  const days = dayRule(rule, startDay);
  const common = { start, until: Math.min(until, LAST_LOCAL), finite, unsure: false };
  if (frequency === 'YEARLY' || frequency === 'MONTHLY' || frequency === 'WEEKLY') {
    const times = timesIn(DAY, rule, start);
    const civil = civilFromDays(startDay);
    const week = startDay - ((weekdayOf(startDay) - rule.weekStart + 7) % 7);
    if (frequency === 'WEEKLY' && !days.filtered) {
      const offsets: number[] = [];
      for (let place = 0; place < 7; place += 1) {
        if ((days.weekdays & (1 << ((rule.weekStart + place) % 7))) !== 0) for (const time of times) offsets.push(place * DAY + time);
      }
      return even(common, week * DAY, interval * WEEK, positions(offsets, bySetPos));
    }
    const first = frequency === 'YEARLY' ? yearOf(civil) : frequency === 'MONTHLY' ? yearOf(civil) * 12 + monthOf(civil) - 1 : week;
    return { ...common, shape: 'calendar', frequency, first, stride: frequency === 'WEEKLY' ? interval * 7 : interval, days, times, bySetPos };
  }
  const unit = UNITS[frequency];
  const inner = positions(timesIn(unit, rule, start), bySetPos);
  const first = Math.floor(start / unit);
  const hours = unit < DAY ? rule.byHour : [];
  const minutes = unit < HOUR ? rule.byMinute : [];
  const seconds = unit < MINUTE ? rule.bySecond : [];
  if (!days.filtered && hours.length + minutes.length + seconds.length === 0) {
    return even(common, first * unit, interval * unit, inner);
  }
  return { ...common, shape: 'clock', unit, interval, first, days, hours, minutes, seconds, inner };
}

/** Offsets that divide the step evenly (every 15 minutes, as HOURLY;BYMINUTE=0,15,30,45) are one offset with a smaller step. */
function even(common: Common, anchor: LocalSeconds, step: number, offsets: readonly number[]): EvenPlan {
  const gap = step / offsets.length;
  if (offsets.length > 1 && offsets.every((offset, place) => offset === offsets[0]! + place * gap)) {
    return { ...common, shape: 'even', anchor: anchor + offsets[0]!, step: gap, offsets: [0] };
  }
  return { ...common, shape: 'even', anchor, step, offsets };
}

/** BYHOUR × BYMINUTE × BYSECOND inside one unit; what is absent is DTSTART's. */
function timesIn(unit: number, rule: Rule, start: LocalSeconds): readonly number[] {
  const time = timeOfDay(start);
  const hours = unit < DAY ? [0] : rule.byHour.length > 0 ? rule.byHour : [Math.floor(time / HOUR)];
  const minutes = unit < HOUR ? [0] : rule.byMinute.length > 0 ? rule.byMinute : [Math.floor(time / MINUTE) % 60];
  const seconds = unit < MINUTE ? [0] : rule.bySecond.length > 0 ? rule.bySecond : [time % 60];
  const times: number[] = [];
  for (const hour of hours) for (const minute of minutes) for (const second of seconds) times.push(hour * HOUR + minute * MINUTE + second);
  return times;
}

/** BYSETPOS: the places asked for, from either end, of a set; all of it without BYSETPOS. */
function positions(set: readonly number[], bySetPos: readonly number[]): readonly number[] {
  if (bySetPos.length === 0) return set;
  return setPositions(set.length, bySetPos).map((place) => set[place]!);
}

/**
 * UNTIL as a local time. A date means its whole day, also for a series with times; UTC is converted by the zone, and inside the hour that a clock repeats it
 * reaches to that hour's end, since all of its local times mean the first pass.
 */
function untilOf(rule: Rule, { zone }: PlanStart): LocalSeconds {
  if (rule.until === undefined) return LAST_LOCAL;
  const { at, form } = rule.until;
  if (form === 'date') return at + DAY - 1;
  if (form === 'local' || zone === undefined) return at;
  const local = zone.toLocal(at);
  const firstPass = zone.toUtc(local);
  return firstPass === at ? local : zone.nextTransition(firstPass) + (local - firstPass) - 1;
}

/** COUNT as an end. DTSTART is the first of them, whether the rule names it or not (§3.8.5.3). */
function counted(plan: Plan, count: number): Plan {
  const budget: Budget = { instances: 1, steps: MAX_STEPS };
  const first: number[] = [];
  collect(plan, plan.start, plan.start + 1, budget, first);
  const wanted = first.length > 0 ? count : count - 1;
  if (wanted === 0) return { ...plan, until: plan.start - 1, finite: true };
  const end = endOfCount(plan, wanted);
  if (end !== undefined) return { ...plan, until: Math.min(plan.until, end), finite: true };
  return countedOut(plan, wanted);
}

/** The start of the last of `wanted`, by arithmetic, where every period has as many. */
function endOfCount(plan: Plan, wanted: number): LocalSeconds | undefined {
  if (plan.shape === 'even') {
    const size = plan.offsets.length;
    if (size === 0) return plan.start;
    const before = plan.offsets.filter((offset) => plan.anchor + offset < plan.start).length;
    const place = before + wanted - 1;
    return plan.anchor + Math.floor(place / size) * plan.step + plan.offsets[place % size]!;
  }
  if (plan.shape !== 'calendar' || plan.frequency === 'WEEKLY') return undefined;
  const perPeriod = constantDays(plan.days, plan.frequency);
  if (perPeriod === 0) return undefined;
  const set = plan.bySetPos.length > 0 ? setPositions(perPeriod * plan.times.length, plan.bySetPos) : undefined;
  const size = set?.length ?? perPeriod * plan.times.length;
  if (size === 0) return plan.start;
  const days: number[] = [];
  const startAt = (place: number): LocalSeconds => {
    const period = plan.first + Math.floor(place / size) * plan.stride;
    // Beyond the last year there is nothing to count; the end of time is end enough.
    if (period > (plan.frequency === 'YEARLY' ? 9999 : 9999 * 12 + 11)) return LAST_LOCAL;
    if (plan.frequency === 'YEARLY') daysOfYear(plan.days, period, days);
    else daysOfMonth(plan.days, Math.floor(period / 12), (period % 12) + 1, days);
    const inside = set?.[place % size] ?? place % size;
    return days[Math.floor(inside / plan.times.length)]! * DAY + plan.times[inside % plan.times.length]!;
  };
  let before = 0;
  while (before < size && startAt(before) < plan.start) before += 1;
  return startAt(before + wanted - 1);
}

/** The same by counting, for rules whose periods differ. Where the caps end it first, what lies behind is unknown. */
function countedOut(plan: Plan, wanted: number): Plan {
  const budget: Budget = { instances: Math.min(wanted, MAX_STEPS), steps: MAX_STEPS };
  const starts: number[] = [];
  const reach = collect(plan, plan.start, plan.until + 1, budget, starts);
  if (starts.length === wanted) return { ...plan, until: starts[wanted - 1]!, finite: true };
  if (reach > plan.until) return { ...plan, finite: true };
  return { ...plan, until: reach - 1, unsure: true };
}
