/** What every DAV request meets before its handler: methods, paths, who asks, conditions, bodies; and the shape of every refusal. */
import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange } from './bare-socket.ts';
import { ALICE_AND_BOB, givenServer } from './caldav-server.ts';
import type { GivenServer } from './caldav-server.ts';
import { Dav, eventText, NAMESPACES } from './dav.ts';

const HOME = '/calendars/__uids__/id-alice/';
const CALENDAR = `${HOME}calendar/`;
const ERROR = /^<\?xml version='1\.0' encoding='UTF-8'\?>\n<error xmlns='DAV:'>(?:<[\w-]+[^>]*\/>|<([\w-]+)[^>]*>.*<\/\1>)?<error-description xmlns='http:\/\/twistedmatrix\.com\/xml_namespace\/dav\/'>[A-Z][^<]* \(request [\w-]+\)<\/error-description><\/error>$/s;
let server: GivenServer;
let dav: Dav;
beforeAll(async () => {
  server = await givenServer({ people: ALICE_AND_BOB });
  dav = new Dav(server.url);
  await dav.propfind(HOME, '<D:displayname/>');
  await dav.send('PUT', `${CALENDAR}a.ics`, { body: eventText('a') });
});
afterAll(async () => { await server[Symbol.asyncDispose](); });

describe('OPTIONS', () => {
  it('gives the DAV field, to nobody too, and no other answer has it (RFC 4918 §10.1)', async () => {
    for (const path of ['/', HOME, CALENDAR, `${CALENDAR}a.ics`, '/principals/__uids__/id-alice/']) {
      const { status, headers } = await dav.send('OPTIONS', path, { as: '' });
      expect([path, status, headers.get('dav')]).toEqual([path, 200, expect.stringMatching(/^1, 2, 3, extended-mkcol, calendarserver-home-sync, access-control/)]);
      expect((await dav.propfind(path, '<D:displayname/>')).headers.get('dav')).toBeNull();
    }
  });
  it('tells who may read what may be done, and a stranger no less than to others (2.8 of the plan)', async () => {
    expect((await dav.send('OPTIONS', CALENDAR)).headers.get('allow')).toContain('LOCK');
    expect((await dav.send('OPTIONS', HOME)).headers.get('allow')).not.toContain('LOCK');
    const [there, notThere] = await Promise.all([CALENDAR, `${HOME}nothing/`].map((path) => dav.send('OPTIONS', path, { as: '' })));
    expect(there!.headers.get('allow')).toBe(notThere!.headers.get('allow'));
  });
});

describe('who asks', () => {
  it.each(['/', HOME, `${HOME}nothing/`, '/calendars/__uids__/nobody/', '/principals/', '/nowhere/at/all'])('answers 401 with a challenge to nobody at %s', async (path) => {
    const answer = await dav.propfind(path, '<D:displayname/>', { as: '' });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/^Basic realm=/)]);
    expect(answer.text).toMatch(ERROR);
  });
  it.each([
    [HOME, 403], [`${HOME}nothing/`, 403], [`${CALENDAR}a.ics`, 403], [`${CALENDAR}nothing.ics`, 403], [`${CALENDAR}x/y/z`, 403], ['/calendars/__uids__/nobody/', 404], ['/nowhere', 404],
  ])('answers somebody else at %s with %i, there or not', async (path, status) => {
    for (const method of ['GET', 'PROPFIND', 'DELETE']) {
      const answer = await dav.send(method, path, { as: 'bob', depth: method === 'DELETE' ? 'infinity' : '0' });
      if (method !== 'DELETE' || path !== HOME) expect([method, answer.status]).toEqual([method, status]);
      expect(answer.text).toMatch(ERROR);
    }
  });
  it.each([[`${HOME}nothing/`], [`${CALENDAR}nothing.ics`], [`${CALENDAR}x/y`]])('answers the owner at %s with 404', async (path) => {
    for (const method of ['GET', 'PROPFIND', 'DELETE', 'PROPPATCH']) expect([method, (await dav.send(method, path, { depth: '0' })).status]).toEqual([method, 404]);
  });
});

