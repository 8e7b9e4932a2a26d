/**
 * LOCK (RFC 4918 §9.10): a new write lock, exclusive or shared, on what is there or on a name where a plain file could be; or, without a body, more time for one
 * that is held. Decided inside the change. Whoever may write may lock: a lock gives no rights, it holds off others.
 */
import type { DavRequest, Lock, MethodSpec, Need, StoreWriter } from '@kalends/contracts';
import { BIND, READ, WRITE_CONTENT } from '@kalends/contracts';
import { randomUUID } from 'node:crypto';
import { answerXml } from '../answer.ts';
import { engineOf } from '../engine.ts';
import type { EngineRequest } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';
import { badRequest, forbidden, lockTokenMatchesRequestUri, noConflictingLock, notFound, preconditionFailed } from '../errors/preconditions.ts';
import { LOCKABLE_KINDS, writeLocks } from '../locks/discovery.ts';
import { guardItem, locksIn } from '../locks/guard.ts';
import { hrefOfLock } from '../locks/href.ts';
import { DEFAULT_SECONDS, MAX_LOCKS, MAX_LOCKS_OF_ONE, MAX_LOCKS_TOGETHER, MAX_OWNER_LENGTH, MAX_SECONDS } from '../locks/limits.ts';
import { conflicts, covers, parentPath } from '../locks/scope.ts';
import type { Segments } from '../locks/scope.ts';
import { segmentsOf } from '../resource/family.ts';
import { isItemKind, ownCollection } from '../resource/shape.ts';
import { NeedsIdentity } from '../stages/passage.ts';
import { writeLimits } from '../write-limits.ts';
import { dav, isNamed } from '../xml/names.ts';
import type { Element } from '../xml/read.ts';
import { xmlOf } from '../xml/write.ts';
import { occupant, placeOf } from './place.ts';

export const lock: MethodSpec = { method: 'LOCK', kinds: LOCKABLE_KINDS, select: { meta: true }, requires: needs, handle };

/** RFC 3744, appendix B. */
function needs({ kind, item }: DavRequest['resource']): readonly Need[] {
  return [isItemKind(kind) && item === undefined ? { on: 'parent', privileges: BIND } : { on: 'self', privileges: WRITE_CONTENT }];
}

type Asked = Pick<Lock, 'scope' | 'ownerXml'>;
/** `rivals`: members that are locked already, for which nothing was done. */
interface Outcome { readonly lock?: Lock; readonly rivals?: readonly Lock[]; readonly held: readonly Lock[]; readonly created: boolean }

async function handle(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const { engine, resource, identity, fields } = request;
  if (identity.principal === undefined) throw new NeedsIdentity();
  const body = await request.xml();
  const expires = Math.floor(engine.clock.now() / 1000) + secondsOf(request.http.request.headers.timeout);
  if (body === undefined) {
    await refresh(request, expires);
    return;
  }
  const asked = readLockInfo(body);
  if (fields.depth === 1) throw badRequest('A lock is of Depth 0 or infinity (RFC 4918 §9.10.3).');
  const path = segmentsOf(resource);
  const wanted: Lock = {
    ...asked, path, token: `urn:uuid:${randomUUID()}`, owner: identity.principal, expires,
    // To what has no members, both mean the same.
    depth: ownCollection(resource) === undefined ? 0 : fields.depth ?? 'infinity',
  };
  const { value } = await engine.store.write(resource.collection!.home, await writeLimits(engine, resource), (tx) => lockIn(request, tx, wanted));
  if (value.rivals === undefined) answerLocks(request, value.created ? 201 : 200, path, value.held, { 'Lock-Token': `<${wanted.token}>` });
  else await answerConflict(request, value.rivals);
}

/** @throws DavError 400 (RFC 4918 §14.11) */
function readLockInfo(body: Element): Asked {
  if (!isNamed(body.name, 'DAV:', 'lockinfo')) throw badRequest('The body of a LOCK is a DAV:lockinfo element.');
  const child = (of: Element | undefined, local: string): Element | undefined => of?.children.find(({ name }) => isNamed(name, 'DAV:', local));
  const scopes = child(body, 'lockscope');
  const scope = (['exclusive', 'shared'] as const).filter((one) => child(scopes, one) !== undefined);
  if (scope.length !== 1) throw badRequest('A lock is either exclusive or shared.');
  if (child(child(body, 'locktype'), 'write') === undefined) throw badRequest('Locks are write locks: there is no other type here.');
  const owner = child(body, 'owner');
  const ownerXml = owner === undefined ? '' : xmlOf(owner);
  if (ownerXml.length > MAX_OWNER_LENGTH) throw badRequest(`What DAV:owner says may have ${MAX_OWNER_LENGTH} characters at most.`);
  return { scope: scope[0]!, ownerXml };
}

/** Of the Timeout field (§10.7) the first that can be read; never longer than we like. */
function secondsOf(field: string | readonly string[] | undefined): number {
  for (const [, seconds] of String(field ?? '').matchAll(/\binfinite\b|\bsecond-(\d+)/gi)) return seconds === undefined ? MAX_SECONDS : Math.min(MAX_SECONDS, Math.max(1, Number(seconds)));
  return DEFAULT_SECONDS;
}

