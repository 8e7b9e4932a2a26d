/**
 * CompiledAccess over the compiler and the evaluator: for requests, listings, and whoever holds an Identity outside a request. Decides nothing itself.
 */
import type { Ace, DavResource, Identity, Item, PrincipalId, Privileges, PrivilegeTree } from '@kalends/contracts';
import type { Administrators } from '@kalends/http';
import { itemKindOf } from '../resource/shape.ts';
import { entry, withMembers } from './compile.ts';
import type { AclCompiler, FoldedAcl } from './compile.ts';
import type { AccessEntry, CompiledAccess, ItemAccess } from './compiled-access.ts';
import { proxyGroupOf } from './delegates.ts';
import { decide, evaluate, inOrder, matches } from './evaluate.ts';
import { tell } from './explain.ts';

export interface AccessControlParts { readonly compiler: AclCompiler; readonly admins: Pick<Administrators, 'ids'> }

export class AccessControl implements CompiledAccess {
  readonly #compiler: AclCompiler;
  readonly #admins: Pick<Administrators, 'ids'>;

  constructor({ compiler, admins }: AccessControlParts) {
    this.#compiler = compiler;
    this.#admins = admins;
  }

  async judge(identity: Identity, resource: DavResource): Promise<Privileges> {
    const mask = this.privilegesOf(resource.kind).bits;
    const acl = resource.item?.acl;
    const folded = await this.#compiler.folded(resource);
    return evaluate(acl === undefined ? folded.entries : withOwn(folded, acl), identity, resource) & mask;
  }

  async items(identity: Identity, resource: DavResource): Promise<ItemAccess> {
    const { collection } = resource;
    // As if one stood there: what counts for the collection alone must not count for its items.
    const itemKind = collection === undefined ? undefined : itemKindOf(collection.kind);
    const item = itemKind !== undefined && this.#compiler.knows(itemKind) ? { ...resource, kind: itemKind } : resource;
    const mask = this.privilegesOf(item.kind).bits;
    const folded = await this.#compiler.folded(item);
    const all = evaluate(folded.entries, identity, item) & mask;
    if (collection === undefined || collection.itemsWithAcl === 0) return { constant: all, of: () => all };
    const [before, after] = [decide(folded.around.before, identity, item), decide(folded.around.after, identity, item)];
    return { constant: undefined, of: ({ acl }: Item) => (acl === undefined ? all : inOrder(before, decide(ownEntries(folded, acl), identity, item), after) & mask) };
  }

  async entries(resource: DavResource): Promise<readonly AccessEntry[]> {
    const folded = await this.#compiler.folded(resource);
    const acl = resource.item?.acl;
    return acl === undefined ? folded.entries : withOwn(folded, acl);
  }

  async actingFor(identity: Identity, resource: DavResource): Promise<PrincipalId | undefined> {
    const { owner } = resource;
    if (owner === undefined || identity.principal === undefined || identity.principal === owner) return undefined;
    const { entries } = await this.#compiler.folded(resource);
    const isDelegate = entries.some((candidate) => candidate.members !== undefined && proxyGroupOf(candidate.principal as string)?.owner === owner && matches(candidate, identity, resource));
    return isDelegate ? owner : undefined;
  }

  async explain(identity: Identity, resource: DavResource): Promise<readonly string[]> {
    return tell({ identity, resource, entries: await this.entries(resource), tree: this.privilegesOf(resource.kind), decided: await this.judge(identity, resource) });
  }

  privilegesOf(kind: string): PrivilegeTree {
    return this.#compiler.policyOf(kind).privileges;
  }

  async administrators(): Promise<readonly PrincipalId[]> {
    return [...(await this.#admins.ids())];
  }
}

function withOwn(folded: FoldedAcl, acl: readonly Ace[]): readonly AccessEntry[] {
  return [...folded.around.before, ...ownEntries(folded, acl), ...folded.around.after];
}

/** Nothing is looked up: rows are judged without waiting, and of proxy groups an item's list names those of the home's owner alone. */
function ownEntries({ members }: FoldedAcl, acl: readonly Ace[]): readonly AccessEntry[] {
  return acl.map((ace) => withMembers(entry(ace, { isProtected: false, levelsUp: 0 }), members));
}
