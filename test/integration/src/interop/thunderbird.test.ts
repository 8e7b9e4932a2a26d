/**
 * Thunderbird's calendar, as it sets up and runs a CalDAV account: detection in the subscription wizard, the check of each calendar, scheduling, sync by
 * WebDAV-Sync with multiget, uploads, free-busy.
 */
import { describe, expect, it } from 'vitest';
import { AMY_HOME, BOB_HOME, CALENDAR, givenServer } from '../caldav-server.ts';
import type { GivenServer } from '../caldav-server.ts';
import { Client, componentsIn, davTokens, eventOf, hrefsOf, namesIn, only } from './client.ts';

const thunderbird = (server: GivenServer): Client => new Client(server, {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0', Accept: 'text/xml', 'Accept-Language': 'en-US,en;q=0.5', 'Accept-Charset': 'utf-8,*;q=0.1',
  'Content-Type': 'text/xml; charset=utf-8',
});
const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACES = "xmlns:D='DAV:' xmlns:A='http://apple.com/ns/ical/' xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:CS='http://calendarserver.org/ns/'";
const propfind = (...properties: readonly string[]): string => `${XML}<D:propfind ${NAMESPACES}><D:prop>${properties.map((name) => `<${name}/>`).join('')}</D:prop></D:propfind>`;
const DETECTED = ['D:resourcetype', 'D:owner', 'D:displayname', 'D:current-user-principal', 'D:current-user-privilege-set', 'A:calendar-color', 'C:calendar-home-set'];
const ICS = { 'Content-Type': 'text/calendar; charset=utf-8', Accept: '*/*' };

const sync = (token: string): string => `${XML}<sync-collection xmlns="DAV:">${token === '' ? '<sync-token/>' : `<sync-token>${token}</sync-token>`}<sync-level>1</sync-level><prop><getcontenttype/><getetag/></prop></sync-collection>`;
const multiget = (hrefs: readonly string[]): string =>
  `${XML}<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/></D:prop>${hrefs.map((href) => `<D:href>${href}</D:href>`).join('')}</C:calendar-multiget>`;

