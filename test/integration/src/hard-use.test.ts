/**
 * What a server lives through: clients that leave, dawdle, crowd and race, and an end in the middle of it. It goes on answering others, loses nothing that it
 * said it had, and keeps every promise of the conditional fields when several want the same at once.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange } from './bare-socket.ts';
import { Dav, NAMESPACES, eventText, hrefsIn } from './dav.ts';
import { startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

const CALENDAR = '/calendars/users/alice/calendar/';
const AUTH = `Authorization: Basic ${Buffer.from('alice:alice').toString('base64')}`;
const EVENTS = 600;
const LISTING = `<D:propfind ${NAMESPACES}><D:prop><D:getetag/><D:getlastmodified/><D:current-user-privilege-set/><D:supported-report-set/></D:prop></D:propfind>`;
const listingRequest = `PROPFIND ${CALENDAR} HTTP/1.1\r\nHost: x\r\n${AUTH}\r\nDepth: 1\r\nContent-Length: ${String(Buffer.byteLength(LISTING))}\r\n\r\n${LISTING}`;

let server: ServerProcess;
let dav: Dav;
beforeAll(async () => {
  server = await startServerProcess();
  dav = new Dav(server.url);
  await dav.propfind(CALENDAR, '<D:displayname/>');
  await inParallel(8, EVENTS, async (number) => { expect((await dav.send('PUT', `${CALENDAR}${String(number)}.ics`, { body: eventText(`e${String(number)}`) })).status).toBe(201); });
});
afterAll(async () => { await server[Symbol.asyncDispose](); });

/** `count` tasks by so many workers. */
async function inParallel(workers: number, count: number, task: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: workers }, async () => { while (next < count) await task(next++); }));
}
function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => { resolve(socket); });
    socket.on('error', reject);
  });
}
const raw = (text: string): Promise<string> => exchange(server.url, text);
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
const answers = async (): Promise<void> => { expect((await dav.propfind(CALENDAR, '<D:displayname/>')).status).toBe(207); };

