/**
 * A home's changes (RFC 6578 with level infinite or 1): collections made, changed and gone, and at level infinite the items in them. Plain collections do not sync:
 * a first answer says so of each (§3.3), later ones are silent about them.
 */
import type { CollectionId, DavResource, HomeChangePage, Item, ItemSelect, PropertyRow, Revision } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import type { EngineRequest } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';
import { supportedReport } from '../errors/preconditions.ts';
import { membersOf } from '../methods/propfind.ts';
import type { PropertyPlan } from '../properties/plan.ts';
import { itemsOf } from '../resource/family.ts';
import { escapeSegment, withSlash } from '../resource/href.ts';
import { mergeSelect } from '../resource/select.ts';
import { itemKindOf, ownCollection } from '../resource/shape.ts';
import type { Multistatus } from '../xml/multistatus.ts';
import { dav } from '../xml/names.ts';
import { PAGE, changes, endSync, listItems } from './sync-token.ts';

export interface HomeSync { readonly plan: PropertyPlan; readonly since: Revision | 'start'; readonly deep: boolean }
interface Member { readonly resource: DavResource; readonly row: PropertyRow; readonly readable: boolean; readonly href: string }

export async function syncHome(request: EngineRequest, { plan, since, deep }: HomeSync): Promise<void> {
  const { engine, resource } = request;
  const home = resource.home!;
  const own = ownCollection(resource)!;
  const members = await membersById(request);
  // One page has items of all collections: what any of them needs.
  const select = [...members.byId.values()].reduce<ItemSelect>((all, { resource: { kind, collection } }) => {
    const wanted = plan.select(itemKindOf(kind) ?? kind);
    return mergeSelect(all, collection === undefined ? wanted : request.selectOf(collection, wanted));
  }, { acl: true });
  const out = request.multistatus();
  if (since === 'start') {
    for (const member of members.withoutRow) await out.resource(member.href, member.row, plan);
    for (const member of members.byId.values()) await listMember(request, out, member, plan, deep);
    await endSync(request, out, own, own.revision, false);
    return;
  }
  const listed = deep ? reopened(request, members.byId, since) : new Set<CollectionId>();
  let at = since;
  for (let more = since < own.revision; more;) {
    const page: HomeChangePage = await changes(() => engine.store.homeChangesSince(home.id, at, PAGE, deep, select));
    await writePage(request, out, plan, page, members.byId, listed);
    ({ revision: at, more } = page);
    await out.drained();
  }
  // Last, so that what changes meanwhile is told with the next token.
  for (const id of listed) await listMember(request, out, members.byId.get(id)!, plan, deep);
  await endSync(request, out, own, at, false);
}

/**
 * Collections whose access changed since the token: to whoever could not read them before, all that is in them is new, though nothing of it changed. Owners and
 * administrators, whom no list shuts out, saw everything before.
 */
function reopened({ identity, resource }: EngineRequest, members: ReadonlyMap<CollectionId, Member>, since: Revision): ReadonlySet<CollectionId> {
  if (identity.admin || identity.principal === resource.owner) return new Set();
  return new Set([...members].filter(([, { resource: { collection, share }, readable }]) => readable && share === undefined && collection !== undefined && collection.aclRevision > since).map(([id]) => id));
}

/** RFC 6578 §3.3 asks for the first, as such a collection has no report of its own; clients of the classic server know the second, which it said instead. */
const NOT_SYNCED = new DavError(403, { condition: { name: supportedReport.condition }, also: dav('sync-traversal-supported'), detail: 'Changes of plain collections cannot be asked for.' });

/** Of a beginning: the collection, and what is in it where `deep`. */
async function listMember(request: EngineRequest, out: Multistatus, { resource, row, readable, href }: Member, plan: PropertyPlan, deep: boolean): Promise<void> {
  if (resource.kind === 'files') {
    if (readable) out.status(href, 403, NOT_SYNCED);
    return;
  }
  if (readable) await out.resource(href, row, plan);
  const items = itemsOf(resource);
  const { collection } = resource;
  // What a share shows changes in another home, whose tokens are its own.
  if (!deep || items === undefined || collection === undefined || resource.share !== undefined) return;
  const select = request.selectOf(collection, plan.select(items.kind));
  await listItems(request, out, { base: { href, resource: items }, collection, select, plan, access: await request.items(items) });
}

async function membersById(request: EngineRequest): Promise<{ readonly byId: ReadonlyMap<CollectionId, Member>; readonly withoutRow: readonly Member[] }> {
  const { engine, identity } = request;
  const byId = new Map<CollectionId, Member>();
  const withoutRow: Member[] = [];
  for await (const batch of membersOf(request)) {
    for (const resource of batch) {
      const access = await engine.access.judge(identity, resource);
      const member: Member = {
        resource, row: { resource, item: undefined, access, identity }, readable: (access & READ) === READ,
        href: engine.isCollection(resource) ? withSlash(resource.path) : resource.path,
      };
      const stored = resource.share ?? resource.collection;
      if (stored !== undefined) byId.set(stored.id, member);
      else if (member.readable) withoutRow.push(member);
    }
  }
  return { byId, withoutRow };
}

async function writePage(request: EngineRequest, out: Multistatus, plan: PropertyPlan, page: HomeChangePage, members: ReadonlyMap<CollectionId, Member>, listed: ReadonlySet<CollectionId>): Promise<void> {
  for (const { id } of page.collections) {
    if (listed.has(id)) continue;
    const member = members.get(id);
    // Below plain collections nothing syncs; what is new since the members were listed comes with the next token.
    if (member === undefined || member.resource.kind === 'files') continue;
    if (member.readable) await out.resource(member.href, member.row, plan);
    else out.status(member.href, 404);
  }
  for (const [collection, items] of byCollection(page)) if (!listed.has(collection)) await writeItems(request, out, plan, members.get(collection), items);
  const plain = new Set([...members.values()].filter(({ resource }) => resource.kind === 'files').map(({ resource }) => resource.collection!.segment));
  for (const path of page.removed) {
    if (path.length > 1 && plain.has(path[0]!)) continue;
    out.status(`${request.href}${path.map(escapeSegment).join('/')}${path.length === 1 ? '/' : ''}`, 404);
  }
}

function byCollection({ items }: HomeChangePage): ReadonlyMap<CollectionId, Item[]> {
  const groups = new Map<CollectionId, Item[]>();
  for (const { collection, item } of items) {
    const group = groups.get(collection);
    if (group === undefined) groups.set(collection, [item]);
    else group.push(item);
  }
  return groups;
}

async function writeItems(request: EngineRequest, out: Multistatus, plan: PropertyPlan, member: Member | undefined, items: readonly Item[]): Promise<void> {
  const resource = member === undefined ? undefined : itemsOf(member.resource);
  if (member === undefined || resource === undefined || resource.kind === 'file') return;
  await out.items({ href: member.href, resource }, items, plan, await request.items(resource), 404);
}
