/** sync-collection (RFC 6578) over HTTP: of a calendar and of a home, whole, in parts, and from tokens that are not or no longer good. */
import type { CollectionId, ItemName } from '@kalends/contracts';
import { fakeClock, memoryStore } from '@kalends/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ALICE_AND_BOB, givenServer } from './caldav-server.ts';
import type { GivenServer } from './caldav-server.ts';
import { Dav, eventText, hrefsIn, NAMESPACES } from './dav.ts';
import type { DavAnswer, DavRequestOptions } from './dav.ts';

const HOME = '/calendars/users/alice/';
const CALENDAR = `${HOME}calendar/`;
const LIMITS = { octets: Infinity, collections: 100, itemsPerCollection: 100_000, attachmentsPerItem: 10 };
let server: GivenServer;
let dav: Dav;
beforeEach(async () => {
  server = await givenServer({ people: ALICE_AND_BOB });
  dav = new Dav(server.url);
  await dav.propfind(HOME, '<D:displayname/>');
});
afterEach(async () => {
  expect(server.errors).toEqual([]);
  await server[Symbol.asyncDispose]();
});

interface Synced { readonly status: number; readonly text: string; readonly token: string; readonly hrefs: readonly string[]; readonly gone: readonly string[] }
async function sync(path: string, token = '', { level = '1', more = '', props = '<D:prop><D:getetag/></D:prop>' } = {}): Promise<Synced> {
  const { status, text } = await dav.report(path, `<D:sync-collection ${NAMESPACES}><D:sync-token>${token}</D:sync-token><D:sync-level>${level}</D:sync-level>${more}${props}</D:sync-collection>`);
  const gone = [...text.matchAll(/<href>([^<]+)<\/href><status>HTTP\/1\.1 404/g)].map((match) => match[1]!);
  return { status, text, token: /<sync-token>([^<]*)</.exec(text)?.[1] ?? '', hrefs: hrefsIn(text).filter((href) => !gone.includes(href)).sort(), gone };
}
async function write(change: Readonly<Record<string, string | null>>, segment = 'calendar'): Promise<void> {
  const { store } = server;
  const home = (await store.findHome('id-alice' as never))!;
  const collection: CollectionId = (await store.findCollection(home.root.id, segment))!.id;
  await store.write(home.id, LIMITS, async (tx) => {
    for (const [name, body] of Object.entries(change)) {
      if (body === null) await tx.removeItem(collection, name as ItemName);
      else await tx.putItem(collection, { name: name as ItemName, contentType: 'text/calendar', body: Buffer.from(body), component: 'VEVENT', uid: name });
    }
  });
}

