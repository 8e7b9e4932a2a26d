/** Calendar objects over HTTP: RFC 4791 §5.3.2, RFC 9110 §13, RFC 5995, RFC 8144. */
import { event, todo } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { AMY_HOME, BOB_HOME, CALENDAR, givenServer } from './caldav-server.ts';

const A = `${CALENDAR}a.ics`;

describe('PUT and GET', () => {
  it('give back the very octets, with the ETag that PUT told', async () => {
    await using server = await givenServer();
    const put = await server.send('PUT', A, event('a').body);
    expect(put.status).toBe(201);
    const get = await server.send('GET', A);
    expect([get.status, get.text]).toEqual([200, event('a').text]);
    expect(get.headers.get('etag')).toBe(put.headers.get('etag'));
    expect(get.headers.get('content-type')).toBe('text/calendar;charset=utf-8');
  });

  it('answer 304 to a client that has this version, and the octets to one that has another (RFC 9110 §13.1.2)', async () => {
    await using server = await givenServer();
    const tag = (await server.send('PUT', A, event('a').body)).headers.get('etag')!;
    expect((await server.send('GET', A, undefined, { 'If-None-Match': tag })).status).toBe(304);
    const other = await server.send('GET', A, undefined, { 'If-None-Match': '"old"' });
    expect([other.status, other.text]).toEqual([200, event('a').text]);
  });

  it('update with the right If-Match, and refuse with a stale one (RFC 9110 §13.1.1)', async () => {
    await using server = await givenServer();
    const first = (await server.send('PUT', A, event('a').body)).headers.get('etag')!;
    expect((await server.send('PUT', A, event('a', { summary: 'two' }).body, { 'If-Match': first })).status).toBe(204);
    expect((await server.send('PUT', A, event('a', { summary: 'three' }).body, { 'If-Match': first })).status).toBe(412);
    expect((await server.send('GET', A)).text).toBe(event('a', { summary: 'two' }).text);
  });

  it('refuse to create what is there (If-None-Match: *)', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body, { 'If-None-Match': '*' });
    expect((await server.send('PUT', A, event('a').body, { 'If-None-Match': '*' })).status).toBe(412);
  });

  it('let one of many win who create or change the same object at once', async () => {
    await using server = await givenServer();
    const all = (what: string, headers: Readonly<Record<string, string>>) => Promise.all(Array.from({ length: 8 }, (_, at) => server.send('PUT', A, event('a', { summary: `${what} ${at}` }).body, headers)));
    const created = await all('create', { 'If-None-Match': '*' });
    expect(created.map(({ status }) => status).toSorted()).toEqual([201, ...Array.from({ length: 7 }, () => 412)]);
    const changed = await all('change', { 'If-Match': created.find(({ status }) => status === 201)!.headers.get('etag')! });
    expect(changed.filter(({ status }) => status === 412)).toHaveLength(7);
    const winner = changed.find(({ status }) => status === 204)!;
    expect((await server.send('GET', A)).headers.get('etag')).toBe(winner.headers.get('etag'));
  });

  it('do jCal both ways, without an ETag for what was stored as text (RFC 4791 §5.3.4, RFC 7265)', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    const json = await server.send('GET', A, undefined, { Accept: 'application/calendar+json' });
    expect(json.headers.get('content-type')).toBe('application/calendar+json');
    expect(JSON.parse(json.text)[0]).toBe('vcalendar');
    const put = await server.send('PUT', A, json.text, { 'Content-Type': 'application/calendar+json' });
    expect([put.status, put.headers.get('etag')]).toEqual([204, null]);
    expect((await server.send('GET', A, undefined, { Accept: 'image/png' })).status).toBe(406);
  });

  it('HEAD says what GET would', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    const head = await server.send('HEAD', A);
    expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', String(event('a').body.length)]);
  });

  it('answer with the object where the client prefers that (RFC 8144 §3)', async () => {
    await using server = await givenServer();
    const prefer = { Prefer: 'return=representation' };
    const created = await server.send('PUT', A, event('a').body, prefer);
    expect([created.status, created.text, created.headers.get('content-location')]).toEqual([201, event('a').text, A]);
    expect((await server.send('PUT', A, event('a', { summary: 'x' }).body, prefer)).status).toBe(200);
  });

  it('keep a name with spaces, accents and a slash sign in it', async () => {
    await using server = await givenServer();
    const path = `${CALENDAR}${encodeURIComponent('Größe & 100%.ics')}`;
    expect((await server.send('PUT', path, event('a').body)).status).toBe(201);
    expect((await server.send('GET', path)).text).toBe(event('a').text);
    const rows = (await server.send('PROPFIND', CALENDAR, '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>', { Depth: '1' })).rows();
    expect([...rows.keys()]).toContain(path);
  });
});

