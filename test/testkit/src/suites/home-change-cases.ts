/** `homeChangesSince`: what a client sees that syncs a whole home, shallow or deep. */
import { expect, it } from 'vitest';
import type { CollectionId, HomeChangePage, Revision } from '@kalends/contracts';
import { event, file } from '../ics.ts';
import { codeOf, draft, itemName, pick, random, world } from './given.ts';
import type { World } from './given.ts';
import { HomeFollower, homeAsItIs } from './home-follower.ts';
import type { OpenStore } from './store-harness.ts';

type Summary = { readonly collections: readonly string[]; readonly removed: readonly string[]; readonly items: readonly string[] };
const summary = ({ collections, removed, items }: HomeChangePage): Summary => ({
  collections: collections.map(({ segment }) => segment).sort(), removed: removed.map((path) => path.join('/')).sort(), items: items.map(({ item }) => item.name as string).sort(),
});
const deep = (w: World, since: Revision | 'start'): Promise<HomeChangePage> => w.store.homeChangesSince(w.homeId, since, 1000, true, {});
const shallow = (w: World, since: Revision | 'start'): Promise<HomeChangePage> => w.store.homeChangesSince(w.homeId, since, 1000, false, {});
const revision = async (w: World): Promise<Revision> => (await w.now()).root.revision;
const remove = (w: World, id: CollectionId): Promise<unknown> => w.change((tx) => tx.removeCollection(id));

export function describeHomeChanges(open: OpenStore): void {
  describeOneChange(open);
  describeNames(open);
  describeFollowing(open);
}

function describeOneChange(open: OpenStore): void {
  it('starts with every collection but the root, and every item if deep', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.files.put(file('f'));
    expect(summary(await shallow(w, 'start'))).toEqual({ collections: ['calendar', 'dropbox', 'inbox'], removed: [], items: [] });
    const page = await deep(w, 'start');
    expect(summary(page)).toEqual({ collections: ['calendar', 'dropbox', 'inbox'], removed: [], items: ['a.ics', 'f'] });
    expect(page).toMatchObject({ more: false, revision: await revision(w) });
    expect(page.items.find(({ item }) => item.name === 'f')!.collection).toBe(w.files.id);
  });

  it('has nothing to say since the present revision', async () => {
    await using w = await world(open);
    const since = await revision(w);
    expect(await deep(w, since)).toEqual({ collections: [], removed: [], items: [], revision: since, more: false });
  });

  it('names a collection when something below it changed, with its present state', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const since = await revision(w);
    await w.calendar.put(event('a', { summary: 'new' }));
    await w.calendar.put(event('b'));
    expect(summary(await shallow(w, since))).toEqual({ collections: ['calendar'], removed: [], items: [] });
    const page = await deep(w, since);
    expect(summary(page)).toEqual({ collections: ['calendar'], removed: [], items: ['a.ics', 'b.ics'] });
    expect(page.collections).toEqual([await w.calendar.row()]);
  });

  it('names removed items by path, if deep', async () => {
    await using w = await world(open);
    const a = await w.make('a', 'files', w.files.id);
    await a.put(file('f'));
    const since = await revision(w);
    await a.remove('f');
    expect(summary(await shallow(w, since))).toEqual({ collections: ['a', 'dropbox'], removed: [], items: [] });
    expect(summary(await deep(w, since))).toEqual({ collections: ['a', 'dropbox'], removed: ['dropbox/a/f'], items: [] });
  });

  it('names a removed collection once, and none of its former members', async () => {
    await using w = await world(open);
    const a = await w.make('a', 'files', w.files.id);
    const b = await w.make('b', 'files', a.id);
    for (const at of [a, b]) for (const name of ['f', 'g']) await at.put(file(name));
    const since = await revision(w);
    await a.remove('f');
    await remove(w, b.id);
    await remove(w, a.id);
    expect(summary(await deep(w, since))).toEqual({ collections: ['dropbox'], removed: ['dropbox/a'], items: [] });
    expect(summary(await shallow(w, since))).toEqual({ collections: ['dropbox'], removed: ['dropbox/a'], items: [] });
  });

  it('names a hidden collection as removed, once', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const since = await revision(w);
    await w.change((tx) => tx.hideCollection(w.calendar.id));
    expect(summary(await deep(w, since))).toEqual({ collections: [], removed: ['calendar'], items: [] });
    const later = await revision(w);
    await w.calendar.remove('a.ics');
    await remove(w, w.calendar.id);
    expect(summary(await deep(w, later))).toEqual({ collections: [], removed: [], items: [] });
    expect(summary(await deep(w, since))).toEqual({ collections: [], removed: ['calendar'], items: [] });
  });

  it('raises the home but names nothing when only the root changed', async () => {
    await using w = await world(open);
    const since = await revision(w);
    await w.change((tx) => tx.updateCollection(w.home.root.id, { set: new Map([['{x:}a', '1']]) }));
    expect(await deep(w, since)).toEqual({ collections: [], removed: [], items: [], revision: since + 1, more: false });
  });

  it('names an item that moved between collections at both ends', async () => {
    await using w = await world(open);
    const other = await w.make('other');
    await w.calendar.put(event('a'));
    const since = await revision(w);
    await w.change((tx) => tx.moveItem(w.calendar.at('a.ics'), other.at('b.ics'), { overwrite: false }));
    expect(summary(await deep(w, since))).toEqual({ collections: ['calendar', 'other'], removed: ['calendar/a.ics'], items: ['b.ics'] });
  });

  it('refuses a revision that is still to come, and a home that is not there', async () => {
    await using w = await world(open);
    expect(await codeOf(deep(w, (await revision(w)) + 1 as Revision))).toBe('revision-gone');
    expect(await codeOf(w.store.homeChangesSince('unknown' as never, 'start', 10, false, {}))).toBe('not-found');
  });
}

