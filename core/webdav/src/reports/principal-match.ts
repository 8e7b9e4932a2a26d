/**
 * principal-match REPORT (RFC 3744 §9.3). `self`: the principals at or below the request's URL that are the caller, or groups he is in, proxy groups included.
 * `principal-property`: what lies at or below it, at any depth, whose named property holds the caller's URL or that of a group he is in.
 */
import { READ } from '@kalends/contracts';
import type { DavRequest, DavResource, Item, PrincipalId, PropertyRow, QName, ReportSpec, XmlNode } from '@kalends/contracts';
import type { ItemAccess } from '../access/compiled-access.ts';
import { engineOf } from '../engine.ts';
import type { EngineRequest } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';
import { badRequest } from '../errors/preconditions.ts';
import type { PropertyPlan } from '../properties/plan.ts';
import { isStored } from '../properties/registry.ts';
import { takesDead } from '../properties/stored.ts';
import { hrefsIn, pathIn, valueOf } from '../properties/value-of.ts';
import { proxyGroupId, proxyGroupOf } from '../access/delegates.ts';
import type { Delegates } from '../access/delegates.ts';
import { itemsOf } from '../resource/family.ts';
import { joinPath } from '../resource/href.ts';
import { aliasPaths, principalPath } from '../resource/principal-path.ts';
import { mergeSelect } from '../resource/select.ts';
import { ownCollection } from '../resource/shape.ts';
import { parsePath } from '../resource/url.ts';
import type { Multistatus } from '../xml/multistatus.ts';
import { DAV, clark, dav, isNamed } from '../xml/names.ts';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { childNamed, needDepthZero, propOf } from './acl-reports.ts';

interface Query { readonly body: XmlNode; /** Undefined: `self`. */ readonly property: QName | undefined }

export function principalMatch(delegates: Delegates): ReportSpec<Query> {
  return {
    name: dav('principal-match'),
    kinds: ['*'],
    requires: READ,
    read(body) {
      propOf(body, false);
      const property = childNamed(body, DAV, 'principal-property');
      if ((property === undefined) === (childNamed(body, DAV, 'self') === undefined)) throw badRequest('principal-match holds either DAV:self or DAV:principal-property.');
      if (property !== undefined && property.children.length !== 1) throw badRequest('DAV:principal-property holds one property.');
      return { body, property: property?.children[0]?.name };
    },
    async run(request, { body, property }) {
      needDepthZero(request);
      const engine = engineOf(request);
      const plan = engine.plan(body);
      const out = engine.multistatus();
      if (property !== undefined) await new PropertyMatch(engine, property, plan, out).run();
      else {
        for (const [href, row] of await selves(request, delegates)) {
          await out.resource(href, row, plan);
          await out.drained();
        }
      }
      await out.end();
    },
  };
}

type Rows = readonly (readonly [string, PropertyRow])[];

async function selves(request: DavRequest, delegates: Delegates): Promise<Rows> {
  const { identity } = request;
  if (identity.principal === undefined) return [];
  const proxies = (await delegates.groupsWith(identity.principal)).map(proxyGroupId);
  const { href } = engineOf(request);
  const rows: (readonly [string, PropertyRow])[] = [];
  for (const id of [identity.principal, ...identity.groups, ...proxies]) {
    const path = (await pathsOf(id, request)).find((candidate) => candidate.startsWith(href));
    const judged = path === undefined ? undefined : await request.judge(path, {});
    if (path !== undefined && judged !== undefined && (judged.access & READ) === READ) rows.push([path, { ...judged, item: undefined, identity }]);
  }
  return rows;
}

/** Canonical first; the alias serves a request below `/principals/<type>/`. */
async function pathsOf(id: PrincipalId, request: DavRequest): Promise<readonly string[]> {
  const proxy = proxyGroupOf(id);
  const principal = await engineOf(request).engine.directory.findById(proxy?.owner ?? id);
  if (principal === undefined) return [];
  const below = proxy === undefined ? '' : `calendar-proxy-${proxy.mode}/`;
  return [principalPath(id), ...aliasPaths(principal).map((path) => `${path}${below}`)];
}

class PropertyMatch {
  readonly #request: EngineRequest;
  readonly #property: QName;
  readonly #plan: PropertyPlan;
  readonly #out: Multistatus;
  /** The caller's id and those of his groups. */ readonly #ids: ReadonlySet<PrincipalId>;
  /** Their paths, canonical and by name, as `plain` has them. */ #mine: ReadonlySet<string> = new Set();

  constructor(request: EngineRequest, property: QName, plan: PropertyPlan, out: Multistatus) {
    this.#request = request;
    this.#property = property;
    this.#plan = plan;
    this.#out = out;
    const { principal, groups } = request.identity;
    this.#ids = new Set(principal === undefined ? [] : [principal, ...groups]);
  }

