import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Run } from './occurrences.ts';
import { FLOOR, packRuns, someOverlap, touches, unpackRuns } from './occurrences.ts';

const run = (start: number, more: Partial<Run> = {}): Run => ({ start, step: 0, repeats: 0, length: 60, busy: 1, component: 0, ...more });
const range = (start: number, end: number) => ({ start, end });

const runs = fc
  .array(fc.record({ start: fc.integer({ min: -20_000, max: 20_000 }), step: fc.integer({ min: 1, max: 900 }), repeats: fc.integer({ min: 0, max: 40 }), length: fc.integer({ min: 0, max: 2000 }), busy: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const), component: fc.integer({ min: 0, max: 200 }) }), { maxLength: 8 })
  .map((list) => list.sort((a, b) => a.start - b.start));
const ranges = fc.tuple(fc.integer({ min: -30_000, max: 60_000 }), fc.integer({ min: 1, max: 5000 })).map(([start, length]) => range(start, start + length));

/** Each occurrence on its own. */
const expand = (list: readonly Run[]) => list.flatMap(({ start, step, repeats, length, busy, component }) => Array.from({ length: repeats + 1 }, (_, n) => ({ start: start + n * step, length, busy, component })));
const overlapping = (start: number, length: number, { start: from, end: to }: { start: number; end: number }) => start < to && (length > 0 ? start + length > from : start >= from);

describe('occurrence table', () => {
  it('answers like a walk over every occurrence (RFC 4791 §9.9, VEVENT rows)', () => {
    fc.assert(fc.property(runs, ranges, (list, wanted) => {
      const table = packRuns(list);
      const expected = expand(list).filter(({ start, length }) => overlapping(start, length, wanted));
      expect(touches(table, wanted)).toBe(expected.length > 0);
      const visited: object[] = [];
      someOverlap(table, wanted, (occurrence) => { visited.push(occurrence); return false; });
      const order = (a: object, b: object) => JSON.stringify(a).localeCompare(JSON.stringify(b));
      expect(visited.sort(order)).toEqual(expected.sort(order));
    }));
  });

  it('gives back the runs it packed', () => {
    fc.assert(fc.property(runs, (list) => { expect(unpackRuns(packRuns(list))).toEqual(list); }));
  });

  it('holds what never ends, and what began before its floor', () => {
    const table = packRuns([run(FLOOR - 10_000, { length: 2 ** 50 })]);
    expect(touches(table, range(253_402_300_000, 253_402_300_001))).toBe(true);
  });

  it('counts an instant at the start of the range in, and at its end out (RFC 4791 §9.9)', () => {
    const table = packRuns([run(1000, { length: 0 })]);
    expect([touches(table, range(1000, 1001)), touches(table, range(999, 1000)), touches(table, range(1001, 1002))]).toEqual([true, false, false]);
  });

  it('throws for runs out of order, which are a bug of the caller', () => {
    expect(() => packRuns([run(2), run(1)])).toThrow(RangeError);
  });

  it('ends on damaged octets', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), ranges, (table, wanted) => { expect(typeof touches(table, wanted)).toBe('boolean'); }));
  });
});
