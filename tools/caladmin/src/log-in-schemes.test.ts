/** Which schemes the command line says that somebody could take, where an integration test has no keytab or directory for it. */
import type { CredentialSource, Principal } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { schemesOf } from './log-in-schemes.ts';

const alice = { kind: 'user', accounts: ['alice', 'alice@EXAMPLE.COM'] } as unknown as Principal;
const people = { credentials: [], secure: true, proxied: false };

describe('Kerberos', () => {
  it.each([
    ['no rule, which is that of the name', { name: 'OTHER.COM' }, { could: true, how: 'with a ticket of alice@OTHER.COM' }],
    ['name', { name: 'OTHER.COM', account: 'name' }, { could: true, how: 'with a ticket of alice@OTHER.COM' }],
    ['name@realm', { name: 'OTHER.COM', account: 'name@realm' }, { could: false, how: 'no realm of the config means this account' }],
  ])('takes a realm with %s as the server does', async (_what, realm, expected) => {
    const authenticators = [{ instance: 'kerberos', plugin: '@kalends/auth-kerberos', value: { realms: [realm] } }];
    expect(await schemesOf({ ...people, authenticators }, alice)).toEqual([{ scheme: 'Negotiate', instance: 'kerberos', ...expected }]);
  });
});

describe('Digest', () => {
  it('asks each source as the authenticator does: once, by what it offers', async () => {
    const asked: string[] = [];
    const source = {
      can: { verify: true, digest: ['MD5'] },
      digestSecret: () => { asked.push('one'); return Promise.resolve('a'); }, digestSecrets: () => { asked.push('all'); return Promise.resolve([{ secret: 'a' }]); },
    } as unknown as CredentialSource;
    const authenticators = [{ instance: 'digest', plugin: '@kalends/auth-digest', value: { realm: 'Kalends', algorithms: ['MD5'] } }];
    const found = await schemesOf({ ...people, credentials: [{ instance: 'people', plugin: 'x', value: source }], authenticators }, { ...alice, accounts: ['alice'] });
    expect([found, asked]).toEqual([[{ scheme: 'Digest', instance: 'digest', could: true, how: 'MD5 as alice (people)' }], ['all']]);
  });
});
