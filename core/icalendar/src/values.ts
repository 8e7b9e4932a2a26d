/**
 * Values of properties that are text or lists (RFC 5545 §3.3.11, §3.1.1), to and from the form they have in a content line. Times are in `time-values.ts`.
 * Reads leniently: a backslash before anything else is kept.
 */

const ESCAPED = /\\([\\;,nN])/g;
const TO_ESCAPE = /[\\;,\n]/g;
const CONTROL = /[\u0000-\u0008\u000B-\u001F\u007F]/g;

/** TEXT as people read it. */
export function readText(value: string): string {
  return value.includes('\\') ? value.replace(ESCAPED, (_, escaped: string) => (escaped === 'n' || escaped === 'N' ? '\n' : escaped)) : value;
}

/** People's text as a TEXT value: line breaks become `\n`, control characters go. */
export function writeText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(CONTROL, '').replace(TO_ESCAPE, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

/** A comma-separated list of values, still escaped; an escaped comma does not separate. */
export function splitList(value: string): readonly string[] {
  if (!value.includes(',')) return [value];
  if (!value.includes('\\')) return value.split(',');
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < value.length; at++) {
    if (value[at] === '\\') at++;
    else if (value[at] === ',') {
      parts.push(value.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(value.slice(from));
  return parts;
}
