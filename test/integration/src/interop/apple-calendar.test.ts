/**
 * Apple's Calendar and Reminders (macOS CalendarAgent, accountsd, remindd; iOS dataaccessd): account set-up in their order, the long lists of properties, what
 * they write back, delegates, invitees, free-busy.
 */
import { room, person } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { AMY_HOME, BOB_HOME, CALENDAR, givenServer } from '../caldav-server.ts';
import type { GivenServer } from '../caldav-server.ts';
import { Client, componentsIn, davTokens, eventOf, hrefsOf, namesIn, only } from './client.ts';

const PRINCIPAL = '/principals/__uids__/id-amy/';
const macos = (server: GivenServer, as = 'amy'): Client => new Client(server, {
  'User-Agent': 'macOS/14.5 (23F79) CalendarAgent/1173.5.1', Accept: '*/*', 'Accept-Language': 'en-US,en;q=0.9', Brief: 't', Prefer: 'return=minimal', 'Content-Type': 'text/xml',
}, as);
const ios = (server: GivenServer): Client => new Client(server, { 'User-Agent': 'iOS/17.5.1 (21F90) dataaccessd/1.0', Accept: '*/*', Brief: 't', Prefer: 'return=minimal', 'Content-Type': 'text/xml' });
const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NS: Readonly<Record<string, string>> = { A: 'DAV:', B: 'urn:ietf:params:xml:ns:caldav', C: 'http://calendarserver.org/ns/', D: 'http://apple.com/ns/ical/', E: 'http://me.com/_namespace/' };
/** Each element declares its own namespace, as CoreDAV writes them. */
const element = (name: string, content = ''): string => {
  const prefix = name[0]!;
  const declared = prefix === 'A' ? '' : ` xmlns:${prefix}="${NS[prefix]}"`;
  return content === '' ? `<${name}${declared}/>` : `<${name}${declared}>${content}</${name.split(' ')[0]}>`;
};
const propfind = (names: readonly string[]): string => `${XML}<A:propfind xmlns:A="DAV:"><A:prop>${names.map((name) => element(name)).join('')}</A:prop></A:propfind>`;
const proppatch = (...values: readonly string[]): string => `${XML}<A:propertyupdate xmlns:A="DAV:"><A:set><A:prop>${values.join('')}</A:prop></A:set></A:propertyupdate>`;

const OF_PRINCIPAL = [
  'B:calendar-home-set', 'B:calendar-user-address-set', 'A:current-user-principal', 'A:displayname', 'C:dropbox-home-URL', 'C:email-address-set', 'C:notification-URL', 'A:principal-collection-set',
  'A:principal-URL', 'A:resource-id', 'B:schedule-inbox-URL', 'B:schedule-outbox-URL', 'A:supported-report-set',
];
const OF_CALENDARS = [
  'A:add-member', 'C:allowed-sharing-modes', 'D:autoprovisioned', 'E:bulk-requests', 'B:calendar-alarm', 'D:calendar-color', 'B:calendar-description', 'B:calendar-free-busy-set', 'D:calendar-order',
  'B:calendar-timezone', 'A:current-user-privilege-set', 'B:default-alarm-vevent-date', 'B:default-alarm-vevent-datetime', 'A:displayname', 'C:getctag', 'C:invite', 'D:language-code', 'D:location-code',
  'B:max-attendees-per-instance', 'A:owner', 'C:pre-publish-url', 'C:publish-url', 'C:push-transports', 'C:pushkey', 'A:quota-available-bytes', 'A:quota-used-bytes', 'D:refreshrate', 'A:resource-id',
  'A:resourcetype', 'B:schedule-calendar-transp', 'B:schedule-default-calendar-URL', 'C:source', 'C:subscribed-strip-alarms', 'C:subscribed-strip-attachments', 'C:subscribed-strip-todos',
  'B:supported-calendar-component-set', 'B:supported-calendar-component-sets', 'A:supported-report-set', 'A:sync-token',
];
const TIMEZONE = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Apple Inc.//macOS 14.5//EN', 'CALSCALE:GREGORIAN', 'BEGIN:VTIMEZONE', 'TZID:Europe/Vienna', 'BEGIN:DAYLIGHT', 'TZOFFSETFROM:+0100',
  'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU', 'DTSTART:19810329T020000', 'TZNAME:CEST', 'TZOFFSETTO:+0200', 'END:DAYLIGHT', 'BEGIN:STANDARD', 'TZOFFSETFROM:+0200', 'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
  'DTSTART:19961027T030000', 'TZNAME:CET', 'TZOFFSETTO:+0100', 'END:STANDARD', 'END:VTIMEZONE', 'END:VCALENDAR', ''].join('&#13;\n');
