/**
 * The preset `freeipa` over FreeIPA's tree in a real 389 Directory Server (R42): its classes and attributes, its default permissions, its compatibility tree by its own
 * plugin. No FreeIPA installation is behind it, so what its other plugins do (counting wrong passwords, making ids) is not shown here.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PrincipalId } from '@kalends/contracts';
import { loadKerberos } from '@kalends/auth-kerberos';
import { FREE_IPA_REALM, PRESERVED, ipaId, ipaUser, startFreeIpaTree } from '@kalends/test-services';
import type { Directory389 } from '@kalends/test-services';
import { Kdc, hasKdc } from '@kalends/test-services/kdc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, eventText } from '../dav.ts';
import { describeWithAll, describeWithService, execute } from '../programs.ts';
import { startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';
import { calendarFlow, principalOf, searchPrincipals } from './calendar-flow.ts';
import { setUpOpenDirectory } from './set-up.ts';
import type { DirectoryParts } from './set-up.ts';

const alice = { account: 'alice', password: 'alicepw' };
const as = { as: 'alice', password: 'alicepw' };
/** `account-seconds` is five (compose.test.ts holds it to that), and the compatibility tree is made five seconds after the start; the rest is for busy machines. */
const WITHIN_MILLISECONDS = 20_000;
const PEOPLE = ['  people:', '    use: directory-open-directory', '    with: { url: { env: LDAP_URL }, base: { env: LDAP_BASE }, bind-dn: { env: LDAP_BIND_DN }, bind-password: { env: LDAP_BIND_PW }, ca: { env: LDAP_CA }, preset: freeipa }'];

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + WITHIN_MILLISECONDS; !(await done());) {
    if (Date.now() > end) throw new Error(`${what}: not within ${String(WITHIN_MILLISECONDS)} ms`);
    await delay(100);
  }
}

const kerberos = hasKdc() && await loadKerberos().then(() => true, () => false);

