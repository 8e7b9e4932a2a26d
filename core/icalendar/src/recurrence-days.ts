/**
 * The day part of a rule (RFC 5545 §3.3.10, table of BYxxx parts): which days of a year, a month or a week a rule names, and whether it allows a given day.
 * Days are numbers from 1970-01-01. Knows neither times of day, nor DTSTART, nor where a series ends.
 */
import type { Rule, Skip } from './recurrence-rule.ts';
import { civilFromDays, dayOf, daysFromCivil, daysInMonth, daysInYear, monthOf, weekdayOf, yearOf } from './time.ts';

/** The BYxxx parts that speak of days, with what DTSTART implies filled in. */
export interface DayRule {
  /** Bit m for month m; 0 allows all. */
  readonly months: number;
  readonly monthDays: readonly number[];
  readonly yearDays: readonly number[];
  readonly weekNos: readonly number[];
  /** Bit d for weekday d, Monday 0; days without ordinal. */
  readonly weekdays: number;
  /** Days with an ordinal, as `ordinal × 8 + day`, ordinals counted in the month or, where `ofYear`, in the year. */
  readonly ordinals: readonly number[];
  readonly ofYear: boolean;
  readonly weekStart: number;
  readonly skip: Skip;
  /** True where SKIP may move a day out of its month: then `allows` must not ask for the month. */
  readonly moves: boolean;
  /** False when every day that the expansion names is right by itself, so that `allows` needs no call. */
  readonly filtered: boolean;
}

const mask = (list: readonly number[]): number => list.reduce((bits, value) => bits | (1 << value), 0);

/** Fills in what `startDay`, DTSTART's day, implies: "FREQ=YEARLY;BYMONTH=1" has DTSTART's day of the month, "BYWEEKNO=20" its weekday. */
export function dayRule(rule: Rule, startDay: number): DayRule {
  const start = civilFromDays(startDay);
  const { frequency, byMonthDay, byYearDay, byWeekNo, byDay } = rule;
  const bare = byMonthDay.length + byYearDay.length + byWeekNo.length + byDay.length === 0;
  let months = mask(rule.byMonth);
  let monthDays = byMonthDay;
  let weekdays = mask(byDay.filter(({ ordinal }) => ordinal === 0).map(({ day }) => day));
  const ordinals = byDay.filter(({ ordinal }) => ordinal !== 0).map(({ day, ordinal }) => ordinal * 8 + day);
  if (bare && (frequency === 'YEARLY' || frequency === 'MONTHLY')) monthDays = [dayOf(start)];
  if (bare && frequency === 'YEARLY' && months === 0) months = 1 << monthOf(start);
  const weeksOnly = frequency === 'YEARLY' && byWeekNo.length > 0 && byDay.length + byMonthDay.length + byYearDay.length === 0;
  if (weeksOnly || (bare && frequency === 'WEEKLY')) weekdays = 1 << weekdayOf(startDay);
  return {
    months, monthDays, weekdays, ordinals,
    yearDays: byYearDay, weekNos: byWeekNo,
    ofYear: frequency === 'YEARLY' && rule.byMonth.length === 0,
    weekStart: rule.weekStart,
    skip: rule.skip,
    moves: rule.skip !== 'omit' && monthDays.length > 0 && byYearDay.length + byWeekNo.length === 0 && (frequency === 'YEARLY' || frequency === 'MONTHLY'),
    filtered: isFiltered(frequency, { months, monthDays: monthDays.length > 0, weekdays: weekdays !== 0 || ordinals.length > 0, yearDays: byYearDay.length > 0, weekNos: byWeekNo.length > 0 }),
  };
}

interface Parts { readonly months: number; readonly monthDays: boolean; readonly weekdays: boolean; readonly yearDays: boolean; readonly weekNos: boolean }

/** Whether parts remain that the expansion of this frequency does not itself obey; see `daysOfYear`, `daysOfMonth`, `daysOfWeek`. */
function isFiltered(frequency: Rule['frequency'], parts: Parts): boolean {
  const months = parts.months !== 0;
  switch (frequency) {
    case 'YEARLY':
      if (parts.yearDays) return months || parts.monthDays || parts.weekdays || parts.weekNos;
      if (parts.weekNos) return months || parts.monthDays || parts.weekdays;
      return parts.monthDays && parts.weekdays;
    case 'MONTHLY':
      return (parts.monthDays && parts.weekdays) || parts.yearDays || parts.weekNos;
    case 'WEEKLY':
      return months || parts.monthDays || parts.yearDays || parts.weekNos;
    default:
      return months || parts.monthDays || parts.weekdays || parts.yearDays || parts.weekNos;
  }
}

