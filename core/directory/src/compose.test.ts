import { DirectoryUnavailable } from '@kalends/contracts';
import type { DirectorySource, Principal, PrincipalId } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { fakeClock, group, memoryDirectory, memoryStore, person } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { AugmentStore, augmentOperations } from './augment.ts';
import { CachedSource } from './cached.ts';
import { ComposedDirectory } from './compose.ts';

const TIMES = { recordSeconds: 300, absentSeconds: 60, staleSeconds: 3600, entries: 1000 };
const id = (name: string): PrincipalId => `id-${name}` as PrincipalId;

/** Counts questions, and fails them while `down`. */
function counted(source: DirectorySource) {
  const state = { down: false, asked: [] as string[], source: undefined as unknown as DirectorySource };
  state.source = new Proxy(source, {
    get(target, key: keyof DirectorySource) {
      const member = target[key] as unknown;
      if (typeof member !== 'function') return member;
      return (...values: unknown[]) => {
        if (key !== 'stamp') state.asked.push(`${key} ${String(values[0])}`);
        if (state.down) throw new Error('no route to host');
        return (member as (...values: unknown[]) => unknown).apply(target, values);
      };
    },
  });
  return state;
}

function given(...sources: readonly DirectorySource[]) {
  const clock = fakeClock();
  const { recordStore } = memoryStore();
  const errors: string[] = [];
  const warnings: string[] = [];
  const silent = (): void => {};
  const log: Logger = { debug: silent, info: silent, warn: (message, fields) => { warnings.push(`${message} ${JSON.stringify(fields)}`); }, error: (message) => { errors.push(message); }, child: () => log };
  const cached = sources.map((source) => new CachedSource(source, clock, TIMES));
  const directory = new ComposedDirectory({ sources: cached, augments: new AugmentStore(recordStore, clock, 5), log, host: () => 'cal.example.com', accountSeconds: 5 });
  return { directory, clock, recordStore, cached, errors, warnings };
}

describe('one directory of many sources', () => {
  it('lets the first source win, and finds in the next whom the first does not know', async () => {
    const { directory } = given(memoryDirectory([person('amy', { displayName: 'First Amy' })]), memoryDirectory([person('amy'), person('ben')]));
    expect((await directory.findByAccount('amy'))?.displayName).toBe('First Amy');
    expect((await directory.findByAccount('ben'))?.id).toBe(id('ben'));
    expect(await directory.findByAccount('cat')).toBeUndefined();
  });

  it('reports once where a later source means somebody else by the same name, and not where it is the same person', async () => {
    const { directory, warnings } = given(memoryDirectory([person('amy'), person('ben')]), memoryDirectory([person('amy', { id: id('other') }), person('ben')]));
    for (const account of ['amy', 'ben', 'amy']) await directory.findByAccount(account);
    await new Promise(setImmediate);
    expect(warnings).toEqual([expect.stringContaining('"what":"the account amy"')]);
  });

  it('follows groups from one source into another', async () => {
    const people = memoryDirectory([person('amy'), group('team')], { members: { 'id-team': ['id-amy'] } });
    const firm = memoryDirectory([group('all-staff')], { members: { 'id-all-staff': ['id-team'] } });
    expect([...await given(people, firm).directory.groupsOf(id('amy'))].sort()).toEqual([id('all-staff'), id('team')]);
  });

  it('lists each name once, ascending, over all sources', async () => {
    const { directory } = given(memoryDirectory([person('ben'), person('dan')]), memoryDirectory([person('amy'), person('ben'), person('cat')]));
    const names = async (after: string | undefined, limit: number): Promise<readonly (string | undefined)[]> => (await directory.list('user', after, limit)).map((found) => found.names[0]);
    expect(await names(undefined, 3)).toEqual(['amy', 'ben', 'cat']);
    expect(await names('cat', 3)).toEqual(['dan']);
  });

  it('finds nobody twice in a search, and no more than asked for', async () => {
    const { directory } = given(memoryDirectory([person('amy'), person('ben')]), memoryDirectory([person('ben'), person('cat'), person('dan')]));
    const found: Principal[] = [];
    for await (const batch of directory.search({ anyOf: true, terms: [{ field: 'email', text: '@example.com', match: 'contains' }], kinds: ['user'], limit: 3 })) found.push(...batch);
    expect(found.map((principal) => principal.names[0])).toEqual(['amy', 'ben', 'cat']);
  });

  it('resolves an address in every spelling, and no URL of another host', async () => {
    const { directory } = given(memoryDirectory([person('amy')]));
    for (const address of ['MAILTO:Amy@Example.com', 'mailto:amy@example.com?subject=x', 'urn:x-uid:id-amy', '/principals/__uids__/id-amy/', '/principals/users/amy', 'https://cal.example.com/principals/users/amy/']) {
      expect((await directory.findByAddress(address))?.id, address).toBe(id('amy'));
    }
    for (const address of ['https://other.example/principals/users/amy/', 'mailto:nobody@example.com', '/principals/rooms/amy/', 'nonsense', '']) {
      expect(await directory.findByAddress(address), address).toBeUndefined();
    }
  });

  it('gives everybody the addresses that need no saying, after those of the source', async () => {
    const { directory } = given(memoryDirectory([person('amy', { id: '10000000-0000-0000-0000-00000000000A' as PrincipalId, addresses: ['mailto:amy@example.com'] })]));
    expect((await directory.findByName('user', 'amy'))?.addresses).toEqual([
      'mailto:amy@example.com', 'urn:x-uid:10000000-0000-0000-0000-00000000000A', 'urn:uuid:10000000-0000-0000-0000-00000000000A',
      '/principals/__uids__/10000000-0000-0000-0000-00000000000A/', '/principals/users/amy/',
    ]);
  });

  it('leaves out a record whose id would be a word of access lists, or no segment of a URL', async () => {
    const { directory, errors } = given(memoryDirectory([person('amy', { id: 'all' as PrincipalId }), person('ben', { id: 'a/b' as PrincipalId })]));
    expect(await directory.findByAccount('amy')).toBeUndefined();
    expect(await directory.findByAccount('ben')).toBeUndefined();
    expect(await directory.list('user', undefined, 10)).toEqual([]);
    expect(errors).toHaveLength(2);
  });
});

