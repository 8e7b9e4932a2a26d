/** The calendar of RFC 4791 Appendix B, in a calendar that takes every component, and what its tests ask. */
import type { Answer, GivenServer } from './caldav-server.ts';
import { AMY_HOME, givenServer } from './caldav-server.ts';
import { NAMESPACES } from './dav.ts';

export const WORK = `${AMY_HOME}work/`;

export const EASTERN = [
  'BEGIN:VTIMEZONE', 'LAST-MODIFIED:20040110T032845Z', 'TZID:US/Eastern', 'BEGIN:DAYLIGHT', 'DTSTART:20000404T020000', 'RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4', 'TZNAME:EDT', 'TZOFFSETFROM:-0500',
  'TZOFFSETTO:-0400', 'END:DAYLIGHT', 'BEGIN:STANDARD', 'DTSTART:20001026T020000', 'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10', 'TZNAME:EST', 'TZOFFSETFROM:-0400', 'TZOFFSETTO:-0500', 'END:STANDARD', 'END:VTIMEZONE',
];
export const calendar = (...lines: readonly string[]): string => ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Example Corp.//CalDAV Client//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const of = (name: string, ...lines: readonly string[]): readonly string[] => [`BEGIN:${name}`, ...lines, `END:${name}`];
export const vevent = (uid: string, ...lines: readonly string[]): string => calendar(...of('VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', ...lines));
export const vtodo = (uid: string, ...lines: readonly string[]): string => calendar(...of('VTODO', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', ...lines));

export const APPENDIX_B: ReadonlyMap<string, string> = new Map([
  ['abcd1', calendar(...EASTERN, ...of('VEVENT', 'DTSTAMP:20060206T001102Z', 'DTSTART;TZID=US/Eastern:20060102T100000', 'DURATION:PT1H', 'SUMMARY:Event #1', 'Description:Go Steelers!', 'UID:74855313FA803DA593CD579A@example.com'))],
  ['abcd2', calendar(
    ...EASTERN, ...of('VEVENT', 'DTSTAMP:20060206T001121Z', 'DTSTART;TZID=US/Eastern:20060102T120000', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=5', 'SUMMARY:Event #2', 'UID:00959BC664CA650E933C892C@example.com'),
    ...of('VEVENT', 'DTSTAMP:20060206T001121Z', 'DTSTART;TZID=US/Eastern:20060104T140000', 'DURATION:PT1H', 'RECURRENCE-ID;TZID=US/Eastern:20060104T120000', 'SUMMARY:Event #2 bis', 'UID:00959BC664CA650E933C892C@example.com'),
    ...of('VEVENT', 'DTSTAMP:20060206T001121Z', 'DTSTART;TZID=US/Eastern:20060106T140000', 'DURATION:PT1H', 'RECURRENCE-ID;TZID=US/Eastern:20060106T120000', 'SUMMARY:Event #2 bis bis', 'UID:00959BC664CA650E933C892C@example.com'),
  )],
  ['abcd3', calendar(...EASTERN, ...of(
    'VEVENT', 'ATTENDEE;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:cyrus@example.com', 'ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:lisa@example.com', 'DTSTAMP:20060206T001220Z', 'DTSTART;TZID=US/Eastern:20060104T100000', 'DURATION:PT1H',
    'LAST-MODIFIED:20060206T001330Z', 'ORGANIZER:mailto:cyrus@example.com', 'SEQUENCE:1', 'STATUS:TENTATIVE', 'SUMMARY:Event #3', 'UID:DC6C50A017428C5216A2F1CD@example.com', 'X-ABC-GUID:E1CX5Dr-0007ym-Hz@example.com',
  ))],
  ['abcd4', calendar(...of(
    'VTODO', 'DTSTAMP:20060205T235335Z', 'DUE;VALUE=DATE:20060104', 'STATUS:NEEDS-ACTION', 'SUMMARY:Task #1', 'UID:DDDEEB7915FA61233B861457@example.com', 'BEGIN:VALARM', 'ACTION:AUDIO', 'TRIGGER;RELATED=START:-PT10M', 'END:VALARM',
  ))],
  ['abcd5', calendar(...of(
    'VTODO', 'DTSTAMP:20060205T235300Z', 'DUE;VALUE=DATE:20060106', 'LAST-MODIFIED:20060205T235308Z', 'SEQUENCE:1', 'STATUS:NEEDS-ACTION', 'SUMMARY:Task #2', 'UID:E10BA47467C5C69BB74E8720@example.com', 'BEGIN:VALARM', 'ACTION:AUDIO',
    'TRIGGER;RELATED=START:-PT10M', 'END:VALARM',
  ))],
  ['abcd6', calendar(...of('VTODO', 'COMPLETED:20051223T122322Z', 'DTSTAMP:20060205T235400Z', 'DUE;VALUE=DATE:20051225', 'LAST-MODIFIED:20060205T235308Z', 'SEQUENCE:1', 'STATUS:COMPLETED', 'SUMMARY:Task #3', 'UID:E10BA47467C5C69BB74E8722@example.com'))],
  ['abcd7', calendar(...of('VTODO', 'DTSTAMP:20060205T235600Z', 'DUE;VALUE=DATE:20060101', 'LAST-MODIFIED:20060205T235308Z', 'SEQUENCE:1', 'STATUS:CANCELLED', 'SUMMARY:Task #4', 'UID:E10BA47467C5C69BB74E8725@example.com'))],
  ['abcd8', calendar(...of(
    'VFREEBUSY', 'ORGANIZER;CN="Bernard Desruisseaux":mailto:bernard@example.com', 'UID:76ef34-54a3d2@example.com', 'DTSTAMP:20050530T123421Z', 'DTSTART:20060101T000000Z', 'DTEND:20060108T000000Z',
    'FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060102T100000Z/20060102T120000Z', 'FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060103T100000Z/20060103T120000Z',
  ))],
]);

export async function givenCalendar(objects: ReadonlyMap<string, string>, zone?: string): Promise<GivenServer> {
  const server = await givenServer();
  const timezone = zone === undefined ? '' : `<C:calendar-timezone>${calendar(zone)}</C:calendar-timezone>`;
  const kinds = ['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY'].map((name) => `<C:comp name="${name}"/>`).join('');
  const made = await server.send('MKCALENDAR', WORK, `<C:mkcalendar ${NAMESPACES}><D:set><D:prop><C:supported-calendar-component-set>${kinds}</C:supported-calendar-component-set>${timezone}</D:prop></D:set></C:mkcalendar>`);
  if (made.status !== 201) throw new Error(made.text);
  for (const [name, body] of objects) {
    const answer = await server.send('PUT', `${WORK}${name}.ics`, body);
    if (answer.status !== 201) throw new Error(`${name}: ${answer.text}`);
  }
  return server;
}

export const query = (filter: string, props = '<D:getetag/>', more = ''): string =>
  `<C:calendar-query ${NAMESPACES}><D:prop>${props}</D:prop><C:filter><C:comp-filter name="VCALENDAR">${filter}</C:comp-filter></C:filter>${more}</C:calendar-query>`;
export const report = (server: GivenServer, body: string, path = WORK): Promise<Answer> => server.send('REPORT', path, body, { Depth: '1' });
/** Names of the objects that a filter inside VCALENDAR finds. */
export const found = async (server: GivenServer, filter: string, more = ''): Promise<readonly string[]> => {
  const answer = await report(server, query(filter, '<D:getetag/>', more));
  if (answer.status !== 207) throw new Error(answer.text);
  return [...answer.rows().keys()].map((href) => href.slice(WORK.length, -4)).toSorted();
};
/** The calendar data of one object, lines as they are. */
export const dataOf = (answer: Answer, name: string): readonly string[] => answer.rows().get(`${WORK}${name}.ics`)!.properties.get('calendar-data')!.text.split('\n').filter((line) => line !== '');
