import type { Ace, Collection, CollectionId, DavResource, Home, HomeId, Identity, Item, PrincipalId, Revision } from '@kalends/contracts';
import { ALL, BIND, NONE, READ, READ_ACL, READ_FREE_BUSY, SCHEDULE_DELIVER, WRITE, WRITE_ACL, WRITE_CONTENT } from '@kalends/contracts';
import { group, memoryDirectory, memoryStore, person } from '@kalends/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { davPrivileges } from '../resource/privileges.ts';
import { dav } from '../xml/names.ts';
import { AccessControl } from './access-control.ts';
import { AclCompiler } from './compile.ts';
import type { KindPolicy } from './compile.ts';
import { Delegates, proxyGroupId } from './delegates.ts';
import { evaluate, matches } from './evaluate.ts';
import type { AccessEntry } from './compiled-access.ts';

const id = (name: string): PrincipalId => name as PrincipalId;
const [AMY, BEN, CAT, STAFF] = ['id-amy', 'id-ben', 'id-cat', 'id-staff'].map(id) as [PrincipalId, PrincipalId, PrincipalId, PrincipalId];
const known = (principal: PrincipalId, groups: readonly PrincipalId[] = [], admin = false): Identity => ({ principal, groups: new Set(groups), admin, scheme: 'Basic' });
const NOBODY: Identity = { principal: undefined, groups: new Set(), admin: false, scheme: 'anonymous' };

let made = 0;
function collection(kind: string, acl: readonly Ace[] = [], more: Partial<Collection> = {}): Collection {
  return {
    id: `c${++made}` as CollectionId, home: 'h' as HomeId, parent: undefined, segment: kind, kind, revision: 1 as Revision, created: 0, modified: 0, epoch: 'e',
    aclRevision: 1 as Revision, itemsWithAcl: 0, properties: new Map(), personal: new Map(), acl, ...more,
  };
}
function place(root: Collection, below: Collection | undefined, more: Partial<DavResource> = {}): DavResource {
  const home: Home = { id: 'h' as HomeId, owner: AMY, root, usedOctets: 0, locks: 0, grantsRevision: 1 };
  const path = below === undefined ? '/calendars/__uids__/id-amy/' : '/calendars/__uids__/id-amy/calendar/';
  return { kind: below?.kind ?? 'home', path, canonical: path, owner: AMY, home, collection: below ?? root, ancestors: below === undefined ? [] : [root], ...more };
}
const ownersHome: KindPolicy['protectedAcl'] = ({ owner }) => [
  { principal: owner!, grant: ALL, inheritable: true },
  { principal: proxyGroupId({ owner: owner!, mode: 'read' }), grant: READ, inheritable: true },
  { principal: proxyGroupId({ owner: owner!, mode: 'write' }), grant: READ | WRITE, inheritable: true },
  { principal: 'administrators', grant: ALL, inheritable: true },
];
const policy = (kind: string, protectedAcl: KindPolicy['protectedAcl'] = () => []): [string, KindPolicy] => [kind, { kind, privileges: davPrivileges, protectedAcl }];

function given(sources: ConstructorParameters<typeof AclCompiler>[0]['sources'] = []) {
  const people = [person('amy'), person('ben'), person('cat'), group('staff')];
  const directory = Object.assign(memoryDirectory(people, { members: { 'id-staff': ['id-cat'] } }), { mayLogIn: async () => true });
  const { recordStore: records } = memoryStore();
  const delegates = new Delegates(directory, records);
  const kinds = new Map([policy('home', ownersHome), policy('calendar'), policy('calendar-item'), policy('inbox', () => [{ principal: 'authenticated', grant: SCHEDULE_DELIVER }]), policy('listing', () => [{ principal: 'authenticated', grant: READ }])]);
  const compiler = new AclCompiler({ kinds, sources, directory, delegates });
  return { access: new AccessControl({ compiler, admins: { ids: async () => new Set([id('id-root')]) } }), delegates, records, directory, compiler, people };
}

