/** TLS as a deployment meets it (R41): a renewed certificate, one that is broken, and what connections without TLS are told. */
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { request as plainRequest, type IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { KernelError, Logger } from '@kalends/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressesOf } from './compose.ts';
import { shippedConfig } from './config-files.ts';
import { serverTls } from './self-signed.ts';
import { prepareServer, readConfig, startServer, type RunningServer } from './start-server.ts';

let folder: string;
const lines: string[] = [];
const note = (message: string, fields?: object): void => { lines.push(`${message} ${JSON.stringify(fields)}`); };
const log: Logger = { debug() {}, info: note, warn: note, error: note, child: () => log };
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kalends-tls-')); lines.length = 0; });
afterEach(() => { rmSync(folder, { recursive: true }); });

/** A pair of PEM files in a folder of its own, as a renewal tool leaves them. */
async function issued(name: string): Promise<string> {
  const pair = (await serverTls({ tls: 'self-signed' } as never, join(folder, name))).files!;
  const place = mkdtempSync(join(folder, `${name}-`));
  writeFileSync(join(place, 'certificate.pem'), pair.certificate);
  writeFileSync(join(place, 'key.pem'), pair.key);
  return place;
}
function start(server: object, front: object): Promise<RunningServer> {
  return startServer({ log, environment: {}, config: {
    server: { data: join(folder, 'data'), ...server },
    plugins: {
      'storage': { use: 'storage-flat-file', with: { shards: 1 } }, 'basic': { use: 'auth-basic' }, 'http-front': { with: front },
      'people': { use: 'directory-file', with: { file: shippedConfig('examples/demo-directory.yaml'), demo: true } },
    },
  } });
}
const portOf = ({ addresses }: RunningServer, secure: boolean): number => addresses.find((address) => address.secure === secure)!.port;

interface Answer { readonly status: number; readonly headers: IncomingMessage['headers']; readonly fingerprint: string | undefined }
function ask(secure: boolean, port: number, path = '/', headers: Readonly<Record<string, string>> = {}, method = 'OPTIONS'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers, agent: false as const, rejectUnauthorized: false };
    const request = (secure ? secureRequest : plainRequest)(options, (response) => {
      response.resume();
      const fingerprint = secure ? (response.socket as TLSSocket).getPeerCertificate().fingerprint256 : undefined;
      response.once('end', () => { resolve({ status: response.statusCode!, headers: response.headers, fingerprint }); });
    });
    request.once('error', reject).end();
  });
}

describe('a certificate', () => {
  it('is told by its fingerprint, and a renewed one is used without a restart, once both files belong together', async () => {
    const [old, young] = [await issued('old'), await issued('young')];
    const live = (name: string): string => join(folder, name);
    const point = (name: string, place: string): void => { rmSync(live(name), { force: true }); symlinkSync(join(place, name), live(name)); };
    for (const name of ['certificate.pem', 'key.pem']) point(name, old);
    await using server = await start({ listen: ['https://127.0.0.1:0'], tls: { certificate: live('certificate.pem'), key: live('key.pem') } }, { 'certificate-check-seconds': 1 });
    const port = portOf(server, true);
    const { fingerprint } = await ask(true, port);
    expect(lines.find((line) => line.startsWith('certificate '))).toContain(`"sha256":"${fingerprint}"`);

    point('certificate.pem', young);
    await expect.poll(() => lines.find((line) => line.includes('cannot be used')), { timeout: 10_000 }).toMatch(/the old certificate stays.*is not the one of the certificate/);
    expect((await ask(true, port)).fingerprint).toBe(fingerprint);

    point('key.pem', young);
    await expect.poll(() => lines.some((line) => line.startsWith('a renewed certificate')), { timeout: 10_000 }).toBe(true);
    const renewed = (await ask(true, port)).fingerprint;
    expect(renewed).not.toBe(fingerprint);
    unlinkSync(live('key.pem'));
    await expect.poll(() => lines.filter((line) => line.includes('cannot be used')).length, { timeout: 10_000 }).toBe(2);
    expect((await ask(true, port)).fingerprint).toBe(renewed);
  });
});

