/**
 * Which resource lies above, below and beside another, from what was loaded already. New values only.
 */
import type { Collection, DavResource, ItemName } from '@kalends/contracts';
import { joinPath } from './href.ts';
import { isItemKind, itemKindOf, ownCollection } from './shape.ts';

/** The collection that holds a resource; undefined for homes and for what no row stands for. */
export function parentOf(resource: DavResource): DavResource | undefined {
  const { collection, ancestors = [], share } = resource;
  if (collection === undefined) return undefined;
  const path = above(resource.path);
  const canonical = above(resource.canonical);
  if (ownCollection(resource) === undefined) {
    const { item: _, ...rest } = resource;
    return { ...rest, kind: share?.kind ?? collection.kind, path, canonical };
  }
  const parent = ancestors.at(-1);
  if (parent === undefined || share !== undefined) return undefined;
  return { ...resource, kind: parent.kind, path, canonical, collection: parent, ancestors: ancestors.slice(0, -1) };
}

/** A stored collection right below another. */
export function childCollection(parent: DavResource, child: Collection): DavResource {
  return {
    ...parent, kind: child.kind, path: joinPath(parent.path, child.segment, true), canonical: joinPath(parent.canonical, child.segment, true), collection: child,
    ancestors: parent.collection === undefined ? [] : [...(parent.ancestors ?? []), parent.collection],
  };
}

/** What all items of a collection have in common: the DavResource of a listing's rows. Undefined where it holds none. */
export function itemsOf(collection: DavResource): DavResource | undefined {
  const own = ownCollection(collection);
  const kind = own === undefined ? undefined : itemKindOf(own.kind);
  return kind === undefined ? undefined : { ...collection, kind };
}

/** The name at the end of an item's path, there or not. */
export function nameOf(resource: DavResource): ItemName {
  if (resource.item !== undefined) return resource.item.name;
  const segments = resource.path.split('/').filter((segment) => segment !== '');
  return decodeURIComponent(segments.at(-1) ?? '').normalize('NFC') as ItemName;
}

/** The segments below its home of the collection that a resource is or lies in. */
export function collectionSegments({ collection, ancestors = [] }: DavResource): readonly string[] {
  return collection === undefined ? [] : [...ancestors, collection].slice(1).map(({ segment }) => segment);
}

/** The segments of a stored resource below its home, as locks and moves name it. */
export function segmentsOf(resource: DavResource): readonly string[] {
  const above = collectionSegments(resource);
  if (resource.collection === undefined) return above;
  return ownCollection(resource) === undefined || isItemKind(resource.kind) ? [...above, nameOf(resource)] : above;
}

/** The path of the collection above, with its slash. */
function above(path: string): string {
  const bare = path.endsWith('/') ? path.slice(0, -1) : path;
  return bare.slice(0, bare.lastIndexOf('/') + 1);
}

