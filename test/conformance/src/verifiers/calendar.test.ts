import { describe, expect, it } from 'vitest';
import { calendar, event, verification } from '../verification.fixture.ts';
import type { GivenAnswer } from '../verification.fixture.ts';
import { calendarDataMatch, freeBusy, jcalDataMatch, jsonPointerMatch, postFreeBusy } from './calendar.ts';

const START = 'DTSTART:20270427T120000Z';
const compare = (file: string, body: string, values: Readonly<Record<string, readonly string[]>> = {}, more: GivenAnswer = {}) => calendarDataMatch(verification({ filepath: ['f.ics'], ...values }, { body, files: { 'f.ics': file }, ...more }));

describe('calendarDataMatch', () => {
  it.each<[string, string, string]>([
    ['the order of properties', event(START, 'SUMMARY:a'), event('SUMMARY:a', START)],
    ['folds', event(START, 'SUMMARY:a long one'), event(START, 'SUMMARY:a lo\r\n ng one')],
    ['escapes that mean the same', event(START, 'SUMMARY:a\\Nb'), event(START, 'SUMMARY:a\\nb')],
    ['the order of a rule’s parts', event(START, 'RRULE:FREQ=DAILY;COUNT=2;INTERVAL=1'), event(START, 'RRULE:COUNT=2;FREQ=DAILY')],
    ['dates on one line or two', event(START, 'EXDATE:20270428T120000Z,20270429T120000Z'), event(START, 'EXDATE:20270428T120000Z', 'EXDATE:20270429T120000Z')],
    ['durations', event(START, 'DURATION:PT60M'), event(START, 'DURATION:PT1H')],
    ['default types', event('DTSTART;VALUE=DATE-TIME:20270427T120000Z'), event(START)],
    ['an override that changes nothing', event('DTSTART;VALUE=DATE:20270427', 'RRULE:FREQ=DAILY;COUNT=3'), calendar('BEGIN:VEVENT', 'UID:a', 'DTSTART;VALUE=DATE:20270427', 'RRULE:FREQ=DAILY;COUNT=3', 'END:VEVENT', 'BEGIN:VEVENT', 'UID:a', 'RECURRENCE-ID;VALUE=DATE:20270428', 'DTSTART;VALUE=DATE:20270428', 'END:VEVENT')],
  ])('does not mind %s', async (_, file, body) => {
    expect(await compare(file, body)).toEqual([]);
  });
  it.each<[string, string, string]>([
    ['another value', event(START, 'SUMMARY:a'), event(START, 'SUMMARY:b')],
    ['a parameter', event(START, 'SUMMARY:a'), event(START, 'SUMMARY;LANGUAGE=de:a')],
    ['a property more', event(START), event(START, 'LOCATION:x')],
    ['a component more', event(START), event(START, 'BEGIN:VALARM', 'TRIGGER:PT0S', 'END:VALARM')],
    ['another rule', event(START, 'RRULE:FREQ=DAILY;COUNT=2'), event(START, 'RRULE:FREQ=DAILY;COUNT=3')],
    ['an override that changes something', event(START, 'RRULE:FREQ=DAILY'), calendar('BEGIN:VEVENT', 'UID:a', START, 'RRULE:FREQ=DAILY', 'END:VEVENT', 'BEGIN:VEVENT', 'UID:a', 'RECURRENCE-ID:20270428T120000Z', 'DTSTART:20270428T130000Z', 'END:VEVENT')],
  ])('minds %s', async (_, file, body) => {
    expect(await compare(file, body)).not.toEqual([]);
  });
  it('drops what the server’s description and the script say, and keeps what the script insists on', async () => {
    const [file, body] = [event(START, 'DTSTAMP:1', 'PRIORITY:0', 'ATTENDEE:mailto:a'), event(START, 'DTSTAMP:2', 'ATTENDEE;X-A=1;EMAIL=a@b:mailto:a', 'UID:b')];
    const calendarFilters = ['DTSTAMP', 'PRIORITY=0', 'ATTENDEE:X-A'];
    expect(await compare(file, body, { filter: ['UID'] }, { calendarFilters })).toEqual([]);
    expect(await compare(file, body, { filter: ['UID', '!DTSTAMP'] }, { calendarFilters })).not.toEqual([]);
    expect(await compare(file, body, { filter: ['UID'] }, { calendarFilters, features: ['EMAIL parameter'] })).not.toEqual([]);
  });
  it('counts time zones only where they are not known by reference', async () => {
    const zoned = calendar('BEGIN:VTIMEZONE', 'TZID:X', 'END:VTIMEZONE', 'BEGIN:VEVENT', 'UID:a', START, 'END:VEVENT');
    expect(await compare(event(START), zoned, {}, { features: ['timezones-by-reference'] })).toEqual([]);
    expect(await compare(event(START), zoned, { doTimezones: ['true'] }, { features: ['timezones-by-reference'] })).not.toEqual([]);
  });
  it('fails on another status, no body, and what is no calendar', async () => {
    expect(await compare('', event(START), {}, { status: 404 })).toEqual(['HTTP status 404']);
    expect(await compare(event(START), event(START), { status: ['412'] }, { status: 412 })).toEqual([]);
    expect(await compare(event(START), '')).toEqual(['no body']);
    await expect(compare(event(START), 'BEGIN:VCALENDAR\r\n')).rejects.toThrow('not a whole VCALENDAR');
  });
});

