/**
 * A full disk: the change is refused with `no-space` and nothing of it is there, reads go on, and when there is room again everything goes on as if nothing had
 * been. First with every single file operation of a small life failing once, then with the disk staying full from there on, then on a real file system of few
 * megabytes where this process may mount one.
 */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { StoreError } from '@kalends/contracts';
import type { CalendarStore, CollectionId, Home, ItemName, PrincipalId, StoreWriter } from '@kalends/contracts';
import { openFlatFileStore } from '@kalends/storage-flat-file';
import type { FlatFileStore } from '@kalends/storage-flat-file';
import { event, fakeClock, file, memoryStore, plainReader, write } from '@kalends/testkit';
import { disagreements } from './agreement.ts';
import { fullFiles } from './full-files.ts';
import type { FullFiles } from './full-files.ts';
import { snapshotOf } from './home-snapshot.ts';
import type { Opened } from './home-snapshot.ts';
import { NO_LIMITS } from './random-changes.ts';
import { scratchFolder } from './scratch.ts';

const amy = 'id-amy' as PrincipalId;
const large = 'x'.repeat(80_000);

type Change = (tx: StoreWriter, at: (...path: string[]) => Promise<CollectionId>) => Promise<unknown>;
/** A change of every kind that touches files. Collections are named by path: the same life is lived by the reference store. */
const LIFE: readonly Change[] = [
  async (tx, at) => tx.putItem(await at('dropbox'), file('a', 'one')),
  async (tx, at) => tx.putItem(await at('dropbox'), file('large', large)),
  async (tx, at) => tx.putItem(await at('calendar'), write(event('e'))),
  async (tx, at) => tx.createCollection(await at('dropbox'), { segment: 'folder', kind: 'files', properties: new Map([['{x:}a', '1']]) }),
  async (tx, at) => { for (const name of ['b', 'c', 'd']) await tx.putItem(await at('dropbox', 'folder'), file(name, name)); },
  async (tx, at) => tx.moveItem({ collection: await at('dropbox'), name: 'large' as ItemName }, { collection: await at('dropbox', 'folder'), name: 'large' as ItemName }, { overwrite: true }),
  async (tx, at) => tx.copyItem({ collection: await at('dropbox', 'folder'), name: 'large' as ItemName }, { collection: await at('dropbox'), name: 'copy' as ItemName }, { overwrite: true }),
  async (tx, at) => tx.setDead({ collection: await at('dropbox'), name: 'a' as ItemName }, new Map([['{x:}a', '1']]), []),
  async (tx, at) => tx.updateCollection(await at('dropbox', 'folder'), { set: new Map([['{x:}a', '2']]) }),
  async (tx, at) => tx.moveCollection(await at('dropbox', 'folder'), await at(), 'moved'),
  async (tx) => tx.enqueue({ kind: 'k', payload: { n: 1 } }),
  async (tx, at) => tx.putItem(await at('dropbox'), file('a', 'two')),
  async (tx, at) => tx.removeItem(await at('moved'), 'c' as ItemName),
  async (tx, at) => tx.putItem(await tx.createCollection(await at('moved'), { segment: 'inner', kind: 'files', properties: new Map() }), file('x', large)),
  async (tx, at) => tx.hideCollection(await at('moved', 'inner')),
  async (tx, at) => tx.removeCollection(await at('moved')),
];

function live(store: CalendarStore, home: Home, change: Change): Promise<unknown> {
  const at = async (...path: string[]): Promise<CollectionId> => {
    const { collection, rest } = (await store.locate(amy, path, {}))!;
    if (rest.length > 0) throw new StoreError('not-found', `nothing at ${path.join('/')}`);
    return collection.id;
  };
  return store.write(home.id, NO_LIMITS, (tx) => change(tx, at));
}
async function open(path: string, more: Partial<Parameters<typeof openFlatFileStore>[0]> = {}): Promise<FlatFileStore> {
  return openFlatFileStore({ path, clock: fakeClock(), itemReader: plainReader, shards: 1, writer: 'inline', checkpointSeconds: 3600, ...more });
}
function makeHome({ store }: Opened): Promise<Home> {
  const plain = (segment: string, kind: string): { readonly segment: string; readonly kind: string; readonly properties: ReadonlyMap<string, string> } => ({ segment, kind, properties: new Map() });
  return store.createHome({ id: amy, kind: 'user', name: 'amy' }, { properties: new Map(), acl: [] }, [plain('calendar', 'calendar'), plain('dropbox', 'files')]);
}
/** Two stores give their collections other ids. */
const essence = async (opened: Opened): Promise<readonly string[]> => (await snapshotOf(opened, amy)).map((line) => line.replace(/^(collection \S+) \S+/, '$1'));

