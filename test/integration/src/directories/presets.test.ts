/** What the presets `open-directory` and `posix` read, field by field, from a real OpenLDAP; and locks as its own password policy sets and ends them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { PrincipalId } from '@kalends/contracts';
import { appleDirectory, plainDirectory, record, startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithAll } from '../programs.ts';
import { setUpOpenDirectory } from './set-up.ts';
import type { DirectoryParts } from './set-up.ts';

const guid = (kind: number, number: number): string => `${String(kind)}0000000-0000-0000-0000-${String(number).padStart(12, '0')}`;
const LOCKOUT_SECONDS = 2;
const programs = ['slapd', 'ldapmodify', 'openssl'];

async function all<T>(batches: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const batch of batches) found.push(...batch);
  return found;
}
const add = (ldap: OpenLdap, dn: string, values: Parameters<typeof record>[1]): Promise<void> => ldap.change(record(`${dn},${ldap.base}`, { changetype: 'add', ...values }));

describeWithAll(programs, 'the preset open-directory', () => {
  let ldap: OpenLdap;
  beforeAll(async () => {
    ldap = await startOpenLdap({ data: appleDirectory });
    const info = (accepts: boolean): string => `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>com.apple.WhitePagesFramework</key><dict><key>AutoAcceptsInvitation</key><${String(accepts)}/></dict></dict></plist>`;
    for (const [number, accepts] of [[11, true], [12, false]] as const) {
      await add(ldap, `cn=hall${String(number)},cn=places`, { objectClass: ['apple-resource', 'calendarPrincipal'], cn: `hall${String(number)}`, 'apple-realname': `Hall ${String(number)}`, 'apple-generateduid': guid(3, number), 'apple-resource-info': info(accepts), 'apple-capacity': number });
    }
    await add(ldap, 'cn=bare,cn=resources', { objectClass: 'apple-resource', cn: 'bare', 'apple-generateduid': guid(4, 13) });
    await add(ldap, 'cn=nameless,cn=places', { objectClass: 'apple-resource', cn: 'nameless' });
  });
  afterAll(async () => { await ldap?.[Symbol.asyncDispose](); });

  it('reads each field that it names', async () => {
    await using parts = await setUpOpenDirectory(ldap);
    const { source } = parts;
    expect(await source.findByAccount('zoe')).toMatchObject({
      id: guid(1, 3), kind: 'user', names: ['zoe'], accounts: ['zoe'], displayName: 'Zoë Ünïcode', firstName: 'Zoë', lastName: 'Ünïcode', emails: ['zoe@example.test'], addresses: ['mailto:zoe@example.test'], enabled: true, locked: false,
    });
    expect(await source.findByName('group', 'staff')).toMatchObject({ id: guid(2, 1), displayName: 'All Staff', emails: ['staff@example.test'] });
    // A GUID, a nested group's GUID and a name, of which one is the same person.
    expect(await all(source.membersOf(guid(2, 1) as PrincipalId))).toEqual([guid(1, 1), guid(2, 2)]);
    expect([...await source.groupsOf(guid(1, 2) as PrincipalId)].sort()).toEqual([guid(2, 1), guid(2, 2)]);
    expect(await source.findByName('location', 'room1')).toMatchObject({ id: guid(3, 1), displayName: 'Room One', emails: ['room1@example.test'], schedule: { mode: 'automatic', capacity: 12 } });
    expect(await source.findByName('resource', 'projector1')).toMatchObject({ id: guid(4, 1), displayName: 'Projector One', schedule: { mode: 'automatic' }, delegates: { read: [], write: [guid(1, 1)] } });
    expect(await source.findByName('location', 'hall11')).toMatchObject({ schedule: { mode: 'automatic', capacity: 11 } });
    expect(await source.findByName('location', 'hall12')).toMatchObject({ schedule: { mode: 'none', capacity: 12 } });
    expect(await source.findByName('resource', 'bare')).toMatchObject({ id: guid(4, 13), displayName: 'bare', emails: [], schedule: { mode: 'automatic' } });
    expect(await source.findByName('location', 'nameless'), 'without a GUID it is nobody').toBeUndefined();
  });

  it('sees a lock that the directory itself set after wrong passwords, and its end', async () => {
    await add(ldap, 'cn=policy', { objectClass: ['device', 'pwdPolicy'], cn: 'policy', pwdAttribute: 'userPassword', pwdLockout: 'TRUE', pwdMaxFailure: 3, pwdLockoutDuration: LOCKOUT_SECONDS });
    await using told = await setUpOpenDirectory(ldap, { users: { 'lockout-seconds': LOCKOUT_SECONDS } });
    await using untold = await setUpOpenDirectory(ldap);
    const locked = async ({ source }: DirectoryParts): Promise<boolean | undefined> => (await source.findByAccount('bob'))?.locked;
    const proves = async ({ credentials }: DirectoryParts): Promise<boolean> => typeof await credentials.verify('bob', 'bobpw') === 'object';
    expect([await locked(told), await proves(told)]).toEqual([false, true]);
    for (let guess = 0; guess < 3; guess++) expect(await told.credentials.verify('bob', 'wrong')).toBe('no');
    expect([await locked(told), await locked(untold), await proves(told), await proves(untold)]).toEqual([true, true, false, false]);
    await delay(LOCKOUT_SECONDS * 1000 + 1100);
    // OpenLDAP leaves the mark where it is until somebody binds, so whoever was not told how long a lock lasts takes it for one.
    expect([await locked(told), await locked(untold)]).toEqual([false, true]);
    expect(await proves(told)).toBe(true);
    expect([await locked(untold), await proves(untold)]).toEqual([false, true]);
  });
});

describeWithAll(programs, 'the preset posix', () => {
  let ldap: OpenLdap;
  beforeAll(async () => {
    ldap = await startOpenLdap({ data: plainDirectory });
    await add(ldap, 'uid=nora,cn=users', { objectClass: 'inetOrgPerson', uid: 'nora', cn: 'Nora Noname', sn: 'Noname', givenName: 'Nora', displayName: 'Dr. Nora Noname', mail: ['nora@example.test', 'n.noname@example.test'] });
    await add(ldap, 'cn=unique,cn=groups', { objectClass: 'groupOfUniqueNames', cn: 'unique', uniqueMember: [`uid=nora,cn=users,${ldap.base}`, `cn=outer,cn=groups,${ldap.base}`] });
    await add(ldap, 'cn=team,cn=groups', { objectClass: 'posixGroup', cn: 'team', gidNumber: 4001, memberUid: 'nora' });
  });
  afterAll(async () => { await ldap?.[Symbol.asyncDispose](); });

  it('reads each field that it names, with entryUUID for an id (RFC 4530)', async () => {
    await using parts = await setUpOpenDirectory(ldap, { preset: 'posix' });
    const { source } = parts;
    const nora = (await source.findByAccount('nora'))!;
    expect(nora).toMatchObject({ kind: 'user', names: ['nora'], accounts: ['nora'], displayName: 'Dr. Nora Noname', firstName: 'Nora', lastName: 'Noname', emails: ['nora@example.test', 'n.noname@example.test'] });
    expect(nora.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect((await source.findById(nora.id))?.id).toBe(nora.id);
    expect((await source.findByAddress('mailto:N.Noname@example.test'))?.id).toBe(nora.id);
    expect((await source.findByAddress(`urn:uuid:${nora.id.toUpperCase()}`))?.id).toBe(nora.id);
  });

  it('counts all three kinds of groups, nested in each other', async () => {
    await using parts = await setUpOpenDirectory(ldap, { preset: 'posix' });
    const { source } = parts;
    const groupsOf = async (account: string): Promise<readonly string[]> => {
      const ids = await source.groupsOf((await source.findByAccount(account))!.id);
      return (await Promise.all([...ids].map(async (id) => (await source.findById(id))!.names[0]!))).sort();
    };
    expect(await groupsOf('nora')).toEqual(['team', 'unique']);
    expect(await groupsOf('bob'), 'of inner, which is in outer, which is in unique').toEqual(['inner', 'outer', 'unique']);
    const unique = (await source.findByName('group', 'unique'))!;
    expect((await Promise.all((await all(source.membersOf(unique.id))).map(async (id) => (await source.findById(id))!.names[0]))).sort()).toEqual(['nora', 'outer']);
  });
});
