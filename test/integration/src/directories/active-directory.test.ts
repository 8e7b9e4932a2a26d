/** Calendars for the people of a real Active Directory (Samba), by the example config (R42), and what only such a directory has. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PrincipalId } from '@kalends/contracts';
import activeDirectory from '@kalends/directory-active-directory';
import { startSambaAd } from '@kalends/test-services';
import type { SambaAd } from '@kalends/test-services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, eventText } from '../dav.ts';
import { describeWithAll, execute } from '../programs.ts';
import { root, startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';
import { calendarFlow, principalOf, searchPrincipals } from './calendar-flow.ts';
import { setUpDirectory } from './set-up.ts';
import type { DirectoryParts } from './set-up.ts';
import { untilRefused } from './until-refused.ts';

const example = join(root, 'config', 'examples', 'active-directory.yaml');
const alice = { account: 'alice', password: 'alicepw' };
const bob = { account: 'bob', password: 'bobpw' };
/** Until an account that is new is known, on a busy machine. */
const KNOWN_MILLISECONDS = 15_000;

async function all<T>(batches: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const batch of batches) found.push(...batch);
  return found;
}

describeWithAll(['samba', 'samba-tool', 'openssl'], 'Active Directory', () => {
  let ad: SambaAd;
  beforeAll(async () => { ad = await startSambaAd({ exchange: true }); });
  afterAll(async () => { await ad?.[Symbol.asyncDispose](); });
  const set = (more: Readonly<Record<string, unknown>> = {}): Promise<DirectoryParts> => setUpDirectory(activeDirectory, { url: ad.ldapsUrl, base: ad.base, 'bind-dn': ad.bindDn, 'bind-password': ad.bindPassword, ca: ad.ca, ...more });

  describe('behind a server, by the example config as it is', () => {
    let server: ServerProcess;
    let dav: Dav;
    const put = (account: string, password: string, path: string): Promise<number> => dav.send('PUT', path, { as: account, password, body: eventText('x') }).then(({ status }) => status);
    const status = (account: string, password = `${account}pw`): Promise<number> => dav.propfind('/', '<D:current-user-principal/>', { as: account, password }).then((answer) => answer.status);
    beforeAll(async () => {
      server = await startServerProcess({ config: example, env: ad.env });
      dav = new Dav(server.url);
    });
    afterAll(async () => { await server?.[Symbol.asyncDispose](); });

    it('lets its people keep calendars', () => calendarFlow({ url: server.url, one: alice, other: bob, otherDisplayName: 'Bob Example', otherEmail: 'bob@ad.example.test' }));

    it('counts nested groups, and the primary group, which no group lists', async () => {
      const { plain } = await dav.propfind('/principals/users/bob/', '<D:group-membership/>', { as: 'bob', password: 'bobpw' });
      for (const name of ['inner', 'outer', 'Domain Users']) {
        const group = /<href>(\/principals\/__uids__\/[^<]+)<\/href>/.exec((await searchPrincipals(dav, { as: 'bob', password: 'bobpw' }, name)).plain)![1]!;
        expect(plain, name).toContain(`<href>${group}</href>`);
      }
    });

    it('lets in whoever has a ticket of the domain (RFC 4559)', async () => {
      const env = { ...ad.env, KRB5CCNAME: `FILE:${ad.env['KRB5RCACHEDIR']!}/cc-alice` };
      const kinit = await execute('kinit', ['alice'], { env, input: 'alicepw\n' });
      expect(kinit.code, kinit.stderr).toBe(0);
      const answer = await execute('curl', ['-s', '--negotiate', '-u', ':', '-X', 'PROPFIND', '-H', 'Depth: 0', `${server.url.replace('127.0.0.1', 'localhost')}/`,
        '-d', '<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>'], { env });
      expect(answer.stdout).toContain(await principalOf(dav, alice));
    });

    it('refuses a disabled account, and one that is disabled while in use within five seconds', async () => {
      expect(await status('disabled')).toBe(401);
      await ad.change('user carol');
      expect(await status('carol')).toBe(207);
      await ad.change('disable carol');
      await untilRefused('carol, disabled', () => status('carol'));
    });

    it('refuses an account within five seconds that is locked while in use', async () => {
      await ad.change('user gina');
      expect(await status('gina')).toBe(207);
      await using guesser = await set();
      for (let guess = 0; guess < 3; guess++) await guesser.credentials.verify('gina', 'wrong');
      await untilRefused('gina, locked', () => status('gina'));
    });

    it('knows a room for a room', async () => {
      await ad.change('user yew', 'disable yew', 'set yew msExchRecipientTypeDetails 16');
      const { plain } = await searchPrincipals(dav, { as: 'alice', password: 'alicepw' }, 'Yew');
      expect(plain).toContain('<calendar-user-type>ROOM</calendar-user-type>');
      expect(plain).toContain('mailto:yew@ad.example.test');
      expect((await dav.propfind('/calendars/locations/yew/', '<D:displayname/>', { as: 'alice', password: 'alicepw' })).status).toBe(403);
    });

    it('shows none of the old data to an account that was made anew under an old name', async () => {
      await ad.change('user dave');
      expect(await put('dave', 'davepw', '/calendars/users/dave/calendar/secret.ics')).toBe(201);
      const before = await principalOf(dav, { account: 'dave', password: 'davepw' });
      await ad.change('delete dave', 'user dave', 'password dave other-pw');
      const end = Date.now() + KNOWN_MILLISECONDS;
      while (await status('dave', 'other-pw') !== 207) {
        if (Date.now() > end) throw new Error('the new dave is not let in');
        await delay(200);
      }
      const after = await principalOf(dav, { account: 'dave', password: 'other-pw' });
      expect(after).not.toBe(before);
      const as = { as: 'dave', password: 'other-pw' };
      const old = before.split('/').at(-2)!;
      expect((await dav.send('GET', '/calendars/users/dave/calendar/secret.ics', as)).status).toBe(404);
      expect([403, 404]).toContain((await dav.send('GET', `/calendars/__uids__/${old}/calendar/secret.ics`, as)).status);
      expect((await dav.propfind(`/calendars/__uids__/${after.split('/').at(-2)!}/calendar/`, '<D:getetag/>', { ...as, depth: '1' })).text).not.toContain('secret');
    });
  });

  describe('as a directory', () => {
    it('knows an account by its spellings, and proves passwords over TLS', async () => {
      await using parts = await set({ 'netbios-domain': 'ADTEST' });
      const { source, credentials } = parts;
      const found = await source.findByAccount('alice');
      expect(found).toMatchObject({ kind: 'user', names: ['alice'], displayName: 'Alice Example', firstName: 'Alice', lastName: 'Example', emails: ['alice@ad.example.test'], enabled: true, locked: false });
      expect(found!.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      for (const account of ['alice@ad.example.test', 'alice@AD.EXAMPLE.TEST', 'ADTEST\\alice', 'ALICE']) {
        expect((await source.findByAccount(account))?.id, account).toBe(found!.id);
        expect(await credentials.verify(account, 'alicepw'), account).toMatchObject({ principal: expect.any(String) as string });
      }
      expect(await source.findByAccount('OTHER\\alice')).toBeUndefined();
      expect((await source.findById(found!.id))?.id).toBe(found!.id);
      expect(await source.findById(found!.id.toUpperCase() as PrincipalId)).toBeUndefined();
      expect((await source.findByAddress(`urn:uuid:${found!.id}`))?.id).toBe(found!.id);
      expect((await source.findByAddress('mailto:ALICE@ad.example.test'))?.id).toBe(found!.id);
      for (const [password, answer] of [['wrong', 'no'], ['', 'no'], ['alicepw ', 'no']] as const) expect(await credentials.verify('alice', password)).toBe(answer);
      expect(await credentials.verify('nobody', 'x')).toBe('unknown-account');
      expect(await credentials.verify('disabled', 'disabledpw')).toBe('disabled');
    });

    it('takes further addresses from proxyAddresses, but not those of other kinds', async () => {
      await ad.change('user erin', 'set erin proxyAddresses SMTP:erin@ad.example.test smtp:e.example@ad.example.test X500:/o=Example/cn=erin');
      await using parts = await set();
      expect((await parts.source.findByAddress('mailto:e.example@ad.example.test'))?.emails).toEqual(['erin@ad.example.test', 'e.example@ad.example.test']);
    });

    it('takes the accounts of a unit for rooms that answer by themselves, though they are disabled, and not for people', async () => {
      await using parts = await set({ locations: { base: 'OU=Rooms' } });
      const { source } = parts;
      expect(await source.findByName('location', 'oak')).toMatchObject({ kind: 'location', enabled: true, accounts: [], schedule: { mode: 'automatic' } });
      expect(await source.findByAccount('oak')).toBeUndefined();
      expect((await source.list('user', undefined, 100)).map(({ names }) => names[0])).not.toContain('oak');
      expect((await all(source.search({ anyOf: true, kinds: ['user', 'location'], limit: 10, terms: [{ field: 'display-name', text: 'oak', match: 'starts-with' }] }))).map(({ kind }) => kind)).toEqual(['location']);
    });

    it('takes the resource mailboxes of Exchange for rooms and equipment', async () => {
      await ad.change('user pine', 'disable pine', 'set pine msExchRecipientTypeDetails 16', 'set pine msExchResourceCapacity 8', 'user beamer', 'disable beamer', 'set beamer msExchRecipientTypeDetails 32', 'set alice msExchRecipientTypeDetails 1');
      await using parts = await set();
      const { source } = parts;
      const pine = await source.findByAddress('mailto:pine@ad.example.test');
      expect(pine).toMatchObject({ kind: 'location', names: ['pine'], enabled: true, schedule: { mode: 'automatic', capacity: 8 } });
      expect(await source.findByName('resource', 'beamer')).toMatchObject({ kind: 'resource', enabled: true });
      expect((await source.findById(pine!.id))?.kind).toBe('location');
      expect([await source.findByAccount('pine'), await source.findByName('user', 'beamer')]).toEqual([undefined, undefined]);
      expect((await source.findByAccount('alice'))?.kind).toBe('user');
      expect((await source.list('location', undefined, 10)).map(({ names }) => names[0])).toEqual(expect.arrayContaining(['pine']));
    });

    it('sees an account that was locked by guesses', async () => {
      await ad.change('user frank');
      await using parts = await set();
      for (let guess = 0; guess < 3; guess++) expect(await parts.credentials.verify('frank', 'wrong')).toMatch(/^(no|disabled)$/);
      expect(await parts.credentials.verify('frank', 'frankpw')).toBe('disabled');
      expect(await parts.source.findByAccount('frank')).toMatchObject({ enabled: true, locked: true });
    });

    it('names the members of a group in pages, however many', async () => {
      await ad.change('many crowd 1200');
      await using parts = await set();
      const crowd = (await parts.source.findByName('group', 'crowd'))!;
      expect(new Set(await all(parts.source.membersOf(crowd.id))).size).toBe(1200);
      const outer = (await parts.source.findByName('group', 'outer'))!;
      const members = await Promise.all((await all(parts.source.membersOf(outer.id))).map(async (id) => (await parts.source.findById(id))?.names[0]));
      expect(members.sort()).toEqual(['alice', 'inner']);
      expect((await parts.source.list('user', 'bulk1150', 100)).slice(0, 2).map(({ names }) => names[0])).toEqual(['bulk1151', 'bulk1152']);
    });

    it('is not asked where its certificate is of another authority, and says what is wrong with a connection in the clear', async () => {
      await using wrong = await set({ ca: ad.strangerCa, 'timeout-seconds': 1 });
      await expect(wrong.source.findByAccount('alice')).rejects.toThrow(/certificate/);
      expect(await wrong.credentials.verify('alice', 'alicepw')).toBe('unavailable');
      await using clear = await set({ url: ad.ldapUrl, 'start-tls': false });
      await expect(clear.source.findByAccount('alice')).rejects.toThrow(/use ldaps:\/\/ or start-tls/);
      await using upgraded = await set({ url: ad.ldapUrl });
      expect((await upgraded.source.findByAccount('alice'))?.names).toEqual(['alice']);
    });

    it('goes on with the next controller where the first is gone', async () => {
      await using parts = await set({ url: ['ldaps://127.0.0.1:9', ad.ldapsUrl] });
      expect((await parts.source.findByAccount('bob'))?.names).toEqual(['bob']);
      expect(await parts.credentials.verify('bob', 'bobpw')).toMatchObject({ principal: expect.any(String) as string });
    });
  });

  it('refuses to start with Digest and says why', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kalends-digest-'));
    const config = join(folder, 'caldavd.yaml');
    await writeFile(config, ['plugins:', '  storage: { use: storage-flat-file }', `  people: { use: directory-active-directory, with: { url: "${ad.ldapsUrl}", base: "${ad.base}" } }`, '  digest: { use: auth-digest }', ''].join('\n'));
    await expect(startServerProcess({ config })).rejects.toThrow(/plugins\.digest: Digest needs a directory that keeps digest secrets[^]*take auth-basic over TLS, or auth-kerberos/);
    await rm(folder, { recursive: true });
  });
}, { root: true });
