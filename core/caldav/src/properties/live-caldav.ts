/**
 * The live properties of calendars and homes: RFC 4791 §5.2, §7.5.1; RFC 5995 §3; RFC 6638 §9.1; and what calendar clients ask beside them. None is in allprop
 * (RFC 4791 §5.2: SHOULD NOT be returned by it).
 */
import type { Limits, LiveProperty } from '@kalends/contracts';
import { COLLATIONS, FLOOR, LAST_LOCAL, formatUtc } from '@kalends/icalendar';
import { CALDAV, clark, dav, storedProperty } from '@kalends/webdav';
import { defaultAlarmProperties } from '../alarms/default-alarms.ts';
import { TEXT_CALENDAR } from '../methods/send-calendar.ts';
import { appleIcal, caldav, calendarserver } from '../names.ts';
import { CALENDAR_MEDIA } from '../query/read-calendar-data.ts';
import { ADD_MEMBER_LEAF } from '../resources/home-layout.ts';
import { availabilityProperties } from './availability.ts';
import { viewerOf } from '../privacy/seen-by.ts';
import { changeable, fixed, fixedText, kept, personalChange, resourceType } from './define.ts';
import { calendarTimezone, calendarTimezoneId } from './time-zone.ts';
import { SCHEDULE_TRANSPARENCY, storedTransparency } from './transparency.ts';

const CALENDARS = ['calendar', 'share'];
const COLLECTION = dav('collection');

/** `now` in seconds. */
export function liveProperties(limits: Limits, now: () => number): readonly LiveProperty[] {
  return [
    ...resourceTypes, lengthOfWhole, ...limitProperties(limits), ...described, ...components, calendarTimezone, calendarTimezoneId, transparency, addMember, ...defaultAlarmProperties,
    ...availabilityProperties(now),
  ];
}

const resourceTypes: readonly LiveProperty[] = [
  resourceType('home', [COLLECTION]),
  resourceType('calendar', [COLLECTION, caldav('calendar')]),
  resourceType('notifications', [COLLECTION, calendarserver('notification')]),
  resourceType('free-busy-url', [calendarserver('free-busy-url')]),
  resourceType('notification', []),
  {
    // The classic attachments: one plain collection in the home, and in it one for each event.
    name: dav('resourcetype'), kinds: ['files'], inAllprop: true,
    write: (xml, { resource }) => {
      const isHome = resource.collection !== undefined && resource.collection.parent === resource.home?.root.id;
      for (const type of [COLLECTION, calendarserver(isHome ? 'dropbox-home' : 'dropbox')]) {
        xml.open(type);
        xml.close();
      }
      return true;
    },
  },
  { ...fixedText(dav('getcontenttype'), ['free-busy-url'], TEXT_CALENDAR), inAllprop: true },
  {
    // What GET says of every calendar object, so no row of a listing is read for it.
    name: dav('getcontenttype'), kinds: ['calendar-item', 'inbox-item'], inAllprop: true,
    write: (xml, { item }) => {
      xml.fragment(TEXT_CALENDAR);
      return item !== undefined;
    },
  },
];

/** Of what others see a part of, the size is not theirs to know, and not what they would get. */
const lengthOfWhole: LiveProperty = {
  name: dav('getcontentlength'), kinds: ['calendar-item', 'inbox-item'], inAllprop: true, select: { meta: true },
  write: (xml, { item, identity, resource }) => {
    if (item?.meta === undefined || viewerOf(identity, resource.owner)?.limits(item) === true) return false;
    xml.fragment(String(item.meta.size));
    return true;
  },
};

/** RFC 4791 §5.2.5-9; the limit of a home. A limit that is none has no property. */
function limitProperties(limits: Limits): readonly LiveProperty[] {
  const number = (name: LiveProperty['name'], kinds: readonly string[], limit: number): readonly LiveProperty[] => (Number.isFinite(limit) ? [fixedText(name, kinds, String(limit))] : []);
  const scheduled = [...CALENDARS, 'inbox', 'outbox'];
  return [
    ...number(caldav('max-resource-size'), scheduled, limits.resourceOctets),
    ...number(caldav('max-instances'), scheduled, limits.instances),
    ...number(caldav('max-attendees-per-instance'), scheduled, limits.attendees),
    fixedText(caldav('min-date-time'), scheduled, formatUtc(FLOOR)),
    fixedText(caldav('max-date-time'), scheduled, formatUtc(LAST_LOCAL)),
    ...number(calendarserver('max-resources'), CALENDARS, limits.itemsPerCalendar),
    ...number(calendarserver('max-collections'), ['home'], limits.calendarsPerHome),
  ];
}

/** RFC 4791 §5.2.1, and the two that every client sets. */
const described: readonly LiveProperty[] = [
  kept(caldav('calendar-description'), CALENDARS),
  kept(appleIcal('calendar-color'), CALENDARS),
  kept(appleIcal('calendar-order'), CALENDARS),
];

const components: readonly LiveProperty[] = [
  fixed(caldav('supported-calendar-data'), [...CALENDARS, 'inbox', 'outbox'], (xml) => {
    for (const type of CALENDAR_MEDIA) {
      xml.open(CALENDAR_DATA, { 'content-type': type, version: '2.0' });
      xml.close();
    }
  }),
  // §7.5.1: on every resource that can be searched for text.
  fixed(caldav('supported-collation-set'), [...CALENDARS, 'home', 'inbox', 'calendar-item', 'inbox-item'], (xml) => {
    for (const collation of COLLATIONS) {
      xml.open(COLLATION);
      xml.text(collation);
      xml.close();
    }
  }),
];
const CALENDAR_DATA = caldav('calendar-data');
const COLLATION = caldav('supported-collation');

/** RFC 6638 §9.1; each viewer's own. */
const transparency: LiveProperty = {
  name: SCHEDULE_TRANSPARENCY, kinds: CALENDARS,
  write: (xml, row) => {
    const transparent = storedProperty(row, clark(SCHEDULE_TRANSPARENCY))?.includes('<transparent') === true;
    xml.open(transparent ? TRANSPARENT : OPAQUE);
    xml.close();
    return true;
  },
  change: changeable(async (value, row, { identity }) => {
    const named = value?.children.find(({ name }) => name.ns === CALDAV)?.name.local;
    return personalChange(row, identity.principal, SCHEDULE_TRANSPARENCY, value === undefined ? undefined : storedTransparency(named === 'transparent' ? 'transparent' : 'opaque'));
  }),
};
const OPAQUE = caldav('opaque');
const TRANSPARENT = caldav('transparent');

/** RFC 5995 §3.2: where POST makes a member. */
const addMember = fixed(dav('add-member'), ['calendar'], (xml, { resource }) => xml.href(`${resource.canonical}${ADD_MEMBER_LEAF}`));
