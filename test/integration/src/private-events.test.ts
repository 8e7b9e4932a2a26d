/**
 * Events that are not for everybody who may read the calendar (caldav-privateevents; RFC 5545 §3.8.1.3): what a delegate, somebody with a list's permission, and
 * nobody in particular see of them by every method and report; what filters may not find out; who may say it and who may change it.
 */
import { group, person } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { NAMESPACES, calendarMultiget, calendarQuery, freeBusyQuery, propfind, setMembers, syncCollection } from './bodies.ts';
import { AMY_HOME, CALENDAR, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const SECRET = /Kingfisher|Hideout|mailto:spy|Alarming|CATEGORIES|X-SECRET|Whisper/;
const LEVELS = ['PUBLIC', 'RESTRICTED', 'CONFIDENTIAL', 'PRIVATE'] as const;

interface Given { readonly access?: string; readonly lines?: readonly string[]; readonly of?: string }
/** All that could tell something: text, place, people, alarms, an override with its own. */
const secret = (uid: string, { access, lines = [] }: Given = {}): string => [
  'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Test//EN', ...(access === undefined ? [] : [`X-CALENDARSERVER-ACCESS:${access}`]), 'X-SECRET-CALENDAR:Kingfisher', 'BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z',
  'DTSTART:20260310T100000Z', 'DTEND:20260310T110000Z', 'RRULE:FREQ=DAILY;COUNT=3', 'SUMMARY:Kingfisher', 'LOCATION:Hideout', 'DESCRIPTION:Whisper', 'CATEGORIES:SPIES', 'ATTENDEE:mailto:spy@example.com', 'X-SECRET:1', ...lines,
  'BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT5M', 'DESCRIPTION:Alarming', 'END:VALARM', 'END:VEVENT',
  'BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', 'RECURRENCE-ID:20260311T100000Z', 'DTSTART:20260311T150000Z', 'DTEND:20260311T160000Z', 'SUMMARY:Kingfisher two', 'LOCATION:Hideout', 'END:VEVENT', 'END:VCALENDAR', '',
].join('\r\n');

/** amy's calendar with one event of each level; bob writes there for her, cat reads, root administers. */
async function given(): Promise<GivenServer> {
  const server = await givenServer({ people: ['amy', 'bob', 'cat', 'dan', 'root'].map((name) => person(name)) });
  await server.send('PROPPATCH', '/principals/__uids__/id-amy/calendar-proxy-write/', setMembers('bob'));
  await server.send('PROPPATCH', '/principals/__uids__/id-amy/calendar-proxy-read/', setMembers('cat'));
  for (const access of LEVELS) expect((await server.send('PUT', path(access), secret(access, { access }))).status).toBe(201);
  return server;
}
const path = (name: string): string => `${CALENDAR}${name}.ics`;
const query = (filter: string, prop = '<getetag/><C:calendar-data/>'): string => calendarQuery(prop, filter);
const found = async (server: GivenServer, filter: string, as: string): Promise<readonly string[]> => names(await server.send('REPORT', CALENDAR, query(filter), { Depth: '1' }, as));
const names = (answer: Answer): readonly string[] => [...answer.rows()].filter(([, { status }]) => status === undefined).map(([href]) => href.split('/').at(-1)!.replace('.ics', '')).filter((name) => name !== '').sort();

describe('an event that is not for everybody', () => {
  it('is advertised, and only its owner and administrators see all of it', async () => {
    await using server = await given();
    expect((await server.send('OPTIONS', CALENDAR)).headers.get('dav')).toContain('calendarserver-private-events');
    for (const as of ['amy', 'root']) for (const access of LEVELS) expect((await server.send('GET', path(access), undefined, {}, as)).text, `${as} ${access}`).toBe(secret(access, { access }));
  });

  it.each(['bob', 'cat'])('is shown to a delegate (%s) in part, or not at all, by GET (caldav-privateevents)', async (as) => {
    await using server = await given();
    const get = (access: string, fields = {}): Promise<Answer> => server.send('GET', path(access), undefined, fields, as);
    expect((await get('PUBLIC')).text).toBe(secret('PUBLIC', { access: 'PUBLIC' }));
    const restricted = (await get('RESTRICTED')).text;
    for (const line of ['SUMMARY:Kingfisher', 'SUMMARY:Kingfisher two', 'LOCATION:Hideout']) expect(restricted).toContain(line);
    expect(restricted).not.toMatch(/Whisper|CATEGORIES|spy|Alarming|X-SECRET/);
    const confidential = await get('CONFIDENTIAL');
    expect(confidential.text).not.toMatch(SECRET);
    for (const line of ['X-CALENDARSERVER-ACCESS:CONFIDENTIAL', 'UID:CONFIDENTIAL', 'DTSTART:20260310T100000Z', 'DTEND:20260310T110000Z', 'RRULE:FREQ=DAILY;COUNT=3', 'RECURRENCE-ID:20260311T100000Z', 'DTSTART:20260311T150000Z']) expect(confidential.text).toContain(line);
    expect((await get('CONFIDENTIAL', { Accept: 'application/calendar+json' })).text).not.toMatch(SECRET);
    // The tag is that of the event: it moves for everybody at once.
    expect(confidential.headers.get('etag')).toBe((await server.send('GET', path('CONFIDENTIAL'))).headers.get('etag'));
    expect((await get('CONFIDENTIAL', { 'If-None-Match': '"x"' })).text).not.toMatch(SECRET);
    expect((await server.send('HEAD', path('CONFIDENTIAL'), undefined, {}, as)).headers.get('content-length')).toBe(String(Buffer.byteLength(confidential.text)));
    const hidden = await get('PRIVATE');
    expect([hidden.status, hidden.condition()]).toEqual([403, 'need-privileges']);
  });

  it('is the same in every listing and report: nothing of a private one, nothing but times of a confidential one', async () => {
    await using server = await given();
    const hrefs = LEVELS.map((access) => `<href>${path(access)}</href>`).join('');
    const data = '<getetag/><getcontentlength/><C:calendar-data/>';
    const everything = '<C:calendar-data><C:expand start="20260301T000000Z" end="20260401T000000Z"/></C:calendar-data>';
    const asked: readonly (readonly [string, string, string | undefined, string])[] = [
      ['PROPFIND', CALENDAR, propfind(data), '1'], ['PROPFIND', CALENDAR, `<propfind ${NAMESPACES}><allprop/></propfind>`, '1'],
      ['REPORT', CALENDAR, query('', data), '1'], ['REPORT', CALENDAR, query('', everything), '1'], ['REPORT', AMY_HOME, query('', data), 'infinity'],
      ['REPORT', CALENDAR, `<C:calendar-multiget ${NAMESPACES}><prop>${data}</prop>${hrefs}</C:calendar-multiget>`, '1'], ['REPORT', '/', `<C:calendar-multiget ${NAMESPACES}><prop>${data}</prop>${hrefs}</C:calendar-multiget>`, '1'],
      ['REPORT', '/calendars/__uids__/id-cat/calendar/', `<C:calendar-multiget ${NAMESPACES}><prop>${data}</prop>${hrefs}</C:calendar-multiget>`, '1'],
      ['REPORT', CALENDAR, syncCollection(data), '0'],
      ['REPORT', AMY_HOME, syncCollection(data, '', 'infinite'), '0'],
      ['GET', CALENDAR, undefined, '0'],
    ];
    await server.send('PROPFIND', '/calendars/__uids__/id-cat/', propfind('<displayname/>'), { Depth: '0' }, 'cat');
    for (const [method, at, body, depth] of asked) {
      const label = `${method} ${at} ${body?.slice(0, 60) ?? ''}`;
      const answer = await server.send(method, at, body, { Depth: depth }, 'cat');
      expect([200, 207], label).toContain(answer.status);
      expect(answer.text, label).not.toContain('UID:PRIVATE');
      if (method === 'GET') {
        for (const component of answer.text.split('BEGIN:VEVENT').filter((text) => text.includes('UID:CONFIDENTIAL'))) expect(component).not.toMatch(SECRET);
        expect(answer.text.match(/UID:CONFIDENTIAL/g)).toHaveLength(2);
        continue;
      }
      expect(names(answer), label).not.toContain('PRIVATE');
      expect(names(answer), label).toEqual(expect.arrayContaining(['CONFIDENTIAL', 'PUBLIC', 'RESTRICTED']));
      const row = answer.rows().get(path('CONFIDENTIAL'))!;
      expect([...row.properties.values()].map(({ text }) => text).join(), label).not.toMatch(SECRET);
      // Nor how long the whole of it is.
      expect(row.properties.has('getcontentlength'), label).toBe(false);
    }
    const page = await server.send('GET', CALENDAR, undefined, { 'User-Agent': 'Mozilla/5.0 Gecko/20100101', Accept: 'text/html' }, 'cat');
    expect(page.text).not.toContain('PRIVATE');
  });

  it('is found by no filter on what is hidden, and by those on what is not (RFC 4791 §9.7)', async () => {
    await using server = await given();
    const inEvent = (filter: string): string => `<C:comp-filter name="VEVENT">${filter}</C:comp-filter>`;
    const text = (property: string, value: string, more = ''): string => inEvent(`<C:prop-filter name="${property}"><C:text-match${more}>${value}</C:text-match></C:prop-filter>`);
    const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
      [text('SUMMARY', 'kingfisher'), LEVELS, ['PUBLIC', 'RESTRICTED']], [text('DESCRIPTION', 'whisper'), LEVELS, ['PUBLIC']], [text('ATTENDEE', 'spy'), LEVELS, ['PUBLIC']],
      [text('SUMMARY', 'heron', ' negate-condition="yes"'), LEVELS, ['PUBLIC', 'RESTRICTED']],
      [inEvent('<C:prop-filter name="SUMMARY"><C:is-not-defined/></C:prop-filter>'), [], ['CONFIDENTIAL']], [inEvent('<C:prop-filter name="CATEGORIES"/>'), LEVELS, ['PUBLIC']],
      [inEvent('<C:comp-filter name="VALARM"/>'), LEVELS, ['PUBLIC']], [inEvent('<C:comp-filter name="VALARM"><C:time-range start="20260310T095000Z" end="20260310T095900Z"/></C:comp-filter>'), LEVELS, ['PUBLIC']],
      [inEvent('<C:time-range start="20260311T150000Z" end="20260311T153000Z"/>'), LEVELS, ['CONFIDENTIAL', 'PUBLIC', 'RESTRICTED']], [text('UID', 'CONFIDENTIAL'), ['CONFIDENTIAL'], ['CONFIDENTIAL']], [text('UID', 'PRIVATE'), ['PRIVATE'], []],
      ['<C:prop-filter name="X-SECRET-CALENDAR"/>', LEVELS, ['PUBLIC']],
    ];
    for (const [filter, all, some] of cases) {
      expect(await found(server, filter, 'amy'), filter).toEqual(all.toSorted());
      expect(await found(server, filter, 'cat'), filter).toEqual(some.toSorted());
    }
    // Of one item too.
    expect(names(await server.send('REPORT', path('CONFIDENTIAL'), query(text('SUMMARY', 'kingfisher')), {}, 'cat'))).toEqual([]);
    expect(names(await server.send('REPORT', path('CONFIDENTIAL'), query(text('SUMMARY', 'kingfisher')), {}, 'amy'))).toEqual(['CONFIDENTIAL']);
  });

  it('is found by exactly those filters that would find its view, were the view all there is', async () => {
    await using server = await given();
    const variants: readonly (readonly [string, string])[] = [
      ['plain', secret('plain', { access: 'CONFIDENTIAL' })], ['once', secret('once', { access: 'CONFIDENTIAL' }).replace('RRULE:FREQ=DAILY;COUNT=3\r\n', '').replace(/BEGIN:VEVENT\r\nUID:once\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE[\s\S]*?END:VEVENT\r\n/, '')],
      ['some', secret('some', { access: 'RESTRICTED', lines: ['STATUS:TENTATIVE', 'TRANSP:TRANSPARENT', 'COMMENT:Whisper'] })], ['classed', secret('classed', { lines: ['CLASS:PRIVATE', 'PRIORITY:1'] })],
      ['day', secret('day', { access: 'CONFIDENTIAL' }).replaceAll(/(DTSTART|DTEND|RECURRENCE-ID):(\d{8})T\d{6}Z/g, '$1;VALUE=DATE:$2').replace('DTEND;VALUE=DATE:20260310', 'DTEND;VALUE=DATE:20260311').replace('DTEND;VALUE=DATE:20260311\r\nSUMMARY:Kingfisher two', 'DTEND;VALUE=DATE:20260312\r\nSUMMARY:Kingfisher two')],
    ];
    for (const access of LEVELS) await server.send('DELETE', path(access));
    const mirror = '/calendars/__uids__/id-dan/calendar/';
    for (const [name, body] of variants) {
      expect((await server.send('PUT', path(name), body)).status, name).toBe(201);
      const view = (await server.send('GET', path(name), undefined, {}, 'cat')).text;
      expect(view).not.toMatch(name === 'some' ? /Whisper/ : SECRET);
      expect((await server.send('PUT', `${mirror}${name}.ics`, view, {}, 'dan')).status, name).toBe(201);
    }
    const properties = ['SUMMARY', 'LOCATION', 'DESCRIPTION', 'CATEGORIES', 'ATTENDEE', 'COMMENT', 'STATUS', 'TRANSP', 'CLASS', 'PRIORITY', 'X-SECRET', 'RRULE', 'DTSTART'];
    const tests = ['', '<C:is-not-defined/>', ...['kingfisher', 'hideout', 'whisper', 'spies', 'spy', 'tentative', 'transparent', 'private', '1', 'daily', 'a'].flatMap((text) => ['no', 'yes'].map((negate) => `<C:text-match negate-condition="${negate}">${text}</C:text-match>`))];
    const range = (from: string, to: string): string => `<C:time-range start="202603${from}Z" end="202603${to}Z"/>`;
    const ranges = [range('10T095000', '10T095900'), range('10T000000', '10T120000'), range('11T100000', '11T110000'), range('11T150000', '11T160000'), range('12T000000', '13T000000'), range('20T000000', '21T000000')];
    const filters = [
      ...properties.flatMap((name) => tests.map((test) => `<C:comp-filter name="VEVENT"><C:prop-filter name="${name}">${test}</C:prop-filter></C:comp-filter>`)),
      ...ranges.flatMap((each) => [each, `${each}<C:prop-filter name="SUMMARY"/>`, `<C:comp-filter name="VALARM">${each}</C:comp-filter>`].map((inner) => `<C:comp-filter name="VEVENT">${inner}</C:comp-filter>`)),
      '<C:comp-filter name="VEVENT"><C:comp-filter name="VALARM"><C:is-not-defined/></C:comp-filter></C:comp-filter>', '<C:comp-filter name="VTODO"/>', '<C:comp-filter name="VEVENT"><C:is-not-defined/></C:comp-filter>',
      '<C:prop-filter name="X-SECRET-CALENDAR"/>', '<C:prop-filter name="X-CALENDARSERVER-ACCESS"><C:text-match>confidential</C:text-match></C:prop-filter>',
    ];
    let matches = 0;
    for (const filter of filters) {
      const shown = names(await server.send('REPORT', mirror, query(filter, '<getetag/>'), { Depth: '1' }, 'dan'));
      expect(await found(server, filter, 'cat'), filter).toEqual(shown);
      matches += shown.length;
    }
    // Not all, and not nothing.
    expect(matches).toBeGreaterThan(filters.length / 2);
    expect(matches).toBeLessThan(filters.length * (variants.length - 1));
  });

  it('makes its owner busy for everybody, and tells nothing else (RFC 4791 §7.10; rule 4.13 of the classic server)', async () => {
    await using server = await given();
    for (const access of ['PUBLIC', 'RESTRICTED', 'CONFIDENTIAL']) await server.send('DELETE', path(access));
    const ask = freeBusyQuery('start="20260310T000000Z" end="20260313T000000Z"');
    for (const as of ['cat', 'dan']) {
      const text = (await server.send('REPORT', CALENDAR, ask, { Depth: '1' }, as)).text.replaceAll('\r\n ', '');
      for (const at of ['20260310T100000Z', '20260311T150000Z', '20260312T100000Z']) expect(text, as).toContain(at);
      expect(text).not.toMatch(SECRET);
    }
    expect((await server.send('GET', `${AMY_HOME}freebusy?start=20260310T000000Z&end=20260311T000000Z`, undefined, {}, 'dan')).text).toContain('20260310T100000Z');
  });

  it('is changed, moved, locked or removed by nobody who sees a part: he would write the rest away', async () => {
    await using server = await given();
    await server.send('MKCALENDAR', `${AMY_HOME}other/`, undefined, {}, 'bob');
    for (const access of ['RESTRICTED', 'CONFIDENTIAL', 'PRIVATE']) {
      const before = (await server.send('GET', path(access))).headers.get('etag');
      const lock = '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>';
      for (const [method, body, fields] of [['PUT', secret(access), {}], ['DELETE', undefined, {}], ['MOVE', undefined, { Destination: `${server.url}${AMY_HOME}other/x.ics` }], ['LOCK', lock, {}]] as const) {
        const answer = await server.send(method, path(access), body, fields, 'bob');
        expect([answer.status, answer.condition()], `${method} ${access}`).toEqual([403, 'need-privileges']);
      }
      expect((await server.send('GET', path(access))).headers.get('etag')).toBe(before);
      const privileges = await server.send('PROPFIND', path(access), propfind('<current-user-privilege-set/>'), { Depth: '0' }, 'bob');
      expect(privileges.text).not.toContain('<write-content/>');
    }
    // What is for everybody he changes as before, also into nothing.
    expect((await server.send('PUT', path('PUBLIC'), secret('PUBLIC'), {}, 'bob')).status).toBe(204);
    expect((await server.send('DELETE', path('PUBLIC'), undefined, {}, 'bob')).status).toBe(204);
  });

  it('looks to who may not see it as if it were not there, where names are guessed', async () => {
    await using server = await given();
    // Whoever reads the calendar sees 403 for what he may not read in it; what it is, he does not learn.
    const hidden = await server.send('GET', path('PRIVATE'), undefined, {}, 'cat');
    expect(hidden.text).not.toMatch(SECRET);
    const multiget = calendarMultiget('<getetag/>', [path('PRIVATE')]);
    expect((await server.send('REPORT', CALENDAR, multiget, {}, 'cat')).rows().get(path('PRIVATE'))!.status).toBe(403);
    // A UID that is taken by what he does not see is taken, and its name is not told (RFC 4791 §5.3.2.1).
    const taken = await server.send('PUT', `${CALENDAR}another.ics`, secret('PRIVATE'), {}, 'bob');
    expect([taken.status, taken.condition(), taken.text.includes('PRIVATE.ics')]).toEqual([403, 'no-uid-conflict', false]);
    // A change of what is hidden shows in a sync as something that is gone or was never there.
    const sync = (token: string): string => syncCollection('<getetag/>', token);
    const first = await server.send('REPORT', CALENDAR, sync(''), {}, 'cat');
    const token = first.xml().children.find(({ name }) => name.local === 'sync-token')!.text;
    await server.send('PUT', path('CONFIDENTIAL'), secret('CONFIDENTIAL', { access: 'PRIVATE' }));
    expect([...(await server.send('REPORT', CALENDAR, sync(token), {}, 'cat')).rows()].map(([href, { status }]) => [href, status])).toEqual([[path('CONFIDENTIAL'), 404]]);
    // Of a home too, where one answer has items of many calendars.
    const whole = (since: string): string => sync(since).replace('>1<', '>infinite<');
    const home = (await server.send('REPORT', AMY_HOME, whole(''), {}, 'cat')).xml().children.find(({ name }) => name.local === 'sync-token')!.text;
    await server.send('PUT', path('CONFIDENTIAL'), secret('CONFIDENTIAL', { access: 'PRIVATE', lines: ['COMMENT:more'] }));
    await server.send('PUT', path('PUBLIC'), secret('PUBLIC', { access: 'PUBLIC', lines: ['COMMENT:more'] }));
    const changed = (await server.send('REPORT', AMY_HOME, whole(home), {}, 'cat')).rows();
    expect([changed.get(path('CONFIDENTIAL'))!.status, changed.get(path('PUBLIC'))!.properties.has('getetag')]).toEqual([404, true]);
  });

  it('is in the way of a MOVE like any other object: whoever may write learns that the name is taken, and nothing else', async () => {
    await using server = await given();
    expect((await server.send('PUT', path('mine'), secret('mine'), {}, 'bob')).status).toBe(201);
    const onto = async (access: string, fields: Readonly<Record<string, string>>): Promise<readonly unknown[]> => {
      const { status, headers, text } = await server.send('MOVE', path('mine'), undefined, { Destination: server.url + path(access), ...fields }, 'bob');
      return [status, [...headers.keys()].sort(), text.replace(/\(request [^)]*\)/, '').replaceAll(access, '')];
    };
    for (const fields of [{}, { Overwrite: 'F' }, { Overwrite: 'T' }, { Prefer: 'return=representation' }]) {
      const answers = await Promise.all(LEVELS.map((access) => onto(access, fields)));
      expect(answers, JSON.stringify(fields)).toEqual(LEVELS.map(() => answers[0]));
      expect([403, 412]).toContain(answers[0]![0]);
    }
    for (const access of LEVELS) expect((await server.send('GET', path(access))).text).toBe(secret(access, { access }));
  });

  it('is one by the word of its owner alone, in words that are known (calendarserver:valid-access-restriction)', async () => {
    await using server = await given();
    for (const [access, as, status] of [['PRIVATE', 'bob', 403], ['CONFIDENTIAL', 'root', 403], ['PUBLIC', 'bob', 201], ['SECRET', 'amy', 403]] as const) {
      const answer = await server.send('PUT', `${CALENDAR}new-${as}-${access}.ics`, secret(`new-${as}-${access}`, { access }), {}, as);
      expect([answer.status, answer.status === 403 ? answer.condition() : undefined], `${as} ${access}`).toEqual([status, status === 403 ? 'valid-access-restriction' : undefined]);
    }
    // Overwritten without a word it stays what it was; then what is stored is not what was sent, so no tag is told (RFC 4791 §5.3.4).
    const kept = await server.send('PUT', path('CONFIDENTIAL'), secret('CONFIDENTIAL'));
    expect([kept.status, kept.headers.has('etag')]).toEqual([204, false]);
    expect((await server.send('GET', path('CONFIDENTIAL'))).text).toContain('X-CALENDARSERVER-ACCESS:CONFIDENTIAL');
    expect((await server.send('PUT', path('CONFIDENTIAL'), secret('CONFIDENTIAL', { access: 'PUBLIC' }))).headers.has('etag')).toBe(true);
    expect((await server.send('GET', path('CONFIDENTIAL'), undefined, {}, 'cat')).text).toMatch(SECRET);
  });

  it.each(['PRIVATE', 'CONFIDENTIAL', 'X-SOMETHING'])('may also say so by CLASS:%s, as any client writes it: then others see when, not what (RFC 5545 §3.8.1.3)', async (value) => {
    await using server = await given();
    const body = secret('classed', { lines: [`CLASS:${value}`] });
    const put = await server.send('PUT', path('classed'), body);
    expect([put.status, put.headers.has('etag')]).toEqual([201, true]);
    expect((await server.send('GET', path('classed'))).text).toBe(body);
    const seen = (await server.send('GET', path('classed'), undefined, {}, 'cat')).text;
    expect(seen).not.toMatch(SECRET);
    expect(seen).toContain(`CLASS:${value}`);
    expect((await server.send('DELETE', path('classed'), undefined, {}, 'bob')).status).toBe(403);
    // A delegate may make one; X-CALENDARSERVER-ACCESS is the owner's word, CLASS the event's.
    expect((await server.send('PUT', path('by-bob'), secret('by-bob', { lines: [`CLASS:${value}`] }), {}, 'bob')).status).toBe(201);
    expect((await server.send('GET', path('by-bob'), undefined, {}, 'bob')).text).not.toMatch(SECRET);
    await server.send('PUT', path('classed'), secret('classed', { lines: ['CLASS:PUBLIC'] }));
    expect((await server.send('GET', path('classed'), undefined, {}, 'cat')).text).toMatch(SECRET);
  });

  it('of a group\'s calendar is every member\'s, and no other reader\'s', async () => {
    const team = group('team', { groupCalendar: { members: 'write', owners: [] } });
    await using server = await givenServer({ people: [person('amy'), person('bob'), person('root'), team], members: { 'id-team': ['id-amy', 'id-bob'] } });
    const at = '/calendars/__uids__/id-team/calendar/x.ics';
    expect((await server.send('PUT', at, secret('x', { access: 'CONFIDENTIAL' }))).status).toBe(201);
    expect((await server.send('GET', at, undefined, {}, 'bob')).text).toMatch(SECRET);
  });
});
