/** litmus 0.13 on a plain collection of a home: classes 1 and 2 of RFC 4918 as its author tests them, all 104 tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStore } from '@kalends/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ALICE_AND_BOB, givenServer } from './caldav-server.ts';
import type { GivenServer } from './caldav-server.ts';
import { describeWith, execute } from './programs.ts';

describeWith('litmus', 'litmus on a plain collection', () => {
  let server: GivenServer;
  let folder: string;
  beforeAll(async () => {
    server = await givenServer({ people: ALICE_AND_BOB, provider: memoryStore({ runWorkTwice: true }) });
    folder = await mkdtemp(join(tmpdir(), 'kalends-litmus-'));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([['basic', 16], ['copymove', 13], ['props', 30], ['locks', 41], ['http', 4]] as const)('passes all of %s: %i tests (RFC 4918)', async (suite, count) => {
    const { stdout, stderr } = await execute('litmus', ['-k', `${server.url}/calendars/__uids__/id-alice/dropbox/`, 'alice', 'alice'], { cwd: folder, env: { TESTS: suite }, milliseconds: 90_000 });
    expect(stdout, stderr).toContain(`of ${count} tests run: ${count} passed, 0 failed`);
    expect(stdout).not.toMatch(/WARNING/);
    expect(server.errors).toEqual([]);
  });
});
