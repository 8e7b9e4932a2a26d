/**
 * Kalends behind a real HAProxy (R5, R45): by the PROXY protocol in both versions, with TLS that ends at the proxy and TLS that passes through, and by fields in HTTP
 * mode. HAProxy comes from 127.0.0.100, the one trusted proxy; all of 127/8 is this machine, so clients choose who they are. Strict-Transport-Security, which only
 * clients with TLS are sent, tells whether the server knows of TLS.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request as plainRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { request as secureRequest } from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHaproxy } from '@kalends/test-services/haproxy';
import type { Haproxy } from '@kalends/test-services/haproxy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange } from '../bare-socket.ts';
import { describeWithAll, execute } from '../programs.ts';
import { root } from '../server-process.ts';
import { startWorkers } from '../several-workers.ts';
import type { SeveralWorkers } from '../several-workers.ts';

const PEOPLE = `users:
  - { id: u-alice, name: alice, password: alice }
  - { id: u-bob, name: bob, password: bob }
`;
const PROXY = '127.0.0.100';
const SECTIONS = `server:
  trusted-proxies: [${PROXY}]
  tls: self-signed
  listen:
    - http://127.0.0.1:0
    - { at: "http://127.0.0.1:0", proxy-protocol: true }
    - { at: "https://127.0.0.1:0", proxy-protocol: true }
`;
const PLUGINS = '  http-front: { with: { hsts-seconds: 60 } }';
const hasIPv6 = Object.values(networkInterfaces()).flat().some((one) => one?.address === '::1');

interface Asked {
  readonly port: number; readonly host?: string; readonly tls?: boolean; readonly from?: string; readonly account?: string; readonly password?: string;
  readonly headers?: Readonly<Record<string, string>>; readonly path?: string; readonly agent?: Agent;
}
interface Answer { readonly status: number; readonly headers: IncomingHttpHeaders; /** The server was told of TLS. */ readonly secure: boolean }

function ask({ port, host = '127.0.0.1', tls = false, from = host, account = 'alice', password = account, headers = {}, path = '/', agent }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host, port, path, method: 'PROPFIND', localAddress: from, rejectUnauthorized: false, agent: agent ?? (false as const),
      headers: { depth: '0', authorization: `Basic ${Buffer.from(`${account}:${password}`).toString('base64')}`, ...headers },
    };
    const sent = (tls ? secureRequest : plainRequest)(options, (response) => {
      response.resume().once('end', () => { resolve({ status: response.statusCode!, headers: response.headers, secure: 'strict-transport-security' in response.headers }); });
    });
    sent.once('error', reject).end();
  });
}

/** What is closed with something unread is reset. */
const knock = (...what: Parameters<typeof exchange>): Promise<string> => exchange(...what).catch((error: unknown) => {
  if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return '';
  throw error;
});

type Way = 'v1' | 'v2' | 'v2-ssl' | 'ends-v1' | 'ends-v2-ssl' | 'through-v1' | 'through-v2' | 'http' | 'ends-http' | 'both' | 'checked' | 'six-v1' | 'six-v2';

async function front(server: SeveralWorkers): Promise<Haproxy<Way>> {
  const [plain, proxied, secure] = portsOf(server);
  const to = (port: number | undefined, options = ''): string => `127.0.0.1:${String(port)} source ${PROXY} ${options}`;
  // As in the documentation.
  const fields = ['option forwardfor', 'http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]', 'http-reuse always'];
  const six = hasIPv6 ? { host: '::1' } : {};
  return startHaproxy<Way>({
    'v1': { server: to(proxied, 'send-proxy') }, 'v2': { server: to(proxied, 'send-proxy-v2') }, 'v2-ssl': { server: to(proxied, 'send-proxy-v2-ssl') },
    'ends-v1': { tls: true, server: to(proxied, 'send-proxy') }, 'ends-v2-ssl': { tls: true, server: to(proxied, 'send-proxy-v2-ssl-cn proxy-v2-options crc32c,unique-id,authority,ssl-cipher,cert-sig,cert-key') },
    'through-v1': { server: to(secure, 'send-proxy') }, 'through-v2': { server: to(secure, 'send-proxy-v2') },
    'http': { mode: 'http', server: to(plain), lines: fields }, 'ends-http': { mode: 'http', tls: true, server: to(plain), lines: fields },
    'both': { mode: 'http', server: to(proxied, 'send-proxy-v2'), lines: fields },
    'checked': { server: to(proxied, 'send-proxy-v2 check inter 100ms'), lines: ['option httpchk GET /health/ready'] },
    'six-v1': { ...six, server: to(proxied, 'send-proxy') }, 'six-v2': { ...six, server: to(proxied, 'send-proxy-v2') },
  });
}