/** Lives the whole life on a disk that is full when `isFull` says so; gives what is wrong, in sentences. */
async function liveOn(isFull: (operation: number) => boolean, heard: (files: FullFiles) => void = () => undefined): Promise<readonly string[]> {
  const path = scratchFolder('full');
  let frees = false;
  const files = fullFiles((operation) => !frees && isFull(operation));
  const reference = memoryStore({ clock: fakeClock(), reader: plainReader });
  const wrong: string[] = [];
  const first = await open(path);
  await makeHome(first);
  await first.close();
  const store = await open(path, { files });
  const [home, twin] = [(await store.store.findHome(amy))!, await makeHome(reference)];
  for (const [number, change] of LIFE.entries()) {
    const before = await essence(store);
    const refused = await live(store.store, home, change).then(() => undefined, (error: unknown) => error);
    if (refused === undefined) await live(reference.store, twin, change).catch((error: unknown) => wrong.push(`change ${number}: answered, but the reference says ${String(error)}`));
    else if (!(refused instanceof StoreError) || refused.code !== 'no-space') {
      // What needs an earlier change that was refused is refused for that.
      const same = await live(reference.store, twin, change).then(() => 'accepted', (error: unknown) => (error as StoreError).code);
      if (!(refused instanceof StoreError) || refused.code !== same) wrong.push(`change ${number}: ${refused instanceof Error ? refused.stack : String(refused)}; the reference: ${same}`);
    }
    const after = await essence(store);
    if (refused !== undefined && JSON.stringify(after) !== JSON.stringify(before)) wrong.push(`change ${number}: refused, and yet something changed`);
    if (number % 5 === 4) await store.checkpoint().catch(() => undefined);
  }
  frees = true;
  heard(files);
  if (JSON.stringify(await essence(store)) !== JSON.stringify(await essence(reference))) wrong.push(...difference(await essence(reference), await essence(store)));
  await live(store.store, home, async (tx, at) => tx.putItem(await at('dropbox'), file('after', 'room again')));
  await store.checkpoint();
  wrong.push(...await disagreements(path, store.store, amy));
  const before = await essence(store);
  await store.close();
  const again = await open(path);
  if (JSON.stringify(await essence(again)) !== JSON.stringify(before)) wrong.push(...difference(before, await essence(again)).map((sentence) => `reopened: ${sentence}`));
  wrong.push(...await disagreements(path, again.store, amy));
  await again.close();
  return wrong;
}
function difference(expected: readonly string[], found: readonly string[]): readonly string[] {
  return [...expected.filter((line) => !found.includes(line)).map((line) => `missing ${line.slice(0, 200)}`), ...found.filter((line) => !expected.includes(line)).map((line) => `unexpected ${line.slice(0, 200)}`)];
}

/** A file system of so many megabytes, or undefined where this process may not mount one. */
function smallDisk(megabytes: number): { readonly path: string; resize(megabytes: number): void; close(): void } | undefined {
  const path = scratchFolder('disk');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'kalends-test', path], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return {
    path,
    resize: (to) => void execFileSync('mount', ['-o', `remount,size=${to}m`, path], { stdio: 'ignore' }),
    close: () => void execFileSync('umount', ['-l', path], { stdio: 'ignore' }),
  };
}

describe('the flat-file store on a full disk', () => {
  it('refuses with no-space, half writes nothing and goes on, whichever file operation fails once', { timeout: 240_000 }, async () => {
    let operations = 0;
    expect(await liveOn(() => false, (files) => { operations = files.operations(); })).toEqual([]);
    expect(operations).toBeGreaterThan(40);
    for (let failing = 1; failing <= operations; failing++) {
      const wrong = await liveOn((operation) => operation === failing);
      expect(wrong.map((sentence) => `operation ${failing}: ${sentence}`)).toEqual([]);
    }
  });

  it('refuses with no-space and reads on while the disk stays full, from whichever operation on', { timeout: 240_000 }, async () => {
    for (let failing = 1; failing <= 80; failing += 3) {
      const wrong = await liveOn((operation) => operation >= failing);
      expect(wrong.map((sentence) => `from operation ${failing} on: ${sentence}`)).toEqual([]);
    }
  });

  it('does so on a real file system that fills up, SQLite included', { timeout: 120_000 }, async () => {
    const disk = smallDisk(8);
    // Where nothing can be mounted, the double must do.
    if (disk === undefined) return expect(await liveOn((operation) => operation > 20)).toEqual([]);
    try {
      const store = await open(disk.path, { writer: 'thread', checkpointSeconds: 0.2 });
      const home = await makeHome(store);
      const answered: string[] = [];
      let refusals = 0;
      for (let n = 0; n < 400 && refusals < 10; n++) {
        const body = String(n).padEnd(n % 3 === 0 ? 90_000 : 9000, 'x');
        const code = await live(store.store, home, async (tx, at) => tx.putItem(await at('dropbox'), file(`f${n}`, body))).then(() => undefined, (error: unknown) => (error instanceof StoreError ? error.code : String(error)));
        if (code === undefined) answered.push(`f${n}`);
        else expect(code).toBe('no-space');
        if (code !== undefined) refusals++;
      }
      expect(refusals).toBe(10);
      const dropbox = (await store.store.findCollection(home.root.id, 'dropbox'))!.id;
      const found = async (): Promise<readonly string[]> => {
        const names: string[] = [];
        for await (const batch of store.store.listItems(dropbox, { body: true })) names.push(...batch.map(({ name, body }) => `${name} ${body!.length > 0}`));
        return names.sort();
      };
      expect(await found()).toEqual(answered.map((name) => `${name} true`).sort());
      disk.resize(64);
      for (let n = 0; n < 5; n++) await live(store.store, home, async (tx, at) => tx.putItem(await at('dropbox'), file(`g${n}`, large)));
      await live(store.store, home, async (tx, at) => tx.removeItem(await at('dropbox'), answered[0] as ItemName));
      await store.checkpoint();
      expect(await disagreements(disk.path, store.store, amy)).toEqual([]);
      const before = await essence(store);
      await store.close();
      const again = await open(disk.path);
      expect(await essence(again)).toEqual(before);
      await again.close();
    } finally {
      disk.close();
    }
  });
});
