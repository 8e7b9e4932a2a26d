/** Homes and collections: making, finding, listing, their properties and names. Moves and hiding are in `move-cases.ts`. */
import { expect, it } from 'vitest';
import type { Collection } from '@kalends/contracts';
import { event, file } from '../ics.ts';
import { codeOf, draft, FIRST, GivenCollection, itemName, NO_LIMITS, owner, principal, world } from './given.ts';
import type { OpenStore } from './store-harness.ts';

/** Segments and item names that a careless store trips over. Decoded and NFC, as the contract has them. */
export const NASTY_NAMES: readonly string[] = [
  'a', 'A', 'a.ics', 'A.ICS', '.', '..', '...', '.hidden', '.collection.json', '.meta', '.tmp', 'with space', ' leading', 'trailing ', 'trailing.', 'a%2Fb', '%', '%25', 'a\\b',
  'con', 'aux.ics', 'café', 'Straße', '日本語', 'emoji-🎉', 'quote\'s', '"double"', 'a;b', 'a&b<c>', '*', '?', 'a:b', '|', '_', '__uids__', '-', '--', '0', 'x'.repeat(201), 'y'.repeat(255),
  '日'.repeat(85), 'undefined', '__proto__', 'constructor',
];

export function describeTree(open: OpenStore): void {
  describeHomes(open);
  describeLocate(open);
  describeCollections(open);
}

function describeHomes(open: OpenStore): void {
  it('knows no home before it is made', async () => {
    await using w = await world(open);
    expect(await w.store.findHome(principal('id-nobody'))).toBeUndefined();
    expect(await w.store.locate(principal('id-nobody'), [], {})).toBeUndefined();
  });

  it('makes a home with its root and first collections in one change', async () => {
    await using w = await world(open);
    const acl = [{ principal: 'authenticated', grant: 1, inheritable: true }] as const;
    const home = await w.store.createHome(owner('ben', 'location'), { properties: new Map([['{DAV:}displayname', '<D>Ben</D>']]), acl }, [
      draft('calendar', 'calendar', { '{x:}color': 'red' }), { ...draft('inbox', 'inbox'), acl: [{ principal: 'all', grant: 2 }] },
    ]);
    expect(home).toMatchObject({ owner: 'id-ben', usedOctets: 0, locks: 0, grantsRevision: 0, root: { kind: 'home', parent: undefined, home: home.id, acl } });
    expect(home.root.properties).toEqual(new Map([['{DAV:}displayname', '<D>Ben</D>']]));
    const children = await w.store.listCollections(home.root.id, 1);
    expect(segments(children)).toEqual(['calendar', 'inbox']);
    expect(children.map(({ revision, parent, home: of, epoch }) => ({ revision, parent, of, epoch }))).toEqual(
      [1, 2].map(() => ({ revision: home.root.revision, parent: home.root.id, of: home.id, epoch: home.root.epoch })));
    expect(bySegment(children, 'calendar').properties).toEqual(new Map([['{x:}color', 'red']]));
    expect(bySegment(children, 'inbox').acl).toEqual([{ principal: 'all', grant: 2 }]);
    expect(await w.store.findHome(principal('id-ben'))).toEqual(home);
  });

  it('gives the same home to whoever asks again, as it is', async () => {
    await using w = await world(open);
    const again = await w.store.createHome(owner('amy'), { properties: new Map([['{x:}y', 'z']]), acl: [] }, [draft('another')]);
    expect(again.id).toBe(w.homeId);
    expect(again.root.properties.size).toBe(0);
    expect(segments(await w.store.listCollections(again.root.id, 1))).toEqual(['calendar', 'dropbox', 'inbox']);
  });

  it('gives the same home when several ask at once', async () => {
    await using w = await world(open);
    const homes = await Promise.all([1, 2, 3, 4].map(() => w.store.createHome(owner('ben'), { properties: new Map(), acl: [] }, FIRST)));
    expect(new Set(homes.map(({ id }) => id)).size).toBe(1);
    expect(await w.store.listCollections(homes[0]!.root.id, 'infinity')).toHaveLength(FIRST.length);
  });

  it('keeps homes apart', async () => {
    await using w = await world(open);
    const ben = await w.store.createHome(owner('ben'), { properties: new Map(), acl: [] }, FIRST);
    await w.calendar.put(event('a'));
    expect((await w.store.findHome(principal('id-ben')))!).toEqual(ben);
    const calendar = (await w.store.findCollection(ben.root.id, 'calendar'))!;
    expect(calendar.id).not.toBe(w.calendar.id);
    expect(await new GivenCollection(w, ben.id, calendar.id).names()).toEqual([]);
  });

  it('makes ids and epochs of letters, digits, dots and hyphens: they stand in URLs and, joined by underscores, in sync tokens', async () => {
    await using w = await world(open);
    const { id, epoch } = await w.calendar.row();
    expect(id).toMatch(/^[A-Za-z0-9.-]+$/);
    expect(epoch).toMatch(/^[A-Za-z0-9.-]+$/);
  });

  it('takes any id that a directory may have', async () => {
    await using w = await world(open);
    for (const id of ['10000000-0000-0000-0000-000000000001', '{ABC}', 'o=x,cn=y', '..', '.', 'a%2Fb', 'ÄÖÜ', 'x'.repeat(200), 'AMY', 'amy']) {
      const home = await w.store.createHome({ id: principal(id), kind: 'user', name: 'x' }, { properties: new Map(), acl: [] }, FIRST);
      expect(home.owner).toBe(id);
      await w.store.write(home.id, NO_LIMITS, async (tx) => tx.putItem((await tx.findCollection(home.root.id, 'dropbox'))!.id, file('f')));
      expect((await w.store.locate(principal(id), ['dropbox', 'f'], {}))?.item?.name).toBe('f');
    }
    expect((await w.maintenance.homes(undefined, 100)).length).toBe(11);
  });
}

