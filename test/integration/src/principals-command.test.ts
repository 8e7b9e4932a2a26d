/** `caladmin principals`: what the server makes of the directory, asked without a server: records, who may log in and why not, and whose password it is (R43, R44, R71). */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '@kalends/caladmin';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeWithAll, execute } from './programs.ts';
import type { Finished } from './programs.ts';
import { root } from './server-process.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kalends-people-'));
  await writeFile(join(folder, 'people.yaml'), `users:
  - { id: p-alice, name: alice, display-name: Alice Archer, first-name: Alice, last-name: Archer, emails: [alice@example.com], password: of-alice }
  - { id: p-bob, name: bob, display-name: Bob Baker, emails: [bob@example.com], password: of-bob }
  - { id: p-carol, name: carol, display-name: Carol Cook, password: of-carol, enabled: false }
groups:
  - { id: g-team, name: team, display-name: The Team, members: [alice, groups/inner] }
  - { id: g-inner, name: inner, display-name: Inner, members: [bob] }
locations:
  - { id: l-oak, name: oak, display-name: Oak, schedule: { mode: automatic, accept-group: groups/team, capacity: 12 }, delegates: { write: [alice] } }
`);
  await writeFile(join(folder, 'others.yaml'), `users:
  - { id: o-alice, name: alice, display-name: Alice Other, password: of-the-other }
  - { id: o-dora, name: dora, display-name: Dora, password: of-dora }
`);
  await writeFile(join(folder, 'caldavd.yaml'), `server: { listen: ["127.0.0.1:0"], data: ${join(folder, 'data')} }
admins: [groups/inner, users/gone]
access-list: [groups/team, users/carol]
plugins:
  storage: { use: storage-flat-file }
  people: { use: directory-file, with: { file: ./people.yaml, demo: true } }
  others: { use: directory-file, with: { file: ./others.yaml, demo: true } }
  digest: { use: auth-digest }
  basic: { use: auth-basic }
  app-passwords: { use: app-passwords }
`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (args: readonly string[], input = ''): Promise<Finished> => execute(process.execPath, [join(root, 'tools', 'caladmin', 'bin', 'caladmin.js'), '-f', join(folder, 'caldavd.yaml'), ...args], { input });
/** In this process: one of its own for each costs a second. */
async function runHere(args: readonly string[]): Promise<Finished> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) => vi.spyOn(process[name], 'write').mockImplementation((text) => {
    said[name] += String(text);
    return true;
  }));
  const listeners = [process.stdout, process.stderr].map((stream) => ({ stream, before: stream.listeners('error') }));
  try {
    return { code: await main(['-f', join(folder, 'caldavd.yaml'), ...args]), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
    for (const { stream, before } of listeners) for (const listener of stream.listeners('error')) if (!before.includes(listener)) stream.off('error', listener as () => void);
  }
}
const principals = (...args: readonly string[]): Promise<Finished> => runHere(['principals', ...args]);
async function answer(...args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await runHere(['--json', 'principals', ...args]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}
async function check(account: string, password: string): Promise<object> {
  const { code, stdout, stderr } = await run(['--json', 'principals', 'check-password', account, '--password-stdin'], `${password}\n`);
  return { code, ...(JSON.parse(stdout) as object), stderr };
}

describe('caladmin principals', () => {
  it('shows a record as the directory gives it, with where it comes from, its groups, and each gate', async () => {
    expect(await answer('show', 'bob')).toMatchObject({
      from: { instance: 'people', plugin: '@kalends/directory-file' },
      principal: { id: 'p-bob', kind: 'user', names: ['bob'], accounts: ['bob'], emails: ['bob@example.com'] },
      groups: [{ id: 'g-inner', name: 'groups/inner' }, { id: 'g-team', name: 'groups/team' }],
      logIn: {
        mayLogIn: true, why: [], accessList: { passes: true, by: ['groups/team'], unknown: [] }, enabled: true, locked: false,
        admin: { passes: true, by: ['groups/inner'], unknown: ['users/gone'] }, conflicts: [],
      },
      schemes: [{ scheme: 'Digest', could: true }, { scheme: 'Basic', could: true }],
    });
    const { stdout } = await principals('show', 'bob');
    expect(stdout).toMatch(/from +people \(@kalends\/directory-file\)[^]*groups +groups\/inner, groups\/team[^]*may log in +yes[^]*access list +yes, by groups\/team[^]*admin +yes, by groups\/inner \(in no directory: users\/gone\)/);
  });

  it.each(['users/bob', 'bob', 'p-bob', 'mailto:BOB@example.com', '/principals/users/bob/', 'urn:x-uid:p-bob'])('finds somebody by %s', async (who) => {
    expect(await answer('show', who)).toMatchObject({ principal: { id: 'p-bob' } });
  });

  it('shows how a room answers, and whom by', async () => {
    expect(await answer('show', 'locations/oak')).toMatchObject({ principal: { schedule: { mode: 'automatic', acceptGroup: 'g-team', capacity: 12 } } });
    expect((await principals('show', 'locations/oak')).stdout).toMatch(/invitations +automatic[^]*accept group +groups\/team[^]*capacity +12[^]*may write for it +users\/alice/);
  });

  it('says which gate keeps somebody out', async () => {
    expect(await answer('show', 'carol')).toMatchObject({ logIn: { mayLogIn: false, why: ['not enabled in the directory'], accessList: { passes: true, by: ['users/carol'] } } });
    expect(await answer('show', 'dora')).toMatchObject({ from: { instance: 'others' }, logIn: { mayLogIn: false, why: ['not on the access list'], accessList: { passes: false, by: [] } } });
  });

  it('says where another directory means somebody else', async () => {
    expect(await answer('show', 'alice')).toMatchObject({ principal: { id: 'p-alice' }, logIn: { mayLogIn: true, conflicts: [{ what: 'the account alice', means: 'users/alice', from: 'others', wins: false }, { what: 'the name users/alice' }] } });
    expect(await answer('show', 'o-alice')).toMatchObject({ logIn: { mayLogIn: false, why: ['each account means somebody of another directory first', 'not on the access list'], conflicts: [{ what: 'the account alice', from: 'people', wins: true }, {}] } });
    expect((await principals('show', 'o-alice')).stdout).toContain('the account alice is first users/alice of people');
  });

  it('lists and searches by kind, page by page', async () => {
    expect(await answer('list', 'users', '--limit', '2')).toMatchObject({ principals: [{ id: 'p-alice' }, { id: 'p-bob' }], next: 'bob' });
    expect(await answer('list', 'users', '--limit', '5', '--after', 'bob')).toMatchObject({ principals: [{ id: 'p-carol' }, { id: 'o-dora' }] });
    expect(await answer('search', 'o')).toMatchObject({ principals: expect.arrayContaining([expect.objectContaining({ id: 'l-oak' }), expect.objectContaining({ id: 'p-bob' })]) });
    expect(await answer('search', 'o', '--kind', 'locations')).toMatchObject({ principals: [{ id: 'l-oak' }] });
    expect(await answer('search', 'nothing like it')).toEqual({ principals: [] });
  });

  it('lists members as the group has them, or all below it, page by page', async () => {
    expect(await answer('members', 'groups/team')).toMatchObject({ group: 'groups/team', members: [{ id: 'p-alice' }, { id: 'g-inner' }] });
    expect(await answer('members', 'groups/team', '--expanded')).toMatchObject({ members: [{ id: 'p-alice' }, { id: 'p-bob' }] });
    expect(await answer('members', 'groups/team', '--limit', '1')).toMatchObject({ members: [{ id: 'p-alice' }], next: 'p-alice' });
    expect(await answer('members', 'groups/team', '--after', 'p-alice')).toMatchObject({ members: [{ id: 'g-inner' }] });
  });

  it('refuses who is not there and what is no kind, group, number or member with a sentence', async () => {
    for (const [args, sentence] of [
      [['show', 'nobody'], 'nobody in the directory is called nobody'], [['show', 'mailto:nobody@example.com'], 'nobody in the directory'], [['list', 'robots'], 'robots is no kind; there are users, groups, locations, resources'],
      [['members', 'bob'], 'users/bob is no group'], [['list', 'users', '--limit', 'many'], '--limit takes a number'], [['members', 'groups/team', '--after', 'p-carol'], 'p-carol is no member'],
      [['check-password', 'nobody', '--password-stdin'], 'nobody in the directory is called nobody'], [['check-password', 'groups/team', '--password-stdin'], 'has no account'], [['check-password', 'bob'], 'there is no terminal to ask at'],
    ] as const) {
      const { code, stderr } = await principals(...args);
      expect([code, stderr], args.join(' ')).toEqual([64, expect.stringContaining(sentence)]);
    }
  });

  it('has no data folder made by looking, where the server was never started', async () => {
    expect(await check('bob', 'of-bob')).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });
});

describe('caladmin principals check-password', () => {
  it('says who answered what, and whether that is enough', async () => {
    expect(await check('bob', 'of-bob')).toMatchObject({ code: 0, account: 'bob', principal: 'p-bob', password: 'right', answers: [{ instance: 'app-passwords', answer: 'unknown-account' }, { instance: 'people', answer: 'yes' }], letIn: true, why: [] });
    expect(await check('bob', 'of-alice')).toMatchObject({ code: 1, password: 'wrong', answers: [{}, { instance: 'people', answer: 'no' }], letIn: false, why: ["the password is wrong, or nobody's"] });
    expect(await check('dora', 'of-dora')).toMatchObject({ code: 1, password: 'right', letIn: false, why: ['not on the access list'] });
    expect(await check('carol', 'of-carol')).toMatchObject({ code: 1, password: 'refused', letIn: false, why: ['the account may not log in', 'not enabled in the directory'] });
    // The first directory has an alice of its own, and says no to the other's password.
    expect(await check('alice', 'of-the-other')).toMatchObject({ code: 1, letIn: false });
  });

  it('takes the first line of standard input, an empty one too', async () => {
    const { code } = await run(['principals', 'check-password', 'bob', '--password-stdin'], 'of-bob\r\nmore\n');
    expect(code).toBe(0);
    expect(await check('bob', '')).toMatchObject({ code: 1 });
  });

  it('knows app passwords and what augments say', async () => {
    const made = await run(['--json', 'app-passwords', 'add', 'phone', '--user', 'bob']);
    const { password } = JSON.parse(made.stdout) as { readonly password: string };
    expect(await check('bob', password)).toMatchObject({ code: 0, answers: [{ instance: 'app-passwords', answer: 'yes', scope: { name: 'phone' } }], letIn: true });
    expect((await run(['augments', 'set', '--user', 'bob', '--enabled', 'no', '--quota', '5MiB'])).code).toBe(0);
    expect(await check('bob', 'of-bob')).toMatchObject({ code: 1, letIn: false, why: ['not enabled by the augment'] });
    expect(await answer('show', 'bob')).toMatchObject({ principal: { quotaOctets: 5 * 2 ** 20 }, logIn: { mayLogIn: false, directory: { enabled: true }, augment: { own: { enabled: false, quotaOctets: 5 * 2 ** 20 } } } });
  });

  it('is in the audit log, as is who was asked about, and the password is nowhere', async () => {
    const told = await check('bob', 'a-secret-nobody-has');
    expect(told).toMatchObject({ code: 1 });
    const log = readFileSync(join(folder, 'data', 'log', 'audit.log'), 'utf8');
    expect(JSON.parse(log.trim().split('\n').at(-1)!)).toMatchObject({ as: 'caladmin', command: 'principals check-password', ownerName: 'users/bob', given: { account: 'bob' }, outcome: 'refused' });
    expect(JSON.stringify(told) + log).not.toContain('a-secret-nobody-has');
  });
});

describe('caladmin principals set-password', () => {
  const set = (account: string, password: string, ...more: readonly string[]): Promise<Finished> => execute(process.execPath, [join(root, 'tools', 'caladmin', 'bin', 'caladmin.js'), '-f', join(folder, 'office.yaml'), 'principals', 'set-password', account, '--password-stdin', ...more], { input: `${password}\n` });
  const checked = (account: string, password: string): Promise<Finished> => execute(process.execPath, [join(root, 'tools', 'caladmin', 'bin', 'caladmin.js'), '-f', join(folder, 'office.yaml'), '--json', 'principals', 'check-password', account, '--password-stdin'], { input: `${password}\n` });
  beforeAll(async () => {
    await writeFile(join(folder, 'office-people.yaml'), 'users:\n  - { id: u-ann, name: ann, display-name: Ann } # the boss\n  - { id: u-ben, name: ben, display-name: Ben, password: in-the-open }\n', { mode: 0o640 });
    // A data root, as of a server that was started: there is an audit log then.
    await mkdir(join(folder, 'office'));
    await writeFile(join(folder, 'office.yaml'), `server: { listen: ["127.0.0.1:0"], data: ${join(folder, 'office')} }
plugins:
  storage: { use: storage-flat-file }
  people: { use: directory-file, with: { file: ./office-people.yaml } }
  digest: { use: auth-digest, with: { realm: Office } }
  basic: { use: auth-basic }
`);
  });

  it('is what a file with a password in the open asks for, and takes that out', async () => {
    const refused = await execute(process.execPath, [join(root, 'core', 'server', 'bin', 'caldavd.js'), '-f', join(folder, 'office.yaml'), '--check']);
    expect([refused.code, refused.stderr]).toEqual([78, expect.stringMatching(/office-people\.yaml:3 +users\[1\]\.password: .*`caladmin principals set-password`/)]);
    for (const [account, password] of [['ann', 'of-ann'], ['ben', 'of-ben']] as const) expect((await set(account, password)).code).toBe(0);
    const text = readFileSync(join(folder, 'office-people.yaml'), 'utf8');
    expect(text).toMatch(/# the boss/);
    expect(text).not.toMatch(/of-ann|of-ben|in-the-open/);
    const { code, stdout } = await checked('ben', 'of-ben');
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { letIn: true, schemes: [{ scheme: 'Digest', could: true, how: expect.stringContaining('SHA-256 as ben') }, { scheme: 'Basic', could: true }] }]);
    expect((await checked('ann', 'of-ben')).code).toBe(1);
    expect(JSON.parse(readFileSync(join(folder, 'office', 'log', 'audit.log'), 'utf8').trim().split('\n').findLast((line) => line.includes('set-password'))!)).toMatchObject({ as: 'caladmin', given: { account: 'ben' }, outcome: 'done' });
  });

  it('refuses nobody, an empty one, and a deployment without such a file, or with several', async () => {
    expect(await set('nobody', 'x')).toMatchObject({ code: 64, stderr: expect.stringContaining('no user is called nobody') });
    expect(await set('ann', '')).toMatchObject({ code: 64, stderr: expect.stringContaining('at least one character') });
    expect(await set('ann', 'x', '--directory', 'others')).toMatchObject({ code: 64, stderr: expect.stringContaining('no directory-file called others') });
    expect(await principals('set-password', 'alice', '--password-stdin')).toMatchObject({ code: 64, stderr: expect.stringContaining('say which with --directory: people, others') });
  });
});

