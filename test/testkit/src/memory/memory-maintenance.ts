/** StoreMaintenance in memory: what admins do to a store. */
import { StoreError } from '@kalends/contracts';
import type {
  Batches, CollectionDraft, CollectionId, Finding, HomeId, HomeOwner, ItemAddress, ItemName, PrincipalId, StoreMaintenance, StoreStatistics,
} from '@kalends/contracts';
import { archiveFacts, base64, octets, restoreFacts, tarMember, tarMembers, TAR_END } from './archive.ts';
import type { ArchivedCollection, ArchivedHome, ArchivedItem, ArchivedRemoval } from './archive.ts';
import { HomeDraft } from './home-draft.ts';
import type { MemoryCalendarStore, Settings } from './memory-store.ts';
import { inBatches, visibleItems } from './reads.ts';
import { childOf, emptyHome, etagOf, newId, pathOf, subtreeOf } from './state.ts';
import type { HomeState, ItemState, MemoryData } from './state.ts';

export class MemoryMaintenance implements StoreMaintenance {
  readonly #data: MemoryData;
  readonly #settings: Settings;
  readonly #store: MemoryCalendarStore;

  constructor(data: MemoryData, settings: Settings, store: MemoryCalendarStore) {
    this.#data = data;
    this.#settings = settings;
    this.#store = store;
  }

  async homes(after: HomeId | undefined, limit: number): Promise<readonly { readonly home: HomeId; readonly owner: HomeOwner }[]> {
    const all = [...this.#data.homes.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    return all.filter(({ id }) => after === undefined || id > after).slice(0, limit).map(({ id, owner }) => ({ home: id, owner }));
  }
  async removeHome(home: HomeId): Promise<void> {
    await this.#store.inTurn(home, async () => {
      this.#data.homes.delete(home);
      for (const [id, job] of this.#data.jobs) if (job.home === home) this.#data.jobs.delete(id);
    });
  }
  async statistics(): Promise<readonly StoreStatistics[]> {
    const kinds = [...new Set([...this.#data.homes.values()].map(({ owner }) => owner.kind))];
    return kinds.map((kind) => {
      const homes = [...this.#data.homes.values()].filter(({ owner }) => owner.kind === kind);
      const calendars = homes.flatMap(({ collections }) => [...collections.values()]).filter(({ row, hidden }) => row.kind === 'calendar' && !hidden);
      const items = calendars.flatMap((calendar) => visibleItems(calendar));
      return {
        kind, homes: homes.length, calendars: calendars.length, events: items.filter(({ component }) => component === 'VEVENT').length,
        todos: items.filter(({ component }) => component === 'VTODO').length, octets: homes.reduce((sum, { usedOctets }) => sum + usedOctets, 0),
      };
    });
  }
  /** Objects that this store's own reader refuses; there is nothing else that could differ. */
  async *verify(home: HomeId, signal: AbortSignal): Batches<Finding> {
    const state = this.#store.state(home);
    for (const { row, items } of state.collections.values()) {
      signal.throwIfAborted();
      const bad = [...items.values()].flatMap((item) => {
        const read = item.component === undefined ? undefined : this.#settings.reader.read(item.body);
        return read && 'problem' in read ? [findingOf(state, row.id, item, read.problem)] : [];
      });
      yield* inBatches(bad);
    }
  }
  async quarantine(at: ItemAddress, reason: string): Promise<void> {
    await this.#change(at, (draft, item) => {
      draft.setItem(at.collection, { ...item, quarantine: reason });
      draft.bury(at.collection, at.name);
    });
  }
  async release(at: ItemAddress, body: Uint8Array): Promise<void> {
    await this.#change(at, (draft, item) => {
      const read = item.component === undefined ? undefined : this.#settings.reader.read(body);
      if (read && 'problem' in read) throw new StoreError('corrupt', read.problem);
      draft.setItem(at.collection, { ...item, ...(read && { facts: read.facts }), body: body.slice(), etag: etagOf(body), modified: draft.now, quarantine: undefined });
    });
  }
  async *quarantined(): Batches<Finding> {
    for (const home of this.#data.homes.values()) {
      yield* inBatches([...home.collections.values()].flatMap(({ row, items }) => [...items.values()]
        .flatMap((item) => (item.quarantine === undefined ? [] : [findingOf(home, row.id, item, item.quarantine)]))));
    }
  }
  async newEpoch(home: HomeId): Promise<void> {
    await this.#store.inTurn(home, async () => this.#store.commit({ ...this.#store.state(home), epoch: newId() }));
  }

