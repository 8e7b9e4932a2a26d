/**
 * Random rules against two other engines: `rrule` (in this process) and python-dateutil (one child for the whole batch). Seeds are fixed; KALENDS_ORACLE_SEED and
 * KALENDS_ORACLE_RULES change them. Where an oracle is known to be wrong, or the RFC is read in another way here, `explained` says so with the reason.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import rrule from 'rrule';
import { describe, expect, it } from 'vitest';
import { instances, isProblem, parseRule, seriesBounds, startRuns, type Recurrence } from './recurrence.ts';
import { DAY, formatDateTime, parseTime } from './time.ts';
import { knownZone } from './zones.ts';

const SEED = Number(process.env['KALENDS_ORACLE_SEED'] ?? 5545);
const RULES = Number(process.env['KALENDS_ORACLE_RULES'] ?? 1500);
const LIMIT = 60;

interface Case { readonly start: number; readonly rule: string; readonly from: number; readonly to: number; readonly limit: number }

type Parts = Readonly<Record<string, string>>;

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const FREQUENCIES = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY'] as const;
/** How far a window may lie from DTSTART: the oracles walk there. */
const REACH = { YEARLY: 40 * 366, MONTHLY: 12 * 366, WEEKLY: 6 * 366, DAILY: 3 * 366, HOURLY: 90, MINUTELY: 5, SECONDLY: 0.5 } as const;

const numbers = (min: number, max: number, maxLength = 3): fc.Arbitrary<string> => fc.uniqueArray(fc.integer({ min, max }).filter((value) => value !== 0 || min === 0), { minLength: 1, maxLength }).map((list) => list.join(','));
const plainDays = fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1, maxLength: 7 }).map((list) => list.join(','));
/** Never beside plain days: both oracles then ask for days that are both (a Monday and the second Tuesday) and find none; the RFC adds them. */
const ordinalDays = (max: number): fc.Arbitrary<string> => fc.uniqueArray(
  fc.tuple(fc.integer({ min: -max, max }).filter((ordinal) => ordinal !== 0), fc.constantFrom(...WEEKDAYS)).map(([ordinal, day]) => `${ordinal}${day}`),
  { minLength: 1, maxLength: 3 },
).map((list) => list.join(','));

/** Present in one of `odds` rules. */
const sometimes = (odds: number, part: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof({ arbitrary: fc.constant(''), weight: odds - 1 }, { arbitrary: part, weight: 1 });

function partsOf(frequency: (typeof FREQUENCIES)[number]): fc.Arbitrary<Parts> {
  const long = frequency === 'YEARLY' || frequency === 'MONTHLY';
  const clock = frequency === 'HOURLY' || frequency === 'MINUTELY' || frequency === 'SECONDLY';
  return fc.record({
    FREQ: fc.constant(frequency),
    INTERVAL: sometimes(2, fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 40 })).map(String)),
    BYMONTH: sometimes(clock ? 12 : 4, numbers(1, 12)),
    BYMONTHDAY: sometimes(frequency === 'WEEKLY' || clock ? 12 : 4, numbers(-31, 31, 6)),
    BYYEARDAY: sometimes(frequency === 'YEARLY' ? 5 : 100, numbers(-366, 366, 12)),
    // Weeks at the ends of a year: dateutil takes the length of the wrong year for them, and no negative number. recurrence.test.ts has them all, by brute force.
    BYWEEKNO: sometimes(frequency === 'YEARLY' ? 5 : 1000, fc.oneof(numbers(2, 51), numbers(-51, -2))),
    BYDAY: sometimes(2, frequency === 'YEARLY' ? fc.oneof(plainDays, ordinalDays(5), ordinalDays(53)) : frequency === 'MONTHLY' ? fc.oneof(plainDays, ordinalDays(5)) : plainDays),
    BYHOUR: sometimes(5, numbers(0, 23)),
    BYMINUTE: sometimes(6, numbers(0, 59)),
    BYSECOND: sometimes(8, numbers(0, 59)),
    BYSETPOS: sometimes(long ? 4 : 8, numbers(-3, 3, 2)),
    WKST: sometimes(3, fc.constantFrom(...WEEKDAYS)),
  });
}

const textOf = (parts: Parts): string => Object.entries(parts).filter(([, value]) => value !== '').map(([name, value]) => `${name}=${value}`).join(';');

