/** Items: octets, columns, listings, moves, facts and dead properties. Bodies of every size are in `body-cases.ts`. */
import { expect, it } from 'vitest';
import type { ETag, ItemFacts } from '@kalends/contracts';
import { event, file, todo, write } from '../ics.ts';
import { factsOf, FOREVER } from '../plain-reader.ts';
import { all, bytes, codeOf, EVERYTHING, itemName, octetsOf, principal, random, world } from './given.ts';
import type { OpenStore } from './store-harness.ts';

export function describeItems(open: OpenStore): void {
  describeColumns(open);
  describeListings(open);
  describeRemovalsAndMoves(open);
  describeFactsAndDead(open);
}

function describeColumns(open: OpenStore): void {
  it('gives back every octet as it came', async () => {
    await using w = await world(open);
    const body = bytes(random(7), 3000);
    await w.files.put(file('octets', body));
    expect((await w.files.get('octets')).body).toEqual(body);
  });

  it('keeps its own copy of the octets', async () => {
    await using w = await world(open);
    const body = new TextEncoder().encode('before');
    await w.files.put(file('f', body));
    body.fill(0x20);
    expect(new TextDecoder().decode((await w.files.get('f')).body)).toBe('before');
  });

  it('gives name, ETag and component, and nothing else unasked', async () => {
    await using w = await world(open);
    const { etag } = await w.calendar.put(event('a'));
    expect(await w.calendar.find('a.ics', {})).toEqual({ name: 'a.ics', etag, component: 'VEVENT' });
    expect(etag).toMatch(/^[\w-]+$/);
    await w.files.put(file('f'));
    expect(Object.keys((await w.files.find('f', {}))!).sort()).toEqual(['etag', 'name']);
  });

  it('gives each column that is asked for', async () => {
    await using w = await world(open);
    const a = event('a');
    await w.calendar.put(a, { scheduleTag: 'tag-1' as ETag });
    expect(Object.keys((await w.calendar.find('a.ics', { meta: true }))!).sort()).toEqual(['component', 'etag', 'meta', 'name']);
    expect((await w.calendar.find('a.ics', { facts: true }))!.facts).toEqual(a.facts);
    expect((await w.calendar.find('a.ics', { body: true }))!.body).toEqual(a.body);
    expect((await w.calendar.find('a.ics', { dead: 'all' }))!.dead).toEqual(new Map());
    expect((await w.calendar.find('a.ics', { attachments: true }))!.attachments).toEqual([]);
    expect(await w.calendar.find('a.ics', { acl: true })).not.toHaveProperty('acl');
    expect(await w.calendar.find('a.ics', { personal: principal('id-ben') })).not.toHaveProperty('personal');
  });

  it('knows uid, type, size, times, schedule tag and revision of an item', async () => {
    await using w = await world(open);
    const a = event('a');
    const { revision } = await w.calendar.change((tx) => tx.putItem(w.calendar.id, write(a, { scheduleTag: 'tag-1' as ETag, contentType: 'text/calendar; charset=utf-8' })));
    const seconds = Math.floor(w.clock.now() / 1000);
    expect((await w.calendar.get('a.ics')).meta).toEqual({
      uid: 'a', contentType: 'text/calendar; charset=utf-8', scheduleTag: 'tag-1', size: a.body.length, created: seconds, modified: seconds, revision,
    });
  });

  it('keeps the time of creation when an item is replaced', async () => {
    await using w = await world(open);
    expect((await w.calendar.put(event('a'))).created).toBe(true);
    const { meta: before } = await w.calendar.get('a.ics');
    await w.clock.advance(10_000);
    expect((await w.calendar.put(event('a', { summary: 'new' }))).created).toBe(false);
    const { meta: after } = await w.calendar.get('a.ics');
    expect(after).toMatchObject({ created: before.created, modified: before.modified + 10 });
    expect(after.revision).toBeGreaterThan(before.revision);
  });

  it('takes the schedule tag from each write: one without has none', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'), { scheduleTag: 'tag-1' as ETag });
    await w.calendar.put(event('a', { summary: 'new' }));
    expect((await w.calendar.get('a.ics')).meta).not.toHaveProperty('scheduleTag');
  });

  it('keeps dead properties, ACL, personal rows and attachments when an item is replaced', async () => {
    await using w = await world(open);
    const ben = principal('id-ben');
    const attachment = { managedId: 'm1', id: 'blob', octets: 10, sha256: 'ab', name: 'x.pdf', type: 'application/pdf' };
    await w.calendar.put(event('a'));
    await w.change(async (tx) => {
      const at = w.calendar.at('a.ics');
      await tx.setDead(at, new Map([['{x:}a', '1']]), []);
      await tx.setItemAcl(at, [{ principal: ben, grant: 1 }]);
      await tx.setPersonal(at, ben, { patch: Uint8Array.of(1), facts: factsOf({ start: 1, end: 2 }) });
      await tx.attach(at, attachment);
    });
    await w.calendar.put(event('a', { summary: 'new' }));
    const item = await w.calendar.get('a.ics', { ...EVERYTHING, personal: ben });
    expect(item).toMatchObject({ dead: new Map([['{x:}a', '1']]), acl: [{ principal: ben, grant: 1 }], personal: { patch: Uint8Array.of(1) }, attachments: [attachment] });
  });

  it('takes an object without an octet', async () => {
    await using w = await world(open);
    await w.files.put(file('empty', ''));
    expect((await w.files.get('empty')).body).toEqual(new Uint8Array());
    expect((await w.files.get('empty')).meta.size).toBe(0);
    expect(await octetsOf(await w.store.openBody(w.files.at('empty')))).toEqual(new Uint8Array());
  });
}

