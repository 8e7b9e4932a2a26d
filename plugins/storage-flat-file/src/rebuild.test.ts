/** An index that is gone, folders that were restored, a machine that restarted: what the files alone give back. */
import { cpSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CollectionDraft, Home, Item, ItemName, PrincipalId, StoreWriter, WriteLimits } from '@kalends/contracts';
import { event, factsOf, file, todo, write } from '@kalends/testkit';
import type { FlatFileStore } from './flat-file-options.ts';
import { TestDataRoot } from './data-root.fixture.ts';

const noLimits: WriteLimits = { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity };
const draft = (segment: string, kind = 'calendar'): CollectionDraft => ({ segment, kind, properties: new Map([['{x:}color', 'red']]) });
const name = (text: string): ItemName => text as ItemName;
const amyId = 'AB12-amy' as PrincipalId;
const benId = 'id-ben' as PrincipalId;
const everything = { meta: true, facts: true, body: true, acl: true, dead: 'all', attachments: true, personal: benId } as const;

async function all(at: FlatFileStore, home: Home): Promise<readonly Item[]> {
  const found: Item[] = [];
  for (const { id } of await at.store.listCollections(home.root.id, 'infinity')) for await (const batch of at.store.listItems(id, everything)) found.push(...batch);
  return found.map(({ meta, ...item }) => {
    const { revision: _, modified: __, created: ___, ...kept } = meta!;
    return { ...item, meta: kept, ...(item.personal === undefined ? {} : { personal: { ...item.personal, number: 0 } }) } as unknown as Item;
  });
}

async function fill(at: FlatFileStore): Promise<Home> {
  const home = await at.store.createHome({ id: amyId, kind: 'user', name: 'amy' }, { properties: new Map(), acl: [] }, [draft('calendar'), draft('inbox', 'inbox'), draft('dropbox', 'files')]);
  const find = async (segment: string) => (await at.store.findCollection(home.root.id, segment))!.id;
  const [calendar, inbox, dropbox] = [await find('calendar'), await find('inbox'), await find('dropbox')];
  await at.store.write(home.id, noLimits, async (tx: StoreWriter) => {
    await tx.putItem(calendar, write(event('a'), { scheduleTag: 'tag-1' as never }));
    await tx.putItem(calendar, write(todo('t')));
    await tx.putItem(inbox, write(event('a')));
    await tx.putItem(dropbox, { ...file('big', 'x'.repeat(100_000)), contentType: 'text/x-odd' });
    const deep = await tx.createCollection(dropbox, draft('ü/x', 'files'));
    await tx.putItem(deep, file('y'.repeat(300), 'deep'));
    const at = { collection: calendar, name: name('a.ics') };
    await tx.setDead(at, new Map([['{x:}a', '1']]), []);
    await tx.setItemAcl(at, [{ principal: benId, grant: 1 }]);
    await tx.setPersonal(at, benId, { patch: Uint8Array.of(1, 2), facts: factsOf({ start: 1, end: 2 }) });
    await tx.attach(at, { managedId: 'm', id: 'blob', octets: 10, sha256: 'ab', name: 'x.pdf', type: 'application/pdf' });
    await tx.enqueue({ kind: 'k', payload: { to: 'ben' }, lane: 'l' });
    await tx.putLock({ token: 'opaquelocktoken:1', path: ['calendar'], depth: 0, scope: 'exclusive', owner: amyId, ownerXml: '', expires: 9_999_999_999 });
  });
  return (await at.store.findHome(amyId))!;
}

