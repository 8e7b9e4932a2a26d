import type { HttpFeature, Inspector } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import express from 'express';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Authentication } from './authentication.ts';
import { requestOf } from './authenticators.ts';
import { readBody, streamBody, BodyTooLarge } from './body.ts';
import { TrustedProxies } from './client.ts';
import { ClientGone, noteAccount } from './exchange.ts';
import { ExpressHost } from './express-host.ts';
import { Front, exchangeOf } from './front.ts';
import { Listener } from './listen.ts';
import type { ServerLimits } from './listen.ts';

const LIMITS: ServerLimits = { headersMilliseconds: 2000, requestMilliseconds: 5000, keepAliveMilliseconds: 1000, headerOctets: 8192, headerCount: 50, connections: 100 };
type Handle = (HttpFeature & { kind: 'exchange' })['handle'];
const dav = (prefix: string, handle: Handle): HttpFeature => ({ kind: 'exchange', prefix, handle });
const says = (text: string): Handle => async ({ response }) => { response.end(text); };

interface Running { readonly url: string; readonly port: number; readonly lines: string[]; readonly errors: string[]; readonly front: Front; readonly listener: Listener }
const running: Listener[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((listener) => listener.stop(AbortSignal.timeout(100))));
});

interface Given { readonly features: readonly HttpFeature[]; readonly proxies?: readonly string[]; readonly ready?: boolean; readonly admin?: Authentication; readonly limits?: Partial<ServerLimits> }
async function serve({ features, proxies = [], ready = true, admin, limits = {} }: Given): Promise<Running> {
  const lines: string[] = [];
  const errors: string[] = [];
  const log: Logger = { debug() {}, info() {}, warn() {}, error: (message, fields) => { errors.push(`${message} ${JSON.stringify(fields)}`); }, child: () => log };
  const inspector: Inspector = { plugins: () => [], health: async () => [{ instance: 'x', name: 'y', ok: ready }], ready: () => ready };
  const authentication: Authentication = admin ?? { identify: async () => ({ challenges: [] }), challenge: async () => [] };
  const adminApis = admin === undefined ? [] : [{ name: 'kit', version: 1, openapi: {}, mount: (router: express.Router) => { router.get('/state', (_request, response) => { response.json({ fine: true }); }); } }];
  const host = await ExpressHost.open({ features, adminApis, authentication, inspector, log });
  const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5), monotonic: () => 0, after: async () => undefined };
  const front = new Front({ features, host, proxies: new TrustedProxies(proxies), accessLog: { write: (line) => { lines.push(line); } }, clock, log });
  const listener = new Listener([{ secure: false, host: '127.0.0.1', port: 0 }], front.handle, { ...LIMITS, ...limits }, undefined);
  await listener.start();
  running.push(listener);
  const { port } = listener.addresses()[0]!;
  return { url: `http://127.0.0.1:${port}`, port, lines, errors, front, listener };
}
const text = async (url: string, init?: RequestInit) => { const answer = await fetch(url, init); return [answer.status, await answer.text()] as const; };