describe('the walk over entries (RFC 3744 §5.5, §6)', () => {
  const bits = fc.integer({ min: 0, max: ALL });
  const subject = fc.constantFrom<Ace['principal']>('all', 'authenticated', 'unauthenticated', 'self', 'administrators', AMY, BEN, STAFF, { property: dav('owner') }, { property: dav('displayname') });
  const entries = fc.array(fc.record<AccessEntry>({ principal: subject, grant: bits, deny: bits, isProtected: fc.boolean(), levelsUp: fc.nat(3) }), { maxLength: 8 });
  const identities = fc.constantFrom(NOBODY, known(AMY), known(BEN), known(CAT, [STAFF]), known(BEN, [STAFF], true));

  /** The RFC's words, one privilege at a time. */
  function naive(list: readonly AccessEntry[], identity: Identity, resource: DavResource): number {
    let granted = 0;
    for (let bit = 1; bit <= ALL; bit <<= 1) {
      const first = list.find((entry) => matches(entry, identity, resource) && ((entry.grant | entry.deny) & bit) !== 0);
      if (first !== undefined && (first.grant & bit) !== 0) granted |= bit;
    }
    return granted;
  }

  it('decides each privilege by the first entry that matches and names it', () => {
    const resource = place(collection('home'), undefined);
    fc.assert(fc.property(entries, identities, (list, identity) => {
      expect(evaluate(list, identity, resource)).toBe(naive(list, identity, resource));
    }));
  });

  it('grants nobody anything by a list that denies only', () => {
    fc.assert(fc.property(entries, identities, (list, identity) => {
      expect(evaluate(list.map((entry) => ({ ...entry, grant: NONE })), identity, place(collection('home'), undefined))).toBe(0);
    }));
  });

  it('knows nobody by DAV:self where no principal stands, and by a property that names none (RFC 3744 §5.5.1)', () => {
    const resource = place(collection('home'), undefined);
    expect(matches({ principal: 'self' }, known(AMY), resource)).toBe(false);
    expect(matches({ principal: { property: dav('displayname') } }, known(AMY), resource)).toBe(false);
    expect(matches({ principal: 'self' }, known(CAT, [STAFF]), { ...resource, principal: group('staff') })).toBe(true);
  });
});