describe('the preconditions of PUT (RFC 4791 §5.3.2.1)', () => {
  const refused = async (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}, limits = {}): Promise<string> => {
    await using server = await givenServer({ limits });
    const answer = await server.send('PUT', A, body, headers);
    expect((await server.send('GET', A)).status).toBe(404);
    return `${answer.status} ${answer.condition()}`;
  };

  it('supported-calendar-data', async () => {
    expect(await refused('hello', { 'Content-Type': 'text/plain' })).toBe('403 supported-calendar-data');
  });
  it('valid-calendar-data', async () => {
    expect(await refused('hello')).toBe('403 valid-calendar-data');
    expect(await refused('')).toBe('403 valid-calendar-data');
    expect(await refused(Buffer.from([0xff, 0xfe, 0x00]))).toBe('403 valid-calendar-data');
  });
  it('valid-calendar-object-resource', async () => {
    expect(await refused(event('a').text.replace('UID:a\r\n', ''))).toBe('403 valid-calendar-object-resource');
  });
  it('supported-calendar-component', async () => {
    expect(await refused(todo('a').body)).toBe('403 supported-calendar-component');
  });
  it('no-uid-conflict, with the href of the holder', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    const answer = await server.send('PUT', `${CALENDAR}b.ics`, event('a').body);
    expect([answer.status, answer.condition()]).toEqual([403, 'no-uid-conflict']);
    expect(answer.xml().children[0]!.children[0]!.text).toBe(A);
  });
  it('unique-scheduling-object-resource, where the holder is in another calendar (RFC 6638 §3.2.4.1)', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    await server.send('MKCALENDAR', `${AMY_HOME}other/`);
    const answer = await server.send('PUT', `${AMY_HOME}other/a.ics`, event('a').body);
    expect([answer.status, answer.condition()]).toEqual([403, 'unique-scheduling-object-resource']);
    expect(answer.xml().children[0]!.children[0]!.text).toBe(A);
  });
  it('max-resource-size', async () => {
    expect(await refused(event('a', { description: 'x'.repeat(500) }).body, {}, { resourceOctets: 400 })).toBe('403 max-resource-size');
  });
  it('min-date-time', async () => {
    expect(await refused(event('a', { start: '15000101T090000', end: '15000101T100000' }).body)).toBe('403 min-date-time');
  });
  it('max-instances', async () => {
    expect(await refused(event('a', { rrule: 'FREQ=HOURLY;COUNT=5000' }).body)).toBe('403 max-instances');
  });
  it('max-attendees-per-instance', async () => {
    const crowd = event('a', { organizer: 'mailto:amy@example.com', attendees: ['mailto:x@example.com', 'mailto:y@example.com'] });
    expect(await refused(crowd.body, {}, { attendees: 1 })).toBe('403 max-attendees-per-instance');
  });
  it('and of space: a full calendar, a full home (RFC 4331 §6)', async () => {
    await using full = await givenServer({ limits: { itemsPerCalendar: 1 } });
    await full.send('PUT', A, event('a').body);
    expect((await full.send('PUT', `${CALENDAR}b.ics`, event('b').body)).condition()).toBe('max-resources');
    await using small = await givenServer({ limits: { homeOctets: 300 } });
    await small.send('PUT', A, event('a').body);
    const answer = await small.send('PUT', `${CALENDAR}b.ics`, event('b').body);
    expect([answer.status, answer.condition()]).toEqual([507, 'quota-not-exceeded']);
  });
  it('and of names: nothing that begins with a dot, nothing below a calendar that is not there', async () => {
    await using server = await givenServer();
    expect((await server.send('PUT', `${CALENDAR}.a.ics`, event('a').body)).status).toBe(403);
    expect((await server.send('PUT', `${AMY_HOME}nowhere/a.ics`, event('a').body)).status).toBe(409);
    expect((await server.send('PUT', CALENDAR, event('a').body)).status).toBe(403);
  });
});

