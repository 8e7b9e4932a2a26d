/**
 * The only function in the house that answers "may they" (RFC 3744 §5.5, §6). Pure: what must be looked up is in the entries, the identity and the resource.
 */
import type { Ace, DavResource, Identity, PrincipalId, Privileges } from '@kalends/contracts';
import type { AccessEntry } from './compiled-access.ts';

/** What a part of a list says: which privileges it decides, and which of those it grants. */
export interface Decision { readonly granted: Privileges; readonly decided: Privileges }

/** The first entry that matches and names a privilege decides it; what nobody names is denied. Not yet masked by the kind. */
export function evaluate(entries: readonly AccessEntry[], identity: Identity, resource: DavResource): Privileges {
  return decide(entries, identity, resource).granted;
}

/** Of a part of a list, for whoever walks the same beginning and end around many middles. */
export function decide(entries: readonly AccessEntry[], identity: Identity, resource: DavResource): Decision {
  let granted = 0;
  let decided = 0;
  for (const entry of entries) {
    if (!matches(entry, identity, resource)) continue;
    granted |= entry.grant & ~decided;
    decided |= entry.grant | entry.deny;
  }
  return { granted, decided };
}

/** The parts of a list, one after another. */
export function inOrder(...parts: readonly Decision[]): Privileges {
  let granted = 0;
  let decided = 0;
  for (const part of parts) {
    granted |= part.granted & ~decided;
    decided |= part.decided;
  }
  return granted;
}

/** RFC 3744 §5.5.1. */
export function matches({ principal, members }: Pick<AccessEntry, 'principal' | 'members'>, identity: Identity, resource: DavResource): boolean {
  if (members !== undefined) return isAnyOf(identity, members);
  if (typeof principal !== 'string') return isOrIsIn(identity, namedBy(principal, resource));
  switch (principal) {
    case 'all': return true;
    case 'authenticated': return identity.principal !== undefined;
    case 'unauthenticated': return identity.principal === undefined;
    case 'administrators': return identity.admin;
    case 'self': return isOrIsIn(identity, resource.principal?.id);
    default: return isOrIsIn(identity, principal);
  }
}

function isOrIsIn({ principal, groups }: Identity, id: PrincipalId | undefined): boolean {
  return id !== undefined && (principal === id || groups.has(id));
}

function isAnyOf({ principal, groups }: Identity, members: ReadonlySet<PrincipalId>): boolean {
  if (members.size === 0 || principal === undefined) return false;
  if (members.has(principal)) return true;
  for (const group of groups) if (members.has(group)) return true;
  return false;
}

/** The two properties of this server whose value names one principal: DAV:owner, and DAV:principal-URL of principals. Any other matches nobody. */
function namedBy({ property }: Exclude<Ace['principal'], string>, resource: DavResource): PrincipalId | undefined {
  if (property.ns !== 'DAV:') return undefined;
  if (property.local === 'owner') return resource.owner;
  return property.local === 'principal-URL' ? resource.principal?.id : undefined;
}
