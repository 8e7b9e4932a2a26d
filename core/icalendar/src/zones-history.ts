/**
 * The history of an IANA zone: its lines and rules, in the form of `tzdata.zi`, to the onsets of its observances. An onset is the moment at which a zone begins to
 * observe an offset under a name, even where the offset stays the same. The meaning is that of zic(8); a test holds it to zic's own output.
 */
import type { EpochSeconds } from '@kalends/contracts';
import { DAY, daysFromCivil, daysInMonth, HOUR, weekdayOf } from './time.ts';

export interface HistoryOnset {
  readonly utc: EpochSeconds;
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly daylight: boolean;
  /** What makes it come back; undefined for the beginning of a zone's line. */
  readonly cause: { readonly rule: RuleLine; readonly year: number } | undefined;
}

/** Whose clock a time of the rule is on: the wall's, standard time, or UTC. */
type Clock = 'w' | 's' | 'u';

export interface RuleLine {
  readonly firstYear: number;
  /** Infinity for `max`. */
  readonly lastYear: number;
  readonly month: number;
  readonly on: DayForm;
  /** Seconds after midnight; may exceed a day. */
  readonly time: number;
  readonly clock: Clock;
  readonly save: number;
  readonly letters: string;
}

/** `5`, `lastSu`, `Su>=8`, `Sa<=30`. Weekday 0 is Monday. */
export interface DayForm { readonly kind: 'day' | 'last' | 'from' | 'to'; readonly day: number; readonly weekday: number }

export interface ZoneLine {
  readonly offset: number;
  readonly rules: readonly RuleLine[];
  /** Without rules: what is added to the offset all the time. */
  readonly save: number;
  readonly format: string;
  /** Undefined for the last line. */
  readonly until: { readonly year: number; readonly local: number; readonly clock: Clock } | undefined;
}

const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

const indexOf = (names: readonly string[], text: string): number => names.findIndex((name) => name.startsWith(text.toLowerCase()));

/** `2:30`, `-0:25:21`, `0`, `-`. */
function seconds(text: string): number {
  const parts = text.replace(/^-/, '').split(':').map(Number);
  const size = (parts[0] ?? 0) * HOUR + (parts[1] ?? 0) * 60 + (parts[2] ?? 0);
  return text.startsWith('-') ? 0 - size : size;
}

function clockTime(text: string): { readonly time: number; readonly clock: Clock } {
  const suffix = /[wsugz]$/.exec(text)?.[0] ?? 'w';
  return { time: seconds(text.replace(/[wsugz]$/, '')), clock: suffix === 'w' || suffix === 's' ? suffix : 'u' };
}

function dayForm(text: string): DayForm {
  if (text.startsWith('last')) return { kind: 'last', day: 0, weekday: indexOf(WEEKDAYS, text.slice(4)) };
  const match = /^([A-Za-z]+)([<>])=(\d+)$/.exec(text);
  if (match === null) return { kind: 'day', day: Number(text), weekday: 0 };
  return { kind: match[2] === '>' ? 'from' : 'to', day: Number(match[3]), weekday: indexOf(WEEKDAYS, match[1]!) };
}

/** `R name from to - month day time save letters`. */
export function readRuleLine(line: string): RuleLine {
  const [, , from = '', to = '', , month = '', day = '', time = '', save = '', letters = ''] = line.split(' ');
  const firstYear = Number(from);
  const lastYear = 'only'.startsWith(to) ? firstYear : 'maximum'.startsWith(to) ? Infinity : Number(to);
  return {
    firstYear, lastYear, month: indexOf(MONTHS, month) + 1, on: dayForm(day), ...clockTime(time),
    save: seconds(save.replace(/[sd]$/, '')), letters: letters === '-' ? '' : letters,
  };
}

/** `offset rules format [year [month [day [time]]]]`. */
export function readZoneLine(line: string, rulesOf: (name: string) => readonly RuleLine[]): ZoneLine {
  const [offset = '', rules = '', format = '', year, month = 'Jan', day = '1', time = '0'] = line.split(' ');
  const named = !/^-?\d|^-$/.test(rules);
  let until: ZoneLine['until'];
  if (year !== undefined) {
    const { time: seconds, clock } = clockTime(time);
    until = { year: Number(year), local: dayIn(Number(year), indexOf(MONTHS, month) + 1, dayForm(day)) * DAY + seconds, clock };
  }
  return { offset: seconds(offset), rules: named ? rulesOf(rules) : [], save: named || rules === '-' ? 0 : seconds(rules), format, until };
}

/** The day that a form names in a month; may lie in the next or the one before. */
export function dayIn(year: number, month: number, { kind, day, weekday }: DayForm): number {
  const first = daysFromCivil(year, month, 1);
  if (kind === 'day') return first + day - 1;
  if (kind === 'from') {
    const from = first + day - 1;
    return from + ((weekday - weekdayOf(from) + 7) % 7);
  }
  const to = first + (kind === 'last' ? daysInMonth(year, month) : day) - 1;
  return to - ((weekdayOf(to) - weekday + 7) % 7);
}

/**
 * TZNAME for a format: `CE%sT`, `%z`; `GMT/BST` stays whole. It and BARE_LETTERS are how other zone services write names, which are text for people and mean nothing to
 * software: published zones are compared with theirs to the letter.
 */
