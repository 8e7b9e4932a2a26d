/** Many writers in one process, through one instance and through two. What several processes do is in `process-cases.ts`. */
import { expect, it } from 'vitest';
import { StoreError } from '@kalends/contracts';
import type { ETag } from '@kalends/contracts';
import { event, file, write } from '../ics.ts';
import { FIRST, GivenCollection, itemName, NO_LIMITS, owner, pick, random, world } from './given.ts';
import type { OpenStore } from './store-harness.ts';

export function describeConcurrency(open: OpenStore): void {
  it('lands every one of many puts at once', async () => {
    await using w = await world(open);
    const second = w.calendar.through(await w.reopen());
    await Promise.all(Array.from({ length: 100 }, (_, n) => (n % 2 ? second : w.calendar).put(event(`e${n}`))));
    expect(await w.calendar.names()).toHaveLength(100);
    expect(await second.names()).toHaveLength(100);
  });

  it('gives every change a revision of its own, without gaps', async () => {
    await using w = await world(open);
    const { revision: first } = (await w.now()).root;
    const second = w.calendar.through(await w.reopen());
    const commits = await Promise.all(Array.from({ length: 40 }, (_, n) => {
      const calendar = n % 2 ? second : w.calendar;
      return calendar.change((tx) => tx.putItem(calendar.id, write(event(`e${n}`))));
    }));
    expect(commits.map(({ revision }) => revision).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => first + 1 + n));
    for (const [n, { revision }] of commits.entries()) expect((await w.calendar.get(`e${n}.ics`)).meta.revision).toBe(revision);
  });

  it('writes to many homes at once', async () => {
    await using w = await world(open);
    const homes = await Promise.all(Array.from({ length: 12 }, (_, n) => w.store.createHome(owner(`user-${n}`), { properties: new Map(), acl: [] }, FIRST)));
    const calendars = await Promise.all(homes.map(async ({ id, root }) => new GivenCollection(w, id, (await w.store.findCollection(root.id, 'calendar'))!.id)));
    await Promise.all(calendars.flatMap((calendar) => Array.from({ length: 5 }, (_, n) => calendar.put(event(`e${n}`)))));
    for (const calendar of calendars) expect(await calendar.names()).toHaveLength(5);
  });

  it('lets one of many win who write if a collection is still at the revision that all of them saw', async () => {
    await using w = await world(open);
    const second = w.calendar.through(await w.reopen());
    const seen = (await w.store.findCollection(w.home.root.id, 'calendar'))!.revision;
    const results = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => (n % 2 ? second : w.calendar).change(async (tx) => {
      const calendar = await tx.findCollection(w.home.root.id, 'calendar');
      if (calendar!.revision !== seen) throw new Error('somebody else was first');
      await tx.putItem(w.calendar.id, write(event(`e${n}`)));
    })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await w.calendar.names()).toHaveLength(1);
  });

  it('serves each instance what the other has just done', async () => {
    await using w = await world(open);
    const second = w.calendar.through(await w.reopen());
    for (let n = 0; n < 10; n++) {
      const [writer, reader] = n % 2 ? [second, w.calendar] : [w.calendar, second];
      const { etag } = await writer.put(event('a', { summary: `${n}` }));
      expect((await reader.get('a.ics')).etag).toBe(etag);
      await writer.remove('a.ics');
      expect(await reader.find('a.ics')).toBeUndefined();
    }
  });

  it.each([31, 32])('is equal to some order of the same changes, one after another (seed %i)', async (seed) => {
    await using w = await world(open);
    const second = w.files.through(await w.reopen());
    const history: { readonly revision: number; readonly name: string; readonly etag: ETag | undefined; readonly before: ETag | undefined }[] = [];
    await Promise.all(Array.from({ length: 8 }, async (_, client) => {
      const next = random(seed * 100 + client);
      const files = client % 2 ? second : w.files;
      for (let step = 0; step < 15; step++) {
        const name = `n${Math.floor(next() * 4)}`;
        const before = (await files.find(name, {}))?.etag;
        const removes = before !== undefined && next() < 0.3;
        const expected = pick(next, [before ?? ('absent' as const), before ?? ('absent' as const), undefined]);
        try {
          const { value, revision } = await files.change(async (tx) => {
            const present = (await tx.findItem(files.id, itemName(name), {}))?.etag;
            if (removes) await tx.removeItem(files.id, itemName(name), before);
            else return { present, etag: (await tx.putItem(files.id, { ...file(name, `${client}-${step}`), ...(expected && { expect: expected }) })).etag };
            return { present, etag: undefined };
          });
          history.push({ revision, name, etag: value.etag, before: value.present });
        } catch (error) {
          if (!(error instanceof StoreError) || !['etag-mismatch', 'exists', 'not-found'].includes(error.code)) throw error;
        }
      }
    }));
    // In the order of their revisions each change must have seen what the one before it left.
    const state = new Map<string, ETag | undefined>();
    for (const { name, etag, before } of history.sort((a, b) => a.revision - b.revision)) {
      expect(state.get(name)).toBe(before);
      state.set(name, etag);
    }
    const left = [...state].filter(([, etag]) => etag !== undefined).sort();
    expect((await w.files.list()).map(({ name, etag }) => [name, etag])).toEqual(left);
  });

  it('does not let work wait in vain: a hundred changes that read the whole home all end', async () => {
    await using w = await world(open);
    const results = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => w.store.write(w.homeId, NO_LIMITS, async (tx) => {
      await tx.home();
      await tx.listCollections(w.home.root.id, 'infinity');
      await tx.putItem(w.files.id, file(`f${n}`));
    })));
    // `busy` is an honest answer under load; anything else but success is not.
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'busy' });
    expect(await w.files.names()).toHaveLength(results.filter(({ status }) => status === 'fulfilled').length);
  });
}
