import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calendar, component, event, factsOf, octets, todo, utc } from '../fixtures/given.ts';
import type { ComponentFilter, PropertyFilter, TextMatch } from './filter.ts';
import { ALWAYS } from './filter.ts';
import { matcher } from './match.ts';
import { formatUtc } from './time.ts';
import { knownZone } from './zones.ts';

const START = 'DTSTART:20260303T160000Z';
const comp = (name: string, more: Partial<ComponentFilter> = {}): ComponentFilter => ({ name, properties: [], components: [], ...more });
const prop = (name: string, more: Partial<PropertyFilter> = {}): PropertyFilter => ({ name, parameters: [], ...more });
const on = (...components: readonly ComponentFilter[]): ComponentFilter => comp('VCALENDAR', { components });
const contains = (text: string, more: Partial<TextMatch> = {}): TextMatch => ({ text, collation: 'i;ascii-casemap', negate: false, ...more });
const hours = (from: number, to: number) => ({ start: utc(2026, 3, 3, from), end: utc(2026, 3, 3, to) });

/** By the octets alone; and by the facts where they decide, which must be the same. */
function matches(body: Uint8Array, filter: ComponentFilter, kind: 'VEVENT' | 'VTODO' | 'VJOURNAL' | 'VFREEBUSY' | 'VAVAILABILITY' = 'VEVENT'): boolean {
  const { test } = matcher(filter);
  const exact = test({ body });
  const quick = test({ component: kind, facts: factsOf(body), meta: { uid: 'a' } });
  if (quick !== 'needs-body') expect(quick).toBe(exact);
  if (exact === 'needs-body') throw new Error('asked for a body that was there');
  return exact;
}

