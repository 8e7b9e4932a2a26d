/** Whose account it is, and whether it is anybody's, must not be read from what is done for a guess (R45). Time itself would fail at random: the slow work is counted. */
import type { AuthOutcome, CredentialSource, Verdict } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { describe, expect, it } from 'vitest';
import { BasicAuthenticator } from './basic-authenticator.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
/** In the order of the work. */
const work: string[] = [];
/** What each was told of accounts and passwords. */
const told: string[] = [];

function directory(name: string, people: Readonly<Record<string, string>>, { away = false, disabled = [], ...more }: Partial<CredentialSource> & { readonly away?: boolean; readonly disabled?: readonly string[] } = {}): CredentialSource {
  return {
    can: { verify: true, digest: [] }, ...more,
    verify: (account, password): Promise<Verdict> => {
      work.push(name);
      told.push(`${name} ${account} ${password}`);
      if (away) return Promise.resolve('unavailable');
      const known = people[account];
      return Promise.resolve(known === undefined ? 'unknown-account' : known !== password ? 'no' : disabled.includes(account) ? 'disabled' : 'yes');
    },
    pretend: () => { work.push(name); return Promise.resolve(); },
    digestSecret: () => Promise.resolve(undefined),
  };
}

async function guess(sources: readonly CredentialSource[], account: string, password: string): Promise<{ readonly outcome: AuthOutcome | 'unavailable'; readonly work: string; readonly told: readonly string[] }> {
  work.length = told.length = 0;
  const basic = new BasicAuthenticator({ realm: 'Tests', allowCleartext: false, sources, log: silent });
  const headers = { authorization: `Basic ${Buffer.from(`${account}:${password}`).toString('base64')}` };
  const outcome = await basic.authenticate({ method: 'GET', target: '/', headers, secure: true, address: '192.0.2.1', connection: undefined }).catch(() => 'unavailable' as const);
  return { outcome, work: work.join(' '), told: [...told] };
}

const first = directory('first', { amy: 'first', both: 'first', shut: 'first' }, { disabled: ['shut'] });
const second = directory('second', { ben: 'second', both: 'second' });
const third = directory('third', { cat: 'third' });
const beside = directory('beside', {}, { isBeside: true });
const all = [first, second, third, beside];

describe('a refusal', () => {
  it.each(['wrong', '', 'x'.repeat(5_000), 'second'])('asks the same of every directory, whoever knows the account (%.10s)', async (password) => {
    for (const account of ['amy', 'cat', 'nobody', 'x'.repeat(5_000)]) {
      const { outcome, work } = await guess(all, account, password);
      expect(outcome, account).toMatchObject({ kind: 'rejected' });
      expect(work, account).toBe('beside first second third');
    }
  });

  it('asks the same for a shut account, with the right password too', async () => {
    for (const password of ['wrong', 'first']) expect((await guess(all, 'shut', password)).work, password).toBe('beside first second third');
  });

  it('shows the password that somebody of one directory may have to no directory after it', async () => {
    expect((await guess(all, 'both', 'second')).told).toEqual(['beside both second', 'first both second']);
    expect((await guess(all, 'shut', 'first')).told).toEqual(['beside shut first', 'first shut first']);
    expect((await guess(all, 'ben', 'wrong')).told).toEqual(['beside ben wrong', 'first ben wrong', 'second ben wrong']);
  });

  it('is not made by a directory that is away where another one says no: guesses are counted then as well', async () => {
    const away = directory('third', {}, { away: true });
    expect(await guess([first, second, away], 'amy', 'wrong')).toMatchObject({ outcome: { kind: 'rejected' }, work: 'first second third' });
    expect(await guess([first, second, away], 'nobody', 'wrong')).toMatchObject({ outcome: 'unavailable', work: 'first second third' });
  });

  it('goes without what a source does not say how to pretend', async () => {
    const { pretend: _, ...quick } = second;
    expect((await guess([first, quick, third], 'amy', 'wrong')).work).toBe('first third');
  });
});

describe('a right password', () => {
  it('asks nobody further, and says whose it is', async () => {
    expect(await guess(all, 'amy', 'first')).toMatchObject({ outcome: { kind: 'accepted', account: 'amy' }, work: 'beside first' });
    const sure: CredentialSource = { ...first, verify: () => Promise.resolve({ principal: 'id-amy' as never }) };
    expect((await guess([sure, second], 'amy', 'first')).outcome).toEqual({ kind: 'accepted', account: 'amy', principal: 'id-amy' });
  });
});
