/**
 * CALDAV:calendar-data of items (RFC 4791 §9.6): what a REPORT asks for in its `DAV:prop`. Compiled once for each element that asks, and identical bodies are
 * one element; stored octets go out unparsed where nothing is left out or expanded. Time zones come or stay away as a header field says (RFC 7809 §7.1).
 */
import type { Collection, Item, LiveProperty, XmlNode, XmlSink } from '@kalends/contracts';
import { CLEAN, isWhole, renderer, toJson } from '@kalends/icalendar';
import type { Renderer, Zone } from '@kalends/icalendar';
import { CALDAV } from '@kalends/webdav';
import { caldav } from '../names.ts';
import { seenBy } from '../privacy/seen-by.ts';
import { mediaAttributes, readCalendarData } from '../query/read-calendar-data.ts';
import type { CalendarDataRequest } from '../query/read-calendar-data.ts';
import { delivered, zoneDelivery } from '../query/zone-delivery.ts';
import type { ZoneDelivery } from '../query/zone-delivery.ts';
import { zoneOf } from './time-zone.ts';

export class CalendarDataView {
  readonly asked: CalendarDataRequest;
  readonly #json: boolean;
  readonly #zone: Zone | undefined;
  readonly #floats: boolean;
  readonly #withZones: boolean;
  readonly #renderers = new Map<Zone | undefined, Renderer>();

  /** `zone`: the report's own (RFC 4791 §9.8), before each calendar's. @throws DavError CALDAV:supported-calendar-data, CALDAV:valid-filter */
  constructor(node: XmlNode, zone?: Zone) {
    this.asked = readCalendarData(node);
    this.#zone = zone;
    this.#json = this.asked.media === 'application/calendar+json';
    const { component, expand, limitRecurrenceSet, limitFreebusySet } = this.asked;
    // The calendar's zone matters where floating times are compared with a range.
    this.#floats = expand !== undefined || limitRecurrenceSet !== undefined || limitFreebusySet !== undefined;
    // Whoever names components names VTIMEZONE too where he wants it.
    this.#withZones = component === undefined || isWhole(component) || component.components === 'all' || component.components.some((inside) => inside.name === 'VTIMEZONE' && isWhole(inside));
  }

  /** What makes writing fast beside the octets. */
  get wantsFacts(): boolean {
    return this.#rendererFor(undefined).wantsFacts;
  }

  write(xml: XmlSink, { body, facts }: Item, collection: Collection | undefined, delivery: ZoneDelivery): boolean {
    if (body === undefined) return false;
    const made = this.#rendererFor(this.#floats ? this.#zone ?? (collection === undefined ? undefined : zoneOf(collection)) : undefined);
    const rendered = made.verbatim ? body : made.render(body, facts);
    const text = this.#withZones || delivery === 'by-reference' ? delivered(rendered, delivery) : rendered;
    if (this.#json) xml.text(decode(toJson(text)));
    else xml.octets(text, facts !== undefined && (facts.flags & CLEAN) !== 0);
    return true;
  }

  #rendererFor(zone: Zone | undefined): Renderer {
    let made = this.#renderers.get(zone);
    if (made === undefined) this.#renderers.set(zone, made = renderer(this.asked, zone));
    return made;
  }
}

const views = new WeakMap<XmlNode, CalendarDataView>();
/** @throws DavError as the constructor */
function viewOf(node: XmlNode, zone?: Zone): CalendarDataView {
  let view = views.get(node);
  if (view === undefined) views.set(node, view = new CalendarDataView(node, zone));
  return view;
}

/** The calendar-data that a report asks for, if it does, with the report's own zone; throws before the answer begins. */
export function askedView(report: XmlNode, zone?: Zone): CalendarDataView | undefined {
  const prop = report.children.find(({ name }) => name.ns === 'DAV:' && name.local === 'prop');
  const node = prop?.children.find(({ name }) => name.ns === CALDAV && name.local === 'calendar-data');
  return node === undefined ? undefined : viewOf(node, zone);
}

export const calendarData: LiveProperty<ZoneDelivery> = {
  name: caldav('calendar-data'), kinds: ['calendar-item', 'inbox-item'], select: { body: true }, loadOnce: zoneDelivery,
  write: (xml, { item, resource, identity }, delivery, asked) => item !== undefined && viewOf(asked).write(xml, seenBy(identity, resource.owner, item), resource.collection, delivery),
  attributes: (asked) => mediaAttributes(viewOf(asked).asked.media),
};

const decode = ({ buffer, byteOffset, byteLength }: Uint8Array): string => Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
