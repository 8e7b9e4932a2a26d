import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PrincipalId } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { fakeClock } from '@kalends/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileCredentials } from './file-credentials.ts';
import { FileDirectory } from './file-directory.ts';
import plugin, { DirectoryFileError, setPassword } from './index.ts';
import { digestOf, hashPassword, PasswordChecker } from './passwords.ts';

let folder: string;
let file: string;
const clock = fakeClock();
const logged: string[] = [];
const note = (message: string): void => { logged.push(message); };
const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'directory-file-'));
  file = join(folder, 'people.yaml');
  logged.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const STAFF = `# the staff
users:
  - id: 10000000-0000-0000-0000-000000000001
    name: ann   # she founded it
    display-name: Änn Example
    emails: [ann@example.com]
    password: ann
  - { id: U2, name: bob, enabled: false, password: bob }
groups:
  - { id: G1, name: team, members: [ann] }
  - { id: G2, name: all, members: [groups/team, groups/ring] }
  - { id: G3, name: ring, members: [groups/all] }
`;
const id = (text: string): PrincipalId => text as PrincipalId;
const ANN = id('10000000-0000-0000-0000-000000000001');
async function opened(text = STAFF, demo = true): Promise<FileDirectory> {
  await writeFile(file, text);
  return FileDirectory.open({ file, demo }, clock, log);
}

describe('the directory in a file', () => {
  it('finds by id, account, name and every form of address', async () => {
    const source = await opened();
    expect((await source.findByAccount('ann'))?.id).toBe(ANN);
    expect((await source.findByName('group', 'team'))?.id).toBe('G1');
    expect(await source.findByName('user', 'team')).toBeUndefined();
    for (const address of ['mailto:ANN@example.com', `urn:uuid:${ANN}`, `URN:X-UID:${ANN}`, `/principals/__uids__/${ANN}/`, '/principals/users/ann', 'https://cal.example.com/principals/users/ann/']) {
      expect((await source.findByAddress(address))?.id, address).toBe(ANN);
    }
    expect(await source.findById(id('u2'))).toBeUndefined();
  });

  it('counts nested groups, and ends in a ring of them', async () => {
    const source = await opened();
    expect([...await source.groupsOf(ANN)].sort()).toEqual(['G1', 'G2', 'G3']);
    const members: string[] = [];
    for await (const batch of source.membersOf(id('G2'))) members.push(...batch);
    expect(members).toEqual(['G1', 'G3']);
  });

  it('searches without regard to case, and lists by name', async () => {
    const source = await opened();
    const found: string[] = [];
    for await (const batch of source.search({ anyOf: false, terms: [{ field: 'display-name', text: 'äNN', match: 'starts-with' }], kinds: ['user'], limit: 5 })) found.push(...batch.map((one) => one.id));
    expect(found).toEqual([ANN]);
    expect((await source.list('group', 'all', 5)).map((one) => one.names[0])).toEqual(['ring', 'team']);
    expect(await source.list('group', 'zzz', 5)).toEqual([]);
  });

  it('reads the file again when it changed, with a new stamp', async () => {
    const source = await opened();
    const stamp = await source.stamp();
    await writeFile(file, STAFF.replace('name: bob', 'name: ben'));
    clock.advance(250);
    expect((await source.findByAccount('ben'))?.id).toBe('U2');
    expect(await source.findByAccount('bob')).toBeUndefined();
    expect(await source.stamp()).not.toBe(stamp);
    await writeFile(file, STAFF);
    clock.advance(250);
    expect(await source.stamp()).toBe(stamp);
  });

  it('keeps what it has while the file is broken or gone, says so once, and recovers', async () => {
    const source = await opened();
    for (const spoil of [() => writeFile(file, 'users: [{ id: X }]'), () => rm(file)]) {
      await spoil();
      clock.advance(250);
      expect((await source.findByAccount('ann'))?.id).toBe(ANN);
      clock.advance(250);
      expect((await source.findByAccount('ann'))?.id).toBe(ANN);
      expect(source.health().ok).toBe(false);
    }
    expect(logged.filter((message) => message.includes('cannot be read'))).toHaveLength(2);
    await writeFile(file, STAFF);
    clock.advance(250);
    await source.findByAccount('ann');
    expect(source.health()).toEqual({ ok: true });
  });
});

