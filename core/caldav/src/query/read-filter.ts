/**
 * CALDAV:filter (RFC 4791 §9.7) from XML to the typed filter that `icalendar` answers. Everything that breaks the grammar is CALDAV:valid-filter; a
 * collation that nobody here knows is CALDAV:supported-collation (§7.8). Pure; knows no calendars.
 */
import type { TimeRange, XmlNode } from '@kalends/contracts';
import { COLLATIONS, COMPONENT_KINDS, MATCH_TYPES } from '@kalends/icalendar';
import type { Collation, ComponentFilter, ParameterFilter, PropertyFilter, TextMatch } from '@kalends/icalendar';
import { CALDAV } from '@kalends/webdav';
import { supportedCollation, validFilter } from '../preconditions.ts';
import { checkParts } from './request-size.ts';
import { openRange } from './time-range.ts';

/** The `comp-filter` of VCALENDAR. Throws CALDAV:valid-filter, CALDAV:supported-collation. */
export function readFilter(filter: XmlNode): ComponentFilter {
  checkParts(filter);
  const tops = elements(filter, ['comp-filter']);
  const top = tops[0];
  if (top === undefined || tops.length !== 1) throw validFilter('a filter holds exactly one comp-filter');
  const read = componentFilter(top, undefined);
  if (read.name !== 'VCALENDAR') throw validFilter('the outermost comp-filter names VCALENDAR');
  if (read.range !== undefined) throw validFilter('VCALENDAR has no time of its own to compare with a time-range');
  return read;
}

/** What stands directly in a VCALENDAR and nowhere else (RFC 5545 §3.6). */
const OUTER: ReadonlySet<string> = new Set([...COMPONENT_KINDS, 'VTIMEZONE']);

function componentFilter(node: XmlNode, parent: string | undefined): ComponentFilter {
  const children = elements(node, ['is-not-defined', 'time-range', 'prop-filter', 'comp-filter']);
  const name = nameOf(node);
  if (parent !== undefined && (name === 'VCALENDAR' || (OUTER.has(name) && parent !== 'VCALENDAR'))) throw validFilter(`${name} is never inside ${parent}`);
  if (isAbsent(node, children)) return { name, absent: true, properties: [], components: [] };
  const range = rangeOf(node, children);
  return {
    name, ...(range === undefined ? {} : { range }), ...anyOf(node),
    properties: named(children, 'prop-filter').map(propertyFilter),
    components: named(children, 'comp-filter').map((child) => componentFilter(child, name)),
  };
}

/** Properties with a time; those of other programs (X-) may have one. */
const TIMES: ReadonlySet<string> = new Set([
  'COMPLETED', 'CREATED', 'DTEND', 'DTSTAMP', 'DTSTART', 'DUE', 'LAST-MODIFIED', 'RECURRENCE-ID', 'EXDATE', 'RDATE', 'FREEBUSY', 'TRIGGER', 'ACKNOWLEDGED',
]);

function propertyFilter(node: XmlNode): PropertyFilter {
  const children = elements(node, ['is-not-defined', 'time-range', 'text-match', 'param-filter']);
  const name = nameOf(node);
  if (isAbsent(node, children)) return { name, absent: true, parameters: [] };
  const range = rangeOf(node, children);
  const text = textOf(node, children);
  // §7.8 names this for SUMMARY.
  if (range !== undefined && !TIMES.has(name) && !name.startsWith('X-')) throw validFilter(`${name} has no time to compare with a time-range`);
  if (range !== undefined && text !== undefined) throw validFilter('a prop-filter has a time-range or a text-match, not both');
  return {
    name, ...(range === undefined ? {} : { range }), ...(text === undefined ? {} : { text }), ...anyOf(node),
    parameters: named(children, 'param-filter').map(parameterFilter),
  };
}

function parameterFilter(node: XmlNode): ParameterFilter {
  const children = elements(node, ['is-not-defined', 'text-match']);
  const name = nameOf(node);
  if (isAbsent(node, children)) return { name, absent: true };
  const text = textOf(node, children);
  return text === undefined ? { name } : { name, text };
}

/** RFC 4791 §9.7.5; the default collation is i;ascii-casemap. */
function textMatch(node: XmlNode): TextMatch {
  const collation = node.attribute('collation') ?? 'i;ascii-casemap';
  const negate = node.attribute('negate-condition') ?? 'no';
  if (negate !== 'yes' && negate !== 'no') throw validFilter('negate-condition is yes or no');
  // RFC 4790 §3.1: "default" is the protocol's own.
  const known = collation === 'default' ? 'i;ascii-casemap' : COLLATIONS.find((one) => one === collation);
  if (known === undefined) throw supportedCollation(`unknown collation "${collation.slice(0, 60)}"`);
  const how = node.attribute('match-type') ?? 'contains';
  const type = MATCH_TYPES.find((one) => one === how);
  if (type === undefined) throw validFilter(`match-type is ${MATCH_TYPES.join(', ')}`);
  return { text: node.text, collation: known satisfies Collation, negate: negate === 'yes', ...(type === 'contains' ? {} : { how: type }) };
}

/** calendarserver's calendar-query-extended: whether one condition suffices. */
function anyOf(node: XmlNode): { readonly any?: true } {
  const test = node.attribute('test') ?? 'allof';
  if (test !== 'anyof' && test !== 'allof') throw validFilter('test is anyof or allof');
  return test === 'anyof' ? { any: true } : {};
}

/** The children of CalDAV's namespace. Those of others may be there (§9: DTDs are not validated); an unknown one of CalDAV's would be ignored wrongly. */
function elements(node: XmlNode, allowed: readonly string[]): readonly XmlNode[] {
  const ours = node.children.filter(({ name }) => name.ns === CALDAV);
  const odd = ours.find(({ name }) => !allowed.includes(name.local));
  if (odd !== undefined) throw validFilter(`${odd.name.local} has no place in ${node.name.local}`);
  return ours;
}

const named = (nodes: readonly XmlNode[], local: string): readonly XmlNode[] => nodes.filter(({ name }) => name.local === local);

function nameOf(node: XmlNode): string {
  const name = node.attribute('name');
  if (name === undefined || !/^[A-Za-z0-9-]+$/.test(name)) throw validFilter(`${node.name.local} needs a name`);
  return name.toUpperCase();
}

function isAbsent(node: XmlNode, children: readonly XmlNode[]): boolean {
  const absent = named(children, 'is-not-defined').length > 0;
  if (absent && children.length > 1) throw validFilter(`is-not-defined stands alone in ${node.name.local}`);
  return absent;
}

function rangeOf(node: XmlNode, children: readonly XmlNode[]): TimeRange | undefined {
  const only = single(node, named(children, 'time-range'));
  return only === undefined ? undefined : openRange(only);
}

function textOf(node: XmlNode, children: readonly XmlNode[]): TextMatch | undefined {
  const only = single(node, named(children, 'text-match'));
  return only === undefined ? undefined : textMatch(only);
}

function single(parent: XmlNode, nodes: readonly XmlNode[]): XmlNode | undefined {
  if (nodes.length > 1) throw validFilter(`${parent.name.local} holds one ${nodes[0]!.name.local} at most`);
  return nodes[0];
}