function describeLocate(open: OpenStore): void {
  it('locates the root by an empty path', async () => {
    await using w = await world(open);
    const found = (await w.store.locate(w.home.owner, [], {}))!;
    expect(found).toMatchObject({ home: { id: w.homeId }, collection: { id: w.home.root.id }, ancestors: [], rest: [] });
    expect(found).not.toHaveProperty('item');
  });

  it('locates a collection with its ancestors from the root down', async () => {
    await using w = await world(open);
    const a = await w.make('a', 'files', w.files.id);
    const b = await w.make('b', 'files', a.id);
    const found = (await w.store.locate(w.home.owner, ['dropbox', 'a', 'b'], {}))!;
    expect(found.collection).toEqual(await b.row());
    expect(found.ancestors).toEqual([(await w.now()).root, await w.files.row(), await a.row()]);
    expect(found.rest).toEqual([]);
  });

  it('locates an item with the columns that were asked for', async () => {
    await using w = await world(open);
    const { etag } = await w.calendar.put(event('a'));
    const found = (await w.store.locate(w.home.owner, ['calendar', 'a.ics'], { body: true }))!;
    expect(found).toMatchObject({ collection: { id: w.calendar.id }, rest: ['a.ics'], item: { name: 'a.ics', etag, component: 'VEVENT', body: event('a').body } });
    expect(found.item).not.toHaveProperty('meta');
  });

  it('says how far it came where nothing is', async () => {
    await using w = await world(open);
    await w.files.put(file('f'));
    const located = async (...path: string[]): Promise<unknown> => {
      const { collection, rest, item } = (await w.store.locate(w.home.owner, path, {}))!;
      return { at: collection.segment, rest, item: item?.name };
    };
    expect(await located('calendar', 'no.ics')).toEqual({ at: 'calendar', rest: ['no.ics'], item: undefined });
    expect(await located('nowhere')).toEqual({ at: w.home.root.segment, rest: ['nowhere'], item: undefined });
    expect(await located('nowhere', 'deep', 'er')).toEqual({ at: w.home.root.segment, rest: ['nowhere', 'deep', 'er'], item: undefined });
    expect(await located('dropbox', 'f', 'below-a-file')).toEqual({ at: 'dropbox', rest: ['f', 'below-a-file'], item: undefined });
  });

  it('tells one segment with a slash from two', async () => {
    await using w = await world(open);
    const slashed = await w.make('a/b', 'files', w.files.id);
    const a = await w.make('a', 'files', w.files.id);
    const b = await w.make('b', 'files', a.id);
    expect((await w.store.locate(w.home.owner, ['dropbox', 'a/b'], {}))!.collection.id).toBe(slashed.id);
    expect((await w.store.locate(w.home.owner, ['dropbox', 'a', 'b'], {}))!.collection.id).toBe(b.id);
  });
}

