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
import { scopeOf, scopeOfItems } from './scope.ts';
import { seesWhole } from './whole-view.ts';

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
    return evaluate(acl === undefined ? folded.entries : withOwn(folded, acl), identity, resource) & mask & ~this.#withheld(identity, resource) & scopeOf(identity, resource);
  }

  async items(identity: Identity, resource: DavResource): Promise<ItemAccess> {
    const { collection } = resource;
    // As if one stood there: what counts for the collection alone must not count for its items.
    const itemKind = collection === undefined ? undefined : itemKindOf(collection.kind);
    const item = itemKind !== undefined && this.#compiler.knows(itemKind) ? { ...resource, kind: itemKind } : resource;
    const mask = this.privilegesOf(item.kind).bits & scopeOfItems(identity, resource);
    const folded = await this.#compiler.folded(item);
    const all = evaluate(folded.entries, identity, item) & mask;
    const withholds = seesWhole(identity, item.owner) ? undefined : this.#compiler.policyOf(item.kind).withholds;
    const kept = withholds === undefined ? nothing : (row: Item) => withholds.privileges(row);
    if (collection === undefined || collection.itemsWithAcl === 0) return { constant: withholds === undefined ? all : undefined, of: (row) => all & ~kept(row) };
    const [before, after] = [decide(folded.around.before, identity, item), decide(folded.around.after, identity, item)];
    return { constant: undefined, of: (row) => (row.acl === undefined ? all : inOrder(before, decide(ownEntries(folded, row.acl), identity, item), after) & mask) & ~kept(row) };
  }

  /** What the item itself keeps from this caller. */
  #withheld(identity: Identity, { kind, owner, item }: DavResource): Privileges {
    if (item === undefined) return 0;
    const { withholds } = this.#compiler.policyOf(kind);
    return withholds === undefined || seesWhole(identity, owner) ? 0 : withholds.privileges(item);
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
    return tell({ identity, resource, entries: await this.entries(resource), tree: this.privilegesOf(resource.kind), decided: await this.judge(identity, resource), withheld: this.#withheld(identity, resource) });
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

const nothing = (): Privileges => 0;
