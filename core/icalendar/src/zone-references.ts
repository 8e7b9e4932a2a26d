/**
 * Time zones by reference (RFC 7809): taking out the VTIMEZONEs that everybody can look up by name, and putting them back for those who need the whole object
 * (mail, exports, clients that ask for them). On trees, and on octets as they are sent: there by looking at lines, without parsing.
 */
import type { CalendarObject } from './calendar-object.ts';
import type { Component } from './component.ts';
import { findProperty, makeProperty, setProperty, withComponents } from './component.ts';
import { MAX_ADDED_ZONES } from './limits.ts';
import { parse } from './parse.ts';
import { serialize } from './serialize.ts';
import { readText, writeText } from './values.ts';
import { offsetZone, vtimezoneText, zoneName } from './zones.ts';
import { formatOffset } from './time.ts';

/** TZIDs that some property names. */
export function namedZones(component: Component, found = new Set<string>()): ReadonlySet<string> {
  for (const { parameters } of component.properties) for (const tzid of parameters.get('TZID') ?? []) found.add(tzid);
  for (const child of component.components) if (child.name !== 'VTIMEZONE') namedZones(child, found);
  return found;
}

const tzidOf = (definition: Component): string => readText(findProperty(definition, 'TZID')?.value ?? '');

/** The VTIMEZONEs of a VCALENDAR by their TZID; the first where two have the same. */
export function zonesByTzid(root: Component): ReadonlyMap<string, Component> {
  const zones = new Map<string, Component>();
  for (const child of root.components) if (child.name === 'VTIMEZONE' && !zones.has(tzidOf(child))) zones.set(tzidOf(child), child);
  return zones;
}

/** Those of `zones` that the components name. */
export function zonesOfParts(parts: readonly Component[], zones: ReadonlyMap<string, Component>): readonly Component[] {
  const names = new Set<string>();
  for (const part of parts) namedZones(part, names);
  return [...names].flatMap((tzid) => zones.get(tzid) ?? []);
}

/** Without the VTIMEZONEs whose TZID is a name or link of the IANA database: the same instance when there is none. Other names need their definition. */
export function withoutKnownZones(object: CalendarObject): CalendarObject {
  const kept = object.root.components.filter((component) => component.name !== 'VTIMEZONE' || !isIana(tzidOf(component)));
  return kept.length === object.root.components.length ? object : object.edited(withComponents(object.root, kept));
}

/** A Windows name or a vendor's path is known to us, but not to everybody. */
function isIana(tzid: string): boolean {
  return zoneName(tzid) !== undefined && /^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)*$/.test(tzid) && vtimezoneText(tzid) !== undefined;
}

/** With a VTIMEZONE of ours for every named zone that has none and that we know: the same instance when none is missing. */
export function withZones(object: CalendarObject): CalendarObject {
  const { root } = object;
  const present = new Set(root.components.filter(({ name }) => name === 'VTIMEZONE').map(tzidOf));
  const missing = [...namedZones(root)].filter((tzid) => !present.has(tzid)).slice(0, MAX_ADDED_ZONES).flatMap((tzid) => definitionOf(tzid) ?? []);
  return missing.length === 0 ? object : object.edited(withComponents(root, [...missing, ...root.components]));
}

/** Whether it defines some of the zones that it names and not others that we know: what never happens to an object that is written as RFC 5545 §3.6.5 wants. */
export function definesHalf(object: CalendarObject): boolean {
  return object.root.components.some(({ name }) => name === 'VTIMEZONE') && withZones(object) !== object;
}

function definitionOf(tzid: string): Component | undefined {
  const name = vtimezoneText(tzid) === undefined ? zoneName(tzid) : tzid;
  const text = name === undefined ? fixedText(tzid) : vtimezoneText(name);
  const definition = text === undefined ? undefined : parse(Buffer.from(`BEGIN:VCALENDAR\r\n${text}END:VCALENDAR\r\n`)).object?.root.components[0];
  return definition === undefined || name === tzid ? definition : setProperty(definition, 'TZID', makeProperty('TZID', writeText(tzid)));
}

/** For what is read as nothing but an offset. */
function fixedText(tzid: string): string | undefined {
  const offset = offsetZone(tzid)?.offsetAt(0);
  if (offset === undefined) return undefined;
  const always = formatOffset(offset);
  return `BEGIN:VTIMEZONE\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:${always}\r\nTZOFFSETTO:${always}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n`;
}

