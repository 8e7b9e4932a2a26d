/** One component that carries the UID, checked for what later code must be able to read: its times, zones, rules, numbers and alarms. */
import type { Component, Property } from './component.ts';
import { findComponents, findProperties, findProperty, parameter } from './component.ts';
import { MAX_DATES, MAX_RULES } from './limits.ts';
import { parseRule } from './recurrence-rule.ts';
import { parseDuration, parseTime } from './time.ts';
import type { ObjectZones } from './time-values.ts';
import { readPeriod, readTime } from './time-values.ts';
import { validateAvailability } from './validate-availability.ts';
import type { Tell } from './validate.ts';
import { splitList } from './values.ts';

/** Single values: a second one that says something else leaves us not knowing which is meant. */
const ONCE: readonly string[] = ['DTSTART', 'DTEND', 'DUE', 'DURATION', 'RECURRENCE-ID', 'SEQUENCE', 'ORGANIZER'];
const TIMES: ReadonlyMap<string, string> = new Map([
  ['DTSTART', '§3.8.2.4'], ['DTEND', '§3.8.2.2'], ['DUE', '§3.8.2.3'], ['RECURRENCE-ID', '§3.8.4.4'], ['COMPLETED', '§3.8.2.1'], ['DTSTAMP', '§3.8.7.2'],
]);

export function validatePart(part: Component, zones: ObjectZones, tell: Tell): void {
  for (const name of ONCE) {
    const [first, ...more] = findProperties(part, name);
    const other = more.find(({ value }) => value !== first?.value);
    if (other !== undefined) tell('valid-calendar-data', 'RFC 5545 §3.6', `${name} twice, with different values`, other);
  }
  for (const property of part.properties) validateProperty(property, zones, tell);
  if (findProperty(part, 'DTSTART') === undefined && part.name === 'VEVENT') tell('valid-calendar-data', 'RFC 5545 §3.6.1', 'VEVENT without DTSTART', part);
  validateEnd(part, zones, tell);
  validateRecurrence(part, tell);
  for (const alarm of findComponents(part, 'VALARM')) validateAlarm(alarm, zones, tell);
  for (const child of findComponents(part, 'AVAILABLE')) validatePart(child, zones, tell);
  if (part.name === 'VAVAILABILITY') validateAvailability(part, tell);
}

function validateProperty(property: Property, zones: ObjectZones, tell: Tell): void {
  const { name, value } = property;
  const section = TIMES.get(name);
  if (section !== undefined) validateTime(property, value, section, zones, tell);
  else if (name === 'EXDATE' || name === 'RDATE') validateDates(property, zones, tell);
  else if (name === 'DURATION') validateDuration(property, tell);
  else if (name === 'FREEBUSY') validatePeriods(property, splitList(value), zones, tell);
  else if (name === 'SEQUENCE' && !/^\s*\+?\d{1,10}\s*$/.test(value)) {
    tell('valid-calendar-data', 'RFC 5545 §3.8.7.4', `SEQUENCE ${excerpt(value)} is no number`, property);
  }
}

function validatePeriods(property: Property, texts: readonly string[], zones: ObjectZones, tell: Tell): void {
  for (const text of texts) {
    if (text === '' || readPeriod(property, zones, text) !== undefined) continue;
    tell('valid-calendar-data', 'RFC 5545 §3.3.9', `${excerpt(text)} is no period`, property);
  }
}

function validateTime(property: Property, text: string, section: string, zones: ObjectZones, tell: Tell): void {
  const parsed = parseTime(text.trim());
  if (parsed === undefined) {
    return tell('valid-calendar-data', `RFC 5545 ${section}`, `${property.name} ${excerpt(text)} is no date or time that exists`, property);
  }
  if (parsed.kind === 'floating') validateZone(property, zones, tell);
}

/** RFC 4791 §5.3.2.1, RFC 7809: by a VTIMEZONE of the object, or by name where we know it. */
function validateZone(property: Property, zones: ObjectZones, tell: Tell): void {
  const tzid = parameter(property, 'TZID');
  if (tzid === undefined || zones.find(tzid) !== undefined) return;
  const definition = zones.definition(tzid);
  if (definition === undefined) tell('valid-timezone', 'RFC 5545 §3.2.19', `no VTIMEZONE for TZID ${excerpt(tzid)}, and no zone of that name`, property);
  else tell('valid-timezone', 'RFC 5545 §3.6.5', `the VTIMEZONE of TZID ${excerpt(tzid)} cannot be used`, definition);
}

