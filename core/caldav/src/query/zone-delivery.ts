/**
 * Whether calendar data leave with the VTIMEZONEs of zones that everybody can look up by name (RFC 7809 §7.1): as the request's CalDAV-Timezones says, and with all of them
 * where it says nothing, since clients that know of no such field need them. Stored octets are never touched, so an ETag is that of both forms.
 */
import type { DavRequest } from '@kalends/contracts';
import { octetsWithZones, octetsWithoutKnownZones } from '@kalends/icalendar';

export type ZoneDelivery = 'defined' | 'by-reference';

export function zoneDelivery({ http: { request } }: DavRequest): ZoneDelivery {
  const asked = request.headers['caldav-timezones'];
  return typeof asked === 'string' && asked.trim().toUpperCase() === 'F' ? 'by-reference' : 'defined';
}

/** RFC 5545 text of one object, as it is to leave; the same array where nothing is to be done, which is nearly always. */
export const delivered = (body: Uint8Array, delivery: ZoneDelivery): Uint8Array => (delivery === 'by-reference' ? octetsWithoutKnownZones(body) : octetsWithZones(body));
