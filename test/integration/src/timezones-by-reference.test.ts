/** Time zones by reference in CalDAV (RFC 7809): objects without definitions of zones that everybody knows, with them for whoever asks, and zones named by their id. */
import { allDay } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { calendarMultiget, calendarQuery, freeBusyQuery, mkcalendar, propfind, proppatch, syncCollection } from './bodies.ts';
import { AMY_HOME, CALENDAR, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const OWN = ['BEGIN:VTIMEZONE', 'TZID:Our own', 'BEGIN:STANDARD', 'DTSTART:19700101T000000', 'TZOFFSETFROM:+0200', 'TZOFFSETTO:+0200', 'END:STANDARD', 'END:VTIMEZONE'];
/** As a client writes Berlin's: other octets than ours. */
const BERLIN = [
  'BEGIN:VTIMEZONE', 'TZID:Europe/Berlin', 'BEGIN:DAYLIGHT', 'DTSTART:19810329T020000', 'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', 'END:DAYLIGHT',
  'BEGIN:STANDARD', 'DTSTART:19961027T030000', 'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU', 'TZOFFSETFROM:+0200', 'TZOFFSETTO:+0100', 'END:STANDARD', 'END:VTIMEZONE',
];
const object = (uid: string, zones: readonly string[], ...lines: readonly string[]): string => [
  'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//kalends//test//EN', ...zones, 'BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT', 'END:VCALENDAR', '',
].join('\r\n');
const OBJECTS: Readonly<Record<string, string>> = {
  bare: object('bare', [], 'DTSTART;TZID=Europe/Berlin:20260303T090000', 'DTEND;TZID=America/New_York:20260303T090000', 'SUMMARY:Küche & Bad'),
  whole: object('whole', BERLIN, 'DTSTART;TZID=Europe/Berlin:20260303T090000', 'DURATION:PT1H'),
  own: object('own', OWN, 'DTSTART;TZID=Our own:20260303T090000', 'DURATION:PT1H'),
  utc: object('utc', [], 'DTSTART:20260303T090000Z', 'DURATION:PT1H'),
};

const tzids = (text: string): readonly string[] => Array.from(text.matchAll(/^TZID:(.*?)\r?$/gm), ([, tzid = '']) => tzid);
const F = { 'CalDAV-Timezones': 'F' };
const T = { 'CalDAV-Timezones': 'T' };

async function filled(): Promise<GivenServer> {
  const server = await givenServer();
  for (const [name, text] of Object.entries(OBJECTS)) {
    const answer = await server.send('PUT', `${CALENDAR}${name}.ics`, text);
    // Where it reads as it was sent, the ETag is told (RFC 4791 §5.3.4, RFC 9110 §9.3.4).
    expect([answer.status, answer.headers.get('etag')]).toEqual([201, name === 'bare' ? null : expect.stringMatching(/^".+"$/)]);
  }
  return server;
}

const multiget = (data = '<C:calendar-data/>'): string =>
  calendarMultiget(data, Object.keys(OBJECTS).map((name) => `${CALENDAR}${name}.ics`));
const query = (data = '<C:calendar-data/>'): string => calendarQuery(data);
const sync = syncCollection('<C:calendar-data/>');
const dataOf = (answer: Answer, name: string): string => answer.rows().get(`${CALENDAR}${name}.ics`)!.properties.get('calendar-data')!.text;
const zonesOf = (answer: Answer): Readonly<Record<string, readonly string[]>> => Object.fromEntries(Object.keys(OBJECTS).map((name) => [name, tzids(dataOf(answer, name))]));

const DEFINED = { bare: ['Europe/Berlin', 'America/New_York'], whole: ['Europe/Berlin'], own: ['Our own'], utc: [] };
const BY_REFERENCE = { bare: [], whole: [], own: ['Our own'], utc: [] };

describe('a server of time zones by reference', () => {
  it('says so, and where its zones can be looked up (RFC 7809 §3.1, §5.1)', async () => {
    await using server = await givenServer();
    const options = await server.send('OPTIONS', CALENDAR);
    expect(options.headers.get('dav')!.split(', ')).toContain('calendar-no-timezone');
    const answer = await server.send('PROPFIND', AMY_HOME, propfind('<C:timezone-service-set/>'), { Depth: '0' });
    const value = answer.rows().get(AMY_HOME)!.properties.get('timezone-service-set')!;
    expect(value.children.map(({ name, text }) => [name.local, text])).toEqual([['href', '/stdtimezones']]);
    expect((await server.send('GET', '/stdtimezones/capabilities', undefined, {}, null)).status).toBe(200);
  });

  it('keeps timezone-service-set to itself, on homes (§5.1)', async () => {
    await using server = await givenServer();
    const patch = await server.send('PROPPATCH', AMY_HOME, proppatch('<C:timezone-service-set><href>/x</href></C:timezone-service-set>'));
    expect(patch.text).toContain('cannot-modify-protected-property');
    const calendar = await server.send('PROPFIND', CALENDAR, propfind('<C:timezone-service-set/>'), { Depth: '0' });
    expect(calendar.rows().get(CALENDAR)!.missing).toEqual(['timezone-service-set']);
  });
});

describe('GET with CalDAV-Timezones (RFC 7809 §7.1)', () => {
  it('F leaves known zones out, and gives a client that sends none its own octets back', async () => {
    await using server = await filled();
    for (const name of ['bare', 'own', 'utc']) expect((await server.send('GET', `${CALENDAR}${name}.ics`, undefined, F)).text).toBe(OBJECTS[name]);
    expect((await server.send('GET', `${CALENDAR}whole.ics`, undefined, F)).text).toBe(object('whole', [], 'DTSTART;TZID=Europe/Berlin:20260303T090000', 'DURATION:PT1H'));
  });

  it.each([['T', T], ['no field: a client that knows of none needs them', {}], ['what is neither T nor F', { 'CalDAV-Timezones': 'maybe' }]])('%s defines every zone', async (_, headers) => {
    await using server = await filled();
    for (const name of ['whole', 'own', 'utc']) expect((await server.send('GET', `${CALENDAR}${name}.ics`, undefined, headers)).text).toBe(OBJECTS[name]);
    const answer = await server.send('GET', `${CALENDAR}bare.ics`, undefined, headers);
    expect(tzids(answer.text)).toEqual(DEFINED.bare);
    expect(answer.text.replaceAll(/BEGIN:VTIMEZONE[^]*?END:VTIMEZONE\r\n/g, '')).toBe(OBJECTS['bare']);
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(answer.text)));
  });

  it('tells an ETag where the client reads by that field what it sent, and none where it does not (RFC 9110 §9.3.4)', async () => {
    await using server = await givenServer();
    const told = async (name: keyof typeof OBJECTS, headers: Readonly<Record<string, string>>): Promise<boolean> => (await server.send('PUT', `${CALENDAR}${name}.ics`, OBJECTS[name], headers)).headers.has('etag');
    expect([await told('bare', F), await told('bare', T), await told('whole', F), await told('whole', T), await told('own', F), await told('utc', F)]).toEqual([true, false, false, true, true, true]);
  });

  it('has one ETag for both forms: they are one state', async () => {
    await using server = await filled();
    const tags = await Promise.all([F, T, {}].map(async (headers) => (await server.send('GET', `${CALENDAR}bare.ics`, undefined, headers)).headers.get('etag')));
    expect(new Set(tags).size).toBe(1);
    expect((await server.send('GET', `${CALENDAR}bare.ics`, undefined, { ...F, 'If-None-Match': tags[0]! })).status).toBe(304);
    expect((await server.send('PUT', `${CALENDAR}bare.ics`, OBJECTS['bare']!, { 'If-Match': tags[0]! })).status).toBe(204);
  });

  it('holds for HEAD, for jCal, and for what a PUT gives back (RFC 8144 §3)', async () => {
    await using server = await filled();
    const length = async (method: string, headers: Readonly<Record<string, string>>): Promise<string | null> => (await server.send(method, `${CALENDAR}bare.ics`, undefined, headers)).headers.get('content-length');
    expect([await length('HEAD', F), await length('HEAD', T)]).toEqual([await length('GET', F), await length('GET', T)]);
    const json = async (headers: Readonly<Record<string, string>>): Promise<readonly string[]> => {
      const [, , components] = JSON.parse((await server.send('GET', `${CALENDAR}bare.ics`, undefined, { ...headers, Accept: 'application/calendar+json' })).text) as [string, unknown[], [string][]];
      return components.map(([name]) => name);
    };
    expect([await json(F), await json({})]).toEqual([['vevent'], ['vtimezone', 'vtimezone', 'vevent']]);
    const put = await server.send('PUT', `${CALENDAR}bare.ics`, OBJECTS['bare']!, { ...F, Prefer: 'return=representation' });
    expect([put.status, put.text]).toEqual([200, OBJECTS['bare']]);
  });

  it('holds for a calendar as one object: each zone once, or none', async () => {
    await using server = await filled();
    expect(tzids((await server.send('GET', CALENDAR)).text).toSorted()).toEqual(['America/New_York', 'Europe/Berlin', 'Our own']);
    expect(tzids((await server.send('GET', CALENDAR, undefined, F)).text)).toEqual(['Our own']);
  });
});

