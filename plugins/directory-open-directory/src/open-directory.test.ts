/** What needs no directory server to be tried: presets, and what entries say of accounts, rooms and groups. */
import { LdapEntry } from '@kalends/lib-ldap';
import { fakeClock } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { config } from './config.ts';
import { groupFacts, placeFacts, userFacts } from './facts.ts';
import { readResourceInfo } from './resource-info.ts';
import { readSchemas } from './schemas.ts';

const entry = (attributes: Readonly<Record<string, string | string[]>>): LdapEntry => new LdapEntry({ dn: 'cn=x,dc=x', ...attributes });
const read = (more: object) => readSchemas(config.parse({ url: 'ldap://x', base: 'dc=x', ...more }), fakeClock());
const of = (kind: string, more: object) => read(more).schemas.find((schema) => schema.kind === kind);

describe('a preset', () => {
  it.each([['open-directory', 'apple-generateduid'], ['posix', 'entryUUID'], ['389', 'nsUniqueId'], ['freeipa', 'ipaUniqueID']])('%s takes ids from %s, which no name can become (R30)', (preset, attribute) => {
    for (const schema of read({ preset }).schemas) expect(schema.id.attribute).toBe(attribute);
  });

  it('is changed field by field, and a kind left out', () => {
    expect(of('user', { users: { base: 'ou=people', accounts: ['uid', 'mail'] } })).toMatchObject({ base: 'ou=people,dc=x', accounts: ['uid', 'mail'], names: ['uid'] });
    expect(read({ locations: false, resources: false, groups: false }).schemas.map(({ kind }) => kind)).toEqual(['user']);
    expect(of('location', { preset: 'posix' })).toBeUndefined();
    for (const [preset, attribute] of [['posix', 'entryUUID'], ['389', 'nsUniqueId'], ['freeipa', 'ipaUniqueID']]) {
      expect(of('location', { preset, locations: { base: 'ou=rooms', filter: '(objectClass=device)' } })).toMatchObject({ base: 'ou=rooms,dc=x', id: { attribute } });
    }
  });

  it('is refused with a sentence where something is missing or no filter', () => {
    expect(() => read({ preset: 'posix', locations: { base: 'ou=rooms' } })).toThrow(/needs at least base, filter/);
    expect(() => read({ users: { filter: '(uid=' } })).toThrow(/is no LDAP filter/);
    for (const wrong of [{ users: { emial: ['mail'] } }, { users: { id: 'a b' } }, { preset: 'netinfo' }, { digest: { realm: 'x' } }]) expect(config.safeParse({ base: 'dc=x', url: 'ldap://x', ...wrong }).success, JSON.stringify(wrong)).toBe(false);
  });
});

describe('an account', () => {
  it('is enabled by a value, or disabled by one', () => {
    const enabled = { enabled: { attribute: 'calStatus', values: ['active'] } };
    expect(userFacts(enabled, entry({ calStatus: 'Active' }), 0).enabled).toBe(true);
    expect(userFacts(enabled, entry({ calStatus: 'off' }), 0).enabled).toBe(false);
    expect(userFacts(enabled, entry({}), 0).enabled).toBe(false);
    const disabled = { disabled: { attribute: 'nsAccountLock', values: ['true'] } };
    expect(userFacts(disabled, entry({ nsaccountlock: 'TRUE' }), 0).enabled).toBe(false);
    expect(userFacts(disabled, entry({}), 0).enabled).toBe(true);
  });

  it('is disabled from the time on when it expires, and by nothing that is no time', () => {
    const at = Date.parse('2026-01-01T00:00:00Z') / 1000;
    const enabled = (value: string, now: number): boolean => userFacts({ expires: 'krbPrincipalExpiration' }, entry({ krbPrincipalExpiration: value }), now).enabled;
    expect([enabled('20260101000000Z', at - 1), enabled('20260101000000Z', at), enabled('', at), enabled('19700101000000Z', at), enabled('never', at)]).toEqual([true, false, true, true, true]);
    expect(userFacts({ expires: 'x', disabled: { attribute: 'y', values: ['TRUE'] } }, entry({ y: 'true' }), at).enabled).toBe(false);
  });

  it('is locked for ever, for a time, or no more', () => {
    const at = Date.parse('2026-01-01T00:00:00Z') / 1000;
    const locked = (value: string, seconds: number | undefined, now: number, attribute = 'pwdAccountLockedTime'): boolean => userFacts({ locked: attribute, 'lockout-seconds': seconds }, entry({ [attribute]: value }), now).locked;
    expect(locked('000001010000Z', 60, at)).toBe(true);
    expect(locked('20260101000000Z', undefined, at + 1e6)).toBe(true);
    expect(locked('20260101000000.123456Z', 60, at + 59)).toBe(true);
    expect(locked('20260101000000Z', 60, at + 60)).toBe(false);
    expect(locked('', 60, at)).toBe(false);
    expect([locked('20260101000000Z', undefined, at - 1, 'accountUnlockTime'), locked('20260101000000Z', undefined, at + 1, 'accountUnlockTime'), locked('19700101000000Z', undefined, at, 'accountUnlockTime')]).toEqual([true, false, true]);
  });

  it('may name its server and its quota', () => {
    expect(userFacts({ server: 'host', quota: 'quota' }, entry({ host: 'cal2', quota: '1000' }), 0)).toMatchObject({ server: 'cal2', quotaOctets: 1000 });
    expect(userFacts({ server: 'host', quota: 'quota' }, entry({ quota: 'much' }), 0)).toEqual({ enabled: true, locked: false });
  });
});

