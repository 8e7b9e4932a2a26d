/** Qualified names of CalDAV and of the extensions that its clients ask for. The namespaces themselves are `webdav`'s. */
import type { QName } from '@kalends/contracts';
import { APPLE_ICAL, CALDAV, CALENDARSERVER } from '@kalends/webdav';

/** RFC 4791, RFC 6638, RFC 7809, RFC 7953. */
export const caldav = (local: string): QName => ({ ns: CALDAV, local });
/** calendarserver.org: getctag, proxies, sharing, notifications. */
export const calendarserver = (local: string): QName => ({ ns: CALENDARSERVER, local });
/** What Apple's clients set on a calendar: its colour, its place in the list. */
export const appleIcal = (local: string): QName => ({ ns: APPLE_ICAL, local });