/** Whether all parts allow the day: the "limit" half of the RFC's table. */
export function allows(rule: DayRule, day: number): boolean {
  const civil = civilFromDays(day);
  const year = yearOf(civil);
  const month = monthOf(civil);
  const dayOfMonth = dayOf(civil);
  if (!rule.moves) {
    if (rule.months !== 0 && (rule.months & (1 << month)) === 0) return false;
    if (rule.monthDays.length > 0 && !hasEither(rule.monthDays, dayOfMonth, dayOfMonth - daysInMonth(year, month) - 1)) return false;
  }
  if ((rule.weekdays !== 0 || rule.ordinals.length > 0) && !allowsWeekday(rule, day, year, month, dayOfMonth)) return false;
  if (rule.yearDays.length > 0) {
    const dayOfYear = day - daysFromCivil(year, 1, 1) + 1;
    if (!hasEither(rule.yearDays, dayOfYear, dayOfYear - daysInYear(year) - 1)) return false;
  }
  return rule.weekNos.length === 0 || allowsWeek(rule, day - offsetInWeek(rule, day));
}

function hasEither(list: readonly number[], one: number, other: number): boolean {
  for (const value of list) if (value === one || value === other) return true;
  return false;
}

function allowsWeekday(rule: DayRule, day: number, year: number, month: number, dayOfMonth: number): boolean {
  const weekday = weekdayOf(day);
  if ((rule.weekdays & (1 << weekday)) !== 0) return true;
  if (rule.ordinals.length === 0) return false;
  const place = rule.ofYear ? day - daysFromCivil(year, 1, 1) : dayOfMonth - 1;
  const length = rule.ofYear ? daysInYear(year) : daysInMonth(year, month);
  return hasEither(rule.ordinals, (Math.floor(place / 7) + 1) * 8 + weekday, -(Math.floor((length - 1 - place) / 7) + 1) * 8 + weekday);
}

const offsetInWeek = (rule: DayRule, day: number): number => (weekdayOf(day) - rule.weekStart + 7) % 7;

/** BYWEEKNO: a week belongs to the year that has its fourth day, as in ISO 8601 but with WKST. */
function allowsWeek(rule: DayRule, firstDay: number): boolean {
  const fourth = firstDay + 3;
  const year = yearOf(civilFromDays(fourth));
  const newYear = daysFromCivil(year, 1, 1);
  const place = fourth - newYear;
  return hasEither(rule.weekNos, Math.floor(place / 7) + 1, -(Math.floor((daysInYear(year) - 1 - place) / 7) + 1));
}

/** The days of one year, ascending, into `out`. */
export function daysOfYear(rule: DayRule, year: number, out: number[]): void {
  out.length = 0;
  const newYear = daysFromCivil(year, 1, 1);
  const length = daysInYear(year);
  if (rule.yearDays.length > 0) pushYearDays(rule, newYear, length, out);
  else if (rule.weekNos.length > 0) pushWeeks(rule, newYear, length, out);
  else if (rule.monthDays.length > 0 || !rule.ofYear) {
    for (let month = 1; month <= 12; month += 1) {
      if (rule.months === 0 || (rule.months & (1 << month)) !== 0) pushMonth(rule, year, month, out);
    }
  } else pushWeekdays(rule, newYear, length, out);
  finish(rule, out);
}

/** The days of one month, ascending, into `out`. */
export function daysOfMonth(rule: DayRule, year: number, month: number, out: number[]): void {
  out.length = 0;
  if (rule.months !== 0 && (rule.months & (1 << month)) === 0) return;
  if (rule.monthDays.length + rule.ordinals.length > 0 || rule.weekdays !== 0) pushMonth(rule, year, month, out);
  else pushAll(daysFromCivil(year, month, 1), daysInMonth(year, month), out);
  finish(rule, out);
}

/** The days of the week that begins at `firstDay`, ascending, into `out`. */
export function daysOfWeek(rule: DayRule, firstDay: number, out: number[]): void {
  out.length = 0;
  if (rule.weekdays === 0) pushAll(firstDay, 7, out);
  else pushWeekdays(rule, firstDay, 7, out);
  finish(rule, out);
}

/** Drops what other parts forbid; sorts and drops repetitions where the parts came in another order. */
function finish(rule: DayRule, days: number[]): void {
  let kept = 0;
  let sorted = true;
  for (const day of days) {
    if (rule.filtered && !allows(rule, day)) continue;
    if (kept > 0 && day <= days[kept - 1]!) sorted = false;
    days[kept++] = day;
  }
  days.length = kept;
  if (sorted) return;
  days.sort((a, b) => a - b);
  kept = 1;
  for (const day of days) if (day !== days[kept - 1]) days[kept++] = day;
  days.length = kept;
}

function pushAll(first: number, length: number, out: number[]): void {
  for (let place = 0; place < length; place += 1) out.push(first + place);
}

function pushYearDays(rule: DayRule, newYear: number, length: number, out: number[]): void {
  for (const yearDay of rule.yearDays) pushPlace(rule.skip, newYear, length, yearDay, out);
}

