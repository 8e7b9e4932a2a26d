/** Calendar data as jCal (RFC 7265): stored, read, searched and expanded by whoever prefers JSON; its entity tags; and RFC 7529 in both forms. */
import { allDay, event, recurring } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { NAMESPACES, propfind } from './bodies.ts';
import { CALENDAR, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const A = `${CALENDAR}a.ics`;
const JSON_TYPE = 'application/calendar+json';
const AS_JSON = { 'Content-Type': JSON_TYPE };
const WANT_JSON = { Accept: JSON_TYPE };

type Jcal = [string, unknown[][], Jcal[]];
const jcal = (...properties: readonly unknown[][]): string => JSON.stringify(['vcalendar', [['version', {}, 'text', '2.0'], ['prodid', {}, 'text', '-//x//EN']], [
  ['vevent', [['uid', {}, 'text', 'a'], ['dtstamp', {}, 'date-time', '2026-01-01T00:00:00Z'], ['dtstart', {}, 'date-time', '2026-03-02T09:00:00Z'], ...properties], []],
]]);
const read = (answer: Answer): Jcal => JSON.parse(answer.text) as Jcal;
const propertyOf = (calendar: Jcal, name: string, component = 0): unknown[] | undefined => calendar[2].filter(([kind]) => kind === 'vevent')[component]![1].find(([own]) => own === name);
const putJson = (server: GivenServer, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => server.send('PUT', A, body, { ...AS_JSON, ...headers });

describe('PUT of jCal', () => {
  it('stores iCalendar, and tells no ETag, for what is stored was not sent (RFC 4791 §5.3.4)', async () => {
    await using server = await givenServer();
    const put = await putJson(server, jcal(['summary', {}, 'text', 'one, two; ☕']));
    expect([put.status, put.headers.get('etag')]).toEqual([201, null]);
    const get = await server.send('GET', A);
    expect([get.headers.get('content-type'), get.text.split('\r\n').find((line) => line.startsWith('SUMMARY'))]).toEqual(['text/calendar;charset=utf-8', 'SUMMARY:one\\, two\\; ☕']);
  });

  it('keeps what nobody here knows: properties, parameters, types, components (RFC 7265 §5)', async () => {
    await using server = await givenServer();
    const given = [['x-odd', { 'x-p': ['q', 'r,s'] }, 'unknown', 'as, it; is\\n'], ['x-typed', {}, 'x-type', 'what'], ['x-text', {}, 'text', 'a, b'], ['categories', {}, 'text', 'one', 'two, three']];
    await putJson(server, jcal(...given));
    expect((await server.send('GET', A)).text).toContain('X-ODD;X-P=q,"r,s":as, it; is\\n\r\nX-TYPED;VALUE=X-TYPE:what\r\nX-TEXT;VALUE=TEXT:a\\, b\r\nCATEGORIES:one,two\\, three\r\n');
    const back = read(await server.send('GET', A, undefined, WANT_JSON));
    for (const property of given) expect(propertyOf(back, property[0] as string)).toEqual(property);
  });

  it.each([
    ['no JSON', '{', 'valid-calendar-data'], ['nothing', '', 'valid-calendar-data'], ['text', event('a').text, 'valid-calendar-data'], ['JSON that is no calendar', '{"a":[]}', 'valid-calendar-data'], ['a component alone', '["vevent",[],[]]', 'valid-calendar-data'],
    ['what is not UTF-8', Buffer.from('["vcalendar",[],["\xff"]]', 'latin1'), 'valid-calendar-data'], ['no UID', jcal().replace('"uid"', '"x-uid"'), 'valid-calendar-object-resource'],
    ['a date that is none', jcal(['dtend', {}, 'date-time', 'soon']), 'valid-calendar-data'], ['too much', jcal(['description', {}, 'text', 'x'.repeat(1_048_576)]), 'max-resource-size'],
  ])('refuses %s (RFC 4791 §5.3.2.1)', async (_what, body, condition) => {
    await using server = await givenServer();
    const answer = await server.send('PUT', A, body, AS_JSON);
    expect([answer.status, answer.condition()]).toEqual([403, condition]);
    expect((await server.send('GET', A)).status).toBe(404);
  });

  it('refuses jCal that says it is something else, and the other way round', async () => {
    await using server = await givenServer();
    expect((await server.send('PUT', A, jcal(), { 'Content-Type': 'text/calendar' })).condition()).toBe('valid-calendar-data');
    expect((await server.send('PUT', A, jcal(), { 'Content-Type': 'application/json' })).condition()).toBe('supported-calendar-data');
  });

  it('answers in the type that was sent to whoever prefers a representation, unless Accept wants another (RFC 8144 §3)', async () => {
    await using server = await givenServer();
    const prefer = { Prefer: 'return=representation' };
    const json = await putJson(server, jcal(), { ...prefer, Accept: '' });
    expect([json.status, json.headers.get('content-type'), read(json)[0]]).toEqual([201, JSON_TYPE, 'vcalendar']);
    const text = await putJson(server, jcal(), { ...prefer, Accept: 'text/calendar' });
    expect([text.status, text.headers.get('content-type'), text.text.startsWith('BEGIN:VCALENDAR')]).toEqual([200, 'text/calendar;charset=utf-8', true]);
  });
});

describe('GET with Accept (RFC 9110 §12.5.1)', () => {
  it.each([
    ['application/calendar+json', JSON_TYPE], ['text/calendar;q=0.5, application/calendar+json;q=0.6', JSON_TYPE], ['application/*', JSON_TYPE], ['text/calendar;q=0, */*;q=0.1', JSON_TYPE],
    ['text/calendar, application/calendar+json;q=0.9', 'text/calendar;charset=utf-8'], ['*/*', 'text/calendar;charset=utf-8'], ['application/calendar+json;q=0.5, text/*', 'text/calendar;charset=utf-8'],
  ])('%s gives %s', async (accept, type) => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    for (const path of [A, CALENDAR]) expect((await server.send('GET', path, undefined, { Accept: accept })).headers.get('content-type')).toBe(type);
  });

  it.each(['text/html', 'application/json', 'text/calendar;q=0', 'nonsense'])('%s is 406, and says what decides', async (accept) => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    const answer = await server.send('GET', A, undefined, { Accept: accept });
    expect([answer.status, answer.headers.get('vary')]).toEqual([406, 'Accept, CalDAV-Timezones']);
  });

  it('gives a whole calendar as jCal', async () => {
    await using server = await givenServer();
    for (const uid of ['a', 'b']) await server.send('PUT', `${CALENDAR}${uid}.ics`, recurring(uid).body);
    const [kind, , components] = read(await server.send('GET', CALENDAR, undefined, WANT_JSON));
    expect([kind, components.map(([name]) => name)]).toEqual(['vcalendar', ['vtimezone', 'vevent', 'vevent']]);
  });
});

