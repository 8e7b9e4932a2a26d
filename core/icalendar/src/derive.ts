/**
 * The override that an instance of a recurring object would have if it had one: the master, moved to the instance, without its rules (RFC 5545 §3.8.4.4). For
 * whoever must write about one instance: per-user data, and scheduling.
 */
import type { EpochSeconds } from '@kalends/contracts';
import type { CalendarObject } from './calendar-object.ts';
import type { Component, Property } from './component.ts';
import { findProperty, withProperties } from './component.ts';
import type { DateValue } from './recurrence.ts';
import { isInstance } from './recurrence.ts';
import type { Part, Series } from './series.ts';
import { dateValue, endOf, readSeries } from './series.ts';
import { formatDate, formatDateTime, formatUtc } from './time.ts';
import type { TimeValue } from './time-values.ts';
import { readTime } from './time-values.ts';

const RULES: ReadonlySet<string> = new Set(['RRULE', 'EXRULE', 'RDATE', 'EXDATE']);

/** `id`: the instant of RECURRENCE-ID (as if UTC for dates and floating times). Undefined when the object does not recur, or then has no instance. */
export function deriveOverride(object: CalendarObject, id: EpochSeconds): Component | undefined {
  return deriveFrom(readSeries(object), id);
}

export function deriveFrom(series: Series, id: EpochSeconds): Component | undefined {
  const { master, recurrence } = series;
  const start = master?.start;
  if (master === undefined || recurrence === undefined || start === undefined) return undefined;
  const local = start.zone === undefined ? id : start.zone.toLocal(id);
  // An overridden instance is one as well; a cancelled one is none.
  const overridden = new Set(series.parts.flatMap(({ recurrenceId }) => (recurrenceId === undefined ? [] : JSON.stringify(dateValue(recurrenceId, start)))));
  const exdates = recurrence.exdates.filter((value) => !overridden.has(JSON.stringify(value)));
  return isInstance({ ...recurrence, exdates }, local) ? moved(master, start, local, id, series) : undefined;
}

function moved(master: Part, start: TimeValue, local: number, id: EpochSeconds, { zones, recurrence }: Series): Component {
  const { component } = master;
  const first = findProperty(component, 'DTSTART') ?? findProperty(component, 'DUE');
  const instant = ({ at, form }: DateValue): EpochSeconds => (form === 'utc' || start.zone === undefined ? at : start.zone.toUtc(at));
  const period = recurrence?.rdates.find((value) => value.end !== undefined && instant(value) === id);
  const end = period?.end ?? endOf(master, local, id);
  const properties: Property[] = [];
  for (const property of component.properties) {
    if (RULES.has(property.name) || property.name === 'RECURRENCE-ID') continue;
    if (property === first) properties.push(inFormOf(property, start, local, id), { ...inFormOf(property, start, local, id), name: 'RECURRENCE-ID' });
    else if (property.name === 'DTEND' || property.name === 'DUE') {
      const time = readTime(property, zones);
      properties.push(time === undefined ? property : inFormOf(property, time, time.zone === undefined ? end : time.zone.toLocal(end), end));
    } else properties.push(property);
  }
  return withProperties(component, properties);
}

/** The same property at another time: parameters, clock and form stay. */
function inFormOf({ name, parameters }: Property, { kind }: TimeValue, local: number, at: EpochSeconds): Property {
  return { name, parameters, value: kind === 'date' ? formatDate(local) : kind === 'utc' ? formatUtc(at) : formatDateTime(local) };
}
