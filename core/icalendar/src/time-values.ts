/**
 * DATE, DATE-TIME and PERIOD properties of an object as moments: which clock they are on, what it shows, and when that is. Goes by what the value says, not by
 * VALUE=, since clients disagree with themselves; UTC wins over a TZID beside it.
 */
import type { EpochSeconds } from '@kalends/contracts';
import type { Component, Property } from './component.ts';
import { findProperty, parameter } from './component.ts';
import { toJcal } from './jcal.ts';
import { MAX_COMPILED_ZONES } from './limits.ts';
import { serialize } from './serialize.ts';
import type { Duration, LocalSeconds } from './time.ts';
import { DAY, parseDuration, parseTime } from './time.ts';
import { readText, splitList } from './values.ts';
import type { Zone } from './zones.ts';
import { compileZone, knownZone, offsetZone } from './zones.ts';

export interface TimeValue {
  /** `zoned` only with a zone that we could resolve; else the value counts as `floating`. */
  readonly kind: 'date' | 'floating' | 'zoned' | 'utc';
  /** What the wall clock shows. */ readonly local: LocalSeconds;
  /** The instant; for `date` and `floating` as if the clock were UTC. */ readonly at: EpochSeconds;
  readonly zone: Zone | undefined;
}
export interface PeriodValue { readonly start: TimeValue; readonly end: EpochSeconds }

/** The zones of one object: those we know by name, else its own VTIMEZONEs. */
export class ObjectZones {
  readonly #root: Component;
  readonly #found = new Map<string, Zone | undefined>();

  constructor(root: Component) {
    this.#root = root;
  }

  find(tzid: string): Zone | undefined {
    if (this.#found.has(tzid)) return this.#found.get(tzid);
    const zone = knownZone(tzid) ?? this.#own(tzid) ?? offsetZone(tzid);
    this.#found.set(tzid, zone);
    return zone;
  }

  /** The VTIMEZONE with that TZID, known by name or not. */
  definition(tzid: string): Component | undefined {
    return this.#root.components.find((child) => child.name === 'VTIMEZONE' && readText(findProperty(child, 'TZID')?.value ?? '') === tzid);
  }

  #own(tzid: string): Zone | undefined {
    const definition = this.definition(tzid);
    return definition === undefined ? undefined : compiled(definition);
  }
}

const COMPILED = new Map<string, Zone | undefined>();
/** Cached by content, so that an object's zone costs a look-up and no jCal. */
function compiled(definition: Component): Zone | undefined {
  const key = Buffer.from(serialize(definition)).toString('latin1');
  if (!COMPILED.has(key)) {
    if (COMPILED.size >= MAX_COMPILED_ZONES) COMPILED.delete(COMPILED.keys().next().value ?? '');
    const zone = compileZone(toJcal(definition));
    COMPILED.set(key, 'problem' in zone ? undefined : zone);
  }
  return COMPILED.get(key);
}

/** Undefined when the value is no DATE or DATE-TIME. */
export function readTime(property: Property, zones: ObjectZones, text: string = property.value): TimeValue | undefined {
  const parsed = parseTime(text.trim());
  if (parsed === undefined) return undefined;
  const { kind, local } = parsed;
  if (kind !== 'floating') return { kind, local, at: local, zone: undefined };
  const tzid = parameter(property, 'TZID');
  const zone = tzid === undefined ? undefined : zones.find(tzid);
  return zone === undefined ? { kind, local, at: local, zone } : { kind: 'zoned', local, at: zone.toUtc(local), zone };
}

export function readTimeOf(component: Component, name: string, zones: ObjectZones): TimeValue | undefined {
  const property = findProperty(component, name);
  return property === undefined ? undefined : readTime(property, zones);
}

export function readDurationOf(component: Component, name: string): Duration | undefined {
  const property = findProperty(component, name);
  return property === undefined ? undefined : parseDuration(property.value.trim());
}

/** PERIOD (RFC 5545 §3.3.9), in either form. */
export function readPeriod(property: Property, zones: ObjectZones, text: string): PeriodValue | undefined {
  const slash = text.indexOf('/');
  if (slash === -1) return undefined;
  const start = readTime(property, zones, text.slice(0, slash));
  if (start === undefined) return undefined;
  const rest = text.slice(slash + 1).trim();
  const duration = parseDuration(rest);
  const end = duration === undefined ? readTime(property, zones, rest)?.at : addDuration(start, duration);
  return end === undefined ? undefined : { start, end };
}

/** All periods of FREEBUSY or RDATE;VALUE=PERIOD; those that are none are left out. */
export function readPeriods(property: Property, zones: ObjectZones): readonly PeriodValue[] {
  return splitList(property.value).flatMap((text) => readPeriod(property, zones, text) ?? []);
}

/** Days on the wall clock, seconds exactly (RFC 5545 §3.3.6). As if UTC for `date` and `floating`. */
export function addDuration({ local, at, zone }: TimeValue, { days, seconds }: Duration): EpochSeconds {
  return (zone === undefined || days === 0 ? at + days * DAY : zone.toUtc(local + days * DAY)) + seconds;
}
