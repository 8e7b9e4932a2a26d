/** Limits, used octets to the last one, attachments and staged bodies. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Attachment } from '@kalends/contracts';
import { event, file, write } from '../ics.ts';
import { all, bytes, chunksOf, codeOf, draft, EVERYTHING, itemName, octetsOf, pick, random, world } from './given.ts';
import type { World } from './given.ts';
import type { OpenStore } from './store-harness.ts';

const attachment = (managedId: string, octets = 100): Attachment => ({ managedId, id: 'blob', octets, sha256: 'ab', name: 'ä.pdf', type: 'application/pdf' });

export function describeLimits(open: OpenStore): void {
  describeQuota(open);
  describeCounts(open);
  describeAttachments(open);
}

function describeQuota(open: OpenStore): void {
  it('lets the home fill up to the octet and no further', async () => {
    await using w = await world(open);
    const limits = { octets: 100 };
    await w.files.put(file('a', 'x'.repeat(60)), { limits });
    expect(await codeOf(w.files.put(file('b', 'x'.repeat(41)), { limits }))).toBe('over-quota');
    await w.files.put(file('b', 'x'.repeat(40)), { limits });
    expect(await codeOf(w.files.put(file('c', 'x'), { limits }))).toBe('over-quota');
    await w.files.put(file('empty', ''), { limits });
    expect((await w.now()).usedOctets).toBe(100);
    expect(await w.files.names()).toEqual(['a', 'b', 'empty']);
  });

  it('always lets an item shrink, or stay, in a home that is over its quota', async () => {
    await using w = await world(open);
    await w.files.put(file('a', 'x'.repeat(100)));
    const limits = { octets: 10 };
    await w.files.put(file('a', 'y'.repeat(100)), { limits });
    await w.files.put(file('a', 'x'.repeat(99)), { limits });
    expect(await codeOf(w.files.put(file('a', 'x'.repeat(100)), { limits }))).toBe('over-quota');
    await w.change((tx) => tx.moveItem(w.files.at('a'), w.files.at('b'), { overwrite: false }), limits);
    await w.change((tx) => tx.removeItem(w.files.id, itemName('b')), limits);
    expect((await w.now()).usedOctets).toBe(0);
  });

  it('counts all that one change adds', async () => {
    await using w = await world(open);
    expect(await codeOf(w.change(async (tx) => {
      for (const name of ['a', 'b', 'c']) await tx.putItem(w.files.id, file(name, 'x'.repeat(40)));
    }, { octets: 100 }))).toBe('over-quota');
    expect((await w.now()).usedOctets).toBe(0);
    await w.change(async (tx) => {
      await tx.putItem(w.files.id, file('a', 'x'.repeat(80)));
      await tx.removeItem(w.files.id, itemName('a'));
      await tx.putItem(w.files.id, file('b', 'x'.repeat(80)));
    }, { octets: 100 });
    expect((await w.now()).usedOctets).toBe(80);
  });

  it('takes the limits of each write: they are not the home\'s', async () => {
    await using w = await world(open);
    expect(await codeOf(w.files.put(file('a', 'x'.repeat(50)), { limits: { octets: 49 } }))).toBe('over-quota');
    await w.files.put(file('a', 'x'.repeat(50)), { limits: { octets: 50 } });
  });

  it('counts copies, and frees what a move overwrites', async () => {
    await using w = await world(open);
    await w.files.put(file('a', 'x'.repeat(60)));
    expect(await codeOf(w.change((tx) => tx.copyItem(w.files.at('a'), w.files.at('b'), { overwrite: false }), { octets: 119 }))).toBe('over-quota');
    await w.change((tx) => tx.copyItem(w.files.at('a'), w.files.at('b'), { overwrite: false }), { octets: 120 });
    expect((await w.now()).usedOctets).toBe(120);
    await w.change((tx) => tx.moveItem(w.files.at('a'), w.files.at('b'), { overwrite: true }));
    expect((await w.now()).usedOctets).toBe(60);
  });

  it('lets several who write at once fill the home to its limit and no further', async () => {
    await using w = await world(open);
    const second = w.files.through(await w.reopen());
    const attempts = await Promise.all(Array.from({ length: 20 }, (_, n) => codeOf((n % 2 ? second : w.files).put(file(`f${n}`, 'x'.repeat(10)), { limits: { octets: 70 } }))));
    expect(attempts.filter((code) => code === 'accepted')).toHaveLength(7);
    expect(attempts.filter((code) => code === 'over-quota')).toHaveLength(13);
    expect((await w.now()).usedOctets).toBe(70);
  });

  it.each([21, 22])('keeps the sum exact over any changes (seed %i)', async (seed) => {
    await using w = await world(open);
    const next = random(seed);
    for (let step = 0; step < 120; step++) await randomStep(w, next);
    const collections = [w.home.root, ...await w.store.listCollections(w.home.root.id, 'infinity')];
    const items = (await Promise.all(collections.map(({ id }) => all(w.store.listItems(id, { meta: true, attachments: true }))))).flat();
    const sum = items.reduce((total, item) => total + item.meta!.size + item.attachments!.reduce((octets, row) => octets + row.octets, 0), 0);
    expect((await w.now()).usedOctets).toBe(sum);
    for (const { id, parent } of collections) if (parent === w.home.root.id) await w.change((tx) => tx.removeCollection(id));
    expect((await w.now()).usedOctets).toBe(0);
  });
}

/** Some are refused (nothing there, no room): those must change nothing. */
async function randomStep(w: World, next: () => number): Promise<void> {
  const name = (): string => `n${Math.floor(next() * 8)}`;
  const collection = pick(next, [w.calendar, w.files, w.inbox]);
  const other = pick(next, [w.calendar, w.files, w.inbox]);
  const [from, to, folder] = [collection.at(name()), other.at(name()), `folder-${name()}`];
  const size = pick(next, [0, 1, 500, 70_000]);
  const managedId = `m${Math.floor(next() * 3)}`;
  const steps: readonly Parameters<World['change']>[0][] = [
    (tx) => tx.putItem(from.collection, file(from.name, 'x'.repeat(size))), (tx) => tx.putItem(from.collection, file(from.name, 'x'.repeat(size))),
    (tx) => tx.removeItem(from.collection, from.name), (tx) => tx.moveItem(from, to, { overwrite: true }), (tx) => tx.copyItem(from, to, { overwrite: true }),
    (tx) => tx.attach(from, attachment(managedId, size)), (tx) => tx.detach(from, managedId),
    async (tx) => tx.putItem(await tx.createCollection(w.files.id, draft(folder, 'files')), file('inside', 'x'.repeat(size))),
    async (tx) => {
      const found = await tx.findCollection(w.files.id, folder);
      if (found) await tx.removeCollection(found.id);
    },
  ];
  const step = pick(next, steps);
  if (from.name !== to.name || from.collection !== to.collection) await w.change(step, { octets: 400_000 }).catch(() => undefined);
}

