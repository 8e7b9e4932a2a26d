/** Calendars for the people of a real 389 Directory Server by the preset `389` (R42): its tools' people, its locks, its limits, its restarts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PrincipalId } from '@kalends/contracts';
import { crowdOf389, peopleOf389, startDirectory389 } from '@kalends/test-services';
import type { Directory389 } from '@kalends/test-services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, eventText, hrefsIn } from '../dav.ts';
import { describeWithAll } from '../programs.ts';
import { startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';
import { calendarFlow, principalOf, searchPrincipals } from './calendar-flow.ts';
import { setUpOpenDirectory } from './set-up.ts';
import type { DirectoryParts } from './set-up.ts';

const alice = { account: 'alice', password: 'alicepw' };
const as = { as: 'alice', password: 'alicepw' };
const CROWD = 1_200;
/** Fewer than the crowd, and than a page of ours. */
const SIZE_LIMIT = 400;
/** `account-seconds` is five (compose.test.ts holds it to that); the rest is for busy machines. */
const REFUSED_MILLISECONDS = 15_000;

async function all<T>(batches: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const batch of batches) found.push(...batch);
  return found;
}
async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + REFUSED_MILLISECONDS; !(await done());) {
    if (Date.now() > end) throw new Error(`${what}: not within ${String(REFUSED_MILLISECONDS)} ms`);
    await delay(100);
  }
}

