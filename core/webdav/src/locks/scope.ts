/**
 * Which resources a lock holds (RFC 4918 §6, §7), as questions about paths: segments below the home, as `Lock.path` spells them. A lock stands on a URL, so what
 * comes to lie in its scope is locked and what leaves it is not, with no row of anybody's changed. Pure.
 */
import type { Lock } from '@kalends/contracts';

export type Segments = readonly string[];

/** What a request is about to do to a home. */
export interface Touched {
  /** Written to as it stands: content, properties, access (§7). */ readonly written?: readonly Segments[];
  /** Collections that get or lose a member (§7.4). */ readonly rebound?: readonly Segments[];
  /** Gone or replaced with all below it (§9.6.1): locks below count as well. */ readonly removed?: readonly Segments[];
}

/** True for the root itself. */
export function isWithin(path: Segments, root: Segments): boolean {
  return path.length >= root.length && root.every((segment, at) => path[at] === segment);
}

export function isSame(one: Segments, other: Segments): boolean {
  return one.length === other.length && isWithin(one, other);
}

export function covers({ path: root, depth }: Lock, path: Segments): boolean {
  return depth === 'infinity' ? isWithin(path, root) : isSame(path, root);
}

export function parentPath(path: Segments): Segments {
  return path.slice(0, -1);
}

/** An item is made where nothing was, or written to. */
export function touchedByPut(path: Segments, exists: boolean): Touched {
  return exists ? { written: [path] } : { rebound: [parentPath(path)] };
}

export function touchedByRemoval(path: Segments): Touched {
  return { removed: [path], rebound: [parentPath(path)] };
}

/**
 * The locks in the way, in groups: of each one must be held by whoever asks. Locks that hold one resource together are shared (§6.2), and any of them is enough.
 */
export function locksInTheWay(locks: readonly Lock[], { written = [], rebound = [], removed = [] }: Touched): readonly (readonly Lock[])[] {
  const groups = [...written, ...rebound, ...removed].map((path) => locks.filter((lock) => covers(lock, path)));
  for (const path of removed) {
    const below = Map.groupBy(locks.filter((lock) => lock.path.length > path.length && isWithin(lock.path, path)), (lock) => lock.path.join('/'));
    groups.push(...below.values());
  }
  return groups.filter((group) => group.length > 0);
}

/** Locks that a new one of this scope and depth could not stand beside (§6.2): those that hold its root, and those below it. */
export function conflicts(locks: readonly Lock[], { path, depth, scope }: Pick<Lock, 'path' | 'depth' | 'scope'>): { readonly above: readonly Lock[]; readonly below: readonly Lock[] } {
  const rivals = locks.filter((lock) => scope === 'exclusive' || lock.scope === 'exclusive');
  const above = rivals.filter((lock) => covers(lock, path));
  return { above, below: depth === 0 ? [] : rivals.filter((lock) => !above.includes(lock) && isWithin(lock.path, path)) };
}
