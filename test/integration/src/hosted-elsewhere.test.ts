/**
 * Calendars that another server hosts (R43): bob's are at cal2.example.com. Discovery is answered here and leads there; below his home every method is sent there, nothing
 * is made, and no call reaches the store.
 */
import { READ } from '@kalends/contracts';
import { group, person, room } from '@kalends/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOB_HOME, CALENDAR, PRINCIPAL, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';
import { NAMESPACES, eventText } from './dav.ts';
import { ask } from './several-workers.ts';

const THERE = 'https://cal2.example.com';
const LOST_HOME = '/calendars/__uids__/id-lost/';
const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PROPFIND', 'PROPPATCH', 'REPORT', 'MKCOL', 'MKCALENDAR', 'COPY', 'MOVE', 'LOCK', 'UNLOCK', 'ACL'];
const EVENT = eventText('one');

let server: GivenServer;
beforeAll(async () => {
  server = await givenServer({
    people: [
      person('amy'), person('root'), person('here', { server: 'cal.example.com' }), person('bob', { server: 'cal2.example.com', delegates: { read: [], write: [] } }), person('lost', { server: 'see the wiki' }), person('old', { server: THERE }),
      room('attic', { server: THERE, delegates: { read: [], write: ['id-amy' as never] } }),
      group('team', { server: 'cal2.example.com:8443', groupCalendar: { members: 'write', owners: [] } }), group('staff', { server: 'cal2.example.com' }),
    ],
    members: { 'id-team': ['id-amy'], 'id-staff': ['id-amy'] },
  });
  expect((await server.send('PUT', `${CALENDAR}one.ics`, EVENT)).status).toBe(201);
});
afterAll(() => server[Symbol.asyncDispose]());

const propfind = (path: string, properties: string, as: string | null = 'amy', depth = '0'): Promise<Answer> =>
  server.send('PROPFIND', path, `<D:propfind ${NAMESPACES}><D:prop>${properties}</D:prop></D:propfind>`, { Depth: depth }, as);
const hrefs = (answer: Answer, property: string): readonly string[] =>
  [...answer.rows().values()][0]?.properties.get(property)?.children.map(({ text }) => text) ?? [];

describe('the principal of somebody hosted elsewhere', () => {
  it.each(['bob', 'amy', 'root'])('is here, and tells %s the URLs of the other server (RFC 4791 §6.2.1, RFC 6638 §2.1, §2.2)', async (as) => {
    const answer = await propfind(PRINCIPAL('bob'), '<C:calendar-home-set/><C:schedule-inbox-URL/><C:schedule-outbox-URL/><CS:dropbox-home-URL/><CS:notification-URL/><D:principal-URL/>', as);
    expect(Object.fromEntries(['calendar-home-set', 'schedule-inbox-URL', 'schedule-outbox-URL', 'dropbox-home-URL', 'notification-URL', 'principal-URL'].map((name) => [name, hrefs(answer, name)]))).toEqual({
      'calendar-home-set': [THERE + BOB_HOME], 'schedule-inbox-URL': [`${THERE}${BOB_HOME}inbox/`], 'schedule-outbox-URL': [`${THERE}${BOB_HOME}outbox/`],
      'dropbox-home-URL': [`${THERE}${BOB_HOME}dropbox/`], 'notification-URL': [`${THERE}${BOB_HOME}notification/`], 'principal-URL': [PRINCIPAL('bob')],
    });
  });

  it('is found where discovery begins (RFC 6764 §6), and by a search', async () => {
    expect(hrefs(await propfind('/', '<D:current-user-principal/>', 'bob'), 'current-user-principal')).toEqual([PRINCIPAL('bob')]);
    const found = await server.send('REPORT', '/principals/', `<D:principal-property-search ${NAMESPACES}><D:property-search><D:prop><D:displayname/></D:prop><D:match>bob</D:match></D:property-search><D:prop><C:calendar-home-set/></D:prop></D:principal-property-search>`, { Depth: '0' });
    expect(hrefs(found, 'calendar-home-set')).toEqual([THERE + BOB_HOME]);
  });

  it('keeps its delegates here', async () => {
    const group = `${PRINCIPAL('bob')}calendar-proxy-write/`;
    const set = await server.send('PROPPATCH', group, `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><D:group-member-set><D:href>${PRINCIPAL('amy')}</D:href></D:group-member-set></D:prop></D:set></D:propertyupdate>`, {}, 'bob');
    expect(set.text).toContain('200 OK');
    expect(hrefs(await propfind(PRINCIPAL('amy'), '<CS:calendar-proxy-write-for/>'), 'calendar-proxy-write-for')).toEqual(expect.arrayContaining([PRINCIPAL('bob'), PRINCIPAL('attic')]));
  });

  it('stays an href where expand-property would look into its home (RFC 3253 §3.8)', async () => {
    const expanded = await server.send('REPORT', PRINCIPAL('bob'), `<D:expand-property ${NAMESPACES}><D:property name="calendar-home-set" namespace="urn:ietf:params:xml:ns:caldav"><D:property name="displayname"/></D:property></D:expand-property>`, { Depth: '0' });
    expect(expanded.text).toContain(`>${THERE}${BOB_HOME}<`);
    expect(expanded.rows().size).toBe(1);
  });

  it('is here like any other where the server named is this one', async () => {
    expect(hrefs(await propfind(PRINCIPAL('here'), '<C:calendar-home-set/>'), 'calendar-home-set')).toEqual(['/calendars/__uids__/id-here/']);
    expect((await propfind('/calendars/users/here/', '<D:resourcetype/>', 'here')).status).toBe(207);
  });
});

