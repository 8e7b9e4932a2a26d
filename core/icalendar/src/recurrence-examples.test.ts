/** All examples of RFC 5545 §3.8.5.3, with the starts that the RFC prints. */
import { describe, expect, it } from 'vitest';
import { instances, isProblem, parseRule, seriesBounds, startRuns, type DateValue, type Recurrence } from './recurrence.ts';
import { formatDateTime, parseTime } from './time.ts';
import { knownZone } from './zones.ts';

/** Starts as `year month days, month days; year…`, all at DTSTART's time; `…` at the end: and so on. */
type Example = [title: string, start: string, rule: string, starts: string, exdate?: string];

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const EXAMPLES: Example[] = [
  ['daily for 10 occurrences', '19970902T090000', 'FREQ=DAILY;COUNT=10', '1997 Sep 2-11'],
  ['daily until 24 December', '19970902T090000', 'FREQ=DAILY;UNTIL=19971224T000000Z', '1997 Sep 2-30 Oct 1-31 Nov 1-30 Dec 1-23'],
  ['every other day', '19970902T090000', 'FREQ=DAILY;INTERVAL=2', '1997 Sep 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 Oct 2 4 6 …'],
  ['every 10 days, 5 occurrences', '19970902T090000', 'FREQ=DAILY;INTERVAL=10;COUNT=5', '1997 Sep 2 12 22 Oct 2 12'],
  ['every day in January, by YEARLY', '19980101T090000', 'FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA', '1998 Jan 1-31 1999 Jan 1-31 2000 Jan 1-31'],
  ['every day in January, by DAILY', '19980101T090000', 'FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1', '1998 Jan 1-31 1999 Jan 1-31 2000 Jan 1-31'],
  ['weekly for 10 occurrences', '19970902T090000', 'FREQ=WEEKLY;COUNT=10', '1997 Sep 2 9 16 23 30 Oct 7 14 21 28 Nov 4'],
  ['weekly until 24 December', '19970902T090000', 'FREQ=WEEKLY;UNTIL=19971224T000000Z', '1997 Sep 2 9 16 23 30 Oct 7 14 21 28 Nov 4 11 18 25 Dec 2 9 16 23'],
  ['every other week', '19970902T090000', 'FREQ=WEEKLY;INTERVAL=2;WKST=SU', '1997 Sep 2 16 30 Oct 14 28 Nov 11 25 Dec 9 23 1998 Jan 6 20 Feb 3 17 …'],
  ['Tuesday and Thursday for five weeks, by UNTIL', '19970902T090000', 'FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH', '1997 Sep 2 4 9 11 16 18 23 25 30 Oct 2'],
  ['Tuesday and Thursday for five weeks, by COUNT', '19970902T090000', 'FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH', '1997 Sep 2 4 9 11 16 18 23 25 30 Oct 2'],
  ['every other week on three days', '19970901T090000', 'FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR', '1997 Sep 1 3 5 15 17 19 29 Oct 1 3 13 15 17 27 29 31 Nov 10 12 14 24 26 28 Dec 8 10 12 22'],
  ['every other week on two days, 8 occurrences', '19970902T090000', 'FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH', '1997 Sep 2 4 16 18 30 Oct 2 14 16'],
  ['first Friday, 10 occurrences', '19970905T090000', 'FREQ=MONTHLY;COUNT=10;BYDAY=1FR', '1997 Sep 5 Oct 3 Nov 7 Dec 5 1998 Jan 2 Feb 6 Mar 6 Apr 3 May 1 Jun 5'],
  ['first Friday until 24 December', '19970905T090000', 'FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR', '1997 Sep 5 Oct 3 Nov 7 Dec 5'],
  ['first and last Sunday of every other month', '19970907T090000', 'FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU', '1997 Sep 7 28 Nov 2 30 1998 Jan 4 25 Mar 1 29 May 3 31'],
  ['second to last Monday', '19970922T090000', 'FREQ=MONTHLY;COUNT=6;BYDAY=-2MO', '1997 Sep 22 Oct 20 Nov 17 Dec 22 1998 Jan 19 Feb 16'],
  ['third to the last day', '19970928T090000', 'FREQ=MONTHLY;BYMONTHDAY=-3', '1997 Sep 28 Oct 29 Nov 28 Dec 29 1998 Jan 29 Feb 26 …'],
  ['2nd and 15th', '19970902T090000', 'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15', '1997 Sep 2 15 Oct 2 15 Nov 2 15 Dec 2 15 1998 Jan 2 15'],
  ['first and last day', '19970930T090000', 'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1', '1997 Sep 30 Oct 1 31 Nov 1 30 Dec 1 31 1998 Jan 1 31 Feb 1'],
  ['every 18 months on the 10th to 15th', '19970910T090000', 'FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15', '1997 Sep 10-15 1999 Mar 10-13'],
  ['every Tuesday of every other month', '19970902T090000', 'FREQ=MONTHLY;INTERVAL=2;BYDAY=TU', '1997 Sep 2 9 16 23 30 Nov 4 11 18 25 1998 Jan 6 13 20 27 Mar 3 10 17 24 31 …'],
  ['June and July, 10 occurrences', '19970610T090000', 'FREQ=YEARLY;COUNT=10;BYMONTH=6,7', '1997 Jun 10 Jul 10 1998 Jun 10 Jul 10 1999 Jun 10 Jul 10 2000 Jun 10 Jul 10 2001 Jun 10 Jul 10'],
  ['every other year in January to March', '19970310T090000', 'FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3', '1997 Mar 10 1999 Jan 10 Feb 10 Mar 10 2001 Jan 10 Feb 10 Mar 10 2003 Jan 10 Feb 10 Mar 10'],
  ['every third year by day of the year', '19970101T090000', 'FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200', '1997 Jan 1 Apr 10 Jul 19 2000 Jan 1 Apr 9 Jul 18 2003 Jan 1 Apr 10 Jul 19 2006 Jan 1'],
  ['20th Monday of the year', '19970519T090000', 'FREQ=YEARLY;BYDAY=20MO', '1997 May 19 1998 May 18 1999 May 17 …'],
  ['Monday of week 20', '19970512T090000', 'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO', '1997 May 12 1998 May 11 1999 May 17 …'],
  ['every Thursday in March', '19970313T090000', 'FREQ=YEARLY;BYMONTH=3;BYDAY=TH', '1997 Mar 13 20 27 1998 Mar 5 12 19 26 1999 Mar 4 11 18 25 …'],
  ['every Thursday in summer', '19970605T090000', 'FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8', '1997 Jun 5 12 19 26 Jul 3 10 17 24 31 Aug 7 14 21 28 1998 Jun 4 11 18 25 Jul 2 9 16 23 30 Aug 6 13 20 27 1999 Jun 3 10 17 24 Jul 1 8 15 22 29 Aug 5 12 19 26 …'],
  ['every Friday the 13th', '19970902T090000', 'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13', '1998 Feb 13 Mar 13 Nov 13 1999 Aug 13 2000 Oct 13 …', '19970902T090000'],
  ['Saturday after the first Sunday', '19970913T090000', 'FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13', '1997 Sep 13 Oct 11 Nov 8 Dec 13 1998 Jan 10 Feb 7 Mar 7 Apr 11 May 9 Jun 13 …'],
  ['election day', '19961105T090000', 'FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8', '1996 Nov 5 2000 Nov 7 2004 Nov 2 …'],
  ['third of Tuesday, Wednesday, Thursday', '19970904T090000', 'FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3', '1997 Sep 4 Oct 7 Nov 6'],
  ['second to last weekday', '19970929T090000', 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2', '1997 Sep 29 Oct 30 Nov 27 Dec 30 1998 Jan 29 Feb 26 Mar 30 …'],
  ['weeks from Monday', '19970805T090000', 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO', '1997 Aug 5 10 19 24'],
  ['weeks from Sunday', '19970805T090000', 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU', '1997 Aug 5 17 19 31'],
  ['an invalid date is passed over', '20070115T090000', 'FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5', '2007 Jan 15 30 Feb 15 Mar 15 30'],
];

function dates(text: string, time: string): readonly string[] {
  let year = '';
  let month = '';
  return text.split(' ').flatMap((word) => {
    if (/^\d{4}$/.test(word)) year = word;
    else if (MONTHS.includes(word)) month = String(MONTHS.indexOf(word) + 1).padStart(2, '0');
    else if (word !== '…') {
      const [first = 0, last = first] = word.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, place) => `${year}${month}${String(first + place).padStart(2, '0')}T${time}`);
    }
    return [];
  });
}

const zone = knownZone('America/New_York')!;
const FOREVER = { start: -(2 ** 40), end: 2 ** 40 };

function seriesOf(start: string, text: string, exdate?: string): Recurrence {
  const rule = parseRule(text);
  if (isProblem(rule)) throw new Error(rule.problem);
  const exdates: DateValue[] = exdate === undefined ? [] : [{ at: parseTime(exdate)!.local, form: 'local' }];
  return { start: parseTime(start)!.local, kind: 'zoned', zone, rules: [rule], exrules: [], rdates: [], exdates };
}

describe('RFC 5545 §3.8.5.3', () => {
  it.each(EXAMPLES)('%s', (_, start, rule, starts, exdate) => {
    const series = seriesOf(start, rule, exdate);
    const expected = dates(starts, start.slice(9));
    const endless = starts.endsWith('…');
    const found = instances(series, FOREVER, endless ? expected.length : undefined);
    expect(found.locals.map(formatDateTime)).toEqual(expected);
    expect(found.truncated).toBe(endless);
    expect(found.starts).toEqual(found.locals.map((local) => zone.toUtc(local)));
    expect(seriesBounds(series)).toEqual({ first: found.starts[0], last: endless ? Infinity : found.starts.at(-1) });
    const runs = startRuns(series, { start: FOREVER.start, end: found.starts.at(-1)! + 1 }).runs.flatMap(({ start, step, repeats }) => Array.from({ length: repeats + 1 }, (_, n) => start + n * step));
    expect(runs.toSorted((a, b) => a - b)).toEqual(found.starts);
  });

  it.each([
    ['every 3 hours until 17:00 (as told in UTC, where the RFC forgot its zone)', 'FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z', ['090000', '120000', '150000']],
    ['every 15 minutes for 6 occurrences', 'FREQ=MINUTELY;INTERVAL=15;COUNT=6', ['090000', '091500', '093000', '094500', '100000', '101500']],
    ['every hour and a half for 4 occurrences', 'FREQ=MINUTELY;INTERVAL=90;COUNT=4', ['090000', '103000', '120000', '133000']],
  ])('%s', (_, rule, times) => {
    expect(instances(seriesOf('19970902T090000', rule), FOREVER).locals.map(formatDateTime)).toEqual(times.map((time) => `19970902T${time}`));
  });

  it.each(['FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40', 'FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16'])('every 20 minutes from 9:00 to 16:40 every day: %s', (rule) => {
    const day = (date: string): readonly string[] => [9, 10, 11, 12, 13, 14, 15, 16].flatMap((hour) => ['00', '20', '40'].map((minute) => `${date}T${String(hour).padStart(2, '0')}${minute}00`));
    expect(instances(seriesOf('19970902T090000', rule), FOREVER, 48).locals.map(formatDateTime)).toEqual([...day('19970902'), ...day('19970903')]);
  });
});
