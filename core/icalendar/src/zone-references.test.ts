import { describe, expect, it } from 'vitest';
import { calendar, event, fixtures, objectOf, text, utc } from '../fixtures/given.ts';
import { definesHalf, namedZones, octetsWithZones, octetsWithoutKnownZones, withZones, withoutKnownZones } from './zone-references.ts';
import { findProperty, makeComponent, makeProperty, setProperty } from './component.ts';
import { MAX_ADDED_ZONES } from './limits.ts';
import { parse } from './parse.ts';
import { readSeries } from './series.ts';
import { ObjectZones } from './time-values.ts';
import { readText } from './values.ts';

describe('time zones by reference (RFC 7809)', () => {
  it('takes out what everybody knows by name, and puts it back', () => {
    const object = objectOf(fixtures().get('thunderbird-daily.ics')!);
    const bare = withoutKnownZones(object);
    expect(text(bare.octets)).not.toContain('VTIMEZONE');
    expect(text(bare.octets)).toContain('DTSTART;TZID=Europe/Berlin:20260211T090000');
    const whole = withZones(bare);
    expect([...text(whole.octets).matchAll(/TZID:(.*)\r/g)].map(([, tzid]) => tzid)).toEqual(['Europe/Berlin']);
    expect(readSeries(objectOf(whole.octets)).master?.start?.at).toBe(utc(2026, 2, 11, 8));
  });

  it('leaves alone what only the object knows, and names that are not IANA’s', () => {
    const own = objectOf(fixtures().get('outlook-exchange.ics')!);
    expect(withoutKnownZones(own)).toBe(own);
    const mars = objectOf(calendar('BEGIN:VTIMEZONE', 'TZID:Mars', 'BEGIN:STANDARD', 'DTSTART:19700101T000000', 'TZOFFSETFROM:+0000', 'TZOFFSETTO:+0037', 'END:STANDARD', 'END:VTIMEZONE', event('DTSTART;TZID=Mars:20260303T100000')));
    expect([withoutKnownZones(mars), withZones(mars)]).toEqual([mars, mars]);
  });

  it('finds every zone that some property names', () => {
    const object = objectOf(calendar(event('DTSTART;TZID=Europe/Berlin:20260303T100000', 'DTEND;TZID=America/New_York:20260303T100000')));
    expect([...namedZones(object.root)]).toEqual(['Europe/Berlin', 'America/New_York']);
    expect(withZones(object).root.components.map(({ name }) => name)).toEqual(['VTIMEZONE', 'VTIMEZONE', 'VEVENT']);
  });
});