function describeCollections(open: OpenStore): void {
  it('makes a collection with what the draft says', async () => {
    await using w = await world(open);
    await w.clock.advance(5000);
    const acl = [{ principal: { property: { ns: 'DAV:', local: 'owner' } }, grant: 3, deny: 4 }, { principal: principal('id-ben'), grant: 1, inheritable: true }] as const;
    const { value: id, revision } = await w.change((tx) => tx.createCollection(w.home.root.id, { ...draft('work', 'a-plugins-own', { '{DAV:}displayname': 'W & co' }), acl }));
    const seconds = Math.floor(w.clock.now() / 1000);
    const made = await w.store.findCollection(w.home.root.id, 'work');
    expect(made).toEqual({
      id, home: w.homeId, parent: w.home.root.id, segment: 'work', kind: 'a-plugins-own', revision, created: seconds, modified: seconds, epoch: w.home.root.epoch,
      aclRevision: revision, itemsWithAcl: 0, properties: new Map([['{DAV:}displayname', 'W & co']]), personal: new Map(), acl,
    });
  });

  it('finds a child by its segment, and undefined elsewhere', async () => {
    await using w = await world(open);
    expect((await w.store.findCollection(w.home.root.id, 'calendar'))?.id).toBe(w.calendar.id);
    expect(await w.store.findCollection(w.home.root.id, 'Calendar')).toBeUndefined();
    expect(await w.store.findCollection(w.calendar.id, 'calendar')).toBeUndefined();
    expect(await w.store.findCollection('unknown' as never, 'calendar')).toBeUndefined();
  });

  it('finds collections of several homes by id and leaves out what is not there', async () => {
    await using w = await world(open);
    const ben = await w.store.createHome(owner('ben'), { properties: new Map(), acl: [] }, FIRST);
    const found = await w.store.findCollections([w.calendar.id, ben.root.id, 'unknown' as never, w.calendar.id]);
    expect([...found.keys()].sort()).toEqual([w.calendar.id, ben.root.id].sort());
    expect(found.get(ben.root.id)).toEqual(ben.root);
    expect(await w.store.findCollections([])).toEqual(new Map());
  });

  it('lists children, or all below', async () => {
    await using w = await world(open);
    const a = await w.make('a', 'files', w.files.id);
    await w.make('b', 'files', a.id);
    expect(segments(await w.store.listCollections(w.files.id, 1))).toEqual(['a']);
    expect(segments(await w.store.listCollections(w.files.id, 'infinity'))).toEqual(['a', 'b']);
    expect(segments(await w.store.listCollections(w.home.root.id, 'infinity'))).toEqual(['a', 'b', 'calendar', 'dropbox', 'inbox']);
    expect(await w.store.listCollections('unknown' as never, 1)).toEqual([]);
  });

  it('nests a dozen levels', async () => {
    await using w = await world(open);
    let parent = w.files;
    const path = Array.from({ length: 12 }, (_, depth) => `level-${depth}`);
    for (const segment of path) parent = await w.make(segment, 'files', parent.id);
    await parent.put(file('deep'));
    const found = (await w.store.locate(w.home.owner, ['dropbox', ...path, 'deep'], {}))!;
    expect(found.item?.name).toBe('deep');
    expect(found.ancestors).toHaveLength(13);
  });

  it('refuses a second collection of the same name', async () => {
    await using w = await world(open);
    expect(await codeOf(w.make('calendar'))).toBe('exists');
    expect(await codeOf(w.change(async (tx) => {
      await tx.createCollection(w.home.root.id, draft('twice'));
      await tx.createCollection(w.home.root.id, draft('twice'));
    }))).toBe('exists');
    expect(await w.store.findCollection(w.home.root.id, 'twice')).toBeUndefined();
  });

  it('says collection-gone where the parent is not there', async () => {
    await using w = await world(open);
    expect(await codeOf(w.make('x', 'files', 'unknown' as never))).toBe('collection-gone');
    expect(await codeOf(w.change((tx) => tx.updateCollection('unknown' as never, {})))).toBe('collection-gone');
  });

  it('keeps items and collections of one parent from sharing a name', async () => {
    await using w = await world(open);
    await w.files.put(file('f'));
    expect(await codeOf(w.make('f', 'files', w.files.id))).toBe('exists');
    const folder = await w.make('folder', 'files', w.files.id);
    expect(await codeOf(w.files.put(file('folder')))).toBe('exists');
    expect(await codeOf(w.change((tx) => tx.moveItem(w.files.at('f'), w.files.at('folder'), { overwrite: true })))).toBe('exists');
    expect(await codeOf(w.change((tx) => tx.copyItem(w.files.at('f'), w.files.at('folder'), { overwrite: true })))).toBe('exists');
    expect(await codeOf(w.change((tx) => tx.moveCollection(folder.id, w.files.id, 'f')))).toBe('exists');
    expect(await w.files.names()).toEqual(['f']);
  });

  it('sets and removes properties and leaves the others', async () => {
    await using w = await world(open);
    await w.calendar.update({ set: new Map([['{x:}a', '1'], ['{x:}b', '<b xmlns="x:">ü &amp; 日</b>']]) });
    await w.calendar.update({ set: new Map([['{x:}a', '2'], ['{x:}c', '']]), remove: ['{x:}never'] });
    expect((await w.calendar.row()).properties).toEqual(new Map([['{x:}a', '2'], ['{x:}b', '<b xmlns="x:">ü &amp; 日</b>'], ['{x:}c', '']]));
    await w.calendar.update({ remove: ['{x:}a', '{x:}c'] });
    expect((await w.calendar.row()).properties).toEqual(new Map([['{x:}b', '<b xmlns="x:">ü &amp; 日</b>']]));
  });

  it('changes the properties of a home at its root', async () => {
    await using w = await world(open);
    await w.change((tx) => tx.updateCollection(w.home.root.id, { set: new Map([['{x:}a', '1']]) }));
    expect((await w.now()).root.properties).toEqual(new Map([['{x:}a', '1']]));
  });

  it('keeps values that only one principal sees apart from those for all', async () => {
    await using w = await world(open);
    const [ben, cat] = [principal('id-ben'), principal('id-cat')];
    await w.calendar.update({ set: new Map([['{x:}color', 'red']]) });
    await w.calendar.update({ personal: { principal: ben, set: new Map([['{x:}color', 'blue'], ['{x:}order', '1']]), remove: [] } });
    await w.calendar.update({ personal: { principal: cat, set: new Map([['{x:}color', 'green']]), remove: [] } });
    await w.calendar.update({ personal: { principal: ben, set: new Map(), remove: ['{x:}order'] } });
    const row = await w.calendar.row();
    expect(row.properties).toEqual(new Map([['{x:}color', 'red']]));
    expect(row.personal).toEqual(new Map([[ben, new Map([['{x:}color', 'blue']])], [cat, new Map([['{x:}color', 'green']])]]));
    await w.calendar.update({ personal: { principal: ben, set: new Map(), remove: ['{x:}color'] } });
    expect([...(await w.calendar.row()).personal.keys()]).toEqual([cat]);
  });

  it('keeps the time of creation and moves the time of change, of all above too', async () => {
    await using w = await world(open);
    const before = await w.calendar.row();
    await w.clock.advance(10_000);
    await w.calendar.put(event('a'));
    const after = await w.calendar.row();
    expect(after).toMatchObject({ created: before.created, modified: before.modified + 10 });
    expect((await w.now()).root.modified).toBe(after.modified);
    expect((await w.files.row()).modified).toBe(before.modified);
  });

  it('takes every name for a collection and gives it back', async () => {
    await using w = await world(open);
    await w.change(async (tx) => {
      for (const name of NASTY_NAMES) await tx.createCollection(w.files.id, draft(name, 'files'));
    });
    for (const reader of [w.store, (await w.reopen()).store]) {
      expect(segments(await reader.listCollections(w.files.id, 1))).toEqual([...NASTY_NAMES].sort());
      for (const name of NASTY_NAMES) expect((await reader.locate(w.home.owner, ['dropbox', name], {}))!.collection.segment).toBe(name);
    }
    for (const { id, segment } of await w.store.listCollections(w.files.id, 1)) await new GivenCollection(w, w.homeId, id).put(file('inside', segment));
    for (const name of NASTY_NAMES) {
      const { item } = (await w.store.locate(w.home.owner, ['dropbox', name, 'inside'], { body: true }))!;
      expect(new TextDecoder().decode(item!.body)).toBe(name);
    }
  });

  it('takes every name for an item and gives it back', async () => {
    await using w = await world(open);
    await w.change(async (tx) => {
      for (const name of NASTY_NAMES) await tx.putItem(w.files.id, file(name));
    });
    expect([...await w.files.names()].sort()).toEqual([...NASTY_NAMES].sort());
    const again = w.files.through(await w.reopen());
    for (const name of NASTY_NAMES) expect(new TextDecoder().decode((await again.get(name)).body)).toBe(name);
    for (const name of NASTY_NAMES) await w.change((tx) => tx.moveItem(w.files.at(name), { collection: w.files.id, name: itemName(`m${name.slice(0, 80)}${NASTY_NAMES.indexOf(name)}`) }, { overwrite: false }));
    expect(await w.files.names()).toHaveLength(NASTY_NAMES.length);
  });
}

function segments(rows: readonly Collection[]): readonly string[] {
  return rows.map(({ segment }) => segment).sort();
}
function bySegment(rows: readonly Collection[], segment: string): Collection {
  return rows.find((row) => row.segment === segment)!;
}
