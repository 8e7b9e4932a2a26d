/**
 * ACL (RFC 3744 §8.1): replaces what a resource's list has of its own; what is protected or inherited stays. Entries of a collection count for all that lies
 * below it. Homes, principals and listings have no ACL method: theirs is the server's.
 */
import type { DavRequest, ItemSelect, MethodSpec, PrincipalId } from '@kalends/contracts';
import { READ, WRITE_ACL } from '@kalends/contracts';
import { readAcl } from '../access/read-acl.ts';
import { answer } from '../answer.ts';
import { tagFails } from '../conditions.ts';
import { engineOf } from '../engine.ts';
import type { EngineRequest } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';
import { notFound, preconditionFailed } from '../errors/preconditions.ts';
import { guardCollection, guardItem } from '../locks/guard.ts';
import { segmentsOf } from '../resource/family.ts';
import { principalPath } from '../resource/principal-path.ts';
import { withSlash } from '../resource/href.ts';
import { collectionTag, ownCollection } from '../resource/shape.ts';
import { writeLimits } from '../write-limits.ts';

export const acl: MethodSpec = {
  method: 'ACL', kinds: ['calendar', 'calendar-item', 'inbox', 'inbox-item', 'outbox', 'notifications', 'notification', 'files', 'file'],
  requires: () => [{ on: 'self', privileges: WRITE_ACL }], handle,
};

async function handle(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const { http, engine, resource, fields, selected } = request;
  const { collection, item } = resource;
  if (collection === undefined || (item === undefined && ownCollection(resource) === undefined)) throw notFound();
  const { access } = engine;
  const aces = await readAcl(await request.xml(), {
    tree: access.privilegesOf(resource.kind), owner: resource.owner, isItem: item !== undefined, entries: await access.entries(resource), administrators: await access.administrators(),
    recognize: (href) => recognize(request, href),
  });
  const path = segmentsOf(resource);
  await engine.store.write(collection.home, await writeLimits(engine, resource), async (tx) => {
    if (item === undefined) {
      const current = await tx.findCollection(collection.parent!, collection.segment);
      if (current?.id !== collection.id) throw notFound();
      if (tagFails(fields.ifMatch, true, collectionTag(current))) throw preconditionFailed('The collection has changed.');
      await guardCollection(request, tx, { written: [path] });
      await tx.updateCollection(collection.id, { acl: aces });
      return;
    }
    const current = await tx.findItem(collection.id, item.name, asSeen(selected));
    await guardItem(request, tx, current, path, { written: [path] });
    if (current === undefined) throw notFound();
    // Without any, it is like its neighbours again, and nobody looks at its list.
    await tx.setItemAcl({ collection: collection.id, name: item.name }, aces.length === 0 ? undefined : aces);
  });
  answer(http, 200);
}

/** What the caller's own ETag is made of. */
function asSeen({ personal }: ItemSelect): ItemSelect {
  return personal === undefined ? {} : { personal };
}

/** Only DAV:principal-URL names a principal in an ACL (RFC 3744 §4.2); its final slash may be missing. */
async function recognize(request: EngineRequest, href: string): Promise<PrincipalId | undefined> {
  try {
    const path = request.pathOf(href);
    const judged = path === undefined ? undefined : await request.judge(path, {});
    const principal = judged === undefined || (judged.access & READ) !== READ ? undefined : judged.resource.principal;
    return principal !== undefined && withSlash(judged!.resource.path) === principalPath(principal.id) ? principal.id : undefined;
  } catch (error) {
    if (error instanceof DavError && error.status < 500) return undefined;
    throw error;
  }
}
