/** Sentences with MUST of WebDAV and its relatives that no story of its own tells; `docs/conformance.md` lists them all. */
import { describe, expect, it } from 'vitest';
import { event } from '@kalends/testkit';
import { props } from './bodies.ts';
import { givenPeople } from './acl-given.ts';
import { AMY_HOME, CALENDAR, givenServer } from './caldav-server.ts';
import { BOX, FILE, discover, given, lock, lockInfo, put, tokenIn } from './locks-given.ts';

const dav = (body: string): string => body.replace('>', ' xmlns:D="DAV:" xmlns:X="urn:x-test">');
const COLOUR = dav('<D:propertyupdate><D:set><D:prop><X:colour>red</X:colour></D:prop></D:set></D:propertyupdate>');

describe('requests', () => {
  it.each(['DELETE', 'COPY', 'MOVE', 'UNLOCK'])('%s with a body that means nothing there: 415 (RFC 4918 §8.4)', async (method) => {
    await using server = await given();
    const headers = { Destination: `${BOX}other.txt`, 'Lock-Token': '<urn:uuid:1>' };
    expect((await server.send(method, FILE, '<D:nonsense xmlns:D="DAV:"/>', headers)).status).toBe(415);
    expect((await server.send('GET', FILE)).text).toBe('one');
    expect((await server.send('GET', `${BOX}other.txt`)).status).toBe(404);
    expect((await server.send(method, FILE, '', headers)).status).not.toBe(415);
  });

  it.each([
    ['a propfind', 'PROPFIND', '<D:propfind X:odd="1"><X:new><D:prop><D:getetag/></D:prop></X:new><D:prop X:odd="2"><D:resourcetype><X:deep/></D:resourcetype></D:prop></D:propfind>', 207],
    ['a propertyupdate', 'PROPPATCH', '<D:propertyupdate><X:new/><D:set><X:new/><D:prop><X:colour>red</X:colour></D:prop></D:set></D:propertyupdate>', 207],
    ['a lockinfo', 'LOCK', '<D:lockinfo><X:new/><D:lockscope><X:new/><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>', 200],
    ['a mkcol', 'MKCOL', '<D:mkcol><X:new/><D:set><X:new/><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop></D:set></D:mkcol>', 201],
    ['a report', 'REPORT', '<D:sync-collection><X:new/><D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>', 207],
  ])('elements and attributes that nobody knows are passed over in %s (RFC 4918 §17)', async (_, method, body, status) => {
    await using server = await given();
    const path = { MKCOL: `${BOX}new/`, REPORT: CALENDAR }[method] ?? FILE;
    const answer = await server.send(method, path, dav(body), { Depth: '0' });
    expect([answer.status, answer.text]).toEqual([status, expect.not.stringContaining('HTTP/1.1 4')]);
    if (method === 'PROPFIND') expect([...answer.rows().values()].map(({ properties }) => [...properties.keys()])).toEqual([['resourcetype']]);
  });

  it('PROPFIND without a body is allprop, without a Depth infinity (RFC 4918 §9.1)', async () => {
    await using server = await given();
    const [all] = [...(await server.send('PROPFIND', FILE, undefined, { Depth: '0' })).rows().values()];
    expect([...all!.properties.keys()]).toEqual(expect.arrayContaining(['getetag', 'getcontentlength', 'getcontenttype', 'getlastmodified', 'resourcetype', 'lockdiscovery', 'supportedlock']));
    const deep = await server.send('PROPFIND', BOX, props('getetag'));
    expect([deep.status, deep.condition()]).toEqual([403, 'propfind-finite-depth']);
  });

  it('MKCOL, PUT, COPY and MOVE below what is not there: 409, and nothing is made (RFC 4918 §9.3.1, §9.7.1, §9.8.5)', async () => {
    await using server = await given();
    const nowhere = `${BOX}none/inner`;
    expect((await server.send('MKCOL', `${nowhere}/`)).status).toBe(409);
    expect((await put(server, nowhere)).status).toBe(409);
    for (const method of ['COPY', 'MOVE']) expect((await server.send(method, FILE, undefined, { Destination: nowhere })).status).toBe(409);
    expect((await server.send('GET', `${BOX}none/`)).status).toBe(404);
    expect((await server.send('GET', FILE)).status).toBe(200);
  });

  it('COPY and MOVE onto themselves: 403 (RFC 4918 §9.8.5, §9.9.4)', async () => {
    await using server = await given();
    for (const [method, path] of [['COPY', FILE], ['MOVE', FILE], ['MOVE', `${CALENDAR}a.ics`]] as const) expect([method, (await server.send(method, path, undefined, { Destination: path })).status]).toEqual([method, 403]);
  });

  it('a collection that is copied over another leaves nothing of it (RFC 4918 §9.8.4, §9.9.3)', async () => {
    for (const method of ['COPY', 'MOVE']) {
      await using server = await given();
      for (const path of ['from/', 'to/']) await server.send('MKCOL', BOX + path);
      await put(server, `${BOX}from/new.txt`);
      await put(server, `${BOX}to/old.txt`);
      await server.send('PROPPATCH', `${BOX}to/`, COLOUR);
      expect((await server.send(method, `${BOX}from/`, undefined, { Destination: `${BOX}to/` })).status).toBe(204);
      const listed = await server.send('PROPFIND', `${BOX}to/`, props('getetag'), { Depth: '1' });
      expect([...listed.rows().keys()]).toEqual([`${BOX}to/`, `${BOX}to/new.txt`]);
      expect((await server.send('PROPFIND', `${BOX}to/`, dav('<D:propfind><D:prop><X:colour/></D:prop></D:propfind>'), { Depth: '0' })).text).not.toContain('red');
    }
  });
});

