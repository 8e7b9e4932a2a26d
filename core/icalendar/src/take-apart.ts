/**
 * A body that holds many objects, as a client sends it in one request, to what each would have been in a request of its own: one VCALENDAR for each UID, with the
 * properties of the whole and the time zones that it names. A broken object costs itself and no other.
 *
 * Decides nothing about the objects (two masters, no UID): that is `readObject`'s. Repairs nothing; imports, which do, are `split.ts`.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Component } from './component.ts';
import { findProperty, makeComponent } from './component.ts';
import { fromJcal } from './jcal.ts';
import { MAX_IMPORT_OCTETS } from './limits.ts';
import type { Problem } from './problem.ts';
import { scanInSteps } from './scan.ts';
import type { Scan } from './scan.ts';
import { readText } from './values.ts';
import { zonesByTzid, zonesOfParts } from './zone-references.ts';

/** One object, or why its part of the body cannot be one. */
export interface Piece {
  /** Undefined where it has none. */ readonly uid: string | undefined;
  /** A VCALENDAR; `serialize` writes it, in the octets of its lines where they came as text. */ readonly calendar?: Component;
  readonly problem?: Problem;
}
/** In the order of their first components. One of both: a body that is none as a whole has a problem. */
export type Pieces = { readonly pieces: readonly Piece[]; readonly problem?: undefined } | { readonly pieces?: undefined; readonly problem: Problem };

const LIMITS = { octets: MAX_IMPORT_OCTETS, components: 1_000_000, properties: 8_000_000, recover: true };
/** Some milliseconds of reading; then others have their turn. */
const STEP_OCTETS = 131_072;

/** `json`: jCal (RFC 7265). Never throws. */
export async function takeApart(octets: Uint8Array, format: 'text' | 'json'): Promise<Pieces> {
  return format === 'json' ? apartJson(octets) : apartText(await scanned(octets));
}

async function scanned(octets: Uint8Array): Promise<Scan> {
  const steps = scanInSteps(octets, LIMITS, STEP_OCTETS);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    await nextTurn();
  }
}

function apartText({ roots, loose, damaged }: Scan): Pieces {
  if (loose !== undefined) return { problem: loose };
  const pieces: Piece[] = [];
  for (const root of roots) {
    if (root.name !== 'VCALENDAR') return { problem: whole(`${root.name} where VCALENDAR was expected`, 'RFC 5545 §3.4') };
    const grouping = new Grouping(root.properties, zonesByTzid(root), damaged);
    for (const component of root.components) if (component.name !== 'VTIMEZONE') grouping.add(component, uidOf(component), damaged.get(component));
    pieces.push(...grouping.pieces());
  }
  return pieces.length === 0 ? { problem: whole('no component but time zones', 'RFC 5545 §3.6') } : { pieces };
}

function apartJson(octets: Uint8Array): Pieces {
  try {
    const jcal: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets));
    const [name, properties, components] = Array.isArray(jcal) ? (jcal as readonly unknown[]) : [];
    if (name !== 'vcalendar' || !Array.isArray(components)) return { problem: whole('a calendar is ["vcalendar", [properties], [components]]', 'RFC 7265 §3.3') };
    const zones = (components as readonly unknown[]).filter(isZone);
    const root = fromJcal([name, properties, zones]);
    const grouping = new Grouping(root.properties, zonesByTzid(root), new Map());
    for (const child of components as readonly unknown[]) if (!isZone(child)) addJson(grouping, child);
    const pieces = grouping.pieces();
    return pieces.length === 0 ? { problem: whole('no component but time zones', 'RFC 5545 §3.6') } : { pieces };
  } catch (error) {
    return { problem: whole(error instanceof Error ? error.message : 'not jCal', 'RFC 7265 §3') };
  }
}

const isZone = (jcal: unknown): boolean => Array.isArray(jcal) && String(jcal[0]).toLowerCase() === 'vtimezone';

function addJson(grouping: Grouping, jcal: unknown): void {
  try {
    const component = fromJcal(jcal, 1);
    grouping.add(component, uidOf(component), undefined);
  } catch (error) {
    grouping.add(undefined, jsonUid(jcal), whole(error instanceof Error ? error.message : 'not jCal', 'RFC 7265 §3.4'));
  }
}

/** Of what could not be read as a whole. */
function jsonUid(jcal: unknown): string | undefined {
  const properties: unknown = Array.isArray(jcal) ? jcal[1] : undefined;
  const uid: unknown = Array.isArray(properties) ? properties.find((property) => Array.isArray(property) && property[0] === 'uid') : undefined;
  return Array.isArray(uid) && typeof uid[3] === 'string' ? uid[3] : undefined;
}

interface Group { readonly uid: string | undefined; readonly parts: Component[]; problem: Problem | undefined }

/** What belongs together, by UID; what has none stands alone. */
class Grouping {
  readonly #header: Component['properties'];
  readonly #zones: ReadonlyMap<string, Component>;
  readonly #damaged: ReadonlyMap<Component, Problem>;
  readonly #groups: Group[] = [];
  readonly #byUid = new Map<string, Group>();

  constructor(header: Component['properties'], zones: ReadonlyMap<string, Component>, damaged: ReadonlyMap<Component, Problem>) {
    this.#header = header;
    this.#zones = zones;
    this.#damaged = damaged;
  }

  /** An object of which one part is broken is broken: the rest of it would say something else. */
  add(component: Component | undefined, uid: string | undefined, problem: Problem | undefined): void {
    let group = uid === undefined ? undefined : this.#byUid.get(uid);
    if (group === undefined) {
      this.#groups.push(group = { uid, parts: [], problem: undefined });
      if (uid !== undefined) this.#byUid.set(uid, group);
    }
    if (component !== undefined) group.parts.push(component);
    group.problem ??= problem;
  }

  pieces(): readonly Piece[] {
    return this.#groups.map(({ uid, parts, problem }): Piece => {
      if (problem !== undefined) return { uid, problem };
      const zones = zonesOfParts(parts, this.#zones);
      const broken = zones.find((zone) => this.#damaged.has(zone));
      return broken === undefined ? { uid, calendar: makeComponent('VCALENDAR', this.#header, [...zones, ...parts]) } : { uid, problem: this.#damaged.get(broken)! };
    });
  }
}

function uidOf(component: Component): string | undefined {
  const uid = readText(findProperty(component, 'UID')?.value ?? '').trim();
  return uid === '' ? undefined : uid;
}

const whole = (message: string, rule: string): Problem => ({ kind: 'valid-calendar-data', rule, message });
