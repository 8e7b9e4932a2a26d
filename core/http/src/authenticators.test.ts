import type { Authenticator, Clock, Directory, DirectorySource, HttpExchange, Principal, PrincipalId } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { localChannel } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { AccessList } from './access-list.ts';
import { Administrators } from './administrators.ts';
import { isRefusal } from './authentication.ts';
import { Authenticators } from './authenticators.ts';
import { Failures, FailureTable } from './failures.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const id = (text: string): PrincipalId => text as PrincipalId;

interface Given { readonly front: Authenticators; readonly checks: () => number; readonly waited: readonly number[]; disable(): void; replaceAlice(id: string, password?: string): void; restamp(): void; lines: string[] }

function given(accessList?: readonly string[]): Given {
  let checks = 0;
  let enabled = true;
  let password = 'right';
  let [cached, gone, renewed] = ['A', '', ''];
  let stamp = '1';
  const waited: number[] = [];
  const lines: string[] = [];
  const basic: Authenticator = {
    scheme: 'Basic',
    challenge: () => Promise.resolve(['Basic realm="x"']),
    authenticate: async ({ headers }) => {
      const field = headers.authorization ?? '';
      if (!field.startsWith('Basic ')) return { kind: 'not-mine' };
      checks++;
      await Promise.resolve();
      const [account = '', said] = Buffer.from(field.slice(6), 'base64').toString().split(':');
      if (said === 'of another directory') return { kind: 'accepted', account, directory: ANOTHER };
      return said === password ? { kind: 'accepted', account } : { kind: 'rejected', reason: 'wrong' };
    },
  };
  const digest: Authenticator = {
    scheme: 'Digest',
    challenge: () => Promise.resolve(['Digest a', 'Digest b']),
    authenticate: ({ headers }) => Promise.resolve(headers.authorization === 'Digest stale' ? { kind: 'rejected', reason: 'old', challenge: ['Digest stale=true'] } : { kind: 'not-mine' }),
  };
  const alice = (): Principal => ({ id: id(cached), kind: 'user', names: ['alice'], accounts: ['alice'] }) as unknown as Principal;
  const directory = {
    findByAccount: (account: string, maxAgeSeconds = Infinity) => {
      if (maxAgeSeconds === 0 && cached === gone) cached = renewed;
      return Promise.resolve(account === 'alice' ? alice() : undefined);
    },
    findByName: (kind: string, name: string) => Promise.resolve(kind === 'group' && name === 'operators' ? { id: id('G') } as Principal : undefined),
    // As a directory behind a cache: that the old one is gone is seen when it is asked about.
    mayLogIn: (who: string) => {
      if (who !== gone) return Promise.resolve(enabled);
      cached = renewed;
      return Promise.resolve(false);
    },
    findById: (who: string) => Promise.resolve(who === cached ? alice() : undefined),
    isOf: (_: string, source: DirectorySource) => Promise.resolve(source !== ANOTHER),
    groupsOf: () => Promise.resolve(new Set([id('G')])), stamp: () => Promise.resolve(stamp),
  } as unknown as Directory;
  const channel = localChannel();
  new FailureTable().answerOn(channel);
  const clock: Clock = { now: () => 0, monotonic: () => 0, after: (ms) => { waited.push(ms); return Promise.resolve(); } };
  const log: Logger = { ...silent, warn: (message, fields) => { lines.push(`${message} ${JSON.stringify(fields)}`); } };
  const front = new Authenticators({
    authenticators: [digest, basic], policy: undefined, directory, clock, log, anonymous: undefined,
    failures: new Failures(channel), admins: new Administrators(['groups/operators', 'users/nobody'], directory, silent), accessList: new AccessList(accessList, directory, silent),
  });
  return { front, checks: () => checks, waited, disable: () => { enabled = false; }, replaceAlice: (to, now = 'right') => { [gone, renewed, password] = [cached, to, now]; }, restamp: () => { stamp += '1'; }, lines };
}

const ANOTHER = { name: 'another' } as DirectorySource;

function exchange(authorization?: string): HttpExchange {
  const request = { method: 'GET', url: '/', headers: { authorization }, socket: { remoteAddress: '192.0.2.9' } };
  return { id: '1', request, response: { setHeader() {} }, path: '/', signal: new AbortController().signal } as unknown as HttpExchange;
}
const basic = (account: string, password: string): HttpExchange => exchange(`Basic ${Buffer.from(`${account}:${password}`).toString('base64')}`);

