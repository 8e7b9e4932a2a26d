/** Reports over HTTP: calendar-query (RFC 4791 §7.8), calendar-multiget (§7.9), free-busy-query (§7.10), sync-collection on calendars (RFC 6578). */
import { allDay, event, recurring, todo } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { NAMESPACES, calendarMultiget, calendarQuery, freeBusyQuery, proppatch, syncCollection } from './bodies.ts';
import { AMY_HOME, BOB_HOME, CALENDAR, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const TASKS = `${AMY_HOME}tasks/`;
const MARCH = 'start="20260301T000000Z" end="20260401T000000Z"';
const query = (filter: string, props = '<getetag/>', more = ''): string =>
  calendarQuery(props, filter, more);
const inRange = (component: string, range: string): string => `<C:comp-filter name="${component}"><C:time-range ${range}/></C:comp-filter>`;
const names = (answer: Answer, base = CALENDAR): readonly string[] => [...answer.rows().keys()].map((href) => href.slice(base.length)).toSorted();
const report = (server: GivenServer, body: string, path = CALENDAR, depth = '1', as = 'amy'): Promise<Answer> => server.send('REPORT', path, body, { Depth: depth }, as);
const data = (answer: Answer, href: string): string => answer.rows().get(href)!.properties.get('calendar-data')!.text;

async function filled(): Promise<GivenServer> {
  const server = await givenServer();
  const items = [
    event('march'), event('april', { start: '20260402T090000', end: '20260402T100000' }), recurring('daily', { rrule: 'FREQ=DAILY;COUNT=5' }), allDay('day', '20260310'),
    event('talk', { start: '20260601T090000', end: '20260601T100000', summary: 'Talk about Bögen', attendees: ['ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.com'], organizer: 'mailto:amy@example.com' }),
  ];
  for (const item of items) expect((await server.send('PUT', CALENDAR + item.name, item.body)).status).toBe(201);
  return server;
}

describe('calendar-query', () => {
  it('finds what happens in a month: single events, series, whole days (RFC 4791 §9.9)', async () => {
    await using server = await filled();
    expect(names(await report(server, query(inRange('VEVENT', MARCH))))).toEqual(['daily.ics', 'day.ics', 'march.ics']);
    expect(names(await report(server, query(inRange('VEVENT', 'start="20260305T120000Z" end="20260306T000000Z"'))))).toEqual([]);
    expect(names(await report(server, query(inRange('VEVENT', 'start="20260401T000000Z"'))))).toEqual(['april.ics', 'talk.ics']);
  });

  it('gives the very octets as calendar-data, but for line ends, which are XML\'s', async () => {
    await using server = await filled();
    const answer = await report(server, query(inRange('VEVENT', MARCH), '<getetag/><C:calendar-data/>'));
    expect(data(answer, `${CALENDAR}march.ics`)).toBe(event('march').text.replaceAll('\r\n', '\n'));
  });

  it('expands series into instances in UTC (RFC 4791 §9.6.5)', async () => {
    await using server = await filled();
    const answer = await report(server, query(inRange('VEVENT', MARCH), '<C:calendar-data><C:expand start="20260303T000000Z" end="20260305T000000Z"/></C:calendar-data>'));
    const text = data(answer, `${CALENDAR}daily.ics`);
    expect(text.match(/BEGIN:VEVENT/g)).toHaveLength(2);
    expect(text).toContain('DTSTART:20260303T080000Z');
    expect(text).toContain('RECURRENCE-ID:20260303T080000Z');
    expect(text).not.toMatch(/RRULE|VTIMEZONE/);
  });

  it('leaves out what is not asked for (RFC 4791 §9.6.1)', async () => {
    await using server = await filled();
    const partial = '<C:calendar-data><C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:comp name="VEVENT"><C:prop name="UID"/></C:comp></C:comp></C:calendar-data>';
    const text = data(await report(server, query(inRange('VEVENT', MARCH), partial)), `${CALENDAR}march.ics`);
    expect(text).toContain('UID:march');
    expect(text).not.toMatch(/SUMMARY|DTSTART|PRODID/);
  });

  it('answers jCal where that is asked for, and refuses what nobody has (RFC 4791 §7.8 supported-calendar-data)', async () => {
    await using server = await filled();
    const answer = await report(server, query(inRange('VEVENT', MARCH), '<C:calendar-data content-type="application/calendar+json"/>'));
    expect(JSON.parse(data(answer, `${CALENDAR}march.ics`))[0]).toBe('vcalendar');
    expect(answer.text).toMatch(/<calendar-data [^>]*content-type='application\/calendar\+json' version='2\.0'>/);
    expect((await report(server, query(inRange('VEVENT', MARCH), '<C:calendar-data/>'))).text).not.toContain('content-type');
    const odd = await report(server, query(inRange('VEVENT', MARCH), '<C:calendar-data content-type="text/x-nothing"/>'));
    expect([odd.status, odd.condition()]).toEqual([403, 'supported-calendar-data']);
  });

  it('matches text, parameters and absence (RFC 4791 §9.7)', async () => {
    await using server = await filled();
    const property = (filter: string): string => query(`<C:comp-filter name="VEVENT">${filter}</C:comp-filter>`);
    expect(names(await report(server, property('<C:prop-filter name="SUMMARY"><C:text-match collation="i;unicode-casemap">BÖGEN</C:text-match></C:prop-filter>')))).toEqual(['talk.ics']);
    expect(names(await report(server, property('<C:prop-filter name="SUMMARY"><C:text-match collation="i;octet">talk</C:text-match></C:prop-filter>')))).toEqual([]);
    expect(names(await report(server, property('<C:prop-filter name="ATTENDEE"><C:param-filter name="PARTSTAT"><C:text-match>needs-action</C:text-match></C:param-filter></C:prop-filter>')))).toEqual(['talk.ics']);
    expect(names(await report(server, property('<C:prop-filter name="RRULE"><C:is-not-defined/></C:prop-filter>')))).not.toContain('daily.ics');
    expect(names(await report(server, property('<C:prop-filter name="UID"><C:text-match collation="i;octet">day</C:text-match></C:prop-filter>')))).toEqual(['day.ics']);
  });

  it('finds to-dos that have no time at all, in any range (RFC 4791 §9.9)', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${TASKS}t.ics`, todo('t').body);
    expect(names(await report(server, query(inRange('VTODO', MARCH)), TASKS), TASKS)).toEqual(['t.ics']);
    expect(names(await report(server, query('<C:comp-filter name="VEVENT"/>'), TASKS), TASKS)).toEqual([]);
  });

  it('takes floating times as the query says, else as the calendar does (RFC 4791 §9.8)', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}f.ics`, event('f', { start: '20260302T003000', end: '20260302T010000' }).body);
    const before = inRange('VEVENT', 'start="20260301T230000Z" end="20260302T000000Z"');
    expect(names(await report(server, query(before)))).toEqual([]);
    expect(names(await report(server, query(before, '<getetag/>', '<C:timezone-id>Europe/Berlin</C:timezone-id>')))).toEqual(['f.ics']);
    const unknown = await report(server, query(before, '<getetag/>', '<C:timezone-id>Moon/Tranquility</C:timezone-id>'));
    expect([unknown.status, unknown.condition()]).toEqual([403, 'valid-timezone']);
    await server.send('PROPPATCH', CALENDAR, proppatch('<C:calendar-timezone-id>Europe/Berlin</C:calendar-timezone-id>'));
    expect(names(await report(server, query(before)))).toEqual(['f.ics']);
  });

  it('reads a zone that nobody else knows from the VTIMEZONE in the query', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}f.ics`, event('f', { start: '20260302T003000', end: '20260302T010000' }).body);
    const zone = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//x//y//EN', 'BEGIN:VTIMEZONE', 'TZID:Our own', 'BEGIN:STANDARD', 'DTSTART:19700101T000000', 'TZOFFSETFROM:+0200', 'TZOFFSETTO:+0200', 'END:STANDARD', 'END:VTIMEZONE', 'END:VCALENDAR', ''].join('\r\n');
    const before = inRange('VEVENT', 'start="20260301T220000Z" end="20260301T230000Z"');
    expect(names(await report(server, query(before, '<getetag/>', `<C:timezone>${zone}</C:timezone>`)))).toEqual(['f.ics']);
    expect(names(await report(server, query(before)))).toEqual([]);
    // RFC 4791 §9.8: a valid iCalendar object, so with what RFC 5545 §3.6 requires.
    const refused = await report(server, query(before, '<getetag/>', `<C:timezone>${zone.replace('VERSION:2.0\r\n', '')}</C:timezone>`));
    expect([refused.status, refused.condition()]).toEqual([403, 'valid-calendar-data']);
  });

  it('expands days in the zone that the query brings (RFC 4791 §9.8)', async () => {
    await using server = await givenServer();
    const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Test//Test//EN', 'BEGIN:VEVENT', 'UID:d', 'DTSTAMP:20260101T000000Z', 'DTSTART;VALUE=DATE:20260303', 'RRULE:FREQ=DAILY;COUNT=2', 'END:VEVENT', 'END:VCALENDAR', ''];
    await server.send('PUT', `${CALENDAR}d.ics`, lines.join('\r\n'));
    const expanding = (zone: string): string => query(inRange('VEVENT', 'start="20260304T060000Z" end="20260304T070000Z"'), '<C:calendar-data><C:expand start="20260304T060000Z" end="20260304T070000Z"/></C:calendar-data>', zone);
    expect(data(await report(server, expanding('<C:timezone-id>America/Los_Angeles</C:timezone-id>')), `${CALENDAR}d.ics`)).toMatch(/DTSTART;VALUE=DATE:20260303/);
    expect(data(await report(server, expanding('')), `${CALENDAR}d.ics`)).not.toContain('DTSTART;VALUE=DATE:20260303');
  });

  it('searches a calendar at Depth 0 too, the default, an object by itself, and a home at Depth infinity (RFC 4791 §7.8)', async () => {
    await using server = await filled();
    await server.send('PUT', `${TASKS}t.ics`, todo('t').body);
    const all = query('<C:comp-filter name="VEVENT"/>');
    expect(names(await report(server, query(inRange('VEVENT', MARCH)), CALENDAR, '0'))).toContain('march.ics');
    expect(names(await server.send('REPORT', CALENDAR, query(inRange('VEVENT', MARCH))))).toContain('march.ics');
    expect(names(await report(server, all, AMY_HOME, '0'), AMY_HOME)).toEqual([]);
    expect(names(await report(server, query(inRange('VEVENT', MARCH)), `${CALENDAR}march.ics`, '0'))).toEqual(['march.ics']);
    expect(names(await report(server, query(inRange('VEVENT', MARCH)), `${CALENDAR}april.ics`, '0'))).toEqual([]);
    expect(names(await report(server, all, AMY_HOME, 'infinity'), AMY_HOME)).toHaveLength(5);
    expect(names(await report(server, all, `${AMY_HOME}outbox/`))).toEqual([]);
  });

  it.each([
    ['valid-filter', query('<C:comp-filter name="VEVENT"><C:time-range/></C:comp-filter>')],
    ['supported-collation', query('<C:comp-filter name="VEVENT"><C:prop-filter name="UID"><C:text-match collation="x">a</C:text-match></C:prop-filter></C:comp-filter>')],
    ['valid-calendar-data', query('', '<getetag/>', '<C:timezone>nonsense</C:timezone>')],
    ['valid-filter', `<C:calendar-query ${NAMESPACES}><prop><getetag/></prop></C:calendar-query>`],
  ])('refuses what it cannot read: %s (RFC 4791 §7.8)', async (condition, body) => {
    await using server = await givenServer();
    const answer = await report(server, body);
    expect([answer.status, answer.condition()]).toEqual([403, condition]);
  });

  it('keeps to the limits of a deployment (RFC 4791 §7.8)', async () => {
    await using server = await givenServer({ limits: { queryResults: 1, queryPast: 86_400 * 365, queryFuture: 86_400 * 365 } });
    for (const uid of ['a', 'b']) await server.send('PUT', `${CALENDAR}${uid}.ics`, event(uid).body);
    const told = async (filter: string): Promise<string | undefined> => (await report(server, query(filter))).condition();
    expect(await told('<C:comp-filter name="VEVENT"/>')).toBe('number-of-matches-within-limits');
    expect(await told(inRange('VEVENT', 'start="20200101T000000Z"'))).toBe('min-date-time');
    expect(await told(inRange('VEVENT', 'end="20200101T000000Z"'))).toBe('min-date-time');
    expect(await told(inRange('VEVENT', 'start="20990101T000000Z"'))).toBe('max-date-time');
    expect(await told('<C:comp-filter name="VEVENT"><C:prop-filter name="COMPLETED"><C:time-range start="20200101T000000Z"/></C:prop-filter></C:comp-filter>')).toBeUndefined();
    expect(await told(inRange('VEVENT', 'end="20300101T000000Z"'))).toBe('max-date-time');
  });

  it('shows nobody else anything', async () => {
    await using server = await filled();
    expect((await report(server, query(inRange('VEVENT', MARCH)), CALENDAR, '1', 'bob')).status).toBe(403);
  });
});

describe('calendar-multiget', () => {
  const multiget = (hrefs: readonly string[], props = '<getetag/><C:calendar-data/>'): string =>
    calendarMultiget(props, hrefs);

  it('gives the named objects, and 404 for those that are not there', async () => {
    await using server = await filled();
    const rows = (await report(server, multiget([`${CALENDAR}march.ics`, `${CALENDAR}none.ics`, `${CALENDAR}day.ics`]))).rows();
    expect([...rows].map(([href, { status }]) => [href.slice(CALENDAR.length), status])).toEqual(expect.arrayContaining([['march.ics', undefined], ['none.ics', 404], ['day.ics', undefined]]));
    expect(rows.get(`${CALENDAR}march.ics`)!.properties.get('calendar-data')!.text).toContain('UID:march');
  });

  it('takes any spelling of a path, and any calendar the caller may read', async () => {
    await using server = await filled();
    await server.send('PUT', `${TASKS}t.ics`, todo('t').body);
    const rows = (await report(server, multiget([`http://cal.example.com${CALENDAR}m%61rch.ics`, `${TASKS}t.ics`]))).rows();
    expect([...rows.values()].map(({ status }) => status)).toEqual([undefined, undefined]);
  });

  it('tells nothing of what the caller may not read, there or not', async () => {
    await using server = await filled();
    await server.send('PUT', `${BOB_HOME}calendar/b.ics`, event('b').body, {}, 'bob');
    const rows = (await report(server, multiget([`${BOB_HOME}calendar/b.ics`, `${BOB_HOME}calendar/none.ics`]))).rows();
    expect([...rows.values()].map(({ status }) => status)).toEqual([403, 403]);
  });

  it('needs an href, and takes no more than the limit', async () => {
    await using server = await givenServer({ limits: { multigetHrefs: 1 } });
    expect((await report(server, multiget([]))).status).toBe(400);
    expect((await report(server, multiget(['/a', '/b']))).condition()).toBe('number-of-matches-within-limits');
  });
});

