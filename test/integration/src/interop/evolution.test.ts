/**
 * Evolution (evolution-data-server): discovery, opening a calendar, refresh by ctag and calendar-query, multiget by hundreds, what its calendar editor sends,
 * free-busy, and the access list that its permissions dialogue reads.
 */
import { describe, expect, it } from 'vitest';
import { AMY_HOME, BOB_HOME, CALENDAR, givenServer } from '../caldav-server.ts';
import type { GivenServer } from '../caldav-server.ts';
import { Client, below, davTokens, eventOf, hrefsOf, namesIn, only } from './client.ts';

const evolution = (server: GivenServer): Client => new Client(server, { 'User-Agent': 'Evolution/3.52.3', Connection: 'close', Pragma: 'no-cache', 'Cache-Control': 'no-cache', 'Content-Type': 'application/xml; charset="utf-8"' });
const XML = '<?xml version="1.0" encoding="utf-8"?>\n';
const NAMESPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/" xmlns:IC="http://apple.com/ns/ical/"';
const propfind = (properties: string): string => `${XML}<propfind ${NAMESPACES}><prop>${properties}</prop></propfind>`;
const ICS = { 'Content-Type': 'text/calendar; charset="utf-8"' };
/** The query of a refresh: its filter stands in the CalDAV namespace, the properties in DAV:. */
const query = (component: string, range = ''): string =>
  `${XML}<calendar-query xmlns="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:prop><D:getetag/></D:prop><filter><comp-filter name="VCALENDAR"><comp-filter name="${component}">${range}</comp-filter></comp-filter></filter></calendar-query>`;