function describeCounts(open: OpenStore): void {
  it('counts calendars that are not hidden against the limit of collections, and no others', async () => {
    await using w = await world(open);
    const make = (segment: string, kind: string): Promise<unknown> => w.change((tx) => tx.createCollection(w.home.root.id, draft(segment, kind)), { collections: 2 });
    await make('second', 'calendar');
    expect(await codeOf(make('third', 'calendar'))).toBe('too-many');
    await make('folder', 'files');
    await make('notifications', 'notifications');
    await w.change((tx) => tx.hideCollection(w.calendar.id), { collections: 2 });
    await make('third', 'calendar');
    expect(await codeOf(make('fourth', 'calendar'))).toBe('too-many');
  });

  it('counts items of a collection against their limit; to replace one is always allowed', async () => {
    await using w = await world(open);
    const limits = { itemsPerCollection: 2 };
    for (const uid of ['a', 'b']) await w.calendar.put(event(uid), { limits });
    expect(await codeOf(w.calendar.put(event('c'), { limits }))).toBe('too-many');
    await w.calendar.put(event('b', { summary: 'new' }), { limits });
    await w.inbox.put(event('c'), { limits });
    expect(await codeOf(w.change((tx) => tx.moveItem(w.inbox.at('c.ics'), w.calendar.at('c.ics'), { overwrite: false }), limits))).toBe('too-many');
    await w.change((tx) => tx.moveItem(w.calendar.at('a.ics'), w.calendar.at('renamed.ics'), { overwrite: false }), limits);
    await w.change((tx) => tx.moveItem(w.inbox.at('c.ics'), w.calendar.at('b.ics'), { overwrite: true }), limits);
    await w.calendar.remove('b.ics');
    await w.calendar.put(event('d'), { limits });
    expect(await w.calendar.names()).toEqual(['d.ics', 'renamed.ics']);
  });

  it('counts what a change adds and removes', async () => {
    await using w = await world(open);
    expect(await codeOf(w.change(async (tx) => {
      for (const uid of ['a', 'b', 'c']) await tx.putItem(w.calendar.id, write(event(uid)));
    }, { itemsPerCollection: 2 }))).toBe('too-many');
    await w.change(async (tx) => {
      for (const uid of ['a', 'b']) await tx.putItem(w.calendar.id, write(event(uid)));
      await tx.removeItem(w.calendar.id, event('a').name);
      await tx.putItem(w.calendar.id, write(event('c')));
    }, { itemsPerCollection: 2 });
    expect(await w.calendar.names()).toEqual(['b.ics', 'c.ics']);
  });

  it('refuses a body that is larger than its traits say', async () => {
    await using w = await world(open);
    const most = w.store.traits.maxItemOctets;
    // Where a store takes anything there is nothing to refuse; allocating it would prove nothing.
    if (most <= 64 * 1024 * 1024) expect(await codeOf(w.files.put(file('f', new Uint8Array(most + 1))))).toBe('too-large');
    expect(most).toBeGreaterThanOrEqual(1024 * 1024);
  });
}

