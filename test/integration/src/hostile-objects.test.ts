/** Calendar objects that are stored by the rules and mean to cost whoever reads them: each answer costs what its octets do, and says what is stored. */
import { describe, expect, it } from 'vitest';
import { AMY_HOME, givenServer } from './caldav-server.ts';
import { eventText } from './dav.ts';

const PATH = `${AMY_HOME}calendar/odd.ics`;

describe('an object that mentions time zones in odd places', () => {
  it('is read with and without them in one look (RFC 7809 §7.1): a CR alone ends no line', async () => {
    await using server = await givenServer();
    const odd = eventText('odd', ['DTSTART;TZID=Europe/Berlin:20260310T100000', ...Array<string>(30_000).fill('X-A:\rBEGIN:VTIMEZONE')]);
    expect((await server.send('PUT', PATH, odd)).status).toBe(201);
    const get = (zones: string) => server.send('GET', PATH, undefined, { 'CalDAV-Timezones': zones });
    expect((await get('F')).text).toBe(odd);
    expect((await get('T')).text.replace(/BEGIN:VTIMEZONE\r\nTZID:[^]*?END:VTIMEZONE\r\n/, '')).toBe(odd);
  });

  it('loses its definitions and nothing else, wherever they stand', async () => {
    await using server = await givenServer();
    const zone = ['BEGIN:VTIMEZONE', 'TZID:Europe/Berlin', 'BEGIN:STANDARD', 'DTSTART:19700101T000000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0100', 'END:STANDARD', 'END:VTIMEZONE', ''].join('\r\n');
    const bare = eventText('odd', ['DTSTART;TZID=Europe/Berlin:20260310T100000', 'X-A:\rBEGIN:VTIMEZONE', 'SUMMARY:Tea']);
    expect((await server.send('PUT', PATH, bare.replace('END:VCALENDAR', `${zone}END:VCALENDAR`))).status).toBe(201);
    expect((await server.send('GET', PATH, undefined, { 'CalDAV-Timezones': 'F' })).text).toBe(bare);
  });
});
