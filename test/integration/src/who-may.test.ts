/**
 * Who may do what with what is alice's: every method and report, asked by another user, by nobody, by a delegate and by an administrator. A refusal is the same,
 * to the last octet, for what is there and what is not; nothing of an unreadable thing is in any answer.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, NAMESPACES, eventText, hrefsIn } from './dav.ts';
import type { DavAnswer, DavRequestOptions } from './dav.ts';
import { startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

const ALICE = '/calendars/users/alice/';
const CANONICAL = '/calendars/__uids__/10000000-0000-4000-8000-000000000002/';
const BOB = '/calendars/users/bob/';
const PRINCIPAL = '/principals/__uids__/10000000-0000-4000-8000-000000000002/';
const ID = (last: number): string => `/principals/__uids__/10000000-0000-4000-8000-00000000000${String(last)}/`;
/** In alice's event and nowhere else. */
const SECRET = 'Kingfisher';

let server: ServerProcess;
let dav: Dav;
let etag: string;
beforeAll(async () => {
  server = await startServerProcess();
  dav = new Dav(server.url);
  for (const [as, path] of [['alice', ALICE], ['bob', BOB], ['carol', '/calendars/users/carol/']] as const) await dav.propfind(path, '<D:displayname/>', { as });
  etag = (await dav.send('PUT', `${ALICE}calendar/secret.ics`, { body: eventText('secret', ['DTSTART:20260310T100000Z', 'DTEND:20260310T110000Z', `SUMMARY:${SECRET}`]) })).headers.get('etag')!;
  for (const path of ['hidden/', 'free/']) await dav.send('MKCALENDAR', ALICE + path);
  await dav.send('MKCOL', `${ALICE}dropbox/folder/`);
  await dav.send('PUT', `${ALICE}dropbox/folder/file.txt`, { body: SECRET, headers: { 'Content-Type': 'text/plain' } });
  await dav.send('PUT', `${BOB}calendar/own.ics`, { as: 'bob', body: eventText('own') });
  await dav.send('PUT', `${BOB}dropbox/own.txt`, { as: 'bob', body: 'own', headers: { 'Content-Type': 'text/plain' } });
  await dav.send('MKCALENDAR', `${BOB}mine/`, { as: 'bob' });
});
afterAll(async () => { await server[Symbol.asyncDispose](); });

const proppatch = `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set></D:propertyupdate>`;
const multiget = (...hrefs: readonly string[]): string =>
  `<C:calendar-multiget ${NAMESPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop>${hrefs.map((href) => `<D:href>${href}</D:href>`).join('')}</C:calendar-multiget>`;
const query = `<C:calendar-query ${NAMESPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`;
const sync = `<D:sync-collection ${NAMESPACES}><D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>`;
const freeBusy = `<C:free-busy-query ${NAMESPACES}><C:time-range start="20260301T000000Z" end="20260401T000000Z"/></C:free-busy-query>`;
const expand = `<D:expand-property ${NAMESPACES}><D:property name="owner"><D:property name="displayname"/><D:property name="calendar-home-set" namespace="urn:ietf:params:xml:ns:caldav"><D:property name="getetag"/><D:property name="displayname"/></D:property></D:property></D:expand-property>`;
const match = `<D:principal-match ${NAMESPACES}><D:principal-property><D:owner/></D:principal-property><D:prop><D:getetag/></D:prop></D:principal-match>`;
const search = `<D:principal-property-search ${NAMESPACES}><D:property-search><D:prop><D:displayname/></D:prop><D:match>a</D:match></D:property-search><D:prop><D:displayname/></D:prop></D:principal-property-search>`;
const aclSet = `<D:acl-principal-prop-set ${NAMESPACES}><D:prop><D:displayname/></D:prop></D:acl-principal-prop-set>`;

