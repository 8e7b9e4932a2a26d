import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ALL, READ_FREE_BUSY } from '@kalends/contracts';
import type { Access, DavFeature, Deployment, Directory, HttpExchange, HttpFeature, Identity, PrincipalId, PrivilegeTree, ResourceKind } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { fakeClock, group, memoryDirectory, memoryStore, person, room } from '@kalends/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CompiledAccess } from './access/compiled-access.ts';
import { proxyGroupId } from './access/delegates.ts';
import { EngineTables } from './engine-tables.ts';
import { getCollection } from './methods/get.ts';
import { propfind } from './methods/propfind.ts';
import { proppatch } from './methods/proppatch.ts';
import { report } from './methods/report.ts';
import { Pipeline } from './pipeline.ts';
import accessPlugin from './plugin-access.ts';
import principalsPlugin from './plugin-principals.ts';
import { webdavProperties } from './properties/live-webdav.ts';
import { davPrivileges } from './resource/privileges.ts';
import type { Element } from './xml/read.ts';
import { parse } from './xml/read.ts';

const silent = (): void => {};
const log: Logger = { debug: silent, info: silent, warn: silent, error: (message, fields) => { console.error(message, fields); }, child: () => log };
const lifecycle = { onStart: silent, onStop: silent, health: silent };
const deployment: Deployment = { publicUrl: new URL('https://cal.example.com:8443'), dataRoot: '/nowhere', role: 'single', hostId: 'h', admins: ['users/root'], limits: {} as Deployment['limits'] };

const people = [
  person('amy', { firstName: 'Amy', lastName: 'Example' }), person('ben', { displayName: 'Ben Ängström' }), person('cat'), person('root'), group('staff'), room('lab', { delegates: { read: [], write: ['id-cat' as PrincipalId] } }),
];
const source = memoryDirectory(people, { members: { 'id-staff': ['id-ben', 'id-cat'] } });
const directory: Directory = Object.assign(source, { mayLogIn: async () => true });
const { store, recordStore: records } = memoryStore();

/** Homes as the calendar package has them, in little. */
const homePrivileges: PrivilegeTree = davPrivileges;
const home: ResourceKind = {
  kind: 'home', paths: ['/calendars/__uids__/{id}/{path*}', '/calendars/{type}/{name}/{path*}'], privileges: homePrivileges,
  protectedAcl: ({ owner }) => [
    { principal: owner!, grant: ALL, inheritable: true },
    { principal: proxyGroupId({ owner: owner!, mode: 'write' }), grant: ALL & ~READ_FREE_BUSY, inheritable: true },
    { principal: 'administrators', grant: ALL, inheritable: true },
  ],
  async resolve({ path, values }, select) {
    const id = values.get('id')?.[0] ?? `id-${values.get('name')?.[0]}`;
    const located = await store.locate(id as PrincipalId, values.get('path') ?? [], select);
    if (located === undefined || located.rest.length > 0) return undefined;
    const segments = [...located.ancestors, located.collection].slice(1).map(({ segment }) => `${segment}/`);
    return { kind: located.collection.kind, path, canonical: `/calendars/__uids__/${id}/${segments.join('')}`, owner: id as PrincipalId, home: located.home, collection: located.collection, ancestors: located.ancestors };
  },
};
const calendar: ResourceKind = { ...home, kind: 'calendar', paths: [], protectedAcl: () => [] };

let base: string;
let wellKnown: HttpFeature;
const server = createServer((request, response) => {
  const exchange: HttpExchange = { id: 'r1', request, response, path: (request.url ?? '/').split('?')[0]!, signal: new AbortController().signal };
  void (wellKnown.kind === 'exchange' && exchange.path.startsWith(wellKnown.prefix) ? wellKnown.handle(exchange) : pipeline.handle(exchange));
});
let pipeline: Pipeline;

