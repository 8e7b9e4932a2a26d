/**
 * The objects that a benchmark stores: 70 % single events (zoned, UTC, all day), 20 % recurring (exceptions, overrides, a tenth without end), 10 % to-dos,
 * about 0.9 KiB each, forty a month whatever the total, so that a larger calendar is a longer one. The days of every instance are known, so that what a query
 * must return is known too. All timed instances lie well inside a UTC day.
 */
import { createHash } from 'node:crypto';
import { randomFrom } from './random.ts';
import type { Random } from './random.ts';

export interface Sample {
  readonly uid: string; readonly name: string; readonly component: 'VEVENT' | 'VTODO';
  /** UTC midnights in milliseconds, one an instance, up to the end of 2026. */ readonly days: readonly number[];
  readonly octets: Buffer;
}

export interface SampleOptions { readonly total: number; readonly seed: string; /** Goes into UIDs only. */ readonly salt: string; readonly revision?: number; readonly todos?: boolean }

const DAY = 86_400_000;
const HOUR = 3_600_000;
const OBJECTS_A_MONTH = 40;
const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
const PLACES = ['Room 3.14', 'Building B\\, 2nd floor', 'Café Müller', 'https://meet.example.com/abc-defg-hij', 'Main office', 'Online', 'Zürich HB'];
const WORDS = ('agenda invoice handover kickoff picnic marathon checkup deadline lecture seminar breakfast onboarding inventory maintenance survey keynote '
  + 'tutorial appraisal delivery inspection dinner concert football swimming choir bakery museum library garden ferry Sitzung Rückruf Frühstück été goûter 会議 昼食').split(' ');
const ZONES = {
  'Europe/Berlin': zone('Europe/Berlin', ['+0100', '+0200', 'CEST', '19810329T020000', '3;BYDAY=-1SU'], ['+0200', '+0100', 'CET', '19961027T030000', '10;BYDAY=-1SU']),
  'America/New_York': zone('America/New_York', ['-0500', '-0400', 'EDT', '20070311T020000', '3;BYDAY=2SU'], ['-0400', '-0500', 'EST', '20071104T020000', '11;BYDAY=1SU']),
};

export function sample(index: number, options: SampleOptions): Sample {
  const random = randomFrom(`${options.seed}/${String(index)}`);
  const uid = createHash('md5').update(`${options.salt}/${String(index)}`).digest('hex').toUpperCase().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const slot = index % 10;
  const given = givenBy(random, options, uid);
  const made = slot < 7 || (slot === 9 && options.todos === false) ? single(random, given) : slot < 9 ? recurring(random, given) : todo(random, given);
  return { uid, name: `${uid}.ics`, ...made, octets: Buffer.from([...HEAD, ...made.lines, 'END:VCALENDAR', ''].join('\r\n')) };
}

const HEAD = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//kalends//bench//EN', 'CALSCALE:GREGORIAN'];

interface Given {
  readonly day: number; readonly start: number; readonly length: number; readonly zone: keyof typeof ZONES;
  readonly common: readonly string[]; readonly extra: readonly string[]; readonly alarm: readonly string[];
}
interface Made { readonly component: 'VEVENT' | 'VTODO'; readonly days: readonly number[]; readonly lines: readonly string[] }

function givenBy(random: Random, { total, revision = 0 }: SampleOptions, uid: string): Given {
  const months = Math.max(12, Math.ceil(total / OBJECTS_A_MONTH));
  const [begin, end] = [Date.UTC(2026, 12 - months, 1), Date.UTC(2026, 11, 28)];
  const any = begin + random.between(0, Math.floor((end - begin) / DAY)) * DAY;
  // Days 2 to 27, so that a monthly rule has an instance in each month and no zone moves one into another month.
  const ofMonth = new Date(any).getUTCDate();
  const day = ofMonth > 27 ? any - (ofMonth - 27) * DAY : ofMonth < 2 ? any + DAY : any;
  const start = day + random.between(8, 16) * HOUR + random.pick([0, 15, 30, 45]) * 60_000;
  const length = random.pick([30, 45, 60, 60, 90]) * 60_000;
  const words = (count: number): string => Array.from({ length: count }, () => random.pick(WORDS)).join(' ');
  const common = [
    `UID:${uid}`, 'DTSTAMP:20260101T120000Z', 'CREATED:20251201T081500Z', 'LAST-MODIFIED:20260101T120000Z',
    `SUMMARY:${words(random.between(2, 5))}${revision > 0 ? ` (rev ${String(revision)})` : ''}`, `SEQUENCE:${String(revision)}`,
  ];
  const extra = [`LOCATION:${random.pick(PLACES)}`];
  if (random.next() < 0.5) extra.push(fold(`DESCRIPTION:${words(random.between(8, 60))}\\n${words(random.between(3, 20))}`));
  const alarm = random.next() < 0.4 ? ['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:Reminder', 'TRIGGER:-PT15M', 'END:VALARM'] : [];
  return { day, start, length, zone: random.next() < 0.6 ? 'Europe/Berlin' : 'America/New_York', common, extra, alarm };
}

