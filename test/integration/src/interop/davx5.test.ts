/** DAVx5 (Android; Tasks.org, jtx and ICSx5 stand on it): service detection, home sets with those of delegators, collections, sync in pages, uploads by tag. */
import { person, room } from '@kalends/testkit';
import type { PrincipalId } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { AMY_HOME, CALENDAR, givenServer } from '../caldav-server.ts';
import type { GivenServer } from '../caldav-server.ts';
import { Client, componentsIn, davTokens, eventOf, hrefsOf, namesIn, only } from './client.ts';

const davx5 = (server: GivenServer): Client => new Client(server, {
  'User-Agent': 'DAVx5/4.4.5-ose (dav4jvm; okhttp/4.12.0) Android/14', 'Accept-Language': 'en-US, en;q=0.7, *;q=0.5', 'Content-Type': 'application/xml; charset=utf-8',
});
const XML = "<?xml version='1.0' encoding='UTF-8' ?>";
const NAMESPACES = 'xmlns="DAV:" xmlns:CAL="urn:ietf:params:xml:ns:caldav" xmlns:CARD="urn:ietf:params:xml:ns:carddav"';
const CS = 'xmlns:CS="http://calendarserver.org/ns/"';
const APPLE = 'xmlns:n0="http://apple.com/ns/ical/"';
const PUSH = 'xmlns:P="https://bitfire.at/webdav-push"';
const propfind = (properties: string): string => `${XML}<propfind ${NAMESPACES}><prop>${properties}</prop></propfind>`;
const COLLECTION = `<current-user-privilege-set/><displayname/><owner/><resourcetype/><P:transports ${PUSH}/><P:topic ${PUSH}/><n0:calendar-color ${APPLE}/><CAL:calendar-description/><CAL:calendar-timezone/><CAL:calendar-timezone-id/><CAL:supported-calendar-component-set/><CS:source ${CS}/>`;
const HOME_SETS = `<displayname/><group-membership/><resourcetype/><CAL:calendar-home-set/><CS:calendar-proxy-read-for ${CS}/><CS:calendar-proxy-write-for ${CS}/>`;
const ICS = { 'Content-Type': 'text/calendar; charset=utf-8' };
const sync = (token: string, limit?: number): string => `${XML}<sync-collection ${NAMESPACES}><sync-token>${token}</sync-token><sync-level>1</sync-level>${limit === undefined ? '' : `<limit><nresults>${limit}</nresults></limit>`}<prop><getetag/></prop></sync-collection>`;