beforeAll(async () => {
  const made = await principalsPlugin.setup({ config: { root: 'authenticated' }, deps: { directory, records, store, deployment }, log, lifecycle });
  wellKnown = made.wellKnown;
  const webdav: DavFeature = { name: 'webdav', methods: [propfind, proppatch, report, getCollection], properties: webdavProperties, resources: [home, calendar] };
  const features = [webdav, made.principals];
  const { compiled } = await accessPlugin.setup({ config: {}, deps: { features, sources: [], directory, records, deployment }, log, lifecycle }) as { access: Access; compiled: CompiledAccess };
  const engine = new EngineTables(features, { store, records, directory, access: compiled, deployment, clock: fakeClock(), log });
  pipeline = new Pipeline(engine, {
    async identify({ request }): Promise<Identity> {
      const account = /^Basic (.*)$/.exec(request.headers.authorization ?? '')?.[1];
      const name = account === undefined ? undefined : Buffer.from(account, 'base64').toString().split(':')[0];
      const principal = name === undefined ? undefined : `id-${name}` as PrincipalId;
      return { principal, groups: principal === undefined ? new Set() : await directory.groupsOf(principal), admin: name === 'root', scheme: principal === undefined ? 'anonymous' : 'Basic' };
    },
    challenge: async () => ['Basic realm="test"'],
  });
  for (const name of ['amy', 'ben']) {
    await store.createHome({ id: `id-${name}` as PrincipalId, kind: 'user', name }, { properties: new Map(), acl: [] }, [
      { segment: 'work', kind: 'calendar', properties: new Map([['{DAV:}whoami', "<whoami xmlns='DAV:'><href>/principals/users/amy/</href></whoami>"]]) },
      { segment: 'play', kind: 'calendar', properties: new Map() },
    ]);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }));

interface Answer { readonly status: number; readonly text: string; readonly headers: Headers; /** href → property → its element, for those of 200. */ readonly rows: ReadonlyMap<string, ReadonlyMap<string, Element>>; readonly statuses: ReadonlyMap<string, string> }

async function ask(method: string, path: string, options: { readonly as?: string; readonly depth?: string; readonly body?: string } = {}): Promise<Answer> {
  const response = await fetch(base + path, {
    method, redirect: 'manual',
    headers: {
      ...(options.as === undefined ? {} : { Authorization: `Basic ${Buffer.from(`${options.as}:x`).toString('base64')}` }),
      ...(options.depth === undefined ? {} : { Depth: options.depth }), ...(options.body === undefined ? {} : { 'Content-Type': 'text/xml' }),
    },
    ...(options.body === undefined ? {} : { body: options.body }),
  });
  const text = await response.text();
  const rows = new Map<string, Map<string, Element>>();
  const statuses = new Map<string, string>();
  if (response.status === 207) {
    for (const row of parse(text).children.filter(({ name }) => name.local === 'response')) {
      const href = row.children[0]!.text;
      const status = row.children.find(({ name }) => name.local === 'status');
      if (status !== undefined) statuses.set(href, status.text);
      const found = new Map<string, Element>();
      for (const propstat of row.children.filter(({ name }) => name.local === 'propstat')) {
        const code = propstat.children.find(({ name }) => name.local === 'status')!.text.split(' ')[1];
        for (const property of propstat.children[0]!.children) {
          if (code === '200') found.set(property.name.local, property);
          else statuses.set(`${href} ${property.name.local}`, code!);
        }
      }
      rows.set(href, found);
    }
  }
  return { status: response.status, text, headers: response.headers, rows, statuses };
}
const props = (...names: readonly string[]): string => `<propfind xmlns='DAV:' xmlns:C='http://calendarserver.org/ns/'><prop>${names.map((name) => `<${name}/>`).join('')}</prop></propfind>`;
const hrefs = (element: Element | undefined): readonly string[] => (element?.children ?? []).map(({ text }) => text);

