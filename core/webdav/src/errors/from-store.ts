/**
 * The one table from `StoreError.code` to what a client is told (2.10 of the plan; RFC 4331 §6, RFC 6578 §3.2). Packages whose RFCs name a better condition
 * pass their rows in `overrides`.
 */
import { StoreError } from '@kalends/contracts';
import type { StoreErrorCode } from '@kalends/contracts';
import { CALENDARSERVER } from '../xml/names.ts';
import { DavError, condition } from './dav-error.ts';
import { conflict, forbidden, notFound, preconditionFailed, quotaNotExceeded, sufficientDiskSpace, validSyncToken } from './preconditions.ts';

export type StoreErrorTable = Partial<Readonly<Record<StoreErrorCode, (error: StoreError) => DavError>>>;

export const maxCollections = condition(CALENDARSERVER, 'max-collections', 403, undefined, 'There are as many collections here as the server allows.');
export const maxResources = condition(CALENDARSERVER, 'max-resources', 403, undefined, 'There are as many items here as the server allows.');

const TABLE: Readonly<Record<StoreErrorCode, (error: StoreError) => DavError>> = {
  'etag-mismatch': () => preconditionFailed('The resource has changed, or is not in the state that the request expects.'),
  exists: () => preconditionFailed('There is something at this URL already.'),
  'not-found': () => notFound(),
  'uid-taken': () => forbidden('The UID is already used by another item.'),
  'too-large': (error) => new DavError(413, { detail: 'The content is larger than the server takes.', cause: error }),
  'too-many': () => maxResources(),
  'over-quota': () => quotaNotExceeded(),
  'no-space': () => sufficientDiskSpace(),
  'collection-gone': () => conflict('The collection that this should lie in is not there.'),
  'revision-gone': () => validSyncToken(),
  busy: () => new DavError(503, { detail: 'The store is busy: try again.', headers: { 'Retry-After': '1' } }),
  'read-only': () => forbidden('The store is read-only at present.'),
  corrupt: (error) => new DavError(500, { detail: 'The stored object cannot be read.', cause: error }),
};

/** For methods that make nothing: a collection that went meanwhile is what was asked for, not where something should lie. */
export const GONE: StoreErrorTable = { 'collection-gone': () => notFound() };

/** @returns what to throw instead: anything that is no StoreError comes back as it is. */
export function fromStore(error: unknown, overrides: StoreErrorTable = {}): unknown {
  if (!(error instanceof StoreError)) return error;
  const row = overrides[error.code] ?? TABLE[error.code];
  return row(error);
}
