/** Calendars as collections over HTTP: RFC 4791 §5.2, §5.3.1; RFC 5689; listings, properties, GET of a whole calendar. */
import type { WriteStep } from '@kalends/contracts';
import { event, recurring } from '@kalends/testkit';
import { describe, expect, it, vi } from 'vitest';
import { NAMESPACES, mkcalendar, propfind, proppatch, setMembers } from './bodies.ts';
import { AMY_HOME, BOB_HOME, CALENDAR, givenServer } from './caldav-server.ts';
import type { GivenServer } from './caldav-server.ts';

const NEW = `${AMY_HOME}new/`;
const mkcol = (props: string): string => `<mkcol ${NAMESPACES}><set><prop>${props}</prop></set></mkcol>`;
const CALENDAR_TYPE = '<resourcetype><collection/><C:calendar/></resourcetype>';

async function property(server: GivenServer, path: string, name: string, as = 'amy'): Promise<string | undefined> {
  const row = (await server.send('PROPFIND', path, propfind(`<${name}/>`), { Depth: '0' }, as)).rows().get(path)!;
  return row.properties.get(name.slice(name.indexOf(':') + 1))?.text;
}

describe('a new home', () => {
  it('has what R13 names, each with its type', async () => {
    await using server = await givenServer();
    const rows = (await server.send('PROPFIND', AMY_HOME, propfind('<resourcetype/>'), { Depth: '1' })).rows();
    const types = [...rows].map(([href, { properties }]) => `${href.slice(AMY_HOME.length)} ${properties.get('resourcetype')!.children.map(({ name }) => name.local).join(' ')}`);
    expect(types.toSorted()).toEqual([
      ' collection', 'calendar/ collection calendar', 'dropbox/ collection dropbox-home', 'freebusy free-busy-url', 'inbox/ collection schedule-inbox',
      'notification/ collection notification', 'outbox/ collection schedule-outbox', 'tasks/ collection calendar',
    ]);
  });

  it('is found by name, with hrefs as asked for and properties by id', async () => {
    await using server = await givenServer();
    const rows = (await server.send('PROPFIND', '/calendars/users/amy/', propfind('<owner/>'), { Depth: '1' })).rows();
    expect([...rows.keys()].slice(0, 2)).toEqual(['/calendars/users/amy/', '/calendars/users/amy/calendar/']);
    expect(rows.get('/calendars/users/amy/')!.properties.get('owner')!.children[0]!.text).toBe('/principals/__uids__/id-amy/');
  });

  it('is where the principal says', async () => {
    await using server = await givenServer();
    const path = '/principals/__uids__/id-amy/';
    const { properties } = (await server.send('PROPFIND', path, propfind('<C:calendar-home-set/><C:calendar-user-address-set/><C:calendar-user-type/><C:schedule-inbox-URL/><C:schedule-outbox-URL/>'), { Depth: '0' })).rows().get(path)!;
    expect(properties.get('calendar-home-set')!.children[0]!.text).toBe(AMY_HOME);
    expect(properties.get('calendar-user-address-set')!.children.map(({ text }) => text)).toContain('mailto:amy@example.com');
    expect(properties.get('calendar-user-address-set')!.children[0]!.attribute('preferred')).toBe('1');
    expect(properties.get('calendar-user-type')!.text).toBe('INDIVIDUAL');
    expect(properties.get('schedule-inbox-URL')!.children[0]!.text).toBe(`${AMY_HOME}inbox/`);
    expect(properties.get('schedule-outbox-URL')!.children[0]!.text).toBe(`${AMY_HOME}outbox/`);
  });

  it('of a room belongs to the room', async () => {
    await using server = await givenServer();
    expect((await server.send('PROPFIND', '/calendars/locations/attic/', propfind('<owner/>'), { Depth: '0' })).status).toBe(403);
    expect(await server.store.findHome('id-attic' as never)).toBeDefined();
  });
});

