/**
 * The audit log (R44) of a master with three workers: every use of a right over what is another's, by administrators, by delegates, and by the command line; nothing
 * of anybody else, no secret and no calendar data. And what a server does whose audit log cannot be written.
 */
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, NAMESPACES, eventText } from './dav.ts';
import { execute } from './programs.ts';
import { runCaladmin } from './server-process.ts';
import { ask, linesTo, startWorkers } from './several-workers.ts';
import type { SeveralWorkers } from './several-workers.ts';

const id = (last: number): string => `10000000-0000-4000-8000-00000000000${String(last)}`;
const [ADMIN, ALICE, BOB, CAROL] = [id(1), id(2), id(3), id(4)];
const HOME = '/calendars/users/alice/';
const SECRET = 'Kingfisher';

type Entry = Readonly<Record<string, unknown>>;
const entriesIn = async (file: string): Promise<readonly Entry[]> => (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Entry);

let server: SeveralWorkers;
let dav: Dav;
let file: string;
beforeAll(async () => {
  server = await startWorkers();
  dav = new Dav(server.url);
  file = join(server.data, 'log', 'audit.log');
});
afterAll(async () => { await server[Symbol.asyncDispose](); });

/** Entries of the requests that `act` makes, once a later one of an administrator is there: lines of one worker arrive in order, and each `act` is awaited. */
async function during(act: () => Promise<unknown>): Promise<readonly Entry[]> {
  const before = (await entriesIn(file)).length;
  await act();
  const marks: string[] = [];
  for (const line of await linesTo(server.url, 3)) {
    using kept = line;
    const answer = await kept.ask({ method: 'PROPFIND', target: '/calendars/users/carol/', headers: { authorization: `Basic ${btoa('admin:admin')}`, depth: '0' } });
    marks.push(String(answer.headers['x-request-id']));
  }
  await expect.poll(async () => { const seen = (await entriesIn(file)).map(({ request }) => request); return marks.every((mark) => seen.includes(mark)); }).toBe(true);
  return (await entriesIn(file)).slice(before).filter(({ request }) => !marks.includes(String(request)));
}
const caladmin = (...args: readonly string[]) => runCaladmin(server, ...args);
const delegate = (mode: string, ...ids: readonly string[]) => dav.send('PROPPATCH', `/principals/__uids__/${ALICE}/calendar-proxy-${mode}/`, {
  body: `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><D:group-member-set>${ids.map((one) => `<D:href>/principals/__uids__/${one}/</D:href>`).join('')}</D:group-member-set></D:prop></D:set></D:propertyupdate>` });