describe('time zones by reference on octets (RFC 7809, CalDAV-Timezones)', () => {
  const berlin = calendar(event('DTSTART;TZID=Europe/Berlin:20260303T100000', 'DTEND;TZID="America/New_York":20260303T100000', 'SUMMARY:Küche'));
  const tzids = (body: Uint8Array): readonly string[] => Array.from(text(body).matchAll(/^TZID:(.*)\r$/gm), ([, tzid = '']) => tzid);

  it('defines every zone that is named, before the first component, and nothing else changes', () => {
    const whole = octetsWithZones(berlin);
    expect(tzids(whole)).toEqual(['Europe/Berlin', 'America/New_York']);
    expect(text(octetsWithoutKnownZones(whole))).toBe(text(berlin));
    expect(readSeries(objectOf(whole)).master?.start?.at).toBe(utc(2026, 3, 3, 9));
    expect(text(whole)).toBe(text(withZones(objectOf(berlin)).octets));
  });

  it('gives the same array back where there is nothing to do', () => {
    const inUtc = calendar(event('DTSTART:20260303T100000Z'));
    const whole = octetsWithZones(berlin);
    expect([octetsWithZones(inUtc), octetsWithoutKnownZones(inUtc), octetsWithZones(whole), octetsWithoutKnownZones(berlin)].map((body, at) => body === [inUtc, inUtc, whole, berlin][at])).toEqual([true, true, true, true]);
  });

  it('agrees with the tree, for every object that programs wrote', () => {
    for (const [name, body] of fixtures()) {
      const { object } = parse(body);
      if (object === undefined) continue;
      const { octets } = object;
      expect(text(octetsWithoutKnownZones(octets)), name).toBe(text(withoutKnownZones(object).octets));
      if (!definesHalf(object)) expect(tzids(octetsWithZones(octets)).toSorted(), name).toEqual(tzids(withZones(object).octets).toSorted());
    }
  });

  it('reads folded lines, and names in values for what they are', () => {
    const odd = calendar(event('DTSTART;X-A="b;TZID=Asia/Tokyo";TZID=Europe/', ' Berlin:20260303T100000', 'DESCRIPTION:DTSTART;TZID=Asia/Tokyo:2026', 'COMMENT:TZID'));
    expect(tzids(octetsWithZones(odd))).toEqual(['Europe/Berlin']);
  });

  it('defines what is known by another name under that name, and an offset as what it is', () => {
    const body = calendar(event('DTSTART;TZID=W. Europe Standard Time:20260703T100000', 'DTEND;TZID="(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna":20260703T110000', 'RDATE;TZID=GMT+5:20260704T100000'));
    const whole = octetsWithZones(body);
    expect(tzids(whole)).toEqual(['W. Europe Standard Time', '(UTC+01:00) Amsterdam\\, Berlin\\, Bern\\, Rome\\, Stockholm\\, Vienna', 'GMT+5']);
    expect(octetsWithoutKnownZones(whole)).toBe(whole);
    expect(definesHalf(objectOf(whole))).toBe(false);
    const zones = new ObjectZones(makeComponent('VCALENDAR', [], objectOf(whole).root.components.map((zone) => (zone.name === 'VTIMEZONE' ? setProperty(zone, 'TZID', makeProperty('TZID', `X-${readText(findProperty(zone, 'TZID')!.value)}`)) : zone))));
    expect(['X-W. Europe Standard Time', 'X-GMT+5'].map((tzid) => zones.find(tzid)?.offsetAt(utc(2026, 7, 3)))).toEqual([7200, 18_000]);
  });

  it('looks at each octet once, however often a line says TZID', () => {
    const body = calendar(event('DTSTART;TZID=Europe/Berlin:20260303T100000', `X-LONG;X-A="${';TZID=Asia/Tokyo'.repeat(20_000)}":${';TZID=Asia/Tokyo'.repeat(40_000)}`));
    expect(tzids(octetsWithZones(body))).toEqual(['Europe/Berlin']);
  });

  it('takes a CR alone for no end of a line, and looks once for an end that is not there', () => {
    const odd = calendar(event('DTSTART;TZID=Europe/Berlin:20260303T100000', ...Array<string>(40_000).fill('X-A:\rBEGIN:VTIMEZONE')));
    expect(objectOf(odd).uid).toBe('a');
    expect(octetsWithoutKnownZones(odd)).toBe(odd);
    expect(tzids(octetsWithZones(odd))).toEqual(['Europe/Berlin']);
    const mars = calendar('BEGIN:VTIMEZONE', 'X-A:\rTZID:Europe/Berlin', 'TZID:Mars', 'BEGIN:STANDARD', 'DTSTART:19700101T000000', 'TZOFFSETFROM:+0000', 'TZOFFSETTO:+0037', 'END:STANDARD', 'END:VTIMEZONE', event('DTSTART;TZID=Mars:20260303T100000'));
    expect(octetsWithoutKnownZones(mars)).toBe(mars);
  });

  it('adds no more definitions than a sane object names', () => {
    const body = calendar(event('DTSTART:20260303T100000Z', ...Array.from({ length: 2000 }, (_, at) => `X-AT;TZID=/vendor${at}/Europe/Berlin:20260303T100000`)));
    expect([tzids(octetsWithZones(body)).length, withZones(objectOf(body)).root.components.length]).toEqual([MAX_ADDED_ZONES, MAX_ADDED_ZONES + 1]);
  });

  it('leaves names alone that nobody knows', () => {
    const mars = calendar(event('DTSTART;TZID=Mars:20260303T100000'));
    expect(octetsWithZones(mars)).toBe(mars);
  });

  it('knows an object that defines one of its zones and not the other', () => {
    const half = calendar('BEGIN:VTIMEZONE', 'TZID:Mars', 'BEGIN:STANDARD', 'DTSTART:19700101T000000', 'TZOFFSETFROM:+0000', 'TZOFFSETTO:+0037', 'END:STANDARD', 'END:VTIMEZONE', event('DTSTART;TZID=Mars:20260303T100000', 'DTEND;TZID=Europe/Berlin:20260303T110000'));
    expect([definesHalf(objectOf(half)), definesHalf(objectOf(berlin)), definesHalf(withZones(objectOf(half)))]).toEqual([true, false, false]);
    expect(octetsWithoutKnownZones(half)).toBe(half);
  });
});
