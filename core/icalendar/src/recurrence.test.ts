import { describe, expect, it } from 'vitest';
import { MAX_INSTANCES, MAX_RULES } from './limits.ts';
import { instances, isInstance, isProblem, parseRule, seriesBounds, startRuns, type DateValue, type Recurrence, type Rule } from './recurrence.ts';
import { DAY, formatDateTime, HOUR, parseTime, weekdayOf } from './time.ts';
import { knownZone } from './zones.ts';

const FOREVER = { start: -(2 ** 40), end: 2 ** 40 };
const newYork = knownZone('America/New_York')!;

const at = (text: string): number => parseTime(text)!.local;

function rule(text: string): Rule {
  const parsed = parseRule(text);
  if (isProblem(parsed)) throw new Error(`${text}: ${parsed.problem}`);
  return parsed;
}

function floating(start: string, rules: readonly string[], more: Partial<Recurrence> = {}): Recurrence {
  return { start: at(start), kind: start.length > 8 ? 'floating' : 'date', zone: undefined, rules: rules.map(rule), exrules: [], rdates: [], exdates: [], ...more };
}

const zoned = (start: string, rules: readonly string[], more: Partial<Recurrence> = {}): Recurrence => floating(start, rules, { kind: 'zoned', zone: newYork, ...more });
const value = (text: string, form: DateValue['form'] = 'local'): DateValue => ({ at: at(text), form });
const locals = (series: Recurrence, limit?: number): readonly string[] => instances(series, FOREVER, limit).locals.map(formatDateTime);
const starts = (series: Recurrence, limit?: number): readonly string[] => instances(series, FOREVER, limit).starts.map(formatDateTime);
const days = (series: Recurrence, limit?: number): readonly string[] => locals(series, limit).map((text) => text.slice(0, 8));
const unrolled = (series: Recurrence, range = FOREVER): readonly number[] => startRuns(series, range).runs.flatMap(({ start, step, repeats }) => Array.from({ length: repeats + 1 }, (_, n) => start + n * step)).toSorted((a, b) => a - b);

describe('DTSTART (§3.8.5.3)', () => {
  it('is the first instance and counts, also where the rule does not name it', () => {
    expect(days(floating('20240101T090000', ['FREQ=WEEKLY;BYDAY=WE;COUNT=3']))).toEqual(['20240101', '20240103', '20240110']);
    expect(days(floating('20240101T090000', ['FREQ=MONTHLY;BYMONTHDAY=15;COUNT=1']))).toEqual(['20240101']);
  });

  it('stays when UNTIL lies before it', () => {
    expect(days(floating('20240101T090000', ['FREQ=DAILY;UNTIL=20200101T000000']))).toEqual(['20240101']);
  });

  it('goes when an EXDATE takes it away, and still counts', () => {
    const series = floating('20240101T090000', ['FREQ=DAILY;COUNT=3'], { exdates: [value('20240101T090000')] });
    expect(days(series)).toEqual(['20240102', '20240103']);
    expect(seriesBounds(series)).toEqual({ first: at('20240102T090000'), last: at('20240103T090000') });
  });

  it('is the whole series without rules or dates', () => {
    expect(seriesBounds(floating('20240101T090000', []))).toEqual({ first: at('20240101T090000'), last: at('20240101T090000') });
  });
});

