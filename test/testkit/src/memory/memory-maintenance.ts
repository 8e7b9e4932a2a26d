/** StoreMaintenance in memory: what admins do to a store. */
import { StoreError } from '@kalends/contracts';
import type {
  Batches, CollectionDraft, CollectionId, Finding, HomeId, HomeOwner, ItemAddress, ItemName, PrincipalId, StoreMaintenance, StoreStatistics,
} from '@kalends/contracts';
import { archiveFacts, base64, octets, restoreFacts, tarMember, tarMembers, TAR_END } from './archive.ts';
import type { ArchivedCollection, ArchivedHome, ArchivedItem } from './archive.ts';
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
    const state = this.#store.state(home);
    const visible = [...subtreeOf(state, state.rootId)].filter(({ hidden }) => !hidden);
    const root: ArchivedHome = { format: 1, owner: state.owner, root: state.rootId };
    yield tarMember('home.json', json(root));
    for (const { row } of visible) yield tarMember(`collections/${row.id}.json`, json(archiveCollection(row)));
    let number = 0;
    for (const { row, items } of visible) {
      for (const item of items.values()) {
        yield tarMember(`items/${++number}.json`, json(archiveItem(row.id, item)));
        yield tarMember(`items/${number}.body`, item.body);
      }
    }
    yield TAR_END;
  }

  /** Ids stay where they are free in this store. */
  async importHome(owner: HomeOwner, content: AsyncIterable<Uint8Array>, initial: readonly CollectionDraft[]): Promise<HomeId> {
    const members = tarMembers(content);
    const first = await members.next();
    if (first.done || first.value.name !== 'home.json') throw new StoreError('corrupt', 'the archive does not begin with its home');
    const rootId = parse<ArchivedHome>(first.value.body).root;
    const draft = new HomeDraft({ ...emptyHome(owner), rootId: this.#freeId(rootId) }, this.#store.now());
    const ids = new Map<CollectionId, CollectionId>();
    let item: ArchivedItem | undefined;
    for await (const { name, body } of members) {
      if (name.startsWith('collections/')) this.#restoreCollection(draft, ids, parse(body));
      else if (name.endsWith('.body') && item) draft.setItem(ids.get(item.collection)!, restoreItem(item, body, draft));
      else if (name.startsWith('items/')) item = parse<ArchivedItem>(body);
      else if (name.startsWith('gone/')) drop(draft, ids, parse(body));
    }
    if (!draft.state.collections.has(draft.state.rootId)) throw new StoreError('corrupt', 'the archive has no root');
    for (const { segment, kind, properties, acl } of initial) {
      if (childOf(draft.state, draft.state.rootId, segment)) continue;
      draft.addCollection({ parent: draft.state.rootId, segment, kind, properties: new Map(properties), acl: acl ?? [] });
    }
    const state = draft.finish();
    if ([...this.#data.homes.values()].some((home) => home.owner.id === owner.id)) throw new StoreError('exists', `${owner.id} has a home`);
    this.#store.commit(state);
    return state.id;
  }

  #restoreCollection(draft: HomeDraft, ids: Map<CollectionId, CollectionId>, { id, parent, personal, ...row }: ArchivedCollection): void {
    const newParent = parent === undefined ? undefined : ids.get(parent);
    if (parent !== undefined && newParent === undefined) throw new StoreError('corrupt', `collection ${id} comes before its parent`);
    ids.set(id, draft.addCollection({
      id: newParent === undefined ? draft.state.rootId : this.#freeId(id), parent: newParent, segment: row.segment, kind: row.kind, created: row.created,
      properties: new Map(Object.entries(row.properties)), acl: row.acl,
    }));
    const rows = Object.entries(personal).map(([principal, values]) => [principal as PrincipalId, new Map(Object.entries(values))] as const);
    if (rows.length > 0) draft.editCollection(ids.get(id)!, { personal: new Map(rows) });
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
function drop(draft: HomeDraft, ids: ReadonlyMap<CollectionId, CollectionId>, { collection, name }: { readonly collection: CollectionId; readonly name: ItemName }): void {
  if (draft.item(ids.get(collection)!, name)) draft.dropItem(ids.get(collection)!, name);
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