const cases: fc.Arbitrary<Case> = fc.constantFrom(...FREQUENCIES, 'YEARLY', 'MONTHLY', 'WEEKLY', 'YEARLY', 'MONTHLY').chain((frequency) => fc.tuple(
  partsOf(frequency).map(settled),
  fc.integer({ min: parseTime('19900101')!.local, max: parseTime('20101231')!.local }),
  fc.oneof(fc.constant(''), fc.integer({ min: 1, max: 70 }).map((count) => `COUNT=${count}`), fc.double({ min: 0, max: 1, noNaN: true }).map((part) => `UNTIL ${part}`)),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.boolean(),
).map(([parts, start, end, far, atStart]) => {
  const reach = Math.floor(REACH[frequency] * DAY);
  const from = atStart ? start - DAY : start + Math.floor(far * reach);
  const until = end.startsWith('UNTIL ') ? `UNTIL=${formatDateTime(start + Math.floor(Number(end.slice(6)) * reach))}` : end;
  const rule = textOf(withImplied(parts, start)) + (until === '' ? '' : `;${until}`);
  return { start, rule, from, to: from + reach, limit: LIMIT };
}));

/** Takes out what the RFC forbids, and most rules that name nothing at all: an oracle looks for them until the year 9999. */
function settled(parts: Parts): Parts {
  const { FREQ, BYWEEKNO, BYMONTH, BYMONTHDAY, BYYEARDAY } = parts;
  let { BYDAY = '', BYSETPOS = '', INTERVAL = '' } = parts;
  if (BYWEEKNO !== '') BYDAY = [...new Set(BYDAY.replace(/[-\d]/g, '').split(','))].join(',');
  if (BYMONTH !== '' && /[6-9]|\d\d/.test(BYDAY)) BYDAY = '';
  const days = [BYMONTHDAY, BYYEARDAY, BYWEEKNO, BYDAY].filter((part) => part !== '').length;
  if (days > 1 && /\d/.test(BYDAY)) BYDAY = '';
  if (days === 0 && `${parts['BYHOUR']}${parts['BYMINUTE']}${parts['BYSECOND']}`.length < 8) BYSETPOS = '';
  if (FREQ === 'DAILY' || FREQ === 'HOURLY' || FREQ === 'MINUTELY' || FREQ === 'SECONDLY') {
    if (!/[,]/.test(parts['BYMINUTE']! + parts['BYSECOND']!) || FREQ === 'MINUTELY' || FREQ === 'SECONDLY') BYSETPOS = '';
    if (FREQ !== 'DAILY' && parts['BYHOUR'] !== '') INTERVAL = '';
  }
  return { ...parts, BYDAY, BYSETPOS, INTERVAL };
}

/**
 * BYWEEKNO without a day: both oracles take all seven days of the week; we take DTSTART's weekday, as §3.3.10 has it of all that a rule leaves out ("derived from
 * DTSTART") and RFC 8984 §4.3.3 says outright. Written out, all agree.
 */
function withImplied(parts: Parts, start: number): Parts {
  const weekday = WEEKDAYS[(((Math.floor(start / DAY) + 3) % 7) + 7) % 7]!;
  // Both oracles begin the first week of a WEEKLY rule at DTSTART, so that BYSETPOS counts in less than a week. Weeks that begin on that day are whole for all.
  if (parts['FREQ'] === 'WEEKLY' && parts['BYSETPOS'] !== '') return { ...parts, WKST: weekday };
  if (parts['FREQ'] !== 'YEARLY' || parts['BYWEEKNO'] === '' || parts['BYDAY'] !== '' || parts['BYMONTHDAY'] !== '' || parts['BYYEARDAY'] !== '') return parts;
  return { ...parts, BYDAY: weekday };
}

function seriesOf(start: number, text: string): Recurrence {
  const rule = parseRule(text);
  if (isProblem(rule)) throw new Error(`${text}: ${rule.problem}`);
  return { start, kind: 'floating', zone: undefined, rules: [rule], exrules: [], rdates: [], exdates: [] };
}

const ours = ({ start, rule, from, to, limit }: Case): readonly number[] => instances(seriesOf(start, rule), { start: from, end: to }, limit).starts;

const told = (starts: readonly number[]): string => starts.map(formatDateTime).join(' ');

