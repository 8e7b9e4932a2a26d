/**
 * Where in the octets the parts of an object stand, packed beside its facts: expansion copies these ranges and writes the times itself, without a parse. Also
 * says of every part on which clock its times are and which instance it overrides.
 *
 * Bytes: a flag (1: ranges are there), the header's ranges, the number of parts, and per part its clock, end and RECURRENCE-ID, then its ranges: those between
 * BEGIN and END (END line included) less the lines about time. A range is two varints: octets since the previous range, and length. Last, of a series, its
 * DTSTART; facts of earlier days end before it.
 */
import type { EpochSeconds } from '@kalends/contracts';
import type { CalendarObject } from './calendar-object.ts';
import type { Component } from './component.ts';
import { findProperty } from './component.ts';
import { FLOOR, VarintReader, pushVarint } from './occurrences.ts';
import type { Part, Series } from './series.ts';
import type { TimeValue } from './time-values.ts';

/** 0 none, 1 DATE, 2 floating, 3 an instant (UTC or with a zone). */
export type Clock = 0 | 1 | 2 | 3;
/** How an occurrence of the part says its end: not at all, by DTEND, or by the DURATION that its ranges hold. */
export type EndStyle = 0 | 1 | 2;
export interface OctetRange { readonly from: number; readonly to: number }
export interface PartSlices {
  readonly clock: Clock;
  readonly end: EndStyle;
  readonly id: { readonly clock: Clock; readonly at: EpochSeconds } | undefined;
  readonly ranges: readonly OctetRange[];
}
export interface Slices {
  /** False: only `clock` and `id` of the parts are known; the octets must be parsed. */ readonly expandable: boolean;
  /** BEGIN:VCALENDAR and its own properties. */ readonly header: readonly OctetRange[];
  readonly parts: readonly PartSlices[];
  /** DTSTART of a series, as packed: the instance that is the master itself. */ readonly first: EpochSeconds | undefined;
}

const TIME_LINES: ReadonlySet<string> = new Set(['DTSTART', 'DTEND', 'RRULE', 'EXRULE', 'RDATE', 'EXDATE', 'RECURRENCE-ID']);

export function clockOf(time: TimeValue | undefined): Clock {
  return time === undefined ? 0 : time.kind === 'date' ? 1 : time.kind === 'floating' ? 2 : 3;
}

/** `object.root` must have been read from `object.octets`. */
export function packSlices(object: CalendarObject, series: Series): Uint8Array {
  const header = canExpand(object, series) ? headerRanges(object.root) : undefined;
  const bytes: number[] = [header === undefined ? 0 : 1];
  const cursor = { at: 0 };
  pushRanges(bytes, header ?? [], cursor);
  pushVarint(bytes, series.parts.length);
  for (const part of series.parts) {
    const end = endStyle(part, series);
    const id = part.recurrenceId;
    bytes.push(clockOf(part.start) | (end << 2) | (clockOf(id) << 4));
    if (id !== undefined) pushVarint(bytes, Math.max(0, id.at - FLOOR));
    pushRanges(bytes, header === undefined ? [] : partRanges(part.component, end), cursor);
  }
  const start = series.recurrence === undefined ? undefined : series.master?.start;
  if (start !== undefined) pushVarint(bytes, Math.max(0, start.at - FLOOR));
  return Uint8Array.from(bytes);
}

export function readSlices(bytes: Uint8Array): Slices {
  const reader = new VarintReader(bytes);
  const expandable = reader.next() === 1;
  const cursor = { at: 0 };
  const header = readRanges(reader, cursor);
  const parts: PartSlices[] = [];
  for (let left = reader.next(); left > 0 && !reader.done; left--) {
    const bits = reader.next();
    const idClock = ((bits >> 4) & 3) as Clock;
    const id = idClock === 0 ? undefined : { clock: idClock, at: reader.next() + FLOOR };
    parts.push({ clock: (bits & 3) as Clock, end: ((bits >> 2) & 3) as EndStyle, id, ranges: readRanges(reader, cursor) });
  }
  return { expandable, header, parts, first: reader.done ? undefined : reader.next() + FLOOR };
}

/** VEVENTs alone, in octets that may be copied, with the header before them, and no series that moves half-way. */
function canExpand({ root, component }: CalendarObject, series: Series): boolean {
  const first = root.components[0]?.source?.from ?? 0;
  return (
    component === 'VEVENT' && series.future.length === 0 && root.source?.document.copyable === true &&
    root.components.every(({ name, source }) => (name === 'VEVENT' || name === 'VTIMEZONE') && source !== undefined) &&
    root.properties.every(({ source }) => source !== undefined && source.from < first) &&
    series.parts.every((part) => part.start !== undefined && isInOrder(part.component))
  );
}

/** Properties before components, as the grammar of RFC 5545 §3.6 has it. */
function isInOrder({ properties, components }: Component): boolean {
  const first = components[0]?.source?.from ?? Infinity;
  return properties.every(({ source }) => source !== undefined && source.from < first);
}

/** An end that the client gave by DURATION stays as it is, but where days on a zoned clock differ in length. */
function endStyle({ component, duration, start }: Part, { recurrence }: Series): EndStyle {
  if (findProperty(component, 'DTEND') !== undefined || recurrence?.rdates.some(({ end }) => end !== undefined) === true) return 1;
  if (findProperty(component, 'DURATION') === undefined) return 0;
  return duration.days !== 0 && start?.zone !== undefined ? 1 : 2;
}

function headerRanges(root: Component): readonly OctetRange[] {
  const from = root.source?.from ?? 0;
  const first = root.components[0]?.source?.from ?? from;
  return [{ from, to: first }];
}

function partRanges(component: Component, end: EndStyle): readonly OctetRange[] {
  const { source } = component;
  if (source === undefined) return [];
  const ranges: OctetRange[] = [];
  let from = firstInside(component);
  for (const { name, source: line } of component.properties) {
    if (line === undefined || !(TIME_LINES.has(name) || (name === 'DURATION' && end !== 2))) continue;
    if (line.from > from) ranges.push({ from, to: line.from });
    from = line.to;
  }
  if (source.to > from) ranges.push({ from, to: source.to });
  return ranges;
}

/** The first octet behind the BEGIN line. */
function firstInside({ properties, components, source }: Component): number {
  return properties[0]?.source?.from ?? components[0]?.source?.from ?? source?.to ?? 0;
}

function pushRanges(bytes: number[], ranges: readonly OctetRange[], cursor: { at: number }): void {
  pushVarint(bytes, ranges.length);
  for (const { from, to } of ranges) {
    pushVarint(bytes, from - cursor.at);
    pushVarint(bytes, to - from);
    cursor.at = to;
  }
}

function readRanges(reader: VarintReader, cursor: { at: number }): readonly OctetRange[] {
  const ranges: OctetRange[] = [];
  for (let left = reader.next(); left > 0 && !reader.done; left--) {
    const from = cursor.at + reader.next();
    cursor.at = from + reader.next();
    ranges.push({ from, to: cursor.at });
  }
  return ranges;
}
