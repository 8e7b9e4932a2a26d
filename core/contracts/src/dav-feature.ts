import { extensionPoint } from '@kalends/kernel/extension-point';
import type { IncomingMessage } from 'node:http';
import type { Identity } from './access.ts';
import type { Ace, Collection, CollectionPatch, Home, Item, ItemSelect } from './calendar-store.ts';
import type { Principal } from './directory-source.ts';
import type { HttpExchange } from './http-feature.ts';
import type { Batches, CollectionId, PrincipalId, Privileges, QName } from './ids.ts';
import type { RecordOperation } from './record-store.ts';
import type { XmlNode, XmlSink } from './xml.ts';

/**
 * A piece of WebDAV: resource kinds, methods, reports, live properties. Data, read once at boot and compiled into lookup tables; two features that claim the
 * same (method, kind) or property are a boot problem, not a race.
 */
export interface DavFeature {
  readonly name: string;
  /**
   * Tokens for the DAV: header (RFC 4918 §10.1): one list of all features, on OPTIONS of every DAV resource, principals and `/` included (RFC 4791 §5.1), and
   * in no other answer.
   */
  readonly compliance?: readonly string[];
  readonly resources?: readonly ResourceKind[]; readonly methods?: readonly MethodSpec[]; readonly reports?: readonly ReportSpec<any>[];
  readonly properties?: readonly LiveProperty<any>[];
}
export const davFeature = extensionPoint<DavFeature, 'many'>('dav-feature', 'many');
export interface ResourceKind {
  readonly kind: string;
  /** First the canonical template, then aliases: `/calendars/__uids__/{id}/{path*}`, `/calendars/{type}/{name}/{path*}`. */
  readonly paths: readonly string[];
  /** DAV:supported-privilege-set; what is not in it is masked from every answer. Inbox adds schedule-deliver, outbox schedule-send, both the old `schedule`. */
  readonly privileges: PrivilegeTree;
  /**
   * Protected entries, in order; all there is where no collection is stored (`/`, listings, principals, proxy principals, `freebusy`). Listed in DAV:acl; those
   * that are inheritable count below too.
   */
  readonly protectedAcl: (resource: DavResource) => readonly Ace[];
  /**
   * Of items: what one keeps from everybody but its owner and administrators, whatever the lists grant (private events). Read from the columns that `select`
   * names; a listing then asks for them, where somebody else reads.
   */
  readonly withholds?: { readonly select: ItemSelect; privileges(item: Item): Privileges };
  /**
   * What stands at a path of `paths`, whose kind may be another (kinds that are reached so have no `paths`). `identity`: a home is made by
   * the first request that comes with a proven one (R13); nothing else may depend on who asks.
   */
  resolve(match: PathMatch, select: ItemSelect, identity: Identity): Promise<DavResource | undefined>;
  /**
   * What stands there. `collection` (default): has members, its path ends in a slash. `leaf`: an item, or what has no members. `nothing`: a path with nothing at
   * it where something could be made, or not even that. `endpoint`: takes OPTIONS, and those methods alone that name its kind; methods of all kinds (`*`) are not its.
   */
  readonly shape?: 'collection' | 'leaf' | 'nothing' | 'endpoint';
  /**
   * The members a listing shows, other than the items of `resource.collection`. Absent: the collections the store lists below it, and none where no row stands.
   * Paths begin with `resource.path`. What the caller may not read is left out by whoever lists.
   */
  readonly members?: (resource: DavResource, request: DavRequest) => Batches<DavResource>;
}
/** RFC 3744 §5.3. `bits`: what has to be held for the name to stand. Whoever is granted an aggregate is granted all below it, which may be more than that. */
export interface PrivilegeTree {
  readonly name: QName; readonly bits: Privileges; readonly description: string; readonly abstract?: boolean; readonly children?: readonly PrivilegeTree[];
}
export interface PathMatch {
  readonly template: string;
  /** The path as the client wrote it: hrefs of what lies at or below it begin with it. */ readonly path: string;
  /** Decoded segments; one for `{x}`, any number for `{x*}`. */ readonly values: ReadonlyMap<string, readonly string[]>;
}
export interface DavResource {
  readonly kind: string;
  /** As asked for. */ readonly path: string;
  /** What properties that name a resource spell (`principal-URL`, `owner`). */ readonly canonical: string;
  readonly owner: PrincipalId | undefined;
  /** Of principal resources. */ readonly principal?: Principal;
  readonly home?: Home;
  /** The collection itself, or the one that holds the item. */ readonly collection?: Collection;
  /** From the home's root down to the parent of `collection`. */ readonly ancestors?: readonly Collection[];
  /** The sharee's collection through which this was reached: properties come from it, items from `collection`. */ readonly share?: Collection;
  /** Absent on a mapped path with nothing there (PUT creates). */ readonly item?: Item;
  /** It is another server's, and has nothing else of a resource; every method is answered by a redirect. `url` undefined: nobody can tell which server's. */
  readonly elsewhere?: { readonly url: string | undefined };
}
export interface MethodSpec {
  readonly method: string; readonly kinds: readonly string[];
  /** What the resolver loads, so that one request is one store read. A function may look at conditional headers. */
  readonly select?: ItemSelect | ((headers: IncomingMessage['headers']) => ItemSelect);
  /** Checked by the pipeline before `handle` runs. */ readonly requires: (resource: DavResource) => readonly Need[];
  handle(request: DavRequest): Promise<void>;
  /**
   * Of GET: the representation that the header fields choose, where it is not the stored one (`json`): part of its entity tag (RFC 9110 §8.8.3.3). `vary`: the
   * fields that choose.
   */
  readonly variant?: (headers: IncomingMessage['headers']) => string | undefined; readonly vary?: string;
  /** `handle` does nothing but refuse, so conditions of the request are not looked at (RFC 9110 §13.2.1). */ readonly refuses?: true;
}
export interface Need { readonly on: 'self' | 'parent'; readonly privileges: Privileges }
export interface ReportSpec<Q> {
  readonly name: QName; /** `'*'`: every kind; an empty answer where there is nothing to report on. */ readonly kinds: readonly string[]; readonly requires: Privileges;
  /** Whoever lacks `requires` is told that nothing is there (RFC 4791 §7.10), and not what is missing. */ readonly hidden?: boolean;
  /** Pure. Throws DavError for a body that breaks the grammar. */
  read(body: XmlNode): Q;
  run(request: DavRequest, query: Q): Promise<void>;
}
export interface LiveProperty<L = unknown> {
  readonly name: QName; readonly kinds: readonly string[];
  /** Extra columns this property needs; the plan unions them. */ readonly select?: ItemSelect;
  /** RFC 4918 §14.2: costly properties stay out of allprop. */ readonly inAllprop?: boolean;
  readonly requires?: Privileges;
  /** Once per batch of rows, never per row: what `write` needs from directory, records or store. */
  readonly load?: (rows: readonly PropertyRow[], request: DavRequest) => Promise<L>;
  /** In place of `load`, for what a header field of the request says about all rows alike: at once, and no row is kept for it. */
  readonly loadOnce?: (request: DavRequest) => L;
  /**
   * Writes the value, synchronously, from what is loaded. False: not defined here (404). `asked`: the element of the request (calendar-data, calendar-timezone:
   * `content-type`), constant over the rows; for allprop an empty one of that name.
   */
  write(xml: XmlSink, row: PropertyRow, loaded: L, asked: XmlNode): boolean;
  /** Attributes of the value's own element, the same for all rows: what `asked` chose, where that is not the default. */
  attributes?(asked: XmlNode): Readonly<Record<string, string>>;
  /**
   * Absent: protected (403 DAV:cannot-modify-protected-property). `plan` checks and returns; PROPPATCH commits all returned changes together or none. `value`
   * is undefined for remove.
   */
  readonly change?: {
    readonly requires: Privileges;
    /** Only in MKCALENDAR and extended MKCOL (RFC 4791 §5.2.3); PROPPATCH finds it protected. */ readonly atCreationOnly?: boolean;
    plan(value: XmlNode | undefined, row: PropertyRow, request: DavRequest): Promise<PropertyChange>;
  };
}
export type PropertyChange =
  /** `of` absent: the row's. Always of the row's home. */
  | { readonly in: 'collection'; readonly of?: CollectionId; readonly patch: CollectionPatch }
  | { readonly in: 'item'; readonly set: ReadonlyMap<string, string>; readonly remove: readonly string[] }
  | { readonly in: 'records'; readonly operations: readonly RecordOperation[] };
export interface PropertyRow { readonly resource: DavResource; readonly item: Item | undefined; readonly access: Privileges; readonly identity: Identity }
export interface DavRequest {
  readonly http: HttpExchange; readonly identity: Identity; readonly resource: DavResource;
  /** Already enforced; for current-user-privilege-set and for views. */ readonly access: Privileges;
  /** Any other path of this server (Destination, hrefs in a body): the resource and what the caller may do there. */
  judge(path: string, select: ItemSelect): Promise<{ readonly resource: DavResource; readonly access: Privileges } | undefined>;
}
