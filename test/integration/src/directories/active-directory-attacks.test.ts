/** What an Active Directory can hold that would trip whoever trusts it: names with commas and brackets, groups of all sorts, accounts that may not log in just now. Against Samba. */
import type { PrincipalId } from '@kalends/contracts';
import activeDirectory from '@kalends/directory-active-directory';
import { join } from 'node:path';
import { startSambaAd } from '@kalends/test-services';
import type { SambaAd } from '@kalends/test-services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithAll, execute } from '../programs.ts';
import { root, startServerProcess } from '../server-process.ts';
import { setUpDirectory } from './set-up.ts';
import type { DirectoryParts } from './set-up.ts';

async function all<T>(batches: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const batch of batches) found.push(...batch);
  return found;
}

describeWithAll(['samba', 'samba-tool', 'openssl'], 'what an Active Directory can hold', () => {
  let ad: SambaAd;
  let parts: DirectoryParts;
  beforeAll(async () => {
    ad = await startSambaAd();
    parts = await setUpDirectory(activeDirectory, { url: ad.ldapsUrl, base: ad.base, 'bind-dn': ad.bindDn, 'bind-password': ad.bindPassword, ca: ad.ca, 'netbios-domain': 'ADTEST' });
  });
  afterAll(async () => {
    await parts?.close();
    await ad?.[Symbol.asyncDispose]();
  });
  const idOf = async (kind: 'user' | 'group', name: string): Promise<PrincipalId> => (await parts.source.findByName(kind, name))!.id;
  const namesOf = async (ids: Iterable<PrincipalId>): Promise<readonly (string | undefined)[]> => (await Promise.all([...ids].map(async (id) => (await parts.source.findById(id))?.names[0]))).sort();

  it('names with all that means something in a DN or a filter: their groups and members are theirs', async () => {
    await ad.change('user jsmith', 'group odd-inner', 'group odd-outer', `rename jsmith ${encodeURIComponent('Smith, John (*) \\ "J" <x> #1;=+')}`, `rename odd-inner ${encodeURIComponent('#Inner, (all) *\\2a ü ')}`,
      `rename odd-outer ${encodeURIComponent('Outer)(cn=*')}`, 'member odd-inner jsmith', 'member odd-outer odd-inner');
    expect(await namesOf(await parts.source.groupsOf(await idOf('user', 'jsmith')))).toEqual(['Domain Users', 'Users', 'odd-inner', 'odd-outer']);
    expect(await namesOf(await all(parts.source.membersOf(await idOf('group', 'odd-inner'))))).toEqual(['jsmith']);
    expect(await namesOf(await all(parts.source.membersOf(await idOf('group', 'odd-outer'))))).toEqual(['odd-inner']);
    expect(await parts.credentials.verify('jsmith', 'jsmithpw')).not.toBe('no');
    expect(await parts.credentials.verify('jsmith', 'other')).toBe('no');
  });

  it('groups that are renamed, moved, left, ringed, and fifty deep', async () => {
    const chain = Array.from({ length: 50 }, (_, at) => `deep${String(at)}`);
    await ad.change(...chain.map((name) => `group ${name}`), 'user dora', 'member deep0 dora', ...chain.slice(1).map((name, at) => `member ${name} ${chain[at]!}`), 'member deep0 deep49');
    const dora = await idOf('user', 'dora');
    const deep = async (): Promise<number> => (await namesOf(await parts.source.groupsOf(dora))).filter((name) => name?.startsWith('deep')).length;
    expect(await deep()).toBe(50);
    const before = await idOf('group', 'deep10');
    await ad.change('rename deep10 renamed', 'unmember deep30 deep29');
    expect(await idOf('group', 'deep10')).toBe(before);
    expect(await deep()).toBe(30);
    await ad.change('unmember deep0 dora');
    expect(await deep()).toBe(0);
  });

  it('members from other domains, who are nobody here, and harm nobody', async () => {
    await ad.change('group mixed', 'user ines', 'member mixed ines', 'stranger mixed S-1-5-21-1111111111-2222222222-3333333333-1105');
    expect(await namesOf(await all(parts.source.membersOf(await idOf('group', 'mixed'))))).toEqual(['ines']);
    expect(await namesOf(await parts.source.groupsOf(await idOf('user', 'ines')))).toContain('mixed');
    expect(await parts.source.findByAccount('S-1-5-11')).toBeUndefined();
  });

  it('mailing lists (distribution groups), which count like any group', async () => {
    await ad.change('group list', 'user lena', 'member list lena', 'set list groupType 2', 'group secure', 'member secure list');
    expect(await namesOf(await parts.source.groupsOf(await idOf('user', 'lena')))).toEqual(expect.arrayContaining(['list', 'secure']));
  });

  it.each([
    ['must change the password', 'set kim pwdLastSet 0'], ['is over', 'set kim accountExpires 130000000000000000'], ['may not log in at this hour', 'set kim logonHours ZERO'], ['is disabled', 'disable kim'],
  ])('an account that %s: the right password is no log-in', async (_, statement) => {
    await ad.change('user kim');
    try {
      expect(await parts.credentials.verify('kim', 'kimpw')).toMatchObject({ principal: await idOf('user', 'kim') });
      await ad.change(statement.replace('ZERO', '\0'.repeat(21)));
      expect(await parts.credentials.verify('kim', 'kimpw')).toBe('disabled');
      expect(await parts.credentials.verify('kim', 'other')).toMatch(/^(?:no|disabled)$/);
    } finally {
      await ad.change('delete kim');
    }
  });

  it('passwords of all sorts, but none that is empty, holds a NUL, or is longer than any', async () => {
    await ad.change('user pia', 'password pia pä\u{1F600}ß"\\,=*()');
    expect(await parts.credentials.verify('pia', 'pä\u{1F600}ß"\\,=*()')).toMatchObject({ principal: await idOf('user', 'pia') });
    for (const wrong of ['', '\0', 'pä', 'pä\u{1F600}ß"\\,=*()\0', 'x'.repeat(2000), 'p\u0061\u0308\u{1F600}ß"\\,=*()']) expect(await parts.credentials.verify('pia', wrong), JSON.stringify(wrong).slice(0, 20)).toBe('no');
  });

  it('one account that claims another\'s names: whoever had them keeps them', async () => {
    await ad.change('user quinn', 'user rolf', 'set rolf mail quinn@ad.example.test', 'set rolf proxyAddresses smtp:quinn@ad.example.test');
    const quinn = await idOf('user', 'quinn');
    for (const account of ['quinn', 'quinn@ad.example.test', 'ADTEST\\quinn', 'QUINN@AD.EXAMPLE.TEST']) {
      expect((await parts.source.findByAccount(account))?.id, account).toBe(quinn);
      expect(await parts.credentials.verify(account, 'rolfpw'), account).toBe('no');
      expect(await parts.credentials.verify(account, 'quinnpw'), account).toMatchObject({ principal: quinn });
    }
    expect(await parts.source.findByAddress('mailto:quinn@ad.example.test'), 'two claim it').toBeUndefined();
  });

  it('spellings that it takes for one another, and we do not', async () => {
    await ad.change('user tina');
    for (const account of ['tína', '\uFF54ina', 'tina\u0301', 'ti\u00ADna', 'tina\u200B', 'tina*', 'tin', 'ADTEST\\\\tina', 'OTHER\\tina', 'tina@other.test', '@ad.example.test']) {
      expect(await parts.source.findByAccount(account), account).toBeUndefined();
      expect(await parts.credentials.verify(account, 'tinapw'), account).toBe('unknown-account');
    }
  });

  it('entries of one kind among those of another: a page of a listing is short at its end alone', async () => {
    await ad.change('room aaa1', 'room aaa2', 'room aaa3');
    await using rooms = await setUpDirectory(activeDirectory, { url: ad.ldapsUrl, base: ad.base, 'bind-dn': ad.bindDn, 'bind-password': ad.bindPassword, ca: ad.ca, locations: { base: 'OU=Rooms' } });
    const page = await rooms.source.list('user', undefined, 2);
    expect(page).toHaveLength(2);
    expect(page.map(({ names }) => names[0]).filter((name) => name?.startsWith('aaa'))).toEqual([]);
  });

  it('people in hundreds of groups, whose tickets are large; and leavers whose tickets are still good', async () => {
    const groups = Array.from({ length: 250 }, (_, at) => `crowded${String(at)}`);
    await ad.change('user vera', ...groups.flatMap((name) => [`group ${name}`, `member ${name} vera`]));
    await using server = await startServerProcess({ config: join(root, 'config', 'examples', 'active-directory.yaml'), env: ad.env });
    const env = { ...ad.env, KRB5CCNAME: `FILE:${ad.env['KRB5RCACHEDIR']!}/cc-vera` };
    expect((await execute('kinit', ['vera'], { env, input: 'verapw\n' })).code).toBe(0);
    const ask = async (): Promise<readonly [code: string, octets: number]> => {
      const { stdout, stderr } = await execute('curl', ['-sv', '--noproxy', '*', '--negotiate', '-u', ':', '-o', '/dev/null', '-w', '%{http_code}', '-X', 'PROPFIND', '-H', 'Depth: 0', `${server.url.replace('127.0.0.1', 'localhost')}/calendars/users/vera/`], { env });
      return [stdout, /> Authorization: Negotiate (\S+)/.exec(stderr)?.[1]?.length ?? 0];
    };
    const [code, octets] = await ask();
    expect(code).toBe('207');
    expect(octets).toBeGreaterThan(3_000);
    await ad.change('disable vera');
    await expect.poll(async () => (await ask())[0], { timeout: 20_000, interval: 500 }).toBe('401');
    // A ticket names an account: whoever has that name next is let in by it, and by nothing else of the old one's.
    await ad.change('delete vera');
    await expect.poll(async () => (await ask())[0], { timeout: 20_000, interval: 500 }).toBe('401');
    expect(server.output()).toMatch(/vera.*(?:is in no directory|locked or not enabled)/);
  }, 120_000);

  it('ids of any octets: each finds its own', async () => {
    await ad.change('many guids 300');
    const people = await parts.source.list('user', 'bulk', 400);
    expect(people.length).toBeGreaterThan(250);
    const octets = new Set(people.flatMap(({ id }) => [...Buffer.from(id.replaceAll('-', ''), 'hex')]));
    expect([0x00, 0x28, 0x29, 0x2a, 0x5c].filter((octet) => !octets.has(octet)), 'octets that filters escape').toEqual([]);
    for (const { id, names } of people) expect((await parts.source.findById(id))?.names[0]).toBe(names[0]);
    expect((await parts.source.known!(people.map(({ id }) => id.toUpperCase() as PrincipalId))).size).toBe(people.length);
  });
}, { root: true });
