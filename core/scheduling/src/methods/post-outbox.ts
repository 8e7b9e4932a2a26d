/**
 * POST to an outbox (RFC 6638 §5): a free-busy request, answered for the people of this server from their homes, for others by the transport that serves them.
 * Nothing else is taken here, and nothing is stored.
 */
import { busyFor, busyInHome, CALENDAR_MEDIA, caldav, checkReach, hasHome, homePath, supportedCalendarData } from '@kalends/caldav';
import type { CalendarMedia } from '@kalends/caldav';
import type { CalendarStore, Clock, DavRequest, DeliveryResult, Directory, Identity, Limits, MethodSpec, Principal, PrincipalId, SchedulingTransport } from '@kalends/contracts';
import { READ, SCHEDULE_QUERY_FREEBUSY, SCHEDULE_SEND } from '@kalends/contracts';
import { freeBusyText, toJson } from '@kalends/icalendar';
import type { Property } from '@kalends/icalendar';
import { DavError, dav, engineOf, forbidden, isHostedHere, writeErrorElement, XML_DECLARATION, XML_TYPE, XmlWriter } from '@kalends/webdav';
import type { EngineRequest } from '@kalends/webdav';
import { organizerAllowed, originatorAllowed, recipientExists, recipientLimit, recipientPermissions } from '../preconditions.ts';
import { readFreeBusyRequest } from './free-busy-request.ts';
import type { FreeBusyRequestMessage } from './free-busy-request.ts';

export interface OutboxParts { readonly store: CalendarStore; readonly directory: Directory; readonly transports: readonly SchedulingTransport[]; readonly limits: Limits; readonly clock: Clock }

/** One attendee's part of the answer. */
interface Answer {
  readonly recipient: string;
  /** RFC 5545 §3.8.8.3, with its text. */ readonly status: string;
  readonly calendar?: Uint8Array;
  readonly error?: DavError;
}

const REQUEST_OCTETS = 262_144;
const UNKNOWN = { status: '3.7;Invalid Calendar User', error: recipientExists('There is no such calendar user.') } as const;
const NO_AUTHORITY = { status: '3.8;No authority', error: recipientPermissions('This calendar user does not let you ask.') } as const;
const UNAVAILABLE = { status: '5.1;Service unavailable', error: recipientLimit('There are more attendees than the server asks at once.') } as const;
const UNREACHED = { status: UNAVAILABLE.status, error: recipientExists('The server of this calendar user does not answer.') } as const;
const TRANSPORT_MILLISECONDS = 10_000;

export function outboxSpecs(parts: OutboxParts): readonly MethodSpec[] {
  return [
    { method: 'POST', kinds: ['outbox'], requires: () => [{ on: 'self', privileges: SCHEDULE_SEND }], handle: (request) => postOutbox(parts, engineOf(request)) },
    { method: 'POST', kinds: ['inbox'], requires: () => [{ on: 'self', privileges: READ }], handle: async () => { throw forbidden('Messages are delivered by the server, not by POST.'); } },
  ];
}

async function postOutbox(parts: OutboxParts, request: EngineRequest): Promise<void> {
  const media = mediaOf(request);
  const message = readFreeBusyRequest(await request.body(REQUEST_OCTETS), media);
  const owner = await parts.directory.findById(request.resource.owner!);
  if (owner === undefined || !owner.enabled) throw originatorAllowed();
  if ((await parts.directory.findByAddress(message.organizer.value))?.id !== owner.id) throw organizerAllowed();
  checkReach(message.range, Math.floor(parts.clock.now() / 1000), parts.limits);
  const answers: Answer[] = [];
  for (const [index, attendee] of message.attendees.entries()) {
    answers.push(index < parts.limits.attendees ? await ask(parts, request, message, attendee, owner.id) : { recipient: attendee.value, ...UNAVAILABLE });
  }
  send(request, answers, media);
}

function mediaOf({ http: { request } }: DavRequest): CalendarMedia {
  const type = request.headers['content-type']?.split(';')[0]!.trim().toLowerCase();
  const media = CALENDAR_MEDIA.find((one) => one === type);
  if (media === undefined) throw supportedCalendarData();
  return media;
}

async function ask(parts: OutboxParts, request: EngineRequest, message: FreeBusyRequestMessage, attendee: Property, asker: PrincipalId): Promise<Answer> {
  const recipient = attendee.value;
  const principal = await parts.directory.findByAddress(recipient);
  if (principal === undefined) return elsewhere(parts, message, recipient);
  if (!principal.enabled || !hasHome(principal)) return { recipient, ...UNKNOWN };
  if (!isHostedHere(principal)) return elsewhere(parts, message, recipient, UNREACHED);
  return await here(parts, request, message, attendee, principal, asker);
}

