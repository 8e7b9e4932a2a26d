/**
 * Our own VTIMEZONEs (RFC 5545 §3.6.5) from a zone's history: one observance for each rule that fired more than once, and one with RDATEs for all single onsets of
 * the same kind, name and offsets. That is the form in which other servers of zones write them, full history included.
 */
import type { History, HistoryOnset, RuleLine } from './zones-history.ts';
import { dayIn } from './zones-history.ts';
import { civilFromDays, dayNumber, dayOf, daysInMonth, formatDateTime, formatOffset, formatUtc, monthOf, type LocalSeconds } from './time.ts';

export interface PublishedObservance {
  readonly kind: 'STANDARD' | 'DAYLIGHT';
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly start: LocalSeconds;
  /** The value of RRULE; undefined where `dates` say it all. */
  readonly rule: string | undefined;
  /** Local, ascending, `start` the first; empty with a rule. */
  readonly dates: readonly LocalSeconds[];
  /** The rule has no end. */
  readonly open: boolean;
}

const localOf = ({ utc, from }: HistoryOnset): LocalSeconds => utc + from;

/** Ascending by first onset. A zone that never changes has one observance, of 1970. */
export function observancesOf({ onsets, before, name }: History, lastYear: number): readonly PublishedObservance[] {
  if (onsets.length === 0) return [{ kind: 'STANDARD', name, from: before, to: before, start: 0, rule: undefined, dates: [0], open: false }];
  const published: PublishedObservance[] = [];
  const singles = new Map<string, HistoryOnset[]>();
  for (const run of runsOf(onsets)) {
    for (const part of byMonth(run)) {
      const first = part[0]!;
      const rule = first.cause?.rule;
      const open = rule?.lastYear === Infinity && run[run.length - 1]?.cause?.year === lastYear;
      const days = rule === undefined || (part.length === 1 && !open) ? undefined : daysText(rule, first);
      if (days !== undefined) {
        const until = open ? '' : `;UNTIL=${formatUtc(part[part.length - 1]!.utc)}`;
        published.push({ ...shared(first), start: localOf(first), rule: `FREQ=YEARLY${until};${days}`, dates: [], open });
        continue;
      }
      const key = `${first.daylight} ${first.name} ${first.from} ${first.to}`;
      const group = singles.get(key);
      if (group === undefined) singles.set(key, [...part]);
      else group.push(...part);
    }
  }
  for (const group of singles.values()) {
    const dates = group.map(localOf).sort((a, b) => a - b);
    published.push({ ...shared(group[0]!), start: dates[0]!, rule: undefined, dates, open: false });
  }
  return published.sort((a, b) => a.start - b.start);
}

const shared = ({ daylight, name, from, to }: HistoryOnset): Pick<PublishedObservance, 'kind' | 'name' | 'from' | 'to'> => ({ kind: daylight ? 'DAYLIGHT' : 'STANDARD', name, from, to });

/** Onsets of one rule in years that follow one another, from and to the same offsets under one name; an onset without a rule stands alone. */
function runsOf(onsets: readonly HistoryOnset[]): readonly (readonly HistoryOnset[])[] {
  const runs: HistoryOnset[][] = [];
  const current = new Map<RuleLine, HistoryOnset[]>();
  for (const onset of onsets) {
    const { cause } = onset;
    const run = cause === undefined ? undefined : current.get(cause.rule);
    const last = run?.[run.length - 1];
    if (last !== undefined && last.cause?.year === cause!.year - 1 && last.from === onset.from && last.to === onset.to && last.name === onset.name) {
      run!.push(onset);
      continue;
    }
    const begun = [onset];
    runs.push(begun);
    if (cause !== undefined) current.set(cause.rule, begun);
  }
  return runs;
}

/** A rule such as "the day after the last Thursday in October" falls into two months; each gets an observance of its own, since no BYDAY says it in one. */
function byMonth(run: readonly HistoryOnset[]): readonly (readonly HistoryOnset[])[] {
  if (run.length === 1) return [run];
  const months = new Map<number, HistoryOnset[]>();
  for (const onset of run) {
    const month = monthOf(civilFromDays(dayNumber(localOf(onset))));
    const list = months.get(month);
    if (list === undefined) months.set(month, [onset]);
    else list.push(onset);
  }
  return [...months.values()];
}

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

/**
 * The BYxxx parts for the onsets of a rule in the month of one of them. The rule's own clock may be on another day than the wall (01:00 UTC in Nuuk is the evening
 * before): its days are moved by that many. Undefined where the month's length decides, as in February.
 */
function daysText(rule: RuleLine, onset: HistoryOnset): string | undefined {
  const local = dayNumber(localOf(onset));
  const civil = civilFromDays(local);
  const month = monthOf(civil);
  const shift = local - dayIn(onset.cause!.year, rule.month, rule.on);
  const { kind, day, weekday } = rule.on;
  const byMonth = `BYMONTH=${month}`;
  if (kind === 'day') return dayOf(civil) === day + shift && month === rule.month ? `BYMONTHDAY=${day + shift};${byMonth}` : undefined;
  const name = WEEKDAYS[(weekday + shift + 7) % 7]!;
  if (kind === 'last' && shift === 0) return `BYDAY=-1${name};${byMonth}`;
  if (rule.month === 2 && (kind === 'last' || day + shift + 6 > 28)) return undefined;
  // The seven days among which it is, counted in the rule's month; then those of them that are in the onset's month.
  const last = daysInMonth(2023, rule.month);
  const lowest = (kind === 'from' ? day : kind === 'to' ? day - 6 : last - 6) + shift;
  const days = Array.from({ length: 7 }, (_, place) => lowest + place)
    .map((place) => (month === rule.month ? place : month === (rule.month % 12) + 1 ? place - last : place + daysInMonth(2023, month)))
    .filter((place) => place >= 1 && place <= daysInMonth(2023, month));
  const ordinal = days.length === 7 && (days[0]! - 1) % 7 === 0 ? `${(days[0]! - 1) / 7 + 1}` : days.length === 7 && days[6] === daysInMonth(2023, month) ? '-1' : undefined;
  return ordinal === undefined ? `BYDAY=${name};BYMONTHDAY=${days.join(',')};${byMonth}` : `BYDAY=${ordinal}${name};${byMonth}`;
}

/** From BEGIN to END, CRLF after each line, folded at 75 octets (all of it is ASCII). `more`: content lines about the zone. */
export function vtimezoneLines(tzid: string, observances: readonly PublishedObservance[], location = tzid, more: readonly string[] = []): string {
  const lines = ['BEGIN:VTIMEZONE', `TZID:${tzid}`, `X-LIC-LOCATION:${location}`, ...more];
  for (const { kind, name, from, to, start, rule, dates } of observances) {
    lines.push(`BEGIN:${kind}`, `DTSTART:${formatDateTime(start)}`);
    if (rule !== undefined) lines.push(`RRULE:${rule}`);
    for (const date of dates) lines.push(`RDATE:${formatDateTime(date)}`);
    lines.push(`TZNAME:${name}`, `TZOFFSETFROM:${formatOffset(from)}`, `TZOFFSETTO:${formatOffset(to)}`, `END:${kind}`);
  }
  lines.push('END:VTIMEZONE');
  return lines.map(folded).join('');
}

function folded(line: string): string {
  if (line.length <= 75) return `${line}\r\n`;
  const parts = [line.slice(0, 75)];
  for (let at = 75; at < line.length; at += 74) parts.push(line.slice(at, at + 74));
  return `${parts.join('\r\n ')}\r\n`;
}