describe('several rules and dates', () => {
  it('merges rules without repeating a start', () => {
    const series = floating('20240101T090000', ['FREQ=DAILY;COUNT=4', 'FREQ=DAILY;INTERVAL=2;COUNT=4']);
    expect(days(series)).toEqual(['20240101', '20240102', '20240103', '20240104', '20240105', '20240107']);
    expect(unrolled(series)).toEqual(instances(series, FOREVER).starts);
  });

  it('takes EXRULE of old data away', () => {
    const series = floating('20240101T090000', ['FREQ=DAILY;COUNT=7'], { exrules: [rule('FREQ=WEEKLY;BYDAY=SA,SU')] });
    expect(days(series)).toEqual(['20240101', '20240102', '20240103', '20240104', '20240105']);
    expect(seriesBounds(series)?.last).toBe(at('20240105T090000'));
  });

  it('adds RDATEs, once each, and knows the ends of periods', () => {
    const period: DateValue = { at: at('20240103T140000'), form: 'local', end: at('20240103T160000') };
    const series = floating('20240101T090000', ['FREQ=DAILY;COUNT=2'], { rdates: [value('20240102T090000'), period, value('20231224T090000')] });
    const found = instances(series, FOREVER);
    expect(found.locals.map(formatDateTime)).toEqual(['20231224T090000', '20240101T090000', '20240102T090000', '20240103T140000']);
    expect([...found.ends]).toEqual([[at('20240103T140000'), at('20240103T160000')]]);
    expect(seriesBounds(series)).toEqual({ first: at('20231224T090000'), last: at('20240103T140000') });
    expect(unrolled(series)).toEqual(found.starts);
    expect([...startRuns(series, FOREVER).ends]).toEqual([...found.ends]);
  });

  it('matches EXDATE and RDATE in UTC against a series with a zone', () => {
    const series = zoned('20240305T090000', ['FREQ=DAILY;COUNT=8'], { exdates: [value('20240306T140000', 'utc'), value('20240311T130000', 'utc')], rdates: [value('20240401T120000', 'utc')] });
    expect(locals(series)).toEqual(['05', '07', '08', '09', '10', '12'].map((day) => `202403${day}T090000`).concat('20240401T080000'));
    expect(unrolled(series)).toEqual(instances(series, FOREVER).starts);
  });

  it('lets an EXDATE of a day take all starts of that day', () => {
    const series = floating('20240101T090000', ['FREQ=DAILY;BYHOUR=9,15;COUNT=6'], { exdates: [value('20240102', 'date')] });
    expect(days(series)).toEqual(['20240101', '20240101', '20240103', '20240103']);
    expect(unrolled(series)).toEqual(instances(series, FOREVER).starts);
  });

  it('compares days in an all-day series, whatever the EXDATE says of hours', () => {
    const series = floating('20240101', ['FREQ=DAILY;COUNT=4'], { exdates: [value('20240102T090000'), value('20240103', 'date')] });
    expect(days(series)).toEqual(['20240101', '20240104']);
  });

  it('has no bounds when exceptions leave nothing', () => {
    expect(seriesBounds(floating('20240101T090000', ['FREQ=DAILY;COUNT=2'], { exdates: [value('20240101T090000'), value('20240102T090000')] }))).toBeUndefined();
  });

  it('finds the last start when the last ones are taken away', () => {
    const exdates = ['20240131', '20240229', '20240331'].map((day) => value(`${day}T090000`));
    expect(seriesBounds(floating('20231231T090000', ['FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=4'], { exdates }))).toEqual({ first: at('20231231T090000'), last: at('20231231T090000') });
  });
});

describe('COUNT and UNTIL', () => {
  it.each([
    'FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=3000',
    'FREQ=MONTHLY;BYMONTHDAY=5,20;COUNT=999',
    'FREQ=MONTHLY;BYDAY=2TU,-1FR;COUNT=500',
    'FREQ=YEARLY;BYMONTH=3,11;BYDAY=1SU;BYHOUR=9,21;BYSETPOS=2,-1;COUNT=100',
    'FREQ=MONTHLY;BYMONTHDAY=31;COUNT=70',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=20',
  ])('finds the end of %s by arithmetic or by counting, the same', (text) => {
    const series = floating('20240102T090000', [text]);
    const all = instances(series, FOREVER, 5000);
    expect(all.starts).toHaveLength(Number(/COUNT=(\d+)/.exec(text)![1]));
    expect(seriesBounds(series)?.last).toBe(all.starts.at(-1));
  });

  it('reads UNTIL as a day as that whole day, also for a series with times', () => {
    expect(days(floating('20240101T090000', ['FREQ=DAILY;UNTIL=20240103']))).toEqual(['20240101', '20240102', '20240103']);
    expect(days(floating('20240101', ['FREQ=DAILY;UNTIL=20240103T235959Z']))).toEqual(['20240101', '20240102', '20240103']);
  });

  it('reads UNTIL in UTC by the zone, and includes it', () => {
    expect(days(zoned('20240306T090000', ['FREQ=DAILY;UNTIL=20240311T130000Z']))).toHaveLength(6);
    expect(days(zoned('20240306T090000', ['FREQ=DAILY;UNTIL=20240311T125959Z']))).toHaveLength(5);
  });

  it('reaches over the hour that the clock repeats, when UNTIL lies in its second pass', () => {
    const series = zoned('20241103T003000', ['FREQ=MINUTELY;INTERVAL=30;UNTIL=20241103T061000Z']);
    expect(locals(series)).toEqual(['20241103T003000', '20241103T010000', '20241103T013000']);
  });

  it('stops at the year 9999, the last that a date can name', () => {
    const found = instances(floating('99980101T000000', ['FREQ=YEARLY']), FOREVER);
    expect(found.locals.map(formatDateTime)).toEqual(['99980101T000000', '99990101T000000']);
    expect(found.truncated).toBe(false);
  });
});

