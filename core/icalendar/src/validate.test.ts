import { describe, expect, it } from 'vitest';
import { NOW, calendar, component, event, octets, text, todo } from '../fixtures/given.ts';
import { parse } from './parse.ts';
import { describeProblem } from './problem.ts';
import type { ProblemKind } from './problem.ts';
import { readObject } from './read-object.ts';
import { countAttachments, countAttendees, strayOverrides, validate } from './validate.ts';

const START = 'DTSTART:20260303T160000Z';
const problemsOf = (body: Uint8Array, rules = {}) => readObject(body, { now: NOW, rules }).problems ?? [];
const kinds = (body: Uint8Array, rules = {}) => problemsOf(body, rules).map(({ kind }) => kind);

describe('readObject refuses', () => {
  it.each<[string, ProblemKind, string, Uint8Array]>([
    ['METHOD', 'valid-calendar-object-resource', 'RFC 4791 §4.1', calendar('METHOD:REQUEST', event(START))],
    ['two kinds', 'valid-calendar-object-resource', 'RFC 4791 §4.1', calendar(event(START), todo())],
    ['two masters', 'valid-calendar-object-resource', 'RFC 4791 §4.1', calendar(event(START), event(START))],
    ['two overrides of one instance', 'valid-calendar-object-resource', 'RFC 4791 §4.1', calendar(event(START, 'RECURRENCE-ID:20260303T160000Z'), event(START, 'RECURRENCE-ID:20260303T160000Z'))],
    ['no UID', 'valid-calendar-object-resource', 'RFC 5545 §3.8.4.7', calendar('BEGIN:VEVENT', START, 'END:VEVENT')],
    ['two UIDs', 'valid-calendar-object-resource', 'RFC 4791 §4.1', calendar(event(START), event(START, 'RECURRENCE-ID:20260303T160000Z').replace('UID:a', 'UID:b'))],
    ['nothing but components of a client\'s own', 'valid-calendar-object-resource', 'RFC 4791 §4.1', calendar('BEGIN:X-PLAN', 'END:X-PLAN')],
    ['a component that is none', 'valid-calendar-object-resource', 'RFC 4791 §4.1', calendar('BEGIN:VCARD', 'END:VCARD')],
    ['zones alone', 'valid-calendar-data', 'RFC 5545 §3.6', calendar('BEGIN:VTIMEZONE', 'TZID:x', 'END:VTIMEZONE')],
    ['the internal component of per-user data', 'valid-calendar-data', 'RFC 4791 §5.3.2.1', calendar(event(START), 'BEGIN:X-CALENDARSERVER-PERUSER', 'END:X-CALENDARSERVER-PERUSER')],
    ['another version', 'valid-calendar-data', 'RFC 5545 §3.7.4', octets('BEGIN:VCALENDAR', 'VERSION:1.0', event(START), 'END:VCALENDAR')],
    ['another calendar scale', 'valid-calendar-data', 'RFC 5545 §3.7.1', calendar('CALSCALE:HEBREW', event(START))],
    ['an event without start', 'valid-calendar-data', 'RFC 5545 §3.6.1', calendar(event())],
    ['31 February', 'valid-calendar-data', 'RFC 5545 §3.8.2.4', calendar(event('DTSTART:20240231T100000Z'))],
    ['29 February of a common year', 'valid-calendar-data', 'RFC 5545 §3.8.2.4', calendar(event('DTSTART;VALUE=DATE:20250229'))],
    ['25 o’clock', 'valid-calendar-data', 'RFC 5545 §3.8.2.2', calendar(event(START, 'DTEND:20260303T250000Z'))],
    ['an end before the start', 'valid-calendar-data', 'RFC 5545 §3.8.2.2', calendar(event(START, 'DTEND:20260303T150000Z'))],
    ['DTEND and DURATION that disagree', 'valid-calendar-data', 'RFC 5545 §3.6.1', calendar(event(START, 'DTEND:20260303T170000Z', 'DURATION:PT2H'))],
    ['a negative duration', 'valid-calendar-data', 'RFC 5545 §3.8.2.5', calendar(event(START, 'DURATION:-PT2H'))],
    ['what is no duration', 'valid-calendar-data', 'RFC 5545 §3.3.6', calendar(event(START, 'DURATION:2 hours'))],
    ['a broken rule', 'valid-calendar-data', 'RFC 5545 §3.3.10', calendar(event(START, 'RRULE:FREQ=SOMETIMES'))],
    ['another rule scale', 'supported-rscale', 'RFC 7529 §7', calendar(event(START, 'RRULE:RSCALE=CHINESE;FREQ=YEARLY'))],
    ['a bad EXDATE among good ones', 'valid-calendar-data', 'RFC 5545 §3.8.5.1', calendar(event(START, 'EXDATE:20260303T160000Z,tomorrow'))],
    ['a bad period', 'valid-calendar-data', 'RFC 5545 §3.3.9', calendar(event(START, 'RDATE;VALUE=PERIOD:20260303T160000Z/soon'))],
    ['two different starts', 'valid-calendar-data', 'RFC 5545 §3.6', calendar(event(START, 'DTSTART:20260304T160000Z'))],
    ['THISANDPRIOR', 'valid-calendar-data', 'RFC 5545 §3.2.13', calendar(event(START, 'RECURRENCE-ID;RANGE=THISANDPRIOR:20260303T160000Z'))],
    ['a SEQUENCE that is no number', 'valid-calendar-data', 'RFC 5545 §3.8.7.4', calendar(event(START, 'SEQUENCE:first'))],
    ['a trigger that is none', 'valid-calendar-data', 'RFC 5545 §3.8.6.3', calendar(event(START, 'BEGIN:VALARM', 'TRIGGER:soon', 'END:VALARM'))],
    ['an alarm acknowledged at a floating time', 'valid-calendar-data', 'RFC 9074 §6.1', calendar(event(START, 'BEGIN:VALARM', 'TRIGGER:-PT8M', 'ACKNOWLEDGED:20260303T160000', 'END:VALARM'))],
    ['a zone nobody knows', 'valid-timezone', 'RFC 5545 §3.2.19', calendar(event('DTSTART;TZID=Mars/Olympus:20260303T160000'))],
    ['a VTIMEZONE without observance', 'valid-timezone', 'RFC 5545 §3.6.5', calendar('BEGIN:VTIMEZONE', 'TZID:Mars/Olympus', 'END:VTIMEZONE', event('DTSTART;TZID=Mars/Olympus:20260303T160000'))],
  ])('%s', (_, kind, rule, body) => {
    expect(problemsOf(body)[0]).toMatchObject({ kind, rule });
  });

  it('a kind that the calendar does not take (RFC 4791 §5.2.3)', () => {
    expect(kinds(calendar(todo()), { components: ['VEVENT'] })).toEqual(['supported-calendar-component']);
    expect(kinds(calendar(todo()), { components: ['VEVENT', 'VTODO'] })).toEqual([]);
  });

  it('with the line of the offending text', () => {
    const [problem] = problemsOf(calendar(event(START, 'SUMMARY:x', 'DTEND:20260231T160000Z')));
    expect(problem?.line).toBe(9);
    expect(describeProblem(problem!)).toBe('line 9: DTEND "20260231T160000Z" is no date or time that exists (RFC 5545 §3.8.2.2)');
  });
});

