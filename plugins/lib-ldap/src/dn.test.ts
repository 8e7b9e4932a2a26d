import { describe, expect, it } from 'vitest';
import { dnKey, isBelow, join, parseDn } from './dn.ts';

describe('a distinguished name', () => {
  it('is taken apart at commas that are not escaped (RFC 4514 §3)', () => {
    expect(parseDn('cn=Example\\, Alice,ou=Staff,dc=x')).toEqual({ first: { attribute: 'cn', value: 'Example, Alice' }, parent: 'ou=Staff,dc=x' });
    expect(parseDn('CN=Lu\\C4\\8Di\\C4\\87, dc=x')).toEqual({ first: { attribute: 'CN', value: 'Lučić' }, parent: 'dc=x' });
    expect(['\\ a\\ ', '  \\ a\\   ', ' a ', 'a\\\\ ', '  ', '\\ '].map((value) => parseDn(`uid=${value},dc=x`)?.first?.value)).toEqual([' a ', ' a ', 'a', 'a\\', '', ' ']);
    expect(parseDn('dc=x')).toEqual({ first: { attribute: 'dc', value: 'x' }, parent: '' });
  });

  it('has no first name where that has several parts, or is given in octets', () => {
    expect(parseDn('cn=a+sn=b,dc=x')).toEqual({ first: undefined, parent: 'dc=x' });
    expect(parseDn('1.3.6=#04024869,dc=x')).toEqual({ first: undefined, parent: 'dc=x' });
    expect(parseDn('a\\+b=c\\+d,dc=x')?.first?.value).toBe('c+d');
  });

  it.each(['', 'nonsense', '=x', ',dc=x'])('is not %j', (text) => { expect(parseDn(text)).toBeUndefined(); });

  it('is one name in all its spellings', () => {
    const spelled = ['uid=bob,cn=users,dc=example,dc=test', 'UID=Bob, CN=Users , DC=example,DC=test', 'uid=b\\6fb,cn=users,dc=example,dc=test'];
    expect(new Set(spelled.map(dnKey)).size).toBe(1);
    expect(dnKey('cn=a\\,b,dc=x')).not.toBe(dnKey('cn=a,b=b,dc=x'));
  });

  it('is read in time however many spaces and escapes are in it', () => {
    expect(dnKey(`cn=a${' '.repeat(1_000_000)}b${'\\\\'.repeat(100_000)},dc=x`)).toBe(`cn=a b${'\\'.repeat(100_000)}\ndc=x`);
  });

  it('lies below another only by whole names', () => {
    expect(isBelow('uid=a,ou=rooms,dc=x', 'OU=Rooms,dc=x')).toBe(true);
    expect(isBelow('ou=rooms,dc=x', 'ou=rooms,dc=x')).toBe(true);
    expect(isBelow('uid=a,ou=classrooms,dc=x', 'rooms,dc=x')).toBe(false);
    expect(isBelow('uid=a,dc=y', 'dc=x')).toBe(false);
    // Active Directory names what was made twice at once `name\0ACNF:…`; and whoever names an entry might name it so that it seems to lie elsewhere.
    expect(isBelow('cn=a\\0Aou=rooms,dc=x', 'ou=rooms,dc=x')).toBe(false);
    expect(isBelow('cn=a\\0ACNF:1,ou=rooms,dc=x', 'ou=rooms,dc=x')).toBe(true);
    expect([join('', 'dc=x'), join('cn=users', 'dc=x'), join('cn=users,DC=x', 'dc=x')]).toEqual(['dc=x', 'cn=users,dc=x', 'cn=users,DC=x']);
  });

  it('takes whatever it is given without stumbling', () => {
    for (const odd of ['\\', 'a=\\', 'a=\\g', 'a=\\4', ',,,', '+', 'a=\u{1f600}\\']) expect(() => [parseDn(odd), dnKey(odd)]).not.toThrow();
  });
});