describe('a calendar', () => {
  it('gives all, then nothing, then what changed and what is gone (RFC 6578 §3.5)', async () => {
    await write({ 'a.ics': '1', 'b.ics': '1', 'c.ics': '1' });
    const first = await sync(CALENDAR);
    expect(first.hrefs).toEqual(['a.ics', 'b.ics', 'c.ics'].map((name) => CALENDAR + name));
    const none = await sync(CALENDAR, first.token);
    expect([none.hrefs, none.gone, none.token]).toEqual([[], [], first.token]);
    await write({ 'a.ics': '2', 'b.ics': null });
    const second = await sync(CALENDAR, first.token);
    expect([second.hrefs, second.gone]).toEqual([[`${CALENDAR}a.ics`], [`${CALENDAR}b.ics`]]);
    expect(second.text).toMatch(/<getetag>"[^"]+"<\/getetag>/);
    expect(second.token).toMatch(/^data:,/);
  });

  it.each([['a calendar', CALENDAR, '1'], ['a home', HOME, 'infinite']])('begins %s with all that is there and nothing that is gone, however long the log and however little it reaches back (RFC 6578 §3.4)', async (_, path, level) => {
    await server[Symbol.asyncDispose]();
    const clock = fakeClock();
    server = await givenServer({ people: ALICE_AND_BOB, provider: memoryStore({ clock, tombstones: { days: 0, count: 1 } }) });
    dav = new Dav(server.url);
    await dav.propfind(HOME, '<D:displayname/>');
    const names = Array.from({ length: 1_300 }, (_, number) => `${String(number)}.ics`);
    for (let at = 0; at < names.length; at += 100) await write(Object.fromEntries(names.slice(at, at + 100).map((name) => [name, 'x'])));
    for (const name of names.slice(0, 5)) {
      await write({ [name]: null });
      await clock.advance(1_000);
    }
    const first = await sync(path, '', { level });
    expect(first.gone).toEqual([]);
    expect(first.hrefs.filter((href) => href.endsWith('.ics')).sort()).toEqual(names.slice(5).map((name) => CALENDAR + name).sort());
    expect((await sync(path, first.token, { level })).hrefs).toEqual([]);
  });

  it('cuts the answer where the client asks, with 507 and a token that goes on (RFC 6578 §3.6)', async () => {
    for (let number = 0; number < 7; number++) await write({ [`${number}.ics`]: 'x' });
    const seen: string[] = [];
    let token = '';
    for (let page = 0; page < 3; page++) {
      const part = await sync(CALENDAR, token, { more: '<D:limit><D:nresults>3</D:nresults></D:limit>' });
      const cut = part.text.includes(`<href>${CALENDAR}</href><status>HTTP/1.1 507 Insufficient Storage</status><error><number-of-matches-within-limits/>`);
      expect(cut).toBe(page < 2);
      seen.push(...part.hrefs.filter((href) => href !== CALENDAR));
      ({ token } = part);
    }
    expect(seen.length).toBe(7);
    expect((await sync(CALENDAR, token)).hrefs).toEqual([]);
  });

  it('gives a status alone where no property is asked for', async () => {
    await write({ 'a.ics': '1' });
    expect((await sync(CALENDAR, '', { props: '' })).text).toContain(`<response><href>${CALENDAR}a.ics</href><status>HTTP/1.1 200 OK</status></response>`);
  });

  it('refuses a token that is none, of another collection, or of a time to come (RFC 6578 §3.2)', async () => {
    const { token } = await sync(CALENDAR);
    const later = token.replace(/\d+$/, '99999');
    for (const [path, bad] of [[CALENDAR, 'http://example.com/1'], [CALENDAR, 'data:,x'], [CALENDAR, later], [`${HOME}tasks/`, token], [HOME, token]] as const) {
      const answer = await sync(path, bad);
      expect([answer.status, answer.text.includes('<valid-sync-token/>')], bad).toEqual([403, true]);
    }
  });

  it.each([['a calendar', CALENDAR], ['a home', HOME]])('refuses a token of %s to which the log no longer reaches, and begins anew without one (RFC 6578 §3.2)', async (_, path) => {
    await server[Symbol.asyncDispose]();
    const clock = fakeClock();
    server = await givenServer({ people: ALICE_AND_BOB, provider: memoryStore({ clock, tombstones: { days: 0, count: 1 } }) });
    dav = new Dav(server.url);
    await dav.propfind(HOME, '<D:displayname/>');
    await write({ 'a.ics': '1', 'b.ics': '1', 'c.ics': '1' });
    const { token } = await sync(path);
    for (const name of ['a.ics', 'b.ics']) {
      await write({ [name]: null });
      await clock.advance(1_000);
    }
    const stale = await sync(path, token, { level: 'infinite' });
    expect([stale.status, stale.text.includes('<valid-sync-token/>'), stale.token]).toEqual([403, true, '']);
    const again = await sync(path, '', { level: 'infinite' });
    expect([again.status, again.gone, again.hrefs.includes(`${CALENDAR}c.ics`)]).toEqual([207, [], true]);
  });

  it('tells of each member once, by its latest state: changed twice, gone and back, made and gone (RFC 6578 §3.5)', async () => {
    await write({ 'twice.ics': '1', 'back.ics': '1', 'gone.ics': '1' });
    const { token } = await sync(CALENDAR);
    await write({ 'twice.ics': '2', 'back.ics': null, 'brief.ics': '1' });
    await write({ 'twice.ics': '3', 'back.ics': '2', 'brief.ics': null, 'gone.ics': null });
    const { hrefs, gone, text } = await sync(CALENDAR, token);
    expect(hrefs).toEqual(['back.ics', 'twice.ics'].map((name) => CALENDAR + name));
    // What came and went was perhaps made by this very client (§3.5.2).
    expect([...gone].sort()).toEqual(['brief.ics', 'gone.ics'].map((name) => CALENDAR + name));
    expect(text.split(`<href>${CALENDAR}twice.ics<`).length - 1).toBe(1);
  });

  it('answers what changed with propstat and no status, and what is gone with a status and no propstat (RFC 6578 §3.5.1, §3.5.2)', async () => {
    await write({ 'a.ics': '1', 'b.ics': '1' });
    const { token } = await sync(CALENDAR);
    await write({ 'a.ics': '2', 'b.ics': null });
    const { text } = await sync(CALENDAR, token, { props: '<D:prop/>' });
    expect(text).toContain(`<response><href>${CALENDAR}a.ics</href><propstat><prop/><status>HTTP/1.1 200 OK</status></propstat></response>`);
    expect(text).toContain(`<response><href>${CALENDAR}b.ics</href><status>HTTP/1.1 404 Not Found</status></response>`);
  });

  it('has its token as a property too: the same, protected, and not in allprop (RFC 6578 §4)', async () => {
    const { token } = await sync(CALENDAR);
    expect((await dav.propfind(CALENDAR, '<D:sync-token/>')).text).toContain(`<sync-token>${token}</sync-token>`);
    expect((await dav.send('PROPFIND', CALENDAR, { depth: '0' })).text).not.toContain('sync-token');
    const set = await dav.send('PROPPATCH', CALENDAR, { body: `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><D:sync-token>x</D:sync-token></D:prop></D:set></D:propertyupdate>` });
    expect(set.text).toContain('cannot-modify-protected-property');
    expect((await dav.propfind(`${HOME}dropbox/`, '<D:sync-token/>')).text).toContain('404');
  });

  it('lets one of two win who write at once if nothing has changed since a token (RFC 6578 §5)', async () => {
    const { token } = await sync(CALENDAR);
    const put = (name: string): Promise<DavAnswer> => dav.send('PUT', CALENDAR + name, { body: eventText(name), headers: { If: `<${CALENDAR}> (<${token}>)` } });
    const statuses = (await Promise.all(['a.ics', 'b.ics', 'c.ics'].map(put))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 412, 412]);
  });

  it('takes the Depth field where no level is said, and refuses what is neither', async () => {
    const body = `<D:sync-collection ${NAMESPACES}><D:sync-token/><D:prop/></D:sync-collection>`;
    expect((await dav.send('REPORT', CALENDAR, { body, depth: '1' })).status).toBe(207);
    expect((await dav.send('REPORT', CALENDAR, { body, depth: '0' })).status).toBe(400);
    expect((await sync(CALENDAR, '', { level: '2' })).status).toBe(400);
    expect((await sync(CALENDAR, '', { more: '<D:limit><D:nresults>0</D:nresults></D:limit>' })).status).toBe(400);
  });

  it('streams more changes than one page of the log', async () => {
    await write(Object.fromEntries(Array.from({ length: 2500 }, (_, number) => [`${number}.ics`, 'x'])));
    const { hrefs, text } = await sync(CALENDAR);
    expect([hrefs.length, text.endsWith('</multistatus>')]).toEqual([2500, true]);
  });
});

