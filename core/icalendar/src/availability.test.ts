import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calendar, component, event, objectOf, utc } from '../fixtures/given.ts';
import { readAvailability, unavailableSpans } from './availability.ts';
import { formatUtc } from './time.ts';

const HOUR = 3600;
const DAY_START = utc(2026, 3, 4);
const DAY = { start: DAY_START, end: DAY_START + 24 * HOUR };
const at = (hour: number): string => formatUtc(DAY_START + hour * HOUR);
const available = (uid: string, ...lines: readonly string[]): string => component('AVAILABLE', ...lines).replace('UID:a', `UID:${uid}`);
const read = (...lines: readonly string[]) => readAvailability(objectOf(calendar(component('VAVAILABILITY', ...lines))));
/** Hours of the day as `from-to type`. */
const hoursOf = (...given: readonly (readonly string[])[]): readonly string[] => unavailableSpans(given.flatMap((lines) => read(...lines)), DAY)!
  .map(({ start, end, busy }) => `${(start - DAY_START) / HOUR}-${(end - DAY_START) / HOUR} ${['', 'busy', 'tentative', 'unavailable'][busy]}`);

describe('VAVAILABILITY (RFC 7953 §3.1)', () => {
  it('without any time covers all of it; BUSYTYPE is BUSY-UNAVAILABLE by default, and where it is not known (§3.2)', () => {
    expect(hoursOf([])).toEqual(['0-24 unavailable']);
    expect(hoursOf(['BUSYTYPE:X-AWAY'])).toEqual(['0-24 unavailable']);
    expect(hoursOf(['BUSYTYPE:busy'])).toEqual(['0-24 busy']);
  });

  it.each([
    [['DTSTART:20260304T060000Z'], '6-24'], [['DTEND:20260304T060000Z'], '0-6'], [['DTSTART:20260304T060000Z', 'DTEND:20260304T080000Z'], '6-8'], [['DTSTART:20260304T060000Z', 'DURATION:PT3H'], '6-9'],
    [['DTSTART;TZID=Europe/Berlin:20260304T060000', 'DURATION:PT3H'], '5-8'],
  ])('covers its own range: %j', (lines, hours) => {
    expect(hoursOf(lines)).toEqual([`${hours} unavailable`]);
  });

  it('is nothing outside of the range that is asked, and of an object of another kind', () => {
    expect(hoursOf(['DTSTART:20260305T000000Z'])).toEqual([]);
    expect(readAvailability(objectOf(calendar(event('DTSTART:20260304T000000Z'))))).toEqual([]);
  });
});

describe('AVAILABLE (RFC 7953 §3.1)', () => {
  it('is free inside its VAVAILABILITY, and no further', () => {
    expect(hoursOf(['DTSTART:20260304T060000Z', 'DTEND:20260304T120000Z', available('b', 'DTSTART:20260304T040000Z', 'DTEND:20260304T080000Z')])).toEqual(['8-12 unavailable']);
  });

  it('recurs, by UID with its overrides; without an end it lasts as long as its VAVAILABILITY', () => {
    const daily = available('b', 'DTSTART:20260301T080000Z', 'DURATION:PT2H', 'RRULE:FREQ=DAILY');
    expect(hoursOf([daily])).toEqual(['0-8 unavailable', '10-24 unavailable']);
    expect(hoursOf([daily, available('b', 'RECURRENCE-ID:20260304T080000Z', 'DTSTART:20260304T120000Z', 'DURATION:PT1H')])).toEqual(['0-12 unavailable', '13-24 unavailable']);
    expect(hoursOf([daily, available('c', 'RECURRENCE-ID:20260304T080000Z', 'DTSTART:20260304T120000Z', 'DURATION:PT1H')])).toEqual(['0-8 unavailable', '10-12 unavailable', '13-24 unavailable']);
    expect(hoursOf(['DTEND:20260304T200000Z', available('b', 'DTSTART:20260304T080000Z')])).toEqual(['0-8 unavailable']);
  });
});

it('gives up before it looks at instances without end (limits)', () => {
  const secondly = read(available('b', 'DTSTART:20260301T000000Z', 'DURATION:PT1S', 'RRULE:FREQ=SECONDLY'));
  expect(unavailableSpans(secondly, { start: DAY_START, end: DAY_START + HOUR })).toEqual([]);
  expect(unavailableSpans(secondly, { start: DAY_START, end: DAY_START + 1000 * HOUR })).toBeUndefined();
  const many = Array.from({ length: 30 }, (_, index) => available(`b${index}`, 'DTSTART:20260301T000000Z', 'DURATION:PT1S', 'RRULE:FREQ=MINUTELY'));
  expect(unavailableSpans(read(...many), { start: DAY_START, end: DAY_START + 1000 * HOUR })).toBeUndefined();
});

interface Block { readonly priority: number; readonly type: string; readonly from: number; readonly length: number; readonly free: readonly { readonly from: number; readonly length: number }[] }
const span = fc.record({ from: fc.integer({ min: 0, max: 22 }), length: fc.integer({ min: 1, max: 12 }) });
const blocks = fc.array(fc.record({ priority: fc.integer({ min: 0, max: 3 }), type: fc.constantFrom('BUSY', 'BUSY-TENTATIVE', 'BUSY-UNAVAILABLE'), from: fc.integer({ min: 0, max: 22 }), length: fc.integer({ min: 1, max: 24 }), free: fc.array(span, { maxLength: 3 }) }), { maxLength: 5 });
const TYPES: Readonly<Record<string, number>> = { BUSY: 1, 'BUSY-TENTATIVE': 2, 'BUSY-UNAVAILABLE': 3 };

/** §4 for one hour: the highest priority that covers it decides; of one priority what is offered is free, else the gravest type counts. */
function naive(all: readonly Block[], hour: number): number {
  const covers = all.filter(({ from, length }) => from <= hour && hour < from + length);
  const highest = Math.min(...covers.map(({ priority }) => priority || 10));
  const deciding = covers.filter(({ priority }) => (priority || 10) === highest);
  if (deciding.length === 0 || deciding.some(({ free }) => free.some(({ from, length }) => from <= hour && hour < from + length))) return 0;
  return [1, 3, 2].find((type) => deciding.some((one) => TYPES[one.type] === type))!;
}

it('combines any number of them as a look at every single hour does (RFC 7953 §4)', () => {
  fc.assert(fc.property(blocks, (all) => {
    const read = all.flatMap(({ priority, type, from, length, free }) => {
      const inside = free.map((one, index) => available(`f${index}`, `DTSTART:${at(one.from)}`, `DTEND:${at(one.from + one.length)}`));
      return readAvailability(objectOf(calendar(component('VAVAILABILITY', `PRIORITY:${priority}`, `BUSYTYPE:${type}`, `DTSTART:${at(from)}`, `DTEND:${at(from + length)}`, ...inside))));
    });
    const spans = unavailableSpans(read, DAY)!;
    const found = Array.from({ length: 24 }, (_, hour) => spans.filter(({ start, end }) => start <= DAY_START + hour * HOUR && DAY_START + hour * HOUR < end).map(({ busy }) => busy));
    expect(found).toEqual(Array.from({ length: 24 }, (_, hour) => [naive(all, hour)].filter((busy) => busy !== 0)));
  }), { seed: 7953, numRuns: 300 });
});