describe('entity tags of both forms (RFC 9110 §8.8.3.3)', () => {
  const tags = async (server: GivenServer, path = A): Promise<readonly [string, string]> => [
    (await server.send('GET', path)).headers.get('etag')!, (await server.send('GET', path, undefined, WANT_JSON)).headers.get('etag')!,
  ];

  it('differ, are strong, and both answers say that Accept decides', async () => {
    await using server = await givenServer();
    const stored = (await server.send('PUT', A, event('a').body)).headers.get('etag');
    for (const path of [A, CALENDAR]) {
      const [text, json] = await tags(server, path);
      expect([text.startsWith('"'), json.startsWith('"'), json === text]).toEqual([true, true, false]);
    }
    expect((await tags(server))[0]).toBe(stored);
    for (const headers of [{}, WANT_JSON]) expect((await server.send('GET', A, undefined, headers)).headers.get('vary')).toBe('Accept, CalDAV-Timezones');
  });

  it('answer 304 for the form that is asked, and the octets for the other', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    for (const path of [A, CALENDAR]) {
      const [text, json] = await tags(server, path);
      const ask = async (tag: string, accept: string): Promise<number> => (await server.send('GET', path, undefined, { 'If-None-Match': tag, Accept: accept })).status;
      expect([await ask(text, 'text/calendar'), await ask(json, JSON_TYPE), await ask(text, JSON_TYPE), await ask(json, 'text/calendar'), await ask(`${text}, ${json}`, JSON_TYPE)]).toEqual([304, 304, 200, 200, 304]);
    }
    const [, json] = await tags(server);
    const same = await server.send('GET', A, undefined, { 'If-None-Match': json, ...WANT_JSON });
    expect([same.headers.get('etag'), same.headers.get('vary')]).toEqual([json, 'Accept, CalDAV-Timezones']);
  });

  it('are both as good in the conditions of a write, which is about the resource (RFC 9110 §13.1.1, RFC 4918 §10.4)', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    const [, first] = await tags(server);
    expect((await server.send('PUT', A, event('a', { summary: 'two' }).body, { 'If-None-Match': first })).status).toBe(412);
    expect((await server.send('PUT', A, event('a', { summary: 'two' }).body, { 'If-Match': first })).status).toBe(204);
    expect((await server.send('PUT', A, event('a', { summary: 'three' }).body, { 'If-Match': first })).status).toBe(412);
    const [, second] = await tags(server);
    expect((await server.send('PUT', A, event('a', { summary: 'three' }).body, { If: `([${second}])` })).status).toBe(204);
    const [, third] = await tags(server);
    expect((await server.send('DELETE', A, undefined, { 'If-Match': second })).status).toBe(412);
    expect((await server.send('DELETE', A, undefined, { 'If-Match': third })).status).toBe(204);
  });

  it('of properties are those of the stored form (RFC 4918 §15.6)', async () => {
    await using server = await givenServer();
    const stored = (await server.send('PUT', A, event('a').body)).headers.get('etag');
    const answer = await server.send('PROPFIND', A, propfind('<getetag/>'), { Depth: '0', ...WANT_JSON });
    expect(answer.rows().get(A)!.properties.get('getetag')!.text).toBe(stored);
  });
});

