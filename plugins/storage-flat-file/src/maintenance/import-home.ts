/** Writes an archive out as a home's folder, whole and flushed, and only then puts it in its place. The index is made from it afterwards, like any folder's. */
import { mkdir, open, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StoreError, type CollectionDraft, type CollectionId, type HomeId, type HomeOwner } from '@kalends/contracts';
import { newCollectionId, newEpoch, shardPrefixMatches, uniqueName } from '@kalends/lib-shards';
import { codeOf } from '../file-operations.ts';
import { fromFileName } from '../file-names.ts';
import { jobsFolder, metaFolder, sidecarName, type HomeLayout } from '../home-layout.ts';
import { calendarType, metaOctets, plainType, type ItemMetaFile } from '../writer/meta-file.ts';
import { sidecarOctets, type Sidecar } from '../writer/sidecar.ts';
import { parse, type ArchivedCollection, type ArchivedHome, type ArchivedItem, type ArchivedRemoval } from './archive.ts';
import { tarMembers } from './tar.ts';

export interface UnpackContext { readonly layout: HomeLayout; readonly now: number; isFree(id: CollectionId): Promise<boolean> }
interface Archive { readonly root: ArchivedCollection; readonly collections: ReadonlyMap<string, ArchivedCollection>; readonly items: ReadonlyMap<string, { readonly item: ArchivedItem; readonly body: Uint8Array }> }

export async function unpackHome(context: UnpackContext, owner: HomeOwner, content: AsyncIterable<Uint8Array>, initial: readonly CollectionDraft[]): Promise<void> {
  const { layout } = context;
  const archive = await readArchive(content);
  const place = layout.home(owner.id);
  const aside = join(dirname(place), `.import-${uniqueName()}`);
  await mkdir(aside, { recursive: true, mode: 0o750 });
  try {
    await new Unpacking(context, owner, archive).run(aside, initial);
    await rename(aside, place);
    await flushFolder(dirname(place));
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    const code = codeOf(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') throw new StoreError('exists', 'a folder is in the place of the home', { cause: error });
    throw code === 'ENOSPC' || code === 'EDQUOT' ? new StoreError('no-space', 'the disk is full', { cause: error }) : error;
  }
}

/** Everything is heard before anything is made. */
async function readArchive(content: AsyncIterable<Uint8Array>): Promise<Archive> {
  const collections = new Map<string, ArchivedCollection>();
  const items = new Map<string, { readonly item: ArchivedItem; readonly body: Uint8Array }>();
  let home: ArchivedHome | undefined;
  let item: ArchivedItem | undefined;
  for await (const { name, body } of tarMembers(content)) {
    if (name === 'home.json') home = parse(body);
    else if (name.endsWith('.body')) {
      if (item !== undefined) items.set(`${item.collection}/${item.name}`, { item, body });
    } else if (name.startsWith('items/')) item = parse(body);
    else if (name.startsWith('collections/')) {
      const row = parse<ArchivedCollection>(body);
      collections.set(row.id, row);
    } else if (name.startsWith('gone/')) {
      const { collection, name: gone } = parse<ArchivedRemoval>(body);
      if (gone === undefined) collections.delete(collection);
      else items.delete(`${collection}/${gone}`);
    }
  }
  const root = home === undefined ? undefined : collections.get(home.root);
  if (root === undefined) throw new StoreError('corrupt', 'the archive has no home');
  return { root, collections, items };
}

class Unpacking {
  readonly #context: UnpackContext;
  readonly #owner: HomeOwner;
  readonly #archive: Archive;

  constructor(context: UnpackContext, owner: HomeOwner, archive: Archive) {
    this.#context = context;
    this.#owner = owner;
    this.#archive = archive;
  }

  async run(folder: string, initial: readonly CollectionDraft[]): Promise<void> {
    const { root, collections } = this.#archive;
    for (const name of ['.tmp', jobsFolder]) await mkdir(join(folder, name), { mode: 0o750 });
    await this.#collection(folder, root, { owner: this.#owner, epoch: newEpoch() });
    const there = new Set([...collections.values()].filter(({ parent }) => parent === root.id).map(({ segment }) => segment));
    for (const { segment, kind, properties, acl = [] } of initial) {
      if (there.has(segment)) continue;
      const below = join(folder, this.#context.layout.fileName(segment));
      await mkdir(below, { mode: 0o750 });
      await this.#sidecar(below, { id: '', segment, kind, created: Math.floor(this.#context.now / 1000), properties: Object.fromEntries(properties), personal: {}, acl }, {});
    }
    await flushFolder(folder);
  }

  async #collection(folder: string, row: ArchivedCollection, more: Pick<Sidecar, 'owner' | 'epoch'>): Promise<void> {
    const { collections, items } = this.#archive;
    await this.#sidecar(folder, row, more);
    for (const { item, body } of items.values()) if (item.collection === row.id) await this.#item(folder, item, body);
    for (const child of collections.values()) {
      if (child.parent !== row.id) continue;
      const below = join(folder, this.#context.layout.fileName(child.segment));
      await mkdir(below, { mode: 0o750 });
      await this.#collection(below, child, {});
    }
    await flushFolder(folder);
  }

  async #sidecar(folder: string, { id, segment, kind, created, properties, personal, acl }: ArchivedCollection, more: Pick<Sidecar, 'owner' | 'epoch'>): Promise<void> {
    await mkdir(join(folder, metaFolder), { mode: 0o750 });
    const kept = await this.#idFor(id);
    const segmentHere = more.owner === undefined ? segment : '';
    await write(join(folder, sidecarName), sidecarOctets({ id: kept, kind, segment: segmentHere, created, modified: created, revision: 0, properties, personal, acl, ...more }));
  }

  /** An id says in which shard its row lies, so another owner's may not do. */
  async #idFor(id: string): Promise<string> {
    const home = this.#owner.id as string as HomeId;
    return shardPrefixMatches(id, home) && await this.#context.isFree(id as CollectionId) ? id : newCollectionId(home);
  }

  async #item(folder: string, item: ArchivedItem, body: Uint8Array): Promise<void> {
    const { layout } = this.#context;
    const path = join(folder, layout.itemFile(item.name));
    await write(path, body);
    await utimes(path, item.modified, item.modified);
    const isHashed = fromFileName(layout.itemFile(item.name)) === undefined;
    const isDefault = item.contentType === (item.component === undefined ? plainType : calendarType);
    const meta: ItemMetaFile = {
      created: item.created, ...(isHashed ? { name: item.name } : {}), ...(isDefault ? {} : { type: item.contentType }), ...(item.component === undefined ? {} : { component: item.component }),
      ...(item.scheduleTag === undefined ? {} : { scheduleTag: item.scheduleTag }), ...(item.uid === undefined ? {} : { uid: item.uid }), ...(item.acl === undefined ? {} : { acl: item.acl }),
      ...(Object.keys(item.dead).length === 0 ? {} : { dead: item.dead }), ...(item.attachments.length === 0 ? {} : { attachments: item.attachments }),
      ...(item.personal.length === 0 ? {} : { personal: item.personal.map((each) => ({ ...each, number: 1 })) }),
    };
    await write(join(folder, layout.metaFile(item.name)), metaOctets(meta));
  }
}

async function write(path: string, octets: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o640);
  try {
    await file.writeFile(octets);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