describe('states', () => {
  it('the ETag of a file outlives PROPPATCH and LOCK, and no other content has it (RFC 4918 §8.6, §8.8)', async () => {
    await using server = await given();
    const tag = async (): Promise<string> => (await server.send('HEAD', FILE)).headers.get('etag')!;
    const first = await tag();
    await server.send('PROPPATCH', FILE, COLOUR);
    const token = tokenIn(await lock(server, FILE));
    await server.send('UNLOCK', FILE, undefined, { 'Lock-Token': `<${token}>` });
    expect(await tag()).toBe(first);
    await put(server, FILE);
    expect(await tag()).not.toBe(first);
    await server.send('DELETE', FILE);
    await server.send('PUT', FILE, 'three', { 'Content-Type': 'text/plain' });
    expect(await tag()).not.toBe(first);
  });

  it('what is moved over something else has another ETag than that had (RFC 4918 §8.8)', async () => {
    await using server = await given();
    await put(server, `${BOX}other.txt`);
    const before = (await server.send('HEAD', FILE)).headers.get('etag');
    await server.send('MOVE', `${BOX}other.txt`, undefined, { Destination: FILE });
    const after = await server.send('GET', FILE);
    expect([after.text, after.headers.get('etag') === before]).toEqual(['two', false]);
    expect((await server.send('GET', FILE, undefined, { 'If-None-Match': before! })).status).toBe(200);
  });

  it('live properties say what the fields of GET say (RFC 4918 §15.4, §15.5, §15.6, §15.7)', async () => {
    await using server = await given();
    for (const path of [FILE, `${CALENDAR}a.ics`]) {
      const get = await server.send('GET', path);
      const [row] = [...(await server.send('PROPFIND', path, props('getetag', 'getlastmodified', 'getcontentlength', 'getcontenttype'), { Depth: '0' })).rows().values()];
      const value = (name: string): string => row!.properties.get(name)!.text;
      expect(value('getetag')).toBe(get.headers.get('etag'));
      expect(value('getlastmodified')).toBe(get.headers.get('last-modified'));
      expect(value('getcontentlength')).toBe(String(Buffer.byteLength(get.text)));
      expect(value('getcontenttype')).toBe(get.headers.get('content-type'));
    }
  });

  it('lock tokens are urn:uuid URIs and never the same twice (RFC 4918 §6.5)', async () => {
    await using server = await given();
    const tokens = new Set<string>();
    for (let round = 0; round < 5; round++) {
      const token = tokenIn(await lock(server, FILE));
      tokens.add(token);
      await server.send('UNLOCK', FILE, undefined, { 'Lock-Token': `<${token}>` });
    }
    expect(tokens.size).toBe(5);
    expect([...tokens].filter((token) => !/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(token))).toEqual([]);
  });

  it('DAV:lockdiscovery of a lock without an owner, and with a Timeout that nobody knows (RFC 4918 §10.7, §14.17)', async () => {
    await using server = await given();
    expect((await server.send('LOCK', FILE, lockInfo('exclusive', ''), { Timeout: 'Century-1, Infinite' })).status).toBe(200);
    const shown = (await discover(server, FILE)).text;
    expect([shown.includes('<owner'), /<timeout>Second-\d+<\/timeout>/.test(shown)]).toEqual([false, true]);
  });

  it('sync-collection is named where DAV:sync-token is (RFC 6578 §3.2, §4)', async () => {
    await using server = await given();
    for (const path of [CALENDAR, AMY_HOME, BOX, FILE]) {
      const row = (await server.send('PROPFIND', path, props('sync-token', 'supported-report-set'), { Depth: '0' })).rows().get(path)!;
      const named = JSON.stringify(row.properties.get('supported-report-set')).includes('sync-collection');
      expect([path, named]).toEqual([path, row.properties.has('sync-token')]);
      expect((await server.send('REPORT', path, '<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop/></sync-collection>', { Depth: '0' })).status).toBe(named ? 207 : 403);
    }
  });

  it('DAV:current-user-principal is protected, and unauthenticated for nobody (RFC 5397 §3)', async () => {
    await using server = await given();
    const patched = await server.send('PROPPATCH', CALENDAR, dav('<D:propertyupdate><D:set><D:prop><D:current-user-principal><D:href>/</D:href></D:current-user-principal></D:prop></D:set></D:propertyupdate>'));
    expect(patched.text).toContain('cannot-modify-protected-property');
    const anonymous = await server.send('PROPFIND', '/', props('current-user-principal'), { Depth: '0' }, null);
    // Whoever has not logged in is asked to, or told that he is nobody.
    expect(anonymous.status === 401 || anonymous.text.includes('unauthenticated')).toBe(true);
  });
});

