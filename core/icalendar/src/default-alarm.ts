/**
 * Alarms that a server adds or takes away: the default alarms of Apple's extension (one VALARM for events and to-dos, with a time and of whole days), and
 * duplicates. Where defaults are kept and to whom they belong is `@kalends/caldav`'s.
 */
import { CalendarObject } from './calendar-object.ts';
import type { Component } from './component.ts';
import { findComponents, findProperty, makeComponent, makeProperty, withComponents } from './component.ts';
import { parse } from './parse.ts';
import type { Problem } from './problem.ts';
import { parseTime } from './time.ts';
import { validate } from './validate.ts';

/** What a default alarm is for: the kind of object, and whether it begins at a time or on a day. */
export type AlarmPurpose = 'vevent-datetime' | 'vevent-date' | 'vtodo-datetime' | 'vtodo-date';
export const ALARM_PURPOSES: readonly AlarmPurpose[] = ['vevent-datetime', 'vevent-date', 'vtodo-datetime', 'vtodo-date'];

const HEAD = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Kalends//Kalends//EN\r\nBEGIN:VEVENT\r\nUID:x\r\nDTSTAMP:20000101T000000Z\r\nDTSTART:20000101T000000Z\r\n';
const FOOT = 'END:VEVENT\r\nEND:VCALENDAR\r\n';

/** The one VALARM that a text is (RFC 5545 §3.6.6), or what is wrong with it. */
export function readAlarm(text: string): { readonly alarm: Component; readonly problem?: undefined } | { readonly alarm?: undefined; readonly problem: Problem } {
  const { object, problems } = parse(Buffer.from(`${HEAD}${text.trim()}\r\n${FOOT}`));
  const problem = object === undefined ? problems[0]! : validate(object)[0];
  if (problem !== undefined) return { problem };
  const [event, ...others] = object!.root.components;
  const [alarm, ...more] = event!.components;
  if (others.length > 0 || more.length > 0 || alarm?.name !== 'VALARM' || event!.properties.length !== 3 || object!.root.properties.length !== 2) return { problem: refused('a default alarm is exactly one VALARM') };
  for (const name of isSilent(alarm) ? ['ACTION'] : ['ACTION', 'TRIGGER']) if (findProperty(alarm, name) === undefined) return { problem: refused(`VALARM without ${name}`) };
  return { alarm };
}

/** Apple's clients write it where somebody wants no alarm: it does nothing and so goes off at no time. */
const isSilent = (alarm: Component): boolean => findProperty(alarm, 'ACTION')?.value.trim().toUpperCase() === 'NONE';

const refused = (message: string): Problem => ({ kind: 'valid-calendar-data', rule: 'RFC 5545 §3.6.6', message });

/** Which default an object takes: that of its main component. Undefined: it has no time, or is neither event nor to-do. */
export function alarmPurpose({ component, master, parts }: CalendarObject): AlarmPurpose | undefined {
  const main = master ?? parts[0];
  if (main === undefined || (component !== 'VEVENT' && component !== 'VTODO')) return undefined;
  const time = findProperty(main, 'DTSTART') ?? (component === 'VTODO' ? findProperty(main, 'DUE') : undefined);
  const parsed = time === undefined ? undefined : parseTime(time.value.trim());
  if (parsed === undefined) return undefined;
  return `${component === 'VEVENT' ? 'vevent' : 'vtodo'}-${parsed.kind === 'date' ? 'date' : 'datetime'}`;
}

/** With the alarm in each of its events or to-dos that has none of its own, marked as a default one. One that does nothing (ACTION:NONE) is not added. */
export function withDefaultAlarm(object: CalendarObject, alarm: Component): CalendarObject {
  if (isSilent(alarm)) return object;
  const marked = makeComponent('VALARM', [...alarm.properties.filter(({ name }) => name !== 'X-APPLE-DEFAULT-ALARM'), makeProperty('X-APPLE-DEFAULT-ALARM', 'TRUE')], alarm.components);
  let added = false;
  const components = object.root.components.map((part) => {
    if (part.name !== object.component || findComponents(part, 'VALARM').length > 0) return part;
    added = true;
    return withComponents(part, [...part.components, marked]);
  });
  return added ? object.edited(withComponents(object.root, components)) : object;
}

/** Without alarms that repeat the ACTION and TRIGGER of an earlier one of the same component: clients that synchronize through each other pile them up. */
export function withoutDuplicateAlarms(object: CalendarObject): CalendarObject {
  let changed = false;
  const components = object.root.components.map((part) => {
    const seen = new Set<string>();
    const kept = part.components.filter((child) => {
      if (child.name !== 'VALARM') return true;
      const key = ['ACTION', 'TRIGGER'].map((name) => findProperty(child, name)?.value.trim().toUpperCase() ?? '').join('\n');
      return seen.size < seen.add(key).size;
    });
    if (kept.length === part.components.length) return part;
    changed = true;
    return withComponents(part, kept);
  });
  return changed ? object.edited(withComponents(object.root, components)) : object;
}
