/** What a directory server is asked and told for a guess, which must neither tell whether the account exists nor show the server what was typed for another's (R45). */
import type { Clock } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { InvalidCredentialsError } from 'ldapts';
import { beforeEach, describe, expect, it } from 'vitest';
import { LdapCredentials } from './credentials.ts';
import { LdapUnreachable } from './errors.ts';
import type { LdapDirectory } from './ldap-directory.ts';
import type { LdapPool } from './pool.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const work: string[] = [];
const binds: (readonly [dn: string, password: string])[] = [];
let away = false;
let [password, id] = ['right', 'A'];
let now = 0;
beforeEach(() => {
  [away, password, id, now] = [false, 'right', 'A', 0];
  work.length = binds.length = 0;
});

const clock: Clock = { now: () => now, monotonic: () => now, after: () => Promise.resolve() };
const directory = {
  findAccount: (account: string) => {
    work.push('search');
    if (away) return Promise.reject(new LdapUnreachable('gone'));
    const shut = account === 'shut';
    return Promise.resolve(['amy', 'shut'].includes(account) ? { entry: { dn: `uid=${account},dc=test`, texts: () => [account === 'amy' ? password.padEnd(32, '0') : ''] }, principal: { id, enabled: !shut, locked: false } } : undefined);
  },
} as unknown as LdapDirectory;
const pool = {
  bind: (dn: string, typed: string) => {
    work.push('bind');
    binds.push([dn, typed]);
    if (away) return Promise.reject(new LdapUnreachable('gone'));
    return dn.startsWith('uid=') && typed === password ? Promise.resolve() : Promise.reject(new InvalidCredentialsError());
  },
} as unknown as LdapPool;
const credentials = () => new LdapCredentials({ directory, pool, clock, log: silent, graceSeconds: 900, nowhere: 'dc=test', digests: { realm: 'Tests', attributes: { MD5: 'ha1' } } });

describe('a guess', () => {
  it('is one search and one bind for accounts that there are, that are shut, and that there are not, whatever the password', async () => {
    const people = credentials();
    for (const account of ['amy', 'shut', 'nobody']) {
      for (const typed of ['wrong', '', 'a\0b', 'x'.repeat(5_000)]) {
        work.length = 0;
        expect(await people.verify(account, typed)).toBe(account === 'nobody' ? 'unknown-account' : 'no');
        expect(work, `${account} ${typed.slice(0, 5)}`).toEqual(['search', 'bind']);
      }
    }
    work.length = 0;
    await people.pretend();
    expect(work).toEqual(['search', 'bind']);
  });

  it('for an account that is not here is bound as nobody with a password that nobody typed: it may be right for the account that was meant', async () => {
    const people = credentials();
    await people.verify('ami', 'right');
    await people.verify('amy', 'x'.repeat(5_000));
    await people.pretend();
    expect(binds.map(([dn, typed]) => [/^cn=[0-9a-f]{18},dc=test$/.test(dn), /^[0-9a-f]{18}$/.test(typed)])).toEqual(Array(3).fill([true, true]));
    expect(new Set(binds.flat()).size).toBe(6);
  });

  it('is answered the same, and pretended without a word, while the directory is away', async () => {
    const people = credentials();
    away = true;
    expect([await people.verify('amy', 'wrong'), await people.verify('nobody', 'wrong'), await people.pretend()]).toEqual(['unavailable', 'unavailable', undefined]);
  });
});

describe('what is remembered', () => {
  it('of a password is whose it was: in an outage it opens nobody else of that account', async () => {
    const people = credentials();
    expect(await people.verify('amy', 'right')).toEqual({ principal: 'A' });
    [away, id] = [true, 'B'];
    expect(await people.verify('amy', 'right')).toEqual({ principal: 'A' });
  });

  it('of a password outlives guesses, and not its own refusal', async () => {
    const people = credentials();
    await people.verify('amy', 'right');
    expect(await people.verify('amy', 'guess')).toBe('no');
    away = true;
    expect(await people.verify('amy', 'right')).toEqual({ principal: 'A' });
    [away, password] = [false, 'changed'];
    expect(await people.verify('amy', 'right')).toBe('no');
    away = true;
    expect(await people.verify('amy', 'right')).toBe('unavailable');
  });

  it('of a Digest secret is whose it is, and for four seconds', async () => {
    const people = credentials();
    const remembered = () => people.rememberedSecrets('amy', 'Tests', 'MD5');
    password = 'a';
    expect([remembered(), await people.digestSecrets('amy', 'Tests', 'MD5')]).toEqual([[], [{ secret: 'a'.padEnd(32, '0'), principal: 'A' }]]);
    expect([remembered(), people.rememberedSecrets('amy', 'Other', 'MD5'), people.rememberedSecrets('amy', 'Tests', 'SHA-256')]).toEqual([[{ secret: 'a'.padEnd(32, '0'), principal: 'A' }], [], []]);
    now = 4_000;
    expect(remembered()).toEqual([]);
    // Asked in earnest it is never answered from memory, but in an outage.
    [password, id] = ['b', 'B'];
    expect(await people.digestSecrets('amy', 'Tests', 'MD5')).toEqual([{ secret: 'b'.padEnd(32, '0'), principal: 'B' }]);
    away = true;
    expect(await people.digestSecrets('amy', 'Tests', 'MD5')).toEqual([{ secret: 'b'.padEnd(32, '0'), principal: 'B' }]);
    now += 900_000;
    await expect(people.digestSecrets('amy', 'Tests', 'MD5')).rejects.toThrow(LdapUnreachable);
  });

  it('of a Digest secret that is gone is nothing', async () => {
    const people = credentials();
    password = 'a';
    await people.digestSecrets('amy', 'Tests', 'MD5');
    password = 'none';
    expect([await people.digestSecrets('amy', 'Tests', 'MD5'), people.rememberedSecrets('amy', 'Tests', 'MD5')]).toEqual([[], []]);
  });
});
