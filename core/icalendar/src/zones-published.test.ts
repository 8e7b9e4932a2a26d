/**
 * What is published of zones, held to the tables that everything else computes with, and to Python's zoneinfo, which reads zic's compiled files. Seeds are fixed;
 * KALENDS_ORACLE_SEED changes them.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toJcal } from './jcal.ts';
import { parse } from './parse.ts';
import { formatUtc, parseTime } from './time.ts';
import { leapSeconds, publishedVtimezone, zoneDataDate, zoneObservances, zoneWindowsNames } from './zones-published.ts';
import { compileZone, vtimezoneText, zoneName, zoneNamed, zoneNames, type JcalComponent, type Zone } from './zones.ts';

const SEED = Number(process.env['KALENDS_ORACLE_SEED'] ?? 7808);
const YEAR = 31_557_600;
const at = (text: string): number => parseTime(text)!.local;

function jcal(text: string): JcalComponent {
  return toJcal(parse(Buffer.from(`BEGIN:VCALENDAR\r\n${text}END:VCALENDAR\r\n`)).object!.root)[2][0]!;
}

function compiled(text: string): Zone {
  const zone = compileZone(jcal(text));
  if ('problem' in zone) throw new Error(zone.problem);
  return zone;
}

/** A zone and a span somewhere between 1800 and 2200. */
const spans = fc.record({ name: fc.constantFrom(...zoneNames()), start: fc.integer({ min: at('18000101'), max: at('21500101') }), length: fc.integer({ min: 1, max: 50 * YEAR }) })
  .map(({ name, start, length }) => ({ name, start, end: start + length }));

/** Where the offset is worth a look: at the edges, at each onset, just before it, and between. */
function instantsOf(name: string, start: number, end: number): readonly number[] {
  const onsets = zoneObservances(name, { start, end })!.map(({ onset }) => onset);
  return [...new Set([start, ...onsets.flatMap((onset, place) => [onset - 1, onset, Math.floor((onset + (onsets[place + 1] ?? end)) / 2)]), end - 1])].filter((utc) => utc >= start && utc < end);
}

describe('observances of a span (RFC 7808 §5.4)', () => {
  it('begin with what is in force, and say each change', () => {
    expect(zoneObservances('US/Eastern', { start: at('20080101'), end: at('20090101') })).toEqual([
      { onset: at('20080101'), from: -18_000, to: -18_000, name: 'EST', daylight: false },
      { onset: at('20080309T070000'), from: -18_000, to: -14_400, name: 'EDT', daylight: true },
      { onset: at('20081102T060000'), from: -14_400, to: -18_000, name: 'EST', daylight: false },
    ]);
  });

  it('tell a change at the very start as what it is, and none at the end', () => {
    expect(zoneObservances('Europe/Berlin', { start: at('20240331T010000'), end: at('20241027T010000') })).toEqual([{ onset: at('20240331T010000'), from: 3600, to: 7200, name: 'CEST', daylight: true }]);
  });

  it('are one where nothing changes, and before all history', () => {
    expect(zoneObservances('Etc/UTC', { start: 0, end: at('21000101') })).toEqual([{ onset: 0, from: 0, to: 0, name: 'UTC', daylight: false }]);
    expect(zoneObservances('Europe/Berlin', { start: at('18000101'), end: at('18010101') })).toMatchObject([{ from: 3208, to: 3208, name: 'LMT' }]);
  });

  it('are none of a name that is not known, or only from elsewhere', () => {
    expect(['Europe/Atlantis', 'W. Europe Standard Time', ''].map((name) => zoneObservances(name, { start: 0, end: 1 }))).toEqual([undefined, undefined, undefined]);
  });

  it(`agree with the tables: no change is missing and none is invented, seed ${SEED}`, () => {
    fc.assert(fc.property(spans, ({ name, start, end }) => {
      const zone = zoneNamed(name)!;
      const told = zoneObservances(name, { start, end })!;
      expect(told[0]!.onset).toBe(start);
      for (const [place, { onset, from, to }] of told.entries()) {
        expect(zone.offsetAt(onset)).toBe(to);
        if (place > 0) expect([zone.offsetAt(onset - 1), told[place - 1]!.to]).toEqual([from, from]);
      }
      const changes: number[] = [];
      for (let utc = zone.nextTransition(start); utc < end; utc = zone.nextTransition(utc)) changes.push(utc);
      expect(told.slice(1).filter(({ from, to }) => from !== to).map(({ onset }) => onset)).toEqual(changes);
    }), { seed: SEED, numRuns: 1000 });
  });
});