function describeNames(open: OpenStore): void {
  it('names a collection that was removed and made again as changed only, with all its items', async () => {
    await using w = await world(open);
    await w.calendar.put(event('old'));
    const since = await revision(w);
    await remove(w, w.calendar.id);
    const again = await w.make('calendar');
    await again.put(event('new'));
    const page = await deep(w, since);
    expect(summary(page)).toEqual({ collections: ['calendar'], removed: [], items: ['new.ics'] });
    expect(page.collections[0]!.id).toBe(again.id);
  });

  it('names a moved collection at its old path as gone and at the new as made, with all its items', async () => {
    await using w = await world(open);
    const a = await w.make('a', 'files', w.files.id);
    const b = await w.make('b', 'files', a.id);
    await a.put(file('f'));
    await b.put(file('g'));
    await a.put(file('gone before'));
    const since = await revision(w);
    await a.remove('gone before');
    await w.change((tx) => tx.moveCollection(a.id, w.home.root.id, 'moved'));
    expect(summary(await deep(w, since))).toEqual({ collections: ['b', 'dropbox', 'moved'], removed: ['dropbox/a'], items: ['f', 'g'] });
    expect(summary(await shallow(w, since))).toEqual({ collections: ['b', 'dropbox', 'moved'], removed: ['dropbox/a'], items: [] });
  });

  it('does not name as gone a path that something stands at again', async () => {
    await using w = await world(open);
    const other = await w.make('other');
    const since = await revision(w);
    await w.change((tx) => tx.moveCollection(w.calendar.id, w.home.root.id, 'aside'));
    await w.change((tx) => tx.moveCollection(other.id, w.home.root.id, 'calendar'));
    await w.change((tx) => tx.moveCollection(w.calendar.id, w.home.root.id, 'other'));
    expect(summary(await deep(w, since))).toEqual({ collections: ['calendar', 'other'], removed: ['aside'], items: [] });
    const back = await revision(w);
    await w.change((tx) => tx.moveCollection(w.inbox.id, w.home.root.id, 'away'));
    await w.change((tx) => tx.moveCollection(w.inbox.id, w.home.root.id, 'inbox'));
    expect(summary(await deep(w, back))).toEqual({ collections: ['inbox'], removed: ['away'], items: [] });
  });

  it('names a file as changed where a folder was, and the other way round', async () => {
    await using w = await world(open);
    const a = await w.make('a', 'files', w.files.id);
    await w.files.put(file('b'));
    const since = await revision(w);
    await remove(w, a.id);
    await w.files.put(file('a'));
    await w.files.remove('b');
    await w.make('b', 'files', w.files.id);
    expect(summary(await deep(w, since))).toEqual({ collections: ['b', 'dropbox'], removed: [], items: ['a'] });
  });

  it('names a removal after a move at the path where it happened', async () => {
    await using w = await world(open);
    const a = await w.make('a', 'files', w.files.id);
    await a.put(file('f'));
    await w.change((tx) => tx.moveCollection(a.id, w.files.id, 'b'));
    const since = await revision(w);
    await a.remove('f');
    expect(summary(await deep(w, since)).removed).toEqual(['dropbox/b/f']);
    await w.change((tx) => tx.moveCollection(a.id, w.files.id, 'c'));
    expect(summary(await deep(w, since)).removed).toEqual(['dropbox/b']);
  });
}

