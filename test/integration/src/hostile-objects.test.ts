/** Calendar objects that are stored by the rules and mean to cost whoever reads them: each answer costs what its octets do, and says what is stored. */
import { person } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { setMembers } from './bodies.ts';
import { AMY_HOME, PRINCIPAL, givenServer } from './caldav-server.ts';
import { eventText } from './dav.ts';

const PATH = `${AMY_HOME}calendar/odd.ics`;

const NAMES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"';

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

describe('availability of thousands of parts (RFC 7953)', () => {
  const object = (end: string): string => [
    'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Test//EN', 'BEGIN:VTIMEZONE', 'TZID:Mars',
    ...Array.from({ length: 400 }, (_, at) => ['BEGIN:STANDARD', `DTSTART:${String(1600 + at)}0101T000000`, 'TZOFFSETFROM:+0100', `TZOFFSETTO:+0${String(at % 10)}00`, 'END:STANDARD']).flat(), 'END:VTIMEZONE',
    'BEGIN:VAVAILABILITY', 'UID:av', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260101T000000Z', 'DTEND:20270101T000000Z',
    ...Array.from({ length: 5000 }, (_, at) => ['BEGIN:AVAILABLE', `UID:a${String(at)}`, 'DTSTAMP:20260101T000000Z', `DTSTART;TZID=Mars:20260310T1${String(at % 10)}0000`, 'DURATION:PT1H', ...(at === 0 ? [`RRULE:FREQ=DAILY;UNTIL=${end}`] : []), 'END:AVAILABLE']).flat(),
    'END:VAVAILABILITY', 'END:VCALENDAR', '',
  ].join('\r\n');

  it('is told as busy time, the zone looked up once for all of them', async () => {
    await using server = await givenServer();
    const set = `<propertyupdate ${NAMES}><set><prop><C:calendar-availability>${object('20260401T000000Z').replaceAll('\r', '')}</C:calendar-availability></prop></set></propertyupdate>`;
    expect((await server.send('PROPPATCH', `${AMY_HOME}inbox/`, set)).text).toContain('200 OK');
    const busy = await server.send('GET', `${AMY_HOME}freebusy?start=20260310T000000Z&end=20260311T000000Z`);
    expect([busy.status, busy.text]).toEqual([200, expect.stringContaining('FBTYPE=BUSY-UNAVAILABLE:20260310T000000Z/') as string]);
  });

  it('is searched with one look at each part (RFC 4791 §9.9)', async () => {
    await using server = await givenServer();
    await server.send('MKCALENDAR', `${AMY_HOME}hours/`, `<C:mkcalendar ${NAMES}><set><prop><C:supported-calendar-component-set><C:comp name="VAVAILABILITY"/></C:supported-calendar-component-set></prop></set></C:mkcalendar>`);
    expect((await server.send('PUT', `${AMY_HOME}hours/av.ics`, object('20260401T000000Z'))).status).toBe(201);
    const found = async (start: string, end: string): Promise<number> => (await server.send('REPORT', `${AMY_HOME}hours/`, `<C:calendar-query ${NAMES}><prop><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VAVAILABILITY"><C:comp-filter name="AVAILABLE"><C:time-range start="${start}" end="${end}"/></C:comp-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`, { Depth: '1' })).rows().size;
    expect([await found('20260320T000000Z', '20260321T000000Z'), await found('20260601T000000Z', '20260701T000000Z')]).toEqual([1, 0]);
  });
});

describe('locks that stand together', () => {
  it('are eight of one person, and what each says is short: every row of a listing tells of them all (RFC 4918 §15.8)', async () => {
    await using server = await givenServer({ people: ['amy', 'bob'].map((name) => person(name)) });
    await server.send('PROPPATCH', `${PRINCIPAL('amy')}calendar-proxy-write/`, setMembers('bob'));
    const lock = async (owner = 'me', as = 'amy', path = 'calendar/'): Promise<number> =>
      (await server.send('LOCK', AMY_HOME + path, `<lockinfo xmlns="DAV:"><lockscope><shared/></lockscope><locktype><write/></locktype><owner>${owner}</owner></lockinfo>`, { Depth: 'infinity' }, as)).status;
    expect(await lock('x'.repeat(2000))).toBe(400);
    for (let count = 0; count < 8; count++) expect(await lock()).toBe(200);
    expect([await lock(), await lock('me', 'bob')]).toEqual([507, 200]);
  });
});

