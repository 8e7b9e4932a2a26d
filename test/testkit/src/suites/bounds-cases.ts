/** Queries: a superset is allowed, a miss never. The naive model is `overlaps`, applied to all that was put. */
import { expect, it } from 'vitest';
import type { ItemQuery, TimeRange } from '@kalends/contracts';
import { allDay, event, recurring, todo, write } from '../ics.ts';
import type { GivenItem } from '../ics.ts';
import { overlaps } from '../memory/reads.ts';
import { factsOf, FOREVER } from '../plain-reader.ts';
import { all, pick, random, randomEvents, randomRanges, world } from './given.ts';
import type { GivenCollection, World } from './given.ts';
import type { OpenStore } from './store-harness.ts';

const DAY = 86_400;

/** Names that the query must find and did not. */
async function missed(calendar: GivenCollection, items: Iterable<GivenItem>, query: ItemQuery): Promise<readonly string[]> {
  const found = new Set((await calendar.query(query)).map(({ name }) => name as string));
  return [...items].filter(({ facts, component, uid }) => (query.overlaps === undefined || overlaps(facts.bounds, query.overlaps))
    && (query.component ?? component) === component && (query.uid ?? uid) === uid).map(({ name }) => name as string).filter((name) => !found.has(name));
}
async function fill(w: World, items: readonly GivenItem[]): Promise<void> {
  await w.change(async (tx) => {
    for (const item of items) await tx.putItem(w.calendar.id, write(item));
  });
}