describe('time-range (RFC 4791 §9.9)', () => {
  const inRange = (lines: readonly string[], from: number, to: number) => matches(calendar(event(...lines)), on(comp('VEVENT', { range: hours(from, to) })));

  it.each<[string, readonly string[], readonly [number, number, boolean][]]>([
    ['VEVENT with DTEND', [START, 'DTEND:20260303T180000Z'], [[15, 16, false], [15, 17, true], [17, 18, true], [18, 19, false]]],
    ['VEVENT with DURATION', [START, 'DURATION:PT2H'], [[15, 16, false], [17, 18, true], [18, 19, false]]],
    ['VEVENT of no length', [START, 'DURATION:PT0S'], [[15, 16, false], [16, 17, true], [17, 18, false]]],
    ['VEVENT with DTSTART alone', [START], [[15, 16, false], [16, 17, true], [17, 18, false]]],
    ['VEVENT of a day', ['DTSTART;VALUE=DATE:20260303'], [[0, 1, true], [23, 24, true], [24, 25, false], [-1, 0, false]]],
  ])('%s', (_, lines, cases) => {
    for (const [from, to, expected] of cases) expect([from, to, inRange(lines, from, to)]).toEqual([from, to, expected]);
  });

  it('never matches an empty range', () => {
    expect(matcher(on(comp('VEVENT', { range: hours(16, 16) }))).never).toBe(true);
    expect(inRange([START, 'DURATION:PT2H'], 17, 17)).toBe(false);
  });

  it('answers every row of the VTODO table', () => {
    const time = fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined });
    const at = (n: number): number => utc(2026, 3, 3, 12) + n * 3600;
    fc.assert(fc.property(time, fc.constantFrom('DUE', 'DURATION', undefined), fc.integer({ min: 0, max: 3 }), time, time, fc.integer({ min: -5, max: 5 }), fc.integer({ min: 1, max: 4 }), fc.boolean(), (s, by, length, completed, created, from, size, recurs) => {
      const endsBy = s === undefined && by === 'DURATION' ? undefined : by;
      const base = s ?? 0;
      const lines = [
        ...(s === undefined ? [] : [`DTSTART:${formatUtc(at(s))}`]), ...(endsBy === 'DUE' ? [`DUE:${formatUtc(at(base + length))}`] : endsBy === 'DURATION' ? [`DURATION:PT${length}H`] : []),
        ...(completed === undefined ? [] : [`COMPLETED:${formatUtc(at(completed))}`]), ...(created === undefined ? [] : [`CREATED:${formatUtc(at(created))}`]),
        ...(recurs && (s !== undefined || endsBy !== undefined) ? ['RRULE:FREQ=DAILY;COUNT=1'] : []),
      ];
      const body = calendar(todo(...lines));
      const range = { start: at(from), end: at(from + size) };
      const expected = todoRow(range, s === undefined ? undefined : at(s), endsBy === 'DURATION' ? length * 3600 : undefined, endsBy === 'DUE' ? at(base + length) : undefined, completed === undefined ? undefined : at(completed), created === undefined ? undefined : at(created));
      expect(matches(body, on(comp('VTODO', { range })), 'VTODO')).toBe(expected);
      const { bounds } = factsOf(body);
      if (expected) expect(bounds.start < range.end && bounds.end > range.start).toBe(true);
    }), { numRuns: 1500 });
  });

  it('VJOURNAL: an instant, a day, or never', () => {
    const journal = (...lines: string[]) => (from: number, to: number) => matches(calendar(component('VJOURNAL', ...lines)), on(comp('VJOURNAL', { range: hours(from, to) })), 'VJOURNAL');
    expect([journal(START)(16, 17), journal(START)(15, 16), journal(START)(17, 18)]).toEqual([true, false, false]);
    expect([journal('DTSTART;VALUE=DATE:20260303')(23, 24), journal('DTSTART;VALUE=DATE:20260303')(24, 25)]).toEqual([true, false]);
    expect(journal()(0, 24)).toBe(false);
  });

  it('VFREEBUSY: both ends inside, else its periods, else never', () => {
    const busy = (...lines: string[]) => (from: number, to: number) => matches(calendar(component('VFREEBUSY', ...lines)), on(comp('VFREEBUSY', { range: hours(from, to) })), 'VFREEBUSY');
    const whole = busy('DTSTART:20260303T100000Z', 'DTEND:20260303T120000Z');
    expect([whole(9, 10), whole(10, 11), whole(12, 13), whole(13, 14)]).toEqual([false, true, true, false]);
    const periods = busy('FREEBUSY:20260303T100000Z/PT1H,20260303T140000Z/20260303T150000Z');
    expect([periods(10, 11), periods(11, 14), periods(14, 15)]).toEqual([true, false, true]);
    expect(busy()(0, 24)).toBe(false);
  });

  it('reads floating times and dates on the clock of the question (§7.3)', () => {
    const day = calendar(event('DTSTART;VALUE=DATE:20260303'));
    const { test } = matcher(on(comp('VEVENT', { range: hours(-2, 0) })), knownZone('Europe/Berlin'));
    expect(test({ component: 'VEVENT', facts: factsOf(day) })).toBe(true);
    expect(test({ body: day })).toBe(true);
    expect(matcher(on(comp('VEVENT', { range: hours(-2, 0) }))).test({ body: day })).toBe(false);
  });

  it('asks for the octets where the facts end, and not where they already say yes', () => {
    const body = calendar(event(START, 'DURATION:PT1H', 'RRULE:FREQ=DAILY'));
    const facts = factsOf(body, utc(2027, 1, 1));
    const at = (year: number) => matcher(on(comp('VEVENT', { range: { start: utc(year, 5, 1, 16, 30), end: utc(year, 5, 1, 17) } })));
    expect(at(2026).test({ component: 'VEVENT', facts })).toBe(true);
    expect(at(2028).test({ component: 'VEVENT', facts })).toBe('needs-body');
    expect(at(2028).test({ component: 'VEVENT', facts, body })).toBe(true);
    expect(at(2020).test({ component: 'VEVENT', facts })).toBe(false);
    const open = matcher(on(comp('VEVENT', { range: { start: utc(2026, 5, 1), end: ALWAYS.end } })));
    expect(open.test({ component: 'VEVENT', facts })).toBe(true);
  });

  it('answers for a rule of every second within bounds (limits)', () => {
    const body = calendar(event(START, 'RRULE:FREQ=SECONDLY'));
    const { test } = matcher(on(comp('VEVENT', { range: { start: utc(2100, 1, 1), end: utc(2100, 1, 2) } })));
    expect(test({ body })).toBe(true);
    expect(test({ component: 'VEVENT', facts: factsOf(body) })).toBe('needs-body');
  });
});