describe('a home', () => {
  it('gives its collections, and the dropbox as one that does not sync (RFC 6578 §3.3)', async () => {
    const { hrefs, text } = await sync(HOME);
    expect(hrefs).toEqual(['calendar/', 'dropbox/', 'freebusy', 'inbox/', 'notification/', 'outbox/', 'tasks/'].map((name) => HOME + name));
    expect(text).toContain(`<response><href>${HOME}dropbox/</href><status>HTTP/1.1 403 Forbidden</status><error><supported-report/><sync-traversal-supported/>`);
  });

  it('gives at level 1 collections with a change below, at level infinite the items too', async () => {
    const { token } = await sync(HOME, '', { level: 'infinite' });
    await write({ 'a.ics': '1' });
    expect((await sync(HOME, token)).hrefs).toEqual([CALENDAR]);
    expect((await sync(HOME, token, { level: 'infinite' })).hrefs).toEqual([CALENDAR, `${CALENDAR}a.ics`]);
    expect((await sync(HOME, token, { level: 'infinity' })).hrefs).toEqual([CALENDAR, `${CALENDAR}a.ics`]);
    expect((await sync(HOME, token, { level: '2' })).status).toBe(400);
    const next = await sync(HOME, token, { level: 'infinite' });
    await write({ 'a.ics': null });
    expect((await sync(HOME, next.token, { level: 'infinite' })).gone).toEqual([`${CALENDAR}a.ics`]);
  });

  it('says of the dropbox once that it does not sync, and never again (RFC 6578 §3.3)', async () => {
    for (const level of ['1', 'infinite']) {
      const first = await sync(HOME, '', { level });
      expect(first.text.split('<supported-report/>').length - 1).toBe(1);
      await dav.send('PUT', `${HOME}dropbox/${level}.txt`, { body: 'x' });
      await write({ [`${level}.ics`]: '1' });
      const next = await sync(HOME, first.token, { level });
      expect([next.text.includes('dropbox'), next.hrefs.includes(CALENDAR)]).toEqual([false, true]);
    }
  });

  it('gives a removed calendar as one removal, and changes in the dropbox not at all', async () => {
    const { token } = await sync(HOME);
    await dav.send('PUT', `${HOME}dropbox/x.txt`, { body: 'x' });
    await dav.send('MKCOL', `${HOME}dropbox/y/`);
    const { store } = server;
    const home = (await store.findHome('id-alice' as never))!;
    const tasks = (await store.findCollection(home.root.id, 'tasks'))!;
    await store.write(home.id, LIMITS, (tx) => tx.removeCollection(tasks.id));
    const { hrefs, gone } = await sync(HOME, token, { level: 'infinite' });
    expect([hrefs, gone]).toEqual([[], [`${HOME}tasks/`]]);
  });

  it('refuses a limit of the client\'s: 507 (RFC 6578 §3.7)', async () => {
    const answer = await sync(HOME, '', { more: '<D:limit><D:nresults>1</D:nresults></D:limit>' });
    expect([answer.status, answer.text.includes('<number-of-matches-within-limits/>')]).toEqual([507, true]);
  });
});

