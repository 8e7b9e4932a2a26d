/**
 * People who may write into one directory, and would be somebody else: by the id of another entry, in another case, twice, and by what a second directory says of the
 * people and groups of the first (docs/directories.md, "Several at once"). Against real OpenLDAPs.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PrincipalId } from '@kalends/contracts';
import { appleDirectory, record, startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Dav, NAMESPACES, eventText } from '../dav.ts';
import { describeWithAll } from '../programs.ts';
import { startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';
import { searchPrincipals } from './calendar-flow.ts';
import { setUpOpenDirectory } from './set-up.ts';

const AMY = 'AAAAAAAA-0000-0000-0000-00000000000A';
const CHIEFS = 'CCCCCCCC-0000-0000-0000-00000000000C';
const ALICE = '10000000-0000-0000-0000-000000000001';
const ENGINEERS = '20000000-0000-0000-0000-000000000002';

const person = (base: string, uid: string, id: string | undefined, more: Readonly<Record<string, string | readonly string[]>> = {}): string => record(`uid=${uid},cn=users,${base}`, {
  objectClass: ['inetOrgPerson', 'apple-user', 'calendarPrincipal'], uid, cn: `${uid} Example`, sn: 'Example', mail: `${uid}@example.test`, userPassword: `${uid}pw`, calStatus: 'active', 'apple-generateduid': id, ...more,
});
const group = (base: string, cn: string, id: string, memberGuids: readonly string[], memberUid: readonly string[] = []): string => record(`cn=${cn},cn=groups,${base}`, {
  objectClass: ['posixGroup', 'apple-group'], cn, gidNumber: 3000, 'apple-generateduid': id, 'apple-group-memberguid': memberGuids, memberUid,
});

/** `businessCategory` is compared in any case and may have several values, as the ids of some sites. */
function looseIds(base: string): string {
  const loose = (uid: string, ids: readonly string[]): string => person(base, uid, undefined, { businessCategory: ids });
  const team = (cn: string, id: string, members: readonly string[]): string => record(`cn=${cn},cn=groups,${base}`, { objectClass: ['groupOfNames', 'apple-group'], cn, businessCategory: id, member: `cn=nobody,${base}`, 'apple-group-memberguid': members });
  return appleDirectory(base).replace(/^dn: uid=(alice|bob|zoe|off),[\s\S]*?\n\n/gm, '')
    + loose('amy', ['ID-Amy']) + loose('copy', ['ID-Ben']) + loose('ben', ['ID-Ben']) + loose('eve', ['id-cat']) + loose('cat', ['ID-CAT']) + loose('two', ['ID-Two', 'ID-Amy-2']) + loose('dot', ['id-foreign-here'])
    + team('chiefs', 'ID-Chiefs', ['ID-Amy', 'ID-CAT', 'ID-Foreign']) + team('fans', 'id-fans', ['id-dot', 'id-foreign-here']) + team('same', 'id-same', ['ID-Amy']) + team('same2', 'ID-Same', ['id-foreign-here']);
}