describe('what lies below a home elsewhere', () => {
  it.each(METHODS)('is sent there by %s, whether asked by id or by name (RFC 9110 §15.4.8), and the store is not asked', async (method) => {
    server.calls();
    for (const as of ['bob', 'amy', 'root']) {
      for (const home of [BOB_HOME, '/calendars/users/bob/']) {
        const { status, headers } = await server.send(method, `${home}calendar/no%20such.ics?a=b&c`, method === 'PUT' ? EVENT : undefined, { 'If-Match': '"x"', If: '(<urn:x>)', ...(method === 'MOVE' ? { Destination: `${CALENDAR}x.ics` } : {}) }, as);
        expect([status, headers.get('location')]).toEqual([307, `${THERE}${BOB_HOME}calendar/no%20such.ics?a=b&c`]);
      }
    }
    expect(server.calls()).toEqual({});
    expect(await server.store.findHome('id-bob' as never)).toBeUndefined();
  });

  it('is sent to its own place: the home with or without its slash, collections with theirs, rooms and groups too', async () => {
    for (const [path, there] of [
      ['/calendars/users/bob', THERE + BOB_HOME], ['/calendars/users/bob/', THERE + BOB_HOME], ['/calendars/users/bob/calendar', `${THERE}${BOB_HOME}calendar`], ['/calendars/users/bob/calendar/', `${THERE}${BOB_HOME}calendar/`],
      ['/calendars/users/bob/%C3%A4//b/', `${THERE}${BOB_HOME}%C3%A4/b/`], ['/calendars/locations/attic/inbox/', `${THERE}/calendars/__uids__/id-attic/inbox/`],
      ['/calendars/groups/team/calendar/', 'https://cal2.example.com:8443/calendars/__uids__/id-team/calendar/'],
    ] as const) {
      expect([path, (await server.send('GET', path)).headers.get('location')]).toEqual([path, there]);
    }
    expect((await server.send('GET', '/calendars/groups/staff/')).status).toBe(404);
  });

  it('is nothing to whoever has not logged in: the answer is that of a home that nobody has', async () => {
    for (const method of METHODS) {
      for (const path of ['calendars/__uids__/id-bob/calendar/', 'calendars/users/bob/', 'calendars/__uids__/id-lost/']) {
        const [there, nowhere] = await Promise.all([path, path.replace(/bob|lost/, 'nobody')].map((each) => server.send(method, `/${each}`, undefined, {}, null)));
        expect([method, there!.status, untold(there!.text), there!.headers.get('location')]).toEqual([method, method === 'OPTIONS' ? 200 : 401, untold(nowhere!.text), null]);
        expect(there!.status).toBe(nowhere!.status);
      }
    }
  });

  it('takes no body, and ends no connection over a small one', async () => {
    const { status, headers } = await server.send('PUT', `${BOB_HOME}calendar/large.ics`, 'x'.repeat(2_000_000));
    expect([status, headers.get('connection')]).toEqual([307, 'close']);
    expect((await server.send('PUT', `${BOB_HOME}calendar/small.ics`, EVENT)).headers.get('connection')).toBe('keep-alive');
  });

  it('is no destination here (RFC 4918 §9.8.5, §9.9.4)', async () => {
    await server.send('PUT', '/calendars/users/amy/dropbox/note.txt', 'kept', { 'Content-Type': 'text/plain' });
    for (const [method, path, to] of [
      ['MOVE', `${CALENDAR}one.ics`, 'calendar/one.ics'], ['MOVE', CALENDAR, 'taken/'], ['MOVE', '/calendars/users/amy/dropbox/note.txt', 'dropbox/note.txt'], ['COPY', '/calendars/users/amy/dropbox/note.txt', 'dropbox/note.txt'],
    ] as const) {
      for (const home of [BOB_HOME, '/calendars/users/bob/', 'http://cal.example.com/calendars/users/bob/', THERE + BOB_HOME, LOST_HOME]) {
        expect([method, path, home, (await server.send(method, path, undefined, { Destination: home + to })).status]).toEqual([method, path, home, 502]);
      }
      expect((await server.send('GET', path)).status).toBe(200);
    }
  });

  it('is unknown to a multiget (RFC 4791 §7.9)', async () => {
    const asked = [`${CALENDAR}one.ics`, `${BOB_HOME}calendar/one.ics`, `${LOST_HOME}calendar/one.ics`, '/calendars/__uids__/id-nobody/calendar/one.ics'];
    const answer = await server.send('REPORT', CALENDAR, `<C:calendar-multiget ${NAMESPACES}><D:prop><D:getetag/></D:prop>${asked.map((href) => `<D:href>${href}</D:href>`).join('')}</C:calendar-multiget>`);
    expect(asked.map((href) => answer.rows().get(href)?.status)).toEqual([undefined, 404, 404, 404]);
  });

  it('is in no listing of homes: not the owner\'s own, a delegate\'s, or an administrator\'s', async () => {
    for (const as of ['bob', 'amy', 'root', 'lost']) {
      for (const type of ['users', 'locations', 'groups']) {
        const listed = await propfind(`/calendars/${type}/`, '<D:resourcetype/>', as, '1');
        expect(listed.status).toBe(207);
        expect([...listed.rows().keys()].filter((href) => /bob|lost|attic|team|staff/.test(href))).toEqual([]);
      }
    }
    expect([...(await propfind('/calendars/users/', '<D:resourcetype/>', 'amy', '1')).rows().keys()]).toContain('/calendars/users/amy/');
  });
});