describe('reports with CalDAV-Timezones (RFC 7809 §7.1)', () => {
  it.each([['calendar-multiget', multiget()], ['calendar-query', query()], ['sync-collection', sync]])('%s: the same body with and without zones, in any order', async (_, body) => {
    await using server = await filled();
    const ask = async (headers: Readonly<Record<string, string>>) => zonesOf(await server.send('REPORT', CALENDAR, body, { Depth: '1', ...headers }));
    expect([await ask({}), await ask(F), await ask(T), await ask(F)]).toEqual([DEFINED, BY_REFERENCE, DEFINED, BY_REFERENCE]);
  });

  it('PROPFIND of calendar-data too', async () => {
    await using server = await filled();
    const body = propfind('<C:calendar-data/>');
    expect(zonesOf(await server.send('PROPFIND', CALENDAR, body, { Depth: '1', ...F }))).toEqual(BY_REFERENCE);
    expect(zonesOf(await server.send('PROPFIND', CALENDAR, body, { Depth: '1' }))).toEqual(DEFINED);
  });

  it('jCal, and series of which a part is asked for', async () => {
    await using server = await filled();
    const json = await server.send('REPORT', CALENDAR, multiget('<C:calendar-data content-type="application/calendar+json" version="2.0"/>'), F);
    expect([dataOf(json, 'bare').includes('vtimezone'), dataOf(json, 'own').includes('vtimezone')]).toEqual([false, true]);
    const limited = '<C:calendar-data><C:limit-recurrence-set start="20260301T000000Z" end="20260401T000000Z"/></C:calendar-data>';
    expect(zonesOf(await server.send('REPORT', CALENDAR, multiget(limited)))).toEqual(DEFINED);
    expect(zonesOf(await server.send('REPORT', CALENDAR, multiget(limited), F))).toEqual(BY_REFERENCE);
  });

  it('nothing that was left out comes back: no zones in what is expanded, or where components are named without them (RFC 4791 §9.6)', async () => {
    await using server = await filled();
    const none = { bare: [], whole: [], own: [], utc: [] };
    for (const data of ['<C:calendar-data><C:expand start="20260301T000000Z" end="20260401T000000Z"/></C:calendar-data>', '<C:calendar-data><C:comp name="VCALENDAR"><C:comp name="VEVENT"/></C:comp></C:calendar-data>']) {
      expect(zonesOf(await server.send('REPORT', CALENDAR, multiget(data), T))).toEqual(none);
    }
    const named = '<C:calendar-data><C:comp name="VCALENDAR"><C:comp name="VTIMEZONE"/><C:comp name="VEVENT"><C:prop name="DTSTART"/></C:comp></C:comp></C:calendar-data>';
    expect(zonesOf(await server.send('REPORT', CALENDAR, multiget(named), T))).toEqual({ ...DEFINED, bare: ['Europe/Berlin'] });
  });

  it('what a bulk request gives back too (RFC 8144, calendarserver-bulk-change)', async () => {
    for (const [headers, zones] of [[F, []], [T, ['Europe/Berlin', 'America/New_York']]] as const) {
      await using server = await givenServer();
      const answer = await server.send('POST', CALENDAR, OBJECTS['bare']!, { ...headers, Prefer: 'return=representation' });
      expect([answer.status, tzids(answer.text)]).toEqual([207, zones]);
    }
  });

  it('costs the store nothing', async () => {
    await using server = await filled();
    for (const headers of [{}, F, T]) {
      server.calls();
      await server.send('GET', `${CALENDAR}bare.ics`, undefined, headers);
      expect(server.calls()).toEqual({ locate: 1 });
      await server.send('REPORT', CALENDAR, multiget(), headers);
      expect(server.calls()).toEqual({ locate: 1, findItems: 1 });
    }
  });
});

