/**
 * A free-busy request as it stands in the body of an outbox POST (RFC 6638 §5; RFC 5546 §3.3.2): read and checked for form. Who may ask, and the answer, are
 * `post-outbox.ts`.
 */
import type { TimeRange } from '@kalends/contracts';
import type { CalendarMedia } from '@kalends/caldav';
import { validCalendarData } from '@kalends/caldav';
import { describeProblem, findProperties, findProperty, parse, parseJson, parseTime, readText } from '@kalends/icalendar';
import type { CalendarObject, Component, Property } from '@kalends/icalendar';
import { noAccessRestrictions, recipientSpecified, validSchedulingMessage } from '../preconditions.ts';

export interface FreeBusyRequestMessage {
  readonly uid: string; readonly range: TimeRange; readonly organizer: Property;
  /** Each address once, as first written. */ readonly attendees: readonly Property[];
  /** X-CALENDARSERVER-MASK-UID: the event being planned. */ readonly maskedUid: string | undefined;
}

const METHODS: ReadonlySet<string> = new Set(['PUBLISH', 'REQUEST', 'REPLY', 'ADD', 'CANCEL', 'REFRESH', 'COUNTER', 'DECLINECOUNTER']);

/** @throws DavError CALDAV:valid-calendar-data, recipient-specified; valid-scheduling-message for messages other than free-busy requests */
export function readFreeBusyRequest(octets: Uint8Array, media: CalendarMedia): FreeBusyRequestMessage {
  const { object, problems } = media === 'text/calendar' ? parse(octets) : parseJson(octets);
  if (object === undefined) throw validCalendarData(problems[0] === undefined ? undefined : describeProblem(problems[0]));
  const method = findProperty(object.root, 'METHOD')?.value.toUpperCase();
  if (method === undefined || !METHODS.has(method)) throw validCalendarData('A scheduling message has a METHOD.');
  const main = object.root.components.find(({ name }) => name !== 'VTIMEZONE');
  if (main === undefined) throw validCalendarData('The message has no component.');
  // Invitations go out when an event is stored (RFC 6638 §3.2); nothing else is sent through the outbox.
  if (method !== 'REQUEST' || main.name !== 'VFREEBUSY') throw validSchedulingMessage('The outbox takes free-busy requests only: store an event to invite people to it.');
  if (findProperty(object.root, 'X-CALENDARSERVER-ACCESS') !== undefined) throw noAccessRestrictions();
  return fromComponent(object, main);
}

function fromComponent({ root }: CalendarObject, main: Component): FreeBusyRequestMessage {
  if (root.components.length !== 1) throw validCalendarData('A free-busy request holds one VFREEBUSY and nothing else.');
  const organizer = findProperty(main, 'ORGANIZER');
  if (organizer === undefined) throw validCalendarData('A free-busy request has an ORGANIZER.');
  const attendees = [...new Map(findProperties(main, 'ATTENDEE').toReversed().map((attendee) => [attendee.value, attendee])).values()].toReversed();
  if (attendees.length === 0) throw recipientSpecified();
  const uid = findProperty(main, 'UID');
  if (uid === undefined) throw validCalendarData('A free-busy request has a UID.');
  const masked = findProperty(main, 'X-CALENDARSERVER-MASK-UID');
  return { uid: readText(uid.value), range: rangeOf(main), organizer, attendees, maskedUid: masked === undefined ? undefined : readText(masked.value) };
}

function rangeOf(main: Component): TimeRange {
  const [start, end] = ['DTSTART', 'DTEND'].map((name) => parseTime(findProperty(main, name)?.value ?? ''));
  if (start?.kind !== 'utc' || end?.kind !== 'utc') throw validCalendarData('DTSTART and DTEND of a free-busy request are date-times in UTC.');
  if (end.local <= start.local) throw validCalendarData('A free-busy request ends after it starts.');
  return { start: start.local, end: end.local };
}