describe('jcalDataMatch', () => {
  const jcal = (summary: string, start = '2027-04-27T12:00:00Z') => JSON.stringify(['vcalendar', [], [['vevent', [['dtstart', {}, 'date-time', start], ['summary', {}, 'text', summary], ['rrule', {}, 'recur', { freq: 'DAILY', count: 2 }]], []]]]);
  it('passes on jCal that means the same, and fails on other jCal and on iCalendar', async () => {
    const given = (body: string) => jcalDataMatch(verification({ filepath: ['f'] }, { body, files: { f: jcal('a') } }));
    expect(await given(jcal('a').replace('{"freq":"DAILY","count":2}', '{"count":2,"freq":"DAILY"}'))).toEqual([]);
    expect(await given(jcal('b'))).not.toEqual([]);
    await expect(given(event(START))).rejects.toThrow();
  });
});

describe('freeBusy', () => {
  const body = calendar('BEGIN:VFREEBUSY', 'FREEBUSY:20270101T100000Z/PT1H,20270101T120000Z/20270101T130000Z', 'FREEBUSY;FBTYPE=BUSY-TENTATIVE:20270102T100000Z/PT1H', 'END:VFREEBUSY');
  const busy = ['20270101T120000Z/20270101T130000Z', '20270101T100000Z/20270101T110000Z'];
  it('passes on exactly these periods', () => {
    expect(freeBusy(verification({ busy, tentative: ['20270102T100000Z/20270102T110000Z'] }, { body }))).toEqual([]);
  });
  it('fails on more, less, others, another status and no free-busy', () => {
    expect(freeBusy(verification({ busy }, { body }))).toHaveLength(1);
    expect(freeBusy(verification({ busy: [busy[0]!], tentative: ['20270102T100000Z/20270102T120000Z'], unavailable: ['x'] }, { body }))).toHaveLength(3);
    expect(freeBusy(verification({ busy }, { body, status: 207 }))).toEqual(['HTTP status 207']);
    expect(() => freeBusy(verification({}, { body: event(START) }))).toThrow('0 VFREEBUSY');
  });
});

describe('postFreeBusy', () => {
  const data = calendar('BEGIN:VFREEBUSY', 'ATTENDEE:mailto:a@b', 'FREEBUSY:20270101T100000Z/PT1H', 'END:VFREEBUSY', 'BEGIN:VEVENT', 'UID:x', 'END:VEVENT');
  const body = `<C:schedule-response xmlns:C="urn:ietf:params:xml:ns:caldav"><C:response><C:calendar-data>${data}</C:calendar-data></C:response></C:schedule-response>`;
  const busy = ['20270101T100000Z/20270101T110000Z'];
  it('passes on the periods and events of the attendee', () => {
    expect(postFreeBusy(verification({ attendee: ['mailto:a@b'], busy, events: ['1'] }, { body }))).toEqual([]);
  });
  it('fails on other periods, another number of events, another attendee, another status', () => {
    expect(postFreeBusy(verification({ attendee: ['mailto:a@b'], events: ['0'] }, { body }))).toHaveLength(2);
    expect(postFreeBusy(verification({ attendee: ['mailto:c@d'], busy }, { body }))).toEqual(['no data about mailto:c@d']);
    expect(postFreeBusy(verification({ attendee: ['mailto:a@b'], busy }, { body, status: 403 }))).toEqual(['HTTP status 403']);
  });
});

describe('jsonPointerMatch', () => {
  const headers = [['Content-Type', 'application/json; charset=utf-8']] as const;
  const body = JSON.stringify({ dtstamp: 'now', zones: [{ tzid: 'A/B', aliases: ['C'] }, { tzid: 'D' }], offset: -18000, 'a/b': 1 });
  it.each(['/dtstamp', '/zones/./tzid~$D', '/zones/0/tzid~$A/B', '/zones/./aliases/.~$C', '/zones/-/tzid~$D', '/offset~$-18000', '/a~1b'])('%s is found', (pointer) => {
    expect(jsonPointerMatch(verification({ exists: [pointer] }, { headers, body }))).toEqual([]);
    expect(jsonPointerMatch(verification({ notexists: [pointer] }, { headers, body }))).toHaveLength(1);
  });
  it.each(['/other', '/zones/./tzid~$E', '/zones/7/tzid', '/dtstamp/x'])('%s is not', (pointer) => {
    expect(jsonPointerMatch(verification({ exists: [pointer] }, { headers, body }))).toHaveLength(1);
  });
  it('fails on another status, another type and what is no JSON', () => {
    expect(jsonPointerMatch(verification({ status: ['400'] }, { headers, body }))).toEqual(['HTTP status 200']);
    expect(jsonPointerMatch(verification({}, { body }))).toEqual(['the content type is absent']);
    expect(() => jsonPointerMatch(verification({}, { headers, body: '{' }))).toThrow();
  });
});