const ICS = { 'Content-Type': 'text/calendar' };

describe('Calendar on macOS and iOS', () => {
  it.each([['macOS', macos], ['iOS', ios]] as const)('%s finds the principal: well-known, its target, and the old places answered sanely (RFC 6764 §5, §6)', async (_, client) => {
    await using server = await givenServer();
    const asked = propfind(['A:current-user-principal', 'A:principal-URL', 'A:resourcetype']);
    const met = await client(server).meet('PROPFIND', '/.well-known/caldav', { depth: 0, body: asked });
    expect(met.steps).toEqual(['301 /.well-known/caldav', '401 /', '207 /']);
    expect(hrefsOf(only(met.answer), 'current-user-principal')).toEqual([PRINCIPAL]);
    const principals = await client(server).send('PROPFIND', '/principals/', { depth: 0, body: asked });
    expect(hrefsOf(only(principals), 'current-user-principal')).toEqual([PRINCIPAL]);
    const byName = await client(server).send('PROPFIND', '/principals/users/amy/', { depth: 0, body: asked });
    expect(hrefsOf(only(byName), 'principal-URL')).toEqual([PRINCIPAL]);
    expect(namesIn(only(byName), 'resourcetype')).toContain('principal');
    // Another server's layout: nothing is there, and it is not the password that is wrong.
    expect((await client(server).send('PROPFIND', '/calendar/dav/amy/user/', { depth: 0, body: asked })).status).toBe(404);
  });

  it('leaves out what is not there, as Brief and Prefer ask (RFC 8144 §2.1)', async () => {
    await using server = await givenServer();
    const answer = await macos(server).send('PROPFIND', PRINCIPAL, { depth: 0, body: propfind([...OF_PRINCIPAL, 'C:xmpp-server', 'C:xmpp-uri']) });
    const row = only(answer);
    expect(row.missing).toEqual([]);
    expect([...row.properties.keys()].sort()).toEqual(OF_PRINCIPAL.map((name) => name.slice(2)).sort());
    expect(hrefsOf(row, 'calendar-home-set')).toEqual([AMY_HOME]);
    const addresses = row.properties.get('calendar-user-address-set')!.children;
    expect(addresses.map((href) => [href.text, href.attribute('preferred')])[0]).toEqual(['mailto:amy@example.com', '1']);
    for (const [name, segment] of [['schedule-inbox-URL', 'inbox'], ['schedule-outbox-URL', 'outbox'], ['notification-URL', 'notification'], ['dropbox-home-URL', 'dropbox']] as const) {
      expect(hrefsOf(row, name), name).toEqual([`${AMY_HOME}${segment}/`]);
      expect((await macos(server).send('PROPFIND', `${AMY_HOME}${segment}/`, { depth: 0, body: propfind(['A:resourcetype']) })).status, segment).toBe(207);
    }
    expect(namesIn(row, 'supported-report-set')).toEqual(expect.arrayContaining(['expand-property', 'principal-property-search', 'principal-search-property-set', 'calendarserver-principal-search']));
  });

  it('reads what the server can from OPTIONS on the principal (RFC 4918 §10.1; RFC 5689 §3.1)', async () => {
    await using server = await givenServer();
    const answer = await macos(server).send('OPTIONS', PRINCIPAL);
    expect(davTokens(answer)).toEqual(expect.arrayContaining(['1', 'access-control', 'calendar-access', 'calendar-proxy', 'calendarserver-private-events', 'extended-mkcol', 'calendarserver-principal-property-search', 'calendarserver-principal-search']));
    expect(answer.headers.get('allow')).toContain('PROPFIND');
  });

  it('lists the home with forty properties of each calendar (RFC 4791 §5.2; RFC 6638 §9; RFC 4331; RFC 6578 §4)', async () => {
    await using server = await givenServer({ limits: { homeOctets: 1_000_000 } });
    const rows = (await macos(server).send('PROPFIND', AMY_HOME, { depth: 1, body: propfind(OF_CALENDARS) })).rows();
    for (const [href, row] of rows) {
      expect(row.missing, href).toEqual([]);
      expect(row.properties.has('resourcetype'), href).toBe(true);
      if (href.endsWith('/')) expect(hrefsOf(row, 'owner'), href).toEqual([PRINCIPAL]);
    }
    const calendar = rows.get(CALENDAR)!;
    for (const name of ['add-member', 'current-user-privilege-set', 'displayname', 'getctag', 'max-attendees-per-instance', 'owner', 'quota-available-bytes', 'quota-used-bytes', 'schedule-calendar-transp', 'supported-calendar-component-set', 'supported-report-set', 'sync-token']) {
      expect(calendar.properties.has(name), name).toBe(true);
    }
    expect(calendar.properties.get('getctag')!.text).not.toBe('');
    expect(calendar.properties.get('sync-token')!.text).toMatch(/^[a-z]+:/);
    expect(componentsIn(calendar)).toEqual(['VEVENT']);
    expect(componentsIn(rows.get(`${AMY_HOME}tasks/`))).toEqual(['VTODO']);
    expect(rows.get(AMY_HOME)!.properties.has('supported-calendar-component-sets')).toBe(true);
    // Each special collection has a type of its own.
    const types = ['inbox', 'outbox', 'notification', 'dropbox', 'calendar'].map((segment) => namesIn(rows.get(`${AMY_HOME}${segment}/`), 'resourcetype').filter((name) => name !== 'collection').join());
    expect(new Set(types).size).toBe(5);
    expect(hrefsOf(rows.get(`${AMY_HOME}inbox/`), 'schedule-default-calendar-URL')).toEqual([CALENDAR.slice(0, -1)]);
    expect(hrefsOf(rows.get(`${AMY_HOME}inbox/`), 'calendar-free-busy-set')).toContain(CALENDAR);
  });

  it('sets colour, order, name, zone and transparency, and reads them back (RFC 4918 §9.2; RFC 4791 §5.2.2)', async () => {
    await using server = await givenServer();
    const client = macos(server);
    const color = '<D:calendar-color xmlns:D="http://apple.com/ns/ical/" symbolic-color="blue">#1BADF8FF</D:calendar-color>';
    for (const value of [color, element('D:calendar-order', '2'), element('A:displayname', 'Home &amp; Garden'), element('B:calendar-timezone', TIMEZONE), element('B:schedule-calendar-transp', '<B:transparent/>')]) {
      const answer = await client.send('PROPPATCH', CALENDAR, { body: proppatch(value) });
      // With return=minimal a change that did is an empty 200; a client that finds an error here tries for ever.
      expect([answer.status, answer.text], value.slice(0, 40)).toEqual([200, '']);
    }
    const row = only(await client.send('PROPFIND', CALENDAR, { depth: 0, body: propfind(['D:calendar-color', 'D:calendar-order', 'A:displayname', 'B:calendar-timezone', 'B:schedule-calendar-transp']) }));
    expect(['calendar-color', 'calendar-order', 'displayname'].map((name) => row.properties.get(name)!.text)).toEqual(['#1BADF8FF', '2', 'Home & Garden']);
    expect(row.properties.get('calendar-color')!.attribute('symbolic-color')).toBe('blue');
    expect(row.properties.get('calendar-timezone')!.text).toContain('TZID:Europe/Vienna');
    expect(namesIn(row, 'schedule-calendar-transp')).toEqual(['transparent']);
  });

  it('makes a calendar by MKCALENDAR as iOS does and by extended MKCOL as macOS does (RFC 4791 §5.3.1; RFC 5689 §3)', async () => {
    await using server = await givenServer();
    const properties = `${element('A:displayname', 'Untitled')}<D:calendar-color xmlns:D="http://apple.com/ns/ical/" symbolic-color="custom">#FF2D55FF</D:calendar-color>${element('D:calendar-order', '5')}${element('B:calendar-timezone', TIMEZONE)}${element('B:supported-calendar-component-set', '<B:comp name="VEVENT"/>')}${element('B:calendar-free-busy-set', '<B:YES/>')}`;
    const path = `${AMY_HOME}5A9E7C64-25C0-4B5B-8C0B-4F9A1C2E9E11/`;
    const made = await ios(server).send('MKCALENDAR', path, { body: `${XML}<B:mkcalendar xmlns:B="urn:ietf:params:xml:ns:caldav" xmlns:A="DAV:"><A:set><A:prop>${properties}</A:prop></A:set></B:mkcalendar>` });
    expect([made.status, made.text]).toEqual([201, '']);
    const other = `${AMY_HOME}B1A0C7F2-0000-4B5B-8C0B-4F9A1C2E9E11/`;
    const type = `<A:resourcetype><A:collection/>${element('B:calendar')}</A:resourcetype>`;
    const asked = `${XML}<A:mkcol xmlns:A="DAV:"><A:set><A:prop>${type}${element('A:displayname', 'To do')}${element('B:supported-calendar-component-set', '<B:comp name="VTODO"/>')}</A:prop></A:set></A:mkcol>`;
    expect((await macos(server).send('MKCOL', other, { body: asked })).status).toBe(201);
    const rows = (await macos(server).send('PROPFIND', AMY_HOME, { depth: 1, body: propfind(OF_CALENDARS) })).rows();
    expect([componentsIn(rows.get(path)), componentsIn(rows.get(other))]).toEqual([['VEVENT'], ['VTODO']]);
    expect(rows.get(path)!.properties.get('displayname')!.text).toBe('Untitled');
  });

  it('polls getctag and sync-token, then syncs and fetches thousands of hrefs at once (RFC 6578 §3; RFC 4791 §7.9)', async () => {
    await using server = await givenServer();
    const client = macos(server);
    for (let index = 0; index < 30; index++) await client.send('PUT', `${CALENDAR}${index}.ics`, { body: eventOf(`apple-${index}`), fields: { ...ICS, 'If-None-Match': '*' } });
    const poll = async () => only(await client.send('PROPFIND', CALENDAR, { depth: 0, body: propfind(['C:getctag', 'A:sync-token']) }));
    const before = await poll();
    const sync = (token: string): string => `${XML}<A:sync-collection xmlns:A="DAV:"><A:sync-token>${token}</A:sync-token><A:sync-level>1</A:sync-level><A:prop><A:getcontenttype/><A:getetag/></A:prop></A:sync-collection>`;
    const listed = await client.send('REPORT', CALENDAR, { body: sync('') });
    expect(listed.rows().size).toBe(30);
    const hrefs = Array.from({ length: 3000 }, (_, index) => `<A:href>${CALENDAR}${index % 60}.ics</A:href>`).join('');
    const body = `${XML}<B:calendar-multiget xmlns:B="urn:ietf:params:xml:ns:caldav"><A:prop xmlns:A="DAV:"><A:getetag/><B:calendar-data/>${element('C:created-by')}${element('C:updated-by')}<B:schedule-tag/></A:prop>${hrefs.replaceAll('<A:href>', '<A:href xmlns:A="DAV:">')}</B:calendar-multiget>`;
    const fetched = (await client.send('REPORT', CALENDAR, { body })).rows();
    expect([...fetched.values()].filter(({ status }) => status === 404)).toHaveLength(30);
    expect([...fetched.values()].filter(({ properties }) => properties.has('calendar-data'))).toHaveLength(30);
    await client.send('DELETE', `${CALENDAR}0.ics`);
    const after = await poll();
    expect(after.properties.get('getctag')!.text).not.toBe(before.properties.get('getctag')!.text);
    expect([...(await client.send('REPORT', CALENDAR, { body: sync(before.properties.get('sync-token')!.text) })).rows()].map(([href, { status }]) => [href, status])).toEqual([[`${CALENDAR}0.ics`, 404]]);
  });

  it('keeps every X-APPLE line, alarm and octet of an event, and answers with its ETag (RFC 4791 §5.3.4)', async () => {
    await using server = await givenServer();
    const client = macos(server);
    const event = eventOf('F1E2D3C4', [
      'X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC', 'X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT30M', 'LOCATION:Apple Park\\n1 Apple Park Way',
      'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-APPLE-MAPKIT-HANDLE=CAES;X-APPLE-RADIUS=7', ' 0.58;X-TITLE="Apple Park":geo:37.334606,-122.009102', 'X-APPLE-NEEDS-REPLY:TRUE',
      'BEGIN:VALARM', 'X-WR-ALARMUID:0A1B', 'UID:0A1B', 'TRIGGER:-PT15M', 'ACTION:DISPLAY', 'DESCRIPTION:Reminder', 'ACKNOWLEDGED:20260101T000000Z', 'X-APPLE-DEFAULT-ALARM:TRUE', 'END:VALARM',
      'BEGIN:VALARM', 'X-WR-ALARMUID:2C3D', 'UID:2C3D', 'TRIGGER;VALUE=DATE-TIME:19760401T005545Z', 'X-APPLE-PROXIMITY:DEPART', 'ACTION:AUDIO', 'ATTACH;VALUE=URI:Chord', 'END:VALARM',
    ], '-//Apple Inc.//macOS 14.5//EN');
    const put = await client.send('PUT', `${CALENDAR}F1E2D3C4.ics`, { body: event, fields: { ...ICS, 'If-None-Match': '*' } });
    expect(put.status).toBe(201);
    const got = await client.send('GET', `${CALENDAR}F1E2D3C4.ics`);
    expect(got.text).toBe(event);
    expect(put.headers.get('etag')).toBe(got.headers.get('etag'));
    expect(got.headers.get('content-encoding')).toBeNull();
    // An alarm dismissed on the phone is a change like any other.
    const dismissed = await ios(server).send('PUT', `${CALENDAR}F1E2D3C4.ics`, { body: event.replace('ACKNOWLEDGED:20260101', 'ACKNOWLEDGED:20260310'), fields: { ...ICS, 'If-Match': put.headers.get('etag')! } });
    expect(dismissed.status).toBe(204);
  });

  it('shows delegates and those it acts for in one expand-property each (RFC 3253 §3.8; caldav-proxy §5)', async () => {
    await using server = await givenServer({ people: [person('amy'), person('bob'), room('attic')] });
    const client = macos(server);
    for (const mode of ['read', 'write']) {
      const panel = `${XML}<A:expand-property xmlns:A="DAV:"><A:property name="group-member-set"><A:property name="displayname"/><A:property name="principal-URL"/><A:property name="calendar-user-type" namespace="urn:ietf:params:xml:ns:caldav"/></A:property></A:expand-property>`;
      expect((await client.send('REPORT', `${PRINCIPAL}calendar-proxy-${mode}/`, { body: panel })).status).toBe(207);
    }
    const added = await client.send('PROPPATCH', `${PRINCIPAL}calendar-proxy-write/`, { body: proppatch('<A:group-member-set><A:href>/principals/__uids__/id-bob/</A:href></A:group-member-set>') });
    expect(added.status).toBe(200);
    const named = (name: string): string => `<A:property name="${name}" namespace="http://calendarserver.org/ns/"><A:property name="displayname" namespace="DAV:"/><A:property name="principal-URL" namespace="DAV:"/><A:property name="calendar-home-set" namespace="urn:ietf:params:xml:ns:caldav"/><A:property name="calendar-user-address-set" namespace="urn:ietf:params:xml:ns:caldav"/><A:property name="email-address-set" namespace="http://calendarserver.org/ns/"/></A:property>`;
    const forMe = await macos(server, 'bob').send('REPORT', '/principals/__uids__/id-bob/', { body: `${XML}<A:expand-property xmlns:A="DAV:">${named('calendar-proxy-read-for')}${named('calendar-proxy-write-for')}</A:expand-property>` });
    const row = only(forMe);
    expect(namesIn(row, 'calendar-proxy-read-for')).toEqual([]);
    expect(hrefsOf(row, 'calendar-proxy-write-for')).toEqual(expect.arrayContaining([PRINCIPAL, AMY_HOME, 'mailto:amy@example.com']));
    // And then it works in that home as in its own.
    expect((await macos(server, 'bob').send('PUT', `${CALENDAR}by-bob.ics`, { body: eventOf('by-bob'), fields: ICS })).status).toBe(201);
  });

  it('sets its own looks of a calendar that it acts in, and its owner\'s availability and alarms, without an error that it would try again for ever (RFC 7953 §7.2.4)', async () => {
    await using server = await givenServer();
    await macos(server).send('PROPPATCH', `${PRINCIPAL}calendar-proxy-write/`, { body: proppatch('<A:group-member-set><A:href>/principals/__uids__/id-bob/</A:href></A:group-member-set>') });
    const alarm = element('B:default-alarm-vevent-datetime', 'BEGIN:VALARM&#13;\nX-WR-ALARMUID:A1&#13;\nUID:A1&#13;\nTRIGGER:-PT15M&#13;\nACTION:DISPLAY&#13;\nDESCRIPTION:Soon&#13;\nEND:VALARM&#13;\n');
    const availability = element('B:calendar-availability', ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Apple Inc.//macOS 14.5//EN', 'BEGIN:VAVAILABILITY', 'UID:V1', 'DTSTAMP:20260101T000000Z', 'BEGIN:AVAILABLE', 'UID:V2', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260105T080000Z', 'DTEND:20260105T170000Z', 'RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', 'END:AVAILABLE', 'END:VAVAILABILITY', 'END:VCALENDAR', ''].join('&#13;\n'));
    for (const as of ['amy', 'bob']) {
      const set = async (path: string, value: string): Promise<void> => expect((await macos(server, as).send('PROPPATCH', path, { body: proppatch(value) })).status, `${as} ${value.slice(0, 40)}`).toBe(200);
      for (const value of [element('D:calendar-color', as === 'amy' ? '#111111FF' : '#222222FF'), element('D:calendar-order', '7'), element('A:displayname', 'Work'), element('B:schedule-calendar-transp', '<B:opaque/>'), element('B:calendar-timezone', TIMEZONE), alarm]) await set(CALENDAR, value);
      await set(`${AMY_HOME}inbox/`, availability);
    }
    const colors = [];
    for (const as of ['amy', 'bob']) colors.push(only(await macos(server, as).send('PROPFIND', CALENDAR, { depth: 0, body: propfind(['D:calendar-color']) })).properties.get('calendar-color')!.text);
    expect(colors).toEqual(['#111111FF', '#222222FF']);
  });

  it('looks for people and rooms, by token and by property (calendarserver-principal-search; RFC 3744 §9.4)', async () => {
    await using server = await givenServer();
    const client = macos(server);
    const wanted = `<A:prop xmlns:A="DAV:"><A:displayname/><A:principal-URL/>${element('B:calendar-user-address-set')}${element('B:calendar-user-type')}${element('C:email-address-set')}${element('C:record-type')}</A:prop>`;
    const search = `${XML}<C:calendarserver-principal-search xmlns:C="http://calendarserver.org/ns/" context="attendee"><C:search-token>bo</C:search-token><C:limit><C:nresults>50</C:nresults></C:limit>${wanted}</C:calendarserver-principal-search>`;
    const people = (await client.send('REPORT', '/principals/', { depth: 0, body: search })).rows();
    expect([...people.keys()]).toEqual(['/principals/__uids__/id-bob/']);
    expect(only(await client.send('REPORT', '/principals/', { depth: 0, body: search })).properties.get('calendar-user-type')!.text).toBe('INDIVIDUAL');
    const rooms = `${XML}<A:principal-property-search xmlns:A="DAV:" test="allof"><A:property-search><A:prop>${element('B:calendar-user-type')}</A:prop><A:match match-type="equals">ROOM</A:match></A:property-search><A:property-search><A:prop><A:displayname/></A:prop><A:match match-type="contains">att</A:match></A:property-search>${wanted}</A:principal-property-search>`;
    expect([...(await client.send('REPORT', '/principals/', { depth: 0, body: rooms })).rows().keys()]).toEqual(['/principals/__uids__/id-attic/']);
  });

  it('asks for free and busy times while it moves a meeting, which does not stand in its own way (RFC 6638 §5.1; X-CALENDARSERVER-MASK-UID)', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${BOB_HOME}calendar/m.ics`, eventOf('meeting', ['ORGANIZER:mailto:amy@example.com', 'ATTENDEE:mailto:amy@example.com', 'ATTENDEE:mailto:bob@example.com']), {}, 'bob');
    const ask = (mask: readonly string[]): string => ['BEGIN:VCALENDAR', 'CALSCALE:GREGORIAN', 'VERSION:2.0', 'METHOD:REQUEST', 'PRODID:-//Apple Inc.//macOS 14.5//EN', 'BEGIN:VFREEBUSY', 'UID:A', 'DTEND:20260311T000000Z',
      'ATTENDEE:mailto:bob@example.com', 'DTSTART:20260310T000000Z', 'DTSTAMP:20260101T000000Z', 'ORGANIZER:mailto:amy@example.com', ...mask, 'END:VFREEBUSY', 'END:VCALENDAR', ''].join('\r\n');
    const client = macos(server);
    expect((await client.send('POST', `${AMY_HOME}outbox/`, { body: ask([]), fields: ICS })).text).toContain('FBTYPE=BUSY');
    expect((await client.send('POST', `${AMY_HOME}outbox/`, { body: ask(['X-CALENDARSERVER-MASK-UID:meeting']), fields: ICS })).text).not.toContain('FBTYPE=BUSY');
  });
});

describe('Reminders', () => {
  it('keeps the order of its to-dos, and finds where new ones go (X-APPLE-SORT-ORDER, schedule-default-tasks-URL)', async () => {
    await using server = await givenServer();
    const client = ios(server);
    const inbox = only(await client.send('PROPFIND', `${AMY_HOME}inbox/`, { depth: 0, body: propfind(['C:schedule-default-tasks-URL']) }));
    expect(hrefsOf(inbox, 'schedule-default-tasks-URL')).toEqual([`${AMY_HOME}tasks`]);
    const todo = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Apple Inc.//iOS 17.5//EN', 'BEGIN:VTODO', 'UID:todo', 'DTSTAMP:20260101T000000Z', 'SUMMARY:Milk', 'X-APPLE-SORT-ORDER:721692800', 'PRIORITY:0', 'STATUS:NEEDS-ACTION', 'END:VTODO', 'END:VCALENDAR', ''].join('\r\n');
    expect((await client.send('PUT', `${AMY_HOME}tasks/todo.ics`, { body: todo, fields: { ...ICS, 'If-None-Match': '*' } })).status).toBe(201);
    expect((await client.send('GET', `${AMY_HOME}tasks/todo.ics`)).text).toBe(todo);
    // A list of reminders takes no events, and says so in the words of RFC 4791 §5.3.2.1.
    const event = await client.send('PUT', `${AMY_HOME}tasks/event.ics`, { body: eventOf('e'), fields: ICS });
    expect([event.status, event.condition()]).toEqual([403, 'supported-calendar-component']);
  });
});
