/**
 * The tree of an iCalendar object (RFC 5545 §3.4, §3.5): components with properties and components. Immutable: an edit makes a new tree that shares what
 * did not change. What came from octets remembers where it stood, so that writing an edited tree copies the untouched lines bit for bit (`serialize.ts`).
 *
 * Knows no value types: a property's value is text as written. See `values.ts`.
 */

/** Where a component or property stands in the octets it was read from. */
export interface Source {
  readonly document: Document;
  /** Octet offsets: from the first octet of its first line to behind the line break of its last. */
  readonly from: number;
  readonly to: number;
  /** From 1. */
  readonly line: number;
}
/** The octets that were read. */
export interface Document {
  readonly octets: Uint8Array;
  /** Valid UTF-8 and every line break CRLF: lines may be copied into what we write. */
  readonly copyable: boolean;
  /** Valid UTF-8: a content line may be copied once its breaks are set right. */
  readonly utf8: boolean;
}

/** By name in capitals; values without quotes, RFC 6868 sequences decoded. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

export interface Property {
  /** In capitals. */
  readonly name: string;
  readonly parameters: Parameters;
  /** Unfolded, as written: TEXT is still escaped. */
  readonly value: string;
  readonly source?: Source;
}

export interface Component {
  /** In capitals. */
  readonly name: string;
  readonly properties: readonly Property[];
  readonly components: readonly Component[];
  readonly source?: Source;
}

const NONE: Parameters = new Map();

/** Of what we write (RFC 5545 §3.7.3). */
export const PRODID = '-//Kalends//Kalends//EN';

/** A property that did not come from octets. `value` must be as written: escaped where its type asks for it. */
export function makeProperty(name: string, value: string, parameters: Parameters | Readonly<Record<string, string>> = NONE): Property {
  if (parameters instanceof Map) return { name: name.toUpperCase(), parameters: parameters as Parameters, value };
  const entries = Object.entries(parameters as Readonly<Record<string, string>>);
  return { name: name.toUpperCase(), parameters: new Map(entries.map(([key, text]) => [key.toUpperCase(), [text]])), value };
}

export function makeComponent(name: string, properties: readonly Property[], components: readonly Component[] = []): Component {
  return { name: name.toUpperCase(), properties, components };
}

/** The first property of that name (in capitals). */
export function findProperty(component: Component, name: string): Property | undefined {
  for (const property of component.properties) if (property.name === name) return property;
  return undefined;
}

export function findProperties(component: Component, name: string): readonly Property[] {
  return component.properties.filter((property) => property.name === name);
}

export function findComponents(component: Component, name: string): readonly Component[] {
  return component.components.filter((child) => child.name === name);
}

/** The first value of a parameter (name in capitals). */
export function parameter(property: Property, name: string): string | undefined {
  return property.parameters.get(name)?.[0];
}

/** With other properties; the components stay. */
export function withProperties(component: Component, properties: readonly Property[]): Component {
  return { name: component.name, properties, components: component.components };
}

export function withComponents(component: Component, components: readonly Component[]): Component {
  return { name: component.name, properties: component.properties, components };
}

/** Replaces the first property of that name where it stands, drops others of that name, appends where there is none; `undefined` removes all. */
export function setProperty(component: Component, name: string, property: Property | undefined): Component {
  let pending = property;
  const properties: Property[] = [];
  for (const old of component.properties) {
    if (old.name !== name) properties.push(old);
    else if (pending !== undefined) {
      properties.push(pending);
      pending = undefined;
    }
  }
  if (pending !== undefined) properties.push(pending);
  return withProperties(component, properties);
}

/** The same property with one parameter set (or, with `undefined`, removed). */
export function setParameter(property: Property, name: string, value: string | readonly string[] | undefined): Property {
  const parameters = new Map(property.parameters);
  if (value === undefined) parameters.delete(name);
  else parameters.set(name, typeof value === 'string' ? [value] : value);
  return { name: property.name, parameters, value: property.value };
}