describe('properties', () => {
  it.each([AMY_HOME, CALENDAR, `${CALENDAR}a.ics`, `${AMY_HOME}inbox/`, `${AMY_HOME}outbox/`, BOX, FILE])('%s has every property of access control (RFC 3744 §5)', async (path) => {
    await using server = await givenPeople();
    await put(server, FILE);
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    const row = (await server.send('PROPFIND', path, props('owner', 'group', 'supported-privilege-set', 'current-user-privilege-set', 'acl', 'acl-restrictions', 'inherited-acl-set', 'principal-collection-set'), { Depth: '0' }, 'root')).rows().get(path)!;
    expect(row.missing).toEqual([]);
  });

  it.each(['/principals/__uids__/id-amy/', '/principals/__uids__/id-attic/', '/principals/__uids__/id-amy/calendar-proxy-write/'])('%s has what a principal has: name, type, URL, others, groups (RFC 3744 §4)', async (path) => {
    await using server = await given();
    const row = (await server.send('PROPFIND', path, props('displayname', 'resourcetype', 'alternate-URI-set', 'principal-URL', 'group-member-set', 'group-membership'), { Depth: '0' })).rows().get(path)!;
    expect(row.missing).toEqual([]);
    expect(row.properties.get('displayname')!.text).not.toBe('');
    expect(row.properties.get('resourcetype')!.children.map(({ name }) => name.local)).toContain('principal');
    expect(row.properties.get('principal-URL')!.children.map(({ text }) => text)).toEqual([path]);
  });

  it.each(['getetag', 'getcontentlength', 'getlastmodified', 'resourcetype', 'lockdiscovery', 'supportedlock', 'owner', 'group', 'acl', 'current-user-privilege-set', 'supported-privilege-set', 'inherited-acl-set', 'principal-collection-set', 'supported-report-set', 'quota-used-bytes', 'quota-available-bytes'])('the server alone sets DAV:%s (RFC 4918 §15, RFC 3744 §5, RFC 4331 §3)', async (name) => {
    await using server = await given();
    for (const path of [FILE, CALENDAR, `${CALENDAR}a.ics`]) {
      const answer = await server.send('PROPPATCH', path, dav(`<D:propertyupdate><D:set><D:prop><D:${name}>x</D:${name}></D:prop></D:set></D:propertyupdate>`));
      expect([path, answer.status, answer.text]).toEqual([path, 207, expect.stringContaining('<cannot-modify-protected-property')]);
      const removed = await server.send('PROPPATCH', path, dav(`<D:propertyupdate><D:remove><D:prop><D:${name}/></D:prop></D:remove></D:propertyupdate>`));
      expect([path, removed.text]).toEqual([path, expect.stringContaining('HTTP/1.1 403')]);
    }
  });
});

describe('preferring', () => {
  it('Preference-Applied names what was heeded and nothing else (RFC 7240 §3)', async () => {
    await using server = await givenServer();
    const applied = async (prefer: string, method: string, body: string, path = CALENDAR): Promise<string | null> => (await server.send(method, path, body, { Prefer: prefer, Depth: '1' })).headers.get('preference-applied');
    expect(await applied('return=minimal', 'PROPFIND', props('getetag', 'nothing'))).toBe('return=minimal');
    expect(await applied('depth-noroot, frobnicate, return=minimal', 'PROPFIND', props('getetag'))).toMatch(/^(?=.*\bdepth-noroot\b)(?=.*\breturn=minimal\b)(?!.*frobnicate)/);
    expect(await applied('return=representation', 'PUT', event('a').text, `${CALENDAR}a.ics`)).toBe('return=representation');
    expect(await applied('respond-async, wait=10', 'PROPFIND', props('getetag'))).toBeNull();
  });
});
