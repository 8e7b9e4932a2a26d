/**
 * XML as the scripts and their verifiers look at it: elements with Clark names (`{ns}local`), children in document order, and the small path language of the
 * script format. Reads document types (the scripts have them) but expands nothing from them. Independent of the server's own reader, which it helps to judge.
 */
import { SaxesParser } from 'saxes';

export interface XmlElement {
  /** `{ns}local`, or `local` alone where there is no namespace. */ readonly name: string;
  /** By Clark name; namespace declarations are not among them. */ readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (XmlElement | string)[];
  readonly parent: XmlElement | undefined;
}

const XMLNS = 'http://www.w3.org/2000/xmlns/';

/** @throws Error when the text is not well-formed XML */
export function parseXml(text: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: false });
  let root: XmlElement | undefined;
  const open: (XmlElement & { children: (XmlElement | string)[] })[] = [];
  parser.on('error', (error) => { throw error; });
  parser.on('opentag', (tag) => {
    const attributes = new Map<string, string>();
    for (const { uri, local, value } of Object.values(tag.attributes)) if (uri !== XMLNS && !(uri === '' && local === 'xmlns')) attributes.set(clark(uri, local), value);
    const element = { name: clark(tag.uri, tag.local), attributes, children: [], parent: open.at(-1) };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  const characters = (data: string): void => {
    const children = open.at(-1)?.children;
    if (children === undefined) return;
    const last = children.at(-1);
    if (typeof last === 'string') children[children.length - 1] = last + data;
    else children.push(data);
  };
  parser.on('text', characters);
  parser.on('cdata', characters);
  parser.on('closetag', () => { open.pop(); });
  parser.write(text.replace(/^\uFEFF/, '')).close();
  if (root === undefined) throw new Error('no element');
  return root;
}

function clark(uri: string, local: string): string {
  return uri === '' ? local : `{${uri}}${local}`;
}

export function elementsOf(element: XmlElement, name?: string): readonly XmlElement[] {
  return element.children.filter((child): child is XmlElement => typeof child !== 'string' && (name === undefined || child.name === name));
}

export function firstOf(element: XmlElement, name: string): XmlElement | undefined {
  return elementsOf(element, name)[0];
}

/** The character data before the first child element; empty where there is none. */
export function textOf(element: XmlElement): string {
  const first = element.children[0];
  return typeof first === 'string' ? first : '';
}

export function hasAttribute(element: XmlElement, name: string, value: string): boolean {
  return element.attributes.get(name) === value;
}

/** All descendants of that name, in document order, the element itself included. */
export function descendantsOf(element: XmlElement, name: string): readonly XmlElement[] {
  return [...(element.name === name ? [element] : []), ...elementsOf(element).flatMap((child) => descendantsOf(child, name))];
}

/** Steps of a path; a slash inside a namespace's braces is not one. */
export function stepsOf(path: string): readonly string[] {
  return path.match(/(?:\{[^}]*\}|[^/{])+/g) ?? [];
}

/** The elements that a relative path leads to: child names, `*`, `.` and `..`. */
export function follow(from: XmlElement, steps: readonly string[]): readonly XmlElement[] {
  return steps.reduce<readonly XmlElement[]>((elements, step) => elements.flatMap((element) => {
    if (step === '.') return [element];
    if (step === '..') return element.parent === undefined ? [] : [element.parent];
    return elementsOf(element, step === '*' ? undefined : step);
  }), [from]);
}

/**
 * One spelling for what means the same: attributes sorted, no prefixes, no white space between elements. Character data beside elements is kept where it says
 * something.
 */
export function canonical(node: XmlElement | string): string {
  if (typeof node === 'string') return escape(node);
  const attributes = [...node.attributes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => ` ${name}="${escape(value)}"`).join('');
  return `<${node.name}${attributes}>${canonicalContent(node)}</>`;
}

export function canonicalContent(element: XmlElement): string {
  const elements = elementsOf(element).length > 0;
  return element.children.filter((child) => !elements || typeof child !== 'string' || child.trim() !== '').map(canonical).join('');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