describe('folded access', () => {
  it('lets the owner do all in a home and what lies in it, and strangers nothing', async () => {
    const { access } = given();
    const root = collection('home');
    const calendar = place(root, collection('calendar'));
    expect(await access.judge(known(AMY), calendar)).toBe(davPrivileges.bits);
    expect(await access.judge(known(BEN), calendar)).toBe(0);
    expect(await access.judge(NOBODY, calendar)).toBe(0);
    expect(await access.judge(known(BEN, [], true), calendar)).toBe(davPrivileges.bits);
  });

  it('hands down stored entries only where they are inheritable', async () => {
    const { access } = given();
    const root = collection('home', [{ principal: 'authenticated', grant: READ_FREE_BUSY, inheritable: true }, { principal: BEN, grant: READ }]);
    expect(await access.judge(known(BEN), place(root, collection('calendar')))).toBe(READ_FREE_BUSY);
    expect(await access.judge(known(BEN), place(root, undefined))).toBe(READ);
  });

  it('lets an entry on a calendar override an inherited one, but never the owner\'s and the administrators\' own', async () => {
    const { access, records, delegates } = given();
    await records.apply(await delegates.replace({ owner: AMY, mode: 'write' }, new Set([BEN])));
    const shut = collection('calendar', [{ principal: 'all', grant: NONE, deny: ALL }]);
    const calendar = place(collection('home'), shut);
    expect(await access.judge(known(BEN), calendar)).toBe(0);
    expect(await access.judge(known(AMY), calendar) & WRITE_ACL).toBe(WRITE_ACL);
    expect(await access.judge(known(CAT, [], true), calendar) & WRITE_ACL).toBe(WRITE_ACL);
  });

  it('lets an item keep something from everybody but owner, owning group and administrators, whatever lists grant', async () => {
    const { directory, delegates } = given();
    const kept: KindPolicy = { kind: 'calendar-item', privileges: davPrivileges, protectedAcl: () => [], withholds: { select: { facts: true }, privileges: ({ etag }) => ((etag as string) === 'kept' ? ALL & ~READ_FREE_BUSY : 0) } };
    const compiler = new AclCompiler({ kinds: new Map([policy('home', ownersHome), policy('calendar'), ['calendar-item', kept]]), sources: [], directory, delegates });
    const access = new AccessControl({ compiler, admins: { ids: async () => new Set([id('id-root')]) } });
    const open = [{ principal: 'authenticated' as const, grant: READ | WRITE, inheritable: true }];
    const calendar = place(collection('home', open), collection('calendar'));
    const item = (etag: string): Item => ({ name: 'x' as Item['name'], etag: etag as Item['etag'] });
    const one = (etag: string): DavResource => ({ ...calendar, kind: 'calendar-item', item: item(etag) });
    expect([await access.judge(known(BEN), one('kept')), await access.judge(known(BEN), one('open'))]).toEqual([READ_FREE_BUSY, READ | WRITE]);
    const rows = await access.items(known(BEN), calendar);
    expect([rows.constant, rows.of(item('kept')), rows.of(item('open'))]).toEqual([undefined, READ_FREE_BUSY, READ | WRITE]);
    expect((await access.explain(known(BEN), one('kept'))).slice(-2)).toEqual([expect.stringMatching(/^the item keeps .*write.* from everybody but owner and administrators$/), 'so they have nothing']);
    for (const who of [known(AMY), known(BEN, [AMY]), known(CAT, [], true)]) {
      expect(await access.judge(who, one('kept')) & WRITE).toBe(WRITE);
      expect((await access.items(who, calendar)).constant).toBeDefined();
    }
  });

  it('masks what the kind does not have', async () => {
    const { access } = given();
    expect(await access.judge(known(AMY), place(collection('home'), collection('inbox'))) & SCHEDULE_DELIVER).toBe(0);
  });

  it('finds delegates by themselves and by their groups, of this owner alone, and sees a change when the home\'s grants move', async () => {
    const { access, records, delegates } = given();
    const root = collection('home');
    const calendar = place(root, collection('calendar'));
    expect(await access.judge(known(CAT, [STAFF]), calendar)).toBe(0);
    await records.apply(await delegates.replace({ owner: AMY, mode: 'write' }, new Set([STAFF])));
    const moved = { ...calendar, home: { ...calendar.home!, grantsRevision: 2 } };
    expect(await access.judge(known(CAT, [STAFF]), moved)).toBe(READ | WRITE);
    expect(await access.judge(known(BEN), moved)).toBe(0);
    expect(await access.actingFor(known(CAT, [STAFF]), moved)).toBe(AMY);
    expect(await access.actingFor(known(AMY), moved)).toBeUndefined();
  });

  it('never keeps a list that depends on another owner\'s delegates', async () => {
    const { access, records, delegates } = given();
    const calendar = place(collection('home'), collection('calendar', [{ principal: proxyGroupId({ owner: CAT, mode: 'read' }), grant: READ }]));
    expect(await access.judge(known(BEN), calendar)).toBe(0);
    await records.apply(await delegates.replace({ owner: CAT, mode: 'read' }, new Set([BEN])));
    expect(await access.judge(known(BEN), calendar)).toBe(READ);
  });

  it('folds once while no revision moves, and again when one does', async () => {
    let asked = 0;
    const { access } = given([{ name: 'counting', grants: async () => (asked++, [{ principal: BEN, grant: READ, deny: ALL }]) }]);
    const root = collection('home');
    const calendar = place(root, collection('calendar'));
    expect([await access.judge(known(BEN), calendar), await access.judge(known(CAT), calendar), asked]).toEqual([READ, 0, 1]);
    await access.judge(known(BEN), { ...calendar, ancestors: [{ ...root, aclRevision: 2 as Revision }] });
    expect(asked).toBe(2);
  });

  it('asks again after a source failed', async () => {
    let fails = true;
    const { access } = given([{ name: 'moody', grants: async () => { if (fails) throw new Error('down'); return []; } }]);
    const calendar = place(collection('home'), collection('calendar'));
    await expect(access.judge(known(AMY), calendar)).rejects.toThrow('down');
    fails = false;
    expect(await access.judge(known(AMY), calendar)).toBe(davPrivileges.bits);
  });

  it('takes an item\'s own entries before what it inherits from its calendar (RFC 3744 §5.5.4, §8.1), and one constant where no item has any', async () => {
    const { access } = given();
    const root = collection('home');
    const open = collection('calendar', [{ principal: BEN, grant: READ | WRITE_CONTENT, inheritable: true }]);
    expect((await access.items(known(BEN), place(root, open))).constant).toBe(READ | WRITE_CONTENT);
    const mixed = place(root, { ...open, itemsWithAcl: 1 });
    const items = await access.items(known(BEN), mixed);
    expect(items.constant).toBeUndefined();
    const item = { name: 'a.ics' as never, etag: 'x' as never };
    expect(items.of(item)).toBe(READ | WRITE_CONTENT);
    expect(items.of({ ...item, acl: [] })).toBe(READ | WRITE_CONTENT);
    expect(items.of({ ...item, acl: [{ principal: BEN, grant: BIND }] })).toBe(READ | WRITE_CONTENT | BIND);
    const shut: readonly Ace[] = [{ principal: BEN, grant: READ }, { principal: 'all', grant: NONE, deny: ALL }];
    expect(items.of({ ...item, acl: shut })).toBe(READ);
    expect((await access.items(known(AMY), mixed)).of({ ...item, acl: shut })).toBe(davPrivileges.bits);
    expect(await access.judge(known(BEN), { ...mixed, kind: 'calendar-item', item: { ...item, acl: shut } })).toBe(READ);
  });

  it('knows the owner\'s delegates in an item\'s own entries without asking again, and nobody else\'s', async () => {
    const { access, records, delegates } = given();
    await records.apply([...await delegates.replace({ owner: AMY, mode: 'read' }, new Set([BEN])), ...await delegates.replace({ owner: CAT, mode: 'read' }, new Set([BEN]))]);
    const resource = place(collection('home'), collection('calendar', [], { itemsWithAcl: 1 }));
    const items = await access.items(known(BEN), resource);
    const own = (owner: PrincipalId): readonly Ace[] => [{ principal: proxyGroupId({ owner, mode: 'read' }), grant: NONE, deny: READ }];
    const item = { name: 'a.ics' as never, etag: 'x' as never };
    expect([items.of(item), items.of({ ...item, acl: own(AMY) }), items.of({ ...item, acl: own(CAT) })]).toEqual([READ, 0, READ]);
  });

  it('lets no stored entry shut out whom a source makes an owner, and any shut out whom it lets read', async () => {
    const { access } = given([{ name: 'team', grants: async () => [{ principal: BEN, grant: ALL }, { principal: CAT, grant: READ }] }]);
    const shut = place(collection('home'), collection('calendar', [{ principal: 'all', grant: NONE, deny: ALL }]));
    expect(await access.judge(known(BEN), shut)).toBe(davPrivileges.bits);
    expect(await access.judge(known(CAT), shut)).toBe(0);
  });

  it('judges rows and single items alike, whatever lists they have', async () => {
    const { access, records, delegates } = given();
    await records.apply(await delegates.replace({ owner: AMY, mode: 'read' }, new Set([STAFF])));
    const who = fc.constantFrom<Ace['principal']>('all', 'authenticated', AMY, BEN, STAFF, proxyGroupId({ owner: AMY, mode: 'read' }), { property: dav('owner') });
    const aces = fc.array(fc.record<Ace>({ principal: who, grant: fc.integer({ min: 0, max: ALL }), deny: fc.integer({ min: 0, max: ALL }), inheritable: fc.boolean() }), { maxLength: 4 });
    const identity = fc.constantFrom(NOBODY, known(AMY), known(BEN), known(CAT, [STAFF]));
    await fc.assert(fc.asyncProperty(aces, aces, fc.option(aces, { nil: undefined }), identity, async (above, own, itsOwn, asking) => {
      const resource = place(collection('home', above), collection('calendar', own, { itemsWithAcl: 1 }));
      const item = { name: 'a.ics' as never, etag: 'x' as never, ...(itsOwn === undefined ? {} : { acl: itsOwn }) };
      const row = (await access.items(asking, resource)).of(item);
      expect(row).toBe(await access.judge(asking, { ...resource, kind: 'calendar-item', path: `${resource.path}a.ics`, canonical: `${resource.canonical}a.ics`, item }));
    }), { numRuns: 60 });
  });

  it('tells people which entry decided what, and where it came from', async () => {
    const { access } = given();
    const lines = await access.explain(known(BEN), place(collection('home', [{ principal: 'authenticated', grant: READ, inheritable: true }]), collection('calendar', [{ principal: BEN, grant: NONE, deny: READ_ACL }])));
    expect(lines[0]).toBe('id-ben (Basic) asks for /calendars/__uids__/id-amy/calendar/ (calendar)');
    expect(lines).toContain('id-ben denies read-acl (stored): decides read-acl');
    expect(lines).toContain('authenticated grants read (stored, inherited from /calendars/__uids__/id-amy/): decides read');
    expect(lines.at(-1)).toBe('so they have read');
  });

  it('lets what is inherited count alone where the plugin of a collection is gone, and grants nothing where nothing is', async () => {
    const { access } = given();
    expect(await access.judge(known(AMY), place(collection('home'), collection('teapot')))).toBe(davPrivileges.bits);
    expect(await access.judge(known(BEN), place(collection('home'), collection('teapot')))).toBe(0);
    expect(await access.judge(known(BEN), { kind: 'teapot', path: '/', canonical: '/', owner: undefined })).toBe(0);
  });
});

