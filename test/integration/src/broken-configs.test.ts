/**
 * The example configs broken as they are broken in life: each message says file, line, what is wrong and what to do, all problems come at once, with exit code 78,
 * without a stack and without a secret. What only a network can tell stands in the log of the start.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute } from './programs.ts';
import type { Finished } from './programs.ts';
import { root } from './server-process.ts';

const example = (name: string): string => join(root, 'config', 'examples', `${name}.yaml`);
const SECRET = 'hunter2-hunter2';
const LDAP = { LDAP_URL: 'ldaps://ldap.example.com', LDAP_BASE: 'dc=example,dc=com', LDAP_BIND_DN: 'uid=reader,dc=example,dc=com', LDAP_BIND_PW: SECRET, LDAP_CA: join(root, 'package.json') };
const AD = { AD_LDAPS_URL: 'ldaps://dc1.example.com', AD_BASE: 'DC=example,DC=com', AD_BIND_DN: 'CN=reader,DC=example,DC=com', AD_BIND_PW: SECRET, AD_CA: '/nonexistent/ca.pem', KRB5_KTNAME: '/nonexistent/http.keytab' };

let folder: string;
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kalends-broken-')); });
afterAll(() => rm(folder, { recursive: true, force: true }));

function caldavd(file: string, env: Readonly<Record<string, string>> = {}, args: readonly string[] = ['--check']): Promise<Finished> {
  return execute(process.execPath, [join(root, 'core', 'server', 'bin', 'caldavd.js'), '-f', file, ...args, '--data', join(folder, 'data')], { env, cwd: folder });
}
/** Starts it, ends it by SIGTERM once it has said that, and gives all that it said. */
async function untilSaid(file: string, env: Readonly<Record<string, string>>, what: RegExp): Promise<string> {
  const child = spawn(process.execPath, [join(root, 'core', 'server', 'bin', 'caldavd.js'), '-f', file, '--foreground', '--http-port', '0', '--data', join(folder, 'data')], { env: { ...process.env, ...env }, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (what.test(said)) child.kill('SIGTERM');
  });
  await once(child, 'close');
  return said;
}
/** The example with some of its text changed, in the folder. */
async function changed(name: string, ...changes: readonly (readonly [from: string | RegExp, to: string])[]): Promise<string> {
  let text = (await readFile(example(name), 'utf8')).replaceAll('./demo-directory.yaml', join(root, 'config', 'examples', 'demo-directory.yaml'));
  for (const [from, to] of changes) {
    expect(text).toMatch(from);
    text = text.replace(from, to);
  }
  await writeFile(join(folder, 'caldavd.yaml'), text);
  return 'caldavd.yaml';
}
/** `file:line  path: message` of each problem, with its remedy. */
async function problemsOf(file: string, env: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const { code, stderr } = await caldavd(file, env);
  expect(code, stderr).toBe(78);
  expect(stderr).not.toContain(SECRET);
  expect(stderr).not.toMatch(/^ {4}at /m);
  return stderr.trimEnd().replaceAll(/\n +→/g, ' →').split('\n').slice(1).map((line) => line.trim().replaceAll(/ {2,}/g, ' '));
}
const lineOf = async (name: string, text: string): Promise<number> => (await readFile(example(name), 'utf8')).split('\n').findIndex((line) => line.includes(text)) + 1;

