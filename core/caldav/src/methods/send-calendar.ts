/** Calendar data as an answer: which media type the client takes, and the octets with their header fields. */
import type { DavRequest } from '@kalends/contracts';
import { toJson } from '@kalends/icalendar';
import { DavError, answerBytes } from '@kalends/webdav';
import { CALENDAR_MEDIA } from '../query/read-calendar-data.ts';
import type { CalendarMedia } from '../query/read-calendar-data.ts';

export const TEXT_CALENDAR = 'text/calendar;charset=utf-8';
export const JSON_CALENDAR = 'application/calendar+json';

/** The answer whole: `text` is RFC 5545 text. */
export function sendCalendar({ http }: DavRequest, status: number, text: Uint8Array, headers: Readonly<Record<string, string>> = {}, media: CalendarMedia = 'text/calendar'): void {
  const body = media === 'text/calendar' ? text : toJson(text);
  answerBytes(http, status, body, { 'Content-Type': contentType(media), ...headers });
}

export const contentType = (media: CalendarMedia): string => (media === 'text/calendar' ? TEXT_CALENDAR : JSON_CALENDAR);

/**
 * What Accept wants (RFC 9110 §12.5.1): the type with the highest weight, text/calendar at equal ones. `preferred`: where there is no Accept field.
 * @throws DavError 406
 */
export function negotiate({ http: { request } }: DavRequest, preferred: CalendarMedia = 'text/calendar'): CalendarMedia {
  const accept = request.headers.accept;
  if (accept === undefined || accept.trim() === '') return preferred;
  const ranges = accept.split(',').map(parseRange);
  let best: CalendarMedia | undefined;
  let highest = 0;
  for (const media of CALENDAR_MEDIA) {
    const weight = weightOf(media, ranges);
    if (weight > highest) {
      best = media;
      highest = weight;
    }
  }
  if (best === undefined) throw new DavError(406, { detail: 'Calendar data is text/calendar or application/calendar+json.' });
  return best;
}

interface MediaRange { readonly type: string; readonly weight: number }

function parseRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
  return { type, weight: Number.isNaN(weight) ? 0 : weight };
}

/** The most specific range that covers the type decides. */
function weightOf(media: string, ranges: readonly MediaRange[]): number {
  for (const wanted of [media, `${media.slice(0, media.indexOf('/'))}/*`, '*/*']) {
    const range = ranges.find(({ type }) => type === wanted);
    if (range !== undefined) return range.weight;
  }
  return 0;
}