describe('MKCALENDAR (RFC 4791 §5.3.1)', () => {
  it('makes a calendar with the properties it is given', async () => {
    await using server = await givenServer();
    const answer = await server.send('MKCALENDAR', NEW, mkcalendar(`<displayname>Lisa's</displayname><C:calendar-description xml:lang="en">Hers &amp; ours</C:calendar-description>
      <C:supported-calendar-component-set><C:comp name="VEVENT"/><C:comp name="VTODO"/></C:supported-calendar-component-set><A:calendar-color>#FF0000FF</A:calendar-color><X:own xmlns:X="urn:x">yes</X:own>`));
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([201, 'no-cache']);
    const row = (await server.send('PROPFIND', NEW, propfind('<displayname/><C:calendar-description/><C:supported-calendar-component-set/><A:calendar-color/><X:own xmlns:X="urn:x"/>'), { Depth: '0' })).rows().get(NEW)!;
    expect(row.properties.get('displayname')!.text).toBe("Lisa's");
    expect(row.properties.get('calendar-description')!.attribute('xml:lang')).toBe('en');
    expect(row.properties.get('supported-calendar-component-set')!.children.map((comp) => comp.attribute('name'))).toEqual(['VEVENT', 'VTODO']);
    expect([row.properties.get('calendar-color')!.text, row.properties.get('own')!.text]).toEqual(['#FF0000FF', 'yes']);
  });

  it('without a body makes one that takes everything', async () => {
    await using server = await givenServer();
    expect((await server.send('MKCALENDAR', NEW)).status).toBe(201);
    const row = (await server.send('PROPFIND', NEW, propfind('<C:supported-calendar-component-set/>'), { Depth: '0' })).rows().get(NEW)!;
    expect(row.properties.get('supported-calendar-component-set')!.children.map((comp) => comp.attribute('name'))).toEqual(['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY', 'VAVAILABILITY']);
  });

  it('makes nothing where one property fails, and says which', async () => {
    await using server = await givenServer();
    const answer = await server.send('MKCALENDAR', NEW, mkcalendar('<displayname>x</displayname><getetag>y</getetag><C:calendar-timezone>nonsense</C:calendar-timezone>'));
    expect(answer.status).toBe(207);
    expect(answer.text).toContain('424');
    expect(answer.rows().get(NEW)!.missing.toSorted()).toEqual(['calendar-timezone', 'displayname', 'getetag']);
    expect(answer.text).toContain('valid-calendar-data');
    expect((await server.send('PROPFIND', NEW, undefined, { Depth: '0' })).status).toBe(404);
  });

  it('says where no calendar can be, and where something is already', async () => {
    await using server = await givenServer();
    const told = async (path: string): Promise<string> => {
      const answer = await server.send('MKCALENDAR', path);
      return `${answer.status} ${answer.condition()}`;
    };
    expect(await told(CALENDAR)).toBe('403 resource-must-be-null');
    expect(await told(`${AMY_HOME}inbox/`)).toBe('403 resource-must-be-null');
    expect(await told(`${CALENDAR}inner/`)).toBe('403 calendar-collection-location-ok');
    expect(await told(`${AMY_HOME}dropbox/inner/`)).toBe('403 calendar-collection-location-ok');
    expect(await told(`${AMY_HOME}none/inner/`)).toMatch(/^409 /);
  });

  it('refuses components that no calendar has, bodies that are something else, and one calendar too many', async () => {
    await using server = await givenServer({ limits: { calendarsPerHome: 2 } });
    const odd = await server.send('MKCALENDAR', NEW, mkcalendar('<C:supported-calendar-component-set><C:comp name="VCARD"/></C:supported-calendar-component-set>'));
    expect([odd.status, odd.text.includes('supported-calendar-component')]).toEqual([207, true]);
    expect((await server.send('MKCALENDAR', NEW, '<propfind xmlns="DAV:"/>')).status).toBe(400);
    const many = await server.send('MKCALENDAR', NEW);
    expect([many.status, many.condition()]).toEqual([403, 'max-collections']);
  });

  it('is for those who may bind in the home', async () => {
    await using server = await givenServer();
    expect((await server.send('MKCALENDAR', NEW, undefined, {}, 'bob')).status).toBe(403);
  });
});

