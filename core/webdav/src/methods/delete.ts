/**
 * DELETE of plain files and collections (RFC 4918 §9.6). All or nothing: a locked member refuses the whole, and is named. Calendars and what lies in them are deleted
 * by their own package.
 */
import type { DavRequest, MethodSpec } from '@kalends/contracts';
import { UNBIND } from '@kalends/contracts';
import { answer } from '../answer.ts';
import { engineOf } from '../engine.ts';
import { badRequest, forbidden, notFound } from '../errors/preconditions.ts';
import { dropLocks, guardCollection, guardItem } from '../locks/guard.ts';
import { touchedByRemoval } from '../locks/scope.ts';
import { segmentsOf } from '../resource/family.ts';
import { writeLimits } from '../write-limits.ts';
import { placeOf } from './place.ts';
import { demandRemovable } from './removable.ts';

const requires: MethodSpec['requires'] = () => [{ on: 'parent', privileges: UNBIND }];

export const deleteFile: MethodSpec = { method: 'DELETE', kinds: ['file'], requires, handle: removeFile };
export const deleteFiles: MethodSpec = { method: 'DELETE', kinds: ['files'], requires: () => [{ on: 'parent', privileges: UNBIND }, { on: 'self', privileges: UNBIND }], handle: removeCollection };

async function removeFile(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const { http, engine, resource } = request;
  const { parent, name } = placeOf(resource);
  const path = segmentsOf(resource);
  await engine.store.write(parent.home, await writeLimits(engine, resource), async (tx) => {
    const current = await tx.findItem(parent.id, name, {});
    const locks = await guardItem(request, tx, current, path, touchedByRemoval(path));
    if (current === undefined) throw notFound();
    await tx.removeItem(parent.id, name);
    await dropLocks(tx, locks, path);
  });
  answer(http, 204);
}

async function removeCollection(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const { http, engine, resource, fields } = request;
  const { collection, home } = resource;
  if (fields.depth !== undefined && fields.depth !== 'infinity') throw badRequest('A collection is deleted with all that lies in it: Depth infinity (RFC 4918 §9.6.1).');
  if (collection === undefined || home === undefined || collection.parent === home.root.id) throw forbidden('This collection belongs to the home.');
  await demandRemovable(request, resource);
  const path = segmentsOf(resource);
  await engine.store.write(home.id, await writeLimits(engine, resource), async (tx) => {
    const locks = await guardCollection(request, tx, touchedByRemoval(path));
    await tx.removeCollection(collection.id);
    await dropLocks(tx, locks, path);
  });
  answer(http, 204);
}
