/** Accounts that are renamed while the server runs: data stay where they are, by id, and whoever looks into the data root finds them by the name of today. */
import { mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Dav, eventText } from './dav.ts';
import { startServerProcess } from './server-process.ts';

it('alice becomes alicia, and then she and bob swap their names', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kalends-renamed-'));
  try {
    const people = async (first: string, second: string): Promise<void> => writeFile(join(folder, 'people.yaml'), `users:\n  - { id: u-1, name: ${first}, password: one }\n  - { id: u-2, name: ${second}, password: two }\n`);
    await people('alice', 'bob');
    await writeFile(join(folder, 'caldavd.yaml'), `plugins:
  storage: { use: storage-flat-file, with: { shards: 2 } }
  people: { use: directory-file, with: { file: ${JSON.stringify(join(folder, 'people.yaml'))}, demo: true } }
  basic: { use: auth-basic }
`);
    await using server = await startServerProcess({ config: join(folder, 'caldavd.yaml'), data: join(folder, 'data') });
    const dav = new Dav(server.url);
    const tokens = (as: string, password: string) => dav.propfind(`/calendars/users/${as}/calendar/`, '<D:sync-token/><D:getetag/>', { as, password });
    const link = (name: string): Promise<string | undefined> => readlink(join(server.data, 'calendars', 'users', name)).then((target) => target.split('/').at(-1), () => undefined);
    const links = (): Promise<readonly (string | undefined)[]> => Promise.all(['alice', 'alicia', 'bob'].map(link));
    const known = (as: string, password: string) => expect.poll(async () => (await tokens(as, password)).status, { timeout: 10_000 }).toBe(207);

    for (const [as, password] of [['alice', 'one'], ['bob', 'two']] as const) {
      expect((await dav.send('PUT', `/calendars/users/${as}/calendar/own.ics`, { as, password, body: eventText(as) })).status).toBe(201);
    }
    const before = (await tokens('alice', 'one')).plain.replaceAll('users/alice', '');
    expect(await links()).toEqual(['u-1', undefined, 'u-2']);

    await people('alicia', 'bob');
    await known('alicia', 'one');
    await expect.poll(links).toEqual([undefined, 'u-1', 'u-2']);
    expect(await readFile(join(server.data, 'calendars/users/alicia/calendar/own.ics'), 'utf8')).toBe(eventText('alice'));
    expect((await tokens('alicia', 'one')).plain.replaceAll('users/alicia', '')).toBe(before);
    expect((await tokens('alice', 'one')).status).toBe(401);

    await people('bob', 'alicia');
    await known('bob', 'one');
    await known('alicia', 'two');
    await expect.poll(links).toEqual([undefined, 'u-2', 'u-1']);
    expect((await dav.send('GET', '/calendars/users/bob/calendar/own.ics', { as: 'bob', password: 'one' })).text).toBe(eventText('alice'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
