/** DAV:lockdiscovery and DAV:supportedlock (RFC 4918 §15.8, §15.10). Homes without locks are asked nothing. */
import type { DavRequest, DavResource, HomeId, LiveProperty, Lock, PropertyRow, XmlSink } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import { collectionSegments, segmentsOf } from '../resource/family.ts';
import { dav } from '../xml/names.ts';
import { hrefOfLock } from './href.ts';
import { covers } from './scope.ts';
import type { Segments } from './scope.ts';

/** Homes and what belongs to them stay open: a client that dies with a lock there would keep its owner from all his calendars. */
export const LOCKABLE_KINDS: readonly string[] = ['calendar', 'calendar-item', 'files', 'file'];
const LOCKABLE: ReadonlySet<string> = new Set(LOCKABLE_KINDS);

/** Milliseconds since 1970, when the locks were read, and the locks by home. */
interface Seen { readonly now: number; readonly locks: ReadonlyMap<HomeId, readonly Lock[]> }

export const lockdiscovery: LiveProperty<Seen> = {
  name: dav('lockdiscovery'), kinds: ['*'], inAllprop: true, load: read,
  write(xml, row, { now, locks }) {
    const { resource } = row;
    const held = LOCKABLE.has(resource.kind) && resource.collection !== undefined ? locks.get(resource.collection.home) : undefined;
    if (held !== undefined) {
      const { path, below } = pathsOf(row);
      writeLocks(xml, resource, held.filter((lock) => covers(lock, path)), { path, below, now, isCollection: resource.kind === resource.collection!.kind });
    }
    return true;
  },
};

export const supportedlock: LiveProperty = {
  name: dav('supportedlock'), kinds: ['*'], inAllprop: true,
  write(xml, { resource: { kind } }) {
    if (LOCKABLE.has(kind)) xml.fragment(ENTRIES);
    return true;
  },
};
const entry = (scope: string): string => `<lockentry xmlns='DAV:'><lockscope><${scope}/></lockscope><locktype><write/></locktype></lockentry>`;
const ENTRIES = entry('exclusive') + entry('shared');

export interface Discovered {
  /** Of the resource, below its home. */ readonly path: Segments;
  /** That part of `resource.path` which lies below the home. */ readonly below: Segments;
  /** Milliseconds. */ readonly now: number;
  readonly isCollection: boolean;
}

/** One DAV:activelock each (§14.1). */
export function writeLocks(xml: XmlSink, resource: DavResource, locks: readonly Lock[], { path, below, now, isCollection }: Discovered): void {
  for (const lock of locks) {
    xml.open(dav('activelock'));
    nested(xml, 'locktype', 'write');
    nested(xml, 'lockscope', lock.scope);
    leaf(xml, 'depth', String(lock.depth));
    if (lock.ownerXml !== '') xml.fragment(lock.ownerXml);
    leaf(xml, 'timeout', `Second-${Math.max(0, lock.expires - Math.floor(now / 1000))}`);
    href(xml, 'locktoken', lock.token);
    href(xml, 'lockroot', hrefOfLock(resource, lock, below, isCollection && lock.path.length === path.length));
    xml.close();
  }
}

async function read(rows: readonly PropertyRow[], request: DavRequest): Promise<Seen> {
  const { engine } = engineOf(request);
  const homes = new Set<HomeId>();
  for (const { resource: { kind, home, collection } } of rows) {
    if (!LOCKABLE.has(kind) || collection === undefined) continue;
    // Of a share the owner's home counts, and how many it has is not known here.
    if (collection.home !== home?.id || home.locks > 0) homes.add(collection.home);
  }
  const found = await Promise.all([...homes].map(async (home) => [home, await engine.store.locks(home)] as const));
  return { now: engine.clock.now(), locks: new Map(found) };
}

/** Rows of a listing have the path of their collection, an item's own row its own. */
function pathsOf({ resource, item }: PropertyRow): { readonly path: Segments; readonly below: Segments } {
  if (item === undefined || resource.item !== undefined) {
    const path = segmentsOf(resource);
    return { path, below: path };
  }
  const below = collectionSegments(resource);
  return { path: [...below, item.name], below };
}

function nested(xml: XmlSink, outer: string, inner: string): void {
  xml.open(dav(outer));
  xml.open(dav(inner));
  xml.close();
  xml.close();
}

function leaf(xml: XmlSink, local: string, text: string): void {
  xml.open(dav(local));
  xml.text(text);
  xml.close();
}

function href(xml: XmlSink, local: string, of: string): void {
  xml.open(dav(local));
  xml.href(of);
  xml.close();
}