describe('principals', () => {
  it('has one canonical URL, says its aliases, and answers at both', async () => {
    for (const path of ['/principals/__uids__/id-amy/', '/principals/users/amy/', '/principals/users/amy']) {
      const { rows } = await ask('PROPFIND', path, { as: 'ben', depth: '0', body: props('principal-URL', 'alternate-URI-set', 'displayname', 'resourcetype', 'C:email-address-set', 'C:first-name', 'C:record-type', 'resource-id', 'owner') });
      const [href, row] = [...rows][0]!;
      expect(href).toBe(path.endsWith('/') ? path : `${path}/`);
      expect(hrefs(row.get('principal-URL'))).toEqual(['/principals/__uids__/id-amy/']);
      expect(hrefs(row.get('alternate-URI-set'))).toEqual(['/principals/users/amy/']);
      expect(row.get('resourcetype')!.children.map(({ name }) => name.local)).toEqual(['collection', 'principal']);
      expect([row.get('displayname')!.text, row.get('first-name')!.text, row.get('record-type')!.text, hrefs(row.get('resource-id'))[0]]).toEqual(['Amy Example', 'Amy', 'users', 'urn:x-uid:id-amy']);
      expect(hrefs(row.get('email-address-set'))).toEqual(['amy@example.com']);
      expect(row.has('owner')).toBe(false);
    }
  });

  it('is nobody\'s where the directory knows nobody, and a secret to whoever has not logged in', async () => {
    expect((await ask('PROPFIND', '/principals/users/nobody/', { as: 'amy', depth: '0' })).status).toBe(404);
    expect((await ask('PROPFIND', '/principals/groups/amy/', { as: 'amy', depth: '0' })).status).toBe(404);
    expect((await ask('PROPFIND', '/principals/users/amy/', { depth: '0' })).status).toBe(401);
    expect((await ask('PROPFIND', '/principals/users/nobody/', { depth: '0' })).status).toBe(401);
  });

  it('lists principals by type, by the alias, and no ids', async () => {
    const { rows } = await ask('PROPFIND', '/principals/users/', { as: 'amy', depth: '1', body: props('displayname', 'getetag') });
    expect([...rows.keys()]).toEqual(['/principals/users/', '/principals/users/amy/', '/principals/users/ben/', '/principals/users/cat/', '/principals/users/root/']);
    expect(rows.get('/principals/users/')!.get('displayname')!.text).toBe('users');
    expect(rows.get('/principals/users/')!.get('getetag')!.text).toMatch(/^".+"$/);
    expect((await ask('PROPFIND', '/principals/__uids__/', { as: 'amy', depth: '0' })).status).toBe(207);
    expect((await ask('PROPFIND', '/principals/__uids__/', { as: 'amy', depth: '1' })).status).toBe(403);
    expect((await ask('GET', '/principals/__uids__/', { as: 'amy' })).status).toBe(403);
    expect((await ask('GET', '/principals/', { as: 'amy' })).text).toContain("href='/principals/users/'");
  });

  it('lists the root to those who log in, and in `/calendars/` the homes a caller has rights to', async () => {
    expect([...(await ask('PROPFIND', '/', { as: 'amy', depth: '1', body: props('displayname') })).rows.keys()]).toEqual(['/', '/principals/', '/calendars/']);
    expect((await ask('PROPFIND', '/', { depth: '0' })).status).toBe(401);
    const seenBy = async (as: string): Promise<readonly string[]> => [...(await ask('PROPFIND', '/calendars/users/', { as, depth: '1', body: props('displayname') })).rows.keys()];
    expect(await seenBy('amy')).toEqual(['/calendars/users/', '/calendars/users/amy/']);
    expect(await seenBy('root')).toEqual(['/calendars/users/', '/calendars/users/amy/', '/calendars/users/ben/']);
  });

  it('shows groups and members (RFC 3744 §4.3, §4.4)', async () => {
    const members = await ask('PROPFIND', '/principals/groups/staff/', { as: 'amy', depth: '0', body: props('group-member-set') });
    expect(hrefs(members.rows.get('/principals/groups/staff/')!.get('group-member-set'))).toEqual(['/principals/__uids__/id-ben/', '/principals/__uids__/id-cat/']);
    const membership = await ask('PROPFIND', '/principals/users/cat/', { as: 'amy', depth: '0', body: props('group-membership', 'C:calendar-proxy-write-for', 'C:calendar-proxy-read-for') });
    const row = membership.rows.get('/principals/users/cat/')!;
    expect(hrefs(row.get('group-membership'))).toEqual(['/principals/__uids__/id-staff/', '/principals/__uids__/id-lab/calendar-proxy-write/']);
    expect(hrefs(row.get('calendar-proxy-write-for'))).toEqual(['/principals/__uids__/id-lab/']);
    expect(hrefs(row.get('calendar-proxy-read-for'))).toEqual([]);
  });

  it('redirects /.well-known/caldav for any method, without a log-in (RFC 6764 §5)', async () => {
    for (const method of ['GET', 'PROPFIND', 'OPTIONS', 'REPORT']) {
      const { status, headers } = await ask(method, '/.well-known/caldav');
      expect([status, headers.get('location')]).toEqual([301, 'https://cal.example.com:8443/']);
    }
    expect((await ask('PROPFIND', '/.well-known/', { depth: '0' })).status).toBe(207);
  });
});