  async *exportHome(home: HomeId): AsyncGenerator<Uint8Array> {
    const first = this.#store.state(home);
    const root: ArchivedHome = { format: 1, owner: first.owner, root: first.rootId };
    yield tarMember('home.json', json(root));
    let count = 0;
    let told: HomeState | undefined;
    for (let state = first; state !== told; state = this.#store.state(home)) {
      for (const { name, value, body } of difference(told, state)) {
        yield tarMember(`${name}/${++count}.json`, json(value));
        if (body) yield tarMember(`${name}/${count}.body`, body);
      }
      told = state;
    }
    yield TAR_END;
  }

  /** Ids stay where they are free in this store. */
  async importHome(owner: HomeOwner, content: AsyncIterable<Uint8Array>, initial: readonly CollectionDraft[]): Promise<HomeId> {
    const { root, collections, items } = await readArchive(content);
    const draft = new HomeDraft({ ...emptyHome(owner), rootId: this.#freeId(root.id) }, this.#store.now());
    const restore = (row: ArchivedCollection, parent: CollectionId | undefined): void => {
      const id = this.#restoreCollection(draft, row, parent);
      for (const { item, body } of items.values()) if (item.collection === row.id) draft.setItem(id, restoreItem(item, body, draft));
      for (const child of collections.values()) if (child.parent === row.id) restore(child, id);
    };
    restore(root, undefined);
    for (const { segment, kind, properties, acl } of initial) {
      if (childOf(draft.state, draft.state.rootId, segment)) continue;
      draft.addCollection({ parent: draft.state.rootId, segment, kind, properties: new Map(properties), acl: acl ?? [] });
    }
    const state = draft.finish();
    if ([...this.#data.homes.values()].some((home) => home.owner.id === owner.id)) throw new StoreError('exists', `${owner.id} has a home`);
    this.#store.commit(state);
    return state.id;
  }

  #restoreCollection(draft: HomeDraft, { id, personal, ...row }: ArchivedCollection, parent: CollectionId | undefined): CollectionId {
    const restored = draft.addCollection({
      id: parent === undefined ? draft.state.rootId : this.#freeId(id), parent, segment: row.segment, kind: row.kind, created: row.created,
      properties: new Map(Object.entries(row.properties)), acl: row.acl,
    });
    const rows = Object.entries(personal).map(([principal, values]) => [principal as PrincipalId, new Map(Object.entries(values))] as const);
    if (rows.length > 0) draft.editCollection(restored, { personal: new Map(rows) });
    return restored;
  }
  #freeId(id: CollectionId): CollectionId {
    return [...this.#data.homes.values()].some(({ collections }) => collections.has(id)) ? (newId() as CollectionId) : id;
  }
  async #change(at: ItemAddress, edit: (draft: HomeDraft, item: ItemState) => void): Promise<void> {
    const home = [...this.#data.homes.values()].find(({ collections }) => collections.has(at.collection));
    if (home === undefined) throw new StoreError('not-found', `no collection ${at.collection}`);
    await this.#store.inTurn(home.id, async () => {
      const draft = new HomeDraft(this.#store.state(home.id), this.#store.now());
      const item = draft.item(at.collection, at.name);
      if (item === undefined) throw new StoreError('not-found', `no item ${at.name}`);
      edit(draft, item);
      this.#store.commit(draft.finish());
    });
  }
}

interface Member { readonly name: 'collections' | 'items' | 'gone'; readonly value: ArchivedCollection | ArchivedItem | ArchivedRemoval; readonly body?: Uint8Array }

/** What must be said after `old` to tell `now`; all of it where there is no `old`. Parents come before their children. */
function difference(old: HomeState | undefined, now: HomeState): readonly Member[] {
  const visible = subtreeOf(now, now.rootId).filter(({ hidden }) => !hidden);
  const gone = [...(old?.collections.values() ?? [])].filter(({ row, hidden }) => !hidden && !visible.some((state) => state.row.id === row.id));
  return [
    ...gone.map(({ row }): Member => ({ name: 'gone', value: { collection: row.id } })),
    ...visible.filter(({ row }) => old?.collections.get(row.id)?.row.revision !== row.revision).map(({ row }): Member => ({ name: 'collections', value: archiveCollection(row) })),
    ...visible.flatMap(({ row, items }) => {
      const before = old?.collections.get(row.id)?.items ?? new Map<ItemName, ItemState>();
      return [
        ...[...before.keys()].filter((name) => !items.has(name)).map((name): Member => ({ name: 'gone', value: { collection: row.id, name } })),
        ...[...items.values()].filter((item) => before.get(item.name) !== item).map((item): Member => ({ name: 'items', value: archiveItem(row.id, item), body: item.body })),
      ];
    }),
  ];
}

interface Archive {
  readonly root: ArchivedCollection; readonly collections: ReadonlyMap<CollectionId, ArchivedCollection>;
  readonly items: ReadonlyMap<string, { readonly item: ArchivedItem; readonly body: Uint8Array }>;
}
/** The last word on each name is the true one, so everything is heard before anything is made. */
async function readArchive(content: AsyncIterable<Uint8Array>): Promise<Archive> {
  const collections = new Map<CollectionId, ArchivedCollection>();
  const items = new Map<string, { readonly item: ArchivedItem; readonly body: Uint8Array }>();
  const keyOf = ({ collection, name = '' as ItemName }: ArchivedRemoval): string => `${collection}/${name}`;
  let home: ArchivedHome | undefined;
  let item: ArchivedItem | undefined;
  for await (const { name, body } of tarMembers(content)) {
    if (name === 'home.json') home = parse(body);
    else if (name.endsWith('.body') && item) items.set(keyOf(item), { item, body });
    else if (name.startsWith('items/')) item = parse<ArchivedItem>(body);
    else if (name.startsWith('collections/')) {
      const row = parse<ArchivedCollection>(body);
      collections.set(row.id, row);
    } else if (name.startsWith('gone/')) {
      const removal = parse<ArchivedRemoval>(body);
      if (removal.name === undefined) collections.delete(removal.collection);
      else items.delete(keyOf(removal));
    }
  }
  const root = home && collections.get(home.root);
  if (root === undefined) throw new StoreError('corrupt', 'the archive has no home');
  return { root, collections, items };
}

function archiveCollection(row: Omit<ArchivedCollection, 'properties' | 'personal' | 'parent'> & {
  readonly parent: CollectionId | undefined; readonly properties: ReadonlyMap<string, string>; readonly personal: ReadonlyMap<PrincipalId, ReadonlyMap<string, string>>;
}): ArchivedCollection {
  const { id, parent, segment, kind, created, acl } = row;
  const personal = Object.fromEntries([...row.personal].map(([principal, values]) => [principal, Object.fromEntries(values)]));
  return { id, ...(parent !== undefined && { parent }), segment, kind, created, properties: Object.fromEntries(row.properties), personal, acl };
}
function archiveItem(collection: CollectionId, item: ItemState): ArchivedItem {
  const { name, contentType, component, uid, scheduleTag, created, modified, facts, acl, attachments } = item;
  return {
    collection, name, contentType, ...(component && { component }), ...(uid !== undefined && { uid }), ...(scheduleTag && { scheduleTag }), created, modified,
    ...(facts && { facts: archiveFacts(facts) }), ...(acl && { acl }), dead: Object.fromEntries(item.dead), attachments,
    personal: [...item.personal].map(([principal, { patch, facts: own }]) => ({ principal, patch: base64(patch), facts: archiveFacts(own) })),
  };
}
function restoreItem(item: ArchivedItem, body: Uint8Array, { revision }: HomeDraft): ItemState {
  const { name, contentType, component, uid, scheduleTag, created, modified, facts, acl, attachments } = item;
  return {
    name, etag: etagOf(body), body, contentType, component, uid, scheduleTag, created, modified, revision, facts: facts && restoreFacts(facts), acl, attachments,
    dead: new Map(Object.entries(item.dead)), quarantine: undefined,
    personal: new Map(item.personal.map((row) => [row.principal, { patch: octets(row.patch), facts: restoreFacts(row.facts), number: revision }])),
  };
}
function findingOf(home: HomeState, collection: CollectionId, { name }: ItemState, problem: string): Finding {
  return { at: { collection, name }, path: [...pathOf(home, collection), name], problem, repair: undefined };
}
function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
function parse<T>(body: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(body)) as T;
}