describe('what is here of a home that is elsewhere now', () => {
  it('is shown to nobody, were it open to all the world, and stays as it was', async () => {
    const { store } = server;
    const home = await store.createHome({ id: 'id-old' as never, kind: 'user', name: 'old' }, { properties: new Map(), acl: [{ principal: 'all', grant: READ, inheritable: true }] }, [{ segment: 'calendar', kind: 'calendar', properties: new Map() }]);
    for (const path of ['/calendars/__uids__/id-old/calendar/', '/calendars/users/old/calendar/']) {
      for (const method of ['GET', 'PROPFIND', 'REPORT', 'PUT']) {
        expect((await server.send(method, path, undefined, {}, null)).status).toBe(401);
        for (const as of ['amy', 'old', 'root']) expect((await server.send(method, path, undefined, {}, as)).status).toBe(307);
      }
    }
    for (const as of ['old', 'root']) expect((await propfind('/calendars/users/', '<D:resourcetype/>', as, '1')).text).not.toContain('old/');
    expect(await store.findHome('id-old' as never)).toEqual(home);
  });
});

describe('a server that cannot be told, or that is reached here', () => {
  it('is taken for no other and for none of ours: 503, nothing made, and the principal stays', async () => {
    server.calls();
    for (const method of METHODS) expect((await server.send(method, `${LOST_HOME}calendar/`, undefined, {}, 'lost')).status).toBe(503);
    expect(server.calls()).toEqual({});
    // The path here answers 503 as long as nobody knows better; no path at all would mean no calendars.
    expect(hrefs(await propfind(PRINCIPAL('lost'), '<C:calendar-home-set/>', 'lost'), 'calendar-home-set')).toEqual([LOST_HOME]);
    expect(server.errors.filter((line) => line.includes('nobody can tell'))).toHaveLength(1);
  });

  it('sends nobody in a circle', async () => {
    const { status } = await ask(server.url, { target: BOB_HOME, headers: { host: 'CAL2.example.com', authorization: `Basic ${btoa('amy:amy')}` } });
    expect(status).toBe(503);
    expect(server.errors.some((line) => line.includes('public-url'))).toBe(true);
  });
});

describe('busy times from an outbox (RFC 6638 §5)', () => {
  it('are not those of an empty home: the attendee\'s server cannot be asked', async () => {
    const request = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//kalends//test//EN', 'METHOD:REQUEST', 'BEGIN:VFREEBUSY', 'UID:busy', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260301T000000Z', 'DTEND:20260401T000000Z',
      'ORGANIZER:mailto:amy@example.com', 'ATTENDEE:mailto:bob@example.com', 'ATTENDEE:mailto:amy@example.com', 'END:VFREEBUSY', 'END:VCALENDAR', ''].join('\r\n');
    const { text } = await server.send('POST', '/calendars/users/amy/outbox/', request);
    expect([...text.matchAll(/request-status>([^<]+)</g)].map(([, status]) => status)).toEqual(['5.1;Service unavailable', '2.0;Success']);
  });
});

/** Without the id of the request. */
const untold = (text: string): string => text.replace(/\(request [^)]*\)/, '');
