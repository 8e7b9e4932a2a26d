/**
 * The ACL method (RFC 3744 §8.1): what it sets and what it leaves, who may ask it, each principal and each precondition. What follows from a list on every other
 * path is `acl-reach.test.ts`.
 */
import { event, group, person } from '@kalends/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ace, acl, aclOf, deny, givenPeople, grant, mayDo, needed, ownAcl } from './acl-given.ts';
import { proppatch, props, setMembers } from './bodies.ts';
import { AMY_HOME, CALENDAR, PRINCIPAL, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const EVENT = `${CALENDAR}a.ics`;
const READ_PROXY = `${PRINCIPAL('amy')}calendar-proxy-read/`;
const WRITE_PROXY = `${PRINCIPAL('amy')}calendar-proxy-write/`;

let server: GivenServer;
const set = (path: string, body: string, as: string | null = 'amy', headers: Readonly<Record<string, string>> = {}): Promise<Answer> => server.send('ACL', path, body, headers, as);
const status = async (method: string, path: string, as: string | null, body?: string | Uint8Array): Promise<number> => (await server.send(method, path, body, method === 'PROPFIND' ? { Depth: '0' } : {}, as)).status;
const conditionOf = async (path: string, body: string): Promise<string | undefined> => {
  const answer = await set(path, body);
  return answer.status === 200 ? 'fine' : answer.status === 403 ? answer.condition() : String(answer.status);
};
const delegate = async (mode: 'read' | 'write', ...names: readonly string[]): Promise<void> => {
  await server.send('PROPPATCH', mode === 'read' ? READ_PROXY : WRITE_PROXY, setMembers(...names));
};

beforeAll(async () => {
  server = await givenPeople();
  await server.send('PUT', EVENT, event('a').body);
  await server.send('PUT', `${CALENDAR}b.ics`, event('b').body);
  await server.send('MKCOL', `${AMY_HOME}dropbox/folder/`);
  await server.send('PUT', `${AMY_HOME}dropbox/folder/file.txt`, 'text', { 'Content-Type': 'text/plain' });
});
beforeEach(async () => {
  for (const path of [CALENDAR, EVENT, `${AMY_HOME}dropbox/folder/`, `${AMY_HOME}dropbox/folder/file.txt`, `${AMY_HOME}inbox/`]) expect((await set(path, acl())).status).toBe(200);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  expect(server.errors).toEqual([]);
});

describe('the ACL method (RFC 3744 §8.1)', () => {
  it('sets exactly what is asked, in that order, and leaves what is protected and inherited', async () => {
    const before = await aclOf(server, CALENDAR);
    expect((await set(CALENDAR, acl(deny('ben', 'write-content'), grant('<authenticated/>', 'read'), grant('staff', 'write C:read-free-busy'), grant('ben', 'read read-acl')))).status).toBe(200);
    expect(await ownAcl(server, CALENDAR)).toEqual(['ben denies write-content', '<authenticated> grants read', 'staff grants read-free-busy write', 'ben grants read read-acl']);
    expect((await aclOf(server, CALENDAR)).filter((line) => line.includes(';'))).toEqual(before);
    expect(before).toEqual([
      `amy grants all; protected; inherited from ${AMY_HOME}`, `root grants all; protected; inherited from ${AMY_HOME}`,
      `amy/calendar-proxy-read grants read write-properties; inherited from ${AMY_HOME}`,
      `amy/calendar-proxy-write grants read write; inherited from ${AMY_HOME}`, `<authenticated> grants read-free-busy; inherited from ${AMY_HOME}`,
    ]);
  });

  it('replaces what was there, and takes all away with an empty list', async () => {
    await set(CALENDAR, acl(grant('ben', 'read')));
    await set(CALENDAR, acl(grant('cat', 'read')));
    expect([await status('GET', EVENT, 'ben'), await status('GET', EVENT, 'cat')]).toEqual([403, 200]);
    await set(CALENDAR, acl());
    expect(await ownAcl(server, CALENDAR)).toEqual([]);
    expect(await status('GET', EVENT, 'cat')).toBe(403);
  });

  it('shows an aggregate for all that it holds (§5.5), and each contained privilege to whom it was granted (§5.4)', async () => {
    await set(CALENDAR, acl(grant('ben', 'write-properties write-content bind unbind read-current-user-privilege-set read')));
    expect(await ownAcl(server, CALENDAR)).toEqual(['ben grants read write']);
    expect(await mayDo(server, CALENDAR, 'ben')).toEqual(['read', 'read-free-busy', 'read-current-user-privilege-set', 'write', 'write-properties', 'write-content', 'bind', 'unbind']);
  });

  it('is advertised where it is, and "access-control" with it (§7.2)', async () => {
    for (const [path, has] of [[CALENDAR, true], [EVENT, true], [`${AMY_HOME}inbox/`, true], [`${AMY_HOME}dropbox/folder/file.txt`, true], [AMY_HOME, false], ['/', false], [PRINCIPAL('amy'), false], [`${AMY_HOME}freebusy`, false]] as const) {
      const { headers } = await server.send('OPTIONS', path);
      expect([path, headers.get('allow')!.split(', ').includes('ACL'), headers.get('dav')!.split(', ').includes('access-control')]).toEqual([path, has, true]);
    }
  });

  it('is not defined for homes and principals, whoever asks', async () => {
    for (const [path, as] of [[AMY_HOME, 'amy'], [AMY_HOME, 'ben'], [AMY_HOME, 'root'], [PRINCIPAL('amy'), 'amy'], ['/', 'root'], ['/principals/', 'root']] as const) {
      const answer = await set(path, acl(grant('ben', 'read')), as);
      expect([path, as, answer.status, answer.headers.get('allow')!.includes('ACL')]).toEqual([path, as, 405, false]);
    }
    expect((await set(AMY_HOME, acl(), null)).status).toBe(401);
  });

  it('answers 404 where nothing is', async () => {
    for (const path of [`${CALENDAR}none.ics`, `${AMY_HOME}none/`, `${AMY_HOME}none/a.ics`, `${AMY_HOME}dropbox/none`]) expect([path, (await set(path, acl())).status]).toEqual([path, 404]);
  });

  it('minds If-Match, of items and of collections', async () => {
    const tag = async (path: string): Promise<string> => (await server.send('PROPFIND', path, props('getetag'), { Depth: '0' })).rows().values().next().value!.properties.get('getetag')!.text;
    for (const path of [EVENT, CALENDAR]) {
      expect((await set(path, acl(grant('ben', 'read')), 'amy', { 'If-Match': '"other"' })).status).toBe(412);
      expect(await ownAcl(server, path)).toEqual([]);
      expect((await set(path, acl(grant('ben', 'read')), 'amy', { 'If-Match': await tag(path) })).status).toBe(200);
    }
  });

  it('leaves octets and ETag of an item as they are', async () => {
    const before = await server.send('GET', EVENT);
    await set(EVENT, acl(grant('ben', 'read')));
    const after = await server.send('GET', EVENT);
    expect([after.headers.get('etag'), after.text]).toEqual([before.headers.get('etag'), before.text]);
  });
});

describe('who may (RFC 3744 §3, §7.1.1)', () => {
  it('needs DAV:write-acl, and names it to whoever reads', async () => {
    await set(CALENDAR, acl(grant('ben', 'read write unlock read-acl')));
    const refused = await set(CALENDAR, acl(), 'ben');
    expect([refused.status, ...needed(refused)]).toEqual([403, `${CALENDAR} write-acl`]);
    expect(needed(await set(EVENT, acl(), 'ben'))).toEqual([`${EVENT} write-acl`]);
    expect(await ownAcl(server, CALENDAR, 'ben')).toEqual(['ben grants read write unlock read-acl']);
  });

  it('needs no other privilege: whoever is granted DAV:write-acl sets the list, and can be shut out again', async () => {
    await set(CALENDAR, acl(grant('ben', 'write-acl')));
    expect(await status('PROPFIND', CALENDAR, 'ben')).toBe(403);
    expect((await set(CALENDAR, acl(grant('ben', 'read write-acl'), grant('cat', 'read')), 'ben')).status).toBe(200);
    expect(await status('GET', EVENT, 'cat')).toBe(200);
    await set(CALENDAR, acl());
    expect((await set(CALENDAR, acl(), 'ben')).status).toBe(403);
  });

  it('shows DAV:acl to whoever has DAV:read-acl, and DAV:current-user-privilege-set to whoever reads and is not denied it; else that property alone is 403', async () => {
    // Thunderbird and others take a calendar that does not tell for one that may not be written.
    await set(CALENDAR, acl(grant('ben', 'read')));
    expect(await mayDo(server, CALENDAR, 'ben')).toEqual(['read', 'read-free-busy', 'read-current-user-privilege-set']);
    await set(CALENDAR, acl(deny('ben', 'read-current-user-privilege-set'), grant('ben', 'read'), grant('cat', 'read read-acl')));
    const body = props('acl', 'current-user-privilege-set', 'displayname');
    const seen = async (as: string): Promise<readonly string[]> => [...[...(await server.send('PROPFIND', CALENDAR, body, { Depth: '0' }, as)).rows().values()][0]!.properties.keys()];
    expect([await seen('ben'), await seen('cat')]).toEqual([['displayname'], ['acl', 'current-user-privilege-set', 'displayname']]);
    expect((await server.send('PROPFIND', CALENDAR, body, { Depth: '0' }, 'ben')).text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403']);
  });

  it('is not for delegates, even those who write', async () => {
    await delegate('write', 'dan');
    expect(await status('PUT', `${CALENDAR}b.ics`, 'dan', event('b').body)).toBe(204);
    expect(needed(await set(CALENDAR, acl(grant('dan', 'all')), 'dan'))).toEqual([`${CALENDAR} write-acl`]);
    expect((await server.send('PROPFIND', CALENDAR, props('acl'), { Depth: '0' }, 'dan')).rows().get(CALENDAR)!.properties.has('acl')).toBe(false);
    await delegate('write');
  });

  it('is for administrators', async () => {
    expect((await set(CALENDAR, acl(grant('ben', 'read')), 'root')).status).toBe(200);
    expect(await status('GET', EVENT, 'ben')).toBe(200);
  });

  it('tells nobody and strangers nothing, there or not', async () => {
    for (const path of [CALENDAR, EVENT, `${CALENDAR}none.ics`, `${AMY_HOME}none/`]) {
      expect([path, (await set(path, acl(), null)).status, (await set(path, '<broken', 'ben')).status]).toEqual([path, 401, 403]);
      expect(needed(await set(path, acl(), 'ben'))).toEqual([`${path} read`]);
    }
  });
});

describe('principals (RFC 3744 §5.5.1)', () => {
  /** Who of amy, ben, cat, root and nobody gets the event. */
  const readers = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const as of ['amy', 'ben', 'cat', 'root', null]) if (await status('GET', EVENT, as) === 200) found.push(as ?? 'nobody');
    return found;
  };

  it.each([
    ['DAV:href of a person', grant('ben', 'read'), ['amy', 'ben', 'root'], 'ben grants read'],
    ['DAV:href of a group', grant('staff', 'read'), ['amy', 'cat', 'root'], 'staff grants read'],
    ['DAV:all', grant('<all/>', 'read'), ['amy', 'ben', 'cat', 'root', 'nobody'], '<all> grants read'],
    ['DAV:authenticated', grant('<authenticated/>', 'read'), ['amy', 'ben', 'cat', 'root'], '<authenticated> grants read'],
    ['DAV:unauthenticated', grant('<unauthenticated/>', 'read'), ['amy', 'root', 'nobody'], '<unauthenticated> grants read'],
    ['DAV:self, which nobody is where no principal stands', grant('<self/>', 'read'), ['amy', 'root'], '<self> grants read'],
    ['DAV:property DAV:owner', grant('<property><owner/></property>', 'read'), ['amy', 'root'], '<property owner> grants read'],
  ])('%s', async (_name, entry, expected, shown) => {
    for (const path of [CALENDAR, EVENT]) {
      expect((await set(path, acl(entry))).status).toBe(200);
      expect(await readers()).toEqual(expected);
      expect(await ownAcl(server, path)).toEqual([shown]);
      await set(path, acl());
    }
  });

  it('a proxy group of the owner: a calendar is closed to her delegates, who keep the others', async () => {
    await delegate('read', 'dan');
    expect((await set(CALENDAR, acl(deny(READ_PROXY, 'read')))).status).toBe(200);
    expect([await status('GET', EVENT, 'dan'), await status('PROPFIND', `${AMY_HOME}tasks/`, 'dan')]).toEqual([403, 207]);
    await set(CALENDAR, acl());
    expect((await set(EVENT, acl(deny(READ_PROXY, 'read')))).status).toBe(200);
    expect([await status('GET', EVENT, 'dan'), await status('GET', `${CALENDAR}b.ics`, 'dan')]).toEqual([403, 200]);
    await delegate('read');
  });

  it('a proxy group of somebody else, on a calendar', async () => {
    await set(CALENDAR, acl(grant(`${PRINCIPAL('ben')}calendar-proxy-write/`, 'read')));
    expect(await status('GET', EVENT, 'dan')).toBe(403);
    await server.send('PROPPATCH', `${PRINCIPAL('ben')}calendar-proxy-write/`, setMembers('dan'), {}, 'ben');
    expect(await status('GET', EVENT, 'dan')).toBe(200);
  });

  it('takes the principal-URL without its slash, as a URL of this server, and percent-encoded', async () => {
    for (const href of ['/principals/__uids__/id-ben', `${server.url}/principals/__uids__/id-ben/`, '/principals/__uids__/id%2Dben/']) {
      await set(CALENDAR, acl(grant(href, 'read')));
      expect(await ownAcl(server, CALENDAR)).toEqual(['ben grants read']);
    }
  });
});

