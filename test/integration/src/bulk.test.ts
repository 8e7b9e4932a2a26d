/** Many objects in one POST (calendarserver-bulk-change §3-§5, §7): the simple request and CRUD, what each object is told, and who may. */
import { event, recurring, todo } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { acl, givenPeople, grant } from './acl-given.ts';
import { GONE, JSON_TYPE, NAMESPACES, RETURN, TASKS, at, ctagOf, data, events, match, multiput, names, outcomes, told, together } from './bulk-given.ts';
import { AMY_HOME, CALENDAR, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';
import { lock, tokenIn } from './locks-given.ts';

describe('MM:bulk-requests (calendarserver-bulk-change §5.1)', () => {
  const ask = (server: GivenServer, path: string): Promise<Answer> => server.send('PROPFIND', path, `<D:propfind ${NAMESPACES}><D:prop><MM:bulk-requests/></D:prop></D:propfind>`, { Depth: '0' });

  it('says how much a calendar takes in one request, and is on nothing else', async () => {
    await using server = await givenServer();
    const value = (await ask(server, CALENDAR)).rows().get(CALENDAR)!.properties.get('bulk-requests')!;
    expect(value.children.map((one) => [one.name.local, ...one.children.map(({ name, text }) => `${name.local} ${text}`)])).toEqual([
      ['simple', 'max-resources 10000', 'max-bytes 10485760'], ['crud', 'max-resources 10000', 'max-bytes 8388608'],
    ]);
    for (const path of [AMY_HOME, `${AMY_HOME}inbox/`]) expect((await ask(server, path)).rows().get(path)!.missing).toEqual(['bulk-requests']);
  });

  it('is the server\'s own, and not in allprop', async () => {
    await using server = await givenServer();
    const patch = await server.send('PROPPATCH', CALENDAR, `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><MM:bulk-requests/></D:prop></D:set></D:propertyupdate>`);
    expect(patch.text).toContain('cannot-modify-protected-property');
    expect((await server.send('PROPFIND', CALENDAR, undefined, { Depth: '0' })).text).not.toContain('bulk-requests');
  });
});

describe('the simple bulk request (calendarserver-bulk-change §3)', () => {
  it('makes an object of each UID, with its overrides and zones, under a name of ours and with a strong ETag', async () => {
    await using server = await givenServer();
    const series = recurring('series', { overrides: [['BEGIN:VEVENT', 'UID:series', 'RECURRENCE-ID;TZID=Europe/Berlin:20260303T090000', 'DTSTAMP:20260101T000000Z', 'DTSTART;TZID=Europe/Berlin:20260303T110000', 'END:VEVENT']] });
    const answer = await server.send('POST', CALENDAR, together(event('a').text, series.text, event('b').text));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([207, 'text/xml;charset=utf-8']);
    expect(outcomes(answer)).toEqual([['a', 200, undefined], ['series', 200, undefined], ['b', 200, undefined]]);
    for (const { href, etag, data: returned } of told(answer)) {
      const get = await server.send('GET', href);
      expect([get.status, get.headers.get('etag'), returned]).toEqual([200, etag, undefined]);
      expect(href).toMatch(/^\/calendars\/__uids__\/id-amy\/calendar\/[0-9a-f-]{36}\.ics$/);
    }
    const stored = (await server.send('GET', told(answer)[1]!.href)).text;
    expect([stored.match(/BEGIN:VEVENT/g)?.length, stored.match(/BEGIN:VTIMEZONE/g)?.length, stored.includes('UID:a')]).toEqual([2, 1, false]);
    expect((await server.send('GET', told(answer)[0]!.href)).text).toContain(event('a').text.match(/BEGIN:VEVENT[^]*END:VEVENT\r\n/)![0]);
  });

  it('answers for each object: the broken, the known, the unwanted and the nameless fail alone', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}there.ics`, event('known').body);
    await server.send('PUT', `${TASKS}there.ics`, todo('elsewhere').body);
    const body = together(
      event('good').text, event('broken').text.replace('SUMMARY', 'a line without a colon\r\nSUMMARY'), event('known').text, event('odd', { lines: ['RRULE:FREQ=SOMETIMES'] }).text,
      todo('task').text, event('x').text.replace('UID:x\r\n', ''), event('elsewhere').text, event('also-good').text,
    );
    const answer = await server.send('POST', CALENDAR, body);
    expect(outcomes(answer)).toEqual([
      ['good', 200, undefined], ['broken', 403, 'valid-calendar-data'], ['known', 403, 'no-uid-conflict'], ['odd', 403, 'valid-calendar-data'], ['task', 403, 'supported-calendar-component'],
      [undefined, 403, 'valid-calendar-object-resource'], ['elsewhere', 403, 'unique-scheduling-object-resource'], ['also-good', 200, undefined],
    ]);
    // §3: an empty href; and the holder of the UID is named.
    expect(told(answer).filter(({ status }) => status === 403).map(({ href }) => href)).toEqual(['', '', '', '', '', '']);
    expect(answer.text).toContain(`<href xmlns='DAV:'>${CALENDAR}there.ics</href>`);
    expect((await names(server)).length).toBe(3);
    expect((await server.send('GET', `${CALENDAR}there.ics`)).text).toBe(event('known').text);
  });

  it('is one change for a hundred objects, and tells the ctag behind the last (§8.2)', async () => {
    await using server = await givenServer();
    await server.send('GET', `${CALENDAR}none.ics`);
    server.calls();
    const answer = await server.send('POST', CALENDAR, events(250));
    expect(outcomes(answer).every(([, status]) => status === 200)).toBe(true);
    expect(server.calls().write).toBe(3);
    expect(answer.headers.get('ctag')).toBe(await ctagOf(server));
  });

  it('tells the ctag as it is where nothing was stored', async () => {
    await using server = await givenServer();
    const before = await ctagOf(server);
    const answer = await server.send('POST', CALENDAR, together(todo('task').text));
    expect([answer.status, answer.headers.get('ctag'), await ctagOf(server)]).toEqual([207, before, before]);
  });

  it('gives a weak ETag to what is stored otherwise than sent, and the data with a strong one to whoever asks for it (§3, §8.1)', async () => {
    await using server = await givenServer();
    const given = (uid: string): string => together(event(`${uid}1`).text, event(`${uid}2`).text.replace(/DTSTAMP:.*\r\n/, ''));
    const [plain, amended] = told(await server.send('POST', CALENDAR, given('a')));
    expect([plain!.etag?.startsWith('"'), amended!.etag?.startsWith('W/"'), amended!.data]).toEqual([true, true, undefined]);
    const [same, changed] = told(await server.send('POST', CALENDAR, given('b'), RETURN));
    expect([same!.data, changed!.data?.text.includes('DTSTAMP:'), changed!.etag]).toEqual([undefined, true, (await server.send('GET', changed!.href)).headers.get('etag')]);
  });

  it('returns all that it stored to whoever prefers that, and says so (RFC 7240 §4.2)', async () => {
    await using server = await givenServer();
    const answer = await server.send('POST', CALENDAR, events(120), { Prefer: 'return=representation' });
    expect(answer.headers.get('preference-applied')).toBe('return=representation');
    expect(told(answer).every(({ data: returned, uid }) => returned?.text.includes(`UID:${uid}\n`) === true)).toBe(true);
    const minimal = await server.send('POST', CALENDAR, events(2, 200), { Prefer: 'return=minimal' });
    expect([minimal.headers.get('preference-applied'), told(minimal).map(({ data: returned }) => returned)]).toEqual(['return=minimal', [undefined, undefined]]);
  });

  it('takes jCal, and returns jCal (RFC 7265)', async () => {
    await using server = await givenServer();
    const component = (uid: string, ...more: readonly unknown[]) => ['vevent', [['uid', {}, 'text', uid], ['dtstamp', {}, 'date-time', '2026-01-01T00:00:00Z'], ['dtstart', {}, 'date-time', '2026-03-02T09:00:00Z'], ...more], []];
    const calendar = JSON.stringify(['vcalendar', [['version', {}, 'text', '2.0'], ['prodid', {}, 'text', '-//x//EN']], [component('a'), component('b', ['x-odd', { 'x-p': 'q' }, 'unknown', 'as, it; is']), component('c', ['dtend'])]]);
    const answer = await server.send('POST', CALENDAR, calendar, { 'Content-Type': `${JSON_TYPE}; charset=utf-8`, ...RETURN });
    expect(outcomes(answer)).toEqual([['a', 200, undefined], ['b', 200, undefined], ['c', 403, 'valid-calendar-data']]);
    const [a, b] = told(answer);
    expect([a!.data!.attribute('content-type'), JSON.parse(a!.data!.text)[2][0][1][0]]).toEqual([JSON_TYPE, ['uid', {}, 'text', 'a']]);
    expect((await server.send('GET', b!.href)).text).toContain('X-ODD;X-P=q:as, it; is\r\n');
    // Without the data nobody can know that the text says what the JSON said.
    const weak = told(await server.send('POST', CALENDAR, calendar.replaceAll('"a"', '"a2"').replaceAll('"b"', '"b2"'), { 'Content-Type': JSON_TYPE }));
    expect(weak[0]!.etag).toMatch(/^W\/"/);
  });

  it.each([
    ['a page', '<html/>', 'text/html', 403, 'supported-calendar-data'], ['no type', 'BEGIN:VCALENDAR', '', 403, 'supported-calendar-data'], ['text', 'BEGIN:VCALENDAR', 'text/plain', 403, 'supported-calendar-data'],
    ['nothing', '', 'text/calendar', 403, 'valid-calendar-data'], ['what is no calendar', 'hello', 'text/calendar', 403, 'valid-calendar-data'], ['no JSON', '[', JSON_TYPE, 403, 'valid-calendar-data'],
    ['other JSON', '{"a":1}', JSON_TYPE, 403, 'valid-calendar-data'], ['another XML', '<x xmlns="urn:x"/>', 'text/xml', 400, undefined], ['no XML', '<x', 'application/xml', 400, undefined], ['empty XML', '', 'text/xml', 400, undefined],
  ])('refuses %s as a whole', async (_what, body, type, status, condition) => {
    await using server = await givenServer();
    const answer = await server.send('POST', CALENDAR, body, { 'Content-Type': type });
    expect([answer.status, condition === undefined ? undefined : answer.condition()]).toEqual([status, condition]);
    expect(await names(server)).toEqual([]);
  });

  it('is not defined for what is no calendar', async () => {
    await using server = await givenServer();
    for (const path of [AMY_HOME, `${AMY_HOME}none/`, `${AMY_HOME}dropbox/`]) expect((await server.send('POST', path, events(1))).status, path).toBe(path.includes('none') ? 404 : 405);
  });
});

describe('the bulk CRUD request (calendarserver-bulk-change §4)', () => {
  it('makes, changes and deletes, and answers in the order of the request', async () => {
    await using server = await givenServer();
    const [a, b] = told(await server.send('POST', CALENDAR, multiput(data(event('a').text), data(event('b').text))));
    expect([a!.uid, b!.uid, a!.etag]).toEqual(['a', 'b', (await server.send('GET', a!.href)).headers.get('etag')]);
    const answer = await server.send('POST', CALENDAR, multiput(at(a!.href) + data(event('a', { summary: 'two' }).text), data(event('c').text), at(b!.href) + GONE));
    const [changed, made, gone] = told(answer);
    expect([changed, gone]).toMatchObject([{ href: a!.href, status: 200 }, { href: b!.href, status: 200 }]);
    expect([changed!.uid, gone!.etag, made!.uid]).toEqual([undefined, undefined, 'c']);
    expect(changed!.etag).not.toBe(a!.etag);
    expect((await server.send('GET', a!.href)).text).toBe(event('a', { summary: 'two' }).text);
    expect([(await server.send('GET', b!.href)).status, (await server.send('GET', made!.href)).status]).toEqual([404, 200]);
    expect(answer.headers.get('ctag')).toBe(await ctagOf(server));
  });

  it('keeps iCalendar\'s line breaks, which XML does not (RFC 5545 §3.1, XML 1.0 §2.11)', async () => {
    await using server = await givenServer();
    const answer = await server.send('POST', CALENDAR, multiput(`<D:set><C:calendar-data>\n${event('a', { summary: 'five < six & more' }).text.replaceAll('\r', '').replaceAll('&', '&amp;').replaceAll('<', '&lt;')}\n</C:calendar-data></D:set>`));
    expect((await server.send('GET', told(answer)[0]!.href)).text).toBe(event('a', { summary: 'five < six & more' }).text);
  });

  it('deletes first, so that a UID is free for what is made', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}old.ics`, event('a').body);
    const answer = await server.send('POST', CALENDAR, multiput(data(event('a', { summary: 'anew' }).text), at(`${CALENDAR}old.ics`) + GONE));
    expect(told(answer).map(({ status }) => status)).toEqual([200, 200]);
    expect((await names(server)).length).toBe(1);
  });

  it('holds to if-match, each for itself (§4.2, §4.3)', async () => {
    await using server = await givenServer();
    const tags = await Promise.all(['a', 'b', 'c', 'd'].map(async (uid) => (await server.send('PUT', `${CALENDAR}${uid}.ics`, event(uid).body)).headers.get('etag')!));
    const update = (uid: string, tag: string): string => at(`${CALENDAR}${uid}.ics`) + match(tag) + data(event(uid, { summary: 'two' }).text);
    const answer = await server.send('POST', CALENDAR, multiput(update('a', '"old"'), update('b', tags[1]!), `${at(`${CALENDAR}c.ics`)}${match('"old"')}${GONE}`, `${at('d.ics')}${match(tags[3]!)}${GONE}`));
    expect(told(answer).map(({ status }) => status)).toEqual([412, 200, 412, 200]);
    expect((await names(server)).map((name) => name.slice(CALENDAR.length))).toEqual(['a.ics', 'b.ics', 'c.ics']);
    expect((await server.send('GET', `${CALENDAR}a.ics`)).text).toBe(event('a').text);
  });

  it('changes nothing that is not there, or not here, or named twice, and no UID', async () => {
    await using server = await givenServer();
    for (const uid of ['a', 'b']) await server.send('PUT', `${CALENDAR}${uid}.ics`, event(uid).body);
    await server.send('PUT', `${TASKS}t.ics`, todo('t').body);
    const answer = await server.send('POST', CALENDAR, multiput(
      at(`${CALENDAR}none.ics`) + data(event('none').text), `${at(`${CALENDAR}none2.ics`)}${GONE}`, `${at(`${TASKS}t.ics`)}${GONE}`, `${at('https://elsewhere.example/x.ics')}${GONE}`, `${at('/x/../y')}${GONE}`,
      `${at(CALENDAR)}${GONE}`, `${at('a.ics')}${GONE}`, `${at(`${CALENDAR}a.ics`)}${GONE}`, at('b.ics') + data(event('other').text), at('/calendars/users/amy/calendar/b.ics') + data(event('b').text),
    ));
    expect(told(answer).map(({ status, condition }) => condition ?? status)).toEqual([404, 404, 403, 403, 400, 403, 200, 403, 'no-uid-conflict', 403]);
    expect((await server.send('GET', `${TASKS}t.ics`)).status).toBe(200);
  });

  it('knows its objects by any path of the calendar', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}b%20c.ics`, event('b').body);
    const answer = await server.send('POST', CALENDAR, multiput(at('/calendars/users/amy/calendar/b%20c.ics') + data(event('b', { summary: 'two' }).text)));
    expect(told(answer)).toMatchObject([{ href: '/calendars/users/amy/calendar/b%20c.ics', status: 200 }]);
  });

  it('tells the UID of what could not be made, even of what cannot be read (§4.1)', async () => {
    await using server = await givenServer();
    const answer = await server.send('POST', CALENDAR, multiput(
      data(event('broken').text.replace('SUMMARY', 'oops\nSUMMARY')), data('hello'), data(todo('task').text), data(event('a').text, ' content-type="text/html"'), data(event('b').text), data(together(event('c').text, event('d').text)),
    ));
    expect(outcomes(answer)).toEqual([
      ['broken', 403, 'valid-calendar-data'], [undefined, 403, 'valid-calendar-data'], ['task', 403, 'supported-calendar-component'], ['a', 403, 'supported-calendar-data'], ['b', 200, undefined],
      ['c', 403, 'valid-calendar-object-resource'],
    ]);
  });

  it('sets no properties: such a resource fails whole (§4.1)', async () => {
    await using server = await givenServer();
    const both = `<D:set><D:prop><C:calendar-data><![CDATA[${event('a').text}]]></C:calendar-data><D:displayname>x</D:displayname></D:prop></D:set>`;
    expect(told(await server.send('POST', CALENDAR, multiput(both, data(event('b').text)))).map(({ status }) => status)).toEqual([403, 200]);
  });

  it.each([
    ['nothing in it', ''], ['an empty resource', '<MM:resource/>'], ['a delete of nothing', `<MM:resource>${GONE}</MM:resource>`], ['an href alone', `<MM:resource>${at('a.ics')}</MM:resource>`],
    ['a delete and a set', `<MM:resource>${at('a.ics')}${GONE}${data('x')}</MM:resource>`], ['an empty set', '<MM:resource><D:set/></MM:resource>'], ['two hrefs', `<MM:resource>${at('a.ics')}${at('b.ics')}${GONE}</MM:resource>`],
    ['an if-match of nothing', `<MM:resource>${at('a.ics')}<MM:if-match/>${GONE}</MM:resource>`],
  ])('is 400, and nothing happens, with %s', async (_what, inside) => {
    await using server = await givenServer();
    const good = `<MM:resource>${data(event('good').text)}</MM:resource>`;
    const answer = await server.send('POST', CALENDAR, `<MM:multiput ${NAMESPACES}>${inside === '' ? '' : good + inside}</MM:multiput>`);
    expect([answer.status, await names(server)]).toEqual([400, []]);
  });

  it('takes and returns jCal (RFC 7265)', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    const jcal = (await server.send('GET', `${CALENDAR}a.ics`, undefined, { Accept: JSON_TYPE })).text;
    const answer = await server.send('POST', CALENDAR, multiput(at('a.ics') + data(jcal, ` content-type="${JSON_TYPE}"`), data(jcal.replace('"a"', '"b"'), ` content-type="${JSON_TYPE}"`)), RETURN);
    expect(told(answer).map(({ status, data: returned }) => [status, JSON.parse(returned!.text)[0]])).toEqual([[200, 'vcalendar'], [200, 'vcalendar']]);
  });

  it('takes the tag of either form in if-match (RFC 9110 §8.8.3.3)', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    const tag = (await server.send('GET', `${CALENDAR}a.ics`, undefined, { Accept: JSON_TYPE })).headers.get('etag')!;
    const update = (summary: string): string => multiput(at('a.ics') + match(tag) + data(event('a', { summary }).text));
    expect(told(await server.send('POST', CALENDAR, update('two'))).map(({ status }) => status)).toEqual([200]);
    expect(told(await server.send('POST', CALENDAR, update('three'))).map(({ status }) => status)).toEqual([412]);
  });

  it('is held off by locks, each object by its own (RFC 4918 §7)', async () => {
    await using server = await givenServer();
    for (const uid of ['a', 'b']) await server.send('PUT', `${CALENDAR}${uid}.ics`, event(uid).body);
    const token = tokenIn(await lock(server, `${CALENDAR}a.ics`));
    const body = multiput(...['a', 'b'].map((uid) => at(`${uid}.ics`) + data(event(uid, { summary: 'two' }).text)));
    expect(told(await server.send('POST', CALENDAR, body)).map(({ status, condition }) => [status, condition])).toEqual([[423, 'lock-token-submitted'], [200, undefined]]);
    expect(told(await server.send('POST', CALENDAR, body, { If: `<${CALENDAR}a.ics> (<${token}>)` })).map(({ status }) => status)).toEqual([200, 200]);
    // A lock goes with what is deleted: who makes it anew needs no token.
    const gone = await server.send('POST', CALENDAR, multiput(at('a.ics') + GONE), { If: `<${CALENDAR}a.ics> (<${token}>)` });
    expect([told(gone).map(({ status }) => status), (await server.send('PUT', `${CALENDAR}a.ics`, event('a').body)).status]).toEqual([[200], 201]);
  });
});

describe('who may (RFC 3744 §3)', () => {
  const need = (answer: Answer): readonly (readonly [number, string | undefined])[] => told(answer).map(({ status, condition }) => [status, condition]);

  it('asks bind for new objects, and for each change what its method would need', async () => {
    await using server = await givenPeople();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    const body = multiput(data(event('new').text), at('a.ics') + data(event('a', { summary: 'two' }).text), `${at('a.ics')}${GONE}`.replace('a.ics', 'b.ics'));
    await server.send('ACL', CALENDAR, acl(grant('ben', 'read'), grant('cat', 'read write-content')));
    const refused = await server.send('POST', CALENDAR, events(1), {}, 'ben');
    expect([refused.status, refused.condition()]).toEqual([403, 'need-privileges']);
    expect(need(await server.send('POST', CALENDAR, body, {}, 'ben'))).toEqual([[403, 'need-privileges'], [403, 'need-privileges'], [403, 'need-privileges']]);
    expect(need(await server.send('POST', CALENDAR, body, {}, 'cat'))).toEqual([[403, 'need-privileges'], [200, undefined], [403, 'need-privileges']]);
    expect((await names(server)).length).toBe(1);
  });

  it('gives nothing to read to whoever may only write', async () => {
    await using server = await givenPeople();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    await server.send('ACL', CALENDAR, acl(grant('ben', 'read write-content')));
    await server.send('ACL', `${CALENDAR}a.ics`, acl('<ace><principal><href>/principals/__uids__/id-ben/</href></principal><deny><privilege><read/></privilege></deny></ace>'));
    const answer = await server.send('POST', CALENDAR, multiput(at('a.ics') + data(event('a', { summary: 'two' }).text)), { Prefer: 'return=representation' }, 'ben');
    expect(told(answer).map(({ status, data: returned }) => [status, returned])).toEqual([[200, undefined]]);
  });

  it('tells strangers nothing: what is there and what is not look alike', async () => {
    await using server = await givenPeople();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    const body = (name: string): string => multiput(`${at(name)}${GONE}`);
    const [there, not] = [await server.send('POST', CALENDAR, body('a.ics'), {}, 'dan'), await server.send('POST', CALENDAR, body('b.ics'), {}, 'dan')];
    const bare = ({ status, text }: Answer): unknown => [status, text.replace(/request \w+/, '')];
    expect([there.status, bare(there)]).toEqual([403, bare(not)]);
    expect((await server.send('POST', CALENDAR, body('a.ics'), {}, null)).status).toBe(401);
    // An object that is hidden from a reader is as good as absent.
    await server.send('ACL', CALENDAR, acl(grant('ben', 'read bind unbind')));
    await server.send('ACL', `${CALENDAR}a.ics`, acl(`<ace><principal><href>/principals/__uids__/id-ben/</href></principal><deny><privilege><all/></privilege></deny></ace>`));
    const update = (name: string): string => multiput(at(name) + data(event('a').text));
    const [hidden, none] = [await server.send('POST', CALENDAR, update('a.ics'), {}, 'ben'), await server.send('POST', CALENDAR, update('b.ics'), {}, 'ben')];
    expect(need(hidden)).toEqual(need(none));
    expect(need(none)).toEqual([[404, undefined]]);
  });
});
