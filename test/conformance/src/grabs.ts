/** What requests keep of their answers for later ones: hrefs, headers, properties, elements, parts of calendar data. */
import { headerLines } from './answer.ts';
import type { Answer } from './answer.ts';
import { parseCalendar } from './calendar-text.ts';
import type { ContentLine } from './calendar-text.ts';
import type { Grabs } from './script.ts';
import type { Variables } from './variables.ts';
import { select } from './verifiers/xml.ts';
import { canonicalContent, descendantsOf, elementsOf, firstOf, follow, parseXml, stepsOf, textOf } from './xml-tree.ts';
import type { XmlElement } from './xml-tree.ts';

/** Fills variables from an answer. Complaints about what was not there. */
export function keep(grabs: Grabs, answer: Answer, variables: Variables): readonly string[] {
  const complaints: string[] = [];
  const put = (variable: string, value: string | undefined, what: string): void => {
    if (value === undefined) complaints.push(`not grabbed: ${what}`);
    else variables.grab(variable, value);
  };
  if (grabs.count !== undefined) put(grabs.count, answer.status === 207 ? String(elementsOf(parseXml(answer.body), '{DAV:}response').length - 1) : undefined, 'the number of resources');
  for (const [name, variable] of grabs.headers) put(variable, headerLines(answer, name)[0], `the header ${name}`);
  if (answer.status === 207) for (const [name, variable] of grabs.properties) put(variable, attempt(() => property(answer.body, variables.expand(name))), name);
  for (const { path, parent, variables: names } of grabs.elements) {
    const found = attempt(() => elements(answer.body, variables.expand(path), parent === undefined ? undefined : variables.expand(parent))) ?? [];
    if (found.length === names.length) found.forEach((element, index) => { variables.grab(names[index]!, textOf(element)); });
    else complaints.push(`not grabbed: ${found.length} elements at ${path}, expected ${names.length}`);
  }
  for (const [path, variable] of grabs.calendarProperties) put(variable, attempt(() => calendarProperty(answer.body, variables.expand(path)))?.value, path);
  for (const [path, variable] of grabs.calendarParameters) {
    const [, owner, name, value] = /^(.*)\/([^/$]*)(\$.*)?$/s.exec(variables.expand(path)) ?? [];
    put(variable, attempt(() => calendarProperty(answer.body, (owner ?? '') + (value ?? '')))?.parameters.get((name ?? '').toUpperCase())?.join(','), path);
  }
  return complaints;
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

function property(body: string, name: string): string | undefined {
  for (const propstat of descendantsOf(parseXml(body), '{DAV:}propstat')) {
    const status = firstOf(propstat, '{DAV:}status');
    if (status === undefined || !/^HTTP\/1\.1 2/.test(textOf(status))) continue;
    const found = elementsOf(propstat, '{DAV:}prop').flatMap((prop) => elementsOf(prop, name))[0];
    if (found !== undefined) return elementsOf(found).length > 0 ? canonicalContent(found) : textOf(found);
  }
  return undefined;
}

/** By a path from the root, or from the element that `parent` (a path with tests) leads to; its first step is then that element itself. */
function elements(body: string, path: string, parent: string | undefined): readonly XmlElement[] {
  const root = parseXml(body);
  const from = parent === undefined ? root : select(root, parent)[0];
  if (from === undefined) return [];
  const steps = stepsOf(path);
  if (parent === undefined && !path.startsWith('/')) return follow(from, steps);
  return steps[0] === from.name ? follow(from, steps.slice(1)) : [];
}

/** `VEVENT/ATTACH`, or `VEVENT/ATTACH$value` for the one with that value. */
function calendarProperty(body: string, path: string): ContentLine | undefined {
  const [names, value] = path.split('$') as [string, string?];
  const steps = names.split('/');
  let component = parseCalendar(body);
  for (const step of steps.slice(0, -1)) {
    const next = component.components.find((one) => one.name === step.toUpperCase());
    if (next === undefined) return undefined;
    component = next;
  }
  return component.lines.find((line) => line.name === steps.at(-1)!.toUpperCase() && (value === undefined || line.value === value));
}
