/**
 * Walks a plan: its local starts inside a range, its first start after a time, its last before one. Every walk begins at the period that holds the wanted time and
 * pays for each period it visits from a budget, so that no rule, however empty or dense, can hold the process.
 */
import { allows, daysOfMonth, daysOfWeek, daysOfYear, skipMonths } from './recurrence-days.ts';
import type { CalendarPlan, ClockPlan, EvenPlan, Plan } from './recurrence-plan.ts';
import { civilFromDays, DAY, dayNumber, daysFromCivil, HOUR, MINUTE, monthOf, WEEK, yearOf, type LocalSeconds } from './time.ts';

/**
 * The Gregorian calendar repeats itself after 400 years, which are 20,871 whole weeks: so many years, months or weeks without a start mean that none will come,
 * whatever the interval.
 */
const CYCLE = { YEARLY: 400, MONTHLY: 4800, WEEKLY: 20_871 } as const;
const CYCLE_SECONDS = 20_871 * WEEK;

/** What a walk may still spend: starts it yields, periods it visits. */
export interface Budget { instances: number; steps: number }

/**
 * Appends the starts in `[from, to)` to `out`, ascending. Returns the time before which they are complete: `to`, or less when the budget ran out.
 */
export function collect(plan: Plan, from: LocalSeconds, to: LocalSeconds, budget: Budget, out: LocalSeconds[]): LocalSeconds {
  const lower = Math.max(from, plan.start);
  const upper = Math.min(to, plan.until + 1);
  if (lower < upper) {
    const reach = plan.shape === 'even' ? walkEven(plan, lower, upper, budget, out)
      : plan.shape === 'clock' ? walkClock(plan, lower, upper, budget, out)
        : walkCalendar(plan, lower, upper, budget, out);
    if (reach < upper) return reach;
  }
  return plan.unsure && to > plan.until + 1 ? Math.max(from, plan.until + 1) : to;
}

/** The first start at or after `from`. Undefined: there is none. NaN: the budget did not reach so far. */
export function firstFrom(plan: Plan, from: LocalSeconds, budget: Budget): LocalSeconds | undefined {
  const out: LocalSeconds[] = [];
  const end = plan.until + 1;
  const own = { instances: 1, steps: budget.steps };
  const reach = collect(plan, from, end, own, out);
  budget.steps = own.steps - 1;
  return out[0] ?? (reach < end || plan.unsure ? NaN : undefined);
}

/**
 * The last start at or before `to`: halves the time between a start that is known and `to`, asking each half for its first start. Undefined: there is none.
 * NaN: the budget did not reach so far.
 */
export function lastUpTo(plan: Plan, to: LocalSeconds, budget: Budget): LocalSeconds | undefined {
  const end = Math.min(to, plan.until);
  if (plan.shape === 'even') return lastOfEven(plan, end);
  const bounded = { ...plan, until: end, unsure: false };
  let last = firstFrom(bounded, plan.start, budget);
  if (last === undefined || Number.isNaN(last)) return last;
  let none = end + 1;
  while (none - last > 1) {
    const middle = last + Math.ceil((none - last) / 2);
    const found = firstFrom(bounded, middle, budget);
    if (Number.isNaN(found)) return NaN;
    if (found === undefined) none = middle;
    else last = found;
  }
  return last;
}

function lastOfEven(plan: EvenPlan, end: LocalSeconds): LocalSeconds | undefined {
  if (end < plan.start) return undefined;
  for (let period = Math.floor((end - plan.anchor) / plan.step), tries = 2; tries > 0; period -= 1, tries -= 1) {
    for (let place = plan.offsets.length - 1; place >= 0; place -= 1) {
      const start = plan.anchor + period * plan.step + plan.offsets[place]!;
      if (start <= end) return start >= plan.start ? start : undefined;
    }
  }
  return undefined;
}

function walkEven({ anchor, step, offsets }: EvenPlan, lower: LocalSeconds, upper: LocalSeconds, budget: Budget, out: LocalSeconds[]): LocalSeconds {
  if (offsets.length === 0) return upper;
  let left = budget.instances;
  for (let base = anchor + Math.floor((lower - anchor) / step) * step; base < upper; base += step) {
    for (const offset of offsets) {
      const start = base + offset;
      if (start < lower) continue;
      if (start >= upper || left <= 0) {
        budget.instances = left;
        return start >= upper ? upper : start;
      }
      left -= 1;
      out.push(start);
    }
  }
  budget.instances = left;
  return upper;
}

