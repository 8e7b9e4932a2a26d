/** Revisions, tombstones and `changesSince`: a client that follows the log ends with what is there. */
import { expect, it } from 'vitest';
import type { ChangePage, ItemSelect, Revision } from '@kalends/contracts';
import { event, file, write } from '../ics.ts';
import { factsOf } from '../plain-reader.ts';
import { codeOf, draft, itemName, pick, principal, random, world } from './given.ts';
import type { GivenCollection, World } from './given.ts';
import type { OpenStore } from './store-harness.ts';

const DAY = 86_400_000;
const named = ({ changed, removed, more }: ChangePage): unknown => ({ changed: changed.map(({ name }) => name as string).sort(), removed: [...removed].sort(), more });
const revisionOf = async (collection: GivenCollection): Promise<Revision> => (await collection.row()).revision;

export function describeChangeLog(open: OpenStore): void {
  describeRevisions(open);
  describeChanges(open);
  describePages(open);
  describeTombstones(open);
}

function describeRevisions(open: OpenStore): void {
  it('raises the home by one with each change, and gives the revision to who made it', async () => {
    await using w = await world(open);
    const { revision: first } = (await w.now()).root;
    const { revision } = await w.calendar.change((tx) => tx.putItem(w.calendar.id, write(event('a'))));
    expect(revision).toBe(first + 1);
    expect((await w.now()).root.revision).toBe(revision);
    expect((await w.calendar.get('a.ics')).meta.revision).toBe(revision);
    expect((await w.calendar.change(async (tx) => {
      await tx.putItem(w.calendar.id, write(event('b')));
      await tx.putItem(w.inbox.id, write(event('c')));
      await tx.updateCollection(w.files.id, { set: new Map([['{x:}a', '1']]) });
    })).revision).toBe(first + 2);
  });

  it('gives a collection the revision of the last change in or below it', async () => {
    await using w = await world(open);
    const a = await w.make('a', 'files', w.files.id);
    const b = await w.make('b', 'files', a.id);
    const calendar = await revisionOf(w.calendar);
    const { revision } = await b.change((tx) => tx.putItem(b.id, file('f')));
    for (const above of [b, a, w.files]) expect(await revisionOf(above)).toBe(revision);
    expect((await w.now()).root.revision).toBe(revision);
    expect(await revisionOf(w.calendar)).toBe(calendar);
    expect(await revisionOf(w.inbox)).toBe(calendar);
  });

  it('leaves every revision alone when a change changes nothing, or is refused', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const before = await w.now();
    const { revision, value } = await w.change(async (tx) => (await tx.home()).root.revision);
    expect(revision).toBe(before.root.revision);
    expect(value).toBeGreaterThanOrEqual(revision);
    await codeOf(w.calendar.put(event('a'), { expect: 'absent' }));
    await codeOf(w.calendar.put(event('a2', { lines: [] }), { uid: 'a' }));
    expect(await w.now()).toEqual(before);
  });

  it('raises the revision of an item with everything that others may read of it', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const at = w.calendar.at('a.ics');
    const ben = principal('id-ben');
    const changes: readonly Parameters<World['change']>[0][] = [
      (tx) => tx.setDead(at, new Map([['{x:}a', '1']]), []),
      (tx) => tx.setItemAcl(at, [{ principal: ben, grant: 1 }]),
      (tx) => tx.setItemAcl(at, undefined),
      (tx) => tx.setPersonal(at, ben, { patch: Uint8Array.of(1), facts: factsOf({ start: 1, end: 2 }) }),
      (tx) => tx.setPersonal(at, ben, undefined),
      (tx) => tx.putItem(w.calendar.id, write(event('a', { summary: 'new' }))),
    ];
    for (const change of changes) {
      const { revision } = await w.change(change);
      expect((await w.calendar.get('a.ics')).meta.revision).toBe(revision);
      expect(await revisionOf(w.calendar)).toBe(revision);
    }
  });

  it('raises the revision of a collection with its properties and ACL, and reports no item', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    for (const patch of [{ set: new Map([['{x:}a', '1']]) }, { remove: ['{x:}a'] }, { acl: [{ principal: 'all' as const, grant: 1 }] },
      { personal: { principal: principal('id-ben'), set: new Map([['{x:}a', '1']]), remove: [] } }]) {
      const before = await revisionOf(w.calendar);
      await w.calendar.update(patch);
      const after = await revisionOf(w.calendar);
      expect(after).toBe(before + 1);
      expect(await w.calendar.changes(before)).toEqual({ changed: [], removed: [], revision: after, more: false });
    }
  });
}