const REPORTS: readonly (readonly [string, string])[] = [
  ['calendar-query', query], ['calendar-multiget', multiget(`${ALICE}calendar/secret.ics`)], ['sync-collection', sync], ['expand-property', expand], ['principal-match', match],
  ['principal-property-search', search], ['acl-principal-prop-set', aclSet], ['one that is none', '<x:none xmlns:x="urn:x"/>'], ['what is no XML', '<x'], ['nothing', ''],
];
const METHODS: readonly (readonly [string, DavRequestOptions])[] = [
  ['GET', {}], ['HEAD', {}], ['PROPFIND', { depth: '0' }], ['PROPFIND', { depth: '1' }], ['PROPPATCH', { body: proppatch }], ['PUT', { body: eventText('put') }], ['DELETE', {}],
  ['MKCOL', {}], ['MKCALENDAR', {}], ['COPY', { headers: { Destination: `${BOB}dropbox/copy` } }], ['MOVE', { headers: { Destination: `${BOB}dropbox/moved` } }],
  ['COPY', { headers: { Destination: `${ALICE}dropbox/copy` } }], ['MOVE', { headers: { Destination: `${ALICE}calendar/moved.ics` } }], ['POST', { body: eventText('post') }],
  ['GET', { headers: { 'If-None-Match': '*' } }], ['PUT', { body: eventText('put'), headers: { 'If-None-Match': '*' } }], ['DELETE', { headers: { 'If-Match': '*' } }],
  ['PUT', { body: eventText('put'), headers: { 'If-Match': '"x"', Prefer: 'return=representation' } }],
  ...REPORTS.map(([, body]) => ['REPORT', { depth: '1' as const, body }] as const),
];
/** What is there and, beside it, what is not. */
const PAIRS: readonly (readonly [string, string, string])[] = [
  ['an event', `${ALICE}calendar/secret.ics`, `${ALICE}calendar/absent.ics`], ['an event, by id', `${CANONICAL}calendar/secret.ics`, `${CANONICAL}calendar/absent.ics`],
  ['a calendar', `${ALICE}hidden/`, `${ALICE}absent/`], ['a calendar without its slash', `${ALICE}hidden`, `${ALICE}absent`], ['inside a calendar', `${ALICE}hidden/x/y`, `${ALICE}absent/x/y`],
  ['a plain collection', `${ALICE}dropbox/folder/`, `${ALICE}dropbox/absent/`], ['a plain file', `${ALICE}dropbox/folder/file.txt`, `${ALICE}dropbox/folder/absent.txt`],
];

/** Status, fields and body, without what differs between any two requests and without the name that was asked for. */
function shape({ status, headers, text }: DavAnswer): string {
  const neutral = (value: string): string => value.replaceAll(/\b(?:secret|absent|hidden|folder|file)\b/g, 'NAME').replaceAll(/\(request \w+\)/g, '').replaceAll(/nonce="[^"]*"/g, '');
  const fields = [...headers].filter(([field]) => !['date', 'x-request-id', 'content-length', 'keep-alive'].includes(field)).map(([field, value]) => `${field}: ${neutral(value)}`);
  return [status, ...fields, neutral(text)].join('\n');
}

describe.each([['another user', 'bob', 403], ['nobody', '', 401]] as const)('to %s', (_, as, status) => {
  it.each(PAIRS)('%s is as if it were not there, whatever is asked', async (_name, there, absent) => {
    for (const [method, options] of METHODS) {
      const label = `${method} ${JSON.stringify(options).slice(0, 120)}`;
      const [one, other] = [await dav.send(method, there, { ...options, as }), await dav.send(method, absent, { ...options, as })];
      expect(one.status, label).toBe(status);
      expect(shape(one), label).toBe(shape(other));
      expect(one.text + JSON.stringify([...one.headers]), label).not.toMatch(new RegExp(`${SECRET}|${etag.replaceAll('"', '')}`));
      expect([one.headers.get('content-location'), one.headers.get('etag'), one.headers.get('location')], label).toEqual([null, null, null]);
    }
  });

  it.each(PAIRS)('OPTIONS of %s tells nothing, not even by a condition', async (_name, there, absent) => {
    for (const headers of [{}, { 'If-None-Match': '*' }, { 'If-Match': '*' }, { 'If-Unmodified-Since': 'Thu, 01 Jan 1970 00:00:00 GMT' }]) {
      const [one, other] = [await dav.send('OPTIONS', there, { as, headers }), await dav.send('OPTIONS', absent, { as, headers })];
      expect(one.status).toBe(200);
      expect(shape(one)).toBe(shape(other));
    }
  });

  it.each([['home', ALICE], ['inbox', `${ALICE}inbox/`], ['outbox', `${ALICE}outbox/`], ['dropbox', `${ALICE}dropbox/`], ['notifications', `${ALICE}notification/`]])('the %s is closed', async (_name, path) => {
    for (const [method, options] of METHODS) {
      const answer = await dav.send(method, path, { ...options, as });
      expect(answer.status, `${method} ${JSON.stringify(options).slice(0, 100)}`).toBe(status);
    }
  });
});