describe('zones (§3.3.5)', () => {
  it('keeps the wall clock over a change of offset', () => {
    expect(starts(zoned('20240309T090000', ['FREQ=DAILY;COUNT=2']))).toEqual(['20240309T140000', '20240310T130000']);
  });

  it('moves a start that the clock skips by the offset before the gap', () => {
    expect(starts(zoned('20240309T023000', ['FREQ=DAILY;COUNT=3']))).toEqual(['20240309T073000', '20240310T073000', '20240311T063000']);
  });

  it('takes the first of two', () => {
    expect(starts(zoned('20241102T013000', ['FREQ=DAILY;COUNT=3']))).toEqual(['20241102T053000', '20241103T053000', '20241104T063000']);
  });

  it('names an instant once, though two local times of a gap mean it, and calls it what the clock shows', () => {
    const series = zoned('20240310T010000', ['FREQ=HOURLY;COUNT=4']);
    expect(locals(series)).toEqual(['20240310T010000', '20240310T030000', '20240310T040000']);
    expect(unrolled(series)).toEqual(instances(series, FOREVER).starts);
  });

  it('orders by instant where a gap disturbs the order', () => {
    const series = zoned('20240310T014000', ['FREQ=MINUTELY;INTERVAL=50;COUNT=4']);
    const found = instances(series, FOREVER);
    expect(found.starts).toEqual(found.starts.toSorted((a, b) => a - b));
    expect(unrolled(series)).toEqual(found.starts);
    for (const count of [1, 2, 3, 4]) {
      const shorter = zoned('20240310T014000', [`FREQ=MINUTELY;INTERVAL=50;COUNT=${count}`]);
      expect(seriesBounds(shorter)?.last).toBe(instances(shorter, FOREVER).starts.at(-1));
    }
  });

  it('makes one run for each stretch of constant offset', () => {
    const { runs, truncated } = startRuns(zoned('20200101T090000', ['FREQ=DAILY']), { start: at('20240101'), end: at('20250101') });
    expect(runs.map(({ step, repeats }) => [step, repeats])).toEqual([[DAY, 68], [DAY, 237], [DAY, 58]]);
    expect(truncated).toBe(false);
  });

  it('works in the year 2400', () => {
    const range = { start: at('24000301'), end: at('24000401') };
    expect(instances(zoned('20200101T090000', ['FREQ=WEEKLY;BYDAY=SU']), range).starts.map(formatDateTime)).toEqual(['24000305T140000', '24000312T130000', '24000319T130000', '24000326T130000']);
  });
});

