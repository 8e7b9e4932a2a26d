/**
 * Requests that mean to be read in two ways, to break out of an answer or a log, to cost far more than they weigh, or to guess passwords: each is read one way,
 * stays inside its element and its line, is refused before it costs, and tells a guesser nothing.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readXml } from '@kalends/webdav';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange } from './bare-socket.ts';
import { Dav, NAMESPACES, eventText, hrefsIn } from './dav.ts';
import type { DavAnswer } from './dav.ts';
import { startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

const ALICE = '/calendars/users/alice/';
const CALENDAR = `${ALICE}calendar/`;
const AUTH = `Authorization: Basic ${Buffer.from('alice:alice').toString('base64')}`;

let server: ServerProcess;
let dav: Dav;
beforeAll(async () => {
  server = await startServerProcess();
  dav = new Dav(server.url);
  await dav.propfind(CALENDAR, '<D:displayname/>');
  await dav.send('PUT', `${CALENDAR}a.ics`, { body: eventText('a') });
  await dav.send('PUT', `${ALICE}dropbox/plain.txt`, { body: 'plain', headers: { 'Content-Type': 'text/plain' } });
});
afterAll(async () => { await server[Symbol.asyncDispose](); });

const raw = (text: string | Uint8Array, from?: string): Promise<string> => exchange(server.url, text, from);
const request = (line: string, ...fields: readonly string[]): Promise<string> => raw(Buffer.from([`${line} HTTP/1.1`, 'Host: x', 'Connection: close', ...fields, '', ''].join('\r\n')));
/** A request with these credentials from an address that nobody used before, so that no failure before it slows it. */
const attempt = (authorization: string, path = '/principals/'): Promise<string> => {
  clients++;
  return raw(Buffer.from(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${authorization}\r\n\r\n`), `127.0.${String(1 + Math.floor(clients / 200))}.${String(1 + (clients % 200))}`);
};
let clients = 0;
const statusOf = (answer: string): number => Number(answer.slice(9, 12));
const set = (inner: string, path = CALENDAR): Promise<DavAnswer> => dav.send('PROPPATCH', path, { body: `<D:propertyupdate ${NAMESPACES}><D:set><D:prop>${inner}</D:prop></D:set></D:propertyupdate>` });

describe('paths', () => {
  it('of one thing are one thing: any encoding, Unicode form, alias, and empty segments', async () => {
    await dav.send('PUT', `${ALICE}dropbox/caf%C3%A9.txt`, { body: 'x', headers: { 'Content-Type': 'text/plain' } });
    for (const name of ['caf%C3%A9.txt', 'cafe%CC%81.txt', '%63af%c3%a9.txt']) expect([name, (await dav.send('GET', `${ALICE}dropbox/${name}`)).status]).toEqual([name, 200]);
    for (const path of ['/calendars/__uids__/10000000-0000-4000-8000-000000000002/calendar/a.ics', '/%63alendars/users/%61lice/calendar/a.ics', '//calendars//users/alice///calendar/a.ics']) {
      expect([path, await request(`GET ${path}`, AUTH)]).toEqual([path, expect.stringMatching(/^HTTP\/1\.1 200 /)]);
      expect([path, await request(`GET ${path}`, `Authorization: Basic ${btoa('bob:bob')}`)]).toEqual([path, expect.stringMatching(/^HTTP\/1\.1 403 /)]);
    }
    for (const path of [`${ALICE}calendar%2Fa.ics`, '/CALENDARS/users/alice/calendar/a.ics', `${CALENDAR}A.ICS`, `${CALENDAR}a.ics%00`, `${ALICE}%2e/calendar/a.ics`, `${ALICE}dropbox/..%2fcalendar/a.ics`]) expect([path, (await request(`GET ${path}`, AUTH)).slice(9, 12)]).toEqual([path, expect.stringMatching(/^40[04]$/)]);
  });

  it('in answers are absolute paths of this server: an empty first segment would name another', async () => {
    expect(await request('GET //calendars/users/alice/dropbox', AUTH)).toContain('\r\nLocation: /calendars/users/alice/dropbox/\r\n');
    expect(hrefsIn(await request('PROPFIND //calendars//users/alice/', AUTH, 'Depth: 1')).every((href) => href.startsWith('/calendars/users/alice/'))).toBe(true);
    const moved = await dav.send('MOVE', `${CALENDAR}a.ics`, { headers: { Destination: `${server.url}//calendars//users/alice/calendar/b.ics` } });
    expect([moved.status, new URL(moved.headers.get('location')!).pathname]).toEqual([201, `${CALENDAR}b.ics`]);
    expect((await dav.send('MOVE', `${CALENDAR}b.ics`, { headers: { Destination: `${CALENDAR}a.ics` } })).status).toBe(201);
  });

  it('in odd absolute forms are read or refused, never a failure of ours', async () => {
    for (const target of ['http://[::bad/x', 'http://x:99999/calendars/users/alice/freebusy', 'http://', 'http://x', 'https://u:p@x/calendars/', '*', 'http://x?y', '/calendars/users/alice/freebusy?start=%zz&start=', '///', '/?', '/%']) {
      for (const method of ['GET', 'OPTIONS', 'PROPFIND']) expect(Number((await request(`${method} ${target}`, AUTH, 'Depth: 0')).slice(9, 12)), `${method} ${target}`).toBeLessThan(500);
    }
  });

  it('of another server are not this one\'s, whatever the Host field says', async () => {
    for (const destination of ['http://elsewhere.example/calendars/users/alice/dropbox/x', '//elsewhere.example/x', 'ftp://x/y', 'http://x@elsewhere.example/calendars/users/alice/dropbox/x', 'http://x:1@elsewhere.example:80/y']) {
      expect([destination, (await request(`COPY ${ALICE}dropbox/plain.txt`, AUTH, `Destination: ${destination}`)).slice(9, 12)]).toEqual([destination, expect.stringMatching(/^(?:400|502)$/)]);
    }
    expect(await request(`COPY ${ALICE}dropbox/plain.txt`, AUTH, `Destination: ${ALICE}dropbox/漢字€😀.txt`)).toMatch(/\r\nLocation: \/calendars\/users\/alice\/dropbox\/%E6%BC%A2%E5%AD%97%E2%82%AC%F0%9F%98%80\.txt\r\n/);
  });

  it('cannot carry a header field or a line of the log', async () => {
    for (const name of ['a%0d%0aX-Evil:%201', 'a%0aevil', 'a%00', 'a%1b[31m']) expect((await dav.send('PUT', `${ALICE}dropbox/${name}`, { body: 'x' })).status).toBe(400);
    const made = await dav.send('PUT', `${ALICE}dropbox/a%E2%80%A8X-Evil.txt`, { body: 'x', headers: { 'Content-Type': 'text/plain' } });
    expect(made.headers.get('x-evil')).toBeNull();
  });
});