function describeAttachments(open: OpenStore): void {
  it('keeps attachment rows and counts their octets in the same change', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const size = event('a').body.length;
    const at = w.calendar.at('a.ics');
    await w.change(async (tx) => {
      await tx.attach(at, attachment('m1'));
      await tx.attach(at, { ...attachment('m2', 50), rid: '20260302T090000Z' });
    });
    const rows = (await w.calendar.get('a.ics')).attachments;
    expect([...rows].sort((a, b) => (a.managedId < b.managedId ? -1 : 1))).toEqual([attachment('m1'), { ...attachment('m2', 50), rid: '20260302T090000Z' }]);
    expect((await w.now()).usedOctets).toBe(size + 150);
    await w.change((tx) => tx.detach(at, 'm1'));
    expect((await w.now()).usedOctets).toBe(size + 50);
    await w.calendar.put(event('a', { summary: 'new' }));
    expect((await w.calendar.get('a.ics')).attachments.map(({ managedId }) => managedId)).toEqual(['m2']);
    await w.calendar.remove('a.ics');
    expect((await w.now()).usedOctets).toBe(0);
  });

  it('refuses an attachment too many, or one that does not fit', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const at = w.calendar.at('a.ics');
    const used = (await w.now()).usedOctets;
    const limits = { attachmentsPerItem: 2, octets: used + 250 };
    await w.change((tx) => tx.attach(at, attachment('m1')), limits);
    expect(await codeOf(w.change((tx) => tx.attach(at, attachment('big', 151)), limits))).toBe('over-quota');
    await w.change((tx) => tx.attach(at, attachment('m2')), limits);
    expect(await codeOf(w.change((tx) => tx.attach(at, attachment('m3', 1)), limits))).toBe('too-many');
    expect(await codeOf(w.change((tx) => tx.attach(w.calendar.at('no.ics'), attachment('m4')), limits))).toBe('not-found');
    expect((await w.now()).usedOctets).toBe(used + 200);
  });

  it('frees the attachments of an overwritten item and moves those of the other', async () => {
    await using w = await world(open);
    for (const uid of ['a', 'b']) {
      await w.calendar.put(event(uid));
      await w.change((tx) => tx.attach(w.calendar.at(`${uid}.ics`), attachment(`of-${uid}`)));
    }
    await w.change((tx) => tx.moveItem(w.calendar.at('a.ics'), w.calendar.at('b.ics'), { overwrite: true }));
    expect((await w.calendar.get('b.ics')).attachments.map(({ managedId }) => managedId)).toEqual(['of-a']);
    expect((await w.now()).usedOctets).toBe(event('a').body.length + 100);
  });
}

