/** The store-maintenance contract as tests: homes, statistics, quarantine, epochs, and homes that travel. */
import { describe, expect, it } from 'vitest';
import type { Finding, HomeId, StoreStatistics } from '@kalends/contracts';
import { allDay, event, file, recurring, todo, write } from '../ics.ts';
import { memoryStore } from '../memory/memory-store.ts';
import type { StoreProvider } from '../memory/memory-store.ts';
import { factsOf, plainReader } from '../plain-reader.ts';
import { all, bytes, codeOf, draft, EVERYTHING, FIRST, GivenCollection, itemName, NO_LIMITS, octetsOf, owner, principal, random, world } from './given.ts';
import type { World } from './given.ts';
import { homeAsItIs } from './home-follower.ts';
import type { OpenStore } from './store-harness.ts';

const NEVER = new AbortController().signal;
const ben = principal('id-ben');

export function describeStoreMaintenance(name: string, open: OpenStore): void {
  describe(`${name} keeps the store-maintenance contract`, () => {
    describe('homes', () => describeHomes(open));
    describe('statistics', () => describeStatistics(open));
    describe('verification and quarantine', () => describeQuarantine(open));
    describe('epochs', () => describeEpochs(open));
    describe('export and import', () => describeTravel(open));
  });
}

function describeHomes(open: OpenStore): void {
  it('lists homes with their owners, in pages', async () => {
    await using w = await world(open);
    for (let n = 0; n < 9; n++) await w.store.createHome(owner(`user-${n}`, n % 2 ? 'user' : 'resource'), { properties: new Map(), acl: [] }, FIRST);
    const seen: { readonly home: HomeId; readonly owner: unknown }[] = [];
    for (let after: HomeId | undefined; ;) {
      const page = await w.maintenance.homes(after, 4);
      seen.push(...page);
      if (page.length < 4) break;
      after = page.at(-1)!.home;
    }
    expect(new Set(seen.map(({ home }) => home)).size).toBe(10);
    expect(seen.find(({ home }) => home === w.homeId)!.owner).toEqual(owner('amy'));
    expect(seen.map((row) => row.owner)).toContainEqual(owner('user-2', 'resource'));
  });

  it('calls an owner as he is called now, and no client sees anything of it', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const before = await w.now();
    await w.store.nameOwner({ ...owner('amy'), name: 'amelia' });
    await w.store.nameOwner(owner('nobody'));
    for (const { store, maintenance } of [w, await w.reopen()]) {
      expect(await maintenance.homes(undefined, 10)).toEqual([{ home: w.homeId, owner: { ...owner('amy'), name: 'amelia' } }]);
      expect(await store.findHome(w.home.owner)).toEqual(before);
      expect(await store.homeChangesSince(w.homeId, before.root.revision, 10, true, {})).toMatchObject({ collections: [], removed: [], items: [] });
    }
    expect((await w.maintenance.statistics()).find(({ kind }) => kind === 'user')).toMatchObject({ homes: 1 });
    await w.calendar.put(event('b'));
    expect((await w.now()).root.revision).toBeGreaterThan(before.root.revision);
  });

  it('calls the owner so beside changes of the home, which lose nothing', async () => {
    await using w = await world(open);
    await Promise.all([...['a', 'b', 'c', 'd'].map((uid) => w.calendar.put(event(uid))), ...['x', 'y', 'z'].map((name) => w.store.nameOwner({ ...owner('amy'), name }))]);
    expect(await w.store.findItem(w.calendar.id, itemName('d.ics'), {})).toBeDefined();
    expect(['x', 'y', 'z']).toContain((await w.maintenance.homes(undefined, 10))[0]?.owner.name);
  });

  it.each([false, true])('removes a home and all it had (erase: %s)', async (erase) => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.files.put(file('large', 'x'.repeat(100_000)));
    await w.change((tx) => tx.enqueue({ kind: 'k', payload: 1 }));
    const other = await w.store.createHome(owner('ben'), { properties: new Map(), acl: [] }, FIRST);
    await w.maintenance.removeHome(w.homeId, { erase });
    for (const { store, maintenance, jobLog } of [w, await w.reopen()]) {
      expect(await store.findHome(w.home.owner)).toBeUndefined();
      expect(await store.locate(w.home.owner, ['calendar'], {})).toBeUndefined();
      expect(await store.findItem(w.calendar.id, itemName('a.ics'), {})).toBeUndefined();
      expect(await jobLog.list({}, undefined, 10)).toEqual([]);
      expect((await maintenance.homes(undefined, 10)).map(({ home }) => home)).toEqual([other.id]);
    }
    const again = await w.store.createHome(owner('amy'), { properties: new Map(), acl: [] }, FIRST);
    expect(again).toMatchObject({ usedOctets: 0 });
    expect(again.root.epoch).not.toBe(w.home.root.epoch);
    expect((await homeAsItIs(w.store, again)).length).toBe(FIRST.length);
  });
}

