/** What several clients lean on alike (KOrganizer's kdav, vdirsyncer, python-caldav among them): spellings of hrefs, odd calendar data, tokens, refusals. */
import { describe, expect, it } from 'vitest';
import { person } from '@kalends/testkit';
import { AMY_HOME, CALENDAR, givenServer } from '../caldav-server.ts';
import { NAMESPACES } from '../dav.ts';
import { Client, eventOf, hrefsOf, namesIn, only } from './client.ts';

const propfind = (properties: string): string => `<D:propfind ${NAMESPACES}><D:prop>${properties}</D:prop></D:propfind>`;
const ICS = { 'Content-Type': 'text/calendar' };

describe('every client', () => {
  it('finds principal, owner, types and reports on whatever it asks, / included (RFC 5397; RFC 3744 §5.1, §5.8; RFC 3253 §3.1.5)', async () => {
    await using server = await givenServer();
    const client = new Client(server, {});
    await client.send('PUT', `${CALENDAR}e.ics`, { body: eventOf('e'), fields: ICS });
    for (const path of ['/', '/principals/', '/principals/__uids__/id-amy/', AMY_HOME, CALENDAR, `${CALENDAR}e.ics`, `${AMY_HOME}inbox/`, `${AMY_HOME}outbox/`, `${AMY_HOME}notification/`]) {
      const row = only(await client.send('PROPFIND', path, { depth: 0, body: propfind('<D:current-user-principal/><D:principal-collection-set/><D:resourcetype/><D:supported-report-set/>') }));
      expect(row.missing, path).toEqual([]);
      expect(hrefsOf(row, 'current-user-principal'), path).toEqual(['/principals/__uids__/id-amy/']);
      expect(namesIn(row, 'supported-report-set'), path).toContain('expand-property');
    }
  });

  it('writes %40 or @, a full URL or a path, and reads one canonical spelling (RFC 3986 §6.2.2; RFC 4918 §8.3)', async () => {
    await using server = await givenServer({ people: [person('amy', { names: ['amy@example.com'] })] });
    const client = new Client(server, {});
    const [plain, escaped] = ['/calendars/users/amy@example.com/calendar/', '/calendars/users/amy%40example.com/calendar/'];
    expect((await client.send('PUT', `${escaped}a%40b%20c.ics`, { body: eventOf('a@b c'), fields: ICS })).status).toBe(201);
    expect(only(await client.send('PROPFIND', '/principals/users/amy%40example.com/', { depth: 0, body: propfind('<C:calendar-home-set/>') })).missing).toEqual([]);
    for (const base of [plain, escaped]) {
      const [href] = [...(await client.send('REPORT', base, { depth: 1, body: `<C:calendar-query ${NAMESPACES}><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>` })).rows().keys()];
      expect(decodeURIComponent(href!)).toBe(`${plain}a@b c.ics`);
      const asked = [`${base}a@b%20c.ics`, `${server.url}${base}a%40b%20c.ics`].map((given) => `<D:href>${given}</D:href>`).join('');
      const rows = (await client.send('REPORT', base, { depth: 1, body: `<C:calendar-multiget ${NAMESPACES}><D:prop><C:calendar-data/></D:prop>${asked}</C:calendar-multiget>` })).rows();
      expect([...rows.values()].every(({ properties }) => properties.has('calendar-data')) && rows.size > 0).toBe(true);
    }
  });

  it.each([
    ['line feeds alone', (text: string) => text.replaceAll('\r\n', '\n')], ['a byte order mark', (text: string) => `\uFEFF${text}`], ['no PRODID', (text: string) => text.replace(/PRODID:.*\r\n/, '')],
    ['VERSION after PRODID', (text: string) => text.replace(/(VERSION.*\r\n)(PRODID.*\r\n)/, '$2$1')], ['a line of two thousand octets', (text: string) => text.replace('SUMMARY:', `X-LONG:${'x'.repeat(2000)}\r\nSUMMARY:`)],
    ['unknown properties and parameters', (text: string) => text.replace('SUMMARY:', 'X-A;X-B=c;X-D="e:f":g\r\nRELATED-TO:one\r\nRELATED-TO;RELTYPE=CHILD:two\r\nSUMMARY;X-P=1:')],
  ])('may send %s (RFC 5545 §3.1; RFC 4791 §5.3.4: with a tag only where octets are kept)', async (_, change) => {
    await using server = await givenServer();
    const client = new Client(server, {});
    const sent = change(eventOf('odd'));
    const put = await client.send('PUT', `${CALENDAR}odd.ics`, { body: sent, fields: ICS });
    expect(put.status).toBe(201);
    const got = await client.send('GET', `${CALENDAR}odd.ics`);
    if (put.headers.has('etag')) expect([got.text, got.headers.get('etag')]).toEqual([sent, put.headers.get('etag')]);
    for (const line of ['UID:odd', 'Event odd']) expect(got.text).toContain(line);
    expect(got.headers.get('content-type')).toMatch(/^text\/calendar; ?charset=utf-8/i);
    expect(got.headers.has('content-encoding')).toBe(false);
  });

  it('may query without a kind, with one end of a range, with two conditions, and meets the events and to-dos that have a DURATION or no time (RFC 4791 §9.7, §9.9)', async () => {
    await using server = await givenServer();
    const client = new Client(server, {});
    await client.send('MKCALENDAR', `${AMY_HOME}mixed/`);
    const put = (name: string, lines: readonly string[]): Promise<unknown> => client.send('PUT', `${AMY_HOME}mixed/${name}.ics`, { body: ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//x//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n'), fields: ICS });
    await put('duration', ['BEGIN:VEVENT', 'UID:duration', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260310T100000Z', 'DURATION:PT2H', 'SUMMARY:Long tea', 'END:VEVENT']);
    await put('todo', ['BEGIN:VTODO', 'UID:todo', 'DTSTAMP:20260101T000000Z', 'SUMMARY:Some day', 'END:VTODO']);
    const query = async (inner: string): Promise<readonly string[]> => [...(await client.send('REPORT', `${AMY_HOME}mixed/`, { depth: 1, body: `<C:calendar-query ${NAMESPACES}><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR">${inner}</C:comp-filter></C:filter></C:calendar-query>` })).rows().keys()].map((href) => href.split('/').at(-1)!).sort();
    expect(await query('')).toEqual(['duration.ics', 'todo.ics']);
    expect(await query('<C:comp-filter name="VEVENT"><C:time-range start="20260310T113000Z"/></C:comp-filter>')).toEqual(['duration.ics']);
    expect(await query('<C:comp-filter name="VEVENT"><C:time-range end="20260310T100000Z"/></C:comp-filter>')).toEqual([]);
    expect(await query('<C:comp-filter name="VTODO"><C:time-range start="20260310T000000Z" end="20260311T000000Z"/></C:comp-filter>')).toEqual(['todo.ics']);
    expect(await query('<C:comp-filter name="VEVENT"><C:time-range start="20260310T000000Z" end="20260311T000000Z"/><C:prop-filter name="SUMMARY"><C:text-match>tea</C:text-match></C:prop-filter></C:comp-filter>')).toEqual(['duration.ics']);
  });

  it('is told in words what was wrong: 412, 403 with a condition, 409, never an empty error (RFC 4918 §16; RFC 4791 §5.3.2.1)', async () => {
    await using server = await givenServer({ limits: { resourceOctets: 2_000 } });
    const client = new Client(server, {});
    await client.send('PUT', `${CALENDAR}e.ics`, { body: eventOf('e'), fields: ICS });
    const cases: readonly (readonly [string, number, string | undefined, Promise<Awaited<ReturnType<Client['send']>>>])[] = [
      ['a stale tag', 412, undefined, client.send('PUT', `${CALENDAR}e.ics`, { body: eventOf('e'), fields: { ...ICS, 'If-Match': '"stale"' } })],
      ['no calendar data', 403, 'valid-calendar-data', client.send('PUT', `${CALENDAR}x.ics`, { body: 'hello', fields: ICS })],
      ['no UID', 403, 'valid-calendar-object-resource', client.send('PUT', `${CALENDAR}x.ics`, { body: eventOf('x').replace('UID:x\r\n', ''), fields: ICS })],
      ['no parent', 409, undefined, client.send('PUT', `${AMY_HOME}absent/x.ics`, { body: eventOf('x'), fields: ICS })],
      ['too large', 403, 'max-resource-size', client.send('PUT', `${CALENDAR}x.ics`, { body: eventOf('x', [`DESCRIPTION:${'x'.repeat(3_000)}`]), fields: ICS })],
      ['another type', 403, 'supported-calendar-data', client.send('PUT', `${CALENDAR}x.ics`, { body: eventOf('x'), fields: { 'Content-Type': 'text/html' } })],
    ];
    for (const [name, status, condition, asked] of cases) {
      const answer = await asked;
      expect(answer.status, name).toBe(status);
      if (condition !== undefined) expect(answer.condition(), name).toBe(condition);
      expect(answer.text.length, name).toBeGreaterThan(40);
    }
  });
});

describe('KOrganizer (kdav)', () => {
  it('lists homes by principal, calendars with their tokens, items kind by kind (RFC 4791 §7.8; calendarserver ctag)', async () => {
    await using server = await givenServer();
    const client = new Client(server, { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) KDAV', Prefer: 'return=minimal', 'Content-Type': 'text/xml' });
    await client.send('PUT', `${CALENDAR}k.ics`, { body: eventOf('k'), fields: { ...ICS, 'If-None-Match': '*' } });
    const rows = (await client.send('PROPFIND', AMY_HOME, { depth: 1, body: propfind('<D:displayname/><D:resourcetype/><calendar-color xmlns="http://apple.com/ns/ical/"/><C:supported-calendar-component-set/><D:current-user-privilege-set/><CS:getctag/><D:sync-token/>') })).rows();
    expect(rows.get(CALENDAR)!.properties.get('getctag')!.text).not.toBe('');
    const query = (kind: string): string => `<C:calendar-query ${NAMESPACES}><D:prop><D:getetag/><D:resourcetype/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="${kind}"/></C:comp-filter></C:filter></C:calendar-query>`;
    const counts = [];
    for (const kind of ['VEVENT', 'VTODO', 'VJOURNAL']) counts.push((await client.send('REPORT', CALENDAR, { depth: 1, body: query(kind) })).rows().size);
    expect(counts).toEqual([1, 0, 0]);
    const search = `<D:principal-property-search ${NAMESPACES} test="anyof"><D:property-search><D:prop><D:displayname/></D:prop><D:match>bob</D:match></D:property-search><D:property-search><D:prop><C:calendar-user-address-set/></D:prop><D:match>bob</D:match></D:property-search><D:prop><D:displayname/><C:calendar-home-set/></D:prop></D:principal-property-search>`;
    expect([...(await client.send('REPORT', '/principals/', { depth: 0, body: search })).rows().keys()]).toEqual(['/principals/__uids__/id-bob/']);
  });
});
