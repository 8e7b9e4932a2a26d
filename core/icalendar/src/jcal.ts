/**
 * The tree as jCal (RFC 7265) and back: `application/calendar+json`, and typed values for whoever compares them. The only file that imports ical.js, which
 * knows the value types of every property. Lines and parameters are ours (`scan.ts`): ical.js misplaces the colon behind some lists of quoted parameters.
 */
import ICAL from 'ical.js';
import type { Component, Property } from './component.ts';
import { makeComponent, makeProperty } from './component.ts';
import { recurFromJson, recurToJson } from './jcal-recur.ts';
import { MAX_DEPTH } from './limits.ts';
import { parseDuration } from './time.ts';
import type { Duration } from './time.ts';
import { readText } from './values.ts';
import type { JcalComponent, JcalProperty } from './zones.ts';

const NAME = /^[A-Za-z0-9_.-]+$/;
const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value);

export function toJcal(component: Component): JcalComponent {
  return [component.name.toLowerCase(), component.properties.map(propertyToJcal), component.components.map(toJcal)];
}

/** A value that cannot be read as its type, and written again, stays text of type `unknown` (RFC 7265 §5). */
export function propertyToJcal(property: Property): JcalProperty {
  const parameters: Record<string, string | readonly string[]> = {};
  for (const [name, values] of property.parameters) {
    if (name !== 'VALUE' && name !== '__PROTO__') parameters[name.toLowerCase()] = values.length === 1 ? values[0]! : values;
  }
  const [name, , type, ...values] = readValue(property);
  return [name, parameters, type, ...values];
}

function readValue(property: Property): JcalProperty {
  const type = property.parameters.get('VALUE')?.[0] ?? impliedType(property);
  const name = property.name.toLowerCase();
  try {
    if (type?.toUpperCase() === 'RECUR' || (type === undefined && RULES.has(property.name))) {
      const rule = recurToJson(property.value);
      return rule === undefined ? unknown(property) : [name, {}, 'recur', rule];
    }
    if (type !== undefined && !NAME.test(type)) return unknown(property);
    const line = `${property.name}${type === undefined ? '' : `;VALUE=${type}`}:${property.value}`;
    const [, parameters, valueType, ...values] = ICAL.parse.property(line, ICAL.design.icalendar) as unknown as JcalProperty;
    const read: JcalProperty = [name, parameters, valueType, ...values.map(plain)];
    return saysTheSame(property.value, read) ? read : unknown(property);
  } catch {
    return unknown(property);
  }
}

const unknown = ({ name, value }: Property): JcalProperty => [name.toLowerCase(), {}, 'unknown', value];
const RULES: ReadonlySet<string> = new Set(['RRULE', 'EXRULE']);

/** Does it give the same value when it is written as text again? ical.js makes something of nearly everything. */
function saysTheSame(value: string, [name, , type, ...values]: JcalProperty): boolean {
  const line = writeValue(name, type, values);
  const back = line.slice(line.indexOf(':') + 1);
  if (back === value && type !== 'duration') return true;
  switch (type) {
    case 'text': return readText(back) === readText(value);
    case 'duration': return sameDuration(parseDuration(back), parseDuration(value));
    case 'float': case 'integer': return numbers(back) === numbers(value) && !numbers(value).includes('NaN');
    case 'boolean': case 'date': case 'date-time': case 'period': case 'utc-offset': return back.toUpperCase() === value.trim().toUpperCase();
    default: return false;
  }
}

const numbers = (list: string): string => list.split(/[;,]/).map((text) => (text.trim() === '' ? Number.NaN : Number(text))).join();
const sameDuration = (one: Duration | undefined, other: Duration | undefined): boolean => one !== undefined && other !== undefined && one.days === other.days && one.seconds === other.seconds;

/** ical.js reads a DATE without VALUE=DATE as a broken DATE-TIME, and does not know the properties of RFC 7808 §7. */
function impliedType({ name, value }: Property): string | undefined {
  return LATER.get(name) ?? (DATES.has(name) && /^\d{8}(,|$)/.test(value) ? 'DATE' : undefined);
}
const LATER: ReadonlyMap<string, string> = new Map([['TZUNTIL', 'DATE-TIME'], ['TZID-ALIAS-OF', 'TEXT']]);
const DATES: ReadonlySet<string> = new Set(['DTSTART', 'DTEND', 'DUE', 'RECURRENCE-ID', 'EXDATE', 'RDATE']);

/** Class instances of ical.js (periods, rules) to JSON. */
function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (JSON.parse(JSON.stringify(value)) as unknown) : value;
}

/** @throws Error, with a sentence, for what is no jCal component */
export function fromJcal(jcal: unknown, depth = 0): Component {
  if (!Array.isArray(jcal) || depth > MAX_DEPTH) throw new Error('no jCal component');
  const [name, properties, components] = jcal as readonly unknown[];
  if (!isName(name) || !Array.isArray(properties) || !Array.isArray(components)) {
    throw new Error('a jCal component is ["name", [properties], [components]]');
  }
  return makeComponent(name, properties.map(propertyFromJcal), components.map((child) => fromJcal(child, depth + 1)));
}

function propertyFromJcal(jcal: unknown): Property {
  const [name, parameters, type, ...values] = Array.isArray(jcal) ? (jcal as readonly unknown[]) : [];
  if (!isName(name) || !isName(type) || typeof parameters !== 'object' || parameters === null || values.length === 0) {
    throw new Error('a jCal property is ["name", {parameters}, "type", value, …]');
  }
  const line = writeValue(name.toLowerCase(), type.toLowerCase(), values);
  const colon = line.indexOf(':');
  const own = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(parameters)) if (NAME.test(key)) own.set(key.toUpperCase(), [value].flat().map(String));
  const written = line.slice(0, colon).split(';VALUE=')[1];
  if (written !== undefined) own.set('VALUE', [written]);
  return makeProperty(name, line.slice(colon + 1), own);
}

/** `NAME:value` or `NAME;VALUE=TYPE:value`. */
function writeValue(name: string, type: string, values: readonly unknown[]): string {
  const isRule = RULES.has(name.toUpperCase());
  if (type === 'recur') return `${name.toUpperCase()}${isRule ? '' : ';VALUE=RECUR'}:${values.map(recurFromJson).join(',')}`;
  // RFC 7265 §5.2: as it stands, and under no type.
  if (type === 'unknown') return `${name.toUpperCase()}:${values.map(String).join(',')}`;
  try {
    return ICAL.stringify.property([name, {}, type, ...values] as unknown as string[], ICAL.design.icalendar, true);
  } catch {
    throw new Error(`${name} has no value of type ${type}`);
  }
}
