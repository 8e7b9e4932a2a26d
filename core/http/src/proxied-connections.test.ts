import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Logger } from '@kalends/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { TrustedProxies } from './client.ts';
import type { Client } from './client.ts';
import { Listener } from './listen.ts';
import { ProxiedConnections } from './proxied-connections.ts';

const LIMITS = { headersMilliseconds: 1000, requestMilliseconds: 5000, keepAliveMilliseconds: 1000, headerOctets: 8192, headerCount: 50, connections: 10 };
const HEADER_MILLISECONDS = 60_000;
const LINE = 'PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n';
const GET = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const local = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');
const v6 = Buffer.from('0d0a0d0a000d0a515549540a21210024 20010db8000000000000000000000007 20010db8000000000000000000000001 dc04 01bb'.replaceAll(' ', ''), 'hex');

interface Running { readonly port: number; readonly lines: string[]; readonly connections: ProxiedConnections; readonly listener: Listener; /** Who was seen. */ readonly clients: Client[]; /** On the socket of each request. */ readonly listeners: object[] }
const running: Listener[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((listener) => listener.stop(AbortSignal.timeout(100))));
});

/** `trusted`: all of 127/8 is this machine, so that a test chooses by its own address whether it is a proxy. Answers with how many octets of body it got. */
async function serve({ trusted = ['127.0.0.1'], limits = {}, headerMilliseconds = HEADER_MILLISECONDS, everywhere = false }: { readonly trusted?: readonly string[]; readonly limits?: object; readonly headerMilliseconds?: number; readonly everywhere?: boolean } = {}): Promise<Running> {
  const [lines, clients, listeners]: [string[], Client[], object[]] = [[], [], []];
  const log: Logger = { debug() {}, info() {}, warn: (message, fields) => { lines.push(`${message} ${JSON.stringify(fields)}`); }, error() {}, child: () => log };
  const proxies = new TrustedProxies(trusted);
  const connections = new ProxiedConnections({ trusts: (address) => proxies.trusts(address), headerMilliseconds, log });
  const listener = new Listener([{ secure: false, host: everywhere ? undefined : '127.0.0.1', port: 0, proxyProtocol: true }], (request, response) => {
    clients.push(proxies.client(request));
    listeners.push(countListeners(request.socket));
    const hash = createHash('sha256');
    let octets = 0;
    const read = (): void => { request.on('data', (chunk: Buffer) => { octets += chunk.length; hash.update(chunk); }).on('end', () => { response.end(`got ${String(octets)} ${hash.digest('hex')}`); }); };
    // Pauses the socket with the rest of the first packet.
    if (request.url === '/late') setTimeout(read, 20);
    else read();
  }, { ...LIMITS, ...limits }, undefined, connections);
  await listener.start();
  running.push(listener);
  return { port: listener.addresses()[0]!.port, lines, connections, listener, clients, listeners };
}

interface Line { readonly socket: Socket; /** All that came until the connection closed. */ readonly end: Promise<string> }
async function open(port: number, from = '127.0.0.1'): Promise<Line> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true });
  let answer = '';
  const end = new Promise<string>((resolve) => {
    socket.setEncoding('latin1').on('data', (text: string) => { answer += text; });
    // What is closed with something unread is reset.
    socket.on('error', () => undefined).on('close', () => { resolve(answer); });
  });
  await new Promise<void>((resolve) => { socket.once('connect', resolve).once('close', resolve); });
  return { socket, end };
}
async function say(port: number, octets: string | Uint8Array, from?: string): Promise<string> {
  const { socket, end } = await open(port, from);
  socket.write(octets);
  return end;
}
const countListeners = (socket: Socket): object => Object.fromEntries(['readable', 'data', 'end', 'error', 'close', 'timeout'].map((name) => [name, socket.listenerCount(name)]));
const turn = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 5); });

