/** How much a query may ask: each part of a filter, and each name of a selection, costs work for every object looked at. */
import type { XmlNode } from '@kalends/contracts';
import { validFilter } from '../preconditions.ts';

/** Clients send some dozens. */
const MOST_PARTS = 1000;

/** @throws DavError CALDAV:valid-filter when more elements than that are below `node` */
export function checkParts(node: XmlNode): void {
  const waiting: XmlNode[] = [node];
  let parts = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    parts += next.children.length;
    if (parts > MOST_PARTS) throw validFilter(`${node.name.local} has more than ${MOST_PARTS} parts`);
    for (const child of next.children) waiting.push(child);
  }
}
