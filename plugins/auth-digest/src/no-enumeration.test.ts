/** What is asked for a wrong Digest response must not tell whose account it is, nor whether anybody logs in with it (R45): the questions are counted. */
import { createHash } from 'node:crypto';
import type { AuthOutcome, CredentialSource, DigestSecret } from '@kalends/contracts';
import { authRequest, memoryReplayGuard, memorySecrets, systemClock } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { DigestAuthenticator } from './digest-authenticator.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const secretOf = (account: string, password: string): string => sha256(`${account}:Tests:${password}`);

const asked: string[] = [];
function source(name: string, people: Readonly<Record<string, string>>, { remembers = false, away = false, ...more }: Partial<CredentialSource> & { readonly remembers?: boolean; readonly away?: boolean } = {}): CredentialSource & { people: Readonly<Record<string, string>> } {
  const memory = new Map<string, DigestSecret>();
  const made = {
    people, can: { verify: false, digest: ['SHA-256'] as const }, verify: () => Promise.resolve('unavailable' as const), digestSecret: () => Promise.reject(new Error('the list is there to be asked')),
    digestSecrets: (account: string): Promise<readonly DigestSecret[]> => {
      asked.push(name);
      if (away) return Promise.reject(new Error('down'));
      const password = made.people[account];
      const found = password === undefined ? [] : [{ secret: secretOf(account, password), principal: `${name}-${password}` as never }];
      if (found[0] !== undefined) memory.set(account, found[0]);
      return Promise.resolve(found);
    },
    ...(remembers ? { rememberedSecrets: (account: string) => [memory.get(account)].filter((one) => one !== undefined) } : {}), ...more,
  };
  return made;
}

async function opened(sources: readonly CredentialSource[]) {
  const digest = new DigestAuthenticator({
    realm: 'Tests', algorithms: ['SHA-256'], nonceSeconds: 300, sources, replay: memoryReplayGuard(systemClock), secrets: memorySecrets(), hostId: 'host', clock: systemClock, log: silent,
  });
  await digest.loadKey();
  return async (account: string, password: string): Promise<{ readonly outcome: AuthOutcome | 'unavailable'; readonly asked: string }> => {
    const nonce = /nonce="([^"]*)"/.exec(String(await digest.challenge(authRequest({}))))![1]!;
    const response = sha256(`${secretOf(account, password)}:${nonce}:00000001:c0ffee:auth:${sha256('PROPFIND:/')}`);
    const authorization = `Digest username="${account}", realm="Tests", nonce="${nonce}", uri="/", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c0ffee", response="${response}"`;
    asked.length = 0;
    const outcome = await digest.authenticate(authRequest({ headers: { authorization } })).catch(() => 'unavailable' as const);
    return { outcome, asked: asked.join(' ') };
  };
}

describe('a wrong response', () => {
  it('is one question to each source for whoever there is, is remembered, and is not', async () => {
    const knock = await opened([source('first', { amy: 'first', both: 'first' }), source('second', { ben: 'second', both: 'second' }, { remembers: true }), source('beside', {}, { isBeside: true })]);
    expect((await knock('ben', 'second')).outcome).toMatchObject({ kind: 'accepted' });
    for (const account of ['amy', 'ben', 'both', 'nobody', 'ben']) {
      const { outcome, asked } = await knock(account, 'wrong');
      expect(outcome, account).toEqual({ kind: 'rejected', reason: `${account === 'nobody' ? 'no account with a Digest secret that may log in:' : 'wrong password for'} "${account}"` });
      expect(asked, account).toBe('beside first second');
    }
  });

  it('is the second directory\'s right one for an account of the first, too', async () => {
    const knock = await opened([source('first', { both: 'first' }), source('second', { both: 'second' })]);
    expect(await knock('both', 'second')).toEqual({ outcome: { kind: 'rejected', reason: 'wrong password for "both"' }, asked: 'first second' });
  });

  it('is counted while a directory is away that has no say in it; else nobody can say no', async () => {
    const knock = await opened([source('first', { amy: 'first' }), source('second', {}, { away: true })]);
    expect(await knock('amy', 'wrong')).toMatchObject({ outcome: { kind: 'rejected' }, asked: 'first second' });
    expect(await knock('nobody', 'wrong')).toMatchObject({ outcome: 'unavailable', asked: 'first second' });
  });
});

describe('a right response', () => {
  it('is known from memory, and a new password at once: what is remembered says yes and never no', async () => {
    const second = source('second', { ben: 'old' }, { remembers: true });
    const knock = await opened([source('first', {}), second]);
    expect(await knock('ben', 'old')).toMatchObject({ outcome: { kind: 'accepted', principal: 'second-old' }, asked: 'first second' });
    expect((await knock('ben', 'old')).asked).toBe('');
    second.people = { ben: 'new' };
    expect(await knock('ben', 'new')).toMatchObject({ outcome: { kind: 'accepted', principal: 'second-new' }, asked: 'first second' });
    expect(await knock('ben', 'old')).toMatchObject({ outcome: { kind: 'rejected' } });
  });

  it('asks nobody after the one that knows it, and those beside the directories first', async () => {
    const knock = await opened([source('first', { amy: 'first' }), source('beside', { amy: 'phone' }, { isBeside: true }), source('second', {})]);
    expect((await knock('amy', 'phone')).asked).toBe('beside');
    expect((await knock('amy', 'first')).asked).toBe('beside first');
  });
});
