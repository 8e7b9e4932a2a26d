/**
 * The tree as jCal (RFC 7265) and back: `application/calendar+json`, and typed values for whoever compares them. The only file that imports ical.js, which
 * knows the value types of every property. Lines and parameters are ours (`scan.ts`): ical.js misplaces the colon behind some lists of quoted parameters.
 */
import ICAL from 'ical.js';
import type { Component, Property } from './component.ts';
import type { JcalComponent, JcalProperty } from './zones.ts';

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
    const line = `${property.name}${type === undefined ? '' : `;VALUE=${type}`}:${property.value}`;
    const [name, parameters, valueType, ...values] = ICAL.parse.property(line, ICAL.design.icalendar) as unknown as JcalProperty;
    return [name, parameters, valueType, ...values.map(plain)];
  } catch {
    return [property.name.toLowerCase(), {}, 'unknown', property.value];
  }
}

/** ical.js reads a DATE without VALUE=DATE as a broken DATE-TIME. */
function impliedType({ name, value }: Property): string | undefined {
  return DATES.has(name) && /^\d{8}(,|$)/.test(value) ? 'DATE' : undefined;
}
const DATES: ReadonlySet<string> = new Set(['DTSTART', 'DTEND', 'DUE', 'RECURRENCE-ID', 'EXDATE', 'RDATE']);

/** Class instances of ical.js (periods, rules) to JSON. */
function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (JSON.parse(JSON.stringify(value)) as unknown) : value;
}

/** jCal to RFC 5545 text. @throws Error when it is no jCal component */
export function jcalToText(jcal: unknown): string {
  if (!isJcalComponent(jcal, 0)) throw new Error('not a jCal component: ["name", [properties], [components]]');
  return ICAL.stringify(jcal as unknown as string[]);
}

function isJcalComponent(value: unknown, depth: number): boolean {
  return (
    Array.isArray(value) && value.length === 3 && depth < 20 && typeof value[0] === 'string' && /^[A-Za-z0-9-]+$/.test(value[0]) &&
    Array.isArray(value[1]) && value[1].every(isJcalProperty) &&
    Array.isArray(value[2]) && value[2].every((child) => isJcalComponent(child, depth + 1))
  );
}

function isJcalProperty(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length >= 4 && typeof value[0] === 'string' && /^[A-Za-z0-9-]+$/.test(value[0]) && typeof value[2] === 'string' &&
    typeof value[1] === 'object' && value[1] !== null && !Array.isArray(value[1])
  );
}