describe('what is remembered', () => {
  it('asks once for who is there and who is not, until it is old', async () => {
    const counting = counted(memoryDirectory([person('amy')]));
    const { directory, clock } = given(counting.source);
    for (let round = 0; round < 3; round++) {
      await directory.findByAccount('amy');
      await directory.findByAccount('nobody');
    }
    expect(counting.asked).toEqual(['findByAccount amy', 'findByAccount nobody']);
    clock.advance(61_000);
    await directory.findByAccount('amy');
    await directory.findByAccount('nobody');
    expect(counting.asked.slice(2)).toEqual(['findByAccount nobody']);
  });

  it('asks anew by id where less than the usual age will do, and goes on with what it knew while the source is down', async () => {
    const counting = counted(memoryDirectory([person('amy')]));
    const { directory, clock } = given(counting.source);
    await directory.findById(id('amy'));
    clock.advance(4_000);
    await directory.findById(id('amy'), 5);
    clock.advance(2_000);
    await directory.findById(id('amy'), 5);
    expect(counting.asked).toEqual(['findById id-amy', 'findById id-amy']);
    counting.down = true;
    clock.advance(6_000);
    expect(await directory.findById(id('amy'), 5)).toMatchObject({ names: ['amy'] });
  });

  it('asks one question once, though many ask it together', async () => {
    const counting = counted(memoryDirectory([person('amy')]));
    const { directory } = given(counting.source);
    await Promise.all(Array.from({ length: 5 }, () => directory.findById(id('amy'))));
    expect(counting.asked).toEqual(['findById id-amy']);
  });

  it('forgets what a source said before its stamp changed', async () => {
    const source = memoryDirectory([person('amy')]);
    const { directory, clock } = given(source);
    expect(await directory.findByAccount('ben')).toBeUndefined();
    const stamp = await directory.stamp();
    source.replace([person('ben')]);
    clock.advance(100);
    expect((await directory.findByAccount('ben'))?.id).toBe(id('ben'));
    expect(await directory.findByAccount('amy')).toBeUndefined();
    expect(await directory.stamp()).not.toBe(stamp);
  });

  it('goes by what it knew while a source is down, says so, and does not take silence for absence', async () => {
    const counting = counted(memoryDirectory([person('amy')], { members: {} }));
    const { directory, clock, cached } = given(counting.source);
    await directory.findByAccount('amy');
    counting.down = true;
    clock.advance(400_000);
    expect((await directory.findByAccount('amy'))?.id).toBe(id('amy'));
    expect(cached[0]?.trouble?.message).toBe('no route to host');
    await expect(directory.findByAccount('ben')).rejects.toThrow(DirectoryUnavailable);
    clock.advance(3_600_000);
    await expect(directory.findByAccount('amy')).rejects.toThrow(DirectoryUnavailable);
    counting.down = false;
    expect((await directory.findByAccount('amy'))?.id).toBe(id('amy'));
    expect(cached[0]?.trouble).toBeUndefined();
  });

  it('learns within five seconds that an account is shut, though its record is kept for minutes', async () => {
    const source = counted(memoryDirectory([]));
    let enabled = true;
    const live: DirectorySource = { ...memoryDirectory([]), name: 'live', stamp: async () => '1', groupsOf: async () => new Set(), findById: async (wanted) => (wanted === id('amy') ? person('amy', { enabled }) : undefined) } as DirectorySource;
    const { directory, clock } = given(live, source.source);
    expect(await directory.mayLogIn(id('amy'))).toBe(true);
    enabled = false;
    expect(await directory.mayLogIn(id('amy'))).toBe(true);
    clock.advance(5_000);
    expect(await directory.mayLogIn(id('amy'))).toBe(false);
    expect(await directory.mayLogIn(id('nobody'))).toBe(false);
  });

  it('counts the age of an answer from its question, for what happened after that it may not know', async () => {
    let enabled = true;
    let pass = (): void => undefined;
    const slow = { ...memoryDirectory([]), name: 'slow', stamp: async () => '1', groupsOf: async () => new Set(), findById: async () => {
      const seen = enabled;
      await new Promise<void>((resolve) => { pass = resolve; });
      return person('amy', { enabled: seen });
    } } as unknown as DirectorySource;
    const { directory, clock } = given(slow);
    const first = directory.mayLogIn(id('amy'));
    await new Promise(setImmediate);
    enabled = false;
    clock.advance(4_900);
    pass();
    expect(await first).toBe(true);
    clock.advance(100);
    const second = directory.mayLogIn(id('amy'));
    await new Promise(setImmediate);
    pass();
    expect(await second).toBe(false);
  });
});

