/** What requests cost, in calls of the store: the counts that the speed of this server rests on. Never in time. */
import { event } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { NAMESPACES, freeBusyQuery, propfind } from './bodies.ts';
import { CALENDAR, givenServer } from './caldav-server.ts';
import type { GivenServer } from './caldav-server.ts';

async function filled(): Promise<GivenServer> {
  const server = await givenServer();
  for (const uid of ['a', 'b', 'c']) await server.send('PUT', `${CALENDAR}${uid}.ics`, event(uid).body);
  server.calls();
  return server;
}

describe('one request asks the store', () => {
  it('once for GET of an event', async () => {
    await using server = await filled();
    await server.send('GET', `${CALENDAR}a.ics`);
    expect(server.calls()).toEqual({ locate: 1 });
  });

  it('once for a poll', async () => {
    await using server = await filled();
    await server.send('PROPFIND', CALENDAR, propfind('<CS:getctag/><sync-token/>'), { Depth: '0' });
    expect(server.calls()).toEqual({ locate: 1 });
  });

  it('for a multiget once more, however many hrefs', async () => {
    await using server = await filled();
    const hrefs = ['a', 'b', 'c', 'none'].map((name) => `<href>${CALENDAR}${name}.ics</href>`).join('');
    await server.send('REPORT', CALENDAR, `<C:calendar-multiget ${NAMESPACES}><prop><getetag/><C:calendar-data/></prop>${hrefs}</C:calendar-multiget>`, { Depth: '1' });
    expect(server.calls()).toEqual({ locate: 1, findItems: 1 });
  });

  it('for a month once more, with octets in the same call', async () => {
    await using server = await filled();
    const filter = '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20260301T000000Z" end="20260401T000000Z"/></C:comp-filter></C:comp-filter></C:filter>';
    await server.send('REPORT', CALENDAR, `<C:calendar-query ${NAMESPACES}><prop><getetag/><C:calendar-data/></prop>${filter}</C:calendar-query>`, { Depth: '1' });
    expect(server.calls()).toEqual({ locate: 1, queryItems: 1 });
  });

  it('for free-busy once more, without octets', async () => {
    await using server = await filled();
    await server.send('REPORT', CALENDAR, freeBusyQuery('start="20260301T000000Z" end="20260401T000000Z"'), { Depth: '1' });
    expect(server.calls()).toEqual({ locate: 1, queryItems: 1 });
  });

  it('for PUT and DELETE once more: one change', async () => {
    await using server = await filled();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a', { summary: 'x' }).body);
    expect(server.calls()).toEqual({ locate: 1, write: 1 });
    await server.send('DELETE', `${CALENDAR}a.ics`);
    expect(server.calls()).toEqual({ locate: 1, write: 1 });
  });
});
