import { describe, expect, it } from 'vitest';
import { calendar, event, objectOf, text, utc } from '../fixtures/given.ts';
import { findProperty } from './component.ts';
import { deriveOverride } from './derive.ts';
import { applyPersonal, splitPersonal } from './merge.ts';

const START = 'DTSTART;TZID=Europe/Berlin:20260303T170000';
const alarm = (minutes: number) => ['BEGIN:VALARM', 'ACTION:DISPLAY', `TRIGGER:-PT${minutes}M`, 'END:VALARM'];
const override = (day: string, ...lines: string[]) => event(`RECURRENCE-ID;TZID=Europe/Berlin:202603${day}T170000`, ...lines);
const same = (a: string, b: string) => { expect(a.split('\r\n').sort()).toEqual(b.split('\r\n').sort()); };

describe('deriveOverride (RFC 5545 §3.8.4.4)', () => {
  it('moves the master in its own form, without its rules', () => {
    const object = objectOf(calendar(event(START, 'DTEND;TZID=America/New_York:20260303T120000', 'RRULE:FREQ=DAILY', 'EXDATE;TZID=Europe/Berlin:20260305T170000', 'SUMMARY:s')));
    const derived = deriveOverride(object, utc(2026, 4, 2, 15))!;
    expect(derived.properties.map(({ name, value }) => `${name}:${value}`)).toEqual(['UID:a', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260402T170000', 'RECURRENCE-ID:20260402T170000', 'DTEND:20260402T120000', 'SUMMARY:s']);
    expect(findProperty(derived, 'RECURRENCE-ID')!.parameters.get('TZID')).toEqual(['Europe/Berlin']);
  });

  it('derives nothing for what is no instance, or was cancelled', () => {
    const object = objectOf(calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=5', 'EXDATE;TZID=Europe/Berlin:20260305T170000'), override('04', START)));
    const at = (day: number, hour = 16) => deriveOverride(object, utc(2026, 3, day, hour)) !== undefined;
    expect([at(3), at(4), at(5), at(6, 17), at(20)]).toEqual([true, true, false, false, false]);
    expect(deriveOverride(objectOf(calendar(event(START))), utc(2026, 3, 3, 16))).toBeUndefined();
  });
});

describe('per-user data', () => {
  const stored = objectOf(calendar(event(START, 'SUMMARY:s', 'TRANSP:OPAQUE', 'X-APPLE-TRAVEL-DURATION:PT1H', 'X-APPLE-STRUCTURED-LOCATION;VALUE=URI:geo:1,2', ...alarm(10))));

  it('shows a stranger nothing that is the owner’s own', () => {
    const seen = text(applyPersonal(stored, undefined).octets);
    expect(seen).not.toMatch(/TRANSP|TRAVEL|VALARM/);
    expect(seen).toContain('X-APPLE-STRUCTURED-LOCATION;VALUE=URI:geo:1,2');
  });

  it('shows a stranger an all-day event as transparent', () => {
    expect(text(applyPersonal(objectOf(calendar(event('DTSTART;VALUE=DATE:20260303', 'TRANSP:OPAQUE'))), undefined).octets)).toContain('TRANSP:TRANSPARENT');
  });

  it('keeps the owner’s part and gives everybody back what he sent', () => {
    const sent = objectOf(calendar(event(START, 'SUMMARY:changed', 'TRANSP:TRANSPARENT', 'X-MINE:1', 'X-APPLE-STRUCTURED-LOCATION;VALUE=URI:geo:3,4', ...alarm(99))));
    const { common, patch } = splitPersonal(sent, stored);
    const kept = text(common.octets);
    expect(kept).toContain('SUMMARY:changed');
    expect(kept).toContain('geo:3,4');
    expect(kept).toContain('TRANSP:OPAQUE');
    expect(kept).toContain('TRIGGER:-PT10M');
    expect(kept).not.toMatch(/X-MINE|PT99M/);
    same(text(applyPersonal(common, patch).octets), text(sent.octets));
  });

  it('has no patch where there is nothing of one’s own', () => {
    expect(splitPersonal(objectOf(calendar(event(START))), stored).patch).toBeUndefined();
    expect(text(splitPersonal(objectOf(calendar(event(START, 'TRANSP:OPAQUE'))), undefined).common.octets)).not.toContain('TRANSP');
  });

  it('keeps an override that only the sender’s own data tell apart out of the common object', () => {
    const series = objectOf(calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=5', 'SUMMARY:s')));
    const sent = objectOf(calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=5', 'SUMMARY:s', ...alarm(5)), override('04', 'DTSTART;TZID=Europe/Berlin:20260304T170000', 'SUMMARY:s', ...alarm(60)), override('05', 'DTSTART;TZID=Europe/Berlin:20260305T190000', 'SUMMARY:later')));
    const { common, patch } = splitPersonal(sent, series);
    expect(common.overrides.map((part) => findProperty(part, 'RECURRENCE-ID')?.value)).toEqual(['20260305T170000']);
    const seen = applyPersonal(common, patch);
    same(text(seen.octets), text(sent.octets));
    // The owner sees neither.
    expect(text(common.octets)).not.toContain('VALARM');
  });

  it('drops what belonged to an instance that is gone', () => {
    const sent = objectOf(calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=5'), override('04', 'DTSTART;TZID=Europe/Berlin:20260304T170000', ...alarm(60))));
    const { patch } = splitPersonal(sent, undefined);
    const shorter = objectOf(calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=1')));
    expect(applyPersonal(shorter, patch).overrides).toEqual([]);
  });

  it('gives an override that the owner adds the master’s part of the reader', () => {
    const { patch } = splitPersonal(objectOf(calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=5', 'TRANSP:TRANSPARENT'))), undefined);
    const grown = objectOf(calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=5'), override('04', 'DTSTART;TZID=Europe/Berlin:20260304T200000', 'TRANSP:OPAQUE')));
    expect(applyPersonal(grown, patch).parts.map((part) => findProperty(part, 'TRANSP')?.value)).toEqual(['TRANSPARENT', 'TRANSPARENT']);
  });
});