export function describeBounds(open: OpenStore): void {
  it('never misses an item whose bounds overlap the range', async () => {
    await using w = await world(open);
    const events = randomEvents({ seed: 1, count: 500 });
    await fill(w, events);
    for (const range of randomRanges({ seed: 2, count: 200 })) expect(await missed(w.calendar, events, { overlaps: range })).toEqual([]);
  });

  it('never misses one at the edges of its own bounds', async () => {
    await using w = await world(open);
    const events = randomEvents({ seed: 3, count: 60 });
    await fill(w, events);
    for (const { facts: { bounds: { start, end } } } of events) {
      for (const range of [{ start, end: start + 1 }, { start: end - 1, end }, { start: start - 10, end: start + 1 }, { start: end - 1, end: end + 10 }]) {
        expect(await missed(w.calendar, events, { overlaps: range })).toEqual([]);
      }
    }
  });

  it('never misses one after it was replaced, moved, removed, or given other facts', async () => {
    await using w = await world(open);
    const next = random(4);
    const live = new Map<string, GivenItem>();
    for (let round = 0; round < 12; round++) {
      const steps = randomEvents({ seed: 100 + round, count: 40 }).map((item) => {
        const old = live.get(item.uid);
        const doing = old === undefined ? 'put' : pick(next, ['put', 'put', 'put', 'remove', 'facts']);
        if (doing === 'remove') live.delete(item.uid);
        else live.set(item.uid, doing === 'facts' ? { ...old!, facts: item.facts } : item);
        return { doing, item };
      });
      await w.change(async (tx) => {
        for (const { doing, item } of steps) {
          if (doing === 'put') await tx.putItem(w.calendar.id, write(item));
          else if (doing === 'remove') await tx.removeItem(w.calendar.id, item.name);
          else await tx.replaceFacts(w.calendar.at(item.name), (await tx.findItem(w.calendar.id, item.name, {}))!.etag, item.facts);
        }
      });
      for (const range of randomRanges({ seed: 200 + round, count: 15 })) expect(await missed(w.calendar, live.values(), { overlaps: range })).toEqual([]);
    }
    expect((await w.calendar.names()).length).toBe(live.size);
  });

  it('finds what has no time, or no end, in every later range', async () => {
    await using w = await world(open);
    await fill(w, [todo('timeless'), recurring('daily'), allDay('day', '20260302')]);
    const find = async (range: TimeRange): Promise<readonly string[]> => (await w.calendar.query({ overlaps: range })).map(({ name }) => name as string);
    expect(await find({ start: 4_000_000_000, end: 4_000_000_001 })).toEqual(expect.arrayContaining(['timeless.ics', 'daily.ics']));
    expect(await find({ start: -4_000_000_000, end: -3_999_999_999 })).toContain('timeless.ics');
    expect(await find({ start: -FOREVER, end: FOREVER })).toHaveLength(3);
  });

  it('finds an event without length at the start of the range (RFC 4791 §9.9)', async () => {
    await using w = await world(open);
    await fill(w, [event('instant', { start: 1000, end: 1000 })]);
    expect(await w.calendar.query({ overlaps: { start: 1000, end: 1001 } })).toHaveLength(1);
    expect(await w.calendar.query({ overlaps: { start: 0, end: 1001 } })).toHaveLength(1);
  });

  it('finds a long event in the middle of it, among thousands of short ones', async () => {
    await using w = await world(open);
    const short = Array.from({ length: 2000 }, (_, n) => event(`short-${n}`, { start: 1_700_000_000 + n * DAY, end: 1_700_003_600 + n * DAY }));
    const long = event('long', { start: 1_500_000_000, end: 1_900_000_000 });
    await fill(w, [...short, long]);
    for (const start of [1_500_000_000, 1_600_000_000, 1_720_000_000, 1_899_999_999]) expect(await missed(w.calendar, [...short, long], { overlaps: { start, end: start + DAY } })).toEqual([]);
  });

  it('narrows by range: a day does not answer with years', async () => {
    await using w = await world(open);
    const days = Array.from({ length: 365 }, (_, n) => event(`day-${n}`, { start: 1_700_000_000 + n * DAY, end: 1_700_003_600 + n * DAY }));
    await fill(w, days);
    // A superset is allowed, a scan of everything would make each of a client's polls cost the whole calendar.
    expect((await w.calendar.query({ overlaps: { start: 1_700_000_000, end: 1_700_000_000 + DAY } })).length).toBeLessThan(120);
  });

  it('asks for a component, a UID, or all at once', async () => {
    await using w = await world(open);
    const items = [event('e1'), event('e2', { start: 1000 }), todo('t1'), todo('t2', { due: 5000 })];
    await fill(w, items);
    const queries: readonly ItemQuery[] = [
      {}, { component: 'VTODO' }, { component: 'VEVENT' }, { uid: 'e1' }, { uid: 't1', component: 'VTODO' }, { component: 'VEVENT', overlaps: { start: 0, end: 2000 } },
      { component: 'VTODO', overlaps: { start: 4000, end: 6000 }, uid: 't2' },
    ];
    for (const query of queries) expect(await missed(w.calendar, items, query)).toEqual([]);
    expect((await w.calendar.query({ uid: 'nobody' })).filter(({ name }) => items.every((item) => item.name !== name))).toEqual([]);
    expect(await w.calendar.query({ uid: 'e1', component: 'VEVENT' }, { meta: true })).toContainEqual(expect.objectContaining({ name: 'e1.ics', meta: expect.objectContaining({ uid: 'e1' }) }));
  });

  it('finds items in collections of every kind', async () => {
    await using w = await world(open);
    await w.inbox.put(event('a', { start: 1000, end: 2000 }));
    expect(await w.inbox.query({ overlaps: { start: 1500, end: 1600 } })).toHaveLength(1);
  });

  it('pages a query over many batches, every item once', async () => {
    await using w = await world(open);
    const events = Array.from({ length: 900 }, (_, n) => event(`e${n}`, { start: 1_000_000 + (n % 30) * 60, end: 1_000_600 + (n % 30) * 60 }));
    await fill(w, events);
    const found = (await w.calendar.query({ overlaps: { start: 1_000_000, end: 1_002_000 } })).map(({ name }) => name);
    expect(new Set(found).size).toBe(found.length);
    expect(found).toHaveLength(900);
  });

  it('sees in a query what the change did so far', async () => {
    await using w = await world(open);
    await fill(w, [event('keep', { start: 1000 }), event('go', { start: 1000 }), event('shift', { start: 1000 })]);
    await w.change(async (tx) => {
      await tx.putItem(w.calendar.id, write(event('new', { start: 1200 })));
      await tx.removeItem(w.calendar.id, event('go').name);
      await tx.putItem(w.calendar.id, write(event('shift', { start: 9_000_000 })));
      const found = (await all(tx.queryItems(w.calendar.id, { overlaps: { start: 900, end: 5000 } }, { meta: true }))).map(({ meta }) => meta!.uid);
      expect(found).toEqual(expect.arrayContaining(['keep', 'new']));
      expect(found).not.toContain('go');
      expect((await all(tx.queryItems(w.calendar.id, { overlaps: { start: 8_999_999, end: 9_000_001 } }, {}))).map(({ name }) => name)).toContain('shift.ics');
      expect(await all(tx.queryItems(w.calendar.id, { uid: 'new' }, {}))).toHaveLength(1);
    });
  });

  it('follows the bounds it is given, not the octets', async () => {
    await using w = await world(open);
    const item = event('a', { start: 1000 });
    await w.calendar.put(item, { facts: factsOf({ start: -9_000_000_000, end: -8_000_000_000 }) });
    expect(await w.calendar.query({ overlaps: { start: -8_500_000_000, end: -8_400_000_000 } })).toHaveLength(1);
  });
}
