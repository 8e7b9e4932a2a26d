/**
 * Folds everything that speaks on a resource into one list: the kind's protected entries, the stored ACL, what is inherited from each collection above, and
 * the grants of every AccessSource. Kept by revision: nothing that a PUT moves is in the key, so a list is folded once after a change of rights.
 *
 * Order (the first entry that names a privilege decides it): protected ones, the resource's own, the inherited from the nearest collection on, those of the
 * sources. One difference from the order of nearness: what a home protects for its owner and for administrators, and what a source grants to those who may
 * write the list, comes first everywhere below, so that nobody shuts out, by an entry on one calendar, the very people who could take it away again.
 */
import type { AccessSource, Ace, Collection, DavResource, Directory, PrincipalId, ResourceKind } from '@kalends/contracts';
import { WRITE_ACL } from '@kalends/contracts';
import { LRUCache } from 'lru-cache';
import { davPrivileges } from '../resource/privileges.ts';
import { ownCollection } from '../resource/shape.ts';
import type { AccessEntry } from './compiled-access.ts';
import { PROXY_MODES, proxyGroupId, proxyGroupOf } from './delegates.ts';
import type { Delegates } from './delegates.ts';

/** Lists kept; about 1 KB each. */
const KEPT = 5_000;
/** What access needs of a kind. */
export type KindPolicy = Pick<ResourceKind, 'kind' | 'privileges' | 'protectedAcl' | 'withholds'>;

export interface FoldedAcl {
  /** Of the collection, or of the resource without one; of items that have no ACL of their own too. */ readonly entries: readonly AccessEntry[];
  /** The same in two parts: between them stand an item's own entries. What it inherits from its collection counts after them (RFC 3744 §8.1: ACL changes no inherited ACE). */
  readonly around: { readonly before: readonly AccessEntry[]; readonly after: readonly AccessEntry[] };
  /** Who is in the proxy groups of the home's owner, and in any other that an entry names. */ readonly members: ReadonlyMap<string, ReadonlySet<PrincipalId>>;
}
export interface CompilerParts {
  readonly kinds: ReadonlyMap<string, KindPolicy>; readonly sources: readonly AccessSource[]; readonly directory: Directory; readonly delegates: Delegates;
}

export class AclCompiler {
  readonly #parts: CompilerParts;
  readonly #kept = new LRUCache<string, Promise<FoldedAcl>>({ max: KEPT });

  constructor(parts: CompilerParts) {
    this.#parts = parts;
  }

  /** A kind that no feature declares (its plugin is gone, its collections are not) protects nothing: what is inherited counts alone. */
  policyOf(kind: string): KindPolicy {
    return this.#parts.kinds.get(kind) ?? { kind, privileges: davPrivileges, protectedAcl: () => [] };
  }

  knows(kind: string): boolean {
    return this.#parts.kinds.has(kind);
  }