describe('the front', () => {
  it('gives a request to the feature with the longest prefix, segment by segment', async () => {
    const router = express.Router().post('/page', express.text(), (request, response) => { response.send(`got ${String(request.body)}`); }).get('/page', (request, response) => { response.send(exchangeOf(request).path); });
    const { url } = await serve({ features: [dav('/', says('root')), dav('/deep/er', says('deeper')), dav('/deep', says('deep')), { kind: 'express', prefix: '/web', router }] });
    expect(await text(`${url}/`)).toEqual([200, 'root']);
    expect(await text(`${url}/deep/er/x`)).toEqual([200, 'deeper']);
    expect(await text(`${url}/deep/erx`)).toEqual([200, 'deep']);
    expect(await text(`${url}/deeper`)).toEqual([200, 'root']);
    expect(await text(`${url}/web/page`)).toEqual([200, '/web/page']);
    expect(await text(`${url}/website`)).toEqual([200, 'root']);
    expect((await text(`${url}/web/nothing`))[0]).toBe(404);
    const { port } = new URL(url);
    const asked = await raw(Number(port), 'POST /web/page HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi');
    expect(asked).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK.*got hi$/s);
    expect(await raw(Number(port), 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(/\r\n\r\nroot$/);
  });

  it('puts the same id into header and log, and the account but no secret into the line', async () => {
    const { url, lines } = await serve({ features: [dav('/', async (exchange) => { noteAccount(exchange, 'a b"c'); exchange.response.writeHead(207); exchange.response.end('x'); })] });
    const answer = await fetch(`${url}/a?password=hunter2`, { headers: { Authorization: 'Basic c2VjcmV0', 'User-Agent': 'X" "y' } });
    await answer.text();
    await expect.poll(() => lines.length).toBe(1);
    expect(lines[0]).toMatch(new RegExp(`^127\\.0\\.0\\.1 - a_b\\\\x22c \\[02/Jan/2026:03:04:05 \\+0000\\] "GET /a\\?… HTTP/1\\.1" 207 \\d+ "-" "X\\\\x22 \\\\x22y" \\d+\\.\\d ${answer.headers.get('x-request-id')}$`));
  });

  it('answers 500 with the id for a feature that fails, ends what was begun, and serves on', async () => {
    const { url, errors } = await serve({ features: [dav('/early', () => Promise.reject(new Error('oops'))), dav('/late', async ({ response }) => { response.write('half'); throw new Error('oops'); }), dav('/', says('fine'))] });
    const [status, body] = await text(`${url}/early`);
    expect([status, /^Something failed here\. \(request [\w-]+\)\n$/.test(body)]).toEqual([500, true]);
    await expect(text(`${url}/late`)).rejects.toThrow();
    expect(errors).toHaveLength(2);
    expect(await text(`${url}/`)).toEqual([200, 'fine']);
  });

  it('tells liveness and readiness, whoever has the root', async () => {
    const { url } = await serve({ features: [dav('/', says('root'))] });
    expect(await text(`${url}/health/live`)).toEqual([200, 'live\n']);
    expect(await text(`${url}/health/ready`)).toEqual([200, 'ready\n']);
    const unready = await serve({ features: [], ready: false });
    expect(await text(`${unready.url}/health/ready`)).toEqual([503, 'not ready\n']);
  });

  it('lets administrators alone to the admin API', async () => {
    const admin: Authentication = {
      identify: async ({ request: { headers: { authorization } } }) => (authorization === undefined || authorization === 'x boss'
        ? { principal: authorization === undefined ? undefined : 'b' as never, groups: new Set(), admin: authorization !== undefined, scheme: 'x' }
        : authorization === 'x user' ? { principal: 'u' as never, groups: new Set(), admin: false, scheme: 'x' } : { challenges: ['X'], status: 429, retryAfterSeconds: 7 }),
      challenge: async () => ['X', 'Y'],
    };
    const { url } = await serve({ features: [dav('/', says('root'))], admin });
    const ask = (authorization?: string) => fetch(`${url}/admin/kit/v1/state`, authorization === undefined ? {} : { headers: { authorization } });
    expect(await (await ask('x boss')).json()).toEqual({ fine: true });
    const nobody = await ask();
    expect([nobody.status, nobody.headers.get('www-authenticate'), nobody.headers.get('content-type')]).toEqual([401, 'X, Y', 'application/problem+json']);
    expect((await ask('x user')).status).toBe(403);
    const refused = await ask('x other');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '7']);
  });

  it('believes a proxy about the client only if it is a trusted one', async () => {
    const seen: Handle = async (exchange) => {
      const { address, secure, connection } = requestOf(exchange);
      exchange.response.end(JSON.stringify({ address, secure, bound: connection !== undefined }));
    };
    const headers = { 'X-Forwarded-For': '6.6.6.6, 203.0.113.9, 10.0.0.7', 'X-Forwarded-Proto': 'https' };
    const distrusting = await serve({ features: [dav('/', seen)] });
    expect(JSON.parse((await text(distrusting.url, { headers }))[1])).toEqual({ address: '127.0.0.1', secure: false, bound: true });
    const trusting = await serve({ features: [dav('/', seen)], proxies: ['127.0.0.1', '10.0.0.0/8'] });
    expect(JSON.parse((await text(trusting.url, { headers }))[1])).toEqual({ address: '203.0.113.9', secure: true, bound: false });
    // With a port, each connection would be another client.
    for (const [field, address] of [['203.0.113.9:50123', '203.0.113.9'], ['6.6.6.6, [2001:db8::9]:50123', '2001:db8::9'], ['[2001:db8::9]', '2001:db8::9'], ['2001:db8::9', '2001:db8::9']]) {
      expect(JSON.parse((await text(trusting.url, { headers: { 'X-Forwarded-For': field! } }))[1])).toMatchObject({ address, secure: false });
    }
  });

  it.each(['10.0.0.0/', '10.0.0.0/x', '10.0.0.0/33', 'proxy.example', ''])('takes no proxies for trusted that are none: %j', (network) => { expect(() => new TrustedProxies([network])).toThrow(); });

  it('tells a handler that its client has gone', async () => {
    let gone: unknown;
    const { port } = await serve({ features: [dav('/', ({ signal, response }) => new Promise((resolve) => {
      response.write('x');
      signal.addEventListener('abort', () => { gone = signal.reason; resolve(); });
    }))] });
    const socket = connect(port, '127.0.0.1', () => { socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'); });
    socket.once('data', () => { socket.destroy(); });
    await expect.poll(() => gone).toBeInstanceOf(ClientGone);
  });
});

describe('bodies', () => {
  const read: Handle = async (exchange) => {
    try {
      exchange.response.end(`read ${(await readBody(exchange, 10)).length}`);
    } catch (error) {
      exchange.response.writeHead(error instanceof BodyTooLarge ? 413 : 500);
      exchange.response.end();
    }
  };
  it.each([['', 'read 0'], ['1234567890', 'read 10']])('are read up to the limit: %j', async (body, expected) => {
    const { url } = await serve({ features: [dav('/', read)] });
    expect((await text(url, { method: 'PUT', body }))[1]).toBe(expected);
  });
  it('are refused beyond it, whether their length was told or not', async () => {
    const { url } = await serve({ features: [dav('/', read)] });
    expect((await text(url, { method: 'PUT', body: 'x'.repeat(11) }))[0]).toBe(413);
    const stream = new Blob(['x'.repeat(500)]).stream();
    expect((await text(url, { method: 'PUT', body: stream, duplex: 'half' } as RequestInit))[0]).toBe(413);
  });
  it('stream, and stop as soon as there is too much', async () => {
    const { url } = await serve({ features: [dav('/', async (exchange) => {
      let octets = 0;
      const end = await (async () => { for await (const chunk of streamBody(exchange, 100_000)) octets += chunk.length; })().then(() => 'all', (error: Error) => error.name);
      exchange.response.end(`${end} ${octets <= 100_000}`);
    })] });
    expect((await text(url, { method: 'PUT', body: 'x'.repeat(100_000) }))[1]).toBe('all true');
    expect((await text(url, { method: 'PUT', body: new Blob(['x'.repeat(100_001)]).stream(), duplex: 'half' } as RequestInit))[1]).toBe('BodyTooLarge true');
  });
  it('that break off end in ClientGone', async () => {
    let failed: unknown;
    const begun = Promise.withResolvers<undefined>();
    const { port } = await serve({ features: [dav('/', async (exchange) => {
      begun.resolve(undefined);
      await readBody(exchange, 100).catch((error: unknown) => { failed = error; });
    })] });
    const socket = connect(port, '127.0.0.1', () => { socket.write('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf'); });
    await begun.promise;
    socket.destroy();
    await expect.poll(() => failed).toBeInstanceOf(ClientGone);
  });
});

describe('what is hardly HTTP', () => {
  it.each([
    ['noise', 'hello\r\n\r\n', 'HTTP/1.1 400 Bad Request'], ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, 'HTTP/1.1 431 Request Header Fields Too Large'],
    ['an expectation nobody knows', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: cake\r\n\r\n', 'HTTP/1.1 417 Expectation Failed'],
    ['two lengths', 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', 'HTTP/1.1 400 Bad Request'],
    ['a length beside chunks', 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
  ])('gets its status and the door: %s', async (_, request, status) => {
    const { port } = await serve({ features: [dav('/', says('root'))] });
    expect(firstLine(await raw(port, request))).toBe(status);
  });
  it('does not wait for headers that trickle', async () => {
    const { port } = await serve({ features: [dav('/', says('root'))], limits: { headersMilliseconds: 100 } });
    expect(firstLine(await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '))).toBe('HTTP/1.1 408 Request Timeout');
  });
});

describe('stopping', () => {
  it('lets the request in flight end, closes idle connections, and takes no new ones', async () => {
    const begun = Promise.withResolvers<() => void>();
    const { url, listener } = await serve({ features: [dav('/slow', async ({ response }) => { begun.resolve(() => { response.end('done'); }); }), dav('/', says('root'))] });
    await text(`${url}/`);
    const slow = fetch(`${url}/slow`);
    const finish = await begun.promise;
    const stopped = listener.stop(AbortSignal.timeout(5000));
    await expect(fetch(`${url}/`)).rejects.toThrow();
    finish();
    const answer = await slow;
    expect([await answer.text(), answer.headers.get('connection')]).toEqual(['done', 'close']);
    await stopped;
  });
  it('closes what still runs when the time is spent', async () => {
    const begun = Promise.withResolvers<undefined>();
    const { url, listener } = await serve({ features: [dav('/', () => { begun.resolve(undefined); return new Promise(() => undefined); })] });
    const hanging = fetch(url).then(() => 'answered', () => 'cut');
    await begun.promise;
    await listener.stop(AbortSignal.timeout(20));
    expect(await hanging).toBe('cut');
  });
});

function firstLine(answer: string): string {
  return answer.split('\r\n', 1)[0]!;
}

/** All that comes back for what is sent. */
function raw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => { socket.write(request); });
    let answer = '';
    socket.setTimeout(8000, () => { socket.destroy(new Error('no end')); });
    socket.on('data', (chunk) => { answer += chunk.toString('latin1'); });
    socket.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error); });
    socket.on('close', () => { resolve(answer); });
  });
}