describe('a room', () => {
  const schedule = { mode: 'automatic', 'mode-attribute': { attribute: 'icsAutoaccept', values: { TRUE: 'accept-if-free', false: 'none' } }, 'accept-group': 'autoAcceptGroup', capacity: 'apple-capacity', 'resource-info': 'info' } as const;
  const delegates = { read: 'calROProxy', write: 'calRWProxy' };

  it('answers as its own attribute says, then as the property list does, then as the config does', () => {
    const info = plist('<key>AutoAcceptsInvitation</key><false/>');
    expect(placeFacts({ schedule }, entry({ icsAutoaccept: 'true', info })).schedule).toEqual({ mode: 'accept-if-free' });
    expect(placeFacts({ schedule }, entry({ info })).schedule).toEqual({ mode: 'none' });
    expect(placeFacts({ schedule }, entry({ info: 'broken' })).schedule).toEqual({ mode: 'automatic' });
    expect(placeFacts({}, entry({})).schedule).toEqual({ mode: 'automatic' });
  });

  it('has places, a group that it always accepts, and delegates from both places', () => {
    const info = plist('<key>CalendaringDelegate</key><string>G1</string><key>ReadOnlyCalendaringDelegate</key><string></string>');
    const facts = placeFacts({ schedule, delegates }, entry({ 'apple-capacity': '12', autoAcceptGroup: 'G9', calRWProxy: ['G2', 'G1'], calROProxy: 'G3', info }));
    expect(facts).toMatchObject({ schedule: { acceptGroup: 'G9', capacity: 12 }, delegates: { read: ['G3'], write: ['G2', 'G1'] } });
    expect(placeFacts({ schedule, delegates }, entry({ 'apple-capacity': '0' }))).toEqual({ enabled: true, locked: false, schedule: { mode: 'automatic' } });
  });

  it('is not harmed by a property list that is none', () => {
    for (const text of ['', '<plist', '<plist version="1.0"><array/></plist>', plist('').replace('<dict><dict>', '<dict>')]) expect(readResourceInfo(text), text).toEqual({ autoAccepts: undefined, write: [], read: [] });
  });
});

describe('a group', () => {
  it('has a calendar where its entry says so', () => {
    const fields = { calendar: { when: { attribute: 'calStatus', values: ['active'] }, members: 'write', owners: 'apple-ownerguid' } } as const;
    const given = { ...fields, calendar: { ...fields.calendar, when: { ...fields.calendar.when, values: ['active'] } } };
    expect(groupFacts(given, entry({ calStatus: 'active', 'apple-ownerguid': 'U1' })).groupCalendar).toEqual({ members: 'write', owners: ['U1'] });
    expect(groupFacts(given, entry({})).groupCalendar).toBeUndefined();
  });
});

function plist(inside: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>com.apple.WhitePagesFramework</key><dict>${inside}</dict></dict></plist>`;
}
