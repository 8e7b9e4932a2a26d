/** Collections that move, hide and go, with everything below them. */
import { expect, it } from 'vitest';
import { event, file, write } from '../ics.ts';
import { all, codeOf, draft, GivenCollection, itemName, octetsOf, world } from './given.ts';
import type { World } from './given.ts';
import type { OpenStore } from './store-harness.ts';

export function describeMoves(open: OpenStore): void {
  describeMovedCollections(open);
  describeHiddenCollections(open);
  describeRemovedCollections(open);
}

/** `dropbox/a` with a file `f`, and `dropbox/a/b` with a file `g`. */
async function nested(w: World): Promise<{ readonly a: GivenCollection; readonly b: GivenCollection }> {
  const a = await w.make('a', 'files', w.files.id);
  const b = await w.make('b', 'files', a.id);
  await a.put(file('f'));
  await b.put(file('g'));
  return { a, b };
}
const text = (body: Uint8Array | undefined): string => new TextDecoder().decode(body);
async function read(w: World, ...path: string[]): Promise<string | undefined> {
  const item = (await w.store.locate(w.home.owner, path, { body: true }))!.item;
  return item && text(item.body);
}

function describeMovedCollections(open: OpenStore): void {
  it('renames a collection: same id, same items, the old name free', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const before = await w.calendar.row();
    await w.change((tx) => tx.moveCollection(w.calendar.id, w.home.root.id, 'work'));
    expect(await w.store.findCollection(w.home.root.id, 'calendar')).toBeUndefined();
    const after = (await w.store.findCollection(w.home.root.id, 'work'))!;
    expect(after).toMatchObject({ id: before.id, created: before.created, kind: 'calendar', segment: 'work' });
    expect(await w.calendar.names()).toEqual(['a.ics']);
    expect(await read(w, 'work', 'a.ics')).toBe(event('a').text);
    expect((await w.store.findByUid(w.homeId, 'a'))).toEqual(w.calendar.at('a.ics'));
    await w.make('calendar');
  });

  it('moves a collection below another, with everything below it', async () => {
    await using w = await world(open);
    const { a, b } = await nested(w);
    const other = await w.make('other', 'files', w.files.id);
    await w.change((tx) => tx.moveCollection(a.id, other.id, 'moved'));
    for (const { store } of [w, await w.reopen()]) {
      const found = (await store.locate(w.home.owner, ['dropbox', 'other', 'moved', 'b', 'g'], { body: true }))!;
      expect(text(found.item?.body)).toBe('g');
      expect(found.ancestors.map(({ id }) => id)).toEqual([w.home.root.id, w.files.id, other.id, a.id]);
      expect(found.collection.id).toBe(b.id);
      expect((await store.locate(w.home.owner, ['dropbox', 'a'], {}))!.rest).toEqual(['a']);
    }
    expect(await octetsOf(await w.store.openBody(b.at('g')))).toEqual(new TextEncoder().encode('g'));
  });

  it('refuses a place that is taken, or not there', async () => {
    await using w = await world(open);
    const { a, b } = await nested(w);
    const move = (...to: Parameters<Parameters<Parameters<World['change']>[0]>[0]['moveCollection']>): Promise<string> => codeOf(w.change((tx) => tx.moveCollection(...to)));
    expect(await move(w.calendar.id, w.home.root.id, 'inbox')).toBe('exists');
    expect(await move(b.id, a.id, 'f')).toBe('exists');
    expect(await move('unknown' as never, w.home.root.id, 'x')).toBe('not-found');
    expect(await move(a.id, 'unknown' as never, 'x')).toBe('not-found');
    expect((await w.store.locate(w.home.owner, ['dropbox', 'a', 'b', 'g'], {}))!.item?.name).toBe('g');
  });

  it('does not move a collection below itself', async () => {
    await using w = await world(open);
    const { a, b } = await nested(w);
    expect(await codeOf(w.change((tx) => tx.moveCollection(a.id, b.id, 'x')))).not.toBe('accepted');
    expect(await codeOf(w.change((tx) => tx.moveCollection(a.id, a.id, 'x')))).not.toBe('accepted');
    expect(await read(w, 'dropbox', 'a', 'b', 'g')).toBe('g');
  });

  it('changes nothing when a collection moves to where it is', async () => {
    await using w = await world(open);
    const before = await w.now();
    await w.change((tx) => tx.moveCollection(w.calendar.id, w.home.root.id, 'calendar'));
    expect(await w.now()).toEqual(before);
  });

  it('leaves a root where it is: it does not move, hide or go', async () => {
    await using w = await world(open);
    const { id } = w.home.root;
    expect(await codeOf(w.change((tx) => tx.moveCollection(id, w.files.id, 'x')))).not.toBe('accepted');
    expect(await codeOf(w.change((tx) => tx.hideCollection(id)))).not.toBe('accepted');
    expect(await codeOf(w.change((tx) => tx.removeCollection(id)))).not.toBe('accepted');
    expect((await w.now()).root.id).toBe(id);
  });

  it('swaps two collections in one change', async () => {
    await using w = await world(open);
    const other = await w.make('other');
    await w.calendar.put(event('a'));
    await other.put(event('b'));
    const { root } = w.home;
    await w.change(async (tx) => {
      await tx.moveCollection(w.calendar.id, root.id, 'aside');
      await tx.moveCollection(other.id, root.id, 'calendar');
      await tx.moveCollection(w.calendar.id, root.id, 'other');
    });
    for (const { store } of [w, await w.reopen()]) {
      expect((await store.locate(w.home.owner, ['calendar', 'b.ics'], {}))!.item?.name).toBe('b.ics');
      expect((await store.locate(w.home.owner, ['other', 'a.ics'], {}))!.item?.name).toBe('a.ics');
      expect((await store.locate(w.home.owner, ['aside'], {}))!.rest).toEqual(['aside']);
    }
  });

  it('moves a collection and puts into it in one change, in either order', async () => {
    await using w = await world(open);
    const { a } = await nested(w);
    await w.change(async (tx) => {
      await tx.putItem(a.id, file('before'));
      await tx.moveCollection(a.id, w.home.root.id, 'moved');
      await tx.putItem(a.id, file('after'));
      await tx.removeItem(a.id, itemName('f'));
    });
    const again = a.through(await w.reopen());
    expect(await again.names()).toEqual(['after', 'before']);
    expect(await read(w, 'moved', 'before')).toBe('before');
    expect(await read(w, 'moved', 'b', 'g')).toBe('g');
  });

  it('makes, fills, moves and removes new collections in one change', async () => {
    await using w = await world(open);
    await w.change(async (tx) => {
      const one = await tx.createCollection(w.files.id, draft('one', 'files'));
      const two = await tx.createCollection(one, draft('two', 'files'));
      await tx.putItem(two, file('f'));
      await tx.moveCollection(two, w.files.id, 'three');
      await tx.removeCollection(one);
      await tx.createCollection(w.files.id, draft('one', 'files'));
    });
    expect(await read(w, 'dropbox', 'three', 'f')).toBe('f');
    expect((await w.store.listCollections(w.files.id, 'infinity')).map(({ segment }) => segment).sort()).toEqual(['one', 'three']);
  });

  it('takes a name again that was moved away, over and over', async () => {
    await using w = await world(open);
    for (let n = 0; n < 5; n++) {
      const a = await w.make('a', 'files', w.files.id);
      await a.put(file('f', `version ${n}`));
      await w.change((tx) => tx.moveCollection(a.id, w.files.id, `a-${n}`));
    }
    for (let n = 0; n < 5; n++) expect(await read(w, 'dropbox', `a-${n}`, 'f')).toBe(`version ${n}`);
  });
}

