/**
 * The body of an ACL request (RFC 3744 §8.1) as entries to store, or the precondition of §8.1.1 that they break. Three of those are rules that this server does
 * not have, and says so in DAV:acl-restrictions: denials may stand anywhere (grant-only, deny-before-grant), and nobody must be named (missing-required-principal).
 *
 * Changes nothing; what the entries amount to is `evaluate.ts`.
 */
import { READ, READ_ACL, READ_CURRENT_USER_PRIVILEGE_SET } from '@kalends/contracts';
import type { Ace, PrincipalId, Privileges, PrivilegeTree, QName, XmlNode } from '@kalends/contracts';
import {
  allowedPrincipal, badRequest, limitedNumberOfAces, noAbstract, noAceConflict, noInheritedAceConflict, noInvert, noProtectedAceConflict, notSupportedPrivilege, recognizedPrincipal,
} from '../errors/preconditions.ts';
import { DAV, isNamed } from '../xml/names.ts';
import type { AccessEntry } from './compiled-access.ts';
import { proxyGroupOf } from './delegates.ts';
import { bitsOf } from './privilege-names.ts';

/** Entries of one list: it is part of a row that every request reads. Whoever needs more names groups. */
export const MAX_ACES = 100;

/** What may be granted to people who have not said who they are: nobody changes anything here without a name. */
const PUBLIC: Privileges = READ | READ_ACL | READ_CURRENT_USER_PRIVILEGE_SET;

/** Of the resource whose list is to be changed. */
export interface AclTarget {
  readonly tree: PrivilegeTree;
  readonly owner: PrincipalId | undefined;
  readonly isItem: boolean;
  /** Its list as it stands. */ readonly entries: readonly AccessEntry[];
  readonly administrators: readonly PrincipalId[];
  /** The principal whose DAV:principal-URL this is; undefined for any other address, and for one that the caller may not see. */
  recognize(href: string): Promise<PrincipalId | undefined>;
}

/** @throws DavError 400 for what breaks the grammar of §5.5; 403 with a precondition of §8.1.1 */
export async function readAcl(body: XmlNode | undefined, target: AclTarget): Promise<readonly Ace[]> {
  if (body === undefined || !isNamed(body.name, DAV, 'acl')) throw badRequest('The body of an ACL is a DAV:acl element.');
  const asked = named(body, 'ace').map(readAce);
  if (asked.length > MAX_ACES) throw limitedNumberOfAces(`A list may have ${MAX_ACES} entries at most: name groups.`);
  const aces: Ace[] = [];
  for (const ace of asked) {
    const read = await resolve(ace, target);
    checkProtected(read, target);
    aces.push(target.isItem ? read : { ...read, inheritable: true });
  }
  return aces;
}

/** Grammar alone. Elements that nobody knows are passed over (RFC 4918 §17). */
interface AskedAce { readonly principal: XmlNode; readonly deny: boolean; readonly privileges: readonly QName[]; readonly inverted: boolean; readonly marked: boolean }

function readAce(ace: XmlNode): AskedAce {
  const inverts = named(ace, 'invert');
  const subjects = [...named(ace, 'principal'), ...inverts.flatMap((invert) => named(invert, 'principal'))];
  const senses = [...named(ace, 'grant'), ...named(ace, 'deny')];
  if (subjects.length !== 1 || senses.length !== 1 || inverts.length > 1) throw badRequest('A DAV:ace holds one DAV:principal, and one of DAV:grant and DAV:deny.');
  const privileges = named(senses[0]!, 'privilege').flatMap(({ children }) => children.map(({ name }) => name));
  if (privileges.length === 0 || named(senses[0]!, 'privilege').some(({ children }) => children.length === 0)) throw badRequest('A DAV:grant or DAV:deny names privileges.');
  const known = subjects[0]!.children.filter(({ name }) => name.ns === DAV && KINDS.has(name.local));
  if (known.length !== 1) throw badRequest('A DAV:principal holds one of DAV:href, DAV:all, DAV:authenticated, DAV:unauthenticated, DAV:property and DAV:self.');
  return { principal: known[0]!, deny: senses[0]!.name.local === 'deny', privileges, inverted: inverts.length > 0, marked: named(ace, 'protected').length + named(ace, 'inherited').length > 0 };
}
/** RFC 3744 §5.5.1. */
const KINDS: ReadonlySet<string> = new Set(['href', 'all', 'authenticated', 'unauthenticated', 'property', 'self']);

