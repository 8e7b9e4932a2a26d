import { describe, expect, it } from 'vitest';
import { calendar, event, fixtures, objectOf, text, utc } from '../fixtures/given.ts';
import { namedZones, withZones, withoutKnownZones } from './zone-references.ts';
import { readSeries } from './series.ts';

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
