import { describe, expect, it } from 'vitest';
import { claimedAccount } from './claimed-account.ts';

const of = (authorization?: string): string | undefined => claimedAccount({ authorization });

describe('the account that failures are counted against', () => {
  it('is the one that will be looked at, in whatever spelling', () => {
    const spellings = [
      `Basic ${btoa('alice:x')}`, `basic   ${btoa('Alice:y')}`, `Basic ${btoa(' ALICE  :z')}`, 'Digest username="alice", realm="r"', 'Digest realm="r",username = alice', 'digest username="al\\ice"',
      'Digest username*=UTF-8\'\'%61lice', 'Digest username*=utf-8\'en\'alice', 'Digest USERNAME="alice"',
    ];
    expect(spellings.map(of)).toEqual(spellings.map(() => 'alice'));
    expect(of(`Basic ${Buffer.from('bø  b:x').toString('base64')}`)).toBe(of('Digest username*=UTF-8\'\'b%C3%B8%20b'));
  });

  it('is one in all spellings that a directory takes for one (RFC 4518 §2.2, §2.3), in UTF-8 and Latin-1', () => {
    const basic = (account: string): string | undefined => of(`Basic ${Buffer.from(`${account}:x`).toString('base64')}`);
    for (const spelling of ['\uFF41lice', '\u{1D41A}lice', '\u24D0LICE', 'al\u0130ce', 'al\u2170ce', '\u3000alice', 'al\u00ADice', 'al\u200Bice']) expect(basic(spelling), spelling).toBe('alice');
    expect([basic('ren\u00E9'), basic('rene\u0301'), of(`Basic ${Buffer.from('ren\u00E9:x', 'latin1').toString('base64')}`), of('Digest username="ren\u00C3\u00A9"'), of('Digest username*=UTF-8\'\'ren%C3%A9')]).toEqual(Array.from({ length: 5 }, () => 'rene'));
    expect([basic('用户'), basic('Ωmega'), basic('')]).toEqual(['用户', 'ωmega', '']);
  });

  it('is none that stands in the value of something else', () => {
    expect(of('Digest cnonce="username=alice", nonce="\\", username=\\"alice", username="bob"')).toBe('bob');
    expect([of('Digest cnonce="username=alice"'), of('Negotiate username="alice"'), of('Basic'), of()]).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('is kept short, however long it is', () => {
    const [one, other, spelled] = ['x', 'y', 'X'].map((last) => claimedAccount({ authorization: `Basic ${Buffer.from(`${'n'.repeat(20_000)}${last}:p`).toString('base64')}` }));
    expect(one).toHaveLength(43);
    expect([other === one, spelled === one]).toEqual([false, true]);
  });

  it('is found in one look at a long field', () => {
    for (const odd of ['a', 'a="', 'a ', ', ', 'a=1,', 'a="\\']) expect(of(`Digest ${odd.repeat(100_000)}`)).toBeUndefined();
  });
});