describe('the versions of TLS', () => {
  const connect = (port: number, maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string> => new Promise((resolve) => {
    // Whatever this machine's own rules are: the refusal must be the server's.
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT:@SECLEVEL=0' });
    socket.once('secureConnect', () => { resolve(socket.getProtocol() ?? ''); socket.destroy(); }).once('error', (error: NodeJS.ErrnoException) => { resolve(error.code ?? error.message); });
  });

  it('are 1.2 and up (R41)', async () => {
    await using server = await start({ listen: ['https://127.0.0.1:0'], tls: 'self-signed' }, {});
    const port = portOf(server, true);
    expect(await Promise.all((['TLSv1.3', 'TLSv1.2', 'TLSv1.1'] as const).map((version) => connect(port, version)))).toEqual(['TLSv1.3', 'TLSv1.2', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION']);
  });
});

describe('where the config does not say where to listen', () => {
  const listens = (server: object): readonly string[] => addressesOf(readConfig({ config: { server }, environment: {} }).sections).map(({ secure, host, port }) => `${secure ? 'https' : 'http'} ${String(host)} ${String(port)}`);

  it('it is 8008, with TLS 8443 beside it, and on this machine only (R41)', () => {
    expect(listens({})).toEqual(['http 127.0.0.1 8008']);
    expect(listens({ tls: 'self-signed' })).toEqual(['https 127.0.0.1 8443', 'http 127.0.0.1 8008']);
    expect(listens({ tls: 'self-signed', listen: ['*:9000'] })).toEqual(['https undefined 9000']);
  });
});

describe('a certificate or key that cannot be used', () => {
  const problemsWith = async (certificate: string, key: string, more: object = {}): Promise<readonly string[]> => {
    const loaded = readConfig({ environment: {}, config: { server: { listen: ['https://127.0.0.1:0'], tls: { certificate, key, ...more }, data: join(folder, 'data') }, plugins: { storage: { use: 'storage-flat-file' }, basic: { use: 'auth-basic' }, people: { use: 'directory-file', with: { file: shippedConfig('examples/demo-directory.yaml'), demo: true } } } } });
    const prepared = await prepareServer(loaded, { dataRoot: join(folder, 'data') });
    const error = await prepared.setUp().then(() => undefined, (reason: unknown) => reason as KernelError);
    return (error?.problems ?? []).map(({ path, message, remedy }) => `${path}: ${message.replaceAll(folder, '')} → ${remedy ?? ''}`);
  };

  it('is a problem of the config, at its own line, once', async () => {
    const [one, other] = [await issued('one'), await issued('other')];
    const [certificate, key] = [join(one, 'certificate.pem'), join(one, 'key.pem')];
    writeFileSync(join(folder, 'noise'), 'noise');
    writeFileSync(join(folder, 'locked.pem'), createPrivateKey(readFileSync(key)).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'of-the-key' }));
    expect(await problemsWith(certificate, key)).toEqual([]);
    expect(await problemsWith(certificate, join(folder, 'locked.pem'), { passphrase: 'of-the-key' })).toEqual([]);
    expect(await problemsWith(join(folder, 'absent.pem'), join(folder, 'absent.key'))).toEqual([
      expect.stringMatching(/^server\.tls\.certificate: cannot read \/absent\.pem \(ENOENT\) → name the PEM file/), expect.stringMatching(/^server\.tls\.key: cannot read \/absent\.key \(ENOENT\) → name the PEM file/),
    ]);
    expect(await problemsWith(certificate, join(other, 'key.pem'))).toEqual([expect.stringMatching(/^server\.tls\.key: the private key in .* is not the one of the certificate in .* → certificate and key come as a pair/)]);
    expect(await problemsWith(join(folder, 'noise'), key)).toEqual([expect.stringMatching(/^server\.tls\.certificate: \/noise holds no PEM certificate → /)]);
    expect(await problemsWith(certificate, join(folder, 'locked.pem'))).toEqual([expect.stringMatching(/^server\.tls\.key: \/locked\.pem holds no PEM private key that can be opened → .*its passphrase beside it/)]);
    expect(await problemsWith(certificate, join(folder, 'locked.pem'), { passphrase: 'another-one' })).toEqual([expect.stringMatching(/^server\.tls\.key: .* → write the passphrase of the key/)]);
  });
});

describe('connections without TLS', () => {
  const listen = ['http://127.0.0.1:0', 'https://127.0.0.1:0'];

  it('are served like others, and told nothing, unless the config says otherwise', async () => {
    await using server = await start({ listen, tls: 'self-signed' }, {});
    expect((await ask(false, portOf(server, false), '/calendars/')).status).not.toBe(308);
    expect((await ask(true, portOf(server, true), '/calendars/')).headers['strict-transport-security']).toBeUndefined();
  });

  it('are sent to the address with TLS, method and all (RFC 9110 §15.4.9); /health answers', async () => {
    await using server = await start({ listen, tls: 'self-signed' }, { 'redirect-to-tls': true, 'hsts-seconds': 86_400 });
    const [plain, secure] = [portOf(server, false), portOf(server, true)];
    const answer = await ask(false, plain, '/calendars/users/alice/?a=b', { host: 'calendar.test:8008' }, 'PROPFIND');
    expect([answer.status, answer.headers.location, answer.headers['strict-transport-security']]).toEqual([308, `https://calendar.test:${String(secure)}/calendars/users/alice/?a=b`, undefined]);
    expect((await ask(false, plain, '/health/ready', {}, 'GET')).status).toBe(200);
    expect((await ask(true, secure, '/principals/')).headers['strict-transport-security']).toBe('max-age=86400');
  });

  it('are sent nowhere else by a forged host (RFC 9110 §17.1)', async () => {
    await using server = await start({ listen, tls: 'self-signed', 'public-url': 'https://calendar.example.com/' }, { 'redirect-to-tls': true });
    const plain = portOf(server, false);
    for (const host of ['evil.test', 'evil.test/@x', 'a b', '']) expect((await ask(false, plain, '/x', { host })).headers.location).toBe('https://calendar.example.com/x');
    await using open = await start({ listen, tls: 'self-signed', data: join(folder, 'other') }, { 'redirect-to-tls': true });
    for (const host of ['evil.test/@x', 'a b', 'user@evil.test']) expect((await ask(false, portOf(open, false), '/x', { host })).headers.location).toMatch(/^https:\/\/(127\.0\.0\.1|localhost):\d+\/x$/);
  });

  it('are not sent where nobody listens', async () => {
    await expect(start({ listen: ['http://127.0.0.1:0'] }, { 'redirect-to-tls': true })).rejects.toThrow(/redirect-to-tls has nowhere to send anybody/);
  });
});
