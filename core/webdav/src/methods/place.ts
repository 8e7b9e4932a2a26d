/** Where a plain file or collection is to come to be: the collection, the name, and who is there already. For PUT, MKCOL, COPY and MOVE among `files`. */
import type { Collection, DavResource, ItemName, StoreWriter } from '@kalends/contracts';
import { conflict } from '../errors/preconditions.ts';
import { nameOf } from '../resource/family.ts';
import { ownCollection } from '../resource/shape.ts';

export interface Place { readonly parent: Collection; readonly name: ItemName }

/** Of a file, there or not, or of a plain collection. @throws DavError 409 where no plain collection holds it */
export function placeOf(resource: DavResource): Place {
  const own = ownCollection(resource);
  const parent = own === undefined ? resource.collection : resource.ancestors?.at(-1);
  if (parent === undefined || parent.kind !== 'files') throw conflict('Plain files lie in plain collections.');
  return { parent, name: own === undefined ? nameOf(resource) : own.segment as ItemName };
}

/** Inside a change: what stands at a place. */
export async function occupant(tx: StoreWriter, { parent, name }: Place): Promise<{ readonly collection?: Collection; readonly item?: true } | undefined> {
  const collection = await tx.findCollection(parent.id, name);
  if (collection !== undefined) return { collection };
  return (await tx.findItem(parent.id, name, {})) === undefined ? undefined : { item: true };
}
