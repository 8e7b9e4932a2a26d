import type { CalendarObject } from './calendar-object.ts';
import type { Problem } from './problem.ts';

/** One of both: test `problems === undefined`. */
export type Parsed =
  | { readonly object: CalendarObject; readonly problems?: undefined }
  | { readonly object?: undefined; readonly problems: readonly Problem[] };

/** Octets of one VCALENDAR (RFC 5545 §3.4) to a tree. Checks the form of lines and nesting only: see `repair`, `validate`. Never throws. */
export function parse(_octets: Uint8Array): Parsed { throw new Error('to come'); }
/** The same from jCal (RFC 7265), `application/calendar+json`. Its octets are written by us. */
export function parseJson(_octets: Uint8Array): Parsed { throw new Error('to come'); }
