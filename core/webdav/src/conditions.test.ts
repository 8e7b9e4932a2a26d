import type { Item } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { expectItem, tagFails, tagMatches } from './conditions.ts';
import { readFields } from './fields.ts';

const item = (etag: string, number?: number): Item => ({ name: 'a' as Item['name'], etag: etag as Item['etag'], ...(number === undefined ? {} : { personal: { number } as NonNullable<Item['personal']> }) });
const expecting = (headers: Record<string, string>, current: Item | undefined) => () => { expectItem(readFields(headers), current); };

describe('conditions of a write (RFC 9110 §13.1)', () => {
  it('compare strongly for If-Match, weakly for If-None-Match', () => {
    const weak = [{ tag: 'a', weak: true }];
    expect([tagFails(weak, true, '"a"'), tagMatches(weak, true, '"a"')]).toEqual([true, true]);
  });
  it.each([
    [{ 'if-match': '"a"' }, item('a'), true], [{ 'if-match': '"b", "a"' }, item('a'), true], [{ 'if-match': '"b"' }, item('a'), false], [{ 'if-match': '*' }, undefined, false], [{ 'if-match': '"a"' }, undefined, false],
    [{ 'if-none-match': '*' }, undefined, true], [{ 'if-none-match': '*' }, item('a'), false], [{ 'if-none-match': '"a"' }, item('a'), false], [{ 'if-none-match': '"b"' }, item('a'), true], [{}, item('a'), true],
  ] as const)('%o against what is there', (headers, current, holds) => {
    if (holds) expect(expecting(headers, current)).not.toThrow();
    else expect(expecting(headers, current)).toThrow(expect.objectContaining({ status: 412 }));
  });
  it('mean the state that this caller sees (2.8 of the plan)', () => {
    expect(expecting({ 'if-match': '"a-3"' }, item('a', 3))).not.toThrow();
    expect(expecting({ 'if-match': '"a"' }, item('a', 3))).toThrow();
  });
});
