/**
 * RECUR values (RFC 5545 §3.3.10, RFC 7529 §4.1) read and checked; nothing is expanded here.
 * Refuses numbers out of range and what could change the meaning unseen. Combinations that the RFC forbids but whose meaning is plain (COUNT beside UNTIL, BYYEARDAY
 * in a MONTHLY rule) are read as limits, since old data has them; an ordinal before a weekday says nothing in WEEKLY rules and below and is dropped there.
 */
import { MAX_RULE_VALUES } from './limits.ts';
import { parseTime } from './time.ts';

export type Frequency = 'SECONDLY' | 'MINUTELY' | 'HOURLY' | 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';

/** `day` 0 Monday to 6 Sunday; `ordinal` 0 for every such day. */
export interface RuleDay { readonly day: number; readonly ordinal: number }

/** The last start allowed, itself included; as written: a whole day, a local time, or UTC. */
export interface Until { readonly at: number; readonly form: 'date' | 'local' | 'utc' }

/** A rule, checked, with all lists ascending and without repetitions. Absent parts are empty lists. */
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
  readonly skip: Skip;
}
export type Skip = 'omit' | 'backward' | 'forward';

/** Why a rule was refused, for a person to read. */
export interface RuleProblem { readonly problem: string; /** The rule counts in a calendar that is not known here. */ readonly scale?: true }
export const isProblem = (value: Rule | RuleProblem): value is RuleProblem => 'problem' in value;

