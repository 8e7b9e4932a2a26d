/**
 * The IANA zones that we carry, by name: the text of `zone-data/iana.ts` is split into lines when the first zone is asked for (under 2 ms) and each zone is worked
 * out when it is first used (some 100 µs), then kept; there are a few hundred.
 */
import { parseRule, isProblem } from './recurrence-rule.ts';
import { makePlan } from './recurrence-plan.ts';
import { DAY, daysFromCivil } from './time.ts';
import { IANA } from './zone-data/iana.ts';
import { historyOf, readRuleLine, readZoneLine, type History, type RuleLine, type ZoneLine } from './zones-history.ts';
import { zoneFromTable, type OpenObservance } from './zones-table.ts';
import { observancesOf, vtimezoneLines, type PublishedObservance } from './zones-vtimezone.ts';
import type { Zone } from './zones.ts';

interface Index {
  readonly version: string;
  readonly date: string;
  /** The text of each zone: its first line without `Z name`, and those that follow. */
  readonly zones: ReadonlyMap<string, readonly string[]>;
  readonly links: ReadonlyMap<string, string>;
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  readonly rules: ReadonlyMap<string, readonly string[]>;
}

/** The table says each change up to here by itself; later ones come from the rules. */
const TABLE_UNTIL = 2037;

let index: Index | undefined;
const zones = new Map<string, Zone>();
/** At most as many as there are names, 1.5 MB. */
const texts = new Map<string, string>();
/** Rules are shared by many zones. */
const ruleLines = new Map<string, readonly RuleLine[]>();

/** Read once, from the text in this package: a constant, worked out late. */
function data(): Index {
  return (index ??= readIndex(IANA));
}

function readIndex(text: string): Index {
  const zones = new Map<string, string[]>();
  const links = new Map<string, string>();
  const rules = new Map<string, string[]>();
  let open: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('R ')) {
      const name = line.slice(2, line.indexOf(' ', 2));
      const list = rules.get(name);
      if (list === undefined) rules.set(name, [line]);
      else list.push(line);
    } else if (line.startsWith('Z ')) {
      const end = line.indexOf(' ', 2);
      open = [line.slice(end + 1)];
      zones.set(line.slice(2, end), open);
    } else if (line.startsWith('L ')) {
      const [, target = '', name = ''] = line.split(' ');
      links.set(name, target);
    } else if (line !== '' && !line.startsWith('#')) open.push(line);
  }
  for (const [name, target] of links) links.set(name, finalTarget(links, target));
  const aliases = new Map<string, string[]>();
  for (const name of [...links.keys()].sort()) {
    const target = links.get(name)!;
    const list = aliases.get(target);
    if (list === undefined) aliases.set(target, [name]);
    else list.push(name);
  }
  return { version: /^# version (\S+)/.exec(text)?.[1] ?? '', date: /^# date (\S+)/m.exec(text)?.[1] ?? '', zones, links, aliases, rules };
}

function finalTarget(links: ReadonlyMap<string, string>, name: string): string {
  for (let target: string | undefined = name; target !== undefined; target = links.get(name)) name = target;
  return name;
}

export const ianaVersion = (): string => data().version;
export const ianaDate = (): string => data().date;
export const ianaNames = (): readonly string[] => [...data().zones.keys()].sort();
export const ianaAliases = (name: string): readonly string[] => data().aliases.get(name) ?? [];
/** All names and links, in no order. */
export const ianaAllNames = (): readonly string[] => [...data().zones.keys(), ...data().links.keys()];
/** The name that a name or link stands for. */
export const ianaName = (name: string): string | undefined => (data().zones.has(name) ? name : data().links.get(name));

/** By name, not by link. */
export function ianaZone(name: string): Zone {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = workOut(name);
    zones.set(name, zone);
  }
  return zone;
}

function linesOf(name: string): readonly ZoneLine[] {
  return (data().zones.get(name) ?? []).map((line) => readZoneLine(line, rulesOf));
}

function rulesOf(name: string): readonly RuleLine[] {
  let lines = ruleLines.get(name);
  if (lines === undefined) {
    lines = (data().rules.get(name) ?? []).map(readRuleLine);
    ruleLines.set(name, lines);
  }
  return lines;
}

/** After the last year that a rule names, so that what is left repeats for ever. */
function lastYearOf(lines: readonly ZoneLine[]): number {
  const years = (lines[lines.length - 1]?.rules ?? []).map(({ firstYear, lastYear }) => (lastYear === Infinity ? firstYear : lastYear));
  return Math.max(TABLE_UNTIL, ...years.map((year) => year + 1));
}

/** Of a name that is no link: all onsets, those of rules without end up to and including `lastYear`, which is `year` or later. */
export function ianaHistory(name: string, year = 0): { readonly history: History; readonly lastYear: number } {
  const lines = linesOf(name);
  const lastYear = Math.max(lastYearOf(lines), year);
  return { history: historyOf(lines, lastYear), lastYear };
}

function workOut(name: string): Zone {
  const { history, lastYear } = ianaHistory(name);
  const endless = history.onsets.filter(({ cause }) => cause?.rule.lastYear === Infinity);
  const open = endless.length === 0 ? [] : observancesOf({ ...history, onsets: endless }, lastYear).filter((observance) => observance.open).map(openObservance);
  return zoneFromTable({ id: name, onsets: history.onsets, before: history.before, open, horizon: daysFromCivil(lastYear + 1, 1, 1) * DAY });
}

function openObservance({ rule, start, from, to }: PublishedObservance): OpenObservance {
  const parsed = parseRule(rule ?? '');
  if (isProblem(parsed)) throw new RangeError(`zone data: ${parsed.problem}`);
  return { plan: makePlan(parsed, { start, kind: 'floating', zone: undefined }), from, to };
}

/** With the name or link as its TZID; made once, since objects are sent with it again and again. Undefined when it is neither. */
export function ianaVtimezone(tzid: string): string | undefined {
  const name = ianaName(tzid);
  let text = texts.get(tzid);
  if (text === undefined && name !== undefined) {
    const { history, lastYear } = ianaHistory(name);
    text = vtimezoneLines(tzid, observancesOf(history, lastYear));
    texts.set(tzid, text);
  }
  return text;
}