describe('preconditions (RFC 3744 §8.1.1)', () => {
  it('DAV:no-ace-conflict: what is protected or inherited is not set', async () => {
    expect(await conditionOf(EVENT, acl(ace('ben', 'grant', 'read', '<protected/>')))).toBe('no-ace-conflict');
    expect(await conditionOf(EVENT, acl(ace('ben', 'grant', 'read', `<inherited><href>${CALENDAR}</href></inherited>`)))).toBe('no-ace-conflict');
  });

  it('DAV:no-protected-ace-conflict: nothing is denied to administrators, nor what a resource\'s own protected entries grant', async () => {
    for (const path of [CALENDAR, EVENT]) expect(await conditionOf(path, acl(deny('root', 'write-acl')))).toBe('no-protected-ace-conflict');
    expect(await conditionOf(`${AMY_HOME}outbox/`, acl(deny(WRITE_PROXY, 'C:schedule-send')))).toBe('no-protected-ace-conflict');
  });

  it('DAV:no-inherited-ace-conflict: nothing is denied to the owner', async () => {
    for (const who of ['amy', '<property><owner/></property>']) expect(await conditionOf(EVENT, acl(deny(who, 'read')))).toBe('no-inherited-ace-conflict');
  });

  it('neither of them where the denial takes effect', async () => {
    expect(await conditionOf(CALENDAR, acl(deny('<authenticated/>', 'C:read-free-busy'), deny(WRITE_PROXY, 'write')))).toBe('fine');
  });

  it('DAV:limited-number-of-aces: a hundred', async () => {
    expect(await conditionOf(EVENT, acl(...Array<string>(100).fill(grant('ben', 'read'))))).toBe('fine');
    expect(await conditionOf(EVENT, acl(...Array<string>(101).fill(grant('ben', 'read'))))).toBe('limited-number-of-aces');
  });

  it('DAV:no-invert, which DAV:acl-restrictions announces alone (§5.6)', async () => {
    expect(await conditionOf(EVENT, acl('<ace><invert><principal><all/></principal></invert><grant><privilege><read/></privilege></grant></ace>'))).toBe('no-invert');
    const { rows } = await server.send('PROPFIND', EVENT, props('acl-restrictions', 'inherited-acl-set'), { Depth: '0' });
    const { properties } = rows().get(EVENT)!;
    expect(properties.get('acl-restrictions')!.children.map(({ name }) => name.local)).toEqual(['no-invert']);
    expect(properties.get('inherited-acl-set')!.children).toEqual([]);
  });

  it('DAV:not-supported-privilege: what DAV:supported-privilege-set lacks', async () => {
    for (const [path, name] of [[EVENT, 'C:schedule'], [CALENDAR, 'C:schedule-send'], [`${AMY_HOME}dropbox/folder/`, 'C:read-free-busy'], [EVENT, 'x:read xmlns:x="urn:x"'], [EVENT, 'reed']] as const) {
      expect([path, name, await conditionOf(path, acl(`<ace><principal><all/></principal><deny><privilege><${name}/></privilege></deny></ace>`))]).toEqual([path, name, 'not-supported-privilege']);
    }
    expect(await conditionOf(`${AMY_HOME}inbox/`, acl(grant('ben', 'C:schedule-deliver C:schedule')))).toBe('fine');
  });

  it('DAV:recognized-principal: what is not a principal-URL (§4.2)', async () => {
    for (const href of [PRINCIPAL('nobody'), '/principals/users/ben/', '/noprincipals/users/ben', CALENDAR, '/principals/', 'mailto:ben@example.com', 'urn:uuid:id-ben', 'https://elsewhere.example/principals/__uids__/id-ben/', `${PRINCIPAL('ben')}x/`, '/%', '/../x']) {
      expect([href, await conditionOf(EVENT, acl(grant('ben', 'read'), grant(href, 'read')))]).toEqual([href, 'recognized-principal']);
    }
    expect(await conditionOf(EVENT, acl('<ace><principal><href/></principal><grant><privilege><read/></privilege></grant></ace>'))).toBe('recognized-principal');
    expect(await ownAcl(server, EVENT)).toEqual([]);
  });

  it('DAV:allowed-principal: properties but DAV:owner, others\' delegates on items, and writing for whoever has not logged in', async () => {
    for (const name of ['displayname', 'group', 'current-user-principal', 'x:owner xmlns:x="urn:x"']) expect(await conditionOf(EVENT, acl(grant(`<property><${name}/></property>`, 'read')))).toBe('allowed-principal');
    expect(await conditionOf(EVENT, acl(grant(`${PRINCIPAL('ben')}calendar-proxy-write/`, 'read')))).toBe('allowed-principal');
    for (const who of ['<all/>', '<unauthenticated/>']) {
      for (const privilege of ['write-content', 'bind', 'write-acl', 'all', 'unlock']) expect(await conditionOf(CALENDAR, acl(grant(who, privilege)))).toBe('allowed-principal');
      expect(await conditionOf(CALENDAR, acl(deny(who, 'all')))).toBe('fine');
    }
  });

  it('DAV:deny-before-grant, DAV:grant-only and DAV:missing-required-principal are no rules here: any order, denials, and nobody named', async () => {
    expect(await conditionOf(EVENT, acl(grant('ben', 'read'), deny('<all/>', 'read'), grant('cat', 'read')))).toBe('fine');
    expect([await status('GET', EVENT, 'ben'), await status('GET', EVENT, 'cat')]).toEqual([200, 403]);
    expect(await conditionOf(EVENT, acl(deny('ben', 'read'), grant('<authenticated/>', 'read')))).toBe('fine');
    expect([await status('GET', EVENT, 'ben'), await status('GET', EVENT, 'cat')]).toEqual([403, 200]);
    expect(await conditionOf(EVENT, acl())).toBe('fine');
  });
});