  async run(): Promise<void> {
    if (this.#ids.size === 0) return;
    const { engine, identity, resource: asked, access: held } = this.#request;
    const paths = await Promise.all([...this.#ids].map((id) => pathsOf(id, this.#request)));
    this.#mine = new Set(paths.flat().flatMap((path) => plain(path) ?? []));
    for (const [href, resource] of await collectionsAt(this.#request)) {
      const access = resource === asked ? held : await engine.access.judge(identity, resource);
      if ((access & READ) !== READ) continue;
      const row: PropertyRow = { resource, item: await this.#itemOf(resource), access, identity };
      if (await this.#holds(row)) await this.#out.resource(href, row, this.#plan);
      await this.#items(resource, href);
      await this.#out.drained();
    }
  }

  /** Of a request for one item: with all that is asked of it. */
  async #itemOf({ kind, item, collection }: DavResource): Promise<Item | undefined> {
    if (item === undefined || collection === undefined) return item;
    const select = mergeSelect(this.#plan.select(kind), takesDead(kind) ? { acl: true, dead: [this.#property] } : { acl: true });
    return this.#request.engine.store.findItem(collection.id, item.name, this.#request.selectOf(collection, select));
  }

  async #items(resource: DavResource, href: string): Promise<void> {
    const { engine } = this.#request;
    const [collection, items] = [ownCollection(resource), itemsOf(resource)];
    if (collection === undefined || items === undefined) return;
    const live = engine.properties.find(items.kind, clark(this.#property));
    const isDead = live === undefined || isStored(live);
    const isOwner = isNamed(this.#property, DAV, 'owner');
    // Calendar objects keep no properties of clients, and who owns one item of a home owns all.
    if ((isDead && !takesDead(items.kind)) || (isOwner && !this.#isOwn(items))) return;
    const access = await this.#request.items(items);
    const select = this.#request.selectOf(collection, mergeSelect(this.#plan.select(items.kind), isDead ? { dead: [this.#property] } : live.select));
    for await (const batch of engine.store.listItems(collection.id, select)) {
      await this.#out.items({ href, resource: items }, isOwner ? batch : await this.#matching(items, batch, access), this.#plan, access);
      await this.#out.drained();
    }
  }

  #isOwn({ owner }: DavResource): boolean {
    return owner !== undefined && this.#ids.has(owner);
  }

  async #matching(resource: DavResource, batch: readonly Item[], access: ItemAccess): Promise<readonly Item[]> {
    const { identity } = this.#request;
    const found: Item[] = [];
    for (const item of batch) if (await this.#holds({ resource, item, access: access.constant ?? access.of(item), identity })) found.push(item);
    return found;
  }

  async #holds(row: PropertyRow): Promise<boolean> {
    const value = await valueOf(this.#property, row, this.#request);
    if (value.status !== 200) return false;
    // A value may be long, and a folder full of such.
    await nextTurn();
    return hrefsIn(value.element).some((href) => {
      const path = pathIn(href, this.#request);
      const found = path === undefined ? undefined : plain(path);
      return found !== undefined && this.#mine.has(found);
    });
  }
}

/** Decoded, so that one path has one spelling; undefined for what is none. No directory is asked: a value may name thousands. */
function plain(path: string): string | undefined {
  try {
    return parsePath(path).segments.join('/');
  } catch (error) {
    if (error instanceof DavError) return undefined;
    throw error;
  }
}

/** The request's resource, and the collections that the store has below it. */
async function collectionsAt(request: DavRequest): Promise<readonly (readonly [string, DavResource])[]> {
  const { resource } = request;
  const { engine, href } = engineOf(request);
  const self = [href, resource] as const;
  const { collection, ancestors = [], home } = resource;
  if (collection === undefined || home === undefined || resource.item !== undefined || !engine.isCollection(resource)) return [self];
  const children = Map.groupBy(await engine.store.listCollections(collection.id, 'infinity'), ({ parent }) => parent);
  const found: (readonly [string, DavResource])[] = [self];
  const waiting = [{ of: collection, path: href, canonical: resource.canonical, above: [...ancestors, collection] }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const child of children.get(next.of.id) ?? []) {
      const path = joinPath(next.path, child.segment, true);
      const canonical = joinPath(next.canonical, child.segment, true);
      // What a share shows lies in another home, and is found there.
      if (child.kind !== 'share' && engine.kinds.has(child.kind)) {
        found.push([path, { kind: child.kind, path, canonical, owner: resource.owner, home, collection: child, ancestors: next.above }]);
      }
      waiting.push({ of: child, path, canonical, above: [...next.above, child] });
    }
  }
  return found;
}