describe('properties that a client stores', () => {
  const values: readonly (readonly [string, string, string])[] = [
    ['a namespace that closes its quote', `<x xmlns="a'b&quot;&lt;/multistatus&gt;&amp;"><y xmlns="u&#39; z=&#39;1"/></x>`, `<x xmlns="a'b&quot;&lt;/multistatus&gt;&amp;"/>`],
    ['a namespace with a brace', '<x xmlns="a}b">v</x>', '<x xmlns="a}b"/>'], ['no namespace', '<x xmlns="">v</x>', '<x xmlns=""/>'],
    ['a colour of markup', `<I:calendar-color xmlns:I="http://apple.com/ns/ical/">&lt;/multistatus&gt;]]&gt;<b a="x'y&#10;">&amp;</b></I:calendar-color>`, '<I:calendar-color xmlns:I="http://apple.com/ns/ical/"/>'],
    ['attributes of several namespaces', `<x:p xmlns:x="urn:x" xmlns:a0="urn:q'&lt;" xmlns:b="urn:b" a0:z="v'&lt;&#9;" b:z="2" z="3" xml:lang="de'x">t</x:p>`, '<x:p xmlns:x="urn:x"/>'],
    ['names that objects have', '<__proto__ xmlns="urn:x" constructor="2" __proto__="1">t</__proto__>', '<__proto__ xmlns="urn:x"/>'],
    ['a name of lines and script', '<D:displayname>a&#13;&#10;END:VCALENDAR&#10;X:y<![CDATA[</title><script>alert(1)</script>]]></D:displayname>', '<D:displayname/>'],
  ];
  it.each(values)('stay inside their element: %s', async (_, value, asked) => {
    expect((await set(value)).text).toContain('200 OK');
    for (const answer of [await dav.propfind(CALENDAR, asked), await dav.propfind(CALENDAR, asked, { depth: '1' }), await dav.send('PROPFIND', ALICE, { depth: '1' })]) {
      const root = readXml(Buffer.from(answer.text));
      expect(root.children.every(({ name }) => name.ns === 'DAV:' && name.local === 'response')).toBe(true);
    }
  });

  it('stay inside their line and their page where the name of a calendar is shown', async () => {
    const whole = await dav.send('GET', CALENDAR);
    expect(whole.text.match(/^END:VCALENDAR/gm)).toHaveLength(1);
    const page = await dav.send('GET', CALENDAR, { headers: { 'User-Agent': 'Mozilla/5.0 Gecko' } });
    expect([page.headers.get('content-security-policy'), page.text.includes('<script')]).toEqual(["default-src 'none'", false]);
  });

  it('cannot have names of XML itself, which no reader would take back', async () => {
    expect((await set('<xml:evil>x</xml:evil>')).status).toBe(400);
    expect((await dav.propfind(CALENDAR, '<xml:evil/>')).status).toBe(400);
  });

  it('are bounded, each and all together (507, RFC 4918 §9.2.1)', async () => {
    for (const path of [CALENDAR, `${ALICE}dropbox/plain.txt`]) {
      const statuses: number[] = [];
      for (let number = 0; number < 6; number++) statuses.push((await set(`<big${String(number)} xmlns="urn:big">${'v'.repeat(250_000)}</big${String(number)}>`, path)).status);
      expect(statuses).toEqual([207, 207, 207, 207, 507, 507]);
      expect((await set(`<huge xmlns="urn:big">${'v'.repeat(300_000)}</huge>`, path)).text).toContain('507 ');
      expect((await dav.send('PROPPATCH', path, { body: `<D:propertyupdate ${NAMESPACES}><D:remove><D:prop>${Array.from({ length: 6 }, (_, number) => `<big${String(number)} xmlns="urn:big"/>`).join('')}</D:prop></D:remove></D:propertyupdate>` })).status).toBe(207);
    }
  });
});