describe('free-busy-query', () => {
  const periods = ({ text }: Answer): readonly string[] => text.replaceAll(/\r\n /g, '').match(/^FREEBUSY.*$/gm)?.map((line) => line.trimEnd()) ?? [];

  it('says when somebody is busy, and nothing else (RFC 4791 §7.10)', async () => {
    await using server = await filled();
    await server.send('PUT', `${CALENDAR}free.ics`, event('free', { start: 1_772_460_000, transparent: true }).body);
    await server.send('PUT', `${CALENDAR}maybe.ics`, event('maybe', { start: 1_772_470_800, status: 'TENTATIVE' }).body);
    const answer = await report(server, freeBusyQuery('start="20260302T000000Z" end="20260303T000000Z"'));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/calendar;charset=utf-8']);
    expect(answer.text).not.toMatch(/SUMMARY|march/);
    expect(periods(answer).join('\n')).toContain('20260302T080000Z');
    expect(periods(answer).join('\n')).toContain('20260302T090000Z');
    expect(periods(answer).join('\n')).not.toContain('20260302T140000Z');
    expect(periods(answer).some((line) => line.includes('BUSY-TENTATIVE') && line.includes('20260302T170000Z'))).toBe(true);
  });

  it('may be asked by colleagues, who may read nothing', async () => {
    await using server = await filled();
    const answer = await report(server, freeBusyQuery(MARCH), CALENDAR, '1', 'bob');
    expect([answer.status, periods(answer).length > 0]).toEqual([200, true]);
  });

  it('asks all calendars of a home at Depth 1', async () => {
    await using server = await filled();
    expect(periods(await report(server, freeBusyQuery(MARCH), AMY_HOME, '1')).length).toBeGreaterThan(0);
    expect(periods(await report(server, freeBusyQuery(MARCH), AMY_HOME, '0'))).toEqual([]);
  });

  it('needs a whole range, and is not for inboxes', async () => {
    await using server = await givenServer();
    expect((await report(server, freeBusyQuery('start="20260302T000000Z"'))).condition()).toBe('valid-filter');
    expect((await report(server, freeBusyQuery(MARCH), `${AMY_HOME}inbox/`)).condition()).toBe('supported-report');
  });

  it('has a URL of its own, with parameters', async () => {
    await using server = await filled();
    const url = `${AMY_HOME}freebusy`;
    const answer = await server.send('GET', `${url}?start=20260302T000000Z&end=20260303T000000Z`, undefined, {}, 'bob');
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('METHOD:REPLY');
    expect(answer.text).toContain('mailto:amy@example.com');
    expect((await server.send('GET', `${url}?start=yesterday`)).condition()).toBe('valid-query-parameters');
    expect((await server.send('GET', `${url}?token=x`)).status).toBe(406);
    expect((await server.send('GET', url, undefined, {}, null)).status).toBe(401);
  });
});

describe('sync-collection of a calendar (RFC 6578)', () => {
  const sync = (token: string): string => syncCollection('<getetag/>', token);
  const tokenOf = (answer: Answer): string => answer.xml().children.find(({ name }) => name.local === 'sync-token')!.text;

  it('tells what was made, changed and removed since the token', async () => {
    await using server = await filled();
    const first = await report(server, sync(''), CALENDAR, '0');
    expect(names(first)).toHaveLength(5);
    await server.send('PUT', `${CALENDAR}new.ics`, event('new').body);
    await server.send('DELETE', `${CALENDAR}march.ics`);
    const second = await report(server, sync(tokenOf(first)), CALENDAR, '0');
    expect([...second.rows()].map(([href, { status }]) => [href.slice(CALENDAR.length), status]).toSorted()).toEqual([['march.ics', 404], ['new.ics', undefined]]);
    expect(names(await report(server, sync(tokenOf(second)), CALENDAR, '0'))).toEqual([]);
  });
});