describe('DELETE', () => {
  it('removes the object; a second time there is none', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    expect((await server.send('DELETE', A)).status).toBe(204);
    expect((await server.send('DELETE', A)).status).toBe(404);
  });

  it('refuses with a stale If-Match', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    expect((await server.send('DELETE', A, undefined, { 'If-Match': '"other"' })).status).toBe(412);
    expect((await server.send('GET', A)).status).toBe(200);
  });
});

describe('MOVE and COPY', () => {
  const moved = { Destination: `http://cal.example.com${AMY_HOME}other/b.ics` };

  it('MOVE to another calendar of the home keeps octets and ETag, and says where', async () => {
    await using server = await givenServer();
    const tag = (await server.send('PUT', A, event('a').body)).headers.get('etag');
    await server.send('MKCALENDAR', `${AMY_HOME}other/`);
    const answer = await server.send('MOVE', A, undefined, moved);
    expect([answer.status, answer.headers.get('location')]).toEqual([201, moved.Destination]);
    expect((await server.send('GET', A)).status).toBe(404);
    const there = await server.send('GET', `${AMY_HOME}other/b.ics`);
    expect([there.text, there.headers.get('etag')]).toEqual([event('a').text, tag]);
  });

  it('MOVE over another object is refused: 403, or 412 with Overwrite: F', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    await server.send('PUT', `${CALENDAR}b.ics`, event('b').body);
    const destination = { Destination: `${CALENDAR}b.ics` };
    const answer = await server.send('MOVE', A, undefined, destination);
    expect([answer.status, answer.condition()]).toEqual([403, 'no-uid-conflict']);
    expect((await server.send('MOVE', A, undefined, { ...destination, Overwrite: 'F' })).status).toBe(412);
  });

  it('MOVE leaves neither home nor server', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    expect((await server.send('MOVE', A, undefined, { Destination: `${AMY_HOME}dropbox/a.ics` })).status).toBe(403);
    expect((await server.send('MOVE', A, undefined, { Destination: `${BOB_HOME}calendar/a.ics` })).status).toBe(403);
    expect((await server.send('MOVE', A, undefined, { Destination: 'http://elsewhere.example.org/a.ics' })).status).toBe(502);
    expect((await server.send('MOVE', A)).status).toBe(400);
    expect((await server.send('GET', A)).status).toBe(200);
  });

  it('COPY is refused', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    expect((await server.send('COPY', A, undefined, { Destination: `${CALENDAR}b.ics` })).status).toBe(403);
  });
});

describe('POST to the add-member URL (RFC 5995)', () => {
  it('makes an object under a name of the server', async () => {
    await using server = await givenServer();
    const asked = await server.send('PROPFIND', CALENDAR, '<propfind xmlns="DAV:"><prop><add-member/></prop></propfind>', { Depth: '0' });
    const url = asked.rows().get(CALENDAR)!.properties.get('add-member')!.children[0]!.text;
    expect(url).toBe(`${CALENDAR};add-member`);
    const made = await server.send('POST', url, event('a').body);
    expect(made.status).toBe(201);
    const { pathname } = new URL(made.headers.get('location')!);
    expect((await server.send('GET', pathname)).text).toBe(event('a').text);
  });

  it('is for those who may bind', async () => {
    await using server = await givenServer();
    expect((await server.send('POST', `${CALENDAR};add-member`, event('a').body, {}, 'bob')).status).toBe(403);
  });
});

describe('somebody else', () => {
  it('neither reads nor writes, whether something is there or not', async () => {
    await using server = await givenServer();
    await server.send('PUT', A, event('a').body);
    for (const path of [A, `${CALENDAR}none.ics`]) {
      expect((await server.send('GET', path, undefined, {}, 'bob')).status).toBe(403);
      expect((await server.send('PUT', path, event('a').body, {}, 'bob')).status).toBe(403);
      expect((await server.send('DELETE', path, undefined, {}, 'bob')).status).toBe(403);
      expect((await server.send('GET', path, undefined, {}, null)).status).toBe(401);
    }
  });

  it('gets no home by asking for nobody', async () => {
    await using server = await givenServer();
    expect((await server.send('GET', '/calendars/__uids__/nobody/')).status).toBe(404);
    expect((await server.send('GET', '/calendars/users/nobody/')).status).toBe(404);
  });

  it('who has no credentials makes no home (R13)', async () => {
    await using server = await givenServer();
    expect((await server.send('GET', CALENDAR, undefined, {}, null)).status).toBe(401);
    expect(await server.store.findHome('id-amy' as never)).toBeUndefined();
  });
});