describe('calendar-data with content-type (RFC 4791 §9.6, RFC 7265)', () => {
  const data = (inside = '', type = JSON_TYPE): string => `<prop><getetag/><C:calendar-data content-type="${type}" version="2.0">${inside}</C:calendar-data></prop>`;
  const multiget = (server: GivenServer, prop: string): Promise<Answer> => server.send('REPORT', CALENDAR, `<C:calendar-multiget ${NAMESPACES}>${prop}<href>${A}</href></C:calendar-multiget>`, { Depth: '1' });
  const dataIn = (answer: Answer): { readonly type: string | undefined; readonly calendar: Jcal } => {
    const element = answer.rows().get(A)!.properties.get('calendar-data')!;
    return { type: element.attribute('content-type'), calendar: JSON.parse(element.text) as Jcal };
  };

  it('of multiget and query', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a', { summary: 'five < six & "more"' }).body);
    const query = await server.send('REPORT', CALENDAR, `<C:calendar-query ${NAMESPACES}>${data()}<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`, { Depth: '1' });
    for (const answer of [await multiget(server, data()), query]) {
      const { type, calendar } = dataIn(answer);
      expect([type, propertyOf(calendar, 'summary')]).toEqual([JSON_TYPE, ['summary', {}, 'text', 'five < six & "more"']]);
    }
  });

  it('expanded, limited and cut (RFC 4791 §9.6.1, §9.6.5, §9.6.6)', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, recurring('a', { lines: ['LOCATION:Here'] }).body);
    const range = 'start="20260303T000000Z" end="20260305T000000Z"';
    const expanded = dataIn(await multiget(server, data(`<C:expand ${range}/>`))).calendar;
    expect(expanded[2].map((_, at) => [propertyOf(expanded, 'dtstart', at)?.[3], propertyOf(expanded, 'recurrence-id', at)?.[3]])).toEqual([['2026-03-03T08:00:00Z', '2026-03-03T08:00:00Z'], ['2026-03-04T08:00:00Z', '2026-03-04T08:00:00Z']]);
    const cut = dataIn(await multiget(server, data('<C:comp name="VCALENDAR"><C:comp name="VEVENT"><C:prop name="UID"/></C:comp></C:comp>'))).calendar;
    expect(cut[2][0]![1]).toEqual([['uid', {}, 'text', 'a']]);
    expect(propertyOf(dataIn(await multiget(server, data(`<C:limit-recurrence-set ${range}/>`))).calendar, 'rrule')).toEqual(['rrule', {}, 'recur', { freq: 'DAILY' }]);
  });

  it('of a type or version that nobody has is CALDAV:supported-calendar-data (RFC 4791 §7.8, §7.9)', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    expect((await multiget(server, data('', 'application/json'))).condition()).toBe('supported-calendar-data');
    expect((await multiget(server, data().replace('2.0', '3.0'))).condition()).toBe('supported-calendar-data');
  });

  it('is named by supported-calendar-data (RFC 4791 §5.2.4)', async () => {
    await using server = await givenServer();
    const answer = await server.send('PROPFIND', CALENDAR, propfind('<C:supported-calendar-data/>'), { Depth: '0' });
    const types = answer.rows().get(CALENDAR)!.properties.get('supported-calendar-data')!.children;
    expect(types.map((type) => [type.attribute('content-type'), type.attribute('version')])).toEqual([['text/calendar', '2.0'], [JSON_TYPE, '2.0']]);
  });
});

