/**
 * Bodies of the requests that stories send: DAV: is the default namespace, `C:` CalDAV's, `CS:` calendarserver.org's, `A:` Apple's. Clients' own ways to write
 * them are in `interop/`, where what they send is the story.
 */
import { PRINCIPAL } from './caldav-server.ts';

export const NAMESPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/"';

/** RFC 4918 §9.1, §9.2; RFC 4791 §5.3.1. `props`: elements. */
export const propfind = (props: string): string => `<propfind ${NAMESPACES}><prop>${props}</prop></propfind>`;
export const proppatch = (props: string): string => `<propertyupdate ${NAMESPACES}><set><prop>${props}</prop></set></propertyupdate>`;
export const mkcalendar = (props: string): string => `<C:mkcalendar ${NAMESPACES}><set><prop>${props}</prop></set></C:mkcalendar>`;

/** RFC 4791 §7.8. `filter`: what is asked of a VCALENDAR; nothing: all. `more`: what follows the filter. */
export const calendarQuery = (props: string, filter = '', more = ''): string =>
  `<C:calendar-query ${NAMESPACES}><prop>${props}</prop><C:filter><C:comp-filter name="VCALENDAR">${filter}</C:comp-filter></C:filter>${more}</C:calendar-query>`;
/** RFC 4791 §7.9. */
export const calendarMultiget = (props: string, hrefs: readonly string[]): string =>
  `<C:calendar-multiget ${NAMESPACES}><prop>${props}</prop>${hrefs.map((href) => `<href>${href}</href>`).join('')}</C:calendar-multiget>`;
/** RFC 4791 §7.10. `range`: the attributes of a time-range. */
export const freeBusyQuery = (range: string, more = ''): string => `<C:free-busy-query ${NAMESPACES}><C:time-range ${range}/>${more}</C:free-busy-query>`;
/** RFC 6578 §6.1. `token`: of the last answer; nothing: from the beginning. */
export const syncCollection = (props = '<getetag/>', token = '', level = '1'): string =>
  `<sync-collection ${NAMESPACES}><sync-token>${token}</sync-token><sync-level>${level}</sync-level><prop>${props}</prop></sync-collection>`;

/** Elements of DAV: alone, by their names. */
export const props = (...names: readonly string[]): string => propfind(names.map((name) => `<${name}/>`).join(''));
/** Sets who is in a group that takes that: a principal's delegates, by their names. */
export const setMembers = (...names: readonly string[]): string => proppatch(`<group-member-set>${names.map((name) => `<href>${PRINCIPAL(name)}</href>`).join('')}</group-member-set>`);
