import type { CalendarObject } from './calendar-object.ts';

/** RFC 6638 §3.1, as the server we re-create: an ORGANIZER makes a scheduling object. */
export function isScheduling(_object: CalendarObject): boolean { throw new Error('to come'); }
/** RFC 6638 §3.2.10: nothing but attendees' answers (PARTSTAT and its companions), SEQUENCE-less bookkeeping and alarms differ. */
export function onlyAnswersDiffer(_before: CalendarObject, _after: CalendarObject): boolean { throw new Error('to come'); }
/** Same meaning: order of properties and components, folding and DTSTAMP aside. */
export function isSameObject(_before: CalendarObject, _after: CalendarObject): boolean { throw new Error('to come'); }
