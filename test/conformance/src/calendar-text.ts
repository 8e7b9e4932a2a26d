/**
 * iCalendar and jCal as trees of content lines, and one spelling for what means the same (order of properties, folding, escapes, the order of a rule's parts,
 * lists on one line or several). Just enough to compare two objects; it judges the server's own parser and so shares nothing with it.
 */
export interface ContentLine { readonly name: string; readonly parameters: ReadonlyMap<string, readonly string[]>; readonly value: string }
export interface CalendarNode { readonly name: string; readonly lines: readonly ContentLine[]; readonly components: readonly CalendarNode[] }

const LINE = /^([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)$/s;
const PARAMETER = /;([A-Za-z0-9-]+)=((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)/g;
const LISTS = new Set(['EXDATE', 'RDATE', 'FREEBUSY']);
const RULES = new Set(['RRULE', 'EXRULE']);
const DURATIONS = new Set(['DURATION', 'TRIGGER', 'REFRESH-INTERVAL']);
const DEFAULT_TYPES: Readonly<Record<string, string>> = { DTSTART: 'DATE-TIME', DTEND: 'DATE-TIME', DUE: 'DATE-TIME', EXDATE: 'DATE-TIME', RDATE: 'DATE-TIME', 'RECURRENCE-ID': 'DATE-TIME', TRIGGER: 'DURATION', ATTACH: 'URI' };

/** @throws Error when it is not one VCALENDAR */
export function parseCalendar(text: string): CalendarNode {
  const open: { name: string; lines: ContentLine[]; components: CalendarNode[] }[] = [];
  let root: CalendarNode | undefined;
  for (const line of text.replace(/^\uFEFF/, '').replaceAll(/\r?\n[ \t]/g, '').split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const read = parseLine(line);
    if (read.name === 'BEGIN') {
      const component = { name: read.value.trim().toUpperCase(), lines: [], components: [] };
      open.at(-1)?.components.push(component);
      if (open.length === 0) {
        if (root !== undefined) throw new Error('more than one calendar');
        root = component;
      }
      open.push(component);
    } else if (read.name === 'END') {
      if (open.pop()?.name !== read.value.trim().toUpperCase()) throw new Error(`unexpected END:${read.value}`);
    } else if (open.length === 0) throw new Error(`a line outside of any component: ${line}`);
    else open.at(-1)!.lines.push(read);
  }
  if (root?.name !== 'VCALENDAR' || open.length > 0) throw new Error('not a whole VCALENDAR');
  return root;
}

function parseLine(line: string): ContentLine {
  const match = LINE.exec(line);
  if (match === null) throw new Error(`not a content line: ${line}`);
  const parameters = new Map<string, readonly string[]>();
  for (const [, name, values] of match[2]!.matchAll(PARAMETER)) parameters.set(name!.toUpperCase(), (values!.match(/"[^"]*"|[^",]+/g) ?? ['']).map((one) => decodeParameter(one.replace(/^"(.*)"$/s, '$1'))));
  return { name: match[1]!.toUpperCase(), parameters, value: match[3]! };
}

