/**
 * The request as handlers get it: what the stages found out, and the tools to answer. Holds no rules of its own.
 */
import type { Collection, DavResource, HttpExchange, Identity, ItemSelect, Privileges, PropertyRow, XmlNode } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { BodyTooLarge, readBody } from '@kalends/http';
import { answerUnder } from './answer.ts';
import type { ItemAccess } from './access/compiled-access.ts';
import { noteRightOverAlso } from './access/rights-used.ts';
import { seesWhole } from './access/whole-view.ts';
import { missingNames } from './access/privilege-names.ts';
import type { EngineRequest, HrefGroups } from './engine.ts';
import type { EngineTables } from './engine-tables.ts';
import { DavError } from './errors/dav-error.ts';
import { badRequest, contentTooLarge, needPrivileges, unsupportedMediaType } from './errors/preconditions.ts';
import { XML_TYPE } from './errors/write-error.ts';
import type { RequestFields } from './fields.ts';
import { PropertyPlan } from './properties/plan.ts';
import type { Asked } from './properties/plan.ts';
import { groupHrefs } from './resource/href-groups.ts';
import { withSlash } from './resource/href.ts';
import { mergeSelect } from './resource/select.ts';
import { isItemKind, itemKindOf } from './resource/shape.ts';
import { pathOfHref } from './resource/url.ts';
import { NeedsIdentity } from './stages/passage.ts';
import { Multistatus } from './xml/multistatus.ts';
import type { ItemBase } from './xml/multistatus.ts';
import { MAX_ASKED_PROPERTIES, MAX_XML_OCTETS } from './xml/limits.ts';
import { isNamed } from './xml/names.ts';
import { XmlProblem } from './xml/read.ts';
import { ResponseStream } from './xml/response-stream.ts';
import type { Element } from './xml/read.ts';

/** What the stages know before the handler runs. */
export interface AuthorizedParts {
  readonly http: HttpExchange; readonly engine: EngineTables; readonly fields: RequestFields;
  readonly identity: Identity; readonly resource: DavResource; readonly selected: ItemSelect; readonly access: Privileges;
}

export class HandlerRequest implements EngineRequest {
  readonly http: HttpExchange;
  readonly engine: EngineTables;
  readonly fields: RequestFields;
  readonly identity: Identity;
  readonly resource: DavResource;
  readonly selected: ItemSelect;
  readonly access: Privileges;
  readonly href: string;
  #body: Promise<Uint8Array> | undefined;

  constructor({ http, engine, fields, identity, resource, selected, access }: AuthorizedParts) {
    this.http = http;
    this.engine = engine;
    this.fields = fields;
    this.identity = identity;
    this.resource = resource;
    this.selected = selected;
    this.access = access;
    this.href = engine.isCollection(resource) ? withSlash(resource.path) : resource.path;
  }

  row(): PropertyRow {
    return { resource: this.resource, item: this.resource.item, access: this.access, identity: this.identity };
  }

  async judge(path: string, select: ItemSelect): Promise<{ readonly resource: DavResource; readonly access: Privileges } | undefined> {
    const resource = await this.engine.locate(path, mergeSelect(select, { acl: true }), this.identity);
    if (resource === undefined) return undefined;
    const { http, engine, identity } = this;
    // From an outbox people are asked for busy times, which takes no more than being known.
    if (this.resource.kind !== 'outbox') await noteRightOverAlso({ http, directory: engine.directory, identity, resource }, () => engine.access.actingFor(identity, resource));
    return { resource, access: await engine.access.judge(identity, resource) };
  }

  async body(maxOctets: number): Promise<Uint8Array> {
    const coding = this.http.request.headers['content-encoding'];
    if (coding !== undefined && coding.toLowerCase() !== 'identity') throw unsupportedMediaType(`Bodies in the coding ${coding.slice(0, 40)} are not taken.`);
    this.#body ??= readBody(this.http, maxOctets);
    try {
      return await this.#body;
    } catch (error) {
      throw error instanceof BodyTooLarge ? contentTooLarge(`The body is larger than ${error.maxOctets} octets.`) : error;
    }
  }

  async xml(): Promise<Element | undefined> {
    const octets = await this.body(MAX_XML_OCTETS);
    if (octets.length === 0) return undefined;
    try {
      return this.engine.reader.read(octets);
    } catch (error) {
      if (!(error instanceof XmlProblem)) throw error;
      throw new DavError(error.tooLarge ? 413 : 400, { detail: sentence(error.message), cause: error });
    }
  }

