import { describe, expect, it } from 'vitest';
import { calendar, component, event, factsOf, fixtures, objectOf, octets, text, todo, utc } from '../fixtures/given.ts';
import type { ComponentSelection } from './calendar-data.ts';
import { expandOctets } from './expand.ts';
import { MAX_EXPANDED } from './limits.ts';
import { renderer, toJson } from './render.ts';
import { knownZone } from './zones.ts';

const lines = (bytes: Uint8Array) => text(bytes).trimEnd().split('\r\n');
const select = (name: string, properties: ComponentSelection['properties'], components: ComponentSelection['components'] = []): ComponentSelection => ({ name, properties, components });
const named = (...names: string[]) => names.map((name) => ({ name, novalue: false }));
const day = (n: number) => ({ start: utc(2026, 3, n), end: utc(2026, 3, n + 1) });

describe('partial calendar-data (RFC 4791 §9.6.1 to §9.6.4)', () => {
  const body = calendar('X-WR-CALNAME:x', event('DTSTART:20260303T160000Z', 'SUMMARY:s', 'ATTENDEE;CN="A, B":mailto:a@b', 'BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT1M', 'END:VALARM'));

  it('gives the octets back when everything is asked for', () => {
    expect(renderer({}).verbatim).toBe(true);
    expect(renderer({ component: select('VCALENDAR', 'all', 'all') }).verbatim).toBe(true);
    expect(renderer({ component: select('VCALENDAR', []) }).verbatim).toBe(true);
  });

  it('keeps the named properties and components, in the order of the object', () => {
    const { render, verbatim } = renderer({ component: select('VCALENDAR', named('VERSION'), [select('VEVENT', named('SUMMARY', 'UID'))]) });
    expect(verbatim).toBe(false);
    expect(lines(render(body, undefined))).toEqual(['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VEVENT', 'UID:a', 'SUMMARY:s', 'END:VEVENT', 'END:VCALENDAR']);
  });

  it('takes a component without children for the whole of it (§7.8.1)', () => {
    const { render } = renderer({ component: select('VCALENDAR', named('VERSION'), [select('VEVENT', named('UID'), [select('VALARM', [])])]) });
    expect(lines(render(body, undefined))).toEqual(['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VEVENT', 'UID:a', 'BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT1M', 'END:VALARM', 'END:VEVENT', 'END:VCALENDAR']);
  });

  it('leaves the value out where asked (novalue, §9.6.4)', () => {
    const { render } = renderer({ component: select('VCALENDAR', [], [select('VEVENT', [{ name: 'ATTENDEE', novalue: true }])]) });
    expect(text(render(body, undefined))).toContain('\r\nATTENDEE;CN="A, B":\r\n');
  });

  it('gives back what it cannot read', () => {
    const broken = octets('BEGIN:VCALENDAR');
    expect(renderer({ component: select('VCALENDAR', named('VERSION')) }).render(broken, undefined)).toBe(broken);
  });
});

