/**
 * Time zones as tables of offset transitions: those that we know by name (`zone-data/`), and those that an object brings in a VTIMEZONE, compiled once and cached
 * by content. Looking an offset up is a binary search; beyond the table's end the last yearly rules are computed, so the year 2400 costs what 2024 costs.
 * Takes plain jCal, so that nothing here depends on ical.js.
 */
import type { EpochSeconds } from '@kalends/contracts';
import { MAX_COMPILED_ZONES } from './limits.ts';
import type { LocalSeconds } from './time.ts';
import { zoneFromVtimezone } from './zones-compile.ts';
import { ianaAliases, ianaName, ianaNames, ianaVersion, ianaVtimezone, ianaZone } from './zones-iana.ts';
import { nameBehind, offsetBehind } from './zones-names.ts';
import { zoneFromTable } from './zones-table.ts';

export interface Zone {
  /** The IANA name where we know the zone, else the TZID that the object gave it. */
  readonly id: string;
  /** Seconds east of Greenwich at an instant. */
  offsetAt(utc: EpochSeconds): number;
  toLocal(utc: EpochSeconds): LocalSeconds;
  /** RFC 5545 §3.3.5: a local time that happens twice is the first of both; one that is skipped has the offset from before the gap. */
  toUtc(local: LocalSeconds): EpochSeconds;
  /** The first instant after `utc` at which the offset changes; Infinity when it never does again. */
  nextTransition(utc: EpochSeconds): EpochSeconds;
}

/** jCal (RFC 7265 §3) as it comes out of a parser. */
export type JcalProperty = readonly [name: string, parameters: Readonly<Record<string, unknown>>, type: string, ...values: unknown[]];
export type JcalComponent = readonly [name: string, properties: readonly JcalProperty[], components: readonly JcalComponent[]];

export interface ZoneProblem { readonly problem: string }

/** Version of the IANA data that we carry, such as `2026f`. */
export const zoneDataVersion = (): string => ianaVersion();

/** All names that are no links, ascending. */
export const zoneNames = (): readonly string[] => ianaNames();

/** The links that lead to `name`, ascending. */
export const zoneAliases = (name: string): readonly string[] => ianaAliases(name);

/**
 * The IANA name behind a TZID: a name, a link, a Windows or Outlook name, or a name behind a vendor's path. Undefined when we do not know it; a bare offset is no
 * name, nor is EST, which calendars wrote for New York too.
 */
export const zoneName = (tzid: string): string | undefined => nameBehind(tzid);

/** As `zoneName`, worked out. */
export function knownZone(tzid: string): Zone | undefined {
  const name = nameBehind(tzid);
  return name === undefined ? undefined : ianaZone(name);
}

/** Exactly a name or link of the IANA's, as `zoneNames` and `zoneAliases` list them: EST too, which in a TZID may mean New York. */
export function zoneNamed(name: string): Zone | undefined {
  const found = ianaName(name);
  return found === undefined ? undefined : ianaZone(found);
}

/** A zone that never changes, for a TZID that is nothing but an offset (`GMT+1`, `UTC-05:00`). Only for objects without a VTIMEZONE of that TZID, which knows more. */
export function offsetZone(tzid: string): Zone | undefined {
  const offset = offsetBehind(tzid);
  return offset === undefined ? undefined : fixedZone(offset, tzid);
}

/** Our own VTIMEZONE for a name or a link, with that TZID: CRLF lines, folded, from BEGIN to END. Undefined when it is neither. */
export const vtimezoneText = (tzid: string): string | undefined => ianaVtimezone(tzid);

/** A zone that never changes. */
export function fixedZone(offset: number, id = ''): Zone {
  return zoneFromTable({ id, onsets: [], before: offset, open: [], horizon: Infinity });
}

/** By content, the least recently used first. */
const compiled = new Map<string, Zone | ZoneProblem>();

/** A VTIMEZONE that an object brought. Refuses what has no observance, invalid times or offsets, or more than the caps allow. */
export function compileZone(vtimezone: JcalComponent): Zone | ZoneProblem {
  const key = JSON.stringify(vtimezone);
  const known = compiled.get(key);
  const zone = known ?? zoneFromVtimezone(vtimezone);
  if (known !== undefined) compiled.delete(key);
  else if (compiled.size >= MAX_COMPILED_ZONES) compiled.delete(compiled.keys().next().value!);
  compiled.set(key, zone);
  return zone;
}