/** RFC 4791 §9.9, the table for VTODO, word by word. */
function todoRow({ start, end }: { start: number; end: number }, dtstart?: number, duration?: number, due?: number, completed?: number, created?: number): boolean {
  if (dtstart !== undefined && duration !== undefined) return start <= dtstart + duration && (end > dtstart || end >= dtstart + duration);
  if (dtstart !== undefined && due !== undefined) return (start < due || start <= dtstart) && (end > dtstart || end >= due);
  if (dtstart !== undefined) return start <= dtstart && end > dtstart;
  if (due !== undefined) return start < due && end >= due;
  if (completed !== undefined && created !== undefined) return (start <= created || start <= completed) && (end >= created || end >= completed);
  if (completed !== undefined) return start <= completed && end >= completed;
  if (created !== undefined) return end > created;
  return true;
}

describe('VALARM time-range (RFC 4791 §9.9)', () => {
  const alarm = (...lines: string[]) => ['BEGIN:VALARM', 'ACTION:DISPLAY', ...lines, 'END:VALARM'];
  const rings = (lines: readonly string[], from: number, to: number) => {
    const filter = on(comp('VEVENT', { components: [comp('VALARM', { range: hours(from, to) })] }));
    const body = calendar(event(...lines));
    const { bounds } = factsOf(body);
    const found = matches(body, filter);
    // The store must have found it.
    const { overlaps: wanted } = matcher(filter).query;
    if (found) expect(bounds.start < wanted!.end && bounds.end > wanted!.start).toBe(true);
    return found;
  };

  it('before the start, behind the end, on its own, and again', () => {
    expect([rings([START, ...alarm('TRIGGER:-PT3H')], 13, 14), rings([START, ...alarm('TRIGGER:-PT3H')], 14, 15)]).toEqual([true, false]);
    expect([rings([START, 'DURATION:PT1H', ...alarm('TRIGGER;RELATED=END:PT2H')], 19, 20), rings([START, ...alarm('TRIGGER;RELATED=END:PT2H')], 19, 20)]).toEqual([true, false]);
    expect(rings([START, ...alarm('TRIGGER;VALUE=DATE-TIME:20260303T020000Z')], 2, 3)).toBe(true);
    const again = [START, ...alarm('TRIGGER:-PT3H', 'REPEAT:2', 'DURATION:PT2H')];
    expect([13, 14, 15, 16, 17, 18].map((hour) => rings(again, hour, hour + 1))).toEqual([true, false, true, false, true, false]);
  });

  it('of any instance of a series, and of its overrides alone', () => {
    const body = calendar(event('DTSTART;TZID=Europe/Berlin:20260101T170000', 'RRULE:FREQ=DAILY', ...alarm('TRIGGER:-P1D')), event('RECURRENCE-ID;TZID=Europe/Berlin:20260304T170000', 'DTSTART;TZID=Europe/Berlin:20260304T170000'));
    const at = (day: number) => matches(body, on(comp('VEVENT', { components: [comp('VALARM', { range: { start: utc(2026, 3, day, 16), end: utc(2026, 3, day, 16, 1) } })] })));
    expect([at(2), at(3), at(4)]).toEqual([true, false, true]);
  });

  it('is decided without octets where there is no alarm', () => {
    const { test } = matcher(on(comp('VEVENT', { components: [comp('VALARM')] })));
    expect(test({ component: 'VEVENT', facts: factsOf(calendar(event(START))) })).toBe(false);
    expect(test({ component: 'VEVENT', facts: factsOf(calendar(event(START, ...alarm('TRIGGER:-PT1H')))) })).toBe('needs-body');
  });
});

