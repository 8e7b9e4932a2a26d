/**
 * The change log, read from the state itself: a live item's revision is its entry, a tombstone's is that of its removal, so a name has one entry by
 * construction. A page never splits a revision: where one change touched more items than `limit`, the page is longer.
 */
import { StoreError } from '@kalends/contracts';
import type { ChangePage, CollectionId, HomeChangePage, Item, ItemName, ItemSelect, Revision, EpochSeconds, Collection } from '@kalends/contracts';
import { childOf, pathOf } from './state.ts';
import type { CollectionState, HomeState } from './state.ts';
import { collectionOf, project, visibleItems } from './reads.ts';

export interface TombstoneLimit { readonly days: number; readonly count: number }

export function changesSince(home: HomeState, collection: CollectionId, since: Revision | 'start', limit: number, select: ItemSelect): ChangePage {
  const state = home.collections.get(collection);
  if (state === undefined) throw new StoreError('collection-gone', `no collection ${collection}`);
  refuseUnknown(home, since, state.row.revision);
  const after = since === 'start' ? 0 : since;
  const entries = [
    ...visibleItems(state).map((item) => ({ revision: item.revision, item, name: undefined })),
    ...(since === 'start' ? [] : [...state.gone].map(([name, { revision }]) => ({ revision, item: undefined, name }))),
  ].filter(({ revision }) => revision > after);
  const { page, revision, more } = cut(entries, limit, state.row.revision);
  return {
    changed: page.flatMap(({ item }) => (item ? [project(item, select)] : [])), removed: page.flatMap(({ name }) => (name === undefined ? [] : [name])), revision, more,
  };
}

interface HomeEntry {
  readonly revision: Revision;
  readonly collection?: Collection; readonly path?: readonly string[]; readonly item?: { readonly collection: CollectionId; readonly item: Item };
}

export function homeChangesSince(home: HomeState, since: Revision | 'start', limit: number, deep: boolean, select: ItemSelect): HomeChangePage {
  refuseUnknown(home, since, home.revision);
  const after = since === 'start' ? 0 : since;
  const entries: HomeEntry[] = since === 'start' ? [] : [...gonePaths(home)];
  for (const state of home.collections.values()) {
    if (state.hidden) continue;
    if (state.row.id !== home.rootId) entries.push({ revision: state.row.revision, collection: collectionOf(home, state) });
    if (deep) entries.push(...itemEntries(home, state, since, select));
  }
  const { page, revision, more } = cut(entries.filter((entry) => entry.revision > after), limit, home.revision);
  return {
    collections: page.flatMap(({ collection }) => collection ?? []), removed: page.flatMap(({ path }) => (path ? [path] : [])),
    items: page.flatMap(({ item }) => item ?? []), revision, more,
  };
}

/** Of a collection that came to its path after `since`, everything is new there, and nothing that it lost before was ever seen there. */
function itemEntries(home: HomeState, state: CollectionState, since: Revision | 'start', select: ItemSelect): readonly HomeEntry[] {
  const moved = since === 'start' || state.placed > since;
  const live = visibleItems(state).map((item): HomeEntry => ({
    revision: Math.max(item.revision, moved ? state.placed : 0) as Revision, item: { collection: state.row.id, item: project(item, select) },
  }));
  const gone = moved ? [] : [...state.gone].filter(([name]) => childOf(home, state.row.id, name) === undefined)
    .map(([name, { revision }]): HomeEntry => ({ revision, path: [...pathOf(home, state.row.id), name] }));
  return [...live, ...gone];
}

function gonePaths(home: HomeState): readonly HomeEntry[] {
  return home.gonePaths.filter(({ path }) => !isThere(home, path)).map(({ revision, path }) => ({ revision, path }));
}

function isThere(home: HomeState, path: readonly string[]): boolean {
  let at: CollectionState | undefined = home.collections.get(home.rootId);
  for (const [depth, segment] of path.entries()) {
    if (at === undefined) return false;
    const item = at.items.get(segment as ItemName);
    if (depth === path.length - 1 && item !== undefined && item.quarantine === undefined) return true;
    at = childOf(home, at.row.id, segment);
  }
  return at !== undefined;
}

function refuseUnknown(home: HomeState, since: Revision | 'start', latest: Revision): void {
  if (since === 'start') return;
  if (since < home.floor) throw new StoreError('revision-gone', `changes before revision ${home.floor} are forgotten`);
  if (since > latest) throw new StoreError('revision-gone', `revision ${since} is still to come`);
}

function cut<E extends { readonly revision: Revision }>(entries: readonly E[], limit: number, latest: Revision): { page: readonly E[]; revision: Revision; more: boolean } {
  const sorted = [...entries].sort((a, b) => a.revision - b.revision);
  const last = sorted[limit - 1]?.revision ?? latest;
  const page = sorted.filter(({ revision }) => revision <= last);
  const more = page.length < sorted.length;
  return { page, revision: more ? last : latest, more };
}

/** Forgets tombstones that are both too old and too many. */
export function prune(home: HomeState, keep: TombstoneLimit, now: EpochSeconds): HomeState {
  const all = [...home.gonePaths, ...[...home.collections.values()].flatMap(({ gone }) => [...gone.values()])].sort((a, b) => b.revision - a.revision);
  const floor = all.slice(keep.count).filter(({ at }) => at < now - keep.days * 86_400).reduce((high, { revision }) => Math.max(high, revision), 0) as Revision;
  if (floor <= home.floor) return home;
  const collections = new Map([...home.collections].map(([id, state]) => [
    id, { ...state, gone: new Map([...state.gone].filter(([, { revision }]) => revision > floor)) },
  ]));
  return { ...home, floor, collections, gonePaths: home.gonePaths.filter(({ revision }) => revision > floor) };
}
