/** The bits of `ItemFacts.flags`. Stored with the item: a bit never changes its meaning, only `FACTS_VERSION` may. */

/** Of the derivation in `facts.ts`; items with older facts are derived again by the re-index job. */
export const FACTS_VERSION = 2;

/** More than one component, or a recurrence rule or date. */
export const RECURRING = 1;
/** Some packed occurrence is floating or a DATE: packed as if UTC. */
export const FLOATING = 2;
/** A VALARM somewhere. */
export const HAS_ALARM = 4;
/** Readers other than the owner may see something else than the octets: restricted access, hidden instances. The octets alone do not tell of per-user data. */
export const NEEDS_VIEW = 8;
/** Busy times differ by user: these facts are those of one of them. Set by whoever stores per-user facts. */
export const PER_USER_BUSY = 16;
/** A component matches every time range (VTODO without any time, RFC 4791 §9.9). */
export const MATCH_ALWAYS = 32;
/** No octet that XML must escape (`&`, `<`, `>`) or may not hold. */
export const CLEAN = 64;
/** The object has an ORGANIZER: a scheduling object (RFC 6638 §3.1). */
export const SCHEDULED = 128;
/** Two bits, from X-CALENDARSERVER-ACCESS: 0 for PUBLIC and for what says nothing. See `limited-view.ts`. */
export const ACCESS_RESTRICTED = 256;
export const ACCESS_CONFIDENTIAL = 512;
export const ACCESS_PRIVATE = 768;
export const ACCESS_BITS = 768;
/** A component's CLASS is other than PUBLIC (RFC 5545 §3.8.1.3). */
export const CLASSIFIED = 1024;
