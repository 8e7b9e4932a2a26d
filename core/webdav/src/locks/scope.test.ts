import type { Lock, PrincipalId } from '@kalends/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conflicts, covers, isWithin, locksInTheWay, touchedByPut, touchedByRemoval } from './scope.ts';

const lock = (path: string, more: Partial<Lock> = {}): Lock => ({
  token: `on ${path}`, path: path.split('/').filter(Boolean), depth: 0, scope: 'exclusive', owner: 'amy' as PrincipalId, ownerXml: '', expires: 1, ...more,
});
const way = (locks: readonly Lock[], touched: Parameters<typeof locksInTheWay>[1]): readonly (readonly string[])[] => locksInTheWay(locks, touched).map((group) => group.map(({ token }) => token));
const segments = fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 4 });
const anyLock = fc.record({ path: segments, depth: fc.constantFrom(0 as const, 'infinity' as const), scope: fc.constantFrom('exclusive' as const, 'shared' as const) }).map((given) => lock('', given));

describe('what a lock holds', () => {
  it('compares whole segments: /a does not hold /ab (RFC 4918 §6.1)', () => {
    expect([isWithin(['ab'], ['a']), isWithin(['a', 'b'], ['a']), isWithin(['a'], ['a', 'b']), isWithin(['a'], [])]).toEqual([false, true, false, true]);
  });

  it('is its root alone at Depth 0, and all below at infinity (RFC 4918 §7.4)', () => {
    expect([covers(lock('a'), ['a']), covers(lock('a'), ['a', 'b']), covers(lock('a', { depth: 'infinity' }), ['a', 'b']), covers(lock('a/b', { depth: 'infinity' }), ['a'])]).toEqual([true, false, true, false]);
  });

  it('at infinity whatever Depth 0 holds, and whatever lies within its root', () => {
    fc.assert(fc.property(segments, segments, (root, path) => {
      const [shallow, deep] = [lock('', { path: root }), lock('', { path: root, depth: 'infinity' })];
      if (covers(shallow, path)) expect(covers(deep, path)).toBe(true);
      expect(covers(deep, path)).toBe(isWithin(path, root));
    }));
  });
});

describe('locks in the way', () => {
  it('of a write are those on the resource; of a new member, those on its collection (RFC 4918 §7.4)', () => {
    const locks = [lock('box'), lock('box/a')];
    expect(way(locks, touchedByPut(['box', 'a'], true))).toEqual([['on box/a']]);
    expect(way(locks, touchedByPut(['box', 'b'], false))).toEqual([['on box']]);
    expect(way(locks, touchedByPut(['else', 'b'], false))).toEqual([]);
  });

  it('of a removal are those on it, on each thing below it, and on its collection, each for itself (RFC 4918 §9.6.1)', () => {
    const locks = [lock('box'), lock('box/sub'), lock('box/sub/a'), lock('box/sub/b/c'), lock('box/other')];
    expect(way(locks, touchedByRemoval(['box', 'sub']))).toEqual([['on box'], ['on box/sub'], ['on box/sub/a'], ['on box/sub/b/c']]);
  });

  it('are one group where several share a resource: any of them is enough (RFC 4918 §6.2)', () => {
    const shared = { scope: 'shared', depth: 'infinity' } as const;
    expect(way([lock('box', shared), lock('box/a', shared)], touchedByPut(['box', 'a'], true))).toEqual([['on box', 'on box/a']]);
  });
});

describe('locks that cannot stand together (RFC 4918 §6.2)', () => {
  it('are two of which one is exclusive, where they hold a resource in common', () => {
    fc.assert(fc.property(anyLock, anyLock, segments, (one, other, path) => {
      const { above, below } = conflicts([one], other);
      const rivals = one.scope === 'exclusive' || other.scope === 'exclusive';
      expect(above.length + below.length).toBe(rivals && (covers(one, other.path) || covers(other, one.path)) ? 1 : 0);
      if (rivals && covers(one, path) && covers(other, path)) expect(above.length + below.length).toBe(1);
    }));
  });
});