describe('what cannot be lost', () => {
  it('the owner\'s and the administrators\' rights, whatever is denied to all', async () => {
    await set(CALENDAR, acl(grant('ben', 'all'), deny('<all/>', 'all')));
    await set(EVENT, acl(deny('<authenticated/>', 'all')), 'ben');
    for (const as of ['amy', 'root']) expect([await status('GET', EVENT, as), (await set(EVENT, acl(), as)).status]).toEqual([200, 200]);
    expect(await mayDo(server, CALENDAR, 'amy')).toContain('all');
  });

  it('those of the owners of a group\'s calendar', async () => {
    const calendar = { members: 'read', owners: ['id-amy' as never] } as const;
    await using team = await givenServer({ people: [person('amy'), person('ben'), group('team', { groupCalendar: calendar })], members: { 'id-team': ['id-ben'] } });
    const path = '/calendars/__uids__/id-team/calendar/';
    const asks = (body: string): Promise<Answer> => team.send('ACL', path, body);
    expect((await team.send('PROPFIND', path, props('displayname'), { Depth: '0' }, 'ben')).status).toBe(207);
    expect((await asks(acl(deny('amy', 'read')))).condition()).toBe('no-protected-ace-conflict');
    expect((await asks(acl(deny('<all/>', 'all')))).status).toBe(200);
    expect((await team.send('PROPFIND', path, props('displayname'), { Depth: '0' }, 'ben')).status).toBe(403);
    expect((await asks(acl())).status).toBe(200);
  });
});

