/** What differs between two states of one object, as far as a write has to know: whether it is a scheduling object, and whether a Schedule-Tag may stay. */
import type { CalendarObject } from './calendar-object.ts';
import type { Component, Property } from './component.ts';
import { findProperty, setParameter } from './component.ts';

/** RFC 6638 §3.1, as the server we re-create has it: an ORGANIZER makes a scheduling object. */
export function isScheduling(object: CalendarObject): boolean {
  return object.parts.some((part) => findProperty(part, 'ORGANIZER') !== undefined);
}

/** Same meaning: order of components and properties, folding, spelling of parameters' quotes and DTSTAMP aside. */
export function isSameObject(before: CalendarObject, after: CalendarObject): boolean {
  return canonical(before.root, plainProperty) === canonical(after.root, plainProperty);
}

/** RFC 6638 §3.2.10: nothing differs but attendees' answers: PARTSTAT and what goes with it, REQUEST-STATUS, SCHEDULE-STATUS, and the stamps of writing. */
export function onlyAnswersDiffer(before: CalendarObject, after: CalendarObject): boolean {
  return canonical(before.root, withoutAnswers) === canonical(after.root, withoutAnswers);
}

type Normalize = (property: Property) => Property | undefined;

const plainProperty: Normalize = (property) => (property.name === 'DTSTAMP' ? undefined : property);

const STAMPS: ReadonlySet<string> = new Set(['DTSTAMP', 'LAST-MODIFIED', 'REQUEST-STATUS']);
const ANSWERS = [
  'PARTSTAT', 'RSVP', 'SCHEDULE-STATUS', 'DELEGATED-TO', 'DELEGATED-FROM',
  'X-CALENDARSERVER-DTSTAMP', 'X-CALENDARSERVER-AUTO', 'X-CALENDARSERVER-RESET-PARTSTAT',
];

const withoutAnswers: Normalize = (property) => {
  if (STAMPS.has(property.name)) return undefined;
  if (property.name === 'ORGANIZER') return setParameter(property, 'SCHEDULE-STATUS', undefined);
  return property.name === 'ATTENDEE' ? ANSWERS.reduce((rest, name) => setParameter(rest, name, undefined), property) : property;
};

/** One text per meaning. */
function canonical({ name, properties, components }: Component, normalize: Normalize): string {
  const lines = properties.flatMap((property) => {
    const normal = normalize(property);
    return normal === undefined ? [] : `${normal.name} ${JSON.stringify([...normal.parameters].sort(([a], [b]) => (a < b ? -1 : 1)))} ${normal.value}`;
  });
  const children = components.map((component) => canonical(component, normalize));
  return JSON.stringify([name, lines.sort(), children.sort()]);
}