describe('extended MKCOL (RFC 5689)', () => {
  it('makes a calendar too', async () => {
    await using server = await givenServer();
    expect((await server.send('MKCOL', NEW, mkcol(`${CALENDAR_TYPE}<displayname>New</displayname>`))).status).toBe(201);
    expect(await property(server, NEW, 'displayname')).toBe('New');
    expect((await server.send('PUT', `${NEW}a.ics`, event('a').body)).status).toBe(201);
  });

  it('answers a failure with mkcol-response, 403', async () => {
    await using server = await givenServer();
    const answer = await server.send('MKCOL', NEW, mkcol(`${CALENDAR_TYPE}<displayname>x</displayname><getetag>y</getetag>`));
    expect([answer.status, answer.xml().name.local]).toEqual([403, 'mkcol-response']);
    const other = await server.send('MKCOL', NEW, mkcol('<resourcetype><collection/><C:addressbook/></resourcetype>'));
    expect([other.status, other.text.includes('valid-resourcetype')]).toEqual([403, true]);
    expect((await server.send('MKCOL', NEW)).status).toBe(403);
    expect((await server.send('MKCOL', `${CALENDAR}inner/`)).status).toBe(403);
  });
});

describe('properties of a calendar', () => {
  it('tell the limits (RFC 4791 §5.2) and are not in allprop', async () => {
    await using server = await givenServer();
    expect(await property(server, CALENDAR, 'C:max-resource-size')).toBe('1048576');
    expect(await property(server, CALENDAR, 'C:max-instances')).toBe('3000');
    expect(await property(server, CALENDAR, 'C:min-date-time')).toBe('16000101T000000Z');
    const { properties } = (await server.send('PROPFIND', CALENDAR, '<propfind xmlns="DAV:"><allprop/></propfind>', { Depth: '0' })).rows().get(CALENDAR)!;
    expect([...properties.keys()].filter((name) => name.startsWith('max-') || name.startsWith('supported-'))).toEqual([]);
  });

  it('getctag moves with each change, and a failed one moves nothing', async () => {
    await using server = await givenServer();
    const first = await property(server, CALENDAR, 'CS:getctag');
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    const second = await property(server, CALENDAR, 'CS:getctag');
    await server.send('PUT', `${CALENDAR}a.ics`, 'nonsense');
    expect(second).not.toBe(first);
    expect(await property(server, CALENDAR, 'CS:getctag')).toBe(second);
  });

  it('are changed by PROPPATCH, all or none; the set of components never', async () => {
    await using server = await givenServer();
    expect((await server.send('PROPPATCH', CALENDAR, proppatch('<displayname>Work</displayname><A:calendar-color>#00FF00FF</A:calendar-color><A:calendar-order>3</A:calendar-order>'))).status).toBe(207);
    expect([await property(server, CALENDAR, 'displayname'), await property(server, CALENDAR, 'A:calendar-color')]).toEqual(['Work', '#00FF00FF']);
    const answer = await server.send('PROPPATCH', CALENDAR, proppatch('<displayname>Play</displayname><C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set>'));
    expect(answer.text).toContain('cannot-modify-protected-property');
    expect(await property(server, CALENDAR, 'displayname')).toBe('Work');
  });

  it('calendar-timezone and calendar-timezone-id are one value (RFC 7809 §5.2)', async () => {
    await using server = await givenServer();
    await server.send('PROPPATCH', CALENDAR, proppatch('<C:calendar-timezone-id>Europe/Berlin</C:calendar-timezone-id>'));
    expect(await property(server, CALENDAR, 'C:calendar-timezone')).toContain('TZID:Europe/Berlin');
    const json = await server.send('PROPFIND', CALENDAR, propfind('<C:calendar-timezone content-type="application/calendar+json"/>'), { Depth: '0' });
    expect(json.text).toMatch(/<calendar-timezone [^>]*content-type='application\/calendar\+json'/);
    await server.send('PROPPATCH', CALENDAR, `<propertyupdate ${NAMESPACES}><remove><prop><C:calendar-timezone/></prop></remove></propertyupdate>`);
    expect(await property(server, CALENDAR, 'C:calendar-timezone-id')).toBeUndefined();
    const answer = await server.send('PROPPATCH', CALENDAR, proppatch('<C:calendar-timezone-id>Moon/Tranquility</C:calendar-timezone-id>'));
    expect(answer.text).toContain('valid-timezone');
  });

  it('schedule-calendar-transp is opaque until it is set (RFC 6638 §9.1)', async () => {
    await using server = await givenServer();
    const value = async (): Promise<string> => (await server.send('PROPFIND', CALENDAR, propfind('<C:schedule-calendar-transp/>'), { Depth: '0' })).rows().get(CALENDAR)!.properties.get('schedule-calendar-transp')!.children[0]!.name.local;
    expect(await value()).toBe('opaque');
    await server.send('PROPPATCH', CALENDAR, proppatch('<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>'));
    expect(await value()).toBe('transparent');
  });

  it('of a delegate are his own: nobody else\'s calendar changes its colour', async () => {
    await using server = await givenServer();
    const members = setMembers('bob');
    expect((await server.send('PROPPATCH', '/principals/__uids__/id-amy/calendar-proxy-write/', members)).status).toBe(207);
    await server.send('PROPPATCH', CALENDAR, proppatch('<A:calendar-color>#111111FF</A:calendar-color>'));
    await server.send('PROPPATCH', CALENDAR, proppatch('<A:calendar-color>#222222FF</A:calendar-color>'), {}, 'bob');
    expect([await property(server, CALENDAR, 'A:calendar-color'), await property(server, CALENDAR, 'A:calendar-color', 'bob')]).toEqual(['#111111FF', '#222222FF']);
  });
});

