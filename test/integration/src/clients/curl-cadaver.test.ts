/** curl with each way to log in, and cadaver at the dropbox. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, execute } from '../programs.ts';
import { startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';

let server: ServerProcess;
let folder: string;
beforeAll(async () => {
  server = await startServerProcess();
  folder = await mkdtemp(join(tmpdir(), 'kalends-clients-'));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describeWith('curl', 'curl', () => {
  const propfind = async (...auth: readonly string[]): Promise<string> => (await execute('curl', [
    '-s', '-o', join(folder, 'body'), '-w', '%{http_code}', ...auth, '-X', 'PROPFIND', '-H', 'Depth: 0', `${server.url}/calendars/users/alice/`,
  ])).stdout;

  it.each([['--digest'], ['--basic'], ['--anyauth']])('gets in with %s', async (scheme) => {
    expect(await propfind(scheme, '-u', 'alice:alice')).toBe('207');
    expect(await readFile(join(folder, 'body'), 'utf8')).toContain('multistatus');
  });

  it.each([['--digest'], ['--basic'], ['--anyauth']])('is turned away with %s and a wrong password', async (scheme) => {
    expect(await propfind(scheme, '-u', 'bob:wrong')).toBe('401');
  });

  it('is asked who it is without credentials', async () => {
    expect(await propfind()).toBe('401');
  });

  it('follows /.well-known/caldav without credentials to the place where discovery begins (RFC 6764 §5)', async () => {
    const { stdout } = await execute('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code} %{redirect_url}', `${server.url}/.well-known/caldav`]);
    expect(stdout).toMatch(/^30[1278] http:\/\/127\.0\.0\.1:\d+\//);
  });
});

describeWith('cadaver', 'cadaver', () => {
  it('lists, puts, gets, moves and deletes at the dropbox', async () => {
    const { port } = new URL(server.url);
    await writeFile(join(folder, '.netrc'), `machine 127.0.0.1\nlogin alice\npassword alice\n`, { mode: 0o600 });
    await writeFile(join(folder, 'note.txt'), 'kept as it is\n');
    const script = ['mkcol papers', 'cd papers', 'put note.txt', 'ls', 'move note.txt moved.txt', 'get moved.txt back.txt', 'delete moved.txt', 'cd ..', 'rmcol papers', 'ls', 'quit', ''].join('\n');
    const { stdout, stderr } = await execute('cadaver', [`http://127.0.0.1:${port}/calendars/users/alice/dropbox/`], { cwd: folder, env: { HOME: folder }, input: script });
    expect(stdout + stderr).not.toMatch(/failed|Could not/i);
    expect(await readFile(join(folder, 'back.txt'), 'utf8')).toBe('kept as it is\n');
  });
});