describe('DAVx5', () => {
  it('detects the service from the bare host name, and asks the principal whether it has calendars (RFC 6764 §6; RFC 4791 §5.1)', async () => {
    await using server = await givenServer();
    const client = davx5(server);
    const asked = propfind(`<resourcetype/><displayname/><n0:calendar-color ${APPLE}/><CAL:calendar-description/><CAL:calendar-timezone/><current-user-privilege-set/><CAL:supported-calendar-component-set/><CAL:calendar-home-set/><current-user-principal/>`);
    const base = await client.meet('PROPFIND', '/', { depth: 0, body: asked });
    expect(base.steps).toEqual(['401 /', '207 /']);
    const [principal] = hrefsOf(only(base.answer), 'current-user-principal');
    expect(hrefsOf(only((await client.meet('PROPFIND', '/.well-known/caldav', { depth: 0, body: propfind('<current-user-principal/>') })).answer), 'current-user-principal')).toEqual([principal]);
    expect(davTokens(await client.send('OPTIONS', principal!))).toContain('calendar-access');
    const addresses = only(await client.send('PROPFIND', principal!, { depth: 0, body: propfind('<CAL:calendar-user-address-set/>') }));
    expect(hrefsOf(addresses, 'calendar-user-address-set')).toContain('mailto:amy@example.com');
  });

  it('finds its own home and, through proxies and groups, those of others (calendarserver caldav-proxy §5)', async () => {
    await using server = await givenServer({ people: [person('amy'), person('bob'), room('attic', { delegates: { read: [], write: ['id-amy' as PrincipalId] } })] });
    const member = '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:group-member-set><D:href>/principals/__uids__/id-amy/</D:href></D:group-member-set></D:prop></D:set></D:propertyupdate>';
    await server.send('PROPPATCH', '/principals/__uids__/id-bob/calendar-proxy-read/', member, {}, 'bob');
    const client = davx5(server);
    const homes = new Set<string>();
    const known = new Set<string>();
    const visit = async (path: string, level: number): Promise<void> => {
      if (known.has(path)) return;
      known.add(path);
      const row = only(await client.send('PROPFIND', path, { depth: 0, body: propfind(HOME_SETS) }));
      if (row.properties.has('calendar-home-set')) for (const home of hrefsOf(row, 'calendar-home-set')) homes.add(home);
      const related = level === 0 ? ['calendar-proxy-read-for', 'calendar-proxy-write-for', 'group-membership'].flatMap((name) => hrefsOf(row, name)) : [];
      // The parent of a proxy principal is a principal too.
      if (namesIn(row, 'resourcetype').some((name) => name.startsWith('calendar-proxy-'))) related.push(path.replace(/[^/]+\/$/, ''));
      if (level <= 1) for (const next of related) await visit(next, level + 1);
    };
    await visit('/principals/__uids__/id-amy/', 0);
    expect([...homes].sort()).toEqual(['id-amy', 'id-attic', 'id-bob'].map((id) => `/calendars/__uids__/${id}/`));
    expect([...known]).toContain('/principals/__uids__/id-bob/calendar-proxy-read/');

    // What it may do there it reads from the privileges of each calendar.
    const bobs = (await client.send('PROPFIND', '/calendars/__uids__/id-bob/', { depth: 1, body: propfind(COLLECTION) })).rows().get('/calendars/__uids__/id-bob/calendar/')!;
    expect(namesIn(bobs, 'current-user-privilege-set')).not.toContain('write-content');
    expect(hrefsOf(bobs, 'owner')).toEqual(['/principals/__uids__/id-bob/']);
    const rooms = (await client.send('PROPFIND', '/calendars/__uids__/id-attic/', { depth: 1, body: propfind(COLLECTION) })).rows().get('/calendars/__uids__/id-attic/calendar/')!;
    expect(namesIn(rooms, 'current-user-privilege-set')).toEqual(expect.arrayContaining(['read', 'write-content', 'bind', 'unbind']));
  });

  it('lists calendars with what it stores of each (RFC 4791 §5.2; RFC 7809 §5.2)', async () => {
    await using server = await givenServer();
    const rows = (await davx5(server).send('PROPFIND', AMY_HOME, { depth: 1, body: propfind(COLLECTION) })).rows();
    expect(componentsIn(rows.get(CALENDAR))).toContain('VEVENT');
    expect(componentsIn(rows.get(`${AMY_HOME}tasks/`))).toContain('VTODO');
    for (const [href, row] of rows) {
      expect(href.endsWith('/') || href.endsWith('/freebusy'), href).toBe(true);
      // No subscriptions and no WebDAV-Push here: those names are 404, and nothing else fails.
      for (const name of ['source', 'transports', 'topic']) expect(row.missing, name).toContain(name);
    }
  });

  it('makes a calendar with everything in one MKCALENDAR (RFC 4791 §5.3.1)', async () => {
    await using server = await givenServer();
    const client = davx5(server);
    const body = `${XML}<CAL:mkcalendar ${NAMESPACES}><set><prop><resourcetype><collection/><CAL:calendar/></resourcetype><displayname>Android</displayname><n0:calendar-color ${APPLE}>#7CB342FF</n0:calendar-color><CAL:calendar-description>From a phone</CAL:calendar-description><CAL:calendar-timezone-id>Europe/Vienna</CAL:calendar-timezone-id><CAL:supported-calendar-component-set><CAL:comp name="VEVENT"/><CAL:comp name="VTODO"/></CAL:supported-calendar-component-set></prop></set></CAL:mkcalendar>`;
    const path = `${AMY_HOME}7c1b9a8e-5b6f-4f51-8f7e-1f9f3a6f2d11/`;
    expect((await client.send('MKCALENDAR', path, { body })).status).toBe(201);
    const row = only(await client.send('PROPFIND', path, { depth: 0, body: propfind(COLLECTION) }));
    expect(['displayname', 'calendar-color', 'calendar-description', 'calendar-timezone-id'].map((name) => row.properties.get(name)!.text)).toEqual(['Android', '#7CB342FF', 'From a phone', 'Europe/Vienna']);
    expect(componentsIn(row)).toEqual(['VEVENT', 'VTODO']);
  });

  it('syncs page by page until no 507 is left, then fetches ten at a time (RFC 6578 §3.6; RFC 4791 §7.9)', async () => {
    await using server = await givenServer();
    const client = davx5(server);
    for (let index = 0; index < 25; index++) await client.send('PUT', `${CALENDAR}${index}.ics`, { body: eventOf(`d${index}`), fields: ICS });
    const capabilities = only(await client.send('PROPFIND', CALENDAR, { depth: 0, body: propfind(`<CAL:max-resource-size/><supported-report-set/><CS:getctag ${CS}/><sync-token/>`) }));
    expect(Number(capabilities.properties.get('max-resource-size')!.text)).toBeGreaterThan(0);
    expect(namesIn(capabilities, 'supported-report-set')).toContain('sync-collection');
    let token = '';
    const found = new Set<string>();
    for (let more = true, pages = 0; more; pages++) {
      expect(pages).toBeLessThan(10);
      const page = await client.send('REPORT', CALENDAR, { depth: 0, body: sync(token, 10) });
      const rows = [...page.rows()];
      more = rows.some(([href, { status }]) => status === 507 && href === CALENDAR);
      for (const [href, { status }] of rows) if (status === undefined) found.add(href);
      token = page.xml().children.find(({ name }) => name.local === 'sync-token')!.text;
    }
    expect(found.size).toBe(25);
    expect(only(await client.send('PROPFIND', CALENDAR, { depth: 0, body: propfind('<sync-token/>') })).properties.get('sync-token')!.text).toBe(token);
    const ten = [...found].slice(0, 10).map((href) => `<href>${href}</href>`).join('');
    const fetched = (await client.send('REPORT', CALENDAR, { depth: 0, body: `${XML}<CAL:calendar-multiget ${NAMESPACES}><prop><getcontenttype/><getetag/><CAL:schedule-tag/><CAL:calendar-data content-type="text/calendar" version="2.0"/></prop>${ten}</CAL:calendar-multiget>` })).rows();
    expect([...fetched.values()].every(({ properties }) => properties.has('calendar-data') && properties.has('getetag'))).toBe(true);
  });

  it('with a limit of past days asks by time-range (RFC 4791 §7.8)', async () => {
    await using server = await givenServer();
    const client = davx5(server);
    await client.send('PUT', `${CALENDAR}old.ics`, { body: eventOf('old').replaceAll('20260310', '20250310'), fields: ICS });
    await client.send('PUT', `${CALENDAR}new.ics`, { body: eventOf('new'), fields: ICS });
    const query = `${XML}<CAL:calendar-query ${NAMESPACES}><prop><getetag/></prop><CAL:filter><CAL:comp-filter name="VCALENDAR"><CAL:comp-filter name="VEVENT"><CAL:time-range start="20251001T000000Z"/></CAL:comp-filter></CAL:comp-filter></CAL:filter></CAL:calendar-query>`;
    expect([...(await client.send('REPORT', CALENDAR, { depth: 1, body: query })).rows().keys()]).toEqual([`${CALENDAR}new.ics`]);
  });

  it('uploads under If-Match, and learns of a conflict by 412, of a deletion by 412 too (RFC 9110 §13.1.1)', async () => {
    await using server = await givenServer();
    const client = davx5(server);
    const created = await client.send('PUT', `${CALENDAR}up.ics`, { body: eventOf('up'), fields: { ...ICS, 'If-None-Match': '*' } });
    const etag = created.headers.get('etag')!;
    expect([created.status, created.headers.get('schedule-tag')]).toEqual([201, null]);
    expect((await client.send('PUT', `${CALENDAR}up.ics`, { body: eventOf('up', ['LOCATION:Vienna']), fields: { ...ICS, 'If-Match': etag } })).status).toBe(204);
    expect((await client.send('PUT', `${CALENDAR}up.ics`, { body: eventOf('up'), fields: { ...ICS, 'If-Match': etag } })).status).toBe(412);
    expect((await client.send('DELETE', `${CALENDAR}up.ics`, { fields: { 'If-Match': etag } })).status).toBe(412);
    expect((await client.send('DELETE', `${CALENDAR}up.ics`)).status).toBe(204);
    expect((await client.send('DELETE', `${CALENDAR}up.ics`)).status).toBe(404);
  });
});
