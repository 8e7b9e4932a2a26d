/**
 * What a TZID means: IANA names and links in any case, Windows names and their display texts, and names behind a vendor's path. Guesses nothing: a TZID that could
 * mean two zones stays unknown, and the object's VTIMEZONE speaks.
 */
import { HOUR, parseOffset } from './time.ts';
import { WINDOWS_ZONES } from './zone-data/windows.ts';
import { ianaAllNames, ianaName } from './zones-iana.ts';

/** Worked out from this package's tables when first needed. */
let known: ReadonlyMap<string, string> | undefined;

/** `(UTC+01:00) `, `(GMT+01.00) `, `(GMT) `. */
const OFFSET_PREFIX = /^\((?:utc|gmt)[^)]*\)\s*/i;

/** Case, spaces and punctuation differ between versions of the same display text. */
const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9+]/g, '');

function readKnown(): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const line of WINDOWS_ZONES.split('\n')) {
    const [key = '', zone = '', ...texts] = line.split('|');
    const name = ianaName(zone);
    if (name === undefined) continue;
    names.set(key.toLowerCase(), name);
    for (const text of texts) if (text !== '' && !names.has(plain(text))) names.set(plain(text), name);
  }
  for (const name of ianaAllNames()) if (!BARE.has(name)) names.set(name.toLowerCase(), ianaName(name)!);
  return names;
}

/**
 * IANA names without summer time, under which calendars wrote VTIMEZONEs with it ("EST" for New York). They are not taken for names, only, where nothing else says
 * more, for offsets.
 */
const BARE = new Map([['EST', -5 * HOUR], ['MST', -7 * HOUR], ['HST', -10 * HOUR]]);

/** By IANA name, the names that Windows itself gives its zones; what Outlook only shows is not among them. */
let windows: ReadonlyMap<string, readonly string[]> | undefined;

/** The Windows names of an IANA name, ascending. */
export function windowsNames(name: string): readonly string[] {
  windows ??= readWindows();
  return windows.get(name) ?? [];
}

function readWindows(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const line of WINDOWS_ZONES.split('\n').sort()) {
    const [key = '', zone = ''] = line.split('|');
    const name = ianaName(zone);
    if (name === undefined || ianaName(key) !== undefined || !/ Standard Time( \(.*\))?$|^UTC[+-]/.test(key)) continue;
    const list = found.get(name);
    if (list === undefined) found.set(name, [key]);
    else list.push(key);
  }
  return found;
}

/** The IANA name behind a TZID. */
export function nameBehind(tzid: string): string | undefined {
  const exact = ianaName(tzid);
  if (exact !== undefined && !BARE.has(tzid)) return exact;
  known ??= readKnown();
  const text = tzid.trim().replace(/^"(.*)"$/, '$1').trim();
  return known.get(text.toLowerCase()) ?? behindPath(text, known) ?? behindDisplay(text, known);
}

/** `/mozilla.org/20050126_1/Europe/Berlin`, `/freeassociation.sourceforge.net/America/Argentina/Salta`: the longest end that is a name with a slash. */
function behindPath(text: string, names: ReadonlyMap<string, string>): string | undefined {
  if (!text.startsWith('/') && !/^(posix|right)\//i.test(text)) return undefined;
  const parts = text.toLowerCase().split('/').filter((part) => part !== '');
  for (let size = Math.min(3, parts.length); size > 0; size -= 1) {
    const name = names.get(parts.slice(-size).join('/'));
    if (name !== undefined) return name;
  }
  return undefined;
}

/** `(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna`; also without the offset. */
function behindDisplay(text: string, names: ReadonlyMap<string, string>): string | undefined {
  const display = text.replace(OFFSET_PREFIX, '');
  return display === '' ? undefined : names.get(display.toLowerCase()) ?? names.get(plain(display));
}

/**
 * Seconds east of Greenwich where a TZID is nothing but an offset: `GMT+1`, `UTC-05:00`, `+0100`, `(UTC+05:30) Anywhere`. East is positive, as people write it (in
 * `Etc/GMT+1` it is not, but that is an IANA name).
 */
export function offsetBehind(tzid: string): number | undefined {
  const bare = BARE.get(tzid);
  if (bare !== undefined) return bare;
  const match = /^\(?(?:utc|gmt)?\s*([+-])(\d{1,2})(?:[:.]?(\d\d))?(?:\)|$)/i.exec(tzid.trim().replace(/^"/, '').replace(/"$/, ''));
  if (match === null) return undefined;
  const offset = parseOffset(`${match[1]}${match[2]!.padStart(2, '0')}${match[3] ?? '00'}`);
  return offset === undefined || Math.abs(offset) > 14 * HOUR ? undefined : offset;
}
