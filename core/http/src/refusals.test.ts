/** That the when and the how of a refusal tell nothing (R45): not who exists, nor that a password was right that opens nothing. */
import type { AuthOutcome, Authenticator, Clock, Directory, HttpExchange, Principal, PrincipalId } from '@kalends/contracts';
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

interface Options { readonly accessList?: readonly string[]; /** What the work takes. */ readonly milliseconds?: (account: string) => number; readonly owner?: (account: string) => string | undefined }

/** Amy may log in, Shut may not; both have the password `right`. */
function given({ accessList, milliseconds = () => 0, owner = () => undefined }: Options = {}) {
  let now = 0;
  const people = new Map(['amy', 'shut'].map((account) => [account, account.toUpperCase()]));
  const stale = new Map<string, string>();
  const checked: string[] = [];
  const clock: Clock = { now: () => now, monotonic: () => now, after: (ms) => { now += ms; return Promise.resolve(); } };
  const scheme = (name: string): Authenticator => ({
    scheme: name, challenge: () => Promise.resolve([name]),
    authenticate: async ({ headers: { authorization = '' } }): Promise<AuthOutcome> => {
      if (!authorization.startsWith(`${name} `)) return { kind: 'not-mine' };
      const [account = '', password] = Buffer.from(authorization.slice(name.length + 1), 'base64').toString().split(':');
      const turn = checked.push(account);
      now += milliseconds(account);
      // One after another, as a slow hash is.
      for (let at = 0; at < 20 * turn; at++) await Promise.resolve();
      if (password === 'right, stale') return { kind: 'rejected', reason: 'stale', challenge: ['again'] };
      if (password !== 'right') return { kind: 'rejected', reason: 'wrong' };
      const principal = owner(account);
      return { kind: 'accepted', account, ...(principal === undefined ? {} : { principal: id(principal) }), responseHeaders: [['Authentication-Info', 'right']] };
    },
  });
  const record = (who: string | undefined): Principal | undefined => who === undefined ? undefined : { id: id(who), kind: 'user', names: [who], accounts: [] } as unknown as Principal;
  const directory = {
    findByAccount: (account: string, maxAgeSeconds = Infinity) => Promise.resolve(record((maxAgeSeconds > 0 ? stale.get(account) : undefined) ?? people.get(account))),
    mayLogIn: (who: string) => Promise.resolve(who !== 'SHUT'), groupsOf: () => Promise.resolve(new Set()), stamp: () => Promise.resolve('1'), findById: () => Promise.resolve(undefined), findByName: () => Promise.resolve(undefined), isOf: () => Promise.resolve(true),
  } as unknown as Directory;
  const channel = localChannel();
  new FailureTable().answerOn(channel);
  const front = new Authenticators({
    authenticators: [scheme('Digest'), scheme('Basic'), scheme('Negotiate')], policy: undefined, directory, clock, log: silent, anonymous: undefined,
    failures: new Failures(channel), admins: new Administrators([], directory, silent), accessList: new AccessList(accessList, directory, silent),
  });
  const knock = async (account: string, password: string, name = 'Basic'): Promise<{ readonly outcome: unknown; readonly after: number; readonly told: readonly string[] }> => {
    const told: string[] = [];
    const authorization = `${name} ${Buffer.from(`${account}:${password}`).toString('base64')}`;
    const request = { method: 'GET', url: '/', headers: { authorization }, socket: { remoteAddress: '192.0.2.9' } };
    const exchange = { id: '1', request, response: { setHeader: (field: string) => { told.push(field); } }, path: '/', signal: new AbortController().signal } as unknown as HttpExchange;
    const began = now;
    const outcome = await front.identify(exchange);
    return { outcome: isRefusal(outcome) ? outcome : outcome.principal, after: now - began, told };
  };
  return { knock, wait: (ms: number) => { now += ms; }, people, stale, checked };
}

const NO = { challenges: ['Digest', 'Basic', 'Negotiate'] };