function validateDates(property: Property, zones: ObjectZones, tell: Tell): void {
  const texts = splitList(property.value);
  if (texts.length > MAX_DATES) tell('max-instances', 'RFC 4791 §5.2.8', `${texts.length} values in ${property.name}`, property);
  const section = property.name === 'RDATE' ? '§3.8.5.2' : '§3.8.5.1';
  for (const text of texts.slice(0, MAX_DATES)) {
    // An empty EXDATE excludes nothing; some programs write it.
    if (text.trim() === '') continue;
    if (!text.includes('/') || property.name === 'EXDATE') validateTime(property, text, section, zones, tell);
    else {
      validatePeriods(property, [text], zones, tell);
      if (!text.split('/')[0]!.endsWith('Z')) validateZone(property, zones, tell);
    }
  }
}

function validateDuration(property: Property, tell: Tell): void {
  const told = `DURATION ${excerpt(property.value)}`;
  const duration = parseDuration(property.value.trim());
  if (duration === undefined) tell('valid-calendar-data', 'RFC 5545 §3.3.6', `${told} is none`, property);
  else if (duration.days < 0 || duration.seconds < 0) tell('valid-calendar-data', 'RFC 5545 §3.8.2.5', `${told} is negative`, property);
}

/** RFC 5545 §3.6.1, §3.6.2, §3.8.2.2. */
function validateEnd(part: Component, zones: ObjectZones, tell: Tell): void {
  const end = findProperty(part, part.name === 'VTODO' ? 'DUE' : 'DTEND');
  if (end !== undefined && findProperty(part, 'DURATION') !== undefined) {
    tell('valid-calendar-data', 'RFC 5545 §3.6.1', `${end.name} and DURATION, which disagree`, end);
  }
  const start = findProperty(part, 'DTSTART');
  if (start === undefined || end?.name !== 'DTEND') return;
  const [from, to] = [readTime(start, zones), readTime(end, zones)];
  // An end of another kind than the start is taken as old clients send it (see `between` in `series.ts`).
  if (from !== undefined && to !== undefined && from.kind === to.kind && to.at < from.at) {
    tell('valid-calendar-data', 'RFC 5545 §3.8.2.2', `DTEND ${end.value} is before DTSTART ${start.value}`, end);
  }
}

function validateRecurrence(part: Component, tell: Tell): void {
  const rules = part.properties.filter(({ name }) => name === 'RRULE' || name === 'EXRULE');
  if (rules.length > MAX_RULES) {
    tell('max-instances', 'RFC 5545 §3.8.5.3', `${rules.length} recurrence rules, at most ${MAX_RULES} are taken`, rules[MAX_RULES]);
  }
  for (const property of rules.slice(0, MAX_RULES)) {
    const rule = parseRule(property.value.trim());
    if (!('problem' in rule)) continue;
    const [kind, section] = rule.scale === true ? ['supported-rscale', 'RFC 7529 §7'] as const : ['valid-calendar-data', 'RFC 5545 §3.3.10'] as const;
    tell(kind, section, `${property.name} ${excerpt(property.value)}: ${rule.problem}`, property);
  }
}

/** RFC 5545 §3.6.6, as far as the trigger can be computed; RFC 9074 §6.1. */
function validateAlarm(alarm: Component, zones: ObjectZones, tell: Tell): void {
  const acknowledged = findProperty(alarm, 'ACKNOWLEDGED');
  if (acknowledged !== undefined && parseTime(acknowledged.value.trim())?.kind !== 'utc') {
    tell('valid-calendar-data', 'RFC 9074 §6.1', `ACKNOWLEDGED ${excerpt(acknowledged.value)} is no time in UTC`, acknowledged);
  }
  const trigger = findProperty(alarm, 'TRIGGER');
  if (trigger === undefined) return;
  const value = trigger.value.trim();
  if (parseDuration(value) !== undefined) return;
  const time = readTime(trigger, zones);
  if (time === undefined || time.kind === 'date') {
    tell('valid-calendar-data', 'RFC 5545 §3.8.6.3', `TRIGGER ${excerpt(value)} is neither duration nor time`, trigger);
  }
}

const excerpt = (text: string): string => `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}"`;
