/** Whether an account exists must not be read from what is done for a guess (R45). Time itself would fail at random: what is asked of the records is counted. */
import type { Directory, PrincipalId, RecordStore } from '@kalends/contracts';
import { person, systemClock } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { AppPasswordSource } from './app-password-source.ts';
import { AppPasswords } from './app-passwords.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

function given() {
  const asked: string[] = [];
  const records = {
    get: (kind: string) => { asked.push(`get ${kind}`); return Promise.resolve(undefined); },
    async *list(kind: string) { asked.push(`list ${kind}`); yield []; },
    apply: () => { asked.push('apply'); return Promise.resolve(); },
  } as unknown as RecordStore;
  const amy = { ...person('amy'), id: 'id-amy' as PrincipalId };
  const directory: Pick<Directory, 'findByAccount'> = { findByAccount: (account) => Promise.resolve(account === 'amy' ? amy : undefined) };
  return { source: new AppPasswordSource(new AppPasswords(records, systemClock, 'Tests'), directory, silent), asked };
}

describe('a guess', () => {
  it('with Basic asks the same of the records for accounts that there are and that there are not', async () => {
    const { source, asked } = given();
    const done: string[][] = [];
    for (const account of ['amy', 'nobody', '', '-']) {
      asked.length = 0;
      expect(await source.verify(account, 'abcde-fghij-kmnpq-rstuv')).toBe('unknown-account');
      done.push([...asked]);
    }
    expect(done[0]!.length).toBeGreaterThan(0);
    expect(new Set(done.map(String)).size).toBe(1);
  });

  it('with Digest does so too', async () => {
    const { source, asked } = given();
    const done: string[][] = [];
    for (const account of ['amy', 'nobody']) {
      asked.length = 0;
      expect(await source.digestSecrets(account, 'Tests', 'SHA-256')).toEqual([]);
      done.push([...asked]);
    }
    expect(done[0]!.length).toBeGreaterThan(0);
    expect(done[1]).toEqual(done[0]);
  });
});
