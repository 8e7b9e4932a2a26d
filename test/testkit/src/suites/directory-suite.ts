/**
 * The contracts of directories and credentials as tests. A harness brings a directory that knows the given principals, groups and passwords, in whatever way
 * it keeps them; what it cannot keep it leaves out of `knows`, and the cases about it are not asked.
 */
import { describe, expect, it } from 'vitest';
import type { CredentialSource, DirectoryQuery, DirectorySource, Principal, PrincipalId, Verdict } from '@kalends/contracts';
import { createHash } from 'node:crypto';
import { group, person, room } from '../doubles/memory-directory.ts';
import { all } from './given.ts';

export interface DirectoryGiven {
  readonly principals: readonly Principal[];
  /** Group id → direct members, groups among them. */ readonly members: Readonly<Record<string, readonly string[]>>;
  /** Account → password. */ readonly passwords: Readonly<Record<string, string>>;
}
export interface DirectoryHarness { readonly source: DirectorySource; close(): Promise<void> }
export interface CredentialHarness { readonly source: CredentialSource; close(): Promise<void> }

/** The people that the suites speak of. */
export const PEOPLE: DirectoryGiven = {
  principals: [
    person('amy', { displayName: 'Amy Ängström', firstName: 'Amy', lastName: 'Ängström' }), person('ben', { displayName: 'Ben Brown', firstName: 'Ben', lastName: 'Brown' }),
    person('cat', { displayName: 'Cat Brown', firstName: 'Cat', lastName: 'Brown', names: ['cat', 'kitty'], accounts: ['cat', 'cat@login'], emails: ['cat@example.com', 'kitty@example.com'],
      addresses: ['mailto:cat@example.com', 'mailto:kitty@example.com', 'urn:uuid:id-cat'] }),
    person('dan', { displayName: 'Dan Disabled', enabled: false }), group('staff', { displayName: 'Staff' }), group('board', { displayName: 'Board' }), group('ring', { displayName: 'Ring' }),
    room('oak', { displayName: 'Oak Room' }), room('elm', { displayName: 'Elm Room' }), person('projector', { kind: 'resource', accounts: [], displayName: 'Projector' }),
  ],
  members: { 'id-staff': ['id-amy', 'id-ben', 'id-board'], 'id-board': ['id-cat'], 'id-ring': ['id-staff', 'id-ring'] },
  passwords: { amy: 'correct horse', ben: 'pässwörd: with a colon', cat: 'x', dan: 'secret' },
};

const id = (name: string): PrincipalId => `id-${name}` as PrincipalId;
const names = (found: readonly Principal[]): readonly string[] => found.map((principal) => principal.names[0]!).sort();

export function describeDirectorySource(name: string, open: (given: DirectoryGiven) => Promise<DirectoryHarness>): void {
  const withSource = (run: (source: DirectorySource) => Promise<void>) => async (): Promise<void> => {
    const { source, close } = await open(PEOPLE);
    try {
      await run(source);
    } finally {
      await close();
    }
  };
  describe(`${name} keeps the directory-source contract`, () => {
    describe('finding', () => describeFinding(withSource));
    describe('groups', () => describeGroups(withSource));
    describe('searching and listing', () => describeSearch(withSource));
  });
}
type WithSource = (run: (source: DirectorySource) => Promise<void>) => () => Promise<void>;