/** The one for clients; for proxies without TLS; with TLS. */
function portsOf(server: SeveralWorkers): readonly (number | undefined)[] {
  const proxied = (scheme: string): number => Number(new RegExp(`address=${scheme}://127\\.0\\.0\\.1:(\\d+) proxyProtocol=true`).exec(server.output())?.[1]);
  return [Number(new URL(server.url).port), proxied('http'), proxied('https')];
}

describeWithAll(['haproxy', 'openssl'], 'behind HAProxy', () => {
  describe.each(['single', 'combined'] as const)('as %s', (role) => {
    let server: SeveralWorkers;
    let proxy: Haproxy<Way>;
    beforeAll(async () => {
      server = await startWorkers({ role, workers: 2, people: PEOPLE, sections: SECTIONS, plugins: PLUGINS });
      proxy = await front(server);
    });
    afterAll(async () => {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });
    const access = (): Promise<string> => readFile(join(server.data, 'log', 'access.log'), 'utf8').catch(() => '');
    /** Lines of one path, as `address account`. */
    const who = async (path: string): Promise<readonly string[]> => (await access()).split('\n').filter((line) => line.includes(` ${path} HTTP`)).map((line) => line.replace(/^(\S+) - (\S+) .*/, '$1 $2'));

    it.each([
      ['v1', false, false], ['v2', false, false], ['v2-ssl', false, false], ['ends-v1', true, false], ['ends-v2-ssl', true, true], ['through-v1', true, true], ['through-v2', true, true],
      ['http', false, false], ['ends-http', true, true], ['both', false, false],
    ] as const)('each client is known, and whether it has TLS: %s', async (way, tls, secure) => {
      const path = `/principals/${way}`;
      const clients = ['127.0.0.11', '127.0.0.12', '127.0.0.13'];
      const answers = await Promise.all(clients.map((from) => ask({ port: proxy.ports[way], tls, from, path, headers: { 'x-forwarded-for': '203.0.113.66', 'x-forwarded-proto': 'https' } })));
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
      expect(answers.map((answer) => answer.secure)).toEqual([secure, secure, secure]);
      await expect.poll(async () => (await who(path)).toSorted()).toEqual(clients.map((from) => `${from} alice`));
    });

    it.runIf(hasIPv6).each(['six-v1', 'six-v2'] as const)('a client that has IPv6 is known by it: %s', async (way) => {
      expect((await ask({ port: proxy.ports[way], host: '::1', path: `/principals/${way}` })).status).toBe(404);
      await expect.poll(() => who(`/principals/${way}`)).toEqual(['::1 alice']);
    });

    it('wrong passwords are counted against the client, and not against the proxy or others behind it', { timeout: 60_000 }, async () => {
      await Promise.all((['v1', 'v2', 'ends-v2-ssl', 'through-v1', 'http'] as const).map(async (way, at) => {
        const guesser = `127.0.1.${String(at)}`;
        const asked = { port: proxy.ports[way], tls: way.includes('-') };
        // The twentieth waits for eight seconds.
        const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => ask({ ...asked, from: guesser, password: `no${String(at)}`, headers: { 'x-forwarded-for': `203.0.113.${String(at)}` } })));
        expect(new Set(answers.map(({ status }) => status)), way).toEqual(new Set([401]));
        expect((await ask({ ...asked, from: guesser })).status, way).toBe(429);
        expect((await ask({ ...asked, from: '127.0.0.22' })).status, way).toBe(207);
        expect((await ask({ ...asked, from: guesser, account: 'bob' })).status, way).toBe(207);
        expect(server.output().match(new RegExp(`authentication failed (worker=\\d+ )?address=${guesser.replaceAll('.', '\\.')} `, 'g')), way).toHaveLength(20);
      }));
      expect(server.output()).not.toMatch(/authentication failed (worker=\d+ )?address=(127\.0\.0\.(1|100)|203\.)/);
    });

    it('a password in the clear is taken from nobody who is elsewhere, however near the proxy is', async () => {
      const [, proxied] = portsOf(server);
      const request = `PROPFIND / HTTP/1.1\r\nHost: x\r\nDepth: 0\r\nConnection: close\r\nContent-Length: 0\r\nAuthorization: Basic ${Buffer.from('alice:alice').toString('base64')}\r\n\r\n`;
      const block = (ssl: string): Buffer => Buffer.from(`0d0a0d0a000d0a515549540a21110014c0000207c00002019c4001bb200005${ssl}00000000`, 'hex');
      const statusOf = async (header: string | Buffer): Promise<string> => (await exchange(`http://127.0.0.1:${String(proxied)}`, Buffer.concat([Buffer.from(header), Buffer.from(request)]), PROXY)).slice(9, 12);
      expect(await statusOf('PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n')).toBe('401');
      expect(await statusOf('PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n')).toBe('401');
      expect(await statusOf(block('00'))).toBe('401');
      expect(await statusOf(block('01'))).toBe('207');
    });

    it.each(['http', 'both', 'v2'] as const)('many people on connections that are kept are told apart: %s', async (way) => {
      const path = `/principals/kept-${way}`;
      const clients = ['127.0.0.41', '127.0.0.42', '127.0.0.43', '127.0.0.44'].map((from, at) => ({ from, account: at % 2 === 0 ? 'alice' : 'bob', agent: new Agent({ keepAlive: true, maxSockets: 1 }) }));
      for (let round = 0; round < 5; round++) for (const { from, account, agent } of clients) expect((await ask({ port: proxy.ports[way], from, account, agent, path })).status).toBe(404);
      for (const { agent } of clients) agent.destroy();
      await expect.poll(async () => (await who(path)).toSorted()).toEqual(clients.flatMap(({ from, account }) => Array.from({ length: 5 }, () => `${from} ${account}`)).toSorted());
    });

    it('its health checks are taken for its own (LOCAL)', async () => {
      await expect.poll(() => proxy.ask('show stat'), { timeout: 5000 }).toMatch(/^checked,kalends,.*,UP,.*,L7OK,/m);
      await expect.poll(() => who('/health/ready')).toContain(`${PROXY} -`);
    });

    it('the server goes on where somebody else knocks at its door for proxies, and nobody is let in', async () => {
      const [, proxied, secure] = portsOf(server);
      const before = await access();
      const request = `GET /principals/forged HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic ${Buffer.from('alice:alice').toString('base64')}\r\n\r\n`;
      for (const port of [proxied, secure]) {
        const url = `http://127.0.0.1:${String(port)}`;
        for (const from of ['127.0.0.1', '127.0.0.66']) {
          expect(await knock(url, `PROXY TCP4 127.0.0.11 127.0.0.1 1 2\r\n${request}`, from)).toBe('');
          expect(await knock(url, request, from)).toBe('');
        }
        const hostile = [request, `PROXY TCP4 127.0.0.11 ${'1'.repeat(200)}\r\n${request}`, Buffer.from('0d0a0d0a000d0a515549540a31110000', 'hex'), Buffer.from('0d0a0d0a000d0a515549540a2111ffff', 'hex'), Buffer.from('0d0a0d0a000d0a515549540a21f1000c', 'hex'), Buffer.alloc(70_000, 7)];
        for (const octets of hostile) expect(await knock(url, octets, PROXY)).toBe('');
      }
      // Half a header, then silence: five seconds.
      expect(await knock(`http://127.0.0.1:${String(proxied)}`, 'PROXY TCP4 127.0.0.11', PROXY)).toBe('');
      expect((await ask({ port: proxy.ports.v2, from: '127.0.0.55' })).status).toBe(207);
      expect((await access()).slice(before.length)).not.toContain('forged');
      const said = server.output().match(/a connection without the PROXY protocol was closed/g) ?? [];
      expect(said.length).toBeGreaterThan(0);
      expect(said.length).toBeLessThanOrEqual(role === 'single' ? 10 : 20);
    });

    // The role single has other ports after that, since the config leaves them open.
    if (role === 'combined') it('clients that come through it are served on while the config is read again', async () => {
      const asked = { port: proxy.ports['through-v2'], tls: true, from: '127.0.0.61' };
      server.process.kill('SIGHUP');
      const statuses: number[] = [];
      while (!server.output().includes('reloaded: ')) statuses.push((await ask(asked)).status);
      statuses.push((await ask(asked)).status);
      expect(new Set(statuses)).toEqual(new Set([207]));
    });

    it('an end does not wait for connections that the proxy keeps', async () => {
      const agent = new Agent({ keepAlive: true });
      for (const way of ['http', 'both', 'v1'] as const) expect((await ask({ port: proxy.ports[way], from: '127.0.0.71', agent })).status).toBe(207);
      const began = performance.now();
      expect(await server.stop()).toBe(0);
      expect(performance.now() - began).toBeLessThan(15_000);
      agent.destroy();
    });
  });

  it('what the documentation says to write into its config is taken by it', async () => {
    await using folder = await temporaryFolder();
    const pem = join(folder.path, 'cal.pem');
    const made = await execute('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', '-', '-out', '-']);
    await writeFile(pem, made.stdout);
    const blocks = [...(await readFile(join(root, 'docs', 'running.md'), 'utf8')).matchAll(/^```\n(listen [^]*?)^```$/gm)].map(([, block]) => block!.replaceAll('/etc/haproxy/cal.pem', pem));
    expect(blocks).toHaveLength(2);
    for (const [at, block] of blocks.entries()) {
      const file = join(folder.path, `${String(at)}.cfg`);
      await writeFile(file, `defaults\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n${block}`);
      const checked = await execute('haproxy', ['-c', '-f', file], { env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` } });
      expect([checked.code, checked.stderr.match(/\[(?:ALERT|WARNING)\].*/g)], block).toEqual([0, null]);
    }
  });
});

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'kalends-documented-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
