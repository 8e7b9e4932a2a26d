/**
 * principal-match REPORT (RFC 3744 §9.3). `self`: the principals at or below the request's URL that are the caller, or groups he is in, proxy groups included.
 * `principal-property`: the collections at or below it whose named property holds the caller's URL. (Calendar objects take no dead properties, and the owner of
 * one is its calendar's: they are not gone through.)
 */
import { READ } from '@kalends/contracts';
import type { DavRequest, DavResource, PrincipalId, PropertyRow, QName, ReportSpec, XmlNode } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import { badRequest } from '../errors/preconditions.ts';
import { hrefsIn, pathIn, valueOf } from '../properties/value-of.ts';
import { proxyGroupId, proxyGroupOf } from '../access/delegates.ts';
import type { Delegates } from '../access/delegates.ts';
import { joinPath } from '../resource/href.ts';
import { aliasPaths, principalPath } from '../resource/principal-path.ts';
import { DAV, dav } from '../xml/names.ts';
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
      const rows = property === undefined ? await selves(request, delegates) : await named(request, property);
      const out = engine.multistatus();
      for (const [href, row] of rows) {
        await out.resource(href, row, plan);
        await out.drained();
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

async function named(request: DavRequest, property: QName): Promise<Rows> {
  const { identity } = request;
  const engine = engineOf(request);
  if (identity.principal === undefined) return [];
  const mine = new Set([identity.principal, ...identity.groups].map(principalPath));
  const matched: (readonly [string, PropertyRow])[] = [];
  for (const [href, resource] of await collectionsAt(request)) {
    const access = resource === request.resource ? request.access : await engine.engine.access.judge(identity, resource);
    if ((access & READ) !== READ) continue;
    const row: PropertyRow = { resource, item: resource.item, access, identity };
    const value = await valueOf(property, row, request);
    if (value.status !== 200) continue;
    for (const found of hrefsIn(value.element)) if (await isOneOf(found, mine, request)) { matched.push([href, row]); break; }
  }
  return matched;
}

/** A stored href may be spelled by type and name. */
async function isOneOf(href: string, mine: ReadonlySet<string>, request: DavRequest): Promise<boolean> {
  const path = pathIn(href, request);
  if (path === undefined || mine.has(path)) return path !== undefined;
  if (!path.startsWith('/principals/')) return false;
  const resource = await engineOf(request).engine.locate(path, {}, request.identity);
  return resource?.principal !== undefined && mine.has(resource.canonical);
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
