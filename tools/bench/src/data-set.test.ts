import { describe, expect, it } from 'vitest';
import { sample } from './data-set.ts';

const options = { total: 1000, seed: 's', salt: 'x' };
const all = Array.from({ length: 300 }, (_, i) => sample(i, options));
const text = all.map(({ octets }) => octets.toString());

describe('the data set', () => {
  it('is the same for every server but for its UIDs', () => {
    const other = Array.from({ length: 300 }, (_, i) => sample(i, { ...options, salt: 'y' }));
    expect(other.map(({ octets, uid }) => octets.toString().replaceAll(uid, ''))).toEqual(all.map(({ octets, uid }) => octets.toString().replaceAll(uid, '')));
    expect(new Set(all.map(({ uid }) => uid)).size).toBe(300);
  });

  it('is the mix it says: recurring, exceptions, overrides, zones, all day, to-dos, a series without end', () => {
    for (const [pattern, least] of [[/RRULE/, 50], [/EXDATE/, 10], [/RECURRENCE-ID/, 10], [/BEGIN:VTIMEZONE/, 100], [/VALUE=DATE/, 20], [/BEGIN:VTODO/, 30]] as const) {
      expect(text.filter((one) => pattern.test(one)).length).toBeGreaterThanOrEqual(least);
    }
    expect(text.some((one) => one.includes('RRULE') && !/COUNT|UNTIL/.test(one))).toBe(true);
  });

  it('folds lines at 75 octets (RFC 5545 §3.1)', () => {
    expect(text.flatMap((one) => one.split('\r\n')).filter((line) => Buffer.byteLength(line) > 75)).toEqual([]);
  });

  it('keeps its dates when an object is revised', () => {
    const revised = sample(8, { ...options, revision: 3 });
    expect(revised.days).toEqual(all[8]!.days);
    expect(revised.octets.toString()).toContain('(rev 3)');
  });
});
