import ICAL from 'ical.js';
import { describe, expect, it } from 'vitest';
import { MAX_COMPILED_ZONES, MAX_OBSERVANCES, MAX_RULES, MAX_ZONE_DATES } from './limits.ts';
import { formatDateTime, parseTime } from './time.ts';
import { compileZone, fixedZone, knownZone, offsetZone, vtimezoneText, zoneAliases, zoneDataVersion, zoneName, zoneNamed, zoneNames, type JcalComponent, type Zone } from './zones.ts';
import { ianaAllNames } from './zones-iana.ts';

const at = (text: string): number => parseTime(text)!.local;

/** The VTIMEZONE in jCal, as the parser gives it. */
function jcal(text: string): JcalComponent {
  const [, , components] = ICAL.parse(`BEGIN:VCALENDAR\r\n${text}END:VCALENDAR\r\n`) as unknown as JcalComponent;
  return components[0]!;
}

function compiled(text: string): Zone {
  const zone = compileZone(jcal(text));
  if ('problem' in zone) throw new Error(zone.problem);
  return zone;
}

/** A small generator with a seed (mulberry32): numbers in [0, 1). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const observance = (kind: string, lines: readonly string[]): string => `BEGIN:${kind}\r\n${lines.join('\r\n')}\r\nEND:${kind}\r\n`;
const vtimezone = (...observances: readonly string[]): string => `BEGIN:VTIMEZONE\r\nTZID:Test\r\n${observances.join('')}END:VTIMEZONE\r\n`;
const OUTLOOK = vtimezone(
  observance('STANDARD', ['DTSTART:16010101T030000', 'TZOFFSETFROM:+0200', 'TZOFFSETTO:+0100', 'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10']),
  observance('DAYLIGHT', ['DTSTART:16010101T020000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', 'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3']),
);

describe('a zone that we know', () => {
  const berlin = knownZone('Europe/Berlin')!;
  const newYork = knownZone('America/New_York')!;

  it('has the offset of the instant, history included', () => {
    expect(berlin.offsetAt(at('20240701'))).toBe(7200);
    expect(berlin.offsetAt(at('20241201'))).toBe(3600);
    expect(berlin.offsetAt(at('19500701'))).toBe(3600);
    expect(newYork.offsetAt(at('18000101'))).toBe(-17_762);
  });

  it.each([
    ['before a gap', '20240310T015959', '20240310T065959'],
    ['in a gap: as before it', '20240310T023000', '20240310T073000'],
    ['after a gap', '20240310T030000', '20240310T070000'],
    ['told twice: the first', '20241103T013000', '20241103T053000'],
    ['after what is told twice', '20241103T020000', '20241103T070000'],
  ])('converts a local time %s (RFC 5545 §3.3.5)', (_, local, utc) => {
    expect(formatDateTime(newYork.toUtc(at(local)))).toBe(utc);
  });

  it('names its next change, also beyond the table', () => {
    expect(formatDateTime(newYork.nextTransition(at('20240101')))).toBe('20240310T070000');
    expect(formatDateTime(newYork.nextTransition(at('20240310T070000')))).toBe('20241103T060000');
    expect(formatDateTime(newYork.nextTransition(at('20371215')))).toBe('20380314T070000');
    expect(formatDateTime(newYork.nextTransition(at('24001231')))).toBe('24010311T070000');
    expect(knownZone('Etc/UTC')!.nextTransition(0)).toBe(Infinity);
    expect(knownZone('Asia/Tokyo')!.nextTransition(at('20240101'))).toBe(Infinity);
  });

  it('holds beyond all calendars', () => {
    expect(berlin.offsetAt(2 ** 52)).toBe(berlin.offsetAt(2 ** 53));
    expect(berlin.offsetAt(-(2 ** 52))).toBe(3208);
    expect(berlin.nextTransition(2 ** 52)).toBe(Infinity);
  });

  it('leaves out a whole day (Samoa, 30 December 2011)', () => {
    const apia = knownZone('Pacific/Apia')!;
    expect(formatDateTime(apia.toUtc(at('20111229T235959')))).toBe('20111230T095959');
    expect(formatDateTime(apia.toUtc(at('20111231T000000')))).toBe('20111230T100000');
  });

  it('agrees with Intl for every zone that both have, at random instants', { timeout: 60_000 }, () => {
    const next = random(7809);
    const differences: string[] = [];
    for (const name of Intl.supportedValuesOf('timeZone')) {
      const zone = knownZone(name);
      if (zone === undefined) {
        differences.push(`${name} is missing`);
        continue;
      }
      const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
      for (let tries = 0; tries < 12; tries += 1) {
        // Until last year: what is announced for later changes with each version of the data, and Node's may be older than ours.
        const utc = Math.floor(next() * at('20250101'));
        const text = format.formatToParts(utc * 1000).find(({ type }) => type === 'timeZoneName')!.value;
        const [, sign = '+', hours = '0', minutes = '0', seconds = '0'] = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text)!;
        const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
        if (zone.offsetAt(utc) !== offset) differences.push(`${name} at ${formatDateTime(utc)}: ${zone.offsetAt(utc)}, Intl ${offset}`);
      }
    }
    expect(differences).toEqual([]);
  });
});

describe('names', () => {
  it.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    ['europe/berlin', 'Europe/Berlin'],
    ['US/Pacific', 'America/Los_Angeles'],
    ['GB', 'Europe/London'],
    ['UTC', 'Etc/UTC'],
    ['W. Europe Standard Time', 'Europe/Berlin'],
    ['"Eastern Standard Time"', 'America/New_York'],
    ['(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna', 'Europe/Berlin'],
    ['(GMT+01.00) Amsterdam / Berlin / Bern / Rome / Stockholm / Vienna', 'Europe/Berlin'],
    ['Pacific Time (US & Canada), Tijuana', 'America/Los_Angeles'],
    ['/mozilla.org/20050126_1/Europe/Berlin', 'Europe/Berlin'],
    ['/freeassociation.sourceforge.net/Tzfile/America/Argentina/Salta', 'America/Argentina/Salta'],
    ['/softwarestudio.org/Olson_20011030_5/America/New_York', 'America/New_York'],
    ['/freeassociation.sourceforge.net/UTC', 'Etc/UTC'],
    ['posix/Europe/Vienna', 'Europe/Vienna'],
    ['tzone://Microsoft/Utc', 'Etc/UTC'],
  ])('%s is %s', (tzid, name) => {
    expect(zoneName(tzid)).toBe(name);
    expect(knownZone(tzid)?.id).toBe(name);
  });

  it.each(['', '/', 'Customized Time Zone', 'Europe/Atlantis', 'GMT +0100 (Standard) / GMT +0200 (Daylight)', '(UTC+01:00) Atlantis', 'GMT+1', 'CST', 'EST', 'est', '__proto__', 'constructor'])('%j is not known', (tzid) => {
    expect(zoneName(tzid)).toBeUndefined();
    expect(knownZone(tzid)).toBeUndefined();
  });

  it.each([
    ['GMT+1', 3600], ['UTC-05:30', -19_800], ['+0100', 3600], ['"GMT -0500"', -18_000], ['(UTC+05:30) Atlantis', 19_800], ['EST', -18_000], ['(GMT+10.00) Atlantis', 36_000],
  ])('%s is an offset, for objects that bring no VTIMEZONE', (tzid, offset) => {
    expect(offsetZone(tzid)?.offsetAt(0)).toBe(offset);
  });

  it.each(['Europe/Berlin', 'GMT+25', 'GMT +0100 (Standard) / GMT +0200 (Daylight)', '+1 hour', 'UTC'])('%s is no offset', (tzid) => {
    expect(offsetZone(tzid)).toBeUndefined();
  });

  it('are listed once, with the links that lead to them', () => {
    const names = zoneNames();
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toContain('America/Phoenix');
    expect(names).not.toContain('GB');
    expect(zoneAliases('Europe/London')).toEqual(expect.arrayContaining(['GB', 'Europe/Belfast']));
    expect(zoneAliases('Europe/Atlantis')).toEqual([]);
    expect(zoneDataVersion()).toMatch(/^20\d\d[a-z]$/);
  });
});

describe('our own VTIMEZONEs (RFC 5545 §3.6.5)', () => {
  it('have one observance a rule, single onsets gathered as RDATEs', () => {
    const text = vtimezoneText('America/New_York')!;
    expect(text.startsWith('BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\nX-LIC-LOCATION:America/New_York\r\nBEGIN:STANDARD\r\nDTSTART:18831118T120358\r\nRDATE:18831118T120358\r\nTZNAME:EST\r\nTZOFFSETFROM:-045602\r\nTZOFFSETTO:-0500\r\nEND:STANDARD\r\n')).toBe(true);
    expect(text).toContain('BEGIN:DAYLIGHT\r\nDTSTART:19200328T020000\r\nRDATE:19200328T020000\r\nRDATE:19740106T020000\r\nRDATE:19750223T020000\r\nTZNAME:EDT\r\n');
    expect(text).toContain('BEGIN:DAYLIGHT\r\nDTSTART:19870405T020000\r\nRRULE:FREQ=YEARLY;UNTIL=20060402T070000Z;BYDAY=1SU;BYMONTH=4\r\nTZNAME:EDT\r\n');
    expect(text).toContain('BEGIN:STANDARD\r\nDTSTART:20071104T020000\r\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\r\nTZNAME:EST\r\nTZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n');
  });

  it('carry the name asked for, link or not', () => {
    expect(vtimezoneText('GB')).toBe(vtimezoneText('Europe/London')!.replaceAll('Europe/London', 'GB'));
    expect(vtimezoneText('Europe/Atlantis')).toBeUndefined();
    expect(vtimezoneText('W. Europe Standard Time')).toBeUndefined();
  });

  it('have one observance where nothing ever changes', () => {
    expect(vtimezoneText('Etc/UTC')).toBe('BEGIN:VTIMEZONE\r\nTZID:Etc/UTC\r\nX-LIC-LOCATION:Etc/UTC\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nRDATE:19700101T000000\r\nTZNAME:UTC\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n');
  });

  it('say a rule that falls into two months by two observances (Cairo: after the last Thursday of October)', () => {
    const text = vtimezoneText('Africa/Cairo')!;
    expect(text).toContain('RRULE:FREQ=YEARLY;BYDAY=FR;BYMONTHDAY=26,27,28,29,30,31;BYMONTH=10\r\n');
    expect(text).toContain('DTSTART:20241101T000000\r\nRRULE:FREQ=YEARLY;BYDAY=FR;BYMONTHDAY=1;BYMONTH=11\r\n');
  });

  it('fold at 75 octets', () => {
    expect(Math.max(...ianaAllNames().flatMap((name) => vtimezoneText(name)!.split('\r\n').map((line) => line.length)))).toBe(75);
  });

  it('mean what the tables say, for every zone, until the year 2500', { timeout: 60_000 }, () => {
    const next = random(5545);
    const differences: string[] = [];
    for (const name of zoneNames()) {
      const table = zoneNamed(name)!;
      const own = compiled(vtimezoneText(name)!);
      const check = (utc: number): void => {
        if (table.offsetAt(utc) !== own.offsetAt(utc)) differences.push(`${name} at ${formatDateTime(utc)}: ${table.offsetAt(utc)}, VTIMEZONE ${own.offsetAt(utc)}`);
      };
      for (let utc = at('18000101'); utc < at('21000101');) {
        utc = table.nextTransition(utc);
        if (utc === Infinity) break;
        check(utc - 1);
        check(utc);
      }
      for (let tries = 0; tries < 20; tries += 1) check(at('18000101') + Math.floor(next() * 700 * 365.25 * 86_400));
    }
    expect(differences).toEqual([]);
  });
});

describe("an object's own VTIMEZONE", () => {
  it("is Outlook's from 1601", () => {
    const zone = compiled(OUTLOOK);
    expect(zone.id).toBe('Test');
    expect([at('18500701'), at('20240701'), at('20241201'), at('24000701')].map((utc) => zone.offsetAt(utc))).toEqual([3600, 7200, 3600, 7200]);
    expect(formatDateTime(zone.toUtc(at('20240331T023000')))).toBe('20240331T013000');
    expect(formatDateTime(zone.nextTransition(at('22000101')))).toBe('22000330T010000');
  });

  it('may end its rules in UTC, in local time, by COUNT, or list dates', () => {
    for (const rule of ['FREQ=YEARLY;BYDAY=1SU;BYMONTH=4;UNTIL=20060402T070000Z', 'FREQ=YEARLY;BYDAY=1SU;BYMONTH=4;UNTIL=20060402T020000', 'FREQ=YEARLY;BYDAY=1SU;BYMONTH=4;COUNT=2']) {
      const zone = compiled(vtimezone(
        observance('STANDARD', ['DTSTART:20001029T020000', 'TZOFFSETFROM:-0400', 'TZOFFSETTO:-0500', 'RDATE:20051030T020000,20061029T060000Z']),
        observance('DAYLIGHT', ['DTSTART:20050403T020000', 'TZOFFSETFROM:-0500', 'TZOFFSETTO:-0400', `RRULE:${rule}`]),
      ));
      const changes: string[] = [];
      for (let utc = zone.nextTransition(at('20010101')); utc !== Infinity; utc = zone.nextTransition(utc)) changes.push(formatDateTime(utc));
      expect(changes).toEqual(['20050403T070000', '20051030T060000', '20060402T070000', '20061029T060000']);
    }
  });

  it('has its first TZOFFSETFROM before its first onset', () => {
    expect(compiled(vtimezone(observance('STANDARD', ['DTSTART:19700101T000000', 'TZOFFSETFROM:+0230', 'TZOFFSETTO:+0100']))).offsetAt(at('19000101'))).toBe(9000);
  });

  it('is compiled once while it is in use', () => {
    const first = compileZone(jcal(OUTLOOK));
    for (let other = 0; other < MAX_COMPILED_ZONES; other += 1) {
      compileZone(jcal(OUTLOOK.replace('Test', `Test ${other}`)));
      if (other % 100 === 0) expect(compileZone(jcal(OUTLOOK))).toBe(first);
    }
    expect(compileZone(jcal(OUTLOOK))).toBe(first);
  });

  it.each([
    ['nothing in it', vtimezone(), /needs an observance/],
    ['no offset', vtimezone(observance('STANDARD', ['DTSTART:19700101T000000', 'TZOFFSETTO:+0100'])), /TZOFFSETFROM/],
    ['an offset of days', vtimezone(observance('STANDARD', ['DTSTART:19700101T000000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+9900'])), /TZOFFSETTO/],
    ['no DTSTART', vtimezone(observance('STANDARD', ['TZOFFSETFROM:+0100', 'TZOFFSETTO:+0100'])), /DTSTART/],
    ['changes every second', vtimezone(observance('STANDARD', ['DTSTART:19700101T000000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', 'RRULE:FREQ=SECONDLY'])), /too often/],
    ['changes every minute of the year', vtimezone(observance('STANDARD', ['DTSTART:19700101T000000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', `RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYMINUTE=${Array.from({ length: 60 }, (_, n) => n).join(',')}`])), /too often/],
    ['too many rules', vtimezone(observance('STANDARD', ['DTSTART:19700101T000000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', ...Array.from({ length: MAX_RULES + 1 }, () => 'RRULE:FREQ=YEARLY')])), /at most/],
    ['too many observances', vtimezone(...Array.from({ length: MAX_OBSERVANCES + 1 }, () => observance('STANDARD', ['DTSTART:19700101T000000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200']))), /at most/],
    ['too many dates', vtimezone(observance('STANDARD', ['DTSTART:19700101T000000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', ...Array.from({ length: MAX_ZONE_DATES + 1 }, () => 'RDATE:19800101T000000')])), /at most/],
  ])('is refused with %s', (_, text, problem) => {
    expect(compileZone(jcal(text))).toEqual({ problem: expect.stringMatching(problem) });
  });

  it('is refused with a rule that is none', () => {
    const broken: JcalComponent = ['vtimezone', [['tzid', {}, 'text', 'Test']], [['standard', [['dtstart', {}, 'date-time', '1970-01-01T00:00:00'], ['tzoffsetfrom', {}, 'utc-offset', '+01:00'], ['tzoffsetto', {}, 'utc-offset', '+02:00'], ['rrule', {}, 'recur', { freq: 'YEARLY', bymonth: 13 }]], []]]];
    expect(compileZone(broken)).toEqual({ problem: expect.stringContaining('BYMONTH=13') });
  });
});

describe('a fixed offset', () => {
  it('never changes', () => {
    const zone = fixedZone(-12_600, 'Newfoundland, once');
    expect([zone.id, zone.offsetAt(0), zone.toUtc(0), zone.toLocal(0), zone.nextTransition(0)]).toEqual(['Newfoundland, once', -12_600, 12_600, -12_600, Infinity]);
  });
});
