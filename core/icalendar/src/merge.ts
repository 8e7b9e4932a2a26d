/**
 * Per-user data of people other than the owner (design "Per-user data"): alarms, TRANSP and X- properties. What such a person stores is split into the common
 * object, which keeps the owner's own part, and a patch with his; what he reads is the common object with the patch in place of the owner's part.
 *
 * A patch is iCalendar text: per master and instance one component with RECURRENCE-ID and what is personal. It never leaves the server as it is.
 */
import type { CalendarObject } from './calendar-object.ts';
import type { Component, Property } from './component.ts';
import { makeComponent, makeProperty, withComponents, withProperties } from './component.ts';
import { deriveFrom } from './derive.ts';
import { parse } from './parse.ts';
import type { Part, Series } from './series.ts';
import { readSeries } from './series.ts';
import { serialize } from './serialize.ts';
import { clockOf } from './slices.ts';
import { timeProperty } from './time-text.ts';

/** X- properties that belong to the object, whoever looks. */
const SHARED: ReadonlySet<string> = new Set(['X-CALENDARSERVER-HIDDEN-INSTANCE', 'X-APPLE-STRUCTURED-LOCATION']);

const isPersonal = ({ name }: Property): boolean => name === 'TRANSP' || (name.startsWith('X-') && !SHARED.has(name));
const isPersonalPart = ({ name }: Component): boolean => name === 'VALARM' || name.startsWith('X-');

interface Personal { readonly properties: readonly Property[]; readonly components: readonly Component[] }
const NOTHING: Personal = { properties: [], components: [] };

function personalOf({ properties, components }: Component): Personal {
  return { properties: properties.filter(isPersonal), components: components.filter(isPersonalPart) };
}

function commonOf({ name, properties, components }: Component): Component {
  return { name, properties: properties.filter((property) => !isPersonal(property)), components: components.filter((child) => !isPersonalPart(child)) };
}

function withPersonal({ name, properties, components }: Component, own: Personal): Component {
  return { name, properties: [...properties, ...own.properties], components: [...components, ...own.components] };
}

export interface SplitPersonal {
  /** For `putItem`: the sender's change of what all share, with the owner's own part as it was stored. */ readonly common: CalendarObject;
  /** For `setPersonal`; undefined when the sender has nothing of his own. */ readonly patch: Uint8Array | undefined;
}

/** `sent`: what somebody other than the owner stores; `stored`: the owner's object, if there is one already. */
export function splitPersonal(sent: CalendarObject, stored: CalendarObject | undefined): SplitPersonal {
  const own = stored === undefined ? new Map<string, Component>() : byInstance(readSeries(stored));
  const series = readSeries(sent);
  const common: Component[] = [];
  const personal: Component[] = [];
  for (const part of series.parts) {
    const key = keyOf(part);
    const bare = commonOf(part.component);
    const mine = personalOf(part.component);
    if (mine.properties.length + mine.components.length > 0 || part.recurrenceId !== undefined) personal.push(patchPart(part, mine));
    // An override that only says what the master says is there for the personal part alone.
    if (part.recurrenceId !== undefined && !own.has(key) && isDerived(bare, part, series)) continue;
    const owner = own.get(key) ?? own.get(MASTER);
    common.push(owner === undefined ? bare : withPersonal(bare, personalOf(owner)));
  }
  const others = sent.root.components.filter(({ name }) => name !== sent.component);
  const isEmpty = personal.every(({ properties, components }) => components.length === 0 && properties.every((property) => !isPersonal(property)));
  return {
    common: sent.edited(withComponents(sent.root, [...others, ...common])),
    patch: isEmpty ? undefined : serialize(makeComponent('VCALENDAR', [], personal)),
  };
}

/**
 * What somebody other than the owner reads. Without a patch: nothing that is the owner's own, and an all-day event without TRANSP is transparent. Instances that
 * only the patch tells apart get an override, while they exist.
 */
export function applyPersonal(stored: CalendarObject, patch: Uint8Array | undefined): CalendarObject {
  const series = readSeries(stored);
  const parsed = patch === undefined ? undefined : parse(patch).object;
  const mine = new Map(parsed === undefined ? [] : readSeries(parsed).parts.map((part) => [keyOf(part), part]));
  const master = mine.get(MASTER);
  const parts = series.parts.map((part) => {
    const own = mine.get(keyOf(part)) ?? master;
    mine.delete(keyOf(part));
    const seen = withPersonal(commonOf(part.component), own === undefined ? NOTHING : personalOf(own.component));
    return parsed === undefined ? withDefault(seen, part) : seen;
  });
  for (const { component, recurrenceId } of mine.values()) {
    const derived = recurrenceId === undefined ? undefined : deriveFrom(series, recurrenceId.at);
    if (derived !== undefined) parts.push(withPersonal(commonOf(derived), personalOf(component)));
  }
  const others = stored.root.components.filter(({ name }) => name !== stored.component);
  return stored.edited(withComponents(stored.root, [...others, ...parts]));
}

/** Rule 1.14 of the server we re-create. */
function withDefault(component: Component, { start }: Part): Component {
  if (component.name !== 'VEVENT' || start?.kind !== 'date') return component;
  return withProperties(component, [...component.properties, makeProperty('TRANSP', 'TRANSPARENT')]);
}

const MASTER = 'master';
const keyOf = ({ recurrenceId }: Part): string => (recurrenceId === undefined ? MASTER : String(recurrenceId.at));

function byInstance({ parts }: Series): Map<string, Component> {
  return new Map(parts.map((part) => [keyOf(part), part.component]));
}

/** RECURRENCE-ID as a date, floating or in UTC, so that the patch needs no VTIMEZONE. */
function patchPart({ component, recurrenceId }: Part, { properties, components }: Personal): Component {
  const id = recurrenceId === undefined ? [] : [timeProperty('RECURRENCE-ID', clockOf(recurrenceId), recurrenceId.at)];
  return makeComponent(component.name, [...id, ...properties], components);
}

function isDerived(bare: Component, { recurrenceId }: Part, series: Series): boolean {
  const derived = recurrenceId === undefined ? undefined : deriveFrom(series, recurrenceId.at);
  return derived !== undefined && meaning(commonOf(derived)) === meaning(bare);
}

/** One text per meaning; stamps of writing aside. */
function meaning({ properties, components }: Component): string {
  const lasting = properties.filter(({ name }) => !STAMPS.has(name));
  const lines = lasting.map(({ name, parameters, value }) => `${name} ${JSON.stringify([...parameters])} ${value}`);
  return JSON.stringify([lines.sort(), components.map(meaning).sort()]);
}
const STAMPS: ReadonlySet<string> = new Set(['DTSTAMP', 'CREATED', 'LAST-MODIFIED', 'SEQUENCE']);
