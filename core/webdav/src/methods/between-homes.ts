/**
 * Plain files from one home to another. Everything is read and staged first, then made in one change of the other home, so that a copy is whole or is not there.
 */
import type { CalendarStore, Collection, HomeId, ItemName, StagedBody, StoreWriter } from '@kalends/contracts';
import type { Place } from './place.ts';
import type { Source } from './copy-move.ts';

/** Larger files than this do not travel between homes; the store's own limit is mostly below it. */
const MAX_OCTETS = 2 ** 31;

interface SentFile { readonly name: ItemName; readonly contentType: string; readonly body: StagedBody; readonly dead: ReadonlyMap<string, string> }
interface SentCollection { readonly properties: ReadonlyMap<string, string>; readonly files: readonly SentFile[]; readonly below: ReadonlyMap<string, SentCollection> }
export type SentTree = { readonly file: SentFile } | { readonly collection: SentCollection };

export async function sendTree(store: CalendarStore, { place, collection, shallow }: Source, home: HomeId): Promise<SentTree> {
  if (collection !== undefined) return { collection: await sendCollection(store, collection, home, shallow) };
  const [file] = await sendFiles(store, place.parent, home, [place.name]);
  return file === undefined ? { collection: EMPTY } : { file };
}

const EMPTY: SentCollection = { properties: new Map(), files: [], below: new Map() };

async function sendCollection(store: CalendarStore, collection: Collection, home: HomeId, shallow: boolean): Promise<SentCollection> {
  const { properties } = collection;
  if (shallow) return { ...EMPTY, properties };
  const names: ItemName[] = [];
  for await (const batch of store.listItems(collection.id, {})) names.push(...batch.map(({ name }) => name));
  const below = new Map<string, SentCollection>();
  for (const child of await store.listCollections(collection.id, 1)) below.set(child.segment, await sendCollection(store, child, home, false));
  return { properties, files: await sendFiles(store, collection, home, names), below };
}

async function sendFiles(store: CalendarStore, from: Collection, home: HomeId, names: readonly ItemName[]): Promise<readonly SentFile[]> {
  const files: SentFile[] = [];
  for await (const batch of store.findItems(from.id, names, { meta: true, dead: 'all' })) {
    for (const { name, meta, dead } of batch) {
      const content = await store.openBody({ collection: from.id, name });
      if (content === undefined || meta === undefined) continue;
      files.push({ name, contentType: meta.contentType, body: await store.stage(home, content, MAX_OCTETS), dead: dead ?? new Map() });
    }
  }
  return files;
}

/** Inside the change of the home it comes to. */
export async function receiveTree(tx: StoreWriter, tree: SentTree, { parent, name }: Place): Promise<void> {
  if ('file' in tree) await receiveFile(tx, parent.id, { ...tree.file, name });
  else await receiveCollection(tx, parent.id, name, tree.collection);
}

async function receiveCollection(tx: StoreWriter, parent: Collection['id'], segment: string, { properties, files, below }: SentCollection): Promise<void> {
  const made = await tx.createCollection(parent, { segment, kind: 'files', properties });
  for (const file of files) await receiveFile(tx, made, file);
  for (const [name, child] of below) await receiveCollection(tx, made, name, child);
}

async function receiveFile(tx: StoreWriter, collection: Collection['id'], { name, contentType, body, dead }: SentFile): Promise<void> {
  await tx.putItem(collection, { name, contentType, body });
  if (dead.size > 0) await tx.setDead({ collection, name }, dead, []);
}
