/** Calendars for the people of a real OpenLDAP: with Apple's attributes as the example config has it, and with nothing but inetOrgPerson (R42). */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appleDirectory, plainDirectory, startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, NAMESPACES, hrefsIn } from '../dav.ts';
import { describeWithAll, execute } from '../programs.ts';
import { root, startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';
import { calendarFlow, principalOf, searchPrincipals } from './calendar-flow.ts';

const example = join(root, 'config', 'examples', 'open-directory.yaml');
const alice = { account: 'alice', password: 'alicepw' };
const zoe = { account: 'zoe', password: 'zoepw' };
const as = ({ account, password }: { readonly account: string; readonly password: string }) => ({ as: account, password });

describeWithAll(['slapd', 'ldapmodify', 'openssl', 'curl'], 'an OpenLDAP with Apple\'s attributes', () => {
  let ldap: OpenLdap;
  let server: ServerProcess;
  let dav: Dav;
  beforeAll(async () => {
    ldap = await startOpenLdap({ data: appleDirectory });
    server = await startServerProcess({ config: example, env: ldap.env });
    dav = new Dav(server.url);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await ldap[Symbol.asyncDispose]();
  });

  it('lets its people keep calendars, by the example config as it is', () => calendarFlow({ url: server.url, one: alice, other: zoe, otherDisplayName: 'Zoë Ünïcode', otherEmail: 'zoe@example.test' }));

  it('names a principal by its GeneratedUID, never by its name (R30)', async () => {
    expect(await principalOf(dav, alice)).toBe('/principals/__uids__/10000000-0000-0000-0000-000000000001/');
  });

  it('knows rooms, things and groups as what they are', async () => {
    for (const [text, type, id] of [['Room One', 'ROOM', '30000000-0000-0000-0000-000000000001'], ['Projector', 'RESOURCE', '40000000-0000-0000-0000-000000000001'], ['All Staff', 'GROUP', '20000000-0000-0000-0000-000000000001']] as const) {
      const { plain } = await searchPrincipals(dav, as(alice), text);
      expect(plain, text).toContain(`<href>/principals/__uids__/${id}/</href>`);
      expect(plain, text).toContain(`<calendar-user-type>${type}</calendar-user-type>`);
    }
  });

  it('counts nested groups: bob of the engineers belongs to the staff (R5)', async () => {
    const { plain } = await dav.propfind('/principals/users/bob/', '<D:group-membership/>', { as: 'bob', password: 'bobpw' });
    for (const group of ['20000000-0000-0000-0000-000000000001', '20000000-0000-0000-0000-000000000002']) expect(plain).toContain(`/principals/__uids__/${group}/`);
  });

  it('gives the delegates that the property list of a resource names (R6)', async () => {
    const { plain } = await dav.propfind('/principals/users/alice/', '<CS:calendar-proxy-write-for/>', as(alice));
    expect(plain).toContain('/principals/__uids__/40000000-0000-0000-0000-000000000001/');
  });

  it('takes what a site keeps in attributes of its own: who is shut out, who acts for a room', async () => {
    expect((await dav.propfind('/', '<D:current-user-principal/>', { as: 'off', password: 'offpw' })).status).toBe(401);
    const room = '/principals/__uids__/30000000-0000-0000-0000-000000000001/';
    // The room's write delegates are the engineers; its readers the staff, to whom the engineers belong.
    expect((await dav.propfind('/principals/users/bob/', '<CS:calendar-proxy-write-for/>', { as: 'bob', password: 'bobpw' })).plain).toContain(room);
    expect((await dav.propfind('/principals/users/alice/', '<CS:calendar-proxy-write-for/>', as(alice))).plain).not.toContain(room);
    expect((await dav.propfind('/principals/users/alice/', '<CS:calendar-proxy-read-for/>', as(alice))).plain).toContain(room);
  });

  it('takes a search text for what it is', async () => {
    expect(hrefsIn((await searchPrincipals(dav, as(alice), '*')).text)).toEqual([]);
    expect((await dav.send('PROPFIND', '/principals/users/*/', { ...as(alice), depth: '0' })).status).toBe(404);
  });

  it('opens only to the groups of the access list, nested ones counted, and gives its administrators by group (R43, R44)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kalends-gates-'));
    const config = join(folder, 'caldavd.yaml');
    await writeFile(config, [
      'access-list: [groups/staff]', 'admins: [groups/engineers]', 'plugins:', '  storage: { use: storage-flat-file }', '  people:', '    use: directory-open-directory',
      '    with: { url: { env: LDAP_URL }, base: { env: LDAP_BASE }, bind-dn: { env: LDAP_BIND_DN }, bind-password: { env: LDAP_BIND_PW }, ca: { env: LDAP_CA }, users: { enabled: { attribute: calStatus, values: [active] } } }',
      '  basic: { use: auth-basic }', '',
    ].join('\n'));
    await using gated = await startServerProcess({ config, env: ldap.env });
    const door = new Dav(gated.url);
    const status = (account: string, path = '/', password = `${account}pw`): Promise<number> => door.propfind(path, '<D:displayname/>', { as: account, password }).then((answer) => answer.status);
    expect([await status('alice'), await status('bob')]).toEqual([207, 207]);
    expect(await status('zoe')).toBe(403);
    expect(gated.output()).toMatch(/zoe.* is not on the access list of this service/);
    expect(await status('zoe', '/', 'wrong'), 'no proof, no news').toBe(401);
    expect(await status('off'), 'disabled').toBe(401);
    expect(await status('bob', '/calendars/users/alice/calendar/')).toBe(207);
    expect(await status('alice', '/calendars/users/bob/calendar/')).toBe(403);
    await rm(folder, { recursive: true });
  });

  it('lets people in by Digest where the directory keeps HA1 for the realm (RFC 7616 §3.4.2)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kalends-ha1-'));
    const config = join(folder, 'caldavd.yaml');
    const ha1 = createHash('sha256').update('bob:Kalends:another secret').digest('hex');
    await ldap.change(`dn: uid=bob,cn=users,${ldap.base}\nchangetype: modify\nreplace: carLicense\ncarLicense: bob:Kalends:${ha1}\n`);
    await writeFile(config, [
      'plugins:', '  storage: { use: storage-flat-file }', '  people:', '    use: directory-open-directory',
      '    with: { url: { env: LDAP_URL }, base: { env: LDAP_BASE }, bind-dn: { env: LDAP_BIND_DN }, bind-password: { env: LDAP_BIND_PW }, ca: { env: LDAP_CA }, digest: { realm: Kalends, sha-256: carLicense } }',
      '  digest: { use: auth-digest, with: { algorithms: [SHA-256] } }', '',
    ].join('\n'));
    await using digest = await startServerProcess({ config, env: ldap.env });
    const ask = async (user: string): Promise<string> => (await execute('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--digest', '-u', user, '-X', 'PROPFIND', '-H', 'Depth: 0', `${digest.url}/principals/users/bob/`])).stdout;
    expect(await ask('bob:another secret')).toBe('207');
    expect(await ask('bob:bobpw')).toBe('401');
    expect(await ask('alice:alicepw')).toBe('401');
    await rm(folder, { recursive: true });
  });

  it('refuses to start with Digest, which a bind cannot prove, and says why', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kalends-digest-'));
    const config = join(folder, 'caldavd.yaml');
    await writeFile(config, ['plugins:', '  storage: { use: storage-flat-file }', `  people: { use: directory-open-directory, with: { url: ${ldap.url}, base: "${ldap.base}" } }`, '  digest: { use: auth-digest }', ''].join('\n'));
    await expect(startServerProcess({ config })).rejects.toThrow(/plugins\.digest: Digest needs a directory that keeps digest secrets[^]*take auth-basic over TLS, or auth-kerberos/);
    await rm(folder, { recursive: true });
  });
});