describe('delegates', () => {
  it('keeps each edge under both ends, and takes away what is no longer wanted', async () => {
    const { delegates, records } = given();
    await records.apply(await delegates.replace({ owner: AMY, mode: 'write' }, new Set([BEN, STAFF, AMY])));
    expect([...await delegates.membersOf({ owner: AMY, mode: 'write' })].sort()).toEqual([BEN, STAFF]);
    expect(await delegates.groupsWith(CAT)).toEqual([{ owner: AMY, mode: 'write' }]);
    await records.apply(await delegates.replace({ owner: AMY, mode: 'write' }, new Set([BEN])));
    expect(await delegates.groupsWith(CAT)).toEqual([]);
    expect(await delegates.groupsWith(BEN)).toEqual([{ owner: AMY, mode: 'write' }]);
  });

  it('counts those the directory gives a room, both ways, and never stores them again', async () => {
    const { delegates, directory, people } = given();
    const lab = person('lab', { kind: 'location', delegates: { read: [], write: [STAFF] } });
    directory.replace([...people, lab]);
    const group = { owner: lab.id, mode: 'write' } as const;
    expect([...await delegates.membersOf(group)]).toEqual([STAFF]);
    expect(await delegates.groupsWith(CAT)).toEqual([group]);
    expect(await delegates.replace(group, new Set([STAFF]))).toEqual([]);
  });
});