describe('a VTIMEZONE cut to a span (RFC 7808 §3.9)', () => {
  it('is the whole one where nothing is cut', () => {
    expect(publishedVtimezone('Europe/London', 'Europe/London')).toBe(vtimezoneText('Europe/London'));
  });

  it('says what it is an alias of (§7.2)', () => {
    expect(publishedVtimezone('GB', 'GB')).toContain('TZID:GB\r\nX-LIC-LOCATION:Europe/London\r\nTZID-ALIAS-OF:Europe/London\r\n');
    expect(publishedVtimezone('Europe/Berlin', 'W. Europe Standard Time')).toContain('TZID:W. Europe Standard Time\r\nX-LIC-LOCATION:Europe/Berlin\r\nTZID-ALIAS-OF:Europe/Berlin\r\n');
    expect(publishedVtimezone('Europe/Atlantis', 'Europe/Atlantis')).toBeUndefined();
  });

  it('begins with an observance that changes nothing, and ends with TZUNTIL (§7.1)', () => {
    const text = publishedVtimezone('America/New_York', 'America/New_York', { start: at('20080101'), end: at('20100101') })!;
    expect(text).toContain('TZUNTIL:20100101T000000Z\r\nBEGIN:STANDARD\r\nDTSTART:20071231T190000\r\nRDATE:20071231T190000\r\nTZNAME:EST\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0500\r\nEND:STANDARD\r\n');
    expect(text).toContain('RRULE:FREQ=YEARLY;UNTIL=20090308T070000Z;BYDAY=2SU;BYMONTH=3\r\n');
    expect(text).not.toContain('1967');
  });

  it('goes on for ever where only its beginning is cut, however late', () => {
    for (const start of ['20080101', '22000101', '24990101']) expect(publishedVtimezone('Europe/Berlin', 'Europe/Berlin', { start: at(start) })).toMatch(/RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\n/);
  });

  it('has TZUNTIL and TZID-ALIAS-OF typed in jCal (RFC 7265 §5.1)', () => {
    expect(jcal(publishedVtimezone('GB', 'GB', { end: at('20100101') })!)[1].slice(2)).toEqual([['tzid-alias-of', {}, 'text', 'Europe/London'], ['tzuntil', {}, 'date-time', '2010-01-01T00:00:00Z']]);
  });

  it(`means within its span what the whole one means, seed ${SEED + 1}`, () => {
    fc.assert(fc.property(spans, fc.constantFrom('start', 'end', 'both'), ({ name, start, end }, cut) => {
      const zone = zoneNamed(name)!;
      const own = compiled(publishedVtimezone(name, name, { ...(cut === 'end' ? {} : { start }), ...(cut === 'start' ? {} : { end }) })!);
      for (const utc of instantsOf(name, start, end)) expect(`${formatUtc(utc)} ${own.offsetAt(utc)}`).toBe(`${formatUtc(utc)} ${zone.offsetAt(utc)}`);
    }), { seed: SEED + 1, numRuns: 1000 });
  }, 60_000);
});

describe('what is published agrees with python zoneinfo', () => {
  const present = spawnSync('/usr/bin/python3', ['-c', 'import zoneinfo; zoneinfo.ZoneInfo("Europe/Berlin")']).status === 0;
  const required = process.env['CI'] === 'true';
  if (!present && !required) console.warn('NOT COMPARED with zoneinfo: python3 with time zones is missing (apt-get install python3 tzdata)');

  it.runIf(present || required)(`offsets and names at every onset of 500 spans, seed ${SEED + 2}`, () => {
    // Until last year: what is announced for later changes with each version of the data, and the machine's may be older than ours.
    const sample = fc.sample(spans, { seed: SEED + 2, numRuns: 500 }).map(({ name, start, end }) => ({ name, start: start % at('20200101'), end: Math.min(at('20250101'), (start % at('20200101')) + end - start) }));
    const asked = sample.map(({ name, start, end }) => [name, instantsOf(name, start, end)] as const);
    const script = fileURLToPath(new URL('../scripts/zoneinfo-oracle.py', import.meta.url));
    const child = spawnSync('/usr/bin/python3', [script], { input: JSON.stringify(asked), encoding: 'utf8', maxBuffer: 2 ** 28 });
    expect(child.status, child.stderr).toBe(0);
    const answers = JSON.parse(child.stdout) as readonly (readonly (readonly [offset: number, name: string])[] | null)[];
    const differences: string[] = [];
    for (const [place, { name, start, end }] of sample.entries()) {
      const observances = zoneObservances(name, { start, end })!;
      for (const [index, [offset, abbreviation]] of (answers[place] ?? []).entries()) {
        const utc = asked[place]![1][index]!;
        const ours = observances.findLast(({ onset }) => onset <= utc)!;
        const known = ours.name === abbreviation || LETTERS.test(ours.name);
        if (ours.to !== offset || !known) differences.push(`${name} at ${formatUtc(utc)}: ${ours.to} ${ours.name}, zoneinfo ${offset} ${abbreviation}`);
      }
    }
    expect(differences.slice(0, 20)).toEqual([]);
    expect(answers.filter((answer) => answer !== null).length).toBeGreaterThan(450);
  });
});
/** Names in which zones as services write them differ from zic's: `GMT/BST` whole, and a bare `S`. */
const LETTERS = /\/|^S$/;

describe('names from elsewhere', () => {
  it('are those of Windows, and mean what they mean in objects', () => {
    expect(zoneWindowsNames('Europe/Berlin')).toEqual(['W. Europe Standard Time']);
    expect(zoneWindowsNames('Europe/Atlantis')).toEqual([]);
    const all = zoneNames().flatMap((name) => zoneWindowsNames(name).map((windows) => [windows, name] as const));
    expect(all.length).toBeGreaterThan(130);
    expect(all.filter(([windows, name]) => zoneName(windows) !== name)).toEqual([]);
    expect(all.filter(([windows]) => zoneNamed(windows) !== undefined)).toEqual([]);
  });
});

describe('leap seconds (RFC 7808 §5.6)', () => {
  it('are what the IERS announced, with the day until which that holds', () => {
    const { expires, steps } = leapSeconds();
    expect(steps[0]).toEqual({ onset: '1972-01-01', offset: 10 });
    expect(steps).toContainEqual({ onset: '2017-01-01', offset: 37 });
    expect(steps.map(({ offset }) => offset)).toEqual(steps.map((_, place) => 10 + place));
    expect(expires).toMatch(/^20\d\d-(06|12)-28$/);
    expect(zoneDataDate()).toMatch(/^20\d\d-\d\d-\d\d$/);
  });
});