function describeFollowing(open: OpenStore): void {
  it('pages, never splitting a change, to the same end', async () => {
    await using w = await world(open);
    for (let n = 0; n < 6; n++) await w.files.put(file(`f${n}`));
    const since = await revision(w);
    for (let n = 0; n < 6; n++) await w.files.remove(`f${n}`);
    for (let n = 0; n < 6; n++) await w.make(`c${n}`, 'files', w.files.id);
    const removed: string[] = [];
    const collections: string[] = [];
    for (let from = since, more = true; more;) {
      const page = await w.store.homeChangesSince(w.homeId, from, 2, true, {});
      removed.push(...summary(page).removed);
      collections.push(...summary(page).collections);
      ({ revision: from, more } = page);
    }
    expect(removed).toEqual([0, 1, 2, 3, 4, 5].map((n) => `dropbox/f${n}`));
    expect(collections.sort()).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'dropbox']);
  });

  it.each([1, 2, 3])('leads a client that follows it, at any pace, to what is there (seed %i)', async (seed) => {
    await using w = await world(open);
    const next = random(seed);
    const follower = new HomeFollower(w.home);
    for (let round = 0; round < 30; round++) {
      for (let step = 0; step < Math.floor(next() * 6); step++) await randomStep(w, next, `${round}-${step}`);
      await follower.catchUp(w.store, () => pick(next, [1, 2, 3, 10, 1000]));
      expect(follower.tree()).toEqual(await homeAsItIs(w.store, w.home));
    }
  });
}

/** One random change to the tree below the dropbox. Few names, so that they are used again. */
async function randomStep(w: World, next: () => number, salt: string): Promise<void> {
  const folders = [{ id: w.files.id, segment: 'dropbox' }, ...await w.store.listCollections(w.files.id, 'infinity')];
  const folder = pick(next, folders).id;
  const other = pick(next, folders).id;
  const victim = folders.length > 1 ? folders[1 + Math.floor(next() * (folders.length - 1))]!.id : undefined;
  const [name, second] = [pick(next, ['a', 'b', 'c']), pick(next, ['a', 'b', 'c'])];
  const steps: readonly Parameters<World['change']>[0][] = [
    (tx) => tx.putItem(folder, file(name, salt)),
    (tx) => tx.putItem(folder, file(name, salt)),
    (tx) => tx.removeItem(folder, itemName(name)),
    (tx) => tx.createCollection(folder, draft(name, 'files')),
    (tx) => tx.createCollection(folder, draft(name, 'files')),
    (tx) => tx.moveItem({ collection: folder, name: itemName(name) }, { collection: other, name: itemName(second) }, { overwrite: true }),
    async (tx) => victim && tx.moveCollection(victim, other, second),
    async (tx) => victim && tx.moveCollection(victim, other, second),
    async (tx) => victim && tx.removeCollection(victim),
    async (tx) => victim && tx.hideCollection(victim),
  ];
  const step = pick(next, steps);
  // Names taken, nothing there: a refused change is a change that did not happen.
  await w.change(step).catch(() => undefined);
}