describe('delegates', () => {
  const set = (...members: readonly string[]): string => `<propertyupdate xmlns='DAV:'><set><prop><group-member-set>${members.map((href) => `<href>${href}</href>`).join('')}</group-member-set></prop></set></propertyupdate>`;
  const proxy = '/principals/users/amy/calendar-proxy-write/';

  it('are set by the owner alone, by canonical URL, the whole list at once', async () => {
    expect((await ask('PROPPATCH', proxy, { as: 'ben', body: set('/principals/__uids__/id-ben/') })).status).toBe(403);
    for (const bad of ['/principals/users/ben/', '/principals/__uids__/id-nobody/', 'mailto:ben@example.com', '/calendars/__uids__/id-ben/']) {
      const answer = await ask('PROPPATCH', proxy, { as: 'amy', body: set('/principals/__uids__/id-ben/', bad) });
      expect(answer.statuses.get(`${proxy} group-member-set`), bad).toBe('403');
    }
    expect((await ask('PROPFIND', '/calendars/users/amy/', { as: 'cat', depth: '0' })).status).toBe(403);
    expect((await ask('PROPPATCH', proxy, { as: 'amy', body: set('/principals/__uids__/id-staff/') })).rows.get(proxy)!.has('group-member-set')).toBe(true);
    const { rows } = await ask('PROPFIND', proxy, { as: 'cat', depth: '0', body: props('group-member-set', 'C:expanded-group-member-set', 'resourcetype', 'C:record-type') });
    const row = rows.get(proxy)!;
    expect(hrefs(row.get('group-member-set'))).toEqual(['/principals/__uids__/id-staff/']);
    expect(hrefs(row.get('expanded-group-member-set')).toSorted()).toEqual(['/principals/__uids__/id-ben/', '/principals/__uids__/id-cat/']);
    expect(row.get('resourcetype')!.children.map(({ name }) => name.local)).toEqual(['collection', 'principal', 'calendar-proxy-write']);
    expect(row.get('record-type')!.text).toBe('write-delegate-group');
  });

  it('have their rights from the next request on, and lose them at once', async () => {
    await ask('PROPPATCH', proxy, { as: 'amy', body: set('/principals/__uids__/id-cat/') });
    const body = props('current-user-privilege-set', 'owner');
    expect((await ask('PROPFIND', '/calendars/users/amy/', { as: 'ben', depth: '0', body })).status).toBe(403);
    expect((await ask('PROPPATCH', proxy, { as: 'amy', body: set('/principals/__uids__/id-staff/') })).status).toBe(207);
    const { rows } = await ask('PROPFIND', '/calendars/users/amy/', { as: 'root', depth: '0', body });
    expect(hrefs(rows.get('/calendars/users/amy/')!.get('owner'))).toEqual(['/principals/__uids__/id-amy/']);
    await ask('PROPPATCH', proxy, { as: 'amy', body: set() });
    expect((await ask('PROPFIND', '/calendars/users/amy/', { as: 'ben', depth: '0', body })).status).toBe(403);
  });
});

