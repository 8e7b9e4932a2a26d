/** What needs no domain controller to be tried: accounts, names of domains, and rooms as Exchange has them. */
import { LdapEntry } from '@kalends/lib-ldap';
import { fakeClock } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { accountFacts } from './account.ts';
import { config } from './config.ts';
import { accountNames, baseOf, domainOf } from './domain.ts';
import { readSchemas } from './schemas.ts';

const entry = (attributes: Readonly<Record<string, string>>, dn = 'CN=x,DC=corp,DC=example,DC=com'): LdapEntry => new LdapEntry({ dn, ...attributes });

describe('an account', () => {
  it('is disabled by its flag, or when its time is over (MS-ADTS §2.2.16)', () => {
    const now = 1_767_225_600;
    expect(accountFacts(entry({ userAccountControl: '512' }), now)).toEqual({ enabled: true, locked: false });
    expect(accountFacts(entry({ userAccountControl: '66050' }), now).enabled).toBe(false);
    expect(accountFacts(entry({}), now).enabled, 'nobody may see whether').toBe(false);
    for (const never of ['0', '9223372036854775807', 'nonsense']) expect(accountFacts(entry({ userAccountControl: '512', accountExpires: never }), now).enabled, never).toBe(true);
    const ticks = (seconds: number): string => String((BigInt(seconds) + 11_644_473_600n) * 10_000_000n);
    expect(accountFacts(entry({ userAccountControl: '512', accountExpires: ticks(now) }), now).enabled).toBe(false);
    expect(accountFacts(entry({ userAccountControl: '512', accountExpires: ticks(now + 1) }), now).enabled).toBe(true);
  });

  it('is locked as long as the directory computes it, not as long as the attribute stands', () => {
    expect(accountFacts(entry({ 'msDS-User-Account-Control-Computed': '16', lockoutTime: '0' }), 0).locked).toBe(true);
    expect(accountFacts(entry({ 'msDS-User-Account-Control-Computed': '0', lockoutTime: '134398345046984400' }), 0).locked).toBe(false);
    expect(accountFacts(entry({ lockoutTime: '134398345046984400' }), 0).locked).toBe(true);
  });
});

describe('a domain', () => {
  it('is a base, and a base a domain', () => {
    expect(baseOf('corp.example.com')).toBe('DC=corp,DC=example,DC=com');
    expect(domainOf('OU=Staff, DC=Corp,DC=example,dc=com')).toBe('corp.example.com');
    expect(domainOf('o=example')).toBeUndefined();
  });

  it('knows its people by both spellings of an account, and nobody of another', () => {
    expect(accountNames('CORP\\ann', undefined, 'corp')).toEqual(['ann']);
    expect(accountNames('Ann@Corp.Example.COM', 'corp.example.com', undefined)).toEqual(['Ann']);
    for (const other of ['OTHER\\ann', 'ann', '\\ann', 'ann@other.com', '@corp.example.com', 'a\\b\\c']) expect(accountNames(other, 'corp.example.com', 'CORP'), other).toEqual([]);
  });
});

describe('rooms and equipment', () => {
  const schemas = (more: object = {}) => readSchemas(config.parse({ domain: 'corp.example.com', ...more }), 'DC=corp,DC=example,DC=com', fakeClock());
  const of = (kind: string, more?: object) => schemas(more).find((schema) => schema.kind === kind)!;

  it('are Exchange\'s mailboxes of that kind by default, here or in the cloud, and then no people', () => {
    expect(of('location').filter.toString()).toContain('(|(msExchRecipientTypeDetails=16)(msExchRecipientTypeDetails=8589934592))');
    expect(of('user').filter.toString(), 'an attribute that the schema lacks would make NOT match nobody').not.toContain('msExch');
    expect(of('user').accepts!(entry({ msExchRecipientTypeDetails: '32' }))).toBe(false);
    expect(of('user').accepts!(entry({ msExchRecipientTypeDetails: '1' }))).toBe(true);
    expect(of('user', { resources: false }).accepts!(entry({ msExchRecipientTypeDetails: '32' }))).toBe(true);
  });

  it('are what lies in a unit, or what a filter says', () => {
    expect(of('location', { locations: { base: 'OU=Rooms' } }).base).toBe('OU=Rooms,DC=corp,DC=example,DC=com');
    expect(of('user', { locations: { base: 'OU=Rooms' } }).accepts!(entry({}, 'CN=oak,ou=rooms,DC=corp,DC=example,DC=com'))).toBe(false);
    expect(of('user', { resources: { filter: '(extensionAttribute1=equipment)' } }).filter.toString()).toContain('(!(extensionAttribute1=equipment))');
  });

  it('answer by themselves, are enabled though their accounts are not, and have places', () => {
    expect(of('location').facts(entry({ userAccountControl: '514', msExchResourceCapacity: '12' }))).toEqual({ enabled: true, locked: false, schedule: { mode: 'automatic', capacity: 12 } });
  });

  it('need a domain to be in', () => {
    expect(config.safeParse({ url: 'ldaps://x' }).success).toBe(false);
    expect(config.safeParse({ domain: 'corp', url: 'ldaps://x' }).success).toBe(false);
  });
});