async function here(parts: OutboxParts, request: EngineRequest, message: FreeBusyRequestMessage, attendee: Property, principal: Principal, asker: PrincipalId): Promise<Answer> {
  const recipient = attendee.value;
  const inbox = await request.judge(homePath(principal.id, ['inbox']), {});
  const home = inbox?.resource.home;
  if (inbox === undefined || home === undefined || (inbox.access & SCHEDULE_QUERY_FREEBUSY) !== SCHEDULE_QUERY_FREEBUSY) return { recipient, ...NO_AUTHORITY };
  const { uid, range, organizer, maskedUid } = message;
  const asksHimself = principal.id === asker;
  const own = maskedUid === undefined ? new Set<string>() : new Set([organizer.value.toLowerCase(), ...await addressesOf(parts.directory, asker)]);
  const busy = busyInHome(parts.store, home, range, {
    within: busyFor(request.engine.access, await identityOf(parts.directory, request, asker), home),
    // Only the asker's own event steps aside; another's stays busy, whatever UID is guessed.
    ...(maskedUid === undefined ? {} : { except: { uid: maskedUid, ownedBy: (by) => (by === undefined ? asksHimself : own.has(by.toLowerCase())) } }),
  });
  // Whose calendars hold too much must not spoil the answer about the others.
  const spans = await busy.catch((error: unknown) => {
    if (error instanceof DavError) return error;
    throw error;
  });
  if (spans instanceof DavError) return { recipient, ...UNAVAILABLE, error: recipientLimit(spans.message) };
  const calendar = freeBusyText({ range, spans, now: Math.floor(parts.clock.now() / 1000), uid, method: 'REPLY', organizer, attendee });
  return { recipient, status: '2.0;Success', calendar };
}

/** A delegate, or an administrator, asks for the outbox's owner, and learns what he would. */
async function identityOf(directory: Directory, { identity }: DavRequest, asker: PrincipalId): Promise<Identity> {
  return identity.principal === asker ? identity : { principal: asker, groups: await directory.groupsOf(asker), admin: false, scheme: identity.scheme };
}

/** Those that mean him: a record may claim more. */
async function addressesOf(directory: Directory, id: PrincipalId): Promise<readonly string[]> {
  const claimed = (await directory.findById(id))?.addresses ?? [];
  const meant = await Promise.all(claimed.map(async (address) => (await directory.findByAddress(address))?.id === id));
  return claimed.filter((_, at) => meant[at]).map((address) => address.toLowerCase());
}

/** Somebody of another server: the first transport that serves the address answers for him. */
async function elsewhere({ transports }: OutboxParts, { organizer, range }: FreeBusyRequestMessage, recipient: string, unserved: typeof UNKNOWN | typeof UNREACHED = UNKNOWN): Promise<Answer> {
  for (const transport of transports) {
    if (transport.freeBusy === undefined || !await transport.serves(recipient)) continue;
    const results = await transport.freeBusy({ organizer: organizer.value, attendees: [recipient], range }, AbortSignal.timeout(TRANSPORT_MILLISECONDS)).catch((): readonly DeliveryResult[] => []);
    const result = results.find((one) => one.recipient === recipient);
    if (result === undefined) return { recipient, ...UNREACHED };
    return result.calendar === undefined ? { recipient, ...UNKNOWN } : { recipient, status: '2.0;Success', calendar: result.calendar };
  }
  return { recipient, ...unserved };
}

/** RFC 6638 §10.1: CALDAV:schedule-response, one response an attendee. */
function send({ http: { response } }: EngineRequest, answers: readonly Answer[], media: CalendarMedia): void {
  const xml = new XmlWriter(XML_DECLARATION);
  xml.open(caldav('schedule-response'));
  for (const { recipient, status, calendar, error } of answers) {
    xml.open(caldav('response'));
    xml.open(caldav('recipient'));
    xml.href(recipient);
    xml.close();
    xml.leaf(caldav('request-status'), status);
    if (calendar !== undefined) {
      const json = media !== 'text/calendar';
      xml.open(caldav('calendar-data'), json ? { 'content-type': media } : undefined);
      xml.text(Buffer.from(json ? toJson(calendar) : calendar).toString('utf8'));
      xml.close();
    }
    if (error !== undefined) writeErrorElement(xml, error);
    xml.leaf(dav('responsedescription'), error === undefined ? 'OK' : error.message);
    xml.close();
  }
  xml.close();
  const body = xml.take();
  response.writeHead(200, { 'Content-Type': XML_TYPE, 'Content-Length': Buffer.byteLength(body) }).end(body);
}