describe('access control as properties', () => {
  it('lists entries in order, inherited ones marked, protected what no entry here may deny, administrators by name (RFC 3744 §5.5)', async () => {
    const { rows } = await ask('PROPFIND', '/calendars/users/amy/work/', { as: 'amy', depth: '0', body: props('acl', 'acl-restrictions', 'inherited-acl-set', 'supported-privilege-set', 'principal-collection-set', 'current-user-principal') });
    const row = rows.get('/calendars/users/amy/work/')!;
    const aces = row.get('acl')!.children.map((ace) => ace.children.map((part) => `${part.name.local} ${part.children.map((inner) => inner.text || inner.children[0]?.name.local).join()}`.trim()));
    expect(aces).toEqual([
      ['principal /principals/__uids__/id-amy/', 'grant all', 'protected', 'inherited /calendars/__uids__/id-amy/'],
      ['principal /principals/__uids__/id-root/', 'grant all', 'protected', 'inherited /calendars/__uids__/id-amy/'],
      ['principal /principals/__uids__/id-amy/calendar-proxy-write/', expect.stringMatching(/^grant .*\bwrite\b/), 'inherited /calendars/__uids__/id-amy/'],
    ]);
    expect(row.get('acl-restrictions')!.children.map(({ name }) => name.local)).toEqual(['no-invert']);
    expect(row.get('inherited-acl-set')!.children).toEqual([]);
    expect(hrefs(row.get('principal-collection-set'))).toEqual(['/principals/']);
    expect(hrefs(row.get('current-user-principal'))).toEqual(['/principals/__uids__/id-amy/']);
    expect(row.get('supported-privilege-set')!.children[0]!.children.map(({ name }) => name.local)).toEqual(['privilege', 'description', ...Array<string>(5).fill('supported-privilege')]);
  });

  it('answers 403 in the propstat for what the caller may not know, and goes on', async () => {
    const { statuses, rows } = await ask('PROPFIND', '/principals/users/ben/', { as: 'amy', depth: '0', body: props('acl', 'displayname') });
    expect(statuses.get('/principals/users/ben/ acl')).toBe('403');
    expect(rows.get('/principals/users/ben/')!.get('displayname')!.text).toBe('Ben Ängström');
  });

  it('expands aggregates in current-user-privilege-set (RFC 3744 §5.4)', async () => {
    const { rows } = await ask('PROPFIND', '/calendars/users/amy/work/', { as: 'amy', depth: '0', body: props('current-user-privilege-set') });
    const names = rows.get('/calendars/users/amy/work/')!.get('current-user-privilege-set')!.children.map(({ children }) => children[0]!.name.local);
    expect(names).toEqual(['all', 'read', 'read-current-user-privilege-set', 'write', 'write-properties', 'write-content', 'bind', 'unbind', 'unlock', 'read-acl', 'write-acl']);
  });
});

