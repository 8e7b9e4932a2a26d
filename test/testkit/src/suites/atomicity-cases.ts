/** One `write` is one change: all of it or nothing, seen by nobody in between, right however often `work` runs. */
import { expect, it } from 'vitest';
import type { StoreWriter } from '@kalends/contracts';
import { event, file, write } from '../ics.ts';
import { factsOf } from '../plain-reader.ts';
import { all, codeOf, draft, EVERYTHING, GivenCollection, itemName, NO_LIMITS, principal, world } from './given.ts';
import type { World } from './given.ts';
import type { OpenStore } from './store-harness.ts';

/** Everything that the contract shows of a home. */
export async function snapshot(w: Pick<World, 'store' | 'jobLog' | 'home'>): Promise<unknown> {
  const { store, home } = w;
  const now = (await store.findHome(home.owner))!;
  const collections = await store.listCollections(home.root.id, 'infinity');
  const select = { ...EVERYTHING, personal: principal('id-ben') };
  const bySegment = <T extends { readonly id: string }>(rows: readonly T[]): readonly T[] => [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    now, collections: bySegment(collections), items: await Promise.all(bySegment([now.root, ...collections]).map(({ id }) => all(store.listItems(id, select)))),
    log: await store.homeChangesSince(home.id, 'start', 10_000, true, {}).then(({ revision }) => revision), locks: await store.locks(home.id),
    jobs: await w.jobLog.list({}, undefined, 1000), uids: await Promise.all(['a', 'b', 'c', 'new'].map((uid) => store.findByUid(home.id, uid))),
  };
}

/** A change of every kind, in steps; `work` may stop after each. */
function steps(w: World, folder: GivenCollection): readonly ((tx: StoreWriter) => Promise<unknown>)[] {
  const at = w.calendar.at('a.ics');
  const ben = principal('id-ben');
  return [
    (tx) => tx.putItem(w.calendar.id, write(event('new'))),
    (tx) => tx.putItem(w.calendar.id, write(event('a', { summary: 'new' }))),
    (tx) => tx.putItem(w.files.id, file('large', 'x'.repeat(100_000))),
    (tx) => tx.removeItem(w.calendar.id, itemName('b.ics')),
    (tx) => tx.moveItem(w.calendar.at('c.ics'), w.inbox.at('c.ics'), { overwrite: false }),
    (tx) => tx.copyItem(w.files.at('f'), w.files.at('g'), { overwrite: false }),
    (tx) => tx.setDead(at, new Map([['{x:}a', '1']]), []),
    (tx) => tx.setItemAcl(at, [{ principal: ben, grant: 1 }]),
    (tx) => tx.setPersonal(at, ben, { patch: Uint8Array.of(1), facts: factsOf({ start: 1, end: 2 }) }),
    (tx) => tx.attach(at, { managedId: 'm', id: 'blob', octets: 5, sha256: 'ab', name: 'n', type: 't/t' }),
    async (tx) => tx.putItem(await tx.createCollection(w.files.id, draft('made', 'files')), file('inside')),
    (tx) => tx.updateCollection(w.calendar.id, { set: new Map([['{x:}a', '1']]), acl: [{ principal: 'all', grant: 1 }] }),
    (tx) => tx.moveCollection(folder.id, w.home.root.id, 'moved'),
    (tx) => tx.hideCollection(w.inbox.id),
    (tx) => tx.removeCollection(folder.id),
    (tx) => tx.putLock({ token: 't', path: [], depth: 0, scope: 'exclusive', owner: ben, ownerXml: '', expires: Math.floor(w.clock.now() / 1000) + 60 }),
    (tx) => tx.enqueue({ kind: 'k', payload: { n: 1 } }),
  ];
}
async function given(w: World): Promise<readonly ((tx: StoreWriter) => Promise<unknown>)[]> {
  for (const uid of ['a', 'b', 'c']) await w.calendar.put(event(uid));
  await w.files.put(file('f'));
  const folder = await w.make('folder', 'files', w.files.id);
  await folder.put(file('deep'));
  return steps(w, folder);
}