describe('readObject takes what old clients send', () => {
  it.each([
    ['overrides without a master (RFC 4791 §4.1)', calendar(event(START, 'RECURRENCE-ID:20260303T160000Z'))],
    ['an override before its master', calendar(event(START, 'RECURRENCE-ID:20260304T160000Z'), event(START, 'RRULE:FREQ=DAILY'))],
    ['an end of another kind, before the start', calendar(event(START, 'DTEND;VALUE=DATE:20060711'))],
    ['an end on another clock, before the start', calendar(event(START, 'DTEND;TZID=Europe/Berlin:20060711T120000'))],
    ['a date without VALUE=DATE', calendar(event('DTSTART:20260303'))],
    ['UTC beside a TZID', calendar(event('DTSTART;TZID=Mars/Olympus:20260303T160000Z'))],
    ['a zone known by name alone (RFC 7809)', calendar(event('DTSTART;TZID=Europe/Berlin:20260303T160000'))],
    ['an empty EXDATE', calendar(event(START, 'EXDATE:'))],
    ['a due date before the start', calendar(todo(START, 'DUE:20260303T150000Z'))],
    ['unknown states and parameters', calendar(todo('STATUS;REASON={com.example}x;SUBSTATE=ERROR:FAILED'))],
    ['an alarm acknowledged in UTC', calendar(event(START, 'BEGIN:VALARM', 'TRIGGER:-PT8M', 'ACKNOWLEDGED:20260303T160000Z', 'END:VALARM'))],
    ['a second that leaps', calendar(event('DTSTART:20161231T235960Z'))],
    ['journals, busy times, availability', calendar(component('VJOURNAL'))],
    ['components of a client\'s own, in the object and in its parts (RFC 4791 §5.3.3)', calendar('BEGIN:X-PLAN', 'X-STEP:one', 'END:X-PLAN', event(START, 'BEGIN:X-PLAN', 'X-STEP:two', 'END:X-PLAN'))],
  ])('%s', (_, body) => {
    expect(problemsOf(body).map(describeProblem)).toEqual([]);
  });

  it('an override that fits no instance, unless it is told to be strict (RFC 5545 §3.8.4.4)', () => {
    const body = calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=3'), event(START, 'RECURRENCE-ID:20260304T160000Z'), event(START, 'RECURRENCE-ID:20260304T170000Z'));
    expect(kinds(body)).toEqual([]);
    expect(kinds(body, { overridesMustFit: true })).toEqual(['valid-calendar-data']);
    expect(strayOverrides(parse(body).object!)).toHaveLength(1);
  });

  it('overrides on another clock than the master’s', () => {
    const body = calendar(event('DTSTART;TZID=Europe/Berlin:20260302T090000', 'RRULE:FREQ=DAILY'), event(START, 'RECURRENCE-ID:20260303T080000Z'), event(START, 'RECURRENCE-ID;TZID=America/New_York:20260304T030000'));
    expect(kinds(body, { overridesMustFit: true })).toEqual([]);
  });
});

