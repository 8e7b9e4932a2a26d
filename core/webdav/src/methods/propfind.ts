/**
 * PROPFIND (RFC 4918 §9.1): properties of a resource and, at depth 1, of its members. Depth infinity of a collection is refused, whether asked for or meant by
 * silence.
 */
import type { Batches, DavRequest, DavResource, MethodSpec, PropertyRow } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import type { EngineRequest } from '../engine.ts';
import { badRequest, propfindFiniteDepth } from '../errors/preconditions.ts';
import type { PropertyPlan } from '../properties/plan.ts';
import { childCollection, itemsOf } from '../resource/family.ts';
import { withSlash } from '../resource/href.ts';
import { covers } from '../resource/select.ts';
import { ownCollection } from '../resource/shape.ts';
import { dav, isNamed } from '../xml/names.ts';
import { Element } from '../xml/read.ts';
import type { Multistatus } from '../xml/multistatus.ts';

/** `meta` answers what is asked of nearly every single item; what else a body wants is read when it is known. */
export const propfind: MethodSpec = { method: 'PROPFIND', kinds: ['*'], select: { meta: true }, requires: () => [{ on: 'self', privileges: READ }], handle };

/** An empty body means this (RFC 4918 §9.1). */
const ALLPROP = new Element(dav('propfind'));
ALLPROP.children.push(new Element(dav('allprop')));

async function handle(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const { engine, fields, resource, href } = request;
  const body = (await request.xml()) ?? ALLPROP;
  checkGrammar(body);
  const collection = engine.isCollection(resource);
  const depth = collection ? fields.depth ?? 'infinity' : 0;
  if (depth === 'infinity') throw propfindFiniteDepth();
  const plan = request.plan(body);
  const self = await ownRow(request, plan);
  const { minimal, depthNoroot } = fields.prefer.stated;
  if (depth === 1 && depthNoroot) request.http.response.setHeader('Preference-Applied', minimal ? 'return=minimal, depth-noroot' : 'depth-noroot');
  const out = request.multistatus();
  if (depth === 0 || !fields.prefer.depthNoroot) await out.resource(href, self, plan);
  if (depth === 1) await listMembers(request, plan, out);
  await out.end();
}

/** RFC 4918 §14.20: exactly one of three. */
function checkGrammar(body: Element): void {
  if (!isNamed(body.name, 'DAV:', 'propfind')) throw badRequest('The body of a PROPFIND is a DAV:propfind element.');
  const asks = body.children.filter(({ name }) => name.ns === 'DAV:' && (name.local === 'prop' || name.local === 'allprop' || name.local === 'propname'));
  if (asks.length !== 1) throw badRequest('A DAV:propfind holds exactly one of DAV:prop, DAV:allprop and DAV:propname.');
}

/** The row of the resource itself, with what the plan wants of its item. */
export async function ownRow(request: EngineRequest, plan: PropertyPlan): Promise<PropertyRow> {
  const { resource, selected, engine } = request;
  const { item, collection } = resource;
  const wanted = plan.select(resource.kind);
  if (item === undefined || collection === undefined || covers(selected, wanted)) return request.row();
  const again = await engine.store.findItem(collection.id, item.name, request.selectOf(collection, { ...wanted, acl: true }));
  return again === undefined ? request.row() : { ...request.row(), item: again, resource: { ...resource, item: again } };
}

/** All members that the caller may read, one level down: items first, then what else there is. */
export async function listMembers(request: EngineRequest, plan: PropertyPlan, out: Multistatus): Promise<void> {
  const { engine, resource, href } = request;
  const items = itemsOf(resource);
  const own = ownCollection(resource);
  if (items !== undefined && own !== undefined) {
    const access = await request.items(items);
    const base = { href, resource: items };
    for await (const batch of engine.store.listItems(own.id, request.selectOf(own, plan.select(items.kind)))) {
      await out.items(base, batch, plan, access);
      await out.drained();
    }
  }
  for await (const batch of membersOf(request)) {
    const rows = await readable(request, batch);
    for (const row of rows) await out.resource(engine.isCollection(row.resource) ? withSlash(row.resource.path) : row.resource.path, row, plan);
    await out.drained();
  }
}

/**
 * Members that are no items of the collection: the kind knows, else the store. Paths begin with `request.href`. What is of a kind that no plugin of this
 * deployment has is not there.
 */
export async function* membersOf(request: EngineRequest): Batches<DavResource> {
  const { engine, href, resource } = request;
  const parent = resource.path === href ? resource : { ...resource, path: href };
  for await (const batch of engine.kinds.get(resource.kind)?.members?.(parent, request) ?? storedMembers(request, parent)) {
    yield batch.filter(({ kind }) => engine.kinds.has(kind));
  }
}

async function* storedMembers({ engine }: EngineRequest, parent: DavResource): Batches<DavResource> {
  const own = ownCollection(parent);
  if (own === undefined || parent.share !== undefined) return;
  yield (await engine.store.listCollections(own.id, 1)).map((child) => childCollection(parent, child));
}

async function readable({ engine, identity }: EngineRequest, resources: readonly DavResource[]): Promise<readonly PropertyRow[]> {
  const rows: PropertyRow[] = [];
  for (const resource of resources) {
    const access = await engine.access.judge(identity, resource);
    if ((access & READ) === READ) rows.push({ resource, item: resource.item, access, identity });
  }
  return rows;
}
