/**
 * calendar-query REPORT (RFC 4791 §7.8): the items that satisfy a filter, with the properties and calendar-data asked for.
 *
 * Rows leave as they are found, so memory is one batch. Only where a deployment sets a limit are matches counted before the first octet.
 */
import type { CalendarStore, Clock, DavRequest, ItemSelect, Limits, ReportSpec, XmlNode } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import type { ComponentFilter, Zone } from '@kalends/icalendar';
import { CALDAV, engineOf, numberOfMatchesWithinLimits } from '@kalends/webdav';
import type { EngineRequest, Multistatus, PropertyPlan } from '@kalends/webdav';
import { caldav } from '../names.ts';
import { validFilter } from '../preconditions.ts';
import { askedView } from '../properties/calendar-data.ts';
import type { CalendarDataView } from '../properties/calendar-data.ts';
import { zoneOf } from '../properties/time-zone.ts';
import { viewerOf } from '../privacy/seen-by.ts';
import { calendarsBelow } from '../query/calendars-below.ts';
import type { Place } from '../query/calendars-below.ts';
import { MATCH_SELECT, itemMatches, matchingItems } from '../query/matching-items.ts';
import { queryZone } from '../query/query-zone.ts';
import { readFilter } from '../query/read-filter.ts';
import { checkReach, rangesOf } from '../query/time-range.ts';

export interface CalendarQuery {
  readonly filter: ComponentFilter;
  /** The query's own; undefined: each calendar's. */ readonly zone: Zone | undefined;
  readonly view: CalendarDataView | undefined;
  /** Holds the `DAV:prop`. */ readonly asking: XmlNode;
}

export class CalendarQueryReport {
  readonly #store: CalendarStore;
  readonly #limits: Limits;
  readonly #clock: Clock;

  constructor(store: CalendarStore, limits: Limits, clock: Clock) {
    this.#store = store;
    this.#limits = limits;
    this.#clock = clock;
  }

  get spec(): ReportSpec<CalendarQuery> {
    return { name: caldav('calendar-query'), kinds: ['*'], requires: READ, read: readQuery, run: (request, query) => this.run(request, query) };
  }

  async run(dav: DavRequest, query: CalendarQuery): Promise<void> {
    const request = engineOf(dav);
    const now = Math.floor(this.#clock.now() / 1000);
    for (const range of rangesOf(query.filter)) checkReach(range, now, this.#limits);
    const plan = request.plan(query.asking);
    if (request.resource.item !== undefined) return this.#one(request, query, plan);
    const places = await this.#places(request);
    if (Number.isFinite(this.#limits.queryResults)) await this.#count(request, query, places);
    const out = request.multistatus();
    for (const place of places) await this.#list(request, query, place, plan, out);
    await out.end();
  }

  /** A calendar is searched at any Depth, also at 0, the default (§7.8), as a free-busy-query searches it: clients leave the field out. A home only at infinity. */
  async #places(request: EngineRequest): Promise<readonly Place[]> {
    const { resource, href, fields } = request;
    const { kind, collection } = resource;
    if (collection === undefined) return [];
    if (QUERIED.has(kind)) return [{ resource, collection, href }];
    return kind === 'home' && fields.depth === 'infinity' ? calendarsBelow(request, this.#store, QUERIED, READ) : [];
  }

  async #list(request: EngineRequest, query: CalendarQuery, { resource, collection, href }: Place, plan: PropertyPlan, out: Multistatus): Promise<void> {
    const base = request.base(resource, href);
    const access = await request.items(resource);
    const select = request.selectOf(collection, withFacts(plan.select(base.resource.kind), query.view));
    for await (const items of matchingItems(this.#store, collection.id, query.filter, query.zone ?? zoneOf(collection, request.identity.principal), select, viewerOf(request.identity, resource.owner))) {
      await out.items(base, items, plan, access);
      await out.drained();
    }
  }

  async #one(request: EngineRequest, query: CalendarQuery, plan: PropertyPlan): Promise<void> {
    const { collection, item } = request.resource;
    const kind = plan.for(request.resource.kind);
    const found = await this.#store.findItem(collection!.id, item!.name, { ...kind.select, ...MATCH_SELECT, acl: true });
    const out = request.multistatus();
    const zone = query.zone ?? zoneOf(collection!, request.identity.principal);
    if (found !== undefined && itemMatches(found, query.filter, zone, viewerOf(request.identity, request.resource.owner))) {
      const resource = { ...request.resource, item: found };
      await out.resource(request.href, { resource, item: found, access: request.access, identity: request.identity }, plan);
    }
    await out.end();
  }

  /** §7.8 DAV:number-of-matches-within-limits: all or nothing, so it is known before the answer begins. */
  async #count(request: EngineRequest, query: CalendarQuery, places: readonly Place[]): Promise<void> {
    let matches = 0;
    for (const { resource, collection } of places) {
      const access = await request.items(resource);
      const select = request.selectOf(collection, {});
      for await (const items of matchingItems(this.#store, collection.id, query.filter, query.zone ?? zoneOf(collection, request.identity.principal), select, viewerOf(request.identity, resource.owner))) {
        // How many there are that the caller may not see is no business of his.
        matches += items.filter((item) => ((access.constant ?? access.of(item)) & READ) === READ).length;
        if (matches > this.#limits.queryResults) throw numberOfMatchesWithinLimits();
      }
    }
  }
}

const QUERIED: ReadonlySet<string> = new Set(['calendar', 'share', 'inbox']);
const withFacts = (select: ItemSelect, view: CalendarDataView | undefined): ItemSelect => (view?.wantsFacts === true ? { ...select, facts: true } : select);

const read = new WeakMap<XmlNode, CalendarQuery>();
/** Identical bodies are one node, so a client's standing query is read once. */
function readQuery(body: XmlNode): CalendarQuery {
  const known = read.get(body);
  if (known !== undefined) return known;
  const filters = body.children.filter(({ name }) => name.ns === CALDAV && name.local === 'filter');
  if (filters.length !== 1) throw validFilter('A calendar-query holds one filter.');
  const zone = queryZone(body);
  const query = { filter: readFilter(filters[0]!), zone, view: askedView(body, zone), asking: body };
  read.set(body, query);
  return query;
}