function describeChanges(open: OpenStore): void {
  it('has nothing to say since the present revision', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const revision = await revisionOf(w.calendar);
    expect(await w.calendar.changes(revision)).toEqual({ changed: [], removed: [], revision, more: false });
  });

  it('names what came, changed and went, each once with its latest state', async () => {
    await using w = await world(open);
    for (const uid of ['stays', 'changes', 'goes', 'returns']) await w.calendar.put(event(uid));
    const since = await revisionOf(w.calendar);
    await w.calendar.put(event('changes', { summary: '1' }));
    const { etag } = await w.calendar.put(event('changes', { summary: '2' }));
    await w.calendar.put(event('comes'));
    await w.calendar.put(event('flies by'));
    for (const uid of ['goes', 'returns', 'flies by']) await w.calendar.remove(`${uid}.ics`);
    await w.calendar.put(event('returns'));
    const page = await w.calendar.changes(since);
    expect(named(page)).toEqual({ changed: ['changes.ics', 'comes.ics', 'returns.ics'], removed: ['flies by.ics', 'goes.ics'], more: false });
    expect(page.changed.find(({ name }) => name === 'changes.ics')!.etag).toBe(etag);
    expect(page.revision).toBe(await revisionOf(w.calendar));
  });

  it('names changes in the order of revisions', async () => {
    await using w = await world(open);
    const since = await revisionOf(w.calendar);
    for (const uid of ['c', 'a', 'd', 'b']) await w.calendar.put(event(uid));
    await w.calendar.put(event('a', { summary: 'again' }));
    expect((await w.calendar.changes(since)).changed.map(({ name }) => name)).toEqual(['c.ics', 'd.ics', 'b.ics', 'a.ics']);
  });

  it('names a moved item as gone here and changed there', async () => {
    await using w = await world(open);
    const other = await w.make('other');
    await w.calendar.put(event('a'));
    await w.calendar.put(event('b'));
    const since = (await w.now()).root.revision;
    const [here, there] = [await revisionOf(w.calendar), await revisionOf(other)];
    await w.change((tx) => tx.moveItem(w.calendar.at('a.ics'), other.at('a.ics'), { overwrite: false }));
    await w.change((tx) => tx.moveItem(w.calendar.at('b.ics'), w.calendar.at('c.ics'), { overwrite: false }));
    expect(named(await w.calendar.changes(here))).toEqual({ changed: ['c.ics'], removed: ['a.ics', 'b.ics'], more: false });
    expect(named(await other.changes(there))).toEqual({ changed: ['a.ics'], removed: [], more: false });
    expect(await revisionOf(other)).toBeGreaterThan(since);
  });

  it('gives the columns that are asked for', async () => {
    await using w = await world(open);
    const select: ItemSelect = { body: true };
    await w.calendar.put(event('a'));
    expect((await w.calendar.changes('start', 10, select)).changed[0]!.body).toEqual(event('a').body);
    expect((await w.calendar.changes('start', 10)).changed[0]).not.toHaveProperty('body');
  });

  it('follows a collection that moves: its log stays as it was', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const since = await revisionOf(w.calendar);
    await w.calendar.put(event('b'));
    await w.change((tx) => tx.moveCollection(w.calendar.id, w.home.root.id, 'moved'));
    expect(named(await w.calendar.changes(since))).toEqual({ changed: ['b.ics'], removed: [], more: false });
  });

  it('says collection-gone for a collection that is not there', async () => {
    await using w = await world(open);
    expect(await codeOf(w.store.changesSince('unknown' as never, 'start', 10, {}))).toBe('collection-gone');
    await w.change((tx) => tx.removeCollection(w.calendar.id));
    expect(await codeOf(w.calendar.changes('start'))).toBe('collection-gone');
  });

  it('refuses a revision that is still to come', async () => {
    await using w = await world(open);
    expect(await codeOf(w.calendar.changes((await revisionOf(w.calendar)) + 1 as Revision))).toBe('revision-gone');
  });

  it('leads a client that follows it, at any pace, to what is there', async () => {
    await using w = await world(open);
    const next = random(11);
    const known = new Map<string, string>();
    let since: Revision | 'start' = 'start';
    for (let round = 0; round < 25; round++) {
      for (let step = 0; step < Math.floor(next() * 8); step++) await randomStep(w, next, step + round * 10);
      for (let more = true; more;) {
        const page: ChangePage = await w.calendar.changes(since, pick(next, [1, 2, 5, 100]));
        for (const { name, etag } of page.changed) known.set(name, etag);
        for (const name of page.removed) known.delete(name);
        ({ revision: since, more } = page);
      }
      expect(new Map(known)).toEqual(new Map((await w.calendar.list()).map(({ name, etag }) => [name, etag])));
      expect(since).toBe(await revisionOf(w.calendar));
    }
  });
}