describe('comp-filter (RFC 4791 §9.7.1)', () => {
  const body = calendar(event(START, 'SUMMARY:Weekly', 'RRULE:FREQ=DAILY'), event('RECURRENCE-ID:20260304T160000Z', 'DTSTART:20260304T180000Z', 'SUMMARY:Once'));

  it('wants all conditions of one and the same component', () => {
    const at = (from: number, to: number, summary: string) => matches(body, on(comp('VEVENT', { range: hours(from, to), properties: [prop('SUMMARY', { text: contains(summary) })] })));
    expect([at(42, 43, 'once'), at(42, 43, 'weekly'), at(16, 17, 'weekly'), at(16, 17, 'once'), at(40, 41, 'weekly')]).toEqual([true, false, true, false, false]);
  });

  it('knows what is not there (is-not-defined)', () => {
    expect(matches(body, on(comp('VTODO', { absent: true })))).toBe(true);
    expect(matches(body, on(comp('VEVENT', { absent: true })))).toBe(false);
    expect(matches(body, on(comp('VEVENT', { components: [comp('VALARM', { absent: true })] })))).toBe(true);
    expect(matches(body, on(comp('VTIMEZONE', { absent: true })))).toBe(true);
    expect(matches(body, on(comp('VTIMEZONE')))).toBe(false);
  });

  it('narrows what the store is asked for', () => {
    expect(matcher(on(comp('VTODO', { range: hours(1, 2) })))).toMatchObject({ query: { component: 'VTODO', overlaps: hours(1, 2) }, needsFacts: true, needsBody: false, never: false });
    expect(matcher(on(comp('VEVENT')))).toMatchObject({ query: { component: 'VEVENT' }, needsFacts: false, needsBody: false });
    expect(matcher(on())).toMatchObject({ query: {}, needsBody: false });
    expect(matcher(on(comp('VEVENT'), comp('VTODO'))).never).toBe(true);
    expect(matcher(comp('VEVENT')).never).toBe(true);
    expect(matcher(on(comp('VTODO', { properties: [prop('COMPLETED', { range: hours(1, 2) })] }))).query).toEqual({ component: 'VTODO', overlaps: hours(1, 2) });
  });

  it('matches the calendar itself by its properties', () => {
    expect(matches(body, comp('VCALENDAR', { properties: [prop('PRODID', { text: contains('kalends') })] }))).toBe(true);
    expect(matches(body, comp('VCALENDAR', { properties: [prop('METHOD')] }))).toBe(false);
  });

  it('does not match what cannot be read', () => {
    expect(matcher(on(comp('VEVENT'))).test({ body: octets('BEGIN:VCALENDAR') })).toBe(false);
  });
});