describe('Evolution', () => {
  it('discovers calendars from the host name, well-known first, by a chain of PROPFINDs (RFC 6764 §6; RFC 4791 §6.2.1)', async () => {
    await using server = await givenServer();
    const client = evolution(server);
    const asked = propfind('<resourcetype/><current-user-principal/><principal-URL/><C:calendar-home-set/><C:calendar-user-address-set/><displayname/>');
    const start = await client.meet('PROPFIND', '/.well-known/caldav', { depth: 0, body: asked });
    expect(start.steps).toEqual(['301 /.well-known/caldav', '401 /', '207 /']);
    const [principal] = hrefsOf(only(start.answer), 'current-user-principal');
    const there = only(await client.send('PROPFIND', principal!, { depth: 0, body: asked }));
    expect(hrefsOf(there, 'calendar-user-address-set')[0]).toBe('mailto:amy@example.com');
    const [home] = hrefsOf(there, 'calendar-home-set');
    const listing = propfind('<current-user-privilege-set/><resourcetype/><displayname/><C:calendar-description/><C:supported-calendar-component-set/><IC:calendar-color/><IC:calendar-order/>');
    const rows = (await client.send('PROPFIND', home!, { depth: 1, body: listing })).rows();
    const calendars = [...rows].filter(([, row]) => namesIn(row, 'resourcetype').includes('calendar')).map(([href]) => href).sort();
    expect(calendars).toEqual([CALENDAR, `${AMY_HOME}tasks/`]);
  });

  it('opens a calendar: OPTIONS, privileges, ctag; and is not fooled by an OPTIONS that needs no password (RFC 4791 §5.1)', async () => {
    await using server = await givenServer();
    const client = evolution(server);
    for (const as of [null, 'amy']) {
      const options = await server.send('OPTIONS', CALENDAR, undefined, {}, as);
      expect([options.status, davTokens(options).includes('calendar-access')], String(as)).toEqual([200, true]);
    }
    const privileges = namesIn(only(await client.send('PROPFIND', CALENDAR, { depth: 0, body: propfind('<current-user-privilege-set/>') })), 'current-user-privilege-set');
    // It knows these three by name, and does not look into aggregates.
    expect(['write', 'write-content', 'all'].some((name) => privileges.includes(name))).toBe(true);
    expect((await server.send('PROPFIND', CALENDAR, propfind('<CS:getctag/>'), { Depth: '0' }, null)).status).toBe(401);
    expect(only(await client.send('PROPFIND', CALENDAR, { depth: 0, body: propfind('<CS:getctag/>') })).properties.get('getctag')!.text).not.toBe('');
  });

  it('refreshes: ctag, ten weeks first, then everything, then a hundred at a time (RFC 4791 §7.8, §7.9)', async () => {
    await using server = await givenServer();
    const client = evolution(server);
    for (let index = 0; index < 120; index++) await client.send('PUT', `${CALENDAR}evo-${index}.ics`, { body: eventOf(`evo-${index}`).replaceAll('202603', index < 20 ? '202601' : '202609'), fields: { ...ICS, 'If-None-Match': '*' } });
    const soon = await client.send('REPORT', CALENDAR, { depth: 1, body: query('VEVENT', '<time-range start="20251127T000000Z" end="20260205T000000Z"/>') });
    expect(soon.rows().size).toBe(20);
    const all = (await client.send('REPORT', CALENDAR, { depth: 1, body: query('VEVENT') })).rows();
    // What ends in a slash is skipped, and every other row must have its tag.
    expect([...all].every(([href, { properties }]) => !href.endsWith('/') && properties.get('getetag')!.text !== '')).toBe(true);
    expect(all.size).toBe(120);
    const hundred = [...all.keys()].slice(0, 100).map((href) => `<D:href>${href}</D:href>`).join('');
    const fetched = await client.send('REPORT', CALENDAR, { body: `${XML}<calendar-multiget xmlns="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:prop><D:getetag/><calendar-data/></D:prop>${hundred}</calendar-multiget>` });
    // Rows are told apart by href, octet for octet as it was sent.
    expect([...fetched.rows().keys()].sort()).toEqual([...all.keys()].slice(0, 100).sort());
  });

  it('lists UIDs alone, where it only wants to know what is there (RFC 4791 §9.6.4; the query is without a Depth it means)', async () => {
    await using server = await givenServer();
    const client = evolution(server);
    await client.send('PUT', `${CALENDAR}u.ics`, { body: eventOf('u'), fields: ICS });
    const uids = `${XML}<calendar-query xmlns="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:prop><D:getetag/><calendar-data><comp name="VCALENDAR"><comp name="VEVENT"><prop name="UID"/></comp></comp></calendar-data></D:prop><filter><comp-filter name="VCALENDAR"><comp-filter name="VEVENT"/></comp-filter></filter></calendar-query>`;
    const data = only(await client.send('REPORT', CALENDAR, { depth: 0, body: uids })).properties.get('calendar-data')!.text;
    expect(data).toContain('UID:u');
    expect(data).not.toContain('SUMMARY');
  });

  it('makes, paints and removes a calendar (RFC 4791 §5.3.1; RFC 4918 §9.2, §9.6)', async () => {
    await using server = await givenServer();
    const client = evolution(server);
    const path = `${AMY_HOME}evolution-new/`;
    const body = `${XML}<C:mkcalendar ${NAMESPACES}><set><prop><displayname>Garden</displayname><C:calendar-description>Beds</C:calendar-description><IC:calendar-color>#3584e4</IC:calendar-color><IC:calendar-order>3</IC:calendar-order><C:supported-calendar-component-set><C:comp name="VEVENT"/><C:comp name="VTODO"/><C:comp name="VJOURNAL"/></C:supported-calendar-component-set></prop></set></C:mkcalendar>`;
    expect((await client.send('MKCALENDAR', path, { body })).status).toBe(201);
    const update = `${XML}<propertyupdate ${NAMESPACES}><set><prop><displayname>Orchard</displayname><IC:calendar-color>#33d17a</IC:calendar-color></prop></set><remove><prop><IC:calendar-order/><C:calendar-description/></prop></remove></propertyupdate>`;
    const updated = await client.send('PROPPATCH', path, { body: update });
    expect(updated.status).toBe(207);
    expect([...only(updated).properties.keys()].sort()).toEqual(['calendar-color', 'calendar-description', 'calendar-order', 'displayname']);
    const row = only(await client.send('PROPFIND', path, { depth: 0, body: propfind('<displayname/><IC:calendar-color/><IC:calendar-order/><C:calendar-description/>') }));
    expect([row.properties.get('displayname')!.text, row.properties.get('calendar-color')!.text, row.missing.toSorted()]).toEqual(['Orchard', '#33d17a', ['calendar-description', 'calendar-order']]);
    expect((await client.send('DELETE', path, { depth: 'infinity' })).status).toBe(204);
    expect((await client.send('PROPFIND', path, { depth: 0, body: propfind('<displayname/>') })).status).toBe(404);
  });

  it('reads what its permissions dialogue shows (RFC 3744 §5.3, §5.5, §5.6, §5.8)', async () => {
    await using server = await givenServer();
    const row = only(await evolution(server).send('PROPFIND', CALENDAR, { depth: 0, body: propfind('<supported-privilege-set/><current-user-privilege-set/><acl/><acl-restrictions/><principal-collection-set/><owner/><group/>') }));
    expect(namesIn(row, 'supported-privilege-set')).toEqual(expect.arrayContaining(['supported-privilege', 'read', 'write', 'read-free-busy']));
    const aces = row.properties.get('acl')!.children;
    expect(aces.length).toBeGreaterThan(2);
    // Each entry: whom, what, and whether it is protected or comes from above.
    for (const ace of aces) expect(ace.children.map(({ name }) => name.local)).toEqual(expect.arrayContaining(['principal', 'grant']));
    expect(aces.flatMap(below).map(({ name }) => name.local)).toEqual(expect.arrayContaining(['protected', 'inherited']));
    expect(namesIn(row, 'acl-restrictions')).toContain('no-invert');
    expect(hrefsOf(row, 'principal-collection-set')).toEqual(['/principals/']);
  });

  it('asks the outbox for free and busy times, and keeps events whose UID cannot be a name (RFC 6638 §5.1)', async () => {
    await using server = await givenServer();
    const client = evolution(server);
    await server.send('PUT', `${BOB_HOME}calendar/b.ics`, eventOf('b'), {}, 'bob');
    const ask = ['BEGIN:VCALENDAR', 'CALSCALE:GREGORIAN', 'PRODID:-//Ximian//NONSGML Evolution Calendar//EN', 'VERSION:2.0', 'METHOD:REQUEST', 'BEGIN:VFREEBUSY', 'UID:evo', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260310T000000Z',
      'DTEND:20260312T000000Z', 'ORGANIZER:mailto:amy@example.com', 'ATTENDEE;PARTSTAT=NEEDS-ACTION;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT:mailto:bob@example.com', 'END:VFREEBUSY', 'END:VCALENDAR', ''].join('\r\n');
    const answer = await client.send('POST', `${AMY_HOME}outbox/`, { body: ask, fields: ICS });
    expect(answer.text).toContain('FREEBUSY;FBTYPE=BUSY:20260310T100000Z/');
    expect((await client.send('PUT', `${CALENDAR}2fd4e1c67a2d28fced849ee1bb76e7391b93eb12.ics`, { body: eventOf('a/b/c'), fields: { ...ICS, 'If-None-Match': '*' } })).status).toBe(201);
  });
});