const described = ({ start, rule, from }: Case): string => `${formatDateTime(start)} ${rule} from ${formatDateTime(from)}`;

describe('recurrence rules agree with python-dateutil', () => {
  const present = spawnSync('/usr/bin/python3', ['-c', 'import dateutil.rrule']).status === 0;
  const required = process.env['CI'] === 'true';
  if (!present && !required) console.warn('NOT COMPARED with dateutil: python3-dateutil is missing (apt-get install python3-dateutil)');

  it.runIf(present || required)(`for ${RULES} random rules, seed ${SEED}`, () => {
    const sample = fc.sample(cases, { seed: SEED, numRuns: RULES });
    const script = fileURLToPath(new URL('../scripts/dateutil-oracle.py', import.meta.url));
    const child = spawnSync('/usr/bin/python3', [script], { input: JSON.stringify(sample), encoding: 'utf8', maxBuffer: 2 ** 28 });
    expect(child.status, child.stderr).toBe(0);
    const answers = JSON.parse(child.stdout) as readonly (readonly number[] | null)[];
    expect(answers).toHaveLength(RULES);
    const differences = sample.flatMap((one, index) => {
      const answer = answers[index];
      return answer === null || answer === undefined || told(ours(one)) === told(answer) ? [] : [`${described(one)}\n  ours     ${told(ours(one))}\n  dateutil ${told(answer)}`];
    });
    expect(differences.slice(0, 10).join('\n')).toBe('');
    // Rules that name next to nothing; dateutil looks for them until the year 9999 and is stopped.
    expect(answers.filter((answer) => answer === null).length).toBeLessThan(RULES / 15);
  }, 120_000);
});

describe('recurrence rules agree with rrule', () => {
  it(`for ${RULES} random rules, seed ${SEED + 1}`, () => {
    fc.assert(fc.property(cases.map(forRrule).filter((one) => !isEmptyAhead(one)), (one) => {
      expect(told(ours(one))).toBe(told(theirs(one)));
    }), { seed: SEED + 1, numRuns: RULES });
  }, 120_000);
});

const zones = ['America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca', 'Asia/Kolkata'].map((name) => knownZone(name)!);

/** A series with everything: a zone or none, exceptions and dates, some of them on starts of the rule. */
const series: fc.Arbitrary<Recurrence & { readonly from: number; readonly to: number }> = fc.record({
  one: cases, zone: fc.oneof(fc.constant(undefined), fc.constantFrom(...zones)), date: fc.nat(9),
  holes: fc.uniqueArray(fc.nat(20), { maxLength: 4 }), additions: fc.uniqueArray(fc.integer({ min: -3 * DAY, max: 30 * DAY }), { maxLength: 3 }), second: fc.option(cases, { freq: 8 }),
}).map(({ one, zone, date, holes, additions, second }) => {
  const kind = date === 0 ? 'date' : zone === undefined ? 'floating' : 'zoned';
  const bare = { ...seriesOf(one.start, one.rule), kind, zone: kind === 'zoned' ? zone : undefined } as const;
  const { locals } = instances(bare, { start: one.from, end: one.to }, 21);
  const exdates = holes.flatMap((hole) => (locals[hole] === undefined ? [] : { at: locals[hole], form: 'local' as const }));
  const rdates = [...additions.map((addition) => ({ at: one.from + addition, form: 'local' as const })), ...(locals[1] === undefined ? [] : [{ at: locals[1], form: 'local' as const }])];
  const rules = second === null ? bare.rules : [...bare.rules, ...seriesOf(one.start, second.rule).rules];
  return { ...bare, rules, exdates, rdates, from: one.from, to: one.to };
});

