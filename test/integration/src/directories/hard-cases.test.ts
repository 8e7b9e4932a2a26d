/** What goes wrong with directories, against a real OpenLDAP: restarts, outages, wrong certificates, locks, large groups, accounts that come again. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { PrincipalId } from '@kalends/contracts';
import { systemClock } from '@kalends/testkit';
import { appleDirectory, bulkUsers, record, startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, eventText, hrefsIn } from '../dav.ts';
import { describeWithAll } from '../programs.ts';
import { root, startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';
import { principalOf, searchPrincipals } from './calendar-flow.ts';
import { setUpOpenDirectory } from './set-up.ts';
import { untilRefused } from './until-refused.ts';

const example = join(root, 'config', 'examples', 'open-directory.yaml');
const CROWD = 5_000;
const guidOf = (number: number): PrincipalId => `90000000-0000-0000-0000-${String(number).padStart(12, '0')}` as PrincipalId;
const bulkDn = (base: string, number: number): string => `uid=bulk${String(number).padStart(6, '0')},cn=users,${base}`;

function* crowd(base: string): Generator<string> {
  yield* bulkUsers(base, CROWD);
  const numbers = Array.from({ length: CROWD }, (_, at) => at + 1);
  yield record(`cn=by-guid,cn=groups,${base}`, { objectClass: ['posixGroup', 'apple-group'], cn: 'by-guid', gidNumber: 3001, 'apple-generateduid': '20000000-0000-0000-0000-000000000031', 'apple-group-memberguid': numbers.map(guidOf) });
  yield record(`cn=by-name,cn=groups,${base}`, { objectClass: ['posixGroup', 'apple-group'], cn: 'by-name', gidNumber: 3002, 'apple-generateduid': '20000000-0000-0000-0000-000000000032', memberUid: numbers.map((number) => `bulk${String(number).padStart(6, '0')}`) });
  yield record(`cn=by-dn,cn=groups,${base}`, { objectClass: ['groupOfNames', 'apple-group'], cn: 'by-dn', 'apple-generateduid': '20000000-0000-0000-0000-000000000033', member: numbers.map((number) => bulkDn(base, number)) });
}

async function all<T>(batches: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const batch of batches) found.push(...batch);
  return found;
}
async function until(what: string, milliseconds: number, done: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + milliseconds; !(await done());) {
    if (Date.now() > end) throw new Error(`${what}: not within ${String(milliseconds)} ms`);
    await delay(100);
  }
}

describeWithAll(['slapd', 'ldapmodify', 'openssl'], 'a directory server that has its troubles', () => {
  let ldap: OpenLdap;
  beforeAll(async () => { ldap = await startOpenLdap({ data: appleDirectory, bulk: crowd }); });
  afterAll(async () => { await ldap[Symbol.asyncDispose](); });

  describe('behind a server', () => {
    let server: ServerProcess;
    let dav: Dav;
    beforeAll(async () => {
      server = await startServerProcess({ config: example, env: ldap.env });
      dav = new Dav(server.url);
    });
    afterAll(async () => { await server?.[Symbol.asyncDispose](); });
    const status = (account: string, password = `${account}pw`): Promise<number> => dav.propfind('/', '<D:current-user-principal/>', { as: account, password }).then((answer) => answer.status);

    it('may restart under load without a failed calendar request', async () => {
      const people = ['alice', 'bob', 'zoe'];
      for (const account of people) expect(await status(account)).toBe(207);
      const answers: number[] = [];
      let stop = false;
      const work = people.flatMap((account, who) => [0, 1].map(async (worker) => {
        for (let round = 0; !stop; round++) {
          const as = { as: account, password: `${account}pw` };
          const path = `/calendars/users/${account}/calendar/${String(worker)}-${String(round)}.ics`;
          answers.push((await dav.send('PUT', path, { ...as, body: eventText(`${String(who)}-${String(worker)}-${String(round)}`) })).status);
          answers.push((await dav.propfind(`/calendars/users/${account}/calendar/`, '<D:getetag/><D:owner/>', as)).status);
          // Somebody nobody asked about before: only the directory can tell.
          answers.push((await dav.propfind(`/principals/users/bulk${String(1 + who * 1000 + worker * 400 + round).padStart(6, '0')}/`, '<D:displayname/>', as)).status);
        }
      }));
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        await delay(500);
        await ldap.stop(signal);
        await delay(700);
        await ldap.start();
      }
      await expect.poll(() => answers.length).toBeGreaterThan(20);
      stop = true;
      await Promise.all(work);
      expect(answers.filter((answer) => answer !== 201 && answer !== 207)).toEqual([]);
    });

    it('may be away, or hang, for long: whoever is known goes on, and nobody waits', async () => {
      expect(await status('alice')).toBe(207);
      expect(await status('bob')).toBe(207);
      ldap.freeze();
      try {
        // Past account-seconds, so that the directory is asked.
        await delay(5_500);
        const began = Date.now();
        for (let request = 0; request < 20; request++) expect(await status('alice')).toBe(207);
        // One patience of a second, not twenty time-outs of five: a hundred seconds.
        expect(Date.now() - began).toBeLessThan(30_000);
        expect([401, 503]).toContain(await status('nobody-knows-me'));
      } finally {
        ldap.thaw();
      }
      await until('back', 10_000, async () => await status('zoe') === 207);
    });

    it('has an account that is locked or removed refused within five seconds, and a removed one that is made anew see nothing of the old one', async () => {
      const entry = (guid: string, password: string): string => record(`uid=tom,cn=users,${ldap.base}`, {
        changetype: 'add', objectClass: ['inetOrgPerson', 'apple-user', 'calendarPrincipal'], uid: 'tom', cn: 'Tom Example', sn: 'Example', mail: 'tom@example.test', userPassword: password, 'apple-generateduid': guid,
      });
      await ldap.change(entry('10000000-0000-0000-0000-0000000000A1', 'tompw'));
      await until('tom', 5_000, async () => await status('tom') === 207);
      expect((await dav.send('PUT', '/calendars/users/tom/calendar/secret.ics', { as: 'tom', password: 'tompw', body: eventText('secret') })).status).toBe(201);
      const before = await principalOf(dav, { account: 'tom', password: 'tompw' });
      await ldap.change(`dn: uid=tom,cn=users,${ldap.base}\nchangetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n`);
      await untilRefused('tom, locked', () => status('tom'));
      await ldap.change(`dn: uid=tom,cn=users,${ldap.base}\nchangetype: modify\ndelete: pwdAccountLockedTime\n`);
      await until('tom again', 15_000, async () => await status('tom') === 207);
      await ldap.change(`dn: uid=tom,cn=users,${ldap.base}\nchangetype: delete\n`);
      await untilRefused('tom, removed', () => status('tom'));
      await ldap.change(entry('10000000-0000-0000-0000-0000000000A2', 'newpw'));
      await until('the new tom', 15_000, async () => await status('tom', 'newpw') === 207);
      const as = { as: 'tom', password: 'newpw' };
      expect(await principalOf(dav, { account: 'tom', password: 'newpw' })).not.toBe(before);
      expect((await dav.send('GET', '/calendars/users/tom/calendar/secret.ics', as)).status).toBe(404);
      expect([403, 404]).toContain((await dav.send('GET', `/calendars/__uids__/${before.split('/').at(-2)!}/calendar/secret.ics`, as)).status);
      expect(await status('tom', 'tompw')).toBe(401);
    });

    it('is searched in pages where it gives two hundred entries at once', async () => {
      expect(hrefsIn((await searchPrincipals(dav, { as: 'alice', password: 'alicepw' }, 'Bulk Number0009')).text)).toHaveLength(100);
      const many = await searchPrincipals(dav, { as: 'alice', password: 'alicepw' }, 'Bulk Number00');
      expect(hrefsIn(many.text).length).toBeGreaterThan(999);
    });
  });

  describe('as a directory', () => {
    const members = [{ attribute: 'apple-group-memberguid', holds: 'id' }, { attribute: 'apple-group-nestedgroup', holds: 'id' }, { attribute: 'memberUid', holds: 'name' }, { attribute: 'member', holds: 'dn' }];

    it('names five thousand members of a group, whether it lists ids, names or DNs', async () => {
      await using parts = await setUpOpenDirectory(ldap, { groups: { members, filter: '(|(objectClass=posixGroup)(objectClass=groupOfNames))' } });
      for (const number of ['31', '32', '33']) {
        const found = await all(parts.source.membersOf(`20000000-0000-0000-0000-0000000000${number}` as PrincipalId));
        expect(found, number).toHaveLength(CROWD);
        expect(new Set(found), number).toEqual(new Set(Array.from({ length: CROWD }, (_, at) => guidOf(at + 1))));
      }
      expect([...await parts.source.groupsOf(guidOf(77))].map((id) => id.slice(-2)).sort()).toEqual(['31', '32', '33']);
    });

    it('lists in order, a page at a time, however the server orders them', async () => {
      await using parts = await setUpOpenDirectory(ldap);
      const page = await parts.source.list('user', 'bulk004998', 3);
      expect(page.map(({ names }) => names[0])).toEqual(['bulk004999', 'bulk005000', 'off']);
    });

    it('is refused where its certificate is of another authority, or for another name', async () => {
      for (const wrong of [{ ca: ldap.strangerCa }, { 'server-name': 'other.example.test' }, { url: ldap.ldapsUrl, ca: ldap.strangerCa }]) {
        await using parts = await setUpOpenDirectory(ldap, { ...wrong, 'timeout-seconds': 0.5 });
        await expect(parts.source.findByAccount('alice'), JSON.stringify(wrong)).rejects.toThrow(/certificate|altnames/i);
        expect(await parts.credentials.verify('alice', 'alicepw')).toBe('unavailable');
      }
      await using right = await setUpOpenDirectory(ldap, { url: ldap.ldapsUrl });
      expect((await right.source.findByAccount('alice'))?.names).toEqual(['alice']);
    });

    it('is reached by a unix socket as well', async () => {
      await using parts = await setUpOpenDirectory(ldap, { url: ldap.ldapiUrl });
      expect((await parts.source.findByAccount('zoe'))?.displayName).toBe('Zoë Ünïcode');
      expect(await parts.credentials.verify('zoe', 'zoepw')).toMatchObject({ principal: expect.any(String) as string });
    });

    it('fails over to the next server, and says when its own account is refused instead of knowing nobody', async () => {
      await using parts = await setUpOpenDirectory(ldap, { url: ['ldap://127.0.0.1:9', ldap.url] });
      expect((await parts.source.findByAccount('bob'))?.displayName).toBe('Bob Example');
      await using refused = await setUpOpenDirectory(ldap, { 'bind-password': 'wrong' });
      await expect(refused.source.findByAccount('bob')).rejects.toThrow(/refuses the bind-dn or its password/);
      expect(await refused.credentials.verify('bob', 'bobpw')).toBe('unavailable');
      await using anonymous = await setUpOpenDirectory(ldap, { 'bind-dn': undefined, 'bind-password': undefined });
      await expect(anonymous.source.findByAccount('bob'), 'may not read: not the same as nobody').rejects.toThrow(/may not be read/);
    });

    it('returns to the first server when that is back, and keeps nobody waiting for it', async () => {
      await using first = await startOpenLdap();
      await first.stop();
      let later = 0;
      const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + later };
      const ca = await Promise.all([first.ca, ldap.ca].map((file) => readFile(file, 'utf8')));
      await using parts = await setUpOpenDirectory(ldap, { url: [first.url, ldap.url], ca: ca.join('\n') }, clock);
      expect((await parts.source.findByAccount('bob'))?.displayName).toBe('Bob Example');
      await first.start();
      await first.operations();
      later = 61_000;
      await until('at the first server', 5_000, async () => {
        expect((await parts.source.findByAccount('bob'))?.displayName).toBe('Bob Example');
        return (await first.operations()).some((line) => line.includes('(uid=bob)'));
      });
    });

    it('is not held up by readers who take their time', async () => {
      await using parts = await setUpOpenDirectory(ldap, { connections: 2 });
      const slow = Array.from({ length: 6 }, () => parts.source.search({ anyOf: false, kinds: ['user'], limit: 1000, terms: [{ field: 'display-name', text: 'Bulk', match: 'starts-with' }] })[Symbol.asyncIterator]());
      for (const reader of slow) expect((await reader.next()).value).toHaveLength(256);
      expect([...await parts.source.groupsOf('10000000-0000-0000-0000-000000000002' as PrincipalId)]).toContain('20000000-0000-0000-0000-000000000001');
    });

    it('does without a container that a site has not, but not without its base', async () => {
      await using parts = await setUpOpenDirectory(ldap, { locations: { base: 'cn=nowhere' } });
      expect(await parts.source.findByName('location', 'room1')).toBeUndefined();
      await using wrong = await setUpOpenDirectory(ldap, { base: 'dc=other,dc=test' });
      await expect(wrong.source.findByAccount('alice')).rejects.toThrow(/is not there, or may not be read/);
    });

    it('keeps its bind across idle disconnections and restarts: nobody is ever asked about anonymously', async () => {
      await using parts = await setUpOpenDirectory(ldap);
      await ldap.operations();
      for (let restart = 0; restart < 3; restart++) {
        await ldap.stop('SIGKILL');
        await ldap.start();
        expect(await Promise.all(Array.from({ length: 20 }, (_, at) => parts.source.findById(guidOf(at + 1)).then((found) => found?.id)))).toEqual(Array.from({ length: 20 }, (_, at) => guidOf(at + 1)));
      }
      expect((await ldap.operations()).filter((line) => /BIND dn="" method=128/.test(line))).toEqual([]);
    });

    it('remembers HA1 for seconds, looks it up where it is not remembered, and goes on with it while it is away', async () => {
      const ha1 = 'a'.repeat(64);
      await ldap.change(`dn: uid=zoe,cn=users,${ldap.base}\nchangetype: modify\nreplace: carLicense\ncarLicense: ${ha1}\n`);
      let later = 0;
      await using parts = await setUpOpenDirectory(ldap, { 'timeout-seconds': 0.5, digest: { realm: 'R', 'sha-256': 'carLicense' } }, { ...systemClock, monotonic: () => systemClock.monotonic() + later });
      const ask = (account: string): Promise<string | undefined> => parts.credentials.digestSecret(account, 'R', 'SHA-256');
      expect([await ask('zoe'), await ask('alice'), await parts.credentials.digestSecret('zoe', 'other', 'SHA-256'), await parts.credentials.digestSecret('zoe', 'R', 'MD5')]).toEqual([ha1, undefined, undefined, undefined]);
      await ldap.operations();
      const remembered = (): readonly (string | undefined)[] => parts.credentials.rememberedSecrets!('zoe', 'R', 'SHA-256').map(({ secret }) => secret);
      expect(remembered()).toEqual([ha1]);
      expect((await ldap.operations()).filter((line) => line.includes('(uid=zoe)'))).toEqual([]);
      later = 4_000;
      expect([remembered(), await ask('zoe'), remembered()]).toEqual([[], ha1, [ha1]]);
      expect((await ldap.operations()).filter((line) => line.includes('(uid=zoe)'))).toHaveLength(1);
      await ldap.stop();
      try {
        later = 61_000;
        expect(await ask('zoe')).toBe(ha1);
        later = 905_000;
        await expect(ask('zoe')).rejects.toThrow();
      } finally {
        await ldap.start();
      }
    });

    it('takes a password that it confirmed lately while it is away, and no other', async () => {
      await using parts = await setUpOpenDirectory(ldap, { 'timeout-seconds': 0.5 });
      await using strict = await setUpOpenDirectory(ldap, { 'timeout-seconds': 0.5, 'grace-seconds': 0 });
      for (const { credentials } of [parts, strict]) expect(await credentials.verify('alice', 'alicepw')).toMatchObject({ principal: expect.any(String) as string });
      await ldap.stop();
      try {
        expect(await parts.credentials.verify('alice', 'alicepw')).toMatchObject({ principal: expect.any(String) as string });
        expect(await parts.credentials.verify('alice', 'guess')).toBe('unavailable');
        expect(await parts.credentials.verify('bob', 'bobpw')).toBe('unavailable');
        expect(await strict.credentials.verify('alice', 'alicepw')).toBe('unavailable');
      } finally {
        await ldap.start();
      }
      await until('back', 5_000, async () => typeof await parts.credentials.verify('bob', 'bobpw') === 'object');
    });

    it('gives nobody where two entries answer to one name, and names them in the log', async () => {
      await ldap.change(record(`uid=twin,cn=groups,${ldap.base}`, { changetype: 'add', objectClass: ['inetOrgPerson', 'apple-user', 'calendarPrincipal'], uid: 'twin', cn: 'Alice Again', sn: 'Again', mail: 'alice@example.test', 'apple-generateduid': '10000000-0000-0000-0000-0000000000FF' }));
      await using parts = await setUpOpenDirectory(ldap, { users: { base: '' } });
      expect(await parts.source.findByAddress('mailto:alice@example.test')).toBeUndefined();
      expect(parts.logged.filter((line) => line.includes('several entries for the address alice@example.test'))).toHaveLength(1);
    });
  });
});
