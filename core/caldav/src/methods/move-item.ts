/**
 * MOVE of a calendar object inside its owner's home, through the one door: nobody is told, and the Schedule-Tag stays. COPY is refused, since a UID lives once
 * in a home (RFC 4918 §9.8.5 allows the refusal).
 */
import type { CalendarStore, DavRequest, Limits, MethodSpec } from '@kalends/contracts';
import { BIND, READ, UNBIND } from '@kalends/contracts';
import { DavError, answer, badRequest, conflict, demandHere, engineOf, forbidden, nameOf, notFound, parentOf, preconditionFailed, segmentsOf } from '@kalends/webdav';
import type { EngineRequest } from '@kalends/webdav';
import type { CalendarDoor } from '../write/commit.ts';
import { removalGuard } from './conditions.ts';
import { removing } from './delete-item.ts';
import { itemError } from './item-errors.ts';

export class MoveItem {
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
        method: 'MOVE', kinds: ['calendar-item'], select: { meta: true },
        // Where it comes to it may be open to whoever moves it.
        requires: (resource) => [{ on: 'self', privileges: READ }, ...removing(resource)],
        handle: (request) => this.#move(request),
      },
      { method: 'COPY', kinds: ['calendar-item', 'calendar'], requires: () => [{ on: 'self', privileges: READ }], handle: refuseCopy },
    ];
  }

  async #move(dav: DavRequest): Promise<void> {
    const request = engineOf(dav);
    const { resource, identity, fields, http } = request;
    if (resource.item === undefined) throw notFound();
    const path = destinationOf(request);
    const target = await request.judge(path, { meta: true });
    if (target === undefined) throw conflict('The destination lies in nothing that is there.');
    demandHere(target.resource);
    const { resource: to, access } = target;
    // In another's home, what is there and what is not look alike.
    if (to.home?.id !== resource.home!.id) request.need(access, READ, path);
    if (to.kind === 'nowhere') throw conflict('The destination lies in nothing that is there.');
    if (to.kind !== 'calendar-item' || to.home?.id !== resource.home!.id) throw forbidden('A calendar object moves to a calendar of its own home only.');
    // Of the calendar it comes to: what the item there allows is another question (RFC 3744 §3.9, §3.10).
    const calendar = parentOf(to)!;
    request.need(await request.engine.access.judge(identity, calendar), to.item === undefined ? BIND : BIND | UNBIND, calendar.path);
    if (to.collection!.id === resource.collection!.id && nameOf(to) === resource.item.name) throw forbidden('The destination is where it is already.');
    if (to.item !== undefined && !fields.overwrite) throw preconditionFailed('There is something at the destination already.');
    const moved = { collection: resource.collection!, name: resource.item.name };
    const home = resource.home!;
    try {
      const { created, scheduleTag } = await this.#door.move({
        home, from: moved, to: { collection: to.collection!, name: nameOf(to) }, overwrite: fields.overwrite, guard: removalGuard(request, segmentsOf(resource), segmentsOf(to)),
        context: { identity, resource, headers: http.request.headers },
      });
      if (created) http.response.setHeader('Location', new URL(to.path, this.#publicUrl).href);
      if (fields.prefer.representation && await request.show(to.path, created ? 201 : 200)) return;
      answer(http, created ? 201 : 204, scheduleTag === undefined ? {} : { 'Schedule-Tag': `"${scheduleTag}"` });
    } catch (error) {
      throw await itemError(error, request, this.#store, home, to.collection!, this.#limits);
    }
  }
}

async function refuseCopy(): Promise<void> {
  throw forbidden('Calendar objects and calendars are not copied: a UID lives once in a home.');
}

/** @throws DavError 400 without a Destination, 502 for another server's (RFC 4918 §9.9.4) */
export function destinationOf(request: EngineRequest): string {
  const { destination } = request.http.request.headers;
  if (typeof destination !== 'string' || destination === '') throw badRequest('MOVE needs a Destination.');
  const path = request.pathOf(destination);
  if (path === undefined) throw new DavError(502, { detail: 'The destination is on another server.' });
  return path;
}
