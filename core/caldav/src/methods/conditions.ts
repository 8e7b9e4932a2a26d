/**
 * What a request demands of the object it writes to, as a guard inside the change: the engine asked before, as a courtesy that saves work; here nothing can move
 * any more (RFC 9110 §13, RFC 6638 §3.3). And the locks in its way (RFC 4918 §7).
 */
import { dropLocks, guardItem, preconditionFailed, touchedByPut, touchedByRemoval } from '@kalends/webdav';
import type { EngineRequest, RequestFields, Segments } from '@kalends/webdav';
import type { Guard } from '../write/commit.ts';

/** For PUT, and POST that is one. `path`: of the object, below the home. @throws DavError 412, 423 (the guard) */
export function putGuard(request: EngineRequest, path: Segments): Guard {
  return async (current, tx) => {
    await guardItem(request, tx, current, path, touchedByPut(path, current !== undefined));
    expectMore(request.fields, current);
  };
}

/** For DELETE; with `to`, for MOVE. Locks go with the URL they stood on. */
export function removalGuard(request: EngineRequest, path: Segments, to?: Segments): Guard {
  const leaving = touchedByRemoval(path);
  const replaced = to === undefined ? undefined : touchedByRemoval(to);
  const touched = { removed: [...leaving.removed!, ...(replaced?.removed ?? [])], rebound: [...leaving.rebound!, ...(replaced?.rebound ?? [])] };
  return async (current, tx) => {
    const locks = await guardItem(request, tx, current, path, touched);
    expectMore(request.fields, current);
    return locks.length === 0 ? undefined : () => dropLocks(tx, locks, path);
  };
}

function expectMore({ ifMatch, ifScheduleTagMatch, ifUnmodifiedSince }: RequestFields, current: Parameters<Guard>[0]): void {
  if (ifScheduleTagMatch !== undefined && current?.meta?.scheduleTag !== ifScheduleTagMatch) throw preconditionFailed('The Schedule-Tag is another.');
  if (ifMatch === undefined && ifUnmodifiedSince !== undefined && current?.meta !== undefined && current.meta.modified * 1000 > ifUnmodifiedSince) throw preconditionFailed();
}

/** Does the client demand anything of the version that is there? Then the store is to insist on the very version that the guard saw. */
export const isConditional = ({ ifMatch, ifNoneMatch, if: lists, ifScheduleTagMatch, ifUnmodifiedSince }: RequestFields): boolean =>
  ifMatch !== undefined || lists !== undefined || ifNoneMatch !== undefined || ifScheduleTagMatch !== undefined || ifUnmodifiedSince !== undefined;