describe('prop-filter, param-filter, text-match (RFC 4791 §9.7.2, §9.7.3, §9.7.5)', () => {
  const body = calendar(event(START, 'SUMMARY:Große Sitzung\\, \\nleise', 'CATEGORIES:Work,Travel', 'LAST-MODIFIED:20260101T120000Z', 'ATTENDEE;PARTSTAT=ACCEPTED;CN=Ann:mailto:ann@example.com', 'ATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.com'));
  const has = (property: PropertyFilter) => matches(body, on(comp('VEVENT', { properties: [property] })));

  it('finds substrings under three collations (§7.5)', () => {
    expect(has(prop('SUMMARY', { text: contains('GROßE sitz') }))).toBe(true);
    expect(has(prop('SUMMARY', { text: contains('GROßE sitz', { collation: 'i;octet' }) }))).toBe(false);
    expect(has(prop('SUMMARY', { text: contains('Große Sitz', { collation: 'i;octet' }) }))).toBe(true);
    expect(matches(calendar(event(START, 'SUMMARY:ÉTÉ')), on(comp('VEVENT', { properties: [prop('SUMMARY', { text: contains('été', { collation: 'i;unicode-casemap' }) })] })))).toBe(true);
    expect(matches(calendar(event(START, 'SUMMARY:ÉTÉ')), on(comp('VEVENT', { properties: [prop('SUMMARY', { text: contains('été') })] })))).toBe(false);
  });

  it('reads escaped text as people do (RFC 5545 §3.3.11)', () => {
    expect([has(prop('SUMMARY', { text: contains('sitzung, \nleise') })), has(prop('SUMMARY', { text: contains('\\,') }))]).toEqual([true, false]);
  });

  it('negates per property (negate-condition)', () => {
    expect(has(prop('SUMMARY', { text: contains('sitzung', { negate: true }) }))).toBe(false);
    expect(has(prop('CATEGORIES', { text: contains('home', { negate: true }) }))).toBe(true);
    expect(has(prop('LOCATION', { text: contains('x', { negate: true }) }))).toBe(false);
  });

  it('knows what is not there', () => {
    expect([has(prop('LOCATION', { absent: true })), has(prop('SUMMARY', { absent: true })), has(prop('LOCATION'))]).toEqual([true, false, false]);
  });

  it('wants parameter and text of one property', () => {
    const attendee = (name: string, partstat: string) => has(prop('ATTENDEE', { text: contains(name), parameters: [{ name: 'PARTSTAT', text: contains(partstat) }] }));
    expect([attendee('ann', 'accepted'), attendee('ann', 'declined'), attendee('bob', 'declined')]).toEqual([true, false, true]);
    expect(has(prop('ATTENDEE', { text: contains('bob'), parameters: [{ name: 'CN', absent: true }] }))).toBe(true);
    expect(has(prop('ATTENDEE', { text: contains('ann'), parameters: [{ name: 'CN', absent: true }] }))).toBe(false);
  });

  it('compares times of properties', () => {
    const within = (name: string, from: number, to: number) => has(prop(name, { range: { start: utc(2026, 1, 1, from), end: utc(2026, 1, 1, to) } }));
    expect([within('LAST-MODIFIED', 12, 13), within('LAST-MODIFIED', 11, 12), within('SUMMARY', 0, 24)]).toEqual([true, false, false]);
  });

  it('compares DTSTART and the end at every instance, an end that DURATION says too (§9.9)', () => {
    const on3 = (body: Uint8Array, name: string, from: number, to: number, kind: 'VEVENT' | 'VTODO' = 'VEVENT') => matches(body, on(comp(kind, { properties: [prop(name, { range: hours(from, to) })] })), kind);
    const daily = calendar(event('DTSTART:20260301T160000Z', 'DURATION:PT2H', 'RRULE:FREQ=DAILY'));
    expect([on3(daily, 'DTSTART', 16, 17), on3(daily, 'DTSTART', 17, 18), on3(daily, 'DTEND', 18, 19), on3(daily, 'DTEND', 17, 18)]).toEqual([true, false, true, false]);
    const days = calendar(event('DTSTART;VALUE=DATE:20260301', 'RRULE:FREQ=DAILY;COUNT=3'));
    expect([on3(days, 'DTSTART', 12, 13), on3(days, 'DTSTART', 24, 25), on3(days, 'DTEND', 12, 13)]).toEqual([true, false, false]);
    const moved = calendar(event('DTSTART:20260303T100000Z', 'RRULE:FREQ=DAILY'), event('RECURRENCE-ID:20260303T100000Z', 'DTSTART:20260303T160000Z'));
    expect([on3(moved, 'DTSTART', 10, 11), on3(moved, 'DTSTART', 16, 17)]).toEqual([false, true]);
    const task = calendar(todo('DTSTART:20260303T160000Z', 'DURATION:PT2H'));
    expect([on3(task, 'DUE', 18, 19, 'VTODO'), on3(task, 'DUE', 17, 18, 'VTODO'), on3(task, 'COMPLETED', 0, 24, 'VTODO')]).toEqual([true, false, false]);
  });

  it('answers a UID from the row, without the octets', () => {
    const compiled = matcher(on(comp('VEVENT', { properties: [prop('UID', { text: contains('DC6C50A017428C5216A2F1CD', { collation: 'i;octet' }) })] })));
    expect(compiled).toMatchObject({ needsMeta: true, needsBody: false });
    expect(compiled.test({ component: 'VEVENT', meta: { uid: 'DC6C50A017428C5216A2F1CD@example.com' } })).toBe(true);
    expect(compiled.test({ component: 'VEVENT', meta: { uid: 'dc6c50a017428c5216a2f1cd@example.com' } })).toBe(false);
    expect(compiled.test({ component: 'VEVENT' })).toBe('needs-body');
  });
});

