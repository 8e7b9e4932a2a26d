/**
 * CALDAV:calendar-data as a request spells it (RFC 4791 §9.6): what to leave out, what to expand, which media type. Pure.
 */
import type { XmlNode } from '@kalends/contracts';
import type { CalendarDataSpec, ComponentSelection, PropertySelection } from '@kalends/icalendar';
import { CALDAV } from '@kalends/webdav';
import { supportedCalendarData, validFilter } from '../preconditions.ts';
import { checkParts } from './request-size.ts';
import { closedRange } from './time-range.ts';

export type CalendarMedia = 'text/calendar' | 'application/calendar+json';
export const CALENDAR_MEDIA: readonly CalendarMedia[] = ['text/calendar', 'application/calendar+json'];

export interface CalendarDataRequest extends CalendarDataSpec { readonly media: CalendarMedia }

/** Throws CALDAV:supported-calendar-data for a media type or version nobody has, CALDAV:valid-filter for what breaks the grammar. */
export function readCalendarData(node: XmlNode): CalendarDataRequest {
  checkParts(node);
  const media = mediaOf(node);
  const expand = only(node, 'expand');
  const recurrences = only(node, 'limit-recurrence-set');
  const freeBusy = only(node, 'limit-freebusy-set');
  const component = only(node, 'comp');
  if (expand !== undefined && recurrences !== undefined) throw validFilter('expand and limit-recurrence-set exclude one another');
  if (component !== undefined && component.attribute('name')?.toUpperCase() !== 'VCALENDAR') throw validFilter('the outermost comp names VCALENDAR');
  return {
    media,
    ...(component === undefined ? {} : { component: selection(component) }),
    ...(expand === undefined ? {} : { expand: closedRange(expand) }),
    ...(recurrences === undefined ? {} : { limitRecurrenceSet: closedRange(recurrences) }),
    ...(freeBusy === undefined ? {} : { limitFreebusySet: closedRange(freeBusy) }),
  };
}

/** Nothing asked of the octets: they leave as they are stored. */
export const isWhole = ({ component, expand, limitRecurrenceSet, limitFreebusySet, media }: CalendarDataRequest): boolean =>
  component === undefined && expand === undefined && limitRecurrenceSet === undefined && limitFreebusySet === undefined && media === 'text/calendar';

/** RFC 4791 §9.6: `content-type` and `version`, with their defaults. Also of calendar-timezone (RFC 7809 §5.2). */
export function mediaOf(node: XmlNode): CalendarMedia {
  const type = (node.attribute('content-type') ?? 'text/calendar').split(';')[0]!.trim().toLowerCase();
  const version = node.attribute('version') ?? '2.0';
  const media = CALENDAR_MEDIA.find((one) => one === type);
  if (media === undefined || version !== '2.0') throw supportedCalendarData(`calendar data is text/calendar or application/calendar+json, version 2.0; not ${type.slice(0, 60)} ${version.slice(0, 10)}`);
  return media;
}

/** The attributes of calendar data in an answer: none for iCalendar, which is the default of §9.6. */
export function mediaAttributes(media: CalendarMedia): Readonly<Record<string, string>> {
  return media === 'text/calendar' ? {} : { 'content-type': media, version: '2.0' };
}

function selection(node: XmlNode): ComponentSelection {
  const children = node.children.filter(({ name }) => name.ns === CALDAV);
  const named = (local: string): readonly XmlNode[] => children.filter(({ name }) => name.local === local);
  return {
    name: nameOf(node),
    properties: named('allprop').length > 0 ? 'all' : named('prop').map(property),
    components: named('allcomp').length > 0 ? 'all' : named('comp').map(selection),
  };
}

function property(node: XmlNode): PropertySelection {
  return { name: nameOf(node), novalue: node.attribute('novalue') === 'yes' };
}

function nameOf(node: XmlNode): string {
  const name = node.attribute('name');
  if (name === undefined || name === '') throw validFilter(`${node.name.local} needs a name`);
  return name.toUpperCase();
}

function only(node: XmlNode, local: string): XmlNode | undefined {
  const found = node.children.filter(({ name }) => name.ns === CALDAV && name.local === local);
  if (found.length > 1) throw validFilter(`calendar-data holds one ${local} at most`);
  return found[0];
}
