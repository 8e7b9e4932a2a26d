/** The action `expand` (RFC 7808 §5.4): the observances of a zone within a span, the one in force at its start first. */
import { zoneObservances } from '@kalends/icalendar';
import { Problem } from './problem.ts';
import { jsonAnswer, spanOf, timeText } from './zone-request.ts';
import type { ZoneAnswer, ZoneRequest } from './zone-request.ts';
import { lastModified, syncToken, zoneBehind } from './zone-names.ts';

export function expandZone(tzid: string, { query }: ZoneRequest): ZoneAnswer {
  const name = zoneBehind(tzid);
  const { start, end } = spanOf(query);
  if (start === undefined) throw new Problem('invalid-start', 'Say from when: start=2026-01-01T00:00:00Z.');
  if (end === undefined) throw new Problem('invalid-end', 'Say until when: end=2027-01-01T00:00:00Z.');
  const observances = zoneObservances(name, { start, end })!.map(({ name, onset, from, to }) => ({ name, onset: timeText(onset), 'utc-offset-from': from, 'utc-offset-to': to }));
  return jsonAnswer({ dtstamp: lastModified(), tzid, start: timeText(start), end: timeText(end), observances }, syncToken());
}
