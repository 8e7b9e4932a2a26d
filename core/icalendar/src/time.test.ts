import { describe, expect, it } from 'vitest';
import { civilFromDays, DAY, dayNumber, dayOf, daysFromCivil, daysInMonth, formatDate, formatDateTime, formatOffset, formatUtc, LAST_LOCAL, monthOf, parseDuration, parseOffset, parseTime, timeOfDay, weekdayOf, yearOf } from './time.ts';

describe('days', () => {
  it('agree with Date from the year 1 to the year 9999', () => {
    const date = new Date(0);
    for (let days = -719_162; days <= 2_932_896; days += 397) {
      date.setTime(days * DAY * 1000);
      const civil = civilFromDays(days);
      expect([yearOf(civil), monthOf(civil), dayOf(civil)]).toEqual([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]);
      expect(daysFromCivil(yearOf(civil), monthOf(civil), dayOf(civil))).toBe(days);
      expect(weekdayOf(days)).toBe((date.getUTCDay() + 6) % 7);
    }
  });

  it.each([[2024, 2, 29], [2023, 2, 28], [1900, 2, 28], [2000, 2, 29], [2023, 4, 30], [2023, 7, 31], [2023, 8, 31], [2023, 12, 31]])('in month %i-%i: %i', (year, month, days) => {
    expect(daysInMonth(year, month)).toBe(days);
  });

  it('begin at midnight, before 1970 too', () => {
    expect([dayNumber(-1), timeOfDay(-1)]).toEqual([-1, DAY - 1]);
    expect([dayNumber(DAY), timeOfDay(DAY)]).toEqual([1, 0]);
  });
});

describe('DATE and DATE-TIME (RFC 5545 §3.3.4, §3.3.5)', () => {
  it.each([
    ['20240229', 'date', '20240229T000000'],
    ['2024-02-29', 'date', '20240229T000000'],
    ['20240229T235959', 'floating', '20240229T235959'],
    ['2024-02-29T23:59:59Z', 'utc', '20240229T235959'],
    ['16010101T000000', 'floating', '16010101T000000'],
    ['20161231T235960Z', 'utc', '20161231T235959'],
  ])('reads %s', (text, kind, told) => {
    const time = parseTime(text);
    expect(time?.kind).toBe(kind);
    expect(formatDateTime(time!.local)).toBe(told);
  });

  it.each(['', '2024', '20240231', '20241301', '20240001', '20240229T', '20240229T2400', '20240229T240000', '20240229T236000', '20240229T235961', '20240229T100000z', '20240229T100000+0100', ' 20240229', '20230229', '20240229\n'])('refuses %j', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });

  it('writes what it reads', () => {
    expect(formatDate(parseTime('00010203')!.local)).toBe('00010203');
    expect(formatUtc(LAST_LOCAL)).toBe('99991231T235959Z');
  });
});

describe('UTC-OFFSET (§3.3.14)', () => {
  it.each([['+0100', 3600], ['-0500', -18_000], ['-05:30', -19_800], ['-045602', -17_762], ['+00:00:01', 1], ['-0000', 0]])('%s is %i', (text, seconds) => {
    expect(parseOffset(text)! + 0).toBe(seconds);
  });

  it.each(['0100', '+01', '+1:00', '+0160', '+010060', 'Z', ''])('refuses %j', (text) => {
    expect(parseOffset(text)).toBeUndefined();
  });

  it('writes seconds only where there are some', () => {
    expect([3600, -19_800, -17_762, 0].map(formatOffset)).toEqual(['+0100', '-0530', '-045602', '+0000']);
  });
});

describe('DURATION (§3.3.6)', () => {
  it.each([
    ['P1D', 1, 0], ['P2W', 14, 0], ['PT15M', 0, 900], ['P1DT1H', 1, 3600], ['-PT1H30M', 0, -5400], ['+P1W', 7, 0], ['PT0S', 0, 0], ['P1W2D', 9, 0], ['P1DT', 1, 0], ['-P1DT1S', -1, -1],
  ])('%s', (text, days, seconds) => {
    expect(parseDuration(text)).toEqual({ days, seconds });
  });

  it.each(['', 'P', 'PT', '-PT', '1D', 'P1H', 'PT1D', 'P-1D', 'P1.5D', 'PT99999999999999H'])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
