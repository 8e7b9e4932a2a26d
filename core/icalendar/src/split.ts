import type { ComponentKind } from '@kalends/contracts';
import type { Problem } from './problem.ts';

/** One object of a file, with the zones it needs, in the octets of its components. */
export interface SplitObject { readonly uid: string; readonly component: ComponentKind; readonly octets: Uint8Array }
export interface SplitCalendar {
  readonly objects: readonly SplitObject[];
  /** Of what could not be used; the rest is in `objects`. */ readonly problems: readonly Problem[];
  /** X-WR-CALNAME, X-WR-CALDESC, X-WR-TIMEZONE, X-APPLE-CALENDAR-COLOR and the like, decoded, by name. */ readonly properties: ReadonlyMap<string, string>;
}
/** A file of many objects (an import, a subscription): one object per UID. Components without a UID get one made from their content. Never throws. */
export function splitCalendar(_octets: Uint8Array): SplitCalendar { throw new Error('to come'); }
