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

  it('is none that stands in the value of something else', () => {
    expect(of('Digest cnonce="username=alice", nonce="\\", username=\\"alice", username="bob"')).toBe('bob');
    expect([of('Digest cnonce="username=alice"'), of('Negotiate username="alice"'), of('Basic'), of()]).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('is found in one look at a long field', () => {
    for (const odd of ['a', 'a="', 'a ', ', ', 'a=1,', 'a="\\']) expect(of(`Digest ${odd.repeat(100_000)}`)).toBeUndefined();
  });
});