describe('a rebuilt index', () => {
  it('has everything again, under a new epoch, with the same ETags and ids', async () => {
    await using root = new TestDataRoot();
    const first = await root.open();
    const before = await fill(first);
    const [items, statistics, collections] = [await all(first, before), await first.maintenance.statistics(), await first.store.listCollections(before.root.id, 'infinity')];
    await root.close();
    rmSync(join(root.path, 'index'), { recursive: true });
    const again = await root.open();
    const after = (await again.store.findHome(amyId))!;
    expect(await all(again, after)).toEqual(items);
    expect(after).toMatchObject({ usedOctets: before.usedOctets, locks: 1, owner: amyId });
    expect(after.root.epoch).not.toBe(before.root.epoch);
    expect(after.root.revision).toBeGreaterThan(before.root.revision);
    expect(await again.maintenance.statistics()).toEqual(statistics);
    expect((await again.store.listCollections(after.root.id, 'infinity')).map(({ id, segment, properties, kind }) => ({ id, segment, properties, kind })))
      .toEqual(collections.map(({ id, segment, properties, kind }) => ({ id, segment, properties, kind })));
    expect(await again.jobLog.claim({ kinds: ['k'], limit: 10, leaseMilliseconds: 1000 })).toMatchObject([{ payload: { to: 'ben' } }]);
    expect((await again.store.locks(after.id)).map(({ token }) => token)).toEqual(['opaquelocktoken:1']);
    await root.close();
    // The next start finds nothing strange.
    const third = await root.open();
    expect((await third.store.findHome(amyId))!.root.epoch).toBe(after.root.epoch);
  });

  it('quarantines what its reader refuses and, of two files with one UID, the one written first', async () => {
    await using root = new TestDataRoot();
    const first = await root.open();
    await fill(first);
    await root.close();
    rmSync(join(root.path, 'index'), { recursive: true });
    const calendar = join(root.path, 'calendars/users/amy/calendar');
    writeFileSync(join(calendar, 'broken.ics'), 'no calendar');
    writeFileSync(join(calendar, 'older.ics'), event('a').body);
    utimesSync(join(calendar, 'older.ics'), 1, 1);
    const again = await root.open();
    const home = (await again.store.findHome(amyId))!;
    const found = [];
    for await (const batch of again.maintenance.quarantined()) found.push(...batch);
    expect(found.map(({ path }) => path)).toEqual([['calendar', 'broken.ics'], ['calendar', 'older.ics']]);
    expect(await again.store.findByUid(home.id, 'a')).toMatchObject({ name: 'a.ics' });
  });

  it('notices a folder that somebody restored, and gives the home a new epoch (R34)', async () => {
    await using root = new TestDataRoot();
    const first = await root.open();
    const before = await fill(first);
    await root.close();
    const calendars = join(root.path, 'calendars');
    const backup = join(root.path, 'backup');
    cpSync(join(calendars, '__uids__'), backup, { recursive: true });
    const second = await root.open();
    const calendar = (await second.store.findCollection(before.root.id, 'calendar'))!.id;
    expect((await second.store.findHome(amyId))!.root.epoch).toBe(before.root.epoch);
    await second.store.write(before.id, noLimits, (tx) => tx.removeItem(calendar, name('a.ics')));
    await root.close();
    rmSync(join(calendars, '__uids__'), { recursive: true });
    cpSync(backup, join(calendars, '__uids__'), { recursive: true });
    const third = await root.open();
    const after = (await third.store.findHome(amyId))!;
    expect(after.root.epoch).not.toBe(before.root.epoch);
    expect(await third.store.findItem(calendar, name('a.ics'), { body: true })).toMatchObject({ body: event('a').body });
  });

  it('takes in a removed calendar that came back, and files copied in when told to', async () => {
    await using root = new TestDataRoot();
    const at = await root.open();
    const home = await fill(at);
    const folder = join(root.path, 'calendars/__uids__/ab/12/AB12-amy');
    writeFileSync(join(folder, 'calendar/new.ics'), event('new').body);
    const calendar = (await at.store.findCollection(home.root.id, 'calendar'))!.id;
    expect(await at.store.findItem(calendar, name('new.ics'), {})).toBeUndefined();
    await at.maintenance.rescan(home.id);
    expect(await at.store.findItem(calendar, name('new.ics'), { body: true })).toMatchObject({ body: event('new').body });
    expect((await at.store.findHome(amyId))!.root.epoch).not.toBe(home.root.epoch);
  });

  it('writes files again from the shard when the machine has restarted before they were flushed', async () => {
    await using root = new TestDataRoot();
    const first = await root.open({ bootId: 'one' });
    await fill(first);
    const folder = join(root.path, 'calendars/__uids__/ab/12/AB12-amy');
    // Torn by the power loss: nothing here was flushed, and nothing checkpointed.
    writeFileSync(join(folder, 'calendar/a.ics'), '');
    writeFileSync(join(folder, 'calendar/.meta/a.ics.json'), '{');
    await root.open({ bootId: 'two' });
    expect(readFileSync(join(folder, 'calendar/a.ics')).equals(event('a').body)).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, 'calendar/.meta/a.ics.json'), 'utf8'))).toMatchObject({ scheduleTag: 'tag-1' });
  });

  it('starts from the copy of the records where they are gone', async () => {
    await using root = new TestDataRoot();
    const first = await root.open();
    await first.recordStore.apply([{ kind: 'delegate', key: 'k', value: 1 }]);
    await root.close();
    for (const each of readdirSync(join(root.path, 'principals'))) if (each.startsWith('state.sqlite')) rmSync(join(root.path, 'principals', each), { recursive: true });
    const again = await root.open();
    expect((await again.recordStore.get('delegate', 'k'))!.value).toBe(1);
  });

  it('answers on when its index is deleted under it, and finds the homes again', async () => {
    await using root = new TestDataRoot();
    const at = await root.open();
    const home = await fill(at);
    const items = await all(at, home);
    rmSync(join(root.path, 'index'), { recursive: true });
    const calendar = (await at.store.findCollection(home.root.id, 'calendar'))!.id;
    await at.store.write(home.id, noLimits, (tx) => tx.putItem(calendar, write(event('b')))).catch(() => undefined);
    const after = (await at.store.findHome(amyId))!;
    expect((await all(at, after)).filter(({ name: each }) => each !== 'b.ics')).toEqual(items);
  });
});
