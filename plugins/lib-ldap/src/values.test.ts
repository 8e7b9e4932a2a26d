/** What is made of single values: GUIDs, questions of clients, filters, entries, addresses of servers. */
import { fileURLToPath } from 'node:url';
import type { DirectoryQuery, PrincipalId } from '@kalends/contracts';
import type { Logger, SettingError } from '@kalends/kernel';
import { describe, expect, it } from 'vitest';
import { checkDn } from './dn.ts';
import { LdapEntry } from './entry.ts';
import { sentenceOf } from './errors.ts';
import { readFilter } from './filters.ts';
import { guidOctets, guidText, relativeIdOf, siblingSid } from './guid.ts';
import { isPlausible, readAddress } from './question.ts';
import { principalOf } from './record-schema.ts';
import type { RecordSchema } from './record-schema.ts';
import { searchFilter } from './search-filter.ts';
import { readServer, readSettings } from './settings.ts';
import { Smallest } from './smallest.ts';

const schema: RecordSchema = {
  kind: 'user', base: 'dc=x', filter: readFilter('(objectClass=person)'), id: { attribute: 'entryUUID', form: 'text' }, names: ['uid'], accounts: ['uid'], displayName: ['displayName', 'cn'],
  emails: [{ attribute: 'mail' }, { attribute: 'proxyAddresses', prefix: 'smtp:' }], firstName: 'givenName', lastName: 'sn', more: [], facts: () => ({ enabled: true, locked: false }),
};

describe('objectGUID (MS-DTYP §2.3.4)', () => {
  it('is text with its first three fields turned round, and back', () => {
    const octets = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
    expect(guidText(octets)).toBe('03020100-0504-0706-0809-0a0b0c0d0e0f');
    expect(guidOctets('03020100-0504-0706-0809-0a0b0c0d0e0f')).toEqual(octets);
  });

  it.each(['', 'x', '03020100-0504-0706-0809-0A0B0C0D0E0F', '0302010005040706', '03020100-0504-0706-0809-0a0b0c0d0e0f0'])('is not %j', (text) => { expect(guidOctets(text)).toBeUndefined(); });

  it('of another length is nobody\'s', () => { expect(guidText(Buffer.alloc(15))).toBeUndefined(); });

  it('stands beside a SID, whose last number names the group (MS-DTYP §2.4.2.2)', () => {
    const sid = Buffer.from('010500000000000515000000aaaaaaaabbbbbbbbcccccccc50040000', 'hex');
    expect(relativeIdOf(sid)).toBe(1104);
    expect(relativeIdOf(siblingSid(sid, 513))).toBe(513);
    expect(relativeIdOf(sid)).toBe(1104);
  });
});

describe('what a client asks about', () => {
  it('is an address in any of its forms', () => {
    expect(readAddress('MailTo:Ann%40x@example.com?subject=y')).toEqual({ is: 'email', email: 'Ann@x@example.com' });
    expect(readAddress('URN:UUID:ab-C')).toEqual({ is: 'id', ids: ['ab-C', 'ab-c', 'AB-C'] });
    expect(readAddress('https://cal.example.com/principals/users/z%C3%B6e/')).toEqual({ is: 'name', kind: 'user', name: 'zöe' });
    expect(readAddress('/principals/__uids__/x')).toEqual({ is: 'id', ids: ['x'] });
    for (const none of ['', 'cat', 'mailto:', 'urn:oid:1', '/principals/', '/principals/constructor/x/', 'tel:1', 'https://']) expect(readAddress(none), none).toBeUndefined();
  });

  it('is no name where it could not be one', () => {
    for (const odd of ['', '\0', 'a\nb', 'x'.repeat(513), '\ud800']) expect(isPlausible(odd)).toBe(false);
    expect(isPlausible('*)(uid=*')).toBe(true);
  });
});

describe('a search as a filter', () => {
  type Term = DirectoryQuery['terms'][number];
  const filterOf = (anyOf: boolean, ...terms: readonly Term[]): string | undefined => searchFilter(schema, { anyOf, terms, kinds: ['user'], limit: 1 })?.toString();

  it('keeps what was typed a value (RFC 4515 §3)', () => {
    expect(filterOf(false, { field: 'name', text: '*)(uid=*', match: 'contains' })).toBe('(uid=*\\2a\\29\\28uid=\\2a*)');
    expect(filterOf(false, { field: 'name', text: 'a\0', match: 'equals' })).toBeUndefined();
  });

  it('asks every attribute of a field, and joins terms as it is told', () => {
    expect(filterOf(false, { field: 'display-name', text: 'ann', match: 'starts-with' }, { field: 'last-name', text: 'lee', match: 'equals' })).toBe('(&(|(displayName=ann*)(cn=ann*))(sn=lee))');
    expect(filterOf(true, { field: 'first-name', text: 'a', match: 'contains' }, { field: 'last-name', text: '', match: 'equals' })).toBe('(givenName=*a*)');
    expect(filterOf(true)).toBeUndefined();
    expect(filterOf(false)).toBe('(entryUUID=*)');
  });

  it('knows what stands before an address', () => {
    expect(filterOf(false, { field: 'email', text: 'a@x', match: 'equals' })).toBe('(|(mail=a@x)(proxyAddresses=smtp:a@x))');
    expect(filterOf(false, { field: 'address', text: 'mailto:a', match: 'starts-with' })).toBe('(|(mail=a*)(proxyAddresses=smtp:a*))');
    expect(filterOf(false, { field: 'address', text: 'ann', match: 'contains' })).toBe('(|(mail=*ann*)(proxyAddresses=*ann*))');
    expect(filterOf(false, { field: 'address', text: 'urn:uuid:AB', match: 'equals' })).toBe('(|(entryUUID=ab)(entryUUID=AB))');
    expect(filterOf(false, { field: 'address', text: 'tel:1', match: 'equals' })).toBeUndefined();
  });
});