describe('the audit log', { timeout: 60_000 }, () => {
  it('says nothing of owners, of whoever reads what all may read, or of nobody', async () => {
    expect(await during(async () => {
      await dav.send('PUT', `${HOME}calendar/one.ics`, { body: eventText('one', ['DTSTART:20260310T100000Z', `SUMMARY:${SECRET}`]) });
      await dav.send('GET', `${HOME}calendar/one.ics`, { as: 'bob' });
      await dav.send('GET', `${HOME}calendar/one.ics`, { as: '' });
      await dav.send('PROPFIND', `/principals/users/alice/`, { as: 'admin', depth: '0' });
      await dav.send('PROPFIND', '/calendars/users/admin/', { as: 'admin', depth: '1' });
      await dav.send('PROPFIND', '/', { as: 'admin', depth: '0' });
      await delegate('write', BOB);
    })).toEqual([]);
  });

  it('has a line of JSON for each thing that an administrator does to another: who, as what, what, when, from where', async () => {
    const since = Date.now();
    let id = '';
    const [entry, ...more] = await during(async () => { id = (await dav.send('GET', `${HOME}calendar/one.ics?token=hush`, { as: 'admin' })).headers.get('x-request-id')!; });
    expect(more).toEqual([]);
    expect(entry).toEqual({
      time: expect.any(String), as: 'admin', account: 'admin', principal: ADMIN, owner: ALICE, ownerName: 'users/alice',
      method: 'GET', path: `${HOME}calendar/one.ics`, status: 200, address: '127.0.0.1', request: id,
    });
    const time = Date.parse(String(entry!['time']));
    expect([time >= since, time <= Date.now()]).toEqual([true, true]);
  });

  it('names who a delegate acts for, what came of it, and the password of the device he used', async () => {
    const { password } = JSON.parse((await caladmin('--json', 'app-passwords', 'add', 'phone', '--user', 'bob')).stdout) as { readonly password: string };
    const seen = await during(async () => {
      expect((await dav.send('PUT', `${HOME}calendar/by-bob.ics`, { as: 'bob', body: eventText('by-bob') })).status).toBe(201);
      await dav.send('DELETE', HOME, { as: 'bob' });
      await dav.send('GET', `${HOME}calendar/by-bob.ics`, { as: 'bob', password });
    });
    expect(seen.map(({ as, account, owner, method, status, appPassword }) => [as, account, owner, method, status, appPassword])).toEqual([
      ['delegate', 'bob', ALICE, 'PUT', 201, undefined], ['delegate', 'bob', ALICE, 'DELETE', 403, undefined], ['delegate', 'bob', ALICE, 'GET', 200, 'phone'],
    ]);
  });

  it('follows an administrator to wherever else a request reaches: a destination, hrefs of a report, lists of homes, principals that he changes', async () => {
    const seen = await during(async () => {
      await dav.send('PUT', '/calendars/users/admin/calendar/mine.ics', { as: 'admin', body: eventText('mine') });
      expect((await dav.send('COPY', '/calendars/users/admin/dropbox/', { as: 'admin', headers: { Destination: `${HOME}dropbox/copy/` } })).status).toBeLessThan(500);
      await dav.report('/principals/users/admin/', `<D:expand-property xmlns:D="DAV:"><D:property name="calendar-home-set" namespace="urn:ietf:params:xml:ns:caldav"><D:property name="displayname"/></D:property></D:expand-property>`, { as: 'admin', depth: '0' });
      await dav.propfind('/calendars/users/', '<D:displayname/>', { as: 'admin', depth: '1' });
      await dav.send('PROPPATCH', `/principals/__uids__/${CAROL}/calendar-proxy-read/`, { as: 'admin', body: `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><D:group-member-set/></D:prop></D:set></D:propertyupdate>` });
    });
    expect(seen.map(({ as, owner, method, destination }) => [as, owner, method, destination])).toEqual([
      ['admin', ALICE, 'COPY', `${HOME}dropbox/copy/`], ['admin', undefined, 'PROPFIND', undefined], ['admin', CAROL, 'PROPPATCH', undefined],
    ]);
  });

  it('asks about nobody when an administrator asks for busy times as everybody may', async () => {
    const asking = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//t//EN', 'METHOD:REQUEST', 'BEGIN:VFREEBUSY', 'UID:fb', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260310T000000Z', 'DTEND:20260311T000000Z',
      'ORGANIZER:mailto:admin@example.com', 'ATTENDEE:mailto:alice@example.com', 'END:VFREEBUSY', 'END:VCALENDAR', ''].join('\r\n');
    expect(await during(async () => { expect((await dav.send('POST', '/calendars/users/admin/outbox/', { as: 'admin', body: asking })).status).toBe(200); })).toEqual([]);
  });

  it('loses no line when three workers write at once, and mixes none', async () => {
    const paths = Array.from({ length: 120 }, (_, index) => `${HOME}calendar/none-${String(index)}.ics`);
    const lines = await linesTo(server.url, 3);
    const seen = await during(() => Promise.all(lines.map(async (line, at) => {
      for (const path of paths.filter((_, index) => index % 3 === at)) await line.ask({ target: path, headers: { authorization: `Basic ${btoa('admin:admin')}` } });
    })));
    for (const line of lines) line[Symbol.dispose]();
    expect(seen.map(({ path }) => path).sort()).toEqual([...paths].sort());
    expect(new Set(seen.map(({ request }) => String(request).slice(0, 7))).size).toBe(3);
  });

  it('keeps what a client wrote on one line, and out of the terminal', async () => {
    const path = `${HOME}calendar/%22x%E2%80%A8.ics`;
    const [entry] = await during(async () => { expect((await ask(server.url, { target: path, headers: { authorization: `Basic ${btoa('admin:admin')}` } })).status).toBe(404); });
    expect(entry).toMatchObject({ path });
    expect(await readFile(file, 'utf8')).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/);
  });

  it('has what the command line does to somebody, without the passwords it makes', async () => {
    const calendar = join(server.data, 'x.ics');
    await writeFile(calendar, eventText('imported', ['DTSTART:20260311T100000Z', `SUMMARY:${SECRET}`]));
    let password = '';
    const seen = await during(async () => {
      ({ password } = JSON.parse((await caladmin('--json', 'app-passwords', 'add', 'tablet', '--user', 'alice', '--read-only')).stdout) as { readonly password: string });
      await caladmin('app-passwords', 'revoke', 'tablet', '--user', 'alice');
      await caladmin('app-passwords', 'revoke', 'none', '--user', 'alice');
      await caladmin('delegates', 'set', '--user', 'alice', '--read', 'carol');
      await caladmin('delegates', 'remove', 'carol', '--user', 'alice');
      await caladmin('import', calendar, '--user', 'alice', '--calendar', 'calendar');
      await caladmin('export', '--user', 'alice', '--calendar', 'calendar', '--to', join(server.data, 'out'));
      await caladmin('app-passwords', 'list', '--user', 'alice');
      await caladmin('delegates', 'list');
    });
    expect(seen.map(({ as, owner, command, given, outcome }) => [as, owner, command, given, outcome])).toEqual([
      ['caladmin', ALICE, 'app-passwords add', { name: 'tablet', readOnly: true, calendar: [] }, 'done'],
      ['caladmin', ALICE, 'app-passwords revoke', { name: 'tablet' }, 'done'],
      ['caladmin', ALICE, 'app-passwords revoke', { name: 'none' }, 'failed'],
      ['caladmin', ALICE, 'delegates set', { write: [], read: ['carol'] }, 'done'],
      ['caladmin', ALICE, 'delegates remove', { who: ['carol'] }, 'done'],
      ['caladmin', ALICE, 'import', { calendar: 'calendar', replace: false, files: [calendar] }, 'done'],
      ['caladmin', ALICE, 'export', { calendar: 'calendar', to: join(server.data, 'out') }, 'done'],
    ]);
    for (const entry of seen) expect(entry).toMatchObject({ time: expect.any(String) as string, account: expect.any(String) as string, ownerName: 'users/alice' });
    const text = await readFile(file, 'utf8');
    for (const hidden of [password, SECRET, 'hush', btoa('admin:admin')]) expect(text).not.toContain(hidden);
  });

  it('is a link to the file of the day, which not everybody may read', async () => {
    const { stdout } = await execute('sh', ['-c', `ls -l "${join(server.data, 'log')}" | grep audit`]);
    expect(stdout).toMatch(/^-rw-r----- .* audit\.log\.\d{4}-\d\d-\d\d$/m);
    expect(stdout).toMatch(/^l.* audit\.log -> audit\.log\.\d{4}-\d\d-\d\d$/m);
  });

  it('ends with every line of the last moment in it', async () => {
    await using brief = await startWorkers({ workers: 2 });
    for (let index = 0; index < 5; index++) await new Dav(brief.url).send('GET', `${HOME}calendar/${String(index)}.ics`, { as: 'admin' });
    await brief.stop();
    expect((await entriesIn(join(brief.data, 'log', 'audit.log'))).map(({ path }) => String(path).slice(HOME.length)).sort()).toEqual([0, 1, 2, 3, 4].map((index) => `calendar/${String(index)}.ics`));
  });
});

