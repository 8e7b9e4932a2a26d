/**
 * Octets to a CalendarObject: text (RFC 5545) or jCal (RFC 7265), bounded, without a throw. Decides about the form only; what is repaired and what is refused
 * comes after, in `repair.ts` and `validate.ts`.
 */
import { CalendarObject } from './calendar-object.ts';
import { fromJcal } from './jcal.ts';
import { MAX_COMPONENTS, MAX_IMPORT_OCTETS, MAX_PROPERTIES } from './limits.ts';
import type { Problem } from './problem.ts';
import { scan } from './scan.ts';
import { serialize } from './serialize.ts';

/** One of both: test `problems === undefined`. */
export type Parsed =
  | { readonly object: CalendarObject; readonly problems?: undefined }
  | { readonly object?: undefined; readonly problems: readonly Problem[] };

const LIMITS = { octets: MAX_IMPORT_OCTETS, components: MAX_COMPONENTS, properties: MAX_PROPERTIES };

/** Octets of one VCALENDAR (RFC 5545 §3.4). The caller must not change them afterwards: the tree refers to them. */
export function parse(octets: Uint8Array): Parsed {
  const { document, roots, intact, problem } = scan(octets, LIMITS);
  if (problem !== undefined) return { problems: [problem] };
  const [root, second] = roots;
  if (root === undefined) return refuse('empty');
  if (root.name !== 'VCALENDAR') return refuse(`${root.name} where VCALENDAR was expected`, root.source?.line);
  if (second !== undefined) return refuse('more than one VCALENDAR', second.source?.line);
  // Octets that may not be copied into what others read (a fold inside a character) are written anew.
  return { object: intact ? new CalendarObject(root, document.octets) : new CalendarObject(root) };
}

/** The same from jCal, `application/calendar+json`. Its octets are written by us. */
export function parseJson(octets: Uint8Array): Parsed {
  try {
    const jcal: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets));
    return parse(serialize(fromJcal(jcal)));
  } catch (error) {
    return { problems: [{ kind: 'valid-calendar-data', rule: 'RFC 7265 §3', message: error instanceof Error ? error.message : 'not jCal' }] };
  }
}

function refuse(message: string, line?: number): Parsed {
  return { problems: [{ kind: 'valid-calendar-data', rule: 'RFC 5545 §3.4', ...(line === undefined ? {} : { line }), message }] };
}