describe('an example config that is broken', () => {
  it.each([['open-directory', ['LDAP_URL', 'LDAP_BASE', 'LDAP_BIND_DN', 'LDAP_BIND_PW', 'LDAP_CA']], ['active-directory', ['AD_LDAPS_URL', 'AD_BASE', 'AD_BIND_DN', 'AD_BIND_PW', 'AD_CA', 'KRB5_KTNAME']], ['kerberos', ['KRB5_KTNAME', 'KRB5_REALM']]])(
    'names every variable of %s that is not set, with its line', async (name, variables) => {
      const problems = await problemsOf(example(name));
      for (const [at, variable] of variables.entries()) {
        expect(problems[at]).toMatch(new RegExp(`${name}\\.yaml:${String(await lineOf(name, `env: ${variable} }`))} plugins\\.[\\w.[\\]-]+: the environment variable ${variable} is not set → set ${variable} for the server's process`));
      }
      expect(problems).toHaveLength(variables.length);
    });

  it('tells an address that is none, a base that is none and a CA file that is none at once', async () => {
    expect(await problemsOf(example('open-directory'), { ...LDAP, LDAP_URL: 'http://ldap.example.com', LDAP_BASE: 'example.com' })).toEqual([
      expect.stringMatching(/open-directory\.yaml:20 plugins\.people\.with\.url: http:\/\/ldap\.example\.com is no address of a directory → write ldaps:/),
      expect.stringMatching(/open-directory\.yaml:24 plugins\.people\.with\.ca: .*package\.json holds no PEM certificate → name the PEM file/),
      expect.stringMatching(/open-directory\.yaml:21 plugins\.people\.with\.base: example\.com is no distinguished name → write it as/),
    ]);
  });

  it('tells a missing keytab beside a missing CA file', async () => {
    const problems = await problemsOf(example('active-directory'), AD);
    expect(problems).toEqual(expect.arrayContaining([
      expect.stringMatching(/active-directory\.yaml:25 plugins\.people\.with\.ca: cannot read \/nonexistent\/ca\.pem \(ENOENT\) → /), expect.stringMatching(/active-directory\.yaml:32 plugins\.kerberos\.with\.keytab: cannot read \/nonexistent\/http\.keytab \(ENOENT\) → /),
    ]));
    expect(problems).toHaveLength(2);
  });

  it('tells a preset and a plugin that are misspelled, with what was meant, and a filter beside them in the next try', async () => {
    const misspelled = await changed('open-directory', [/# preset: posix.*/, 'preset: poxix'], ['auth-basic', 'auth-basc']);
    expect(await problemsOf(misspelled, LDAP)).toEqual([
      expect.stringMatching(/^caldavd\.yaml:25 plugins\.people\.with\.preset: expected .*got "poxix" → did you mean "posix"\?$/), expect.stringMatching(/^caldavd\.yaml:36 plugins\.basic: cannot find package "auth-basc".* → did you mean the built-in "auth-basic"\?/),
    ]);
    const unbalanced = await changed('open-directory', [/# groups: .*/, 'groups: { filter: "(objectClass=posixGroup" }'], ['# resources: false', 'resources: { base: nowhere }']);
    expect(await problemsOf(unbalanced, { ...LDAP, LDAP_CA: join(root, 'absent') })).toEqual([
      expect.stringMatching(/:24 plugins\.people\.with\.ca: /), expect.stringMatching(/:30 plugins\.people\.with\.resources\.base: nowhere is no distinguished name/),
      expect.stringMatching(/:29 plugins\.people\.with\.groups\.filter: \(objectClass=posixGroup is no LDAP filter: unbalanced parens → each condition stands between parentheses/),
    ]);
  });

  it('tells two instances of one name, by both lines, and reads on', async () => {
    const twice = await changed('laptop', ['  digest:', '  people: { use: directory-file, with: { file: ./absent.yaml } }\n  digest:']);
    const problems = await problemsOf(twice);
    expect(problems[0]).toMatch(/^caldavd\.yaml:18 plugins\.people: stands twice in its map, first on line 14 → remove one of the two/);
    expect(problems[1]).toMatch(/^caldavd\.yaml:18 plugins\.people\.with\.file: cannot read .*absent\.yaml \(ENOENT\) → name the YAML file/);
    expect(problems).toHaveLength(2);
  });

  it('tells what is wrong in a directory file by the lines of that file', async () => {
    await writeFile(join(folder, 'people.yaml'), 'users:\n  - { id: a, name: alice, pasword: x }\n');
    const own = await changed('laptop', [/with: \{ file: \/.*\}/, 'with: { file: ./people.yaml }']);
    expect(await problemsOf(own)).toEqual([expect.stringMatching(/people\.yaml:2 users\[0\]: .*pasword/)]);
  });

  it('tells that Digest cannot work with LDAP, and what can', async () => {
    // With a CA that reads: the directory itself is fine.
    const digest = await changed('open-directory', ['basic: { use: auth-basic }', 'digest: { use: auth-digest }'], [/ca: .*/, '']);
    expect(await problemsOf(digest, LDAP)).toEqual([expect.stringMatching(/^caldavd\.yaml:36 plugins\.digest: Digest needs a directory that keeps digest secrets.* → take auth-basic over TLS, or auth-kerberos/)]);
  });

  it('tells a variable that is empty', async () => {
    expect(await problemsOf(example('open-directory'), { ...LDAP, LDAP_BIND_PW: '' })).toEqual([expect.stringMatching(/:23 plugins\.people\.with\.bind-password: expected a secret, got the value of \{ env: LDAP_BIND_PW \}, which is empty/)]);
  });

  it('tells of a file that is no YAML, or not there, nothing else', async () => {
    await writeFile(join(folder, 'caldavd.yaml'), 'server: [\nplugins: }');
    for (const problem of await problemsOf('caldavd.yaml')) expect(problem).toMatch(/^caldavd\.yaml:2 not valid YAML/);
    expect(await problemsOf('absent.yaml')).toEqual(['absent.yaml cannot be read (ENOENT) → give the path of an existing file after -f']);
  });

  it('is told by caladmin in the same words', async () => {
    const { code, stdout } = await execute(process.execPath, [join(root, 'tools', 'caladmin', 'bin', 'caladmin.js'), '--json', 'config', 'check', example('active-directory')], { env: AD });
    expect(code).toBe(78);
    expect((JSON.parse(stdout) as { readonly problems: readonly object[] }).problems).toEqual(expect.arrayContaining([expect.objectContaining({ code: 'KRN_SETUP', line: 25, path: 'plugins.people.with.ca' }), expect.objectContaining({ line: 32, path: 'plugins.kerberos.with.keytab' })]));
    expect(stdout).not.toContain(SECRET);
  });
});

describe('a start', () => {
  it('ends with 69 and the address where the port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => { taken.once('listening', resolve); });
    const { port } = taken.address() as AddressInfo;
    const { code, stderr } = await caldavd(example('laptop'), {}, ['--foreground', '--http-port', String(port)]);
    taken.close();
    expect([code, stderr]).toEqual([69, expect.stringMatching(new RegExp(`caldavd: http-front could not start: cannot listen at 127\\.0\\.0\\.1:${String(port)}: .*EADDRINUSE.*; another program listens there`))]);
  });

  it.each(['single', 'combined'])('says at once what it waits for, never that it is ready while the directory is away, and ends when it is told to (%s)', async (role) => {
    const away = await changed('open-directory', [/ca: .*/, ''], [/^server:/m, `process: { role: ${role}, workers: 2 }\nserver:`]);
    const stderr = await untilSaid(away, { ...LDAP, LDAP_URL: 'ldaps://127.0.0.1:1' }, /waiting until these checks pass/);
    expect(stderr).not.toContain('did not stop in time');
    expect(stderr).toMatch(/warn +people: the directory cannot be reached (?:worker=\d )?problem="ldaps:\/\/127\.0\.0\.1:1: nothing listens there; is the directory running[^"]*ECONNREFUSED/);
    expect(stderr).toMatch(/warn +waiting until these checks pass (?:worker=\d )?seconds=30 failing=\["people directory server: /);
    expect(stderr).not.toMatch(/ ready url=/);
    expect(stderr).not.toContain(SECRET);
  });

  it('warns of Digest beside a directory whose passwords cannot be proved by it: clients take it before Basic', async () => {
    const file = await changed('open-directory', [/ca: .*/, ''], ['basic: { use: auth-basic }', 'basic: { use: auth-basic }\n  digest: { use: auth-digest }\n  app-passwords: { use: app-passwords }']);
    expect((await caldavd(file, LDAP)).code).toBe(0);
    expect(await untilSaid(file, { ...LDAP, LDAP_URL: 'ldaps://127.0.0.1:1' }, /listening/)).toMatch(/warn +digest: Digest is offered, and cannot work with the passwords of these directories: .*directories=\["open-directory"\]/);
  });
});
