/**
 * litmus, the WebDAV server test suite, at the plain WebDAV collection that every home holds (R30).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, execute } from '../programs.ts';
import { startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';

describeWith('litmus', 'litmus at the dropbox', () => {
  let server: ServerProcess;
  let folder: string;
  beforeAll(async () => {
    server = await startServerProcess();
    folder = await mkdtemp(join(tmpdir(), 'kalends-litmus-'));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([['basic', 16], ['copymove', 13], ['props', 30], ['locks', 41], ['http', 4]])('%s: all %i pass', async (suite, count) => {
    const { stdout, stderr } = await execute('litmus', ['-k', `${server.url}/calendars/users/alice/dropbox/`, 'alice', 'alice'], { cwd: folder, env: { TESTS: suite }, milliseconds: 100_000 });
    expect(stdout + stderr).toContain(`of ${String(count)} tests run: ${String(count)} passed, 0 failed`);
  });
});
