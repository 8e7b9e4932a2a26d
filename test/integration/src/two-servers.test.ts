/**
 * Two servers and one directory between them (R43): bob's calendars are on the second. Programs that are told the first server's URL alone end at his calendars; the
 * first makes nothing for him, and lets go of calendars and takes them back as the directory and `caladmin augments` say.
 */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createDAVClient } from 'tsdav';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, NAMESPACES, eventText } from './dav.ts';
import type { DavAnswer } from './dav.ts';
import { describeWith, describeWithPython, execute } from './programs.ts';
import { runCaladmin, startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';
import { linesTo } from './several-workers.ts';
import { Started } from './clients/started.ts';

const WORKERS = 2;
const people = (servers: Readonly<Record<string, string>>): string => `users:
${['alice', 'bob', 'carol', 'dave'].map((name) => `  - { id: u-${name}, name: ${name}, password: ${name}${servers[name] === undefined ? '' : `, server: ${JSON.stringify(servers[name])}`} }`).join('\n')}
`;
const config = (directory: string, role: string): string => `process: { role: ${role}, workers: ${String(WORKERS)} }
plugins:
  storage: { use: storage-flat-file, with: { shards: 1 } }
  people: { use: directory-file, with: { file: ${JSON.stringify(directory)}, demo: true } }
  basic: { use: auth-basic }
  digest: { use: auth-digest }
  any: { use: auth-any }
`;

let started: Started;
let folder: string;
let directory: string;
let one: ServerProcess;
let two: ServerProcess;
beforeAll(async () => {
  started = new Started();
  folder = await mkdtemp(join(tmpdir(), 'kalends-two-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  directory = join(folder, 'people.yaml');
  await writeFile(directory, people({}));
  for (const role of ['combined', 'single']) await writeFile(join(folder, `${role}.yaml`), config(directory, role));
  one = started.use(await startServerProcess({ config: join(folder, 'combined.yaml'), data: join(folder, 'one') }));
  // Under another name, as another host has: python3-caldav tells servers apart by it.
  two = started.use(await startServerProcess({ config: join(folder, 'single.yaml'), data: join(folder, 'two'), args: ['--bind', 'localhost'] }));
  await writeFile(directory, people({ bob: two.url }));
  await untilHosted('bob', two.url);
}, 60_000);
afterAll(async () => { await started.disposeAsync(); });

const homePath = (name: string): string => `/calendars/__uids__/u-${name}/`;
const homeOf = ({ plain }: DavAnswer): string | undefined => /<calendar-home-set><href>([^<]+)</.exec(plain)?.[1];

/** In all processes of server one. */
async function untilHosted(name: string, origin: string): Promise<void> {
  const lines = await linesTo(one.url, WORKERS);
  try {
    for (const line of lines) {
      for (const end = Date.now() + 15_000; ; await delay(100)) {
        const { text } = await line.ask({
          method: 'PROPFIND', target: `/principals/__uids__/u-${name}/`, headers: { Depth: '0', Authorization: `Basic ${btoa('alice:alice')}`, 'Content-Type': 'application/xml' },
          body: '<propfind xmlns="DAV:"><prop><C:calendar-home-set xmlns:C="urn:ietf:params:xml:ns:caldav"/></prop></propfind>',
        });
        if (text.includes(`>${origin}${homePath(name)}<`)) break;
        if (Date.now() > end) throw new Error(`${name} is not at ${origin} in time: ${text}`);
      }
    }
  } finally {
    for (const line of lines) line[Symbol.dispose]();
  }
}

/** Every path below server one's calendars, with what is in the objects. */
async function filesOfOne(): Promise<ReadonlyMap<string, string>> {
  const calendars = join(one.data, 'calendars');
  const entries = await readdir(calendars, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(calendars.length));
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ics')).map((entry) => join(entry.parentPath, entry.name));
  return new Map([...paths.map((path) => [path, ''] as const), ...await Promise.all(files.map(async (file) => [file.slice(calendars.length), await readFile(file, 'latin1')] as const))]);
}

describe('tsdav told the first server\'s URL', () => {
  it('finds bob\'s calendars on the second, and alice\'s on the first', async () => {
    for (const [account, server] of [['bob', two], ['alice', one]] as const) {
      const credentials = { username: account, password: account };
      const told = { serverUrl: one.url, accountType: 'caldav' as const, credentials };
      const client = await createDAVClient({ serverUrl: one.url, credentials, authMethod: 'Basic', defaultAccountType: 'caldav' });
      const { homeUrl } = await client.createAccount({ account: told });
      expect(homeUrl).toBe(server.url + homePath(account));
      // It resolves the hrefs it finds there against the URL it was told first, so from here on it is told where it is.
      const there = await createDAVClient({ serverUrl: new URL(homeUrl!).origin, credentials, authMethod: 'Basic', defaultAccountType: 'caldav' });
      const calendar = (await there.fetchCalendars()).find(({ url }) => url.endsWith('/calendar/'))!;
      expect((await there.createCalendarObject({ calendar, filename: 'tsdav.ics', iCalString: eventText(`tsdav-${account}`) })).status).toBe(201);
      expect((await there.fetchCalendarObjects({ calendar })).map(({ url }) => url)).toEqual([`${server.url}${homePath(account)}calendar/tsdav.ics`]);
    }
    const files = [...(await filesOfOne()).keys()];
    expect(files.filter((path) => path.includes('bob'))).toEqual([]);
    expect(files).toContain('/users/alice');
  });
});

describeWithPython('caldav', 'python3-caldav told the first server\'s URL', () => {
  it('goes through its ordinary flow on the second', async () => {
    const finished = await execute('/usr/bin/python3', [join(import.meta.dirname, 'clients', 'caldav-flow.py'), one.url, 'bob', 'bob']);
    expect(finished.stderr.replaceAll(/.*Warning.*\n.*\n?/g, '')).toBe('');
    expect(finished.stdout.trim().split('\n')).toContain('delete the calendar');
    expect([...(await filesOfOne()).keys()].filter((path) => path.includes('bob'))).toEqual([]);
  });
});

describeWith('vdirsyncer', 'vdirsyncer told the first server\'s URL', () => {
  it('discovers, pushes and pulls on the second', async () => {
    const [local, there] = [join(folder, 'local'), new Dav(two.url)];
    await mkdir(join(local, 'calendar'), { recursive: true });
    await writeFile(join(local, 'calendar', 'pushed.ics'), eventText('pushed'));
    expect((await there.send('PUT', `${homePath('bob')}calendar/pulled.ics`, { as: 'bob', body: eventText('pulled') })).status).toBe(201);
    await writeFile(join(folder, 'vdirsyncer'), [
      '[general]', `status_path = "${folder}/status/"`, '[pair two]', 'a = "local"', 'b = "remote"', 'collections = ["calendar"]', '[storage local]', 'type = "filesystem"', `path = "${local}/"`, 'fileext = ".ics"',
      '[storage remote]', 'type = "caldav"', `url = "${one.url}/"`, 'username = "bob"', 'password = "bob"', '',
    ].join('\n'));
    for (const command of ['discover', 'sync']) {
      const { code, stdout, stderr } = await execute('vdirsyncer', ['-c', join(folder, 'vdirsyncer'), command], { input: 'y\n'.repeat(5), env: { LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8' } });
      expect(code, stdout + stderr).toBe(0);
    }
    expect(await readdir(join(local, 'calendar'))).toEqual(expect.arrayContaining(['pulled.ics']));
    const pushed = await there.report(`${homePath('bob')}calendar/`, `<C:calendar-query ${NAMESPACES}><D:prop><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`, { as: 'bob' });
    expect(pushed.text).toContain('UID:pushed');
  });
});

describeWith('curl', 'curl --location-trusted', () => {
  const curl = async (path: string, ...args: readonly string[]): Promise<string> =>
    (await execute('curl', ['-s', '-L', '--location-trusted', '-u', 'bob:bob', '-w', '\n%{http_code} %{num_redirects} %{url_effective}', ...args, one.url + path], { cwd: folder })).stdout;

  it.each(['/calendars/__uids__/u-bob/', '/calendars/users/bob/'])('puts, gets and removes below %s, with whatever method and body', async (home) => {
    const event = eventText(`curl-${String(home.length)}`);
    await writeFile(join(folder, 'event.ics'), event);
    const there = `${two.url}${homePath('bob')}calendar/curl%20one.ics`;
    expect(await curl(`${home}calendar/curl%20one.ics`, '-T', 'event.ics', '-H', 'Content-Type: text/calendar', '-H', 'Expect: 100-continue')).toBe(`\n201 1 ${there}`);
    expect(await curl(`${home}calendar/curl%20one.ics`)).toBe(`${event}\n200 1 ${there}`);
    expect(await curl(`${home}calendar/`, '-X', 'PROPFIND', '-H', 'Depth: 1', '-d', '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>')).toMatch(/curl%20one\.ics[^]*207 1 /);
    expect(await curl(`${home}calendar/curl%20one.ics`, '-X', 'DELETE')).toBe(`\n204 1 ${there}`);
  });
});

describe('the first server', () => {
  it('sends whoever asks for bob\'s busy times there, query and all, and asks strangers first who they are', async () => {
    const dav = new Dav(one.url);
    const target = '/calendars/users/bob/freebusy?start=2026-03-01T00:00:00Z&period=P1M';
    const sent = await dav.send('GET', target);
    expect([sent.status, sent.headers.get('location')]).toEqual([307, `${two.url}${homePath('bob')}freebusy?start=2026-03-01T00:00:00Z&period=P1M`]);
    expect((await new Dav(two.url).send('GET', new URL(sent.headers.get('location')!).href.slice(two.url.length))).text).toContain('BEGIN:VFREEBUSY');
    expect((await dav.send('GET', target, { as: '' })).status).toBe(401);
  });

  it('lets go of calendars that it has, in all its processes, keeps them to the last octet, and serves them again as they were', async () => {
    const dav = new Dav(one.url);
    const calendar = `${homePath('carol')}calendar/`;
    expect((await dav.send('PUT', `${calendar}kept.ics`, { as: 'carol', body: eventText('kept') })).status).toBe(201);
    const token = async (): Promise<string | undefined> => /<sync-token>([^<]+)</.exec((await dav.propfind(calendar, '<D:sync-token/>', { as: 'carol' })).plain)?.[1];
    const before = { token: await token(), files: await filesOfOne() };
    expect(before.token).toMatch(/^data:/);
    const caladmin = (...args: readonly string[]) => runCaladmin({ data: one.data, config: join(folder, 'combined.yaml') }, ...args);

    expect((await caladmin('augments', 'set', '--user', 'carol', '--server', two.url)).code).toBe(0);
    await untilHosted('carol', two.url);
    const lines = await linesTo(one.url, WORKERS);
    for (const line of lines) {
      for (const [method, target] of [['GET', `${calendar}kept.ics`], ['PUT', '/calendars/users/carol/calendar/new.ics'], ['DELETE', calendar], ['MKCALENDAR', `${homePath('carol')}more/`]] as const) {
        const { status, headers } = await line.ask({ method, target, headers: { Authorization: `Basic ${btoa('carol:carol')}` }, ...(method === 'PUT' ? { body: eventText('new') } : {}) });
        expect([method, status, headers.location]).toEqual([method, 307, two.url + target.replace('users/carol', '__uids__/u-carol')]);
      }
      line[Symbol.dispose]();
    }
    expect((await dav.propfind('/calendars/users/', '<D:resourcetype/>', { as: 'carol', depth: '1' })).plain).not.toContain('carol');
    const exported = await caladmin('export', '--user', 'carol', '--calendar', 'calendar', '--to', join(folder, 'exported'));
    expect(exported.stdout + exported.stderr).toContain('1 objects written');
    expect(await readFile(join(folder, 'exported', 'kept.ics'), 'utf8')).toBe(eventText('kept'));

    expect((await caladmin('augments', 'clear', '--user', 'carol')).code).toBe(0);
    await untilHosted('carol', '');
    expect(await filesOfOne()).toEqual(before.files);
    expect(await token()).toBe(before.token);
    expect((await dav.send('GET', `${calendar}kept.ics`, { as: 'carol' })).text).toBe(eventText('kept'));
  }, 60_000);

  it('takes no value for its own that it cannot read: dave has no calendars until it can', async () => {
    const dav = new Dav(one.url);
    const refused = await runCaladmin({ data: one.data, config: join(folder, 'combined.yaml') }, 'augments', 'set', '--user', 'dave', '--server', 'https://cal2.example.com/calendars');
    expect([refused.code, refused.stderr]).toEqual([64, expect.stringContaining('--server: expected a host, host:port or https://host:port')]);
    await writeFile(directory, people({ bob: two.url, dave: 'the second one' }));
    for (const end = Date.now() + 10_000; (await dav.propfind(homePath('dave'), '<D:resourcetype/>', { as: 'dave' })).status !== 503;) {
      if (Date.now() > end) throw new Error('not in time');
      await delay(100);
    }
    await expect.poll(() => one.output()).toMatch(/nobody can tell where these calendars are.*u-dave.*the second one/);
    await writeFile(directory, people({ bob: two.url, dave: new URL(one.url).host }));
    for (const end = Date.now() + 10_000; (await dav.propfind(homePath('dave'), '<D:resourcetype/>', { as: 'dave' })).status !== 207;) {
      if (Date.now() > end) throw new Error('not in time');
      await delay(100);
    }
    expect(homeOf(await dav.propfind('/principals/users/dave/', '<C:calendar-home-set/>', { as: 'dave' }))).toBe(homePath('dave'));
  });
});
