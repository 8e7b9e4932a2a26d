/** Octets to a valid CalendarObject, or the reasons why not: what PUT, POST, import and delivery begin with. */
import type { EpochSeconds } from '@kalends/contracts';
import type { CalendarObject } from './calendar-object.ts';
import { parse, parseJson } from './parse.ts';
import type { Problem } from './problem.ts';
import { repair } from './repair.ts';
import type { Rules } from './validate.ts';
import { validate } from './validate.ts';

export type ReadObject =
  | { readonly object: CalendarObject; /** Not empty: what is stored is not what was sent. */ readonly repairs: readonly string[]; readonly problems?: undefined }
  | { readonly object?: undefined; readonly repairs?: undefined; readonly problems: readonly Problem[] };

export interface ReadOptions { readonly now: EpochSeconds; readonly rules?: Rules; /** `json` is jCal. */ readonly format?: 'text' | 'json'; /** See `repair`. */ readonly keepDurations?: boolean }

/** parse, repair, validate. Never throws. */
export function readObject(octets: Uint8Array, { now, rules, format = 'text', keepDurations = false }: ReadOptions): ReadObject {
  const { object: parsed, problems } = format === 'json' ? parseJson(octets) : parse(octets);
  if (problems !== undefined) return { problems };
  const { object, repairs } = repair(parsed, { now, keepDurations });
  const found = validate(object, rules);
  if (found.length > 0) return { problems: found };
  return { object, repairs: [...transportRepairs(octets, parsed, format), ...repairs] };
}

/** What reading alone changed. */
function transportRepairs(octets: Uint8Array, parsed: CalendarObject, format: 'text' | 'json'): readonly string[] {
  if (format === 'json') return ['written as text (RFC 7265)'];
  if (parsed.root.source?.document.octets !== parsed.octets) return ['folded anew: a line was folded inside a character (RFC 5545 §3.1)'];
  return parsed.octets.length === octets.length ? [] : ['left out the byte order mark'];
}
