/** What proves a directory server: certificates that are over, of another name or authority, or not of this protocol's age; authorities that change while in use. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import openDirectory from '@kalends/directory-open-directory';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithAll, execute } from '../programs.ts';
import { root } from '../server-process.ts';
import { SEARCH, entry, result, startFalseLdap } from './false-ldap.ts';
import type { FalseLdap } from './false-ldap.ts';
import { setUpDirectory } from './set-up.ts';
import type { DirectoryParts } from './set-up.ts';

const base = 'dc=example,dc=test';

describeWithAll(['openssl'], 'the certificate of a directory server', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const openssl = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await execute('openssl', args, { cwd: folder });
    if (code !== 0) throw new Error(stderr);
  };
  const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const sign = async (name: string, ca: string, days: number, names: string): Promise<void> => {
    writeFileSync(at(`${name}.names`), `subjectAltName=${names}\n`);
    await openssl('req', ...KEY, '-subj', '/CN=localhost', '-keyout', `${name}.key`, '-out', `${name}.csr`);
    await openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', String(days), '-extfile', `${name}.names`, '-out', `${name}.pem`);
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kalends-certificates-'));
    mkdirSync(at('none'));
    for (const ca of ['ca', 'next']) await openssl('req', '-x509', ...KEY, '-days', '2', '-subj', `/CN=${ca}`, '-addext', 'basicConstraints=critical,CA:TRUE', '-keyout', `${ca}.key`, '-out', `${ca}.pem`);
    await sign('good', 'ca', 2, 'DNS:localhost');
    await sign('over', 'ca', -1, 'DNS:localhost');
    await sign('other', 'ca', 2, 'DNS:ldap.example.test');
    await sign('renewed', 'next', 2, 'DNS:localhost');
  });
  afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

  const serve = (certificate: string, more: TlsOptions & { readonly port?: number } = {}): Promise<FalseLdap> => startFalseLdap(({ id, operation }, socket) => {
    if (operation !== SEARCH) return false;
    socket.write(Buffer.concat([entry(id, `uid=alice,${base}`, { uid: ['alice'], cn: ['Alice'], entryUUID: ['6a7d0d0a-0000-4000-8000-000000000001'], objectClass: ['inetOrgPerson'] }), result(id, 0x65)]));
    return true;
  }, { tls: { cert: readFileSync(at(`${certificate}.pem`)), key: readFileSync(at(`${certificate}.key`)), ...more }, ...(more.port === undefined ? {} : { port: more.port }) });
  const set = (url: string, more: Readonly<Record<string, unknown>> = {}): Promise<DirectoryParts> =>
    setUpDirectory(openDirectory, { url, base, 'bind-dn': `cn=reader,${base}`, 'bind-password': 'x', 'timeout-seconds': 0.5, preset: 'posix', groups: false, ca: at('ca.pem'), ...more });

  it.each([
    ['is over', 'over', {}, /expired/], ['is for another name', 'other', {}, /altnames/], ['is of another authority', 'renewed', {}, /unable to (?:get local issuer|verify)/],
    ['is good, but speaks TLS 1.1 at most', 'good', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }, /version|EPROTO|alert|closed|reset/i],
  ] as const)('that %s ends the connection before a word is said', async (_, certificate, options, reason) => {
    await using server = await serve(certificate, options);
    await using parts = await set(server.url);
    await expect(parts.source.findByAccount('alice')).rejects.toThrow(reason);
    expect(await parts.credentials.verify('alice', 'alicepw')).toBe('unavailable');
    expect(server.asked).toEqual([]);
  });

  it('is believed for the name that the config says', async () => {
    await using server = await serve('other');
    await using parts = await set(server.url, { 'server-name': 'ldap.example.test' });
    expect((await parts.source.findByAccount('alice'))?.names).toEqual(['alice']);
  });

  it('may be of a new authority, once that stands in the file: no restart', async () => {
    copyFileSync(at('ca.pem'), at('in-use.pem'));
    const before = await serve('good');
    const port = Number(new URL(before.url).port);
    await using parts = await set(before.url, { ca: at('in-use.pem'), 'timeout-seconds': 2 });
    expect((await parts.source.findByAccount('alice'))?.names).toEqual(['alice']);
    await before[Symbol.asyncDispose]();
    await using after = await serve('renewed', { port });
    expect(after.url).toBe(before.url);
    await expect(parts.source.findByAccount('alice')).rejects.toThrow(/issuer|verify/);
    copyFileSync(at('next.pem'), at('in-use.pem'));
    await expect.poll(() => parts.source.findByAccount('alice').then((found) => found?.names, () => undefined), { timeout: 10_000 }).toEqual(['alice']);
  });

  it('is believed of an authority of the system where the config names none', async () => {
    await using server = await serve('good');
    const script = `import { LdapPool, readSettings, present } from '@kalends/lib-ldap';
      const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
      const clock = { now: Date.now, monotonic: () => performance.now(), after: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };
      const pool = new LdapPool(readSettings({ url: process.argv[1], 'start-tls': true, 'timeout-seconds': 2, connections: 1, 'refresh-seconds': 300 }, log), clock, log);
      console.log(JSON.stringify(await pool.search({ base: '${base}', filter: present('uid'), attributes: ['uid'] }, 1).then((found) => found.length, (error) => error.message)));
      await pool.close();`;
    const run = async (env: Readonly<Record<string, string>>): Promise<string> => {
      const { stdout, stderr } = await execute(process.execPath, ['--conditions=kalends-source', '--input-type=module', '-e', script, server.url], { env, cwd: join(root, 'test', 'integration') });
      return `${stdout}${stderr}`.trim();
    };
    expect(await run({ SSL_CERT_FILE: at('ca.pem'), SSL_CERT_DIR: at('none') })).toBe('1');
    expect(await run({ SSL_CERT_FILE: at('next.pem'), SSL_CERT_DIR: at('none') })).toMatch(/issuer|verify/);
  });
});