function describeListings(open: OpenStore): void {
  it('finds nothing where nothing is', async () => {
    await using w = await world(open);
    expect(await w.calendar.find('no.ics')).toBeUndefined();
    expect(await w.store.findItem('unknown' as never, itemName('a'), {})).toBeUndefined();
    expect(await w.calendar.list()).toEqual([]);
    expect(await all(w.store.listItems('unknown' as never, {}))).toEqual([]);
    expect(await all(w.store.queryItems('unknown' as never, {}, {}))).toEqual([]);
    expect(await all(w.store.findItems(w.calendar.id, [], {}))).toEqual([]);
  });

  it('finds those of the names that exist, each once', async () => {
    await using w = await world(open);
    for (const uid of ['a', 'b', 'c']) await w.calendar.put(event(uid));
    const found = await all(w.store.findItems(w.calendar.id, ['c.ics', 'no.ics', 'a.ics', 'c.ics', 'A.ics'].map(itemName), { body: true }));
    expect(found.map(({ name }) => name).sort()).toEqual(['a.ics', 'c.ics']);
    expect(found.find(({ name }) => name === 'c.ics')!.body).toEqual(event('c').body);
  });

  it('finds thousands of names in one call', async () => {
    await using w = await world(open);
    await w.change(async (tx) => {
      for (let n = 0; n < 600; n++) await tx.putItem(w.calendar.id, write(event(`e${n}`)));
    });
    const names = Array.from({ length: 6000 }, (_, n) => itemName(`e${n}.ics`));
    expect(await all(w.store.findItems(w.calendar.id, names, {}))).toHaveLength(600);
  });

  it('lists in order of name, every item once, over many batches', async () => {
    await using w = await world(open);
    const uids = Array.from({ length: 700 }, (_, n) => `e${(n * 467) % 700}`);
    await w.change(async (tx) => {
      for (const uid of uids) await tx.putItem(w.calendar.id, write(event(uid)));
    });
    expect(await w.calendar.names()).toEqual(uids.map((uid) => `${uid}.ics`).sort());
    const queried = (await w.calendar.query({})).map(({ name }) => name);
    expect(queried.sort()).toEqual(uids.map((uid) => `${uid}.ics`).sort());
  });

  it('lists what lives throughout the call, whatever comes, changes and goes meanwhile', async () => {
    await using w = await world(open);
    const uids = Array.from({ length: 900 }, (_, n) => `e${String(n).padStart(3, '0')}`);
    await w.change(async (tx) => {
      for (const uid of uids) await tx.putItem(w.calendar.id, write(event(uid)));
    });
    const listed: string[] = [];
    let batch = 0;
    for await (const rows of w.store.listItems(w.calendar.id, { body: true })) {
      listed.push(...rows.map(({ name }) => name));
      await w.change(async (tx) => {
        await tx.removeItem(w.calendar.id, itemName(`e${String(batch).padStart(3, '0')}.ics`));
        await tx.removeItem(w.calendar.id, itemName(`e${899 - batch}.ics`));
        await tx.putItem(w.calendar.id, write(event(`e450-${batch}`)));
        await tx.putItem(w.calendar.id, write(event('e600', { summary: `changed ${batch}` })));
      });
      batch++;
    }
    expect(new Set(listed).size).toBe(listed.length);
    expect(listed).toEqual([...listed].sort());
    const throughout = uids.slice(batch, 900 - batch).map((uid) => `${uid}.ics`);
    expect(throughout.filter((name) => !listed.includes(name))).toEqual([]);
  });

  it('delays no writer while a reader stops in the middle of a listing', async () => {
    await using w = await world(open);
    await w.change(async (tx) => {
      for (let n = 0; n < 600; n++) await tx.putItem(w.calendar.id, write(event(`e${n}`)));
    });
    const listing = w.store.listItems(w.calendar.id, { body: true })[Symbol.asyncIterator]();
    await listing.next();
    for (let n = 0; n < 20; n++) await w.calendar.put(event(`new-${n}`));
    const reopened = await w.reopen();
    for (let n = 0; n < 5; n++) await w.calendar.through(reopened).put(event(`other-${n}`));
    expect((await listing.next()).done).toBe(false);
    await listing.return?.();
  });
}

