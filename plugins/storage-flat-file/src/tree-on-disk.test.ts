/** What lies on disk after changes: one readable file an item, sidecars, links, nothing that should be gone. */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CollectionDraft, Home, ItemName, PrincipalId, StoreWriter, WriteLimits } from '@kalends/contracts';
import { event, file, write } from '@kalends/testkit';
import { TestDataRoot } from './data-root.fixture.ts';
import type { FlatFileStore } from './flat-file-options.ts';

const noLimits: WriteLimits = { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity };
const draft = (segment: string, kind = 'calendar'): CollectionDraft => ({ segment, kind, properties: new Map() });
const name = (text: string): ItemName => text as ItemName;

async function amy(root: TestDataRoot, opened?: FlatFileStore) {
  const at = opened ?? await root.open();
  const home: Home = await at.store.createHome({ id: 'AB12-amy' as PrincipalId, kind: 'user', name: 'amy' }, { properties: new Map([['{DAV:}displayname', 'Amy']]), acl: [] }, [draft('calendar'), draft('dropbox', 'files')]);
  const find = async (segment: string) => (await at.store.findCollection(home.root.id, segment))!;
  const change = <T>(work: (tx: StoreWriter) => Promise<T>) => at.store.write(home.id, noLimits, work);
  return { ...at, home, calendar: await find('calendar'), files: await find('dropbox'), change, folder: join(root.path, 'calendars/__uids__/ab/12/AB12-amy') };
}