function walkCalendar(plan: CalendarPlan, lower: LocalSeconds, upper: LocalSeconds, budget: Budget, out: LocalSeconds[]): LocalSeconds {
  const { stride, days: rule, times, bySetPos } = plan;
  const days: number[] = [];
  // A day that SKIP moved lies at most one day outside its period.
  const early = rule.skip === 'backward' ? DAY : 0;
  const index = Math.floor((periodOf(plan.frequency, lower) - plan.first) / stride) - (rule.skip === 'forward' ? 1 : 0);
  let last = lower - 1;
  let empty = 0;
  let set: readonly number[] | undefined;
  let sizeOfSet = -1;
  for (let period = plan.first + Math.max(0, index) * stride; ; period += stride) {
    const opening = openingOf(plan.frequency, period) - early;
    if (opening >= upper) return upper;
    if (budget.steps <= 0) return Math.max(opening, lower);
    budget.steps -= 1;
    daysOf(plan, period, days);
    const size = days.length * times.length;
    if (bySetPos.length > 0 && size !== sizeOfSet) {
      set = setPositions(size, bySetPos);
      sizeOfSet = size;
    }
    empty = (set?.length ?? size) === 0 ? empty + 1 : 0;
    if (empty >= CYCLE[plan.frequency]) return upper;
    for (let at = 0; at < (set?.length ?? size); at += 1) {
      const place = set === undefined ? at : set[at]!;
      const day = (place / times.length) | 0;
      const time = place - day * times.length;
      const start = days[day]! * DAY + times[time]!;
      if (start <= last) {
        // Nothing of a day before `lower` is wanted, however many times it has.
        if (set === undefined && days[day]! * DAY + DAY <= lower) at += times.length - 1 - time;
        continue;
      }
      if (start >= upper) return upper;
      if (budget.instances <= 0) return start;
      budget.instances -= 1;
      last = start;
      out.push(start);
    }
  }
}

function daysOf({ frequency, days: rule }: CalendarPlan, period: number, days: number[]): void {
  if (frequency === 'YEARLY') daysOfYear(rule, period, days);
  else if (frequency === 'MONTHLY') daysOfMonth(rule, Math.floor(period / 12), (period % 12) + 1, days);
  else daysOfWeek(rule, period, days);
}

function periodOf(frequency: CalendarPlan['frequency'], local: LocalSeconds): number {
  const day = dayNumber(local);
  if (frequency === 'WEEKLY') return day;
  const civil = civilFromDays(day);
  return frequency === 'YEARLY' ? yearOf(civil) : yearOf(civil) * 12 + monthOf(civil) - 1;
}

function openingOf(frequency: CalendarPlan['frequency'], period: number): LocalSeconds {
  if (frequency === 'WEEKLY') return period * DAY;
  return (frequency === 'YEARLY' ? daysFromCivil(period, 1, 1) : daysFromCivil(Math.floor(period / 12), (period % 12) + 1, 1)) * DAY;
}

/** BYSETPOS: the places, from 0, that it names in a set of `size`; ascending, without repetitions. */
export function setPositions(size: number, bySetPos: readonly number[]): readonly number[] {
  const places: number[] = [];
  for (const position of bySetPos) {
    const place = position > 0 ? position - 1 : size + position;
    if (place >= 0 && place < size && !places.includes(place)) places.push(place);
  }
  return places.sort((a, b) => a - b);
}

function walkClock(plan: ClockPlan, lower: LocalSeconds, upper: LocalSeconds, budget: Budget, out: LocalSeconds[]): LocalSeconds {
  const { unit, interval, first, inner } = plan;
  const aligned = (from: number): number => first + Math.max(0, Math.ceil((from - first) / interval)) * interval;
  const seen = { day: NaN };
  const found = out.length;
  for (let at = aligned(Math.floor(lower / unit)); ;) {
    const opening = at * unit;
    if (opening >= upper) return upper;
    if (budget.steps <= 0) return Math.max(opening, lower);
    budget.steps -= 1;
    const free = freeFrom(plan, opening, seen);
    if (free > opening) {
      if (out.length === found && opening - lower > CYCLE_SECONDS && opening - lower > cycleOf(interval * unit)) return upper;
      at = aligned(free / unit);
      continue;
    }
    for (const offset of inner) {
      const start = opening + offset;
      if (start < lower) continue;
      if (start >= upper) return upper;
      if (budget.instances <= 0) return start;
      budget.instances -= 1;
      out.push(start);
    }
    at += interval;
  }
}

/** The seconds after which the calendar and a step meet again as they were. */
function cycleOf(step: number): number {
  let [rest, divisor] = [CYCLE_SECONDS, step];
  while (divisor > 0) [rest, divisor] = [divisor, rest % divisor];
  return (CYCLE_SECONDS / rest) * step;
}

/** `local` where the plan allows its day, hour, minute and second; else a later time before which it allows nothing. `seen` is the day last found allowed. */
function freeFrom(plan: ClockPlan, local: LocalSeconds, seen: { day: number }): LocalSeconds {
  const day = Math.floor(local / DAY);
  if (day !== seen.day && plan.days.filtered) {
    const open = skipMonths(plan.days, day);
    if (open > day) return open * DAY;
    if (!allows(plan.days, day)) return (day + 1) * DAY;
    seen.day = day;
  }
  const hour = Math.floor((local - day * DAY) / HOUR);
  const freeHour = nextOf(plan.hours, hour, 24);
  if (freeHour > hour) return day * DAY + freeHour * HOUR;
  const hourStart = day * DAY + hour * HOUR;
  const minute = Math.floor((local - hourStart) / MINUTE);
  const freeMinute = nextOf(plan.minutes, minute, 60);
  if (freeMinute > minute) return hourStart + freeMinute * MINUTE;
  const minuteStart = hourStart + minute * MINUTE;
  return minuteStart + nextOf(plan.seconds, local - minuteStart, 60);
}

/** The first of an ascending list that is not below `value`; `none` where there is none, `value` where all are allowed. */
function nextOf(list: readonly number[], value: number, none: number): number {
  if (list.length === 0) return value;
  for (const item of list) if (item >= value) return item;
  return none;
}
