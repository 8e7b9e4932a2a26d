/** One property of one row as a tree, for reports that look inside values: expand-property, principal-match. Listings go by `plan.ts`, which builds no tree. */
import type { DavRequest, PropertyRow, QName } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';
import { clark } from '../xml/names.ts';
import { Element, parse } from '../xml/read.ts';
import { XmlWriter } from '../xml/write.ts';
import { isStored } from './registry.ts';
import { storedProperty } from './stored.ts';

export type Value = { readonly status: 200; readonly element: Element } | { readonly status: 403 | 404 };

/** Dead properties of items are 404 unless they were selected. */
export async function valueOf(name: QName, row: PropertyRow, request: DavRequest): Promise<Value> {
  const key = clark(name);
  const property = engineOf(request).engine.properties.find(row.resource.kind, key);
  if (property?.requires !== undefined && (property.requires & ~row.access) !== 0) return { status: 403 };
  if (property === undefined || isStored(property)) {
    const stored = row.item === undefined ? storedProperty(row, key) : row.item.dead?.get(key);
    return stored === undefined ? { status: 404 } : { status: 200, element: parse(stored) };
  }
  const xml = new XmlWriter();
  xml.open(name);
  const loaded = property.load === undefined ? property.loadOnce?.(request) : await property.load([row], request);
  if (!property.write(xml, row, loaded, new Element(name))) return { status: 404 };
  xml.close();
  return { status: 200, element: parse(xml.take()) };
}

/** The text of each DAV:href directly inside a value. */
export function hrefsIn(element: Element): readonly string[] {
  return element.children.filter(({ name }) => name.ns === 'DAV:' && name.local === 'href').map(({ text }) => text.trim());
}

/** The path of an href in a stored or computed value: of another server, or no HTTP address at all, undefined. */
export function pathIn(href: string, request: DavRequest): string | undefined {
  try {
    return engineOf(request).pathOf(href);
  } catch (error) {
    if (error instanceof DavError) return undefined;
    throw error;
  }
}