async function randomStep(w: World, next: () => number, salt: number): Promise<void> {
  const name = (): string => `n${Math.floor(next() * 12)}`;
  const live = await w.calendar.names();
  const doing = live.length === 0 ? 'put' : pick(next, ['put', 'put', 'remove', 'move', 'many', 'properties']);
  if (doing === 'put') await w.calendar.put(file(name(), `${salt}`));
  else if (doing === 'remove') await w.calendar.remove(pick(next, live));
  else if (doing === 'properties') await w.calendar.update({ set: new Map([['{x:}a', `${salt}`]]) });
  else if (doing === 'move') {
    const [from, to] = [pick(next, live), name()];
    if (from !== to) await w.change((tx) => tx.moveItem(w.calendar.at(from), w.calendar.at(to), { overwrite: true }));
  } else {
    const names = [name(), name(), name()];
    const gone = pick(next, live);
    await w.change(async (tx) => {
      await tx.removeItem(w.calendar.id, itemName(gone));
      for (const each of names) await tx.putItem(w.calendar.id, file(each, `many ${salt}`));
    });
  }
}

function describePages(open: OpenStore): void {
  it('pages the whole log, everything once', async () => {
    await using w = await world(open);
    for (let n = 0; n < 12; n++) await w.calendar.put(event(`e${n}`));
    const start = await revisionOf(w.calendar);
    for (let n = 0; n < 12; n += 2) await w.calendar.remove(`e${n}.ics`);
    for (let n = 1; n < 12; n += 2) await w.calendar.put(event(`e${n}`, { summary: 'new' }));
    const pages: ChangePage[] = [];
    for (let since = start, more = true; more;) {
      const page = await w.calendar.changes(since, 5);
      expect(page.changed.length + page.removed.length).toBeLessThanOrEqual(5);
      pages.push(page);
      ({ revision: since, more } = page);
    }
    expect(pages.map(({ more }) => more)).toEqual([true, true, false]);
    expect(pages.flatMap(({ removed }) => removed)).toEqual([0, 2, 4, 6, 8, 10].map((n) => `e${n}.ics`));
    expect(pages.flatMap(({ changed }) => changed.map(({ name }) => name))).toEqual([1, 3, 5, 7, 9, 11].map((n) => `e${n}.ics`));
  });

  it('never splits what one change did over two pages', async () => {
    await using w = await world(open);
    const since = await revisionOf(w.calendar);
    await w.calendar.put(event('before'));
    await w.change(async (tx) => {
      for (let n = 0; n < 20; n++) await tx.putItem(w.calendar.id, write(event(`e${n}`)));
    });
    await w.calendar.put(event('after'));
    const seen: string[] = [];
    for (let from = since, more = true; more;) {
      const page = await w.calendar.changes(from, 3);
      seen.push(...page.changed.map(({ name }) => name));
      ({ revision: from, more } = page);
    }
    expect(seen).toHaveLength(22);
    expect(new Set(seen).size).toBe(22);
  });

  it('starts with all that lives, in revision order, and no removals', async () => {
    await using w = await world(open);
    for (const uid of ['b', 'gone', 'a']) await w.calendar.put(event(uid));
    await w.calendar.remove('gone.ics');
    await w.calendar.put(event('b', { summary: 'new' }));
    const page = await w.calendar.changes('start');
    expect(page.changed.map(({ name }) => name)).toEqual(['a.ics', 'b.ics']);
    expect(page).toMatchObject({ removed: [], more: false, revision: await revisionOf(w.calendar) });
  });

  it('starts in pages as well', async () => {
    await using w = await world(open);
    for (let n = 0; n < 7; n++) await w.calendar.put(event(`e${n}`));
    const seen: string[] = [];
    for (let since: Revision | 'start' = 'start', more = true; more;) {
      const page: ChangePage = await w.calendar.changes(since, 3);
      seen.push(...page.changed.map(({ name }) => name));
      ({ revision: since, more } = page);
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `e${n}.ics`));
  });

  it('starts an empty collection at its revision', async () => {
    await using w = await world(open);
    expect(await w.calendar.changes('start')).toEqual({ changed: [], removed: [], revision: await revisionOf(w.calendar), more: false });
  });
}

