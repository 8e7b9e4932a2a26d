import type { EpochSeconds, ItemFacts, TimeRange } from '@kalends/contracts';
import type { Property } from './component.ts';
import type { Zone } from './zones.ts';

export interface BusySpan extends TimeRange { /** RFC 5545 §3.2.9: busy, tentative, unavailable. */ readonly busy: 1 | 2 | 3 }
export interface FreeBusyAnswer {
  readonly range: TimeRange; readonly spans: readonly BusySpan[];
  /** DTSTAMP. */ readonly now: EpochSeconds;
  readonly uid?: string; readonly method?: string; readonly organizer?: Property; readonly attendee?: Property;
  /** Of the VFREEBUSY besides: X- properties and the like. */ readonly more?: readonly Property[];
}
/** When one item is busy inside `range`, clipped to it (RFC 4791 §7.10), ascending by start. `'needs-body'`: the facts do not reach that far. */
export function busySpans(_item: { readonly facts?: ItemFacts; readonly body?: Uint8Array }, _range: TimeRange, _floating?: Zone): readonly BusySpan[] | 'needs-body' { throw new Error('to come'); }
/** Sorted, overlaps and neighbours of one kind joined; where kinds overlap the stronger wins (unavailable, busy, tentative). */
export function coalesce(_spans: readonly BusySpan[]): readonly BusySpan[] { throw new Error('to come'); }
/** A VCALENDAR with one VFREEBUSY, FREEBUSY periods in UTC. */
export function freeBusyText(_answer: FreeBusyAnswer): Uint8Array { throw new Error('to come'); }
