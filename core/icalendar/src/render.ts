import type { ItemFacts } from '@kalends/contracts';
import type { CalendarDataSpec } from './calendar-data.ts';
import type { Zone } from './zones.ts';

export interface Renderer {
  /** The body goes out as it is: the caller need not call `render`. */ readonly verbatim: boolean;
  /** `render` is much faster with facts. */ readonly wantsFacts: boolean;
  /** The calendar-data of one item, RFC 5545 text. */
  render(body: Uint8Array, facts: ItemFacts | undefined): Uint8Array;
}
/** Compiles CALDAV:calendar-data once per request. `floating`: the zone of floating times and dates; absent: UTC. */
export function renderer(_spec: CalendarDataSpec, _floating?: Zone): Renderer { throw new Error('to come'); }
/** RFC 5545 text as jCal (RFC 7265), compact JSON in UTF-8. */
export function toJson(_body: Uint8Array): Uint8Array { throw new Error('to come'); }