describeWithAll(['slapd', 'ldapmodify', 'openssl'], 'an OpenLDAP with plain inetOrgPerson', () => {
  let ldap: OpenLdap;
  let server: ServerProcess;
  let folder: string;
  beforeAll(async () => {
    ldap = await startOpenLdap({ data: plainDirectory });
    folder = await mkdtemp(join(tmpdir(), 'kalends-plain-'));
    await writeFile(join(folder, 'rooms.yaml'), 'locations:\n  - { id: 6BA7B810-9DAD-11D1-80B4-00C04FD430C8, name: attic, display-name: The Attic }\nusers:\n  - { id: local-alice, name: alice, display-name: Another Alice, emails: [alice@elsewhere.test] }\n');
    await writeFile(join(folder, 'caldavd.yaml'), [
      'plugins:', '  storage: { use: storage-flat-file }', '  people:', '    use: directory-open-directory',
      '    with: { url: { env: LDAP_URL }, base: { env: LDAP_BASE }, bind-dn: { env: LDAP_BIND_DN }, bind-password: { env: LDAP_BIND_PW }, ca: { env: LDAP_CA }, preset: posix }',
      '  rooms: { use: directory-file, with: { file: ./rooms.yaml } }', '  basic: { use: auth-basic }', '',
    ].join('\n'));
    server = await startServerProcess({ config: join(folder, 'caldavd.yaml'), env: ldap.env });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await ldap[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('lets its people keep calendars', () => calendarFlow({ url: server.url, one: alice, other: zoe, otherDisplayName: 'Zoë Ünïcode', otherEmail: 'zoe@example.test' }));

  it('follows groups of names and groups of DNs, and ends where a group holds itself', async () => {
    const dav = new Dav(server.url);
    const groupsOf = async (account: string): Promise<readonly string[]> => {
      const hrefs = (await dav.propfind(`/principals/users/${account}/`, '<D:group-membership/>', { as: account, password: `${account}pw` })).plain.matchAll(/<href>(\/principals\/__uids__\/[^<]+)<\/href>/g);
      const names = await Promise.all([...new Set([...hrefs].map((match) => match[1]!))].filter((href) => !href.includes('calendar-proxy')).map(async (href) => /<displayname>([^<]+)</.exec((await dav.propfind(href, '<D:displayname/>', as(alice))).plain)?.[1]));
      return names.filter((name) => name !== undefined).sort();
    };
    expect(await groupsOf('alice')).toEqual(expect.arrayContaining(['outer', 'staff']));
    expect(await groupsOf('bob')).toEqual(expect.arrayContaining(['inner', 'outer']));
    expect(await groupsOf('zoe')).toEqual(expect.arrayContaining(['loop', 'staff']));
  });

  describe('beside a file with rooms', () => {
    it('is one directory with it, and wins where both know an account', async () => {
      const dav = new Dav(server.url);
      expect((await searchPrincipals(dav, as(alice), 'Attic')).plain).toContain('/principals/__uids__/6BA7B810-9DAD-11D1-80B4-00C04FD430C8/');
      expect(await principalOf(dav, alice)).not.toContain('local-alice');
      expect((await dav.report('/principals/', `<D:principal-property-search ${NAMESPACES}><D:property-search><D:prop><D:displayname/></D:prop><D:match>Alice</D:match></D:property-search><D:prop><D:displayname/></D:prop></D:principal-property-search>`, { ...as(alice), depth: '0' })).text).toContain('Alice Example');
    });
  });
});