const FREQUENCIES: readonly string[] = ['SECONDLY', 'MINUTELY', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'];
const WEEKDAYS: readonly string[] = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const SKIPS: readonly string[] = ['OMIT', 'BACKWARD', 'FORWARD'];
/** Keeps `count × interval` and dates exact in doubles; more than any interval can mean before the year 9999. */
const LARGEST_NUMBER = 2 ** 40;

/** RSCALE values that are understood (RFC 7529 §4.1). */
export const RULE_SCALES: readonly string[] = ['GREGORIAN'];

class Refused extends Error {}
class UnknownScale extends Refused {}

/** The value of an RRULE or EXRULE. Parts that begin with X- and empty parts are passed over; any other unknown part is refused. */
export function parseRule(text: string): Rule | RuleProblem {
  const parts = new Map<string, string>();
  for (const part of text.trim().split(';')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = part.slice(0, equals).trim().toUpperCase();
    if (equals < 1) return { problem: `"${part}" is not a part of a rule` };
    if (parts.has(name)) return { problem: `${name} appears twice` };
    parts.set(name, part.slice(equals + 1).trim().toUpperCase());
  }
  return fromParts(parts);
}

/** The same from jCal's object (RFC 7265 §3.6.10), or from a string. */
export function ruleFromJcal(value: unknown): Rule | RuleProblem {
  if (typeof value === 'string') return parseRule(value);
  if (typeof value !== 'object' || value === null) return { problem: 'not a rule' };
  const parts = new Map<string, string>();
  for (const [name, part] of Object.entries(value)) {
    // ical.js numbers the days of WKST from Sunday, 1.
    const weekday = name === 'wkst' && typeof part === 'number' ? WEEKDAYS[(part + 5) % 7] : undefined;
    parts.set(name.toUpperCase(), weekday ?? (Array.isArray(part) ? part.join(',') : String(part)).toUpperCase());
  }
  return fromParts(parts);
}

function fromParts(parts: ReadonlyMap<string, string>): Rule | RuleProblem {
  try {
    return read(parts);
  } catch (error) {
    if (error instanceof Refused) return { problem: error.message, ...(error instanceof UnknownScale ? { scale: true } : {}) };
    throw error;
  }
}

const KNOWN = new Set(['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'BYSECOND', 'BYMINUTE', 'BYHOUR', 'BYDAY', 'BYMONTHDAY', 'BYYEARDAY', 'BYWEEKNO', 'BYMONTH', 'BYSETPOS', 'WKST', 'RSCALE', 'SKIP']);

function read(parts: ReadonlyMap<string, string>): Rule {
  for (const name of parts.keys()) if (!KNOWN.has(name) && !name.startsWith('X-')) throw new Refused(`${name} is not a part of a rule`);
  const frequency = parts.get('FREQ') ?? '';
  if (!FREQUENCIES.includes(frequency)) throw new Refused(frequency === '' ? 'FREQ is missing' : `FREQ=${frequency} is unknown`);
  const skip = readSkip(parts.get('RSCALE'), parts.get('SKIP'));
  const list = (name: string, from: number, to: number): readonly number[] => numbers(name, parts.get(name), from, to);
  return {
    frequency: frequency as Frequency,
    interval: positive('INTERVAL', parts.get('INTERVAL'), 1),
    count: positive('COUNT', parts.get('COUNT'), Infinity),
    until: readUntil(parts.get('UNTIL')),
    // A leap second counts as the 59th, as in times.
    bySecond: ascending(list('BYSECOND', 0, 60).map((second) => Math.min(second, 59))),
    byMinute: list('BYMINUTE', 0, 59),
    byHour: list('BYHOUR', 0, 23),
    byDay: readDays(parts.get('BYDAY'), frequency as Frequency, parts.get('BYMONTH')),
    byMonthDay: list('BYMONTHDAY', -31, 31),
    byYearDay: list('BYYEARDAY', -366, 366),
    byWeekNo: list('BYWEEKNO', -53, 53),
    byMonth: list('BYMONTH', 1, 12),
    bySetPos: list('BYSETPOS', -366, 366),
    weekStart: readWeekStart(parts.get('WKST')),
    skip,
  };
}

function positive(name: string, text: string | undefined, absent: number): number {
  if (text === undefined || text === '') return absent;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > LARGEST_NUMBER) throw new Refused(`${name}=${text} is not a positive number`);
  return value;
}

function readUntil(text: string | undefined): Until | undefined {
  if (text === undefined || text === '') return undefined;
  const time = parseTime(text);
  if (time === undefined) throw new Refused(`UNTIL=${text} is not a date or time`);
  return { at: time.local, form: time.kind === 'floating' ? 'local' : time.kind };
}

/** Zero is refused where the range has negative numbers: it is neither first nor last. */
function numbers(name: string, text: string | undefined, from: number, to: number): readonly number[] {
  return ascending(values(name, text).map((item) => {
    const value = Number(item);
    if (!/^[+-]?\d{1,3}$/.test(item) || value < from || value > to || (value === 0 && from !== 0)) throw new Refused(`${name}=${item} is out of range`);
    return value;
  }));
}

function values(name: string, text: string | undefined): readonly string[] {
  if (text === undefined || text === '') return [];
  const items = text.split(',').map((item) => item.trim());
  if (items.length > MAX_RULE_VALUES) throw new Refused(`${name} has more than ${MAX_RULE_VALUES} values`);
  return items;
}

const ascending = (list: readonly number[]): readonly number[] => [...new Set(list)].sort((a, b) => a - b);

function readDays(text: string | undefined, frequency: Frequency, months: string | undefined): readonly RuleDay[] {
  const counts = frequency === 'MONTHLY' || frequency === 'YEARLY';
  const largest = frequency === 'YEARLY' && (months ?? '') === '' ? 53 : 5;
  const found = new Map<number, RuleDay>();
  for (const item of values('BYDAY', text)) {
    const match = /^([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/.exec(item);
    if (match === null) throw new Refused(`BYDAY=${item} is not a weekday`);
    const ordinal = Number(match[1] ?? 0);
    if (match[1] !== undefined && (ordinal === 0 || (counts && Math.abs(ordinal) > largest))) throw new Refused(`BYDAY=${item} is out of range`);
    const day = WEEKDAYS.indexOf(match[2] ?? '');
    const entry = { day, ordinal: counts ? ordinal : 0 };
    found.set(entry.ordinal * 7 + day, entry);
  }
  return [...found.values()].sort((a, b) => a.ordinal - b.ordinal || a.day - b.day);
}

function readWeekStart(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const day = WEEKDAYS.indexOf(text);
  if (day < 0) throw new Refused(`WKST=${text} is not a weekday`);
  return day;
}

/** Calendars other than the Gregorian are refused by name (RFC 7529 §7, CALDAV:supported-rscale). */
function readSkip(scale: string | undefined, skip: string | undefined): Skip {
  if (scale !== undefined && scale !== '' && !RULE_SCALES.includes(scale)) throw new UnknownScale(`RSCALE=${scale} is not supported`);
  if (skip === undefined || skip === '') return 'omit';
  if (!SKIPS.includes(skip)) throw new Refused(`SKIP=${skip} is unknown`);
  if (scale === undefined || scale === '') throw new Refused('SKIP needs RSCALE');
  return skip.toLowerCase() as Skip;
}
