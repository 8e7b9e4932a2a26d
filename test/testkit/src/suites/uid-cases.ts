/** A UID lives once in a home, over all calendars that are not hidden (RFC 4791 §4.1, RFC 6638 §3.2.4.1); elsewhere it may repeat. */
import { expect, it } from 'vitest';
import { StoreError } from '@kalends/contracts';
import { event, file, todo, write } from '../ics.ts';
import { codeOf, draft, GivenCollection, NO_LIMITS, owner, world, FIRST } from './given.ts';
import type { OpenStore } from './store-harness.ts';

export function describeUids(open: OpenStore): void {
  describeUidRule(open);
  describeFindByUid(open);
}

function describeUidRule(open: OpenStore): void {
  it('refuses a second item with the UID and names the first', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const refused = await w.calendar.put(event('a', { name: 'b.ics' })).then(() => undefined, (error: unknown) => error);
    expect(refused).toBeInstanceOf(StoreError);
    expect(refused).toMatchObject({ code: 'uid-taken', holder: w.calendar.at('a.ics') });
    expect(await w.calendar.names()).toEqual(['a.ics']);
  });

  it('refuses it in another calendar of the home too, and for another component', async () => {
    await using w = await world(open);
    const other = await w.make('other');
    await w.calendar.put(event('a'));
    await expect(other.put(todo('a'))).rejects.toMatchObject({ code: 'uid-taken', holder: w.calendar.at('a.ics') });
  });

  it('lets inbox, files and notifications repeat a UID', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    for (const kind of ['inbox', 'notifications', 'files', 'outbox', 'a-plugins-own']) {
      const collection = await w.make(`repeats-${kind}`, kind);
      await collection.put(event('a', { name: '1.ics' }));
      await collection.put(event('a', { name: '2.ics' }));
    }
    await w.inbox.put(event('first in the inbox'));
    await w.calendar.put(event('first in the inbox'));
  });

  it('counts each home for itself', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const ben = await w.store.createHome(owner('ben'), { properties: new Map(), acl: [] }, FIRST);
    const calendar = (await w.store.findCollection(ben.root.id, 'calendar'))!.id;
    await w.store.write(ben.id, NO_LIMITS, (tx) => tx.putItem(calendar, write(event('a'))));
    expect(await w.store.findByUid(ben.id, 'a')).toEqual({ collection: calendar, name: 'a.ics' });
  });

  it('lets an item be replaced under its own UID, or under another that is free', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.calendar.put(event('a', { summary: 'new' }));
    await w.calendar.put(event('b', { name: 'a.ics' }));
    expect(await w.store.findByUid(w.homeId, 'a')).toBeUndefined();
    await w.calendar.put(event('a', { name: 'other.ics' }));
    expect(await codeOf(w.calendar.put(event('a')))).toBe('uid-taken');
  });

  it('frees a UID with its item, in the same change too', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.change(async (tx) => {
      await tx.removeItem(w.calendar.id, event('a').name);
      await tx.putItem(w.calendar.id, write(event('a', { name: 'b.ics' })));
      expect(await codeOf(tx.putItem(w.calendar.id, write(event('a', { name: 'c.ics' }))))).toBe('uid-taken');
    });
    expect(await w.calendar.names()).toEqual(['b.ics']);
  });

  it('frees the UIDs of a removed calendar, of those below a removed collection too', async () => {
    await using w = await world(open);
    const below = await w.make('below', 'calendar', w.files.id);
    await w.calendar.put(event('a'));
    await below.put(event('b'));
    const other = await w.make('other');
    await w.change(async (tx) => {
      await tx.removeCollection(w.calendar.id);
      await tx.removeCollection(w.files.id);
      await tx.putItem(other.id, write(event('a')));
      await tx.putItem(other.id, write(event('b')));
    });
    expect(await w.store.findByUid(w.homeId, 'b')).toEqual(other.at('b.ics'));
  });

  it('checks a move into a calendar', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.inbox.put(event('a', { name: 'message.ics' }));
    const move = w.change((tx) => tx.moveItem(w.inbox.at('message.ics'), w.calendar.at('b.ics'), { overwrite: false }));
    await expect(move).rejects.toMatchObject({ code: 'uid-taken', holder: w.calendar.at('a.ics') });
    await w.change((tx) => tx.moveItem(w.inbox.at('message.ics'), w.calendar.at('a.ics'), { overwrite: true }));
    expect(await w.calendar.names()).toEqual(['a.ics']);
    expect(await w.inbox.names()).toEqual([]);
  });

  it('lets an item move between calendars with its UID', async () => {
    await using w = await world(open);
    const other = await w.make('other');
    await w.calendar.put(event('a'));
    await w.change((tx) => tx.moveItem(w.calendar.at('a.ics'), other.at('a.ics'), { overwrite: false }));
    expect(await codeOf(w.calendar.put(event('a')))).toBe('uid-taken');
    await w.change((tx) => tx.moveItem(other.at('a.ics'), w.inbox.at('a.ics'), { overwrite: false }));
    await w.calendar.put(event('a'));
  });

  it('compares UIDs exactly, however odd they are', async () => {
    await using w = await world(open);
    const uids = ['a', 'A', 'a ', ' a', 'ä', 'ａ', 'a\\,b', '%', '_', '', 'x'.repeat(1000)];
    for (const [n, uid] of uids.entries()) await w.calendar.put(event('plain', { name: `${n}.ics` }), { uid });
    for (const [n, uid] of uids.entries()) {
      expect(await w.store.findByUid(w.homeId, uid)).toEqual(w.calendar.at(`${n}.ics`));
      expect(await codeOf(w.calendar.put(event('plain', { name: 'second.ics' }), { uid }))).toBe('uid-taken');
    }
  });

  it('lets many items be without a UID', async () => {
    await using w = await world(open);
    for (const name of ['a', 'b', 'c']) await w.calendar.put(file(name));
    expect(await w.calendar.names()).toEqual(['a', 'b', 'c']);
  });

  it('lets one of several who put the same UID at once win', async () => {
    await using w = await world(open);
    const other = (await w.make('other')).through(await w.reopen());
    const attempts = await Promise.all(Array.from({ length: 10 }, (_, n) => codeOf((n % 2 ? other : w.calendar).put(event('a', { name: `${n}.ics` })))));
    expect(attempts.filter((code) => code === 'accepted')).toHaveLength(1);
    expect(attempts.filter((code) => code === 'uid-taken')).toHaveLength(9);
    expect((await w.calendar.names()).length + (await other.names()).length).toBe(1);
  });
}