  async folded(resource: DavResource): Promise<FoldedAcl> {
    const key = keyOf(resource, await this.#parts.directory.stamp());
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const folding = this.#fold(resource);
    this.#kept.set(key, folding);
    // Neither a failure nor what depends on another owner's delegates may be kept: no part of the key would tell that it changed.
    const drop = (): void => { if (this.#kept.peek(key) === folding) this.#kept.delete(key); };
    try {
      const folded = await folding;
      if (!isKeepable(folded, resource)) drop();
      return folded;
    } catch (error) {
      drop();
      throw error;
    }
  }

  async #fold(resource: DavResource): Promise<FoldedAcl> {
    const { collection, ancestors = [], home } = resource;
    // What stands in a collection, or could, is one level below it: the collection's entries count for it as if inherited.
    const below = collection !== undefined && ownCollection(resource) === undefined ? 1 : 0;
    const ownProtected = this.#protectedOf(resource.kind, resource).map((ace) => entry(ace, { isProtected: true, levelsUp: 0 }));
    const own = (collection?.acl ?? []).map((ace) => entry(ace, { isProtected: false, levelsUp: below }));
    const inherited: AccessEntry[] = [];
    if (below > 0) inherited.push(...this.#inheritedProtected(resource, collection!, ancestors, 1));
    for (const [index, ancestor] of ancestors.toReversed().entries()) {
      inherited.push(...this.#inherited(resource, ancestor, ancestors.slice(0, ancestors.length - 1 - index), index + 1 + below));
    }
    const granted = home === undefined || collection === undefined ? [] : await this.#granted(home, collection);
    const others = [...inherited, ...granted];
    const first = others.filter((candidate) => isBeyondDenial(candidate, resource)).map((candidate): AccessEntry => ({ ...candidate, undeniable: true }));
    const rest = others.filter((candidate) => !isBeyondDenial(candidate, resource));
    const [before, after] = [[...first, ...ownProtected], [...own, ...rest]];
    const members = await this.#membersOf([...before, ...after], collection === undefined ? undefined : home?.owner);
    const around = { before: before.map((bare) => withMembers(bare, members)), after: after.map((bare) => withMembers(bare, members)) };
    return { entries: [...around.before, ...around.after], around, members };
  }

  #protectedOf(kind: string, resource: DavResource): readonly Ace[] {
    return this.policyOf(kind).protectedAcl(resource);
  }

  /** What `ancestor` hands down: inheritable entries, those that its kind protects and those stored. */
  #inherited(resource: DavResource, ancestor: Collection, above: readonly Collection[], levelsUp: number): readonly AccessEntry[] {
    const stored = ancestor.acl.filter(({ inheritable }) => inheritable === true).map((ace) => entry(ace, { isProtected: false, levelsUp }));
    return [...this.#inheritedProtected(resource, ancestor, above, levelsUp), ...stored];
  }

  #inheritedProtected(resource: DavResource, ancestor: Collection, above: readonly Collection[], levelsUp: number): readonly AccessEntry[] {
    const standing: DavResource = {
      kind: ancestor.kind, path: upwards(resource.path, levelsUp), canonical: upwards(resource.canonical, levelsUp), owner: resource.owner,
      ...(resource.home === undefined ? {} : { home: resource.home }), collection: ancestor, ancestors: above,
    };
    const inheritable = this.#protectedOf(ancestor.kind, standing).filter((ace) => ace.inheritable === true);
    return inheritable.map((ace) => entry(ace, { isProtected: true, levelsUp }));
  }

  async #granted(home: NonNullable<DavResource['home']>, collection: Collection): Promise<readonly AccessEntry[]> {
    const lists = await Promise.all(
      this.#parts.sources.map(async (source) => {
        const aces = await source.grants(home, collection);
        // A source may only grant; a denial from it would be a bug, and is not let through.
        return aces.map(({ principal, grant }) => ({ ...entry({ principal, grant }, { isProtected: true, levelsUp: 0 }), source: source.name }));
      }),
    );
    return lists.flat();
  }

  /** Of the groups that entries name, and of the owner's own, which an item's list may name. */
  async #membersOf(entries: readonly AccessEntry[], owner: PrincipalId | undefined): Promise<ReadonlyMap<string, ReadonlySet<PrincipalId>>> {
    const named = entries.flatMap(({ principal }) => (typeof principal === 'string' ? [principal as string] : []));
    const own = owner === undefined ? [] : PROXY_MODES.map((mode) => proxyGroupId({ owner, mode }) as string);
    const groups = [...new Set([...named, ...own])].flatMap((id) => { const group = proxyGroupOf(id); return group === undefined ? [] : [{ id, group }]; });
    return new Map(await Promise.all(groups.map(async ({ id, group }) => [id, await this.#parts.delegates.membersOf(group)] as const)));
  }
}

/** Of a proxy group that nobody looked up, nobody is a member. */
export function withMembers(bare: AccessEntry, members: FoldedAcl['members']): AccessEntry {
  if (typeof bare.principal !== 'string' || proxyGroupOf(bare.principal) === undefined) return bare;
  return { ...bare, members: members.get(bare.principal) ?? NOBODY };
}
const NOBODY: ReadonlySet<PrincipalId> = new Set();

/**
 * Whatever these entries depend on. `epoch`: revisions restart with it. Without a row the kind and its path stand for it; where such a kind has a home
 * (`freebusy`) the home's grants count.
 */
function keyOf({ kind, canonical, home, collection, ancestors = [] }: DavResource, directoryStamp: string): string {
  const grants = home?.grantsRevision ?? '-';
  if (collection === undefined) return `${kind} ${canonical} ${grants} ${directoryStamp}`;
  let revisions = `${collection.aclRevision}`;
  for (const ancestor of ancestors) revisions += `.${ancestor.aclRevision}`;
  return `${kind} ${collection.id} ${collection.epoch} ${revisions} ${grants} ${directoryStamp}`;
}

/** Members of a proxy group are covered by `grantsRevision` of the home of the same owner, and by nothing else. */
function isKeepable({ entries }: FoldedAcl, { home }: DavResource): boolean {
  return entries.every(({ principal, members }) => members === undefined || (home !== undefined && proxyGroupOf(principal as string)?.owner === home.owner));
}

function isBeyondDenial({ isProtected, principal, source, grant }: AccessEntry, { owner }: DavResource): boolean {
  if (source !== undefined) return (grant & WRITE_ACL) !== 0;
  return isProtected && (principal === 'administrators' || (owner !== undefined && principal === owner));
}

export function entry({ principal, grant, deny = 0 }: Ace, origin: { readonly isProtected: boolean; readonly levelsUp: number }): AccessEntry {
  return { principal, grant, deny, ...origin };
}

/** The path so many levels above; ends in a slash. */
export function upwards(path: string, levels: number): string {
  let end = path.endsWith('/') ? path.length - 1 : path.length;
  for (let level = 0; level < levels; level++) end = Math.max(path.lastIndexOf('/', end - 1), 0);
  return `${path.slice(0, end)}/`;
}
