/**
 * What clients and attackers send that no RFC allows: each gets the right 4xx and a sentence; never a 500, a crash, a hang, or more memory than 200 MB.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, eventText, NAMESPACES } from './dav.ts';
import { startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

const CALENDAR = '/calendars/users/alice/calendar/';
const MOST_MEBIBYTES = 200;
const RUNS = Number(process.env['KALENDS_FUZZ'] ?? 60);

let server: ServerProcess;
let dav: Dav;
beforeAll(async () => {
  server = await startServerProcess();
  dav = new Dav(server.url);
  await dav.propfind(CALENDAR, '<D:displayname/>');
});
afterAll(async () => { await server[Symbol.asyncDispose](); });

/** The most it ever held, less the program text that all Node processes of a machine share. */
function peakMebibytes(): number {
  const status = readFileSync(`/proc/${String(server.pid)}/status`, 'latin1');
  const field = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]);
  return (field('VmHWM') - field('RssFile')) / 1024;
}

/** Octets on a socket, for what fetch would not send; the status line's number, or 0 when the connection was closed without one. */
function raw(text: string | Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let answer = '';
    socket.setTimeout(20_000, () => { socket.destroy(new Error('no answer')); });
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (answer.includes('\r\n')) socket.destroy();
    });
    socket.on('error', (error) => { if (answer === '' && (error as NodeJS.ErrnoException).code !== 'ECONNRESET') reject(error); });
    socket.on('close', () => { resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0)); });
    socket.write(text);
  });
}
const AUTH = `Authorization: Basic ${Buffer.from('alice:alice').toString('base64')}`;