describe('requests that would cost more than they weigh', () => {
  const many = (count: number, each: (number: number) => string): string => Array.from({ length: count }, (_, number) => each(number)).join('');
  it.each<readonly [string, string, string, string, number]>([
    ['thousands of properties', 'PROPFIND', CALENDAR, `<D:propfind ${NAMESPACES}><D:prop>${many(5000, (number) => `<x${String(number)} xmlns="u"/>`)}</D:prop></D:propfind>`, 400],
    ['thousands of them beside all', 'PROPFIND', CALENDAR, `<D:propfind ${NAMESPACES}><D:allprop/><D:include>${many(5000, (number) => `<x${String(number)} xmlns="u"/>`)}</D:include></D:propfind>`, 400],
    ['thousands of filters', 'REPORT', CALENDAR, `<C:calendar-query ${NAMESPACES}><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">${many(5000, () => '<C:prop-filter name="SUMMARY"><C:text-match>e</C:text-match></C:prop-filter>')}</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`, 403],
    ['thousands of names in a selection', 'REPORT', CALENDAR, `<C:calendar-query ${NAMESPACES}><D:prop><C:calendar-data><C:comp name="VCALENDAR">${many(5000, (number) => `<C:prop name="X${String(number)}"/>`)}</C:comp></C:calendar-data></D:prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`, 403],
    ['thousands of names to expand', 'REPORT', CALENDAR, `<D:expand-property ${NAMESPACES}>${many(5000, () => '<D:property name="owner"/>')}</D:expand-property>`, 400],
    ['more hrefs than a multiget takes', 'REPORT', CALENDAR, `<C:calendar-multiget ${NAMESPACES}><D:prop><D:getetag/></D:prop>${many(5001, () => `<D:href>${CALENDAR}a.ics</D:href>`)}</C:calendar-multiget>`, 403],
  ])('%s are refused', async (_, method, path, body, status) => {
    expect((await dav.send(method, path, { body, depth: '1' })).status).toBe(status);
  });

  it('an expansion of a property full of hrefs ends, soon, and lets others go on', async () => {
    expect((await set(`<e xmlns="u">${many(1500, () => `<D:href>${CALENDAR}</D:href>`)}</e>`)).status).toBe(207);
    const expansion = dav.report(CALENDAR, `<D:expand-property ${NAMESPACES}><D:property name="e" namespace="u">${many(100, () => '<D:property name="supported-report-set"/>')}</D:property></D:expand-property>`, { depth: '0' });
    expect((await dav.propfind('/', '<D:displayname/>', { as: 'bob' })).status).toBe(207);
    const answer = await expansion;
    expect([answer.status, answer.text.includes('number-of-matches-within-limits')]).toEqual([403, true]);
  });

  it('the busy time of millennia is refused (RFC 4791 §7.10)', async () => {
    for (const hour of [10, 12, 14]) await dav.send('PUT', `${CALENDAR}daily-${String(hour)}.ics`, { body: eventText(`daily-${String(hour)}`, [`DTSTART:20260101T${String(hour)}0000Z`, 'DURATION:PT1H', 'RRULE:FREQ=DAILY']) });
    const far = 'start=20260101T000000Z&end=99991231T000000Z';
    for (const answer of [await dav.send('GET', `${ALICE}freebusy?${far}`, { as: 'bob' }), await dav.report(CALENDAR, `<C:free-busy-query ${NAMESPACES}><C:time-range start="20260101T000000Z" end="99991231T000000Z"/></C:free-busy-query>`, { as: 'bob' })]) {
      expect([answer.status, answer.text.includes('number-of-matches-within-limits')]).toEqual([403, true]);
    }
    expect((await dav.send('GET', `${ALICE}freebusy`, { as: 'bob' })).status).toBe(200);
  });
});

