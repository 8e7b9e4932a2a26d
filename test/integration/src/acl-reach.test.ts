/**
 * What follows from a list (RFC 3744 §6, §7): every path to an event or a file obeys it, listings leave out what it closes, sync tells when it opens or closes, and
 * MOVE takes it along. How lists are set is `acl.test.ts`.
 */
import { event, utc } from '@kalends/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acl, busyHours, deny, givenPeople, grant, mayDo, needed, ownAcl } from './acl-given.ts';
import { calendarMultiget, calendarQuery, freeBusyQuery, propfind, proppatch, props, setMembers, syncCollection } from './bodies.ts';
import { AMY_HOME, BOB_HOME, CALENDAR, NOW, PRINCIPAL } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const BEN_HOME = BOB_HOME.replace('bob', 'ben');
const HIDDEN = `${CALENDAR}hidden.ics`;
const SEEN = `${CALENDAR}seen.ics`;
const DROPBOX = `${AMY_HOME}dropbox/`;
const HOUR = 3600;

let server: GivenServer;
beforeAll(async () => { server = await givenPeople(); });
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  expect(server.errors).toEqual([]);
});

const send = (method: string, path: string, as: string | null = 'amy', body?: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => server.send(method, path, body, headers, as);
const set = async (path: string, ...aces: readonly string[]): Promise<void> => { expect((await send('ACL', path, 'amy', acl(...aces))).status).toBe(200); };
const report = (path: string, body: string, as: string, depth = '1'): Promise<Answer> => send('REPORT', path, as, body, { Depth: depth });
const hrefs = (answer: Answer): readonly string[] => [...answer.rows().keys()].sort();
/** Responses as `href status`; those with properties are 200. */
const told = (answer: Answer): readonly string[] => [...answer.rows()].map(([href, { status }]) => `${href} ${String(status ?? 200)}`).sort();
const file = (path: string, as = 'amy', text = path): Promise<Answer> => send('PUT', path, as, text, { 'Content-Type': 'text/plain' });

const multiget = (...paths: readonly string[]): string => calendarMultiget('<getetag/><C:calendar-data/>', paths);
const query = calendarQuery('<getetag/><C:calendar-data/>');
const sync = (token = '', level = '1'): string => syncCollection('<getetag/>', token, level);
const tokenOf = (answer: Answer): string => answer.xml().children.find(({ name }) => name.local === 'sync-token')!.text;
const freeBusy = freeBusyQuery(`start="${utc(NOW)}" end="${utc(NOW + 24 * HOUR)}"`);
const ask = (who: string): string => ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//t//EN', 'METHOD:REQUEST', 'BEGIN:VFREEBUSY', 'UID:q', `DTSTAMP:${utc(NOW)}`, `DTSTART:${utc(NOW)}`, `DTEND:${utc(NOW + 24 * HOUR)}`, `ORGANIZER:mailto:${who}@example.com`, 'ATTENDEE:mailto:amy@example.com', 'END:VFREEBUSY', 'END:VCALENDAR', ''].join('\r\n');

describe('an event that is closed to somebody who reads and writes its calendar', () => {
  beforeAll(async () => {
    await send('PUT', HIDDEN, 'amy', event('hidden', { start: NOW + 8 * HOUR, summary: 'Kingfisher' }).body);
    await send('PUT', SEEN, 'amy', event('seen', { start: NOW + 12 * HOUR }).body);
    await set(CALENDAR, grant('ben', 'read write read-acl read-current-user-privilege-set'));
    await set(HIDDEN, deny('ben', 'all'));
  });

  it('is refused by every method, like one without access at all', async () => {
    const bodies: Readonly<Record<string, string | Uint8Array>> = { PUT: event('hidden').body, PROPFIND: props('getetag'), PROPPATCH: proppatch('<displayname>x</displayname>'), REPORT: query, ACL: acl() };
    for (const method of ['GET', 'HEAD', 'PUT', 'PROPFIND', 'PROPPATCH', 'REPORT', 'ACL', 'COPY']) {
      const answer = await send(method, HIDDEN, 'ben', bodies[method], { Destination: `${server.url}${CALENDAR}copy.ics`, Depth: '0' });
      expect([method, answer.status]).toEqual([method, 403]);
      if (method !== 'HEAD') expect(needed(answer)).toEqual([`${HIDDEN} read`]);
      expect(answer.text).not.toContain('Kingfisher');
    }
  });

  it('is left out of listings, queries, downloads and pages for people', async () => {
    expect(hrefs(await send('PROPFIND', CALENDAR, 'ben', props('getetag'), { Depth: '1' }))).toEqual([CALENDAR, SEEN]);
    expect(hrefs(await report(CALENDAR, query, 'ben'))).toEqual([SEEN]);
    const whole = await send('GET', CALENDAR, 'ben');
    expect([whole.text.includes('UID:seen'), whole.text.includes('Kingfisher')]).toEqual([true, false]);
    const page = await send('GET', CALENDAR, 'ben', undefined, { 'User-Agent': 'Mozilla/5.0 (X11) Gecko/20100101' });
    expect([page.text.includes('seen.ics'), page.text.includes('hidden')]).toEqual([true, false]);
  });

  it('is 403 where its name is asked for, and its neighbours are not', async () => {
    const names = multiget(HIDDEN, SEEN, `${CALENDAR}none.ics`);
    expect(told(await report(CALENDAR, names, 'ben'))).toEqual([`${HIDDEN} 403`, `${CALENDAR}none.ics 404`, `${SEEN} 200`].sort());
    expect(told(await report(`${BEN_HOME}calendar/`, names, 'ben'))).toContain(`${HIDDEN} 403`);
  });

  it('is not in a first sync', async () => {
    expect(hrefs(await report(CALENDAR, sync(), 'ben'))).toEqual([SEEN]);
  });

  it('makes nobody busy before whom it is hidden: in reports, at the URL, through the outbox', async () => {
    await send('PROPFIND', BEN_HOME, 'ben', props('displayname'), { Depth: '0' });
    expect([busyHours(await report(CALENDAR, freeBusy, 'amy')), busyHours(await report(CALENDAR, freeBusy, 'ben')), busyHours(await report(CALENDAR, freeBusy, 'cat'))]).toEqual([['08', '12'], ['12'], ['08', '12']]);
    const url = `${AMY_HOME}freebusy?start=${utc(NOW)}&end=${utc(NOW + 24 * HOUR)}`;
    expect([busyHours(await send('GET', url, 'ben')), busyHours(await send('GET', url, 'cat'))]).toEqual([['12'], ['08', '12']]);
    expect([busyHours(await send('POST', `${BEN_HOME}outbox/`, 'ben', ask('ben'))), busyHours(await send('POST', '/calendars/users/cat/outbox/', 'cat', ask('cat')))]).toEqual([['12'], ['08', '12']]);
    expect(busyHours(await send('POST', `${BEN_HOME}outbox/`, 'root', ask('ben')))).toEqual(['12']);
  });

  it('still makes busy where only its content is closed', async () => {
    await set(HIDDEN, grant('ben', 'C:read-free-busy'), deny('ben', 'read'));
    expect(busyHours(await report(CALENDAR, freeBusy, 'ben'))).toEqual(['08', '12']);
    expect((await send('GET', HIDDEN, 'ben')).status).toBe(403);
    await set(HIDDEN, deny('ben', 'all'));
  });

  it('gives no name to who puts another of its UID', async () => {
    const answer = await send('PUT', `${CALENDAR}other.ics`, 'ben', event('hidden').body);
    expect([answer.status, answer.condition(), answer.text.includes('hidden.ics')]).toEqual([403, 'no-uid-conflict', false]);
  });

  it('is not reached through a property or a condition', async () => {
    await send('PROPPATCH', CALENDAR, 'ben', proppatch(`<x xmlns="urn:x"><href xmlns="DAV:">${HIDDEN}</href></x>`));
    const expanded = await report(CALENDAR, '<expand-property xmlns="DAV:"><property name="x" namespace="urn:x"><property name="getetag"/></property></expand-property>', 'ben', '0');
    expect(expanded.text).toMatch(/hidden\.ics<\/href><status>HTTP\/1\.1 403/);
    const { headers } = await send('GET', HIDDEN);
    expect((await send('PUT', `${CALENDAR}if.ics`, 'ben', event('if').body, { If: `<${HIDDEN}> ([${headers.get('etag')!}])` })).status).toBe(412);
  });

  it('does not count among the matches of a query', async () => {
    await using small = await givenPeople({ limits: { queryResults: 1 } });
    for (const name of ['one', 'two']) await small.send('PUT', `${CALENDAR}${name}.ics`, event(name).body);
    await small.send('ACL', CALENDAR, acl(grant('ben', 'read')));
    expect((await small.send('REPORT', CALENDAR, query, { Depth: '1' }, 'ben')).condition()).toBe('number-of-matches-within-limits');
    await small.send('ACL', `${CALENDAR}two.ics`, acl(deny('ben', 'read')));
    expect(hrefs(await small.send('REPORT', CALENDAR, query, { Depth: '1' }, 'ben'))).toEqual([`${CALENDAR}one.ics`]);
  });
});

describe('an event that is open to somebody who may not read its calendar', () => {
  const OPEN = `${AMY_HOME}tasks/open.ics`;
  beforeAll(async () => {
    await send('MKCALENDAR', `${AMY_HOME}closed/`);
    for (const uid of ['o1', 'o2']) await send('PUT', `${AMY_HOME}closed/${uid}.ics`, 'amy', event(uid).body);
    await set(`${AMY_HOME}closed/o1.ics`, grant('cat', 'read write-content'));
  });

  it('is read and written, and nothing else there is', async () => {
    const [open, shut] = [`${AMY_HOME}closed/o1.ics`, `${AMY_HOME}closed/o2.ics`];
    expect([(await send('GET', open, 'cat')).status, (await send('PUT', open, 'cat', event('o1', { summary: 'new' }).body)).status]).toEqual([200, 204]);
    expect([(await send('GET', shut, 'cat')).status, (await send('PROPFIND', `${AMY_HOME}closed/`, 'cat', undefined, { Depth: '1' })).status, (await send('DELETE', open, 'cat')).status]).toEqual([403, 403, 403]);
    expect(told(await report(`${AMY_HOME}closed/`, multiget(open, shut, OPEN), 'cat'))).toEqual([`${open} 200`, `${shut} 403`, `${OPEN} 403`]);
    expect(await mayDo(server, open, 'amy')).toContain('all');
  });
});

describe('sync and lists (RFC 6578, RFC 3744)', () => {
  it('an event goes for whom it is closed, and comes for whom it is opened', async () => {
    const path = `${AMY_HOME}changing/`;
    await send('MKCALENDAR', path);
    await send('PUT', `${path}a.ics`, 'amy', event('s1').body);
    await send('PUT', `${path}b.ics`, 'amy', event('s2').body);
    await set(path, grant('<authenticated/>', 'read'));
    const tokens = new Map<string, string>();
    for (const as of ['ben', 'cat']) tokens.set(as, tokenOf(await report(path, sync(), as)));
    const news = async (as: string): Promise<readonly string[]> => {
      const answer = await report(path, sync(tokens.get(as)), as);
      tokens.set(as, tokenOf(answer));
      return told(answer);
    };
    await set(`${path}a.ics`, deny('ben', 'read'));
    expect([await news('ben'), await news('cat')]).toEqual([[`${path}a.ics 404`], [`${path}a.ics 200`]]);
    await set(`${path}a.ics`);
    expect([await news('ben'), await news('ben')]).toEqual([[`${path}a.ics 200`], []]);
  });

  it('tokens and ctag of a calendar move with its list', async () => {
    const state = async (): Promise<string> => (await send('PROPFIND', `${AMY_HOME}changing/`, 'amy', propfind('<sync-token/><getctag xmlns="http://calendarserver.org/ns/"/>'), { Depth: '0' })).text;
    const before = await state();
    await set(`${AMY_HOME}changing/`, grant('ben', 'read'));
    expect(await state()).not.toBe(before);
  });

  it('a delegate\'s sync of the home loses a calendar that is closed to him, and gets it whole when it opens', async () => {
    const proxy = `${PRINCIPAL('amy')}calendar-proxy-read/`;
    const path = `${AMY_HOME}whole/`;
    await send('MKCALENDAR', path);
    await send('PUT', `${path}a.ics`, 'amy', event('w1').body);
    await send('PROPPATCH', proxy, 'amy', setMembers('dan'));
    let token = '';
    const news = async (level: string): Promise<readonly string[]> => {
      const answer = await report(AMY_HOME, sync(token, level), 'dan');
      token = tokenOf(answer);
      return told(answer).filter((line) => line.startsWith(path));
    };
    expect(await news('infinite')).toEqual([`${path} 200`, `${path}a.ics 200`]);
    await set(path, deny(proxy, 'read'));
    expect(await news('infinite')).toEqual([`${path} 404`]);
    await set(path);
    expect(await news('infinite')).toEqual([`${path} 200`, `${path}a.ics 200`]);
    expect(await news('infinite')).toEqual([]);
    await send('PROPPATCH', proxy, 'amy', setMembers());
  });
});

describe('lists below one another (RFC 3744 §5.5.4)', () => {
  beforeAll(async () => {
    for (const path of ['f/', 'f/sub/', 'f/sub/deep/']) await send('MKCOL', DROPBOX + path);
    for (const path of ['f/1', 'f/2', 'f/sub/3', 'f/sub/deep/4']) await file(DROPBOX + path);
  });
  const gets = async (as: string): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const path of ['f/1', 'f/2', 'f/sub/3', 'f/sub/deep/4']) if ((await send('GET', DROPBOX + path, as)).status === 200) found.push(path);
    return found;
  };

  it('what a plain collection grants counts for all below it, the nearest first, a file\'s own before all', async () => {
    await set(`${DROPBOX}f/`, grant('ben', 'read read-acl'));
    expect(await gets('ben')).toEqual(['f/1', 'f/2', 'f/sub/3', 'f/sub/deep/4']);
    await set(`${DROPBOX}f/2`, deny('ben', 'read'));
    await set(`${DROPBOX}f/sub/`, deny('ben', 'read'));
    expect(await gets('ben')).toEqual(['f/1']);
    expect(hrefs(await send('PROPFIND', `${DROPBOX}f/`, 'ben', props('getetag'), { Depth: '1' }))).toEqual([`${DROPBOX}f/`, `${DROPBOX}f/1`]);
    await set(`${DROPBOX}f/sub/deep/`, grant('ben', 'read'));
    expect(await gets('ben')).toEqual(['f/1', 'f/sub/deep/4']);
  });

  it('DAV:acl says from where', async () => {
    const shown = await send('PROPFIND', `${DROPBOX}f/sub/deep/4`, 'amy', props('acl'), { Depth: '0' });
    const from = [...shown.text.matchAll(/id-ben\/<\/href><\/principal><(grant|deny)>.*?<\/\1>(?:<inherited><href>([^<]+))?/g)].map(([, sense, href]) => `${sense!} ${String(href)}`);
    expect(from).toEqual([`grant ${DROPBOX}f/sub/deep/`, `deny ${DROPBOX}f/sub/`, `grant ${DROPBOX}f/`]);
  });

  it('COPY takes along what the caller may read, and nothing of its lists (§7.4)', async () => {
    await send('PROPFIND', BEN_HOME, 'ben', props('displayname'), { Depth: '0' });
    const target = `${BEN_HOME}dropbox/copy/`;
    expect((await send('COPY', `${DROPBOX}f/`, 'ben', undefined, { Destination: server.url + target })).status).toBe(201);
    expect([(await send('GET', `${target}1`, 'ben')).text, (await send('GET', `${target}2`, 'ben')).status, (await send('PROPFIND', `${target}sub/`, 'ben', undefined, { Depth: '0' })).status]).toEqual([`${DROPBOX}f/1`, 404, 404]);
    expect((await send('COPY', `${DROPBOX}f/`, 'amy', undefined, { Destination: `${server.url}${DROPBOX}g/` })).status).toBe(201);
    for (const path of ['g/', 'g/2', 'g/sub/']) expect(await ownAcl(server, DROPBOX + path)).toEqual([]);
    expect(await gets('ben')).toEqual(['f/1', 'f/sub/deep/4']);
  });

  it('COPY inside a home leaves out what is closed to a guest', async () => {
    await set(`${DROPBOX}g/`, grant('ben', 'read write'));
    await set(`${DROPBOX}g/2`, deny('ben', 'read'));
    expect((await send('COPY', `${DROPBOX}g/`, 'ben', undefined, { Destination: `${server.url}${DROPBOX}h/` })).status).toBe(403);
    await send('MKCOL', `${DROPBOX}open/`);
    await set(`${DROPBOX}open/`, grant('ben', 'read bind'));
    expect((await send('COPY', `${DROPBOX}g/`, 'ben', undefined, { Destination: `${server.url}${DROPBOX}open/h/` })).status).toBe(201);
    expect(hrefs(await send('PROPFIND', `${DROPBOX}open/h/`, 'amy', props('getetag'), { Depth: '1' }))).toEqual([`${DROPBOX}open/h/`, `${DROPBOX}open/h/1`, `${DROPBOX}open/h/sub/`]);
  });

  it('MOVE leaves the lists as they are (§7.3), in a home and to another', async () => {
    await send('MKCOL', `${DROPBOX}m/`);
    await file(`${DROPBOX}m/1`);
    await set(`${DROPBOX}m/`, grant('cat', 'read read-acl'));
    await set(`${DROPBOX}m/1`, deny('dan', 'read'));
    await send('MOVE', `${DROPBOX}m/`, 'amy', undefined, { Destination: `${server.url}${DROPBOX}n/` });
    expect([await ownAcl(server, `${DROPBOX}n/`), await ownAcl(server, `${DROPBOX}n/1`)]).toEqual([['cat grants read read-acl'], ['dan denies read']]);
    expect((await send('MOVE', `${DROPBOX}n/`, 'root', undefined, { Destination: `${server.url}${BEN_HOME}dropbox/n/` })).status).toBe(201);
    expect([await ownAcl(server, `${BEN_HOME}dropbox/n/`, 'ben'), await ownAcl(server, `${BEN_HOME}dropbox/n/1`, 'ben')]).toEqual([['cat grants read read-acl'], ['dan denies read']]);
    expect((await send('GET', `${BEN_HOME}dropbox/n/1`, 'cat')).status).toBe(200);
  });

  it('MOVE to another home is refused where it would open what is closed, or say something else', async () => {
    await send('MKCOL', `${DROPBOX}p/`);
    await file(`${DROPBOX}p/1`);
    await set(DROPBOX, grant('ben', 'read write'));
    await set(`${DROPBOX}p/1`, deny('ben', 'read'));
    const to = { Destination: `${server.url}${BEN_HOME}dropbox/p/` };
    expect(needed(await send('MOVE', `${DROPBOX}p/`, 'ben', undefined, to))).toEqual([`${DROPBOX}p/ read`]);
    await set(`${DROPBOX}p/1`, deny(`${PRINCIPAL('amy')}calendar-proxy-read/`, 'read'));
    expect((await send('MOVE', `${DROPBOX}p/`, 'root', undefined, to)).status).toBe(403);
    expect((await send('GET', `${DROPBOX}p/1`)).status).toBe(200);
    await set(DROPBOX);
  });

  it('a list stays with a PUT and a MOVE of its item, and goes with it', async () => {
    const path = `${CALENDAR}stays.ics`;
    await send('PUT', path, 'amy', event('stays').body);
    await set(path, grant('dan', 'read'));
    await send('PUT', path, 'amy', event('stays', { summary: 'new' }).body);
    const moved = `${AMY_HOME}closed/stays.ics`;
    expect((await send('MOVE', path, 'amy', undefined, { Destination: server.url + moved })).status).toBe(201);
    expect([await ownAcl(server, moved), (await send('GET', moved, 'dan')).status]).toEqual([['dan grants read'], 200]);
    await send('DELETE', moved);
    await send('PUT', moved, 'amy', event('stays').body);
    expect(await ownAcl(server, moved)).toEqual([]);
  });
});