function describeTombstones(open: OpenStore): void {
  /** Twelve removals, of which six are old. */
  async function removals(w: World): Promise<readonly Revision[]> {
    const since: Revision[] = [];
    for (let n = 0; n < 12; n++) {
      await w.calendar.put(event(`e${n}`));
      since.push(await revisionOf(w.calendar));
      await w.calendar.remove(`e${n}.ics`);
      if (n === 5) await w.clock.advance(3 * DAY);
    }
    return since;
  }

  it('forgets removals that are both too old and too many, and says so', async () => {
    await using w = await world(open, { tombstones: { days: 1, count: 4 } });
    const since = await removals(w);
    await w.clock.advance(3 * DAY);
    await w.inbox.put(event('another change'));
    expect(await codeOf(w.calendar.changes(since[0]!))).toBe('revision-gone');
    expect(await codeOf(w.calendar.changes(since[4]!))).toBe('revision-gone');
    expect(await codeOf(w.store.homeChangesSince(w.homeId, since[0]!, 100, true, {}))).toBe('revision-gone');
    expect((await w.calendar.changes(since[8]!)).removed).toEqual([8, 9, 10, 11].map((n) => `e${n}.ics`));
    expect((await w.store.homeChangesSince(w.homeId, since[10]!, 100, true, {})).removed).toEqual([['calendar', 'e10.ics'], ['calendar', 'e11.ics']]);
  });

  it('keeps every removal that is young enough, however many', async () => {
    await using w = await world(open, { tombstones: { days: 1, count: 2 } });
    const since = await removals(w);
    expect((await w.calendar.changes(since[6]!)).removed).toEqual([6, 7, 8, 9, 10, 11].map((n) => `e${n}.ics`));
  });

  it('keeps the last so many, however old', async () => {
    await using w = await world(open, { tombstones: { days: 1, count: 100 } });
    const since = await removals(w);
    await w.clock.advance(1000 * DAY);
    await w.calendar.put(event('x'));
    expect((await w.calendar.changes(since[0]!)).removed).toHaveLength(12);
  });

  it('starts as ever when removals are forgotten', async () => {
    await using w = await world(open, { tombstones: { days: 1, count: 1 } });
    await w.calendar.put(event('stays'));
    await removals(w);
    await w.clock.advance(3 * DAY);
    await w.inbox.put(event('another change'));
    expect(named(await w.calendar.changes('start'))).toEqual({ changed: ['stays.ics'], removed: [], more: false });
    expect((await w.store.homeChangesSince(w.homeId, 'start', 100, true, {})).items).toHaveLength(2);
    const revision = await revisionOf(w.calendar);
    await w.calendar.put(event('new'));
    expect(named(await w.calendar.changes(revision))).toEqual({ changed: ['new.ics'], removed: [], more: false });
  });

  it('says what a token may still do: never a page with a hole', async () => {
    await using w = await world(open, { tombstones: { days: 1, count: 3 } });
    const since = await removals(w);
    await w.clock.advance(3 * DAY);
    for (let n = 0; n < 3; n++) await w.change((tx) => tx.createCollection(w.files.id, draft(`x${n}`, 'files')));
    for (const [n, revision] of since.entries()) {
      const page = await w.calendar.changes(revision).catch((error: unknown) => (error as { code: string }).code);
      const expected = Array.from({ length: 12 - n }, (_, k) => `e${n + k}.ics`);
      expect(page === 'revision-gone' || (typeof page !== 'string' && page.removed)).toEqual(page === 'revision-gone' ? true : expected);
    }
  });
}
