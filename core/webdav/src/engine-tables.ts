/**
 * What all features together define, compiled once at boot into the tables that requests are answered from. Two features that claim the same are a boot problem
 * that names both.
 */
import type {
  CalendarStore, Clock, DavFeature, DavResource, Deployment, Directory, HttpExchange, Identity, ItemSelect, MethodSpec, PrincipalId, QName, RecordStore, ReportSpec, ResourceKind, XmlNode,
} from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import type { CompiledAccess } from './access/compiled-access.ts';
import type { Engine } from './engine.ts';
import { PropertyPlan } from './properties/plan.ts';
import { PropertyRegistry } from './properties/registry.ts';
import { asked } from './request.ts';
import { Resolver } from './resource/resolver.ts';
import { mergeSelect } from './resource/select.ts';
import { isItemKind } from './resource/shape.ts';
import { clark } from './xml/names.ts';
import { XmlReader } from './xml/read.ts';
import { BufferPool } from './xml/response-stream.ts';

export interface EngineServices {
  readonly store: CalendarStore; readonly records: RecordStore; readonly directory: Directory; readonly access: CompiledAccess;
  readonly deployment: Deployment; readonly clock: Clock; readonly log: Logger;
}

interface MethodSelect { readonly fixed: ItemSelect; readonly byHeaders: readonly ((headers: HttpExchange['request']['headers']) => ItemSelect)[] }
const NOTHING_SELECTED: MethodSelect = { fixed: { acl: true }, byHeaders: [] };

export class EngineTables implements Engine {
  readonly store: CalendarStore;
  readonly records: RecordStore;
  readonly directory: Directory;
  readonly access: CompiledAccess;
  readonly deployment: Deployment;
  readonly clock: Clock;
  readonly log: Logger;
  readonly kinds: ReadonlyMap<string, ResourceKind>;
  readonly properties: PropertyRegistry;
  readonly compliance: readonly string[];
  readonly reader = new XmlReader();
  readonly buffers = new BufferPool();
  /** All methods that some kind has. */ readonly known: ReadonlySet<string>;
  readonly #resolver: Resolver;
  readonly #methods = new Map<string, Map<string, MethodSpec>>();
  readonly #methodsOfKind = new Map<string, ReadonlyMap<string, MethodSpec>>();
  readonly #selects = new Map<string, MethodSelect>();
  readonly #reports: readonly ReportSpec<unknown>[];
  readonly #reportsOfKind = new Map<string, readonly ReportSpec<unknown>[]>();
  /** By the body's tree, and as long as it: the reader keeps the trees of small bodies. */ readonly #plans = new WeakMap<XmlNode, PropertyPlan>();

