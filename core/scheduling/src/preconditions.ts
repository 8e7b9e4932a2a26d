/** The preconditions of RFC 6638 that only scheduling throws, in its order; those it shares with calendars are `@kalends/caldav`'s. */
import { CALDAV, CALENDARSERVER, condition } from '@kalends/webdav';

/** RFC 6638 §5.2: a message that breaks iTIP, or one that this outbox does not take. */
export const validSchedulingMessage = condition(CALDAV, 'valid-scheduling-message', 403, undefined, 'This is not a scheduling message that the outbox takes.');
/** RFC 6638 §5.2: whoever owns the outbox cannot ask in nobody's name. */
export const originatorAllowed = condition(CALDAV, 'originator-allowed', 403, undefined, 'The owner of this outbox is no calendar user.');
/** RFC 6638 §5.2: ORGANIZER is the owner of the outbox. */
export const organizerAllowed = condition(CALDAV, 'organizer-allowed', 403, undefined, 'ORGANIZER must be the owner of this outbox.');
/** RFC 6638 §5.2. */
export const recipientSpecified = condition(CALDAV, 'recipient-specified', 403, undefined, 'The message names no ATTENDEE.');

/** Inside one `response` of an answer, where that recipient alone fails. */
export const recipientExists = condition(CALDAV, 'recipient-exists', 403);
export const recipientPermissions = condition(CALDAV, 'recipient-permissions', 403);
export const recipientLimit = condition(CALDAV, 'recipient-limit', 403);

/** calendarserver.org: a free-busy request has no access level. */
export const noAccessRestrictions = condition(CALENDARSERVER, 'no-access-restrictions', 403);
