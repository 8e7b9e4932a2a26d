/**
 * Time zones by reference (RFC 7809): taking out the VTIMEZONEs that everybody can look up by name, and putting them back for those who need the whole object
 * (mail, exports, clients that ask for them).
 */
import type { CalendarObject } from './calendar-object.ts';
import type { Component } from './component.ts';
import { findProperty, withComponents } from './component.ts';
import { parse } from './parse.ts';
import { readText } from './values.ts';
import { vtimezoneText, zoneName } from './zones.ts';

/** TZIDs that some property names. */
export function namedZones(component: Component, found = new Set<string>()): ReadonlySet<string> {
  for (const { parameters } of component.properties) for (const tzid of parameters.get('TZID') ?? []) found.add(tzid);
  for (const child of component.components) if (child.name !== 'VTIMEZONE') namedZones(child, found);
  return found;
}

/** The VTIMEZONEs of a VCALENDAR by their TZID; the first where two have the same. */
export function zonesByTzid(root: Component): ReadonlyMap<string, Component> {
  const zones = new Map<string, Component>();
  for (const child of root.components) if (child.name === 'VTIMEZONE' && !zones.has(tzidOf(child))) zones.set(tzidOf(child), child);
  return zones;
}

/** Those of `zones` that the components name. */
export function zonesOfParts(parts: readonly Component[], zones: ReadonlyMap<string, Component>): readonly Component[] {
  const names = new Set<string>();
  for (const part of parts) namedZones(part, names);
  return [...names].flatMap((tzid) => zones.get(tzid) ?? []);
}

const tzidOf = (definition: Component): string => readText(findProperty(definition, 'TZID')?.value ?? '');

/** Without the VTIMEZONEs whose TZID is a name or link of the IANA database: the same instance when there is none. Other names need their definition. */
export function withoutKnownZones(object: CalendarObject): CalendarObject {
  const kept = object.root.components.filter((component) => component.name !== 'VTIMEZONE' || !isIana(tzidOf(component)));
  return kept.length === object.root.components.length ? object : object.edited(withComponents(object.root, kept));
}

/** A Windows name or a vendor's path is known to us, but not to everybody. */
function isIana(tzid: string): boolean {
  return zoneName(tzid) !== undefined && /^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)*$/.test(tzid) && vtimezoneText(tzid) !== undefined;
}

/** With a VTIMEZONE of ours for every named zone that has none and that we know: the same instance when none is missing. */
export function withZones(object: CalendarObject): CalendarObject {
  const { root } = object;
  const present = new Set(root.components.filter(({ name }) => name === 'VTIMEZONE').map(tzidOf));
  const missing = [...namedZones(root)].filter((tzid) => !present.has(tzid)).flatMap((tzid) => definitionOf(tzid) ?? []);
  return missing.length === 0 ? object : object.edited(withComponents(root, [...missing, ...root.components]));
}

function definitionOf(tzid: string): Component | undefined {
  const text = vtimezoneText(tzid);
  return text === undefined ? undefined : parse(Buffer.from(`BEGIN:VCALENDAR\r\n${text}${text.endsWith('\n') ? '' : '\r\n'}END:VCALENDAR\r\n`)).object?.root.components[0];
}
