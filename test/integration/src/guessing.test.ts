/**
 * Guessing passwords (R45) at a master with three workers: one count for all of them, by client and account; and that no answer tells whether an account exists.
 * Clients are told apart as behind a trusted proxy.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, linesTo, startWorkers } from './several-workers.ts';
import type { Line, SeveralWorkers, WorkerAnswer } from './several-workers.ts';

/** Waits of a client that failed often are eight seconds, and are waited for. */
const PATIENCE = { timeout: 120_000 };

const PEOPLE = `users:
  - { id: u-admin, name: admin, password: admin }
  - { id: u-alice, name: alice, password: alice }
  - { id: u-bob, name: bob, password: bob }
  - { id: u-shut, name: shut, enabled: false, password: shut }
  - { id: u-none, name: none }
`;
let server: SeveralWorkers;
let lines: readonly Line[];
beforeAll(async () => {
  server = await startWorkers({ people: PEOPLE, sections: 'server: { trusted-proxies: [127.0.0.1] }' });
  lines = await linesTo(server.url, 3);
});
afterAll(async () => {
  for (const line of lines) line[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const headers = (address: string, account: string, password: string) => ({ depth: '0', 'x-forwarded-for': address, 'x-forwarded-proto': 'https', authorization: `Basic ${Buffer.from(`${account}:${password}`).toString('base64')}` });
/** On a connection of its own: each reaches the next worker. */
const knock = (address: string, account: string, password: string): Promise<WorkerAnswer> => ask(server.url, { method: 'PROPFIND', headers: headers(address, account, password) });
const status = async (...who: Parameters<typeof knock>): Promise<number> => (await knock(...who)).status;
/** So many at once, no two alike, at all workers. */
const guess = (count: number, address: string | ((at: number) => string), account: string | ((at: number) => string), first = 0): Promise<readonly WorkerAnswer[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => knock(typeof address === 'string' ? address : address(at), typeof account === 'string' ? account : account(at), `wrong${String(first + at)}`)));
const statuses = (answers: readonly WorkerAnswer[]): ReadonlySet<number> => new Set(answers.map(({ status }) => status));

describe.concurrent('wrong passwords at three workers', PATIENCE, () => {
  it('slow the client from the sixth on, whichever worker it is', async ({ expect }) => {
    for (let at = 0; at < 5; at++) expect(await status('192.0.2.1', 'alice', `no${String(at)}`)).toBe(401);
    const began = performance.now();
    expect(await status('192.0.2.1', 'alice', 'no6')).toBe(401);
    // Timers may be a moment early; never so much.
    expect(performance.now() - began).toBeGreaterThan(480);
  });

  it('are answered 429 after the twentieth, with Retry-After, the right one too; other clients and other accounts are let in', async ({ expect }) => {
    const answers = await guess(20, '192.0.2.2', 'alice');
    expect(statuses(answers)).toEqual(new Set([401]));
    // A worker that is busy is passed over.
    expect(new Set(answers.map(({ worker }) => worker)).size).toBeGreaterThan(1);
    for (const line of lines) {
      const refused = await line.ask({ method: 'PROPFIND', headers: headers('192.0.2.2', 'alice', 'alice') });
      expect(refused.status, line.worker).toBe(429);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(800);
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(900);
      expect(refused.headers['www-authenticate']).toBeUndefined();
    }
    expect(await status('192.0.2.3', 'alice', 'alice')).toBe(207);
    expect(await status('192.0.2.2', 'bob', 'bob')).toBe(207);
  });

  it('are forgotten after a right one', async ({ expect }) => {
    expect(statuses(await guess(15, '192.0.2.4', 'bob'))).toEqual(new Set([401]));
    expect(await status('192.0.2.4', 'bob', 'bob')).toBe(207);
    expect(statuses(await guess(15, '192.0.2.4', 'bob', 100))).toEqual(new Set([401]));
    expect(await status('192.0.2.4', 'bob', 'wrong again')).toBe(401);
  });

  it('of one IPv6 network are of one client, and of no other', async ({ expect }) => {
    expect(statuses(await guess(20, (at) => `2001:db8:1:2:${String(at)}::${String(at)}`, 'alice'))).toEqual(new Set([401]));
    expect(await status('2001:db8:1:2:ffff::1', 'alice', 'alice')).toBe(429);
    expect(await status('2001:db8:1:3::1', 'alice', 'alice')).toBe(207);
  });

  it('for many accounts are the end for that client, whatever the account', async ({ expect }) => {
    for (let from = 0; from < 200; from += 25) expect(statuses(await guess(25, '192.0.2.6', (at) => `made-up-${String(from + at)}`))).toEqual(new Set([401]));
    expect(await status('192.0.2.6', 'bob', 'bob')).toBe(429);
    expect(await status('192.0.2.7', 'bob', 'bob')).toBe(207);
  });

  it('with Digest count with those of Basic, however the name is spelled', async ({ expect }) => {
    const names = ['username="admin"', 'username*=UTF-8\'\'%61dmin', 'username="ADMIN"', 'username="ad\\min"'];
    const digest = (at: number) => `Digest cnonce="username=${String(at)}", ${names[at % names.length]!}, realm="Kalends", nonce="${nonce}", uri="/", qop=auth, algorithm=SHA-256, nc=00000001, response="x"`;
    const { headers: challenged } = await ask(server.url, { method: 'PROPFIND' });
    const nonce = /nonce="([^"]*)"/.exec(String(challenged['www-authenticate']))![1]!;
    const asked = Array.from({ length: 12 }, (_, at) => ask(server.url, { method: 'PROPFIND', headers: { ...headers('192.0.2.8', '', ''), authorization: digest(at) } }));
    expect(statuses(await Promise.all([...asked, guess(8, '192.0.2.8', 'admin').then(([answer]) => answer!)]))).toEqual(new Set([401]));
    expect(await status('192.0.2.8', 'admin', 'admin')).toBe(429);
    expect(await status('192.0.2.9', 'admin', 'admin')).toBe(207);
  });
});

describe('what is told', PATIENCE, () => {
  it('is the same of an account that there is, that is shut, that has no password, and that there is not', async () => {
    const told = async (account: string, password: string): Promise<unknown> => {
      const { status, headers: { date: _date, 'x-request-id': id, ...fields }, text } = await knock('198.51.100.1', account, password);
      return [status, Object.keys(fields), String(fields['www-authenticate']).replaceAll(/nonce="[^"]*"/g, ''), fields['content-length'], text.replaceAll(String(id), '')];
    };
    const wrong = await told('alice', 'wrong');
    expect(wrong).toEqual([401, expect.any(Array), expect.stringContaining('Digest'), expect.any(String), expect.any(String)]);
    for (const [account, password] of [['nobody', 'wrong'], ['shut', 'wrong'], ['shut', 'shut'], ['none', 'wrong'], ['', 'wrong']] as const) expect(await told(account, password), account).toEqual(wrong);
  });
});