/** Weeks that touch the year; of the last of the year before and the first of the next only the days in it. */
function pushWeeks(rule: DayRule, newYear: number, length: number, out: number[]): void {
  const offset = offsetInWeek(rule, newYear);
  const firstWeek = newYear - offset + (offset > 3 ? 7 : 0);
  const weeks = Math.floor((newYear + length + 3 - firstWeek) / 7);
  const push = (week: number): void => {
    const first = firstWeek + week * 7;
    for (let day = Math.max(first, newYear); day < Math.min(first + 7, newYear + length); day += 1) {
      if (rule.weekdays === 0 || (rule.weekdays & (1 << weekdayOf(day))) !== 0) out.push(day);
    }
  };
  if (allowsWeek(rule, firstWeek - 7)) push(-1);
  for (const number of rule.weekNos) {
    const week = number > 0 ? number - 1 : weeks + number;
    if (week >= 0 && week < weeks) push(week);
  }
  if (allowsWeek(rule, firstWeek + weeks * 7)) push(weeks);
}

function pushMonth(rule: DayRule, year: number, month: number, out: number[]): void {
  const first = daysFromCivil(year, month, 1);
  const length = daysInMonth(year, month);
  if (rule.monthDays.length === 0) pushWeekdays(rule, first, length, out);
  else for (const monthDay of rule.monthDays) pushPlace(rule.skip, first, length, monthDay, out);
}

/** One BYMONTHDAY or BYYEARDAY, from either end; what does not exist is left out or moved (RFC 7529 §4.1). */
function pushPlace(skip: Skip, first: number, length: number, place: number, out: number[]): void {
  const offset = place > 0 ? place - 1 : length + place;
  if (offset >= 0 && offset < length) out.push(first + offset);
  else if (skip === 'backward') out.push(offset < 0 ? first - 1 : first + length - 1);
  else if (skip === 'forward') out.push(offset < 0 ? first : first + length);
}

function pushWeekdays(rule: DayRule, first: number, length: number, out: number[]): void {
  const weekday = weekdayOf(first);
  if (rule.weekdays !== 0) {
    for (let place = 0, day = weekday; place < length; place += 1, day = day === 6 ? 0 : day + 1) {
      if ((rule.weekdays & (1 << day)) !== 0) out.push(first + place);
    }
  }
  for (const value of rule.ordinals) {
    const day = value & 7;
    const ordinal = value >> 3;
    const earliest = (day - weekday + 7) % 7;
    const latest = length - 1 - ((weekday + length - 1 - day) % 7 + 7) % 7;
    const place = ordinal > 0 ? earliest + (ordinal - 1) * 7 : latest + (ordinal + 1) * 7;
    if (place >= 0 && place < length) out.push(first + place);
  }
}

/**
 * How many days each year or month of the rule has, where that is always the same number, else 0: then COUNT can be computed instead of counted.
 * Positive and negative places are not mixed, since in some months they meet.
 */
export function constantDays(rule: DayRule, frequency: 'YEARLY' | 'MONTHLY'): number {
  if (rule.filtered || rule.weekNos.length > 0 || rule.weekdays !== 0 || rule.skip !== 'omit') return 0;
  const always = (list: readonly number[], largest: number): boolean => list.every((value) => value > 0 && value <= largest) || list.every((value) => value < 0 && value >= -largest);
  const ordinals = rule.ordinals.map((value) => value >> 3);
  if (rule.yearDays.length > 0) return always(rule.yearDays, 365) ? rule.yearDays.length : 0;
  if (frequency === 'YEARLY' && rule.ofYear && rule.monthDays.length === 0) return always(ordinals, 52) ? ordinals.length : 0;
  if (frequency === 'MONTHLY' && rule.months !== 0) return 0;
  let total = 0;
  for (let month = 1; month <= (frequency === 'YEARLY' ? 12 : 1); month += 1) {
    if (rule.months !== 0 && (rule.months & (1 << month)) === 0) continue;
    // MONTHLY must do in each month; a rule of 30 April must do in April only.
    const shortest = frequency === 'MONTHLY' ? 28 : daysInMonth(2023, month);
    if (rule.monthDays.length > 0 ? !always(rule.monthDays, shortest) : !always(ordinals, 4)) return 0;
    total += rule.monthDays.length > 0 ? rule.monthDays.length : ordinals.length;
  }
  return total;
}

/** The first day of a month after `day`'s that the rule's months allow; the day itself where its month is allowed. */
export function skipMonths(rule: DayRule, day: number): number {
  if (rule.months === 0) return day;
  const civil = civilFromDays(day);
  let year = yearOf(civil);
  let month = monthOf(civil);
  if ((rule.months & (1 << month)) !== 0) return day;
  do {
    month += 1;
    if (month > 12) {
      month = 1;
      year += 1;
    }
  } while ((rule.months & (1 << month)) === 0);
  return daysFromCivil(year, month, 1);
}