describe('rules in named calendars (RFC 7529)', () => {
  const withRule = (rule: string): string => event('a', { lines: [`RRULE:${rule}`] }).text;

  it.each(['FORWARD', 'BACKWARD', 'OMIT'])('count in the Gregorian one, with SKIP=%s, and are kept in both forms', async (skip) => {
    await using server = await givenServer();
    const rule = `RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=${skip};BYMONTH=2;BYMONTHDAY=29`;
    const put = await server.send('PUT', A, withRule(rule));
    expect([put.status, put.headers.get('etag') === null]).toEqual([201, false]);
    expect((await server.send('GET', A)).text).toBe(withRule(rule));
    const json = await server.send('GET', A, undefined, WANT_JSON);
    expect(propertyOf(read(json), 'rrule')).toEqual(['rrule', {}, 'recur', { rscale: 'GREGORIAN', freq: 'YEARLY', skip, bymonth: 2, bymonthday: 29 }]);
    expect((await putJson(server, json.text)).status).toBe(204);
    expect((await server.send('GET', A)).text).toContain(`RRULE:${rule}\r\n`);
  });

  it.each(['RSCALE=CHINESE;FREQ=YEARLY', 'RSCALE=ETHIOPIC;FREQ=MONTHLY;BYMONTH=13', 'RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD'])('%s is refused by CALDAV:supported-rscale, as text and as jCal (§7)', async (rule) => {
    await using server = await givenServer();
    const parts = Object.fromEntries(rule.toLowerCase().split(';').map((part) => part.split('=')));
    for (const answer of [await server.send('PUT', A, withRule(rule)), await putJson(server, jcal(['rrule', {}, 'recur', parts]))]) expect([answer.status, answer.condition()]).toEqual([403, 'supported-rscale']);
  });

  it('that can be used are named by CALDAV:supported-rscale-set (§7)', async () => {
    await using server = await givenServer();
    const answer = await server.send('PROPFIND', CALENDAR, propfind('<C:supported-rscale-set/>'), { Depth: '0' });
    expect(answer.rows().get(CALENDAR)!.properties.get('supported-rscale-set')!.children.map(({ name, text }) => [name.local, text])).toEqual([['supported-rscale', 'GREGORIAN']]);
    expect((await server.send('PROPFIND', CALENDAR, undefined, { Depth: '0' })).text).not.toContain('supported-rscale');
  });

  it.each(['RSCALE=GREGORIAN;FREQ=SOMETIMES', 'RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=SIDEWAYS', 'FREQ=YEARLY;SKIP=FORWARD'])('%s is no rule (§4.1)', async (rule) => {
    await using server = await givenServer();
    expect((await server.send('PUT', A, withRule(rule))).condition()).toBe('valid-calendar-data');
  });
});

describe('whole days and zones', () => {
  it('go there and back (RFC 7265 §3.6.4, §3.4)', async () => {
    await using server = await givenServer();
    for (const given of [allDay('a', '20260310'), recurring('a')]) {
      await server.send('PUT', A, given.body);
      const json = (await server.send('GET', A, undefined, WANT_JSON)).text;
      expect((await putJson(server, json)).status).toBe(204);
      expect((await server.send('GET', A)).text).toBe(given.text);
      await server.send('DELETE', A);
    }
  });
});
