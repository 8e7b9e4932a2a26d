/** directory-open-directory held to the suites of its points, against a real OpenLDAP. */
import { createHash } from 'node:crypto';
import type { CredentialSource, DirectorySource, Principal } from '@kalends/contracts';
import { PEOPLE, describeCredentialSource, describeDirectorySource } from '@kalends/testkit';
import type { DirectoryGiven } from '@kalends/testkit';
import { record, startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { afterAll, beforeAll } from 'vitest';
import { describeWithAll } from '../programs.ts';
import { setUpOpenDirectory } from './set-up.ts';

const CONTAINERS: Readonly<Record<Principal['kind'], string>> = { user: 'users', group: 'groups', location: 'places', resource: 'resources' };
const REALM = 'Test Realm';

/** What the suites speak of, as a directory's admin would have it. */
function ldifOf(base: string, { principals, members, passwords }: DirectoryGiven): string {
  const containers = Object.values(CONTAINERS).map((name) => record(`cn=${name},${base}`, { objectClass: 'applicationProcess', cn: name }));
  const reader = record(`uid=caladmin,${base}`, { objectClass: ['account', 'simpleSecurityObject'], uid: 'caladmin', userPassword: 'caladminpw' });
  return record(base, { objectClass: ['dcObject', 'organization'], dc: 'example', o: 'Example' }) + containers.join('') + reader + principals.map((principal, at) => entryOf(base, principal, at, members, passwords)).join('');
}

function entryOf(base: string, { id, kind, names, accounts, displayName, firstName, lastName, emails, enabled }: Principal, number: number, members: DirectoryGiven['members'], passwords: DirectoryGiven['passwords']): string {
  const shared = { 'apple-generateduid': id, mail: emails };
  const container = `cn=${CONTAINERS[kind]},${base}`;
  const name = names[0]!;
  switch (kind) {
    case 'user': return record(`uid=${name},${container}`, {
      ...shared, objectClass: ['inetOrgPerson', 'apple-user', 'calendarPrincipal'], uid: names, ou: accounts, cn: displayName, givenName: firstName, sn: lastName ?? '-', calStatus: enabled ? 'active' : 'disabled',
      userPassword: passwords[accounts[0]!], carLicense: (['md5', 'sha256'] as const).map((algorithm) => createHash(algorithm).update(`${name}:${REALM}:${passwords[accounts[0]!]!}`).digest('hex'))[0],
      departmentNumber: `${name}:${REALM}:${createHash('sha256').update(`${name}:${REALM}:${passwords[accounts[0]!]!}`).digest('hex')}`,
    });
    case 'group': return record(`cn=${name},${container}`, { ...shared, objectClass: ['posixGroup', 'apple-group'], cn: name, gidNumber: number, 'apple-group-realname': displayName, 'apple-group-memberguid': members[id] ?? [] });
    default: return record(`cn=${name},${container}`, { ...shared, objectClass: ['apple-resource', 'calendarPrincipal'], cn: name, 'apple-realname': displayName });
  }
}

describeWithAll(['slapd', 'ldapmodify', 'openssl'], 'an OpenLDAP directory', () => {
  let ldap: OpenLdap;
  beforeAll(async () => { ldap = await startOpenLdap({ data: (base) => ldifOf(base, PEOPLE) }); });
  afterAll(async () => { await ldap[Symbol.asyncDispose](); });

  const open = async (): Promise<{ readonly source: DirectorySource; readonly credentials: CredentialSource; close(): Promise<void> }> => setUpOpenDirectory(ldap, {
    users: { accounts: ['ou'], 'last-name': 'sn', enabled: { attribute: 'calStatus', values: ['active'] } }, digest: { realm: REALM, md5: 'carLicense', 'sha-256': 'departmentNumber' },
  });
  describeDirectorySource('directory-open-directory', open);
  describeCredentialSource('directory-open-directory', async () => {
    const { credentials, close } = await open();
    return { source: credentials, close };
  }, REALM);
});
