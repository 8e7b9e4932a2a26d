import ICAL from 'ical.js';
import { describe, expect, it } from 'vitest';
import { isProblem, parseRule, ruleFromJcal, type Rule } from './recurrence-rule.ts';
import { parseTime } from './time.ts';

function rule(text: string): Rule {
  const parsed = parseRule(text);
  if (isProblem(parsed)) throw new Error(`${text}: ${parsed.problem}`);
  return parsed;
}

describe('a RECUR value (RFC 5545 §3.3.10)', () => {
  it('is read with all of its parts, in any order and case', () => {
    expect(rule(' byday=mo,-1SU,+2tu;FREQ=monthly;INTERVAL=2;COUNT=010;UNTIL=20241231T235959Z;BYMONTH=12,1,1;BYMONTHDAY=-1,15;BYHOUR=9;BYMINUTE=30,0;BYSECOND=60;BYSETPOS=-1;WKST=SU; ')).toEqual({
      frequency: 'MONTHLY', interval: 2, count: 10, until: { at: parseTime('20241231T235959')!.local, form: 'utc' },
      bySecond: [59], byMinute: [0, 30], byHour: [9], byMonthDay: [-1, 15], byYearDay: [], byWeekNo: [], byMonth: [1, 12], bySetPos: [-1],
      byDay: [{ day: 6, ordinal: -1 }, { day: 0, ordinal: 0 }, { day: 1, ordinal: 2 }], weekStart: 6, skip: 'omit',
    });
  });

  it('has every week from Monday, one at a time, without end, unless it says otherwise', () => {
    expect(rule('FREQ=WEEKLY')).toMatchObject({ interval: 1, count: Infinity, until: undefined, weekStart: 0, byDay: [] });
  });

  it('passes over empty parts and X- parts', () => {
    expect(rule('FREQ=DAILY;BYDAY=;;X-FOO=BAR;COUNT=;UNTIL=')).toEqual(rule('FREQ=DAILY'));
  });

  it.each([['20241231', 'date'], ['20241231T100000', 'local'], ['2024-12-31T10:00:00Z', 'utc']])('reads UNTIL=%s as %s', (text, form) => {
    expect(rule(`FREQ=DAILY;UNTIL=${text}`).until?.form).toBe(form);
  });

  it('drops ordinals where they mean nothing', () => {
    expect(rule('FREQ=WEEKLY;BYDAY=1MO,2MO').byDay).toEqual([{ day: 0, ordinal: 0 }]);
  });

  it.each([
    ['', 'FREQ is missing'],
    ['INTERVAL=2', 'FREQ is missing'],
    ['FREQ=FORTNIGHTLY', 'FREQ=FORTNIGHTLY is unknown'],
    ['FREQ=DAILY;FREQ=DAILY', 'FREQ appears twice'],
    ['FREQ=DAILY;COUNT', '"COUNT" is not a part of a rule'],
    ['FREQ=DAILY;BYEASTER=1', 'BYEASTER is not a part of a rule'],
    ['FREQ=DAILY;INTERVAL=0', 'INTERVAL=0 is not a positive number'],
    ['FREQ=DAILY;COUNT=0', 'COUNT=0 is not a positive number'],
    ['FREQ=DAILY;COUNT=1.5', 'COUNT=1.5 is not a positive number'],
    ['FREQ=DAILY;INTERVAL=9999999999999999', 'INTERVAL=9999999999999999 is not a positive number'],
    ['FREQ=DAILY;UNTIL=20230229', 'UNTIL=20230229 is not a date or time'],
    ['FREQ=DAILY;BYHOUR=24', 'BYHOUR=24 is out of range'],
    ['FREQ=DAILY;BYHOUR=-1', 'BYHOUR=-1 is out of range'],
    ['FREQ=YEARLY;BYMONTH=13', 'BYMONTH=13 is out of range'],
    ['FREQ=YEARLY;BYMONTH=0', 'BYMONTH=0 is out of range'],
    ['FREQ=YEARLY;BYMONTHDAY=0', 'BYMONTHDAY=0 is out of range'],
    ['FREQ=YEARLY;BYMONTHDAY=1,,2', 'BYMONTHDAY= is out of range'],
    ['FREQ=YEARLY;BYYEARDAY=367', 'BYYEARDAY=367 is out of range'],
    ['FREQ=YEARLY;BYWEEKNO=54', 'BYWEEKNO=54 is out of range'],
    ['FREQ=MONTHLY;BYSETPOS=0', 'BYSETPOS=0 is out of range'],
    ['FREQ=MONTHLY;BYDAY=6MO', 'BYDAY=6MO is out of range'],
    ['FREQ=YEARLY;BYMONTH=2;BYDAY=-6MO', 'BYDAY=-6MO is out of range'],
    ['FREQ=YEARLY;BYDAY=54MO', 'BYDAY=54MO is out of range'],
    ['FREQ=YEARLY;BYDAY=0MO', 'BYDAY=0MO is out of range'],
    ['FREQ=WEEKLY;BYDAY=MON', 'BYDAY=MON is not a weekday'],
    ['FREQ=WEEKLY;WKST=1', 'WKST=1 is not a weekday'],
    ['FREQ=YEARLY;SKIP=FORWARD', 'SKIP needs RSCALE'],
    ['RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=NEVER', 'SKIP=NEVER is unknown'],
    [`FREQ=YEARLY;BYYEARDAY=${'1,'.repeat(800)}1`, 'BYYEARDAY has more than 732 values'],
  ])('%s is refused: %s', (text, problem) => {
    expect(parseRule(text)).toEqual({ problem });
  });

  it('a calendar that is not known is named as the reason, before its months are looked at (RFC 7529 §4.1, §7)', () => {
    expect(parseRule('RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=5L')).toEqual({ problem: 'RSCALE=CHINESE is not supported', scale: true });
  });
});

describe('the same in jCal (RFC 7265 §3.6.10)', () => {
  it.each([
    'FREQ=YEARLY;UNTIL=20061029T060000Z;BYDAY=-1SU;BYMONTH=10',
    'FREQ=WEEKLY;INTERVAL=2;COUNT=5;BYDAY=MO,WE;WKST=SU',
    'FREQ=MONTHLY;BYMONTHDAY=-1,15;BYHOUR=9;BYSETPOS=1',
    'FREQ=DAILY;UNTIL=20061029',
  ])('reads %s as ical.js hands it over', (text) => {
    const jcal = ICAL.parse(`BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nRRULE:${text}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`) as unknown as [string, unknown[], [[string, [string, unknown, string, unknown][], unknown[]]]];
    expect(ruleFromJcal(jcal[2][0][1][0]![3])).toEqual(rule(text));
    expect(ruleFromJcal(text)).toEqual(rule(text));
  });

  it('reads numbered weekdays of WKST from Sunday', () => {
    expect(ruleFromJcal({ freq: 'WEEKLY', wkst: 1 })).toMatchObject({ weekStart: 6 });
    expect(ruleFromJcal({ freq: 'WEEKLY', wkst: 2 })).toMatchObject({ weekStart: 0 });
  });

  it.each([[null], [5], [undefined], [{}], [{ freq: 'DAILY', count: -1 }], [{ freq: ['DAILY', 'WEEKLY'] }]])('refuses %j', (value) => {
    expect(ruleFromJcal(value)).toHaveProperty('problem');
  });
});