function describeRemovalsAndMoves(open: OpenStore): void {
  it('removes an item, once', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.calendar.remove('a.ics');
    expect(await w.calendar.find('a.ics')).toBeUndefined();
    expect(await w.store.openBody(w.calendar.at('a.ics'))).toBeUndefined();
    expect(await codeOf(w.calendar.remove('a.ics'))).toBe('not-found');
    expect(await codeOf(w.change((tx) => tx.removeItem('unknown' as never, itemName('a'))))).toBe('not-found');
  });

  it('makes a name new again after its removal: nothing of the old item is left', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.change(async (tx) => {
      await tx.setDead(w.calendar.at('a.ics'), new Map([['{x:}a', '1']]), []);
      await tx.setItemAcl(w.calendar.at('a.ics'), [{ principal: 'all', grant: 1 }]);
    });
    await w.clock.advance(60_000);
    await w.calendar.remove('a.ics');
    expect((await w.calendar.put(event('a'))).created).toBe(true);
    const item = await w.calendar.get('a.ics');
    expect(item).toMatchObject({ dead: new Map(), meta: { created: Math.floor(w.clock.now() / 1000) } });
    expect(item).not.toHaveProperty('acl');
  });

  it('moves an item with all it has', async () => {
    await using w = await world(open);
    const other = await w.make('other');
    const ben = principal('id-ben');
    const a = event('a');
    await w.calendar.put(a, { scheduleTag: 'tag-1' as ETag });
    await w.change(async (tx) => {
      const at = w.calendar.at('a.ics');
      await tx.setDead(at, new Map([['{x:}a', '1']]), []);
      await tx.setItemAcl(at, [{ principal: ben, grant: 1 }]);
      await tx.setPersonal(at, ben, { patch: Uint8Array.of(1), facts: factsOf({ start: 1, end: 2 }) });
      await tx.attach(at, { managedId: 'm1', id: 'blob', octets: 10, sha256: 'ab', name: 'x.pdf', type: 'application/pdf', rid: '20260302' });
    });
    const select = { ...EVERYTHING, personal: ben };
    const before = await w.calendar.get('a.ics', select);
    await w.clock.advance(10_000);
    const { value } = await w.change((tx) => tx.moveItem(w.calendar.at('a.ics'), other.at('b.ics'), { overwrite: false }));
    expect(value).toEqual({ etag: before.etag, created: true });
    expect(await w.calendar.find('a.ics')).toBeUndefined();
    const after = await other.get('b.ics', select);
    const { revision, modified, ...kept } = before.meta;
    expect(after).toMatchObject({ ...before, name: 'b.ics', meta: kept });
    expect(after.meta.revision).toBeGreaterThan(revision);
    expect(modified).toBeDefined();
    expect(await octetsOf(await w.store.openBody(other.at('b.ics')))).toEqual(a.body);
  });

  it('renames within a collection', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.change((tx) => tx.moveItem(w.calendar.at('a.ics'), w.calendar.at('b.ics'), { overwrite: false }));
    expect(await w.calendar.names()).toEqual(['b.ics']);
    expect((await w.calendar.put(event('c', { name: 'a.ics' }))).created).toBe(true);
  });

  it('moves onto an item only where it may overwrite', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.calendar.put(event('b'));
    const move = (overwrite: boolean): Promise<unknown> => w.change((tx) => tx.moveItem(w.calendar.at('a.ics'), w.calendar.at('b.ics'), { overwrite }));
    expect(await codeOf(move(false))).toBe('exists');
    expect(await move(true)).toMatchObject({ value: { created: false } });
    expect(await w.calendar.names()).toEqual(['b.ics']);
    expect((await w.calendar.get('b.ics')).meta.uid).toBe('a');
  });

  it('refuses to move or copy an item onto itself', async () => {
    await using w = await world(open);
    await w.files.put(file('f'));
    const at = w.files.at('f');
    for (const overwrite of [false, true]) {
      expect(await codeOf(w.change((tx) => tx.moveItem(at, at, { overwrite })))).toBe('exists');
      expect(await codeOf(w.change((tx) => tx.copyItem(at, at, { overwrite })))).toBe('exists');
    }
    expect(await w.files.names()).toEqual(['f']);
  });

  it('says not-found for a move from or to what is not there', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const options = { overwrite: true };
    expect(await codeOf(w.change((tx) => tx.moveItem(w.calendar.at('no.ics'), w.calendar.at('b.ics'), options)))).toBe('not-found');
    expect(await codeOf(w.change((tx) => tx.moveItem(w.calendar.at('a.ics'), { collection: 'unknown' as never, name: itemName('b') }, options)))).toBe('not-found');
    expect(await w.calendar.names()).toEqual(['a.ics']);
  });

  it('moves two items past one another in one change', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.calendar.put(event('b'));
    await w.change(async (tx) => {
      await tx.moveItem(w.calendar.at('a.ics'), w.calendar.at('aside.ics'), { overwrite: false });
      await tx.moveItem(w.calendar.at('b.ics'), w.calendar.at('a.ics'), { overwrite: false });
      await tx.moveItem(w.calendar.at('aside.ics'), w.calendar.at('b.ics'), { overwrite: false });
    });
    expect(await w.calendar.names()).toEqual(['a.ics', 'b.ics']);
    expect((await w.calendar.get('a.ics')).body).toEqual(event('b').body);
    expect((await w.calendar.get('b.ics')).body).toEqual(event('a').body);
  });
}