describe('a source that does not answer', () => {
  /** Hangs until it is let go. */
  function hanging(source: DirectorySource) {
    const state = { hangs: false, letGo: (): void => {}, source: undefined as unknown as DirectorySource };
    state.source = new Proxy(source, {
      get(target, key: keyof DirectorySource) {
        const member = target[key] as unknown;
        if (typeof member !== 'function' || key === 'stamp') return member;
        return async (...values: unknown[]) => {
          if (state.hangs) await new Promise<void>((resolve) => { state.letGo = resolve; });
          return (member as (...values: unknown[]) => unknown).apply(target, values);
        };
      },
    });
    return state;
  }

  it('is not waited for more than a second by whoever it answered before', async () => {
    const slow = hanging(memoryDirectory([person('amy')]));
    const { directory, clock } = given(slow.source);
    await directory.findByAccount('amy');
    slow.hangs = true;
    clock.advance(400_000);
    const asked = directory.findByAccount('amy');
    await new Promise(setImmediate);
    clock.advance(1_000);
    expect((await asked)?.id).toBe(id('amy'));
    slow.letGo();
  });

  it('is not waited for at all once it failed, and asked again beside that', async () => {
    const counting = counted(memoryDirectory([person('amy')]));
    const slow = hanging(counting.source);
    const { directory, clock, cached } = given(slow.source);
    await directory.findByAccount('amy');
    counting.down = true;
    clock.advance(400_000);
    await directory.findByAccount('amy');
    counting.down = false;
    slow.hangs = true;
    expect((await directory.findByAccount('amy'))?.id).toBe(id('amy'));
    slow.letGo();
    await new Promise(setImmediate);
    expect(cached[0]?.trouble).toBeUndefined();
  });

  it('keeps nobody from the rooms that it listed before, and says of the rest that it cannot be asked', async () => {
    const counting = counted(memoryDirectory([person('amy'), person('oak', { kind: 'location' })]));
    const { directory, clock } = given(counting.source);
    await directory.list('location', undefined, 10);
    counting.down = true;
    clock.advance(400_000);
    expect((await directory.list('location', undefined, 10)).map(({ names }) => names[0])).toEqual(['oak']);
    await expect(directory.list('user', undefined, 10)).rejects.toThrow(DirectoryUnavailable);
    await expect(directory.search({ anyOf: false, terms: [], kinds: ['user'], limit: 1 })[Symbol.asyncIterator]().next()).rejects.toThrow(DirectoryUnavailable);
    await expect(directory.membersOf(id('team'))[Symbol.asyncIterator]().next()).rejects.toThrow(DirectoryUnavailable);
  });
});

describe('somebody who was removed and made anew under the old name', () => {
  it('is found by that name as soon as the old one is seen to be gone', async () => {
    let people = [person('amy')];
    const live = memoryDirectory([]);
    const source = new Proxy(live, { get: (_, key: keyof DirectorySource) => (key === 'stamp' ? async () => '1' : (...values: unknown[]) => (memoryDirectory(people)[key] as (...values: unknown[]) => unknown)(...values)) });
    const { directory, clock } = given(source);
    expect((await directory.findByAccount('amy'))?.id).toBe(id('amy'));
    people = [person('amy', { id: id('second') })];
    clock.advance(5_000);
    expect(await directory.mayLogIn(id('amy'))).toBe(false);
    expect((await directory.findByAccount('amy'))?.id).toBe(id('second'));
  });

  it('is found by every name as soon as one is seen to mean somebody else', async () => {
    let people = [person('amy')];
    const source = new Proxy(memoryDirectory([]), { get: (_, key: keyof DirectorySource) => (key === 'stamp' ? async () => '1' : (...values: unknown[]) => (memoryDirectory(people)[key] as (...values: unknown[]) => unknown)(...values)) });
    const { directory } = given(source);
    await directory.findByAccount('amy');
    await directory.findByName('user', 'amy');
    people = [person('amy', { id: id('second') })];
    expect((await directory.findByAccount('amy', 0))?.id).toBe(id('second'));
    expect((await directory.findByName('user', 'amy'))?.id).toBe(id('second'));
  });
});