it('is no report of plain collections (RFC 3253 §3.6)', async () => {
  const answer = await sync(`${HOME}dropbox/`);
  expect([answer.status, answer.text.includes('<supported-report/>')]).toEqual([403, true]);
});

describe('a sync token in an If field (RFC 6578 §5)', () => {
  const given = async (path: string): Promise<Readonly<Record<string, string>>> => ({ If: `<${path}> (<${(await sync(path)).token}>)` });

  it('holds for collections that are made, moved, changed and removed, and fails once something has changed (RFC 6578 §5.2)', async () => {
    const held = await given(HOME);
    const body = `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set></D:propertyupdate>`;
    const attempts: readonly (readonly [string, string, DavRequestOptions])[] = [
      ['MKCALENDAR', `${HOME}new/`, {}], ['MKCOL', `${HOME}dropbox/new/`, {}], ['PROPPATCH', CALENDAR, { body }], ['DELETE', `${HOME}tasks/`, {}],
      ['MOVE', `${HOME}tasks/`, { headers: { Destination: `${HOME}renamed/` } }],
    ];
    await write({ 'a.ics': '1' });
    for (const [method, path, options] of attempts) {
      expect([method, (await dav.send(method, path, { ...options, headers: { ...options.headers, ...held } })).status]).toEqual([method, 412]);
    }
    for (const [method, path, options] of attempts.slice(0, 4)) {
      expect([method, (await dav.send(method, path, { ...options, headers: { ...options.headers, ...await given(HOME) } })).status]).toEqual([method, method === 'PROPPATCH' ? 207 : method === 'DELETE' ? 204 : 201]);
    }
  });

  it('lets one of two collections be made at once', async () => {
    const held = await given(HOME);
    const statuses = (await Promise.all(['x', 'y', 'z'].map((name) => dav.send('MKCALENDAR', `${HOME}${name}/`, { headers: held })))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 412, 412]);
  });
});
