/** Every name under which a zone can be had, and what the data as a whole are called. Worked out once: the data come with the server. */
import { zoneAliases, zoneDataDate, zoneDataVersion, zoneNames, zoneWindowsNames } from '@kalends/icalendar';
import { Problem } from './problem.ts';

/** Grows when the same data are written otherwise, so that clients fetch them again. */
const FORM = 1;

/** `2026f-1`: what clients hold who have everything (RFC 7808 §5.2). */
export const syncToken = (): string => `${zoneDataVersion()}-${String(FORM)}`;
export const PUBLISHER = 'IANA';
export const version = (): string => zoneDataVersion();
/** RFC 3339; the data know the day. */
export const lastModified = (): string => `${zoneDataDate()}T00:00:00Z`;

/** Links of the IANA database, then the names that Windows has. */
export const aliasesOf = (name: string): readonly string[] => [...zoneAliases(name), ...zoneWindowsNames(name)];

let known: ReadonlyMap<string, string> | undefined;

/** The zone behind a name or an alias. @throws Problem `tzid-not-found` */
export function zoneBehind(tzid: string): string {
  known ??= new Map(zoneNames().flatMap((name) => [[name, name] as const, ...aliasesOf(name).map((alias) => [alias, name] as const)]));
  const name = known.get(tzid);
  if (name === undefined) throw new Problem('tzid-not-found', `There is no time zone "${tzid.slice(0, 80)}".`);
  return name;
}