describe('calendar-query-extended', () => {
  const body = calendar(event(START, 'SUMMARY:Tea at two', 'LOCATION;LANGUAGE=en:here'));

  it('is content with one of several conditions, and narrows nothing down by any of them', () => {
    const either = on(comp('VEVENT', { any: true, properties: [prop('SUMMARY', { text: contains('coffee') }), prop('LOCATION', { text: contains('here') })] }));
    expect(matches(body, either)).toBe(true);
    expect(matches(body, on(comp('VEVENT', { ...either.components[0]!, any: false })))).toBe(false);
    expect(matches(body, on(comp('VEVENT', { any: true, properties: [prop('UID', { text: contains('other') })], components: [comp('VALARM', { absent: true })] })))).toBe(true);
    expect(matches(body, on(comp('VEVENT', { any: true, properties: [prop('UID', { text: contains('other') })], components: [comp('VALARM')] })))).toBe(false);
    expect(matches(body, on(comp('VEVENT', { any: true })))).toBe(true);
    expect(matches(body, on(comp('VEVENT', { any: true, range: hours(1, 2), properties: [prop('LOCATION')] })))).toBe(false);
  });

  it('asks for events or tasks in one query', () => {
    const both = comp('VCALENDAR', { any: true, components: [comp('VEVENT', { range: hours(16, 17) }), comp('VTODO')] });
    expect(matches(body, both)).toBe(true);
    expect(matches(calendar(todo('SUMMARY:x')), both, 'VTODO')).toBe(true);
    expect(matches(calendar(event('DTSTART:20260304T160000Z')), both)).toBe(false);
    expect(matcher(both).query).toEqual({});
  });

  it('takes one of several parameters', () => {
    const parameters = ['en', 'de'].map((language) => ({ name: 'LANGUAGE', text: contains(language) }));
    expect(matches(body, on(comp('VEVENT', { properties: [prop('LOCATION', { any: true, parameters })] })))).toBe(true);
    expect(matches(body, on(comp('VEVENT', { properties: [prop('LOCATION', { parameters })] })))).toBe(false);
  });

  it.each([['equals', 'tea at two', true], ['equals', 'tea', false], ['starts-with', 'tea', true], ['starts-with', 'two', false], ['ends-with', 'two', true], ['ends-with', 'tea', false], ['contains', 'at', true]] as const)('%s %j', (how, text, expected) => {
    const test = (negate: boolean) => matches(body, on(comp('VEVENT', { properties: [prop('SUMMARY', { text: contains(text, { how, negate }) })] })));
    expect([test(false), test(true)]).toEqual([expected, !expected]);
  });
});