function single(random: Random, { day, start, length, zone, common, extra, alarm }: Given): Made {
  const style = random.next();
  if (style < 0.15) {
    return { component: 'VEVENT', days: [day], lines: ['BEGIN:VEVENT', ...common, `DTSTART;VALUE=DATE:${date(day)}`, `DTEND;VALUE=DATE:${date(day + DAY)}`, 'TRANSP:TRANSPARENT', ...extra, 'END:VEVENT'] };
  }
  const zoned = style >= 0.45;
  const at = (property: string, moment: number): string => (zoned ? `${property};TZID=${zone}:${time(moment)}` : `${property}:${time(moment)}Z`);
  return {
    component: 'VEVENT', days: [day],
    lines: [...(zoned ? ZONES[zone] : []), 'BEGIN:VEVENT', ...common, at('DTSTART', start), at('DTEND', start + length), 'STATUS:CONFIRMED', 'TRANSP:OPAQUE', ...extra, ...alarm, 'END:VEVENT'],
  };
}

function todo(random: Random, { start, length, common, extra }: Given): Made {
  const lines = ['BEGIN:VTODO', ...common, `DTSTART:${time(start)}Z`, `DUE:${time(start + length)}Z`, `PRIORITY:${String(random.between(1, 9))}`, `STATUS:${random.pick(['NEEDS-ACTION', 'IN-PROCESS'])}`, ...extra, 'END:VTODO'];
  return { component: 'VTODO', days: [], lines };
}

function recurring(random: Random, { day, start, length, zone, common, extra, alarm }: Given): Made {
  const weekly = random.next() < 0.7;
  const count = random.next() < 0.1 ? Infinity : random.between(4, 26);
  const first = new Date(day);
  const instance = (k: number): number => (weekly ? day + k * 7 * DAY : Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + k, first.getUTCDate()));
  const days: number[] = [];
  for (let k = 0; k < count && instance(k) < Date.UTC(2027, 0, 1); k++) days.push(instance(k));
  // UNTIL lies after the start of the last instance in either zone, and before the next one.
  const end = count === Infinity ? '' : random.next() < 0.5 ? `;COUNT=${String(count)}` : `;UNTIL=${date(instance(count - 1))}T220000Z`;
  const rule = `${weekly ? `FREQ=WEEKLY;BYDAY=${WEEKDAYS[first.getUTCDay()]!}` : `FREQ=MONTHLY;BYMONTHDAY=${String(first.getUTCDate())}`}${end}`;
  const at = (property: string, moment: number): string => `${property};TZID=${zone}:${time(moment)}`;
  const into = start - day;
  const dropped = days.length > 4 && random.next() < 0.3 ? 2 : -1;
  const moved = days.length > 3 && random.next() < 0.4 ? (days.length > 6 ? [1, 5] : [1]) : [];
  const status = ['STATUS:CONFIRMED', 'TRANSP:OPAQUE'];
  const lines = [
    ...ZONES[zone], 'BEGIN:VEVENT', ...common, at('DTSTART', start), at('DTEND', start + length), `RRULE:${rule}`,
    ...(dropped < 0 ? [] : [at('EXDATE', days[dropped]! + into)]), ...status, ...extra, ...alarm, 'END:VEVENT',
    ...moved.flatMap((k) => [
      'BEGIN:VEVENT', ...common, at('RECURRENCE-ID', days[k]! + into), at('DTSTART', days[k]! + into + HOUR), at('DTEND', days[k]! + into + HOUR + length), ...status, ...extra, 'END:VEVENT',
    ]),
  ];
  return { component: 'VEVENT', days: days.filter((_, k) => k !== dropped), lines };
}

function zone(tzid: string, ...observances: readonly (readonly [string, string, string, string, string])[]): readonly string[] {
  return ['BEGIN:VTIMEZONE', `TZID:${tzid}`, ...observances.flatMap(([from, to, name, start, rule], i) => {
    const kind = i === 0 ? 'DAYLIGHT' : 'STANDARD';
    return [`BEGIN:${kind}`, `TZOFFSETFROM:${from}`, `TZOFFSETTO:${to}`, `TZNAME:${name}`, `DTSTART:${start}`, `RRULE:FREQ=YEARLY;BYMONTH=${rule}`, `END:${kind}`];
  }), 'END:VTIMEZONE'];
}

/** `20260310`. */
export function date(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10).replaceAll('-', '');
}

/** `20260310T101500`. */
export function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
}

/** RFC 5545 §3.1: at most 75 octets a line, no character divided. */
function fold(line: string): string {
  const lines: string[] = [];
  let [current, octets] = ['', 0];
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (octets + size > (lines.length === 0 ? 75 : 74)) {
      lines.push(current);
      [current, octets] = ['', 0];
    }
    current += character;
    octets += size;
  }
  return [...lines, current].join('\r\n ');
}