describe('GET of a calendar', () => {
  it('is one VCALENDAR with every event, each zone once, and the calendar\'s name', async () => {
    await using server = await givenServer();
    for (const item of [recurring('a'), recurring('b'), event('c')]) await server.send('PUT', CALENDAR + item.name, item.body);
    const answer = await server.send('GET', CALENDAR);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/calendar;charset=utf-8']);
    expect([answer.text.match(/BEGIN:VEVENT/g)?.length, answer.text.match(/BEGIN:VTIMEZONE/g)?.length]).toEqual([3, 1]);
    expect(answer.text).toContain('X-WR-CALNAME:calendar');
    expect((await server.send('GET', CALENDAR, undefined, { 'If-None-Match': answer.headers.get('etag')! })).status).toBe(304);
  });

  it('is jCal for who wants that, a page for browsers, and nothing else', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    expect(JSON.parse((await server.send('GET', CALENDAR, undefined, { Accept: 'application/calendar+json' })).text)[2]).toHaveLength(1);
    const page = await server.send('GET', CALENDAR, undefined, { 'User-Agent': 'Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/140.0', Accept: 'text/html' });
    expect(page.headers.get('content-type')).toBe('text/html;charset=utf-8');
    expect(page.text).toContain('.ics</a></td><td>text/calendar</td></tr>');
    expect((await server.send('GET', CALENDAR, undefined, { Accept: 'image/png' })).status).toBe(406);
  });

  it('without its slash is a redirect', async () => {
    await using server = await givenServer();
    const answer = await server.send('GET', `${AMY_HOME}calendar`);
    expect([answer.status, answer.headers.get('location')]).toEqual([301, CALENDAR]);
  });
});

describe('DELETE of a calendar', () => {
  it('takes everything in it, and frees the UIDs', async () => {
    await using server = await givenServer();
    await server.send('MKCALENDAR', NEW);
    await server.send('PUT', `${NEW}a.ics`, event('a').body);
    expect((await server.send('DELETE', NEW)).status).toBe(204);
    expect((await server.send('GET', `${NEW}a.ics`)).status).toBe(404);
    expect((await server.send('PUT', `${CALENDAR}a.ics`, event('a').body)).status).toBe(201);
  });

  it('wants Depth infinity, and never takes inbox, outbox, dropbox or the home', async () => {
    await using server = await givenServer();
    expect((await server.send('DELETE', CALENDAR, undefined, { Depth: '0' })).status).toBe(400);
    for (const path of ['inbox/', 'outbox/', 'notification/', 'dropbox/', '']) expect((await server.send('DELETE', AMY_HOME + path)).status).toBe(403);
  });
});

