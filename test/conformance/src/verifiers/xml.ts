/** Verifiers that look into XML bodies by path, or compare them whole. */
import { given, wrongStatus } from '../answer.ts';
import type { Verifier } from '../answer.ts';
import { canonical, canonicalContent, elementsOf, follow, parseXml, stepsOf, textOf } from '../xml-tree.ts';
import type { XmlElement } from '../xml-tree.ts';
import { parseCalendar } from '../calendar-text.ts';
import { differences, theFile } from './http.ts';

/**
 * `exists`, `notexists`: paths from the root (or from the one element that `parent` leads to), each step perhaps with tests in brackets:
 * `[@name]`, `[@name="value"]`, `[=text]`, `[!text]`, `[*part]`, `[$not this part]`, `[+beginning]`, `[^child]`, `[^child=text]`, `[|]` empty, `[||]` not empty,
 * `[icalendar]`, `[json]`; after tests a path may go on, also by `../`.
 */
export const xmlElementMatch: Verifier = (verification) => {
  const { answer } = verification;
  if (answer.status !== 200 && answer.status !== 207) return wrongStatus(verification);
  if (answer.body === '') return ['no body'];
  let root = parseXml(answer.body);
  const [parent] = given(verification, 'parent');
  if (parent !== undefined) {
    const found = select(root, parent);
    if (found.length !== 1) return [`${found.length} elements at ${parent}`];
    root = found[0]!;
  }
  return [
    ...given(verification, 'exists').filter((path) => select(root, path).length === 0).map((path) => `nothing at ${path}`),
    ...given(verification, 'notexists').filter((path) => select(root, path).length > 0).map((path) => `there is ${path}`),
  ];
};

/** The elements that a path with tests leads to. A path begins with the root's own name, unless it begins with a dot. */
export function select(root: XmlElement, path: string): readonly XmlElement[] {
  const [, names, tests, next] = /^([^[]*)((?:\[.*?\](?=$|\[|\/))*)(?:\/(.*))?$/s.exec(path) ?? [];
  const steps = stepsOf(names ?? '').filter((step) => step !== '');
  const own = names!.startsWith('.') ? steps : steps[0] === root.name ? steps.slice(1) : undefined;
  if (own === undefined) return [];
  const each = tests === undefined || tests === '' ? [] : tests.slice(1, -1).split('][');
  const passed = follow(root, own).filter((element) => each.every((test) => meets(element, test)));
  return next === undefined ? passed : passed.flatMap((element) => select(element, next));
}

function meets(element: XmlElement, test: string): boolean {
  const text = textOf(element);
  const rest = test.slice(1);
  if (test === 'icalendar') return succeeds(() => parseCalendar(text));
  if (test === 'json') return succeeds(() => JSON.parse(text) as unknown);
  switch (test[0]) {
    case '@': {
      const [, name, value] = /^([^=]*)(?:=["'](.*)["'])?$/s.exec(rest) ?? [];
      return element.attributes.has(name ?? rest) && (value === undefined || element.attributes.get(name!) === value);
    }
    case '=': return text === rest;
    case '!': return text !== rest;
    case '*': return text.includes(rest);
    case '$': return text !== '' && !text.includes(rest);
    case '+': return text.startsWith(rest);
    case '^': {
      const [, name, value] = /^((?:\{[^}]*\})?[^=]*)(?:=(.*))?$/s.exec(rest)!;
      return elementsOf(element, name).some((child) => value === undefined || textOf(child) === value);
    }
    case '|': return (canonicalContent(element) === '') === (test === '|');
    // Some scripts have tests that say nothing (a path without `=`); the format has always let them pass.
    default: return true;
  }
}

function succeeds(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

/** `filepath`: the body is that document. `filter`: elements whose content does not count. White space between elements and prefixes do not either. */
export const xmlDataMatch: Verifier = async (verification) => {
  const { answer } = verification;
  if (answer.status !== 200 && answer.status !== 207) return wrongStatus(verification);
  if (answer.body === '') return ['no body'];
  const filters = given(verification, 'filter');
  const file = theFile(verification);
  const spelling = (text: string): string => canonical(emptied(parseXml(text), filters));
  const [expected, got] = [spelling(await verification.readFile(file)), spelling(answer.body)];
  return expected === got ? [] : [`the body is not that of ${file}`, ...differences(expected, got)];
};

function emptied(element: XmlElement, names: readonly string[]): XmlElement {
  if (names.includes(element.name)) return { ...element, attributes: new Map(), children: [] };
  return { ...element, children: element.children.map((child) => (typeof child === 'string' ? child : emptied(child, names))) };
}
