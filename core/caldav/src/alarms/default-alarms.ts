/**
 * Default alarms (Apple's caldav extension): four properties of homes and calendars, each one VALARM or nothing, and what they add to an object that is made.
 * A calendar's own value counts before its home's; an empty one means none. Sharees keep theirs, and nothing is added for them: what they make is another's.
 */
import type { Collection, Home, LiveProperty, XmlNode } from '@kalends/contracts';
import { ALARM_PURPOSES, alarmPurpose, describeProblem, readAlarm, withDefaultAlarm } from '@kalends/icalendar';
import type { AlarmPurpose, CalendarObject } from '@kalends/icalendar';
import { clark, collectionChange, storedProperty, storedText, textOf } from '@kalends/webdav';
import { caldav } from '../names.ts';
import { validAlarm } from '../preconditions.ts';
import { changeable } from '../properties/define.ts';

const nameOf = (purpose: AlarmPurpose) => caldav(`default-alarm-${purpose}`);

export const defaultAlarmProperties: readonly LiveProperty[] = ALARM_PURPOSES.flatMap((purpose) => [settable(purpose), refused(purpose)]);

function settable(purpose: AlarmPurpose): LiveProperty {
  const name = nameOf(purpose);
  const key = clark(name);
  return {
    name, kinds: ['home', 'calendar', 'share'],
    write: (xml, row) => {
      const stored = storedProperty(row, key);
      // A share begins without alarms: its owner's are the owner's.
      if (stored === undefined) return row.resource.share !== undefined;
      xml.text(textOf(stored));
      return true;
    },
    change: changeable(async (value, row) => (value === undefined ? collectionChange(row, new Map(), [key]) : collectionChange(row, new Map([[key, storedText(name, checked(value))]]), []))),
  };
}

/** Nothing is made elsewhere that could have an alarm. */
function refused(purpose: AlarmPurpose): LiveProperty {
  return { name: nameOf(purpose), kinds: ['inbox', 'outbox', 'notifications', 'files'], write: () => false };
}

/** It goes into each event that is made, and into each override of that. Clients' have some 200 characters. */
const MAX_ALARM_LENGTH = 4096;

/** @throws DavError CALDAV:valid-calendar-data unless it is one VALARM or nothing */
function checked({ text }: XmlNode): string {
  if (text.trim() === '') return '';
  if (text.length > MAX_ALARM_LENGTH) throw validAlarm(`A default alarm has ${MAX_ALARM_LENGTH} characters at most.`);
  const { problem } = readAlarm(text);
  if (problem !== undefined) throw validAlarm(describeProblem(problem));
  return text;
}

/** A new object with the default alarm of its calendar; the same instance where there is none to add. Costs nothing where nobody has set one. */
export function withDefaultAlarms(object: CalendarObject, collection: Collection, { root }: Home): CalendarObject {
  if (collection.kind !== 'calendar') return object;
  const purpose = alarmPurpose(object);
  if (purpose === undefined) return object;
  const key = clark(nameOf(purpose));
  const stored = collection.properties.get(key) ?? root.properties.get(key);
  const text = stored === undefined ? '' : textOf(stored).trim();
  const { alarm } = text === '' ? {} : readAlarm(text);
  return alarm === undefined ? object : withDefaultAlarm(object, alarm);
}
