/**
 * What a server's error log tells fail2ban, by the filter as it is shipped and fail2ban's own programs: each guesser is counted by his address, and nobody is by what
 * another wrote. Clients are told apart as behind a trusted proxy.
 */
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countedByFail2ban, problemsOfJail, startFail2ban } from '@kalends/test-services';
import { expect, it } from 'vitest';
import { describeWithAll } from './programs.ts';
import { root } from './server-process.ts';
import { ask, startWorkers } from './several-workers.ts';

const SHIPPED = join(root, 'config', 'examples', 'fail2ban');
const FILTER = join(SHIPPED, 'filter.d', 'kalends.conf');
const PEOPLE = `users:
  - { id: u-admin, name: admin, password: admin }
  - { id: u-alice, name: alice, password: alice }
  - { id: u-bob, name: bob, password: bob }
  - { id: u-shut, name: shut, enabled: false, password: shut }
  - { id: u-stranger, name: stranger, password: stranger }
`;
const SECTIONS = 'server: { trusted-proxies: [127.0.0.1] }\naccess-list: [users/alice, users/bob, users/shut]';
/** So long that the log cuts it right behind the words that fail2ban lets pass. */
const cutAt = (ending: string): string => `${'x'.repeat(200 - 'no account "'.length - JSON.stringify(ending).length + 2)}${ending}`;
const IMITATIONS = [
  'x" authentication failed address=203.0.113.1 scheme=Basic reason="', 'warn http-authentication: authentication failed address=203.0.113.2 scheme=Basic reason=', '203.0.113.3', 'address=203.0.113.4',
  '{"time":"2026-01-01T00:00:00.000Z","level":"warn","message":"authentication failed","plugin":"http-authentication","address":"203.0.113.5","scheme":"Basic","reason":"',
  '","level":"warn","message":"authentication failed","plugin":"x","address":"203.0.113.6","scheme":"Basic","reason":"', '2026-11-22T17:53:58.123Z warn  http-authentication: authentication failed address=203.0.113.7 scheme=Basic reason="x"',
  // Words that fail2ban lets pass.
  'is locked or not enabled', 'x" is disabled', 'x\\" is disabled', 'x\\', '" is disabled"}', cutAt(' is disabled'), cutAt('" is disabled'), cutAt('" is not on the access list of this service'),
  // Unicode and length.
  'Zoë Ünïcode', '\u202e123', '\u2028', '😀'.repeat(120), '\ud83d', 'x'.repeat(7_000),
];
/** Line breaks, NUL and escapes reach the log by `username*` alone. */
const BROKEN = ['\n2026-11-22T17:53:58.123Z warn  http-authentication: authentication failed address=203.0.113.8 scheme=Basic reason="x"\n', '\r\n', '\u0000', '\u0085warn', '\u001b[2K', 'x\n" is disabled'];

const headers = (address: string, authorization: string) => ({ depth: '0', 'x-forwarded-for': address, 'x-forwarded-proto': 'https', authorization });
const basic = (account: string, password: string): string => `Basic ${Buffer.from(`${account}:${password}`).toString('base64')}`;

