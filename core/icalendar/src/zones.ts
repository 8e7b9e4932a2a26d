/**
 * Time zones as tables of offset transitions: those that we know by name (`zone-data/`), and those that an object brings in a VTIMEZONE, compiled once and cached
 * by content. Looking an offset up is a binary search; beyond the table's end the last yearly rules are computed, so the year 2400 costs what 2024 costs.
 * Takes plain jCal, so that nothing here depends on ical.js.
 */
import type { EpochSeconds } from '@kalends/contracts';
import type { LocalSeconds } from './time.ts';

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
export const zoneDataVersion = (): string => { throw new Error('to come'); };
/** The IANA name behind a TZID: a name, a link, a Windows or Outlook name, or a name behind a vendor's path. Undefined when we do not know it. */
export function zoneName(_tzid: string): string | undefined { throw new Error('to come'); }
/** As `zoneName`, compiled. Also knows plain offsets (`GMT+1`, `UTC-05:00`). */
export function knownZone(_tzid: string): Zone | undefined { throw new Error('to come'); }
/** All names that are no links, ascending. */
export function zoneNames(): readonly string[] { throw new Error('to come'); }
/** The links that lead to `name`, ascending. */
export function zoneAliases(_name: string): readonly string[] { throw new Error('to come'); }
/** Our own VTIMEZONE for a name or a link, with that TZID: CRLF lines, folded, from BEGIN to END. Undefined when we do not know it. */
export function vtimezoneText(_tzid: string): string | undefined { throw new Error('to come'); }
/** A VTIMEZONE that an object brought. Cached by content. Refuses what has no observance, or more than the caps allow. */
export function compileZone(_vtimezone: JcalComponent): Zone | ZoneProblem { throw new Error('to come'); }
/** A zone that never changes. */
export function fixedZone(_offset: number, _id?: string): Zone { throw new Error('to come'); }
