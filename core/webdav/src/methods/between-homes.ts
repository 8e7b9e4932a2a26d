/**
 * Plain files from one home to another. Everything is read and staged first, then made in one change of the other home, so that a copy is whole or is not there.
 * What is moved takes its lists along (RFC 3744 §7.3); a copy has none.
 */
import type { Ace, CalendarStore, Collection, Home, Item, ItemName, StagedBody, StoreWriter } from '@kalends/contracts';
import { proxyGroupOf } from '../access/delegates.ts';
import { forbidden } from '../errors/preconditions.ts';
import type { Place } from './place.ts';
import type { Source } from './copy-move.ts';

/** Larger files than this do not travel between homes; the store's own limit is mostly below it. */
const MAX_OCTETS = 2 ** 31;

interface SentFile { readonly name: ItemName; readonly contentType: string; readonly body: StagedBody; readonly dead: ReadonlyMap<string, string>; readonly acl: readonly Ace[] | undefined }
interface SentCollection { readonly properties: ReadonlyMap<string, string>; readonly acl: readonly Ace[]; readonly files: readonly SentFile[]; readonly below: ReadonlyMap<string, SentCollection> }
export type SentTree = { readonly file: SentFile } | { readonly collection: SentCollection };

export interface SendOptions {
  /** Take the lists along. */ readonly lists: boolean;
  /** Called where something is closed to the caller, which is left out unless this throws. */ closed(): void;
}

/** @throws DavError 403 where a list could not count in the other home as it does here; and what `closed` throws */
export function sendTree(store: CalendarStore, source: Source, home: Home, options: SendOptions): Promise<SentTree> {
  return new Sender(store, source, home, options).send();
}

class Sender {
  readonly #store: CalendarStore;
  readonly #source: Source;
  readonly #home: Home;
  readonly #options: SendOptions;

  constructor(store: CalendarStore, source: Source, home: Home, options: SendOptions) {
    this.#store = store;
    this.#source = source;
    this.#home = home;
    this.#options = options;
  }

  async send(): Promise<SentTree> {
    const { place, collection, tree } = this.#source;
    if (tree?.isWhole === false) this.#options.closed();
    if (collection !== undefined) return { collection: await this.#collection(collection) };
    const [file] = await this.#files(place.parent, [place.name]);
    return file === undefined ? { collection: EMPTY } : { file };
  }

  async #collection(collection: Collection): Promise<SentCollection> {
    const { tree } = this.#source;
    const own = { properties: collection.properties, acl: this.#options.lists ? collection.acl : [] };
    if (tree === undefined) return { ...EMPTY, ...own };
    const names: ItemName[] = [];
    for await (const batch of this.#store.listItems(collection.id, { acl: true })) {
      for (const item of batch) {
        if (tree.mayRead(collection, item)) names.push(item.name);
        else this.#options.closed();
      }
    }
    const below = new Map<string, SentCollection>();
    for (const child of await this.#store.listCollections(collection.id, 1)) if (tree.holds(child)) below.set(child.segment, await this.#collection(child));
    return { ...own, files: await this.#files(collection, names), below };
  }

  async #files(from: Collection, names: readonly ItemName[]): Promise<readonly SentFile[]> {
    const files: SentFile[] = [];
    for await (const batch of this.#store.findItems(from.id, names, { meta: true, dead: 'all', acl: true })) {
      for (const item of batch) {
        const { name, meta, dead } = item;
        const acl = this.#listOf(item);
        const content = await this.#store.openBody({ collection: from.id, name });
        if (content === undefined || meta === undefined) continue;
        files.push({ name, contentType: meta.contentType, body: await this.#store.stage(this.#home.id, content, MAX_OCTETS), dead: dead ?? new Map(), acl });
      }
    }
    return files;
  }

  #listOf({ acl }: Item): readonly Ace[] | undefined {
    if (!this.#options.lists || acl === undefined) return undefined;
    const strange = acl.some(({ principal }) => typeof principal === 'string' && (proxyGroupOf(principal)?.owner ?? this.#home.owner) !== this.#home.owner);
    if (strange) throw forbidden('A list of what would move names the delegates of its owner, which counts in this home alone: change the list first.');
    return acl;
  }
}

const EMPTY: SentCollection = { properties: new Map(), acl: [], files: [], below: new Map() };

/** Inside the change of the home it comes to. */
export async function receiveTree(tx: StoreWriter, tree: SentTree, { parent, name }: Place): Promise<void> {
  if ('file' in tree) await receiveFile(tx, parent.id, { ...tree.file, name });
  else await receiveCollection(tx, parent.id, name, tree.collection);
}

async function receiveCollection(tx: StoreWriter, parent: Collection['id'], segment: string, { properties, acl, files, below }: SentCollection): Promise<void> {
  const made = await tx.createCollection(parent, { segment, kind: 'files', properties, acl });
  for (const file of files) await receiveFile(tx, made, file);
  for (const [name, child] of below) await receiveCollection(tx, made, name, child);
}

async function receiveFile(tx: StoreWriter, collection: Collection['id'], { name, contentType, body, dead, acl }: SentFile): Promise<void> {
  await tx.putItem(collection, { name, contentType, body });
  if (dead.size > 0) await tx.setDead({ collection, name }, dead, []);
  if (acl !== undefined) await tx.setItemAcl({ collection, name }, acl);
}
