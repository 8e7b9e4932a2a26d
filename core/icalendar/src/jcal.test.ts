/** jCal (RFC 7265), RFC 7529 in it, and what becomes of values that neither knows. */
import { describe, expect, it } from 'vitest';
import { NOW, calendar, event, fixtures, octets, text } from '../fixtures/given.ts';
import type { Component } from './component.ts';
import { fromJcal, toJcal } from './jcal.ts';
import { parse, parseJson } from './parse.ts';
import { readObject } from './read-object.ts';
import { toJson } from './render.ts';
import { serialize } from './serialize.ts';
import { readText } from './values.ts';

const START = 'DTSTART:20260303T160000Z';
/** The jCal property of one content line in an event. */
function jcalOf(line: string): unknown {
  const [, , components] = toJcal(parse(calendar('BEGIN:VEVENT', line, 'END:VEVENT')).object!.root) as unknown as [string, unknown, [[string, unknown[]]]];
  return components[0][1][0];
}
/** The content line of one jCal property. */
const lineOf = (property: unknown): string => text(serialize(fromJcal(['vevent', [property], []]))).split('\r\n').slice(1, -2).join('\n');

describe('jCal', () => {
  it.each<[string, unknown]>([
    ['DTSTART:20260303T160000Z', ['dtstart', {}, 'date-time', '2026-03-03T16:00:00Z']],
    ['DTSTART;TZID=Europe/Berlin:20260303T160000', ['dtstart', { tzid: 'Europe/Berlin' }, 'date-time', '2026-03-03T16:00:00']],
    ['DTSTART;VALUE=DATE:20260303', ['dtstart', {}, 'date', '2026-03-03']],
    ['EXDATE:20260303T160000Z,20260304T160000Z', ['exdate', {}, 'date-time', '2026-03-03T16:00:00Z', '2026-03-04T16:00:00Z']],
    ['RDATE;VALUE=PERIOD:20260303T160000Z/PT1H', ['rdate', {}, 'period', ['2026-03-03T16:00:00Z', 'PT1H']]],
    ['DURATION:PT1H30M', ['duration', {}, 'duration', 'PT1H30M']],
    ['SUMMARY:one\\, two\\; three\\nfour', ['summary', {}, 'text', 'one, two; three\nfour']],
    ['CATEGORIES:a,b\\,c', ['categories', {}, 'text', 'a', 'b,c']],
    ['GEO:37.386013;-122.082932', ['geo', {}, 'float', [37.386013, -122.082932]]],
    ['REQUEST-STATUS:2.0;Success;x', ['request-status', {}, 'text', ['2.0', 'Success', 'x']]],
    ['SEQUENCE:3', ['sequence', {}, 'integer', 3]],
    ['ATTENDEE;CN="A, B";MEMBER="mailto:x","mailto:y":mailto:a@x.org', ['attendee', { cn: 'A, B', member: ['mailto:x', 'mailto:y'] }, 'cal-address', 'mailto:a@x.org']],
    ['X-ODD;X-P=q:as, it; is\\n', ['x-odd', { 'x-p': 'q' }, 'unknown', 'as, it; is\\n']],
    ['X-KNOWN;VALUE=TEXT:a\\, b', ['x-known', {}, 'text', 'a, b']],
    ['X-ODD;VALUE=X-TYPE:what', ['x-odd', {}, 'x-type', 'what']],
    ['RRULE:FREQ=YEARLY;UNTIL=20301231T000000Z;BYDAY=-1SU,MO;BYMONTH=3', ['rrule', {}, 'recur', { freq: 'YEARLY', until: '2030-12-31T00:00:00Z', byday: ['-1SU', 'MO'], bymonth: 3 }]],
    ['RRULE:FREQ=DAILY;UNTIL=20301231', ['rrule', {}, 'recur', { freq: 'DAILY', until: '2030-12-31' }]],
  ])('says %s (RFC 7265 §3.4-3.6, §5)', (line, jcal) => {
    expect(jcalOf(line)).toEqual(jcal);
    expect(lineOf(jcal)).toBe(line);
  });

  it.each([
    'RRULE:RSCALE=ETHIOPIC;FREQ=MONTHLY;BYMONTH=13', 'RRULE:RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD', 'RRULE:FREQ=YEARLY;RSCALE=GREGORIAN;SKIP=OMIT;X-NEW=A,2',
  ])('keeps %s (RFC 7529 §4)', (line) => {
    expect(lineOf(jcalOf(line))).toBe(line);
  });

  it.each(['RRULE:nonsense', 'RRULE:FREQ=DAILY;FREQ=WEEKLY', 'RDATE:083000', 'EXDATE:', 'GEO:;', 'GEO:here', 'SEQUENCE:three', 'DTSTAMP:yesterday', 'X-A;VALUE=Ä:x', 'DURATION:soon'])('leaves %s as it stands, as of unknown type (RFC 7265 §5)', (line) => {
    const jcal = jcalOf(line) as readonly unknown[];
    expect(jcal.slice(2)).toEqual(['unknown', line.slice(line.indexOf(':') + 1)]);
    expect(lineOf(jcal)).toBe(line.replace(/;VALUE=[^:]*/, ''));
  });

  it('loses no property, parameter or value of any fixture on the way there and back', () => {
    let objects = 0;
    for (const [name, body] of fixtures()) {
      const { object } = parse(body);
      if (object === undefined) continue;
      objects++;
      const back = parse(serialize(fromJcal(JSON.parse(text(toJson(body)))))).object!;
      expect(linesOf(back.root), name).toEqual(linesOf(object.root));
    }
    expect(objects).toBeGreaterThan(10);
  });

  it('makes valid objects valid again, which mean the same', () => {
    const body = calendar(event(START, 'RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=5', 'EXDATE:20260310T160000Z', 'X-ODD;X-P="a:b":v', 'SUMMARY:Kaffee – ☕\\, groß'));
    const { object } = readObject(toJson(body), { now: NOW, format: 'json' });
    expect(text(object!.octets)).toBe(text(octets(...text(body).trim().split('\r\n'))));
  });

  it.each<[string, unknown]>([
    ['no array', {}], ['no name', [1, [], []]], ['a name with a line break', ['vevent\r\nX:1', [], []]], ['a property without a value', ['vevent', [['summary', {}, 'text']], []]], ['parameters that are none', ['vevent', [['summary', null, 'text', 'x']], []]],
    ['a rule that is text', ['vevent', [['rrule', {}, 'recur', 'FREQ=DAILY']], []]], ['a rule of objects', ['vevent', [['rrule', {}, 'recur', { freq: {} }]], []]], ['too deep a nest', deep(50)],
  ])('refuses %s', (_what, jcal) => {
    expect(() => fromJcal(jcal)).toThrow();
    expect(parseJson(Buffer.from(JSON.stringify(jcal))).problems?.[0]?.kind).toBe('valid-calendar-data');
  });

  it('cannot be made to write a line of its own', () => {
    const tricks = [['summary', { 'x-p': 'a"\r\nATTENDEE:b' }, 'text', 'a\r\nATTENDEE:b'], ['x-a', {}, 'unknown', 'a\r\nATTENDEE:b'], ['rrule', {}, 'recur', { freq: 'DAILY\r\nATTENDEE:b' }], ['x-b', { 'bad key\r\n': 'x' }, 'text', 'y']];
    for (const trick of tricks) expect(lineOf(trick)).not.toMatch(/^ATTENDEE/m);
  });
});

function deep(levels: number): unknown {
  return levels === 0 ? ['vevent', [], []] : ['vevent', [], [deep(levels - 1)]];
}

/** What each line says: names, parameters but for a VALUE that is the default, and values as they mean. */
function linesOf(component: Component): readonly string[] {
  const own = component.properties.map(({ name, parameters, value }) => {
    const kept = [...parameters].filter(([key, [first]]) => key !== 'VALUE' || !DEFAULTS.has(first?.toUpperCase() ?? ''));
    return JSON.stringify([name, kept, /^-?[\d.]+(;-?[\d.]+)?$/.test(value) ? value.split(';').map(Number).join() : readText(value).trim()]);
  });
  return [component.name, ...own, ...component.components.flatMap(linesOf), 'END'];
}
const DEFAULTS: ReadonlySet<string> = new Set(['DATE-TIME', 'DATE', 'TEXT', 'URI', 'DURATION', 'CAL-ADDRESS', 'RECUR', 'INTEGER', 'UTC-OFFSET']);
