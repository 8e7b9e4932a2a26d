/**
 * The properties of a calendar that is being made (RFC 4791 §5.3.1.2): each is planned as PROPPATCH would, and as none may fail alone, what failed is told
 * together with the innocent (424).
 */
import type { CollectionPatch, DavRequest, PropertyRow, XmlNode } from '@kalends/contracts';
import { DavError, cannotModifyProtectedProperty, clark, engineOf, xmlOf } from '@kalends/webdav';
import type { Element } from '@kalends/webdav';

export interface InitialProperties {
  readonly properties: ReadonlyMap<string, string>;
  /** By the element of the request; empty: all is well. */ readonly failed: ReadonlyMap<XmlNode, DavError>;
}

/** `nodes`: the elements inside `DAV:prop`. */
export async function planInitial(dav: DavRequest, kind: string, nodes: readonly XmlNode[]): Promise<InitialProperties> {
  const request = engineOf(dav);
  const row: PropertyRow = { resource: { ...request.resource, kind }, item: undefined, access: request.access, identity: request.identity };
  const properties = new Map<string, string>();
  const failed = new Map<XmlNode, DavError>();
  for (const node of nodes) {
    const property = request.engine.properties.find(kind, clark(node.name));
    try {
      if (property === undefined) properties.set(clark(node.name), xmlOf(node as Element));
      else if (property.change === undefined) throw cannotModifyProtectedProperty();
      else {
        const change = await property.change.plan(node, row, request);
        if (change.in === 'collection') apply(properties, change.patch);
      }
    } catch (error) {
      if (!(error instanceof DavError)) throw error;
      failed.set(node, error);
    }
  }
  return { properties, failed };
}

/** Nobody has values yet that those of the maker could lie over: his are everybody's. */
function apply(properties: Map<string, string>, { set, personal }: CollectionPatch): void {
  for (const values of [set, personal?.set]) {
    for (const [key, xml] of values ?? []) properties.set(key, xml);
  }
}
