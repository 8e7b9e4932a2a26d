/** Locks (RFC 4918 §6) as rows. Who may lock what is the protocol's to decide, inside the change. */
import { expect, it } from 'vitest';
import type { Lock } from '@kalends/contracts';
import { event } from '../ics.ts';
import { principal, world } from './given.ts';
import type { World } from './given.ts';
import type { OpenStore } from './store-harness.ts';

const lock = (w: World, token: string, more: Partial<Lock> = {}): Lock => ({
  token, path: ['calendar', 'a.ics'], depth: 0, scope: 'exclusive', owner: principal('id-ben'), ownerXml: '<D:href xmlns:D="DAV:">ä</D:href>',
  expires: Math.floor(w.clock.now() / 1000) + 600, ...more,
});
const put = (w: World, given: Lock): Promise<unknown> => w.change((tx) => tx.putLock(given));

export function describeLocks(open: OpenStore): void {
  it('keeps locks as they came and counts them', async () => {
    await using w = await world(open);
    expect(await w.store.locks(w.homeId)).toEqual([]);
    const locks = [lock(w, 't1'), lock(w, 't2', { path: [], depth: 'infinity', scope: 'shared' }), lock(w, 't3', { path: ['nothing', 'there', 'a/b', '%'] })];
    for (const given of locks) await put(w, given);
    const byToken = async (rows: Promise<readonly Lock[]>): Promise<readonly Lock[]> => [...await rows].sort((a, b) => (a.token < b.token ? -1 : 1));
    expect(await byToken(w.store.locks(w.homeId))).toEqual(locks);
    expect((await w.now()).locks).toBe(3);
    expect((await w.store.locate(w.home.owner, [], {}))!.home.locks).toBe(3);
    expect(await byToken((await w.reopen()).store.locks(w.homeId))).toEqual(locks);
  });

  it('removes a lock by its token, and does not mind one that is not there', async () => {
    await using w = await world(open);
    await put(w, lock(w, 't1'));
    await w.change((tx) => tx.removeLock('unknown'));
    expect((await w.now()).locks).toBe(1);
    await w.change((tx) => tx.removeLock('t1'));
    expect(await w.store.locks(w.homeId)).toEqual([]);
    expect((await w.now()).locks).toBe(0);
  });

  it('refreshes a lock by putting it again', async () => {
    await using w = await world(open);
    await put(w, lock(w, 't1'));
    const later = lock(w, 't1', { expires: Math.floor(w.clock.now() / 1000) + 9000 });
    await put(w, later);
    expect(await w.store.locks(w.homeId)).toEqual([later]);
    expect((await w.now()).locks).toBe(1);
  });

  it('does not list a lock that has expired', async () => {
    await using w = await world(open);
    await put(w, lock(w, 'short', { expires: Math.floor(w.clock.now() / 1000) + 60 }));
    await put(w, lock(w, 'long'));
    await w.clock.advance(61_000);
    expect((await w.store.locks(w.homeId)).map(({ token }) => token)).toEqual(['long']);
    expect((await w.change(async (tx) => (await tx.locks()).map(({ token }) => token))).value).toEqual(['long']);
  });

  it('sees inside a change the locks it put and removed', async () => {
    await using w = await world(open);
    await put(w, lock(w, 't1'));
    await w.change(async (tx) => {
      await tx.putLock(lock(w, 't2'));
      await tx.removeLock('t1');
      expect((await tx.locks()).map(({ token }) => token)).toEqual(['t2']);
      expect((await tx.home()).locks).toBe(1);
    });
  });

  it('lets one of two win who lock the same thing at once', async () => {
    await using w = await world(open);
    const attempt = (token: string): Promise<unknown> => w.change(async (tx) => {
      if ((await tx.locks()).length > 0) throw new Error('locked');
      await tx.putLock(lock(w, token));
    });
    const results = await Promise.allSettled(['t1', 't2', 't3', 't4'].map(attempt));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await w.now()).locks).toBe(1);
  });

  it('lets a write that looks for locks see one that comes at the same time, or come before it', async () => {
    await using w = await world(open);
    for (let round = 0; round < 10; round++) {
      const name = `e${round}`;
      const [locked, written] = await Promise.allSettled([
        w.change(async (tx) => {
          if (await tx.findItem(w.calendar.id, event(name).name, {})) throw new Error('written before');
          await tx.putLock(lock(w, `t${round}`, { path: ['calendar', `${name}.ics`] }));
        }),
        w.calendar.change(async (tx) => {
          if ((await tx.locks()).some(({ path }) => path[1] === `${name}.ics`)) throw new Error('locked before');
          await tx.putItem(w.calendar.id, { ...event(name), contentType: 'text/calendar' });
        }),
      ]);
      expect([locked, written].filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });
}