describe('for any series', () => {
  const runs = Math.ceil(RULES / 4);

  it('runs hold the starts that instances has', () => {
    fc.assert(fc.property(series, ({ from, to, ...one }) => {
      const range = { start: from, end: from + Math.floor((to - from) / 4) };
      const found = instances(one, range, 20_000);
      const { runs, truncated } = startRuns(one, range, 20_000);
      fc.pre(!found.truncated && !truncated);
      const starts = runs.flatMap(({ start, step, repeats }) => Array.from({ length: repeats + 1 }, (_, n) => start + n * step));
      expect(told(starts.toSorted((a, b) => a - b))).toBe(told(found.starts));
      expect(runs.every((run, index) => index === 0 || run.start >= runs[index - 1]!.start)).toBe(true);
    }), { seed: SEED + 2, numRuns: runs });
  }, 60_000);

  it('a range holds what the whole series has there', () => {
    fc.assert(fc.property(series, fc.double({ min: 0, max: 1, noNaN: true }), ({ from, to, ...one }, part) => {
      const whole = instances(one, { start: -(2 ** 40), end: to }, 5000);
      const start = Math.floor(from + (to - from) * part);
      fc.pre(!whole.truncated);
      const inside = instances(one, { start, end: to }, 5000);
      expect(told(inside.starts)).toBe(told(whole.starts.filter((at) => at >= start)));
      expect(told(inside.locals)).toBe(told(whole.locals.filter((_, index) => whole.starts[index]! >= start)));
    }), { seed: SEED + 3, numRuns: runs });
  }, 60_000);

  it('bounds are its first and last start', () => {
    fc.assert(fc.property(series, ({ from: _from, to: _to, ...one }) => {
      const whole = instances(one, { start: -(2 ** 40), end: 2 ** 40 }, 3000);
      const bounds = seriesBounds(one);
      // Where a cap ended the search bounds may be wider, never narrower.
      if (whole.starts.length > 0) expect(bounds?.first).toBe(whole.starts[0]);
      else if (!whole.truncated) expect(bounds).toBeUndefined();
      if (whole.truncated) expect(bounds?.last ?? Infinity).toBeGreaterThanOrEqual(whole.starts.at(-1) ?? 0);
      else if (whole.starts.length > 0) expect([whole.starts.at(-1), Infinity]).toContain(bounds?.last);
      if (!whole.truncated && one.rules.every((rule) => rule.until !== undefined)) expect(bounds?.last).toBe(whole.starts.at(-1));
    }), { seed: SEED + 4, numRuns: runs });
  }, 60_000);
});

/**
 * What rrule gets wrong stays out: of a set with fewer members than BYSETPOS counts back it takes the first; below DAILY it loses its way at hours, minutes and seconds
 * that are not every one; a DAILY rule by day of the year it walks to the year 9999.
 */
function forRrule(one: Case): Case {
  let rule = one.rule.replace(/BYSETPOS=[^;]*-[^;]*/, 'BYSETPOS=-1');
  if (/FREQ=(HOURLY|MINUTELY|SECONDLY)/.test(rule)) rule = rule.replace(/;BY(HOUR|MINUTE|SECOND|SETPOS)=[^;]*/g, '');
  if (/FREQ=(DAILY|HOURLY|MINUTELY|SECONDLY)/.test(rule)) rule = rule.replace(/;BYYEARDAY=[^;]*/, '');
  return { ...one, rule };
}

/** rrule cannot be stopped: where nothing comes any more for a hundred years it would search until the year 9999. */
function isEmptyAhead({ start, rule, to }: Case): boolean {
  const endless = seriesOf(start, rule.replace(/;(COUNT|UNTIL)=[^;]*/, ''));
  return instances(endless, { start: to, end: to + 36_525 * DAY }, 1).starts.length === 0;
}

/** rrule yields times of day in the order in which the rule has them. */
function inOrder(rule: string): string {
  return rule.replace(/(BY(?:HOUR|MINUTE|SECOND))=([\d,]+)/g, (_, name: string, list: string) => `${name}=${list.split(',').map(Number).sort((a, b) => a - b).join(',')}`);
}

function theirs({ start, rule, from, to, limit }: Case): readonly number[] {
  const options = { ...rrule.RRule.parseString(inOrder(rule)), dtstart: new Date(start * 1000) };
  const found: number[] = [];
  const walk = (count: number | undefined): void => {
    new rrule.RRule(count === undefined ? options : { ...options, count }).all((date) => {
      const at = date.getTime() / 1000;
      if (at >= to || found.length >= limit) return false;
      if (at >= from) found.push(at);
      return true;
    });
  };
  const { count } = options;
  let first: number | undefined;
  new rrule.RRule(options).all((date) => {
    first = date.getTime() / 1000;
    return false;
  });
  // As in dateutil-oracle.py: DTSTART is the first instance and counts, also where the rule does not name it (§3.8.5.3).
  if (first !== start && from <= start && start < to) found.push(start);
  if (first === start || typeof count !== 'number') walk(undefined);
  else if (count > 1) walk(count - 1);
  return found;
}
