import { describe, expect, it } from 'vitest';
import { NOW, calendar, component, event, factsOf, fixtures, objectOf, octets, todo, utc } from '../fixtures/given.ts';
import { ACCESS_CONFIDENTIAL, CLASSIFIED, CLEAN, FLOATING, HAS_ALARM, MATCH_ALWAYS, NEEDS_VIEW, RECURRING, SCHEDULED } from './fact-flags.ts';
import { COVER_AHEAD_SECONDS, deriveFacts } from './facts.ts';
import { ALWAYS, DISTANT } from './filter.ts';
import { createItemReader } from './item-reader.ts';
import { MAX_INSTANCES, MAX_RUNS } from './limits.ts';
import { matcher } from './match.ts';
import { unpackRuns } from './occurrences.ts';
import { readSlices } from './slices.ts';
import { setProperty, withComponents, makeProperty } from './component.ts';

const START = 'DTSTART:20260303T160000Z';
const at = utc(2026, 3, 3, 16);
const HOUR = 3600;

describe('bounds', () => {
  it('reach from start to end, and over an instant', () => {
    expect(factsOf(calendar(event(START, 'DURATION:PT1H'))).bounds).toEqual({ start: at, end: at + HOUR });
    expect(factsOf(calendar(event(START))).bounds).toEqual({ start: at, end: at + 1 });
  });

  it('are widened by 14 hours for floating times and dates (RFC 4791 §7.3)', () => {
    expect(factsOf(calendar(event('DTSTART;VALUE=DATE:20260303'))).bounds).toEqual({ start: utc(2026, 3, 2, 10), end: utc(2026, 3, 4, 14) });
  });

  it('cover every trigger and repeat of an alarm (RFC 4791 §9.9)', () => {
    const alarm = (...lines: string[]) => ['BEGIN:VALARM', ...lines, 'END:VALARM'];
    expect(factsOf(calendar(event(START, 'DURATION:PT1H', ...alarm('TRIGGER:-PT2H')))).bounds.start).toBe(at - 2 * HOUR);
    expect(factsOf(calendar(event(START, 'DURATION:PT1H', ...alarm('TRIGGER;RELATED=END:PT2H')))).bounds.end).toBe(at + 3 * HOUR + 1);
    expect(factsOf(calendar(event(START, ...alarm('TRIGGER:PT0S', 'REPEAT:3', 'DURATION:PT2H')))).bounds.end).toBe(at + 6 * HOUR + 1);
    expect(factsOf(calendar(event(START, ...alarm('TRIGGER;VALUE=DATE-TIME:20260101T000000Z')))).bounds.start).toBe(utc(2026, 1, 1));
  });

  it('cover COMPLETED and CREATED of a VTODO (RFC 4791 §9.9)', () => {
    expect(factsOf(calendar(todo(START, 'COMPLETED:20260401T000000Z', 'CREATED:20260201T000000Z'))).bounds).toEqual({ start: utc(2026, 2, 1) - 1, end: utc(2026, 4, 1) + 1 });
    expect(factsOf(calendar(todo('CREATED:20260201T000000Z'))).bounds).toEqual({ start: utc(2026, 2, 1) - 1, end: utc(2026, 2, 1) + DISTANT / 4 });
  });

  it('have no end where the series or the object has none', () => {
    expect(factsOf(calendar(event(START, 'RRULE:FREQ=DAILY'))).bounds).toEqual({ start: at, end: DISTANT });
    expect(factsOf(calendar(todo())).bounds).toEqual(ALWAYS);
    expect(factsOf(calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=3'))).bounds.end).toBeGreaterThanOrEqual(at + 2 * 86_400);
  });

  it('cover overrides that were moved out of the series', () => {
    const body = calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=3'), event('RECURRENCE-ID:20260304T160000Z', 'DTSTART:20250101T000000Z'), event('RECURRENCE-ID:20260305T160000Z', 'DTSTART:20270101T000000Z'));
    expect(factsOf(body).bounds).toEqual({ start: utc(2025, 1, 1), end: utc(2027, 1, 1) + 1 });
  });
});

describe('occurrences and covered', () => {
  it('pack a weekly series on two days into two runs a season', () => {
    const { occurrences, covered } = factsOf(calendar(event('DTSTART;TZID=Europe/Berlin:20260106T090000', 'DURATION:PT1H', 'RRULE:FREQ=WEEKLY;BYDAY=TU,TH;COUNT=104')));
    expect(unpackRuns(occurrences).map(({ step }) => step)).toEqual(Array(unpackRuns(occurrences).length).fill(604_800));
    expect(unpackRuns(occurrences).length).toBeLessThanOrEqual(6);
    expect(unpackRuns(occurrences).reduce((sum, { repeats }) => sum + repeats + 1, 0)).toBe(104);
    expect(covered).toEqual(ALWAYS);
  });

  it('cover an endless series until the given moment', () => {
    expect(factsOf(calendar(event(START, 'RRULE:FREQ=DAILY')), utc(2028, 1, 1)).covered).toEqual({ start: -DISTANT, end: utc(2028, 1, 1) });
    expect(factsOf(calendar(event(START, 'RRULE:FREQ=DAILY;UNTIL=20270101T000000Z')), utc(2028, 1, 1)).covered).toEqual(ALWAYS);
    expect(factsOf(calendar(event(START, 'RRULE:FREQ=DAILY;UNTIL=20370101T000000Z')), utc(2028, 1, 1)).covered.end).toBe(utc(2028, 1, 1));
  });

  it('cover the recent years where the table would grow too long', () => {
    const body = calendar(event('DTSTART:16000101T000000Z', 'DURATION:PT1H', 'RRULE:FREQ=MONTHLY;BYDAY=2TU,4FR;BYHOUR=9,15'));
    const { occurrences, covered } = factsOf(body, utc(2030, 1, 1));
    expect(covered).toEqual({ start: utc(2030, 1, 1) - 6 * 366 * 86_400, end: utc(2030, 1, 1) });
    expect(unpackRuns(occurrences).length).toBeLessThan(MAX_RUNS);
    const { test } = matcher({ name: 'VCALENDAR', properties: [], components: [{ name: 'VEVENT', range: { start: utc(1700, 1, 12, 9), end: utc(1700, 1, 12, 10) }, properties: [], components: [] }] });
    expect([test({ component: 'VEVENT', facts: factsOf(body) }), test({ body })]).toEqual(['needs-body', true]);
  });

  it('cover an endless series whose days are counted on a clock', () => {
    const { covered } = factsOf(calendar(event('DTSTART;TZID=Europe/Berlin:19700101T000000', 'DURATION:P1D', 'RRULE:FREQ=DAILY')), utc(2030, 1, 1));
    expect(covered.end).toBe(utc(2030, 1, 1));
    expect(covered.start).toBeLessThan(utc(2025, 1, 1));
  });

  it('know busy, tentative and free of each instance (RFC 4791 §7.10)', () => {
    const body = calendar(event(START, 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=4'), ...[['04', 'STATUS:TENTATIVE'], ['05', 'TRANSP:TRANSPARENT'], ['06', 'STATUS:CANCELLED']].map(([day, line]) => event(`RECURRENCE-ID:202603${day}T160000Z`, `DTSTART:202603${day}T160000Z`, line!)));
    expect(unpackRuns(factsOf(body).occurrences).map(({ busy, component: from }) => [busy, from])).toEqual([[1, 0], [2, 1], [0, 2], [0, 3]]);
    expect(unpackRuns(factsOf(calendar(todo(START, 'DUE:20260303T170000Z'))).occurrences)[0]?.busy).toBe(0);
    const types = unpackRuns(factsOf(fixtures().get('vfreebusy-published.ics')!).occurrences).map(({ busy }) => busy);
    expect(types.sort()).toEqual([0, 0, 1, 1, 2]);
  });
});

describe('flags', () => {
  it.each<[string, number]>([
    ['apple-macos-weekly.ics', RECURRING | HAS_ALARM | CLEAN],
    ['davx5-allday.ics', FLOATING | CLEAN],
    ['floating-alarm-clock.ics', RECURRING | FLOATING | CLEAN],
    ['evolution-meeting.ics', SCHEDULED | CLEAN],
    ['overrides-only.ics', RECURRING | SCHEDULED | CLEAN],
    ['private-access.ics', NEEDS_VIEW | CLEAN | ACCESS_CONFIDENTIAL | CLASSIFIED],
    ['outlook-exchange.ics', RECURRING | HAS_ALARM],
    ['tasks-org-undated.ics', CLEAN],
  ])('%s', (name, flags) => {
    expect(factsOf(fixtures().get(name)!).flags).toBe(flags);
  });

  it('know a VTODO that every range matches (RFC 4791 §9.9)', () => {
    expect(factsOf(calendar(todo('SUMMARY:x'))).flags).toBe(MATCH_ALWAYS | CLEAN);
  });
});

describe('slices', () => {
  it('are octet ranges of the stored text, without its times', () => {
    const body = calendar(event(START, 'SUMMARY:Größe', 'DTEND:20260303T170000Z', 'RRULE:FREQ=DAILY;COUNT=2', 'LOCATION:x'));
    const { header, parts, expandable } = readSlices(factsOf(body).slices);
    const cut = (ranges: readonly { from: number; to: number }[]) => ranges.map(({ from, to }) => Buffer.from(body.subarray(from, to)).toString()).join('');
    expect(expandable).toBe(true);
    expect(cut(header)).toBe('BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Kalends//Tests//EN\r\n');
    expect(cut(parts[0]!.ranges)).toBe('UID:a\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Größe\r\nLOCATION:x\r\nEND:VEVENT\r\n');
    expect(parts[0]).toMatchObject({ clock: 3, end: 1, id: undefined });
  });

  it('are left out where octets cannot be copied', () => {
    expect(readSlices(factsOf(Buffer.from(Buffer.from(calendar(event(START))).toString().replace(/\r/g, ''))).slices)).toMatchObject({ expandable: false, parts: [{ clock: 3 }] });
    expect(readSlices(factsOf(calendar(todo(START))).slices).expandable).toBe(false);
  });

  it('fit an edited object as it will be stored', () => {
    const object = objectOf(calendar(event(START, 'SUMMARY:old')));
    const part = setProperty(object.parts[0]!, 'SUMMARY', makeProperty('SUMMARY', 'much longer than before'));
    const edited = object.edited(withComponents(object.root, [part]));
    const { facts } = deriveFacts(edited, NOW);
    const [range] = readSlices(facts!.slices).parts[0]!.ranges;
    expect(Buffer.from(edited.octets.subarray(range!.from, range!.to)).toString()).toContain('UID:a');
  });
});

describe('limits and problems', () => {
  it('refuses more counted instances than a resource may have (RFC 4791 §5.2.8)', () => {
    const derived = deriveFacts(objectOf(calendar(event(START, `RRULE:FREQ=DAILY;COUNT=${MAX_INSTANCES + 1}`))), NOW);
    expect(derived.problems).toMatchObject([{ kind: 'max-instances', rule: 'RFC 4791 §5.2.8', line: 4 }]);
    expect(deriveFacts(objectOf(calendar(event(START, `RRULE:FREQ=DAILY;COUNT=${MAX_INSTANCES}`))), NOW).problems).toBeUndefined();
  });

  it('takes a fast rule without end: one run where it is even, else as far as the cap allows', () => {
    const even = factsOf(calendar(event(START, 'RRULE:FREQ=SECONDLY')), utc(2028, 1, 1));
    expect([unpackRuns(even.occurrences).length, even.covered.end]).toEqual([1, utc(2028, 1, 1)]);
    const uneven = factsOf(calendar(event(START, 'RRULE:FREQ=SECONDLY;BYSECOND=0,1,7;BYMINUTE=3,5')), utc(2040, 1, 1));
    expect(uneven.covered.end).toBeGreaterThan(at);
    expect(uneven.covered.end).toBeLessThan(utc(2028, 1, 1));
  });
});

describe('item reader', () => {
  const reader = createItemReader(() => NOW);

  it('gives a store what it keeps beside an object', () => {
    const body = calendar(event(START, 'RRULE:FREQ=DAILY', 'ORGANIZER:mailto:a@b'));
    expect(reader.read(body)).toEqual({ component: 'VEVENT', uid: 'a', facts: factsOf(body, NOW + COVER_AHEAD_SECONDS) });
    expect(factsOf(body).organizer).toBe('mailto:a@b');
  });

  it('says what is wrong with what it cannot read', () => {
    expect(reader.read(octets('BEGIN:VCALENDAR'))).toEqual({ problem: 'line 1: BEGIN:VCALENDAR has no END (RFC 5545 §3.4)' });
    expect(reader.read(calendar(component('VEVENT')))).toEqual({ problem: 'line 4: VEVENT without DTSTART (RFC 5545 §3.6.1)' });
    expect(reader.read(calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=9999')))).toMatchObject({ problem: expect.stringContaining('9999 instances') as string });
  });
});
