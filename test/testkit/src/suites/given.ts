/**
 * What the cases begin with: a home with a calendar, an inbox and plain files, and short words for what is done to them. All of it goes through the contract;
 * nothing here knows a back end.
 */
import type {
  Batches, ChangePage, Collection, CollectionDraft, CollectionId, CollectionPatch, Committed, ETag, Home, HomeId, HomeOwner, Item, ItemAddress, ItemName, ItemQuery, ItemSelect,
  ItemWrite, PrincipalId, Revision, Stored, StoreWriter, TimeRange, WriteLimits,
} from '@kalends/contracts';
import type { FakeClock } from '../doubles/fake-clock.ts';
import { fakeClock } from '../doubles/fake-clock.ts';
import { event, write } from '../ics.ts';
import type { GivenItem } from '../ics.ts';
import { plainReader } from '../plain-reader.ts';
import type { StoreProvider } from '../memory/memory-store.ts';
import type { OpenStore, StoreHarness, StoreSetting } from './store-harness.ts';

export const NO_LIMITS: WriteLimits = { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity };
export const EVERYTHING: ItemSelect = { meta: true, facts: true, body: true, acl: true, dead: 'all', attachments: true };

export const principal = (name: string): PrincipalId => name as PrincipalId;
export const itemName = (name: string): ItemName => name as ItemName;
export const owner = (name: string, kind: HomeOwner['kind'] = 'user'): HomeOwner => ({ id: principal(`id-${name}`), kind, name });
export const draft = (segment: string, kind = 'calendar', properties: Readonly<Record<string, string>> = {}): CollectionDraft => ({
  segment, kind, properties: new Map(Object.entries(properties)),
});
/** What every test home begins with. */
export const FIRST: readonly CollectionDraft[] = [draft('calendar'), draft('inbox', 'inbox'), draft('dropbox', 'files')];

export interface World extends StoreHarness, AsyncDisposable {
  readonly clock: FakeClock;
  readonly home: Home; readonly homeId: HomeId;
  readonly calendar: GivenCollection; readonly inbox: GivenCollection; readonly files: GivenCollection;
  /** One change to the home of this world. */ change<T>(work: (tx: StoreWriter) => Promise<T>, limits?: Partial<WriteLimits>): Promise<Committed<T>>;
  /** A further calendar, or whatever `kind` says. */ make(segment: string, kind?: string, parent?: CollectionId): Promise<GivenCollection>;
  /** The home as it is now. */ now(): Promise<Home>;
}

/** Amy's home in a fresh store; closes with the scope. */
export async function world(open: OpenStore, setting: Partial<StoreSetting> = {}): Promise<World> {
  const clock = fakeClock();
  const harness = await open({ clock, reader: plainReader, tombstones: { days: 60, count: 10_000 }, ...setting });
  return { ...harness, ...(await amysHome(harness)), clock, [Symbol.asyncDispose]: () => harness.close() };
}

export async function amysHome({ store }: StoreProvider): Promise<Pick<World, 'home' | 'homeId' | 'calendar' | 'inbox' | 'files' | 'change' | 'make' | 'now'>> {
  const amy = owner('amy');
  const home = await store.createHome(amy, { properties: new Map(), acl: [] }, FIRST);
  const given = async (segment: string): Promise<GivenCollection> => new GivenCollection({ store }, home.id, (await store.findCollection(home.root.id, segment))!.id);
  const change: World['change'] = (work, limits = {}) => store.write(home.id, { ...NO_LIMITS, ...limits }, work);
  return {
    home, homeId: home.id, calendar: await given('calendar'), inbox: await given('inbox'), files: await given('dropbox'), change,
    now: async () => (await store.findHome(amy.id))!,
    async make(segment, kind = 'calendar', parent = home.root.id) {
      const { value } = await change((tx) => tx.createCollection(parent, draft(segment, kind)));
      return new GivenCollection({ store }, home.id, value);
    },
  };
}

type StoreOnly = Pick<StoreProvider, 'store'>;

/** One collection, and single changes to it. */
export class GivenCollection {
  readonly id: CollectionId;
  readonly home: HomeId;
  readonly #provider: StoreOnly;

  constructor(provider: StoreOnly, home: HomeId, id: CollectionId) {
    this.#provider = provider;
    this.home = home;
    this.id = id;
  }