describe('repair', () => {
  const repairsOf = (body: Uint8Array) => readObject(body, { now: NOW });

  it('touches nothing in a good object', () => {
    const body = calendar(event(START));
    const { object, repairs } = repairsOf(body);
    expect(repairs).toEqual([]);
    expect(object?.octets).toEqual(body);
  });

  it('supplies DTSTAMP, PRODID and VERSION (RFC 5545 §3.6)', () => {
    const { object, repairs } = repairsOf(octets('BEGIN:VCALENDAR', 'BEGIN:VEVENT', 'UID:a', START, 'END:VEVENT', 'END:VCALENDAR'));
    expect(repairs).toEqual(['supplied DTSTAMP (RFC 5545 §3.6)', 'supplied VERSION, PRODID (RFC 5545 §3.6)']);
    expect(text(object!.octets)).toBe(text(octets('BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Kalends//Kalends//EN', 'BEGIN:VEVENT', 'DTSTAMP:20260921T141320Z', 'UID:a', START, 'END:VEVENT', 'END:VCALENDAR')));
  });

  it('reads P1DT as P1D (RFC 5545 §3.3.6)', () => {
    const { object, repairs } = repairsOf(calendar(event('DTSTART;VALUE=DATE:20260427', 'DURATION:P1DT')));
    expect(repairs).toHaveLength(1);
    expect(text(object!.octets)).toContain('\r\nDURATION:P1D\r\n');
  });

  it('leaves P1DT as it is where a deployment wants that: it means the same', () => {
    const body = calendar(event('DTSTART;VALUE=DATE:20260427', 'DURATION:P1DT'));
    expect(readObject(body, { now: NOW, keepDurations: true })).toMatchObject({ repairs: [], object: { octets: body } });
    expect(readObject(calendar(event(START, 'DURATION:P1X')), { now: NOW, keepDurations: true }).problems?.[0]?.rule).toBe('RFC 5545 §3.3.6');
  });

  it('unescapes commas in URIs, and in nothing else (RFC 5545 §3.3.13)', () => {
    const { object } = repairsOf(calendar(event(START, 'URL:http://www.example.com/abc\\,def', 'X-TEXT:a\\,b', 'X-URI;VALUE=URI:geo:1\\,2')));
    expect(text(object!.octets)).toContain('URL:http://www.example.com/abc,def\r\nX-TEXT:a\\,b\r\nX-URI;VALUE=URI:geo:1,2\r\n');
  });

  it('leaves out a DURATION that repeats DTEND (RFC 5545 §3.6.1)', () => {
    const { object, repairs } = repairsOf(calendar(event(START, 'DTEND:20260303T170000Z', 'DURATION:PT1H')));
    expect(repairs).toHaveLength(1);
    expect(text(object!.octets)).not.toContain('DURATION');
  });

  it('tells that a byte order mark went', () => {
    expect(repairsOf(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), calendar(event(START))])).repairs).toEqual(['left out the byte order mark']);
  });

  it('keeps X- properties and parameters of any form verbatim', () => {
    const odd = ['X-TEXT;P=Hello^World:test', 'X-APPLE-STRUCTURED-LOCATION;VALUE=URI:geo:123.123,123.123', 'X-Test:Just some text\\, <- here.'];
    const { object } = repairsOf(calendar(event('DTSTART;VALUE=DATE:20260427', 'DURATION:P1DT', ...odd)));
    for (const line of odd) expect(text(object!.octets)).toContain(`\r\n${line}\r\n`);
  });
});

describe('counts', () => {
  it('distinct attendees over all components (RFC 4791 §5.2.9), most attachments of one', () => {
    const body = calendar(event(START, 'ATTENDEE:mailto:a@x', 'ATTENDEE:MAILTO:A@x', 'ATTACH:http://1'), event(START, 'RECURRENCE-ID:20260303T160000Z', 'ATTENDEE:mailto:b@x', 'ATTACH:http://1', 'ATTACH:http://2'));
    const object = parse(body).object!;
    expect([countAttendees(object), countAttachments(object), validate(object).length]).toEqual([2, 2, 0]);
  });
});