describe('a refusal', () => {
  it('comes a quarter of a second after the request, or twice, whatever the work took: a cache, a slow hash, a second controller', async () => {
    const { knock } = given({ milliseconds: (account) => ({ amy: 7, nobody: 3, slow: 249, slower: 251 }[account] ?? 0) });
    for (const [account, after] of [['amy', 250], ['nobody', 250], ['slow', 250], ['slower', 500]] as const) expect(await knock(account, 'wrong'), account).toEqual({ outcome: NO, after, told: [] });
  });

  it('comes no sooner than the slowest log-in of the last quarter of an hour was done, for whoever takes no time; within reason', async () => {
    const { knock, wait } = given({ milliseconds: (account) => ({ amy: 400, stuck: 9_000 }[account] ?? 0) });
    const after = async (account: string, password = 'wrong'): Promise<number> => (await knock(account, password)).after;
    expect(await after('nobody')).toBe(250);
    // A right one tells as well what a wrong one takes.
    expect([await after('amy', 'right'), await after('nobody'), await after('amy')]).toEqual([400, 500, 500]);
    wait(800_000);
    expect(await after('other')).toBe(500);
    wait(200_000);
    expect(await after('another')).toBe(250);
    expect([await after('stuck'), await after('another')]).toEqual([9_000, 1_000]);
  });

  it('is delayed as long for whoever there is not', async () => {
    const { knock } = given({ milliseconds: (account) => account === 'amy' ? 30 : 0 });
    for (const account of ['amy', 'nobody']) {
      const times: number[] = [];
      for (let at = 0; at < 10; at++) times.push((await knock(account, `wrong${String(at)}`)).after);
      expect(times, account).toEqual([250, 250, 250, 250, 250, 500, 1000, 2000, 4000, 8000]);
    }
  });

  it.each(['Basic', 'Digest'])('of a shut account is the same with the right password: as late, as often, and without what proves us to the client (%s)', async (scheme) => {
    const [wrong, right] = [[], []] as [unknown[], unknown[]];
    const [one, other] = [given(), given()];
    for (let at = 0; at < 22; at++) {
      wrong.push(await one.knock('shut', `wrong${String(at)}`, scheme));
      right.push(await other.knock('shut', 'right', scheme));
    }
    // Digest names people in a syntax of its own, which this is not: there, nothing is counted by account.
    expect(right).toEqual(wrong);
    expect(right[0]).toEqual({ outcome: NO, after: 250, told: [] });
  });

  it('of a right password does not end what is counted against a shut account', async () => {
    const { knock } = given();
    for (let at = 0; at < 19; at++) await knock('shut', `wrong${String(at)}`);
    await knock('shut', 'right');
    expect((await knock('shut', 'right')).outcome).toMatchObject({ status: 429 });
  });

  it('meets the right one of a hundred guesses at once, too, unless it is among the first twenty', async () => {
    const knockAll = async (rightAt: number): Promise<unknown> => {
      const { knock } = given();
      const all = await Promise.all(Array.from({ length: 100 }, (_, at) => knock('amy', at === rightAt ? 'right' : `wrong${String(at)}`)));
      return all[rightAt]!.outcome;
    };
    expect([await knockAll(3), await knockAll(60)]).toEqual(['AMY', { status: 429, challenges: [], retryAfterSeconds: expect.any(Number) as number }]);
  });

  it('of one of a hundred guesses at once is the same, and as late, for the right one and for the wrong ones beside it', async () => {
    const { knock } = given();
    const all = await Promise.all(Array.from({ length: 100 }, (_, at) => knock('amy', at === 60 ? 'right' : `wrong${String(at)}`)));
    const statuses = all.map(({ outcome }) => (outcome as { readonly status?: number }).status);
    expect(statuses).toEqual(Array.from({ length: 100 }, (_, at) => at < 20 ? undefined : 429));
    expect(all[60]!.outcome).toEqual(all[61]!.outcome);
    const { knock: again } = given();
    const stale = await Promise.all(Array.from({ length: 100 }, (_, at) => again('amy', at === 60 ? 'right, stale' : `wrong${String(at)}`, 'Basic')));
    expect(stale[60]!.outcome).toEqual(stale[61]!.outcome);
    expect((await given().knock('amy', 'right, stale')).outcome).toMatchObject({ challenges: expect.arrayContaining(['again']) });
    const { knock: alone } = given();
    const late = await Promise.all(Array.from({ length: 22 }, (_, at) => alone('shut', at === 20 ? 'right' : `wrong${String(at)}`)));
    expect(late[20]!.outcome).toEqual(late[21]!.outcome);
    expect(late[20]!.told).toEqual([]);
  });

  it('by the access list comes at once, to the right password alone', async () => {
    const { knock } = given({ accessList: ['groups/none'] });
    expect(await knock('amy', 'right')).toEqual({ outcome: { status: 403, challenges: [] }, after: 0, told: ['Authentication-Info'] });
    expect(await knock('amy', 'wrong')).toEqual({ outcome: NO, after: 250, told: [] });
  });

  it('of proofs that name nobody in the clear shuts out no other of them: one stranger\'s tickets, a scheme that is not offered', async () => {
    const { knock } = given();
    for (let at = 0; at < 30; at++) await knock('stranger', 'right', at % 2 === 0 ? 'Negotiate' : 'Bearer');
    expect((await knock('amy', 'right', 'Negotiate')).outcome).toBe('AMY');
  });
});

describe('a proof that says whose it is', () => {
  it('opens nobody who has the account by now, and sees to it that the directory is asked anew', async () => {
    const { knock, people, stale } = given({ owner: (account) => account === 'amy' ? 'AMY' : undefined });
    expect((await knock('amy', 'right', 'Digest')).outcome).toBe('AMY');
    people.set('amy', 'NEW');
    expect((await knock('amy', 'right', 'Digest')).outcome).toEqual(NO);
    expect((await knock('amy', 'right')).outcome).toEqual(NO);
    // Known in the cache under the old record, though the password is the new one's.
    people.set('amy', 'AMY');
    stale.set('amy', 'OLD');
    expect((await knock('amy', 'right', 'Digest')).outcome).toBe('AMY');
  });

  it('is forgotten when somebody else has the account, and the password asked for again', async () => {
    const { knock, people, checked } = given({ owner: () => people.get('amy') });
    expect((await knock('amy', 'right')).outcome).toBe('AMY');
    expect((await knock('amy', 'right')).outcome).toBe('AMY');
    expect(checked).toHaveLength(1);
    people.set('amy', 'NEW');
    expect((await knock('amy', 'right')).outcome).toBe('NEW');
    expect(checked).toHaveLength(2);
  });
});
