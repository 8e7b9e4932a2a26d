import { describe, expect, it } from 'vitest';
import { readRange } from './range.ts';

const read = (range: string | undefined, ifRange?: string) => readRange({ ...(range === undefined ? {} : { range }), ...(ifRange === undefined ? {} : { 'if-range': ifRange }) }, 10, '"t"', 100);

describe('ranges (RFC 9110 §14.1.2)', () => {
  it.each([
    ['bytes=0-0', { from: 0, to: 1 }], ['bytes=2-', { from: 2, to: 10 }], ['bytes=5-100', { from: 5, to: 10 }], ['bytes=-3', { from: 7, to: 10 }], ['bytes=-100', { from: 0, to: 10 }],
    ['bytes=10-', 'unsatisfiable'], ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-2', undefined], ['bytes=-', undefined], ['bytes=0-1,2-3', undefined], ['pages=1-2', undefined], [undefined, undefined],
  ])('reads %s', (range, expected) => { expect(read(range)).toEqual(expected); });
  it('holds for the state that If-Range names, by tag or date (RFC 9110 §13.1.5)', () => {
    expect(read('bytes=0-0', '"t"')).toEqual({ from: 0, to: 1 });
    expect(read('bytes=0-0', 'Thu, 01 Jan 1970 00:01:40 GMT')).toEqual({ from: 0, to: 1 });
    expect(read('bytes=0-0', '"u"')).toBeUndefined();
    expect(read('bytes=0-0', 'W/"t"')).toBeUndefined();
  });
  it('finds nothing in an empty file', () => { expect(readRange({ range: 'bytes=0-' }, 0, '"t"', 1)).toBe('unsatisfiable'); });
});