describe('to nobody', () => {
  it('who has an account here looks like who has none', async () => {
    for (const [there, absent] of [['/principals/users/alice/', '/principals/users/nobody/'], [ALICE, '/calendars/users/nobody/'], [`${ALICE}inbox/`, '/calendars/users/nobody/inbox/'], [PRINCIPAL, ID(9)], [`${ALICE}freebusy`, '/calendars/users/nobody/freebusy']] as const) {
      for (const [method, options] of [...METHODS, ['OPTIONS', {}], ['LOCK', {}], ['REPORT', { body: freeBusy }]] as const) {
        const [one, other] = [await dav.send(method, there, { ...options, as: '' }), await dav.send(method, absent, { ...options, as: '' })];
        expect(one.status, `${method} ${there}`).toBe(other.status);
        expect(shape(one).replaceAll('alice', 'nobody'), `${method} ${there}`).toBe(shape(other).replaceAll('alice', 'nobody'));
      }
    }
  });
});

describe('to another user', () => {
  it('an unknown person is 404, a known one is shown', async () => {
    for (const path of ['/principals/users/nobody/', '/calendars/users/nobody/', '/calendars/__uids__/nobody/calendar/x.ics']) {
      for (const method of ['GET', 'PROPFIND', 'PUT', 'DELETE', 'MKCALENDAR', 'OPTIONS']) expect([method, (await dav.send(method, path, { as: 'bob', depth: '0' })).status]).toEqual([method, 404]);
    }
    expect((await dav.propfind(PRINCIPAL, '<D:displayname/>', { as: 'bob' })).text).toContain('Alice Archer');
  });

  it('multiget tells of each href that it may not be looked at, there or not, from wherever it is asked', async () => {
    const hrefs = [`${ALICE}calendar/secret.ics`, `${ALICE}calendar/absent.ics`, `${ALICE}hidden/x.ics`, `${ALICE}absent/x.ics`, `${CANONICAL}calendar/secret.ics`, `${server.url}${ALICE}calendar/secret.ics`, `/${ALICE.slice(1)}calendar//secret.ics`, `${ALICE}calendar/%73ecret.ics`];
    for (const path of [`${BOB}calendar/`, BOB, '/calendars/', '/', ID(3)]) {
      const answer = await dav.report(path, multiget(...hrefs), { as: 'bob' });
      expect(answer.status).toBe(207);
      expect([...answer.plain.matchAll(/<status>HTTP\/1\.1 (\d+)/g)].map((found) => found[1])).toEqual(hrefs.map(() => '403'));
      expect(answer.text).not.toMatch(SECRET);
    }
  });

  it('multiget of what is no item at all is 404 (never a failure of ours)', async () => {
    for (const [path, href] of [['/calendars/', '/calendars/users'], [ID(3), `${ID(3)}x`], ['/', '/x'], [BOB, `${BOB}x`], [`${BOB}freebusy`, `${BOB}freebusy`]] as const) {
      expect((await dav.report(path, multiget(href), { as: 'bob' })).plain).toMatch(/<status>HTTP\/1\.1 404/);
    }
  });

  it.each(['MOVE', 'COPY'])('%s into her home is refused alike whatever stands there', async (method) => {
    for (const source of [`${BOB}calendar/own.ics`, `${BOB}dropbox/own.txt`, `${BOB}mine/`]) {
      for (const [, there, absent] of [...PAIRS, ['', `${ALICE}hidden/x`, `${ALICE}absent/x`], ['', `${ALICE}dropbox/folder/x`, `${ALICE}dropbox/absent/x`]] as const) {
        for (const Overwrite of ['T', 'F']) {
          const [one, other] = [await dav.send(method, source, { as: 'bob', headers: { Destination: server.url + there, Overwrite } }), await dav.send(method, source, { as: 'bob', headers: { Destination: server.url + absent, Overwrite } })];
          expect(one.status, `${source} to ${there}`).toBe(403);
          expect(shape(one), `${source} to ${there}`).toBe(shape(other));
        }
      }
    }
  });

  it('the If field answers nothing about what is hers (RFC 4918 §10.4.2)', async () => {
    for (const list of [`[${etag}]`, '["x"]']) {
      const put = await dav.send('PUT', `${BOB}dropbox/if.txt`, { as: 'bob', body: 'x', headers: { If: `<${ALICE}calendar/secret.ics> (${list})`, 'Content-Type': 'text/plain' } });
      expect(put.status).toBe(412);
    }
  });

  it('expand-property goes to her through a property, and finds closed doors (RFC 3253 §3.8)', async () => {
    const set = await dav.send('PROPPATCH', `${BOB}calendar/`, { as: 'bob', body: `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><x:p xmlns:x="urn:x">${[`${ALICE}calendar/secret.ics`, `${ALICE}calendar/absent.ics`, `${ALICE}hidden/`, `${ALICE}absent/`, `${BOB}calendar/absent.ics`].map((href) => `<D:href>${href}</D:href>`).join('')}</x:p></D:prop></D:set></D:propertyupdate>` });
    expect(set.status).toBe(207);
    const answer = await dav.report(`${BOB}calendar/`, `<D:expand-property ${NAMESPACES}><D:property name="p" namespace="urn:x"><D:property name="getetag"/><D:property name="calendar-data" namespace="urn:ietf:params:xml:ns:caldav"/></D:property></D:expand-property>`, { as: 'bob', depth: '0' });
    expect([...answer.plain.matchAll(/\/href><status>HTTP\/1\.1 (\d+)/g)].map((found) => found[1])).toEqual(['403', '403', '403', '403', '404']);
    expect(answer.text).not.toMatch(new RegExp(`${SECRET}|${etag}`));
    const owner = await dav.report(PRINCIPAL, expand.replace('"owner"', '"principal-URL"'), { as: 'bob', depth: '0' });
    expect(owner.plain).toMatch(/<href>[^<]*\/calendars\/[^<]*<\/href><status>HTTP\/1\.1 403/);
  });

  it('listings and searches leave her home out', async () => {
    for (const path of ['/calendars/users/', '/calendars/', '/']) expect(hrefsIn((await dav.propfind(path, '<D:displayname/>', { as: 'bob', depth: '1' })).text).filter((href) => href.includes('alice'))).toEqual([]);
    expect((await dav.send('GET', '/calendars/users/', { as: 'bob' })).text).not.toContain('alice');
    expect((await dav.report('/calendars/', match, { as: 'bob', depth: '0' })).text).not.toContain('alice');
  });

  it('her busy time is told, and nothing else of what makes it', async () => {
    for (const answer of [await dav.report(`${ALICE}calendar/`, freeBusy, { as: 'bob' }), await dav.send('GET', `${ALICE}freebusy?start=20260301T000000Z&end=20260401T000000Z`, { as: 'bob' })]) {
      expect([answer.status, answer.text.includes('20260310T100000Z')]).toEqual([200, true]);
      expect(answer.text).not.toMatch(new RegExp(`${SECRET}|UID:secret`));
    }
    for (const method of ['PUT', 'DELETE', 'PROPPATCH', 'MOVE', 'COPY', 'MKCOL']) expect((await dav.send(method, `${ALICE}freebusy`, { as: 'bob', body: method === 'PROPPATCH' ? proppatch : '', headers: { Destination: `${BOB}x` } })).status).toBeGreaterThanOrEqual(403);
  });

  it('only she sends from her outbox, and only she says who acts for her', async () => {
    expect((await dav.send('POST', `${ALICE}outbox/`, { as: 'bob', body: eventText('x') })).status).toBe(403);
    for (const mode of ['read', 'write']) {
      const body = `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><D:group-member-set><D:href>${ID(3)}</D:href></D:group-member-set></D:prop></D:set></D:propertyupdate>`;
      expect((await dav.send('PROPPATCH', `${PRINCIPAL}calendar-proxy-${mode}/`, { as: 'bob', body })).status).toBe(403);
    }
    expect((await dav.send('GET', `${ALICE}calendar/secret.ics`, { as: 'bob' })).status).toBe(403);
  });
});

