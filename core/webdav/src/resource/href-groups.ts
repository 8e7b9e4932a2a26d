/**
 * The hrefs of a body, by the collection they lie in, so that a report makes one store call a collection, however many hrefs. Each collection is judged once;
 * what a client may not look into it is told of each href.
 */
import type { DavResource, ItemName } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import type { EngineRequest, HrefGroup, HrefGroups } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';
import type { PropertyPlan } from '../properties/plan.ts';
import { itemsOf } from './family.ts';
import { ownCollection } from './shape.ts';
import { parsePath } from './url.ts';

interface Folder { readonly names: Set<ItemName>; readonly hrefs: string[] }
type Folded = Pick<HrefGroup, 'absent'> & { readonly resource: DavResource };

export async function groupHrefs(request: EngineRequest, hrefs: readonly string[], plan: PropertyPlan): Promise<HrefGroups> {
  const folders = new Map<string, Folder>();
  const rest: { href: string; status: 400 | 403 | 404 }[] = [];
  for (const href of hrefs) {
    const place = placeOf(request, href);
    if (typeof place === 'number') {
      rest.push({ href, status: place });
      continue;
    }
    let folder = folders.get(place.folder);
    if (folder === undefined) folders.set(place.folder, folder = { names: new Set(), hrefs: [] });
    folder.names.add(place.name);
    folder.hrefs.push(href);
  }
  const groups: HrefGroup[] = [];
  for (const [path, { names, hrefs: inside }] of folders) {
    const found = await collectionAt(request, path);
    if (typeof found === 'number') rest.push(...inside.map((href) => ({ href, status: found })));
    else groups.push(await groupOf(request, found, path, [...names], plan));
  }
  return { groups, rest };
}

function placeOf(request: EngineRequest, href: string): { readonly folder: string; readonly name: ItemName } | 400 | 404 {
  try {
    const path = request.pathOf(href);
    if (path === undefined) return 404;
    const slash = path.lastIndexOf('/');
    const folder = path.slice(0, slash + 1);
    const name = parsePath(path.slice(slash)).segments[0];
    // A collection is no item.
    return name === undefined ? 404 : { folder, name: name as ItemName };
  } catch (error) {
    if (error instanceof DavError) return error.status === 404 ? 404 : 400;
    throw error;
  }
}

/** Nearly always the request's own collection, which needs no second look. */
async function collectionAt(request: EngineRequest, path: string): Promise<Folded | 400 | 403 | 404> {
  try {
    const judged = path === request.href ? request : await request.judge(path, {});
    if (judged === undefined) return 404;
    // Items may allow what their collection does not: they are judged one by one.
    const { resource, access } = judged;
    const readable = (access & READ) === READ;
    if (!readable && (resource.collection?.itemsWithAcl ?? 0) === 0) return 403;
    return ownCollection(resource) === undefined ? (readable ? 404 : 403) : { resource, absent: readable ? 404 : 403 };
  } catch (error) {
    if (error instanceof DavError) return error.status === 404 ? 404 : 400;
    throw error;
  }
}

async function groupOf(request: EngineRequest, { resource: found, absent }: Folded, path: string, names: readonly ItemName[], plan: PropertyPlan): Promise<HrefGroup> {
  const collection = found.collection!;
  const items = itemsOf(found) ?? found;
  return {
    base: { href: path, resource: items }, collection, names, select: request.selectOf(collection, plan.select(items.kind)), access: await request.items(items), absent,
  };
}