describe('DELETE of a calendar whose events concern others', () => {
  it('hides it at once, and removes each event as if it had been deleted', async () => {
    const removed: (string | undefined)[] = [];
    const schedule: WriteStep = {
      name: 'schedule', phase: 'schedule', prepare: async () => undefined,
      apply: (draft) => {
        if (draft.to === undefined) removed.push(draft.before?.uid);
        return draft;
      },
    };
    await using server = await givenServer({ steps: [schedule] });
    await server.send('MKCALENDAR', NEW);
    for (const uid of ['a', 'b']) await server.send('PUT', `${NEW}${uid}.ics`, event(uid).body);
    const { collection } = (await server.store.locate('id-amy' as never, ['new'], {}))!;
    expect((await server.send('DELETE', NEW)).status).toBe(204);
    expect((await server.send('PROPFIND', NEW, undefined, { Depth: '0' })).status).toBe(404);
    expect((await server.send('PUT', `${CALENDAR}a.ics`, event('a').body)).status).toBe(201);
    // The queue looks for due jobs when the clock moves; the job itself takes the time it takes.
    await vi.waitFor(async () => {
      await server.clock.advance(2_000);
      expect((await server.store.findCollections([collection.id])).size).toBe(0);
    }, 10_000);
    expect(removed).toEqual(expect.arrayContaining(['a', 'b']));
    expect(server.errors).toEqual([]);
  });
});

describe('MOVE of a calendar', () => {
  it('gives it another name, and keeps what is in it', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    const answer = await server.send('MOVE', CALENDAR, undefined, { Destination: `http://cal.example.com${AMY_HOME}work/` });
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `http://cal.example.com${AMY_HOME}work/`]);
    expect((await server.send('GET', `${AMY_HOME}work/a.ics`)).text).toBe(event('a').text);
    expect((await server.send('GET', `${CALENDAR}a.ics`)).status).not.toBe(200);
  });

  it('replaces nothing and leaves its home never; COPY is refused', async () => {
    await using server = await givenServer();
    const moved = async (destination: string, headers = {}): Promise<number> => (await server.send('MOVE', CALENDAR, undefined, { Destination: destination, ...headers })).status;
    expect(await moved(`${AMY_HOME}tasks/`)).toBe(403);
    expect(await moved(`${AMY_HOME}tasks/`, { Overwrite: 'F' })).toBe(412);
    expect(await moved(`${BOB_HOME}work/`)).toBe(403);
    expect(await moved(`${AMY_HOME}none/work/`)).toBe(409);
    expect((await server.send('MOVE', CALENDAR, undefined, { Destination: `${AMY_HOME}tasks/work/` })).condition()).toBe('calendar-collection-location-ok');
    expect((await server.send('MOVE', `${AMY_HOME}inbox/`, undefined, { Destination: `${AMY_HOME}other/` })).status).toBe(403);
    expect((await server.send('COPY', CALENDAR, undefined, { Destination: `${AMY_HOME}other/` })).status).toBe(403);
  });
});

it('the DAV header names calendar-access, and no scheduling before there is any (R26)', async () => {
  await using server = await givenServer();
  const dav = (await server.send('OPTIONS', CALENDAR)).headers.get('dav')!;
  expect(dav.split(/, */)).toEqual(expect.arrayContaining(['1', '3', 'access-control', 'calendar-access', 'calendar-query-extended', 'extended-mkcol']));
  expect(dav).not.toMatch(/schedule|locks|sharing/);
  expect((await server.send('OPTIONS', BOB_HOME)).headers.get('allow')).toContain('PROPFIND');
});
