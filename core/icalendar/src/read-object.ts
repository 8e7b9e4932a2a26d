import type { EpochSeconds } from '@kalends/contracts';
import type { CalendarObject } from './calendar-object.ts';
import type { Problem } from './problem.ts';
import type { Rules } from './validate.ts';

export type ReadObject =
  | { readonly object: CalendarObject; /** Not empty: what is stored is not what was sent. */ readonly repairs: readonly string[]; readonly problems?: undefined }
  | { readonly object?: undefined; readonly problems: readonly Problem[] };

export interface ReadOptions { readonly now: EpochSeconds; readonly rules?: Rules; /** `json` is jCal. */ readonly format?: 'text' | 'json' }
/** parse, repair, validate: what PUT, POST, import and delivery begin with. Never throws. */
export function readObject(_octets: Uint8Array, _options: ReadOptions): ReadObject { throw new Error('to come'); }