describeWithAll(['slapd', 'ldapmodify', 'openssl'], 'ids in one directory', () => {
  let ldap: OpenLdap;
  beforeAll(async () => { ldap = await startOpenLdap({ data: looseIds }); });
  afterAll(async () => { await ldap[Symbol.asyncDispose](); });
  const set = (): ReturnType<typeof setUpOpenDirectory> => setUpOpenDirectory(ldap, {
    preset: 'posix', users: { id: 'businessCategory' }, groups: { id: 'businessCategory', filter: '(objectClass=groupOfNames)', members: [{ attribute: 'apple-group-memberguid', holds: 'id' }, { attribute: 'member', holds: 'dn' }] },
  });
  const id = (text: string): PrincipalId => text as PrincipalId;

  it('that two entries have, in whatever case, are nobody\'s, and the log names both', async () => {
    await using parts = await set();
    for (const each of ['ID-Ben', 'ID-CAT', 'id-cat']) expect(await parts.source.findById(id(each)), each).toBeUndefined();
    expect(parts.logged.filter((line) => line.includes('several entries for the id ID-Ben'))).toEqual([expect.stringMatching(/uid=copy.*uid=ben|uid=ben.*uid=copy/)]);
    expect((await parts.source.findById(id('ID-Amy')))?.names).toEqual(['amy']);
    expect(await parts.source.findById(id('id-amy')), 'one principal has one URL').toBeUndefined();
  });

  it('give nobody the groups of whom he is called like', async () => {
    await using parts = await set();
    expect([...await parts.source.groupsOf(id('ID-Amy'))]).toEqual(['ID-Chiefs']);
    for (const each of ['id-amy', 'id-cat', 'ID-CAT', 'ID-AMY']) expect([...await parts.source.groupsOf(id(each))], each).toEqual([]);
    expect([...await parts.source.groupsOf(id('ID-Foreign'))], 'somebody of another directory').toEqual(['ID-Chiefs']);
  });

  it('of groups are not shared: whoever is in one of two with one id is in neither', async () => {
    await using parts = await set();
    expect([...await parts.source.groupsOf(id('id-foreign-here'))]).toEqual(['id-fans']);
  });

  it('that two entries have let neither in: a copied entry is not whom it was copied from', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kalends-copy-'));
    try {
      await writeFile(join(folder, 'caldavd.yaml'), [
        'plugins:', '  storage: { use: storage-flat-file }', '  people:', '    use: directory-open-directory',
        `    with: { url: "${ldap.url}", base: "${ldap.base}", bind-dn: "${ldap.bindDn}", bind-password: "${ldap.bindPassword}", ca: "${ldap.ca}", preset: posix, users: { id: businessCategory }, groups: false }`, '  basic: { use: auth-basic }', '',
      ].join('\n'));
      await using server = await startServerProcess({ config: join(folder, 'caldavd.yaml') });
      const status = (account: string): Promise<number> => new Dav(server.url).propfind('/', '<D:current-user-principal/>', { as: account, password: `${account}pw` }).then((answer) => answer.status);
      for (const account of ['copy', 'ben', 'cat', 'eve', 'copy']) expect(await status(account), account).toBe(401);
      expect(await status('amy')).toBe(207);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('of people are no group\'s: whoever is in a group with somebody\'s id is not that one', async () => {
    await ldap.change(record(`cn=like-amy,cn=groups,${ldap.base}`, { changetype: 'add', objectClass: ['groupOfNames', 'apple-group'], cn: 'like-amy', businessCategory: 'ID-Amy', member: `cn=nobody,${ldap.base}`, 'apple-group-memberguid': 'id-foreign-here' }));
    await using parts = await set();
    expect([...await parts.source.groupsOf(id('id-foreign-here'))]).toEqual(['id-fans']);
    await ldap.change(`dn: cn=like-amy,cn=groups,${ldap.base}\nchangetype: delete\n`);
  });

  it('have one value: an entry with several is nobody, whichever is asked for', async () => {
    await using parts = await set();
    for (const each of ['ID-Two', 'ID-Amy-2']) expect(await parts.source.findById(id(each)), each).toBeUndefined();
    expect(await parts.source.findByAccount('two')).toBeUndefined();
    expect(parts.logged.filter((line) => line.includes('its id has several values'))).toEqual([expect.stringContaining('uid=two')]);
  });

  it('and names: who has another\'s name as well has none of the groups that name it (RFC 2307)', async () => {
    await ldap.change(record(`cn=posix,cn=groups,${ldap.base}`, { changetype: 'add', objectClass: ['posixGroup', 'apple-group'], cn: 'posix', gidNumber: 4000, 'apple-generateduid': 'ID-Posix', memberUid: ['dot', 'amy', 'no-such', 'two'] }));
    const names = (): ReturnType<typeof setUpOpenDirectory> => setUpOpenDirectory(ldap, { preset: 'posix', users: { id: 'businessCategory' }, groups: { id: 'apple-generateduid', filter: '(objectClass=posixGroup)' } });
    const members = async (): Promise<readonly string[]> => { await using parts = await names(); const found: string[] = []; for await (const batch of parts.source.membersOf(id('ID-Posix'))) found.push(...batch); return found.sort(); };
    expect(await members()).toEqual(['ID-Amy', 'id-foreign-here']);
    await ldap.change(`dn: uid=ben,cn=users,${ldap.base}\nchangetype: modify\nreplace: businessCategory\nbusinessCategory: ID-Ben-2\n-\nadd: uid\nuid: AMY\n`);
    await using parts = await names();
    expect([...await parts.source.groupsOf(id('ID-Ben-2'))]).toEqual([]);
    expect([...await parts.source.groupsOf(id('ID-Amy'))], 'nor has the other: nobody can tell who is meant').toEqual([]);
    expect([...await parts.source.groupsOf(id('id-foreign-here'))]).toEqual(['ID-Posix']);
    expect(await members()).toEqual(['id-foreign-here']);
    await ldap.change(`dn: uid=ben,cn=users,${ldap.base}\nchangetype: modify\nreplace: businessCategory\nbusinessCategory: ID-Ben\n-\ndelete: uid\nuid: AMY\n`);
  });

  it('are told for many at once, in any case', async () => {
    await using parts = await set();
    expect(await parts.source.known!(['id-amy', 'ID-CHIEFS', 'id-nobody', 'x)(uid=*', '*', ''].map(id))).toEqual(new Set(['id-amy', 'ID-CHIEFS']));
    await ldap.operations();
    await parts.source.known!(Array.from({ length: 300 }, (_, at) => id(`id-${String(at)}`)));
    expect((await ldap.operations()).filter((line) => line.includes('SRCH base=')).length).toBeLessThan(20);
  });
});

/** What its admins may write who are none of ours: every id, name, account and address of the first. */
function partners(base: string): string {
  return appleDirectory(base).replace(/^dn: (?:uid=(?:alice|bob|zoe|off)|cn=(?:staff|engineers|room1|projector1)),[\s\S]*?\n\n/gm, '')
    + person(base, 'mallory', ALICE) + person(base, 'moll', AMY.toLowerCase()) + person(base, 'mona', '50000000-0000-0000-0000-000000000001') + person(base, 'mike', '50000000-0000-0000-0000-000000000002', { mail: 'alice@example.test' })
    + person(base, 'alice', ALICE, { userPassword: 'of-the-partners' }) + person(base, 'bob', '50000000-0000-0000-0000-000000000003', { userPassword: 'of-the-partners' })
    + group(base, 'admins-again', ENGINEERS, ['50000000-0000-0000-0000-000000000001']) + group(base, 'chiefs-again', CHIEFS.toLowerCase(), ['50000000-0000-0000-0000-000000000001'])
    + group(base, 'engineers', '50000000-0000-0000-0000-000000000009', ['50000000-0000-0000-0000-000000000001']);
}

describeWithAll(['slapd', 'ldapmodify', 'openssl'], 'a second directory, of people whom the first does not trust', () => {
  let [first, second]: [OpenLdap | undefined, OpenLdap | undefined] = [undefined, undefined];
  let server: ServerProcess;
  let dav: Dav;
  let folder: string;
  const partsOf = ({ url, base, bindDn, bindPassword, ca }: OpenLdap): string => `{ url: "${url}", base: "${base}", bind-dn: "${bindDn}", bind-password: "${bindPassword}", ca: "${ca}" }`;
  beforeAll(async () => {
    first = await startOpenLdap({ data: (base) => appleDirectory(base) + person(base, 'amy', AMY) + group(base, 'chiefs', CHIEFS, [AMY]) });
    second = await startOpenLdap({ data: partners });
    folder = await mkdtemp(join(tmpdir(), 'kalends-trust-'));
    await writeFile(join(folder, 'caldavd.yaml'), [
      `admins: [groups/engineers, "${CHIEFS}"]`, 'plugins:', '  storage: { use: storage-flat-file }', `  ours: { use: directory-open-directory, with: ${partsOf(first)} }`,
      `  theirs: { use: directory-open-directory, with: ${partsOf(second)} }`, '  basic: { use: auth-basic }', '',
    ].join('\n'));
    server = await startServerProcess({ config: join(folder, 'caldavd.yaml') });
    dav = new Dav(server.url);
    expect((await dav.send('PUT', '/calendars/users/alice/calendar/secret.ics', { as: 'alice', password: 'alicepw', body: eventText('secret') })).status).toBe(201);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await first?.[Symbol.asyncDispose]();
    await second?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const status = (account: string, password = `${account}pw`, path = '/'): Promise<number> => dav.propfind(path, '<D:current-user-principal/>', { as: account, password }).then((answer) => answer.status);

  it('lets its people in who are nobody else', async () => {
    expect(await status('mona')).toBe(207);
    expect((await dav.send('PUT', '/calendars/users/mona/calendar/own.ics', { as: 'mona', password: 'monapw', body: eventText('own') })).status).toBe(201);
  });

  it('makes nobody an administrator of the first by the id, or the name, of his group', async () => {
    expect(await status('bob', 'bobpw', '/calendars/users/alice/calendar/'), 'an engineer').toBe(207);
    expect(await status('amy', 'amypw', '/calendars/users/alice/calendar/'), 'a chief').toBe(207);
    expect(await status('mona', 'monapw', '/calendars/users/alice/calendar/')).toBe(403);
    const { plain } = await dav.propfind('/principals/users/mona/', '<D:group-membership/>', { as: 'mona', password: 'monapw' });
    expect([plain.includes(ENGINEERS), plain.includes(CHIEFS), plain.toLowerCase().includes(CHIEFS.toLowerCase())]).toEqual([false, false, false]);
  });

  it('makes nobody a person of the first by his id, in whatever case', async () => {
    for (const account of ['mallory', 'moll']) expect(await status(account), account).toBe(401);
    for (const account of ['alice', 'bob']) expect(await status(account, 'of-the-partners'), account).toBe(401);
    expect(server.output()).toMatch(/its id is somebody's of a directory before it/);
  });

  it('takes nobody\'s address: what the first says of it counts', async () => {
    const found = await searchPrincipals(dav, { as: 'amy', password: 'amypw' }, 'alice Example');
    expect(found.plain).toContain(`/principals/__uids__/${ALICE}/`);
    const asked = await dav.report('/principals/', `<D:principal-match ${NAMESPACES}><D:self/></D:principal-match>`, { as: 'mike', password: 'mikepw', depth: '0' });
    expect(asked.plain).not.toContain(ALICE);
    const request = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//x//EN', 'METHOD:REQUEST', 'BEGIN:VFREEBUSY', 'UID:fb', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260310T000000Z', 'DTEND:20260311T000000Z', 'ORGANIZER:mailto:alice@example.test', 'ATTENDEE:mailto:bob@example.test', 'END:VFREEBUSY', 'END:VCALENDAR', ''].join('\r\n');
    const busy = await dav.send('POST', '/calendars/users/mike/outbox/', { as: 'mike', password: 'mikepw', body: request, headers: { 'Content-Type': 'text/calendar' } });
    expect([busy.status, busy.text.includes('organizer-allowed')]).toEqual([403, true]);
  });

  it('makes nobody the organizer of what the first\'s person organizes: his busy time stays busy to others', async () => {
    const meeting = eventText('by-alice', ['DTSTART:20260310T100000Z', 'DTEND:20260310T110000Z', 'SUMMARY:Talk', 'ORGANIZER:mailto:alice@example.test', 'ATTENDEE:mailto:bob@example.test']);
    expect((await dav.send('PUT', '/calendars/users/bob/calendar/by-alice.ics', { as: 'bob', password: 'bobpw', body: meeting })).status).toBe(201);
    const busyTo = async (account: string, organizer: string): Promise<string> => {
      const body = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//x//EN', 'METHOD:REQUEST', 'BEGIN:VFREEBUSY', 'UID:fb', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260310T000000Z', 'DTEND:20260311T000000Z', 'X-CALENDARSERVER-MASK-UID:by-alice', `ORGANIZER:${organizer}`, 'ATTENDEE:mailto:bob@example.test', 'END:VFREEBUSY', 'END:VCALENDAR', ''].join('\r\n');
      const answer = await dav.send('POST', `/calendars/users/${account}/outbox/`, { as: account, password: `${account}pw`, body, headers: { 'Content-Type': 'text/calendar' } });
      expect(answer.status, answer.text).toBe(200);
      return answer.text.includes('20260310T100000Z/') ? 'busy' : 'free';
    };
    expect([await busyTo('alice', 'mailto:alice@example.test'), await busyTo('mike', 'urn:x-uid:50000000-0000-0000-0000-000000000002')]).toEqual(['free', 'busy']);
  });

  it('adds nobody to the members of a group of the first', async () => {
    const { plain } = await dav.propfind(`/principals/__uids__/${ENGINEERS}/`, '<D:group-member-set/>', { as: 'alice', password: 'alicepw' });
    expect(plain).toContain('10000000-0000-0000-0000-000000000002');
    expect(plain).not.toContain('50000000');
  });

  it('shows none of its false people in searches', async () => {
    const { plain } = await searchPrincipals(dav, { as: 'amy', password: 'amypw' }, 'mo');
    expect([plain.includes('mona Example'), plain.includes('moll Example')]).toEqual([true, false]);
  });

  it('of guests makes nobody an administrator, whatever the config lists, and whoever of the first is gone (R44)', async () => {
    const given = async (more: string): Promise<ServerProcess> => {
      const config = join(await mkdtemp(join(folder, 'guests-')), 'caldavd.yaml');
      await writeFile(config, [
        'admins: [groups/engineers, users/mona, groups/leavers]', 'plugins:', '  storage: { use: storage-flat-file }', `  ours: { use: directory-open-directory, with: ${partsOf(first!).replace('}', ', refresh-seconds: 1 }')} }`,
        `  theirs: { use: directory-open-directory, with: ${partsOf(second!).replace('}', `, refresh-seconds: 1${more} }`)} }`, '  basic: { use: auth-basic }', '',
      ].join('\n'));
      return startServerProcess({ config });
    };
    const reads = async ({ url }: ServerProcess, account: string): Promise<number> => {
      const own = new Dav(url);
      expect((await own.propfind('/calendars/users/alice/calendar/', '<D:displayname/>', { as: 'alice', password: 'alicepw' })).status).toBe(207);
      return (await own.propfind('/calendars/users/alice/calendar/', '<D:displayname/>', { as: account, password: `${account}pw` })).status;
    };
    const gone = 'cn=leavers,cn=groups';
    await second!.change(group(second!.base, 'leavers', '50000000-0000-0000-0000-00000000000F', ['50000000-0000-0000-0000-000000000002', AMY]).replace('\n', '\nchangetype: add\n'));
    await using trusted = await given('');
    expect(await reads(trusted, 'mona'), 'whom the config names, where it trusts the directory').toBe(207);
    await using guests = await given(', guests: true');
    expect([await reads(guests, 'bob'), await reads(guests, 'mona'), await reads(guests, 'mike'), await reads(guests, 'amy')]).toEqual([207, 403, 403, 403]);
    expect(guests.output()).toMatch(/of a directory of guests, and does not count.*users\/mona/);
    // The first directory's group goes; the second's of that name does not take its place.
    await first!.change(`dn: cn=engineers,cn=groups,${first!.base}\nchangetype: delete\n`);
    await expect.poll(() => reads(guests, 'bob'), { timeout: 20_000, interval: 500 }).toBe(403);
    expect(await reads(guests, 'mona')).toBe(403);
    await second!.change(`dn: ${gone},${second!.base}\nchangetype: delete\n`);
  }, 60_000);

  it('is not asked to vouch while the first is away: that is 503, and neither a "yes" nor a "nobody"', async () => {
    await first!.stop();
    try {
      const answer = await dav.propfind('/', '<D:displayname/>', { as: 'nobody-yet', password: 'x' });
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    } finally {
      await first!.start();
    }
  });
});
