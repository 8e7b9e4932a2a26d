/** Addresses with the PROXY protocol as a deployment sets them up, and TLS behind them. The protocol itself: core/http/src/proxy-header.test.ts. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { Logger } from '@kalends/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shippedConfig } from './config-files.ts';
import { prepareServer, readConfig, startServer } from './start-server.ts';
import type { RunningServer } from './start-server.ts';

const BASIC = `Authorization: Basic ${Buffer.from('alice:alice').toString('base64')}\r\n`;
const OPTIONS = 'OPTIONS / HTTP/1.1\r\nHost: cal.example\r\nConnection: close\r\n';
const header = (address: string): string => `PROXY TCP4 ${address} 192.0.2.1 40000 443\r\n`;
/** Of 192.0.2.7, with a PP2_TYPE_SSL. */
const withTls = (flags: string): Buffer => Buffer.from(`0d0a0d0a000d0a515549540a21110014c0000207c00002019c4001bb200005${flags}00000000`, 'hex');

let folder: string;
const lines: string[] = [];
const access: string[] = [];
const note = (message: string, fields?: object): void => { lines.push(`${message} ${JSON.stringify(fields)}`); };
const log: Logger = { debug() {}, info: note, warn: note, error: note, child: () => log };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kalends-proxied-'));
  lines.length = 0;
  access.length = 0;
});
afterEach(() => { rmSync(folder, { recursive: true }); });

function start(server: object, front: object = {}, sections: object = {}): Promise<RunningServer> {
  return startServer({ log, accessLog: { write: (line: string) => { access.push(line); }, flush: () => Promise.resolve(), close: () => Promise.resolve() } as never, environment: {}, config: {
    server: { 'data': join(folder, 'data'), 'trusted-proxies': ['127.0.0.1'], ...server }, ...sections,
    plugins: {
      'storage': { use: 'storage-flat-file', with: { shards: 1 } }, 'basic': { use: 'auth-basic' }, 'http-front': { with: front },
      'people': { use: 'directory-file', with: { file: shippedConfig('examples/demo-directory.yaml'), demo: true } },
    },
  } });
}
const entry = (at: string): object => ({ at, 'proxy-protocol': true });
const proxiedPort = ({ addresses }: RunningServer): number => addresses.find(({ proxyProtocol }) => proxyProtocol === true)!.port;

/** All that comes until the connection closes; `tls`: a handshake after `first`. */
function say(port: number, first: string | Uint8Array, then: string, tls = false): Promise<string> {
  return new Promise((resolve) => {
    const raw = connect({ port, host: '127.0.0.1' });
    let answer = '';
    const listen = (socket: Socket): void => { socket.setEncoding('latin1').on('data', (text: string) => { answer += text; }).on('error', () => undefined).on('close', () => { resolve(answer); }); };
    raw.on('error', () => undefined).write(first);
    const socket = tls ? connectTls({ socket: raw, rejectUnauthorized: false }) : raw;
    listen(socket);
    socket.write(then);
  });
}

