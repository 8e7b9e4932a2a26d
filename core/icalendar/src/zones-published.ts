/**
 * What a service of time zones (RFC 7808) says of the zones that we carry: their names, VTIMEZONEs cut to a span, observances of a span, leap seconds. Works on histories,
 * not on tables, since it tells names and single onsets. Goes by exact names only; what a TZID may mean is `zones-names.ts`.
 */
import type { EpochSeconds } from '@kalends/contracts';
import { LEAP_SECONDS } from './zone-data/leap-seconds.ts';
import { civilFromDays, dayNumber, formatUtc, yearOf } from './time.ts';
import type { History, HistoryOnset } from './zones-history.ts';
import { ianaDate, ianaHistory, ianaName, ianaVtimezone } from './zones-iana.ts';
import { windowsNames } from './zones-names.ts';
import { observancesOf, vtimezoneLines } from './zones-vtimezone.ts';

/** From `onset` on the offset is `to`, in seconds east of Greenwich. */
export interface ZoneObservance { readonly onset: EpochSeconds; readonly from: number; readonly to: number; /** Such as `CET`. */ readonly name: string; readonly daylight: boolean }

export interface ZoneSpan {
  /** Absent: from the beginning of its history. */ readonly start?: EpochSeconds;
  /** Exclusive; absent: for ever. */ readonly end?: EpochSeconds;
}

/** The day on which the package was made that brought the data, `2026-10-29`. */
export const zoneDataDate = (): string => ianaDate();

/** The Windows names (CLDR windowsZones) of an IANA name that is no link, ascending. */
export const zoneWindowsNames = (name: string): readonly string[] => windowsNames(name);

/**
 * VTIMEZONE of an IANA name or link over a span, as `vtimezoneText` writes it. `tzid`: another name to carry, which is then said to be an alias (TZID-ALIAS-OF, RFC 7808
 * §7.2). Cut at `start`, its first observance begins there and changes nothing; cut at `end`, it says so (TZUNTIL, §7.1). Undefined for what is neither name nor link.
 */
export function publishedVtimezone(name: string, tzid: string, { start, end }: ZoneSpan = {}): string | undefined {
  const found = ianaName(name);
  if (found === undefined) return undefined;
  if (tzid === found && start === undefined && end === undefined) return ianaVtimezone(found);
  const { history, lastYear } = ianaHistory(found, end === undefined ? yearAt(start ?? 0) + CYCLE_YEARS : yearAt(end));
  const observances = observancesOf(cut(history, { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) }), end === undefined ? lastYear : NEVER);
  return vtimezoneLines(tzid, observances, found, [...(tzid === found ? [] : [`TZID-ALIAS-OF:${found}`]), ...(end === undefined ? [] : [`TZUNTIL:${formatUtc(end)}`])]);
}
/** Rules that go on must be seen to fire after the cut wherever they fall: the day after Cairo's last Thursday of October is in November once in 5 to 12 years. */
const CYCLE_YEARS = 40;
/** No rule goes on without end in what ends. */
const NEVER = Infinity;

/** What is in force at `start`, as if it began then, and each onset after it; ascending. Undefined for what is neither an IANA name nor a link. */
export function zoneObservances(name: string, span: { readonly start: EpochSeconds; readonly end: EpochSeconds }): readonly ZoneObservance[] | undefined {
  const found = ianaName(name);
  if (found === undefined) return undefined;
  const { history } = ianaHistory(found, yearAt(span.end));
  return cut(history, span).onsets.map(({ utc, from, to, name, daylight }) => ({ onset: utc, from, to, name, daylight }));
}

function cut({ onsets, before, name }: History, { start = -Infinity, end = Infinity }: ZoneSpan): History {
  const inside = onsets.filter(({ utc }) => utc >= start && utc < end);
  if (start === -Infinity || inside[0]?.utc === start) return { onsets: inside, before, name };
  const last = onsets.findLast(({ utc }) => utc < start);
  const offset = last?.to ?? before;
  const opening: HistoryOnset = { utc: start, from: offset, to: offset, name: last?.name ?? name, daylight: last?.daylight ?? false, cause: undefined };
  return { onsets: [opening, ...inside], before: offset, name: opening.name };
}

const yearAt = (utc: EpochSeconds): number => yearOf(civilFromDays(dayNumber(utc)));

export interface LeapSeconds {
  /** `2027-06-28`: until then there are no others. */ readonly expires: string;
  /** From each day on, TAI is ahead of UTC by so many seconds. */ readonly steps: readonly { readonly onset: string; readonly offset: number }[];
}

export function leapSeconds(): LeapSeconds {
  const [first = '', ...lines] = LEAP_SECONDS.trim().split('\n');
  return {
    expires: first.replace(/^expires /, ''),
    steps: lines.map((line) => {
      const [onset = '', offset] = line.split(' ');
      return { onset, offset: Number(offset) };
    }),
  };
}
