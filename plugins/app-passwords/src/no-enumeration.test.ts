/** Whether an account exists, and has app passwords, must not be read from what is done for a guess (R45). Time itself would fail at random: what is asked of the records is counted. */
import type { RecordStore } from '@kalends/contracts';
import { memoryStore, person, systemClock } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { AppPasswordSource } from './app-password-source.ts';
import { AppPasswords } from './app-passwords.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

async function given() {
  const asked: string[] = [];
  const { recordStore: kept } = memoryStore({ clock: systemClock });
  const records: RecordStore = {
    get: (kind, key) => { asked.push(`get ${kind}`); return kept.get(kind, key); }, list: (kind, prefix) => { asked.push(`list ${kind}`); return kept.list(kind, prefix); }, apply: (operations) => kept.apply(operations),
  };
  const passwords = new AppPasswords(records, systemClock, 'Tests');
  const made = [];
  for (const name of ['phone', 'display', 'script']) made.push(await passwords.create(person('amy', { accounts: ['amy', 'amy@x'] }), { name, readOnly: false }));
  const source = new AppPasswordSource(passwords, silent);
  const askedBy = async (run: () => Promise<unknown>): Promise<readonly string[]> => {
    asked.length = 0;
    await run();
    return [...asked];
  };
  return { source, passwords, made, askedBy };
}

describe('a guess', () => {
  it('with Basic is one look for accounts that there are and that there are not', async () => {
    const { source, askedBy } = await given();
    for (const account of ['amy', 'nobody', '', '-']) {
      expect(await askedBy(async () => { expect(await source.verify(account, 'abcde-fghij-kmnpq-rstuv')).toBe('unknown-account'); }), account).toEqual(['get app-password-proof']);
    }
  });

  it('with Digest is one look too, however many there are', async () => {
    const { source, askedBy } = await given();
    for (const account of ['amy', 'nobody']) expect(await askedBy(() => source.digestSecrets(account, 'Tests', 'SHA-256')), account).toEqual(['list app-password-login']);
    expect(await source.digestSecrets('nobody', 'Tests', 'SHA-256')).toEqual([]);
    expect(await source.digestSecrets('amy@x', 'Tests', 'MD5')).toHaveLength(3);
    expect(await source.digestSecrets('amy', 'Other', 'MD5')).toEqual([]);
  });
});

describe('an app password', () => {
  it('says whose it is, so that it opens nobody else, whatever account is given with it', async () => {
    const { source, made } = await given();
    for (const account of ['amy', 'amy@x', 'ben']) expect(await source.verify(account, made[0]!), account).toEqual({ principal: 'id-amy', scope: { name: 'phone', readOnly: false, collections: undefined } });
    expect((await source.digestSecrets('amy', 'Tests', 'SHA-256')).map(({ principal }) => principal)).toEqual(['id-amy', 'id-amy', 'id-amy']);
  });

  it('is gone from everywhere when it is revoked', async () => {
    const { source, passwords, made } = await given();
    expect([await passwords.revoke('id-amy' as never, 'phone'), await passwords.revoke('id-amy' as never, 'phone')]).toEqual([true, false]);
    expect(await source.verify('amy', made[0]!)).toBe('unknown-account');
    expect(await source.digestSecrets('amy', 'Tests', 'MD5')).toHaveLength(2);
    expect((await passwords.list('id-amy' as never)).map(({ name }) => name)).toEqual(['display', 'script']);
  });
});
