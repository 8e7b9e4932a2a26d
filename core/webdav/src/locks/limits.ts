/** What locks may cost. Each number is far above what clients ask and far below what hurts: a home with locks reads them in every change. */

/** In one home, whoever holds them. */
export const MAX_LOCKS = 500;
/** Held by one person in one home: nobody keeps others from locking. */
export const MAX_LOCKS_OF_ONE = 250;
/** Of one person on one resource: DAV:lockdiscovery of each row of a listing tells them all. */
export const MAX_LOCKS_TOGETHER = 8;
/** A lock that nobody refreshes is gone after this, whatever was asked (RFC 4918 §6.6). */
export const MAX_SECONDS = 86_400;
/** Where the client says nothing. */
export const DEFAULT_SECONDS = 3_600;
/** Of the DAV:owner element as it is kept. */
export const MAX_OWNER_LENGTH = 1_024;
