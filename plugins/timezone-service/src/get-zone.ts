/** The action `get` (RFC 7808 §5.3): one zone, whole or cut to a span (§3.9), as iCalendar or jCal. */
import { publishedVtimezone, toJson } from '@kalends/icalendar';
import { FORMATS } from './capabilities.ts';
import { tagOf } from './list-zones.ts';
import { Problem } from './problem.ts';
import { spanOf } from './zone-request.ts';
import type { ZoneAnswer, ZoneRequest } from './zone-request.ts';
import { zoneBehind } from './zone-names.ts';

type Format = (typeof FORMATS)[number];

export function getZone(tzid: string, { query, accept }: ZoneRequest): ZoneAnswer {
  const format = formatFor(accept);
  const { start, end } = spanOf(query);
  const zone = publishedVtimezone(zoneBehind(tzid), tzid, { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) })!;
  const text = Buffer.from(`BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Kalends//Kalends//EN\r\n${zone}END:VCALENDAR\r\n`);
  const json = format === 'application/calendar+json';
  return { type: json ? format : `${format}; charset=utf-8`, body: json ? toJson(text) : text, tag: tagOf(zone), weak: json, negotiated: true };
}

/** @throws Problem `invalid-format` */
function formatFor(accept = '*/*'): Format {
  let best: Format | undefined;
  let highest = 0;
  const ranges = accept.split(',').map(readRange);
  for (const format of FORMATS) {
    // The most specific range decides (RFC 9110 §12.5.1).
    const weight = [format, `${format.split('/')[0]!}/*`, '*/*'].map((wanted) => ranges.find(({ type }) => type === wanted)?.weight).find((found) => found !== undefined) ?? 0;
    if (weight > highest) {
      best = format;
      highest = weight;
    }
  }
  if (best === undefined) throw new Problem('invalid-format', `Time zones are ${FORMATS.join(' or ')}.`);
  return best;
}

function readRange(text: string): { readonly type: string; readonly weight: number } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
  return { type, weight: Number.isNaN(weight) ? 0 : weight };
}
