/**
 * An ItemReader small enough to be trusted at sight: reads back what `ics.ts` builds. Bounds only widen: zoned and floating times by 14 hours, recurrence to
 * the end of time. It stands in for core/icalendar where a store is tested apart from it.
 */
import type { ComponentKind, EpochSeconds, ItemFacts, ItemReader, TimeRange } from '@kalends/contracts';

/** Seconds: "no start", "no end" (`ItemFacts.bounds`). */
export const FOREVER = 2 ** 52;
const WIDEN = 14 * 3600;
const COMPONENTS: readonly ComponentKind[] = ['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY', 'VAVAILABILITY', 'VPOLL'];

export const plainReader: ItemReader = {
  read(body) {
    const text = new TextDecoder().decode(body).replaceAll(/\r\n[ \t]/g, '');
    if (!text.startsWith('BEGIN:VCALENDAR\r\n') || !text.endsWith('END:VCALENDAR\r\n')) return { problem: 'not an iCalendar object (RFC 5545 §3.4)' };
    const component = COMPONENTS.find((kind) => text.includes(`\r\nBEGIN:${kind}\r\n`));
    const uid = /\r\nUID:(.*)\r\n/.exec(text)?.[1];
    if (component === undefined || uid === undefined) return { problem: 'no component with a UID (RFC 5545 §3.8.4.7)' };
    return { component, uid, facts: factsOf(boundsOf(text.replace(/BEGIN:VTIMEZONE[^]*END:VTIMEZONE/, ''))) };
  },
};

/** Facts of given bounds; nothing packed. */
export function factsOf(bounds: TimeRange, more: Partial<ItemFacts> = {}): ItemFacts {
  return { version: 1, bounds, occurrences: new Uint8Array(), covered: { start: -FOREVER, end: FOREVER }, slices: new Uint8Array(), flags: 0, ...more };
}

function boundsOf(text: string): TimeRange {
  const times = [...text.matchAll(/\r\n(DTSTART|DTEND|DUE|COMPLETED)([^:\r]*):(\d{8})(?:T(\d{6})(Z?))?(?=\r\n)/g)].map((match) => timeOf(match[3]!, match[4], match[5] === 'Z'));
  if (times.length === 0) return { start: -FOREVER, end: FOREVER };
  const start = Math.min(...times.map((time) => time.start));
  const end = /\r\nR(RULE|DATE)[:;]/.test(text) ? FOREVER : Math.max(...times.map((time) => time.end));
  return { start, end };
}

function timeOf(date: string, clock: string | undefined, isUtc: boolean): TimeRange {
  const [year, month, day] = [date.slice(0, 4), date.slice(4, 6), date.slice(6, 8)];
  const seconds: EpochSeconds = Date.parse(`${year}-${month}-${day}T${(clock ?? '000000').replace(/(..)(..)(..)/, '$1:$2:$3')}Z`) / 1000;
  if (isUtc) return { start: seconds, end: seconds };
  return { start: seconds - WIDEN, end: seconds + (clock === undefined ? 86_400 : 0) + WIDEN };
}
