/**
 * What can be said of a resource without asking anybody: does something stand there, is it a collection, of which kind are its items, what is its entity tag.
 */
import type { Collection, DavResource, Item } from '@kalends/contracts';

/** Kind of a stored collection → kind of its items. A collection of a kind that is not here holds no items (a plugin's own: `<kind>-item`). */
const ITEM_KINDS: ReadonlyMap<string, string> = new Map([
  ['calendar', 'calendar-item'], ['share', 'calendar-item'], ['inbox', 'inbox-item'], ['notifications', 'notification'], ['files', 'file'],
]);
const WITHOUT_ITEMS: ReadonlySet<string> = new Set(['home', 'outbox']);
const KINDS_OF_ITEMS: ReadonlySet<string> = new Set(ITEM_KINDS.values());

/** Collections whose changes can be asked for (RFC 6578); `files` cannot. (An outbox is always empty.) */
export const SYNCING_KINDS: readonly string[] = ['home', 'calendar', 'share', 'inbox', 'outbox', 'notifications'];

/** Undefined: a collection of this kind holds collections alone. */
export function itemKindOf(collectionKind: string): string | undefined {
  return WITHOUT_ITEMS.has(collectionKind) ? undefined : ITEM_KINDS.get(collectionKind) ?? `${collectionKind}-item`;
}

export function isItemKind(kind: string): boolean {
  return KINDS_OF_ITEMS.has(kind) || kind.endsWith('-item');
}

/** The stored collection that this resource is (not the one that holds it); of a share, the one it shows. */
export function ownCollection({ kind, item, collection, share }: DavResource): Collection | undefined {
  if (item !== undefined || collection === undefined) return undefined;
  return kind === collection.kind || kind === share?.kind ? collection : undefined;
}

/** Opaque, with quotes (RFC 9110 §8.8.3). Of an item as this caller sees it; of a collection by its revision; undefined where nothing is stored. */
export function entityTag(resource: DavResource): string | undefined {
  if (resource.item !== undefined) return itemTag(resource.item);
  const own = ownCollection(resource);
  return own === undefined ? undefined : collectionTag(own);
}

export function itemTag({ etag, personal }: Item): string {
  return personal === undefined ? `"${etag}"` : `"${etag}-${personal.number}"`;
}

export function collectionTag({ epoch, revision }: Collection): string {
  return `"${epoch}-${revision}"`;
}

export const SYNC_TOKEN_SCHEME = 'data:,';
/** RFC 6578: `data:,<epoch>_<collection id>_<revision>`. */
export function syncToken({ epoch, id, revision }: Collection): string {
  return `${SYNC_TOKEN_SCHEME}${epoch}_${id}_${revision}`;
}
