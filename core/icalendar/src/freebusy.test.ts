import { describe, expect, it } from 'vitest';
import { NOW, calendar, event, factsOf, fixtures, objectOf, text, utc } from '../fixtures/given.ts';
import { findProperty } from './component.ts';
import type { BusySpan } from './freebusy.ts';
import { busySpans, coalesce, freeBusyText } from './freebusy.ts';
import { formatDuration } from './time-text.ts';
import { knownZone } from './zones.ts';

const day = { start: utc(2026, 3, 3), end: utc(2026, 3, 4) };
const at = (hour: number) => day.start + hour * 3600;
const span = (from: number, to: number, busy: 1 | 2 | 3 = 1): BusySpan => ({ start: at(from), end: at(to), busy });

describe('busySpans (RFC 4791 §7.10)', () => {
  const spans = (body: Uint8Array, zone?: Parameters<typeof busySpans>[2]) => {
    const fast = busySpans({ facts: factsOf(body) }, day, zone);
    expect(fast).toEqual(busySpans({ body }, day, zone));
    return fast;
  };

  it('clips to the range', () => {
    expect(spans(calendar(event('DTSTART:20260302T230000Z', 'DTEND:20260303T020000Z')))).toEqual([span(0, 2)]);
    expect(spans(calendar(event('DTSTART:20260301T000000Z', 'DTEND:20260310T000000Z')))).toEqual([span(0, 24)]);
  });

  it('leaves out what is transparent, cancelled or of no length', () => {
    for (const line of ['TRANSP:TRANSPARENT', 'STATUS:CANCELLED']) expect(spans(calendar(event('DTSTART:20260303T100000Z', 'DURATION:PT1H', line)))).toEqual([]);
    expect(spans(calendar(event('DTSTART:20260303T100000Z')))).toEqual([]);
  });

  it('takes the day of an all-day event from the zone of the calendar', () => {
    const body = calendar(event('DTSTART;VALUE=DATE:20260304'));
    expect(spans(body)).toEqual([]);
    expect(spans(body, knownZone('Europe/Berlin'))).toEqual([span(23, 24)]);
  });

  it('reads the periods of a VFREEBUSY by type', () => {
    const body = fixtures().get('vfreebusy-published.ics')!;
    expect(coalesce(busySpans({ facts: factsOf(body) }, { start: utc(2026, 3, 1), end: utc(2026, 4, 1) }) as readonly BusySpan[]).map(({ busy }) => busy)).toEqual([1, 1, 2]);
  });

  it('asks for the octets where the facts end, and gives nothing for what cannot be read', () => {
    const body = calendar(event('DTSTART:20200101T100000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY'));
    const facts = factsOf(body, utc(2021, 1, 1));
    expect(busySpans({ facts }, day)).toBe('needs-body');
    expect(busySpans({ facts, body }, day)).toEqual([span(10, 11)]);
    expect(busySpans({ body: Buffer.from('nonsense') }, day)).toEqual([]);
  });
});

describe('coalesce', () => {
  it('joins what overlaps or touches, each type for itself', () => {
    expect(coalesce([span(3, 4), span(1, 2), span(2, 3), span(1, 5, 2), span(6, 7), span(2, 6, 3)])).toEqual([span(1, 4), span(1, 5, 2), span(2, 6, 3), span(6, 7)]);
    expect(coalesce([])).toEqual([]);
  });
});

describe('freeBusyText (RFC 5545 §3.6.4)', () => {
  it('writes UTC, start and duration, and always FBTYPE', () => {
    const attendee = findProperty(objectOf(calendar(event('DTSTART:20260303T100000Z', 'ATTENDEE;CN=User 02:mailto:u2@example.com'))).parts[0]!, 'ATTENDEE')!;
    const written = text(freeBusyText({ range: day, spans: [span(9, 10), span(12, 13), span(0, 24, 3)], now: NOW, uid: 'u', method: 'REPLY', attendee }));
    expect(written.split('\r\n')).toEqual([
      'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Kalends//Kalends//EN', 'METHOD:REPLY', 'BEGIN:VFREEBUSY', 'UID:u', 'DTSTAMP:20260921T141320Z', 'DTSTART:20260303T000000Z', 'DTEND:20260304T000000Z', 'ATTENDEE;CN=User 02:mailto:u2@example.com',
      'FREEBUSY;FBTYPE=BUSY:20260303T090000Z/PT1H,20260303T120000Z/PT1H', 'FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260303T000000Z/20260304T000000Z', 'END:VFREEBUSY', 'END:VCALENDAR', '',
    ]);
  });

  it('writes no FREEBUSY when nothing is busy (RFC 4791 §7.10)', () => {
    expect(text(freeBusyText({ range: day, spans: [], now: NOW, uid: 'u' }))).not.toContain('\r\nFREEBUSY');
  });

  it('spells durations as short as they are (RFC 5545 §3.3.6)', () => {
    expect([0, 59, 3600, 5400, 86_400, 90_061, 604_800].map(formatDuration)).toEqual(['PT0S', 'PT59S', 'PT1H', 'PT1H30M', 'P1D', 'P1DT1H1M1S', 'P7D']);
  });
});