describe('parts of a rule that engines get wrong', () => {
  it.each([
    ['20240229T090000', 'FREQ=YEARLY', '20240229 20280229 20320229'],
    ['20240131T090000', 'FREQ=MONTHLY', '20240131 20240331 20240531 20240731'],
    ['20240101T090000', 'FREQ=YEARLY;BYWEEKNO=20', '20240101 20240513 20250512'],
    ['20240101T090000', 'FREQ=YEARLY;BYMONTHDAY=1', '20240101 20240201 20240301'],
    ['20240101T090000', 'FREQ=DAILY;BYMONTHDAY=-1', '20240101 20240131 20240229 20240331'],
    ['20240101T090000', 'FREQ=MONTHLY;BYDAY=MO,2TU', '20240101 20240108 20240109 20240115'],
    ['20240101T090000', 'FREQ=MONTHLY;BYMONTH=2,3', '20240101 20240201 20240301 20250201'],
    ['20240102T090000', 'FREQ=WEEKLY;BYDAY=MO,TU,FR;BYSETPOS=-1', '20240102 20240105 20240112'],
    ['20240101T090000', 'FREQ=YEARLY;BYDAY=MO;BYSETPOS=1,-1', '20240101 20241230 20250106 20251229'],
    ['20240101T090000', 'FREQ=YEARLY;BYDAY=-1MO;BYMONTH=1,5', '20240101 20240129 20240527 20250127'],
    ['20240101T090000', 'FREQ=YEARLY;BYYEARDAY=-1,366', '20240101 20241231 20251231'],
    ['20240101T090000', 'FREQ=WEEKLY;BYDAY=1MO', '20240101 20240108'],
  ])('%s %s', (start, text, expected) => {
    const wanted = expected.split(' ');
    expect(days(floating(start, [text]), wanted.length)).toEqual(wanted);
  });

  it('counts BYSETPOS over days and times together', () => {
    expect(locals(floating('20240101T090000', ['FREQ=DAILY;BYHOUR=8,12,17;BYMINUTE=0,30;BYSETPOS=2,-1;COUNT=5']))).toEqual(['20240101T090000', '20240101T173000', '20240102T083000', '20240102T173000', '20240103T083000']);
  });

  it('hears nothing of hours in an all-day series', () => {
    expect(locals(floating('20240101', ['FREQ=DAILY;BYHOUR=9,15;COUNT=2']))).toEqual(['20240101T000000', '20240102T000000']);
    expect(locals(floating('20240101', ['FREQ=HOURLY;COUNT=3']))).toEqual(['20240101T000000', '20240102T000000', '20240103T000000']);
  });

  it('moves what does not exist as SKIP says (RFC 7529 §4.1)', () => {
    const skip = (skip: string, start: string, text: string): readonly string[] => days(floating(start, [`RSCALE=GREGORIAN;SKIP=${skip};${text}`]), 4);
    expect(skip('OMIT', '20240131T090000', 'FREQ=MONTHLY')).toEqual(['20240131', '20240331', '20240531', '20240731']);
    expect(skip('BACKWARD', '20240131T090000', 'FREQ=MONTHLY')).toEqual(['20240131', '20240229', '20240331', '20240430']);
    expect(skip('FORWARD', '20240131T090000', 'FREQ=MONTHLY')).toEqual(['20240131', '20240301', '20240331', '20240501']);
    expect(skip('FORWARD', '20240229T090000', 'FREQ=YEARLY')).toEqual(['20240229', '20250301', '20260301', '20270301']);
    expect(skip('FORWARD', '20240101T090000', 'FREQ=YEARLY;BYYEARDAY=1,366')).toEqual(['20240101', '20241231', '20250101', '20260101']);
  });

  it.each(['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'])('numbers weeks from %s, at the ends of years too', (weekStart) => {
    const first = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'].indexOf(weekStart);
    const yearOfDay = (day: number): number => Number(formatDateTime(day * DAY).slice(0, 4));
    // By the definition: a week belongs to the year that has four of its days or more.
    const numbered = new Map<number, { year: number; number: number }>();
    let last = { year: 0, number: 0 };
    for (let week = at('19700101') / DAY; week < at('20310101') / DAY; week += 1) {
      if (weekdayOf(week) !== first) continue;
      const inYear = new Map<number, number>();
      for (let day = week; day < week + 7; day += 1) inYear.set(yearOfDay(day), (inYear.get(yearOfDay(day)) ?? 0) + 1);
      const year = [...inYear].find(([, size]) => size >= 4)![0];
      last = { year, number: year === last.year ? last.number + 1 : 1 };
      for (let day = week; day < week + 7; day += 1) numbered.set(day, last);
    }
    const sizes = new Map([...numbered.values()].map(({ year, number }) => [year, number]));
    for (const number of [1, 2, 51, 52, 53, -1, -2, -52, -53]) {
      const series = floating('20000101T090000', [`FREQ=YEARLY;BYWEEKNO=${number};BYDAY=MO,TU,WE,TH,FR,SA,SU;WKST=${weekStart}`], { exdates: [value('20000101T090000')] });
      const found = instances(series, { start: at('20000102'), end: at('20260101') }).starts.map((start) => Math.floor(start / DAY));
      const expected = [...numbered].filter(([day, week]) => day > at('20000101') / DAY && day < at('20260101') / DAY && (number > 0 ? week.number === number : week.number - sizes.get(week.year)! - 1 === number)).map(([day]) => day);
      expect(found).toEqual(expected);
    }
  });
});

