import { describe, expect, it } from 'vitest';
import { NOW, calendar, component, event, factsOf, fixtures, objectOf, todo } from '../fixtures/given.ts';
import { accessLevel, limitedView, ownerLevel, statedLevel, withLevel } from './limited-view.ts';
import type { AccessLevel } from './limited-view.ts';
import { parse } from './parse.ts';
import { readObject } from './read-object.ts';

const START = 'DTSTART:20260303T160000Z';
const text = (body: Uint8Array): string => Buffer.from(body).toString();
/** The object with a property of its VCALENDAR. */
const stating = (value: string, ...parts: readonly string[]): Uint8Array => Buffer.from(text(calendar(...parts)).replace('BEGIN:VEVENT', `X-CALENDARSERVER-ACCESS:${value}\r\nBEGIN:VEVENT`));

describe('the level of an object, from its facts', () => {
  it.each<[string, Uint8Array, AccessLevel, AccessLevel]>([
    ['nothing said', calendar(event(START)), 'public', 'public'], ['PUBLIC', stating('PUBLIC', event(START)), 'public', 'public'], ['restricted, in small letters', stating('restricted', event(START)), 'restricted', 'restricted'],
    ['CONFIDENTIAL', stating('CONFIDENTIAL', event(START)), 'confidential', 'confidential'], ['PRIVATE', stating('PRIVATE', event(START)), 'private', 'private'],
    ['a word that nobody knows', stating('TOP-SECRET', event(START)), 'private', 'private'], ['CLASS:PUBLIC', calendar(event(START, 'CLASS:PUBLIC')), 'public', 'public'],
    ['CLASS:PRIVATE', calendar(event(START, 'CLASS:PRIVATE')), 'confidential', 'public'], ['CLASS:X-OTHER, as PRIVATE (RFC 5545 §3.8.1.3)', calendar(event(START, 'CLASS:X-OTHER')), 'confidential', 'public'],
    ['CLASS of an override alone', calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=3'), event('DTSTART:20260304T160000Z', 'RECURRENCE-ID:20260304T160000Z', 'CLASS:CONFIDENTIAL')), 'confidential', 'public'],
    ['both: the stricter', stating('RESTRICTED', event(START, 'CLASS:PRIVATE')), 'confidential', 'restricted'], ['both, the other way', stating('PRIVATE', event(START, 'CLASS:CONFIDENTIAL')), 'private', 'private'],
    ['a hidden instance, which is no secret', calendar(event(START, 'X-CALENDARSERVER-HIDDEN-INSTANCE:T')), 'public', 'public'],
  ])('%s', (_, body, level, own) => {
    const facts = factsOf(body);
    expect([accessLevel(facts), ownerLevel(facts)]).toEqual([level, own]);
  });

  it('is private where facts are missing or were derived before there were levels', () => {
    expect([accessLevel(undefined), accessLevel({ version: 1, flags: 0 })]).toEqual(['private', 'private']);
  });
});

describe('the view of others', () => {
  const whole = stating('CONFIDENTIAL', event(START, 'DTEND:20260303T170000Z', 'SUMMARY:Heart', 'LOCATION:Clinic', 'DESCRIPTION:Why', 'X-APPLE-STRUCTURED-LOCATION;VALUE=URI:geo:1,2', 'STATUS:CONFIRMED', 'BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT5M', 'DESCRIPTION:Now', 'END:VALARM'));

  it('has times, status and ids; restricted, summary and place too; lines are those of the object', () => {
    const seen = text(limitedView(whole, 'confidential'));
    for (const line of [START, 'DTEND:20260303T170000Z', 'STATUS:CONFIRMED', 'X-CALENDARSERVER-ACCESS:CONFIDENTIAL']) expect(seen).toContain(`${line}\r\n`);
    expect(seen).not.toMatch(/Heart|Clinic|Why|geo|VALARM/);
    const restricted = text(limitedView(whole, 'restricted'));
    expect(restricted).toMatch(/SUMMARY:Heart[\s\S]*LOCATION:Clinic/);
    expect(restricted).not.toMatch(/Why|geo|VALARM/);
  });

  it('keeps the time zones that times need, and what a to-do is due', () => {
    const zone = component('VTIMEZONE', 'TZID:Own', component('STANDARD', 'DTSTART:19700101T000000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0100'));
    const seen = text(limitedView(calendar(zone, todo('DUE;TZID=Own:20260303T160000', 'SUMMARY:Heart', 'COMPLETED:20260303T120000Z')), 'confidential'));
    for (const line of ['TZOFFSETTO:+0100', 'DUE;TZID=Own:20260303T160000', 'COMPLETED:20260303T120000Z']) expect(seen).toContain(line);
    expect(seen).not.toContain('Heart');
  });

  /** Those that may be stored; less a to-do whose only time is CREATED, which says when it was written and not when it is. */
  const stored = [...fixtures()].filter(([name, body]) => readObject(body, { now: NOW }).object !== undefined && name !== 'tasks-org-undated.ics');

  it.each(stored)('of %s is a valid object with the same times', (_, body) => {
    const seen = limitedView(body, 'confidential');
    expect(readObject(seen, { now: NOW }).problems ?? []).toEqual([]);
    const [whole, part] = [factsOf(body), factsOf(seen)];
    expect([part.occurrences, part.covered]).toEqual([whole.occurrences, whole.covered]);
    expect(text(seen)).not.toMatch(/^(SUMMARY|DESCRIPTION|LOCATION|ATTENDEE|ORGANIZER|COMMENT|CATEGORIES|CONTACT|URL|ATTACH|GEO|BEGIN:VALARM)/m);
  });

  it('is a calendar with nothing in it where nothing may be seen, or nothing can be read', () => {
    for (const view of [limitedView(whole, 'private'), limitedView(Buffer.from('SUMMARY:Heart'), 'confidential')]) {
      expect(parse(view).object?.root.components).toEqual([]);
      expect(text(view)).not.toContain('Heart');
    }
  });
});

it('a level that is put in replaces the one there was', () => {
  const changed = withLevel(objectOf(stating('CONFIDENTIAL', event(START))), 'private');
  expect(statedLevel(changed.root)).toBe('private');
  expect(text(changed.octets).match(/X-CALENDARSERVER-ACCESS/g)).toHaveLength(1);
});
