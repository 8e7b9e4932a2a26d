import type { CalendarObject } from './calendar-object.ts';

export interface Repaired {
  /** The same instance when nothing was repaired. */ readonly object: CalendarObject;
  /** One short sentence each; not empty means `amended`. */ readonly repairs: readonly string[];
}
/** What clients get wrong and we set right. `now` (epoch seconds) is for a missing DTSTAMP. */
export function repair(_object: CalendarObject, _now: number): Repaired { throw new Error('to come'); }
