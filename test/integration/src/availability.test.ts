/** Availability over HTTP (RFC 7953): the property of an inbox, VAVAILABILITY objects in calendars, and what both do to free-busy answers. */
import { event } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { NAMESPACES, freeBusyQuery, mkcalendar, propfind, proppatch } from './bodies.ts';
import { AMY_HOME, BOB_HOME, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const INBOX = `${AMY_HOME}inbox/`;
const HOURS = `${AMY_HOME}hours/`;
const NAMES = ['C:calendar-availability', 'CS:calendar-availability'] as const;

const calendar = (...components: readonly string[]): string => ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//x//y//EN', ...components, 'END:VCALENDAR', ''].join('\r\n');
const vavailability = (uid: string, lines: readonly string[], ...inside: readonly string[]): string =>
  ['BEGIN:VAVAILABILITY', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', ...lines, ...inside, 'END:VAVAILABILITY'].join('\r\n');
const available = (uid: string, start: string, end: string, ...lines: readonly string[]): string =>
  ['BEGIN:AVAILABLE', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', `DTSTART${start}`, ...(end === '' ? [] : [`DTEND${end}`]), ...lines, 'END:AVAILABLE'].join('\r\n');
/** Monday 2026-03-02 is the first of them. */
const OFFICE = available('office', ';TZID=Europe/Berlin:20260302T090000', ';TZID=Europe/Berlin:20260302T170000', 'RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR');

const set = (server: GivenServer, value: string, name: string = NAMES[0], as = 'amy', path = INBOX): Promise<Answer> =>
  server.send('PROPPATCH', path, proppatch(`<${name}>${value}</${name}>`), {}, as);
const get = (server: GivenServer, attributes = ''): Promise<Answer> =>
  server.send('PROPFIND', INBOX, propfind(NAMES.map((name) => `<${name}${attributes}/>`).join('')), { Depth: '0' });
const day = (date: string): string => `start="${date}T000000Z" end="${String(Number(date) + 1)}T000000Z"`;
const busy = (text: string): readonly string[] => text.replaceAll(/\r\n /g, '').split('\r\n').filter((line) => line.startsWith('FREEBUSY')).flatMap((line) => {
  const [head, periods] = line.slice('FREEBUSY;FBTYPE='.length).split(':') as [string, string];
  return periods.split(',').map((period) => `${head} ${period}`);
});
const query = async (server: GivenServer, path: string, date: string): Promise<readonly string[]> =>
  busy((await server.send('REPORT', path, freeBusyQuery(day(date)), { Depth: '1' })).text);
const ask = async (server: GivenServer, date: string, as = 'bob'): Promise<readonly string[]> => {
  const home = as === 'bob' ? BOB_HOME : AMY_HOME;
  const body = calendar('METHOD:REQUEST', ['BEGIN:VFREEBUSY', 'UID:q', 'DTSTAMP:20260101T000000Z', `ORGANIZER:mailto:${as}@example.com`, 'ATTENDEE:mailto:amy@example.com', `DTSTART:${date}T000000Z`, `DTEND:${String(Number(date) + 1)}T000000Z`, 'END:VFREEBUSY'].join('\r\n'));
  const answer = await server.send('POST', `${home}outbox/`, body, {}, as);
  const data = answer.xml().children[0]!.children.find(({ name }) => name.local === 'calendar-data')!.text;
  return busy(data.replaceAll('\n', '\r\n'));
};
const hours = async (server: GivenServer, ...objects: readonly string[]): Promise<void> => {
  await server.send('MKCALENDAR', HOURS, mkcalendar('<C:supported-calendar-component-set><C:comp name="VEVENT"/><C:comp name="VAVAILABILITY"/></C:supported-calendar-component-set>'));
  for (const [index, object] of objects.entries()) expect((await server.send('PUT', `${HOURS}${index}.ics`, calendar(object))).status).toBe(201);
};

describe('CALDAV:calendar-availability of an inbox (RFC 7953 §7.2.4)', () => {
  it('is advertised in the DAV header (§7.2.1), not in allprop', async () => {
    await using server = await givenServer();
    const dav = (await server.send('OPTIONS', `${AMY_HOME}calendar/`)).headers.get('dav')!.split(', ');
    expect(dav).toContain('calendar-availability');
    expect(dav).toContain('inbox-availability');
    await set(server, calendar(vavailability('a', [], OFFICE)));
    expect((await server.send('PROPFIND', INBOX, `<propfind ${NAMESPACES}><allprop/></propfind>`, { Depth: '0' })).text).not.toContain('availability');
  });

  it.each(NAMES)('set as %s is read under both names, and removed under either', async (name) => {
    await using server = await givenServer();
    const value = calendar(vavailability('a', [], OFFICE));
    expect((await set(server, value, name)).text).toContain('200 OK');
    const answer = await get(server);
    expect(answer.text.match(/BEGIN:VAVAILABILITY/g)).toHaveLength(2);
    await server.send('PROPPATCH', INBOX, `<propertyupdate ${NAMESPACES}><remove><prop><${name}/></prop></remove></propertyupdate>`);
    expect((await get(server)).text).not.toContain('VAVAILABILITY');
  });

  it('is jCal where that is asked for, and may be set as jCal (RFC 7265)', async () => {
    await using server = await givenServer();
    await set(server, calendar(vavailability('a', [], OFFICE)));
    const json = JSON.parse([...(await get(server, ' content-type="application/calendar+json"')).rows().values()][0]!.properties.get('calendar-availability')!.text) as readonly unknown[];
    expect(json[0]).toBe('vcalendar');
    const body = proppatch(`<C:calendar-availability content-type="application/calendar+json">${JSON.stringify(json)}</C:calendar-availability>`);
    expect((await server.send('PROPPATCH', INBOX, body)).text).toContain('200 OK');
    expect((await get(server)).text).toContain('BEGIN:AVAILABLE');
  });

  it.each([
    ['no calendar data', 'This is not a calendar!'],
    ['an event', calendar('BEGIN:VEVENT\r\nUID:x\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nEND:VEVENT')],
    ['two VAVAILABILITY', calendar(vavailability('a', [], OFFICE), vavailability('b', [], OFFICE))],
    ['one with a METHOD', calendar('METHOD:PUBLISH', vavailability('a', [], OFFICE))],
    ['one without UID (§3.1)', calendar(vavailability('a', [], OFFICE).replace('UID:a\r\n', ''))],
    ['AVAILABLE without DTSTART (§3.1)', calendar(vavailability('a', [], 'BEGIN:AVAILABLE\r\nUID:b\r\nDTSTAMP:20260101T000000Z\r\nEND:AVAILABLE'))],
    ['AVAILABLE without UID (§3.1)', calendar(vavailability('a', [], OFFICE.replace('UID:office\r\n', '')))],
    ['days instead of times (§3.1)', calendar(vavailability('a', ['DTSTART;VALUE=DATE:20260101']))],
    ['floating times (§3.1)', calendar(vavailability('a', [], available('b', ':20260101T090000', ':20260101T100000')))],
    ['DURATION without DTSTART (§3.1)', calendar(vavailability('a', ['DURATION:P1D']))],
    ['DTEND and DURATION that disagree (§3.1)', calendar(vavailability('a', ['DTSTART:20260101T000000Z', 'DTEND:20260103T000000Z', 'DURATION:P1D']))],
    ['an end before the start', calendar(vavailability('a', ['DTSTART:20260103T000000Z', 'DTEND:20260101T000000Z']))],
    ['a zone that nobody knows', calendar(vavailability('a', ['DTSTART;TZID=Nowhere/Land:20260101T000000']))],
    ['a rule that is none', calendar(vavailability('a', [], OFFICE.replace('FREQ=WEEKLY', 'FREQ=SOMETIMES')))],
  ])('refuses %s', async (_what, value) => {
    await using server = await givenServer();
    expect((await set(server, value)).text).toMatch(/HTTP\/1\.1 403 .*<valid-calendar-data/);
    expect((await get(server)).text).not.toContain('VAVAILABILITY');
  });

  it('is its owner\'s to set, and nobody else\'s to read', async () => {
    await using server = await givenServer();
    expect((await set(server, calendar(vavailability('a', [], OFFICE)), NAMES[0], 'bob')).status).toBe(403);
    await set(server, calendar(vavailability('a', [], OFFICE)));
    expect((await server.send('PROPFIND', INBOX, propfind('<C:calendar-availability/>'), { Depth: '0' }, 'bob')).text).not.toContain('VAVAILABILITY');
  });
});

describe('a free-busy request (RFC 7953 §7.2.5)', () => {
  it('tells what the inbox says, AVAILABLE carved out, events overlaid (§4)', async () => {
    await using server = await givenServer();
    await set(server, calendar(vavailability('a', [], OFFICE)));
    await server.send('PUT', `${AMY_HOME}calendar/a.ics`, event('a', { start: '20260304T120000', end: '20260304T130000' }).body);
    expect(await ask(server, '20260304')).toEqual(['BUSY 20260304T120000Z/PT1H', 'BUSY-UNAVAILABLE 20260304T000000Z/20260304T080000Z', 'BUSY-UNAVAILABLE 20260304T160000Z/20260305T000000Z']);
    expect(await ask(server, '20260307')).toEqual(['BUSY-UNAVAILABLE 20260307T000000Z/20260308T000000Z']);
  });

  it('counts what calendars hold beside it, but not those that make nobody busy (RFC 6638 §9.1)', async () => {
    await using server = await givenServer();
    await hours(server, vavailability('a', ['BUSYTYPE:BUSY-TENTATIVE'], OFFICE));
    expect(await ask(server, '20260307')).toEqual(['BUSY-TENTATIVE 20260307T000000Z/P1D']);
    await server.send('PROPPATCH', HOURS, proppatch('<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>'));
    expect(await ask(server, '20260307')).toEqual([]);
  });

  it('tells periods and nothing else: no summary, no place (§9)', async () => {
    await using server = await givenServer();
    await set(server, calendar(vavailability('a', ['SUMMARY:At the sea', 'LOCATION:Rügen'], OFFICE)));
    const answer = await server.send('GET', `${AMY_HOME}freebusy?start=20260304T000000Z&end=20260305T000000Z`);
    expect(busy(answer.text)).toHaveLength(2);
    expect(answer.text).not.toMatch(/sea|Rügen/);
  });

  it('costs no statement more, with availability or without', async () => {
    await using server = await givenServer();
    await ask(server, '20260304');
    server.calls();
    await ask(server, '20260304');
    const before = server.calls();
    await set(server, calendar(vavailability('a', [], OFFICE)));
    server.calls();
    await ask(server, '20260304');
    expect(server.calls()).toEqual(before);
  });
});

describe('VAVAILABILITY in a calendar (RFC 7953 §7.1)', () => {
  it('is stored where the calendar takes it, and given back as it came; elsewhere it is refused (RFC 4791 §5.2.3)', async () => {
    await using server = await givenServer();
    const object = vavailability('a', ['DTSTART:20260301T000000Z', 'PRIORITY:5'], available('b', ':20260302T090000Z', ':20260302T170000Z', 'RRULE:FREQ=WEEKLY'));
    await hours(server, object);
    expect((await server.send('GET', `${HOURS}0.ics`)).text).toBe(calendar(object));
    expect((await server.send('PUT', `${AMY_HOME}calendar/a.ics`, calendar(object))).condition()).toBe('supported-calendar-component');
  });

  it('is aggregated by a free-busy-query of that calendar (§7.2.3), and not the inbox\'s', async () => {
    await using server = await givenServer();
    await hours(server, vavailability('a', ['DTSTART:20260304T060000Z', 'DTEND:20260304T180000Z'], OFFICE));
    await set(server, calendar(vavailability('b', [])));
    expect(await query(server, HOURS, '20260304')).toEqual(['BUSY-UNAVAILABLE 20260304T060000Z/20260304T080000Z', 'BUSY-UNAVAILABLE 20260304T160000Z/20260304T180000Z']);
    expect(await query(server, HOURS, '20260305')).toEqual([]);
    expect(await query(server, AMY_HOME, '20260304')).toEqual(['BUSY-UNAVAILABLE 20260304T060000Z/20260304T080000Z', 'BUSY-UNAVAILABLE 20260304T160000Z/20260304T180000Z']);
  });

  it('recurs with exceptions: EXDATE is no free time, an override moves it (§3.1)', async () => {
    await using server = await givenServer();
    const moved = available('office', ';TZID=Europe/Berlin:20260304T120000', ';TZID=Europe/Berlin:20260304T140000', 'RECURRENCE-ID;TZID=Europe/Berlin:20260304T090000');
    await hours(server, vavailability('a', [], OFFICE.replace('RRULE', 'EXDATE;TZID=Europe/Berlin:20260305T090000\r\nRRULE'), moved));
    expect(await query(server, HOURS, '20260304')).toEqual(['BUSY-UNAVAILABLE 20260304T000000Z/20260304T110000Z', 'BUSY-UNAVAILABLE 20260304T130000Z/20260305T000000Z']);
    expect(await query(server, HOURS, '20260305')).toEqual(['BUSY-UNAVAILABLE 20260305T000000Z/20260306T000000Z']);
  });

  it('of higher priority lies over that of lower (§4): 1 is the highest, 0 the lowest', async () => {
    await using server = await givenServer();
    const holiday = vavailability('b', ['PRIORITY:1', 'BUSYTYPE:BUSY', 'DTSTART:20260304T120000Z', 'DTEND:20260304T140000Z']);
    const open = vavailability('c', ['PRIORITY:2', 'DTSTART:20260304T180000Z', 'DTEND:20260304T200000Z'], available('d', ':20260304T180000Z', ''));
    await hours(server, vavailability('a', ['PRIORITY:0'], OFFICE), open, holiday);
    expect(await query(server, HOURS, '20260304')).toEqual([
      'BUSY 20260304T120000Z/PT2H', 'BUSY-UNAVAILABLE 20260304T000000Z/20260304T080000Z', 'BUSY-UNAVAILABLE 20260304T160000Z/20260304T180000Z', 'BUSY-UNAVAILABLE 20260304T200000Z/20260305T000000Z',
    ]);
  });

  it('of the same priority is BUSY before BUSY-UNAVAILABLE before BUSY-TENTATIVE (§4)', async () => {
    await using server = await givenServer();
    const of = (uid: string, type: string, from: string): string => vavailability(uid, [`BUSYTYPE:${type}`, `DTSTART:20260304T${from}Z`, 'DTEND:20260304T120000Z']);
    await hours(server, of('a', 'BUSY', '100000'), of('b', 'X-AWAY', '080000'), of('c', 'BUSY-TENTATIVE', '060000'));
    expect(await query(server, HOURS, '20260304')).toEqual(['BUSY 20260304T100000Z/PT2H', 'BUSY-TENTATIVE 20260304T060000Z/PT2H', 'BUSY-UNAVAILABLE 20260304T080000Z/20260304T100000Z']);
  });

  it('is found by time: with both ends, one, or none (§7.2.2); AVAILABLE by its instances', async () => {
    await using server = await givenServer();
    await hours(
      server, vavailability('both', ['DTSTART:20260304T000000Z', 'DTEND:20260305T000000Z']), vavailability('lasting', ['DTSTART:20260304T000000Z', 'DURATION:PT6H']),
      vavailability('until', ['DTEND:20260304T000000Z']), vavailability('since', ['DTSTART:20260304T000000Z']), vavailability('always', [], OFFICE),
    );
    const find = async (start: string, end: string, inside = false): Promise<readonly string[]> => {
      const range = `<C:time-range start="${start}" end="${end}"/>`;
      const filter = `<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VAVAILABILITY">${inside ? `<C:comp-filter name="AVAILABLE">${range}</C:comp-filter>` : range}</C:comp-filter></C:comp-filter></C:filter>`;
      const answer = await server.send('REPORT', HOURS, `<C:calendar-query ${NAMESPACES}><prop><getetag/></prop>${filter}</C:calendar-query>`, { Depth: '1' });
      return [...answer.rows().keys()].map((href) => href.slice(HOURS.length, -4)).toSorted();
    };
    expect(await find('20260303T000000Z', '20260304T000000Z')).toEqual(['2', '4']);
    expect(await find('20260304T080000Z', '20260304T120000Z')).toEqual(['0', '3', '4']);
    expect(await find('20260304T050000Z', '20260304T060000Z')).toEqual(['0', '1', '3', '4']);
    expect(await find('20260304T080000Z', '20260304T120000Z', true)).toEqual(['4']);
    expect(await find('20260307T080000Z', '20260307T120000Z', true)).toEqual([]);
  });

  it('does not slow down calendars without any: one statement', async () => {
    await using server = await givenServer();
    await hours(server);
    server.calls();
    await query(server, HOURS, '20260304');
    expect(server.calls()).toEqual({ locate: 1, queryItems: 1 });
  });
});
