/**
 * vdirsyncer: discovery from the bare URL, two-way sync of a few hundred events, a conflict, deletions on both sides; khal reads and writes what it brought.
 */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, execute } from '../programs.ts';
import type { Finished } from '../programs.ts';
import { startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';

const event = (uid: string, summary: string, extra: readonly string[] = []): string => [
  'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//vdirsyncer test//EN', 'BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z',
  'DTSTART:20260310T100000Z', 'DTEND:20260310T110000Z', ...extra, `SUMMARY:${summary}`, 'END:VEVENT', 'END:VCALENDAR', '',
].join('\r\n');

describeWith('vdirsyncer', 'vdirsyncer and khal', () => {
  let server: ServerProcess;
  let folder: string;
  let calendar: string;
  beforeAll(async () => {
    server = await startServerProcess();
    folder = await mkdtemp(join(tmpdir(), 'kalends-vdir-'));
    calendar = join(folder, 'local', 'calendar');
    await mkdir(join(folder, 'local'));
    await writeFile(join(folder, 'config'), [
      '[general]', `status_path = "${folder}/status/"`,
      '[pair demo]', 'a = "local"', 'b = "remote"', 'collections = ["from a", "from b"]', 'conflict_resolution = "b wins"',
      '[storage local]', 'type = "filesystem"', `path = "${folder}/local/"`, 'fileext = ".ics"',
      '[storage remote]', 'type = "caldav"', `url = "${server.url}/"`, 'username = "alice"', 'password = "alice"', '',
    ].join('\n'));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const vdirsyncer = (command: string): Promise<Finished> => execute('vdirsyncer', ['-c', join(folder, 'config'), command], { input: 'y\n'.repeat(20), env: { LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8' }, milliseconds: 110_000 });
  const remote = (name: string, init: RequestInit = {}): Promise<Response> => fetch(`${server.url}/calendars/users/alice/calendar/${name}`, {
    ...init, headers: { Authorization: `Basic ${Buffer.from('alice:alice').toString('base64')}`, ...init.headers },
  });
  const sync = async (): Promise<void> => {
    const { code, stdout, stderr } = await vdirsyncer('sync');
    expect(code, stdout + stderr).toBe(0);
  };

  it('discovers every calendar from URL and password alone', async () => {
    const { code, stdout, stderr } = await vdirsyncer('discover');
    expect(code, stdout + stderr).toBe(0);
    await sync();
    expect((await readdir(join(folder, 'local'))).sort()).toEqual(expect.arrayContaining(['calendar', 'tasks']));
  });

  it('pushes three hundred events and pulls what others wrote, octet for octet', async () => {
    for (let i = 0; i < 300; i++) await writeFile(join(calendar, `up-${String(i)}.ics`), event(`up-${String(i)}`, `Pushed ${String(i)}`));
    const body = event('down-1', 'Pulled', ['X-UNKNOWN;X-P="q":kept']);
    expect((await remote('down-1.ics', { method: 'PUT', body, headers: { 'Content-Type': 'text/calendar' } })).status).toBe(201);
    await sync();
    expect((await readdir(calendar)).length).toBe(301);
    const pulled = await Promise.all((await readdir(calendar)).map((name) => readFile(join(calendar, name), 'utf8')));
    expect(pulled.filter((text) => text.includes('X-UNKNOWN;X-P="q":kept'))).toHaveLength(1);
    const again = await vdirsyncer('sync');
    expect(again.stdout + again.stderr).not.toMatch(/Copying|Deleting/);
  });

  it('settles a conflict as it is told, and carries deletions both ways', async () => {
    const name = 'down-1.ics';
    expect((await remote(name, { method: 'PUT', body: event('down-1', 'Changed there'), headers: { 'Content-Type': 'text/calendar' } })).status).toBe(204);
    const local = (await readdir(calendar)).find((file) => file.startsWith('down-1'))!;
    await writeFile(join(calendar, local), event('down-1', 'Changed here'));
    await rm(join(calendar, 'up-0.ics'));
    const up1 = (await (await remote('', { method: 'PROPFIND', headers: { Depth: '1' } })).text()).match(/\/[^<]*up-1\.ics/)?.[0].split('/').at(-1) ?? 'up-1.ics';
    expect((await remote(up1, { method: 'DELETE' })).status).toBe(204);
    await sync();
    expect(await readFile(join(calendar, local), 'utf8')).toContain('Changed there');
    const files = await readdir(calendar);
    expect(files.some((file) => file === 'up-0.ics' || file === 'up-1.ics')).toBe(false);
    expect(files.length).toBe(299);
    expect((await (await remote('', { method: 'PROPFIND', headers: { Depth: '1' } })).text()).match(/\.ics<\//g)?.length).toBe(299);
  });

  it('lets khal list what it brought and push what khal makes', async () => {
    await writeFile(join(folder, 'khal'), [
      '[calendars]', '[[demo]]', `path = ${calendar}`, '[locale]', 'timeformat = %H:%M', 'dateformat = %Y-%m-%d', 'longdateformat = %Y-%m-%d',
      'datetimeformat = %Y-%m-%d %H:%M', 'longdatetimeformat = %Y-%m-%d %H:%M', 'local_timezone = Europe/Berlin', 'default_timezone = Europe/Berlin',
      '[default]', 'default_calendar = demo', '',
    ].join('\n'));
    const khal = (...args: readonly string[]): Promise<Finished> => execute('khal', ['-c', join(folder, 'khal'), ...args], { env: { LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8', HOME: folder } });
    const listed = await khal('list', '2026-03-10', '2026-03-10');
    expect(listed.stdout, listed.stderr).toContain('Pushed 7');
    const made = await khal('new', '2026-05-04', '09:00', '10:00', 'Made by khal');
    expect(made.code, made.stderr).toBe(0);
    await sync();
    const answer = await (await remote('', { method: 'REPORT', headers: { Depth: '1', 'Content-Type': 'application/xml' }, body:
      '<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:prop><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20260504T000000Z" end="20260505T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>' })).text();
    expect(answer).toContain('Made by khal');
  });
});
