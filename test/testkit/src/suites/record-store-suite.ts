/** The record-store contract as tests: small facts, all or nothing, compare and set. */
import { describe, expect, it } from 'vitest';
import type { RecordOperation, StoredRecord } from '@kalends/contracts';
import { all, codeOf, world } from './given.ts';
import type { World } from './given.ts';
import type { OpenStore } from './store-harness.ts';

const put = (key: string, value: unknown, expect?: string): RecordOperation => ({ kind: 'k', key, value, ...(expect !== undefined && { expect }) });
const keys = async (w: World, prefix: string, kind = 'k'): Promise<readonly string[]> => (await all(w.recordStore.list(kind, prefix))).map(({ key }) => key);

export function describeRecordStore(name: string, open: OpenStore): void {
  describe(`${name} keeps the record-store contract`, () => {
    describe('records', () => describeRecords(open));
    describe('lists', () => describeLists(open));
    describe('compare and set', () => describeCompareAndSet(open));
  });
}

function describeRecords(open: OpenStore): void {
  it('gives back what was put, and undefined for what was not', async () => {
    await using w = await world(open);
    expect(await w.recordStore.get('k', 'a')).toBeUndefined();
    const value = { text: 'ä日🎉', list: [1, -2.5, true, null], nested: { '': '' } };
    await w.recordStore.apply([put('a', value), put('b', 0), put('c', ''), put('d', null), put('e', false)]);
    expect(await w.recordStore.get('k', 'a')).toMatchObject({ key: 'a', value });
    expect((await all(w.recordStore.list('k', ''))).map((record) => record.value)).toEqual([value, 0, '', null, false]);
    expect(await w.recordStore.get('other', 'a')).toBeUndefined();
    expect((await (await w.reopen()).recordStore.get('k', 'a'))!.value).toEqual(value);
  });

  it('gives a value that its holder may change without changing the record', async () => {
    await using w = await world(open);
    const given = { list: [1] };
    await w.recordStore.apply([put('a', given)]);
    given.list.push(2);
    ((await w.recordStore.get('k', 'a'))!.value as { list: number[] }).list.push(3);
    expect((await w.recordStore.get('k', 'a'))!.value).toEqual({ list: [1] });
  });

  it('replaces, removes, and does not mind removing what is not there', async () => {
    await using w = await world(open);
    await w.recordStore.apply([put('a', 1), put('b', 1)]);
    await w.recordStore.apply([put('a', 2), { kind: 'k', key: 'b' }, { kind: 'k', key: 'never' }]);
    expect(await keys(w, '')).toEqual(['a']);
    expect((await w.recordStore.get('k', 'a'))!.value).toBe(2);
  });

  it('takes a value of 64 KiB and a thousand operations in one', async () => {
    await using w = await world(open);
    await w.recordStore.apply([put('large', 'x'.repeat(65_000))]);
    expect((await w.recordStore.get('k', 'large'))!.value).toHaveLength(65_000);
    await w.recordStore.apply(Array.from({ length: 1000 }, (_, n) => put(`n${n}`, n)));
    expect(await keys(w, 'n')).toHaveLength(1000);
  });

  it('does nothing for no operations', async () => {
    await using w = await world(open);
    await w.recordStore.apply([]);
    expect(await keys(w, '')).toEqual([]);
  });

  it('takes any text as kind and key', async () => {
    await using w = await world(open);
    const odd = ['', ' ', 'a/b', 'a\u0001b', '%', '_', '*', '\'', '"', 'ä', '🎉', '../..', 'x'.repeat(1000)];
    await w.recordStore.apply(odd.flatMap((key) => [{ kind: 'k', key, value: key }, { kind: `kind ${key}`, key: 'a', value: key }]));
    for (const key of odd) {
      expect((await w.recordStore.get('k', key))!.value).toBe(key);
      expect((await w.recordStore.get(`kind ${key}`, 'a'))!.value).toBe(key);
    }
    expect(await keys(w, '')).toHaveLength(odd.length);
  });
}

