/**
 * What clients get wrong and we set right before validation: a closed list. Each repair is exact, loses nothing, and is told, for what it touches is no longer
 * what the client sent (RFC 4791 §5.3.4: no ETag in the answer).
 *
 * Not here: values whose kind disagrees with DTSTART are kept and read on its clock (`series.ts`); duplicate alarms stay unless a deployment wants them gone (`default-alarm.ts`).
 */
import type { EpochSeconds } from '@kalends/contracts';
import { CalendarObject, isComponentKind } from './calendar-object.ts';
import type { Component, Property } from './component.ts';
import { PRODID, findProperty, makeProperty, parameter, withProperties } from './component.ts';
import { formatUtc, parseDuration } from './time.ts';
import { ObjectZones, addDuration, readTimeOf } from './time-values.ts';

export interface Repaired {
  /** The same instance when nothing was repaired. */ readonly object: CalendarObject;
  /** One short sentence each, without repetition; not empty means `amended`. */ readonly repairs: readonly string[];
}

const URIS: ReadonlySet<string> = new Set(['URL', 'ATTACH', 'ATTENDEE', 'ORGANIZER', 'TZURL', 'SOURCE', 'CONFERENCE', 'IMAGE', 'LINK']);
const DURATIONS: ReadonlySet<string> = new Set(['DURATION', 'TRIGGER', 'REFRESH-INTERVAL']);

export interface RepairOptions {
  /** For a missing DTSTAMP. */ readonly now: EpochSeconds;
  /** Leave `P1DT` as it is: it is understood all the same. */ readonly keepDurations?: boolean;
}
interface Work { readonly now: EpochSeconds; readonly keepDurations: boolean; readonly zones: ObjectZones; readonly repairs: Set<string> }

export function repair(object: CalendarObject, { now, keepDurations = false }: RepairOptions): Repaired {
  const repairs = new Set<string>();
  const root = repairComponent(object.root, { now, keepDurations, zones: new ObjectZones(object.root), repairs });
  return root === object.root ? { object, repairs: [] } : { object: new CalendarObject(root), repairs: [...repairs] };
}

function repairComponent(component: Component, work: Work): Component {
  const { now, zones, repairs } = work;
  let changed = false;
  const properties: Property[] = [];
  for (const property of component.properties) {
    const repaired = repairProperty(property, work);
    changed ||= repaired !== property;
    properties.push(repaired);
  }
  const components = component.components.map((child) => {
    if (child.name === 'VTIMEZONE') return child;
    const repaired = repairComponent(child, work);
    changed ||= repaired !== child;
    return repaired;
  });
  const missing = missingProperties(component, now);
  if (missing.length > 0) repairs.add(`supplied ${missing.map(({ name }) => name).join(', ')} (RFC 5545 §3.6)`);
  const result = changed || missing.length > 0 ? { ...withProperties(component, [...missing, ...properties]), components } : component;
  return dropRedundantDuration(result, zones, repairs);
}

function repairProperty(property: Property, { repairs, keepDurations }: Work): Property {
  const { name, value } = property;
  if (DURATIONS.has(name) && (parseDuration(value) === undefined || (!keepDurations && value.endsWith('T')))) {
    const plain = value.trim().toUpperCase().replace(/T$/, '');
    if (plain !== value && parseDuration(plain) !== undefined) {
      repairs.add(`read ${name}:${value} as ${plain} (RFC 5545 §3.3.6)`);
      return { name, parameters: property.parameters, value: plain };
    }
  }
  if (isUri(property) && /\\[,;]/.test(value)) {
    repairs.add(`unescaped the URI of ${name} (RFC 5545 §3.3.13)`);
    return { name, parameters: property.parameters, value: value.replace(/\\([,;])/g, '$1') };
  }
  return property;
}

function isUri(property: Property): boolean {
  const type = parameter(property, 'VALUE')?.toUpperCase();
  if (type !== undefined) return type === 'URI' || type === 'CAL-ADDRESS';
  return URIS.has(property.name) && parameter(property, 'ENCODING') === undefined;
}

function missingProperties(component: Component, now: EpochSeconds): readonly Property[] {
  const has = (name: string): boolean => findProperty(component, name) !== undefined;
  if (component.name === 'VCALENDAR') {
    return [...(has('VERSION') ? [] : [makeProperty('VERSION', '2.0')]), ...(has('PRODID') ? [] : [makeProperty('PRODID', PRODID)])];
  }
  return isComponentKind(component.name) && !has('DTSTAMP') ? [makeProperty('DTSTAMP', formatUtc(now))] : [];
}

/** DTEND and DURATION exclude one another (RFC 5545 §3.6.1); where they say the same the DURATION goes. */
function dropRedundantDuration(component: Component, zones: ObjectZones, repairs: Set<string>): Component {
  const endName = component.name === 'VTODO' ? 'DUE' : 'DTEND';
  const given = findProperty(component, 'DURATION');
  if (given === undefined || findProperty(component, endName) === undefined || component.name === 'VALARM') return component;
  const start = readTimeOf(component, 'DTSTART', zones);
  const end = readTimeOf(component, endName, zones);
  const duration = parseDuration(given.value);
  if (start === undefined || end === undefined || duration === undefined || addDuration(start, duration) !== end.at) return component;
  repairs.add(`left out the DURATION that says what ${endName} says (RFC 5545 §3.6.1)`);
  return withProperties(component, component.properties.filter(({ name }) => name !== 'DURATION'));
}
