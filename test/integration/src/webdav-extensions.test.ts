/** The small documents beside WebDAV, must by must: adding members (RFC 5995), quotas (RFC 4331), preferences (RFC 7240, RFC 8144, Brief), extended MKCOL (RFC 5689). */
import { event } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { calendarMultiget, mkcalendar, propfind, proppatch } from './bodies.ts';
import { AMY_HOME, CALENDAR, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const BOX = `${AMY_HOME}dropbox/`;
const ADD = `${CALENDAR};add-member`;
const ask = (server: GivenServer, path: string, names: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  server.send('PROPFIND', path, propfind(names), { Depth: '0', ...headers });
const put = (server: GivenServer, name: string, octets: number): Promise<Answer> => server.send('PUT', BOX + name, 'x'.repeat(octets), { 'Content-Type': 'text/plain' });

describe('POST to a calendar\'s add-member URL (RFC 5995)', () => {
  it('answers like the PUT it is: 201, Location, and ETag where what is stored is what came (§3.2)', async () => {
    await using server = await givenServer();
    const made = await server.send('POST', ADD, event('a').body);
    expect([made.status, made.text]).toEqual([201, '']);
    const path = new URL(made.headers.get('location')!).pathname;
    expect(path.startsWith(CALENDAR)).toBe(true);
    expect((await server.send('GET', path)).headers.get('etag')).toBe(made.headers.get('etag'));
    const shown = await server.send('POST', ADD, event('b').body, { Prefer: 'return=representation' });
    expect([shown.status, shown.headers.get('preference-applied'), shown.text]).toEqual([201, 'return=representation', event('b').text]);
    expect(shown.headers.get('content-location')).toBe(new URL(shown.headers.get('location')!).pathname);
  });

  it('has the preconditions of PUT (§3.2, RFC 4791 §5.3.2.1)', async () => {
    await using server = await givenServer();
    await server.send('POST', ADD, event('a').body);
    expect((await server.send('POST', ADD, event('a').body)).condition()).toBe('no-uid-conflict');
    expect((await server.send('POST', ADD, 'BEGIN:NOTHING')).condition()).toBe('valid-calendar-data');
    expect((await server.send('POST', ADD, event('b').body, { 'Content-Type': 'text/plain' })).condition()).toBe('supported-calendar-data');
    expect((await server.send('POST', `${AMY_HOME}none/;add-member`, event('b').body)).status).toBe(404);
  });

  it('is all that the URL is for: it is no member, and has no properties to read or set', async () => {
    await using server = await givenServer();
    expect((await server.send('OPTIONS', ADD)).headers.get('allow')).toBe('OPTIONS, POST');
    for (const method of ['GET', 'HEAD', 'PROPFIND', 'REPORT', 'DELETE', 'LOCK', 'MKCOL', 'MOVE']) {
      expect([method, (await server.send(method, ADD, undefined, { Depth: '0', Destination: `${CALENDAR}x.ics` })).status]).toEqual([method, 405]);
    }
    expect((await server.send('PROPPATCH', ADD, proppatch('<displayname>Other</displayname>'))).status).toBe(405);
    expect((await ask(server, CALENDAR, '<displayname/>')).text).toContain('calendar</displayname>');
  });

  it('is named by DAV:add-member, which is protected and not in allprop (§3.2.1)', async () => {
    await using server = await givenServer();
    expect((await server.send('PROPFIND', CALENDAR, undefined, { Depth: '0' })).text).not.toContain('add-member');
    expect((await server.send('PROPPATCH', CALENDAR, proppatch('<add-member/>'))).text).toContain('cannot-modify-protected-property');
    expect((await ask(server, CALENDAR, '<supported-live-property-set/>')).text).toContain('<supported-live-property><prop><add-member/></prop></supported-live-property>');
    for (const path of [AMY_HOME, `${AMY_HOME}inbox/`, BOX]) expect((await ask(server, path, '<add-member/>')).rows().get(path)!.missing).toEqual(['add-member']);
  });
});

describe('quotas (RFC 4331)', () => {
  const QUOTA = '<quota-available-bytes/><quota-used-bytes/>';
  const given = (octets: number): Promise<GivenServer> => givenServer({ limits: { homeOctets: octets } });
  const of = async (server: GivenServer, path: string): Promise<readonly (number | undefined)[]> => {
    const { properties } = (await ask(server, path, QUOTA)).rows().get(path)!;
    return ['quota-used-bytes', 'quota-available-bytes'].map((name) => (properties.get(name) === undefined ? undefined : Number(properties.get(name)!.text)));
  };

  it('are a home\'s, and told of every collection in it and never below nothing (§3, §4)', async () => {
    await using server = await given(1_000);
    expect(await of(server, AMY_HOME)).toEqual([0, 1_000]);
    await put(server, 'a', 400);
    for (const path of [AMY_HOME, BOX, CALENDAR, `${AMY_HOME}inbox/`]) expect(await of(server, path)).toEqual([400, 600]);
    await server.send('DELETE', `${BOX}a`);
    expect(await of(server, AMY_HOME)).toEqual([0, 1_000]);
  });

  it('are absent above homes and on principals; without a limit, what is left is absent too (§3)', async () => {
    await using server = await givenServer();
    expect(await of(server, AMY_HOME)).toEqual([0, undefined]);
    for (const path of ['/calendars/', '/principals/__uids__/id-amy/']) expect(await of(server, path)).toEqual([undefined, undefined]);
  });

  it('are protected, not in allprop, and named by propname (§2, §3, §4)', async () => {
    await using server = await given(1_000);
    for (const name of ['quota-available-bytes', 'quota-used-bytes']) expect((await server.send('PROPPATCH', BOX, proppatch(`<${name}>5</${name}>`))).text).toContain('cannot-modify-protected-property');
    expect((await server.send('PROPFIND', BOX, undefined, { Depth: '0' })).text).not.toContain('quota-');
    const names = await server.send('PROPFIND', BOX, '<propfind xmlns="DAV:"><propname/></propfind>', { Depth: '0' });
    expect(names.text).toContain('<quota-used-bytes/><quota-available-bytes/>');
  });

  it('hold for every method that stores: 507 quota-not-exceeded, and nothing is changed (§6)', async () => {
    await using server = await given(1_000);
    await put(server, 'a', 700);
    const attempts = [
      await put(server, 'b', 400), await put(server, 'a', 1_001), await put(server, 'large', 200_000), await server.send('COPY', `${BOX}a`, undefined, { Destination: `${BOX}c` }),
      await server.send('PUT', `${CALENDAR}e.ics`, event('e', { summary: 'y'.repeat(400) }).body), await server.send('POST', ADD, event('e', { summary: 'y'.repeat(400) }).body),
    ];
    for (const answer of attempts) expect([answer.status, answer.condition()]).toEqual([507, 'quota-not-exceeded']);
    expect(await of(server, AMY_HOME)).toEqual([700, 300]);
    expect((await server.send('GET', `${BOX}a`)).text).toHaveLength(700);
  });

  it('let shrink and move what is there already (§6)', async () => {
    await using server = await given(1_000);
    await put(server, 'a', 1_000);
    expect(await of(server, AMY_HOME)).toEqual([1_000, 0]);
    expect((await server.send('MOVE', `${BOX}a`, undefined, { Destination: `${BOX}b` })).status).toBe(201);
    expect((await put(server, 'b', 900)).status).toBe(204);
    expect(await of(server, AMY_HOME)).toEqual([900, 100]);
  });
});

describe('preferences (RFC 7240, RFC 8144)', () => {
  it('return=minimal leaves out what is not there, keeps one propstat, and the answer says so (RFC 8144 §2.1, RFC 7240 §3)', async () => {
    await using server = await givenServer();
    const answer = await ask(server, CALENDAR, '<none/>', { Prefer: 'return=minimal' });
    expect(answer.headers.get('preference-applied')).toBe('return=minimal');
    expect(answer.text).toContain('<propstat><prop/><status>HTTP/1.1 200 OK</status></propstat></response>');
    const plain = await ask(server, CALENDAR, '<none/>');
    expect([plain.headers.get('preference-applied'), plain.text.includes('404')]).toEqual([null, true]);
  });

  it('return=minimal holds for reports too', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    const body = calendarMultiget('<getetag/><none/>', [`${CALENDAR}a.ics`]);
    const answer = await server.send('REPORT', CALENDAR, body, { Depth: '1', Prefer: 'return=minimal' });
    expect([answer.headers.get('preference-applied'), answer.text.includes('404'), answer.text.includes('<getetag>')]).toEqual(['return=minimal', false, true]);
  });

  it('Brief: t means the same, and is no preference that is applied', async () => {
    await using server = await givenServer();
    for (const [brief, shown] of [['t', false], ['T', false], ['f', true]] as const) {
      const answer = await ask(server, CALENDAR, '<none/>', { Brief: brief });
      expect([answer.text.includes('404'), answer.headers.get('preference-applied')]).toEqual([shown, null]);
    }
    const patched = await server.send('PROPPATCH', CALENDAR, proppatch('<displayname>x</displayname>'), { Brief: 't' });
    expect([patched.status, patched.text, patched.headers.get('preference-applied')]).toEqual([200, '', null]);
  });

  it('depth-noroot leaves the resource itself out of its listing, not out of what is all there is (RFC 8144 §2.2)', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    const listing = await ask(server, CALENDAR, '<getetag/>', { Depth: '1', Prefer: 'depth-noroot, return=minimal' });
    expect([[...listing.rows().keys()], listing.headers.get('preference-applied')]).toEqual([[`${CALENDAR}a.ics`], 'return=minimal, depth-noroot']);
    const self = await ask(server, CALENDAR, '<getetag/>', { Prefer: 'depth-noroot' });
    expect([[...self.rows().keys()], self.headers.get('preference-applied')]).toEqual([[CALENDAR], null]);
  });

  it('return=minimal of a PROPPATCH that did all: 200 and no body; of one that failed, the whole answer (RFC 8144 §2.1)', async () => {
    await using server = await givenServer();
    const prefer = { Prefer: 'return=minimal' };
    const done = await server.send('PROPPATCH', CALENDAR, proppatch('<displayname>x</displayname>'), prefer);
    expect([done.status, done.text, done.headers.get('preference-applied')]).toEqual([200, '', 'return=minimal']);
    const failed = await server.send('PROPPATCH', CALENDAR, proppatch('<displayname>y</displayname><getetag/>'), prefer);
    expect([failed.status, failed.text.includes('424'), failed.text.includes('403')]).toEqual([207, true, true]);
  });

  it('return=representation shows what a PUT, COPY or MOVE made, where it is, to whoever may read it (RFC 8144 §3.1)', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    const prefer = { Prefer: 'return=representation' };
    const shown = ({ status, headers, text }: Answer): readonly unknown[] => [status, headers.get('content-location'), headers.get('preference-applied'), text];
    const applied = 'return=representation';
    const text = { 'Content-Type': 'text/plain', ...prefer };
    expect(shown(await server.send('PUT', `${BOX}a.txt`, 'one', text))).toEqual([201, `${BOX}a.txt`, applied, 'one']);
    const replaced = await server.send('PUT', `${BOX}a.txt`, 'two', text);
    expect(shown(replaced)).toEqual([200, `${BOX}a.txt`, applied, 'two']);
    expect(replaced.headers.get('etag')).toBe((await server.send('GET', `${BOX}a.txt`)).headers.get('etag'));
    expect(shown(await server.send('COPY', `${BOX}a.txt`, undefined, { Destination: `${BOX}b.txt`, ...prefer }))).toEqual([201, `${BOX}b.txt`, applied, 'two']);
    expect(shown(await server.send('MOVE', `${BOX}a.txt`, undefined, { Destination: `${BOX}b.txt`, ...prefer }))).toEqual([200, `${BOX}b.txt`, applied, 'two']);
    const moved = await server.send('MOVE', `${CALENDAR}a.ics`, undefined, { Destination: `${CALENDAR}b.ics`, ...prefer });
    expect(shown(moved)).toEqual([201, `${CALENDAR}b.ics`, applied, event('a').text]);
    expect(new URL(moved.headers.get('location')!).pathname).toBe(`${CALENDAR}b.ics`);
  });

  it('return=representation of what has no content, or cannot be read, is passed over (RFC 7240 §2)', async () => {
    await using server = await givenServer();
    await server.send('MKCOL', `${BOX}sub/`);
    const moved = await server.send('MOVE', `${BOX}sub/`, undefined, { Destination: `${BOX}other/`, Prefer: 'return=representation' });
    expect([moved.status, moved.text, moved.headers.get('preference-applied'), moved.headers.get('content-location')]).toEqual([201, '', null, null]);
  });

  it('what nobody knows is no error (RFC 7240 §2)', async () => {
    await using server = await givenServer();
    const answer = await ask(server, CALENDAR, '<none/>', { Prefer: 'respond-async; x="return=minimal", wait=10, handling=lenient' });
    expect([answer.status, answer.text.includes('404'), answer.headers.get('preference-applied')]).toEqual([207, true, null]);
  });
});

