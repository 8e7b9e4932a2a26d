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
  answerBytes(http, status, body, { 'Content-Type': contentType(media), Vary: VARY, ...headers });
}

/** What chooses among the forms of calendar data (RFC 9110 §12.5.5, RFC 7809 §7.1). */
export const VARY = 'Accept, CalDAV-Timezones';

/** For the entity tag: iCalendar is what is stored, jCal is made of it. */
export const variantOf = (media: CalendarMedia): string | undefined => (media === 'application/calendar+json' ? 'json' : undefined);

/** Of a GET, by its header fields; what nobody can send is no variant. */
export const variantAsked = ({ accept }: DavRequest['http']['request']['headers']): string | undefined => (accept === undefined ? undefined : variantOf(best(accept) ?? 'text/calendar'));

export const contentType = (media: CalendarMedia): string => (media === 'text/calendar' ? TEXT_CALENDAR : JSON_CALENDAR);

/**
 * What Accept wants (RFC 9110 §12.5.1): the type with the highest weight, text/calendar at equal ones. `preferred`: where there is no Accept field.
 * @throws DavError 406
 */
export function negotiate({ http: { request } }: DavRequest, preferred: CalendarMedia = 'text/calendar'): CalendarMedia {
  const accept = request.headers.accept;
  if (accept === undefined || accept.trim() === '') return preferred;
  const media = best(accept);
  if (media === undefined) throw new DavError(406, { detail: 'Calendar data is text/calendar or application/calendar+json.', headers: { Vary: VARY } });
  return media;
}

function best(accept: string): CalendarMedia | undefined {
  const ranges = accept.split(',').map(parseRange);
  let found: CalendarMedia | undefined;
  let highest = 0;
  for (const media of CALENDAR_MEDIA) {
    const weight = weightOf(media, ranges);
    if (weight > highest) {
      found = media;
      highest = weight;
    }
  }
  return found;
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
