/**
 * PUT of a calendar object (RFC 4791 §5.3.2), and POST to a calendar's add-member URL (RFC 5995), which is a PUT to a name of ours. The answer carries an ETag
 * only where the stored octets are those received (§5.3.4), or the stored object itself where the client prefers that (RFC 8144 §3).
 */
import type { CalendarStore, DavRequest, ItemName, Limits, MethodSpec } from '@kalends/contracts';
import { BIND, WRITE_CONTENT } from '@kalends/contracts';
import { DavError, badRequest, collectionSegments, engineOf, forbidden, nameOf } from '@kalends/webdav';
import type { EngineRequest } from '@kalends/webdav';
import { randomUUID } from 'node:crypto';
import { maxResourceSize, supportedCalendarData } from '../preconditions.ts';
import { CALENDAR_MEDIA } from '../query/read-calendar-data.ts';
import type { CalendarMedia } from '../query/read-calendar-data.ts';
import { delivered, zoneDelivery } from '../query/zone-delivery.ts';
import { homePath } from '../resources/calendar-home.ts';
import type { CalendarDoor, Outcome } from '../write/commit.ts';
import { isConditional, putGuard } from './conditions.ts';
import { sendItem } from './get-item.ts';
import { itemError } from './item-errors.ts';
import { negotiate } from './send-calendar.ts';

export class PutItem {
  readonly #door: CalendarDoor;
  readonly #store: CalendarStore;
  readonly #limits: Limits;
  readonly #publicUrl: URL;

  constructor(door: CalendarDoor, store: CalendarStore, limits: Limits, publicUrl: URL) {
    this.#door = door;
    this.#store = store;
    this.#limits = limits;
    this.#publicUrl = publicUrl;
  }

  get specs(): readonly MethodSpec[] {
    return [
      {
        method: 'PUT', kinds: ['calendar-item'], select: { meta: true },
        requires: ({ item }) => [item === undefined ? { on: 'parent', privileges: BIND } : { on: 'self', privileges: WRITE_CONTENT }],
        handle: (request) => this.#put(engineOf(request)),
      },
      { method: 'POST', kinds: ['add-member'], requires: () => [{ on: 'self', privileges: BIND }], handle: (request) => this.#add(engineOf(request)) },
    ];
  }

  async #put(request: EngineRequest): Promise<void> {
    const name = nameOf(request.resource);
    if (name.startsWith('.')) throw forbidden('Names that begin with a dot are the server\'s own.');
    if (request.http.request.headers['content-range'] !== undefined) throw badRequest('A calendar object is stored whole (RFC 9110 §14.5).');
    const media = mediaOf(request);
    const outcome = await this.#commit(request, name, media);
    await this.#answer(request, name, outcome, media, request.href, {});
  }

  async #add(request: EngineRequest): Promise<void> {
    const name = `${randomUUID()}.ics` as ItemName;
    const media = mediaOf(request);
    const outcome = await this.#commit(request, name, media);
    const { owner, collection } = request.resource;
    const path = homePath(owner!, [collection!.segment], name);
    await this.#answer(request, name, outcome, media, path, { Location: new URL(path, this.#publicUrl).href });
  }

  async #commit(request: EngineRequest, name: ItemName, media: CalendarMedia): Promise<Outcome> {
    const { resource, identity, fields, http } = request;
    const home = resource.home!;
    const collection = resource.collection!;
    const octets = await this.#body(request);
    const path = [...collectionSegments(resource), name];
    try {
      const outcome = await this.#door.put({
        home, collection, name, octets, media, conditional: isConditional(fields), guard: putGuard(request, path), context: { identity, resource, headers: http.request.headers },
      });
      // Reading it this way would give other octets (RFC 4791 §5.3.4): zones come and go by CalDAV-Timezones.
      return delivered(octets, zoneDelivery(request)) === octets ? outcome : { ...outcome, amended: true };
    } catch (error) {
      throw await itemError(error, request, this.#store, home, collection, this.#limits);
    }
  }

  async #body(request: EngineRequest): Promise<Uint8Array> {
    try {
      return await request.body(this.#limits.resourceOctets);
    } catch (error) {
      throw error instanceof DavError && error.status === 413 ? maxResourceSize(this.#limits.resourceOctets) : error;
    }
  }

  async #answer(request: EngineRequest, name: ItemName, outcome: Outcome, sent: CalendarMedia, path: string, headers: Readonly<Record<string, string>>): Promise<void> {
    const { created, etag, amended, scheduleTag } = outcome;
    const { response } = request.http;
    const collection = request.resource.collection!;
    if (request.fields.prefer.representation) {
      const item = await this.#store.findItem(collection.id, name, request.selectOf(collection, { meta: true, body: true }));
      // A PUT may end with the object gone (an orphan that is wholly cancelled); then there is nothing to show.
      if (item !== undefined) {
        return sendItem(request, item, created ? 201 : 200, negotiate(request, sent), { ...headers, 'Content-Location': path, 'Preference-Applied': 'return=representation' });
      }
    }
    response.writeHead(created ? 201 : 204, {
      ...headers, ...(amended ? {} : { ETag: `"${etag}"` }), ...(scheduleTag === undefined ? {} : { 'Schedule-Tag': `"${scheduleTag}"` }), ...(created ? { 'Content-Length': '0' } : {}),
    });
    response.end();
  }
}

/** Only its media type; text without one is not calendar data for sure, so it is refused (RFC 4791 §5.3.2.1 CALDAV:supported-calendar-data). */
function mediaOf({ http: { request } }: DavRequest): CalendarMedia {
  const type = request.headers['content-type']?.split(';')[0]!.trim().toLowerCase();
  const media = CALENDAR_MEDIA.find((one) => one === type);
  if (media === undefined) throw supportedCalendarData();
  return media;
}
