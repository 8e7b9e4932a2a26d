/**
 * CompiledAccess over the compiler and the evaluator: for requests, listings, and whoever holds an Identity outside a request. Decides nothing itself.
 */
import type { Ace, DavResource, Identity, Item, PrincipalId, Privileges, PrivilegeTree } from '@kalends/contracts';
import type { Administrators } from '@kalends/http';
import { itemKindOf } from '../resource/shape.ts';
import { entry } from './compile.ts';
import type { AclCompiler, FoldedAcl } from './compile.ts';
import type { AccessEntry, CompiledAccess, ItemAccess } from './compiled-access.ts';
import { proxyGroupId, proxyGroupOf } from './delegates.ts';
import type { Delegates } from './delegates.ts';
import { evaluate, matches } from './evaluate.ts';
import { tell } from './explain.ts';

export interface AccessControlParts { readonly compiler: AclCompiler; readonly delegates: Delegates; readonly admins: Pick<Administrators, 'ids'> }

export class AccessControl implements CompiledAccess {
  readonly #compiler: AclCompiler;
  readonly #delegates: Delegates;
  readonly #admins: Pick<Administrators, 'ids'>;

  constructor({ compiler, delegates, admins }: AccessControlParts) {
    this.#compiler = compiler;
    this.#delegates = delegates;
    this.#admins = admins;
  }

  async judge(identity: Identity, resource: DavResource): Promise<Privileges> {
    const mask = this.privilegesOf(resource.kind).bits;
    const acl = resource.item?.acl;
    const folded = await this.#compiler.folded(resource);
    if (acl === undefined) return evaluate(folded.entries, identity, resource) & mask;
    const known = acl.some(namesProxies) ? await this.#withProxyGroups(identity) : identity;
    return evaluate(inPlace(folded, acl), known, resource) & mask;
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
    const known = await this.#withProxyGroups(identity);
    return { constant: undefined, of: ({ acl }: Item) => (acl === undefined ? all : evaluate(inPlace(folded, acl), known, item) & mask) };
  }

  async entries(resource: DavResource): Promise<readonly AccessEntry[]> {
    const folded = await this.#compiler.folded(resource);
    const acl = resource.item?.acl;
    return acl === undefined ? folded.entries : inPlace(folded, acl);
  }

  async actingFor(identity: Identity, resource: DavResource): Promise<PrincipalId | undefined> {
    const { owner } = resource;
    if (owner === undefined || identity.principal === undefined || identity.principal === owner) return undefined;
    const { entries } = await this.#compiler.folded(resource);
    const isDelegate = entries.some((candidate) => candidate.members !== undefined && proxyGroupOf(candidate.principal as string)?.owner === owner && matches(candidate, identity, resource));
    return isDelegate ? owner : undefined;
  }

  async explain(identity: Identity, resource: DavResource): Promise<readonly string[]> {
    const known = await this.#withProxyGroups(identity);
    return tell({ identity: known, resource, entries: await this.entries(resource), tree: this.privilegesOf(resource.kind), decided: await this.judge(identity, resource) });
  }

  privilegesOf(kind: string): PrivilegeTree {
    return this.#compiler.policyOf(kind).privileges;
  }

  async administrators(): Promise<readonly PrincipalId[]> {
    return [...(await this.#admins.ids())];
  }

  /** Only where an item's ACL may name proxy groups: rows are judged without waiting, so who is in them must be known before. */
  async #withProxyGroups(identity: Identity): Promise<Identity> {
    if (identity.principal === undefined) return identity;
    const groups = await this.#delegates.groupsWith(identity.principal);
    return groups.length === 0 ? identity : { ...identity, groups: new Set([...identity.groups, ...groups.map(proxyGroupId)]) };
  }
}

/** An item's own entries stand where those of its collection stood. */
function inPlace({ around }: FoldedAcl, acl: readonly Ace[]): readonly AccessEntry[] {
  return [...around.before, ...acl.map((ace) => entry(ace, { isProtected: false, levelsUp: 0 })), ...around.after];
}

function namesProxies({ principal }: Ace): boolean {
  return typeof principal === 'string' && proxyGroupOf(principal) !== undefined;
}