describe('objects that name zones', () => {
  it('are taken without definitions, and found in the right hour (RFC 7809 §3.1)', async () => {
    await using server = await filled();
    const find = async (start: string, end: string): Promise<boolean> => (await server.send('REPORT', CALENDAR,
      calendarQuery('<getetag/>', `<C:comp-filter name="VEVENT"><C:time-range start="${start}" end="${end}"/></C:comp-filter>`))).rows().has(`${CALENDAR}bare.ics`);
    // 09:00 in Berlin until 09:00 in New York.
    expect([await find('20260303T070000Z', '20260303T080000Z'), await find('20260303T080000Z', '20260303T081000Z'), await find('20260303T135000Z', '20260303T140000Z'), await find('20260303T140000Z', '20260303T150000Z')]).toEqual([false, true, true, false]);
  });

  it('are refused where nobody knows the zone: CALDAV:valid-timezone', async () => {
    await using server = await givenServer();
    const answer = await server.send('PUT', `${CALENDAR}mars.ics`, object('mars', [], 'DTSTART;TZID=Mars/Olympus:20260303T090000'));
    expect([answer.status, answer.condition()]).toEqual([403, 'valid-timezone']);
    expect((await server.send('GET', `${CALENDAR}mars.ics`)).status).toBe(404);
  });

  it('are refused where their own definition cannot be used', async () => {
    await using server = await givenServer();
    const answer = await server.send('PUT', `${CALENDAR}mars.ics`, object('mars', ['BEGIN:VTIMEZONE', 'TZID:Mars', 'END:VTIMEZONE'], 'DTSTART;TZID=Mars:20260303T090000'));
    expect([answer.status, answer.condition()]).toEqual([403, 'valid-timezone']);
  });

  it('that define one zone and not another are stored with both, so no ETag is told (RFC 4791 §5.3.4)', async () => {
    await using server = await givenServer();
    const answer = await server.send('PUT', `${CALENDAR}half.ics`, object('half', OWN, 'DTSTART;TZID=Our own:20260303T090000', 'DTEND;TZID=Europe/Berlin:20260303T110000'));
    expect([answer.status, answer.headers.get('etag')]).toEqual([201, null]);
    expect(tzids((await server.send('GET', `${CALENDAR}half.ics`)).text).toSorted()).toEqual(['Europe/Berlin', 'Our own']);
    expect(tzids((await server.send('GET', `${CALENDAR}half.ics`, undefined, F)).text)).toEqual(['Our own']);
  });

  it('by a Windows name keep their definition, and get one under that name', async () => {
    await using server = await givenServer();
    const name = 'W. Europe Standard Time';
    await server.send('PUT', `${CALENDAR}outlook.ics`, object('outlook', [], `DTSTART;TZID=${name}:20260303T090000`));
    expect(tzids((await server.send('GET', `${CALENDAR}outlook.ics`)).text)).toEqual([name]);
    await server.send('PUT', `${CALENDAR}outlook.ics`, object('outlook', BERLIN.map((line) => line.replace('Europe/Berlin', name)), `DTSTART;TZID=${name}:20260303T090000`));
    expect(tzids((await server.send('GET', `${CALENDAR}outlook.ics`, undefined, F)).text)).toEqual([name]);
  });
});