describe('bad XML', () => {
  const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 20 }, (_, i) => `<!ENTITY a${String(i)} "${`&a${i === 0 ? '' : String(i - 1)};`.repeat(10)}">`).join('')}]><D:propfind ${NAMESPACES}><D:prop>&a19;</D:prop></D:propfind>`;
  it.each([
    ['an entity bomb', bomb], ['an external entity', `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><D:propfind ${NAMESPACES}><D:prop>&e;</D:prop></D:propfind>`],
    ['twenty thousand nested elements', '<a>'.repeat(20_000)], ['no end', `<D:propfind ${NAMESPACES}><D:prop>`], ['two roots', '<a/><b/>'],
    ['an unbound prefix', '<x:propfind/>'], ['no XML at all', 'hello'], ['a NUL', '<a>\0</a>'], ['the wrong root', '<D:propertyupdate xmlns:D="DAV:"/>'],
  ])('%s gets 400', async (_, body) => {
    for (const [method, path] of [['PROPFIND', CALENDAR], ['PROPPATCH', `${CALENDAR}`], ['REPORT', CALENDAR]] as const) {
      if (method === 'PROPPATCH' && body.includes('propertyupdate')) continue;
      const answer = await dav.send(method, path, { body, depth: '0', headers: { 'Content-Type': 'application/xml' } });
      expect([400, 403, 415, 422], `${method}: ${answer.text.slice(0, 200)}`).toContain(answer.status);
      expect(answer.text).not.toContain('root:');
    }
  });

  it('broken UTF-8 gets 400', async () => {
    const body = new Uint8Array(Buffer.concat([Buffer.from(`<D:propfind ${NAMESPACES}><D:prop><D:x>`), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('</D:x></D:prop></D:propfind>')]));
    expect((await dav.send('PROPFIND', CALENDAR, { body, headers: { 'Content-Type': 'application/xml' } })).status).toBe(400);
  });

  it('random mutations of real requests never get a 500', async () => {
    const requests = [
      ['PROPFIND', `<D:propfind ${NAMESPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop></D:propfind>`],
      ['PROPPATCH', `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set></D:propertyupdate>`],
      ['REPORT', `<C:calendar-query ${NAMESPACES}><D:prop><C:calendar-data><C:expand start="20260101T000000Z" end="20260201T000000Z"/></C:calendar-data></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20260101T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`],
      ['REPORT', `<D:sync-collection ${NAMESPACES}><D:sync-token>data:,x_y_1</D:sync-token><D:sync-level>1</D:sync-level><D:limit><D:nresults>1</D:nresults></D:limit><D:prop><D:getetag/></D:prop></D:sync-collection>`],
      ['REPORT', `<C:free-busy-query ${NAMESPACES}><C:time-range start="20260101T000000Z" end="20260201T000000Z"/></C:free-busy-query>`],
      ['REPORT', `<D:expand-property ${NAMESPACES}><D:property name="owner"><D:property name="displayname"/></D:property></D:expand-property>`],
    ] as const;
    const mutation = fc.record({ which: fc.nat(requests.length - 1), at: fc.nat(600), remove: fc.nat(40), insert: fc.oneof(fc.constantFrom('<', '>', '"', '&', '/>', '<D:x>', '99999999T', '-1', '\u0001', '&#0;', 'Z', ']]>', ''), fc.string({ maxLength: 12 })) });
    await fc.assert(fc.asyncProperty(mutation, async ({ which, at, remove, insert }) => {
      const [method, text] = requests[which]!;
      const place = at % text.length;
      const answer = await dav.send(method, CALENDAR, { body: `${text.slice(0, place)}${insert}${text.slice(place + remove)}`, depth: '1', headers: { 'Content-Type': 'application/xml' } });
      expect(answer.status, answer.text.slice(0, 300)).toBeLessThan(500);
    }), { numRuns: RUNS, seed: 7 });
  });
});

describe('bad calendar data', () => {
  it.each([
    ['empty', '', 'valid-calendar-data'], ['not iCalendar', 'hello', 'valid-calendar-data'], ['cut off', eventText('a').slice(0, 120), 'valid-calendar-data'],
    ['a date that does not exist', eventText('a', ['DTSTART:20240231T100000Z']), 'valid-calendar-data'],
    ['no UID', eventText('a').replace('UID:a\r\n', ''), 'valid-calendar-object-resource'],
    ['a METHOD', eventText('a').replace('BEGIN:VEVENT', 'METHOD:REQUEST\r\nBEGIN:VEVENT'), 'valid-calendar-object-resource'],
    ['two UIDs', eventText('a').replace('END:VCALENDAR\r\n', eventText('b').split('\r\n').slice(3).join('\r\n')), 'valid-calendar-object-resource'],
    ['a rule that makes no sense', eventText('a', ['DTSTART:20260101T000000Z', 'RRULE:FREQ=SOMETIMES']), 'valid-calendar-data'],
    ['a to-do in a calendar of events', eventText('a').replaceAll('VEVENT', 'VTODO').replace(/DTEND.*\r\n/, ''), 'supported-calendar-component'],
  ])('%s is refused by name', async (_, body, condition) => {
    const answer = await dav.send('PUT', `${CALENDAR}bad.ics`, { body, headers: { 'Content-Type': 'text/calendar' } });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain(condition);
    expect(answer.plain).toMatch(/error-description>[^<]{10,}</);
  });

  it('a wrong media type is refused by name (RFC 4791 §5.3.2.1)', async () => {
    const answer = await dav.send('PUT', `${CALENDAR}bad.ics`, { body: '{}', headers: { 'Content-Type': 'application/json' } });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('supported-calendar-data');
  });

  it('rule bombs are refused or bounded, in time', async () => {
    const rules = ['FREQ=SECONDLY', 'FREQ=MINUTELY;INTERVAL=1', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=1', 'FREQ=DAILY;COUNT=2000000000', 'FREQ=YEARLY;BYSETPOS=366;BYDAY=MO;BYMONTH=2'];
    for (const [i, rule] of rules.entries()) {
      const answer = await dav.send('PUT', `${CALENDAR}bomb-${String(i)}.ics`, { body: eventText(`bomb-${String(i)}`, ['DTSTART:19900101T000000Z', `RRULE:${rule}`]) });
      expect([201, 403], `${rule}: ${answer.text.slice(0, 200)}`).toContain(answer.status);
      const query = await dav.report(CALENDAR, `<C:calendar-query ${NAMESPACES}><D:prop><C:calendar-data><C:expand start="20300101T000000Z" end="20300201T000000Z"/></C:calendar-data></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20300101T000000Z" end="20300201T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`);
      expect(query.status).toBeLessThan(500);
      await dav.send('DELETE', `${CALENDAR}bomb-${String(i)}.ics`);
    }
  });

  it('random mutations of an event are stored octet for octet or refused, never a 500', async () => {
    const base = eventText('fuzz', ['DTSTART;TZID=Europe/Berlin:20260105T093000', 'DURATION:PT15M', 'RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=10', 'EXDATE;TZID=Europe/Berlin:20260112T093000', 'SUMMARY:Stand-up', 'ATTENDEE;CN="A, B";PARTSTAT=ACCEPTED:mailto:a@example.com', 'BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:x', 'TRIGGER:-PT15M', 'END:VALARM']);
    const mutation = fc.record({ at: fc.nat(base.length - 1), remove: fc.nat(30), insert: fc.oneof(fc.constantFrom(':', ';', '"', '\r\n', '\r\n ', '=', ',', 'BEGIN:VEVENT\r\n', '99999999', '-', '\0', '\\', ''), fc.string({ maxLength: 10 })) });
    await fc.assert(fc.asyncProperty(mutation, async ({ at, remove, insert }) => {
      const body = `${base.slice(0, at)}${insert}${base.slice(at + remove)}`;
      const answer = await dav.send('PUT', `${CALENDAR}fuzz.ics`, { body, headers: { 'Content-Type': 'text/calendar; charset=utf-8' } });
      expect(answer.status, answer.text.slice(0, 300)).toBeLessThan(500);
      if (answer.status >= 300) return;
      const got = await dav.send('GET', `${CALENDAR}fuzz.ics`);
      if (answer.headers.get('etag') !== null) expect(got.text).toBe(new TextDecoder().decode(new TextEncoder().encode(body)));
      expect((await dav.send('DELETE', `${CALENDAR}fuzz.ics`)).status).toBe(204);
    }), { numRuns: RUNS, seed: 11 });
  });
});

describe('bad paths', () => {
  it.each([
    '/../../etc/passwd', '/calendars/users/alice/../bob/calendar/', '/calendars/users/alice/%2e%2e/%2e%2e/x', '/calendars/users/alice/dropbox/..%2f..%2fx',
    '/calendars/users/alice/dropbox/%00', '/calendars/users/alice/dropbox/a%0d%0ab', '/calendars/users/alice/dropbox/%ff%fe', '/calendars/users/alice/dropbox/%zz',
    `/calendars/users/alice/dropbox/${'x'.repeat(300)}`, '/calendars/users/alice/dropbox/.', '//calendars//users//alice//', '/calendars/users/%2f/x', `/${'a/'.repeat(2_000)}`,
  ])('%s is answered, and writes nothing outside', async (path) => {
    for (const method of ['PUT', 'PROPFIND', 'GET', 'DELETE', 'MKCOL']) {
      if (method !== 'PUT' && path.startsWith('//calendars')) continue;
      const status = await raw(`${method} ${path} HTTP/1.1\r\nHost: x\r\n${AUTH}\r\nContent-Length: 0\r\nDepth: 0\r\nConnection: close\r\n\r\n`);
      expect(status, `${method} ${path}`).toBeGreaterThanOrEqual(200);
      expect(status, `${method} ${path}`).toBeLessThan(500);
    }
  });

  it.each(['http://elsewhere.example/calendars/users/alice/dropbox/b', '/calendars/users/alice/dropbox/../../bob/dropbox/b', 'not a url at all', '/calendars/users/bob/dropbox/b', '%zz', ''])(
    'Destination %j is refused', async (destination) => {
      expect([201, 204]).toContain((await dav.send('PUT', '/calendars/users/alice/dropbox/a', { body: 'x', headers: { 'Content-Type': 'text/plain' } })).status);
      for (const method of ['COPY', 'MOVE']) {
        const { status } = await dav.send(method, '/calendars/users/alice/dropbox/a', { headers: { Destination: destination } });
        // 502: the destination is another server's (RFC 4918 §9.8.5).
        expect([400, 403, 404, 409, 502]).toContain(status);
      }
      expect((await dav.send('GET', '/calendars/users/alice/dropbox/a')).text).toBe('x');
    });
});

describe('too much', () => {
  it('a body of 100 MB is refused before it is taken in (RFC 4791 §5.3.2.1 max-resource-size)', async () => {
    const answer = await dav.send('PUT', `${CALENDAR}huge.ics`, { body: new Uint8Array(100 * 1024 * 1024), headers: { 'Content-Type': 'text/calendar' } }).catch(() => undefined);
    // A client that does not read while it writes may only see the connection go.
    if (answer !== undefined) expect([403, 413]).toContain(answer.status);
    for (const method of ['PROPFIND', 'REPORT', 'PROPPATCH', 'MKCALENDAR']) {
      const refused = await dav.send(method, method === 'MKCALENDAR' ? '/calendars/users/alice/huge/' : CALENDAR, { body: new Uint8Array(100 * 1024 * 1024), headers: { 'Content-Type': 'application/xml' } }).catch(() => undefined);
      if (refused !== undefined) expect([400, 403, 413]).toContain(refused.status);
    }
    expect((await dav.send('GET', `${CALENDAR}huge.ics`)).status).toBe(404);
  });

  it('header fields without end get 431, nonsense gets 400', async () => {
    expect(await raw(`GET / HTTP/1.1\r\nHost: x\r\n${'X-A: b\r\n'.repeat(20_000)}\r\n`)).toBe(431);
    expect(await raw('NONSENSE\r\n\r\n')).toBe(400);
    expect(await raw(`BREW / HTTP/1.1\r\nHost: x\r\n${AUTH}\r\n\r\n`)).toBeLessThan(500);
    expect([400, 501, 405]).toContain(await raw(`PUT / HTTP/1.1\r\nHost: x\r\n${AUTH}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`));
  });

  it('odd values of header fields get a 4xx or are read leniently', async () => {
    for (const headers of [{ Depth: 'seven' }, { If: '(((' }, { 'If-Match': 'no quotes' }, { Overwrite: 'X' }, { Prefer: ';;;=' }, { Range: 'bytes=9-1' }, { 'Content-Type': '///' }, { Timeout: 'never' }]) {
      for (const method of ['GET', 'PROPFIND', 'COPY', 'PUT']) {
        const { status } = await dav.send(method, '/calendars/users/alice/dropbox/odd', { headers: { Destination: '/calendars/users/alice/dropbox/odd2', ...headers } as Record<string, string> });
        expect(status, `${method} ${JSON.stringify(headers)}`).toBeLessThan(500);
      }
    }
  });
});

describe('wrong passwords', () => {
  it('get 401 in constant shape, and the sixth in a row is slow (R45)', async () => {
    const shapes = new Set<string>();
    for (const [as, password] of [['carol', 'wrong'], ['nobody-here', 'wrong'], ['boardroom', '']] as const) {
      const { status, headers, text } = await dav.send('GET', '/', { as, password });
      shapes.add([status, headers.get('www-authenticate')?.replaceAll(/nonce="[^"]*"/g, ''), text.replaceAll(/request \w+/g, ''), [...headers.keys()].join()].join('\n'));
    }
    expect([...shapes]).toEqual([expect.stringMatching(/^401/)]);
    for (let i = 0; i < 4; i++) await dav.send('GET', '/', { as: 'carol', password: `wrong-${String(i)}` });
    const began = performance.now();
    await dav.send('GET', '/', { as: 'carol', password: 'wrong-6' });
    expect(performance.now() - began).toBeGreaterThan(400);
    expect((await dav.propfind('/', '<D:displayname/>', { as: 'carol' })).status).toBe(207);
  });
});

describe('after all of it', () => {
  it('the server is the same process, well, and small', async () => {
    expect(server.process.exitCode).toBeNull();
    expect((await dav.propfind(CALENDAR, '<D:displayname/>')).status).toBe(207);
    expect(peakMebibytes()).toBeLessThan(MOST_MEBIBYTES);
  });

  it('has logged no defect and no password', () => {
    expect(server.output()).not.toMatch(/wrong-6|uncaught|unhandled/i);
  });
});
