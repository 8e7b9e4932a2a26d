/**
 * Many objects as one VCALENDAR (GET of a calendar, subscriptions): components as they are stored, each time zone once, our own header. Works on the lines
 * of the text, so nothing is parsed.
 */
import { makeComponent, makeProperty, serialize, writeText } from '@kalends/icalendar';
import type { Property } from '@kalends/icalendar';

export const PRODID = '-//Kalends//Kalends//EN';
export const FOOTER = 'END:VCALENDAR\r\n';

/** The first lines, up to the first component. `name` becomes X-WR-CALNAME. */
export function header(name: string | undefined): string {
  const properties: Property[] = [makeProperty('VERSION', '2.0'), makeProperty('PRODID', PRODID)];
  if (name !== undefined && name !== '') properties.push(makeProperty('X-WR-CALNAME', writeText(name)));
  const whole = Buffer.from(serialize(makeComponent('VCALENDAR', properties))).toString('utf8');
  return whole.slice(0, whole.lastIndexOf('END:VCALENDAR'));
}

/** Takes objects one after another; remembers which zones have been written. */
export class OneCalendar {
  readonly #zones = new Set<string>();

  /** The components of one stored object that are not there yet, with CRLF. */
  add(text: string): string {
    let out = '';
    for (const component of componentsIn(text)) {
      if (component.startsWith('BEGIN:VTIMEZONE')) {
        const tzid = TZID.exec(component)?.[1] ?? '';
        if (this.#zones.has(tzid)) continue;
        this.#zones.add(tzid);
      }
      out += component;
    }
    return out;
  }
}

const TZID = /^TZID[:;](.*?)\r?$/m;
/** A folded line begins with a space, so what begins a line is a name. */
const EDGE = /^(BEGIN|END):[^\r\n]*(?:\r?\n|$)/gim;

function componentsIn(text: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (const { 0: line, 1: edge = '', index } of text.matchAll(EDGE)) {
    if (edge.toUpperCase() === 'BEGIN') {
      if (++depth === 2) from = index;
    } else if (--depth === 1) {
      found.push(lines(text.slice(from, index + line.length)));
    }
  }
  return found;
}

/** As they are, but with CRLF, also at the end. */
function lines(text: string): string {
  const whole = text.endsWith('\n') ? text : `${text}\r\n`;
  return LONE_LF.test(whole) ? whole.replace(/\r?\n/g, '\r\n') : whole;
}
const LONE_LF = /(^|[^\r])\n/;