describe('zones named by their id', () => {
  const property = async (server: GivenServer, name: string): Promise<string | undefined> =>
    (await server.send('PROPFIND', CALENDAR, propfind(`<C:${name}/>`), { Depth: '0' })).rows().get(CALENDAR)!.properties.get(name)?.text;
  const setId = (server: GivenServer, id: string): Promise<Answer> =>
    server.send('PROPPATCH', CALENDAR, proppatch(`<C:calendar-timezone-id>${id}</C:calendar-timezone-id>`));

  it.each([['Europe/Berlin', 'Europe/Berlin'], ['US/Eastern', 'US/Eastern'], ['EST', 'EST'], ['W. Europe Standard Time', 'Europe/Berlin']])('calendar-timezone-id %s is kept as it is said, with its definition (RFC 7809 §5.2)', async (id, defined) => {
    await using server = await givenServer();
    expect((await setId(server, id)).status).toBe(207);
    expect([await property(server, 'calendar-timezone-id'), tzids((await property(server, 'calendar-timezone'))!)]).toEqual([id, [defined]]);
  });

  it('calendar-timezone-id that nobody knows is refused: CALDAV:valid-timezone, and nothing changes', async () => {
    await using server = await givenServer();
    await setId(server, 'Europe/Berlin');
    expect((await setId(server, 'Mars/Olympus')).text).toContain('<valid-timezone');
    expect(await property(server, 'calendar-timezone-id')).toBe('Europe/Berlin');
  });

  it('set a new calendar\'s zone (RFC 4791 §5.3.1), or it is not made', async () => {
    await using server = await givenServer();
    const make = (id: string): Promise<Answer> => server.send('MKCALENDAR', `${AMY_HOME}new/`, mkcalendar(`<C:calendar-timezone-id>${id}</C:calendar-timezone-id>`));
    expect([(await make('Mars/Olympus')).status, (await make('Asia/Tokyo')).status]).toEqual([207, 201]);
  });

  const dayQuery = (more: string, start: string, end: string): string =>
    calendarQuery('<getetag/>', `<C:comp-filter name="VEVENT"><C:time-range start="${start}" end="${end}"/></C:comp-filter>`, more);

  it('decide what day it is in a calendar-query (RFC 7809), before the calendar\'s own', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}day.ics`, allDay('day', '20260310').body);
    const find = async (more: string): Promise<boolean> => (await server.send('REPORT', CALENDAR, dayQuery(more, '20260309T150000Z', '20260309T160000Z'))).rows().size > 0;
    expect([await find(''), await find('<C:timezone-id>Asia/Tokyo</C:timezone-id>'), await find('<C:timezone-id>America/New_York</C:timezone-id>')]).toEqual([false, true, false]);
    await setId(server, 'Asia/Tokyo');
    expect([await find(''), await find('<C:timezone-id>Europe/Berlin</C:timezone-id>')]).toEqual([true, false]);
  });

  it('decide what day it is in a free-busy-query', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}f.ics`, object('f', [], 'DTSTART:20260310T090000', 'DTEND:20260310T100000'));
    const busy = async (more: string): Promise<string | undefined> => /^FREEBUSY.*:(.*?)\r?$/m.exec((await server.send('REPORT', CALENDAR,
      freeBusyQuery('start="20260309T000000Z" end="20260312T000000Z"', more))).text)?.[1];
    expect([await busy(''), await busy('<C:timezone-id>Asia/Tokyo</C:timezone-id>'), await busy('<C:timezone-id>US/Eastern</C:timezone-id>')]).toEqual(['20260310T090000Z/PT1H', '20260310T000000Z/PT1H', '20260310T130000Z/PT1H']);
  });

  it.each([['calendar-query', dayQuery('<C:timezone-id>bogus</C:timezone-id>', '20260309T000000Z', '20260310T000000Z')], ['free-busy-query', freeBusyQuery('start="20260309T000000Z" end="20260312T000000Z"', '<C:timezone-id>bogus</C:timezone-id>')]])('refuse a %s that names a zone nobody knows: CALDAV:valid-timezone', async (_, body) => {
    await using server = await givenServer();
    const answer = await server.send('REPORT', CALENDAR, body);
    expect([answer.status, answer.condition()]).toEqual([403, 'valid-timezone']);
  });
});
