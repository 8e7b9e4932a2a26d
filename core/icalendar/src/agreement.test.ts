/** Facts, octets and a naive model must agree: what touches a range, what is busy in it, and what expansion writes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factsOf, objectOf, text, utc } from '../fixtures/given.ts';
import type { Model } from '../fixtures/model.ts';
import { ZONES, modelBody, modelInstances, models } from '../fixtures/model.ts';
import { expandOctets, limitRecurrences } from './expand.ts';
import { busySpans, coalesce } from './freebusy.ts';
import type { BusySpan } from './freebusy.ts';
import { matcher } from './match.ts';
import { overlaps } from './overlap.ts';
import { knownZone } from './zones.ts';

const ranges = fc.tuple(fc.integer({ min: -400, max: 12_000 }), fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 24, max: 3000 }))).map(([hour, hours]) => {
  const start = utc(2026, 1, 15) + hour * 3600;
  return { start, end: start + hours * 3600 };
});
const places = fc.constantFrom(undefined, ...ZONES).map((name) => (name === undefined ? undefined : knownZone(name)));
/** Covered far enough, not far enough, and not at all. */
const horizons = fc.constantFrom(utc(2040, 1, 1), utc(2026, 4, 1), utc(2020, 1, 1));

const filterOn = (range: { start: number; end: number }) => ({ name: 'VCALENDAR', properties: [], components: [{ name: 'VEVENT', range, properties: [], components: [] }] });
const expandedStarts = (octets: Uint8Array) => [...text(octets).matchAll(/\r\nDTSTART([^\r]*)\r\n/g)].map(([, value]) => value!).sort();
const expandedIds = (octets: Uint8Array) => [...text(octets).matchAll(/\r\nRECURRENCE-ID([^\r]*)\r\n/g)].map(([, value]) => value!).sort();
/** A zero length after a change of offset is no busy time. */
const spansOf = (model: Model, range: { start: number; end: number }, place: Parameters<typeof modelInstances>[1]): readonly BusySpan[] =>
  coalesce(modelInstances(model, place).filter(({ start, end }) => end > start && overlaps(start, end, range)).map(({ start, end, busy }) => ({ start: Math.max(start, range.start), end: Math.min(end, range.end), busy: busy as 1 | 2 })));

describe('facts, octets and a naive model agree', () => {
  it('on what overlaps a range (RFC 4791 §9.9)', () => {
    fc.assert(fc.property(models, ranges, places, horizons, (model, range, place, horizon) => {
      const body = modelBody(model);
      const facts = factsOf(body, horizon);
      const expected = modelInstances(model, place).some(({ start, end }) => overlaps(start, end, range));
      const { test, query } = matcher(filterOn(range), place);
      const quick = test({ component: 'VEVENT', facts });
      if (quick === 'needs-body') expect(facts.covered.end).toBeLessThan(range.end + 2 * 86_400);
      else expect(quick).toBe(expected);
      expect(test({ component: 'VEVENT', facts, body })).toBe(expected);
      expect(test({ body })).toBe(expected);
      if (expected) expect(facts.bounds.start < query.overlaps!.end && facts.bounds.end > query.overlaps!.start).toBe(true);
    }), { numRuns: 400 });
  });

  it('on busy time (RFC 4791 §7.10)', () => {
    fc.assert(fc.property(models, ranges, places, horizons, (model, range, place, horizon) => {
      const body = modelBody(model);
      const expected = spansOf(model, range, place);
      const quick = busySpans({ facts: factsOf(body, horizon) }, range, place);
      if (quick !== 'needs-body') expect(coalesce(quick)).toEqual(expected);
      expect(coalesce(busySpans({ body }, range, place) as readonly BusySpan[])).toEqual(expected);
    }), { numRuns: 400 });
  });

  it('on expansion (RFC 4791 §9.6.5)', () => {
    fc.assert(fc.property(models, ranges, places, horizons, (model, range, place, horizon) => {
      const body = modelBody(model);
      const expected = modelInstances(model, place).filter(({ start, end }) => overlaps(start, end, range));
      for (const facts of [factsOf(body, horizon), undefined]) {
        const expanded = expandOctets(body, facts, range, place);
        expect(expandedStarts(expanded)).toEqual(expected.map(({ dtstart }) => dtstart).sort());
        expect(expandedIds(expanded)).toEqual(model.count > 1 ? expected.flatMap(({ id }) => id ?? []).sort() : []);
        expect(text(expanded)).not.toMatch(/RRULE|EXDATE|TZID/);
        objectOf(expected.length === 0 ? body : expanded);
      }
    }), { numRuns: 300 });
  });

  it('on which overrides matter for a range (RFC 4791 §9.6.6)', () => {
    fc.assert(fc.property(models, ranges, places, (model, range, place) => {
      const object = objectOf(modelBody(model));
      const limited = limitRecurrences(object, range, place);
      const before = modelInstances(model, place).filter(({ start, end }) => overlaps(start, end, range));
      expect(limited.master).toBe(object.master);
      // What is left says the same about the range.
      const starts = expandedStarts(expandOctets(limited.octets, undefined, range, place));
      expect(starts).toEqual(before.map(({ dtstart }) => dtstart).sort());
    }), { numRuns: 200 });
  });
});