describe('properties that name thousands of people', () => {
  it('are compared without asking who each is, and others have their turn meanwhile (RFC 3744 §9.3)', async () => {
    await using server = await givenServer();
    const name = async (file: string, ...hrefs: readonly string[]): Promise<void> => {
      await server.send('PUT', `${AMY_HOME}dropbox/${file}`, 'x', { 'Content-Type': 'text/plain' });
      const set = `<propertyupdate xmlns="DAV:"><set><prop><p xmlns="urn:x">${hrefs.map((href) => `<D:href xmlns:D="DAV:">${href}</D:href>`).join('')}</p></prop></set></propertyupdate>`;
      expect((await server.send('PROPPATCH', `${AMY_HOME}dropbox/${file}`, set)).text).toContain('200 OK');
    };
    const many = Array.from({ length: 300 }, (_, at) => `/principals/users/nobody-${String(at)}/`);
    for (let at = 0; at < 200; at++) await name(`${String(at)}.txt`, ...many);
    await name('mine.txt', ...many, '/principals/users/%61my');
    const order: string[] = [];
    const report = server.send('REPORT', `${AMY_HOME}dropbox/`, '<principal-match xmlns="DAV:"><principal-property><x:p xmlns:x="urn:x"/></principal-property><prop><getetag/></prop></principal-match>', { Depth: '0' }).then((answer) => {
      order.push('report');
      return answer;
    });
    const other = server.send('OPTIONS', AMY_HOME).then(() => { order.push('other'); });
    const answer = await report;
    await other;
    expect([[...answer.rows().keys()], order]).toEqual([[`${AMY_HOME}dropbox/mine.txt`], ['other', 'report']]);
  });
});

describe('a bulk request of many objects in one large time zone', () => {
  it('is refused by what it would come to, before anything is stored: 413; with a usual zone it is taken', async () => {
    await using server = await givenServer();
    const body = (comment: string): string => [
      'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Test//EN', 'BEGIN:VTIMEZONE', 'TZID:Mars', 'BEGIN:STANDARD', 'DTSTART:19700101T000000', 'TZOFFSETFROM:+0000', 'TZOFFSETTO:+0037', `COMMENT:${comment}`, 'END:STANDARD', 'END:VTIMEZONE',
      ...Array.from({ length: 200 }, (_, at) => ['BEGIN:VEVENT', `UID:u${String(at)}`, 'DTSTAMP:20260101T000000Z', 'DTSTART;TZID=Mars:20260310T100000', 'END:VEVENT']).flat(), 'END:VCALENDAR', '',
    ].join('\r\n');
    expect((await server.send('POST', `${AMY_HOME}calendar/`, body('x'.repeat(900_000)))).status).toBe(413);
    const taken = await server.send('POST', `${AMY_HOME}calendar/`, body('x'.repeat(2_000)));
    expect([taken.status, taken.text.match(/200 OK/g)?.length]).toEqual([207, 200]);
  });
});

describe('a default alarm', () => {
  it('is short, for each override of an event gets it: a PUT of 176 KB took 700 MB', async () => {
    await using server = await givenServer();
    const set = async (description: string): Promise<boolean> =>
      (await server.send('PROPPATCH', AMY_HOME, `<propertyupdate ${NAMES}><set><prop><C:default-alarm-vevent-datetime>BEGIN:VALARM\nTRIGGER:-PT5M\nACTION:DISPLAY\nDESCRIPTION:${description}\nEND:VALARM\n</C:default-alarm-vevent-datetime></prop></set></propertyupdate>`)).text.includes('200 OK');
    expect([await set('Tea'), await set('x'.repeat(5000))]).toEqual([true, false]);
    await server.send('PUT', PATH, eventText('odd', ['DTSTART:20260310T100000Z']));
    expect((await server.send('GET', PATH)).text).toContain('DESCRIPTION:Tea');
  });
});