async function resolve({ principal: asked, deny, privileges, inverted, marked }: AskedAce, target: AclTarget): Promise<Ace> {
  if (inverted) throw noInvert('Entries for everybody but somebody are not kept: deny somebody first, then grant.');
  if (marked) throw noAceConflict('What is protected or inherited is not set here.');
  let bits = 0;
  for (const name of privileges) {
    const found = bitsOf(target.tree, name);
    if (found === undefined) throw notSupportedPrivilege('This resource has no such privilege.');
    if (found.abstract) throw noAbstract('An abstract privilege stands for others: name those.');
    bits |= found.bits;
  }
  const principal = await principalOf(asked, target);
  if (!deny && (principal === 'all' || principal === 'unauthenticated') && (bits & ~PUBLIC) !== 0) throw allowedPrincipal('Whoever has not logged in may be let read, and nothing else.');
  return deny ? { principal, grant: 0, deny: bits } : { principal, grant: bits };
}

async function principalOf(asked: XmlNode, target: AclTarget): Promise<Ace['principal']> {
  const word = asked.name.local;
  if (word === 'property') return propertyOf(asked);
  if (word !== 'href') return word as 'all' | 'authenticated' | 'unauthenticated' | 'self';
  const id = await target.recognize(asked.text.trim());
  if (id === undefined) throw recognizedPrincipal('A principal is named by its principal-URL (RFC 3744 §4.2).');
  const group = proxyGroupOf(id);
  // Rows of items are judged without asking anybody, so only those delegates count that are known with the home.
  if (target.isItem && group !== undefined && group.owner !== target.owner) throw allowedPrincipal('Of delegates, an item\'s list names those of its owner alone.');
  return id;
}

/** The one property of what lies in homes whose value is a principal for good: others may change without the list, and whom they name nobody would notice. */
function propertyOf({ children }: XmlNode): Ace['principal'] {
  if (children.length !== 1) throw badRequest('A DAV:property names one property.');
  if (!isNamed(children[0]!.name, DAV, 'owner')) throw allowedPrincipal('The one property that may stand for a principal is DAV:owner.');
  return { property: { ns: DAV, local: 'owner' } };
}

/**
 * A denial that a protected or inherited entry for the same principal makes void. (What is inherited and may be denied, as the rights of delegates, is no
 * conflict: the order of evaluation decides, which §8.1.1 leaves to the server.)
 */
function checkProtected({ principal, deny = 0 }: Ace, { entries, owner, administrators }: AclTarget): void {
  if (deny === 0) return;
  const who = idOf(principal, owner);
  for (const { principal: protectedPrincipal, grant, isProtected, undeniable, levelsUp } of entries) {
    if (!isProtected || (grant & deny) === 0 || (levelsUp > 0 && undeniable === undefined)) continue;
    const isAdministrator = protectedPrincipal === 'administrators' && administrators.some((id) => id === who);
    if (!isAdministrator && idOf(protectedPrincipal, owner) !== who) continue;
    if (levelsUp === 0 || isAdministrator) throw noProtectedAceConflict('What this denies is granted to the same principal by an entry that cannot be changed.');
    throw noInheritedAceConflict('What this denies is granted to the same principal from above.');
  }
}

function idOf(principal: Ace['principal'], owner: PrincipalId | undefined): string | undefined {
  return typeof principal === 'string' ? principal : owner;
}

function named({ children }: XmlNode, local: string): readonly XmlNode[] {
  return children.filter(({ name }) => isNamed(name, DAV, local));
}