  /** The same collection through another instance. */
  through(provider: StoreOnly): GivenCollection {
    return new GivenCollection(provider, this.home, this.id);
  }
  at(name: string): ItemAddress {
    return { collection: this.id, name: itemName(name) };
  }
  async row(): Promise<Collection> {
    return (await this.#provider.store.findCollections([this.id])).get(this.id)!;
  }
  async put(item: GivenItem | ItemWrite, more: Partial<ItemWrite> & { readonly limits?: Partial<WriteLimits> } = {}): Promise<Stored> {
    const { limits, ...rest } = more;
    return (await this.change((tx) => tx.putItem(this.id, { ...asWrite(item), ...rest }), limits)).value;
  }
  async remove(name: string, expect?: ETag): Promise<void> {
    await this.change((tx) => tx.removeItem(this.id, itemName(name), expect));
  }
  async update(patch: CollectionPatch): Promise<void> {
    await this.change((tx) => tx.updateCollection(this.id, patch));
  }
  change<T>(work: (tx: StoreWriter) => Promise<T>, limits: Partial<WriteLimits> = {}): Promise<Committed<T>> {
    return this.#provider.store.write(this.home, { ...NO_LIMITS, ...limits }, work);
  }
  find(name: string, select: ItemSelect = EVERYTHING): Promise<Item | undefined> {
    return this.#provider.store.findItem(this.id, itemName(name), select);
  }
  /** @throws TypeError where nothing is */
  async get(name: string, select: ItemSelect = EVERYTHING): Promise<Item & Required<Pick<Item, 'meta' | 'body' | 'dead' | 'attachments'>>> {
    const item = await this.find(name, select);
    if (item === undefined) throw new TypeError(`no item ${name}`);
    return item as Awaited<ReturnType<GivenCollection['get']>>;
  }
  list(select: ItemSelect = {}): Promise<readonly Item[]> {
    return all(this.#provider.store.listItems(this.id, select));
  }
  async names(): Promise<readonly string[]> {
    return (await this.list()).map(({ name }) => name);
  }
  query(query: ItemQuery, select: ItemSelect = {}): Promise<readonly Item[]> {
    return all(this.#provider.store.queryItems(this.id, query, select));
  }
  changes(since: Revision | 'start', limit = 1000, select: ItemSelect = {}): Promise<ChangePage> {
    return this.#provider.store.changesSince(this.id, since, limit, select);
  }
}

export function asWrite(item: GivenItem | ItemWrite): ItemWrite {
  return 'text' in item ? write(item) : item;
}

export async function all<T>(batches: Batches<T>): Promise<readonly T[]> {
  const rows: T[] = [];
  for await (const batch of batches) rows.push(...batch);
  return rows;
}

export async function octetsOf(content: AsyncIterable<Uint8Array> | undefined): Promise<Uint8Array | undefined> {
  if (content === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk.slice());
  return new Uint8Array(Buffer.concat(chunks));
}

export async function* chunksOf(body: Uint8Array, size = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += size) yield body.slice(at, at + size);
}

/** What the call is refused with: the error's code, or `'accepted'`. */
export async function codeOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(() => 'accepted', (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)));
}

/** Mulberry32: the same numbers from the same seed, in [0, 1). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
export function pick<T>(next: () => number, choices: readonly T[]): T {
  return choices[Math.floor(next() * choices.length)]!;
}
export function bytes(next: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(next() * 256));
}

/** Events over a century, of a minute to several years, some without length. */
export function randomEvents({ seed, count }: { readonly seed: number; readonly count: number }): readonly GivenItem[] {
  const next = random(seed);
  return Array.from({ length: count }, (_, n) => {
    const start = Math.floor((next() - 0.3) * 3_000_000_000);
    const length = pick(next, [0, 60, 3600, 3600, 86_400, 7 * 86_400, 31 * 86_400, 32 * 86_400, 1000 * 86_400]);
    return event(`random-${n}`, { start, end: start + length });
  });
}
export function randomRanges({ seed, count }: { readonly seed: number; readonly count: number }): readonly TimeRange[] {
  const next = random(seed);
  return Array.from({ length: count }, () => {
    const start = Math.floor((next() - 0.3) * 3_000_000_000);
    return { start, end: start + pick(next, [1, 3600, 86_400, 31 * 86_400, 365 * 86_400]) };
  });
}
