/**
 * The seam to access control: what a resource allows whom, as one integer, and per item only where items have ACLs of their own. Everything about how entries
 * are folded and kept lies behind it (`compile.ts`, `evaluate.ts`).
 */
import type { Access, Ace, DavResource, Identity, Item, PrincipalId, Privileges, PrivilegeTree } from '@kalends/contracts';
import { extensionPoint } from '@kalends/kernel';

export interface CompiledAccess extends Access {
  /**
   * Masked by the kind's `privileges`. Of an item: its own ACL (`resource.item.acl`) first, then what it inherits from its collection. Of a mapped path with
   * nothing there: what the place that would hold it allows.
   */
  judge(identity: Identity, resource: DavResource): Promise<Privileges>;
  /** For the items of `resource.collection`: asked once a listing, then called for each row. */
  items(identity: Identity, resource: DavResource): Promise<ItemAccess>;
  /** In the order of their evaluation: what DAV:acl shows. */
  entries(resource: DavResource): Promise<readonly AccessEntry[]>;
  /** The owner for whom a member of his proxy groups works here; undefined for the owner himself, and for everybody else. */
  actingFor(identity: Identity, resource: DavResource): Promise<PrincipalId | undefined>;
  /** DAV:supported-privilege-set of a kind. */
  privilegesOf(kind: string): PrivilegeTree;
  /** Those whom the word `administrators` of an entry stands for. */
  administrators(): Promise<readonly PrincipalId[]>;
}
/** `constant`: what all items allow, as none has an ACL of its own; else `of` reads `item.acl`, which must then be selected. */
export interface ItemAccess {
  readonly constant: Privileges | undefined;
  of(item: Item): Privileges;
}
/** One entry of a folded list. */
export interface AccessEntry {
  readonly principal: Ace['principal'];
  /** Of a proxy group: who is in it, groups unopened. */ readonly members?: ReadonlySet<PrincipalId>;
  readonly grant: Privileges;
  readonly deny: Privileges;
  /** Nobody changes it by ACL: it comes from the kind, or from an AccessSource. */ readonly isProtected: boolean;
  /** Inherited or granted by a source, and yet before the stored ones: no entry of the resource's own takes away what it grants. */ readonly undeniable?: true;
  /** How many levels above the resource it was given; 0: right here. */ readonly levelsUp: number;
  /** Of an AccessSource: its name. */ readonly source?: string;
}

export const compiledAccess = extensionPoint<CompiledAccess>('compiled-access');