describe('caladmin into a pipe that is closed early', () => {
  it('ends without a stack', async () => {
    const { code, stderr } = await execute('bash', ['-c', `set -o pipefail; "$0" "$1" -f "$2" principals list users | head -c 1 >/dev/null; exit \${PIPESTATUS[0]}`, process.execPath, join(root, 'tools', 'caladmin', 'bin', 'caladmin.js'), join(folder, 'caldavd.yaml')]);
    expect([code, stderr]).toEqual([0, '']);
  });
});

const NOBODY = 65_534;

describeWithAll(['sh'], 'caladmin by root over the data of another account', () => {
  let own: string;
  let config: string;
  const caladmin = (input: string, ...args: readonly string[]): Promise<Finished> => execute(process.execPath, [join(root, 'tools', 'caladmin', 'bin', 'caladmin.js'), '-f', config, ...args], { input, env: { SUDO_USER: 'ann' } });
  beforeAll(async () => {
    own = await mkdtemp(join(tmpdir(), 'kalends-owned-'));
    await chmod(own, 0o755);
    await mkdir(join(own, 'data'));
    await writeFile(join(own, 'people.yaml'), 'users:\n  - { id: u-ann, name: ann, display-name: Ann }\n', { mode: 0o600 });
    config = join(own, 'caldavd.yaml');
    await writeFile(config, `server: { listen: ["127.0.0.1:0"], data: ./data }\nplugins:\n  storage: { use: storage-flat-file }\n  people: { use: directory-file, with: { file: ./people.yaml } }\n  basic: { use: auth-basic }\n`);
    for (const path of ['data', 'people.yaml', '.']) await chown(join(own, path), NOBODY, NOBODY);
  });
  afterAll(() => rm(own, { recursive: true, force: true }));

  it('leaves nothing of root\'s there, and is root in the audit log', async () => {
    expect((await caladmin('of-ann\n', 'principals', 'set-password', 'ann', '--password-stdin')).code).toBe(0);
    expect([statSync(join(own, 'people.yaml')).uid, statSync(join(own, 'people.yaml')).mode & 0o777]).toEqual([NOBODY, 0o600]);
    expect((await caladmin('', 'augments', 'set', '--user', 'ann', '--quota', '5MiB')).code).toBe(0);
    expect((await caladmin('of-ann\n', 'principals', 'check-password', 'ann', '--password-stdin')).code).toBe(0);
    const files = await readdir(join(own, 'data'), { recursive: true, withFileTypes: true });
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => file.isFile() && statSync(join(file.parentPath, file.name)).uid !== NOBODY).map(({ name }) => name)).toEqual([]);
    const lines = readFileSync(join(own, 'data', 'log', 'audit.log'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { readonly account: string; readonly command: string });
    expect(lines.map(({ account, command }) => `${account}: ${command}`)).toEqual(['root (ann): principals set-password', 'root (ann): augments set', 'root (ann): principals check-password']);
  });

  it('says why root may not, without a stack', async () => {
    await mkdir(join(own, 'closed'), { mode: 0o700 });
    const { code, stderr } = await caladmin('', 'export', '--user', 'ann', '--calendar', 'calendar', '--to', join(own, 'closed', 'out'));
    expect([code, stderr]).toEqual([69, expect.stringMatching(/^caladmin: EACCES.*; root works here as the account that the data root belongs to\n$/)]);
  });
}, { root: true });