describe('credentials in a file', () => {
  it('tells right from wrong, unknown and shut, in a demo and with hashes', async () => {
    const demo = new FileCredentials(await opened(), true);
    expect(await Promise.all([demo.verify('ann', 'ann'), demo.verify('ann', 'Ann'), demo.verify('bob', 'bob'), demo.verify('bob', 'x'), demo.verify('nobody', 'x')])).toEqual([{ principal: expect.any(String) as string }, 'no', 'disabled', 'no', 'unknown-account']);
    const hashed = STAFF.replace('password: ann', `credentials: { argon2id: "${await hashPassword('Pässword')}" }`).replace(', password: bob', '');
    const real = new FileCredentials(await opened(hashed, false), false);
    expect(await Promise.all([real.verify('ann', 'Pa\u0308ssword'), real.verify('ann', 'ann'), real.verify('bob', 'bob'), real.verify('nobody', 'x')])).toEqual([{ principal: expect.any(String) as string }, 'no', 'no', 'unknown-account']);
  });

  it('yields Digest secrets of that realm alone, and none of a shut account', async () => {
    const demo = new FileCredentials(await opened(), true);
    // RFC 7616 §3.4.2: H(account ":" realm ":" password)
    expect(await demo.digestSecret('ann', 'cal', 'MD5')).toBe(digestOf('MD5', 'ann', 'cal', 'ann'));
    expect(await demo.digestSecret('bob', 'cal', 'MD5')).toBeUndefined();
    expect(await demo.digestSecret('nobody', 'cal', 'SHA-256')).toBeUndefined();
    await writeFile(file, STAFF);
    await setPassword({ file, user: 'ann', password: 'secret', realms: ['cal'] });
    const real = new FileCredentials(await opened((await readFile(file, 'utf8')).replace(', password: bob', ''), false), false);
    expect(await real.digestSecret('ann', 'cal', 'SHA-256')).toBe(digestOf('SHA-256', 'ann', 'cal', 'secret'));
    expect(await real.digestSecret('ann', 'other', 'SHA-256')).toBeUndefined();
  });

  it('lets two guesses run and some wait, and turns the rest away', async () => {
    const checker = new PasswordChecker(3);
    const hash = await hashPassword('right');
    const answers = await Promise.all(Array.from({ length: 8 }, () => checker.matches(hash, 'right')));
    expect(answers.filter((answer) => answer === true)).toHaveLength(5);
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(3);
    expect(await checker.matches(hash, 'right')).toBe(true);
  });
});

describe('setting a password', () => {
  it('writes argon2id and digests, takes the plain one away, and leaves the rest of the text', async () => {
    await writeFile(file, STAFF);
    await chmod(file, 0o600);
    await setPassword({ file, user: 'ann', password: 'secret', realms: ['cal', 'Office'] });
    const text = await readFile(file, 'utf8');
    expect(text).toContain('# the staff');
    expect(text).toContain('name: ann # she founded it');
    expect(text).not.toContain('password: ann');
    expect(text).toContain('password: bob');
    expect(text.match(/argon2id: \$argon2id\$/g)).toHaveLength(1);
    expect(text.match(/realm: /g)).toHaveLength(2);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await new FileCredentials(await opened(text), true).verify('ann', 'secret')).toEqual({ principal: expect.any(String) as string });
  });

  it('refuses a user nobody knows, and leaves the file as it was', async () => {
    await writeFile(file, STAFF);
    await expect(setPassword({ file, user: 'ghost', password: 'x', realms: [] })).rejects.toThrow('no user is called ghost');
    expect(await readFile(file, 'utf8')).toBe(STAFF);
  });
});

describe('the plugin', () => {
  const lifecycle = { onStart: () => {}, onStop: () => {}, health: () => {} };
  const setup = (config: { readonly file: string; readonly demo: boolean; readonly realm?: string }) => plugin.setup({ config, deps: { clock }, log, lifecycle } as unknown as Parameters<typeof plugin.setup>[0]);

  it('refuses to start with a file that has problems', async () => {
    await writeFile(file, 'users: [{ id: X }]');
    await expect((async () => setup({ file, demo: false }))()).rejects.toThrow(DirectoryFileError);
  });

  it('refuses a realm for which no digest is stored, where others are', async () => {
    await writeFile(file, STAFF);
    await setPassword({ file, user: 'ann', password: 'secret', realms: ['old'] });
    await expect((async () => setup({ file, demo: true, realm: 'new' }))()).rejects.toThrow('the stored digests are for old, none for new');
    await expect((async () => setup({ file, demo: true, realm: 'old' }))()).resolves.toBeDefined();
  });
});

it('tells Digest secrets without waiting until it is time to look at the file, and none of those who may not log in', async () => {
  const people = new FileCredentials(await opened(), true);
  await people.digestSecret('ann', 'Here', 'MD5');
  expect(people.rememberedSecrets('ann', 'Here', 'MD5')).toEqual([{ secret: digestOf('MD5', 'ann', 'Here', 'ann'), principal: ANN }]);
  expect([people.rememberedSecrets('bob', 'Here', 'MD5'), people.rememberedSecrets('nobody', 'Here', 'MD5')]).toEqual([[], []]);
  clock.advance(1_000);
  expect(people.rememberedSecrets('ann', 'Here', 'MD5')).toEqual([]);
  expect(await people.digestSecrets('ann', 'Here', 'MD5')).toHaveLength(1);
});