describe('privileges of methods (RFC 3744 appendix B)', () => {
  const folder = `${DROPBOX}b/`;
  const dest = (path: string): Readonly<Record<string, string>> => ({ Destination: server.url + path });
  beforeAll(async () => {
    for (const path of [folder, `${folder}src/`, `${folder}to/`]) await send('MKCOL', path);
    for (const path of ['src/from', 'to/there']) await file(folder + path);
  });
  const given = async (...privileges: readonly (readonly [string, string])[]): Promise<void> => { for (const [path, names] of privileges) await set(folder + path, ...(names === '' ? [] : [grant('ben', names)])); };

  it.each([
    ['COPY to nothing needs bind above', 'COPY', 'to/new', [['', 'read']], `${folder}to/ bind`],
    ['COPY onto a file needs write-content and write-properties there', 'COPY', 'to/there', [['', 'read'], ['to/there', 'write-content']], `${folder}to/there write-properties`],
    ['COPY onto a file needs nothing above it', 'COPY', 'to/there', [['', 'read'], ['to/there', 'write-content write-properties']], undefined],
    ['MOVE needs unbind where it is', 'MOVE', 'to/new', [['', 'read'], ['to/', 'bind']], `${folder}src/ unbind`],
    ['MOVE onto a file needs unbind there too', 'MOVE', 'to/there', [['', 'read'], ['src/', 'unbind'], ['to/', 'bind']], `${folder}to/ unbind`],
    ['MOVE onto a file needs nothing of the file', 'MOVE', 'to/there', [['', 'read'], ['src/', 'unbind'], ['to/', 'bind unbind']], undefined],
    ['MOVE to nothing needs bind there', 'MOVE', 'to/new', [['', 'read'], ['src/', 'unbind']], `${folder}to/ bind`],
  ] as const)('%s', async (_name, method, to, privileges, missing) => {
    await given(['', ''], ['src/', ''], ['to/', ''], ['to/there', '']);
    await given(...privileges);
    const answer = await send(method, `${folder}src/from`, 'ben', undefined, dest(folder + to));
    expect([answer.status, answer.status === 403 ? needed(answer)[0] : undefined]).toEqual([missing === undefined ? 204 : 403, missing]);
    if (method === 'MOVE' && missing === undefined) for (const path of ['src/from', 'to/there']) await file(folder + path);
  });

  it('PUT, DELETE, MKCOL and PROPPATCH need theirs, and say so', async () => {
    await given(['', 'read'], ['to/', ''], ['to/there', '']);
    const there = `${folder}to/there`;
    expect(needed(await file(there, 'ben'))).toEqual([`${there} write-content`]);
    expect(needed(await file(`${folder}new`, 'ben'))).toEqual([`${folder} bind`]);
    expect(needed(await send('MKCOL', `${folder}new/`, 'ben'))).toEqual([`${folder} bind`]);
    expect(needed(await send('DELETE', there, 'ben'))).toEqual([`${folder}to/ unbind`]);
    expect(needed(await send('PROPPATCH', there, 'ben', proppatch('<x xmlns="urn:x"/>')))).toEqual([`${there} write-properties`]);
    await given(['', 'read bind unbind write-content write-properties']);
    expect([(await file(there, 'ben')).status, (await file(`${folder}new`, 'ben')).status, (await send('DELETE', `${folder}new`, 'ben')).status]).toEqual([204, 201, 204]);
  });

  it('a collection goes with its members only where each of them may go', async () => {
    for (const path of ['d/', 'd/in/', 'd/in/deep/']) await send('MKCOL', folder + path);
    await file(`${folder}d/in/deep/f`);
    await given(['', 'read write']);
    await set(`${folder}d/in/deep/`, deny('ben', 'unbind'));
    expect(needed(await send('DELETE', `${folder}d/`, 'ben'))).toEqual([`${folder}d/in/deep/ unbind`]);
    expect(needed(await send('COPY', `${folder}src/`, 'ben', undefined, dest(`${folder}d/in/`)))).toEqual([`${folder}d/in/deep/ unbind`]);
    await set(`${folder}d/in/deep/`, deny('ben', 'all'));
    expect(needed(await send('DELETE', `${folder}d/`, 'ben'))).toEqual([`${folder}d/ unbind`]);
    expect((await send('GET', `${folder}d/in/deep/f`)).status).toBe(200);
    await set(`${folder}d/in/deep/`);
    expect((await send('DELETE', `${folder}d/`, 'ben')).status).toBe(204);
  });

  it('a calendar is not deleted by a delegate to whom its events are closed', async () => {
    const proxy = `${PRINCIPAL('amy')}calendar-proxy-write/`;
    await send('MKCALENDAR', `${AMY_HOME}kept/`);
    await send('PROPPATCH', proxy, 'amy', setMembers('dan'));
    await set(`${AMY_HOME}kept/`, deny(proxy, 'unbind'));
    expect(needed(await send('DELETE', `${AMY_HOME}kept/`, 'dan'))).toEqual([`${AMY_HOME}kept/ unbind`]);
    await set(`${AMY_HOME}kept/`);
    expect((await send('DELETE', `${AMY_HOME}kept/`, 'dan')).status).toBe(204);
  });

  it('an event moves to a calendar that lets bind, whatever its own list there allows', async () => {
    for (const name of ['x', 'y']) await send('MKCALENDAR', `${AMY_HOME}${name}/`);
    await send('PUT', `${AMY_HOME}x/m.ics`, 'amy', event('m').body);
    await set(`${AMY_HOME}x/`, grant('ben', 'read unbind'));
    await set(`${AMY_HOME}y/`, grant('ben', 'read'));
    const move = (): Promise<Answer> => send('MOVE', `${AMY_HOME}x/m.ics`, 'ben', undefined, dest(`${AMY_HOME}y/m.ics`));
    expect(needed(await move())).toEqual([`${AMY_HOME}y/ bind`]);
    await set(`${AMY_HOME}y/`, grant('ben', 'read bind'));
    expect((await move()).status).toBe(201);
  });
});
