/**
 * From octets that somebody sent to a calendar object that may be stored: parse, repair, validate, count. Everything that is wrong with the object itself
 * is said here, as the precondition that RFC 4791 §5.3.2.1 names; what depends on the stored version is `commit.ts`.
 */
import type { Collection, EpochSeconds, ItemFacts, Limits } from '@kalends/contracts';
import { COVER_AHEAD_SECONDS, DISTANT, FLOOR, MAX_INSTANCES, countAttendees, countAttachments, definesHalf, deriveFacts, describeProblem, formatUtc, readObject, unpackRuns, withZones, withoutDuplicateAlarms } from '@kalends/icalendar';
import type { CalendarObject, Problem } from '@kalends/icalendar';
import type { DavError } from '@kalends/webdav';
import {
  maxAttachments, maxAttendeesPerInstance, maxInstances, maxResourceSize, minDateTime, supportedCalendarComponent, supportedRscale, validCalendarData, validCalendarObjectResource, validTimezone,
} from '../preconditions.ts';
import { componentsOf } from '../properties/component-set.ts';
import type { CalendarMedia } from '../query/read-calendar-data.ts';

export interface Received {
  readonly object: CalendarObject;
  /** What will be stored is not what was sent: a repair, or another media type. */ readonly amended: boolean;
}

/** What a deployment may want of the objects that clients send. */
export interface DataSettings {
  /** Of alarms of one component that go off alike the first is stored. */ readonly removeDuplicateAlarms?: boolean;
  /** Durations that are only misspelled (P1DT) stay as they were sent. */ readonly keepDurations?: boolean;
}

/** @throws DavError of the first problem */
export function receive(octets: Uint8Array, media: CalendarMedia, collection: Collection, limits: Limits, now: EpochSeconds, { removeDuplicateAlarms = false, keepDurations = false }: DataSettings = {}): Received {
  if (octets.length > limits.resourceOctets) throw maxResourceSize(limits.resourceOctets);
  const json = media === 'application/calendar+json';
  const read = readObject(octets, { now, rules: { components: componentsOf(collection) }, format: json ? 'json' : 'text', keepDurations });
  if (read.object === undefined) throw asError(read.problems, limits);
  const plain = removeDuplicateAlarms ? withoutDuplicateAlarms(read.object) : read.object;
  // Stored objects define all of their zones that we know, or none and go by reference (RFC 7809): readers tell by one look.
  const object = definesHalf(plain) ? withZones(plain) : plain;
  // A byte order mark goes without being called a repair.
  return { object, amended: json || read.repairs.length > 0 || object.octets.length !== octets.length };
}

/** @throws DavError where deriving shows what only expansion can: too many instances, an override that is none */
export function factsOf(object: CalendarObject, limits: Limits, now: EpochSeconds): ItemFacts {
  const { facts, problems } = deriveFacts(object, now + COVER_AHEAD_SECONDS);
  if (facts === undefined) throw asError(problems, limits);
  if (facts.bounds.start > -DISTANT && facts.bounds.start < FLOOR) throw minDateTime(formatUtc(FLOOR));
  // The calendar layer has a cap of its own; a deployment with a lower one means every series that ends.
  if (limits.instances < MAX_INSTANCES && facts.covered.end === DISTANT && instancesOf(facts) > limits.instances) throw maxInstances(limits.instances);
  return facts;
}

const instancesOf = ({ occurrences }: ItemFacts): number => unpackRuns(occurrences).reduce((sum, { repeats }) => sum + repeats + 1, 0);

/** Counts that may not grow past a limit; a stored object that is past it already may stay as it is (RFC 4791 §5.2.9, RFC 8607 §3.12). */
export interface Counts { readonly attendees: number; readonly attachments: number }

export function countsOf(object: CalendarObject): Counts {
  return { attendees: countAttendees(object), attachments: countAttachments(object) };
}

export function exceeds({ attendees, attachments }: Counts, limits: Limits): boolean {
  return attendees > limits.attendees || attachments > limits.attachmentsPerItem;
}

/** @throws DavError */
export function checkCounts(after: Counts, before: Counts | undefined, limits: Limits): void {
  if (after.attendees > limits.attendees && after.attendees > (before?.attendees ?? 0)) throw maxAttendeesPerInstance(limits.attendees);
  if (after.attachments > limits.attachmentsPerItem && after.attachments > (before?.attachments ?? 0)) throw maxAttachments(limits.attachmentsPerItem);
}

/** `icalendar` names conditions it cannot make errors of. */
function asError(problems: readonly Problem[], limits: Limits): DavError {
  const first = problems[0];
  if (first === undefined) return validCalendarData();
  const told = describeProblem(first);
  switch (first.kind) {
    case 'valid-calendar-data': return validCalendarData(told);
    case 'valid-calendar-object-resource': return validCalendarObjectResource(told);
    case 'supported-calendar-component': return supportedCalendarComponent(told);
    case 'valid-timezone': return validTimezone(told);
    case 'supported-rscale': return supportedRscale(told);
    case 'max-resource-size': return maxResourceSize(limits.resourceOctets, told);
    case 'max-instances': return maxInstances(limits.instances, told);
  }
}
