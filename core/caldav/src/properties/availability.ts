/**
 * CALDAV:calendar-availability of an inbox (RFC 7953 §7.2.4), and the same value under the name that Apple's clients know: when its owner can be asked to a
 * meeting at all. Setting either sets both, removing either removes both. What it says is counted in `query/busy-time.ts`.
 */
import type { Collection, LiveProperty, QName, XmlNode } from '@kalends/contracts';
import { WRITE_CONTENT, WRITE_PROPERTIES } from '@kalends/contracts';
import { describeProblem, parse, readAvailability, readObject } from '@kalends/icalendar';
import type { Availability } from '@kalends/icalendar';
import { clark, storedText, textOf } from '@kalends/webdav';
import { caldav, calendarserver } from '../names.ts';
import { validCalendarData } from '../preconditions.ts';
import { mediaOf } from '../query/read-calendar-data.ts';
import { calendarText } from './define.ts';

const AVAILABILITY = caldav('calendar-availability');
const KEY = clark(AVAILABILITY);
const decoder = new TextDecoder();

/** `now` in seconds. */
export function availabilityProperties(now: () => number): readonly LiveProperty[] {
  return [face(AVAILABILITY, now), face(calendarserver('calendar-availability'), now)];
}

function face(name: QName, now: () => number): LiveProperty {
  return {
    name, kinds: ['inbox'],
    ...calendarText(KEY),
    // When somebody can be met is no matter of looks: who may only read and set properties does not say it.
    change: {
      requires: WRITE_PROPERTIES | WRITE_CONTENT,
      plan: async (value) => ({ in: 'collection', patch: value === undefined ? { remove: [KEY] } : { set: new Map([[KEY, storedText(AVAILABILITY, checked(value, now()))]]) } }),
    },
  };
}

/** @throws DavError CALDAV:valid-calendar-data unless it is a VCALENDAR with exactly one VAVAILABILITY and nothing else but time zones */
function checked(value: XmlNode, now: number): string {
  const format = mediaOf(value) === 'text/calendar' ? 'text' : 'json';
  const { object, problems } = readObject(Buffer.from(value.text.trim()), { now, rules: { components: ['VAVAILABILITY'] }, format });
  if (object === undefined) throw validCalendarData(describeProblem(problems[0]!));
  return decoder.decode(object.octets);
}

/** What the property of an inbox says; read once for each row that the store gives. */
export function availabilityOf(inbox: Collection): readonly Availability[] {
  const stored = inbox.properties.get(KEY);
  if (stored === undefined) return [];
  const known = read.get(inbox);
  if (known !== undefined) return known;
  const { object } = parse(Buffer.from(textOf(stored)));
  const availability = object === undefined ? [] : readAvailability(object);
  read.set(inbox, availability);
  return availability;
}
const read = new WeakMap<Collection, readonly Availability[]>();
