/** The bodies that calendar clients send, as octets, and what can be counted in the answers without parsing them. */
import { time } from './data-set.ts';

const NAMESPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"';
const xml = (text: string): Buffer => Buffer.from(`<?xml version="1.0" encoding="utf-8"?>\n${text}`);
const range = (start: number, end: number): string => `start="${time(start)}Z" end="${time(end)}Z"`;

export const etagsOfAll = xml(`<D:propfind ${NAMESPACES}><D:prop><D:getetag/><D:getcontenttype/></D:prop></D:propfind>`);
export const poll = xml(`<D:propfind ${NAMESPACES}><D:prop><CS:getctag/><D:sync-token/></D:prop></D:propfind>`);
export const makeCalendar = xml(`<C:mkcalendar ${NAMESPACES}><D:set><D:prop><D:displayname>bench</D:displayname><C:supported-calendar-component-set><C:comp name="VEVENT"/><C:comp name="VTODO"/></C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>`);

export function syncSince(token: string): Buffer {
  return xml(`<D:sync-collection ${NAMESPACES}><D:sync-token>${token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>`);
}

export function query(start: number, end: number, expand: boolean): Buffer {
  const data = expand ? `<C:calendar-data><C:expand ${range(start, end)}/></C:calendar-data>` : '<C:calendar-data/>';
  return xml(`<C:calendar-query ${NAMESPACES}><D:prop><D:getetag/>${data}</D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range ${range(start, end)}/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`);
}

export function freeBusy(start: number, end: number): Buffer {
  return xml(`<C:free-busy-query ${NAMESPACES}><C:time-range ${range(start, end)}/></C:free-busy-query>`);
}

export function multiget(hrefs: readonly string[]): Buffer {
  return xml(`<C:calendar-multiget ${NAMESPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop>${hrefs.map((href) => `<D:href>${href}</D:href>`).join('')}</C:calendar-multiget>`);
}

export function count(body: Buffer, text: string): number {
  let found = 0;
  for (let at = body.indexOf(text); at >= 0; at = body.indexOf(text, at + text.length)) found++;
  return found;
}

/** `response` elements, whatever their prefix. */
export function responsesIn(body: Buffer): number {
  return body.toString('latin1').match(/<(?:[\w.-]+:)?response[\s>]/g)?.length ?? 0;
}

export function tokenIn(body: Buffer): string | undefined {
  return /<(?:[\w.-]+:)?sync-token[^>]*>([^<]+)</.exec(body.toString())?.[1]?.trim();
}