export function describeAtomicity(open: OpenStore): void {
  describeAllOrNothing(open);
  describeOwnReads(open);
  describeRepeats(open);
}

function describeAllOrNothing(open: OpenStore): void {
  it('leaves nothing of a change whose work throws, after whatever step', async () => {
    await using w = await world(open);
    const all = await given(w);
    const before = await snapshot(w);
    for (let count = 0; count <= all.length; count++) {
      const error = new Error(`after ${count} steps`);
      const work = w.change(async (tx) => {
        for (const step of all.slice(0, count)) await step(tx);
        throw error;
      });
      await expect(work).rejects.toBe(error);
      expect(await snapshot(w)).toEqual(before);
    }
    expect(await snapshot({ ...w, ...(await w.reopen()) })).toEqual(before);
  });

  it('has the whole of the same change when nothing throws', async () => {
    await using w = await world(open);
    const all = await given(w);
    await w.change(async (tx) => {
      for (const step of all) await step(tx);
    });
    expect(await w.calendar.names()).toEqual(['a.ics', 'new.ics']);
    expect(await w.files.names()).toEqual(['f', 'g', 'large']);
    expect((await w.store.locate(w.home.owner, ['dropbox', 'made', 'inside'], {}))!.item?.name).toBe('inside');
    expect((await w.store.listCollections(w.home.root.id, 1)).map(({ segment }) => segment).sort()).toEqual(['calendar', 'dropbox']);
    expect(await w.jobLog.list({}, undefined, 10)).toHaveLength(1);
    expect((await w.now()).locks).toBe(1);
  });

  it('gives the error of work back as it is, a store\'s own too', async () => {
    await using w = await world(open);
    class Refused extends Error {}
    await expect(w.change(async () => { throw new Refused('no'); })).rejects.toBeInstanceOf(Refused);
    await expect(w.change(async (tx) => tx.removeItem(w.calendar.id, itemName('no.ics')))).rejects.toMatchObject({ name: 'StoreError', code: 'not-found' });
    await w.calendar.put(event('a'));
  });

  it('lets work catch a refusal and go on: the refused call did nothing', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.change(async (tx) => {
      await tx.putItem(w.calendar.id, write(event('b')));
      expect(await codeOf(tx.putItem(w.calendar.id, write(event('a', { summary: 'new' }), { expect: 'absent' })))).toBe('exists');
      expect(await codeOf(tx.putItem(w.calendar.id, write(event('b', { name: 'c.ics' }))))).toBe('uid-taken');
      expect(await codeOf(tx.putItem(w.files.id, file('big', 'x'.repeat(5000))))).toBe('over-quota');
      expect(await codeOf(tx.moveCollection(w.calendar.id, w.home.root.id, 'inbox'))).toBe('exists');
      await tx.putItem(w.calendar.id, write(event('d')));
    }, { octets: 2000 });
    expect(await w.calendar.names()).toEqual(['a.ics', 'b.ics', 'd.ics']);
    expect((await w.calendar.get('a.ics')).body).toEqual(event('a').body);
    expect(await w.files.names()).toEqual([]);
  });

  it('undoes within a change what the change did before', async () => {
    await using w = await world(open);
    await w.change(async (tx) => {
      await tx.putItem(w.calendar.id, write(event('a')));
      await tx.removeItem(w.calendar.id, event('a').name);
      const id = await tx.createCollection(w.home.root.id, draft('x'));
      await tx.putItem(id, write(event('b')));
      await tx.removeCollection(id);
    });
    expect(await w.calendar.names()).toEqual([]);
    expect(await w.store.findByUid(w.homeId, 'b')).toBeUndefined();
    expect((await w.now()).usedOctets).toBe(0);
  });

  it('keeps the last of many versions that one change puts', async () => {
    await using w = await world(open);
    await w.change(async (tx) => {
      for (const size of [10, 100_000, 20, 200_000, 30]) await tx.putItem(w.files.id, file('f', 'x'.repeat(size)));
      for (const size of [10, 100_000]) await tx.putItem(w.files.id, file('g', 'x'.repeat(size)));
    });
    expect((await w.files.get('f')).body.length).toBe(30);
    expect((await w.files.through(await w.reopen()).get('g')).body.length).toBe(100_000);
    expect((await w.now()).usedOctets).toBe(100_030);
  });

  it('says not-found for a change to a home that is not there', async () => {
    await using w = await world(open);
    expect(await codeOf(w.store.write('unknown' as never, NO_LIMITS, async () => 1))).toBe('not-found');
  });

  it('never shows half a change to a reader', async () => {
    await using w = await world(open);
    const other = w.calendar.through(await w.reopen());
    let writing = true;
    const halves: unknown[] = [];
    const reader = async (calendar: GivenCollection): Promise<void> => {
      while (writing) {
        const items = await calendar.list({ body: true });
        const versions = new Set(items.map(({ body }) => new TextDecoder().decode(body)));
        if (versions.size > 1 || (items.length !== 0 && items.length !== 5)) halves.push([...versions], items.length);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const readers = [reader(w.calendar), reader(other)];
    for (let version = 0; version < 30; version++) {
      await w.change(async (tx) => {
        for (const name of ['a', 'b', 'c', 'd', 'e']) {
          await tx.putItem(w.calendar.id, file(name, `${version}`));
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
    }
    writing = false;
    await Promise.all(readers);
    expect(halves).toEqual([]);
  });
}

function describeOwnReads(open: OpenStore): void {
  it('reads inside a change what the change did so far', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const before = await w.now();
    await w.change(async (tx) => {
      const stored = await tx.putItem(w.calendar.id, write(event('new')));
      expect(await tx.findItem(w.calendar.id, itemName('new.ics'), { body: true })).toEqual({ name: 'new.ics', etag: stored.etag, component: 'VEVENT', body: event('new').body });
      await tx.removeItem(w.calendar.id, itemName('a.ics'));
      expect(await tx.findItem(w.calendar.id, itemName('a.ics'), {})).toBeUndefined();
      const id = await tx.createCollection(w.files.id, draft('x', 'files', { '{x:}a': '1' }));
      await tx.updateCollection(id, { set: new Map([['{x:}b', '2']]) });
      expect(await tx.findCollection(w.files.id, 'x')).toMatchObject({ id, kind: 'files', properties: new Map([['{x:}a', '1'], ['{x:}b', '2']]) });
      expect((await tx.listCollections(w.home.root.id, 'infinity')).map(({ segment }) => segment).sort()).toEqual(['calendar', 'dropbox', 'inbox', 'x']);
      await tx.moveCollection(id, w.home.root.id, 'y');
      expect(await tx.listCollections(w.files.id, 1)).toEqual([]);
      expect((await tx.findCollection(w.home.root.id, 'y'))?.id).toBe(id);
      expect((await tx.home()).usedOctets).toBe(before.usedOctets - event('a').body.length + event('new').body.length);
      await tx.putItem(w.files.id, file('large', 'x'.repeat(100_000)));
      expect((await tx.findItem(w.files.id, itemName('large'), { body: true, meta: true }))!).toMatchObject({ meta: { size: 100_000 } });
    });
    expect((await w.store.findCollection(w.home.root.id, 'y'))!.segment).toBe('y');
  });

  it('gives ids inside work that are still those when it is done', async () => {
    await using w = await world(open);
    const { value } = await w.change(async (tx) => ({ collection: await tx.createCollection(w.files.id, draft('x', 'files')), job: await tx.enqueue({ kind: 'k', payload: 1 }) }));
    expect((await w.store.findCollection(w.files.id, 'x'))!.id).toBe(value.collection);
    expect((await w.jobLog.list({}, undefined, 10)).map(({ id }) => id)).toEqual([value.job]);
  });

  it('shows nobody else what a change did until it is done', async () => {
    await using w = await world(open);
    await w.change(async (tx) => {
      await tx.putItem(w.calendar.id, write(event('a')));
      const id = await tx.createCollection(w.files.id, draft('x', 'files'));
      expect(await w.calendar.find('a.ics')).toBeUndefined();
      expect(await w.store.findByUid(w.homeId, 'a')).toBeUndefined();
      expect((await w.store.findCollections([id])).size).toBe(0);
      expect((await w.now()).usedOctets).toBe(0);
    });
    expect(await w.calendar.names()).toEqual(['a.ics']);
  });
}

function describeRepeats(open: OpenStore): void {
  const number = (body: Uint8Array | undefined): number => Number(new TextDecoder().decode(body ?? new Uint8Array()));

  it('loses no count of many who read and write at once, by whatever they read', async () => {
    await using w = await world(open);
    const second = await w.reopen();
    const reads: readonly ((tx: StoreWriter, name: string) => Promise<number>)[] = [
      async (tx, name) => number((await tx.findItem(w.files.id, itemName(name), { body: true }))?.body),
      async (tx, name) => number((await all(tx.queryItems(w.files.id, {}, { body: true }))).find((item) => item.name === name)?.body),
      async (tx, name) => {
        await tx.home();
        return number((await tx.findItem(w.files.id, itemName(name), { body: true }))?.body);
      },
    ];
    await Promise.all(Array.from({ length: 30 }, (_, n) => (n % 2 ? second : w).store.write(w.homeId, NO_LIMITS, async (tx) => {
      const name = `counter-${n % 3}`;
      await tx.putItem(w.files.id, file(name, String(await reads[n % 3]!(tx, name) + 1)));
    })));
    for (const n of [0, 1, 2]) expect(number((await w.files.get(`counter-${n}`)).body)).toBe(10);
  });

  it('leaves no trace of a run that was repeated: jobs, collections and octets are those of one', async () => {
    await using w = await world(open);
    await Promise.all(Array.from({ length: 12 }, (_, n) => w.change(async (tx) => {
      const before = await tx.listCollections(w.files.id, 1);
      const id = await tx.createCollection(w.files.id, draft(`c${before.length}`, 'files'));
      await tx.putItem(id, file('f', 'x'.repeat(10)));
      await tx.enqueue({ kind: 'k', payload: { n } });
    })));
    expect((await w.store.listCollections(w.files.id, 1)).map(({ segment }) => segment).sort()).toEqual(Array.from({ length: 12 }, (_, n) => `c${n}`).sort());
    expect((await w.jobLog.list({}, undefined, 100)).map(({ payload }) => (payload as { n: number }).n).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, n) => n));
    expect((await w.now()).usedOctets).toBe(120);
  });

  it('believes a refusal only if it was of one state', async () => {
    await using w = await world(open);
    // Each change keeps exactly one of the two; whoever sees none or both has seen two states.
    await w.files.put(file('left'));
    const swap = (from: string, to: string): Promise<unknown> => w.change(async (tx) => {
      if (await tx.findItem(w.files.id, itemName(from), {})) await tx.moveItem(w.files.at(from), w.files.at(to), { overwrite: false });
    });
    const judge = (): Promise<unknown> => w.change(async (tx) => {
      const there = [await tx.findItem(w.files.id, itemName('left'), {}), await tx.findItem(w.files.id, itemName('right'), {})].filter((item) => item !== undefined);
      if (there.length !== 1) throw new Error(`saw ${there.length}`);
    });
    await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 4 === 0 ? judge() : n % 2 === 0 ? swap('left', 'right') : swap('right', 'left'))));
    expect(await w.files.names()).toHaveLength(1);
  });

  it('lets one of two that book the same hour win', async () => {
    await using w = await world(open);
    const second = await w.reopen();
    const book = (uid: string, provider: Pick<World, 'store'>): Promise<unknown> => provider.store.write(w.homeId, NO_LIMITS, async (tx) => {
      const { bounds } = event(uid).facts;
      for (const { facts } of await all(tx.queryItems(w.calendar.id, { overlaps: bounds }, { facts: true }))) {
        if (facts!.bounds.start < bounds.end && facts!.bounds.end > bounds.start) throw new Error('busy at that time');
      }
      await tx.putItem(w.calendar.id, write(event(uid)));
    });
    const results = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => book(`booking-${n}`, n % 2 ? second : w)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await w.calendar.names()).toHaveLength(1);
  });
}