function describeStatistics(open: OpenStore): void {
  const of = (rows: readonly StoreStatistics[], kind: string): Partial<StoreStatistics> => rows.find((row) => row.kind === kind) ?? { homes: 0, calendars: 0, events: 0, todos: 0, octets: 0 };

  it('counts homes, calendars, events, to-dos and octets by kind of owner', async () => {
    await using w = await world(open);
    const roomHome = await w.store.createHome(owner('room', 'location'), { properties: new Map(), acl: [] }, FIRST);
    const roomCalendar = new GivenCollection(w, roomHome.id, (await w.store.findCollection(roomHome.root.id, 'calendar'))!.id);
    await w.make('second');
    for (const uid of ['a', 'b', 'c']) await w.calendar.put(event(uid));
    await w.calendar.put(todo('t'));
    await roomCalendar.put(event('a'));
    const size = event('a').body.length;
    expect(of(await w.maintenance.statistics(), 'user')).toMatchObject({ homes: 1, calendars: 2, events: 3, todos: 1, octets: 3 * size + todo('t').body.length });
    expect(of(await w.maintenance.statistics(), 'location')).toMatchObject({ homes: 1, calendars: 1, events: 1, todos: 0, octets: size });
    expect(of(await w.maintenance.statistics(), 'group')).toMatchObject({ homes: 0 });
  });

  it('keeps the counts through replacing, moving, removing, and whole homes', async () => {
    await using w = await world(open);
    const second = await w.make('second');
    for (const uid of ['a', 'b', 'c']) await w.calendar.put(event(uid));
    await w.calendar.put(event('a', { summary: 'new' }));
    await w.calendar.put(todo('b', { name: 'b.ics' }));
    await w.change((tx) => tx.moveItem(w.calendar.at('c.ics'), second.at('c.ics'), { overwrite: false }));
    await w.calendar.remove('a.ics');
    await w.change((tx) => tx.attach(second.at('c.ics'), { managedId: 'm', id: 'b', octets: 1000, sha256: 'x', name: 'n', type: 't/t' }));
    const expected = { homes: 1, calendars: 2, events: 1, todos: 1, octets: (await w.now()).usedOctets };
    expect(of(await w.maintenance.statistics(), 'user')).toMatchObject(expected);
    expect(of(await (await w.reopen()).maintenance.statistics(), 'user')).toMatchObject(expected);
    await w.change((tx) => tx.removeCollection(second.id));
    expect(of(await w.maintenance.statistics(), 'user')).toMatchObject({ homes: 1, calendars: 1, events: 0, todos: 1 });
    await w.maintenance.removeHome(w.homeId, { erase: false });
    expect(of(await w.maintenance.statistics(), 'user')).toMatchObject({ homes: 0, calendars: 0, events: 0, todos: 0, octets: 0 });
  });

  it('does not count what a refused change would have added', async () => {
    await using w = await world(open);
    const before = await w.maintenance.statistics();
    await codeOf(w.change(async (tx) => {
      await tx.putItem(w.calendar.id, write(event('a')));
      throw new Error('no');
    }));
    expect(await w.maintenance.statistics()).toEqual(before);
  });
}