describe('Authenticators', () => {
  it('lets nobody in whom another directory proved, the first time and while the proof is remembered (R42)', async () => {
    const { front, lines } = given();
    for (let time = 1; time <= 3; time++) expect(isRefusal(await front.identify(basic('alice', 'of another directory'))), `time ${String(time)}`).toBe(true);
    expect(lines).toHaveLength(3);
    expect(isRefusal(await front.identify(basic('alice', 'right')))).toBe(false);
  });

  it('takes a request without credentials for nobody', async () => {
    expect(await given().front.identify(exchange())).toMatchObject({ principal: undefined, admin: false, scheme: 'anonymous' });
  });

  it('proves an account, finds its record, its groups and whether it administers', async () => {
    expect(await given().front.identify(basic('alice', 'right'))).toMatchObject({ principal: 'A', admin: true, scheme: 'Basic' });
  });

  it('answers wrong password, unknown account and disabled account alike', async () => {
    const { front, disable } = given();
    const wrong = await front.identify(basic('alice', 'wrong'));
    const unknown = await front.identify(basic('mallory', 'right'));
    disable();
    expect([unknown, await front.identify(basic('alice', 'right'))]).toEqual([wrong, wrong]);
    expect(wrong).toEqual({ challenges: ['Digest a', 'Digest b', 'Basic realm="x"'] });
  });

  it('checks a password once for parallel connections and once a minute, and again when the directory changed', async () => {
    const { front, checks, restamp } = given();
    await Promise.all([1, 2, 3].map(() => front.identify(basic('alice', 'right'))));
    await front.identify(basic('alice', 'right'));
    expect(checks()).toBe(1);
    restamp();
    await front.identify(basic('alice', 'right'));
    expect(checks()).toBe(2);
  });

  it('slows the client from the sixth failure in a row, and forgets after a success (R45)', async () => {
    const { front, waited } = given();
    for (let i = 0; i < 5; i++) await front.identify(basic('alice', `wrong${String(i)}`));
    expect(waited).toEqual(Array(5).fill(250));
    await front.identify(basic('alice', 'wrong6'));
    await front.identify(basic('alice', 'wrong7'));
    expect(waited.slice(5)).toEqual([500, 1000]);
    expect(isRefusal(await front.identify(basic('alice', 'right')))).toBe(false);
    await front.identify(basic('alice', 'wrong8'));
    expect(waited.slice(5)).toEqual([500, 1000, 250]);
  });

  it('stops looking at passwords after twenty failures, and says for how long (R45)', async () => {
    const { front, checks } = given();
    for (let i = 0; i < 20; i++) await front.identify(basic('alice', `wrong${String(i)}`));
    expect(await front.identify(basic('alice', 'right'))).toMatchObject({ status: 429, retryAfterSeconds: expect.any(Number) });
    expect(checks()).toBe(20);
    expect(isRefusal(await front.identify(basic('bob', 'wrong')))).toBe(true);
  });

  it('counts nothing when a client only has to try again with a fresh nonce', async () => {
    const { front, waited } = given();
    for (let i = 0; i < 30; i++) expect(await front.identify(exchange('Digest stale'))).toEqual({ challenges: ['Digest stale=true', 'Basic realm="x"'] });
    expect(waited).toEqual([]);
  });

  it('writes a line that tells the address and the reason, and no password', async () => {
    const { front, lines } = given();
    await front.identify(basic('alice', 'hunter2'));
    expect(lines).toEqual(['authentication failed {"address":"192.0.2.9","scheme":"Basic","reason":"wrong"}']);
  });

  it('admits whom the access list names, herself or by a group, and answers others 403 with the reason in the log (R43)', async () => {
    for (const list of [['groups/operators'], ['A'], undefined]) expect(await given(list).front.identify(basic('alice', 'right')), String(list)).toMatchObject({ principal: 'A' });
    for (const list of [[], ['users/nobody']]) {
      const { front, lines } = given(list);
      expect(await front.identify(basic('alice', 'right'))).toEqual({ status: 403, challenges: [] });
      expect(lines).toEqual(['authentication failed {"address":"192.0.2.9","scheme":"Basic","reason":"\\"alice\\" is not on the access list of this service"}']);
      expect(await front.identify(basic('alice', 'wrong')), 'no proof, no news').toEqual({ challenges: ['Digest a', 'Digest b', 'Basic realm="x"'] });
    }
  });

  it('lets the access list win over the record (R43)', async () => {
    const { front, disable } = given(['users/nobody']);
    disable();
    expect(await front.identify(basic('alice', 'right'))).toEqual({ status: 403, challenges: [] });
  });

  it('looks an account up anew when its password was just proved: who has the name now must not get what the old one had', async () => {
    const { front, replaceAlice } = given();
    expect(await front.identify(basic('alice', 'right'))).toMatchObject({ principal: 'A' });
    replaceAlice('B', 'new');
    expect(await front.identify(basic('alice', 'new'))).toMatchObject({ principal: 'B' });
  });

  it('takes no proof of a minute ago for an account that was made anew since', async () => {
    const { front, checks, replaceAlice } = given();
    expect(await front.identify(basic('alice', 'right'))).toMatchObject({ principal: 'A' });
    replaceAlice('B');
    expect(await front.identify(basic('alice', 'right'))).toMatchObject({ principal: 'B' });
    expect(checks()).toBe(2);
    replaceAlice('C', 'another');
    for (let i = 0; i < 2; i++) expect(await front.identify(basic('alice', 'right'))).toEqual({ challenges: ['Digest a', 'Digest b', 'Basic realm="x"'] });
  });

  it('refuses a scheme that nobody offers', async () => {
    expect(await given().front.identify(exchange('Bearer x'))).toMatchObject({ challenges: expect.any(Array) });
  });
});
