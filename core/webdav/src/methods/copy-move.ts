/**
 * COPY and MOVE among plain collections (RFC 4918 §9.8, §9.9): one change of the home, decided by what stands there inside it. Between homes the octets are
 * read, staged and put; what is moved is removed when it stands at its new place. A copy has what the caller may read, and none of its lists (RFC 3744 §7.4); what
 * is moved keeps its lists (§7.3).
 */
import type { Collection, DavRequest, DavResource, ItemName, MethodSpec, Privileges, StoreWriter } from '@kalends/contracts';
import { BIND, READ, UNBIND, WRITE_CONTENT, WRITE_PROPERTIES } from '@kalends/contracts';
import { answer } from '../answer.ts';
import { engineOf } from '../engine.ts';
import type { EngineRequest } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';
import { badRequest, conflict, forbidden, notFound, preconditionFailed } from '../errors/preconditions.ts';
import { demandTokens, dropLocks, guardCollection, guardItem, locksIn } from '../locks/guard.ts';
import { parentPath, touchedByRemoval } from '../locks/scope.ts';
import type { Segments } from '../locks/scope.ts';
import { parentOf, segmentsOf } from '../resource/family.ts';
import { ownCollection } from '../resource/shape.ts';
import { writeLimits } from '../write-limits.ts';
import { receiveTree, sendTree } from './between-homes.ts';
import { demandHere } from './elsewhere.ts';
import { occupant, placeOf } from './place.ts';
import type { Place } from './place.ts';
import { readableTree } from './readable-tree.ts';
import type { ReadableTree } from './readable-tree.ts';
import { demandRemovable } from './removable.ts';

export const copy: MethodSpec = { method: 'COPY', kinds: ['file', 'files'], select: { meta: true }, requires: () => [{ on: 'self', privileges: READ }], handle: (request) => transfer(request, 'COPY') };
export const move: MethodSpec = {
  method: 'MOVE', kinds: ['file', 'files'], select: { meta: true }, requires: () => [{ on: 'self', privileges: READ }, { on: 'parent', privileges: UNBIND }], handle: (request) => transfer(request, 'MOVE'),
};

/** One end: the collection that moves, or the item's name. */
export interface Source {
  readonly place: Place; readonly collection: Collection | undefined; /** Collections without their members (Depth 0). */ readonly shallow: boolean;
  /** Of a collection whose members are read: which. */ readonly tree?: ReadableTree;
}

async function transfer(given: DavRequest, method: 'COPY' | 'MOVE'): Promise<void> {
  const request = engineOf(given);
  const { engine, resource, http } = request;
  const bare = sourceOf(request, method);
  const target = await destinationOf(request, method);
  const place = placeOf(target);
  checkApart(bare, target, place);
  const limits = await writeLimits(engine, target);
  const sameHome = place.parent.home === bare.place.parent.home;
  const readsMembers = bare.collection !== undefined && !bare.shallow && (method === 'COPY' || !sameHome);
  const source = readsMembers ? { ...bare, tree: await readableTree(request, resource) } : bare;
  // Whoever moves something to a home where he may do more must have been let see all of it.
  const closed = (): void => { if (method === 'MOVE') request.need(0, READ, request.href); };
  const sent = sameHome ? undefined : await sendTree(engine.store, source, target.home!, { lists: method === 'MOVE', closed });
  const [from, to] = [segmentsOf(resource), segmentsOf(target)];
  if (sent !== undefined && method === 'MOVE' && resource.home!.locks > 0) demandTokens(request, await engine.store.locks(resource.home!.id), touchedByRemoval(from));
  const { value: created } = await engine.store.write(place.parent.home, limits, async (tx) => {
    // Before anything moves: the change sees what it did.
    if (sent === undefined && method === 'MOVE') await guardSource(request, tx, source, from);
    const locks = await locksIn(tx);
    const replaced = await makeRoom(tx, place, request.fields.overwrite);
    // Octets that take the place of a file's are written to it; anything else takes away what is there.
    demandTokens(request, locks, replaced === 'item' && method === 'COPY' ? { written: [to] } : { removed: replaced === undefined ? [] : [to], rebound: [parentPath(to)] }, target);
    // A lock on the place itself stays, and holds what comes there (RFC 4918 §7.6).
    if (replaced !== undefined) await dropLocks(tx, locks, to, 'root');
    if (sent !== undefined) await receiveTree(tx, sent, place);
    else if (method === 'COPY') await copyHere(tx, source, place);
    else {
      await moveHere(tx, source, place);
      await dropLocks(tx, locks, from);
    }
    return replaced === undefined;
  });
  if (sent !== undefined && method === 'MOVE') await removeSource(request, source, resource);
  if (created) http.response.setHeader('Location', target.path);
  if (request.fields.prefer.representation && await request.show(target.path, created ? 201 : 200)) return;
  answer(http, created ? 201 : 204);
}