describe('Thunderbird', () => {
  it('detects the account: well-known, principal, the first home, its calendars (RFC 6764 §5, §6; RFC 5397; RFC 4791 §6.2.1)', async () => {
    await using server = await givenServer();
    const client = thunderbird(server);
    const met = await client.meet('PROPFIND', '/.well-known/caldav', { depth: 0, body: propfind(...DETECTED) });
    expect(met.steps).toEqual(['301 /.well-known/caldav', '401 /', '207 /']);
    const [principal] = hrefsOf(only(met.answer), 'current-user-principal');
    expect(principal).toBe('/principals/__uids__/id-amy/');
    const there = only(await client.send('PROPFIND', principal!, { depth: 0, body: propfind(...DETECTED) }));
    const [home] = hrefsOf(there, 'calendar-home-set');
    expect(home).toBe(AMY_HOME);

    const listed = (await client.send('PROPFIND', home!, { depth: 1, body: propfind(...DETECTED) })).rows();
    const calendars = [...listed].filter(([, row]) => namesIn(row, 'resourcetype').includes('calendar'));
    expect(calendars.map(([href]) => href).sort()).toEqual([CALENDAR, `${AMY_HOME}tasks/`]);
    for (const [, row] of calendars) {
      expect(row.properties.get('displayname')!.text).not.toBe('');
      expect(namesIn(row, 'current-user-privilege-set')).toEqual(expect.arrayContaining(['read', 'write', 'write-content', 'bind']));
      expect(hrefsOf(row, 'owner')).toEqual([principal]);
    }
    // What is no calendar must not look like one.
    for (const segment of ['inbox/', 'outbox/', 'notification/', 'dropbox/']) expect(namesIn(listed.get(AMY_HOME + segment), 'resourcetype'), segment).not.toContain('calendar');
  });

  it('checks a calendar and what scheduling needs: one 4xx, or one thing missing, would switch it off (RFC 4791 §5.2; RFC 6638 §2)', async () => {
    await using server = await givenServer();
    const client = thunderbird(server);
    const names = ['D:resourcetype', 'D:owner', 'D:current-user-principal', 'D:current-user-privilege-set', 'D:supported-report-set', 'C:supported-calendar-component-set', 'CS:getctag'];
    const answer = await client.send('PROPFIND', CALENDAR, { depth: 0, body: propfind(...names) });
    expect(answer.headers.has('location')).toBe(false);
    const row = only(answer);
    expect(row.missing).toEqual([]);
    expect(componentsIn(row)).toContain('VEVENT');
    expect(namesIn(row, 'supported-report-set')).toContain('sync-collection');
    expect(row.properties.get('getctag')!.text).not.toBe('');
    expect(['write', 'write-content', 'write-properties', 'all'].some((name) => namesIn(row, 'current-user-privilege-set').includes(name))).toBe(true);

    // OPTIONS on the parent of the calendar decides about scheduling.
    const options = await client.send('OPTIONS', AMY_HOME);
    expect(options.status).toBe(200);
    expect(davTokens(options)).toEqual(expect.arrayContaining(['1', 'access-control', 'calendar-access']));
    const [principal] = hrefsOf(row, 'current-user-principal');
    const boxes = only(await client.send('PROPFIND', principal!, { depth: 0, body: propfind('C:calendar-home-set', 'C:calendar-user-address-set', 'C:schedule-inbox-URL', 'C:schedule-outbox-URL') }));
    expect(hrefsOf(boxes, 'calendar-home-set')).toEqual([AMY_HOME]);
    expect(hrefsOf(boxes, 'calendar-user-address-set').find((address) => /^mailto:/.test(address))).toBe('mailto:amy@example.com');
    expect([...hrefsOf(boxes, 'schedule-inbox-URL'), ...hrefsOf(boxes, 'schedule-outbox-URL')]).toEqual([`${AMY_HOME}inbox/`, `${AMY_HOME}outbox/`]);
  });

  it('finds its principal by the home where nothing names it (RFC 3744 §9.4)', async () => {
    await using server = await givenServer();
    const client = thunderbird(server);
    const set = only(await client.send('PROPFIND', AMY_HOME, { depth: 0, body: propfind('D:principal-collection-set') }));
    const [collection] = hrefsOf(set, 'principal-collection-set');
    expect(collection).toBe('/principals/');
    const search = `${XML}<D:principal-property-search ${NAMESPACES}><D:property-search><D:prop><C:calendar-home-set/></D:prop><D:match>${AMY_HOME.slice(0, -1)}</D:match></D:property-search><D:prop><C:calendar-home-set/><C:calendar-user-address-set/><C:schedule-inbox-URL/><C:schedule-outbox-URL/></D:prop></D:principal-property-search>`;
    // It needs an answer it can go on from: nobody found is "no scheduling", an error is a disabled calendar.
    expect((await client.send('REPORT', collection!, { depth: 0, body: search })).status).toBe(207);
  });

  it('syncs with Depth 1, fetches what changed in one multiget, is told what went (RFC 6578 §3; RFC 4791 §7.9)', async () => {
    await using server = await givenServer();
    const client = thunderbird(server);
    for (const uid of ['one', 'two words', 'ü']) {
      expect((await client.send('PUT', `${CALENDAR}${encodeURIComponent(uid)}.ics`, { body: eventOf(uid), fields: { ...ICS, 'If-None-Match': '*' } })).status, uid).toBe(201);
    }
    const first = await client.send('REPORT', CALENDAR, { depth: 1, body: sync('') });
    expect(first.status).toBe(207);
    const listed = first.rows();
    // The collection itself is no member, and every member has type and tag: without both it is skipped.
    expect([...listed.keys()].sort()).toEqual(['one.ics', 'two%20words.ics', '%C3%BC.ics'].map((name) => CALENDAR + name).sort());
    for (const row of listed.values()) {
      expect(row.properties.get('getcontenttype')!.text).toMatch(/^text\/calendar/);
      expect(row.properties.get('getetag')!.text).toMatch(/^"[^"]+"$/);
    }
    const token = first.xml().children.find(({ name }) => name.local === 'sync-token')!.text;
    // It decodes hrefs and escapes them again, its own way.
    const hrefs = [...listed.keys()].map((href) => href.split('/').map((segment) => encodeURIComponent(decodeURIComponent(segment))).join('/'));
    const fetched = (await client.send('REPORT', CALENDAR, { depth: 1, body: multiget([...hrefs, `${CALENDAR}gone.ics`]) })).rows();
    // An XML reader makes one line feed of each line end (XML 1.0 §2.11).
    expect(fetched.get(`${CALENDAR}one.ics`)!.properties.get('calendar-data')!.text).toBe(eventOf('one').replaceAll('\r\n', '\n'));
    expect(fetched.get(`${CALENDAR}gone.ics`)!.status).toBe(404);
    expect(fetched.size).toBe(4);

    await client.send('DELETE', `${CALENDAR}one.ics`, { fields: { 'If-Match': listed.get(`${CALENDAR}one.ics`)!.properties.get('getetag')!.text } });
    const second = (await client.send('REPORT', CALENDAR, { depth: 1, body: sync(token) })).rows();
    expect([...second].map(([href, { status }]) => [href, status])).toEqual([[`${CALENDAR}one.ics`, 404]]);
    // A token nobody gave: any 4xx makes it start anew (RFC 6578 §3.2 DAV:valid-sync-token); it must be no empty DAV:error, which it takes for "too many requests".
    const bad = await client.send('REPORT', CALENDAR, { depth: 1, body: sync('data:,nonsense') });
    expect([bad.status, bad.condition()]).toEqual([403, 'valid-sync-token']);
  });

  it('files an accepted invitation as <UID>.ics where the server has it under another name (RFC 6638 §3.2.4.1; RFC 4791 §5.3.2.1)', async () => {
    await using server = await givenServer();
    const client = thunderbird(server);
    await client.send('PUT', `${CALENDAR}server-name.ics`, { body: eventOf('invited'), fields: ICS });
    const again = await client.send('PUT', `${CALENDAR}invited.ics`, { body: eventOf('invited'), fields: { ...ICS, 'If-None-Match': '*' } });
    expect([again.status, again.condition()]).toEqual([403, 'no-uid-conflict']);
    expect(again.text).toContain(`${CALENDAR}server-name.ics`);
  });

  it('asks when others are busy, with a lower-case mailto (RFC 6638 §5.1)', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${BOB_HOME}calendar/b.ics`, eventOf('b'), {}, 'bob');
    const ask = [
      'BEGIN:VCALENDAR', 'PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN', 'VERSION:2.0', 'METHOD:REQUEST', 'BEGIN:VFREEBUSY', 'UID:fb-1', 'DTSTAMP:20260101T000000Z',
      'ORGANIZER:mailto:amy@example.com', 'DTSTART:20260310T000000Z', 'DTEND:20260311T000000Z', 'ATTENDEE;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;CUTYPE=INDIVIDUAL:mailto:bob@example.com',
      'END:VFREEBUSY', 'END:VCALENDAR', '',
    ].join('\r\n');
    const answer = await thunderbird(server).send('POST', `${AMY_HOME}outbox/`, { body: ask, fields: { ...ICS, Originator: 'mailto:amy@example.com', Recipient: 'mailto:bob@example.com' } });
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/<request-status[^>]*>2\.0/);
    expect(answer.text).toContain('FREEBUSY;FBTYPE=BUSY:20260310T100000Z/');
  });
});