describe('paths', () => {
  it.each([
    ['%', 400], ['%zz', 400], ['%ff', 400], ['%00', 400], ['a%2fb', 404], ['a%5cb', 404], ['%2e%2e/x', 400], ['x%0ay', 400], ['x'.repeat(300), 414], ['x/'.repeat(120), 414],
  ])('refuses %s below a calendar with %i', async (segment, status) => {
    expect(await raw(`PROPFIND ${CALENDAR}${segment} HTTP/1.1`, 'Depth: 0')).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
  it('drops empty segments', async () => {
    expect(await raw(`PROPFIND //calendars///__uids__/id-alice//calendar// HTTP/1.1`, 'Depth: 0')).toMatch(/^HTTP\/1\.1 207 /);
  });
  it('takes names that a client did not encode, in a field as octets, in a body as characters', async () => {
    await dav.send('PUT', `${HOME}dropbox/plain.txt`, { body: 'x' });
    expect(await raw(`COPY ${HOME}dropbox/plain.txt HTTP/1.1`, `Destination: ${HOME}dropbox/${Buffer.from('größe').toString('latin1')}.txt`)).toMatch(/^HTTP\/1\.1 201 /);
    expect((await dav.send('GET', `${HOME}dropbox/${encodeURIComponent('größe')}.txt`)).status).toBe(200);
    const { text } = await dav.report(CALENDAR, `<C:calendar-multiget ${NAMESPACES}><D:prop><D:getetag/></D:prop><D:href>${CALENDAR}ä.ics</D:href><D:href>${CALENDAR}a.ics</D:href></C:calendar-multiget>`);
    expect(text).toMatch(/%C3%A4\.ics<\/href><status>HTTP\/1\.1 404/);
    expect(text).toMatch(/\/a\.ics<\/href><propstat>/);
  });
  it('takes the absolute form of a target (RFC 9112 §3.2.2), and refuses a fragment', async () => {
    expect(await raw(`PROPFIND http://localhost${CALENDAR} HTTP/1.1`, 'Depth: 0')).toMatch(/^HTTP\/1\.1 207 /);
    expect(await raw(`DELETE ${CALENDAR}#a.ics HTTP/1.1`)).toMatch(/^HTTP\/1\.1 400 /);
  });
  it('redirects a reader to the final slash, after access was decided, and others are told the right URL', async () => {
    const moved = await dav.send('GET', `${HOME}dropbox?x=1`);
    expect([moved.status, moved.headers.get('location')]).toEqual([301, `${HOME}dropbox/?x=1`]);
    expect((await dav.send('GET', `${HOME}dropbox`, { as: 'bob' })).status).toBe(403);
    expect((await dav.send('GET', `${HOME}dropbox`, { as: '' })).status).toBe(401);
    const listed = await dav.propfind(CALENDAR.slice(0, -1), '<D:displayname/>');
    expect([listed.status, listed.headers.get('content-location'), listed.text.includes(`<href>${CALENDAR}</href>`)]).toEqual([207, CALENDAR, true]);
  });
});

describe('methods', () => {
  it('answers what is not defined for a resource with 405 and Allow, what nobody defined with 501', async () => {
    const lock = await dav.send('LOCK', HOME);
    expect([lock.status, lock.headers.get('allow')]).toEqual([405, expect.stringContaining('PROPFIND')]);
    const make = await dav.send('MKCOL', CALENDAR);
    expect([make.status, make.headers.get('allow')?.includes('MKCOL')]).toEqual([405, false]);
    expect(await raw(`SUBSCRIBE ${CALENDAR} HTTP/1.1`)).toMatch(/^HTTP\/1\.1 501 /);
    expect((await dav.send('ACL', HOME)).status).toBe(405);
  });
});

describe('bodies', () => {
  const bad: readonly (readonly [string, string | Uint8Array<ArrayBuffer>, number])[] = [
    ['not XML', 'hello', 400], ['an element that never ends', '<a><b>', 400], ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 400], ['an unbound prefix', '<x:a/>', 400],
    ['octets that are not UTF-8', new Uint8Array([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]), 400], ['an encoding nobody knows', '<?xml version="1.0" encoding="x-none"?><a/>', 400],
    ['too deep a nesting', '<a>'.repeat(200) + '</a>'.repeat(200), 400], ['too many elements', `<a>${'<b/>'.repeat(100_001)}</a>`, 413], ['more octets than any request needs', `<a>${' '.repeat(8 * 1024 * 1024)}</a>`, 413],
  ];
  it.each(bad)('refuses %s with a sentence, and goes on', async (_, body, status) => {
    for (const method of ['PROPFIND', 'PROPPATCH', 'REPORT', 'MKCALENDAR']) {
      const path = method === 'MKCALENDAR' ? `${HOME}new/` : CALENDAR;
      const answer = await dav.send(method, path, { body, depth: '0', headers: { 'Content-Type': 'application/xml' } });
      expect([method, answer.status]).toEqual([method, status]);
      expect(answer.text).toMatch(ERROR);
    }
    expect((await dav.propfind(CALENDAR, '<D:displayname/>')).status).toBe(207);
  });
  it('takes UTF-16 with a byte order mark', async () => {
    const body = Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-16"?><D:propfind ${NAMESPACES}><D:prop><D:displayname/></D:prop></D:propfind>`, 'utf16le');
    expect((await dav.send('PROPFIND', CALENDAR, { body: new Uint8Array(body), depth: '0' })).status).toBe(207);
  });
  it('refuses a content coding (415), a depth and an overwrite that are none (400)', async () => {
    expect((await dav.send('PROPFIND', CALENDAR, { body: 'x', depth: '0', headers: { 'Content-Encoding': 'gzip' } })).status).toBe(415);
    expect((await dav.send('PROPFIND', CALENDAR, { headers: { Depth: '2' } })).status).toBe(400);
    expect((await dav.send('COPY', `${HOME}dropbox/`, { headers: { Overwrite: 'maybe', Destination: '/' } })).status).toBe(400);
    expect((await dav.send('PROPFIND', CALENDAR, { depth: '0', headers: { If: 'nonsense' } })).status).toBe(400);
  });
  it('names a report that does not exist (RFC 3253 §3.6)', async () => {
    const answer = await dav.report(CALENDAR, '<x:none xmlns:x="urn:x"/>');
    expect([answer.status, answer.text.includes('<supported-report/>')]).toEqual([403, true]);
    expect((await dav.send('REPORT', CALENDAR)).status).toBe(400);
  });
});

describe('conditions', () => {
  it('answers 412 with what is there, to whoever prefers that (RFC 8144 §3.2)', async () => {
    const answer = await dav.send('PUT', `${CALENDAR}a.ics`, { body: eventText('a'), headers: { 'If-Match': '"old"', Prefer: 'return=representation' } });
    expect([answer.status, answer.headers.get('content-location'), answer.text.includes('UID:a')]).toEqual([412, `${CALENDAR}a.ics`, true]);
    expect(answer.headers.get('etag')).toMatch(/^"/);
  });
  it.each([['/', 405], ['/principals/', 405], [HOME, 403], [CALENDAR, 403], [`${HOME}dropbox/`, 403]])('are not looked at where nothing of theirs could help: PUT %s is %i (RFC 9110 §13.2.1)', async (path, status) => {
    // Thunderbird offers every place that answers 412 here as a calendar file.
    expect((await dav.send('PUT', path, { body: '', headers: { 'If-Match': '"nothing"' } })).status).toBe(status);
  });
  it('answers 304 for a collection that did not change', async () => {
    const tag = (await dav.send('GET', `${HOME}dropbox/`)).headers.get('etag')!;
    expect((await dav.send('GET', `${HOME}dropbox/`, { headers: { 'If-None-Match': tag } })).status).toBe(304);
  });
  it('takes a list of the If field for another resource (RFC 4918 §10.4.2)', async () => {
    const tag = (await dav.send('GET', `${CALENDAR}a.ics`)).headers.get('etag')!;
    const put = (list: string) => dav.send('PUT', `${HOME}dropbox/if.txt`, { body: 'x', headers: { If: `<${CALENDAR}a.ics> (${list})` } });
    expect((await put(`[${tag}]`)).status).toBe(201);
    expect((await put('["other"]')).status).toBe(412);
  });
});

describe('compression', () => {
  const ask = (headers: Record<string, string>) => new Promise<{ readonly coding: string | undefined; readonly body: Buffer }>((resolve, reject) => {
    request(`${server.url}${HOME}`, { method: 'PROPFIND', headers: { Authorization: `Basic ${btoa('alice:alice')}`, Depth: '1', ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject).on('end', () => { resolve({ coding: response.headers['content-encoding'], body: Buffer.concat(chunks) }); });
    }).on('error', reject).end(`<D:propfind ${NAMESPACES}><D:allprop/><D:include><D:acl/></D:include></D:propfind>`);
  });
  const away = { 'X-Forwarded-For': '203.0.113.9' };

  it('is for whoever asks and is not on loopback', async () => {
    const plain = await ask({ 'Accept-Encoding': 'gzip' });
    const zipped = await ask({ ...away, 'Accept-Encoding': 'deflate, gzip;q=0.5' });
    expect([plain.coding, zipped.coding]).toEqual([undefined, 'gzip']);
    expect(gunzipSync(zipped.body).toString()).toBe(plain.body.toString());
    for (const accepted of ['identity', 'gzip;q=0', 'br']) expect((await ask({ ...away, 'Accept-Encoding': accepted })).coding).toBeUndefined();
  });
});

describe('a long listing', () => {
  const PATH = '/calendars/__uids__/id-bob/calendar/';
  const COUNT = 6000;
  const body = `<D:propfind ${NAMESPACES}><D:prop><D:getetag/><D:getlastmodified/></D:prop></D:propfind>`;
  const options = { method: 'PROPFIND', headers: { Authorization: `Basic ${btoa('bob:bob')}`, Depth: '1' } };
  beforeAll(async () => {
    await dav.propfind(PATH, '<D:displayname/>', { as: 'bob' });
    const { store } = server;
    const home = (await store.findHome('id-bob' as never))!;
    const collection = (await store.findCollection(home.root.id, 'calendar'))!;
    await store.write(home.id, { octets: Infinity, collections: 10, itemsPerCollection: COUNT, attachmentsPerItem: 1 }, async (tx) => {
      for (let number = 0; number < COUNT; number++) await tx.putItem(collection.id, { name: `${number}.ics` as never, contentType: 'text/calendar', body: Buffer.from('x'), uid: String(number) });
    });
  });

  it('arrives whole, compressed or not', async () => {
    const plain = await (await fetch(server.url + PATH, { ...options, body, headers: { ...options.headers, 'Accept-Encoding': 'identity' } })).text();
    expect([plain.match(/<response>/g)?.length, plain.endsWith('</multistatus>')]).toEqual([COUNT + 1, true]);
    const zipped = await fetch(server.url + PATH, { ...options, body, headers: { ...options.headers, 'X-Forwarded-For': '203.0.113.9', 'Accept-Encoding': 'gzip' } });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(await zipped.text()).toBe(plain);
  });

  it('waits for a slow reader, and ends when the reader leaves', async () => {
    await new Promise<void>((resolve, reject) => {
      request(server.url + PATH, options, (response) => {
        response.once('data', () => {
          response.pause();
          setTimeout(() => { response.destroy(); resolve(); }, 50);
        });
      }).on('error', reject).end(body);
    });
    expect((await dav.propfind(PATH, '<D:displayname/>', { as: 'bob' })).status).toBe(207);
  });
});

it('writes one line a request, with no secret in it', async () => {
  await dav.send('GET', `${HOME}dropbox/?token=s3cret`);
  await new Promise((resolve) => { setImmediate(resolve); });
  const line = server.accessLines.findLast((text) => text.includes('dropbox/?'))!;
  expect(line).toMatch(/^127\.0\.0\.1 - \S+ \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \S+\?… HTTP\/1\.1" 200 \d+ "-" "[^"]+" \d+\.\d \S+$/);
  expect(server.accessLines.join('\n')).not.toMatch(/s3cret|Basic|YWxpY2U/);
});

it('causes no error of our own', () => { expect(server.errors).toEqual([]); });

/** The answer to a request that fetch would not send so. */
const raw = (line: string, ...headers: readonly string[]): Promise<string> =>
  exchange(server.url, Buffer.from([line, 'Host: localhost', 'Connection: close', `Authorization: Basic ${btoa('alice:alice')}`, ...headers, '', ''].join('\r\n'), 'latin1'));
