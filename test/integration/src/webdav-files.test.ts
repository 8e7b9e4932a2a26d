/** Plain files and collections in a home, over HTTP: PUT, GET, DELETE, MKCOL, COPY, MOVE of RFC 4918, and what each refuses. */
import { connect } from 'node:net';
import { memoryStore } from '@kalends/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ALICE_AND_BOB, givenServer } from './caldav-server.ts';
import type { GivenServer } from './caldav-server.ts';
import { Dav } from './dav.ts';

const DROPBOX = '/calendars/__uids__/id-alice/dropbox/';
let server: GivenServer;
let dav: Dav;
let base: string;
let round = 0;
beforeAll(async () => {
  server = await givenServer({ people: ALICE_AND_BOB, provider: memoryStore({ runWorkTwice: true }), limits: { attachmentOctets: 200_000 } });
  dav = new Dav(server.url);
});
afterAll(async () => { await server[Symbol.asyncDispose](); });
beforeEach(async () => {
  base = `${DROPBOX}round-${++round}/`;
  expect((await dav.send('MKCOL', base)).status).toBe(201);
});

const put = (name: string, body: string, headers: Record<string, string> = {}) => dav.send('PUT', base + name, { body, headers: { 'Content-Type': 'text/plain', ...headers } });

describe('PUT and GET of a plain file', () => {
  it('keeps octets and type, answers 201 then 204, and names each state by a strong tag (RFC 4918 §9.7.1)', async () => {
    const made = await put('a.txt', 'one', { 'Content-Type': 'text/x-thing' });
    expect(made.status).toBe(201);
    const replaced = await put('a.txt', 'two!');
    expect(replaced.status).toBe(204);
    expect(replaced.headers.get('etag')).not.toBe(made.headers.get('etag'));
    const got = await dav.send('GET', `${base}a.txt`);
    expect([got.status, got.text, got.headers.get('content-type'), got.headers.get('etag')]).toEqual([200, 'two!', 'text/plain', replaced.headers.get('etag')]);
    expect(got.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('answers HEAD as GET, without a body (RFC 9110 §9.3.2)', async () => {
    await put('a.txt', 'hello');
    const head = await dav.send('HEAD', `${base}a.txt`);
    expect([head.status, head.headers.get('content-length'), head.text]).toEqual([200, '5', '']);
  });

  it('takes a body larger than one that is held, and gives it back whole', async () => {
    const body = 'x'.repeat(150_000);
    expect((await put('big.txt', body)).status).toBe(201);
    expect((await dav.send('GET', `${base}big.txt`)).text).toBe(body);
  });

  it('refuses a body over the limit with 413 and stores nothing', async () => {
    const refused = await put('huge.txt', 'x'.repeat(300_000));
    expect(refused.status).toBe(413);
    expect(refused.text).toContain('error-description');
    expect((await dav.send('GET', `${base}huge.txt`)).status).toBe(404);
  });

  it.each([
    ['If-Match', '"other"', 412], ['If-None-Match', '*', 412], ['If', '(["other"])', 412], ['If', '(<urn:uuid:1>)', 412], ['If', '(Not <urn:uuid:1>)', 204], ['If-Match', '*', 204],
  ])('decides %s: %s by what is there (RFC 9110 §13.1, RFC 4918 §10.4)', async (field, value, status) => {
    await put('a.txt', 'one');
    expect((await put('a.txt', 'two', { [field]: value })).status).toBe(status);
    expect((await dav.send('GET', `${base}a.txt`)).text).toBe(status === 204 ? 'two' : 'one');
  });

  it('refuses If-Match: * where nothing is', async () => {
    expect((await put('none.txt', 'x', { 'If-Match': '*' })).status).toBe(412);
  });

  it('lets one of two writers with the same tag win', async () => {
    const tag = (await put('a.txt', 'one')).headers.get('etag')!;
    const answers = await Promise.all(['left', 'right'].map((body) => put('a.txt', body, { 'If-Match': tag })));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 412]);
  });

  it.each([
    ['bytes=0-4', 206, 'hello', 'bytes 0-4/11'], ['bytes=6-', 206, 'world', 'bytes 6-10/11'], ['bytes=-5', 206, 'world', 'bytes 6-10/11'], ['bytes=20-', 416, undefined, 'bytes */11'],
    ['bytes=0-1,3-4', 200, 'hello world', null], ['lines=1-2', 200, 'hello world', null],
  ])('answers Range: %s with %i (RFC 9110 §14)', async (range, status, text, contentRange) => {
    await put('a.txt', 'hello world');
    const got = await dav.send('GET', `${base}a.txt`, { headers: { Range: range } });
    expect([got.status, got.headers.get('content-range')]).toEqual([status, contentRange]);
    if (text !== undefined) expect(got.text).toBe(text);
  });

  it('ignores a range when If-Range names another state (RFC 9110 §13.1.5)', async () => {
    await put('a.txt', 'hello world');
    expect((await dav.send('GET', `${base}a.txt`, { headers: { Range: 'bytes=0-1', 'If-Range': '"old"' } })).status).toBe(200);
  });

  it('answers 304 to whoever has it already', async () => {
    const tag = (await put('a.txt', 'one')).headers.get('etag')!;
    const got = await dav.send('GET', `${base}a.txt`, { headers: { 'If-None-Match': tag } });
    expect([got.status, got.text, got.headers.get('etag')]).toEqual([304, '', tag]);
  });

  it.each([
    ['in a collection that is not there', 'nix/a.txt', 409], ['over a collection', '', 403],
  ])('refuses a file %s', async (_, name, status) => {
    expect((await put(name, 'x')).status).toBe(status);
  });

  it('refuses a part of a file (RFC 9110 §14.5)', async () => {
    expect((await put('a.txt', 'x', { 'Content-Range': 'bytes 0-0/5' })).status).toBe(400);
  });

  it('asks for the body only when it would take it (RFC 9110 §10.1.1)', async () => {
    const answers = await exchange(`PUT ${base}huge.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${btoa('alice:alice')}\r\nExpect: 100-continue\r\nContent-Length: 300000\r\n\r\n`);
    expect(answers).toMatch(/^HTTP\/1\.1 413 /);
    const taken = await exchange(`PUT ${base}small.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${btoa('alice:alice')}\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n`, 'hi');
    expect(taken).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
  });
});

describe('MKCOL', () => {
  it('makes a collection once, and says 405 the second time (RFC 4918 §9.3.1)', async () => {
    expect((await dav.send('MKCOL', `${base}c/`)).status).toBe(201);
    expect((await dav.send('MKCOL', `${base}c/`)).status).toBe(405);
    expect((await dav.send('MKCOL', `${base}x/y/`)).status).toBe(409);
  });
  it('takes properties with it (RFC 5689 §3)', async () => {
    const body = '<D:mkcol xmlns:D="DAV:"><D:set><D:prop><D:resourcetype><D:collection/></D:resourcetype><D:displayname>Mine</D:displayname><x xmlns="urn:x" y="1">z</x></D:prop></D:set></D:mkcol>';
    expect((await dav.send('MKCOL', `${base}c/`, { body })).status).toBe(201);
    const { text } = await dav.propfind(`${base}c/`, '<D:displayname/><x xmlns="urn:x"/>');
    expect(text).toContain("<displayname xmlns='DAV:'>Mine</displayname><x y='1' xmlns='urn:x'>z</x>");
  });
  it('makes nothing when one property fails, and says which (RFC 5689 §3)', async () => {
    const body = '<D:mkcol xmlns:D="DAV:"><D:set><D:prop><D:displayname>Mine</D:displayname><D:getetag>"x"</D:getetag></D:prop></D:set></D:mkcol>';
    const answer = await dav.send('MKCOL', `${base}c/`, { body });
    expect(answer.status).toBe(403);
    expect(answer.text).toMatch(/<mkcol-response xmlns='DAV:'>.*<displayname\/>.*424.*<getetag\/>.*403.*cannot-modify-protected-property/s);
    expect((await dav.propfind(`${base}c/`, '<D:displayname/>')).status).toBe(404);
  });
  it('refuses a type of collection that cannot be made here (RFC 5689 §3.3)', async () => {
    const body = '<D:mkcol xmlns:D="DAV:"><D:set><D:prop><D:resourcetype><D:collection/><x xmlns="urn:x"/></D:resourcetype></D:prop></D:set></D:mkcol>';
    const answer = await dav.send('MKCOL', `${base}c/`, { body });
    expect([answer.status, answer.text.includes('valid-resourcetype')]).toEqual([403, true]);
  });
  it('refuses a body that is not XML with 415', async () => {
    expect((await dav.send('MKCOL', `${base}c/`, { body: 'x', headers: { 'Content-Type': 'text/plain' } })).status).toBe(415);
  });
});

describe('DELETE', () => {
  it('removes a file, and a collection with all in it (RFC 4918 §9.6.1)', async () => {
    await put('a.txt', 'x');
    await dav.send('MKCOL', `${base}c/`);
    await put('c/b.txt', 'x');
    expect((await dav.send('DELETE', `${base}a.txt`)).status).toBe(204);
    expect((await dav.send('DELETE', `${base}c/`)).status).toBe(204);
    expect((await dav.send('GET', `${base}c/b.txt`)).status).toBe(404);
    expect((await dav.send('DELETE', `${base}a.txt`)).status).toBe(404);
  });
  it('refuses a stale tag, a depth that is not infinity, and the dropbox itself', async () => {
    await put('a.txt', 'x');
    expect((await dav.send('DELETE', `${base}a.txt`, { headers: { 'If-Match': '"old"' } })).status).toBe(412);
    expect((await dav.send('DELETE', base, { depth: '0' })).status).toBe(400);
    expect((await dav.send('DELETE', DROPBOX)).status).toBe(403);
  });
});

describe('COPY and MOVE', () => {
  const transfer = (method: 'COPY' | 'MOVE', from: string, to: string, headers: Record<string, string> = {}) => dav.send(method, base + from, { headers: { Destination: server.url + base + to, ...headers } });

  it('copies a tree with its properties, and leaves the source (RFC 4918 §9.8)', async () => {
    await dav.send('MKCOL', `${base}c/`);
    await dav.send('MKCOL', `${base}c/d/`);
    await put('c/d/a.txt', 'deep');
    await dav.send('PROPPATCH', `${base}c/d/a.txt`, { body: '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><p xmlns="urn:x">v</p></D:prop></D:set></D:propertyupdate>' });
    const made = await transfer('COPY', 'c/', 'e/');
    expect([made.status, made.headers.get('location')]).toEqual([201, `${base}e/`]);
    expect((await dav.send('GET', `${base}e/d/a.txt`)).text).toBe('deep');
    expect((await dav.propfind(`${base}e/d/a.txt`, '<p xmlns="urn:x"/>')).text).toContain("<p xmlns='urn:x'>v</p>");
    expect((await dav.send('GET', `${base}c/d/a.txt`)).text).toBe('deep');
  });

  it('copies a collection alone at depth 0, and refuses depth 1', async () => {
    await dav.send('MKCOL', `${base}c/`);
    await put('c/a.txt', 'x');
    expect((await transfer('COPY', 'c/', 'e/', { Depth: '0' })).status).toBe(201);
    expect((await dav.send('GET', `${base}e/a.txt`)).status).toBe(404);
    expect((await transfer('COPY', 'c/', 'f/', { Depth: '1' })).status).toBe(400);
  });

  it('replaces what is there unless Overwrite is F (RFC 4918 §10.6)', async () => {
    await put('a.txt', 'one');
    await put('b.txt', 'two');
    expect((await transfer('MOVE', 'a.txt', 'b.txt', { Overwrite: 'F' })).status).toBe(412);
    expect((await transfer('MOVE', 'a.txt', 'b.txt')).status).toBe(204);
    expect((await dav.send('GET', `${base}b.txt`)).text).toBe('one');
    expect((await dav.send('GET', `${base}a.txt`)).status).toBe(404);
  });

  it.each([
    ['onto itself', 'a.txt', 'a.txt', {}, 403], ['into nothing', 'a.txt', 'x/y.txt', {}, 409], ['without a destination', 'a.txt', '', { Destination: '' }, 400],
    ['to another server', 'a.txt', '', { Destination: 'https://elsewhere.example/x' }, 502], ['among calendars', 'a.txt', '', { Destination: '/calendars/__uids__/id-alice/calendar/a.txt' }, 403],
  ])('refuses a move %s', async (_, from, to, headers, status) => {
    await put('a.txt', 'x');
    expect((await transfer('MOVE', from, to, headers as Record<string, string>)).status).toBe(status);
    expect((await dav.send('GET', `${base}a.txt`)).status).toBe(200);
  });

  it('refuses to move a collection into itself (RFC 4918 §9.9.4)', async () => {
    await dav.send('MKCOL', `${base}c/`);
    await dav.send('MKCOL', `${base}c/d/`);
    expect((await transfer('MOVE', 'c/', 'c/d/e/')).status).toBe(403);
  });

  it('moves a tree to another home where the owner may write in both', async () => {
    await dav.send('MKCOL', `${base}c/`);
    await put('c/a.txt', 'travels');
    const target = `/calendars/__uids__/id-bob/dropbox/from-alice-${round}/`;
    const moved = await dav.send('MOVE', `${base}c/`, { as: 'root', headers: { Destination: target } });
    expect(moved.status).toBe(201);
    expect((await dav.send('GET', `${target}a.txt`, { as: 'bob' })).text).toBe('travels');
    expect((await dav.send('GET', `${base}c/a.txt`)).status).toBe(404);
  });

  it('refuses to copy into a home that is not the caller\'s', async () => {
    await put('a.txt', 'x');
    expect((await dav.send('COPY', `${base}a.txt`, { headers: { Destination: '/calendars/__uids__/id-bob/dropbox/a.txt' } })).status).toBe(403);
  });
});

it('causes no error of our own', () => { expect(server.errors).toEqual([]); });

/** Sends octets, more of them once told to continue, and gives all that came back. */
function exchange(head: string, body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => { socket.write(head); });
    let answer = '';
    socket.setTimeout(10_000, () => { socket.destroy(new Error(`no end: ${answer}`)); });
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (answer.endsWith('100 Continue\r\n\r\n')) socket.write(body);
      else if (/^HTTP\/1\.1 413/.test(answer)) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => { resolve(answer); });
  });
}