function describeQuarantine(open: OpenStore): void {
  it('finds nothing wrong in a home that is whole', async () => {
    await using w = await world(open);
    for (const item of [event('a'), recurring('b'), allDay('c', '20260302'), todo('d')]) await w.calendar.put(item);
    await w.files.put(file('large', bytes(random(1), 100_000)));
    const folder = await w.make('folder', 'files', w.files.id);
    await folder.put(file('f'));
    await w.change((tx) => tx.hideCollection(folder.id));
    expect(await all(w.maintenance.verify(w.homeId, NEVER))).toEqual([]);
  });

  it('reports what its reader refuses, with its path', async () => {
    await using w = await world(open);
    await w.calendar.put({ ...write(event('a')), body: new TextEncoder().encode('no calendar') });
    expect(await all(w.maintenance.verify(w.homeId, NEVER))).toMatchObject([{ at: w.calendar.at('a.ics'), path: ['calendar', 'a.ics'] }]);
  });

  it('stops verifying when told to', async () => {
    await using w = await world(open);
    await expect(all(w.maintenance.verify(w.homeId, AbortSignal.abort(new Error('enough'))))).rejects.toThrow('enough');
  });

  it('takes an item out of every listing, and keeps its name, UID and octets', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.calendar.put(event('b'));
    const { revision } = await w.calendar.row();
    const used = (await w.now()).usedOctets;
    await w.maintenance.quarantine(w.calendar.at('a.ics'), 'a broken line');
    for (const provider of [w, await w.reopen()]) {
      const calendar = w.calendar.through(provider);
      expect(await calendar.names()).toEqual(['b.ics']);
      expect(await calendar.find('a.ics')).toBeUndefined();
      expect((await calendar.query({})).map(({ name }) => name)).toEqual(['b.ics']);
      expect((await calendar.changes(revision)).removed).toEqual(['a.ics']);
      expect((await calendar.changes('start')).changed).toHaveLength(1);
      expect((await provider.store.locate(w.home.owner, ['calendar', 'a.ics'], {}))!).not.toHaveProperty('item');
      expect(await provider.store.findByUid(w.homeId, 'a')).toBeUndefined();
      expect(await all(provider.maintenance.quarantined())).toMatchObject([{ at: w.calendar.at('a.ics'), path: ['calendar', 'a.ics'], problem: 'a broken line' }]);
    }
    expect(await codeOf(w.calendar.put(event('a')))).toBe('exists');
    expect(await codeOf(w.calendar.put(event('a', { name: 'c.ics' })))).toBe('uid-taken');
    expect(await codeOf(w.calendar.remove('a.ics'))).toBe('not-found');
    expect((await w.now()).usedOctets).toBe(used);
  });

  it('brings an item back with repaired octets', async () => {
    await using w = await world(open);
    await w.calendar.put({ ...write(event('a')), body: new TextEncoder().encode('broken') });
    await w.change((tx) => tx.setDead(w.calendar.at('a.ics'), new Map([['{x:}a', '1']]), []));
    await w.maintenance.quarantine(w.calendar.at('a.ics'), 'broken');
    const { revision } = await w.calendar.row();
    const repaired = event('a', { start: 5000 });
    await w.maintenance.release(w.calendar.at('a.ics'), repaired.body);
    const item = await w.calendar.get('a.ics');
    expect(item).toMatchObject({ body: repaired.body, meta: { size: repaired.body.length, uid: 'a' }, component: 'VEVENT', facts: repaired.facts, dead: new Map([['{x:}a', '1']]) });
    expect((await w.calendar.changes(revision)).changed.map(({ name }) => name)).toEqual(['a.ics']);
    expect(await w.calendar.query({ overlaps: { start: 5000, end: 5001 } })).toHaveLength(1);
    expect(await all(w.maintenance.quarantined())).toEqual([]);
    expect((await w.now()).usedOctets).toBe(repaired.body.length);
    expect(await w.store.findByUid(w.homeId, 'a')).toEqual(w.calendar.at('a.ics'));
    expect(await all(w.maintenance.verify(w.homeId, NEVER))).toEqual([]);
  });

  it('says not-found for an item that is not there', async () => {
    await using w = await world(open);
    expect(await codeOf(w.maintenance.quarantine(w.calendar.at('no.ics'), 'x'))).toBe('not-found');
    expect(await codeOf(w.maintenance.release(w.calendar.at('no.ics'), event('a').body))).toBe('not-found');
  });

  it('frees a quarantined item with its collection', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.maintenance.quarantine(w.calendar.at('a.ics'), 'x');
    await w.change((tx) => tx.removeCollection(w.calendar.id));
    expect(await all(w.maintenance.quarantined())).toEqual([]);
    expect((await w.now()).usedOctets).toBe(0);
    await (await w.make('calendar')).put(event('a'));
  });
}