/** RFC 6868. */
function decodeParameter(value: string): string {
  return value.replaceAll(/\^([n^'])/g, (_all, code: string) => ({ n: '\n', '^': '^', "'": '"' })[code]!);
}

/** @throws Error when it is not jCal of one calendar (RFC 7265) */
export function parseJcal(text: string): CalendarNode {
  const read = (given: unknown): CalendarNode => {
    if (!Array.isArray(given) || typeof given[0] !== 'string' || !Array.isArray(given[1]) || !Array.isArray(given[2])) throw new Error('not a jCal component');
    return { name: given[0].toUpperCase(), lines: given[1].map(jcalLine), components: given[2].map(read) };
  };
  const root = read(JSON.parse(text));
  if (root.name !== 'VCALENDAR') throw new Error('not a vcalendar');
  return root;
}

function jcalLine(given: unknown): ContentLine {
  if (!Array.isArray(given) || given.length < 4) throw new Error('not a jCal property');
  const [name, raw, type, ...values] = given as [string, Record<string, string | string[]>, string, ...unknown[]];
  const parameters = new Map(Object.entries(raw).map(([key, value]) => [key.toUpperCase(), [value].flat().map(String)] as const));
  if (type === 'date' || (type === 'date-time' && name === 'trigger')) parameters.set('VALUE', [type.toUpperCase()]);
  return { name: name.toUpperCase(), parameters, value: values.map((value) => jcalValue(type, value)).join(',') };
}

function jcalValue(type: string, value: unknown): string {
  if (type === 'period' && Array.isArray(value)) return value.map((one) => compactTime(String(one))).join('/');
  if (type === 'recur' && typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([part, one]) => `${part.toUpperCase()}=${part === 'until' ? compactTime(String(one)) : [one].flat().join(',')}`).join(';');
  }
  if (type === 'date' || type === 'date-time' || type === 'utc-offset') return compactTime(String(value));
  return Array.isArray(value) ? value.map(String).join(';') : String(value);
}

function compactTime(value: string): string {
  return /^[-+]?\d[\d:T.Z-]*$/.test(value) ? value.replace(/^([-+]?)(.*)$/, (_all, sign: string, rest: string) => sign + rest.replaceAll(/[-:]/g, '')) : value;
}

/** `PROP` drops a property, `PROP:PARAM` a parameter, `PROP=value` a property with that value. VTIMEZONE goes where zones are known by reference. */
export function without(node: CalendarNode, filters: readonly string[], timezones: boolean): CalendarNode {
  const dropped = (line: ContentLine): boolean => filters.includes(line.name) || filters.includes(`${line.name}=${line.value}`);
  return {
    name: node.name,
    lines: node.lines.filter((line) => !dropped(line)).map((line) => ({ ...line, parameters: new Map([...line.parameters].filter(([name]) => !filters.includes(`${line.name}:${name}`))) })),
    components: node.components.filter((one) => timezones || one.name !== 'VTIMEZONE').map((one) => without(one, filters, timezones)),
  };
}

/** One line for each property, sorted, nested components indented: equal text means equal calendars. A VTIMEZONE counts by its TZID alone. */
export function normalText(node: CalendarNode, indent = ''): string {
  const lines = node.name === 'VTIMEZONE' ? node.lines.filter((line) => line.name === 'TZID') : node.lines;
  const components = node.name === 'VTIMEZONE' ? [] : node.components.map((one) => normalText(one, `${indent}  `)).sort();
  return [`${indent}${node.name}`, ...lines.flatMap(spellings).sort().map((line) => `${indent}  ${line}`), ...components].join('\n');
}

function spellings(line: ContentLine): readonly string[] {
  const parameters = [...line.parameters].filter(([name, values]) => !(name === 'VALUE' && values[0]!.toUpperCase() === DEFAULT_TYPES[line.name]))
    .map(([name, values]) => `;${name}=${values.join(',')}`).sort().join('');
  return (LISTS.has(line.name) ? line.value.split(',') : [line.value]).map((value) => `${line.name}${parameters}:${normalValue(line.name, value)}`);
}

function normalValue(name: string, value: string): string {
  if (RULES.has(name)) return value.toUpperCase().split(';').filter((part) => part !== '' && part !== 'INTERVAL=1').sort().join(';');
  if (DURATIONS.has(name) && durationSeconds(value) !== undefined) return `${durationSeconds(value)}s`;
  if (name === 'FREEBUSY') return periodText(value);
  return value.replaceAll(/\\([\\;,nN])/g, (_all, code: string) => (code === 'n' || code === 'N' ? '\n' : code)).replaceAll('\n', '\\n');
}

export function durationSeconds(text: string): number | undefined {
  const match = /^([-+]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/i.exec(text);
  if (match === null) return undefined;
  const [weeks, days, hours, minutes, seconds] = match.slice(2).map((one) => Number(one ?? '0')) as [number, number, number, number, number];
  return (match[1] === '-' ? -1 : 1) * ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds);
}

/** `start/end` in UTC, whether the period had an end or a duration. */
export function periodText(period: string): string {
  const [start, end] = period.split('/') as [string, string?];
  const seconds = end === undefined ? undefined : durationSeconds(end);
  return seconds === undefined ? period : `${start}/${timeText(timeOf(start) + seconds * 1000)}`;
}

function timeOf(text: string): number {
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z?)?$/.exec(text) ?? [];
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}

function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

/**
 * Two calendars with the same overridden instances: what only one of them overrides is derived from the other's master, so that an override which changes
 * nothing is no difference.
 */
export function reconcile(one: CalendarNode, other: CalendarNode): readonly [CalendarNode, CalendarNode] {
  return [withOverrides(one, other), withOverrides(other, one)];
}

function withOverrides(node: CalendarNode, model: CalendarNode): CalendarNode {
  const master = node.components.find((one) => recurrenceId(one) === undefined && one.name !== 'VTIMEZONE');
  if (master === undefined || !master.lines.some((line) => line.name === 'RRULE' || line.name === 'RDATE')) return node;
  const had = new Set(node.components.map((one) => recurrenceId(one)?.value));
  const missing = model.components.flatMap((one) => recurrenceId(one) ?? []).filter((line) => !had.has(line.value) && !excludes(master, line.value));
  return { ...node, components: [...node.components, ...missing.map((line) => derived(master, line))] };
}

function recurrenceId(component: CalendarNode): ContentLine | undefined {
  return component.lines.find((line) => line.name === 'RECURRENCE-ID');
}

function excludes(master: CalendarNode, value: string): boolean {
  return master.lines.some((line) => line.name === 'EXDATE' && line.value.split(',').includes(value));
}

/** The instance as the series alone would have it. `at` is in the form of the master's start, or the two differ anyway. */
function derived(master: CalendarNode, at: ContentLine): CalendarNode {
  const start = master.lines.find((line) => line.name === 'DTSTART');
  const shift = start === undefined ? 0 : timeOf(at.value) - timeOf(start.value);
  const moved = (line: ContentLine): ContentLine => {
    if (!['DTSTART', 'DTEND', 'DUE'].includes(line.name)) return line;
    const text = timeText(timeOf(line.value) + shift);
    return { ...line, value: line.value.includes('T') ? (line.value.endsWith('Z') ? text : text.slice(0, -1)) : text.slice(0, 8) };
  };
  return {
    ...master, lines: [...master.lines.filter((line) => !['RRULE', 'RDATE', 'EXDATE', 'EXRULE'].includes(line.name)).map(moved), at],
  };
}
