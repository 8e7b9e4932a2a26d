/** `caladmin health` where some addresses are for proxies. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAPTOP, runCaladmin, startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';

describe('caladmin health', () => {
  let server: ServerProcess;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kalends-health-'));
    server = await startServerProcess();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  async function health(listen: string, ...args: readonly string[]) {
    const config = join(folder, 'caldavd.yaml');
    const plugins = (await readFile(LAPTOP, 'utf8')).replace(/^server:\n(?: .*\n)*/m, '');
    await writeFile(config, `server: { trusted-proxies: [192.0.2.10], listen: ${listen} }\n${plugins}`);
    return runCaladmin({ config, data: server.data }, 'health', ...args);
  }
  const port = (): string => new URL(server.url).port;

  it('asks the first address that is for clients, on this machine', async () => {
    for (const at of [`127.0.0.1:${port()}`, `http://localhost:${port()}`, `*:${port()}`, port()]) {
      expect(await health(`[{ at: "127.0.0.1:1", proxy-protocol: true }, "${at}"]`), at).toMatchObject({ code: 0, stderr: '' });
    }
  });

  it('says what to do where proxies alone come in', async () => {
    const listen = `[{ at: "127.0.0.1:${port()}", proxy-protocol: true }]`;
    const refused = await health(listen);
    expect([refused.code, refused.stderr]).toEqual([64, expect.stringContaining('every address of the config wants the PROXY protocol; name the one of the proxy with --url')]);
    expect((await health(listen, '--url', server.url)).code).toBe(0);
  });
});
