/**
 * A tar of one home: all of it as of one revision, then, at its end, what changed while it was read. Reads through the store like anybody, so it delays no writer.
 */
import { StoreError, type Collection, type HomeId, type Item, type Revision } from '@kalends/contracts';
import { collectionKey, octets, ownerOf, shardOfHome, text, toFacts, type Row } from '@kalends/lib-shards';
import { packFacts } from '../writer/meta-file.ts';
import { json, type ArchivedCollection, type ArchivedHome, type ArchivedItem, type ArchivedRemoval } from './archive.ts';
import type { UpkeepOptions } from './flat-file-upkeep.ts';
import { tarEnd, tarMember } from './tar.ts';

const everything = { meta: true, facts: true, body: true, acl: true, dead: 'all', attachments: true } as const;
const changesAtOnce = 256;
export const personalsOfItem = `SELECT p.principal, p.number, p.patch, p.version, p.lo, p.hi, p.covered_start, p.covered_end, p.flags, p.organizer, p.occurrences, p.slices
  FROM item i JOIN personal p ON p.item = i.id WHERE i.collection = ? AND i.name = ?`;

export async function* exportHome(options: UpkeepOptions, home: HomeId): AsyncGenerator<Uint8Array> {
  const { store, reads, shards } = options;
  const owner = ownerOf(home);
  const found = await store.findHome(owner);
  const row = await reads.read(shardOfHome(home, shards), (reader) => reader.home(owner));
  if (found === undefined || row === undefined) throw new StoreError('not-found', 'there is no such home');
  let count = 0;
  const member = function* (folder: 'collections' | 'items' | 'gone', value: ArchivedCollection | ArchivedItem | ArchivedRemoval, body?: Uint8Array): Generator<Uint8Array> {
    yield tarMember({ name: `${folder}/${++count}.json`, body: json(value) });
    if (body !== undefined) yield tarMember({ name: `${folder}/${count}.body`, body });
  };
  const item = async function* (collection: string, each: Item): AsyncGenerator<Uint8Array> {
    const personal = await personalOf(options, home, collection, each);
    yield* member('items', archiveItem(collection, each, personal), each.body ?? new Uint8Array(0));
  };

  const told: ArchivedHome = { format: 1, owner: { id: owner, kind: row.kind, name: row.name }, root: found.root.id };
  yield tarMember({ name: 'home.json', body: json(told) });
  let since: Revision = found.root.revision;
  const collections = [found.root, ...await store.listCollections(found.root.id, 'infinity')];
  const paths = new Map<string, string>();
  const tell = function* (collection: Collection): Generator<Uint8Array> {
    const above = collection.parent === undefined ? undefined : paths.get(collection.parent);
    paths.set(collection.id, collection.parent === undefined ? '' : above === undefined || above === '' ? collection.segment : `${above}/${collection.segment}`);
    yield* member('collections', archiveCollection(collection));
  };
  for (const collection of collections) yield* tell(collection);
  for (const { id } of collections) {
    for await (const batch of store.listItems(id, everything)) for (const each of batch) yield* item(id, each);
  }
  // What changed meanwhile, until a look finds nothing more.
  for (;;) {
    const page = await store.homeChangesSince(home, since, changesAtOnce, true, everything);
    for (const path of page.removed) yield* member('gone', removalOf(path, paths));
    const root = (await store.findHome(owner))?.root;
    if (root !== undefined && page.revision !== since) yield* tell(root);
    for (const collection of page.collections) yield* tell(collection);
    for (const { collection, item: each } of page.items) yield* item(collection, each);
    if (page.revision === since && !page.more) break;
    since = page.revision;
  }
  yield tarEnd;
}

/** A removed path is a collection that was told, or an item in one. */
function removalOf(path: readonly string[], paths: Map<string, string>): ArchivedRemoval {
  const idOf = (segments: readonly string[]): string | undefined => [...paths].find(([, known]) => known === segments.join('/'))?.[0];
  const whole = idOf(path);
  if (whole !== undefined) {
    paths.delete(whole);
    return { collection: whole };
  }
  return { collection: idOf(path.slice(0, -1)) ?? '', name: path.at(-1) ?? '' };
}

function archiveCollection({ id, parent, segment, kind, created, properties, personal, acl }: Collection): ArchivedCollection {
  return {
    id, ...(parent === undefined ? {} : { parent }), segment, kind, created, properties: Object.fromEntries(properties),
    personal: Object.fromEntries([...personal].map(([principal, values]) => [principal, Object.fromEntries(values)])), acl,
  };
}

function archiveItem(collection: string, item: Item, personal: ArchivedItem['personal']): ArchivedItem {
  const { name, component, meta, facts, acl, dead, attachments } = item;
  return {
    collection, name, contentType: meta?.contentType ?? '', created: meta?.created ?? 0, modified: meta?.modified ?? 0, dead: Object.fromEntries(dead ?? []), attachments: attachments ?? [], personal,
    ...(component === undefined ? {} : { component }), ...(meta?.uid === undefined ? {} : { uid: meta.uid }), ...(meta?.scheduleTag === undefined ? {} : { scheduleTag: meta.scheduleTag }),
    ...(facts === undefined ? {} : { facts: packFacts(facts) }), ...(acl === undefined ? {} : { acl }),
  };
}

async function personalOf({ reads, shards }: UpkeepOptions, home: HomeId, collection: string, { name }: Item): Promise<ArchivedItem['personal']> {
  const rows: readonly Row[] = await reads.read(shardOfHome(home, shards), ({ database }) => database.statement(personalsOfItem).all(collectionKey(collection as never), name));
  return rows.map((row) => ({ principal: text(row[0]), patch: Buffer.from(octets(row[2])).toString('base64'), facts: packFacts(toFacts(row, 3)) }));
}
