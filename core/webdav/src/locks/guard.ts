/**
 * Locks in the way of a write, asked inside its change, where nothing can move any more (RFC 4918 §7, §7.5). Every path that writes for a client goes through here;
 * what the server does by itself (a delivery, a job) does not: a lock holds off other clients. A home without locks costs no read.
 */
import type { DavResource, Item, Lock, PrincipalId, StoreWriter } from '@kalends/contracts';
import { expectItem } from '../conditions.ts';
import { preconditionFailed } from '../errors/preconditions.ts';
import type { IfHeader, RequestFields } from '../fields.ts';
import { segmentsOf } from '../resource/family.ts';
import { ctagOfToken, getctag } from '../resource/ctag.ts';
import { ownCollection } from '../resource/shape.ts';
import { hrefOfLock } from './href.ts';
import { LocksInTheWay } from './in-the-way.ts';
import { covers, isWithin, locksInTheWay } from './scope.ts';
import type { Segments, Touched } from './scope.ts';

/** Of the request: who asks, and what its If field names. */
export interface LockHolder { readonly identity: { readonly principal: PrincipalId | undefined }; readonly fields: { readonly if: IfHeader | undefined }; readonly resource: DavResource }

type Guarded = LockHolder & { readonly fields: RequestFields };

const NONE: readonly Lock[] = [];

/** All that count in this change's home. */
export async function locksIn(tx: StoreWriter): Promise<readonly Lock[]> {
  return (await tx.home()).locks === 0 ? NONE : tx.locks();
}

/**
 * @param of the resource whose home is written to; hrefs of locks are spelled like its path
 * @throws DavError 423 `lock-token-submitted` with every lock in the way whose token the request lacks, or has but did not make (§6.3, §7.5)
 */
export function demandTokens(request: LockHolder, locks: readonly Lock[], touched: Touched, of: DavResource = request.resource): void {
  if (locks.length === 0) return;
  const submitted = submittedTokens(request.fields.if);
  const mine = ({ token, owner }: Lock): boolean => owner === request.identity.principal && submitted.has(token);
  const missing = locksInTheWay(locks, touched).filter((group) => !group.some(mine));
  if (missing.length === 0) return;
  const hrefs = new Set(missing.map((group) => hrefOfLock(of, group[0]!, segmentsOf(of))));
  throw new LocksInTheWay([...hrefs]);
}

/**
 * A write to the item that is or will be at `path`: the request's conditions hold for it, and no lock is in the way.
 * @returns all locks of the home
 * @throws DavError 412, 423
 */
export async function guardItem(request: Guarded, tx: StoreWriter, current: Item | undefined, path: Segments, touched: Touched): Promise<readonly Lock[]> {
  const locks = await locksIn(tx);
  expectItem(request.fields, current, locks.filter((lock) => covers(lock, path)).map(({ token }) => token));
  await expectSyncTokens(tx, request.fields.if);
  demandTokens(request, locks, touched);
  return locks;
}

/**
 * An If field of one list that names a collection's sync token (RFC 6578 §5) or ctag (calendarserver-bulk-change §6): two clients that synced to the same state and write at once must not both win, so it is
 * asked again here. The whole tree is listed, for then every change of the home runs this one anew.
 */
async function expectSyncTokens(tx: StoreWriter, lists: IfHeader | undefined): Promise<void> {
  const tokens = lists?.length === 1 ? lists[0]!.conditions.flatMap(({ token, not }) => (not || token === undefined ? [] : ctagOfToken(token) ?? [])) : [];
  if (tokens.length === 0) return;
  const { root } = await tx.home();
  const present = new Set([root, ...await tx.listCollections(root.id, 'infinity')].map(getctag));
  if (!tokens.every((token) => present.has(token))) throw preconditionFailed('The collection has changed since that sync token.');
}

/**
 * The same of a write to a collection, or of one that is to be made.
 * @returns all locks of the home
 * @throws DavError 412, 423
 */
export async function guardCollection(request: Guarded, tx: StoreWriter, touched: Touched): Promise<readonly Lock[]> {
  await expectSameCollection(request, tx);
  await expectSyncTokens(tx, request.fields.if);
  const locks = await locksIn(tx);
  demandTokens(request, locks, touched);
  return locks;
}

/** What its tag was compared with held for the revision that was loaded: so it holds while that is the revision. */
async function expectSameCollection({ resource, fields: { ifMatch, ifUnmodifiedSince, if: lists } }: Guarded, tx: StoreWriter): Promise<void> {
  const own = ownCollection(resource);
  const asks = ifMatch !== undefined || ifUnmodifiedSince !== undefined || lists?.some(({ conditions }) => conditions.some(({ tag }) => tag !== undefined)) === true;
  if (own === undefined || !asks) return;
  const current = own.parent === undefined ? (await tx.home()).root : await tx.findCollection(own.parent, own.segment);
  if (current?.id !== own.id || current.revision !== own.revision) throw preconditionFailed('The collection has changed.');
}

/** After a DELETE or a MOVE (§7.6, §9.6): locks are gone with the URL they stood on. `but`: what stands at the root again keeps its lock. */
export async function dropLocks(tx: StoreWriter, locks: readonly Lock[], path: Segments, but?: 'root'): Promise<void> {
  for (const lock of locks) {
    if (isWithin(lock.path, path) && !(but === 'root' && lock.path.length === path.length)) await tx.removeLock(lock.token);
  }
}

/** A token that stands anywhere in the If field is submitted, whether its list holds or not (§10.4.1). */
function submittedTokens(lists: IfHeader | undefined): ReadonlySet<string> {
  return new Set(lists?.flatMap(({ conditions }) => conditions.flatMap(({ token }) => token ?? [])));
}
