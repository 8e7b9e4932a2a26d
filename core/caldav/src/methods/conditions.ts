/**
 * The conditional header fields of a request as a guard inside the change: the engine asked them before, as a courtesy that saves work; here nothing can move
 * any more (RFC 9110 §13, RFC 6638 §3.3).
 */
import { expectItem, preconditionFailed } from '@kalends/webdav';
import type { RequestFields } from '@kalends/webdav';
import type { Guard } from '../write/commit.ts';

/** @throws DavError 412 (the guard) */
export function conditionGuard(fields: RequestFields): Guard {
  return async (current) => {
    const { ifMatch, ifScheduleTagMatch, ifUnmodifiedSince } = fields;
    expectItem(fields, current);
    if (ifScheduleTagMatch !== undefined && current?.meta?.scheduleTag !== ifScheduleTagMatch) throw preconditionFailed('The Schedule-Tag is another.');
    if (ifMatch === undefined && ifUnmodifiedSince !== undefined && current?.meta !== undefined && current.meta.modified * 1000 > ifUnmodifiedSince) throw preconditionFailed();
  };
}

/** Does the client demand anything of the version that is there? Then the store is to insist on the very version that the guard saw. */
export const isConditional = ({ ifMatch, ifNoneMatch, if: lists, ifScheduleTagMatch, ifUnmodifiedSince }: RequestFields): boolean =>
  ifMatch !== undefined || lists !== undefined || ifNoneMatch !== undefined || ifScheduleTagMatch !== undefined || ifUnmodifiedSince !== undefined;