describe('an audit log that the config puts elsewhere', { timeout: 60_000 }, () => {
  let folder: string;
  beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kalends-audit-')); });
  afterAll(async () => { await rm(folder, { recursive: true, force: true }); });
  const get = (url: string, name: string) => new Dav(url).send('GET', `${HOME}calendar/${name}`, { as: 'admin' });

  it.each(['single', 'combined'] as const)('cannot be written: %s says so, serves, and has the lines in its error log; then goes on where it can', async (role) => {
    const place = join(folder, role, 'audit');
    await mkdir(join(folder, role));
    // A file where its folder should be: even root cannot write below it.
    await writeFile(place, '');
    await using there = await startWorkers({ role, workers: 2, sections: `log: { audit-file: ${JSON.stringify(join(place, 'who.log'))} }` });
    expect((await get(there.url, 'lost.ics')).status).toBe(404);
    await expect.poll(() => there.output()).toMatch(/error .*the audit log cannot be written; its lines stand here until it can.* file=\S+who\.log/);
    await expect.poll(() => there.output()).toMatch(/ warn {2}audit .*lost\.ics/);
    expect(there.output().match(/the audit log cannot be written/g)).toHaveLength(1);
    await rm(place);
    expect((await get(there.url, 'kept.ics')).status).toBe(404);
    await expect.poll(async () => (await entriesIn(join(place, 'who.log'))).map(({ path }) => path)).toEqual([`${HOME}calendar/kept.ics`]);
    await expect.poll(() => there.output()).toContain('the audit log is written again');
  });

  it('may be none', async () => {
    await using there = await startWorkers({ role: 'single', sections: 'log: { audit-file: false }' });
    expect((await get(there.url, 'x.ics')).status).toBe(404);
    await there.stop();
    expect((await readdir(join(there.data, 'log'))).filter((name) => name.includes('audit.log') && !name.startsWith('.'))).toEqual([]);
  });

  it('that the command line cannot write stops no command, and is told', async () => {
    const file = join(folder, 'caladmin.yaml');
    await writeFile(join(folder, 'in-the-way'), '');
    const text = await readFile(server.config, 'utf8');
    await writeFile(file, text.replace('admins:', `log: { audit-file: ${JSON.stringify(join(folder, 'in-the-way', 'audit.log'))} }\nadmins:`));
    await chmod(file, 0o600);
    const { code, stderr } = await runCaladmin({ config: file, data: server.data }, 'delegates', 'set', '--user', 'bob', '--read', 'carol');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/the audit log cannot be written.*in-the-way/)]);
  });
});