function sourceOf({ resource, fields: { depth }, engine }: EngineRequest, method: 'COPY' | 'MOVE'): Source {
  const collection = ownCollection(resource);
  if (!engine.exists(resource)) throw notFound();
  if (collection === undefined) return { place: placeOf(resource), collection, shallow: false };
  if (depth === 1 || (method === 'MOVE' && depth === 0)) throw badRequest('A collection is copied with Depth 0 or infinity, and moved with infinity.');
  if (collection.parent === resource.home?.root.id && method === 'MOVE') throw forbidden('This collection belongs to the home.');
  // The dropbox itself has no plain collection above it, but may be copied into one.
  const place = collection.parent === resource.home?.root.id ? { parent: collection, name: collection.segment as ItemName } : placeOf(resource);
  return { place, collection, shallow: depth === 0 };
}

async function destinationOf(request: EngineRequest, method: 'COPY' | 'MOVE'): Promise<DavResource> {
  const field = request.http.request.headers.destination;
  if (typeof field !== 'string') throw badRequest('The Destination field is missing.');
  // RFC 4918 §10.3: a URL or an absolute path; a relative one would be somebody's mistake.
  if (!/^\s*(?:\/|https?:)/i.test(field)) throw badRequest('The Destination field is neither a URL nor an absolute path.');
  const path = request.pathOf(field);
  if (path === undefined) throw new DavError(502, { detail: 'The destination is on another server.' });
  const judged = await request.judge(path, {});
  if (judged === undefined) throw conflict('There is no such place on this server.');
  const { resource, access } = judged;
  demandHere(resource);
  if (resource.kind === 'nowhere') {
    request.need(access, READ, path);
    throw conflict('The collection that the destination should lie in is not there.');
  }
  if (resource.kind !== 'file' && resource.kind !== 'files') {
    request.need(access, READ, path);
    throw forbidden('Plain files and collections are copied and moved among plain collections alone.');
  }
  const parent = parentOf(resource);
  const [onParent, onSelf] = neededAt(request.engine.exists(resource) ? resource.kind : undefined, method);
  const held = parent === undefined ? onParent : await request.engine.access.judge(request.identity, parent);
  // What is missing differs between what is there and what is not: only readers are told.
  if ((onParent & ~held) !== 0 || (onSelf & ~access) !== 0) request.need(access, READ, path);
  request.need(held, onParent, parent?.path ?? path);
  request.need(access, onSelf, path);
  if (resource.kind === 'files' && resource.collection?.parent === resource.home?.root.id) throw forbidden('This collection belongs to the home.');
  if (resource.kind === 'files') await demandRemovable(request, resource);
  return resource;
}

