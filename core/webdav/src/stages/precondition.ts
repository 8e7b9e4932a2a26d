/**
 * Stage 5: the conditional header fields, against what stage 3 loaded. A courtesy that saves work: for writes the truth is told inside the change, by the same
 * rules (`conditions.ts`).
 */
import { hasBody } from '@kalends/http';
import { ifHolds, tagFails, tagMatches } from '../conditions.ts';
import { DavError } from '../errors/dav-error.ts';
import { preconditionFailed } from '../errors/preconditions.ts';
import { answer } from '../answer.ts';
import { HandlerRequest, mayRead } from '../request.ts';
import { entityTag, ownCollection } from '../resource/shape.ts';
import { Answered } from './passage.ts';
import { variantTag } from '../resource/variant.ts';
import type { Authorized } from './passage.ts';

/** Methods that read: If-None-Match that matches is 304 (RFC 9110 §13.1.2). */
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

export async function precondition(passage: Authorized): Promise<Authorized> {
  try {
    return await check(passage);
  } catch (error) {
    // RFC 8144 §3.2: whoever prefers that gets what is there now, and need not ask again.
    const shown = error instanceof DavError && error.status === 412 && passage.fields.prefer.representation && !READS.has(passage.method) && mayRead(passage.access) && await new HandlerRequest(passage).show(passage.http.path, 412);
    throw shown ? new Answered() : error;
  }
}

async function check(passage: Authorized): Promise<Authorized> {
  const { engine, fields, resource, method, spec } = passage;
  const { ifMatch, ifNoneMatch, ifScheduleTagMatch, ifModifiedSince, ifUnmodifiedSince } = fields;
  if (ifMatch === undefined && ifNoneMatch === undefined && fields.if === undefined && ifScheduleTagMatch === undefined && ifModifiedSince === undefined && ifUnmodifiedSince === undefined) {
    return passage;
  }
  if (spec.refuses === true) return passage;
  // What needs no privilege must not answer, by its conditions, questions about what the caller may not read.
  if (method === 'OPTIONS' || (method === 'REPORT' && !mayRead(passage.access))) return passage;
  const exists = engine.exists(resource);
  const tag = exists ? entityTag(resource) : undefined;
  if (tagFails(ifMatch, exists, tag)) throw preconditionFailed('The resource is not, or no longer, what If-Match names.');
  const modified = modifiedMilliseconds(passage);
  if (ifMatch === undefined && ifUnmodifiedSince !== undefined && modified !== undefined && modified > ifUnmodifiedSince) throw preconditionFailed('The resource was changed since then.');
  const reads = READS.has(method);
  const chosen = reads && tag !== undefined ? variantTag(tag, spec.variant?.(passage.http.request.headers)) : tag;
  if (ifNoneMatch !== undefined && tagMatches(ifNoneMatch, exists, chosen, reads)) {
    if (!reads) throw preconditionFailed(ifNoneMatch === '*' ? 'There is something at this URL already.' : 'The resource is what If-None-Match names.');
    notModified(passage, chosen);
  }
  if (ifNoneMatch === undefined && ifModifiedSince !== undefined && reads && modified !== undefined && modified <= ifModifiedSince) notModified(passage, chosen);
  if (ifScheduleTagMatch !== undefined && resource.item?.meta?.scheduleTag !== ifScheduleTagMatch) throw preconditionFailed('The schedule tag is another one (RFC 6638 §8.3).');
  // Of a LOCK that has no body the field says which lock is meant: the handler knows.
  if (fields.if !== undefined && !(method === 'LOCK' && !hasBody(passage.http)) && !(await ifHolds(passage, fields.if))) throw preconditionFailed('No list of the If field holds.');
  return passage;
}

function notModified({ http, spec }: Authorized, tag: string | undefined): never {
  // RFC 9110 §15.4.5: what a 200 would have said of how it was chosen.
  answer(http, 304, { ...(tag === undefined ? {} : { ETag: tag }), ...(spec.vary === undefined ? {} : { Vary: spec.vary }) });
  throw new Answered();
}

function modifiedMilliseconds({ resource }: Authorized): number | undefined {
  const seconds = resource.item === undefined ? ownCollection(resource)?.modified : resource.item.meta?.modified;
  return seconds === undefined ? undefined : seconds * 1000;
}
