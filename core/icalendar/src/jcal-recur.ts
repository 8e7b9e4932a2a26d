/**
 * A recurrence rule as jCal and back (RFC 7265 §3.6.10), part by part in the order of the text. ical.js would leave out what it does not know: leap months and
 * calendars other than the Gregorian (RFC 7529).
 */
const NUMBER = /^[+-]?\d+$/;
const PART = /^([A-Za-z0-9-]+)=(.*)$/;

/** Undefined for what is no rule. */
export function recurToJson(value: string): Readonly<Record<string, unknown>> | undefined {
  const parts: [string, unknown][] = [];
  for (const part of value.split(';')) {
    const [, name, text] = PART.exec(part.trim()) ?? [];
    if (name === undefined || text === undefined || parts.some(([known]) => known === name.toLowerCase())) return undefined;
    parts.push([name.toLowerCase(), partToJson(name.toLowerCase(), text)]);
  }
  return Object.fromEntries(parts);
}

function partToJson(name: string, text: string): unknown {
  if (name === 'until') return text.replace(/^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/i, (_, y, m, d, hour: string | undefined, minute, second, utc) => `${y}-${m}-${d}${hour === undefined ? '' : `T${hour}:${minute}:${second}${utc}`}`);
  const values = text.split(',').map((one) => (NUMBER.test(one) ? Number(one) : one));
  return values.length === 1 ? values[0] : values;
}

/** @throws Error, with a sentence */
export function recurFromJson(rule: unknown): string {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) throw new Error('a jCal rule is {"freq": …}');
  return Object.entries(rule).map(([name, value]) => `${name.toUpperCase()}=${[value].flat().map((one) => partFromJson(name, one)).join(',')}`).join(';');
}

function partFromJson(name: string, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`the part ${name.slice(0, 40)} of a jCal rule is text or a number`);
  return name.toLowerCase() === 'until' ? String(value).replaceAll(/[-:]/g, '') : String(value);
}