function describeFactsAndDead(open: OpenStore): void {
  const facts: ItemFacts = {
    version: 3, bounds: { start: -FOREVER, end: FOREVER }, occurrences: Uint8Array.of(0, 1, 255), covered: { start: -5, end: 9_000_000_000 }, slices: Uint8Array.of(7),
    flags: 0b1010101, organizer: 'mailto:ä@example.com',
  };

  it('gives facts back as they came', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'), { facts });
    expect((await w.calendar.get('a.ics')).facts).toEqual(facts);
    expect((await w.calendar.through(await w.reopen()).get('a.ics')).facts).toEqual(facts);
  });

  it('replaces facts quietly: ETag, revision and times stay, of the item, the collection and the home', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const before = await w.calendar.get('a.ics');
    const [row, home] = [await w.calendar.row(), await w.now()];
    await w.clock.advance(10_000);
    const { revision } = await w.change((tx) => tx.replaceFacts(w.calendar.at('a.ics'), before.etag, facts));
    expect(revision).toBe(home.root.revision);
    expect(await w.calendar.get('a.ics')).toEqual({ ...before, facts });
    expect(await w.calendar.row()).toEqual(row);
    expect(await w.now()).toEqual(home);
  });

  it('does not replace the facts of another version of the item', async () => {
    await using w = await world(open);
    const { etag } = await w.calendar.put(event('a'));
    await w.calendar.put(event('a', { summary: 'new' }));
    expect(await codeOf(w.change((tx) => tx.replaceFacts(w.calendar.at('a.ics'), etag, facts)))).toBe('etag-mismatch');
    expect(await codeOf(w.change((tx) => tx.replaceFacts(w.calendar.at('no.ics'), etag, facts)))).toBe('not-found');
    expect((await w.calendar.get('a.ics')).facts).toEqual(event('a').facts);
  });

  it('lists items whose facts are of an older version or covered too short a time', async () => {
    await using w = await world(open);
    const make = (uid: string, more: Partial<ItemFacts>): Promise<unknown> => w.calendar.put(event(uid), { facts: factsOf({ start: 0, end: 1 }, { version: 2, covered: { start: 0, end: 1000 }, ...more }) });
    await make('fresh', {});
    await make('old', { version: 1 });
    await make('short', { covered: { start: 0, end: 999 } });
    await make('both', { version: 1, covered: { start: 0, end: 5 } });
    await w.files.put(file('plain'));
    const stale = await all(w.store.listStale({ version: 2, coveredUntil: 1000 }));
    expect(stale.map(({ name }) => name).sort()).toEqual(['both.ics', 'old.ics', 'short.ics']);
    expect(new Set(stale.map(({ collection }) => collection))).toEqual(new Set([w.calendar.id]));
    const { etag } = await w.calendar.get('old.ics');
    await w.change((tx) => tx.replaceFacts(w.calendar.at('old.ics'), etag, factsOf({ start: 0, end: 1 }, { version: 2, covered: { start: 0, end: 1000 } })));
    expect((await all(w.store.listStale({ version: 2, coveredUntil: 1000 }))).map(({ name }) => name).sort()).toEqual(['both.ics', 'short.ics']);
  });

  it('sets, removes and selects dead properties, on any kind of item', async () => {
    await using w = await world(open);
    await w.calendar.put(todo('t'));
    const at = w.calendar.at('t.ics');
    await w.change((tx) => tx.setDead(at, new Map([['{x:}a', '<a xmlns="x:"/>'], ['{x:}b', 'ü'], ['{y:}a', '3']]), []));
    await w.change((tx) => tx.setDead(at, new Map([['{x:}b', '2']]), ['{y:}a', '{x:}never']));
    expect((await w.calendar.get('t.ics')).dead).toEqual(new Map([['{x:}a', '<a xmlns="x:"/>'], ['{x:}b', '2']]));
    expect((await w.calendar.get('t.ics', { dead: [{ ns: 'x:', local: 'b' }, { ns: 'x:', local: 'c' }] })).dead).toEqual(new Map([['{x:}b', '2']]));
    expect(await codeOf(w.change((tx) => tx.setDead(w.calendar.at('no.ics'), new Map(), [])))).toBe('not-found');
  });

  it('selects the same columns in every way of reading', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const expected = await w.calendar.get('a.ics');
    const { store } = w;
    const name = itemName('a.ics');
    expect(await w.calendar.list(EVERYTHING)).toEqual([expected]);
    expect(await w.calendar.query({ uid: 'a' }, EVERYTHING)).toEqual([expected]);
    expect(await all(store.findItems(w.calendar.id, [name], EVERYTHING))).toEqual([expected]);
    expect((await store.locate(w.home.owner, ['calendar', 'a.ics'], EVERYTHING))!.item).toEqual(expected);
    expect((await w.calendar.changes('start', 10, EVERYTHING)).changed).toEqual([expected]);
    expect((await store.homeChangesSince(w.homeId, 'start', 10, true, EVERYTHING)).items).toEqual([{ collection: w.calendar.id, item: expected }]);
    expect((await w.change((tx) => tx.findItem(w.calendar.id, name, EVERYTHING))).value).toEqual(expected);
    expect((await w.change((tx) => all(tx.queryItems(w.calendar.id, {}, EVERYTHING)))).value).toEqual([expected]);
  });
}
