/** Default alarms over HTTP (Apple's caldav extension): four properties of homes and calendars, and what they add to events and to-dos that are made. */
import { allDay, event, recurring, todo } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { NAMESPACES, mkcalendar, propfind, proppatch } from './bodies.ts';
import { AMY_HOME, BOB_HOME, CALENDAR, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const TASKS = `${AMY_HOME}tasks/`;
const ALARM = 'BEGIN:VALARM\nUID:default\nDESCRIPTION:Soon\nTRIGGER:-PT15M\nACTION:DISPLAY\nEND:VALARM\n';

const set = (server: GivenServer, path: string, purpose: string, value: string, as = 'amy'): Promise<Answer> =>
  server.send('PROPPATCH', path, proppatch(`<C:default-alarm-${purpose}><![CDATA[${value}]]></C:default-alarm-${purpose}>`), {}, as);
const remove = (server: GivenServer, path: string, purpose: string): Promise<Answer> =>
  server.send('PROPPATCH', path, `<propertyupdate ${NAMESPACES}><remove><prop><C:default-alarm-${purpose}/></prop></remove></propertyupdate>`);
const get = (server: GivenServer, path: string, purpose: string): Promise<Answer> =>
  server.send('PROPFIND', path, propfind(`<C:default-alarm-${purpose}/>`), { Depth: '0' });
const value = (answer: Answer): string | undefined => [...answer.rows().values()][0]!.properties.values().next().value?.text;
const put = async (server: GivenServer, path: string, body: string | Uint8Array): Promise<{ readonly answer: Answer; readonly text: string }> => {
  const answer = await server.send('PUT', path, body);
  return { answer, text: (await server.send('GET', path)).text };
};

describe('the properties', () => {
  it('of homes and calendars are kept, read and removed; a calendar does not show its home\'s', async () => {
    await using server = await givenServer();
    for (const path of [AMY_HOME, CALENDAR]) {
      expect((await get(server, path, 'vevent-datetime')).text).toContain('404');
      expect((await set(server, path, 'vevent-datetime', ALARM)).rows().get(path)!.properties.has('default-alarm-vevent-datetime')).toBe(true);
      expect(value(await get(server, path, 'vevent-datetime'))).toBe(ALARM);
      expect((await remove(server, path, 'vevent-datetime')).status).toBe(207);
      expect((await get(server, path, 'vevent-datetime')).text).toContain('404');
    }
    await set(server, AMY_HOME, 'vevent-date', ALARM);
    expect((await get(server, CALENDAR, 'vevent-date')).text).toContain('404');
  });

  it('may be empty, and can be set when a calendar is made', async () => {
    await using server = await givenServer();
    await set(server, CALENDAR, 'vtodo-date', '');
    expect(value(await get(server, CALENDAR, 'vtodo-date'))).toBe('');
    const body = mkcalendar(`<C:default-alarm-vtodo-date>${ALARM}</C:default-alarm-vtodo-date>`);
    expect((await server.send('MKCALENDAR', `${AMY_HOME}new/`, body)).status).toBe(201);
    expect(value(await get(server, `${AMY_HOME}new/`, 'vtodo-date'))).toBe(ALARM);
  });

  it.each([
    ['no calendar data', 'Not\nCalendar\nData'],
    ['two alarms', ALARM + ALARM],
    ['an event', 'BEGIN:VEVENT\nUID:x\nEND:VEVENT'],
    ['what closes the event that it is read in', `${ALARM}END:VEVENT\nBEGIN:VEVENT\nUID:x\nDTSTAMP:20260101T000000Z\nDTSTART:20260101T000000Z\n`],
    ['a property of the event that it is read in', `SUMMARY:mine\n${ALARM}`],
    ['an alarm without ACTION (RFC 5545 §3.6.6)', ALARM.replace('ACTION:DISPLAY\n', '')],
    ['an alarm without TRIGGER (RFC 5545 §3.6.6)', ALARM.replace('TRIGGER:-PT15M\n', '')],
    ['an alarm whose trigger is no time (RFC 5545 §3.8.6.3)', ALARM.replace('-PT15M', 'soon')],
  ])('refuse %s: 409, CALDAV:valid-calendar-data', async (_what, text) => {
    await using server = await givenServer();
    const answer = await set(server, CALENDAR, 'vevent-date', text);
    expect(answer.text).toMatch(/HTTP\/1\.1 409 .*<valid-calendar-data/);
    expect((await get(server, CALENDAR, 'vevent-date')).text).toContain('404');
  });

  it.each(['inbox/', 'outbox/', 'notification/', 'dropbox/'])('are protected in %s: nothing is made there that could have an alarm', async (segment) => {
    await using server = await givenServer();
    expect((await set(server, AMY_HOME + segment, 'vevent-date', ALARM)).text).toContain('HTTP/1.1 403');
  });

  it('are named in the DAV header', async () => {
    await using server = await givenServer();
    expect((await server.send('OPTIONS', CALENDAR)).headers.get('dav')).toContain('calendar-default-alarms');
  });

  it('are nobody else\'s to set', async () => {
    await using server = await givenServer();
    expect((await set(server, CALENDAR, 'vevent-date', ALARM, 'bob')).status).toBe(403);
  });
});

describe('a new object', () => {
  it('gets its home\'s alarm, marked as a default one; and the answer no ETag, for stored is not what was sent (RFC 4791 §5.3.4)', async () => {
    await using server = await givenServer();
    await set(server, AMY_HOME, 'vevent-datetime', ALARM);
    const { answer, text } = await put(server, `${CALENDAR}a.ics`, event('a').body);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('etag')).toBeNull();
    expect(text).toContain('BEGIN:VALARM\r\nUID:default\r\nDESCRIPTION:Soon\r\nTRIGGER:-PT15M\r\nACTION:DISPLAY\r\nX-APPLE-DEFAULT-ALARM:TRUE\r\nEND:VALARM\r\nEND:VEVENT');
  });

  it('is found by the time of that alarm: facts are those of what is stored (RFC 4791 §9.9)', async () => {
    await using server = await givenServer();
    await set(server, AMY_HOME, 'vevent-datetime', ALARM.replace('-PT15M', '-P3D'));
    await server.send('PUT', `${CALENDAR}a.ics`, event('a', { start: '20260310T090000', end: '20260310T100000' }).body);
    const filter = '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:comp-filter name="VALARM"><C:time-range start="20260306T000000Z" end="20260308T000000Z"/></C:comp-filter></C:comp-filter></C:comp-filter></C:filter>';
    const answer = await server.send('REPORT', CALENDAR, `<C:calendar-query ${NAMESPACES}><prop><getetag/></prop>${filter}</C:calendar-query>`, { Depth: '1' });
    expect([...answer.rows().keys()]).toEqual([`${CALENDAR}a.ics`]);
  });

  it('takes its calendar\'s alarm before the home\'s, and none where the calendar\'s is empty', async () => {
    await using server = await givenServer();
    await set(server, AMY_HOME, 'vevent-datetime', ALARM);
    await set(server, CALENDAR, 'vevent-datetime', ALARM.replace('Soon', 'Very soon'));
    expect((await put(server, `${CALENDAR}a.ics`, event('a').body)).text).toContain('DESCRIPTION:Very soon');
    await set(server, CALENDAR, 'vevent-datetime', '');
    const { answer, text } = await put(server, `${CALENDAR}b.ics`, event('b').body);
    expect(text).not.toContain('VALARM');
    expect(answer.headers.get('etag')).not.toBeNull();
  });

  it('takes the one for its kind: events and to-dos, with a time and of whole days', async () => {
    await using server = await givenServer();
    for (const purpose of ['vevent-datetime', 'vevent-date', 'vtodo-datetime', 'vtodo-date']) await set(server, AMY_HOME, purpose, ALARM.replace('Soon', purpose));
    expect((await put(server, `${CALENDAR}a.ics`, event('a').body)).text).toContain('DESCRIPTION:vevent-datetime');
    expect((await put(server, `${CALENDAR}b.ics`, allDay('b', '20260310').body)).text).toContain('DESCRIPTION:vevent-date\r\n');
    const plain = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:#\r\nDTSTAMP:20260101T000000Z\r\nEND:VTODO\r\nEND:VCALENDAR\r\n';
    const due = (uid: string, line: string): string => plain.replace('#', `${uid}\r\n${line}`);
    expect((await put(server, `${TASKS}c.ics`, due('c', 'DUE:20260310T090000Z'))).text).toContain('DESCRIPTION:vtodo-datetime');
    expect((await put(server, `${TASKS}d.ics`, due('d', 'DUE;VALUE=DATE:20260310'))).text).toContain('DESCRIPTION:vtodo-date\r\n');
    expect((await put(server, `${TASKS}e.ics`, plain.replace('#', 'e'))).text).not.toContain('VALARM');
  });

  it('gets it in each of its parts that has none; one with an alarm of its own keeps just that', async () => {
    await using server = await givenServer();
    await set(server, AMY_HOME, 'vevent-datetime', ALARM);
    const master = recurring('r').text;
    const override = /BEGIN:VEVENT[^]*END:VEVENT\r\n/.exec(event('r', { start: '20260303T110000', end: '20260303T120000', alarm: 5, lines: ['RECURRENCE-ID;TZID=Europe/Berlin:20260303T090000'] }).text)![0];
    const { text } = await put(server, `${CALENDAR}r.ics`, master.replace('END:VCALENDAR', `${override}END:VCALENDAR`));
    expect(text.match(/BEGIN:VALARM/g)).toHaveLength(2);
    expect(text.match(/X-APPLE-DEFAULT-ALARM:TRUE/g)).toHaveLength(1);
  });

  it('with an alarm, also one that does nothing, stays as it was sent and has its ETag', async () => {
    await using server = await givenServer();
    await set(server, AMY_HOME, 'vevent-datetime', ALARM);
    const none = 'BEGIN:VALARM\r\nACTION:NONE\r\nTRIGGER;VALUE=DATE-TIME:19760401T005545Z\r\nEND:VALARM\r\n';
    const sent = event('a').text.replace('END:VEVENT', `${none}END:VEVENT`);
    const { answer, text } = await put(server, `${CALENDAR}a.ics`, sent);
    expect(text).toBe(sent);
    expect(answer.headers.get('etag')).not.toBeNull();
  });

  it('gets no default that does nothing (ACTION:NONE)', async () => {
    await using server = await givenServer();
    const answer = await set(server, AMY_HOME, 'vevent-datetime', 'BEGIN:VALARM\nUID:none\nACTION:NONE\nEND:VALARM\n');
    expect(answer.text).toContain('200 OK');
    expect((await put(server, `${CALENDAR}a.ics`, event('a').body)).text).not.toContain('VALARM');
  });
});

describe('nothing is added', () => {
  it('to what is there already: only making adds an alarm', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    await set(server, AMY_HOME, 'vevent-datetime', ALARM);
    const { answer, text } = await put(server, `${CALENDAR}a.ics`, event('a', { summary: 'changed' }).body);
    expect(text).not.toContain('VALARM');
    expect(answer.headers.get('etag')).not.toBeNull();
  });

  it('by the default of whoever only looks at a calendar', async () => {
    await using server = await givenServer();
    await set(server, BOB_HOME, 'vevent-datetime', ALARM, 'bob');
    expect((await put(server, `${CALENDAR}a.ics`, event('a').body)).text).not.toContain('VALARM');
  });

  it('at the cost of a statement: one to look, one to write', async () => {
    await using server = await givenServer();
    await set(server, AMY_HOME, 'vevent-datetime', ALARM);
    server.calls();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    expect(server.calls()).toEqual({ locate: 1, write: 1 });
    expect((await put(server, `${TASKS}t.ics`, todo('t').body)).answer.status).toBe(201);
  });
});