describe('an address with the PROXY protocol', () => {
  it('is given as a mapping, stands in the log as what it is, and its clients in the access log', async () => {
    await using server = await start({ listen: ['127.0.0.1:0', entry('127.0.0.1:0')] });
    const port = proxiedPort(server);
    expect(lines).toContain(`listening {"address":"http://127.0.0.1:${String(port)}","proxyProtocol":true}`);
    expect(await say(port, header('192.0.2.7'), `${OPTIONS}\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
    await expect.poll(() => access).toEqual([expect.stringMatching(/^192\.0\.2\.7 - - /)]);
    expect((await fetch(`${server.url}health/live`)).status).toBe(200);
    expect(await say(port, '', `${OPTIONS}\r\n`)).toBe('');
  });

  it('is none where clients are sent to, or a URL points to, while there is another', async () => {
    await using server = await start({ listen: [entry('127.0.0.1:0'), entry('https://127.0.0.1:0'), 'http://127.0.0.1:0', 'https://127.0.0.1:0'], tls: 'self-signed' }, { 'redirect-to-tls': true });
    const [, , plain, secure] = server.addresses.map(({ port }) => port);
    expect([server.url, server.port]).toEqual([`http://127.0.0.1:${String(plain)}/`, plain]);
    expect(await say(plain!, '', `${OPTIONS}\r\n`)).toMatch(new RegExp(`^HTTP/1\\.1 308 .*Location: https://cal\\.example:${String(secure)}/`, 's'));
    await expect(start({ listen: ['http://127.0.0.1:0', entry('https://127.0.0.1:0')], tls: 'self-signed', data: join(folder, 'other') }, { 'redirect-to-tls': true })).rejects.toThrow('redirect-to-tls has nowhere to send anybody');
  });

  it('has clients with TLS where version 2 says so, and by no other word', async () => {
    const front = { 'redirect-to-tls': true };
    await using server = await start({ 'listen': ['127.0.0.1:0', entry('127.0.0.1:0')], 'public-url': 'https://cal.example/' }, front);
    const port = proxiedPort(server);
    const statusOf = async (first: string | Uint8Array, fields = ''): Promise<string> => (await say(port, first, `${OPTIONS}${fields}\r\n`)).slice(9, 12);
    expect(await statusOf(withTls('01'), BASIC)).toBe('200');
    expect(await statusOf(withTls('00'), BASIC)).toBe('308');
    expect(await statusOf(header('192.0.2.7'), `${BASIC}X-Forwarded-Proto: https\r\n`)).toBe('308');
    expect(await statusOf('PROXY UNKNOWN\r\n', 'X-Forwarded-Proto: https\r\n')).toBe('308');
  });

  it('comes before TLS', async () => {
    await using server = await start({ listen: ['http://127.0.0.1:0', entry('https://127.0.0.1:0')], tls: 'self-signed' });
    const port = proxiedPort(server);
    expect(await say(port, header('192.0.2.7'), `${OPTIONS}${BASIC}\r\n`, true)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await say(port, 'PROXY UNKNOWN\r\n', `${OPTIONS}\r\n`, true)).toMatch(/^HTTP\/1\.1 200 /);
    await Promise.all(Array.from({ length: 20 }, (_, at) => say(port, header(`198.51.100.${String(at)}`), `${OPTIONS.replace('/ ', `/${String(at)} `)}\r\n`, true)));
    await expect.poll(() => access).toHaveLength(22);
    expect(access[0]).toMatch(/^192\.0\.2\.7 - alice /);
    expect(access[1]).toMatch(/^127\.0\.0\.1 - - /);
    for (let at = 0; at < 20; at++) expect(access.filter((line) => line.startsWith(`198.51.100.${String(at)} `))).toEqual([expect.stringContaining(`"OPTIONS /${String(at)} `)]);
    // TLS without the header, the header within TLS, HTTP without TLS.
    expect(await say(port, '', `${header('192.0.2.7')}${OPTIONS}\r\n`, true)).toBe('');
    expect(await say(port, header('192.0.2.7'), `${header('192.0.2.7')}${OPTIONS}\r\n`, true)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await say(port, header('192.0.2.7'), `${OPTIONS}\r\n`)).not.toMatch(/^HTTP\/1\.1 200/);
    expect(access).toHaveLength(22);
  });

  it('does not hold up the end with a handshake that never ends, nor does an address without it', async () => {
    const server = await start({ listen: [entry('https://127.0.0.1:0'), 'https://127.0.0.1:0'], tls: 'self-signed' }, {}, { process: { 'drain-seconds': 1 } });
    const silent = await Promise.all(server.addresses.map(({ port, proxyProtocol }) => new Promise<Socket>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' }, () => { socket.write(proxyProtocol === true ? header('192.0.2.7') : '\x16\x03\x01', () => { resolve(socket); }); });
      socket.on('error', () => undefined);
    })));
    const closed = silent.map((socket) => new Promise((resolve) => { socket.once('close', resolve); }));
    await server.stop();
    await Promise.all(closed);
  });
});