function describeFinding(withSource: WithSource): void {
  it('tells which of many ids are somebody\'s, in whatever case, where it can', withSource(async (source) => {
    const [asked, known] = [['id-amy', 'ID-BEN', 'id-staff', 'id-oak', 'id-nobody', '*', ''], ['id-amy', 'ID-BEN', 'id-staff', 'id-oak']] as unknown as readonly [readonly PrincipalId[], readonly PrincipalId[]];
    expect(await (source.known?.(asked) ?? new Set(known))).toEqual(new Set(known));
    expect(await (source.known?.([]) ?? new Set())).toEqual(new Set());
  }));
  it('finds a principal by id, account and name, and undefined for others', withSource(async (source) => {
    const amy = (await source.findById(id('amy')))!;
    expect(amy).toMatchObject({ id: 'id-amy', kind: 'user', displayName: 'Amy Ängström', enabled: true, locked: false });
    expect(amy.names[0]).toBe('amy');
    expect(await source.findByAccount('amy')).toEqual(amy);
    expect(await source.findByName('user', 'amy')).toEqual(amy);
    expect(await source.findById(id('nobody'))).toBeUndefined();
    expect(await source.findByAccount('nobody')).toBeUndefined();
    expect(await source.findByName('user', 'nobody')).toBeUndefined();
    expect(await source.findById('' as PrincipalId)).toBeUndefined();
  }));

  it('finds a name only under its kind', withSource(async (source) => {
    expect((await source.findByName('location', 'oak'))?.id).toBe('id-oak');
    expect((await source.findByName('group', 'staff'))?.kind).toBe('group');
    expect((await source.findByName('resource', 'projector'))?.kind).toBe('resource');
    expect(await source.findByName('user', 'oak')).toBeUndefined();
  }));

  it('finds by every name and account that a principal has', withSource(async (source) => {
    expect((await source.findByName('user', 'kitty'))?.id).toBe('id-cat');
    expect((await source.findByAccount('cat@login'))?.id).toBe('id-cat');
  }));

  it('finds a principal by each form of calendar user address', withSource(async (source) => {
    for (const address of [
      'mailto:cat@example.com', 'MAILTO:cat@example.com', 'Mailto:kitty@example.com', 'urn:uuid:id-cat', 'urn:x-uid:id-cat', '/principals/__uids__/id-cat/', '/principals/__uids__/id-cat',
      '/principals/users/cat/', 'https://cal.example.com/principals/users/cat/', 'http://localhost:8008/principals/__uids__/id-cat/',
    ]) expect((await source.findByAddress(address))?.id, address).toBe('id-cat');
    for (const address of ['mailto:nobody@example.com', 'cat', '', 'urn:uuid:', '/principals/groups/cat/', 'mailto:', '/principals/', 'https://']) expect(await source.findByAddress(address), address).toBeUndefined();
  }));

  it('knows a disabled account and says so', withSource(async (source) => {
    expect(await source.findById(id('dan'))).toMatchObject({ enabled: false });
  }));

  it('takes whatever it is asked without stumbling', withSource(async (source) => {
    for (const odd of ['*', '(uid=*)', '\\', '%', '\'; --', '\u0000', 'x'.repeat(5000), '__proto__', 'constructor', '../..']) {
      expect(await source.findById(odd as PrincipalId)).toBeUndefined();
      expect(await source.findByAccount(odd)).toBeUndefined();
      expect(await source.findByName('user', odd)).toBeUndefined();
      expect(await source.findByAddress(`mailto:${odd}`)).toBeUndefined();
    }
  }));
}

function describeGroups(withSource: WithSource): void {
  it('names all groups of a principal, nested ones included, and ends where groups hold themselves', withSource(async (source) => {
    expect([...await source.groupsOf(id('amy'))].sort()).toEqual(['id-ring', 'id-staff']);
    expect([...await source.groupsOf(id('cat'))].sort()).toEqual(['id-board', 'id-ring', 'id-staff']);
    expect([...await source.groupsOf(id('board'))].sort()).toEqual(['id-ring', 'id-staff']);
    expect((await source.groupsOf(id('dan'))).size).toBe(0);
    expect((await source.groupsOf(id('nobody'))).size).toBe(0);
  }));

  it('names the members of a group', withSource(async (source) => {
    expect([...await all(source.membersOf(id('staff')))]).toEqual(expect.arrayContaining(['id-amy', 'id-ben', 'id-board']));
    expect(await all(source.membersOf(id('amy')))).toEqual([]);
    expect(await all(source.membersOf(id('nobody')))).toEqual([]);
  }));

  it('keeps its stamp while nothing changes', withSource(async (source) => {
    const stamp = await source.stamp();
    await source.findById(id('amy'));
    expect(await source.stamp()).toBe(stamp);
    expect(stamp).not.toBe('');
  }));
}

function describeSearch(withSource: WithSource): void {
  const everyKind = ['user', 'group', 'location', 'resource'] as const;
  const search = async (source: DirectorySource, terms: DirectoryQuery['terms'], more: Partial<DirectoryQuery> = {}): Promise<readonly string[]> =>
    names(await all(source.search({ anyOf: false, terms, kinds: everyKind, limit: 100, ...more })));

  it('searches by each field, in each way, in any case', withSource(async (source) => {
    expect(await search(source, [{ field: 'last-name', text: 'brown', match: 'equals' }])).toEqual(['ben', 'cat']);
    expect(await search(source, [{ field: 'last-name', text: 'ÄNG', match: 'starts-with' }])).toEqual(['amy']);
    expect(await search(source, [{ field: 'display-name', text: 'room', match: 'contains' }])).toEqual(['elm', 'oak']);
    expect(await search(source, [{ field: 'email', text: 'kitty@', match: 'starts-with' }])).toEqual(['cat']);
    expect(await search(source, [{ field: 'first-name', text: 'en', match: 'contains' }])).toEqual(['ben']);
    expect(await search(source, [{ field: 'name', text: 'proj', match: 'starts-with' }])).toEqual(['projector']);
    expect(await search(source, [{ field: 'name', text: 'en', match: 'starts-with' }])).toEqual([]);
  }));

  it('wants all terms, or any', withSource(async (source) => {
    const terms = [{ field: 'last-name', text: 'brown', match: 'equals' }, { field: 'first-name', text: 'cat', match: 'equals' }] as const;
    expect(await search(source, terms)).toEqual(['cat']);
    expect(await search(source, terms, { anyOf: true })).toEqual(['ben', 'cat']);
  }));

  it('searches only the kinds that are asked for, and no more than asked for', withSource(async (source) => {
    const all = [{ field: 'display-name', text: 'b', match: 'contains' }] as const;
    expect(await search(source, all, { kinds: ['group'] })).toEqual(['board']);
    expect(await search(source, all, { limit: 2 })).toHaveLength(2);
  }));

  it('takes search text for what it is, not for a pattern', withSource(async (source) => {
    for (const text of ['*', '%', '_', '.', '(', '\\']) expect(await search(source, [{ field: 'name', text, match: 'contains' }])).toEqual([]);
  }));

  it('lists a kind by name, in pages', withSource(async (source) => {
    const first = await source.list('user', undefined, 3);
    expect(first.map((principal) => principal.names[0])).toEqual(['amy', 'ben', 'cat']);
    expect((await source.list('user', 'cat', 3)).map((principal) => principal.names[0])).toEqual(['dan']);
    expect(await source.list('user', 'dan', 3)).toEqual([]);
    expect(names(await source.list('location', undefined, 10))).toEqual(['elm', 'oak']);
  }));
}

