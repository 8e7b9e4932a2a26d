/** What an operation costs, counted: statements, rows, bodies read from files, commits. Never time. */
import { describe, expect, it } from 'vitest';
import { newCounters, type StoreCounters } from '@kalends/lib-shards';
import type { CollectionId, ItemName, ItemQuery, ItemSelect, PrincipalId, WriteLimits } from '@kalends/contracts';
import { event, write } from '@kalends/testkit';
import { TestDataRoot } from './data-root.fixture.ts';

const noLimits: WriteLimits = { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity };
const amyId = 'id-amy' as PrincipalId;
const day = 86_400;

async function filled(root: TestDataRoot, items: number) {
  const count = newCounters();
  const { store, checkpoint } = await root.open({ count });
  const home = await store.createHome({ id: amyId, kind: 'user', name: 'amy' }, { properties: new Map(), acl: [] }, [{ segment: 'calendar', kind: 'calendar', properties: new Map() }]);
  const calendar = (await store.findCollection(home.root.id, 'calendar'))!.id;
  await store.write(home.id, noLimits, async (tx) => {
    for (let n = 0; n < items; n++) await tx.putItem(calendar, write(event(`e${n}`, { start: n * day })));
  });
  const counted = async (run: () => Promise<unknown>): Promise<StoreCounters> => {
    Object.assign(count, newCounters());
    await run();
    return { ...count };
  };
  const list = async (id: CollectionId, select: ItemSelect): Promise<number> => {
    let found = 0;
    for await (const batch of store.listItems(id, select)) found += batch.length;
    return found;
  };
  const query = async (what: ItemQuery, select: ItemSelect): Promise<number> => {
    let found = 0;
    for await (const batch of store.queryItems(calendar, what, select)) found += batch.length;
    return found;
  };
  return { store, home, calendar, counted, list, query, checkpoint };
}

describe('what an operation costs', () => {
  it('polls with one statement for home and collection, and one for the owner\'s grants', async () => {
    await using root = new TestDataRoot();
    const { store, counted } = await filled(root, 3);
    await store.locate(amyId, ['calendar'], {});
    expect(await counted(() => store.locate(amyId, ['calendar'], {}))).toMatchObject({ statements: 2, rows: 1, fileOpens: 0 });
  });

  it('gets an item with one statement more, body and all', async () => {
    await using root = new TestDataRoot();
    const { store, counted } = await filled(root, 3);
    await store.locate(amyId, ['calendar', 'e0.ics'], {});
    expect(await counted(() => store.locate(amyId, ['calendar', 'e1.ics'], { meta: true, body: true }))).toMatchObject({ statements: 3, rows: 2, fileOpens: 0 });
  });

  it('reads the rows of home and collection again, once, where the home has moved', async () => {
    await using root = new TestDataRoot();
    const { store, home, calendar, counted } = await filled(root, 3);
    await store.locate(amyId, ['calendar'], {});
    await store.write(home.id, noLimits, (tx) => tx.putItem(calendar, write(event('e9', { start: 9 * day }))));
    expect(await counted(() => store.locate(amyId, ['calendar', 'e9.ics'], { meta: true, body: true }))).toMatchObject({ statements: 4, rows: 4, fileOpens: 0 });
    expect(await counted(() => store.locate(amyId, ['calendar', 'e9.ics'], { meta: true, body: true }))).toMatchObject({ statements: 3, rows: 2 });
  });

  it.each([[1, 1], [256, 1], [257, 2], [512, 2], [600, 3]])('lists %i items with %i statements and no body', async (items, statements) => {
    await using root = new TestDataRoot();
    const { calendar, counted, list } = await filled(root, items);
    expect(await counted(async () => { expect(await list(calendar, {})).toBe(items); })).toMatchObject({ statements, fileOpens: 0 });
  });

  it('answers a month with one statement, and reads no row that is not returned', async () => {
    await using root = new TestDataRoot();
    const { counted, query } = await filled(root, 400);
    let found = 0;
    const cost = await counted(async () => { found = await query({ overlaps: { start: 100 * day, end: 130 * day } }, { facts: true, body: true }); });
    expect(found).toBeGreaterThanOrEqual(30);
    expect(found).toBeLessThanOrEqual(32);
    expect(cost).toMatchObject({ statements: 1, rows: found });
  });

  it('finds 50 names with one statement', async () => {
    await using root = new TestDataRoot();
    const { store, calendar, counted } = await filled(root, 100);
    const names = Array.from({ length: 50 }, (_, n) => `e${n}.ics` as ItemName);
    expect(await counted(async () => { for await (const batch of store.findItems(calendar, names, { body: true })) expect(batch).toHaveLength(50); })).toMatchObject({ statements: 1, rows: 50 });
  });

  it('answers an empty sync without touching the log, and changes with one statement a source', async () => {
    await using root = new TestDataRoot();
    const { store, home, calendar, counted } = await filled(root, 20);
    const { revision } = (await store.locate(amyId, ['calendar'], {}))!.collection;
    expect(await counted(() => store.changesSince(calendar, revision, 100, {}))).toMatchObject({ statements: 1, rows: 1 });
    for (let n = 0; n < 10; n++) await store.write(home.id, noLimits, (tx) => tx.putItem(calendar, write(event(`e${n}`, { summary: 'new' }))));
    expect(await counted(() => store.changesSince(calendar, revision, 100, {}))).toMatchObject({ statements: 3, rows: 11 });
  });

  it('commits a PUT once, and PUTs that wait together once for all', async () => {
    await using root = new TestDataRoot();
    const { store, home, calendar, counted } = await filled(root, 1);
    const put = (uid: string) => store.write(home.id, noLimits, (tx) => tx.putItem(calendar, write(event(uid))));
    expect(await counted(() => put('one'))).toMatchObject({ commits: 1 });
    const { commits } = await counted(() => Promise.all(Array.from({ length: 20 }, (_, n) => put(`at-once-${n}`))));
    expect(commits).toBeLessThanOrEqual(2);
  });
});