describe('Digest', () => {
  interface Given { readonly name?: string; readonly secret?: string; readonly realm?: string; readonly uri?: string; readonly nc?: string; readonly cnonce?: string; readonly qop?: string; readonly extra?: string }
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const challenge = async (): Promise<string> => /algorithm=MD5, nonce="([^"]+)"/.exec((await dav.send('GET', '/principals/', { as: '' })).headers.get('www-authenticate')!)![1]!;
  const field = (nonce: string, { name = 'bob', secret = 'bob', realm = 'Kalends', uri = '/principals/', nc = '00000001', cnonce = 'c', qop = 'auth', extra = '' }: Given = {}): string => {
    const response = md5(`${md5(`${name}:${realm}:${secret}`)}:${nonce}:${nc}:${cnonce}:${qop}:${md5(`GET:${uri}`)}`);
    return `Digest username="${name.replaceAll(/["\\]/g, '\\$&')}", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=MD5, response="${response}", qop=${qop}, nc=${nc}, cnonce="${cnonce}"${extra}`;
  };
  const ask = async (authorization: string, path?: string): Promise<number> => statusOf(await attempt(authorization, path));

  it('is good once a count, for one target and one realm (RFC 7616 §3.4)', async () => {
    const nonce = await challenge();
    expect(await ask(field(nonce))).toBe(200);
    expect(await ask(field(nonce))).toBe(401);
    expect(await ask(field(nonce, { nc: '00000002' }), '/calendars/')).toBe(401);
    expect(await ask(field(nonce, { nc: '00000003', realm: 'Other' }))).toBe(401);
    expect(await ask(field(nonce, { nc: '00000004' }))).toBe(200);
    expect(await ask(field(nonce, { nc: '00000005', qop: 'auth-int' }))).toBe(401);
    expect(await ask(field(`${nonce}x`, { nc: '00000006' }))).toBe(401);
    const replayed = await dav.send('GET', '/principals/', { as: '', headers: { Authorization: field(nonce) } });
    expect(replayed.headers.get('www-authenticate')).toContain('stale=true');
  });

  it('survives odd names and values: 401, never a failure of ours', async () => {
    for (const given of [{ name: 'a"b\\c' }, { name: 'bob:bob' }, { name: 'x'.repeat(8000) }, { name: '' }, { name: 'bøb' }, { nc: '00000000' }, { nc: 'ffffffff', secret: 'wrong' }, { extra: ', nonce="again"' }, { extra: `, username*=UTF-8''bob` }, { extra: ', =' }, { extra: ', a="' }] satisfies readonly Given[]) {
      expect([given, await ask(field(await challenge(), given))]).toEqual([given, 401]);
    }
    // Proved, but what is to go back in a field is none.
    expect(await ask(field(await challenge(), { cnonce: '漢' }))).toBe(401);
    for (const odd of ['Digest', 'Digest ', 'Digest ,,,', 'Digest a', `Digest ${'a=1, '.repeat(2000)}`, 'Digest username="bob', 'Bearer x', 'Negotiate x', ' ', 'Basic', 'Basic Og==', 'Basic ====']) expect([odd, await ask(odd)]).toEqual([odd, 401]);
  });
});