describe('the tree on disk', () => {
  it('is one file an item with the client\'s octets, below the owner\'s id, linked by kind and name (R30)', async () => {
    await using root = new TestDataRoot();
    const { calendar, change, folder } = await amy(root);
    const a = event('a');
    await change((tx) => tx.putItem(calendar.id, write(a)));
    expect(readFileSync(join(folder, 'calendar/a.ics')).equals(a.body)).toBe(true);
    expect(readlinkSync(join(root.path, 'calendars/users/amy'))).toBe('../__uids__/ab/12/AB12-amy');
    expect(readFileSync(join(root.path, 'calendars/users/amy/calendar/a.ics')).equals(a.body)).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, '.collection.json'), 'utf8'))).toMatchObject({ kind: 'home', owner: { id: 'AB12-amy', kind: 'user', name: 'amy' }, properties: { '{DAV:}displayname': 'Amy' } });
  });

  it('links a home by the name of today, whoever had the name, and takes away no link but its own', async () => {
    await using root = new TestDataRoot();
    const { store, home, folder, calendar, checkpoint } = await amy(root);
    const link = (of: string): string | undefined => (existsSync(join(root.path, 'calendars/users', of)) ? readlinkSync(join(root.path, 'calendars/users', of)).split('/').at(-1) : undefined);
    const ben = await store.createHome({ id: 'CD34-ben' as PrincipalId, kind: 'user', name: 'ben' }, { properties: new Map(), acl: [] }, []);
    const call = (of: Home, called: string): Promise<void> => store.nameOwner({ id: of.owner, kind: 'user', name: called });

    await call(home, 'amelia');
    expect([link('amy'), link('amelia')]).toEqual([undefined, 'AB12-amy']);
    expect(JSON.parse(readFileSync(join(folder, '.collection.json'), 'utf8'))).toMatchObject({ owner: { id: 'AB12-amy', kind: 'user', name: 'amelia' } });
    // They swap: whoever is asked for first takes the other's link, and the other leaves it to him.
    await call(home, 'ben');
    expect([link('amelia'), link('ben')]).toEqual([undefined, 'AB12-amy']);
    await call(ben, 'amelia');
    expect([link('amelia'), link('ben')]).toEqual(['CD34-ben', 'AB12-amy']);
    // A new person has an old name before its owner is asked for.
    await store.createHome({ id: 'EF56-new' as PrincipalId, kind: 'user', name: 'ben' }, { properties: new Map(), acl: [] }, []);
    await call(home, 'amy');
    expect([link('ben'), link('amy')]).toEqual(['EF56-new', 'AB12-amy']);
    // Something that is no link of ours stays, and the home is found by its id all the same.
    mkdirSync(join(root.path, 'calendars/users/zoe'));
    await call(home, 'zoe');
    expect([statSync(join(root.path, 'calendars/users/zoe')).isDirectory(), link('amy')]).toEqual([true, undefined]);

    await call(home, 'Ä/m.y');
    expect(readdirSync(join(root.path, 'calendars/users')).sort()).toEqual(['amelia', 'ben', 'zoe', 'Ä%2Fm.y']);
    await checkpoint();
    expect(readdirSync(join(folder, '.tmp'))).toEqual([]);
    expect((await store.findCollection(home.root.id, 'calendar'))!.epoch).toBe(calendar.epoch);
  });

  it('is linked by the next process where one ended between the name and its link', async () => {
    await using root = new TestDataRoot();
    const { diskFiles } = await import('./file-operations.ts');
    const { store, home } = await amy(root, await root.open({ files: { ...diskFiles, symlink: () => { throw new Error('ended'); } } }));
    await store.nameOwner({ id: home.owner, kind: 'user', name: 'amelia' });
    expect(readdirSync(join(root.path, 'calendars/users'))).toEqual([]);
    const other = await root.open();
    await other.store.write(home.id, noLimits, (tx) => tx.createCollection(home.root.id, draft('more')));
    expect(readdirSync(join(root.path, 'calendars/users'))).toEqual(['amelia']);
  });

  it('takes no link from somebody when a home is built from a folder that tells an old name', async () => {
    await using root = new TestDataRoot();
    const first = await amy(root);
    await first.store.createHome({ id: 'CD34-new' as PrincipalId, kind: 'user', name: 'amy' }, { properties: new Map(), acl: [] }, []);
    await root.close();
    rmSync(join(root.path, 'index'), { recursive: true });
    const { store } = await root.open();
    for (const id of ['CD34-new', 'AB12-amy']) expect(await store.findHome(id as PrincipalId)).toBeDefined();
    expect(readlinkSync(join(root.path, 'calendars/users/amy'))).toBe('../__uids__/cd/34/CD34-new');
    await store.nameOwner({ id: 'AB12-amy' as PrincipalId, kind: 'user', name: 'amelia' });
    expect(readlinkSync(join(root.path, 'calendars/users/amelia'))).toBe('../__uids__/ab/12/AB12-amy');
  });

  it('escapes what a client chose: dots, slashes, percents, control characters, and hashes what is too long', async () => {
    await using root = new TestDataRoot();
    const { files, change, folder, store } = await amy(root);
    const long = 'ü'.repeat(120);
    for (const each of ['.hidden', '..', 'a%2Fb', 'tab\tend', long]) await change((tx) => tx.putItem(files.id, file(each, each)));
    const names = readdirSync(join(folder, 'dropbox')).filter((each) => !each.startsWith('.')).sort();
    expect(names).toEqual([expect.stringMatching(/^%~[0-9a-f]{40}$/), '%2E.', '%2Ehidden', 'a%252Fb', 'tab%09end'].sort((left, right) => (String(left) < String(right) ? -1 : 1)).map((each) => each));
    for (const each of ['.hidden', '..', long]) expect(new TextDecoder().decode((await store.findItem(files.id, name(each), { body: true }))!.body)).toBe(each);
  });

  it('leaves no temp and no pending row after a checkpoint', async () => {
    await using root = new TestDataRoot();
    const { calendar, files, change, folder, checkpoint } = await amy(root);
    await change((tx) => tx.putItem(calendar.id, write(event('a'))));
    await change((tx) => tx.putItem(calendar.id, write(event('a', { summary: 'again' }))));
    await change((tx) => tx.putItem(files.id, file('big', 'x'.repeat(100_000))));
    await change((tx) => tx.copyItem({ collection: files.id, name: name('big') }, { collection: files.id, name: name('copy') }, { overwrite: false }));
    await change((tx) => tx.removeItem(files.id, name('big')));
    expect(readdirSync(join(folder, '.tmp'))).toEqual([]);
    await checkpoint();
    expect(readdirSync(join(folder, '.tmp'))).toEqual([]);
    expect(readdirSync(join(folder, 'dropbox')).sort()).toEqual(['.collection.json', '.meta', 'copy']);
  });

  it('follows collections that are made, moved into one another, hidden and removed', async () => {
    await using root = new TestDataRoot();
    const { home, files, change, folder, checkpoint } = await amy(root);
    const { value: inner } = await change(async (tx) => {
      const a = await tx.createCollection(files.id, draft('a', 'files'));
      const b = await tx.createCollection(a, draft('b', 'files'));
      await tx.putItem(b, file('f', 'deep'));
      return { a, b };
    });
    expect(readFileSync(join(folder, 'dropbox/a/b/f'), 'utf8')).toBe('deep');
    await change(async (tx) => {
      await tx.moveCollection(inner.b, home.root.id, 'moved');
      await tx.createCollection(inner.a, draft('b', 'files'));
      await tx.putItem(inner.b, file('g', 'new'));
    });
    expect(readdirSync(join(folder, 'moved')).sort()).toEqual(['.collection.json', '.meta', 'f', 'g']);
    expect(readdirSync(join(folder, 'dropbox/a/b')).sort()).toEqual(['.collection.json', '.meta']);
    await change((tx) => tx.hideCollection(inner.b));
    expect(existsSync(join(folder, 'moved'))).toBe(false);
    await change((tx) => tx.removeCollection(inner.b));
    await change((tx) => tx.removeCollection(inner.a));
    await checkpoint();
    expect(readdirSync(join(folder, '.tmp'))).toEqual([]);
    expect(readdirSync(join(folder, 'dropbox')).sort()).toEqual(['.collection.json', '.meta']);
  });

  it('finds a folder again that left a removed one, where the power failed and only the removal was kept', async () => {
    await using root = new TestDataRoot();
    const { home, files, change, folder } = await amy(root, await root.open({ bootId: 'first' }));
    const large = 'x'.repeat(100_000);
    const { value: inner } = await change(async (tx) => {
      const a = await tx.createCollection(files.id, draft('a', 'files'));
      const b = await tx.createCollection(a, draft('b', 'files'));
      await tx.putItem(b, file('large', large));
      return { a, b };
    });
    await change((tx) => tx.moveCollection(inner.b, home.root.id, 'moved'));
    await change((tx) => tx.removeCollection(inner.a));
    const gone = readdirSync(join(folder, '.tmp')).find((each) => each.startsWith('gone-'))!;
    renameSync(join(folder, 'moved'), join(folder, '.tmp', gone, 'b'));
    const { store } = await root.open({ bootId: 'second' });
    expect(new TextDecoder().decode((await store.findItem(inner.b, name('large'), { body: true }))!.body)).toBe(large);
    expect(readFileSync(join(folder, 'moved/large'), 'utf8')).toBe(large);
    expect(readdirSync(join(folder, '.tmp', gone)).sort()).toEqual(['.collection.json', '.meta']);
  });

  it('keeps jobs of a change in one file until the last is done', async () => {
    await using root = new TestDataRoot();
    const { change, folder, jobLog } = await amy(root);
    const { value: ids } = await change(async (tx) => [await tx.enqueue({ kind: 'k', payload: 1 }), await tx.enqueue({ kind: 'k', payload: 2 })]);
    expect(readdirSync(join(folder, '.outbox'))).toHaveLength(1);
    await jobLog.finish(ids[0]!);
    expect(readdirSync(join(folder, '.outbox'))).toHaveLength(1);
    await jobLog.finish(ids[1]!);
    expect(readdirSync(join(folder, '.outbox'))).toEqual([]);
  });

  it('keeps records to itself (mode 0600), with a copy that a backup may take', async () => {
    await using root = new TestDataRoot();
    const { recordStore } = await root.open();
    await recordStore.apply([{ kind: 'secret', key: 'k', value: 'v' }]);
    await root.close();
    for (const each of ['state.sqlite', 'state.copy.sqlite']) expect(statSync(join(root.path, 'principals', each)).mode & 0o777).toBe(0o600);
  });

  it('answers no-space when a temp cannot be written, and has changed nothing', async () => {
    await using root = new TestDataRoot();
    let isFull = false;
    const { diskFiles } = await import('./file-operations.ts');
    const files = { ...diskFiles, writeNew: (path: string, octets: Uint8Array) => {
      if (isFull) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      diskFiles.writeNew(path, octets);
    } };
    const { calendar, change, store, folder } = await amy(root, await root.open({ files }));
    await change((tx) => tx.putItem(calendar.id, write(event('a'))));
    isFull = true;
    await expect(change((tx) => tx.putItem(calendar.id, write(event('b'))))).rejects.toMatchObject({ code: 'no-space' });
    expect(await store.findItem(calendar.id, name('b.ics'), {})).toBeUndefined();
    expect((await store.findItem(calendar.id, name('a.ics'), { body: true }))!.body).toEqual(event('a').body);
    isFull = false;
    await change((tx) => tx.putItem(calendar.id, write(event('b'))));
    expect(readdirSync(join(folder, '.tmp'))).toEqual([]);
  });

  it('keeps a change whose file could not be put in place, refuses the next to that file only, and puts it there later', async () => {
    await using root = new TestDataRoot();
    let stuck = '';
    const { diskFiles } = await import('./file-operations.ts');
    const files = { ...diskFiles, rename: (from: string, to: string) => {
      if (stuck !== '' && to.endsWith(stuck)) throw Object.assign(new Error('i/o error'), { code: 'EIO' });
      diskFiles.rename(from, to);
    } };
    const { calendar, change, store, folder, checkpoint } = await amy(root, await root.open({ files }));
    stuck = 'a.ics';
    await change((tx) => tx.putItem(calendar.id, write(event('a'))));
    expect((await store.findItem(calendar.id, name('a.ics'), { body: true }))!.body).toEqual(event('a').body);
    await expect(change((tx) => tx.putItem(calendar.id, write(event('a', { summary: 'next' }))))).rejects.toMatchObject({ code: 'no-space' });
    await change((tx) => tx.putItem(calendar.id, write(event('b'))));
    stuck = '';
    await checkpoint();
    expect(readFileSync(join(folder, 'calendar/a.ics')).equals(event('a').body)).toBe(true);
  });
});
