/** What a fresh instance finds, and collections of ten thousand items. */
import { expect, it } from 'vitest';
import type { Revision } from '@kalends/contracts';
import { event, file, recurring, todo, write } from '../ics.ts';
import { factsOf } from '../plain-reader.ts';
import { snapshot } from './atomicity-cases.ts';
import { all, chunksOf, draft, itemName, principal, world } from './given.ts';
import type { OpenStore } from './store-harness.ts';

export function describeReopen(open: OpenStore): void {
  it('gives a fresh instance everything as it was', async () => {
    await using w = await world(open);
    const ben = principal('id-ben');
    await w.calendar.put(event('a'));
    await w.calendar.put(recurring('b'));
    await w.calendar.put(todo('gone'));
    const since = (await w.calendar.row()).revision;
    await w.calendar.remove('gone.ics');
    const staged = await w.store.stage(w.homeId, chunksOf(new Uint8Array(100_000)), 200_000);
    await w.change(async (tx) => {
      const at = w.calendar.at('a.ics');
      await tx.setDead(at, new Map([['{x:}a', '1']]), []);
      await tx.setItemAcl(at, [{ principal: ben, grant: 1 }]);
      await tx.setPersonal(at, ben, { patch: Uint8Array.of(1), facts: factsOf({ start: 1, end: 2 }) });
      await tx.attach(at, { managedId: 'm', id: 'blob', octets: 5, sha256: 'ab', name: 'n', type: 't/t' });
      await tx.putItem(w.files.id, { ...file('large'), body: staged });
      await tx.updateCollection(w.calendar.id, { set: new Map([['{x:}a', 'ä']]), personal: { principal: ben, set: new Map([['{x:}b', '1']]), remove: [] } });
      await tx.createCollection(await tx.createCollection(w.files.id, draft('deep', 'files')), draft('er', 'files'));
      await tx.putLock({ token: 't', path: ['calendar'], depth: 'infinity', scope: 'shared', owner: ben, ownerXml: '<a/>', expires: Math.floor(w.clock.now() / 1000) + 60 });
      await tx.enqueue({ kind: 'k', payload: { n: 1 }, lane: 'l' });
    });
    await w.recordStore.apply([{ kind: 'r', key: 'k', value: { a: [1, 'ä', null] } }]);
    const again = await w.reopen();
    expect(await snapshot({ ...w, ...again })).toEqual(await snapshot(w));
    expect((await again.store.changesSince(w.calendar.id, since, 10, {})).removed).toEqual(['gone.ics']);
    expect(await again.recordStore.get('r', 'k')).toEqual(await w.recordStore.get('r', 'k'));
    expect(await again.store.findHome(w.home.owner)).toEqual(await w.now());
  });

  it('goes on where it was: revisions, ids and epochs', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const { root } = await w.now();
    const again = await w.reopen();
    const { revision } = await w.calendar.through(again).change((tx) => tx.putItem(w.calendar.id, write(event('b'))));
    expect(revision).toBe(root.revision + 1);
    expect((await w.calendar.row()).epoch).toBe(root.epoch);
  });
}

export function describeManyItems(open: OpenStore): void {
  const COUNT = 10_000;

  it('pages through ten thousand items in every way, each once', { timeout: 120_000 }, async () => {
    await using w = await world(open);
    for (let from = 0; from < COUNT; from += 1000) {
      await w.change(async (tx) => {
        for (let n = from; n < from + 1000; n++) await tx.putItem(w.calendar.id, write(event(`e${n}`, { start: 1_700_000_000 + n * 3600, end: 1_700_003_600 + n * 3600 })));
      });
    }
    const expected = Array.from({ length: COUNT }, (_, n) => `e${n}.ics`).sort();
    expect(await w.calendar.names()).toEqual(expected);
    expect((await w.calendar.query({ component: 'VEVENT' }, { facts: true })).map(({ name }) => name as string).sort()).toEqual(expected);
    const changed: string[] = [];
    for (let since: Revision | 'start' = 'start', more = true; more;) {
      const page: Awaited<ReturnType<typeof w.calendar.changes>> = await w.calendar.changes(since, 1000);
      changed.push(...page.changed.map(({ name }) => name));
      ({ revision: since, more } = page);
    }
    expect(changed.sort()).toEqual(expected);
    expect(await all(w.store.findItems(w.calendar.id, expected.filter((_, n) => n % 10 === 0).map(itemName), { body: true }))).toHaveLength(COUNT / 10);
    // A day's query and one change cost by what they touch, not by what is there: as statements, the store's own tests count them.
    expect((await w.calendar.query({ overlaps: { start: 1_700_000_000, end: 1_700_086_400 } })).length).toBeLessThan(COUNT / 4);
    expect((await w.now()).usedOctets).toBe((await w.calendar.list({ meta: true })).reduce((sum, { meta }) => sum + meta!.size, 0));
    await w.change((tx) => tx.removeCollection(w.calendar.id));
    expect((await w.now()).usedOctets).toBe(0);
  });
}
