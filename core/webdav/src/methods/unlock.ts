/** UNLOCK (RFC 4918 §9.11): by whoever made the lock, or by whoever has DAV:unlock (RFC 3744 §3.5). The whole lock goes, whichever of its resources is named. */
import type { DavRequest, MethodSpec } from '@kalends/contracts';
import { READ, UNLOCK } from '@kalends/contracts';
import { answer } from '../answer.ts';
import { engineOf } from '../engine.ts';
import { badRequest, lockTokenMatchesRequestUri } from '../errors/preconditions.ts';
import { LOCKABLE_KINDS } from '../locks/discovery.ts';
import { locksIn } from '../locks/guard.ts';
import { covers } from '../locks/scope.ts';
import { segmentsOf } from '../resource/family.ts';
import { writeLimits } from '../write-limits.ts';

export const unlock: MethodSpec = { method: 'UNLOCK', kinds: LOCKABLE_KINDS, requires: () => [{ on: 'self', privileges: READ }], handle };

async function handle(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const { engine, http, resource, identity, access } = request;
  const field = http.request.headers['lock-token'];
  const wanted = /^\s*<([^<>]+)>\s*$/.exec(typeof field === 'string' ? field : '')?.[1];
  if (wanted === undefined) throw badRequest('The Lock-Token field holds no token in angle brackets (RFC 4918 §10.5).');
  const path = segmentsOf(resource);
  await engine.store.write(resource.collection!.home, await writeLimits(engine, resource), async (tx) => {
    const lock = (await locksIn(tx)).find(({ token }) => token === wanted);
    if (lock === undefined || !covers(lock, path)) throw lockTokenMatchesRequestUri('There is no such lock on this resource.');
    if (lock.owner !== identity.principal || identity.scope?.readOnly === true) request.need(access, UNLOCK, request.href);
    await tx.removeLock(lock.token);
  });
  answer(http, 204);
}