/** The same as text, from BEGIN to END. Undefined for what we do not know. */
function definitionText(tzid: string): string | undefined {
  const text = vtimezoneText(tzid);
  if (text !== undefined) return text;
  const definition = definitionOf(tzid);
  return definition === undefined ? undefined : Buffer.from(serialize(definition)).toString('latin1');
}

const WORD = Buffer.from('TZID');

/**
 * Octets of an object, with a VTIMEZONE for each zone that it names and does not define (RFC 7809, CalDAV-Timezones: T): the same array where none is missing. Stored ones
 * define all or none (`definesHalf`), so that one look for one word mostly tells.
 */
export function octetsWithZones(body: Uint8Array): Uint8Array {
  const at: number = Buffer.prototype.indexOf.call(body, WORD);
  // At the beginning of a line it is a definition's own.
  if (at < 0 || body[at - 1] === LINE_FEED) return body;
  const text = latin1(body);
  const defined = new Set(Array.from(definitionsIn(text), ({ definition }) => definedIn(definition)));
  const missing = namesIn(text).filter((tzid) => !defined.has(tzid)).slice(0, MAX_ADDED_ZONES).flatMap((tzid) => definitionText(tzid) ?? []);
  const into = text.search(FIRST_COMPONENT) + 1;
  return missing.length === 0 || into === 0 ? body : Buffer.concat([body.subarray(0, into), Buffer.from(missing.join(''), 'latin1'), body.subarray(into)]);
}
const LINE_FEED = 0x0a;
const FIRST_COMPONENT = /\nBEGIN:/i;

/** Octets of an object without the VTIMEZONEs that `withoutKnownZones` takes out (CalDAV-Timezones: F): the same array where there is none. */
export function octetsWithoutKnownZones(body: Uint8Array): Uint8Array {
  if (Buffer.prototype.indexOf.call(body, WORD) < 0) return body;
  const kept: Uint8Array[] = [];
  let from = 0;
  for (const { definition, at } of definitionsIn(latin1(body))) {
    if (!isIana(definedIn(definition))) continue;
    kept.push(body.subarray(from, at));
    from = at + definition.length;
  }
  if (from === 0) return body;
  kept.push(body.subarray(from));
  return Buffer.concat(kept);
}

/** From line to line, where LF alone ends one, as in `scan.ts`. One without an end is the last: each octet is looked at twice at most. */
function* definitionsIn(text: string): Generator<{ readonly definition: string; readonly at: number }> {
  const [begin, end] = [/(?<![^\n])BEGIN:VTIMEZONE[ \t]*\r?\n/gi, /(?<![^\n])END:VTIMEZONE[ \t]*(?:\r?\n|$)/gi];
  for (let opened = begin.exec(text); opened !== null; opened = begin.exec(text)) {
    end.lastIndex = begin.lastIndex;
    if (end.exec(text) === null) return;
    yield { definition: text.slice(opened.index, end.lastIndex), at: opened.index };
    begin.lastIndex = end.lastIndex;
  }
}

/** The TZID of a VTIMEZONE as text, in ASCII. */
function definedIn(definition: string): string {
  return readText(/\nTZID(?:;[^:\r\n]*)?:([^\r\n]*)/i.exec(unfolded(definition))?.[1]?.trim() ?? '');
}

/** TZIDs that are parameters of some line, each once; not those that stand in a value. */
function namesIn(text: string): readonly string[] {
  const names = new Set<string>();
  for (const line of unfolded(text).split('\n')) {
    if (!/;TZID=/i.test(line)) continue;
    for (const parameter of parametersOf(line)) if (/^TZID=/i.test(parameter)) names.add(parameter.slice('TZID='.length).replace(/^"(.*)"$/, '$1'));
  }
  return [...names];
}

/** What stands between semicolons before the colon, in quotes neither of them counts: the first is the property's name. Each character is looked at once. */
function parametersOf(line: string): readonly string[] {
  const parts: string[] = [];
  let quoted = false;
  let from = 0;
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at];
    if (character === '"') quoted = !quoted;
    if (quoted || (character !== ';' && character !== ':')) continue;
    parts.push(line.slice(from, at));
    from = at + 1;
    if (character === ':') break;
  }
  return parts;
}

const unfolded = (text: string): string => (FOLDED.test(text) ? text.replace(FOLDS, '') : text);
const FOLDED = /\n[ \t]/;
const FOLDS = /\r?\n[ \t]/g;

/** One character an octet, so that places in the text are places in the octets. */
const latin1 = ({ buffer, byteOffset, length }: Uint8Array): string => Buffer.from(buffer, byteOffset, length).toString('latin1');
