/** Sentences with MUST of CalDAV that no story of its own tells; `docs/conformance.md` lists them all. */
import { describe, expect, it } from 'vitest';
import { event } from '@kalends/testkit';
import { calendarQuery, mkcalendar, propfind, proppatch } from './bodies.ts';
import { AMY_HOME, BOB_HOME, CALENDAR, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer, Row } from './caldav-server.ts';

const NEW = `${AMY_HOME}new/`;
const PRINCIPAL = '/principals/__uids__/id-amy/';

async function look(server: GivenServer, path: string, names: string): Promise<Row> {
  const answer = await server.send('PROPFIND', path, propfind(names), { Depth: '0' });
  return [...answer.rows().values()][0]!;
}
const patch = (server: GivenServer, path: string, value: string): Promise<Answer> => server.send('PROPPATCH', path, proppatch(value));
const query = (server: GivenServer, filter: string): Promise<Answer> =>
  server.send('REPORT', CALENDAR, calendarQuery('<getetag/>', filter), { Depth: '1' });

describe('a calendar', () => {
  it('holds neither calendars nor collections nor files (RFC 4791 §4.2)', async () => {
    await using server = await givenServer();
    expect((await server.send('MKCALENDAR', `${CALENDAR}inner/`)).condition()).toBe('calendar-collection-location-ok');
    expect((await server.send('MKCOL', `${CALENDAR}inner/`)).status).toBe(403);
    expect((await server.send('PUT', `${CALENDAR}note.txt`, 'a note', { 'Content-Type': 'text/plain' })).condition()).toBe('supported-calendar-data');
    await server.send('PUT', `${AMY_HOME}dropbox/note.txt`, 'a note', { 'Content-Type': 'text/plain' });
    for (const method of ['COPY', 'MOVE']) expect((await server.send(method, `${AMY_HOME}dropbox/note.txt`, undefined, { Destination: `${CALENDAR}note.txt` })).status).toBeGreaterThanOrEqual(403);
    await server.send('MKCALENDAR', NEW);
    expect((await server.send('MOVE', NEW, undefined, { Destination: `${CALENDAR}inner/` })).condition()).toBe('calendar-collection-location-ok');
    const listed = await server.send('PROPFIND', CALENDAR, undefined, { Depth: '1' });
    expect([...listed.rows().keys()]).toEqual([CALENDAR]);
  });

  it('calendar-timezone is one VTIMEZONE, anything else valid-calendar-data (RFC 4791 §5.2.2, §5.2.10, §5.3.1)', async () => {
    await using server = await givenServer();
    const zone = ['BEGIN:VTIMEZONE', 'TZID:Here', 'BEGIN:STANDARD', 'DTSTART:19700101T000000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0100', 'END:STANDARD', 'END:VTIMEZONE'];
    const property = (...lines: readonly string[]): string => `<C:calendar-timezone>${['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//t//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n')}</C:calendar-timezone>`;
    expect((await patch(server, CALENDAR, property(...zone))).text).not.toContain('HTTP/1.1 4');
    const before = (await look(server, CALENDAR, '<C:calendar-timezone/>')).properties.get('calendar-timezone')!.text;
    for (const bad of [property(), property(...zone, ...zone.map((line) => line.replace('Here', 'There'))), property(...zone, 'BEGIN:VEVENT', 'UID:a', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260101T000000Z', 'END:VEVENT'), '<C:calendar-timezone>nonsense</C:calendar-timezone>']) {
      expect((await patch(server, CALENDAR, bad)).text).toContain('<valid-calendar-data');
      const made = await server.send('MKCALENDAR', NEW, mkcalendar(bad));
      expect(made.text).toContain('<valid-calendar-data');
      expect((await server.send('PROPFIND', NEW, undefined, { Depth: '0' })).status).toBe(404);
    }
    expect((await look(server, CALENDAR, '<C:calendar-timezone/>')).properties.get('calendar-timezone')!.text).toBe(before);
  });

  it('supported-calendar-data names text/calendar 2.0 and jCal, and is protected (RFC 4791 §5.2.4)', async () => {
    await using server = await givenServer();
    const { children } = (await look(server, CALENDAR, '<C:supported-calendar-data/>')).properties.get('supported-calendar-data')!;
    expect(children.map((type) => [type.attribute('content-type'), type.attribute('version')])).toEqual([['text/calendar', '2.0'], ['application/calendar+json', '2.0']]);
    expect((await patch(server, CALENDAR, '<C:supported-calendar-data/>')).text).toContain('cannot-modify-protected-property');
  });
});

describe('objects', () => {
  it('components that nobody knows are kept with the object (RFC 4791 §5.3.3)', async () => {
    await using server = await givenServer();
    const text = event('a').text.replace('END:VCALENDAR', ['BEGIN:X-PLAN', 'X-STEP;X-HOW="a:b":one', 'BEGIN:X-INNER', 'X-DEEP:1', 'END:X-INNER', 'END:X-PLAN', 'END:VCALENDAR'].join('\r\n'));
    const put = await server.send('PUT', `${CALENDAR}a.ics`, text);
    expect([put.status, put.headers.get('etag') !== null]).toEqual([201, true]);
    expect((await server.send('GET', `${CALENDAR}a.ics`)).text).toBe(text);
  });

  it('a filter of what nobody knows matches what is stored (RFC 4791 §7.7)', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a', { lines: ['X-COLOUR;X-SHADE=dark:green'] }).body);
    await server.send('PUT', `${CALENDAR}b.ics`, event('b').body);
    const found = async (filter: string): Promise<readonly string[]> => [...(await query(server, filter)).rows().keys()].map((href) => href.slice(CALENDAR.length));
    expect(await found('<C:comp-filter name="VEVENT"><C:prop-filter name="X-COLOUR"><C:text-match>GREEN</C:text-match></C:prop-filter></C:comp-filter>')).toEqual(['a.ics']);
    expect(await found('<C:comp-filter name="VEVENT"><C:prop-filter name="X-COLOUR"><C:param-filter name="X-SHADE"><C:text-match>dark</C:text-match></C:param-filter></C:prop-filter></C:comp-filter>')).toEqual(['a.ics']);
    expect(await found('<C:comp-filter name="X-NOTHING"/>')).toEqual([]);
    expect(await found('<C:comp-filter name="X-NOTHING"><C:is-not-defined/></C:comp-filter>')).toEqual(['a.ics', 'b.ics']);
  });
});

describe('principals and privileges', () => {
  it('calendar-home-set is protected and not in allprop (RFC 4791 §6.2.1)', async () => {
    await using server = await givenServer();
    expect((await look(server, PRINCIPAL, '<C:calendar-home-set/>')).properties.get('calendar-home-set')!.children.map(({ text }) => text)).toEqual([AMY_HOME]);
    expect((await server.send('PROPFIND', PRINCIPAL, undefined, { Depth: '0' })).text).not.toContain('calendar-home-set');
    expect((await patch(server, PRINCIPAL, `<C:calendar-home-set><href>${BOB_HOME}</href></C:calendar-home-set>`)).text).toMatch(/cannot-modify-protected-property|need-privileges|403/);
    expect((await look(server, PRINCIPAL, '<C:calendar-home-set/>')).properties.get('calendar-home-set')!.children.map(({ text }) => text)).toEqual([AMY_HOME]);
  });

  it('read-free-busy is contained in DAV:read (RFC 4791 §6.1.1)', async () => {
    await using server = await givenServer();
    const { children: [all] } = (await look(server, CALENDAR, '<supported-privilege-set/>')).properties.get('supported-privilege-set')!;
    const inside = (privilege: typeof all): readonly (typeof all)[] => privilege!.children.filter(({ name }) => name.local === 'supported-privilege');
    const nameOf = (privilege: typeof all): string => privilege!.children.find(({ name }) => name.local === 'privilege')!.children[0]!.name.local;
    const read = inside(all).find((one) => nameOf(one) === 'read');
    expect(inside(read).map(nameOf)).toContain('read-free-busy');
  });
});