describe('the config', () => {
  async function problemsOf(yaml: string): Promise<readonly string[]> {
    const file = join(folder, 'caldavd.yaml');
    writeFileSync(file, `${yaml}\nplugins:\n  storage: { use: storage-flat-file }\n  people: { use: directory-file, with: { file: ${JSON.stringify(shippedConfig('examples/demo-directory.yaml'))} } }\n  basic: { use: auth-basic }\n`);
    const { problems } = await prepareServer(readConfig({ file, environment: {} }), { dataRoot: folder });
    return problems.filter(({ severity }) => severity === 'error').map(({ line, path, message, remedy }) => `${String(line)} ${String(path)}: ${message}; ${String(remedy)}`);
  }

  it('is refused where no proxy is trusted to send the header, with the line and what to do', async () => {
    expect(await problemsOf('server:\n  listen:\n    - 127.0.0.1:0\n    - at: 127.0.0.1:1\n      proxy-protocol: true\n')).toEqual([
      '4 server.listen[1]: 127.0.0.1:1 wants the PROXY protocol, and no proxy is trusted to send it; name the addresses of the proxies in server.trusted-proxies',
    ]);
    expect(await problemsOf('server:\n  trusted-proxies: [192.0.2.10]\n  listen: [{ at: "127.0.0.1:1", proxy-protocol: true }, { at: "127.0.0.1:2" }]\n')).toEqual([]);
  });

  it.each(['haproxy.example', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0/8', '::1/129', '/0'])('is refused where it trusts %j', async (network) => {
    expect(await problemsOf(`server:\n  trusted-proxies:\n    - 192.0.2.10\n    - ${network}\n`)).toEqual([expect.stringContaining(`4 server.trusted-proxies[1]: "${network}" is neither an address nor a network`)]);
  });

  it('tells a wrong network and a misspelt key in one go', async () => {
    expect(await problemsOf('server:\n  trusted-proxies: [10.0.0.0/]\n  listen:\n    - { at: "127.0.0.1:1", proxy-protcol: true }\n')).toEqual(expect.arrayContaining([
      expect.stringContaining('server.trusted-proxies[0]: "10.0.0.0/" is neither'), expect.stringContaining('proxy-protcol: unknown key'),
    ]));
  });

  it.each([
    ['a mapping without an address', '{ proxy-protocol: true }'], ['another key', '{ at: "127.0.0.1:1", proxy: true }'], ['a number in the place of yes and no', '{ at: "127.0.0.1:1", proxy-protocol: 2 }'], ['what is no address', '{ at: nowhere, proxy-protocol: true }'],
  ])('is refused with %s', async (_what, written) => {
    const said = await problemsOf(`server:\n  trusted-proxies: [192.0.2.10]\n  listen:\n    - ${written}\n`);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^4 server\.listen\[0\]/);
  });

  it('that is documented is taken', async () => {
    const documented = /^```yaml\n(server:\n[^`]*proxy-protocol[^`]*)```$/m.exec(readFileSync(shippedConfig('../docs/running.md'), 'utf8'))![1]!;
    expect(await problemsOf(`${documented}  tls: self-signed\n`)).toEqual([]);
    expect(await problemsOf(documented)).toEqual([expect.stringContaining('https://192.0.2.20:8443 needs a certificate')]);
  });

  it('needs a certificate for TLS there as anywhere', async () => {
    expect(await problemsOf('server:\n  trusted-proxies: [192.0.2.10]\n  listen:\n    - at: https://127.0.0.1:1\n      proxy-protocol: true\n')).toEqual([expect.stringContaining('https://127.0.0.1:1 needs a certificate')]);
  });
});