describe('to a delegate', () => {
  const delegate = (mode: 'read' | 'write', ...ids: readonly number[]): Promise<DavAnswer> =>
    dav.send('PROPPATCH', `${PRINCIPAL}calendar-proxy-${mode}/`, { body: `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><D:group-member-set>${ids.map((id) => `<D:href>${ID(id)}</D:href>`).join('')}</D:group-member-set></D:prop></D:set></D:propertyupdate>` });
  const event = `${ALICE}calendar/secret.ics`;
  const statuses = async (as: string): Promise<readonly number[]> => {
    const asked: readonly (readonly [string, string, DavRequestOptions])[] = [
      ['GET', event, {}], ['PROPFIND', ALICE, { depth: '1' }], ['PUT', `${ALICE}calendar/by-${as}.ics`, { body: eventText(`by-${as}`) }], ['DELETE', `${ALICE}calendar/by-${as}.ics`, {}],
      ['MKCALENDAR', `${ALICE}by-${as}/`, {}], ['DELETE', `${ALICE}by-${as}/`, {}], ['DELETE', ALICE, {}], ['PROPPATCH', `${PRINCIPAL}calendar-proxy-write/`, { body: proppatch.replaceAll('displayname', 'group-member-set') }],
    ];
    const found: number[] = [];
    for (const [method, path, options] of asked) found.push((await dav.send(method, path, { ...options, as })).status);
    return found;
  };

  it('reads, or reads and writes, and says nothing about who else does; at once, and no longer than it lasts', async () => {
    expect(await statuses('carol')).toEqual([403, 403, 403, 403, 403, 403, 403, 403]);
    await delegate('read', 4);
    expect(await statuses('carol')).toEqual([200, 207, 403, 403, 403, 404, 403, 403]);
    await delegate('read');
    await delegate('write', 4);
    expect(await statuses('carol')).toEqual([200, 207, 201, 204, 201, 204, 403, 403]);
    await delegate('write');
    expect(await statuses('carol')).toEqual([403, 403, 403, 403, 403, 403, 403, 403]);
  });

  it('who only reads sets what a calendar looks like for himself alone, and not where invitations are filed', async () => {
    await delegate('read', 4);
    const setting = (path: string, inner: string): Promise<DavAnswer> => dav.send('PROPPATCH', path, { as: 'carol', body: `<D:propertyupdate ${NAMESPACES}><D:set><D:prop>${inner}</D:prop></D:set></D:propertyupdate>` });
    const zone = '<C:calendar-timezone-id>Asia/Tokyo</C:calendar-timezone-id>';
    for (const [inner, asked] of [['<D:displayname>hers</D:displayname>', '<D:displayname/>'], [zone, '<C:calendar-timezone-id/>'], ['<C:calendar-description>hers</C:calendar-description>', '<C:calendar-description/>']] as const) {
      expect((await setting(`${ALICE}calendar/`, inner)).plain, inner).toContain('200 OK');
      expect((await dav.propfind(`${ALICE}calendar/`, asked, { as: 'carol' })).text).toMatch(/hers|Tokyo/);
      expect((await dav.propfind(`${ALICE}calendar/`, asked)).text).not.toMatch(/hers|Tokyo/);
    }
    // A dead property is state of the resource, and write-properties is the privilege for it (RFC 3744 §3.3).
    expect((await setting(`${ALICE}calendar/`, '<x xmlns="u">hers</x>')).plain).toContain('200 OK');
    expect((await dav.propfind(`${ALICE}calendar/`, '<x xmlns="u"/>')).text).toContain('hers');
    expect((await setting(`${ALICE}dropbox/folder/file.txt`, '<x xmlns="u">hers</x>')).plain).toContain('403 ');
    expect((await setting(`${ALICE}inbox/`, `<C:schedule-default-calendar-URL><D:href>${ALICE}free/</D:href></C:schedule-default-calendar-URL>`)).plain).toContain('403 ');
    await delegate('read');
  });

  it('is nobody by being in a group with her', async () => {
    expect((await dav.send('GET', event, { as: 'bob' })).status).toBe(403);
    expect((await dav.propfind('/calendars/groups/team/', '<D:displayname/>', { as: 'bob', depth: '1' })).status).toBe(207);
  });
});