  /** @throws Error naming both features where two claim the same */
  constructor(features: readonly DavFeature[], services: EngineServices) {
    ({ store: this.store, records: this.records, directory: this.directory, access: this.access, deployment: this.deployment, clock: this.clock, log: this.log } = services);
    this.kinds = kindsOf(features);
    this.properties = new PropertyRegistry(features);
    this.compliance = [...new Set(features.flatMap((feature) => feature.compliance ?? []))].sort(byClassFirst);
    this.#resolver = new Resolver(this.kinds.values());
    for (const feature of features) for (const method of feature.methods ?? []) this.#addMethod(feature, method);
    this.known = new Set([...this.#methods.keys(), ...(this.#methods.has('GET') ? ['HEAD'] : [])]);
    this.#reports = reportsOf(features);
  }

  methods(kind: string): ReadonlyMap<string, MethodSpec> {
    let methods = this.#methodsOfKind.get(kind);
    if (methods === undefined) {
      const found = new Map<string, MethodSpec>();
      for (const [method, kinds] of this.#methods) {
        const spec = kinds.get(kind) ?? (method === 'OPTIONS' || this.kinds.get(kind)?.shape !== 'endpoint' ? kinds.get('*') : undefined);
        if (spec !== undefined) found.set(method, spec);
      }
      const get = found.get('GET');
      if (get !== undefined && !found.has('HEAD')) found.set('HEAD', get);
      this.#methodsOfKind.set(kind, methods = found);
    }
    return methods;
  }

  reports(kind: string): readonly ReportSpec<unknown>[] {
    let reports = this.#reportsOfKind.get(kind);
    if (reports === undefined) {
      reports = this.#reports.filter(({ kinds }) => kinds.includes(kind) || kinds.includes('*'));
      this.#reportsOfKind.set(kind, reports);
    }
    return reports;
  }

  hides(report: QName): boolean {
    return this.#reports.some(({ name, hidden }) => hidden === true && name.ns === report.ns && name.local === report.local);
  }

  /** What the handlers of a method want of an item, whichever kind it will turn out to be; and what access and the caller's own view need. */
  selectFor(method: string, headers: HttpExchange['request']['headers'], principal: PrincipalId | undefined): ItemSelect {
    const { fixed, byHeaders } = this.#selects.get(method === 'HEAD' && !this.#selects.has('HEAD') ? 'GET' : method) ?? NOTHING_SELECTED;
    let select = fixed;
    for (const wanted of byHeaders) select = mergeSelect(select, wanted(headers));
    return principal === undefined ? select : { ...select, personal: principal };
  }

  async locate(path: string, select: ItemSelect, identity: Identity): Promise<DavResource | undefined> {
    const resource = await this.#resolver.resolve(path, select, identity);
    // A kind that no plugin of this deployment has.
    return resource === undefined || this.kinds.has(resource.kind) ? resource : undefined;
  }

  exists({ kind, item }: DavResource): boolean {
    if (this.kinds.get(kind)?.shape === 'nothing') return false;
    return !isItemKind(kind) || item !== undefined;
  }

  isCollection({ kind }: DavResource): boolean {
    return !isItemKind(kind) && (this.kinds.get(kind)?.shape ?? 'collection') === 'collection';
  }

  plan(asking: XmlNode): PropertyPlan {
    let plan = this.#plans.get(asking);
    if (plan === undefined) this.#plans.set(asking, plan = new PropertyPlan(this.properties, asked(asking)));
    return plan;
  }

  /** An authority in a URL that names this server: the public one, or the one the request came to. */
  isOurs(authority: string, { request }: HttpExchange): boolean {
    const bare = authority.slice(authority.lastIndexOf('@') + 1).toLowerCase();
    return bare === this.deployment.publicUrl.host.toLowerCase() || bare === (request.headers.host ?? '').toLowerCase()
      || bare.replace(/:\d+$/, '') === this.deployment.publicUrl.hostname.toLowerCase();
  }

  #addMethod(feature: DavFeature, spec: MethodSpec): void {
    const name = spec.method.toUpperCase();
    let kinds = this.#methods.get(name);
    if (kinds === undefined) this.#methods.set(name, kinds = new Map());
    for (const kind of spec.kinds) {
      if (kinds.has(kind)) throw new Error(`feature ${feature.name} defines ${name} for ${kind}, which another feature does too`);
      kinds.set(kind, spec);
    }
    const { fixed, byHeaders } = this.#selects.get(name) ?? NOTHING_SELECTED;
    this.#selects.set(name, typeof spec.select === 'function' ? { fixed, byHeaders: [...byHeaders, spec.select] } : { fixed: mergeSelect(fixed, spec.select), byHeaders });
  }
}

function kindsOf(features: readonly DavFeature[]): ReadonlyMap<string, ResourceKind> {
  const kinds = new Map<string, ResourceKind>();
  for (const feature of features) {
    for (const kind of feature.resources ?? []) {
      if (kinds.has(kind.kind)) throw new Error(`feature ${feature.name} defines kind ${kind.kind}, which another feature does too`);
      kinds.set(kind.kind, kind);
    }
  }
  return kinds;
}

function reportsOf(features: readonly DavFeature[]): readonly ReportSpec<unknown>[] {
  const claims = new Set<string>();
  return features.flatMap((feature) => (feature.reports ?? []).map((report) => {
    for (const kind of report.kinds) {
      const claim = `${clark(report.name)} of ${kind}`;
      if (claims.has(claim)) throw new Error(`feature ${feature.name} defines report ${claim}, which another feature does too`);
      claims.add(claim);
    }
    return report as ReportSpec<unknown>;
  }));
}

/** `1`, `2`, `3` first (RFC 4918 §10.1), the rest in the order of the features. */
function byClassFirst(one: string, other: string): number {
  return Number(/^\d$/.test(other)) - Number(/^\d$/.test(one)) || (/^\d$/.test(one) && /^\d$/.test(other) ? one.localeCompare(other) : 0);
}
