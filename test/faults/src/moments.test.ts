/** Readers at the worst moments: the writer thread is stopped between two steps of a change, and everything that was answered before must be read as ever. */
import { afterEach, describe, expect, it } from 'vitest';
import type { CalendarStore, CollectionId, ItemName, PrincipalId } from '@kalends/contracts';
import { openFlatFileStore } from '@kalends/storage-flat-file';
import type { FlatFileStore } from '@kalends/storage-flat-file';
import { file, plainReader } from '@kalends/testkit';
import { Gate } from './gate.ts';
import type { Point } from './gate.ts';
import { NO_LIMITS } from './random-changes.ts';
import { scratchFolder } from './scratch.ts';

const POINTS: readonly Point[] = ['after-temps', 'after-begin', 'before-commit', 'after-commit', 'before-rename', 'after-rename'];
const large = 'x'.repeat(100_000);
const amy = 'id-amy' as PrincipalId;

const opened: FlatFileStore[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});
async function open(path: string, gates: readonly Gate[] = []): Promise<FlatFileStore> {
  const store = await openFlatFileStore({ path, itemReader: plainReader, shards: 1, checkpointSeconds: 3600, gates });
  opened.push(store);
  return store;
}
async function prepared(path: string): Promise<{ readonly dropbox: CollectionId; readonly folder: CollectionId; readonly inner: CollectionId }> {
  const store = await openFlatFileStore({ path, itemReader: plainReader, shards: 1, checkpointSeconds: 3600, writer: 'inline' });
  const home = await store.store.createHome({ id: amy, kind: 'user', name: 'amy' }, { properties: new Map(), acl: [] }, [{ segment: 'dropbox', kind: 'files', properties: new Map() }]);
  const dropbox = (await store.store.findCollection(home.root.id, 'dropbox'))!.id;
  const { value } = await store.store.write(home.id, NO_LIMITS, async (tx) => {
    const folder = await tx.createCollection(dropbox, { segment: 'folder', kind: 'files', properties: new Map() });
    const inner = await tx.createCollection(folder, { segment: 'inner', kind: 'files', properties: new Map() });
    for (const at of [dropbox, folder, inner]) for (const name of ['large', 'small']) await tx.putItem(at, file(name, name === 'large' ? large : name));
    return { folder, inner };
  });
  await store.close();
  return { dropbox, ...value };
}

/** Names of the items whose body came whole. */
async function bodiesOf(store: CalendarStore, collections: readonly CollectionId[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { id } of (await store.findCollections(collections)).values()) {
    for await (const batch of store.listItems(id, { body: true, meta: true })) found.push(...batch.filter(({ body, meta }) => body!.length === meta!.size).map(({ name }) => name));
  }
  return found;
}

describe('a reader while the writer of the flat-file store stands still', () => {
  it.each(POINTS)('reads every body of folders that are being moved, hidden and replaced (%s)', { timeout: 120_000 }, async (point) => {
    const path = scratchFolder('moments');
    const { dropbox, folder, inner } = await prepared(path);
    const gate = new Gate(point);
    const [writer, reader] = [await open(path, [gate]), await open(path)];
    const home = (await writer.store.findHome(amy))!;
    const changes: readonly Parameters<typeof writer.store.write>[2][] = [
      (tx) => tx.moveCollection(folder, home.root.id, 'moved'),
      (tx) => tx.moveItem({ collection: inner, name: 'large' as ItemName }, { collection: inner, name: 'renamed' as ItemName }, { overwrite: false }),
      (tx) => tx.moveCollection(inner, dropbox, 'folder'),
      (tx) => tx.putItem(folder, file('large', `${large}again`)),
      (tx) => tx.hideCollection(folder),
    ];
    for (const [number, change] of changes.entries()) {
      gate.close();
      const changing = writer.store.write(home.id, NO_LIMITS, change);
      await gate.reached();
      try {
        for (const { store } of [writer, reader]) expect(await bodiesOf(store, [dropbox, folder, inner]), `change ${number}`).toHaveLength(6);
      } finally {
        gate.open();
      }
      await changing;
    }
  });
});
