/**
 * The tree as jCal (RFC 7265) and back: `application/calendar+json`, and typed values for whoever compares them. The only file that imports ical.js, which
 * knows the value types of every property. Lines and parameters are ours (`scan.ts`): ical.js misplaces the colon behind some lists of quoted parameters.
 */
import ICAL from 'ical.js';
import type { Component, Property } from './component.ts';
import { makeComponent, makeProperty } from './component.ts';
import { MAX_DEPTH } from './limits.ts';
import type { JcalComponent, JcalProperty } from './zones.ts';

const NAME = /^[A-Za-z0-9_.-]+$/;
const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value);

export function toJcal(component: Component): JcalComponent {
  return [component.name.toLowerCase(), component.properties.map(propertyToJcal), component.components.map(toJcal)];
}

/** A value that ical.js cannot read as its type stays text, of type `unknown` (RFC 7265 §5). */
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
  try {
    if (type !== undefined && !NAME.test(type)) throw new Error('no type');
    const line = `${property.name}${type === undefined ? '' : `;VALUE=${type}`}:${property.value}`;
    const [name, parameters, valueType, ...values] = ICAL.parse.property(line, ICAL.design.icalendar) as unknown as JcalProperty;
    return [name, parameters, valueType, ...values.map(plain)];
  } catch {
    return [property.name.toLowerCase(), {}, 'unknown', property.value];
  }
}

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
  try {
    return ICAL.stringify.property([name, {}, type, ...values] as unknown as string[], ICAL.design.icalendar, true);
  } catch {
    throw new Error(`${name} has no value of type ${type}`);
  }
}
