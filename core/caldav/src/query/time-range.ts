/**
 * A range of time as an attribute pair `start`, `end` (RFC 4791 §9.9, §9.6.5-7): UTC date-times, half open; and how far from now a deployment lets a
 * query reach (`limits.queryPast`, `limits.queryFuture`).
 */
import type { EpochSeconds, Limits, TimeRange, XmlNode } from '@kalends/contracts';
import { ALWAYS, FLOOR, LAST_LOCAL, formatUtc, parseTime } from '@kalends/icalendar';
import type { ComponentFilter } from '@kalends/icalendar';
import { maxDateTime, minDateTime, validFilter } from '../preconditions.ts';

/** What an element that must have both ends says: `expand`, `limit-recurrence-set`, `limit-freebusy-set`. Throws CALDAV:valid-filter. */
export function closedRange(node: XmlNode): TimeRange {
  const range = openRange(node);
  if (node.attribute('start') === undefined || node.attribute('end') === undefined) throw validFilter(`${node.name.local} needs both start and end`);
  return range;
}

/** `time-range`: one end may be missing, not both. Throws CALDAV:valid-filter. */
export function openRange(node: XmlNode): TimeRange {
  const start = instant(node, 'start');
  const end = instant(node, 'end');
  if (start === undefined && end === undefined) throw validFilter(`${node.name.local} needs a start or an end`);
  const range = { start: start ?? ALWAYS.start, end: end ?? ALWAYS.end };
  if (range.start >= range.end) throw validFilter(`${node.name.local} ends before it starts`);
  return range;
}

function instant(node: XmlNode, end: 'start' | 'end'): EpochSeconds | undefined {
  const text = node.attribute(end);
  if (text === undefined) return undefined;
  const parsed = parseTime(text);
  if (parsed?.kind !== 'utc') throw validFilter(`${end} of ${node.name.local} is not a date-time in UTC: "${text.slice(0, 40)}"`);
  // §7.8: also of ranges that only say what is returned. The dates are those of the calendars' own properties.
  if (parsed.local < FLOOR) throw minDateTime(formatUtc(FLOOR), `${end} of ${node.name.local} lies before every date that a calendar takes`);
  return parsed.local;
}

/** RFC 4791 §7.8, CALDAV:min-date-time and max-date-time: neither end that is given may lie outside. `now` in seconds. */
export function checkReach(range: TimeRange, now: EpochSeconds, { queryPast, queryFuture }: Limits): void {
  const earliest = now - queryPast;
  const latest = now + queryFuture;
  const [starts, ends] = [range.start !== ALWAYS.start, range.end !== ALWAYS.end];
  if ((starts && range.start < earliest) || (ends && range.end < earliest)) throw minDateTime(formatUtc(earliest), 'the range reaches too far back');
  if ((ends && range.end > Math.min(latest, LAST_LOCAL + 1)) || (starts && range.start > latest)) throw maxDateTime(formatUtc(Math.min(latest, LAST_LOCAL)), 'the range reaches too far into the future');
}

/** The ranges of a filter that instances of series are looked for in, at any depth; a property's own time costs nothing to compare, however long ago it was. */
export function rangesOf(filter: ComponentFilter): readonly TimeRange[] {
  return [...(filter.range === undefined ? [] : [filter.range]), ...filter.components.flatMap(rangesOf)];
}
