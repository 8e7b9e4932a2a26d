/**
 * A calendar object resource (RFC 4791 §4.1) as the rest of the house holds it: opaque to the contracts (`CalendarHandle`), a tree to this package and to
 * scheduling. Made by `parse.ts`, edited by giving it another tree; its octets are the client's until then, and written once when asked for afterwards.
 */
import type { CalendarHandle, ComponentKind } from '@kalends/contracts';
import type { Component } from './component.ts';
import { findProperty } from './component.ts';
import { serialize } from './serialize.ts';
import { readText } from './values.ts';

export const COMPONENT_KINDS: readonly ComponentKind[] = ['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY', 'VAVAILABILITY', 'VPOLL'];
const KINDS: ReadonlySet<string> = new Set(COMPONENT_KINDS);

export function isComponentKind(name: string): name is ComponentKind {
  return KINDS.has(name);
}

export class CalendarObject implements CalendarHandle {
  /** The first UID found; empty where there is none (`validate` refuses that). */
  readonly uid: string;
  /** The kind of the first component that is one; VEVENT where there is none (`validate` refuses that). */
  readonly component: ComponentKind;
  /** The VCALENDAR. */
  readonly root: Component;
  #octets: Uint8Array | undefined;

  /** `octets`: what `root` was read from. Absent for a tree that was made or edited. */
  constructor(root: Component, octets?: Uint8Array) {
    this.root = root;
    this.#octets = octets;
    const main = root.components.find((child) => KINDS.has(child.name));
    this.component = main !== undefined && isComponentKind(main.name) ? main.name : 'VEVENT';
    const uid = main === undefined ? undefined : findProperty(main, 'UID');
    this.uid = uid === undefined ? '' : readText(uid.value);
  }

  /** RFC 5545 text in UTF-8; the client's own octets (less a byte order mark) unless edited. */
  get octets(): Uint8Array {
    this.#octets ??= serialize(this.root);
    return this.#octets;
  }

  /** The components that carry the UID: master and overrides, in the order of the text; no VTIMEZONE. */
  get parts(): readonly Component[] {
    return this.root.components.filter((child) => child.name === this.component);
  }

  /** The component without RECURRENCE-ID, if the object has it (overrides alone are valid: RFC 4791 §4.1). */
  get master(): Component | undefined {
    return this.parts.find((part) => findProperty(part, 'RECURRENCE-ID') === undefined);
  }

  get overrides(): readonly Component[] {
    return this.parts.filter((part) => findProperty(part, 'RECURRENCE-ID') !== undefined);
  }

  /** The same object with another tree; the octets are written when asked for. */
  edited(root: Component): CalendarObject {
    return root === this.root ? this : new CalendarObject(root);
  }
}
