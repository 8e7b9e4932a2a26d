/**
 * GET and HEAD of a calendar object: the stored octets, unparsed, unless the client asks for jCal, or a time zone is to be added or left out. Conditions were
 * answered before (RFC 9110 §13); where one was asked, the octets were left out of the first read, so they are read here.
 */
import type { CalendarStore, DavRequest, Item, ItemSelect, MethodSpec } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { engineOf, itemTag, notFound, variantTag } from '@kalends/webdav';
import { seenBy } from '../privacy/seen-by.ts';
import type { CalendarMedia } from '../query/read-calendar-data.ts';
import { delivered, zoneDelivery } from '../query/zone-delivery.ts';
import { VARY, negotiate, sendCalendar, variantAsked, variantOf } from './send-calendar.ts';

const WHOLE: ItemSelect = { meta: true, body: true };
const WITHOUT_OCTETS: ItemSelect = { meta: true };

export function getItemSpecs(store: CalendarStore): readonly MethodSpec[] {
  return [{
    method: 'GET', kinds: ['calendar-item', 'inbox-item'],
    select: (headers) => (headers['if-none-match'] === undefined && headers['if-modified-since'] === undefined ? WHOLE : WITHOUT_OCTETS),
    requires: () => [{ on: 'self', privileges: READ }], variant: variantAsked, vary: VARY,
    handle: (request) => getItem(store, request),
  }];
}

async function getItem(store: CalendarStore, dav: DavRequest): Promise<void> {
  const request = engineOf(dav);
  const { item, collection } = request.resource;
  if (item === undefined) throw notFound();
  const media = negotiate(request);
  const whole = item.body === undefined ? await store.findItem(collection!.id, item.name, request.selectOf(collection!, WHOLE)) : item;
  // Gone between two reads.
  if (whole === undefined) throw notFound();
  sendItem(request, whole, 200, media);
}

/** `item` with meta and body; with or without well-known time zones as the client asks (RFC 7809 §7.1). */
export function sendItem(request: DavRequest, whole: Item, status: number, media: CalendarMedia, headers: Readonly<Record<string, string>> = {}): void {
  const item = seenBy(request.identity, request.resource.owner, whole);
  const { meta } = item;
  sendCalendar(request, status, delivered(item.body ?? EMPTY, zoneDelivery(request)), {
    ETag: variantTag(itemTag(item), variantOf(media)),
    ...(meta === undefined ? {} : { 'Last-Modified': new Date(meta.modified * 1000).toUTCString() }),
    ...(meta?.scheduleTag === undefined ? {} : { 'Schedule-Tag': `"${meta.scheduleTag}"` }),
    ...headers,
  }, media);
}
const EMPTY = new Uint8Array(0);