  plan(asking: XmlNode): PropertyPlan {
    return this.engine.plan(asking);
  }

  multistatus(): Multistatus {
    const { minimal } = this.fields.prefer.stated;
    if (minimal && !this.http.response.hasHeader('Preference-Applied')) this.http.response.setHeader('Preference-Applied', 'return=minimal');
    return new Multistatus(this, this.stream(207, XML_TYPE), {
      minimal: this.fields.prefer.minimal,
      failed: (error) => this.engine.log.error('a row of a listing failed', { request: this.http.id, error: error instanceof Error ? error.stack : String(error) }),
    });
  }

  stream(status: number, type: string): ResponseStream {
    return new ResponseStream(this.http, status, type, this.engine.buffers);
  }

  base(collection: DavResource, href: string): ItemBase {
    if (isItemKind(collection.kind)) return { href, resource: collection };
    const kind = itemKindOf(collection.share === undefined ? collection.kind : collection.collection?.kind ?? collection.kind);
    return { href, resource: kind === undefined ? collection : { ...collection, kind } };
  }

  items(resource: DavResource): Promise<ItemAccess> {
    return this.engine.access.items(this.identity, resource);
  }

  selectOf(collection: Collection, select: ItemSelect): ItemSelect {
    const { identity, resource: { home, owner }, engine } = this;
    const { principal } = identity;
    const withAcl = collection.itemsWithAcl > 0 && select.acl !== true ? { ...select, acl: true } : select;
    const own = collection.home === home?.id;
    const kind = itemKindOf(collection.kind);
    const withholds = kind === undefined || (own && seesWhole(identity, owner)) ? undefined : engine.kinds.get(kind)?.withholds;
    const judged = withholds === undefined ? withAcl : mergeSelect(withAcl, withholds.select);
    return principal === undefined || (own && principal === owner) || judged.personal !== undefined ? judged : { ...judged, personal: principal };
  }

  group(hrefs: readonly string[], plan: PropertyPlan): Promise<HrefGroups> {
    return groupHrefs(this, hrefs, plan);
  }

  async show(path: string, status: number): Promise<boolean> {
    const { engine, http, identity, fields } = this;
    const selected = engine.selectFor('GET', {}, identity.principal);
    const resource = await engine.locate(path, selected, identity);
    if (resource === undefined || !engine.exists(resource) || engine.isCollection(resource)) return false;
    const get = engine.methods(resource.kind).get('GET');
    const access = await engine.access.judge(identity, resource);
    if (get === undefined || !mayRead(access)) return false;
    http.response.setHeader('Content-Location', resource.path);
    http.response.setHeader('Preference-Applied', 'return=representation');
    answerUnder(http.response, status);
    await get.handle(new HandlerRequest({ http, engine, fields, identity, resource, selected, access }));
    return true;
  }

  pathOf(href: string): string | undefined {
    return pathOfHref(href, this.href, (authority) => this.engine.isOurs(authority, this.http));
  }

  need(has: Privileges, privileges: Privileges, href: string): void {
    if ((privileges & ~has) === 0) return;
    if (this.identity.principal === undefined) throw new NeedsIdentity();
    const tree = this.engine.access.privilegesOf(this.resource.kind);
    throw needPrivileges(missingNames(tree, privileges, has).map((privilege) => ({ href, privilege })));
  }
}

/** @see EngineRequest.plan. @throws DavError 400 for more names than MAX_ASKED_PROPERTIES */
export function asked(asking: XmlNode): Asked {
  for (const child of asking.children) {
    if (isNamed(child.name, 'DAV:', 'prop')) return { mode: 'prop', names: fewEnough(child.children) };
    if (isNamed(child.name, 'DAV:', 'allprop')) return { mode: 'allprop', names: fewEnough(asking.children.find(({ name }) => isNamed(name, 'DAV:', 'include'))?.children ?? []) };
    if (isNamed(child.name, 'DAV:', 'propname')) return { mode: 'propname', names: [] };
  }
  return { mode: 'none', names: [] };
}

function fewEnough(names: readonly XmlNode[]): readonly XmlNode[] {
  if (names.length > MAX_ASKED_PROPERTIES) throw badRequest(`More than ${MAX_ASKED_PROPERTIES} properties are asked for.`);
  return names;
}

/** True where the caller may know that something is there. */
export function mayRead(access: Privileges): boolean {
  return (access & READ) === READ;
}

function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}

