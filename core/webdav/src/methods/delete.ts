/** DELETE of plain files and collections (RFC 4918 §9.6). Calendars and what lies in them are deleted by their own package. */
import type { DavRequest, MethodSpec } from '@kalends/contracts';
import { UNBIND } from '@kalends/contracts';
import { answer } from '../answer.ts';
import { expectItem } from '../conditions.ts';
import { engineOf } from '../engine.ts';
import { badRequest, forbidden, notFound } from '../errors/preconditions.ts';
import { writeLimits } from '../write-limits.ts';
import { placeOf } from './place.ts';

const requires: MethodSpec['requires'] = () => [{ on: 'parent', privileges: UNBIND }];

export const deleteFile: MethodSpec = { method: 'DELETE', kinds: ['file'], requires, handle: removeFile };
export const deleteFiles: MethodSpec = { method: 'DELETE', kinds: ['files'], requires, handle: removeCollection };

async function removeFile(given: DavRequest): Promise<void> {
  const { http, engine, resource, fields } = engineOf(given);
  const { parent, name } = placeOf(resource);
  await engine.store.write(parent.home, await writeLimits(engine, resource), async (tx) => {
    const current = await tx.findItem(parent.id, name, {});
    expectItem(fields, current);
    if (current === undefined) throw notFound();
    await tx.removeItem(parent.id, name);
  });
  answer(http, 204);
}

async function removeCollection(given: DavRequest): Promise<void> {
  const { http, engine, resource, fields } = engineOf(given);
  const { collection, home } = resource;
  if (fields.depth !== undefined && fields.depth !== 'infinity') throw badRequest('A collection is deleted with all that lies in it: Depth infinity (RFC 4918 §9.6.1).');
  if (collection === undefined || home === undefined || collection.parent === home.root.id) throw forbidden('This collection belongs to the home.');
  await engine.store.write(home.id, await writeLimits(engine, resource), (tx) => tx.removeCollection(collection.id));
  answer(http, 204);
}