describe('CALDAV:expand (RFC 4791 §9.6.5)', () => {
  const both = (body: Uint8Array, range: { start: number; end: number }, zone?: Parameters<typeof expandOctets>[3]) => {
    const [fast, slow] = [expandOctets(body, factsOf(body), range, zone), expandOctets(body, undefined, range, zone)];
    const sorted = (bytes: Uint8Array) => lines(bytes).sort();
    expect(sorted(fast)).toEqual(sorted(slow));
    return fast;
  };

  it('names the instance and keeps DURATION as it was given', () => {
    const body = calendar(event('DTSTART;TZID=America/New_York:20260303T100000', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=5', 'SUMMARY:s'));
    expect(lines(both(body, day(4)))).toEqual([
      'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Kalends//Tests//EN', 'BEGIN:VEVENT', 'DTSTART:20260304T150000Z', 'RECURRENCE-ID:20260304T150000Z', 'UID:a', 'DTSTAMP:20260101T000000Z', 'DURATION:PT1H', 'SUMMARY:s', 'END:VEVENT', 'END:VCALENDAR',
    ]);
  });

  it('writes DTEND where a day of the zone has 23 hours', () => {
    const body = calendar(event('DTSTART;TZID=America/New_York:20260307T100000', 'DURATION:P1D', 'RRULE:FREQ=DAILY;COUNT=5'));
    expect(text(both(body, day(8)))).toContain('DTSTART:20260307T150000Z\r\nDTEND:20260308T140000Z\r\n');
  });

  it('gives an object that does not recur no RECURRENCE-ID', () => {
    const body = calendar(event('DTSTART;TZID=America/New_York:20260303T100000', 'DTEND;TZID=America/New_York:20260303T110000'));
    const expanded = text(both(body, day(3)));
    expect(expanded).toContain('DTSTART:20260303T150000Z');
    expect(expanded).not.toMatch(/RECURRENCE-ID|TZID/);
  });

  it('gives the calendar alone when no instance is in range', () => {
    expect(lines(both(calendar(event('DTSTART:20260303T100000Z')), day(9)))).toEqual(['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Kalends//Tests//EN', 'END:VCALENDAR']);
  });

  it('expands RDATE periods with their own lengths (RFC 5545 §3.8.5.2)', () => {
    const expanded = text(both(fixtures().get('rdate-periods.ics')!, { start: utc(2026, 2, 1), end: utc(2026, 3, 1) }));
    expect(expanded).toContain('DTSTART:20260209T150000Z\r\nDTEND:20260209T180000Z');
    expect(expanded).toContain('DTSTART:20260216T160000Z\r\nDTEND:20260216T163000Z');
  });

  it('follows an override of this and all future instances (RFC 5545 §3.2.13)', () => {
    const body = fixtures().get('this-and-future.ics')!;
    const expanded = text(both(body, { start: utc(2026, 1, 20), end: utc(2026, 4, 1) }));
    const found = [...expanded.matchAll(/DTSTART:(\S+)\r\nRECURRENCE-ID:(\S+)\r\n/g)].map(([, start, id]) => [start, id]);
    expect(found).toEqual([
      ['20260126T150000Z', '20260126T150000Z'], ['20260202T190000Z', '20260202T150000Z'], ['20260209T190000Z', '20260209T150000Z'], ['20260216T190000Z', '20260216T150000Z'],
      // Summer time began on 8 March.
      ['20260223T190000Z', '20260223T150000Z'], ['20260302T190000Z', '20260302T150000Z'], ['20260309T180000Z', '20260309T140000Z'],
    ]);
    expect(expanded.match(/in the afternoon/g)).toHaveLength(6);
  });

  it('gives the first instance no RECURRENCE-ID: it is the master; where that is excluded or moved, the others keep theirs', () => {
    const rule = 'RRULE:FREQ=DAILY;COUNT=3';
    const ids = (body: Uint8Array): readonly (string | undefined)[] => [...text(both(body, { start: utc(2026, 3, 1), end: utc(2026, 3, 9) })).matchAll(/RECURRENCE-ID(\S*)/g)].map(([, id]) => id);
    expect(ids(calendar(event('DTSTART:20260303T100000Z', rule)))).toEqual([':20260304T100000Z', ':20260305T100000Z']);
    expect(ids(calendar(event('DTSTART:20260303T100000Z', 'EXDATE:20260303T100000Z', rule)))).toEqual([':20260304T100000Z', ':20260305T100000Z']);
    expect(ids(calendar(event('DTSTART;VALUE=DATE:20260303', rule)))).toEqual([';VALUE=DATE:20260304', ';VALUE=DATE:20260305']);
    const moved = calendar(event('DTSTART:20260303T100000Z', rule), event('RECURRENCE-ID:20260303T100000Z', 'DTSTART:20260303T120000Z'));
    expect(ids(moved)).toEqual([':20260303T100000Z', ':20260304T100000Z', ':20260305T100000Z']);
  });

  it('gives every instance its RECURRENCE-ID where facts of earlier days do not tell the first', () => {
    const body = calendar(event('DTSTART:20260303T100000Z', 'RRULE:FREQ=DAILY;COUNT=3'));
    const facts = factsOf(body);
    const earlier = { ...facts, slices: facts.slices.subarray(0, facts.slices.length - 5) };
    expect(text(expandOctets(body, earlier, day(3), undefined))).toContain('RECURRENCE-ID:20260303T100000Z');
    expect(text(expandOctets(body, facts, day(3), undefined))).not.toContain('RECURRENCE-ID');
  });

  it('expands to-dos by DUE, and leaves undated ones alone', () => {
    const body = calendar(todo('DTSTART;TZID=Europe/Berlin:20260303T100000', 'DUE;TZID=Europe/Berlin:20260303T110000', 'RRULE:FREQ=DAILY;COUNT=4'));
    expect(text(expandOctets(body, factsOf(body), day(5), undefined))).toContain('DTSTART:20260305T090000Z\r\nRECURRENCE-ID:20260305T090000Z\r\nDUE:20260305T100000Z\r\n');
    const undated = calendar(todo('SUMMARY:s'));
    expect(lines(expandOctets(undated, factsOf(undated), day(5), undefined))).toEqual(lines(undated));
  });

  it('keeps dates and floating times, read on the clock of the question', () => {
    const body = calendar(event('DTSTART;VALUE=DATE:20260303', 'RRULE:FREQ=DAILY;COUNT=3'));
    const range = { start: utc(2026, 3, 3, 23), end: utc(2026, 3, 3, 24) };
    expect(text(both(body, range, knownZone('Europe/Berlin')))).toContain('DTSTART;VALUE=DATE:20260304\r\nRECURRENCE-ID;VALUE=DATE:20260304\r\n');
    expect(text(both(body, range))).toContain('DTSTART;VALUE=DATE:20260303\r\n');
  });

  it('gives the asked properties of instances (§7.8.3)', () => {
    const { render } = renderer({ expand: day(4), component: select('VCALENDAR', 'all', [select('VEVENT', named('UID', 'DTSTART'))]) });
    const body = calendar(event('DTSTART:20260303T100000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=5', 'SUMMARY:s'));
    expect(lines(render(body, factsOf(body))).slice(3, -1)).toEqual(['BEGIN:VEVENT', 'DTSTART:20260304T100000Z', 'UID:a', 'END:VEVENT']);
  });

  it('goes beyond what the facts cover, and never beyond its limit', () => {
    const body = calendar(event('DTSTART:20260303T100000Z', 'RRULE:FREQ=DAILY'));
    const later = { start: utc(2050, 1, 1), end: utc(2050, 1, 2) };
    expect(text(expandOctets(body, factsOf(body), later, undefined))).toContain('DTSTART:20500101T100000Z');
    const minutes = calendar(event('DTSTART:20260303T100000Z', 'RRULE:FREQ=MINUTELY'));
    const expanded = text(expandOctets(minutes, undefined, { start: utc(2026, 4, 1), end: utc(2026, 5, 1) }, undefined));
    expect(expanded.match(/BEGIN:VEVENT/g)).toHaveLength(MAX_EXPANDED);
  });

  it('copies by octets, whatever the language', () => {
    const body = fixtures().get('apple-macos-weekly.ics')!;
    const expanded = both(body, { start: utc(2026, 2, 1), end: utc(2026, 2, 12) });
    expect(text(expanded)).toContain("SUMMARY:Réunion d'équipe (mercredi)\r\n");
    expect(objectOf(expanded).parts).toHaveLength(2);
  });
});

describe('limits (RFC 4791 §9.6.6, §9.6.7)', () => {
  it('limit-recurrence-set keeps the master and the overrides that matter', () => {
    const override = (id: number, to: number) => event(`RECURRENCE-ID:202603${id}T100000Z`, `DTSTART:202603${to}T120000Z`, 'DURATION:PT1H');
    const body = calendar(event('DTSTART:20260301T100000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY'), override(10, 10), override(11, 20), override(12, 11), override(15, 15));
    const { render } = renderer({ limitRecurrenceSet: day(11) });
    const kept = [...text(render(body, undefined)).matchAll(/RECURRENCE-ID:202603(\d\d)/g)].map(([, n]) => n);
    expect(kept).toEqual(['11', '12']);
    expect(text(render(body, undefined))).toContain('RRULE:FREQ=DAILY');
    const single = calendar(event('DTSTART:20260301T100000Z'));
    expect(render(single, factsOf(single))).toBe(single);
  });

  it('limit-freebusy-set keeps the periods that overlap', () => {
    const body = calendar(component('VFREEBUSY', 'FREEBUSY:20260303T090000Z/PT1H,20260305T090000Z/PT1H', 'FREEBUSY;FBTYPE=FREE:20260307T090000Z/PT1H'));
    const { render } = renderer({ limitFreebusySet: day(5) });
    expect(lines(render(body, undefined)).filter((line) => line.startsWith('FREEBUSY'))).toEqual(['FREEBUSY:20260305T090000Z/PT1H']);
    const other = calendar(event('DTSTART:20260301T100000Z'));
    expect(text(render(other, undefined))).toBe(text(other));
  });
});

describe('jCal (RFC 7265)', () => {
  it('types what it knows and leaves the rest as text', () => {
    const body = calendar(event('DTSTART:20260303', 'RRULE:FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20270101', 'CATEGORIES:a,b', 'GEO:1.5;2.5', 'SEQUENCE:2', 'X-A;X-B=c,d:e\\,f', 'ATTENDEE;MEMBER="mailto:a@b","mailto:c@d","mailto:e@f":mailto:m@n', 'EXDATE;VALUE=DATE:20260309,20260310', 'FREEBUSY:nonsense'));
    const [name, properties, components] = JSON.parse(text(toJson(body))) as [string, unknown[], [string, unknown[]][]];
    expect([name, properties]).toEqual(['vcalendar', [['version', {}, 'text', '2.0'], ['prodid', {}, 'text', '-//Kalends//Tests//EN']]]);
    expect(components[0]![1].slice(2)).toEqual([
      ['dtstart', {}, 'date', '2026-03-03'], ['rrule', {}, 'recur', { freq: 'WEEKLY', byday: ['MO', 'TU'], until: '2027-01-01' }], ['categories', {}, 'text', 'a', 'b'], ['geo', {}, 'float', [1.5, 2.5]], ['sequence', {}, 'integer', 2],
      ['x-a', { 'x-b': ['c', 'd'] }, 'unknown', 'e\\,f'], ['attendee', { member: ['mailto:a@b', 'mailto:c@d', 'mailto:e@f'] }, 'cal-address', 'mailto:m@n'], ['exdate', {}, 'date', '2026-03-09', '2026-03-10'], ['freebusy', {}, 'unknown', 'nonsense'],
    ]);
  });
});
