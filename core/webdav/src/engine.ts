/**
 * How a handler or report, in whatever package, reaches the engine: `engineOf(request)` is the request it was given, seen whole. Handlers that need no more than
 * `DavRequest` need not know this file.
 */
import type {
  CalendarStore, Clock, Collection, DavRequest, DavResource, Deployment, Directory, Identity, ItemName, ItemSelect, MethodSpec, Privileges, PropertyRow, QName, RecordStore,
  ReportSpec, ResourceKind, XmlNode,
} from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import type { CompiledAccess, ItemAccess } from './access/compiled-access.ts';
import type { RequestFields } from './fields.ts';
import type { PropertyPlan } from './properties/plan.ts';
import type { PropertyRegistry } from './properties/registry.ts';
import type { ItemBase, Multistatus } from './xml/multistatus.ts';
import type { Element } from './xml/read.ts';
import type { ResponseStream } from './xml/response-stream.ts';

/** What is the same for all requests: the tables of all features, and the services they work on. */
export interface Engine {
  readonly store: CalendarStore; readonly records: RecordStore; readonly directory: Directory; readonly access: CompiledAccess;
  readonly deployment: Deployment; readonly clock: Clock; readonly log: Logger;
  readonly kinds: ReadonlyMap<string, ResourceKind>;
  readonly properties: PropertyRegistry;
  /** By kind, `*` included: the methods that may be asked of it. */ methods(kind: string): ReadonlyMap<string, MethodSpec>;
  reports(kind: string): readonly ReportSpec<unknown>[];
  /** Is this a report that is `hidden` from strangers? */ hides(report: QName): boolean;
  /** All methods that some kind has. */ readonly known: ReadonlySet<string>;
  /** Tokens of the DAV header (RFC 4918 §10.1), in order. */ readonly compliance: readonly string[];
  /** What stands at a path of this server; undefined where no kind knows it. `path`: percent-encoded, no query. @throws DavError 400 for a path that is none */
  locate(path: string, select: ItemSelect, identity: Identity): Promise<DavResource | undefined>;
  /** Whether a resource is there, and whether its path ends in a slash. */ exists(resource: DavResource): boolean;
  isCollection(resource: DavResource): boolean;
}

export interface EngineRequest extends DavRequest {
  readonly engine: Engine;
  readonly fields: RequestFields;
  /** Percent-encoded; of a collection with its final slash, though the client left it out: the beginning of the hrefs of all that lies at or below. */
  readonly href: string;
  /** What was loaded of `resource.item`. */ readonly selected: ItemSelect;
  /** The row of the resource itself. */ row(): PropertyRow;

  /** @throws DavError 413, 415 */
  body(maxOctets: number): Promise<Uint8Array>;
  /** The body's root; undefined for an empty one. Identical bodies give the same object. @throws DavError 400, 413, 415 */
  xml(): Promise<Element | undefined>;

  /** The plan for the `DAV:prop`, `DAV:allprop` (with `DAV:include`) or `DAV:propname` among the children of `asking`; without any, `none`. */
  plan(asking: XmlNode): PropertyPlan;
  /** A 207; call it when nothing can be refused any more. */
  multistatus(): Multistatus;
  /** Text of unknown length, of any type, through the same buffers. */ stream(status: number, type: string): ResponseStream;
  /** For the items of a collection resource, or those beside an item: hrefs begin with `href`. */
  base(collection: DavResource, href: string): ItemBase;
  items(resource: DavResource): Promise<ItemAccess>;
  /** `select`, with `acl` where the items of the collection have some. */
  selectOf(collection: Collection, select: ItemSelect): ItemSelect;
  /** The hrefs of a body, each judged, by the collection they lie in. */
  group(hrefs: readonly string[], plan: PropertyPlan): Promise<HrefGroups>;
  /**
   * RFC 8144 §3: as the whole answer, under `status`, what GET of a path of this server gives the caller.
   * @returns false where there is nothing to show, or nothing that the caller may read; then nothing is answered yet
   */
  show(path: string, status: number): Promise<boolean>;
  /** An absolute path, a URL of this server (Destination, RFC 4918 §10.3), or a path relative to the request's; undefined for another server's. @throws DavError 400 */
  pathOf(href: string): string | undefined;
  /** @throws DavError 403 `need-privileges` naming `href` when `has` lacks any of `privileges`; to nobody, that somebody must log in */
  need(has: Privileges, privileges: Privileges, href: string): void;
}

/** Named items of one collection that the caller may look into. */
export interface HrefGroup {
  readonly base: ItemBase; readonly collection: Collection; readonly names: readonly ItemName[];
  readonly select: ItemSelect; readonly access: ItemAccess;
  /** What to say of names that are not there: 403 to whoever may not read the collection itself. */ readonly absent: 403 | 404;
}
export interface HrefGroups {
  readonly groups: readonly HrefGroup[];
  /** What is no item of this server (404), what is no path at all (400), and where the caller may not look (403). */
  readonly rest: readonly { readonly href: string; readonly status: 400 | 403 | 404 }[];
}

/** @throws Error for a request that this engine did not make */
export function engineOf(request: DavRequest): EngineRequest {
  if ('engine' in request) return request as EngineRequest;
  throw new Error('the request was not made by this engine');
}
