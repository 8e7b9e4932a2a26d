import type { PrincipalId } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import type { HomeRow } from './collection-rows.ts';
import { LocatedHomes } from './located-homes.ts';
import type { LocatedRows } from './shard-reader.ts';

const amy = 'id-amy' as PrincipalId;
const rows = (key: number, stamp: number): LocatedRows => ({ home: { key, stamp } as HomeRow, collections: [] });

describe('places of homes that have not moved', () => {
  it('gives a place back as long as the stamp stands', () => {
    const homes = new LocatedHomes();
    const found = rows(1, 7);
    homes.keep(amy, 'calendar', found);
    expect(homes.of(amy, 1, 7)?.get('calendar')).toBe(found);
  });

  it('forgets all places of a home that has moved, and of one made anew under the same name', () => {
    const homes = new LocatedHomes();
    homes.keep(amy, 'calendar', rows(1, 7));
    homes.keep(amy, 'tasks', rows(1, 8));
    expect([...homes.of(amy, 1, 8)!.keys()]).toEqual(['tasks']);
    expect(homes.of(amy, 2, 8)).toBeUndefined();
    expect(homes.has(amy)).toBe(false);
  });

  it('keeps no more homes and places than it says, the newest ones', () => {
    const homes = new LocatedHomes();
    for (let n = 0; n < 300; n++) homes.keep(`id-${n}` as PrincipalId, 'calendar', rows(n, 1));
    expect([homes.has('id-0' as PrincipalId), homes.has('id-171' as PrincipalId), homes.has('id-172' as PrincipalId)]).toEqual([false, false, true]);
    for (let n = 0; n < 40; n++) homes.keep(amy, `c${n}`, rows(9, 1));
    expect([...homes.of(amy, 9, 1)!.keys()]).toEqual(Array.from({ length: 16 }, (_, n) => `c${n + 24}`));
  });
});
