/** The main job over HTTP: find the home, make a calendar, put an event, find it by time, change it, see what changed, remove it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, eventText, hrefsIn, NAMESPACES } from './dav.ts';
import type { DavAnswer } from './dav.ts';
import { startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

describe('the first event', () => {
  let server: ServerProcess;
  let dav: Dav;
  beforeAll(async () => {
    server = await startServerProcess();
    dav = new Dav(server.url);
  });
  afterAll(async () => { await server[Symbol.asyncDispose](); });

  const march = `<C:comp-filter name="VEVENT"><C:time-range start="20260301T000000Z" end="20260401T000000Z"/></C:comp-filter>`;
  const query = (filter: string, data = '<C:calendar-data/>'): string =>
    `<C:calendar-query ${NAMESPACES}><D:prop><D:getetag/>${data}</D:prop><C:filter><C:comp-filter name="VCALENDAR">${filter}</C:comp-filter></C:filter></C:calendar-query>`;

  it('is reached from the root by discovery alone (RFC 6764 §6)', async () => {
    const root = await dav.propfind('/', '<D:current-user-principal/>');
    const principal = /current-user-principal><href>([^<]+)</.exec(root.plain)?.[1];
    expect(principal).toMatch(/^\/principals\/__uids__\/[^/]+\/$/);
    const home = /calendar-home-set><href>([^<]+)</.exec((await dav.propfind(principal!, '<C:calendar-home-set/>')).plain)?.[1];
    const listed = hrefsIn((await dav.propfind(home!, '<D:resourcetype/>', { depth: '1' })).text).map((href) => href.slice(home!.length));
    expect(listed).toEqual(expect.arrayContaining(['', 'calendar/', 'tasks/', 'inbox/', 'outbox/', 'dropbox/', 'notification/']));
  });

  it('goes in, comes out octet for octet, and is found', async () => {
    const at = '/calendars/users/alice/work/';
    expect((await dav.send('MKCALENDAR', at, { body: `<C:mkcalendar ${NAMESPACES}><D:set><D:prop><D:displayname>Work</D:displayname></D:prop></D:set></C:mkcalendar>` })).status).toBe(201);
    const put = await dav.send('PUT', `${at}tea.ics`, { body: eventText('tea-1'), headers: { 'If-None-Match': '*' } });
    expect(put.status).toBe(201);
    expect(put.headers.get('etag')).toMatch(/^"[^"]+"$/);
    const got = await dav.send('GET', `${at}tea.ics`);
    expect(got.text).toBe(eventText('tea-1'));
    expect(got.headers.get('etag')).toBe(put.headers.get('etag'));
    expect(got.headers.get('content-type')).toMatch(/^text\/calendar/);

    const weekly = eventText('standup', ['DTSTART;TZID=Europe/Berlin:20260105T093000', 'DURATION:PT15M', 'RRULE:FREQ=WEEKLY;BYDAY=MO', 'SUMMARY:Stand-up']);
    expect((await dav.send('PUT', `${at}standup.ics`, { body: weekly })).status).toBe(201);
    expect(hrefsIn((await dav.report(at, query(march))).text)).toEqual(expect.arrayContaining([`${at}tea.ics`, `${at}standup.ics`]));
    const expanded = await dav.report(at, query(march, '<C:calendar-data><C:expand start="20260301T000000Z" end="20260401T000000Z"/></C:calendar-data>'));
    // Mondays 2, 9, 16, 23 at 08:30 UTC; on the 30th summer time has begun.
    for (const start of ['20260302T083000Z', '20260323T083000Z', '20260330T073000Z']) expect(expanded.text).toContain(`DTSTART:${start}`);
    const busy = await dav.report(at, `<C:free-busy-query ${NAMESPACES}><C:time-range start="20260310T000000Z" end="20260311T000000Z"/></C:free-busy-query>`);
    expect(busy.text).toMatch(/FREEBUSY[^\r\n]*:20260310T100000Z\/(20260310T110000Z|PT1H)/);
  });

  it('changes under If-Match, and tells sync what changed (RFC 6578 §3)', async () => {
    const at = '/calendars/users/alice/work/';
    const token = async (since: string): Promise<{ readonly token: string; readonly answer: DavAnswer }> => {
      const answer = await dav.report(at, `<D:sync-collection ${NAMESPACES}><D:sync-token>${since}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>`);
      return { token: /sync-token>([^<]+)</.exec(answer.plain)![1]!, answer };
    };
    const first = await token('');
    expect(hrefsIn(first.answer.text)).toHaveLength(2);
    const etag = (await dav.send('GET', `${at}tea.ics`)).headers.get('etag')!;
    const changed = eventText('tea-1', ['DTSTART:20260310T120000Z', 'DTEND:20260310T130000Z', 'SUMMARY:Later tea']);
    expect((await dav.send('PUT', `${at}tea.ics`, { body: changed, headers: { 'If-Match': '"other"' } })).status).toBe(412);
    expect((await dav.send('PUT', `${at}tea.ics`, { body: changed, headers: { 'If-Match': etag } })).status).toBe(204);
    expect((await dav.send('DELETE', `${at}standup.ics`)).status).toBe(204);
    const second = await token(first.token);
    expect([...hrefsIn(second.answer.text)].sort()).toEqual([`${at}standup.ics`, `${at}tea.ics`]);
    expect(second.answer.text).toContain('404');
    expect(hrefsIn((await token(second.token)).answer.text)).toEqual([]);
  });

  it('refuses a second event with the same UID and names the first (RFC 4791 §5.3.2.1)', async () => {
    const answer = await dav.send('PUT', '/calendars/users/alice/work/copy.ics', { body: eventText('tea-1') });
    expect(answer.status).toBe(403);
    expect(answer.plain).toMatch(/no-uid-conflict><href>\/calendars\/[^<]*\/work\/tea\.ics</);
  });

  it('is nobody else\'s: bob sees neither event nor calendar, only when alice is busy', async () => {
    expect((await dav.send('GET', '/calendars/users/alice/work/tea.ics', { as: 'bob' })).status).toBe(403);
    expect((await dav.send('GET', '/calendars/users/alice/work/absent.ics', { as: 'bob' })).status).toBe(403);
    expect((await dav.propfind('/calendars/users/alice/work/', '<D:displayname/>', { as: 'bob' })).status).toBe(403);
    expect((await dav.send('PUT', '/calendars/users/alice/work/x.ics', { as: 'bob', body: eventText('x') })).status).toBe(403);
    const busy = await dav.report('/calendars/users/alice/work/', `<C:free-busy-query ${NAMESPACES}><C:time-range start="20260310T000000Z" end="20260311T000000Z"/></C:free-busy-query>`, { as: 'bob' });
    expect(busy.status).toBe(200);
    expect(busy.text).not.toContain('tea');
    expect((await dav.send('GET', '/calendars/users/alice/work/tea.ics', { as: '' })).status).toBe(401);
    expect((await dav.send('GET', '/calendars/users/nobody/work/tea.ics', { as: 'bob' })).status).toBe(404);
  });

  it('moves within the home, and is not copied (RFC 4918 §9.8.5)', async () => {
    const from = '/calendars/users/alice/work/tea.ics';
    expect((await dav.send('COPY', from, { headers: { Destination: `${server.url}/calendars/users/alice/calendar/tea.ics` } })).status).toBe(403);
    expect((await dav.send('MOVE', from, { headers: { Destination: `${server.url}/calendars/users/alice/calendar/tea.ics` } })).status).toBe(201);
    expect((await dav.send('GET', from)).status).toBe(404);
    expect((await dav.send('GET', '/calendars/users/alice/calendar/tea.ics')).text).toContain('Later tea');
  });

  it('advertises what works and nothing else (R26)', async () => {
    const dav1 = (await dav.send('OPTIONS', '/calendars/users/alice/calendar/')).headers.get('dav')!.split(/,\s*/);
    expect(dav1).toEqual(expect.arrayContaining(['1', '2', '3', 'calendar-access', 'calendarserver-private-events']));
    for (const token of ['calendar-auto-schedule', 'calendar-managed-attachments', 'calendarserver-sharing']) expect(dav1).not.toContain(token);
  });

  it('is still there after a restart', async () => {
    await using again = await (async () => { await server.stop(); return startServerProcess({ data: server.data }); })();
    expect((await new Dav(again.url).send('GET', '/calendars/users/alice/calendar/tea.ics')).text).toContain('Later tea');
  });
});