async function lockIn(request: EngineRequest, tx: StoreWriter, wanted: Lock): Promise<Outcome> {
  const created = await findOrMake(request, tx, wanted.path);
  const locks = await locksIn(tx);
  const { above, below } = conflicts(locks, wanted);
  if (above.length > 0) throw noConflictingLock(hrefs(request, above), 'Somebody has locked this already.');
  if (below.length > 0) return { rivals: below, held: [], created: false };
  const own = locks.filter(({ owner }) => owner === wanted.owner);
  const together = own.filter((lock) => covers(lock, wanted.path)).length;
  if (locks.length >= MAX_LOCKS || own.length >= MAX_LOCKS_OF_ONE || together >= MAX_LOCKS_TOGETHER) throw new DavError(507, { detail: 'There are as many locks here as the server keeps.' });
  await tx.putLock(wanted);
  return { lock: wanted, held: [...locks.filter((lock) => covers(lock, wanted.path)), wanted], created };
}

/** @returns whether an empty file was made (§7.3) @throws DavError 403 where nothing empty may lie, 404, 412, 423 */
async function findOrMake(request: EngineRequest, tx: StoreWriter, path: Segments): Promise<boolean> {
  const { resource } = request;
  const { collection, ancestors, item, home } = resource;
  const own = ownCollection(resource);
  if (own !== undefined) {
    const there = await tx.findCollection(ancestors?.at(-1)?.id ?? home!.root.id, own.segment);
    if (there?.id !== own.id) throw notFound();
    return false;
  }
  if (resource.kind !== 'file') {
    const current = item === undefined ? undefined : await tx.findItem(collection!.id, item.name, {});
    if (current === undefined) throw forbidden('An empty object is no calendar object: store one, then lock it.');
    await guardItem(request, tx, current, path, {});
    return false;
  }
  const { parent, name } = placeOf(resource);
  if ((await occupant(tx, { parent, name }))?.collection !== undefined) throw notFound();
  const current = await tx.findItem(parent.id, name, {});
  await guardItem(request, tx, current, path, current === undefined ? { rebound: [parentPath(path)] } : {});
  if (current !== undefined) return false;
  await tx.putItem(parent.id, { name, contentType: 'application/octet-stream', body: new Uint8Array() });
  return true;
}

/** §9.10.2: the If field names the one lock that is meant. @throws DavError 400, 403, 412 */
async function refresh(request: EngineRequest, expires: number): Promise<void> {
  const { engine, resource, identity, fields } = request;
  const tokens = (fields.if ?? []).flatMap(({ conditions }) => conditions.flatMap(({ token, not }) => (token === undefined || not ? [] : [token])));
  if (tokens.length !== 1) throw badRequest('A LOCK has a body, or an If field with the token of the one lock that is to be kept longer.');
  const path = segmentsOf(resource);
  const { value: held } = await engine.store.write(resource.collection!.home, await writeLimits(engine, resource), async (tx) => {
    const locks = (await locksIn(tx)).filter((lock) => covers(lock, path));
    const lock = locks.find(({ token }) => token === tokens[0]);
    if (lock === undefined) throw new DavError(412, { condition: { name: lockTokenMatchesRequestUri.condition }, detail: 'There is no such lock on this resource (RFC 4918 §9.10.6).' });
    if (lock.owner !== identity.principal) throw forbidden('Only whoever holds a lock keeps it longer.');
    await expectTag(request, tx);
    const longer = { ...lock, expires };
    await tx.putLock(longer);
    return locks.map((one) => (one === lock ? longer : one));
  });
  answerLocks(request, 200, path, held, {});
}

/** Entity tags beside the token. */
async function expectTag({ fields, resource }: EngineRequest, tx: StoreWriter): Promise<void> {
  const tags = (fields.if ?? []).flatMap(({ conditions }) => conditions).filter(({ tag }) => tag !== undefined);
  if (tags.length === 0) return;
  const current = resource.item === undefined ? undefined : await tx.findItem(resource.collection!.id, resource.item.name, {});
  if (!tags.every(({ tag, not }) => (tag === current?.etag) !== not)) throw preconditionFailed('No list of the If field holds.');
}

function answerLocks({ http, engine, resource }: EngineRequest, status: number, path: Segments, held: readonly Lock[], headers: Readonly<Record<string, string>>): void {
  answerXml(http, status, (xml) => {
    xml.open(dav('prop'));
    xml.open(dav('lockdiscovery'));
    writeLocks(xml, resource, held, { path, below: path, now: engine.clock.now(), isCollection: ownCollection(resource) !== undefined });
    xml.close();
    xml.close();
  }, headers);
}

/** §9.10.3, §9.10.9: members that are locked kept the whole from being locked. One that the caller may not see is not named. */
async function answerConflict(request: EngineRequest, rivals: readonly Lock[]): Promise<void> {
  const seen: string[] = [];
  for (const href of hrefs(request, rivals)) {
    const judged = await request.judge(href, { acl: true });
    if (judged !== undefined && (judged.access & READ) === READ) seen.push(href);
  }
  if (seen.length === 0) throw noConflictingLock([request.href], 'Somebody has locked something in this already.');
  const out = request.multistatus();
  for (const href of seen) out.status(href, 423, noConflictingLock([href], 'Somebody has locked this already.'));
  out.status(request.href, 424);
  await out.end();
}

function hrefs({ resource }: EngineRequest, locks: readonly Lock[]): readonly string[] {
  const path = segmentsOf(resource);
  return [...new Set(locks.map((lock) => hrefOfLock(resource, lock, path, ownCollection(resource) !== undefined)))];
}