describe('clients', () => {
  it('that leave in the middle of an answer disturb nobody', async () => {
    for (let round = 0; round < 10; round++) {
      const socket = await open();
      socket.write(listingRequest);
      await new Promise<void>((resolve) => { socket.once('data', () => { socket.destroy(); resolve(); }); });
    }
    await answers();
  });

  it('that read slowly hold up neither writers nor a deletion of what they read', async () => {
    await dav.send('MKCALENDAR', '/calendars/users/alice/slow/');
    const readers = await Promise.all(Array.from({ length: 5 }, open));
    for (const reader of readers) {
      reader.pause();
      reader.write(listingRequest);
    }
    await pause(200);
    for (let number = 0; number < 5; number++) expect((await dav.send('PUT', `/calendars/users/alice/slow/${String(number)}.ics`, { body: eventText(`slow${String(number)}`) })).status).toBe(201);
    expect((await dav.send('DELETE', `${CALENDAR}${String(EVENTS - 1)}.ics`)).status).toBe(204);
    for (const reader of readers) reader.destroy();
    await answers();
  });

  it('that write slowly, or stop, get their answer or are let go', async () => {
    const body = eventText('dawdler');
    const socket = await open();
    let answer = '';
    socket.on('data', (chunk) => { answer += chunk.toString(); });
    const closed = new Promise<void>((resolve) => { socket.once('close', () => { resolve(); }); });
    socket.write(`PUT ${CALENDAR}dawdler.ics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${AUTH}\r\nContent-Type: text/calendar\r\nContent-Length: ${String(body.length)}\r\n\r\n`);
    for (let at = 0; at < body.length; at += 40) {
      socket.write(body.slice(at, at + 40));
      await pause(5);
    }
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 201 /);
    // Half a body is no event.
    const half = await open();
    half.write(`PUT ${CALENDAR}half.ics HTTP/1.1\r\nHost: x\r\n${AUTH}\r\nContent-Type: text/calendar\r\nContent-Length: ${String(body.length)}\r\n\r\n${body.slice(0, 100)}`);
    await pause(50);
    half.destroy();
    await pause(50);
    expect((await dav.send('GET', `${CALENDAR}half.ics`)).status).toBe(404);
  });

  it('that send several requests at once get the answers in order (RFC 9112 §9.3.2)', async () => {
    const get = (name: string): string => `GET ${CALENDAR}${name} HTTP/1.1\r\nHost: x\r\n${AUTH}\r\n`;
    const answer = await raw(`${get('1.ics')}\r\n${get('absent.ics')}\r\nPROPFIND ${CALENDAR}2.ics HTTP/1.1\r\nHost: x\r\n${AUTH}\r\nDepth: 0\r\n\r\n${get('3.ics')}Connection: close\r\n\r\n`);
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map((found) => found[1]).join(' ')).toBe('200 404 207 200 200');
    expect(answer.indexOf('UID:e1\r\n')).toBeLessThan(answer.indexOf('UID:e3\r\n'));
  });

  it('that do nothing, a thousand of them, leave room for others', async () => {
    const idle = await Promise.all(Array.from({ length: 1000 }, open));
    await answers();
    for (const socket of idle) socket.destroy();
    await answers();
  });

  it('that ask before they send are asked for it once, and not for what is refused (RFC 9110 §10.1.1)', async () => {
    const expecting = (path: string, credentials: string): string => `PUT ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${credentials}Content-Type: text/calendar\r\nContent-Length: ${String(eventText('expects').length)}\r\nExpect: 100-continue\r\n\r\n`;
    const socket = await open();
    let answer = '';
    socket.on('data', (chunk) => {
      if (answer === '') socket.write(eventText('expects'));
      answer += chunk.toString();
    });
    socket.write(expecting(`${CALENDAR}expects.ics`, `${AUTH}\r\n`));
    await new Promise<void>((resolve) => { socket.on('close', () => { resolve(); }); });
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
    expect(await raw(expecting(`${CALENDAR}expects.ics`, ''))).toMatch(/^HTTP\/1\.1 401 /);
    expect(await raw(expecting('/calendars/users/bob/calendar/x.ics', `${AUTH}\r\n`))).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('that send in chunks, or another length than they said, are understood or refused', async () => {
    const put = (rest: string): Promise<string> => raw(`PUT ${CALENDAR}chunks.ics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${AUTH}\r\nContent-Type: text/calendar\r\n${rest}`);
    const body = eventText('chunks');
    const chunk = (part: string): string => `${part.length.toString(16)}\r\n${part}\r\n`;
    expect(await put(`Transfer-Encoding: chunked\r\n\r\n${chunk(body.slice(0, 50))}${chunk(body.slice(50))}0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 201 /);
    // Less than there is: what is over is no request, and cut off is no event.
    expect(await put(`Content-Length: ${String(body.length - 20)}\r\n\r\n${body}`)).toMatch(/^HTTP\/1\.1 40[03] /);
    expect((await dav.send('GET', `${CALENDAR}chunks.ics`)).text).toBe(body);
    for (const smuggled of ['Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd', 'Content-Length: 4, 4\r\n\r\nabcd', 'Transfer-Encoding: xchunked\r\n\r\n', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n', 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n', 'Content-Length: +4\r\n\r\nabcd', 'X-Folded: a\r\n b: c\r\n\r\n']) {
      expect(await put(smuggled), smuggled).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect((await dav.send('GET', `${CALENDAR}chunks.ics`)).text).toBe(body);
  });

  it('HEAD is GET without the body, everywhere (RFC 9110 §9.3.2)', async () => {
    for (const path of ['/', '/principals/', '/principals/users/alice/', '/calendars/users/alice/', CALENDAR, `${CALENDAR}1.ics`, `${CALENDAR}absent.ics`, '/calendars/users/bob/', '/calendars/users/alice/freebusy', '/calendars/users/alice/inbox/', '/calendars/users/alice/dropbox', '/calendars/__uids__/', '/health/live']) {
      const [head, get] = [await dav.send('HEAD', path), await dav.send('GET', path)];
      expect([path, head.status, head.headers.get('content-type'), head.headers.get('etag')]).toEqual([path, get.status, get.headers.get('content-type'), get.headers.get('etag')]);
      expect(head.text).toBe('');
    }
  });
});

describe('races', () => {
  it('of If-None-Match: * have one winner', async () => {
    for (let round = 0; round < 5; round++) {
      const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await dav.send('PUT', `${CALENDAR}once-${String(round)}.ics`, { body: eventText(`once-${String(round)}`), headers: { 'If-None-Match': '*' } })).status));
      expect(statuses.sort()).toEqual([201, ...Array.from({ length: 7 }, () => 412)]);
    }
  });

  it.each([['If-Match', (tag: string) => tag], ['If', (tag: string) => `([${tag}])`]] as const)('of %s with one tag have one winner', async (field, valueOf) => {
    for (const path of [`${CALENDAR}tagged.ics`, '/calendars/users/alice/dropbox/tagged.txt']) {
      await dav.send('PUT', path, { body: eventText('tagged') });
      const tag = (await dav.send('GET', path)).headers.get('etag')!;
      const statuses = await Promise.all(Array.from({ length: 8 }, async (_, number) => (await dav.send('PUT', path, { body: eventText('tagged', ['DTSTART:20260310T100000Z', `SUMMARY:${String(number)}`]), headers: { [field]: valueOf(tag) } })).status));
      expect(statuses.sort()).toEqual([204, ...Array.from({ length: 7 }, () => 412)]);
    }
  });

  it('of one UID under many names have one winner (RFC 4791 §5.3.2.1)', async () => {
    const statuses = await Promise.all(Array.from({ length: 8 }, async (_, number) => (await dav.send('PUT', `${CALENDAR}uid-${String(number)}.ics`, { body: eventText('one-uid') })).status));
    expect(statuses.sort()).toEqual([201, ...Array.from({ length: 7 }, () => 403)]);
  });

  it('of MKCALENDAR and DELETE of one name leave it there or not, and each answer is true', async () => {
    const path = '/calendars/users/alice/contested/';
    const seen = new Map<number, number>();
    await inParallel(8, 160, async (number) => {
      const { status } = await dav.send(number % 2 === 0 ? 'MKCALENDAR' : 'DELETE', path);
      seen.set(status, (seen.get(status) ?? 0) + 1);
    });
    expect([...seen.keys()].filter((status) => ![201, 204, 403, 404].includes(status))).toEqual([]);
    const there = (await dav.propfind(path, '<D:displayname/>')).status === 207;
    expect((seen.get(201) ?? 0) - (seen.get(204) ?? 0)).toBe(there ? 1 : 0);
  });

  it('of first log-ins make one home', async () => {
    const found = await Promise.all(Array.from({ length: 16 }, (_, number) => dav.propfind(`/calendars/users/${number % 2 === 0 ? 'carol' : 'bob'}/`, '<D:sync-token/>', { as: number % 2 === 0 ? 'carol' : 'bob', depth: '1' })));
    for (const { status, text } of found) expect([status, hrefsIn(text).length]).toEqual([207, 8]);
    for (const parity of [0, 1]) expect(new Set(found.filter((_, number) => number % 2 === parity).map(({ plain }) => /<sync-token>([^<]+)/.exec(plain)?.[1])).size).toBe(1);
  });

  it('between a listing and the deletion of what is listed end one way or the other', async () => {
    const path = '/calendars/users/alice/listed/';
    for (let round = 0; round < 5; round++) {
      expect((await dav.send('MKCALENDAR', path)).status).toBe(201);
      await inParallel(4, 60, async (number) => { await dav.send('PUT', `${path}${String(number)}.ics`, { body: eventText(`l${String(round)}-${String(number)}`) }); });
      const [gone, ...listings] = await Promise.all([dav.send('DELETE', path), ...Array.from({ length: 6 }, () => dav.send('PROPFIND', path, { depth: '1', body: LISTING }).catch(() => undefined))]);
      expect(gone.status).toBe(204);
      for (const listing of listings) if (listing !== undefined) expect([207, 404]).toContain(listing.status);
      expect((await dav.propfind(path, '<D:displayname/>')).status).toBe(404);
    }
  });

  it('a storm of PUT, DELETE and MOVE by 16 clients leaves exactly what was answered', async () => {
    const path = '/calendars/users/alice/storm/';
    await dav.send('MKCALENDAR', path);
    const odd: string[] = [];
    const end = Date.now() + 2_500;
    await Promise.all(Array.from({ length: 16 }, async (_, client) => {
      for (let step = 0; Date.now() < end; step++) {
        const uid = `storm-${String((client + step) % 24)}`;
        const [from, to] = [`${path}${uid}.ics`, `${path}${uid}-moved.ics`];
        const { status } = await (step % 4 === 3 ? dav.send('DELETE', step % 8 === 3 ? from : to) : step % 4 === 2 ? dav.send('MOVE', from, { headers: { Destination: to, Overwrite: 'F' } }) : dav.send('PUT', from, { body: eventText(uid, ['DTSTART:20260310T100000Z', `SUMMARY:${String(client)}-${String(step)}`]) }));
        if (![201, 204, 403, 404, 412].includes(status)) odd.push(`${String(step % 4)} ${String(status)}`);
      }
    }));
    expect(odd).toEqual([]);
    const hrefs = hrefsIn((await dav.propfind(path, '<D:getetag/>', { depth: '1' })).text).filter((href) => href.endsWith('.ics'));
    const uids = await Promise.all(hrefs.map(async (href) => /UID:(\S+)/.exec((await dav.send('GET', href)).text)?.[1]));
    expect(new Set(uids).size).toBe(hrefs.length);
    const synced = await dav.report(path, `<D:sync-collection ${NAMESPACES}><D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>`);
    expect(hrefsIn(synced.text).filter((href) => href.endsWith('.ics')).sort()).toEqual(hrefs.sort());
  });
});

describe('an end in the middle of writing', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('by %s loses nothing that was answered', async (signal) => {
    const data = await mkdtemp(join(tmpdir(), 'kalends-ended-'));
    try {
      const acknowledged = new Map<string, string>();
      const deleted = new Set<string>();
      {
        await using ended = await startServerProcess({ data });
        const client = new Dav(ended.url);
        let over = false;
        await client.propfind(CALENDAR, '<D:displayname/>');
        const writers = Array.from({ length: 8 }, async (_, writer) => {
          for (let step = 0; !over; step++) {
            const name = `${String(writer)}-${String(step)}.ics`;
            const body = eventText(name);
            const put = await client.send('PUT', CALENDAR + name, { body }).catch(() => undefined);
            if (put?.status !== 201) continue;
            acknowledged.set(name, body);
            if (step % 3 !== 0) continue;
            acknowledged.delete(name);
            if ((await client.send('DELETE', CALENDAR + name).catch(() => undefined))?.status === 204) deleted.add(name);
          }
        });
        await expect.poll(() => acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(40);
        const exited = new Promise<number | null>((resolve) => { ended.process.once('exit', resolve); });
        ended.process.kill(signal);
        const code = await exited;
        over = true;
        await Promise.all(writers);
        if (signal === 'SIGTERM') expect(code).toBe(0);
      }
      await using again = await startServerProcess({ data });
      const client = new Dav(again.url);
      for (const [name, body] of acknowledged) expect((await client.send('GET', CALENDAR + name)).text, name).toBe(body);
      for (const name of deleted) expect((await client.send('GET', CALENDAR + name)).status, name).toBe(404);
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});

it('nothing of all that failed here', () => {
  expect(server.process.exitCode).toBeNull();
  expect(server.output()).not.toMatch(/ error |uncaught|unhandled/i);
});
