/**
 * Every read of the contract as a function of one home's state: the store calls them with the committed state, a writer with its draft. Nothing here waits
 * or changes anything.
 */
import type {
  Collection, CollectionId, Home, Item, ItemName, ItemQuery, ItemSelect, Located, Lock, QName, TimeRange,
} from '@kalends/contracts';
import { childOf } from './state.ts';
import type { CollectionState, HomeState, ItemState } from './state.ts';

export function homeOf(home: HomeState, grantsRevision: number): Home {
  return {
    id: home.id, owner: home.owner.id, root: collectionOf(home, home.collections.get(home.rootId)!), usedOctets: home.usedOctets, locks: home.locks.size, grantsRevision,
  };
}

export function collectionOf(home: HomeState, state: CollectionState): Collection {
  return { ...state.row, epoch: home.epoch };
}

export function findCollection(home: HomeState, parent: CollectionId, segment: string): Collection | undefined {
  const found = childOf(home, parent, segment);
  return found === undefined ? undefined : collectionOf(home, found);
}

/** Children, or with `'infinity'` all below; a hidden collection is in no list but those below itself. */
export function listCollections(home: HomeState, parent: CollectionId, depth: 1 | 'infinity'): readonly Collection[] {
  const hidden = home.collections.get(parent)?.hidden ?? false;
  const children = [...home.collections.values()].filter((state) => state.row.parent === parent && state.hidden === hidden);
  return children.flatMap((state) => [collectionOf(home, state), ...(depth === 1 ? [] : listCollections(home, state.row.id, depth))]);
}

export function locate(home: HomeState, grantsRevision: number, path: readonly string[], select: ItemSelect): Located {
  let state = home.collections.get(home.rootId)!;
  const ancestors: Collection[] = [];
  let rest = path;
  for (;;) {
    const child = rest[0] === undefined ? undefined : childOf(home, state.row.id, rest[0]);
    if (child === undefined) break;
    ancestors.push(collectionOf(home, state));
    state = child;
    rest = rest.slice(1);
  }
  const item = rest.length === 1 ? findItem(home, state.row.id, rest[0] as ItemName, select) : undefined;
  return { home: homeOf(home, grantsRevision), collection: collectionOf(home, state), ancestors, rest, ...(item && { item }) };
}

export function findItem(home: HomeState, collection: CollectionId, name: ItemName, select: ItemSelect): Item | undefined {
  const item = home.collections.get(collection)?.items.get(name);
  return item === undefined || item.quarantine !== undefined ? undefined : project(item, select);
}

export function listItems(home: HomeState, collection: CollectionId, select: ItemSelect): readonly Item[] {
  return visibleItems(home.collections.get(collection)).sort((a, b) => (a.name < b.name ? -1 : 1)).map((item) => project(item, select));
}

export function queryItems(home: HomeState, collection: CollectionId, query: ItemQuery, select: ItemSelect): readonly Item[] {
  return visibleItems(home.collections.get(collection))
    .filter((item) => query.component === undefined || item.component === query.component)
    .filter((item) => query.uid === undefined || item.uid === query.uid)
    .filter((item) => query.overlaps === undefined || (item.facts !== undefined && overlaps(item.facts.bounds, query.overlaps)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((item) => project(item, select));
}

export function locksOf(home: HomeState, nowMilliseconds: number): readonly Lock[] {
  return [...home.locks.values()].filter(({ expires }) => expires * 1000 > nowMilliseconds);
}

export function visibleItems(state: CollectionState | undefined): ItemState[] {
  return [...(state?.items.values() ?? [])].filter(({ quarantine }) => quarantine === undefined);
}

export function project(item: ItemState, select: ItemSelect): Item {
  const { name, etag, component, uid, facts, scheduleTag, acl } = item;
  const personal = select.personal === undefined ? undefined : item.personal.get(select.personal);
  return {
    name, etag, ...(component && { component }),
    ...(select.meta && {
      meta: {
        ...(uid !== undefined && { uid }), contentType: item.contentType, ...(scheduleTag && { scheduleTag }),
        size: item.body.length, created: item.created, modified: item.modified, revision: item.revision,
      },
    }),
    ...(select.facts && facts && { facts }), ...(select.body && { body: item.body.slice() }), ...(select.acl && acl && { acl }),
    ...(select.dead && { dead: chosen(item.dead, select.dead) }), ...(select.attachments && { attachments: item.attachments }), ...(personal && { personal }),
  };
}

function chosen(dead: ReadonlyMap<string, string>, names: readonly QName[] | 'all'): ReadonlyMap<string, string> {
  if (names === 'all') return dead;
  const keys = new Set(names.map(({ ns, local }) => `{${ns}}${local}`));
  return new Map([...dead].filter(([key]) => keys.has(key)));
}

/** Half open; what has no length overlaps where its instant lies inside (RFC 4791 §9.9). */
export function overlaps(bounds: TimeRange, range: TimeRange): boolean {
  return bounds.start < range.end && (bounds.end > range.start || (bounds.start === bounds.end && bounds.start >= range.start));
}

/** In batches as a store on disk would give them. */
export async function* inBatches<T>(rows: readonly T[], size = 256): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size);
}