function nameOf(format: string, offset: number, letters: string): string {
  return format.replace('%z', () => numericName(offset)).replace('%s', letters);
}

/** What a line that has nothing but `%s` for a name is called at its beginning (London in 1847 and 1971). */
const BARE_LETTERS = 'S';

function numericName(offset: number): string {
  const size = Math.abs(offset);
  const parts = [Math.floor(size / HOUR), Math.floor(size / 60) % 60, size % 60];
  while (parts.length > 1 && parts[parts.length - 1] === 0) parts.pop();
  return (offset < 0 ? '-' : '+') + parts.map((part) => String(part).padStart(2, '0')).join('');
}

const utcOf = (local: number, clock: Clock, offset: number, save: number): number => (clock === 'u' ? local : clock === 's' ? local - offset : local - offset - save);

export interface History { readonly onsets: readonly HistoryOnset[]; readonly before: number; /** Of the first line, before any onset. */ readonly name: string }

/** All onsets, of rules without end up to and including `lastYear`. */
export function historyOf(lines: readonly ZoneLine[], lastYear: number): History {
  const onsets: HistoryOnset[] = [];
  const first = lines[0]!;
  let current = first.offset + first.save;
  const name = first.rules.length > 0 ? beforeRules(first) : nameOf(first.format, current, '');
  let start = -Infinity;
  for (const line of lines) {
    const end = lineOnsets(line, start, current, lastYear, onsets);
    current = onsets[onsets.length - 1]?.to ?? current;
    start = end;
  }
  return { onsets, before: first.offset + first.save, name };
}

/** The name of a zone before its first rule: that of the earliest rule of standard time. */
function beforeRules({ format, offset, rules }: ZoneLine): string {
  const letters = rules.filter(({ save }) => save === 0).sort((a, b) => a.firstYear - b.firstYear)[0]?.letters ?? '';
  return nameOf(format, offset, letters);
}

/** Adds the onsets of one line that begins at `start`; returns where it ends. */
function lineOnsets(line: ZoneLine, start: EpochSeconds, before: number, lastYear: number, onsets: HistoryOnset[]): EpochSeconds {
  const { offset, format, until } = line;
  const endWith = (save: number): EpochSeconds => (until === undefined ? Infinity : utcOf(until.local, until.clock, offset, save));
  // Where summer time is the standard and winter has less (Dublin, Casablanca), what is less counts as standard here: clients expect daylight to be ahead.
  const inForce = line.rules.filter((rule) => rule.firstYear <= (until?.year ?? Infinity) && daysFromCivil(rule.lastYear, 12, 31) * DAY >= start);
  const least = Math.min(0, ...inForce.map(({ save }) => save));
  let from = before;
  const add = (utc: EpochSeconds, save: number, name: string, cause: HistoryOnset['cause']): void => {
    const onset = { utc, from, to: offset + save, name, daylight: save > least, cause };
    const last = onsets[onsets.length - 1];
    // A line and its rule that begin at the same time of the wall clock are one onset (Buenos Aires, October 1999).
    if (last !== undefined && utc + from <= last.utc + last.from) onsets[onsets.length - 1] = { ...onset, utc: last.utc, from: last.from };
    else onsets.push(onset);
    from = offset + save;
  };
  if (line.rules.length === 0) {
    if (start > -Infinity) add(start, line.save, nameOf(format, offset + line.save, ''), undefined);
    return endWith(line.save);
  }
  let save = 0;
  let opening: { save: number; letters: string | undefined } | undefined = start > -Infinity ? { save: 0, letters: undefined } : undefined;
  const open = (): void => {
    if (opening === undefined) return;
    const letters = format === '%s' ? BARE_LETTERS : opening.letters ?? '';
    add(start, opening.save, nameOf(format, offset + opening.save, letters), undefined);
    opening = undefined;
  };
  for (const { rule, year, local } of firings(line.rules, until?.year ?? lastYear)) {
    const utc = utcOf(local, rule.clock, offset, save);
    const isOver = utc >= endWith(save);
    if (opening !== undefined && !isOver && utc < start) opening = { save: rule.save, letters: rule.letters };
    else if (opening !== undefined && utc > start) {
      // Nothing came before: the first rule of the same offset gives the name.
      if (opening.letters === undefined && opening.save === rule.save) opening.letters = rule.letters;
      if (opening.letters === undefined) opening.letters = line.rules.find((other) => other.save === opening?.save)?.letters;
      open();
    }
    if (isOver) break;
    save = rule.save;
    if (utc < start) continue;
    opening = undefined;
    add(utc, save, nameOf(format, offset + save, rule.letters), { rule, year });
  }
  open();
  return endWith(save);
}

/** Every time a rule fires up to a year, in order of its own clock. */
function firings(rules: readonly RuleLine[], lastYear: number): readonly { readonly rule: RuleLine; readonly year: number; readonly local: number }[] {
  const all = rules.flatMap((rule) => {
    const found: { rule: RuleLine; year: number; local: number }[] = [];
    for (let year = rule.firstYear; year <= Math.min(rule.lastYear, lastYear); year += 1) {
      found.push({ rule, year, local: dayIn(year, rule.month, rule.on) * DAY + rule.time });
    }
    return found;
  });
  return all.sort((a, b) => a.local - b.local);
}