it('an administrator may do everything', async () => {
  expect((await dav.send('GET', `${ALICE}calendar/secret.ics`, { as: 'admin' })).text).toContain(SECRET);
  expect((await dav.send('PUT', `${ALICE}calendar/admin.ics`, { as: 'admin', body: eventText('admin') })).status).toBe(201);
  expect((await dav.send('DELETE', `${ALICE}calendar/admin.ics`, { as: 'admin' })).status).toBe(204);
  expect((await dav.propfind('/calendars/users/', '<D:displayname/>', { as: 'admin', depth: '1' })).text).toContain('alice');
});

it('nothing of all that changed anything of hers, or failed here', async () => {
  expect((await dav.send('GET', `${ALICE}calendar/secret.ics`)).headers.get('etag')).toBe(etag);
  expect((await dav.send('GET', `${ALICE}dropbox/folder/file.txt`)).text).toBe(SECRET);
  expect(hrefsIn((await dav.propfind(ALICE, '<D:displayname/>', { depth: '1' })).text).map((href) => href.slice(ALICE.length)).sort()).toEqual(['', 'calendar/', 'dropbox/', 'free/', 'freebusy', 'hidden/', 'inbox/', 'notification/', 'outbox/', 'tasks/']);
  expect(server.output()).not.toMatch(/ error /);
});