describe('rule bombs', () => {
  it('gives a rule of every second as many instances as the cap has, and says so', () => {
    const series = floating('20240101T000000', ['FREQ=SECONDLY']);
    const found = instances(series, FOREVER);
    expect(found.starts).toHaveLength(MAX_INSTANCES);
    expect(found.truncated).toBe(true);
    expect(startRuns(series, { start: 0, end: at('20300101') })).toEqual({ runs: [{ start: at('20240101'), step: 1, repeats: at('20300101') - at('20240101') - 1 }], ends: new Map(), truncated: false });
    expect(instances(series, { start: at('99990101'), end: at('99990101') + 3 }).starts).toHaveLength(3);
  });

  it.each([
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31',
    'FREQ=YEARLY;BYWEEKNO=20;BYMONTH=1',
    'FREQ=WEEKLY;BYSETPOS=3;BYDAY=MO,TU',
    'FREQ=DAILY;BYSETPOS=2',
    'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5',
    'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=100',
  ])('finds that %s names nothing', (text) => {
    const series = floating('20240101T090000', [text]);
    expect(days(series)).toEqual(['20240101']);
    expect(seriesBounds(series)).toEqual({ first: at('20240101T090000'), last: at('20240101T090000') });
  });

  it.each([
    'FREQ=MINUTELY;INTERVAL=60;BYMINUTE=30',
    'FREQ=HOURLY;INTERVAL=24;BYHOUR=5;BYDAY=MO',
    'FREQ=MINUTELY;INTERVAL=2;BYMINUTE=1;COUNT=5',
    'FREQ=MINUTELY;INTERVAL=2;BYMINUTE=1;UNTIL=90000101T000000',
  ])('gives up on %s and says that there may be more', (text) => {
    const series = floating('20240101T090000', [text]);
    expect(instances(series, FOREVER)).toMatchObject({ locals: [at('20240101T090000')], truncated: true });
    expect(seriesBounds(series)).toEqual({ first: at('20240101T090000'), last: Infinity });
    expect(startRuns(series, FOREVER).truncated).toBe(true);
  });

  it('bounds a period of 31 million starts', () => {
    const all = (size: number, from = 0): string => Array.from({ length: size }, (_, n) => n + from).join(',');
    const series = floating('20240101T000000', [`FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=${all(24)};BYMINUTE=${all(60)};BYSECOND=${all(60)}`]);
    expect(instances(series, { start: at('20240701'), end: at('20240801') }).starts.slice(0, 2)).toEqual([at('20240701'), at('20240701') + 1]);
    expect(instances(series, FOREVER)).toMatchObject({ truncated: true });
  });

  it('looks at no more rules than the cap has, and says so', () => {
    const series = floating('20240101T090000', Array.from({ length: MAX_RULES + 1 }, () => 'FREQ=DAILY;COUNT=2'));
    expect(instances(series, FOREVER).truncated).toBe(true);
    expect(seriesBounds(series)?.last).toBe(Infinity);
  });

  it('is honest when an EXRULE leaves nothing of an endless rule', () => {
    const series = floating('20240101T090000', ['FREQ=DAILY'], { exrules: [rule('FREQ=DAILY')] });
    expect(instances(series, FOREVER)).toMatchObject({ starts: [], truncated: true });
    expect(instances(series, { start: at('20250101'), end: at('20260101') })).toMatchObject({ starts: [], truncated: false });
    expect(seriesBounds(series)).toEqual({ first: at('20240101T090000'), last: Infinity });
  });
});

describe('isInstance', () => {
  const series = zoned('20240301T090000', ['FREQ=WEEKLY;COUNT=10'], { exdates: [value('20240308T090000')], rdates: [value('20240302T110000')] });
  it.each([['20240301T090000', true], ['20240302T110000', true], ['20240308T090000', false], ['20240315T090000', true], ['20240315T100000', false], ['20250101T090000', false]])('%s: %s', (text, expected) => {
    expect(isInstance(series, at(text))).toBe(expected);
  });

  it('asks for the day only, in an all-day series', () => {
    expect(isInstance(floating('20240301', ['FREQ=DAILY']), at('20240305T130000'))).toBe(true);
  });
});

describe('limits of a range', () => {
  it('holds its start and not its end', () => {
    const series = zoned('20240301T090000', ['FREQ=DAILY']);
    expect(instances(series, { start: at('20240305T140000'), end: at('20240307T140000') }).starts).toEqual([at('20240305T140000'), at('20240306T140000')]);
    expect(instances(series, { start: at('20240305T140000') + 1, end: at('20240306T140000') }).starts).toEqual([]);
  });

  it('keeps the first of too many', () => {
    const found = instances(floating('20240101T090000', ['FREQ=HOURLY']), { start: at('20240201'), end: at('20250101') }, 5);
    expect(found).toMatchObject({ starts: [0, 1, 2, 3, 4].map((n) => at('20240201') + n * HOUR), truncated: true });
  });
});