describe('augments', () => {
  const bump = (value: number) => ({ kind: 'directory', key: 'augments', value });

  it('lay what this server knows over the record, and are seen within seconds', async () => {
    const { directory, recordStore, clock } = given(memoryDirectory([person('amy')]));
    expect(await directory.mayLogIn(id('amy'))).toBe(true);
    const stamp = await directory.stamp();
    await recordStore.apply([{ kind: 'augment', key: 'id-amy', value: { locked: true, quotaOctets: 5, schedule: { mode: 'automatic' } } }, bump(1)]);
    clock.advance(5_000);
    expect(await directory.mayLogIn(id('amy'))).toBe(false);
    expect(await directory.findById(id('amy'))).toMatchObject({ locked: true, enabled: true, quotaOctets: 5, schedule: { mode: 'automatic' } });
    expect(await directory.stamp()).not.toBe(stamp);
  });

  it('of a kind are for all of it, and give way to one\'s own', async () => {
    const { directory, recordStore } = given(memoryDirectory([person('amy'), person('ben'), person('oak', { kind: 'location' })]));
    await recordStore.apply(augmentOperations('@user', { enabled: false, quotaOctets: 7 }));
    await recordStore.apply(augmentOperations(id('amy'), { enabled: true }));
    expect(await directory.findById(id('amy'))).toMatchObject({ enabled: true, quotaOctets: 7 });
    expect(await directory.findById(id('ben'))).toMatchObject({ enabled: false });
    expect(await directory.findById(id('oak'))).toMatchObject({ enabled: true });
  });

  it('open to nobody whom the directory shuts out or locks: a leaver with a ticket stays out', async () => {
    const { directory, recordStore } = given(memoryDirectory([person('amy', { enabled: false }), person('ben', { locked: true })]));
    for (const who of ['amy', 'ben']) await recordStore.apply(augmentOperations(id(who), { enabled: true, locked: false }));
    expect(await directory.findById(id('amy'))).toMatchObject({ enabled: false });
    expect([await directory.mayLogIn(id('amy')), await directory.mayLogIn(id('ben'))]).toEqual([false, false]);
  });

  it('of one lock and unlock what those of all say', async () => {
    const { directory, recordStore } = given(memoryDirectory([person('amy'), person('ben')]));
    await recordStore.apply(augmentOperations('@user', { locked: true, schedule: { mode: 'automatic', capacity: 3 } }));
    await recordStore.apply(augmentOperations(id('amy'), { locked: false, schedule: { capacity: 4 } }));
    expect([await directory.mayLogIn(id('amy')), await directory.mayLogIn(id('ben'))]).toEqual([true, false]);
    expect((await directory.findById(id('amy')))?.schedule).toEqual({ mode: 'automatic', capacity: 4 });
  });

  it('count for nothing where they do not fit the shape', async () => {
    const { directory, recordStore } = given(memoryDirectory([person('amy')]));
    await recordStore.apply([{ kind: 'augment', key: 'id-amy', value: { enabled: 'no', from: 'the future' } }, bump(1)]);
    expect(await directory.findById(id('amy'))).toMatchObject({ enabled: true });
  });

  it('say where calendars are, even where nothing else of them can be read, and may call those home that the directory has elsewhere', async () => {
    const { directory, recordStore, clock, errors } = given(memoryDirectory([person('amy'), person('ben', { server: 'cal2.example.com' }), person('cat')]));
    await recordStore.apply([{ kind: 'augment', key: 'id-amy', value: { server: 'cal3.example.com', from: 'the future' } }, { kind: 'augment', key: 'id-cat', value: { server: ['cal3.example.com'] } }, bump(1)]);
    expect(await Promise.all(['amy', 'ben', 'cat'].map(async (name) => (await directory.findById(id(name)))?.elsewhere))).toEqual([{ origin: 'https://cal3.example.com' }, { origin: 'https://cal2.example.com' }, { origin: undefined }]);
    expect(errors).toHaveLength(1);
    await recordStore.apply(augmentOperations(id('ben'), { server: 'cal.example.com' }));
    clock.advance(6_000);
    expect((await directory.findById(id('ben')))?.elsewhere).toBeUndefined();
  });
});
