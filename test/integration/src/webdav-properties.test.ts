/** PROPFIND and PROPPATCH over HTTP: what is listed, what is told of what is not there, and that all is set or nothing. */
import { memoryStore } from '@kalends/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALICE_AND_BOB, givenServer } from './caldav-server.ts';
import type { GivenServer } from './caldav-server.ts';
import { Dav, eventText, hrefsIn, NAMESPACES } from './dav.ts';

const HOME = '/calendars/__uids__/id-alice/';
const CALENDAR = `${HOME}calendar/`;
let server: GivenServer;
let dav: Dav;
beforeAll(async () => {
  server = await givenServer({ people: ALICE_AND_BOB, provider: memoryStore({ runWorkTwice: true }), limits: { homeOctets: 104_857_600 } });
  dav = new Dav(server.url);
  await dav.propfind(HOME, '<D:displayname/>');
});
afterAll(async () => { await server[Symbol.asyncDispose](); });

const patch = (path: string, instructions: string, headers: Record<string, string> = {}, as = 'alice') =>
  dav.send('PROPPATCH', path, { as, headers, body: `<D:propertyupdate ${NAMESPACES}>${instructions}</D:propertyupdate>` });
const set = (inner: string) => `<D:set><D:prop>${inner}</D:prop></D:set>`;
const remove = (inner: string) => `<D:remove><D:prop>${inner}</D:prop></D:remove>`;