describe('an entry', () => {
  it('is read whatever case the server spells its attributes in', () => {
    const entry = new LdapEntry({ dn: 'uid=a,dc=x', UID: ['a', 'b', ''], MAIL: 'a@x', entryuuid: '1', cn: 'Ann', proxyaddresses: ['SMTP:A@X', 'smtp:b@x', 'X400:c'] });
    expect(principalOf(schema, entry)).toEqual({
      id: '1', kind: 'user', names: ['a', 'b'], accounts: ['a', 'b'], displayName: 'Ann', emails: ['a@x', 'b@x'], addresses: ['mailto:a@x', 'mailto:b@x'], enabled: true, locked: false, schedule: { mode: 'none' },
    });
  });

  it('is nobody without an id or a name (R30)', () => {
    expect(principalOf(schema, new LdapEntry({ dn: 'uid=a,dc=x', uid: 'a' }))).toBeUndefined();
    expect(principalOf(schema, new LdapEntry({ dn: 'uid=a,dc=x', entryUUID: '1', uid: 'a/b' }))).toBeUndefined();
  });
});

describe('where the directory is', () => {
  const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
  const config = { 'start-tls': true, 'timeout-seconds': 5, connections: 1, 'refresh-seconds': 300 };

  it('is read from an address', () => {
    expect(readServer('ldaps://dc1.example.com', true)).toMatchObject({ host: 'dc1.example.com', port: 636, security: 'tls' });
    expect(readServer('ldap://[::1]:3890', true)).toMatchObject({ host: '::1', port: 3890, security: 'start-tls' });
    expect(readServer('ldap://x', false)).toMatchObject({ port: 389, security: 'none' });
    expect(readServer('ldapi://%2Frun%2Fslapd%2Fldapi', true)).toMatchObject({ socket: '/run/slapd/ldapi', security: 'none' });
    for (const wrong of ['http://x', 'ldap.example.com', 'ldaps://']) expect(() => readServer(wrong, true), wrong).toThrow();
  });

  it('is refused with a sentence where it cannot be right', () => {
    expect(() => readSettings(config, log)).toThrow(/is missing: where is the directory/);
    expect(() => readSettings({ ...config, url: 'ldap://x', 'bind-dn': 'cn=a' }, log)).toThrow(/has no password beside it/);
    expect(() => readSettings({ ...config, url: 'ldap://x', ca: '/nonexistent/ca.pem' }, log)).toThrow(/cannot read \/nonexistent\/ca\.pem \(ENOENT\)/);
    expect(() => readSettings({ ...config, url: 'ldap://x', ca: fileURLToPath(import.meta.url) }, log)).toThrow(/holds no PEM certificate/);
    // All at once, each with its place.
    const all = (() => { try { return readSettings({ ...config, url: ['ldap://x', 'http://y'], ca: '/nonexistent/ca.pem', 'bind-password': 'secret-of-mine' }, log); } catch (error) { return error; } })() as AggregateError;
    expect((all.errors as readonly SettingError[]).map(({ setting, message }) => [setting.join('.'), message])).toEqual([
      ['url.1', 'http://y is no address of a directory'], ['ca', 'cannot read /nonexistent/ca.pem (ENOENT)'], ['bind-password', 'has no account beside it'],
    ]);
    expect(all.message).not.toContain('secret-of-mine');
    expect(() => checkDn('ou=people,nonsense', ['users', 'base'])).toThrow('ou=people,nonsense is no distinguished name');
    expect(() => { for (const dn of ['dc=example,dc=com', 'ou=a\\,b,o=x', 'o=x', '']) checkDn(dn, ['base']); }).not.toThrow();
  });

  it.each([
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', /nothing listens there.*\(connect ECONNREFUSED 127\.0\.0\.1:1\)/], ['ENOTFOUND', 'getaddrinfo ENOTFOUND x', /there is no such host/],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain', /an authority that is not in `ca`/], ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', /let `ca` name that certificate/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'Hostname/IP does not match', /use that in url, or say server-name/], ['CERT_HAS_EXPIRED', 'certificate has expired', /has expired/],
    ['ECONNRESET', 'Client network socket disconnected before secure TLS connection was established', /ldaps:\/\/ has a port of its own/], ['EPIPE', 'write EPIPE', /^write EPIPE$/],
  ])('is told with a remedy when it cannot be reached: %s', (code, message, sentence) => {
    expect(sentenceOf(Object.assign(new Error(message), { code }))).toMatch(sentence);
  });
});

describe('the smallest names', () => {
  it('are kept in order, however many pass by', () => {
    const smallest = new Smallest(3);
    for (const name of ['m', 'z', 'b', 'a', 'y', 'c', 'x', 'd', 'w']) smallest.offer(name, name as PrincipalId);
    expect(smallest.values()).toEqual(['a', 'b', 'c']);
    expect(new Smallest(3).values()).toEqual([]);
  });
});