describeWithAll(['ns-slapd', 'dsidm', 'certutil', 'pk12util', 'ldapmodify', 'openssl'], 'a 389 Directory Server', () => {
  let ds: Directory389;
  beforeAll(async () => {
    ds = await startDirectory389({
      data: (base) => [...peopleOf389(base), ...crowdOf389(base, CROWD)],
      settings: { 'nsslapd-sizelimit': String(SIZE_LIMIT), passwordLockout: 'on', passwordMaxFailure: '3', passwordLockoutDuration: '3600' },
    });
  });
  afterAll(async () => { await ds?.[Symbol.asyncDispose](); });
  const dn = (uid: string): string => `uid=${uid},ou=people,${ds.base}`;
  const modify = (uid: string, ...lines: readonly string[]): Promise<void> => ds.change(`dn: ${dn(uid)}\nchangetype: modify\n${lines.join('\n')}\n`);
  const set = (more: Readonly<Record<string, unknown>> = {}): Promise<DirectoryParts> => setUpOpenDirectory(ds, { preset: '389', locations: { base: 'ou=rooms', filter: '(objectClass=room)' }, ...more });
  /** As its own tool makes people; passwords are the name and `pw`. */
  const create = async (uid: string, display: string): Promise<void> => {
    await ds.tool('user', 'create', '--uid', uid, '--cn', display, '--displayName', display, '--uidNumber', '2000', '--gidNumber', '2000', '--homeDirectory', '/nonexistent');
    await modify(uid, 'add: mail', `mail: ${uid}@example.test`, '-', 'add: userPassword', `userPassword: ${uid}pw`);
  };

  describe('behind a server', () => {
    let server: ServerProcess;
    let dav: Dav;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kalends-389-config-'));
      await writeFile(join(folder, 'caldavd.yaml'), [
        'plugins:', '  storage: { use: storage-flat-file }', '  people:', '    use: directory-open-directory', '    with:',
        '      { url: { env: LDAP_URL }, base: { env: LDAP_BASE }, bind-dn: { env: LDAP_BIND_DN }, bind-password: { env: LDAP_BIND_PW }, ca: { env: LDAP_CA }, preset: "389", timeout-seconds: 15,',
        '        locations: { base: ou=rooms, filter: (objectClass=room), names: [cn] } }', '  basic: { use: auth-basic }', '',
      ].join('\n'));
      await create('dana', 'Dana Modern');
      server = await startServerProcess({ config: join(folder, 'caldavd.yaml'), env: ds.env });
      dav = new Dav(server.url);
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });
    const status = (account: string, password = `${account}pw`): Promise<number> => dav.propfind('/', '<D:current-user-principal/>', { as: account, password }).then((answer) => answer.status);
    const put = (account: string, name: string, password = `${account}pw`): Promise<number> => dav.send('PUT', `/calendars/users/${account}/calendar/${name}.ics`, { as: account, password, body: eventText(name) }).then((answer) => answer.status);

    it('lets its people keep calendars', () => calendarFlow({ url: server.url, one: alice, other: { account: 'zoe', password: 'zoepw' }, otherDisplayName: 'Zoë Ünïcode', otherEmail: 'zoe@example.test' }));

    it('lets those keep calendars whom its own tool makes today, of nsPerson instead of inetOrgPerson', () =>
      calendarFlow({ url: server.url, one: { account: 'dana', password: 'danapw' }, other: alice, otherDisplayName: 'Alice Example', otherEmail: 'alice@example.test' }));

    it('names a principal by its nsUniqueId, never by its name (R30)', async () => {
      expect(await principalOf(dav, alice)).toMatch(/^\/principals\/__uids__\/[0-9a-f]{8}(?:-[0-9a-f]{8}){3}\/$/);
    });

    it('knows groups and rooms as what they are', async () => {
      for (const [text, type] of [['outer', 'GROUP'], ['unique', 'GROUP'], ['oak', 'ROOM']] as const) {
        const { plain } = await searchPrincipals(dav, as, text);
        expect(plain, text).toContain(`<calendar-user-type>${type}</calendar-user-type>`);
      }
    });

    it('counts nested groups, of both kinds of DNs, and ends where a group holds itself (R5)', async () => {
      const groupsOf = async (account: string): Promise<readonly string[]> => {
        const { plain } = await dav.propfind(`/principals/users/${account}/`, '<D:group-membership/>', { as: account, password: `${account}pw` });
        const hrefs = [...plain.matchAll(/<href>(\/principals\/__uids__\/[^<]+)<\/href>/g)].map((match) => match[1]!).filter((href) => !href.includes('calendar-proxy'));
        const names = await Promise.all([...new Set(hrefs)].map(async (href) => /<displayname>([^<]+)</.exec((await dav.propfind(href, '<D:displayname/>', as)).plain)?.[1]));
        return names.filter((name) => name !== undefined).sort();
      };
      expect(await groupsOf('alice')).toEqual(['outer', 'unique']);
      expect(await groupsOf('bob')).toEqual(['inner', 'outer', 'unique']);
      expect(await groupsOf('zoe')).toEqual(['loop']);
    });

    it('refuses who is disabled: on the entry, by a role, and within five seconds while in use', async () => {
      expect(await status('off')).toBe(401);
      expect(server.output()).toMatch(/refuses an account.*off.*inactivated/);
      await create('erin', 'Erin Example');
      await create('role', 'Role Player');
      expect([await status('erin'), await status('role')]).toEqual([207, 207]);
      await ds.tool('account', 'lock', dn('erin'));
      await until('erin', async () => await status('erin') === 401);
      await ds.tool('role', 'create-managed', '--cn', 'sacked');
      await modify('role', 'add: nsRoleDN', `nsRoleDN: cn=sacked,${ds.base}`);
      await ds.tool('role', 'lock', `cn=sacked,${ds.base}`);
      await until('role', async () => await status('role') === 401);
      await ds.tool('account', 'unlock', dn('erin'));
      await until('erin again', async () => await status('erin') === 207);
    });

    it('refuses within five seconds who is locked by guesses that were made elsewhere, and lets them in when the lock ends', async () => {
      await create('gina', 'Gina Example');
      expect(await status('gina')).toBe(207);
      await using guesser = await set();
      for (let guess = 0; guess < 3; guess++) expect(await guesser.credentials.verify('gina', 'wrong')).toBe('no');
      expect(await guesser.source.findByAccount('gina')).toMatchObject({ enabled: true, locked: true });
      expect(await guesser.credentials.verify('gina', 'ginapw')).toMatch(/^(no|disabled)$/);
      await until('gina', async () => await status('gina') === 401);
      await modify('gina', 'replace: accountUnlockTime', 'accountUnlockTime: 20200101000000Z');
      expect(await guesser.source.findByAccount('gina')).toMatchObject({ locked: false });
      await until('gina again', async () => await status('gina') === 207);
    });

    it('keeps the calendars of an account that is renamed', async () => {
      await create('tina', 'Tina Example');
      expect(await put('tina', 'kept')).toBe(201);
      const before = await principalOf(dav, { account: 'tina', password: 'tinapw' });
      await ds.change(`dn: ${dn('tina')}\nchangetype: modrdn\nnewrdn: uid=martina\ndeleteoldrdn: 1\n`);
      await until('martina', async () => await status('martina', 'tinapw') === 207);
      expect(await principalOf(dav, { account: 'martina', password: 'tinapw' })).toBe(before);
      expect((await dav.send('GET', '/calendars/users/martina/calendar/kept.ics', { as: 'martina', password: 'tinapw' })).status).toBe(200);
    });

    it('shows none of the old data to an account that was made anew under an old name', async () => {
      await create('tom', 'Tom Example');
      expect(await put('tom', 'secret')).toBe(201);
      const before = await principalOf(dav, { account: 'tom', password: 'tompw' });
      await ds.change(`dn: ${dn('tom')}\nchangetype: delete\n`);
      await create('tom', 'Another Tom');
      await modify('tom', 'replace: userPassword', 'userPassword: otherpw');
      await until('the new tom', async () => await status('tom', 'otherpw') === 207);
      const own = { as: 'tom', password: 'otherpw' };
      expect(await principalOf(dav, { account: 'tom', password: 'otherpw' })).not.toBe(before);
      expect((await dav.send('GET', '/calendars/users/tom/calendar/secret.ics', own)).status).toBe(404);
      expect([403, 404]).toContain((await dav.send('GET', `/calendars/__uids__/${before.split('/').at(-2)!}/calendar/secret.ics`, own)).status);
      expect(await status('tom')).toBe(401);
    });

    it('finds more people than the server gives at once', async () => {
      const found = await searchPrincipals(dav, as, 'Bulk 0');
      expect(hrefsIn(found.text).length, `${String(found.status)} ${server.output().slice(-500)}`).toBeGreaterThan(SIZE_LIMIT);
    });

    // It takes seconds to end, on a busy machine more than the five of `timeout-seconds`.
    it('may restart under load without a failed calendar request', async () => {
      const answers: number[] = [];
      let stop = false;
      const work = ['alice', 'bob'].map(async (account, who) => {
        const own = { as: account, password: `${account}pw` };
        for (let round = 0; !stop; round++) {
          answers.push(await put(account, `r-${String(round)}`));
          // Somebody nobody asked about before: only the directory can tell.
          answers.push((await dav.propfind(`/principals/users/bulk${String(1 + who * 600 + round).padStart(5, '0')}/`, '<D:displayname/>', own)).status);
        }
      });
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        await delay(300);
        await ds.stop(signal);
        await ds.start();
      }
      await delay(300);
      stop = true;
      await Promise.all(work);
      expect(answers.length).toBeGreaterThan(10);
      expect(answers.filter((answer) => answer !== 201 && answer !== 207)).toEqual([]);
    });
  });

  describe('as a directory', () => {
    it('names the members of a group that is larger than its size limit, and lists its people in order', async () => {
      await using parts = await set();
      const crowd = (await parts.source.findByName('group', 'crowd'))!;
      const members = await all(parts.source.membersOf(crowd.id));
      expect([members.length, new Set(members).size]).toEqual([CROWD, CROWD]);
      const page = await parts.source.list('user', 'bulk00600', 3);
      expect(page.map(({ names }) => names[0])).toEqual(['bulk00601', 'bulk00602', 'bulk00603']);
      expect([...await parts.source.groupsOf(page[0]!.id)]).toEqual([crowd.id]);
    });

    it('sees a lock that lasts until an administrator ends it, however long ago it seems to have ended', async () => {
      const policy = (unlock: 'on' | 'off'): Promise<void> => ds.change(`dn: cn=config\nchangetype: modify\nreplace: passwordUnlock\npasswordUnlock: ${unlock}\n`);
      await create('hugo', 'Hugo Example');
      await using parts = await set();
      await policy('off');
      try {
        for (let guess = 0; guess < 3; guess++) await parts.credentials.verify('hugo', 'wrong');
        expect(await parts.source.findByAccount('hugo')).toMatchObject({ enabled: true, locked: true });
        expect(await parts.credentials.verify('hugo', 'hugopw')).toMatch(/^(no|disabled)$/);
      } finally {
        await policy('on');
      }
      await modify('hugo', 'delete: accountUnlockTime', '-', 'delete: passwordRetryCount');
      expect(await parts.source.findByAccount('hugo')).toMatchObject({ locked: false });
    });

    it('says that a search was given up where the server would have to look at everybody, instead of finding nobody', async () => {
      const search = ({ source }: DirectoryParts): Promise<readonly unknown[]> => all(source.search({ anyOf: false, kinds: ['user'], limit: 10, terms: [{ field: 'display-name', text: 'Zoë', match: 'contains' }] }));
      const reader = (lines: string): Promise<void> => ds.change(`dn: ${ds.bindDn}\nchangetype: modify\n${lines}\n`);
      await using parts = await set();
      expect(await search(parts)).toHaveLength(1);
      await reader('replace: nsLookThroughLimit\nnsLookThroughLimit: 1000');
      try {
        await using limited = await set();
        await expect(search(limited)).rejects.toThrow(/gave a search up/);
        expect((await limited.source.findByAccount('zoe'))?.names).toEqual(['zoe']);
      } finally {
        await reader('delete: nsLookThroughLimit');
      }
    });

    it('finds an account by its name and its address in any case, and its id as it is alone', async () => {
      await using parts = await set();
      const found = (await parts.source.findByAccount('ZOE'))!;
      expect(found).toMatchObject({ kind: 'user', names: ['zoe'], displayName: 'Zoë Ünïcode', firstName: 'Zoë', lastName: 'Ünïcode', emails: ['zoe@example.test'], enabled: true, locked: false });
      expect((await parts.source.findByAddress('mailto:Zoe@Example.test'))?.id).toBe(found.id);
      expect((await parts.source.findById(found.id))?.id).toBe(found.id);
      expect(await parts.source.findById(found.id.toUpperCase() as PrincipalId)).toBeUndefined();
      expect(await parts.source.findByName('location', 'oak')).toMatchObject({ kind: 'location', emails: ['oak@example.test'], schedule: { mode: 'automatic' } });
      for (const [password, answer] of [['zoepw', { principal: found.id }], ['wrong', 'no'], ['', 'no']] as const) expect(await parts.credentials.verify('zoe', password)).toEqual(answer);
      expect(await parts.credentials.verify('nobody', 'x')).toBe('unknown-account');
    });

    it('is refused where its certificate is of another authority, over StartTLS and ldaps alike', async () => {
      for (const wrong of [{ ca: ds.strangerCa }, { 'server-name': 'other.example.test' }, { url: ds.ldapsUrl, ca: ds.strangerCa }]) {
        await using parts = await set({ ...wrong, 'timeout-seconds': 0.5 });
        await expect(parts.source.findByAccount('alice'), JSON.stringify(wrong)).rejects.toThrow(/certificate|altnames/i);
        expect(await parts.credentials.verify('alice', 'alicepw')).toBe('unavailable');
      }
      await using right = await set({ url: ds.ldapsUrl });
      expect(await right.credentials.verify('alice', 'alicepw')).toHaveProperty('principal');
    });

    it('says that it reads anonymously, where locks are not shown to everybody, and that it may not read', async () => {
      await using anonymous = await set({ 'bind-dn': undefined, 'bind-password': undefined });
      expect(anonymous.logged.filter((line) => line.includes('nsAccountLock'))).toHaveLength(1);
      expect((await anonymous.graph.health()).find(({ name }) => name === 'directory server'), 'this server answers "nobody" where others say "may not"').toMatchObject({ ok: false, detail: expect.stringContaining('may not be read') as string });
    });
  });
});
