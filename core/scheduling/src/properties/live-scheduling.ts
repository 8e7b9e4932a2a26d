/**
 * The properties of RFC 6638: where a principal's inbox and outbox are (§2.1.1, §2.2.1), the default calendar (§9.2), Schedule-Tag (§3.2.10), and what inbox and
 * outbox say of themselves.
 */
import type { Collection, DavFeature, DavRequest, LiveProperty, PropertyChange, PropertyRow, QName, XmlNode } from '@kalends/contracts';
import { WRITE_CONTENT, WRITE_PROPERTIES } from '@kalends/contracts';
import { componentsOf, caldav, calendarserver, fixed, homePath, ofHome, resourceType, transparencyOf, validScheduleDefaultCalendarUrl } from '@kalends/caldav';
import { badRequest, condition, CALENDARSERVER, dav, engineOf, isNamed } from '@kalends/webdav';
import type { DavError } from '@kalends/webdav';

/** RFC 6638 has it for events alone; the classic server for to-dos too. */
const validScheduleDefaultTasksUrl = condition(CALENDARSERVER, 'valid-schedule-default-tasks-URL', 409, undefined, 'The default list is one of the owner\'s own.');

export const schedulingProperties: NonNullable<DavFeature['properties']> = [
  resourceType('inbox', [dav('collection'), caldav('schedule-inbox')]),
  resourceType('outbox', [dav('collection'), caldav('schedule-outbox')]),
  ofHome(caldav('schedule-inbox-URL'), 'inbox'),
  ofHome(caldav('schedule-outbox-URL'), 'outbox'),
  fixed(caldav('supported-calendar-component-set'), ['inbox', 'outbox'], (xml) => {
    for (const name of ['VEVENT', 'VTODO', 'VFREEBUSY']) {
      xml.open(caldav('comp'), { name });
      xml.close();
    }
  }),
  {
    name: caldav('schedule-tag'), kinds: ['calendar-item', 'inbox-item'], select: { meta: true },
    write: (xml, { item }) => {
      const tag = item?.meta?.scheduleTag;
      if (tag === undefined) return false;
      xml.text(`"${tag}"`);
      return true;
    },
  },
  calendarFreeBusySet(),
  defaultCalendar(caldav('schedule-default-calendar-URL'), 'VEVENT', () => validScheduleDefaultCalendarUrl()),
  defaultCalendar(calendarserver('schedule-default-tasks-URL'), 'VTODO', () => validScheduleDefaultTasksUrl()),
];

/** The calendars of the home that the inbox of a row lies in, the oldest first. */
type Calendars = ReadonlyMap<PropertyRow, readonly Collection[]>;

async function calendarsOf(rows: readonly PropertyRow[], request: DavRequest): Promise<Calendars> {
  const { store } = engineOf(request).engine;
  return new Map(await Promise.all(rows.map(async (row) => {
    const below = row.resource.home === undefined ? [] : await store.listCollections(row.resource.home.root.id, 1);
    return [row, below.filter(({ kind }) => kind === 'calendar').toSorted((a, b) => a.created - b.created)] as const;
  })));
}

/** The old face of schedule-calendar-transp: the calendars that make their owner busy. Read-only; clients set transparency on each. */
function calendarFreeBusySet(): LiveProperty<Calendars> {
  return {
    name: caldav('calendar-free-busy-set'), kinds: ['inbox'], load: calendarsOf,
    write: (xml, row, calendars) => {
      for (const calendar of calendars.get(row) ?? []) {
        if (transparencyOf(calendar, row.resource.owner) === 'opaque') xml.href(homePath(row.resource.owner!, [calendar.segment]));
      }
      return true;
    },
  };
}

/** Where invitations are filed: the calendar that was chosen, else the oldest that takes such components; so it follows a rename and survives a deletion. */
function defaultCalendar(name: QName, component: 'VEVENT' | 'VTODO', refusal: () => DavError): LiveProperty<Calendars> {
  // A note of the house, not the property: it holds the calendar's id.
  const note = `default-${component}`;
  return {
    name, kinds: ['inbox'], load: calendarsOf,
    write: (xml, row, calendars) => {
      const fitting = (calendars.get(row) ?? []).filter((calendar) => componentsOf(calendar).includes(component));
      const chosen = row.resource.collection?.properties.get(note);
      const calendar = fitting.find(({ id }) => id === chosen) ?? fitting[0];
      // Without a final slash, as clients of the classic server compare it.
      if (calendar !== undefined) xml.href(homePath(row.resource.owner!, [calendar.segment]).slice(0, -1));
      return true;
    },
    // Where invitations are filed is no matter of looks: who may only read and set properties does not say it.
    change: { requires: WRITE_PROPERTIES | WRITE_CONTENT, plan: (value, row, request) => choose(value, row, request, note, component, refusal) },
  };
}

async function choose(value: XmlNode | undefined, { resource }: PropertyRow, dav: DavRequest, note: string, component: 'VEVENT' | 'VTODO', refusal: () => DavError): Promise<PropertyChange> {
  if (value === undefined) return { in: 'collection', patch: { remove: [note] } };
  const hrefs = value.children.filter((child) => isNamed(child.name, 'DAV:', 'href'));
  if (hrefs.length !== 1) throw badRequest('The default calendar is one DAV:href.');
  const path = engineOf(dav).pathOf(hrefs[0]!.text.trim());
  const target = path === undefined ? undefined : await dav.judge(path, {});
  const calendar = target?.resource.collection;
  if (target?.resource.kind !== 'calendar' || calendar === undefined || calendar.home !== resource.home?.id || !componentsOf(calendar).includes(component)) throw refusal();
  return { in: 'collection', patch: { set: new Map([[note, calendar.id]]) } };
}