describe('reports', () => {
  const self = "<principal-match xmlns='DAV:'><self/><prop><displayname/></prop></principal-match>";

  it('find the caller below the request, spelled as the request is (RFC 3744 §9.3)', async () => {
    expect([...(await ask('REPORT', '/principals/users/', { as: 'cat', body: self })).rows.keys()]).toEqual(['/principals/users/cat/']);
    expect([...(await ask('REPORT', '/principals/', { as: 'cat', body: self })).rows.keys()]).toEqual(['/principals/__uids__/id-cat/', '/principals/__uids__/id-staff/', '/principals/__uids__/id-lab/calendar-proxy-write/']);
    expect([...(await ask('REPORT', '/principals/locations/', { as: 'cat', body: self })).rows.keys()]).toEqual(['/principals/locations/lab/calendar-proxy-write/']);
    expect((await ask('REPORT', '/principals/users/', { as: 'cat', depth: '1', body: self })).status).toBe(400);
    expect((await ask('REPORT', '/principals/users/', { as: 'cat', body: "<principal-match xmlns='DAV:'/>" })).status).toBe(400);
  });

  it('find collections by a property that names the caller', async () => {
    const body = "<principal-match xmlns='DAV:'><principal-property><whoami/></principal-property></principal-match>";
    expect([...(await ask('REPORT', '/calendars/users/amy/', { as: 'amy', body })).rows.keys()]).toEqual(['/calendars/users/amy/work/']);
    expect((await ask('REPORT', '/calendars/users/amy/', { as: 'ben', body })).status).toBe(403);
    const owner = "<principal-match xmlns='DAV:'><principal-property><owner/></principal-property></principal-match>";
    expect((await ask('REPORT', '/calendars/users/amy/', { as: 'amy', body: owner })).rows.size).toBe(3);
  });

  it('give properties of those an ACL names (RFC 3744 §9.2), to those who may read it', async () => {
    const body = "<acl-principal-prop-set xmlns='DAV:'><prop><displayname/></prop></acl-principal-prop-set>";
    expect([...(await ask('REPORT', '/calendars/users/amy/work/', { as: 'amy', body })).rows.keys()].toSorted()).toEqual([
      '/principals/__uids__/id-amy/', '/principals/__uids__/id-amy/calendar-proxy-write/', '/principals/__uids__/id-root/',
    ]);
    expect((await ask('REPORT', '/calendars/users/amy/work/', { as: 'ben', body })).status).toBe(403);
    expect((await ask('REPORT', '/calendars/users/amy/work/', { as: 'amy', body: "<acl-principal-prop-set xmlns='DAV:'/>" })).status).toBe(400);
  });

  const search = (inside: string, attributes = ''): string => `<principal-property-search xmlns='DAV:' xmlns:C='http://calendarserver.org/ns/' xmlns:L='urn:ietf:params:xml:ns:caldav' ${attributes}>${inside}<prop><displayname/></prop></principal-property-search>`;
  const term = (name: string, text: string, attributes = ''): string => `<property-search><prop><${name}/></prop><match ${attributes}>${text}</match></property-search>`;
  const found = async (body: string, path = '/principals/'): Promise<readonly string[]> => [...(await ask('REPORT', path, { as: 'amy', body })).rows.keys()];

  it('search principals by property (RFC 3744 §9.4)', async () => {
    expect(await found(search(term('displayname', 'ängst')))).toEqual(['/principals/__uids__/id-ben/']);
    expect(await found(search(term('displayname', 'example'), "type='ROOM'"))).toEqual(['/principals/__uids__/id-lab/']);
    expect(await found(search(term('displayname', 'example') + term('C:email-address-set', 'cat')))).toEqual(['/principals/__uids__/id-cat/']);
    expect(await found(search(term('C:first-name', 'amy', "match-type='equals'") + term('C:email-address-set', 'cat@'), "test='anyof'"))).toEqual(['/principals/__uids__/id-amy/', '/principals/__uids__/id-cat/']);
    expect(await found(search(term('L:calendar-user-address-set', 'urn:x-uid:id-ben', "match-type='equals'")))).toEqual(['/principals/__uids__/id-ben/']);
    expect(await found(search(term('L:calendar-user-address-set', 'mailto:BEN@', "match-type='starts-with'")))).toEqual(['/principals/__uids__/id-ben/']);
    expect(await found(search(term('displayname', 'staff') + term('L:calendar-user-type', 'GROUP')))).toEqual(['/principals/__uids__/id-staff/']);
    expect(await found(search(term('displayname', 'lab')), '/principals/users/')).toEqual([]);
    expect(await found(search(term('displayname', 'lab')), '/calendars/users/amy/')).toEqual([]);
    expect(await found(search(`${term('displayname', 'lab')}<apply-to-principal-collection-set/>`), '/calendars/users/amy/')).toEqual(['/principals/__uids__/id-lab/']);
    expect(await found(search(term('displayname', 'lab'), "type='ROOM'"), '/principals/users/')).toEqual([]);
    expect(await found(search(term('nonsense', 'amy')))).toEqual([]);
    expect(await found(search(term('displayname', '  ')))).toEqual([]);
  });

  it('refuse searches that say what they do not mean', async () => {
    const wrong = [
      search(term('displayname', 'x'), "test='some'"), search(term('displayname', 'x'), "type='PERSON'"), search(term('displayname', 'x', "caseless='maybe'")),
      search(term('displayname', 'x', "match-type='like'")), search(term('L:calendar-user-address-set', 'invalid', "match-type='starts-with'")),
      search(`${term('displayname', 'x')}<C:limit><C:nresults>abc</C:nresults></C:limit>`), search(''),
    ];
    for (const body of wrong) expect((await ask('REPORT', '/principals/', { as: 'amy', body })).status, body).toBe(400);
  });

  it('say that there are more than were asked for, in one more response', async () => {
    const { rows, statuses, text } = await ask('REPORT', '/principals/', { as: 'amy', body: search(`${term('displayname', 'e', "match-type='contains'")}<C:limit><C:nresults>1</C:nresults></C:limit>`, "type='INDIVIDUAL'") });
    expect(rows.size).toBe(2);
    expect(statuses.get('/principals/')).toContain('507');
    expect(text).toContain('number-of-matches-within-limits');
  });

  it('find what Apple\'s clients type, every token of it', async () => {
    const tokens = (context: string, ...of: readonly string[]): string => `<C:calendarserver-principal-search xmlns:C='http://calendarserver.org/ns/' context='${context}'>${of.map((token) => `<C:search-token>${token}</C:search-token>`).join('')}<prop xmlns='DAV:'><displayname/></prop></C:calendarserver-principal-search>`;
    expect(await found(tokens('attendee', 'exa', 'ca'))).toEqual(['/principals/__uids__/id-cat/']);
    expect(await found(tokens('location', 'la'))).toEqual(['/principals/__uids__/id-lab/']);
    expect(await found(tokens('user', 'lab'))).toEqual([]);
    expect(await found(tokens('user'))).toEqual([]);
    expect((await ask('REPORT', '/principals/', { as: 'amy', body: tokens('planet', 'x') })).status).toBe(400);
  });

  it('tell what can be searched', async () => {
    const { status, text } = await ask('REPORT', '/principals/', { as: 'amy', body: "<principal-search-property-set xmlns='DAV:'/>" });
    expect([status, text.split('\n').length, parse(text).children.length]).toEqual([200, 28, 4]);
  });

  it('expand what properties point to, two deep, with what cannot be had in its place (RFC 3253 §3.8)', async () => {
    const body = `<expand-property xmlns='DAV:'><property name='group-member-set'><property name='displayname'/><property name='group-membership'><property name='displayname'/></property><property name='acl'/></property>
      <property name='displayname'/><property name='nonsense'/></expand-property>`;
    const { rows, statuses } = await ask('REPORT', '/principals/groups/staff/', { as: 'amy', body });
    const row = rows.get('/principals/groups/staff/')!;
    expect(statuses.get('/principals/groups/staff/ nonsense')).toBe('404');
    const [ben, cat] = row.get('group-member-set')!.children as [Element, Element];
    expect([ben.name.local, ben.children[0]!.text]).toEqual(['response', '/principals/__uids__/id-ben/']);
    const nested = cat.children[1]!.children[0]!.children[1]!;
    expect(nested.children.map(({ children }) => children[0]!.text)).toEqual(['/principals/__uids__/id-staff/', '/principals/__uids__/id-lab/calendar-proxy-write/']);
    expect(cat.children[2]!.children[1]!.text).toBe('HTTP/1.1 403 Forbidden');
    expect((await ask('REPORT', '/principals/groups/staff/', { as: 'amy', depth: '1', body })).status).toBe(400);
  });

  it('are not defined where they make no sense (RFC 3253 §3.6)', async () => {
    const { status, text } = await ask('REPORT', '/calendars/users/amy/', { as: 'amy', body: "<principal-search-property-set xmlns='DAV:'/>" });
    expect([status, text.includes('supported-report')]).toEqual([403, true]);
  });
});
