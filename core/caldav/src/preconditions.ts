/**
 * The preconditions and postconditions of CalDAV and the extensions built here that a request can fail by, in the order of their documents. A handler throws
 * one of these; nothing else in this package spells an error element.
 *
 * 403: asking again cannot help. 409: the client can repair the cause and try again (RFC 4791 §1.3).
 */
import type { XmlSink } from '@kalends/contracts';
import { CALDAV, CALENDARSERVER, condition } from '@kalends/webdav';

const maybeHref = (xml: XmlSink, href: string | undefined): void => { if (href !== undefined) xml.href(href); };
const text = (xml: XmlSink, value: string | number): void => xml.text(String(value));

/** RFC 4791 §5.3.1.1, §5.3.2.1: calendars lie directly below a home and nowhere else. */
export const calendarCollectionLocationOk = condition(CALDAV, 'calendar-collection-location-ok', 403, undefined, 'A calendar can only be made directly in a calendar home.');
/** RFC 4791 §5.3.1.1, §5.3.2.1. The detail is the parser's first complaint, with its line. */
export const validCalendarData = condition(CALDAV, 'valid-calendar-data', 403, undefined, 'This is not valid iCalendar data.');
/** The same of a default alarm; a value of a property that does not fit is a 409 (RFC 4918 §9.2.1). */
export const validAlarm = condition(CALDAV, 'valid-calendar-data', 409, undefined, 'A default alarm is one VALARM.');

/** RFC 4791 §5.3.2.1: neither text/calendar nor application/calendar+json. Also for the `content-type` of calendar-data (§7.8). */
export const supportedCalendarData = condition(CALDAV, 'supported-calendar-data', 403, undefined, 'Calendar data is text/calendar or application/calendar+json.');
/** RFC 4791 §4.1, §5.3.2.1. */
export const validCalendarObjectResource = condition(CALDAV, 'valid-calendar-object-resource', 403, undefined, 'This is not one calendar object.');
/** RFC 4791 §5.2.3, §5.3.2.1. */
export const supportedCalendarComponent = condition(CALDAV, 'supported-calendar-component', 403, undefined, 'This calendar does not take components of this type.');
/** RFC 4791 §5.3.2.1. Carries the href of the item that holds the UID, if the caller may read it. */
export const noUidConflict = condition<string | undefined>(CALDAV, 'no-uid-conflict', 403, maybeHref, 'The UID of this object is already used by another item in this calendar.');
/** RFC 4791 §5.2.5, §5.3.2.1. */
export const maxResourceSize = condition<number>(CALDAV, 'max-resource-size', 403, text, 'The object is larger than this server takes.');
/** RFC 4791 §5.2.6, §5.3.2.1, §7.8. */
export const minDateTime = condition<string>(CALDAV, 'min-date-time', 403, text, 'A date lies before the first that this server takes.');
/** RFC 4791 §5.2.7, §5.3.2.1, §7.8. */
export const maxDateTime = condition<string>(CALDAV, 'max-date-time', 403, text, 'A date lies after the last that this server takes.');
/** RFC 4791 §5.2.8, §5.3.2.1. */
export const maxInstances = condition<number>(CALDAV, 'max-instances', 403, text, 'The object recurs more often than this server takes.');
/** RFC 4791 §5.2.9, §5.3.2.1. */
export const maxAttendeesPerInstance = condition<number>(CALDAV, 'max-attendees-per-instance', 403, text, 'The object has more attendees than this server takes.');

/** RFC 4791 §7.8. */
export const validFilter = condition(CALDAV, 'valid-filter', 403, undefined, 'The filter does not follow its grammar.');
/** RFC 4791 §7.5.1. */
export const supportedCollation = condition(CALDAV, 'supported-collation', 403, undefined, 'Collations are i;ascii-casemap, i;octet and i;unicode-casemap.');

/** RFC 6638 §3.2.4.1: the holder of the UID is in another calendar of the home. */
export const uniqueSchedulingObjectResource = condition<string | undefined>(
  CALDAV, 'unique-scheduling-object-resource', 403, maybeHref, 'The UID of this object is already used by an item in another calendar of this home.',
);
/** RFC 6638 §9.2. */
export const validScheduleDefaultCalendarUrl = condition(CALDAV, 'valid-schedule-default-calendar-URL', 409, undefined, 'The default calendar is one of the owner\'s own calendars.');

/** RFC 7809 §5.2: the time zone is neither in the data nor known to the server. */
export const validTimezone = condition(CALDAV, 'valid-timezone', 403, undefined, 'The server does not know this time zone.');
/** RFC 7529 §7: a rule counts in a calendar that `supported-rscale-set` does not name. */
export const supportedRscale = condition(CALDAV, 'supported-rscale', 403, undefined, 'Rules count in the Gregorian calendar here.');
/** RFC 8607 §3.12 (max-attachments-per-resource), as Apple's server answers a PUT. */
export const maxAttachments = condition<number>(CALDAV, 'max-attachments', 403, text, 'The object has more attachments than this server takes.');

/** caldav-privateevents: a level that nobody knows, or that is not this writer's to set. */
export const validAccessRestriction = condition(CALENDARSERVER, 'valid-access-restriction', 403);

/** calendarserver.org, free-busy URL. */
export const validQueryParameters = condition(CALENDARSERVER, 'valid-query-parameters', 400);
export const supportedQueryParameter = condition(CALENDARSERVER, 'supported-query-parameter', 406);
export const supportedFormat = condition(CALENDARSERVER, 'supported-format', 406);