describeWithAll(['ns-slapd', 'nisserver-plugin-defs', 'certutil', 'pk12util', 'ldapmodify', 'ldapsearch', 'openssl'], 'FreeIPA\'s tree in a 389 Directory Server', () => {
  let ds: Directory389;
  let folder: string;
  beforeAll(async () => {
    ds = await startFreeIpaTree();
    folder = await mkdtemp(join(tmpdir(), 'kalends-ipa-'));
  });
  afterAll(async () => {
    await ds?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const dn = (uid: string): string => `uid=${uid},cn=users,cn=accounts,${ds.base}`;
  const modify = (uid: string, ...lines: readonly string[]): Promise<void> => ds.change(`dn: ${dn(uid)}\nchangetype: modify\n${lines.join('\n')}\n`);
  const add = (uid: string, number: number, cn: string, more: Readonly<Record<string, string>> = {}): Promise<void> => ds.change(ipaUser(ds.base, uid, number, cn, more).replaceAll(/^dn: .*$/gm, '$&\nchangetype: add'));
  const move = (entry: string, to: string): Promise<void> => ds.change(`dn: ${entry}\nchangetype: modrdn\nnewrdn: ${entry.split(',')[0]!}\ndeleteoldrdn: 0\nnewsuperior: ${to}\n`);
  const set = (more: Readonly<Record<string, unknown>> = {}): Promise<DirectoryParts> => setUpOpenDirectory(ds, { preset: 'freeipa', ...more });

  describe('behind a server that reads as a system account', () => {
    let server: ServerProcess;
    let dav: Dav;
    beforeAll(async () => {
      await writeFile(join(folder, 'caldavd.yaml'), ['plugins:', '  storage: { use: storage-flat-file }', ...PEOPLE, '  basic: { use: auth-basic }', ''].join('\n'));
      server = await startServerProcess({ config: join(folder, 'caldavd.yaml'), env: ds.env });
      dav = new Dav(server.url);
    });
    afterAll(async () => { await server?.[Symbol.asyncDispose](); });
    const status = (account: string, password = `${account}pw`): Promise<number> => dav.propfind('/', '<D:current-user-principal/>', { as: account, password }).then((answer) => answer.status);
    const put = (account: string, name: string, password = `${account}pw`): Promise<number> => dav.send('PUT', `/calendars/users/${account}/calendar/${name}.ics`, { as: account, password, body: eventText(name) }).then((answer) => answer.status);

    it('lets its people keep calendars', () => calendarFlow({ url: server.url, one: alice, other: { account: 'zoe', password: 'zoepw' }, otherDisplayName: 'Zoë Ünïcode', otherEmail: 'zoe@example.test' }));

    it('names a principal by its ipaUniqueID, and takes an account by its Kerberos name too', async () => {
      const principal = `/principals/__uids__/${ipaId(1)}/`;
      expect(await principalOf(dav, alice)).toBe(principal);
      expect(await principalOf(dav, { account: `alice@${FREE_IPA_REALM}`, password: 'alicepw' })).toBe(principal);
      expect(await status('alice@OTHER.TEST', 'alicepw')).toBe(401);
    });

    it('lets the built-in administrator in, who is no inetOrgPerson', async () => {
      expect(await principalOf(dav, { account: 'admin', password: 'adminpw' })).toBe(`/principals/__uids__/${ipaId(0)}/`);
    });

    it('counts nested groups, and takes no account\'s private group for one (R5)', async () => {
      const { plain } = await dav.propfind('/principals/users/bob/', '<D:group-membership/>', { as: 'bob', password: 'bobpw' });
      for (const number of [2002, 2003, 2004]) expect(plain).toContain(`/principals/__uids__/${ipaId(number)}/`);
      expect((await searchPrincipals(dav, as, 'outer')).plain).toContain('<calendar-user-type>GROUP</calendar-user-type>');
      expect((await searchPrincipals(dav, as, 'bob')).plain).not.toContain(ipaId(1002));
    });

    it('refuses who is disabled or whose principal has expired, and within five seconds while in use', async () => {
      expect([await status('off'), await status('temp')]).toEqual([401, 401]);
      await add('erin', 20, 'Erin Example');
      await add('fred', 21, 'Fred Example', { krbPrincipalExpiration: '20991231000000Z' });
      expect([await status('erin'), await status('fred')]).toEqual([207, 207]);
      await modify('erin', 'replace: nsAccountLock', 'nsAccountLock: TRUE');
      await modify('fred', 'replace: krbPrincipalExpiration', 'krbPrincipalExpiration: 20200101000000Z');
      await until('both', async () => await status('erin') === 401 && await status('fred') === 401);
      await modify('erin', 'replace: nsAccountLock', 'nsAccountLock: FALSE');
      await until('erin again', async () => await status('erin') === 207);
    });

    it('keeps the calendars of an account that is renamed, and of one that is preserved and taken back', async () => {
      await add('tina', 30, 'Tina Example');
      expect(await put('tina', 'kept')).toBe(201);
      await ds.change(`dn: ${dn('tina')}\nchangetype: modrdn\nnewrdn: uid=martina\ndeleteoldrdn: 1\n`);
      const get = (): Promise<number> => dav.send('GET', '/calendars/users/martina/calendar/kept.ics', { as: 'martina', password: 'tinapw' }).then((answer) => answer.status);
      await until('martina', async () => await get() === 200);
      // As `ipa user-del --preserve` and `ipa user-undel` leave it.
      await modify('martina', 'replace: nsAccountLock', 'nsAccountLock: TRUE');
      await move(dn('martina'), `${PRESERVED},${ds.base}`);
      await until('preserved', async () => await get() === 401);
      await move(`uid=martina,${PRESERVED},${ds.base}`, `cn=users,cn=accounts,${ds.base}`);
      await modify('martina', 'replace: nsAccountLock', 'nsAccountLock: FALSE');
      await until('taken back', async () => await get() === 200);
    });

    it('shows none of the old data to an account that was made anew under an old name', async () => {
      await add('tom', 40, 'Tom Example');
      expect(await put('tom', 'secret')).toBe(201);
      // His private group goes with him, by the server's own doing.
      await ds.change(`dn: ${dn('tom')}\nchangetype: delete\n`);
      await add('tom', 41, 'Another Tom', { userPassword: 'otherpw' });
      await until('the new tom', async () => await status('tom', 'otherpw') === 207);
      const own = { as: 'tom', password: 'otherpw' };
      expect(await principalOf(dav, { account: 'tom', password: 'otherpw' })).toBe(`/principals/__uids__/${ipaId(41)}/`);
      expect((await dav.send('GET', '/calendars/users/tom/calendar/secret.ics', own)).status).toBe(404);
      expect([403, 404]).toContain((await dav.send('GET', `/calendars/__uids__/${ipaId(40)}/calendar/secret.ics`, own)).status);
    });
  });

  describe('as a directory', () => {
    it('answers once for each, though the compatibility tree holds all accounts and groups again', async () => {
      const compat = async (filter: string): Promise<string> => (await execute('ldapsearch', ['-x', '-LLL', '-H', ds.url, '-b', `cn=compat,${ds.base}`, filter, 'dn'], { env: process.env as Record<string, string> })).stdout;
      await until('the compatibility tree', async () => (await compat('(uid=alice)')).includes('uid=alice,cn=users,cn=compat'));
      expect(await compat('(cn=outer)')).toContain('cn=outer,cn=groups,cn=compat');
      for (const where of [{}, { users: { base: '' }, groups: { base: '' } }]) {
        await using parts = await set(where);
        const found = [];
        for await (const batch of parts.source.search({ anyOf: true, kinds: [], limit: 50, terms: [{ field: 'display-name', text: 'alice', match: 'contains' }, { field: 'name', text: 'outer', match: 'equals' }] })) found.push(...batch);
        expect(found.map(({ id }) => id).sort(), JSON.stringify(where)).toEqual([ipaId(1), ipaId(2004)]);
        expect((await parts.source.findByAccount('alice'))?.id).toBe(ipaId(1));
        expect((await parts.source.findByName('group', 'outer'))?.id).toBe(ipaId(2004));
        expect(parts.logged.filter((line) => line.includes('several entries'))).toEqual([]);
      }
      await using only = await set({ users: { base: 'cn=users,cn=compat' } });
      expect(await only.source.findByAccount('alice'), 'without an id it is nobody').toBeUndefined();
    });

    it('holds in each field what the preset reads', async () => {
      await using parts = await set();
      expect(await parts.source.findByAccount('zoe')).toMatchObject({
        id: ipaId(3), kind: 'user', names: ['zoe'], accounts: ['zoe', `zoe@${FREE_IPA_REALM}`], displayName: 'Zoë Ünïcode', firstName: 'Zoë', lastName: 'Ünïcode', emails: ['zoe@example.test'], enabled: true, locked: false,
      });
      expect((await parts.source.findById(ipaId(2003) as PrincipalId))?.names).toEqual(['inner']);
      expect(await parts.source.findById(ipaId(1002) as PrincipalId), 'a private group').toBeUndefined();
      expect([...await parts.source.groupsOf(ipaId(2) as PrincipalId)].sort()).toEqual([2002, 2003, 2004].map(ipaId));
    });

    it('knows nobody where it reads anonymously, for ids are not shown to everybody, and says so', async () => {
      await using anonymous = await set({ 'bind-dn': undefined, 'bind-password': undefined });
      expect(await anonymous.source.findByAccount('alice')).toBeUndefined();
      expect(await anonymous.credentials.verify('alice', 'alicepw')).not.toHaveProperty('principal');
      expect(anonymous.logged.filter((line) => line.includes('anonymously') && line.includes('nsAccountLock') && line.includes('krbPrincipalExpiration'))).toHaveLength(1);
    });
  });

  describeWithService(kerberos, 'krb5-kdc krb5-admin-server krb5-user libkrb5-dev', 'with tickets', () => {
    it.each(['name', 'name@realm'])('takes alice@REALM for alice where accounts are the principal\'s %s (RFC 4559)', async (account) => {
      await using kdc = await Kdc.start({ realm: FREE_IPA_REALM });
      kdc.addPrincipal('HTTP/localhost');
      kdc.addPrincipal('alice', 'alice-password');
      kdc.addPrincipal('off', 'off-password');
      await writeFile(join(folder, 'kerberos.yaml'), ['plugins:', '  storage: { use: storage-flat-file }', ...PEOPLE, `  kerberos: { use: auth-kerberos, with: { keytab: { env: KRB5_KTNAME }, realms: [{ name: ${kdc.realm}, account: ${account} }] } }`, ''].join('\n'));
      await using server = await startServerProcess({ config: join(folder, 'kerberos.yaml'), env: { ...ds.env, ...kdc.environment, KRB5_KTNAME: `FILE:${kdc.keytab('HTTP/localhost')}` } });
      const ask = (person: Readonly<Record<string, string>>) => execute('curl', ['-s', '--noproxy', '*', '--negotiate', '-u', ':', '-w', '%{http_code}', '-X', 'PROPFIND', '-H', 'Depth: 0',
        '-d', '<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>', `${server.url.replace('127.0.0.1', 'localhost')}/`], { env: person });
      expect((await ask(kdc.logIn('alice', 'alice-password'))).stdout).toContain(`/principals/__uids__/${ipaId(1)}/`);
      expect((await ask(kdc.logIn('off', 'off-password'))).stdout, 'a ticket opens no disabled account').toMatch(/401$/);
    });
  });
});