describe('bodies that are none (RFC 3744 §5.5)', () => {
  const read = '<privilege><read/></privilege>';
  it.each([
    ['nothing', ''], ['no XML', '<acl'], ['another root', '<propfind xmlns="DAV:"/>'], ['another namespace', '<acl xmlns="urn:x"/>'],
    ['an ace without principal', acl(`<ace><grant>${read}</grant></ace>`)], ['with two', acl(`<ace><principal><all/></principal><principal><all/></principal><grant>${read}</grant></ace>`)],
    ['with a principal beside an inverted one', acl(`<ace><principal><all/></principal><invert><principal><all/></principal></invert><grant>${read}</grant></ace>`)],
    ['with grant and deny', acl(`<ace><principal><all/></principal><grant>${read}</grant><deny>${read}</deny></ace>`)], ['with neither', acl('<ace><principal><all/></principal></ace>')],
    ['a grant of nothing', acl('<ace><principal><all/></principal><grant/></ace>')], ['an empty privilege', acl('<ace><principal><all/></principal><grant><privilege/></grant></ace>')],
    ['an empty principal', acl(`<ace><principal/><grant>${read}</grant></ace>`)], ['two in one', acl(`<ace><principal><all/><self/></principal><grant>${read}</grant></ace>`)],
    ['an unknown kind', acl(`<ace><principal><everybody/></principal><grant>${read}</grant></ace>`)], ['an empty property', acl(`<ace><principal><property/></principal><grant>${read}</grant></ace>`)],
    ['two properties', acl(`<ace><principal><property><owner/><owner/></property></principal><grant>${read}</grant></ace>`)],
    ['a document type', `<!DOCTYPE acl [<!ENTITY x "y">]>${acl()}`], ['no UTF-8', `<acl xmlns="DAV:">\u{ff}`], ['very deep', `${'<ace xmlns="DAV:">'.repeat(500)}`],
  ])('%s: 400, and nothing changes', async (_name, body) => {
    await set(EVENT, acl(grant('ben', 'read')));
    expect((await server.send('ACL', EVENT, Buffer.from(body, body.includes('\u{ff}') ? 'latin1' : 'utf8'), { 'Content-Type': 'text/xml' })).status).toBe(400);
    expect(await ownAcl(server, EVENT)).toEqual(['ben grants read']);
  });

  it('elements that nobody knows are passed over (RFC 4918 §17)', async () => {
    expect((await set(EVENT, `<acl xmlns="DAV:"><x xmlns="urn:x"/>${ace('ben', 'grant', 'read', '<y xmlns="urn:y"/>')}</acl>`)).status).toBe(200);
    expect(await ownAcl(server, EVENT)).toEqual(['ben grants read']);
  });

  it('nothing larger than a list needs is read to its end, and nothing in a coding', async () => {
    expect((await set(EVENT, acl(' '.repeat(9_000_000)))).status).toBe(413);
    expect((await set(EVENT, acl(grant('ben', Array<string>(60_000).fill('read').join(' '))))).status).toBe(413);
    expect((await set(EVENT, acl(), 'amy', { 'Content-Encoding': 'gzip' })).status).toBe(415);
    expect((await set(EVENT, acl(grant('ben', Array<string>(3_000).fill('read').join(' '))))).status).toBe(200);
    expect(await ownAcl(server, EVENT)).toEqual(['ben grants read']);
  });

  it('no answer repeats what was sent', async () => {
    const answer = await set(EVENT, acl(grant('/principals/__uids__/&lt;b&gt;bold&lt;/b&gt;/', 'read')));
    expect([answer.status, answer.text.includes('bold')]).toEqual([403, false]);
  });
});