export function describeStagedBodies(open: OpenStore): void {
  const body = bytes(random(5), 200_000);

  it('stages octets and puts them without a copy', async () => {
    await using w = await world(open);
    const staged = await w.store.stage(w.homeId, chunksOf(body), 1_000_000);
    expect(staged).toMatchObject({ octets: body.length, sha256: createHash('sha256').update(body).digest('hex') });
    const { etag } = await w.files.put({ ...file('big'), body: staged });
    expect(etag).toBe(createHash('sha256').update(body).digest().subarray(0, 12).toString('base64url'));
    const item = await w.files.get('big', EVERYTHING);
    expect(item.meta.size).toBe(body.length);
    expect(Buffer.from(item.body).equals(body)).toBe(true);
    expect(Buffer.from((await octetsOf(await (await w.reopen()).store.openBody(w.files.at('big'))))!).equals(body)).toBe(true);
    expect((await w.now()).usedOctets).toBe(body.length);
  });

  it('stages small bodies and empty ones as well', async () => {
    await using w = await world(open);
    for (const size of [0, 1, 5000]) {
      const staged = await w.store.stage(w.homeId, chunksOf(body.slice(0, size), 100), 1_000_000);
      await w.files.put({ ...file(`f${size}`), body: staged });
      expect(Buffer.from((await w.files.get(`f${size}`)).body).equals(body.slice(0, size))).toBe(true);
    }
  });

  it('refuses more octets than asked for, as soon as they come', async () => {
    await using w = await world(open);
    let given = 0;
    const endless = (async function* () {
      for (;;) {
        given += 10_000;
        yield body.slice(0, 10_000);
      }
    })();
    expect(await codeOf(w.store.stage(w.homeId, endless, 50_000))).toBe('too-large');
    expect(given).toBeLessThan(5_000_000);
    await w.store.stage(w.homeId, chunksOf(body.slice(0, 50_000)), 50_000);
  });

  it('leaves nothing when the content breaks off', async () => {
    await using w = await world(open);
    const broken = (async function* () {
      yield body.slice(0, 100_000);
      throw new Error('the client went away');
    })();
    await expect(w.store.stage(w.homeId, broken, 1_000_000)).rejects.toThrow('the client went away');
    expect((await w.now()).usedOctets).toBe(0);
  });

  it('counts staged octets against the quota when they are put', async () => {
    await using w = await world(open);
    const staged = await w.store.stage(w.homeId, chunksOf(body), 1_000_000);
    expect(await codeOf(w.files.put({ ...file('big'), body: staged }, { limits: { octets: body.length - 1 } }))).toBe('over-quota');
    await w.files.put({ ...file('big'), body: staged }, { limits: { octets: body.length } });
  });

  it('forgets staged octets after an hour', async () => {
    await using w = await world(open);
    const staged = await w.store.stage(w.homeId, chunksOf(body), 1_000_000);
    await w.clock.advance(3_601_000);
    expect(await codeOf(w.files.put({ ...file('big'), body: staged }))).not.toBe('accepted');
    expect(await w.files.names()).toEqual([]);
  });

  it('puts staged octets by a change that has to run again', async () => {
    await using w = await world(open);
    const bodies = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => w.store.stage(w.homeId, chunksOf(body.slice(n)), 1_000_000)));
    await Promise.all(bodies.map((staged, n) => w.change(async (tx) => {
      const used = (await tx.home()).usedOctets;
      await tx.putItem(w.files.id, { ...file(`f${n}`), body: staged });
      expect((await tx.home()).usedOctets).toBe(used + staged.octets);
    })));
    for (const n of bodies.keys()) expect(Buffer.from((await w.files.get(`f${n}`)).body).equals(body.slice(n))).toBe(true);
  });
}