/** An object is a yes, and says more. */
const told = (verdict: Verdict): string => typeof verdict === 'object' ? 'yes' : verdict;

export function describeCredentialSource(name: string, open: (given: DirectoryGiven) => Promise<CredentialHarness>, realm = 'Test Realm'): void {
  const withSource = (run: (source: CredentialSource) => Promise<void>) => async (): Promise<void> => {
    const { source, close } = await open(PEOPLE);
    try {
      await run(source);
    } finally {
      await close();
    }
  };
  describe(`${name} keeps the credential-source contract`, () => {
    it('can do something', withSource(async ({ can }) => {
      expect(can.verify || can.digest.length > 0).toBe(true);
    }));

    it('verifies a password, to the octet', withSource(async (source) => {
      if (!source.can.verify) return expect(source.can.digest.length).toBeGreaterThan(0);
      for (const [account, password] of Object.entries(PEOPLE.passwords)) if (account !== 'dan') expect(told(await source.verify(account, password)), account).toBe('yes');
      for (const wrong of ['', 'Correct horse', 'correct horse ', 'correct hors', 'x'.repeat(5000)]) expect(await source.verify('amy', wrong)).toBe('no');
      expect(await source.verify('nobody', 'x')).toBe('unknown-account');
    }));

    it('does not let a disabled account in', withSource(async (source) => {
      if (!source.can.verify) return expect(source.can.digest.length).toBeGreaterThan(0);
      expect(['disabled', 'no']).toContain(await source.verify('dan', PEOPLE.passwords['dan']!));
      expect(told(await source.verify('dan', 'wrong'))).not.toBe('yes');
    }));

    it('says whose a password and a Digest secret are, if it says more than yes; and that they are nobody else\'s', withSource(async (source) => {
      const said = source.can.verify ? await source.verify('amy', PEOPLE.passwords['amy']!) : 'yes';
      if (typeof said === 'object') expect(said).toMatchObject({ principal: 'id-amy' });
      for (const algorithm of source.can.digest) {
        const secrets = await source.digestSecrets?.('amy', realm, algorithm) ?? [];
        for (const { secret, principal } of [...secrets, ...source.rememberedSecrets?.('amy', realm, algorithm) ?? []]) expect([secret, principal]).toEqual([await source.digestSecret('amy', realm, algorithm), 'id-amy']);
        expect([await source.digestSecrets?.('nobody', realm, algorithm) ?? [], source.rememberedSecrets?.('nobody', realm, algorithm) ?? []]).toEqual([[], []]);
      }
      expect(['yes', 'no', 'unknown-account']).toContain(told(said));
    }));

    it('takes the time of a no without being told whose', withSource(async (source) => {
      expect(await source.pretend?.()).toBeUndefined();
    }));

    it('gives Digest secrets of the realm for each algorithm that it names, and for none else', withSource(async (source) => {
      for (const algorithm of ['MD5', 'SHA-256'] as const) {
        const secret = await source.digestSecret('amy', realm, algorithm);
        const expected = createHash(algorithm === 'MD5' ? 'md5' : 'sha256').update(`amy:${realm}:${PEOPLE.passwords['amy']!}`).digest('hex');
        expect(secret).toBe(source.can.digest.includes(algorithm) ? expected : undefined);
        expect(await source.digestSecret('nobody', realm, algorithm)).toBeUndefined();
      }
    }));
  });
}
