/**
 * `caladmin health` (R41): a certificate that nobody vouches for ends nothing; it is shown, with what clients will say about it. Addresses where proxies come in are
 * not asked.
 */
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAPTOP, runCaladmin, startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

let folder: string;
let server: ServerProcess;
let secure: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kalends-health-'));
  server = await startServerProcess({ config: await configWith('listen: ["http://127.0.0.1:0", "https://127.0.0.1:0"], tls: self-signed') });
  secure = /listening address=(https:\S+)/.exec(server.output())![1]!;
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
async function configWith(settings: string): Promise<string> {
  const config = join(folder, 'caldavd.yaml');
  const text = (await readFile(LAPTOP, 'utf8')).replace(/^server:\n(?: .*\n)*/m, '').replaceAll('./demo-directory.yaml', LAPTOP.replace('laptop.yaml', 'demo-directory.yaml'));
  await writeFile(config, `server: { ${settings} }\n${text}`);
  return config;
}
const health = async (settings: string, ...args: readonly string[]) => runCaladmin({ config: await configWith(settings), data: server.data }, ...args, 'health');

describe('caladmin health with TLS', () => {
  it('shows the certificate with the fingerprint of the log, and that clients will ask', async () => {
    const certificate = new X509Certificate(await readFile(join(server.data, 'local', 'tls', 'certificate.pem')));
    const { code, stdout, stderr } = await health(`listen: ["${secure}"], tls: self-signed`);
    expect([code, stdout, stderr]).toEqual([0, expect.stringContaining(`SHA-256 ${certificate.fingerprint256}`), expect.stringContaining('clients will ask about this certificate: it is signed by itself')]);
    expect(server.output()).toContain(`sha256=${certificate.fingerprint256}`);
    const json = await health(`listen: ["${secure}"], tls: self-signed`, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ status: 200, certificate: { sha256: certificate.fingerprint256, until: certificate.validToDate.toISOString(), doubt: 'it is signed by itself' } });
  });

  it('has nothing to add without TLS', async () => {
    expect(await health(`listen: ["${server.url}"]`)).toMatchObject({ code: 0, stdout: 'ready\n', stderr: '' });
  });

  it('says that there is no TLS where none is, and none is asked for where there is some', async () => {
    const [plain, wrapped] = [await health(`listen: ["${server.url.replace('http:', 'https:')}"], tls: self-signed`), await health(`listen: ["${secure.replace('https:', 'http:')}"]`)];
    expect([plain.code, plain.stderr]).toEqual([69, expect.stringContaining('does not answer (it does not speak TLS there)')]);
    expect([wrapped.code, wrapped.stderr]).toEqual([69, expect.stringMatching(/does not answer \(.*does it speak TLS there\?\)/)]);
  });

  it('asks no default address where the config cannot be read', async () => {
    const { code, stderr } = await runCaladmin({ config: join(folder, 'absent.yaml'), data: server.data }, 'health');
    expect([code, stderr]).toEqual([78, expect.stringContaining('cannot be read (ENOENT)')]);
  });
});

describe('caladmin health where some addresses are for proxies', () => {
  const proxied = async (listen: string, ...args: readonly string[]) => runCaladmin({ config: await configWith(`trusted-proxies: [192.0.2.10], listen: ${listen}`), data: server.data }, 'health', ...args);
  const port = (): string => new URL(server.url).port;

  it('asks the first address that is for clients, on this machine', async () => {
    for (const at of [`127.0.0.1:${port()}`, `http://localhost:${port()}`, `*:${port()}`, port()]) {
      expect(await proxied(`[{ at: "127.0.0.1:1", proxy-protocol: true }, "${at}"]`), at).toMatchObject({ code: 0, stderr: '' });
    }
  });

  it('says what to do where proxies alone come in', async () => {
    const listen = `[{ at: "127.0.0.1:${port()}", proxy-protocol: true }]`;
    const refused = await proxied(listen);
    expect([refused.code, refused.stderr]).toEqual([64, expect.stringContaining('every address of the config wants the PROXY protocol; name the one of the proxy with --url')]);
    expect((await proxied(listen, '--url', server.url)).code).toBe(0);
  });
});
