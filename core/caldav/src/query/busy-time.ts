/**
 * When the owner of calendars is busy (RFC 4791 §7.10, RFC 7953 §4): arithmetic on the busy values of the facts, and octets only where those do not reach. Nothing of
 * what makes somebody busy leaves this file.
 */
import type { CalendarStore, Collection, Home, Item, Privileges, TimeRange } from '@kalends/contracts';
import { busySpans, coalesce, DAY, parse, readAvailability, unavailableSpans } from '@kalends/icalendar';
import type { Availability, BusySpan, Zone } from '@kalends/icalendar';
import { numberOfMatchesWithinLimits } from '@kalends/webdav';
import { availabilityOf } from '../properties/availability.ts';
import { componentsOf } from '../properties/component-set.ts';
import { zoneOf } from '../properties/time-zone.ts';
import { transparencyOf } from '../properties/transparency.ts';

export interface BusyOptions {
  /** The zone of floating times and all-day events; absent: the calendar's, else UTC. */ readonly zone?: Zone | undefined;
  /** Items to leave out; absent: none. Needs no column but what it is given: name, ETag, component, facts, and `acl` where asked for. */
  readonly counts?: (item: Item) => boolean;
  readonly acl?: boolean;
  /** The object being planned does not stand in its own way (X-CALENDARSERVER-MASK-UID). */ readonly except?: MaskedUid;
  /** Of a home: which items of a calendar count for whoever asks, undefined for none; absent: all, for the server's own planning. See `busy-for.ts`. */
  readonly within?: (collection: Collection) => Promise<Pick<BusyOptions, 'counts' | 'acl'> | undefined>;
}
/** The event of this UID is left out where `ownedBy` says it is the asker's own. */
export interface MaskedUid { readonly uid: string; readonly ownedBy: (organizer: string | undefined) => boolean }

/** Does this calendar hold anything that makes somebody busy? To-dos and journals never do. */
const holdsBusyTime = (collection: Collection): boolean => componentsOf(collection).some((kind) => kind === 'VEVENT' || kind === 'VFREEBUSY' || kind === 'VAVAILABILITY');

/** What makes somebody busy in a range, gathered calendar by calendar. Availability is weighed at the end, for that of one calendar lies over another's. */
export class BusyTime {
  readonly #range: TimeRange;
  readonly #spans: BusySpan[] = [];
  readonly #availability: Availability[] = [];

  constructor(range: TimeRange) {
    this.#range = range;
  }

  offer(availability: readonly Availability[]): void {
    this.#availability.push(...availability);
  }

  /**
   * Of one calendar. VAVAILABILITY counts too (RFC 7953 §7.2.3).
   * @throws DavError DAV:number-of-matches-within-limits
   */
  async addCalendar(store: CalendarStore, collection: Collection, options: BusyOptions = {}): Promise<void> {
    if (!holdsBusyTime(collection)) return;
    const zone = options.zone ?? zoneOf(collection);
    const { except, counts } = options;
    const select = { facts: true, ...(options.acl === true ? { acl: true } : {}), ...(except === undefined ? {} : { meta: true }) };
    // All-day events lie where the zone says: the widest offsets are 14 h, and the store compares with bounds already widened by as much.
    for await (const batch of store.queryItems(collection.id, { overlaps: this.#range }, select)) {
      const undecided: Item[] = [];
      for (const item of batch) {
        if (counts?.(item) === false || (except !== undefined && item.meta?.uid === except.uid && except.ownedBy(item.facts?.organizer))) continue;
        const found = item.component === 'VAVAILABILITY' ? 'needs-body' : busySpans(item, this.#range, zone);
        if (found === 'needs-body') undecided.push(item);
        else append(this.#spans, found);
      }
      if (undecided.length > 0) await this.#readBodies(store, collection, undecided, zone);
    }
  }

  async #readBodies(store: CalendarStore, collection: Collection, items: readonly Item[], zone: Zone | undefined): Promise<void> {
    for await (const batch of store.findItems(collection.id, items.map(({ name }) => name), { facts: true, body: true })) {
      for (const item of batch) {
        if (item.component === 'VAVAILABILITY') {
          const object = item.body === undefined ? undefined : parse(item.body).object;
          if (object !== undefined) this.offer(readAvailability(object));
          continue;
        }
        const found = busySpans(item, this.#range, zone);
        if (found !== 'needs-body') append(this.#spans, found);
      }
    }
  }

  /** Clipped to the range, sorted and joined. @throws DavError DAV:number-of-matches-within-limits */
  spans(): readonly BusySpan[] {
    if (this.#availability.length > 0) {
      const spans = unavailableSpans(this.#availability, this.#range);
      if (spans === undefined) throw tooMuch();
      append(this.#spans, spans);
    }
    return coalesce(this.#spans);
  }
}

/** Of all calendars of a home that count (RFC 6638 §9.1: opaque ones), and of what its inbox says of availability (RFC 7953 §7.2.5). */
export async function busyInHome(store: CalendarStore, home: Home, range: TimeRange, options: BusyOptions = {}): Promise<readonly BusySpan[]> {
  const busy = new BusyTime(range);
  for (const collection of await store.listCollections(home.root.id, 1)) {
    if (collection.kind === 'inbox') busy.offer(availabilityOf(collection));
    if (collection.kind !== 'calendar' || transparencyOf(collection, home.owner) === 'transparent') continue;
    const within = options.within === undefined ? {} : await options.within(collection);
    if (within !== undefined) await busy.addCalendar(store, collection, { ...options, ...within });
  }
  return busy.spans();
}

/** A busy year has some thousands; an event that recurs for good has millions until the last date there is. */
const MOST_SPANS = 50_000;

/**
 * One by one: a busy year has more spans than a call takes arguments.
 * @throws DavError DAV:number-of-matches-within-limits (RFC 4791 §7.10)
 */
function append(spans: BusySpan[], more: readonly BusySpan[]): void {
  if (spans.length + more.length > MOST_SPANS) throw tooMuch();
  for (const span of more) spans.push(span);
}

const tooMuch = () => numberOfMatchesWithinLimits('The range holds more busy time than this server lists: ask for a shorter one.');

/** Two weeks from the midnight (UTC) before `now`: what is asked where nothing is said. */
export const nextTwoWeeks = (now: number): TimeRange => ({ start: now - (now % DAY), end: now - (now % DAY) + 14 * DAY });

/** Items whose own list takes even this away do not count. */
export const countsFor = (of: (item: Item) => Privileges, needed: Privileges) => (item: Item): boolean => (of(item) & needed) === needed;
