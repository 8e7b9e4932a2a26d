/**
 * tsdav from npm: principal, home, calendars, create, search, sync; Basic, nothing told but URL and account.
 */
import { createDAVClient } from 'tsdav';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';

const event = (uid: string, summary: string, day: string): string => [
  'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//tsdav test//EN', 'BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z',
  `DTSTART:${day}T100000Z`, `DTEND:${day}T110000Z`, `SUMMARY:${summary}`, 'END:VEVENT', 'END:VCALENDAR', '',
].join('\r\n');

describe('tsdav', () => {
  let server: ServerProcess;
  beforeAll(async () => { server = await startServerProcess(); });
  afterAll(async () => { await server[Symbol.asyncDispose](); });

  it('discovers, creates, searches and syncs', async () => {
    const client = await createDAVClient({ serverUrl: server.url, credentials: { username: 'alice', password: 'alice' }, authMethod: 'Basic', defaultAccountType: 'caldav' });
    const calendars = await client.fetchCalendars();
    expect(calendars.map(({ url }) => new URL(url).pathname.split('/').at(-2)).sort()).toEqual(expect.arrayContaining(['calendar', 'tasks']));
    const calendar = calendars.find(({ url }) => url.endsWith('/calendar/'))!;

    const created = await client.createCalendarObject({ calendar, filename: 'one.ics', iCalString: event('tsdav-1', 'Tea', '20260310') });
    expect(created.status).toBe(201);
    await client.createCalendarObject({ calendar, filename: 'two.ics', iCalString: event('tsdav-2', 'Late', '20270310') });

    const inMarch = await client.fetchCalendarObjects({ calendar, timeRange: { start: '2026-03-01T00:00:00Z', end: '2026-04-01T00:00:00Z' } });
    expect(inMarch).toHaveLength(1);
    // tsdav trims what it read.
    expect(inMarch[0]!.data).toBe(event('tsdav-1', 'Tea', '20260310').trim());

    const first = await client.syncCollection({ url: calendar.url, props: { 'd:getetag': {} }, syncLevel: 1, syncToken: '' });
    expect(first.filter(({ href }) => href?.endsWith('.ics'))).toHaveLength(2);
    const removed = await client.deleteCalendarObject({ calendarObject: inMarch[0]! });
    expect(removed.status).toBe(204);
    expect(await client.fetchCalendarObjects({ calendar })).toHaveLength(1);
  });

  it('makes a calendar and finds it', async () => {
    const client = await createDAVClient({ serverUrl: server.url, credentials: { username: 'bob', password: 'bob' }, authMethod: 'Basic', defaultAccountType: 'caldav' });
    const home = (await client.fetchCalendars())[0]!.url.replace(/[^/]+\/$/, '');
    const [answer] = await client.makeCalendar({ url: `${home}holidays/`, props: { 'd:displayname': 'Holidays' } });
    expect(answer?.status ?? 201).toBe(201);
    expect((await client.fetchCalendars()).map(({ displayName }) => displayName)).toContain('Holidays');
  });

  it('is turned away with a wrong password', async () => {
    await expect(createDAVClient({ serverUrl: server.url, credentials: { username: 'alice', password: 'wrong' }, authMethod: 'Basic', defaultAccountType: 'caldav' })).rejects.toThrow();
  });
});
