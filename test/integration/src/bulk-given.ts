/** For stories about bulk requests: bodies of many objects, and the answer as what each object is told. */
import { event } from '@kalends/testkit';
import { Element } from '@kalends/webdav';
import { AMY_HOME, CALENDAR } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

export const TASKS = `${AMY_HOME}tasks/`;
export const NAMESPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/" xmlns:MM="http://me.com/_namespace/"';
export const RETURN = { 'X-MobileMe-DAV-Options': 'Test=True, return-changed-data' };
export const JSON_TYPE = 'application/calendar+json';

/** The components of some objects in one calendar. */
export function together(...texts: readonly string[]): string {
  const inside = texts.map((text) => text.slice(text.indexOf('BEGIN:V', 10), text.lastIndexOf('END:VCALENDAR')));
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//kalends//tests//EN', `${inside.join('')}END:VCALENDAR`, ''].join('\r\n');
}
export const long = (uid: string, octets: number): string => event(uid).text.replace('SUMMARY:', `DESCRIPTION:${'x'.repeat(octets)}\r\nSUMMARY:`);
export const events = (count: number, from = 0): string => together(...Array.from({ length: count }, (_, at) => event(`e${at + from}`).text));

export interface Told { readonly href: string; readonly status: number; readonly etag?: string; readonly uid?: string; readonly data?: Element; readonly condition?: string }
const child = (node: Element | undefined, ...path: readonly string[]): Element | undefined =>
  path.reduce<Element | undefined>((at, local) => at?.children.find(({ name }) => name.local === local), node);

/** The responses in their order. */
export function told(answer: Answer): readonly Told[] {
  if (answer.status !== 207) throw new Error(`${answer.status} ${answer.text}`);
  return answer.xml().children.map((response) => {
    const prop = child(response, 'propstat', 'prop');
    const error = child(response, 'error');
    const etag = child(prop, 'getetag')?.text;
    const uid = (child(prop, 'uid') ?? child(error, 'uid'))?.text;
    const data = child(prop, 'calendar-data');
    const condition = error?.children.map(({ name }) => name.local).find((local) => local !== 'uid' && local !== 'error-description');
    return {
      href: child(response, 'href')!.text, status: Number((child(response, 'propstat', 'status') ?? child(response, 'status'))!.text.split(' ')[1]),
      ...(etag === undefined ? {} : { etag }), ...(uid === undefined ? {} : { uid }), ...(data === undefined ? {} : { data }), ...(condition === undefined ? {} : { condition }),
    };
  });
}
export const outcomes = (answer: Answer): readonly (readonly [uid: string | undefined, status: number, condition: string | undefined])[] => told(answer).map(({ uid, status, condition }) => [uid, status, condition]);

export async function ctagOf(server: GivenServer): Promise<string> {
  const answer = await server.send('PROPFIND', CALENDAR, `<D:propfind ${NAMESPACES}><D:prop><CS:getctag/></D:prop></D:propfind>`, { Depth: '0' });
  return answer.rows().get(CALENDAR)!.properties.get('getctag')!.text;
}

export async function names(server: GivenServer): Promise<readonly string[]> {
  const answer = await server.send('PROPFIND', CALENDAR, `<D:propfind ${NAMESPACES}><D:prop><D:getetag/></D:prop></D:propfind>`, { Depth: '1' });
  return [...answer.rows().keys()].filter((href) => href !== CALENDAR);
}

export const multiput = (...resources: readonly string[]): string => `<?xml version="1.0" encoding="utf-8"?><MM:multiput ${NAMESPACES}>${resources.map((one) => `<MM:resource>${one}</MM:resource>`).join('')}</MM:multiput>`;
export const data = (text: string, attributes = ''): string => `<D:set><D:prop><C:calendar-data${attributes}><![CDATA[${text}]]></C:calendar-data></D:prop></D:set>`;
export const at = (href: string): string => `<D:href>${href}</D:href>`;
export const match = (tag: string): string => `<MM:if-match><D:getetag>${tag}</D:getetag></MM:if-match>`;
export const GONE = '<MM:delete/>';