/** RFC 3744 appendix B: on the collection above, and on what is there. A collection is replaced by removing it and making another. */
function neededAt(there: string | undefined, method: 'COPY' | 'MOVE'): readonly [Privileges, Privileges] {
  if (there === undefined) return [BIND, 0];
  const written = WRITE_CONTENT | WRITE_PROPERTIES;
  const removed = there === 'file' ? 0 : UNBIND;
  if (method === 'COPY') return [removed === 0 ? 0 : BIND | UNBIND, written | removed];
  return [BIND | UNBIND, removed];
}

/** RFC 4918 §9.8.3, §9.8.5: neither onto itself nor into its own members. */
function checkApart({ place, collection }: Source, target: DavResource, to: Place): void {
  if (to.parent.id === place.parent.id && to.name === place.name) throw forbidden('Source and destination are the same.');
  if (collection === undefined) return;
  const above = [...(target.ancestors ?? []), to.parent];
  if (above.some(({ id }) => id === collection.id)) throw forbidden('The destination lies inside the source.');
}

/** @returns what was replaced. @throws DavError 412 where something is and may not be overwritten (RFC 4918 §10.6) */
async function makeRoom(tx: StoreWriter, place: Place, overwrite: boolean): Promise<'item' | 'collection' | undefined> {
  const there = await occupant(tx, place);
  if (there === undefined) return undefined;
  if (!overwrite) throw preconditionFailed('There is something at the destination, and Overwrite is F.');
  if (there.collection !== undefined) await tx.removeCollection(there.collection.id);
  else await tx.removeItem(place.parent.id, place.name);
  return there.collection === undefined ? 'item' : 'collection';
}

/** What leaves is what the request's conditions are about. */
async function guardSource(request: EngineRequest, tx: StoreWriter, { place, collection }: Source, path: Segments): Promise<void> {
  if (collection !== undefined) await guardCollection(request, tx, touchedByRemoval(path));
  else await guardItem(request, tx, await tx.findItem(place.parent.id, place.name, {}), path, touchedByRemoval(path));
}

async function moveHere(tx: StoreWriter, { place, collection }: Source, to: Place): Promise<void> {
  if (collection !== undefined) await tx.moveCollection(collection.id, to.parent.id, to.name);
  else await tx.moveItem({ collection: place.parent.id, name: place.name }, { collection: to.parent.id, name: to.name }, { overwrite: false });
}

async function copyHere(tx: StoreWriter, { place, collection, shallow, tree }: Source, to: Place): Promise<void> {
  if (collection === undefined) {
    await tx.copyItem({ collection: place.parent.id, name: place.name }, { collection: to.parent.id, name: to.name }, { overwrite: false });
    return;
  }
  const waiting: { readonly from: Collection; readonly parent: Collection['id']; readonly segment: string }[] = [{ from: collection, parent: to.parent.id, segment: to.name }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { from, parent, segment } = next;
    const made = await tx.createCollection(parent, { segment, kind: 'files', properties: from.properties });
    if (shallow || tree === undefined) return;
    for await (const batch of tx.queryItems(from.id, {}, { acl: true })) {
      for (const item of batch) if (tree.mayRead(from, item)) await tx.copyItem({ collection: from.id, name: item.name }, { collection: made, name: item.name }, { overwrite: false });
    }
    for (const child of await tx.listCollections(from.id, 1)) if (tree.holds(child)) waiting.push({ from: child, parent: made, segment: child.segment });
  }
}

/** After a move to another home. What changed meanwhile stays: the copy is older than it. */
async function removeSource(request: EngineRequest, { place, collection }: Source, resource: DavResource): Promise<void> {
  const { engine } = request;
  const limits = await writeLimits(engine, resource);
  const path = segmentsOf(resource);
  await engine.store.write(place.parent.home, limits, async (tx) => {
    const locks = await locksIn(tx);
    demandTokens(request, locks, touchedByRemoval(path));
    if (collection !== undefined) await tx.removeCollection(collection.id);
    else await tx.removeItem(place.parent.id, place.name, resource.item?.etag);
    await dropLocks(tx, locks, path);
  });
}