describe('extended MKCOL (RFC 5689)', () => {
  const mkcol = (inner: string): string => `<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>${inner}</prop></set></mkcol>`;
  const PLAIN = '<resourcetype><collection/></resourcetype>';
  const TYPE = '<resourcetype><collection/><C:calendar/></resourcetype>';

  it('is advertised (§3.1)', async () => {
    await using server = await givenServer();
    expect((await server.send('OPTIONS', AMY_HOME)).headers.get('dav')).toContain('extended-mkcol');
  });

  it.each([['a calendar', `${AMY_HOME}new/`, TYPE], ['a plain collection', `${BOX}new/`, PLAIN]])('makes %s with its properties: 201, which no cache keeps (§3)', async (_, path, type) => {
    await using server = await givenServer();
    const made = await server.send('MKCOL', path, mkcol(`${type}<displayname>Mine</displayname>`));
    expect([made.status, made.headers.get('cache-control')]).toEqual([201, 'no-cache']);
    expect((await ask(server, path, '<displayname/>')).text).toContain('Mine');
  });

  it.each([['calendar', `${AMY_HOME}new/`, TYPE], ['plain collection', `${BOX}new/`, PLAIN]])('makes no %s where one property fails: mkcol-response, the guilty with its reason, the others 424 (§3, §5.2)', async (_, path, type) => {
    await using server = await givenServer();
    const answer = await server.send('MKCOL', path, mkcol(`${type}<displayname>Mine</displayname><getetag>x</getetag>`));
    expect([answer.status, answer.xml().name.local, answer.headers.get('cache-control')]).toEqual([403, 'mkcol-response', 'no-cache']);
    expect(answer.text).toMatch(/<displayname\/>.*424 Failed Dependency.*<getetag\/>.*403 Forbidden.*cannot-modify-protected-property/s);
    expect((await ask(server, path, '<displayname/>')).status).toBe(404);
  });

  it('as MKCALENDAR, whose answers are not for caches either (RFC 4791 §5.3.1)', async () => {
    await using server = await givenServer();
    for (const [inner, status] of [['<getetag/>', 207], ['<displayname>Mine</displayname>', 201]] as const) {
      const answer = await server.send('MKCALENDAR', `${AMY_HOME}new/`, mkcalendar(inner));
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([status, 'no-cache']);
    }
  });

  it('refuses types that cannot be made: valid-resourcetype (§3.3)', async () => {
    await using server = await givenServer();
    for (const [path, type] of [[`${BOX}new/`, TYPE], [`${AMY_HOME}new/`, '<resourcetype><collection/><principal/></resourcetype>'], [`${AMY_HOME}new/`, '<resourcetype><C:calendar/></resourcetype>']] as const) {
      const answer = await server.send('MKCOL', path, mkcol(type));
      expect([answer.status, answer.text.includes('<valid-resourcetype/>')]).toEqual([403, true]);
    }
  });

  it('takes no body that is none of its own: 415 for another type, 400 for another element (RFC 4918 §9.3)', async () => {
    await using server = await givenServer();
    expect((await server.send('MKCOL', `${BOX}new/`, 'text', { 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await server.send('MKCOL', `${BOX}new/`, '<propertyupdate xmlns="DAV:"/>')).status).toBe(400);
    expect((await server.send('MKCOL', `${BOX}new/`, mkcol(PLAIN).replaceAll('set>', 'remove>'))).status).toBe(400);
  });
});