function describeHiddenCollections(open: OpenStore): void {
  it('takes a hidden collection out of every path, listing and the UID rule at once', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.change((tx) => tx.hideCollection(w.calendar.id));
    expect(await w.store.findCollection(w.home.root.id, 'calendar')).toBeUndefined();
    expect((await w.store.listCollections(w.home.root.id, 'infinity')).map(({ segment }) => segment).sort()).toEqual(['dropbox', 'inbox']);
    expect((await w.store.locate(w.home.owner, ['calendar', 'a.ics'], {}))!.rest).toEqual(['calendar', 'a.ics']);
    expect(await w.store.findByUid(w.homeId, 'a')).toBeUndefined();
  });

  it('frees name and UIDs for a new collection, in the same change too', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const { value: id } = await w.change(async (tx) => {
      await tx.hideCollection(w.calendar.id);
      expect(await tx.findCollection(w.home.root.id, 'calendar')).toBeUndefined();
      expect(await tx.findByUid('a')).toBeUndefined();
      const made = await tx.createCollection(w.home.root.id, draft('calendar'));
      await tx.putItem(made, write(event('a', { summary: 'new' })));
      return made;
    });
    expect((await w.store.findByUid(w.homeId, 'a'))?.collection).toBe(id);
    expect((await w.store.locate(w.home.owner, ['calendar'], {}))!.collection.id).toBe(id);
    expect((await w.calendar.get('a.ics')).body).toEqual(event('a').body);
  });

  it('reaches a hidden collection by id until it is removed', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.calendar.put(event('b'));
    await w.change((tx) => tx.hideCollection(w.calendar.id));
    for (const provider of [w, await w.reopen()]) {
      const hidden = w.calendar.through(provider);
      expect((await hidden.row()).id).toBe(w.calendar.id);
      expect(await hidden.names()).toEqual(['a.ics', 'b.ics']);
      expect((await hidden.get('a.ics')).body).toEqual(event('a').body);
      expect(await octetsOf(await provider.store.openBody(hidden.at('a.ics')))).toEqual(event('a').body);
      expect(await hidden.query({ uid: 'a' })).toHaveLength(1);
    }
    await w.calendar.remove('a.ics');
    expect(await w.calendar.names()).toEqual(['b.ics']);
  });

  it('takes nothing new into a hidden collection', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.inbox.put(event('b'));
    await w.change((tx) => tx.hideCollection(w.calendar.id));
    expect(await codeOf(w.calendar.put(event('c')))).toBe('collection-gone');
    expect(await codeOf(w.calendar.put(event('a', { summary: 'new' })))).toBe('collection-gone');
    expect(await codeOf(w.make('x', 'files', w.calendar.id))).toBe('collection-gone');
    expect(await codeOf(w.change((tx) => tx.moveItem(w.inbox.at('b.ics'), w.calendar.at('b.ics'), { overwrite: false })))).toBe('not-found');
    expect(await codeOf(w.change((tx) => tx.hideCollection(w.calendar.id)))).toBe('collection-gone');
    expect(await codeOf(w.change((tx) => tx.moveCollection(w.calendar.id, w.home.root.id, 'back')))).toBe('not-found');
  });

  it('hides what is below with it', async () => {
    await using w = await world(open);
    const { a, b } = await nested(w);
    const below = await w.make('calendar-below', 'calendar', b.id);
    await below.put(event('u'));
    await w.change((tx) => tx.hideCollection(a.id));
    expect(await w.store.findByUid(w.homeId, 'u')).toBeUndefined();
    expect(await codeOf(below.put(event('v')))).toBe('collection-gone');
    expect(await below.names()).toEqual(['u.ics']);
    expect((await w.store.listCollections(w.files.id, 'infinity'))).toEqual([]);
    expect((await w.store.listCollections(a.id, 'infinity')).map(({ segment }) => segment).sort()).toEqual(['b', 'calendar-below']);
  });

  it('reaches what was hidden before the collection above it was, too', async () => {
    await using w = await world(open);
    const { a, b } = await nested(w);
    const large = new Uint8Array(100_000).fill(7);
    await b.put(file('large', large));
    await w.change((tx) => tx.hideCollection(b.id));
    await w.change((tx) => tx.hideCollection(a.id));
    for (const provider of [w, await w.reopen()]) {
      const hidden = b.through(provider);
      expect(await hidden.names()).toEqual(['g', 'large']);
      expect(Buffer.from((await hidden.get('large')).body).equals(large)).toBe(true);
      expect(Buffer.from((await octetsOf(await provider.store.openBody(b.at('large'))))!).equals(large)).toBe(true);
    }
    await w.change((tx) => tx.removeCollection(a.id));
    expect((await w.store.findCollections([a.id, b.id])).size).toBe(0);
    expect((await w.now()).usedOctets).toBe(0);
  });

  it('keeps counting the octets of a hidden collection until it is removed', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.files.put(file('f', 'x'.repeat(70_000)));
    const used = (await w.now()).usedOctets;
    await w.change((tx) => tx.hideCollection(w.calendar.id));
    expect((await w.now()).usedOctets).toBe(used);
    await w.change((tx) => tx.removeCollection(w.calendar.id));
    expect((await w.now()).usedOctets).toBe(70_000);
  });

  it('removes a hidden collection and leaves the new one of its name', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.change((tx) => tx.hideCollection(w.calendar.id));
    const next = await w.make('calendar');
    await next.put(event('a', { summary: 'new' }));
    await w.change((tx) => tx.removeCollection(w.calendar.id));
    expect(await read(w, 'calendar', 'a.ics')).toBe(event('a', { summary: 'new' }).text);
    expect((await w.store.findCollections([w.calendar.id])).size).toBe(0);
  });
}

