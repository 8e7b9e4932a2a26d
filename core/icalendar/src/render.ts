/** CALDAV:calendar-data of one item as octets (RFC 4791 §9.6): compiled once per request, then applied to each body in turn; copies where it can. */
import type { ItemFacts } from '@kalends/contracts';
import type { CalendarDataSpec } from './calendar-data.ts';
import type { CalendarObject } from './calendar-object.ts';
import { expandObject, expandOctets, limitRecurrences } from './expand.ts';
import { RECURRING } from './fact-flags.ts';
import { toJcal } from './jcal.ts';
import { parse } from './parse.ts';
import { isWhole, limitFreeBusy, trimComponent } from './trim.ts';
import type { Zone } from './zones.ts';

export interface Renderer {
  /** The body goes out as it is: the caller need not call `render`. */ readonly verbatim: boolean;
  /** `render` is much faster with facts. */ readonly wantsFacts: boolean;
  /** The calendar-data of one item, RFC 5545 text. A body that cannot be parsed is given back as it is. */
  render(body: Uint8Array, facts: ItemFacts | undefined): Uint8Array;
}

/** `floating`: the zone of floating times and dates; absent: UTC. */
export function renderer(spec: CalendarDataSpec, floating?: Zone): Renderer {
  const { component, expand, limitRecurrenceSet, limitFreebusySet } = spec;
  const selection = component === undefined || isWhole(component) ? undefined : component;
  const edits: ((object: CalendarObject) => CalendarObject)[] = [];
  if (limitRecurrenceSet !== undefined) edits.push((object) => limitRecurrences(object, limitRecurrenceSet, floating));
  if (limitFreebusySet !== undefined) edits.push((object) => object.edited(limitFreeBusy(object.root, limitFreebusySet)));
  if (selection !== undefined) edits.push((object) => object.edited(trimComponent(object.root, selection)));
  /** Without overrides there is nothing to limit. */
  const needsParse = (facts: ItemFacts | undefined): boolean =>
    edits.length > 1 || limitRecurrenceSet === undefined || facts === undefined || (facts.flags & RECURRING) !== 0;
  return {
    verbatim: expand === undefined && edits.length === 0,
    wantsFacts: expand !== undefined || limitRecurrenceSet !== undefined,
    render(body, facts) {
      if (edits.length === 0) return expand === undefined ? body : expandOctets(body, facts, expand, floating);
      if (expand === undefined && !needsParse(facts)) return body;
      const { object } = parse(body);
      if (object === undefined) return body;
      const whole = expand === undefined ? object : object.edited(expandObject(object, expand, floating));
      return edits.reduce((edited, edit) => edit(edited), whole).octets;
    },
  };
}

/** RFC 5545 text as jCal (RFC 7265), compact JSON in UTF-8. A body that cannot be parsed is given back as it is. */
export function toJson(body: Uint8Array): Uint8Array {
  const { object } = parse(body);
  return object === undefined ? body : Buffer.from(JSON.stringify(toJcal(object.root)));
}
