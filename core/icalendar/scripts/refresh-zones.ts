/**
 * Writes `src/zone-data/iana.ts` from the time zone data of this machine: the text of `tzdata.zi` (public domain), which zic itself writes, without its comments. Then holds our
 * reading of it to zic's own compiled files beside it, name by name and change by change, and fails on the first difference.
 *
 *     node --conditions=kalends-source core/icalendar/scripts/refresh-zones.ts [/usr/share/zoneinfo]
 *
 * The same data give the same file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? '/usr/share/zoneinfo';
const target = new URL('../src/zone-data/iana.ts', import.meta.url);

const source = readFileSync(join(folder, 'tzdata.zi'), 'latin1');
const version = /^# version (\S+)/.exec(source)?.[1];
if (version === undefined) throw new Error(`${folder}/tzdata.zi does not begin with its version`);
const lines = source.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
if (lines.some((line) => /[`\\$]/.test(line))) throw new Error('tzdata.zi has a character that a template cannot hold');

writeFileSync(target, `/**
 * IANA time zone data ${version}: rules (R), zones (Z and the lines after it) and links (L), in zic's short form. In the public domain.
 * Written by scripts/refresh-zones.ts; do not edit.
 */
export const IANA = \`# version ${version}
${lines.join('\n')}
\`;
`);

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
