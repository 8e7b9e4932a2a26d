/**
 * What of a tree of plain collections a caller may read: a copy takes that along and no more, for in his own home nothing would be closed to him. Judged before
 * the change that copies, since a change waits for nothing but the store; items' own lists are looked at inside.
 */
import type { Collection, CollectionId, DavResource, Item } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import type { ItemAccess } from '../access/compiled-access.ts';
import type { EngineRequest } from '../engine.ts';
import { childCollection, itemsOf } from '../resource/family.ts';

export class ReadableTree {
  readonly #access: ReadonlyMap<CollectionId, ItemAccess>;
  /** Every collection was one that the caller may read. */ readonly isWhole: boolean;

  constructor(access: ReadonlyMap<CollectionId, ItemAccess>, isWhole: boolean) {
    this.#access = access;
    this.isWhole = isWhole;
  }

  /** False for those that came to be since. */
  holds({ id }: Collection): boolean {
    return this.#access.has(id);
  }

  /** `item` with `acl` where its collection holds items that have one. */
  mayRead({ id }: Collection, item: Item): boolean {
    const access = this.#access.get(id);
    return access !== undefined && ((access.constant ?? access.of(item)) & READ) === READ;
  }
}

/** Of a collection that the caller may read. */
export async function readableTree(request: EngineRequest, root: DavResource): Promise<ReadableTree> {
  const { engine, identity } = request;
  const below = Map.groupBy(await engine.store.listCollections(root.collection!.id, 'infinity'), ({ parent }) => parent);
  const access = new Map<CollectionId, ItemAccess>();
  let isWhole = true;
  const waiting = [root];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { id } = next.collection!;
    access.set(id, await request.items(itemsOf(next) ?? next));
    for (const child of below.get(id) ?? []) {
      const resource = childCollection(next, child);
      if (((await engine.access.judge(identity, resource)) & READ) === READ) waiting.push(resource);
      else isWhole = false;
    }
  }
  return new ReadableTree(access, isWhole);
}
