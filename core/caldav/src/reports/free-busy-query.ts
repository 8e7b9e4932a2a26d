/**
 * free-busy-query REPORT (RFC 4791 §7.10): when the calendars at or below the resource make their owner busy, as one VFREEBUSY. Calendars that the caller may
 * not ask are left out; so are items whose own ACL says so.
 */
import type { CalendarStore, Clock, DavRequest, Limits, ReportSpec, TimeRange, XmlNode } from '@kalends/contracts';
import { READ_FREE_BUSY } from '@kalends/contracts';
import { freeBusyText } from '@kalends/icalendar';
import type { Zone } from '@kalends/icalendar';
import { CALDAV, engineOf } from '@kalends/webdav';
import type { EngineRequest } from '@kalends/webdav';
import { randomUUID } from 'node:crypto';
import { sendCalendar } from '../methods/send-calendar.ts';
import { caldav } from '../names.ts';
import { validFilter } from '../preconditions.ts';
import { BusyTime, countsFor } from '../query/busy-time.ts';
import { calendarsBelow } from '../query/calendars-below.ts';
import type { Place } from '../query/calendars-below.ts';
import { queryZone } from '../query/query-zone.ts';
import { checkReach, closedRange } from '../query/time-range.ts';

export interface FreeBusyQuery { readonly range: TimeRange; /** The query's own; undefined: each calendar's. */ readonly zone: Zone | undefined }

export class FreeBusyQueryReport {
  readonly #store: CalendarStore;
  readonly #limits: Limits;
  readonly #clock: Clock;

  constructor(store: CalendarStore, limits: Limits, clock: Clock) {
    this.#store = store;
    this.#limits = limits;
    this.#clock = clock;
  }

  get spec(): ReportSpec<FreeBusyQuery> {
    return { name: caldav('free-busy-query'), kinds: ['calendar', 'share', 'home'], requires: READ_FREE_BUSY, hidden: true, read: readQuery, run: (request, query) => this.run(request, query) };
  }

  async run(dav: DavRequest, { range, zone }: FreeBusyQuery): Promise<void> {
    const request = engineOf(dav);
    const now = Math.floor(this.#clock.now() / 1000);
    checkReach(range, now, this.#limits);
    const busy = new BusyTime(range);
    for (const { resource, collection } of await this.#calendars(request)) {
      const access = await request.items(resource);
      const options = { zone, ...(access.constant === undefined ? { acl: collection.itemsWithAcl > 0, counts: countsFor(access.of, READ_FREE_BUSY) } : {}) };
      await busy.addCalendar(this.#store, collection, options);
    }
    sendCalendar(request, 200, freeBusyText({ range, spans: busy.spans(), now, uid: randomUUID() }));
  }

  async #calendars(request: EngineRequest): Promise<readonly Pick<Place, 'resource' | 'collection'>[]> {
    const { resource, fields } = request;
    const { kind, collection } = resource;
    if (collection === undefined) return [];
    if (kind !== 'home') return [{ resource, collection }];
    return fields.depth === undefined || fields.depth === 0 ? [] : calendarsBelow(request, this.#store, OWN, READ_FREE_BUSY);
  }
}

/** Nobody is busy by what others share with him, or by messages in his inbox. */
const OWN: ReadonlySet<string> = new Set(['calendar']);

function readQuery(body: XmlNode): FreeBusyQuery {
  const ranges = body.children.filter(({ name }) => name.ns === CALDAV && name.local === 'time-range');
  if (ranges.length !== 1) throw validFilter('A free-busy-query holds one time-range.');
  return { range: closedRange(ranges[0]!), zone: queryZone(body) };
}