describe('a connection with the PROXY protocol', () => {
  it('is of the client that its header names, in either version', async () => {
    const { port, clients, connections } = await serve();
    expect(await say(port, LINE + GET)).toMatch(/^HTTP\/1\.1 200 .*got 0/s);
    expect(await say(port, Buffer.concat([v6, Buffer.from(GET)]))).toMatch(/^HTTP\/1\.1 200 /);
    expect(clients).toEqual([{ address: '192.0.2.7', secure: false, throughProxy: true }, { address: '2001:db8::7', secure: false, throughProxy: true }]);
    expect(connections.waiting).toBe(0);
  });

  it('is the proxy\'s own where the header names nobody', async () => {
    const { port, clients } = await serve();
    await say(port, Buffer.concat([local, Buffer.from(GET)]));
    await say(port, `PROXY UNKNOWN\r\n${GET}`);
    expect(clients).toEqual(Array.from({ length: 2 }, () => ({ address: '127.0.0.1', secure: false, throughProxy: true })));
  });

  it('is told apart where the server listens with IPv6 and IPv4 at once', async () => {
    const { port, clients } = await serve({ everywhere: true });
    expect(await say(port, LINE + GET)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await say(port, LINE + GET, '127.0.0.2')).toBe('');
    expect(clients.map(({ address }) => address)).toEqual(['192.0.2.7']);
  });

  it('may come octet by octet, and everything in it', async () => {
    const { port, clients } = await serve();
    const { socket, end } = await open(port);
    for (const octet of Buffer.from(LINE + GET)) {
      socket.write(Buffer.from([octet]));
      await turn();
    }
    expect(await end).toMatch(/^HTTP\/1\.1 200 /);
    expect(clients[0]?.address).toBe('192.0.2.7');
  });

  it('loses nothing of what follows in the same packet: a large body, further requests, an end', async () => {
    const { port, clients } = await serve();
    const body = Buffer.from(Array.from({ length: 600_000 }, (_, at) => String(at).padStart(6, '0')).join(''));
    const got = `got 3600000 ${createHash('sha256').update(body).digest('hex')}`;
    for (const target of ['/', '/late']) {
      expect(await say(port, Buffer.concat([Buffer.from(`${LINE}PUT ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${String(body.length)}\r\n\r\n`), body])), target).toContain(got);
    }
    expect((await say(port, `${LINE}${'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3)}${GET}`)).match(/got 0/g)).toHaveLength(4);
    const { socket, end } = await open(port);
    socket.end(`${LINE}GET / HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(await end).toMatch(/^HTTP\/1\.1 200 .*got 0/s);
    expect(new Set(clients.map(({ address }) => address))).toEqual(new Set(['192.0.2.7']));
  });

  it('keeps its client for all its requests, and no other connection has it', async () => {
    const { port, clients } = await serve();
    const lines = await Promise.all(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(async (address) => ({ address, ...(await open(port)) })));
    for (const { socket, address } of lines) socket.write(`PROXY TCP4 ${address} 192.0.2.9 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n`);
    await expect.poll(() => clients.length).toBe(3);
    for (const { socket } of lines.toReversed()) socket.write(GET);
    await Promise.all(lines.map(({ end }) => end));
    expect(clients.map(({ address }) => address).sort()).toEqual(['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.2', '192.0.2.3', '192.0.2.3']);
  });

  it('has no say by X-Forwarded-For or -Proto, unless its client is a proxy that is trusted too', async () => {
    const { port, clients } = await serve({ trusted: ['127.0.0.1', '10.0.0.0/8'] });
    const forwarded = GET.replace('\r\n', '\r\nX-Forwarded-For: 203.0.113.66\r\nX-Forwarded-Proto: https\r\n');
    await say(port, LINE + forwarded);
    await say(port, `PROXY UNKNOWN\r\n${forwarded}`);
    await say(port, Buffer.concat([local, Buffer.from(forwarded)]));
    await say(port, `PROXY TCP4 10.1.2.3 10.0.0.1 1 2\r\n${forwarded}`);
    expect(clients.map(({ address, secure }) => [address, secure])).toEqual([['192.0.2.7', false], ['127.0.0.1', false], ['127.0.0.1', false], ['203.0.113.66', true]]);
  });
});

describe('a connection without it', () => {
  it.each([
    ['no header', GET], ['a header in the wrong place', `\r\n${LINE}${GET}`], ['a line that does not end', `PROXY TCP4 ${'1'.repeat(200)}`], ['version 3', Buffer.from('0d0a0d0a000d0a515549540a31110000', 'hex')],
    ['a block of 64 KiB', Buffer.from('0d0a0d0a000d0a515549540a2111ffff', 'hex')], ['an unknown family', Buffer.from('0d0a0d0a000d0a515549540a21f10000', 'hex')], ['the beginning of TLS', Buffer.from('160301020001000001fc0303', 'hex')], ['zeroes', Buffer.alloc(100_000)],
  ])('is closed at once, without an answer: %s', async (_what, octets) => {
    const { port, clients, lines, connections } = await serve();
    expect(await say(port, octets)).toBe('');
    expect(lines).toEqual([expect.stringMatching(/^a connection without the PROXY protocol was closed \{"address":"127\.0\.0\.1","reason":/)]);
    expect(await say(port, LINE + GET)).toMatch(/^HTTP\/1\.1 200 /);
    expect([clients.length, connections.waiting]).toEqual([1, 0]);
  });

  it('is closed whatever it says, if it is not a trusted proxy\'s', async () => {
    const { port, clients, lines } = await serve({ trusted: ['127.0.0.2'] });
    expect(await say(port, LINE + GET)).toBe('');
    expect(await say(port, GET)).toBe('');
    expect(await say(port, LINE + GET, '127.0.0.2')).toMatch(/^HTTP\/1\.1 200 /);
    expect(clients).toHaveLength(1);
    expect(lines).toEqual(Array.from({ length: 2 }, () => expect.stringContaining('"address":"127.0.0.1","reason":"it does not come from a trusted proxy"') as string));
  });

  it('is waited for a moment: silence, and half a header', async () => {
    const { port, lines, connections } = await serve({ headerMilliseconds: 150 });
    const half = await Promise.all(['', 'PROX', LINE.slice(0, -1), local.subarray(0, 15)].map(async (part) => {
      const { socket, end } = await open(port);
      socket.write(part);
      return end;
    }));
    expect(half).toEqual(['', '', '', '']);
    expect(lines).toEqual(Array.from({ length: 4 }, () => expect.stringContaining('no whole header within 0.15 s') as string));
    expect(connections.waiting).toBe(0);
  });

  it('is not worth a line, if it only looked whether somebody is there; half a header is', async () => {
    const { port, lines, connections } = await serve();
    const [looked, half] = [await open(port), await open(port)];
    looked.socket.end();
    await looked.end;
    expect(lines).toEqual([]);
    half.socket.end('PROXY TCP4 ');
    await half.end;
    expect(lines).toEqual([expect.stringContaining('it ended within the header')]);
    const reset = await open(port);
    reset.socket.resetAndDestroy();
    await expect.poll(() => connections.waiting).toBe(0);
  });

  it('has five lines in the log a minute, however many come', async () => {
    const { port, lines } = await serve();
    for (let at = 0; at < 40; at++) await say(port, 'x');
    expect(lines).toHaveLength(5);
  });
});

describe('the listener', () => {
  it('counts connections in their header among those that may be open', async () => {
    const { port } = await serve({ limits: { connections: 2 } });
    const first = await Promise.all([open(port), open(port)]);
    await expect.poll(async () => (await open(port)).end).toBe('');
    first[0]!.socket.end(LINE + GET);
    expect(await first[0]!.end).toMatch(/^HTTP\/1\.1 200 /);
    first[1]!.socket.destroy();
  });

  it('lets a header that is under way arrive when it stops, and ends it with the deadline', async () => {
    const { port, listener, connections } = await serve();
    const [late, never] = [await open(port), await open(port)];
    never.socket.write('PROXY');
    await expect.poll(() => connections.waiting).toBe(2);
    const deadline = new AbortController();
    const stopped = listener.stop(deadline.signal);
    late.socket.write(LINE + GET.replace('close', 'keep-alive'));
    expect(await late.end).toMatch(/^HTTP\/1\.1 200 .*Connection: close/s);
    deadline.abort();
    await stopped;
    expect(await never.end).toBe('');
    await expect.poll(() => connections.waiting).toBe(0);
  });

  it('takes the time for a request\'s own headers as of any other', async () => {
    const { port } = await serve({ limits: { headersMilliseconds: 200 } });
    expect(await say(port, `${LINE}GET / HTTP/1.1\r\nX: `)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('leaves no listener of its own on the socket that HTTP gets', async () => {
    const { port, listeners } = await serve();
    await say(port, LINE + GET);
    const plain = new Listener([{ secure: false, host: '127.0.0.1', port: 0 }], (request, response) => { expected.push(countListeners(request.socket)); response.end(); }, LIMITS, undefined);
    const expected: object[] = [];
    await plain.start();
    running.push(plain);
    await say(plain.addresses()[0]!.port, GET);
    // The one that the listener keeps to know of the end.
    expect(listeners).toEqual([{ ...expected[0], close: (expected[0] as { close: number }).close + 1 }]);
  });

  it('is not made for addresses with the protocol where no proxy is trusted', () => {
    expect(() => new Listener([{ secure: false, host: '127.0.0.1', port: 0, proxyProtocol: true }], () => undefined, LIMITS, undefined)).toThrow('no trusted proxies are configured');
  });
});