function describeEpochs(open: OpenStore): void {
  it('gives a home a new epoch and leaves its ETags', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const before = await w.calendar.list();
    const { root } = await w.now();
    await w.maintenance.newEpoch(w.homeId);
    for (const provider of [w, await w.reopen()]) {
      const home = (await provider.store.findHome(w.home.owner))!;
      expect(home.root.epoch).not.toBe(root.epoch);
      for (const { epoch } of await provider.store.listCollections(home.root.id, 'infinity')) expect(epoch).toBe(home.root.epoch);
      expect(await w.calendar.through(provider).list()).toEqual(before);
    }
    const since = (await w.calendar.row()).revision;
    await w.calendar.put(event('b'));
    expect((await w.calendar.changes(since)).changed.map(({ name }) => name)).toEqual(['b.ics']);
  });
}

function describeTravel(open: OpenStore): void {
  async function fill(w: World): Promise<void> {
    for (const item of [event('a'), recurring('b'), todo('c')]) await w.calendar.put(item);
    await w.files.put(file('large', bytes(random(9), 200_000), 'application/octet-stream'));
    await w.files.put(file('empty', ''));
    const folder = await w.make('deep/er', 'files', w.files.id);
    await folder.put(file('.ünï cödé'));
    await w.change(async (tx) => {
      const at = w.calendar.at('a.ics');
      await tx.putItem(w.calendar.id, write(event('a'), { scheduleTag: 'tag' as never }));
      await tx.setDead(at, new Map([['{x:}a', '1']]), []);
      await tx.setItemAcl(at, [{ principal: ben, grant: 1 }]);
      await tx.setPersonal(at, ben, { patch: Uint8Array.of(1, 255), facts: factsOf({ start: 1, end: 2 }, { occurrences: Uint8Array.of(9) }) });
      await tx.attach(at, { managedId: 'm', id: 'blob', octets: 5, sha256: 'ab', name: 'n', type: 't/t' });
      await tx.updateCollection(w.calendar.id, { set: new Map([['{x:}a', 'ä']]), acl: [{ principal: 'all', grant: 1 }], personal: { principal: ben, set: new Map([['{x:}b', '1']]), remove: [] } });
      await tx.updateCollection(w.home.root.id, { set: new Map([['{x:}root', '1']]) });
    });
  }
  /** All that a home is, but for revisions, epochs and ids. */
  async function essence({ store }: Pick<StoreProvider, 'store'>, of: string): Promise<unknown> {
    const home = (await store.findHome(principal(of)))!;
    const collections = [home.root, ...await store.listCollections(home.root.id, 'infinity')];
    const rows = await Promise.all(collections.map(async ({ id, segment, kind, created, properties, personal, acl, itemsWithAcl, parent }) => ({
      segment: parent === undefined ? '' : segment, kind, created, properties, personal, acl, itemsWithAcl,
      items: (await all(store.listItems(id, { ...EVERYTHING, personal: ben }))).map(({ meta, personal: own, ...item }) => {
        const { revision, ...kept } = meta!;
        expect(revision).toBeGreaterThan(0);
        return { ...item, meta: kept, personal: own && { patch: own.patch, facts: own.facts } };
      }),
    })));
    return { tree: await homeAsItIs(store, home), usedOctets: home.usedOctets, rows: rows.sort((a, b) => (a.segment < b.segment ? -1 : 1)) };
  }

  it('brings a home back into its own store, ids included, under a new epoch', async () => {
    await using w = await world(open);
    await fill(w);
    const before = await essence(w, 'id-amy');
    const { root } = await w.now();
    const archive = (await octetsOf(w.maintenance.exportHome(w.homeId)))!;
    await w.maintenance.removeHome(w.homeId, { erase: false });
    await w.maintenance.importHome(owner('amy'), once(archive), []);
    expect(await essence(w, 'id-amy')).toEqual(before);
    const home = await w.now();
    expect(home.root.epoch).not.toBe(root.epoch);
    expect((await w.store.findCollection(home.root.id, 'calendar'))!.id).toBe(w.calendar.id);
    expect(await w.store.findByUid(home.id, 'b')).toEqual(w.calendar.at('b.ics'));
    expect(await all(w.maintenance.verify(home.id, NEVER))).toEqual([]);
    await new GivenCollection(w, home.id, w.calendar.id).put(event('after'));
  });

  it('brings a home to another owner beside the first, with the collections that were asked for', async () => {
    await using w = await world(open);
    await fill(w);
    const archive = (await octetsOf(w.maintenance.exportHome(w.homeId)))!;
    const id = await w.maintenance.importHome(owner('ben'), once(archive), [draft('calendar'), draft('tasks')]);
    const home = (await w.store.findHome(ben))!;
    expect(home.id).toBe(id);
    expect((await w.store.listCollections(home.root.id, 1)).map(({ segment }) => segment).sort()).toEqual(['calendar', 'dropbox', 'inbox', 'tasks']);
    const calendar = (await w.store.findCollection(home.root.id, 'calendar'))!;
    expect(calendar.id).not.toBe(w.calendar.id);
    expect(await new GivenCollection(w, id, calendar.id).names()).toEqual(['a.ics', 'b.ics', 'c.ics']);
    await w.store.write(id, NO_LIMITS, (tx) => tx.putItem(calendar.id, write(event('new'))));
    expect(await w.calendar.names()).toEqual(['a.ics', 'b.ics', 'c.ics']);
  });

  it('takes what changed while the archive was written', async () => {
    await using w = await world(open);
    for (let n = 0; n < 600; n++) await w.files.put(file(`f${String(n).padStart(3, '0')}`, `${n}`));
    const chunks: Uint8Array[] = [];
    let changed = false;
    for await (const chunk of w.maintenance.exportHome(w.homeId)) {
      chunks.push(chunk.slice());
      if (changed) continue;
      changed = true;
      await w.files.put(file('f599', 'changed'));
      await w.files.remove('f000');
      await w.files.put(file('new', 'new'));
    }
    const before = await homeAsItIs(w.store, w.home);
    await w.maintenance.removeHome(w.homeId, { erase: false });
    await w.maintenance.importHome(owner('amy'), once(Buffer.concat(chunks)), []);
    const after = await homeAsItIs(w.store, await w.now());
    expect(after).toEqual(before);
    expect(after).toContain(`dropbox/new ${(await w.store.findItem(w.files.id, itemName('new'), {}))!.etag}`);
  });

  it('refuses an archive that breaks off, or is none, and leaves no home', async () => {
    await using w = await world(open);
    await fill(w);
    const archive = (await octetsOf(w.maintenance.exportHome(w.homeId)))!;
    for (const broken of [archive.slice(0, 700), archive.slice(0, archive.length / 2), new TextEncoder().encode('x'.repeat(2000)), new Uint8Array()]) {
      expect(await codeOf(w.maintenance.importHome(owner('ben'), once(broken), []))).not.toBe('accepted');
      expect(await w.store.findHome(ben)).toBeUndefined();
    }
    expect(await codeOf(w.maintenance.importHome(owner('amy'), once(archive), []))).not.toBe('accepted');
  });

  it('exchanges homes with the reference store, both ways', async () => {
    await using w = await world(open);
    await fill(w);
    const memory = memoryStore({ clock: w.clock, reader: plainReader });
    await memory.maintenance.importHome(owner('amy'), w.maintenance.exportHome(w.homeId), []);
    expect(await essence(memory, 'id-amy')).toEqual(await essence(w, 'id-amy'));
    const home = (await memory.store.findHome(w.home.owner))!;
    await w.maintenance.importHome(owner('ben'), memory.maintenance.exportHome(home.id), []);
    expect(await essence(w, 'id-ben')).toEqual(await essence(w, 'id-amy'));
    const findings: readonly Finding[] = await all(w.maintenance.verify((await w.store.findHome(ben))!.id, NEVER));
    expect(findings).toEqual([]);
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 5000) yield bytes.slice(at, at + 5000);
}
