/** The reports of RFC 3744 §9 about what is named in lists and properties: acl-principal-prop-set and principal-match. Searches for people are `aclreports`' and the principals' own tests. */
import { event } from '@kalends/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acl, deny, givenPeople, grant, needed } from './acl-given.ts';
import { proppatch } from './bodies.ts';
import { AMY_HOME, CALENDAR, PRINCIPAL } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const EVENT = `${CALENDAR}a.ics`;
const FOLDER = `${AMY_HOME}dropbox/folder/`;
const PROXIES = ['calendar-proxy-read/', 'calendar-proxy-write/'].map((path) => PRINCIPAL('amy') + path);

let server: GivenServer;
beforeAll(async () => {
  server = await givenPeople();
  for (const uid of ['a', 'b']) await server.send('PUT', `${CALENDAR}${uid}.ics`, event(uid).body);
  await server.send('MKCOL', FOLDER);
  for (const name of ['mine', 'hers', 'none']) await server.send('PUT', FOLDER + name, name, { 'Content-Type': 'text/plain' });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  expect(server.errors).toEqual([]);
});

const report = (path: string, body: string, as: string | null = 'amy', headers: Readonly<Record<string, string>> = {}): Promise<Answer> => server.send('REPORT', path, body, headers, as);
const set = (path: string, ...aces: readonly string[]): Promise<Answer> => server.send('ACL', path, acl(...aces));
const hrefs = (answer: Answer): readonly string[] => [...answer.rows().keys()].sort();

describe('acl-principal-prop-set (RFC 3744 §9.2)', () => {
  const named = '<acl-principal-prop-set xmlns="DAV:"><prop><displayname/></prop></acl-principal-prop-set>';

  it('gives properties of each principal that the list names by URL or property, once, and of no other', async () => {
    await set(CALENDAR, grant('ben', 'read'), deny('ben', 'write'), grant('staff', 'read'), grant('<authenticated/>', 'read'), deny('<property><owner/></property>', 'unlock').replaceAll('deny', 'grant'));
    const answer = await report(CALENDAR, named);
    expect(hrefs(answer)).toEqual([...['amy', 'ben', 'root', 'staff'].map(PRINCIPAL), ...PROXIES].sort());
    expect(answer.rows().get(PRINCIPAL('ben'))!.properties.get('displayname')!.text).toBe('Ben Example');
  });

  it('of one event: its own entries and those it inherits', async () => {
    await set(EVENT, grant('cat', 'read'));
    expect(hrefs(await report(EVENT, named))).toEqual([...['amy', 'ben', 'cat', 'root', 'staff'].map(PRINCIPAL), ...PROXIES].sort());
    expect(hrefs(await report(`${CALENDAR}b.ics`, named))).not.toContain(PRINCIPAL('cat'));
    await set(EVENT);
  });

  it('needs DAV:read-acl, Depth 0 and one DAV:prop', async () => {
    const refused = await report(CALENDAR, named, 'ben');
    expect([refused.status, ...needed(refused)]).toEqual([403, `${CALENDAR} read-acl`]);
    expect((await report(CALENDAR, named, 'amy', { Depth: '1' })).status).toBe(400);
    for (const inside of ['', '<prop/><prop/>']) expect((await report(CALENDAR, `<acl-principal-prop-set xmlns="DAV:">${inside}</acl-principal-prop-set>`)).status).toBe(400);
    await set(CALENDAR);
  });
});

describe('principal-match (RFC 3744 §9.3)', () => {
  const match = (inner: string): string => `<principal-match xmlns="DAV:" xmlns:x="urn:x">${inner}<prop><getetag/></prop></principal-match>`;
  const owner = match('<principal-property><owner/></principal-property>');
  const keeper = match('<principal-property><x:keeper/></principal-property>');
  const keep = (path: string, href: string): Promise<Answer> => server.send('PROPPATCH', path, proppatch(`<x:keeper xmlns:x="urn:x"><href>${href}</href></x:keeper>`));

  it('DAV:self: the caller, groups he is in, and whose delegate he is', async () => {
    expect(hrefs(await report('/principals/', match('<self/>'), 'cat'))).toEqual([PRINCIPAL('cat'), PRINCIPAL('staff')]);
    expect(hrefs(await report('/principals/users/', match('<self/>'), 'cat'))).toEqual(['/principals/users/cat/']);
    expect(hrefs(await report(CALENDAR, match('<self/>')))).toEqual([]);
  });

  it('DAV:owner: all that is the caller\'s, at any depth, events and files too', async () => {
    expect(hrefs(await report(CALENDAR, owner))).toEqual([CALENDAR, EVENT, `${CALENDAR}b.ics`]);
    expect(hrefs(await report(AMY_HOME, owner))).toEqual(expect.arrayContaining([AMY_HOME, CALENDAR, EVENT, FOLDER, `${FOLDER}mine`]));
    expect(hrefs(await report(EVENT, owner))).toEqual([EVENT]);
    expect((await report(AMY_HOME, owner)).rows().get(EVENT)!.properties.get('getetag')!.text).toMatch(/^".+"$/);
  });

  it('any property that names a principal: of collections, and of plain files', async () => {
    await keep(`${FOLDER}mine`, PRINCIPAL('amy'));
    await keep(`${FOLDER}hers`, PRINCIPAL('staff'));
    await keep(CALENDAR, '/principals/users/amy/');
    expect(hrefs(await report(AMY_HOME, keeper))).toEqual([CALENDAR, `${FOLDER}mine`]);
    expect(hrefs(await report(`${FOLDER}mine`, keeper))).toEqual([`${FOLDER}mine`]);
    expect(hrefs(await report(`${FOLDER}hers`, keeper))).toEqual([]);
  });

  it('finds for others what they may read, and by their groups', async () => {
    await set(FOLDER, grant('<authenticated/>', 'read'));
    expect([hrefs(await report(FOLDER, keeper, 'cat')), hrefs(await report(FOLDER, keeper, 'ben')), hrefs(await report(FOLDER, owner, 'ben'))]).toEqual([[`${FOLDER}hers`], [], []]);
    await set(`${FOLDER}hers`, deny('cat', 'read'));
    expect(hrefs(await report(FOLDER, keeper, 'cat'))).toEqual([]);
    expect((await report(AMY_HOME, keeper, 'cat')).status).toBe(403);
  });

  it('holds either DAV:self or one property', async () => {
    for (const inner of ['', '<self/><principal-property><owner/></principal-property>', '<principal-property/>', '<principal-property><owner/><owner/></principal-property>']) expect((await report(AMY_HOME, match(inner))).status).toBe(400);
  });
});