function describeRemovedCollections(open: OpenStore): void {
  it('removes a collection with everything below it', async () => {
    await using w = await world(open);
    const { a, b } = await nested(w);
    await w.change((tx) => tx.removeCollection(a.id));
    expect((await w.store.findCollections([a.id, b.id])).size).toBe(0);
    expect(await a.find('f')).toBeUndefined();
    expect(await b.names()).toEqual([]);
    expect(await w.store.openBody(b.at('g'))).toBeUndefined();
    expect((await w.now()).usedOctets).toBe(0);
    expect(await codeOf(b.put(file('h')))).toBe('collection-gone');
    expect(await codeOf(w.change((tx) => tx.removeCollection(a.id)))).toBe('collection-gone');
    expect(await codeOf(w.change((tx) => tx.hideCollection(a.id)))).toBe('collection-gone');
  });

  it('makes a removed collection anew, empty, under another id', async () => {
    await using w = await world(open);
    const { a, b } = await nested(w);
    const made = await w.change(async (tx) => {
      await tx.removeCollection(a.id);
      const again = await tx.createCollection(w.files.id, draft('a', 'files'));
      await tx.createCollection(again, draft('b', 'files'));
      return again;
    });
    expect([a.id, b.id]).not.toContain(made.value);
    const reopened = await w.reopen();
    expect(await all(reopened.store.listItems(made.value, {}))).toEqual([]);
    expect((await reopened.store.locate(w.home.owner, ['dropbox', 'a', 'b', 'g'], {}))).not.toHaveProperty('item');
  });

  it('removes a thousand items with their collection', async () => {
    await using w = await world(open);
    const big = await w.make('big');
    await w.change(async (tx) => {
      for (let n = 0; n < 1000; n++) await tx.putItem(big.id, write(event(`e${n}`)));
    });
    await w.change((tx) => tx.removeCollection(big.id));
    expect((await w.now()).usedOctets).toBe(0);
    await w.calendar.put(event('e7'));
  });
}
