/**
 * Calendar arithmetic on integers: days and seconds of the proleptic Gregorian calendar, and the date, date-time, offset and duration texts of RFC 5545 and jCal.
 * Uses no Date object, allocates nothing in the arithmetic, and knows no zones: a local time here is what a wall clock shows, counted as if it were UTC.
 */

/** Whole seconds from 1970-01-01T00:00:00 on a wall clock, as if the clock showed UTC. A DATE is its midnight. */
export type LocalSeconds = number;

export const MINUTE = 60;
export const HOUR = 3600;
export const DAY = 86_400;
export const WEEK = 604_800;

/** 9999-12-31T23:59:59: the last time that a DATE-TIME can name (RFC 5545 §3.3.5, four digits of year). */
export const LAST_LOCAL: LocalSeconds = 253_402_300_799;

/** Days from 1970-01-01. `month` is 1 to 12; `day` may lie outside the month and carries over. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = ((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) | 0;
  return era * 146_097 + yearOfEra * 365 + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0) + dayOfYear + day - 719_469;
}

/** Year, month (1 to 12) and day of the month in one number, `(year × 16 + month) × 32 + day`: see `yearOf`, `monthOf`, `dayOf`. */
export function civilFromDays(days: number): number {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0));
  const shiftedMonth = ((5 * dayOfYear + 2) / 153) | 0;
  const day = dayOfYear - (((153 * shiftedMonth + 2) / 5) | 0) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return (year * 16 + month) * 32 + day;
}

export const yearOf = (civil: number): number => Math.floor(civil / 512);
export const monthOf = (civil: number): number => (civil >> 5) & 15;
export const dayOf = (civil: number): number => civil & 31;

/** Floor division, so that times before 1970 fall on the right day. */
export const dayNumber = (local: LocalSeconds): number => Math.floor(local / DAY);
/** Seconds since midnight. */
export const timeOfDay = (local: LocalSeconds): number => local - Math.floor(local / DAY) * DAY;

/** 0 Monday to 6 Sunday. 1970-01-01 was a Thursday. */
export const weekdayOf = (days: number): number => ((days % 7) + 10) % 7;

export const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
export const daysInYear = (year: number): number => (isLeapYear(year) ? 366 : 365);
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return 30 + ((month + (month >> 3)) & 1);
}

/** What a DATE or DATE-TIME text says: `utc` when it ends in Z. */
export interface ParsedTime {
  readonly local: LocalSeconds;
  readonly kind: 'date' | 'floating' | 'utc';
}

const TIME = /^(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d):?(\d\d)(Z?))?$/;

/**
 * DATE or DATE-TIME (RFC 5545 §3.3.4, §3.3.5), with or without jCal's separators. A 60th second counts as the 59th, as §3.3.12 advises.
 * Undefined for anything else, dates such as 31 February included.
 */
export function parseTime(text: string): ParsedTime | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  const midnight = daysFromCivil(year, month, day) * DAY;
  if (match[4] === undefined) return { local: midnight, kind: 'date' };
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6]);
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  return { local: midnight + hour * HOUR + minute * MINUTE + Math.min(second, 59), kind: match[7] === 'Z' ? 'utc' : 'floating' };
}

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

/** `20240229`. */
export function formatDate(local: LocalSeconds): string {
  const civil = civilFromDays(dayNumber(local));
  return pad(yearOf(civil), 4) + pad(monthOf(civil), 2) + pad(dayOf(civil), 2);
}

/** `20240229T235959`, without Z. */
export function formatDateTime(local: LocalSeconds): string {
  const time = timeOfDay(local);
  return `${formatDate(local)}T${pad((time / HOUR) | 0, 2)}${pad(((time / MINUTE) | 0) % 60, 2)}${pad(time % 60, 2)}`;
}

/** `20240229T235959Z`. */
export const formatUtc = (utc: number): string => `${formatDateTime(utc)}Z`;

const OFFSET = /^([+-])(\d\d):?(\d\d)(?::?(\d\d))?$/;

/** UTC-OFFSET (RFC 5545 §3.3.14), with or without jCal's colons: seconds east of Greenwich. */
export function parseOffset(text: string): number | undefined {
  const match = OFFSET.exec(text);
  if (match === null) return undefined;
  const minutes = Number(match[3]);
  const seconds = Number(match[4] ?? 0);
  if (minutes > 59 || seconds > 59) return undefined;
  const size = Number(match[2]) * HOUR + minutes * MINUTE + seconds;
  return match[1] === '-' ? -size : size;
}

/** `+0100`, or `-045602` where the seconds are not zero. */
export function formatOffset(seconds: number): string {
  const size = Math.abs(seconds);
  const rest = size % 60;
  return (seconds < 0 ? '-' : '+') + pad((size / HOUR) | 0, 2) + pad(((size / MINUTE) | 0) % 60, 2) + (rest === 0 ? '' : pad(rest, 2));
}

/**
 * DURATION (RFC 5545 §3.3.6). Days and weeks are nominal: they move the wall clock, whatever a zone does meanwhile. Hours, minutes and seconds are exact: they
 * move the instant. Both carry the sign.
 */
export interface Duration {
  readonly days: number;
  readonly seconds: number;
}

const DURATION = /^([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** Weeks beside days are accepted although §3.3.6 allows either, since clients write both. Undefined for what is no duration, or above 2^40 seconds. */
export function parseDuration(text: string): Duration | undefined {
  const match = DURATION.exec(text);
  if (match === null || !/\d/.test(text)) return undefined;
  const part = (index: number): number => Number(match[index] ?? 0);
  const days = part(2) * 7 + part(3);
  const seconds = part(4) * HOUR + part(5) * MINUTE + part(6);
  if (days * DAY + seconds > 2 ** 40) return undefined;
  return match[1] === '-' ? { days: 0 - days, seconds: 0 - seconds } : { days, seconds };
}
