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

  it('locks, edits what it locked, and unlocks (RFC 4918 §6)', async () => {
    const url = `${server.url}/calendars/users/alice/dropbox/`;
    await writeFile(join(folder, '.netrc'), `machine 127.0.0.1\nlogin alice\npassword alice\n`, { mode: 0o600 });
    await writeFile(join(folder, 'draft.txt'), 'one draft\n');
    // It sees by the time of the file whether it was edited, to the second.
    const editor = join(folder, 'editor');
    await writeFile(editor, '#!/bin/sh\nsed -i s/one/two/ "$1"\ntouch -d 2001-01-01 "$1"\n', { mode: 0o700 });
    const authorization = `Basic ${Buffer.from('alice:alice').toString('base64')}`;
    const anybody = (): Promise<Response> => fetch(`${url}draft.txt`, { method: 'PUT', body: 'lost', headers: { Authorization: authorization } });
    const run = async (...lines: readonly string[]): Promise<string> => {
      const { stdout, stderr } = await execute('cadaver', [url], { cwd: folder, env: { HOME: folder, EDITOR: editor }, input: [...lines, 'quit', ''].join('\n') });
      expect(stdout + stderr).not.toMatch(/failed|Could not/i);
      return stdout;
    };
    // It locks for the time of editing, and puts with the token it got.
    await run('put draft.txt', 'edit draft.txt', 'get draft.txt edited.txt');
    expect(await readFile(join(folder, 'edited.txt'), 'utf8')).toBe('two draft\n');
    expect((await anybody()).status).toBe(204);
    await run('lock draft.txt');
    expect((await anybody()).status).toBe(423);
    // Another session finds the lock, and may use it: it is the same person's.
    expect(await run('discover draft.txt', 'steal draft.txt', 'unlock draft.txt')).toMatch(/exclusive/i);
    expect((await anybody()).status).toBe(204);
  });
});