function describeFindByUid(open: OpenStore): void {
  it('finds an item of a calendar by its UID, wherever it moved', async () => {
    await using w = await world(open);
    const other = await w.make('other');
    await w.calendar.put(event('a'));
    await w.inbox.put(event('b'));
    expect(await w.store.findByUid(w.homeId, 'a')).toEqual(w.calendar.at('a.ics'));
    expect(await w.store.findByUid(w.homeId, 'b')).toBeUndefined();
    expect(await w.store.findByUid('unknown' as never, 'a')).toBeUndefined();
    await w.change((tx) => tx.moveItem(w.calendar.at('a.ics'), other.at('b.ics'), { overwrite: false }));
    expect(await w.store.findByUid(w.homeId, 'a')).toEqual(other.at('b.ics'));
  });

  it('finds by UID what the change did so far', async () => {
    await using w = await world(open);
    await w.calendar.put(event('goes'));
    await w.change(async (tx) => {
      const made = await tx.createCollection(w.home.root.id, draft('made'));
      await tx.putItem(made, write(event('new')));
      await tx.removeItem(w.calendar.id, event('goes').name);
      expect(await tx.findByUid('new')).toEqual({ collection: made, name: 'new.ics' });
      expect(await tx.findByUid('goes')).toBeUndefined();
      await tx.moveItem({ collection: made, name: event('new').name }, w.calendar.at('x.ics'), { overwrite: false });
      expect(await tx.findByUid('new')).toEqual(w.calendar.at('x.ics'));
    });
    expect(await new GivenCollection(w, w.homeId, w.calendar.id).names()).toEqual(['x.ics']);
  });
}
