/**
 * Writes `src/zone-data/iana.ts` from the time zone data of this machine: the text of `tzdata.zi` (public domain), which zic itself writes, without its comments; and
 * `leap-seconds.ts` from the list of the IERS beside it. Then holds our reading of the zones to zic's own compiled files, name by name and change by change, and fails on
 * the first difference.
 *
 *     node --conditions=kalends-source core/icalendar/scripts/refresh-zones.ts [/usr/share/zoneinfo]
 *
 * The same data give the same file.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? '/usr/share/zoneinfo';
const target = new URL('../src/zone-data/iana.ts', import.meta.url);

const source = readFileSync(join(folder, 'tzdata.zi'), 'latin1');
const version = /^# version (\S+)/.exec(source)?.[1];
if (version === undefined) throw new Error(`${folder}/tzdata.zi does not begin with its version`);
/** When the package was made that brought them: the data themselves do not say. */
const date = statSync(join(folder, 'tzdata.zi')).mtime.toISOString().slice(0, 10);
const lines = source.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
if (lines.some((line) => /[`\\$]/.test(line))) throw new Error('tzdata.zi has a character that a template cannot hold');

writeFileSync(target, `/**
 * IANA time zone data ${version}: rules (R), zones (Z and the lines after it) and links (L), in zic's short form. In the public domain.
 * Written by scripts/refresh-zones.ts; do not edit.
 */
export const IANA = \`# version ${version}
# date ${date}
${lines.join('\n')}
\`;
`);

const leaps = readFileSync(join(folder, 'leap-seconds.list'), 'latin1').split('\n');
const expires = leaps.find((line) => line.startsWith('#@'))?.slice(2).trim();
if (expires === undefined) throw new Error(`${folder}/leap-seconds.list does not say when it expires`);
writeFileSync(new URL('../src/zone-data/leap-seconds.ts', import.meta.url), `/**
 * Leap seconds as the IERS announces them: from each day on, TAI is ahead of UTC by so many seconds. \`expires\`: until then it is known that there are no others.
 * Written by scripts/refresh-zones.ts; do not edit.
 */
export const LEAP_SECONDS = \`expires ${ntpDay(expires)}
${leaps.filter((line) => /^\d/.test(line)).map((line) => line.split(/\s+/)).map(([onset = '', offset = '']) => `${ntpDay(onset)} ${offset}`).join('\n')}
\`;
`);

/** From seconds since 1900. */
function ntpDay(seconds: string): string {
  return new Date((Number(seconds) - 2_208_988_800) * 1000).toISOString().slice(0, 10);
}

const { ianaAllNames, ianaName, ianaZone } = await import('../src/zones-iana.ts');
let changes = 0;
for (const name of ianaAllNames()) {
  const zone = ianaZone(ianaName(name)!);
  for (const { utc, offset, before } of compiledChanges(readFileSync(join(folder, name)))) {
    changes += 1;
    if (zone.offsetAt(utc) !== offset || zone.offsetAt(utc - 1) !== before) throw new Error(`${name} at ${utc}: ${zone.offsetAt(utc - 1)} to ${zone.offsetAt(utc)}, but zic says ${before} to ${offset}`);
  }
}
console.log(`${version}: ${ianaAllNames().length} names, ${changes} changes, all as zic has them`);

/** The 64-bit part of a TZif file (RFC 8536 §3). */
function compiledChanges(file: Buffer): readonly { readonly utc: number; readonly offset: number; readonly before: number }[] {
  const counts = (at: number): readonly number[] => [0, 1, 2, 3, 4, 5].map((place) => file.readUInt32BE(at + 20 + place * 4));
  const [uts = 0, stds = 0, leaps = 0, times = 0, types = 0, characters = 0] = counts(0);
  const second = 44 + times * 5 + types * 6 + characters + leaps * 8 + stds + uts;
  const [, , , count = 0] = counts(second);
  const body = second + 44;
  const offsets = body + count * 9;
  const offsetOf = (type: number): number => file.readInt32BE(offsets + type * 6);
  const changes: { utc: number; offset: number; before: number }[] = [];
  let before = offsetOf(0);
  for (let place = 0; place < count; place += 1) {
    const utc = Number(file.readBigInt64BE(body + place * 8));
    const offset = offsetOf(file.readUInt8(body + count * 8 + place));
    // Fat files begin with an entry at the beginning of time that changes nothing.
    if (utc > -(2 ** 40)) changes.push({ utc, offset, before });
    before = offset;
  }
  return changes;
}
