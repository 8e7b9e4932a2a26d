/** The examples of RFC 4791 §7.8, §7.9 and §7.10 over HTTP, on the calendar of its Appendix B. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GivenServer } from './caldav-server.ts';
import { APPENDIX_B, WORK, dataOf, found, givenCalendar, query, report } from './caldav-4791-given.ts';
import { NAMESPACES } from './dav.ts';

let server: GivenServer;
beforeAll(async () => { server = await givenCalendar(APPENDIX_B); });
afterAll(() => server[Symbol.asyncDispose]());

const JANUARY_4 = '<C:comp-filter name="VEVENT"><C:time-range start="20060104T000000Z" end="20060105T000000Z"/></C:comp-filter>';
const components = (lines: readonly string[]): readonly string[] => lines.filter((line) => line.startsWith('BEGIN:')).map((line) => line.slice(6));

describe('calendar-query', () => {
  it('§7.8.1: parts of the events of a day, with their zone whole', async () => {
    const names = ['SUMMARY', 'UID', 'DTSTART', 'DTEND', 'DURATION', 'RRULE', 'RDATE', 'EXRULE', 'EXDATE', 'RECURRENCE-ID'];
    const wanted = `<C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:comp name="VEVENT">${names.map((name) => `<C:prop name="${name}"/>`).join('')}</C:comp><C:comp name="VTIMEZONE"/></C:comp>`;
    const answer = await report(server, query(JANUARY_4, `<D:getetag/><C:calendar-data>${wanted}</C:calendar-data>`));
    expect([...answer.rows().keys()]).toEqual([`${WORK}abcd2.ics`, `${WORK}abcd3.ics`]);
    const lines = dataOf(answer, 'abcd3');
    expect(lines.slice(0, 3)).toEqual(['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VTIMEZONE']);
    expect(lines.slice(lines.indexOf('BEGIN:VEVENT'))).toEqual([
      'BEGIN:VEVENT', 'DTSTART;TZID=US/Eastern:20060104T100000', 'DURATION:PT1H', 'SUMMARY:Event #3', 'UID:DC6C50A017428C5216A2F1CD@example.com', 'END:VEVENT', 'END:VCALENDAR',
    ]);
    expect(lines).toContain('RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4');
  });

  it('§7.8.2: the master and the overrides that matter for a range (limit-recurrence-set)', async () => {
    const filter = JANUARY_4.replace('20060104', '20060103');
    const answer = await report(server, query(filter, '<C:calendar-data><C:limit-recurrence-set start="20060103T000000Z" end="20060105T000000Z"/></C:calendar-data>'));
    const lines = dataOf(answer, 'abcd2');
    expect(components(lines).filter((name) => name === 'VEVENT')).toHaveLength(2);
    expect(lines).toContain('SUMMARY:Event #2 bis');
    expect(lines).not.toContain('SUMMARY:Event #2 bis bis');
    expect(lines).toContain('RRULE:FREQ=DAILY;COUNT=5');
  });

  it('§7.8.3: instances instead of a series (expand)', async () => {
    const filter = JANUARY_4.replace('20060104', '20060103');
    const answer = await report(server, query(filter, '<C:calendar-data><C:expand start="20060103T000000Z" end="20060105T000000Z"/></C:calendar-data>'));
    const events = dataOf(answer, 'abcd2').join('\n').match(/BEGIN:VEVENT[^]*?END:VEVENT/g)!.map((text) => text.split('\n').filter((line) => /^(DTSTART|DURATION|RECURRENCE-ID|SUMMARY)/.test(line)).toSorted());
    expect(events).toEqual([
      ['DTSTART:20060103T170000Z', 'DURATION:PT1H', 'RECURRENCE-ID:20060103T170000Z', 'SUMMARY:Event #2'],
      ['DTSTART:20060104T190000Z', 'DURATION:PT1H', 'RECURRENCE-ID:20060104T170000Z', 'SUMMARY:Event #2 bis'],
    ]);
    expect(dataOf(answer, 'abcd3').join('\n')).not.toMatch(/TZID|VTIMEZONE/);
  });

  it('§7.8.4: some of the periods of a VFREEBUSY (limit-freebusy-set)', async () => {
    const answer = await report(server, query(
      '<C:comp-filter name="VFREEBUSY"><C:time-range start="20060102T000000Z" end="20060103T000000Z"/></C:comp-filter>',
      '<C:calendar-data><C:limit-freebusy-set start="20060102T000000Z" end="20060103T000000Z"/></C:calendar-data>',
    ));
    expect(dataOf(answer, 'abcd8').filter((line) => line.startsWith('FREEBUSY'))).toEqual(['FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060102T100000Z/20060102T120000Z']);
  });

  it('§7.8.5: to-dos by the time of their alarms', async () => {
    expect(await found(server, '<C:comp-filter name="VTODO"><C:comp-filter name="VALARM"><C:time-range start="20060105T100000Z" end="20060107T100000Z"/></C:comp-filter></C:comp-filter>')).toEqual(['abcd5']);
  });

  it('§7.8.6: an event by its UID', async () => {
    expect(await found(server, '<C:comp-filter name="VEVENT"><C:prop-filter name="UID"><C:text-match collation="i;octet">DC6C50A017428C5216A2F1CD@example.com</C:text-match></C:prop-filter></C:comp-filter>')).toEqual(['abcd3']);
  });

  it('§7.8.7: events by the PARTSTAT of an attendee', async () => {
    const asks = (partstat: string): string => `<C:comp-filter name="VEVENT"><C:prop-filter name="ATTENDEE"><C:text-match collation="i;ascii-casemap">mailto:lisa@example.com</C:text-match><C:param-filter name="PARTSTAT"><C:text-match collation="i;ascii-casemap">${partstat}</C:text-match></C:param-filter></C:prop-filter></C:comp-filter>`;
    expect(await found(server, asks('NEEDS-ACTION'))).toEqual(['abcd3']);
    expect(await found(server, asks('ACCEPTED'))).toEqual([]);
  });

  it('§7.8.8: all events', async () => {
    expect(await found(server, '<C:comp-filter name="VEVENT"/>')).toEqual(['abcd1', 'abcd2', 'abcd3']);
  });

  it('§7.8.9: all pending to-dos', async () => {
    const pending = '<C:prop-filter name="COMPLETED"><C:is-not-defined/></C:prop-filter><C:prop-filter name="STATUS"><C:text-match negate-condition="yes">CANCELLED</C:text-match></C:prop-filter>';
    expect(await found(server, `<C:comp-filter name="VTODO">${pending}</C:comp-filter>`)).toEqual(['abcd4', 'abcd5']);
  });

  it('§7.8.10: CALDAV:supported-filter is never broken here, for every property can be searched (§7.7)', async () => {
    expect(await found(server, '<C:comp-filter name="VEVENT"><C:prop-filter name="X-ABC-GUID"><C:text-match>ABC</C:text-match></C:prop-filter></C:comp-filter>')).toEqual([]);
    expect(await found(server, '<C:comp-filter name="VEVENT"><C:prop-filter name="X-ABC-GUID"><C:text-match>e1cx5dr</C:text-match></C:prop-filter></C:comp-filter>')).toEqual(['abcd3']);
  });
});

describe('calendar-multiget', () => {
  it('§7.9.1: the named objects, 404 for what is not there', async () => {
    const answer = await report(server, `<C:calendar-multiget ${NAMESPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>${WORK}abcd1.ics</D:href><D:href>${WORK}mtg1.ics</D:href></C:calendar-multiget>`);
    expect(dataOf(answer, 'abcd1')).toContain('Description:Go Steelers!');
    expect(answer.rows().get(`${WORK}mtg1.ics`)!.status).toBe(404);
  });
});

describe('free-busy-query', () => {
  it('§7.10.1: busy and tentative time, each once', async () => {
    const answer = await report(server, `<C:free-busy-query ${NAMESPACES}><C:time-range start="20060104T140000Z" end="20060105T220000Z"/></C:free-busy-query>`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/calendar/);
    const lines = answer.text.split('\r\n');
    expect(components(lines)).toEqual(['VCALENDAR', 'VFREEBUSY']);
    expect(lines).toContain('DTSTART:20060104T140000Z');
    expect(lines).toContain('DTEND:20060105T220000Z');
    // The RFC speaks of the fourth alone; its range reaches into the fifth, where the series has an instance too.
    expect(lines.filter((line) => line.startsWith('FREEBUSY'))).toEqual(['FREEBUSY;FBTYPE=BUSY:20060104T190000Z/PT1H,20060105T170000Z/PT1H', 'FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060104T150000Z/PT1H']);
  });
});
