/**
 * Busy time (RFC 4791 §7.10): from facts without the octets where they reach, else from the octets; joined by type; and written as VFREEBUSY in the form that
 * every reader takes: UTC, start and duration, FBTYPE always. Time when nobody is there has its end instead, as the classic server wrote it.
 */
import type { EpochSeconds, ItemFacts, TimeRange } from '@kalends/contracts';
import type { Property } from './component.ts';
import { PRODID, makeComponent, makeProperty } from './component.ts';
import { MAX_INSTANCES } from './limits.ts';
import { overlaps, reaches, realTimes, someInstance, someOccurrence } from './overlap.ts';
import { parse } from './parse.ts';
import { readSeries } from './series.ts';
import { serialize } from './serialize.ts';
import { formatUtc } from './time.ts';
import { formatDuration } from './time-text.ts';
import { writeText } from './values.ts';
import type { Zone } from './zones.ts';

export interface BusySpan extends TimeRange { /** RFC 5545 §3.2.9: busy, tentative, unavailable. */ readonly busy: 1 | 2 | 3 }
/** What of an `Item` is looked at. */
export interface BusyItem { readonly facts?: ItemFacts; readonly body?: Uint8Array }
export interface FreeBusyAnswer {
  readonly range: TimeRange; readonly spans: readonly BusySpan[];
  /** DTSTAMP. */ readonly now: EpochSeconds;
  readonly uid: string; readonly method?: 'REPLY' | 'PUBLISH';
  /** As the request wrote them: lines are copied. */ readonly organizer?: Property; readonly attendee?: Property;
  /** Of the VFREEBUSY besides. */ readonly more?: readonly Property[];
}

/** Spans of one item in one answer; who has more in a range is busy without a break. */
const MAX_SPANS = 10 * MAX_INSTANCES;

/**
 * When one item is busy inside `range`, clipped to it, in no order (`coalesce` brings it). `floating`: the zone of floating times and dates, which is the
 * calendar's; absent: UTC. `'needs-body'`: the facts do not reach that far; never answered when there is a body.
 */
export function busySpans(item: BusyItem, range: TimeRange, floating?: Zone): readonly BusySpan[] | 'needs-body' {
  const { facts, body } = item;
  if (range.start >= range.end) return [];
  const spans: BusySpan[] = [];
  const add = (start: EpochSeconds, end: EpochSeconds, busy: number): boolean => {
    if (busy !== 0 && end > start && overlaps(start, end, range)) {
      spans.push({ start: Math.max(start, range.start), end: Math.min(end, range.end), busy: busy as 1 | 2 | 3 });
    }
    return spans.length >= MAX_SPANS;
  };
  if (facts !== undefined && reaches(facts, range)) {
    someOccurrence(facts, range, floating, ({ start, end, busy }) => add(start, end, busy));
    return spans;
  }
  const object = body === undefined ? undefined : parse(body).object;
  if (object === undefined) return body === undefined ? 'needs-body' : [];
  someInstance(readSeries(object), range, floating, (instance) => {
    const { start, end } = realTimes(instance, floating);
    return add(start, end, instance.busy);
  });
  return spans;
}

/** Ascending by start; overlapping and touching spans of one type joined, each type for itself: an hour may be busy and unavailable. */
export function coalesce(spans: readonly BusySpan[]): readonly BusySpan[] {
  const joined: BusySpan[] = [];
  const open = new Map<number, number>();
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const index = open.get(span.busy);
    const last = index === undefined ? undefined : joined[index];
    if (index !== undefined && last !== undefined && span.start <= last.end) {
      if (span.end > last.end) joined[index] = { ...last, end: span.end };
    } else {
      open.set(span.busy, joined.length);
      joined.push(span);
    }
  }
  return joined.sort((a, b) => a.start - b.start || a.busy - b.busy);
}

const UNAVAILABLE = 3;
const TYPES = [[1, 'BUSY'], [2, 'BUSY-TENTATIVE'], [3, 'BUSY-UNAVAILABLE']] as const;

/** A VCALENDAR with one VFREEBUSY (RFC 5545 §3.6.4, RFC 5546 §3.3.2). */
export function freeBusyText({ range, spans, now, uid, method, organizer, attendee, more = [] }: FreeBusyAnswer): Uint8Array {
  const joined = coalesce(spans);
  const times = Object.entries({ DTSTAMP: now, DTSTART: range.start, DTEND: range.end }).map(([name, at]) => makeProperty(name, formatUtc(at)));
  const properties: Property[] = [makeProperty('UID', writeText(uid)), ...times];
  if (organizer !== undefined) properties.push(organizer);
  if (attendee !== undefined) properties.push(attendee);
  for (const [busy, type] of TYPES) {
    const periods = joined.filter((span) => span.busy === busy).map(({ start, end }) => `${formatUtc(start)}/${busy === UNAVAILABLE ? formatUtc(end) : formatDuration(end - start)}`);
    if (periods.length > 0) properties.push(makeProperty('FREEBUSY', periods.join(','), { FBTYPE: type }));
  }
  const header = [makeProperty('VERSION', '2.0'), makeProperty('PRODID', PRODID)];
  if (method !== undefined) header.push(makeProperty('METHOD', method));
  return serialize(makeComponent('VCALENDAR', header, [makeComponent('VFREEBUSY', [...properties, ...more])]));
}