describeWithAll(['fail2ban-regex', 'fail2ban-server', 'fail2ban-client'], 'fail2ban', () => {
  it('takes the filter and the jail as they are shipped', async () => {
    expect(await problemsOfJail(SHIPPED)).toBe('');
  });

  it.each([['text', 'combined'], ['text', 'single'], ['json', 'combined'], ['json', 'single']] as const)('counts who guesses, whatever name he gives, and nobody else (%s, %s)', { timeout: 120_000 }, async (format, role) => {
    await using there = await startWorkers({ role, people: PEOPLE, sections: `log: { format: ${format} }\n${SECTIONS}` });
    const knock = async (address: string, authorization: string): Promise<number> => (await ask(there.url, { method: 'PROPFIND', headers: headers(address, authorization) })).status;
    const expected: string[] = [];
    const guess = async (address: string, authorization: string): Promise<void> => {
      expect(await knock(address, authorization), authorization.slice(0, 80)).toBe(401);
      expected.push(address);
    };
    await guess('198.51.100.7', basic('alice', 'hunter2'));
    await guess('2001:db8::7', basic('nobody', 'hunter2'));
    await guess('198.51.100.8', basic('shut', 'hunter2'));
    await guess('198.51.100.9', 'Basic !');
    await Promise.all(IMITATIONS.map((account, at) => guess(`198.51.100.${String(20 + at)}`, basic(account, 'hunter2'))));
    const { headers: challenged } = await ask(there.url, { method: 'PROPFIND' });
    const nonce = /Digest[^,]*,[^,]*,[^,]*SHA-256, nonce="([^"]*)"/.exec(String(challenged['www-authenticate']))![1]!;
    await Promise.all(BROKEN.map((account, at) => guess(`198.51.100.${String(60 + at)}`,
      `Digest username*=UTF-8''${encodeURIComponent(account)}, realm="Kalends", nonce="${nonce}", uri="/", qop=auth, cnonce=x, algorithm=SHA-256, nc=00000001, response="x"`)));
    // Right passwords, which open nothing or something.
    expect([await knock('198.51.100.90', basic('shut', 'shut')), await knock('198.51.100.91', basic('stranger', 'stranger')), await knock('198.51.100.92', basic('alice', 'alice'))]).toEqual([401, 403, 207]);
    await guess('198.51.100.99', basic('last', 'hunter2'));
    await expect.poll(() => there.output()).toContain('198.51.100.99');
    for (const address of ['198.51.100.90', '198.51.100.91']) expect(there.output()).toContain(address);

    for (const locale of ['C.UTF-8', 'C']) expect((await countedByFail2ban(FILTER, there.output(), locale)).toSorted(), locale).toEqual(expected.toSorted());
    expect(there.output()).not.toContain('hunter2');
    if (role === 'combined') expect(there.output()).toMatch(format === 'text' ? /authentication failed worker=\d/ : /"authentication failed","worker":\d/);
    // As the journal hands them on.
    const journal = there.output().split('\n').map((line) => `calendar node[4711]: ${line}`).join('\n');
    expect((await countedByFail2ban(FILTER, journal)).toSorted()).toEqual(expected.toSorted());
  });

  it('bans the guesser, and nobody else', { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kalends-banned-'));
    const logFile = join(folder, 'error.log');
    await writeFile(logFile, '');
    try {
      await using there = await startWorkers({ people: PEOPLE, sections: SECTIONS });
      for (const stream of [there.process.stdout!, there.process.stderr!]) stream.on('data', (text: string) => { appendFileSync(logFile, text); });
      await using guard = await startFail2ban({ filter: FILTER, logFile, maxRetry: 5 });
      const knock = (address: string, account: string, password: string) => ask(there.url, { method: 'PROPFIND', headers: headers(address, basic(account, password)) });
      await Promise.all([
        ...Array.from({ length: 5 }, (_, at) => knock('198.51.100.1', `made-up-${String(at)}`, 'wrong')),
        ...Array.from({ length: 5 }, (_, at) => knock('2001:db8::1', 'bob', `wrong${String(at)}`)),
        // Four times wrong, then right; a shut account's phone; somebody who is not on the list; one who would have another banned.
        ...Array.from({ length: 4 }, (_, at) => knock('198.51.100.2', 'alice', `wrong${String(at)}`)), ...Array.from({ length: 8 }, () => knock('198.51.100.3', 'shut', 'shut')),
        ...Array.from({ length: 8 }, () => knock('198.51.100.4', 'stranger', 'stranger')),
        ...Array.from({ length: 8 }, (_, at) => knock('198.51.100.5', `x address=198.51.100.2 ${String(at)}`, 'wrong')),
      ]);
      expect((await knock('198.51.100.2', 'alice', 'alice')).status).toBe(207);
      await expect.poll(() => guard.failures(), { timeout: 30_000 }).toBe(22);
      await expect.poll(() => guard.banned().then((addresses) => addresses.toSorted()), { timeout: 30_000 }).toEqual(['198.51.100.1', '198.51.100.5', '2001:db8::1']);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
