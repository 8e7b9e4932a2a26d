/** Two directories that know different people by one account: whoever proves himself to the second is not let in as the first's (R42; docs/directories.md). */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, execute } from './programs.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';

let folder: string;
let server: ServerProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kalends-two-'));
  // The first Alice has no password that this server could check (a ticket lets her in, say); the second has one.
  await writeFile(join(folder, 'first.yaml'), `users:
  - { id: 10000000-0000-4000-8000-000000000001, name: alice, display-name: Alice of the first }
  - { id: 10000000-0000-4000-8000-000000000002, name: bob, display-name: Bob, password: of-the-first }
`);
  await writeFile(join(folder, 'second.yaml'), `users:
  - { id: 20000000-0000-4000-8000-000000000001, name: alice, display-name: Alice of the second, password: of-the-second }
  - { id: 20000000-0000-4000-8000-000000000002, name: bob, display-name: Bob, password: of-the-second }
  - { id: 20000000-0000-4000-8000-000000000003, name: carol, display-name: Carol, password: of-the-second }
`);
  await writeFile(join(folder, 'caldavd.yaml'), `server: { listen: ["127.0.0.1:0"] }
plugins:
  storage: { use: storage-flat-file }
  first: { use: directory-file, with: { file: ./first.yaml, demo: true } }
  second: { use: directory-file, with: { file: ./second.yaml, demo: true } }
  digest: { use: auth-digest }
  basic: { use: auth-basic }
`);
  server = await startServerProcess({ config: join(folder, 'caldavd.yaml') });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describeWith('curl', 'one account in two directories', () => {
  const ask = async (scheme: string, account: string, password: string): Promise<string> =>
    (await execute('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', scheme, '-u', `${account}:${password}`, '-X', 'PROPFIND', '-H', 'Depth: 0', `${server.url}/calendars/users/${account}/`])).stdout;

  it.each(['--basic', '--digest'])('is the first one\'s: the second\'s password opens nothing of it (%s)', async (scheme) => {
    expect([await ask(scheme, 'bob', 'of-the-first'), await ask(scheme, 'bob', 'of-the-second')]).toEqual(['207', '401']);
    // Again: what was refused is not remembered as a proof.
    for (let time = 1; time <= 3; time++) expect(await ask(scheme, 'alice', 'of-the-second'), `time ${String(time)}`).toBe('401');
  });

  it.each(['--basic', '--digest'])('is the second one\'s where the first knows nobody of that name (%s)', async (scheme) => {
    expect([await ask(scheme, 'carol', 'of-the-second'), await ask(scheme, 'carol', 'wrong')]).toEqual(['207', '401']);
  });

  it('is reported as a conflict, and why somebody was turned away', () => {
    expect(server.output()).toMatch(/two directories know different people by one name/);
    expect(server.output()).toMatch(/authentication failed.*means somebody of another one first/);
  });
});