describe('PROPFIND', () => {
  it('lists a home one level deep, beginning with the path as the client wrote it (RFC 4918 §9.1)', async () => {
    for (const base of [HOME, '/calendars/users/alice/']) {
      const { status, text } = await dav.propfind(base, '<D:resourcetype/>', { depth: '1' });
      expect(status).toBe(207);
      expect([...hrefsIn(text)].sort()).toEqual(['', 'calendar/', 'dropbox/', 'freebusy', 'inbox/', 'notification/', 'outbox/', 'tasks/'].map((name) => base + name));
    }
  });

  it('tells names that nobody defines in one propstat, and leaves them out with return=minimal or Brief (RFC 8144 §2.1)', async () => {
    const asked = '<D:sync-token/><D:nothing/><x xmlns="urn:x"/><y xmlns=""/>';
    const { text } = await dav.propfind(CALENDAR, asked);
    expect(text).toContain("<prop><nothing/><x xmlns='urn:x'/><y xmlns=''/></prop><status>HTTP/1.1 404 Not Found</status>");
    for (const headers of [{ Prefer: 'return=minimal' }, { Brief: 't' }]) {
      const brief = await dav.propfind(CALENDAR, asked, { headers });
      expect(brief.text).not.toContain('HTTP/1.1 404');
      expect(brief.text).toContain('<sync-token>data:,');
    }
    const nothing = await dav.propfind(CALENDAR, '<D:nothing/>', { headers: { Prefer: 'return=minimal' } });
    expect(nothing.text).toContain('<propstat><prop/><status>HTTP/1.1 200 OK</status></propstat>');
  });

  it('leaves the collection itself out with depth-noroot (RFC 8144 §2.2)', async () => {
    const { text } = await dav.propfind(HOME, '<D:resourcetype/>', { depth: '1', headers: { Prefer: 'depth-noroot, return=minimal' } });
    expect(hrefsIn(text)).not.toContain(HOME);
  });

  it.each([['infinity'], [undefined]] as const)('refuses a listing of depth %s (RFC 4918 §9.1.1)', async (depth) => {
    const answer = await dav.send('PROPFIND', HOME, { body: `<D:propfind ${NAMESPACES}><D:allprop/></D:propfind>`, ...(depth === undefined ? {} : { depth }) });
    expect(answer.status).toBe(403);
    expect(answer.text).toMatch(/<error xmlns='DAV:'><propfind-finite-depth\/><error-description xmlns='http:\/\/twistedmatrix\.com\/xml_namespace\/dav\/'>[^<]+\(request \w+/);
  });

  it('gives allprop without costly properties, what include names, and the names alone with propname (RFC 4918 §14.2, §14.8, §14.17)', async () => {
    await patch(CALENDAR, set('<p xmlns="urn:x">v</p>'));
    const all = await dav.send('PROPFIND', CALENDAR, { depth: '0' });
    expect(all.text).toContain('<getcontenttype>httpd/unix-directory</getcontenttype>');
    expect(all.text).toContain("<p xmlns='urn:x'>v</p>");
    expect(all.text).not.toContain('quota-used-bytes');
    const more = await dav.send('PROPFIND', CALENDAR, { depth: '0', body: `<D:propfind ${NAMESPACES}><D:allprop/><D:include><D:quota-used-bytes/><D:nothing/></D:include></D:propfind>` });
    expect(more.text).toContain('<quota-used-bytes>0</quota-used-bytes>');
    const names = await dav.send('PROPFIND', CALENDAR, { depth: '0', body: `<D:propfind ${NAMESPACES}><D:propname/></D:propfind>` });
    expect(names.text).toContain('<getetag/>');
    expect(names.text).toContain("<p xmlns='urn:x'/>");
    expect(names.text).not.toMatch(/<displayname xmlns='DAV:'>/);
  });

  it.each([
    ['two askings', '<D:allprop/><D:propname/>'], ['none', ''], ['a name in no namespace of ours', '<prop xmlns="urn:x"/>'],
  ])('refuses a body with %s: 400 (RFC 4918 §14.20)', async (_, inner) => {
    expect((await dav.send('PROPFIND', CALENDAR, { depth: '0', body: `<D:propfind ${NAMESPACES}>${inner}</D:propfind>` })).status).toBe(400);
  });

  it('gives quota from the limit and what is used (RFC 4331 §3)', async () => {
    await dav.send('PUT', `${HOME}dropbox/q.txt`, { body: '12345' });
    const { text } = await dav.propfind(HOME, '<D:quota-used-bytes/><D:quota-available-bytes/>');
    const [, used, available] = /<quota-used-bytes>(\d+)<.*<quota-available-bytes>(\d+)</s.exec(text)!.map(Number);
    expect(used).toBeGreaterThanOrEqual(5);
    expect(used! + available!).toBe(104_857_600);
    expect((await dav.propfind('/principals/__uids__/id-alice/', '<D:quota-used-bytes/>')).text).toContain('404');
  });

  it('names methods and reports of a resource (RFC 3253 §3.1.3, §3.1.5)', async () => {
    const { text } = await dav.propfind(CALENDAR, '<D:supported-report-set/><D:supported-method-set/>');
    expect(text).toContain('<supported-report><report><sync-collection/></report></supported-report>');
    expect(text).toContain("<supported-method name='PROPFIND'/>");
    expect(text).not.toContain("name='MKCOL'");
  });

  it('does not show somebody else\'s home', async () => {
    const answer = await dav.propfind(HOME, '<D:displayname/>', { as: 'bob' });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('<need-privileges><resource><href>/calendars/__uids__/id-alice/</href><privilege><read/></privilege></resource></need-privileges>');
    expect((await dav.propfind(`${HOME}nothing-there/`, '<D:displayname/>', { as: 'bob' })).status).toBe(403);
  });

  it('finds a resource by any spelling of its name', async () => {
    expect((await dav.send('PUT', `${HOME}dropbox/caf%C3%A9%20@1.txt`, { body: 'x' })).status).toBe(201);
    for (const name of ['cafe%CC%81%20%401.txt', 'caf%c3%a9%20@1.txt']) expect((await dav.send('GET', `${HOME}dropbox/${name}`)).status, name).toBe(200);
    expect(hrefsIn((await dav.propfind(`${HOME}dropbox/`, '<D:getetag/>', { depth: '1' })).text)).toContain(`${HOME}dropbox/caf%C3%A9%20%401.txt`);
  });
});

describe('PROPPATCH', () => {
  it('sets and removes dead properties, keeping attributes, mixed content and the language in scope (RFC 4918 §4.3)', async () => {
    const value = '<x:p xmlns:x="urn:x" a="1" x:b="2">one <y>two &amp; <![CDATA[<three>]]></y> four</x:p>';
    const answer = await dav.send('PROPPATCH', CALENDAR, { body: `<D:propertyupdate ${NAMESPACES}><D:set><D:prop xml:lang="de">${value}</D:prop></D:set></D:propertyupdate>` });
    expect(answer.text).toContain("<prop><p xmlns='urn:x'/></prop><status>HTTP/1.1 200 OK</status>");
    const { text } = await dav.propfind(CALENDAR, '<p xmlns="urn:x"/>');
    expect(text).toContain("<p a='1' xmlns:a0='urn:x' a0:b='2' xml:lang='de' xmlns='urn:x'>one <y xmlns=''>two &amp; &lt;three&gt;</y> four</p>");
    await patch(CALENDAR, remove('<p xmlns="urn:x"/><never-there xmlns="urn:x"/>'));
    expect((await dav.propfind(CALENDAR, '<p xmlns="urn:x"/>')).text).toContain('404');
  });

  it('does what is said last when one name is said twice', async () => {
    await patch(CALENDAR, set('<p xmlns="urn:x">1</p>') + remove('<p xmlns="urn:x"/>') + set('<p xmlns="urn:x">2</p>'));
    expect((await dav.propfind(CALENDAR, '<p xmlns="urn:x"/>')).text).toContain("<p xmlns='urn:x'>2</p>");
  });

  it('sets nothing when one fails, and tells the innocent 424 (RFC 4918 §9.2.1)', async () => {
    const answer = await patch(CALENDAR, set('<D:displayname>New</D:displayname><D:getetag>"x"</D:getetag>'));
    expect(answer.status).toBe(207);
    expect(answer.text).toMatch(/<displayname\/><\/prop><status>HTTP\/1\.1 424 Failed Dependency<.*<getetag\/><\/prop><status>HTTP\/1\.1 403 Forbidden<\/status><error><cannot-modify-protected-property\/>/s);
    expect((await dav.propfind(CALENDAR, '<D:displayname/>')).text).toContain('>calendar<');
  });

  it('refuses a property larger than it would keep: 507 (RFC 4918 §9.2.1)', async () => {
    expect((await patch(CALENDAR, set(`<p xmlns="urn:x">${'x'.repeat(300_000)}</p>`))).text).toContain('HTTP/1.1 507 ');
  });

  it('answers 200 without a body when all is well and little is wanted (RFC 8144 §2.3)', async () => {
    const answer = await patch(CALENDAR, set('<q xmlns="urn:x"/>'), { Prefer: 'return=minimal' });
    expect([answer.status, answer.text, answer.headers.get('preference-applied')]).toEqual([200, '', 'return=minimal']);
  });

  it('changes ctag and sync token, and a refused one does not', async () => {
    const token = async () => /<sync-token>([^<]+)/.exec((await dav.propfind(CALENDAR, '<D:sync-token/>')).text)![1];
    const before = await token();
    await patch(CALENDAR, set('<D:getetag/>'));
    expect(await token()).toBe(before);
    await patch(CALENDAR, set('<D:displayname>Named</D:displayname>'));
    expect(await token()).not.toBe(before);
  });

  it.each([['an empty update', ''], ['a prop missing', '<D:set/>']])('refuses %s: 400', async (_, inner) => {
    expect((await patch(CALENDAR, inner)).status).toBe(400);
  });

  it('refuses properties of the client\'s own on calendar objects, whole (RFC 4791 §5.3.2)', async () => {
    await dav.send('PUT', `${CALENDAR}o.ics`, { body: eventText('o') });
    expect((await patch(`${CALENDAR}o.ics`, set('<p xmlns="urn:x">v</p>'))).status).toBe(403);
    expect((await dav.propfind(`${CALENDAR}o.ics`, '<p xmlns="urn:x"/>')).text).toContain('404');
  });

  it('refuses somebody who may not write properties', async () => {
    expect((await patch(CALENDAR, set('<D:displayname>Mine</D:displayname>'), {}, 'bob')).status).toBe(403);
  });
});

it('causes no error of our own', () => { expect(server.errors).toEqual([]); });
