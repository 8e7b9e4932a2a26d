import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clock, deployment } from '@kalends/contracts';
import type { Deployment } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { fakeClock, memoryStorePlugin } from '@kalends/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { shippedConfig } from './config-files.ts';
import { startServer } from './start-server.ts';
import type { StartOptions } from './start-server.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kalends-start-')); });
afterEach(() => { rmSync(folder, { recursive: true }); });

const people = { use: 'directory-file', with: { file: shippedConfig('examples/demo-directory.yaml'), demo: true } };
const alice = { authorization: `Basic ${btoa('alice:alice')}` };

function options(more: Partial<StartOptions> = {}, config: Readonly<Record<string, unknown>> = {}): StartOptions {
  return {
    config: { server: { listen: ['127.0.0.1:0'] }, plugins: { people, basic: { use: 'auth-basic' } }, ...config },
    environment: {}, plugins: { storage: memoryStorePlugin() }, ...more,
  };
}

async function problemsOf(given: StartOptions): Promise<string> {
  return startServer(given).then(async (server) => {
    await server.stop();
    return 'it started';
  }, (error: Error) => error.message);
}

describe('startServer', () => {
  it('boots the whole house on a free port, answers DAV, and stops', async () => {
    const server = await startServer(options());
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/`);
    expect(server.inspector.ready()).toBe(true);
    const response = await fetch(`${server.url}calendars/users/alice/`, { method: 'PROPFIND', headers: { ...alice, depth: '0' } });
    expect(response.status).toBe(207);
    await response.text();
    expect((await fetch(`${server.url}calendars/users/alice/`, { method: 'PROPFIND' })).status).toBe(401);
    await server.stop();
    await expect(fetch(server.url)).rejects.toThrow();
    expect(server.inspector.ready()).toBe(false);
  });

  it('boots the laptop example as it stands, and finds an event again after a restart', async () => {
    const laptop = (): StartOptions => ({ file: shippedConfig('examples/laptop.yaml'), settings: { 'server.listen': ['127.0.0.1:0'], 'server.data': folder }, environment: {} });
    const event = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T100000Z\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n';
    const path = 'calendars/users/alice/calendar/1.ics';
    const first = await startServer(laptop());
    expect((await fetch(`${first.url}${path}`, { method: 'PUT', headers: { ...alice, 'content-type': 'text/calendar' }, body: event })).status).toBe(201);
    await first.stop();
    await using second = await startServer(laptop());
    expect(second.demo?.instance).toBe('people');
    expect(await (await fetch(`${second.url}${path}`, { headers: alice })).text()).toBe(event);
  });

  it('puts the listener last in the order of the start', async () => {
    await using server = await startServer(options());
    expect(server.inspector.plugins().filter(({ state }) => state === 'running').slice(-2).map(({ instance }) => instance)).toEqual(['http-front', 'addresses']);
  });

  it('tells plugins the facts of the deployment, the port that was free included', async () => {
    let seen: Deployment | undefined;
    const witness = definePlugin({ name: 'witness', api: 1, summary: '', config: z.strictObject({}), provides: {}, requires: { deployment }, setup({ deps }) { seen = deps.deployment; return {}; } });
    await using server = await startServer(options({ plugins: { storage: memoryStorePlugin(), witness }, settings: { 'server.data': folder } }, { admins: ['users/admin'], limits: { 'home-octets': '3MiB' } }));
    expect(seen).toMatchObject({ dataRoot: folder, role: 'single', admins: ['users/admin'], limits: { homeOctets: 3 * 2 ** 20, queryResults: Infinity } });
    expect(seen?.publicUrl.href).toBe(server.url);
    expect(readFileSync(join(folder, 'local', 'host-id'), 'utf8').trim()).toBe(seen?.hostId);
  });

  it('keeps its host id over a restart, and removes a data root that was only lent', async () => {
    const ids: string[] = [];
    const roots: string[] = [];
    const witness = definePlugin({ name: 'witness', api: 1, summary: '', config: z.strictObject({}), provides: {}, requires: { deployment }, setup({ deps }) { ids.push(deps.deployment.hostId); roots.push(deps.deployment.dataRoot); return {}; } });
    const again = (settings?: object) => startServer(options({ plugins: { storage: memoryStorePlugin(), witness }, ...(settings === undefined ? {} : { settings: { 'server.data': folder } }) }));
    await (await again({})).stop();
    await (await again({})).stop();
    expect(ids[0]).toBe(ids[1]);
    await (await again()).stop();
    expect(existsSync(roots[2]!)).toBe(false);
    expect(existsSync(folder)).toBe(true);
  });

  it('takes a clock, or any other built-in, from the program', async () => {
    const given = fakeClock();
    let seen = 0;
    const witness = definePlugin({ name: 'witness', api: 1, summary: '', config: z.strictObject({}), provides: {}, requires: { clock }, setup({ deps }) { seen = deps.clock.now(); return {}; } });
    await using _server = await startServer(options({ plugins: { storage: memoryStorePlugin(), witness }, clock: given }));
    expect(seen).toBe(given.now());
  });

  it('finds, checks and starts a third-party plugin named in a config outside this repository (R80)', async () => {
    const home = join(folder, 'node_modules', '@acme', 'hello');
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), JSON.stringify({ name: '@acme/hello', type: 'module', exports: './index.js' }));
    writeFileSync(join(home, 'index.js'), `
      const config = { safeParse: (data) => ({ success: true, data }), _zod: undefined };
      const httpFeature = { id: 'http-feature', arity: 'many' };
      export default {
        name: '@acme/hello', api: 1, summary: 'Says hello.', config, provides: { page: httpFeature }, requires: {},
        setup: ({ config }) => ({ page: { kind: 'exchange', prefix: '/hello', async handle({ response }) { response.end('hello ' + config.who); } } }),
      };`);
    const file = join(folder, 'deploy.yaml');
    writeFileSync(file, `plugins:\n  greeter:\n    use: "@acme/hello"\n    with: { who: { env: WHO } }\n`);
    await using server = await startServer(options({ file, environment: { WHO: 'world' }, settings: { 'server.data': join(folder, 'data') } }));
    expect(await (await fetch(`${server.url}hello`)).text()).toBe('hello world');
  });

  it('refuses to start over a broken plugin, with a sentence and the line', async () => {
    const file = join(folder, 'deploy.yaml');
    writeFileSync(file, 'plugins:\n  a: { use: ./broken.js }\n  b: { use: "@acme/absent" }\n');
    writeFileSync(join(folder, 'broken.js'), 'throw new Error("half written");');
    const said = await problemsOf(options({ file, settings: { 'server.data': join(folder, 'data') } }));
    expect(said).toMatch(/deploy\.yaml:2 +plugins\.a: \.\/broken\.js was found at .* but could not be loaded: half written/);
    expect(said).toMatch(/deploy\.yaml:3 +plugins\.b: cannot find package "@acme\/absent"/);
  });

  it('names what could be enabled when nobody stores calendars', async () => {
    const said = await problemsOf(options({ plugins: {} }));
    expect(said).toContain('extension point "calendar-store" is required by');
    expect(said).toMatch(/→ enable one of: storage-flat-file/);
  });

  it('runs without a listener where a program asks for that', async () => {
    await using server = await startServer(options({ config: { server: { listen: ['0.0.0.0:0'] }, plugins: { people, basic: { use: 'auth-basic' }, 'http-front': { enabled: false } } } }));
    expect(server.addresses).toEqual([]);
    expect(server.inspector.plugins().find(({ instance }) => instance === 'http-front')?.state).toBe('disabled');
  });

  it('keeps the demo directory on this machine', async () => {
    for (const listen of ['0.0.0.0:0', '8008', '[::]:0', '192.0.2.1:8008', 'example.com:80']) {
      const said = await problemsOf(options({}, { server: { listen: ['127.0.0.1:0', listen] } }));
      expect(said).toContain('the demo directory (plugins.people) has passwords that everybody knows');
    }
    await using server = await startServer(options({}, { server: { listen: ['localhost:0', 'http://127.0.0.2:0'] } }));
    expect(server.addresses).toHaveLength(2);
  });

  it('refuses roles and addresses that do not exist', async () => {
    const said = await problemsOf(options({}, { server: { listen: ['nowhere'] }, process: { role: 'slave' } }));
    expect(said).toContain('process.role: the role slave does not exist yet');
    expect(said).toContain('server.listen[0]: cannot listen at "nowhere"');
    expect(await problemsOf(options({}, { server: { listen: ['https://127.0.0.1:0'] } }))).toContain('needs a certificate');
  });

  it('reports a port that is taken and leaves nothing behind', async () => {
    await using server = await startServer(options());
    await expect(startServer(options({ config: { server: { listen: [`127.0.0.1:${server.port}`] }, plugins: { people, basic: { use: 'auth-basic' } } } }))).rejects.toMatchObject({ code: 'KRN_START', instance: 'http-front' });
  });

  it('makes a certificate of its own, keeps it, and does not show its key (R41)', async () => {
    const secure = (): StartOptions => options({ settings: { 'server.data': folder } }, { server: { listen: ['https://127.0.0.1:0'], tls: 'self-signed' } });
    const first = await startServer(secure());
    expect(first.url).toMatch(/^https:/);
    const fingerprint = await fingerprintOf(first.port);
    await first.stop();
    expect(statSync(join(folder, 'local', 'tls', 'key.pem')).mode & 0o777).toBe(0o600);
    const second = await startServer(secure());
    expect(await fingerprintOf(second.port)).toBe(fingerprint);
    await second.stop();
  });
});

/** SHA-256 of the certificate at that port, which must be valid for this address. */
function fingerprintOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/', rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      const { fingerprint256, subjectaltname } = (response.socket as import('node:tls').TLSSocket).getPeerCertificate();
      expect(subjectaltname).toContain('IP Address:127.0.0.1');
      resolve(fingerprint256);
    }).on('error', reject);
  });
}
