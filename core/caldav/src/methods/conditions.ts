/**
 * The conditional header fields of a request as a guard inside the change: the engine asked them before, as a courtesy that saves work; here nothing can move
 * any more (RFC 9110 §13, RFC 6638 §3.3).
 */
import type { Item } from '@kalends/contracts';
import { itemTag, preconditionFailed } from '@kalends/webdav';
import type { RequestFields, TagCondition } from '@kalends/webdav';
import type { Guard } from '../write/commit.ts';

/** @throws DavError 412 (the guard) */
export function conditionGuard(fields: RequestFields): Guard {
  return async (current) => {
    const { ifMatch, ifNoneMatch, ifScheduleTagMatch, ifUnmodifiedSince } = fields;
    if (ifMatch !== undefined && !matches(ifMatch, current, true)) throw preconditionFailed('The item has changed since the version of If-Match.');
    if (ifNoneMatch !== undefined && matches(ifNoneMatch, current, false)) throw preconditionFailed('There is something at this URL already.');
    if (ifScheduleTagMatch !== undefined && current?.meta?.scheduleTag !== ifScheduleTagMatch) throw preconditionFailed('The Schedule-Tag is another.');
    if (ifMatch === undefined && ifUnmodifiedSince !== undefined && current?.meta !== undefined && current.meta.modified * 1000 > ifUnmodifiedSince) throw preconditionFailed();
  };
}

/** Does the client demand anything of the version that is there? Then the store is to insist on the very version that the guard saw. */
export const isConditional = ({ ifMatch, ifNoneMatch, ifScheduleTagMatch, ifUnmodifiedSince }: RequestFields): boolean =>
  ifMatch !== undefined || ifNoneMatch !== undefined || ifScheduleTagMatch !== undefined || ifUnmodifiedSince !== undefined;

function matches(condition: TagCondition, current: Item | undefined, strong: boolean): boolean {
  if (current === undefined) return false;
  if (condition === '*') return true;
  const tag = itemTag(current);
  return condition.some((one) => `"${one.tag}"` === tag && !(strong && one.weak));
}