describe('properties of access control (RFC 3744 §4, §5)', () => {
  const ALL = ['owner', 'supported-privilege-set', 'current-user-privilege-set', 'acl', 'acl-restrictions', 'inherited-acl-set', 'principal-collection-set', 'group'];
  const names = async (path: string, body: string, as = 'amy'): Promise<readonly string[]> => [...[...(await server.send('PROPFIND', path, body, { Depth: '0' }, as)).rows().values()][0]!.properties.keys()];

  it('are named by propname and left out of allprop', async () => {
    const [every, asked] = [await names(CALENDAR, '<propfind xmlns="DAV:"><propname/></propfind>'), await names(CALENDAR, '<propfind xmlns="DAV:"><allprop/></propfind>')];
    expect([every.filter((name) => ALL.includes(name)).sort(), asked.filter((name) => ALL.includes(name))]).toEqual([[...ALL].sort(), []]);
  });

  it('of principals are the server\'s to set', async () => {
    for (const name of ['alternate-URI-set', 'principal-URL', 'group-membership']) {
      const answer = await server.send('PROPPATCH', PRINCIPAL('amy'), proppatch(`<${name}><href>${PRINCIPAL('ben')}</href></${name}>`));
      expect([name, answer.text.includes('HTTP/1.1 403'), answer.text.includes('<cannot-modify-protected-property/>')]).toEqual([name, true, true]);
    }
  });

  it('DAV:supported-privilege-set is a tree without abstract privileges; what each kind lacks cannot be granted', async () => {
    const tree = async (path: string): Promise<readonly string[]> => [...(await server.send('PROPFIND', path, props('supported-privilege-set'), { Depth: '0' })).text.matchAll(/<privilege><([\w-]+)/g)].map(([, name]) => name!);
    const plain = ['all', 'read', 'read-current-user-privilege-set', 'write', 'write-properties', 'write-content', 'bind', 'unbind', 'unlock', 'read-acl', 'write-acl'];
    expect(await tree(`${AMY_HOME}dropbox/folder/`)).toEqual(plain);
    expect(await tree(CALENDAR)).toEqual(['all', 'read', 'read-free-busy', ...plain.slice(2)]);
    expect(await tree(`${AMY_HOME}inbox/`)).toEqual(expect.arrayContaining(['schedule-deliver', 'schedule-deliver-invite', 'schedule-deliver-reply', 'schedule-query-freebusy']));
    expect((await server.send('PROPFIND', CALENDAR, props('supported-privilege-set'), { Depth: '0' })).text).not.toContain('abstract');
  });
});
