import type { ComponentKind } from '@kalends/contracts';
import type { CalendarObject } from './calendar-object.ts';
import type { Problem } from './problem.ts';

export interface Rules {
  /** What the calendar takes (`supported-calendar-component-set`); absent: every ComponentKind. */ readonly components?: readonly ComponentKind[];
}
/** RFC 5545 and RFC 4791 §4.1. Empty: valid. In the order in which they should be told. */
export function validate(_object: CalendarObject, _rules?: Rules): readonly Problem[] { throw new Error('to come'); }
/** Distinct ATTENDEE addresses over all components (`CALDAV:max-attendees-per-instance`; the caller compares with before). */
export function countAttendees(_object: CalendarObject): number { throw new Error('to come'); }
/** Most ATTACH properties in any one component (`CALDAV:max-attachments-per-resource`). */
export function countAttachments(_object: CalendarObject): number { throw new Error('to come'); }
