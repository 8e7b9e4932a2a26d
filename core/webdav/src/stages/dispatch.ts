/** Stage 6: the handler, once the request is known to say nothing that nobody would read. */
import { declaredLength, hasBody } from '@kalends/http';
import { unsupportedMediaType } from '../errors/preconditions.ts';
import { LocksInTheWay } from '../locks/in-the-way.ts';
import { HandlerRequest } from '../request.ts';
import type { Authorized } from './passage.ts';

/** Methods that define no body: whoever sends one means something that would not happen (RFC 4918 §8.4). */
const WITHOUT_BODY: ReadonlySet<string> = new Set(['DELETE', 'COPY', 'MOVE', 'UNLOCK']);
const LOOKED_AT_OCTETS = 65_536;

export async function dispatch(passage: Authorized): Promise<Authorized> {
  const request = new HandlerRequest(passage);
  const { http, method, spec } = passage;
  // A body of no declared length may be none: proxies announce such.
  if (WITHOUT_BODY.has(method) && spec.refuses !== true && hasBody(http) && (declaredLength(http) !== undefined || (await request.body(LOOKED_AT_OCTETS)).length > 0)) {
    throw unsupportedMediaType(`${method} has no body here.`);
  }
  try {
    await spec.handle(request);
  } catch (error) {
    throw error instanceof LocksInTheWay ? await error.asSeenBy(request) : error;
  }
  return passage;
}