describe('guessing', () => {
  it('looks the same for every wrong name and password', async () => {
    const shapes = new Set<string>();
    for (const pair of ['bob:wrong', 'nobody-here:x', 'boardroom:', 'bob:', 'bob:b:o:b', '"quoted":x', 'bøb:pä', `${'x'.repeat(5000)}:y`, 'team:team', 'bob :bob', ':bob', 'no colon', 'a\nb:c']) {
      shapes.add((await attempt(`Basic ${Buffer.from(pair).toString('base64')}`)).replaceAll(/nonce="[^"]*"|\(request \w+\)|X-Request-Id: \w+|Date: [^\r]+|Content-Length: \d+/g, ''));
    }
    expect([...shapes]).toEqual([expect.stringMatching(/^HTTP\/1\.1 401 /)]);
  });

  it('from one place shuts nobody out elsewhere, nor another account here', async () => {
    await Promise.all(Array.from({ length: 25 }, (_, number) => dav.send('GET', '/', { as: 'carol', password: `guess-${String(number)}` })));
    const shut = await dav.send('GET', '/', { as: 'carol' });
    expect([shut.status, Number(shut.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect((await dav.send('GET', '/', { as: 'bob' })).status).toBe(200);
    expect(statusOf(await attempt(`Basic ${btoa('carol:carol')}`))).toBe(200);
  });

  it('is counted however the name is spelled, and forgotten by nobody else\'s success (R45)', async () => {
    const from = (authorization: string): Promise<string> => raw(`GET /principals/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${authorization}\r\n\r\n`, '127.9.9.9');
    const nonce = /algorithm=MD5, nonce="([^"]+)"/.exec((await dav.send('GET', '/principals/', { as: '' })).headers.get('www-authenticate')!)![1]!;
    const spelled = (name: string): string => `Digest ${name}, realm="Kalends", nonce="${nonce}", uri="/principals/", algorithm=MD5, response="x", qop=auth, nc=00000001, cnonce="c"`;
    await Promise.all(['"dan"', '"d\\an"', '"da\\n"', '"\\dan"', '"DAN"'].flatMap((name) => [spelled(`username=${name}`), spelled(`username = ${name}`), spelled(`username*=UTF-8''${encodeURIComponent(name.replaceAll(/["\\]/g, ''))}`), spelled(`Username=${name}`), `Basic ${btoa('dan:x')}`]).map(from));
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const cnonce = 'username=dan';
    const response = md5(`${md5('bob:Kalends:bob')}:${nonce}:00000001:${cnonce}:auth:${md5('GET:/principals/')}`);
    expect(statusOf(await from(`Digest cnonce="${cnonce}", username="bob", realm="Kalends", nonce="${nonce}", uri="/principals/", algorithm=MD5, response="${response}", qop=auth, nc=00000001`))).toBe(200);
    expect(statusOf(await from(`Basic ${btoa('dan:x')}`))).toBe(429);
  });
});

describe('the logs', () => {
  it('hold no secret and no body, and a line is a line', async () => {
    const password = 'Tr0ub4dor-and-3';
    await dav.send('GET', `/principals/?token=${password}`, { as: 'alice', password });
    await dav.send('PUT', `${CALENDAR}secret.ics`, { body: eventText('secret', ['DTSTART:20260310T100000Z', `SUMMARY:${password}`, 'RRULE:FREQ=NEVER']) });
    await raw(Buffer.from(`GET /x HTTP/1.1\r\nHost: x\r\nUser-Agent: a"\\\x85\x9b2J b\r\nConnection: close\r\n${AUTH}\r\n\r\n`, 'latin1'));
    await attempt(`Basic ${Buffer.from(`evil\u2028\u0085name:${password}`).toString('base64')}`);
    await attempt(`Basic ${Buffer.from(`evil\u2028name:${password}`).toString('base64')}`);
    await expect.poll(() => readFile(join(server.data, 'log', 'access.log'), 'utf8')).toContain('\\x9b2J');
    const access = await readFile(join(server.data, 'log', 'access.log'), 'utf8');
    for (const log of [access, server.output()]) expect(log).not.toMatch(new RegExp(`${password}|${btoa('alice:alice')}|Basic [A-Za-z0-9+/]{8}|BEGIN:V|response="`));
    for (const line of access.trimEnd().split('\n')) expect(line).toMatch(/^\S+ - \S+ \[[^\]]+\] "[^"]*" \d{3} (?:\d+|-) "-" "[^"]*" [\d.]+ \w+$/);
    expect(access).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/);
    expect(server.output()).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/);
  });

  it('show no failure of ours', () => {
    expect(server.process.exitCode).toBeNull();
    expect(server.output()).not.toMatch(/ error |uncaught|unhandled|Deprecat/i);
  });
});
