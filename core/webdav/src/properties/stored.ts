/**
 * Properties as collections and items keep them: `{ns}local` → the element, whole, with its own namespaces and attributes. Keys that do not begin with `{` are
 * the house's own notes and never seen by a client.
 */
import type { Collection, PrincipalId, PropertyRow, QName } from '@kalends/contracts';
import { ownCollection } from '../resource/shape.ts';
import { parse } from '../xml/read.ts';

/** Kinds whose resources take no dead properties: their content is made by the server, or is a calendar object, whose properties lie inside it. */
const WITHOUT_DEAD: ReadonlySet<string> = new Set(['calendar-item', 'inbox-item', 'notification', 'outbox']);

export function takesDead(kind: string): boolean {
  return !WITHOUT_DEAD.has(kind);
}

/** The collection whose properties a row shows: the share's own where it was reached through one. */
export function propertySource({ resource }: PropertyRow): Collection | undefined {
  const own = ownCollection(resource);
  return own === undefined ? undefined : resource.share ?? own;
}

/** The element of a property of a collection row, as this caller sees it: personal values lie over those for all. */
export function storedProperty(row: PropertyRow, key: string): string | undefined {
  const source = propertySource(row);
  return source === undefined ? undefined : collectionProperty(source, key, row.identity.principal);
}

export function collectionProperty(collection: Collection, key: string, principal?: PrincipalId): string | undefined {
  if (principal !== undefined && collection.personal.size > 0) {
    const personal = collection.personal.get(principal)?.get(key);
    if (personal !== undefined) return personal;
  }
  return collection.properties.get(key);
}

/** The text inside a stored element. */
export function textOf(xml: string): string {
  const plain = PLAIN.exec(xml);
  return plain === null ? parse(xml).text : plain[1]!;
}

/** Of a stored element without markup or entities inside; saves the parser's work for what are nearly all. */
const PLAIN = /^<[^<>]*[^<>/]>([^<>&]*)<\/[^<>]+>$/;

/** The text of a property of a collection, for whoever is not a row: names, colours, zones. */
export function propertyText(collection: Collection, name: QName, principal?: PrincipalId): string | undefined {
  const xml = collectionProperty(collection, `{${name.ns}}${name.local}`, principal);
  return xml === undefined ? undefined : textOf(xml);
}
