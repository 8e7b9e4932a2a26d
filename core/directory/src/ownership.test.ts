/** Directories that different people administer: what one of them says makes nobody somebody of another (docs/directories.md, "Several at once"). */
import type { DirectorySource, PrincipalId } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { fakeClock, group, memoryDirectory, memoryStore, person } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { AugmentStore } from './augment.ts';
import { CachedSource } from './cached.ts';
import { ComposedDirectory } from './compose.ts';

const AMY = 'AAAAAAAA-0000-0000-0000-000000000001' as PrincipalId;
const ADMINS = 'AAAAAAAA-0000-0000-0000-000000000002' as PrincipalId;
const id = (name: string): PrincipalId => `id-${name}` as PrincipalId;
const lower = (one: PrincipalId): PrincipalId => one.toLowerCase() as PrincipalId;

function composed(...sources: readonly DirectorySource[]) {
  const errors: string[] = [];
  const silent = (): void => {};
  const log: Logger = { debug: silent, info: silent, warn: silent, error: (message, fields) => { errors.push(`${message} ${JSON.stringify(fields)}`); }, child: () => log };
  const clock = fakeClock();
  const times = { recordSeconds: 300, absentSeconds: 60, staleSeconds: 3600, entries: 1000 };
  const directory = new ComposedDirectory({
    sources: sources.map((source) => new CachedSource(source, clock, times)), augments: new AugmentStore(memoryStore().recordStore, clock, 5), log, host: () => 'cal.example.com', accountSeconds: 5,
  });
  return { directory, errors, clock };
}
async function all<T>(batches: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const batch of batches) found.push(...batch);
  return found;
}
const firm = (): DirectorySource => memoryDirectory([person('amy', { id: AMY }), group('admins', { id: ADMINS })], { members: { [ADMINS]: [AMY] } });
const everybody = { anyOf: true, terms: [{ field: 'email', text: '@example.com', match: 'contains' }], kinds: ['user'], limit: 100 } as const;