function describeLists(open: OpenStore): void {
  it('lists by prefix, ascending', async () => {
    await using w = await world(open);
    await w.recordStore.apply(['b/2', 'a/1', 'b/10', 'b', 'c', 'b/1', 'B/1'].map((key) => put(key, key)));
    expect(await keys(w, 'b/')).toEqual(['b/1', 'b/10', 'b/2']);
    expect(await keys(w, 'b')).toEqual(['b', 'b/1', 'b/10', 'b/2']);
    expect(await keys(w, 'b/1')).toEqual(['b/1', 'b/10']);
    expect(await keys(w, 'x')).toEqual([]);
    expect(await keys(w, '', 'other')).toEqual([]);
  });

  it('takes a prefix for what it is, not for a pattern', async () => {
    await using w = await world(open);
    await w.recordStore.apply(['a%b', 'axb', 'a_b', 'a*b', 'A%B', 'a[b'].map((key) => put(key, key)));
    for (const prefix of ['a%', 'a_', 'a*', 'a[']) expect(await keys(w, prefix)).toEqual([`${prefix}b`]);
  });

  it('lists thousands, each once', async () => {
    await using w = await world(open);
    const expected = Array.from({ length: 2500 }, (_, n) => `n${String(n).padStart(4, '0')}`);
    for (let from = 0; from < 2500; from += 1000) await w.recordStore.apply(expected.slice(from, from + 1000).map((key) => put(key, key)));
    expect(await keys(w, 'n')).toEqual(expected);
  });

  it('does not stumble over records that come and go during a listing', async () => {
    await using w = await world(open);
    await w.recordStore.apply(Array.from({ length: 900 }, (_, n) => put(`n${String(n).padStart(3, '0')}`, n)));
    const seen: StoredRecord[] = [];
    for await (const batch of w.recordStore.list('k', 'n')) {
      seen.push(...batch);
      await w.recordStore.apply([{ kind: 'k', key: batch[0]!.key }, { kind: 'k', key: 'n899' }, put('n0', 'new')]);
    }
    expect(new Set(seen.map(({ key }) => key)).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThanOrEqual(890);
  });
}

function describeCompareAndSet(open: OpenStore): void {
  it('gives each value a version of its own', async () => {
    await using w = await world(open);
    const versions = new Set<string>();
    for (const value of [1, 2, 1]) {
      await w.recordStore.apply([put('a', value)]);
      versions.add((await w.recordStore.get('k', 'a'))!.version);
    }
    await w.recordStore.apply([{ kind: 'k', key: 'a' }]);
    await w.recordStore.apply([put('a', 1)]);
    versions.add((await w.recordStore.get('k', 'a'))!.version);
    expect(versions.size).toBe(4);
  });

  it('applies all operations or none', async () => {
    await using w = await world(open);
    await w.recordStore.apply([put('a', 1), put('b', 1)]);
    const { version } = (await w.recordStore.get('k', 'a'))!;
    expect(await codeOf(w.recordStore.apply([put('a', 2, version), put('c', 2), put('b', 2, 'stale')]))).toBe('etag-mismatch');
    expect(await codeOf(w.recordStore.apply([put('c', 2), put('a', 2, 'absent')]))).toBe('etag-mismatch');
    expect(await codeOf(w.recordStore.apply([{ kind: 'k', key: 'a' }, { kind: 'k', key: 'c', expect: version }]))).toBe('etag-mismatch');
    expect(await keys(w, '')).toEqual(['a', 'b']);
    await w.recordStore.apply([put('a', 2, version), put('c', 2, 'absent'), { kind: 'k', key: 'b', expect: (await w.recordStore.get('k', 'b'))!.version }]);
    expect(await keys(w, '')).toEqual(['a', 'c']);
  });

  it('expects what is there before the first of its operations', async () => {
    await using w = await world(open);
    await w.recordStore.apply([put('a', 1)]);
    const { version } = (await w.recordStore.get('k', 'a'))!;
    await w.recordStore.apply([{ kind: 'k', key: 'a', expect: version }, put('b', 1, 'absent')]);
    expect(await keys(w, '')).toEqual(['b']);
  });

  it('lets one of many win who expect the same', async () => {
    await using w = await world(open);
    const second = await w.reopen();
    const attempts = await Promise.all(Array.from({ length: 20 }, (_, n) => codeOf((n % 2 ? second : w).recordStore.apply([put('a', n, 'absent')]))));
    expect(attempts.filter((code) => code === 'accepted')).toHaveLength(1);
    expect(attempts.filter((code) => code === 'etag-mismatch')).toHaveLength(19);
  });

  it('loses no count of many who read, add and compare', async () => {
    await using w = await world(open);
    const second = await w.reopen();
    await w.recordStore.apply([put('counter', 0)]);
    await Promise.all(Array.from({ length: 4 }, async (_, client) => {
      const { recordStore } = client % 2 ? second : w;
      for (let done = 0; done < 10;) {
        const { value, version } = (await recordStore.get('k', 'counter'))!;
        if (await codeOf(recordStore.apply([put('counter', (value as number) + 1, version)])) === 'accepted') done++;
      }
    }));
    expect((await w.recordStore.get('k', 'counter'))!.value).toBe(40);
  });

  it('raises the grants of an owner whose home is made later', async () => {
    await using w = await world(open);
    await w.recordStore.apply([{ ...put('a', 1), grantsOf: 'id-later' as never }]);
    const home = await w.store.createHome({ id: 'id-later' as never, kind: 'user', name: 'later' }, { properties: new Map(), acl: [] }, []);
    const before = home.grantsRevision;
    await w.recordStore.apply([{ ...put('a', 2), grantsOf: 'id-later' as never }]);
    expect((await w.store.findHome(home.owner))!.grantsRevision).toBeGreaterThan(before);
    expect((await w.now()).grantsRevision).toBe(w.home.grantsRevision);
  });

  it('raises no grants when it is refused', async () => {
    await using w = await world(open);
    expect(await codeOf(w.recordStore.apply([{ ...put('a', 1), grantsOf: w.home.owner }, put('b', 1, 'stale')]))).toBe('etag-mismatch');
    expect((await w.now()).grantsRevision).toBe(w.home.grantsRevision);
  });
}
