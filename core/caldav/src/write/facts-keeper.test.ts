/** Facts that run out are made anew, and nothing else changes. */
import type { ItemName } from '@kalends/contracts';
import { COVER_AHEAD_SECONDS } from '@kalends/icalendar';
import { event, fakeClock, memoryDirectory, memoryStore, person, recurring } from '@kalends/testkit';
import { expect, it } from 'vitest';
import { givenDoor } from './door.fixture.ts';
import { FactsKeeper } from './facts-keeper.ts';

const directory = Object.assign(memoryDirectory([person('amy')]), { mayLogIn: async () => true });
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => silent };

it('renews endless series before what was worked out is spent, and keeps their ETags', async () => {
  const clock = fakeClock();
  const memory = memoryStore({ clock, runWorkTwice: true });
  const { put, store, calendar } = await givenDoor({ store: memory.store, clock, directory });
  await put('series.ics', recurring('series').body);
  await put('once.ics', event('once').body);
  const read = () => store.findItem(calendar.id, 'series.ics' as ItemName, { facts: true });
  const before = (await read())!;
  const keeper = new FactsKeeper({ store, jobs: memory.jobLog, clock, log: silent });
  expect(await keeper.renew(new AbortController().signal)).toBe(0);
  clock.jump((COVER_AHEAD_SECONDS / 2) * 1000);
  expect(await keeper.renew(new AbortController().signal)).toBe(1);
  const after = (await read())!;
  expect(after.etag).toBe(before.etag);
  expect(after.facts!.covered.end).toBeGreaterThan(before.facts!.covered.end);
  expect(await keeper.renew(new AbortController().signal)).toBe(0);
});

it('works by itself, one process at a time, and stops when told', async () => {
  const clock = fakeClock();
  const memory = memoryStore({ clock });
  const { put, store, calendar } = await givenDoor({ store: memory.store, clock, directory });
  await put('series.ics', recurring('series').body);
  clock.jump((COVER_AHEAD_SECONDS / 2) * 1000);
  const stop = new AbortController();
  const other = await memory.jobLog.lease('caldav.facts', 600_000);
  const running = new FactsKeeper({ store, jobs: memory.jobLog, clock, log: silent }).run(stop.signal);
  const end = async (): Promise<number> => (await store.findItem(calendar.id, 'series.ics' as ItemName, { facts: true }))!.facts!.covered.end;
  const before = await end();
  await clock.advance(300_000);
  expect(await end()).toBe(before);
  await other!.release();
  await clock.advance(25 * 3_600_000);
  for (let tries = 0; tries < 100 && await end() === before; tries++) await new Promise((resolve) => setImmediate(resolve));
  expect(await end()).toBeGreaterThan(before);
  stop.abort();
  await running;
});
