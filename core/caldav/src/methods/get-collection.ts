/**
 * GET of a calendar or an inbox: all that the caller may read there as one VCALENDAR, item by item as the store yields them, or as jCal where Accept wants
 * that. Conditions were answered before, from the collection's revision.
 */
import type { CalendarStore, Collection, DavRequest, MethodSpec } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { collectionTag, dav, engineOf, propertyText, sendListing, variantTag } from '@kalends/webdav';
import type { EngineRequest } from '@kalends/webdav';
import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { viewerOf } from '../privacy/seen-by.ts';
import { FOOTER, OneCalendar, header } from '../query/one-calendar.ts';
import { delivered, zoneDelivery } from '../query/zone-delivery.ts';
import { VARY, contentType, negotiate, sendCalendar, variantAsked, variantOf } from './send-calendar.ts';

export function getCollectionSpecs(store: CalendarStore): readonly MethodSpec[] {
  return [{
    method: 'GET', kinds: ['calendar', 'inbox'],
    requires: () => [{ on: 'self', privileges: READ }], variant: variantAsked, vary: VARY,
    handle: async (dav) => {
      const request = engineOf(dav);
      // People get a page of links, as of any other collection.
      await (isBrowser(request) ? sendListing(request) : getCollection(store, request));
    },
  }];
}

const isBrowser = ({ http: { request } }: DavRequest): boolean => /^Mozilla\/.*Gecko/.test(request.headers['user-agent'] ?? '');

async function getCollection(store: CalendarStore, request: EngineRequest): Promise<void> {
  const { resource, http, identity } = request;
  const collection = resource.collection!;
  const media = negotiate(request);
  const headers: OutgoingHttpHeaders = { ETag: variantTag(collectionTag(collection), variantOf(media)), 'Last-Modified': new Date(collection.modified * 1000).toUTCString(), Vary: VARY };
  const { request: { method }, response, signal } = http;
  if (method === 'HEAD') {
    response.writeHead(200, { ...headers, 'Content-Type': contentType(media) }).end();
    return;
  }
  const name = propertyText(collection, dav('displayname'), identity.principal);
  if (media !== 'text/calendar') {
    let whole = '';
    for await (const part of calendarText(store, request, collection, name)) whole += part;
    sendCalendar(request, 200, Buffer.from(whole), headers as Record<string, string>, media);
    return;
  }
  response.writeHead(200, { ...headers, 'Content-Type': contentType(media) });
  for await (const part of calendarText(store, request, collection, name)) {
    if (!response.write(part)) await once(response, 'drain', { signal });
  }
  response.end();
}

/** In parts of one batch. */
async function* calendarText(store: CalendarStore, request: EngineRequest, collection: Collection, name: string | undefined): AsyncGenerator<string> {
  const access = await request.items(request.resource);
  const viewer = viewerOf(request.identity, request.resource.owner);
  const whole = new OneCalendar();
  const delivery = zoneDelivery(request);
  yield header(name);
  for await (const batch of store.listItems(collection.id, request.selectOf(collection, { body: true }))) {
    let part = '';
    for (const item of batch) {
      const allowed = access.constant ?? access.of(item);
      if ((allowed & READ) !== READ || item.body === undefined) continue;
      const { buffer, byteOffset, byteLength } = delivered(viewer?.seen(item).body ?? item.body, delivery);
      part += whole.add(Buffer.from(buffer, byteOffset, byteLength).toString('utf8'));
    }
    if (part !== '') yield part;
  }
  yield FOOTER;
}