describe('an id', () => {
  it.each([['the same id', AMY], ['the same id in another case', lower(AMY)]])('belongs to the first source that knows it: a record of another with %s is nobody', async (_, stolen) => {
    const second = memoryDirectory([person('mallory', { id: stolen }), person('ben')]);
    const { directory, errors } = composed(firm(), second);
    expect(await directory.findByAccount('mallory')).toBeUndefined();
    expect(await directory.findByName('user', 'mallory')).toBeUndefined();
    expect(await directory.findByAddress('mailto:mallory@example.com')).toBeUndefined();
    expect((await directory.findById(AMY))?.names).toEqual(['amy']);
    expect(await directory.findById(lower(AMY))).toBeUndefined();
    expect(await directory.mayLogIn(lower(AMY))).toBe(false);
    expect((await all(directory.search(everybody))).map(({ names }) => names[0]).sort()).toEqual(['amy', 'ben']);
    expect((await directory.list('user', undefined, 10)).map(({ names }) => names[0])).toEqual(['amy', 'ben']);
    expect([await directory.isOf(stolen, second), await directory.isOf(id('ben'), second)]).toEqual([false, true]);
    expect(errors).toEqual([expect.stringContaining('its id is somebody\'s of a directory before it')]);
  });

  it.each([['the id', ADMINS], ['the id in another case', lower(ADMINS)]])('of a group is the first one\'s too: another directory\'s group with %s holds nobody', async (_, stolen) => {
    const second = memoryDirectory([person('mallory'), group('fans', { id: stolen }), group('band')], { members: { [stolen]: [id('mallory')], 'id-band': [id('mallory')] } });
    const { directory } = composed(firm(), second);
    expect([...await directory.groupsOf(id('mallory'))]).toEqual([id('band')]);
    expect(await all(directory.membersOf(ADMINS))).toEqual([AMY]);
    if (stolen !== ADMINS) expect(await all(directory.membersOf(stolen))).toEqual([]);
  });

  it('of one source may stand in groups of another, which decide for themselves', async () => {
    const guests = memoryDirectory([person('gus'), group('guests')], { members: { 'id-guests': [id('gus'), AMY] } });
    const house = memoryDirectory([person('amy', { id: AMY }), group('all')], { members: { 'id-all': [id('guests')] } });
    const { directory } = composed(house, guests);
    expect([...await directory.groupsOf(id('gus'))].sort()).toEqual([id('all'), id('guests')]);
    expect([...await directory.groupsOf(AMY)].sort()).toEqual([id('all'), id('guests')]);
    expect(await all(directory.membersOf(id('guests')))).toEqual([id('gus'), AMY]);
  });

  it('that nobody had stays a later source\'s until an earlier one knows it, for a minute at most', async () => {
    let known: DirectorySource = memoryDirectory([person('amy', { id: AMY })]);
    const first: DirectorySource = new Proxy({} as DirectorySource, { get: (_, key: keyof DirectorySource) => (key === 'stamp' ? async () => '1' : typeof known[key] === 'function' ? (known[key] as () => unknown).bind(known) : known[key]) });
    const { directory, clock } = composed(first, memoryDirectory([person('ben')]));
    expect((await directory.findByAccount('ben'))?.id).toBe(id('ben'));
    known = memoryDirectory([person('amy', { id: AMY }), person('other', { id: id('ben') })]);
    clock.advance(61_000);
    expect(await directory.findByAccount('ben')).toBeUndefined();
    expect((await directory.findById(id('ben')))?.names).toEqual(['other']);
  });

  it('cannot be told while the first source is away and never said: that is no "yes"', async () => {
    const fail = (): never => { throw new Error('no route to host'); };
    const down = new Proxy({} as DirectorySource, { get: (_, key) => (key === 'name' ? 'first' : fail) });
    const { directory } = composed(down, memoryDirectory([person('mallory', { id: AMY }), group('fans', { id: ADMINS })], { members: { [ADMINS]: [AMY] } }));
    await expect(directory.findByAccount('mallory')).rejects.toThrow(/cannot be asked at present/);
    await expect(directory.groupsOf(AMY)).rejects.toThrow(/cannot be asked at present/);
    await expect(all(directory.search(everybody))).rejects.toThrow(/cannot be asked at present/);
  });

  it('that is left out makes no page short: a short one is the last', async () => {
    const many = Array.from({ length: 30 }, (_, at) => String(at).padStart(2, '0'));
    const first = memoryDirectory(many.map((number) => person(`first${number}`, { kind: 'location', id: id(number) })));
    const second = memoryDirectory([...many.map((number) => person(`a${number}`, { kind: 'location', id: id(number) })), ...many.map((number) => person(`b${number}`, { kind: 'location' }))]);
    const { directory } = composed(first, second);
    const found: (string | undefined)[] = [];
    for (let after: string | undefined; ;) {
      const page = await directory.list('location', after, 10);
      found.push(...page.map(({ names }) => names[0]));
      after = page.at(-1)?.names[0];
      if (page.length < 10) break;
    }
    expect(found).toEqual([...many.map((number) => `b${number}`), ...many.map((number) => `first${number}`)]);
  });

  it('that no record may have is no group\'s', async () => {
    const groupsOf = async (): Promise<ReadonlySet<PrincipalId>> => new Set([id('band'), 'administrators', 'id-amy/calendar-proxy-write', AMY] as PrincipalId[]);
    const single = Object.assign(memoryDirectory([person('amy', { id: AMY }), group('band')]), { groupsOf });
    expect([...await composed(single).directory.groupsOf(AMY)]).toEqual([id('band')]);
    expect([...await composed(single, memoryDirectory([])).directory.groupsOf(AMY)]).toEqual([id('band')]);
  });

  it('is asked of the source: what was found by a name says nothing of who has the id', async () => {
    const amy = person('amy', { id: AMY });
    const source = Object.assign(memoryDirectory([amy]), { findByAccount: async () => person('copy', { id: AMY }), findById: async () => undefined });
    const { directory } = composed(source);
    expect((await directory.findByAccount('copy'))?.id).toBe(AMY);
    expect([await directory.findById(AMY), await directory.mayLogIn(AMY)]).toEqual([undefined, false]);
  });

  it('costs one question for a page of people, where the source takes many at once', async () => {
    const asked: (readonly PrincipalId[])[] = [];
    const first: DirectorySource = Object.assign(memoryDirectory([person('amy', { id: AMY })]), { known: async (ids: readonly PrincipalId[]) => { asked.push(ids); return new Set<PrincipalId>(); } });
    const { directory } = composed(first, memoryDirectory(Array.from({ length: 200 }, (_, at) => person(`p${String(at)}`))));
    await all(directory.search({ ...everybody, limit: 500 }));
    await all(directory.search({ ...everybody, limit: 500 }));
    expect(asked.map(({ length }) => length)).toEqual([200]);
  });
});
