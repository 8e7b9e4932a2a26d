/** Outlook CalDav Synchronizer: autodiscovery, calendars with colour and rights, sync by query and multiget, uploads with names and tags of its own. */
import { describe, expect, it } from 'vitest';
import { AMY_HOME, CALENDAR, givenServer } from '../caldav-server.ts';
import type { GivenServer } from '../caldav-server.ts';
import { Client, componentsIn, davTokens, eventOf, hrefsOf, namesIn, only } from './client.ts';

const outlook = (server: GivenServer): Client => new Client(server, { 'User-Agent': 'CalDavSynchronizer/4.4.1', Accept: '*/*', 'Content-Type': 'application/xml; charset=utf-8' });
const NAMESPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:E="http://apple.com/ns/ical/"';
const propfind = (properties: string): string => `<?xml version='1.0'?>\n<D:propfind ${NAMESPACES}><D:prop>${properties}</D:prop></D:propfind>\n                 `;
const ICS = { 'Content-Type': 'text/calendar; charset=utf-8' };

describe('Outlook CalDav Synchronizer', () => {
  it('finds home and calendars, and says which is the default one and which read-only (RFC 6764 §5; RFC 5397; RFC 6638 §9.2)', async () => {
    await using server = await givenServer();
    const client = outlook(server);
    const met = await client.meet('PROPFIND', '/.well-known/caldav', { depth: 0, body: propfind('<D:current-user-principal/>') });
    const [principal] = hrefsOf(only(met.answer), 'current-user-principal');
    const homes = only(await client.send('PROPFIND', principal!, { depth: 0, body: propfind('<C:calendar-home-set/><C:schedule-default-calendar-URL/>') }));
    // It reads the first child of calendar-home-set, whatever it is: so it is an href and nothing else.
    expect(homes.properties.get('calendar-home-set')!.children.map(({ name }) => name.local)).toEqual(['href']);
    expect(hrefsOf(homes, 'calendar-home-set')).toEqual([AMY_HOME]);
    const rows = (await client.send('PROPFIND', AMY_HOME, { depth: 1, body: propfind('<D:resourcetype/><D:displayname/><E:calendar-color/><C:supported-calendar-component-set/>') })).rows();
    const calendars = [...rows].filter(([, row]) => namesIn(row, 'resourcetype').includes('calendar'));
    expect(calendars.map(([href, row]) => [href, componentsIn(row)])).toEqual(expect.arrayContaining([[CALENDAR, ['VEVENT']], [`${AMY_HOME}tasks/`, ['VTODO']]]));
    for (const [href, row] of calendars) {
      // Without a name a calendar is not offered at all.
      expect(row.properties.has('displayname'), href).toBe(true);
      const rights = namesIn(only(await client.send('PROPFIND', href, { depth: 0, body: propfind('<D:current-user-privilege-set/>') })), 'current-user-privilege-set');
      expect(rights, href).toEqual(expect.arrayContaining(['write-content', 'bind', 'unbind']));
    }
  });

  it('tests a connection: OPTIONS, allprop, reports, owner (RFC 4918 §9.1; RFC 3253 §3.1.5)', async () => {
    await using server = await givenServer();
    const client = outlook(server);
    expect(davTokens((await client.meet('OPTIONS', CALENDAR)).answer)).toEqual(expect.arrayContaining(['calendar-access']));
    const all = only(await client.send('PROPFIND', CALENDAR, { depth: 0, body: '<?xml version=\'1.0\'?><D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>' }));
    expect(namesIn(all, 'resourcetype')).toContain('calendar');
    const reports = only(await client.send('PROPFIND', CALENDAR, { depth: 0, body: propfind('<D:supported-report-set/><D:sync-token/>') }));
    expect(namesIn(reports, 'supported-report-set')).toEqual(expect.arrayContaining(['calendar-query', 'calendar-multiget', 'sync-collection']));
    const owner = only(await client.send('PROPFIND', CALENDAR, { depth: 0, body: propfind('<D:owner/>') }));
    const whose = only(await client.send('PROPFIND', hrefsOf(owner, 'owner')[0]!, { depth: 0, body: propfind('<D:displayname/><C:calendar-user-address-set/><C:calendar-user-type/>') }));
    expect(whose.properties.get('calendar-user-type')!.text).toBe('INDIVIDUAL');
    expect(hrefsOf(whose, 'calendar-user-address-set')).toContain('mailto:amy@example.com');
  });

  it('makes a calendar by extended MKCOL without properties, then names it (RFC 5689 §3)', async () => {
    await using server = await givenServer();
    const client = outlook(server);
    const path = `${AMY_HOME}Sales%20%26%20Marketing/`;
    const body = `<?xml version='1.0'?><D:mkcol ${NAMESPACES}><D:set><D:prop><D:resourcetype><D:collection/><C:calendar/></D:resourcetype></D:prop></D:set></D:mkcol>`;
    expect((await client.send('MKCOL', path, { body })).status).toBe(201);
    const name = `<?xml version='1.0'?><D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:displayname>Sales &amp; Marketing</D:displayname></D:prop></D:set></D:propertyupdate>`;
    expect((await client.send('PROPPATCH', path, { depth: 0, body: name })).status).toBe(207);
    const row = (await client.send('PROPFIND', AMY_HOME, { depth: 1, body: propfind('<D:displayname/>') })).rows().get(path);
    expect(row?.properties.get('displayname')!.text).toBe('Sales & Marketing');
  });

  it('syncs a window of time: query for tags, multiget for content, one kind at a time (RFC 4791 §7.8, §7.9)', async () => {
    await using server = await givenServer();
    const client = outlook(server);
    for (const uid of ['1', '2']) await client.send('PUT', `${CALENDAR}${uid}.ics`, { body: eventOf(uid), fields: ICS });
    await client.send('PUT', `${CALENDAR}far.ics`, { body: eventOf('far').replaceAll('2026', '2030'), fields: ICS });
    const query = (kind: string, range: string): string => `<?xml version="1.0"?>
                    <C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop xmlns:D="DAV:"><D:getetag/></D:prop>
                        <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="${kind}">
                          ${range}
                          </C:comp-filter></C:comp-filter></C:filter></C:calendar-query>
                    `;
    const found = (await client.send('REPORT', CALENDAR, { depth: 1, body: query('VEVENT', '<C:time-range start="20251001T000000Z" end="20260801T000000Z"/>') })).rows();
    expect([...found.keys()].sort()).toEqual([`${CALENDAR}1.ics`, `${CALENDAR}2.ics`]);
    expect((await client.send('REPORT', CALENDAR, { depth: 1, body: query('VTODO', '') })).rows().size).toBe(0);
    const multiget = `<?xml version="1.0"?><C:calendar-multiget xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:prop><D:getetag/><D:displayname/><C:calendar-data/></D:prop>${[...found.keys()].map((href) => `<D:href>${href}</D:href>`).join('\n')}</C:calendar-multiget>`;
    const fetched = (await client.send('REPORT', CALENDAR, { depth: 1, body: multiget, fields: { 'Accept-Charset': 'utf-8' } })).rows();
    for (const row of fetched.values()) expect(row.properties.has('calendar-data')).toBe(true);
  });

  it('uploads what it made of an Outlook appointment, Windows zone names and long texts included, and learns the new tag (RFC 4791 §5.3.4)', async () => {
    await using server = await givenServer();
    const client = outlook(server);
    const uid = '040000008200E00074C5B7101A82E00800000000B0A0C0D0';
    const body = [
      'BEGIN:VCALENDAR', 'PRODID:-//github.com/rianjs/ical.net//NONSGML ical.net 2.2//EN', 'VERSION:2.0', 'BEGIN:VTIMEZONE', 'TZID:W. Europe Standard Time', 'BEGIN:STANDARD', 'DTSTART:16010101T030000',
      'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10', 'TZNAME:W. Europe Standard Time', 'TZOFFSETFROM:+0200', 'TZOFFSETTO:+0100', 'END:STANDARD', 'BEGIN:DAYLIGHT', 'DTSTART:16010101T020000', 'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3',
      'TZNAME:W. Europe Daylight Time', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', 'END:DAYLIGHT', 'END:VTIMEZONE', 'BEGIN:VEVENT', 'CLASS:PUBLIC', 'DTSTAMP:20260101T000000Z', 'DTSTART;TZID=W. Europe Standard Time:20260310T100000',
      'DTEND;TZID=W. Europe Standard Time:20260310T110000', 'SEQUENCE:0', `SUMMARY:${'Long '.repeat(60)}`, `UID:${uid}`, 'X-MICROSOFT-CDO-BUSYSTATUS:BUSY', 'END:VEVENT', 'END:VCALENDAR', '',
    ].join('\r\n');
    const created = await client.send('PUT', `${CALENDAR}${uid}.ics`, { body, fields: { ...ICS, 'If-None-Match': '*' } });
    expect(created.status).toBe(201);
    // Where no tag comes back it asks by GET; either way the tag is that of what is there.
    const got = await client.send('GET', `${CALENDAR}${uid}.ics`);
    const etag = created.headers.get('etag') ?? got.headers.get('etag')!;
    expect(got.headers.get('etag')).toBe(etag);
    expect((await client.send('PUT', `${CALENDAR}${uid}.ics`, { body, fields: { ...ICS, 'If-Match': etag } })).status).toBe(204);
    // What somebody else removed meanwhile: 412, which it takes for "look again".
    await client.send('DELETE', `${CALENDAR}${uid}.ics`);
    expect((await client.send('PUT', `${CALENDAR}${uid}.ics`, { body, fields: { ...ICS, 'If-Match': etag } })).status).toBe(412);
  });
});
