/**
 * Whether a collection may go with all that lies in it: each member is taken out of the collection that holds it, so each collection must let unbind (RFC 4918
 * §9.6.1, RFC 3744 §3.10). One that does not keeps all of it.
 */
import type { DavResource } from '@kalends/contracts';
import { READ, UNBIND } from '@kalends/contracts';
import type { EngineRequest } from '../engine.ts';
import { childCollection } from '../resource/family.ts';

/** Of those below `root`; of itself the method has asked. @throws DavError 403 `need-privileges`, naming what the caller may know of */
export async function demandRemovable(request: EngineRequest, root: DavResource): Promise<void> {
  const { engine, identity } = request;
  const below = await engine.store.listCollections(root.collection!.id, 'infinity');
  // Without entries of its own each allows what the one above allows.
  if (below.every(({ acl }) => acl.length === 0)) return;
  const children = Map.groupBy(below, ({ parent }) => parent);
  const waiting = [root];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const child of children.get(next.collection!.id) ?? []) {
      const resource = childCollection(next, child);
      const access = child.acl.length === 0 ? UNBIND : await engine.access.judge(identity, resource);
      request.need(access, UNBIND, (access & READ) === READ ? resource.path : root.path);
      waiting.push(resource);
    }
  }
}
