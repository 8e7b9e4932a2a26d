/**
 * XML by appending to a string. No prefixes: the namespace is declared as the default where it changes, attributes stand in single quotes, empty elements
 * are `<x/>`. (Apple's test suite compares some answers as raw text.)
 *
 * It escapes, and replaces what XML 1.0 cannot hold, so that one odd value never spoils a whole answer. It does not check that names are names: those come
 * from our tables or from the XML reader.
 */
import type { QName, XmlSink } from '@kalends/contracts';
import { DAV, clark } from './names.ts';
import { Element } from './read.ts';

export const XML_DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>\n";

export class XmlWriter implements XmlSink {
  /** All that was written; whoever sends it takes it and leaves the rest: `take()`. */ #out: string;
  /** The last start tag has no `>` yet. */ #pending = false;
  #depth = 0;
  #heldOut = '';
  #heldPending = false;
  #heldDepth = 0;
  readonly #names: string[] = [];
  /** The default namespace inside each open element; before the first, unknown. */ readonly #spaces: (string | undefined)[] = [undefined];

  constructor(start = '') {
    this.#out = start;
  }

  get length(): number {
    return this.#out.length;
  }

  open(name: QName, attributes?: Readonly<Record<string, string>>): void {
    const { ns, local } = name;
    let tag = this.#pending ? `><${local}` : `<${local}`;
    if (attributes !== undefined) {
      for (const key in attributes) tag += ` ${key}='${escapeAttribute(attributes[key]!)}'`;
    }
    if (ns !== this.#spaces[this.#depth]) tag += ` xmlns='${escapeAttribute(ns)}'`;
    this.#out += tag;
    this.#pending = true;
    this.#names[this.#depth] = local;
    this.#spaces[++this.#depth] = ns;
  }

  /** As `open`, from a start tag that was made before, all but its `>`; text may stand before it. For what is written ten thousand times. */
  enter(tag: string, ns: string): void {
    this.#content();
    this.#out += tag;
    this.#pending = true;
    this.#names[this.#depth] = '';
    this.#spaces[++this.#depth] = ns;
  }

  /** As `close`, for what was entered. */
  leave(tag: string): void {
    this.#depth--;
    this.#out += this.#pending ? '/>' : tag;
    this.#pending = false;
  }

  text(value: string): void {
    if (value === '') return;
    const text = UNSAFE_TEXT.test(value) ? value.replace(UNSAFE_TEXTS, entity) : value;
    if (this.#pending) {
      this.#pending = false;
      this.#out += `>${text}`;
    } else this.#out += text;
  }

  /** A `DAV:href`; `path` is percent-encoded already. */
  href(path: string): void {
    this.open(HREF);
    this.text(path);
    this.close();
  }

  /** `xml` must declare its own namespaces; it is written as it is. */
  fragment(xml: string): void {
    if (xml === '') return;
    this.#content();
    this.#out += xml;
  }

  close(): void {
    const local = this.#names[--this.#depth]!;
    if (this.#pending) {
      this.#out += '/>';
      this.#pending = false;
    } else {
      this.#out += `</${local}>`;
    }
  }

  /** An element without content. */
  empty(name: QName): void {
    this.open(name);
    this.close();
  }

  /** An element with text. */
  leaf(name: QName, value: string): void {
    this.open(name);
    this.text(value);
    this.close();
  }

  /** Remembers where the writer stands; `undo` forgets what was written since. One memory, so not to be nested, and void after `take`. */
  hold(): void {
    this.#heldOut = this.#out;
    this.#heldPending = this.#pending;
    this.#heldDepth = this.#depth;
  }

  undo(): void {
    this.#out = this.#heldOut;
    this.#pending = this.#heldPending;
    this.#depth = this.#heldDepth;
  }

  /** For whoever writes whole elements and may want to forget the last: valid where no start tag is open and until `take`. */
  snapshot(): XmlSnapshot {
    this.#content();
    return { out: this.#out, depth: this.#depth };
  }

  restore({ out, depth }: XmlSnapshot): void {
    this.#out = out;
    this.#depth = depth;
    this.#pending = false;
  }

  /** What was written so far, which the writer then forgets; open elements stay open. */
  take(): string {
    this.#content();
    const out = this.#out;
    this.#out = '';
    return out;
  }

  #content(): void {
    if (this.#pending) {
      this.#out += '>';
      this.#pending = false;
    }
  }
}

export interface XmlSnapshot { readonly out: string; readonly depth: number }

const HREF: QName = { ns: DAV, local: 'href' };
/** What markup, or XML 1.0 §2.2, does not allow in text. */
const UNSAFE_TEXT = /[&<>\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const UNSAFE_TEXTS = new RegExp(UNSAFE_TEXT.source, 'g');
const UNSAFE_ATTRIBUTES = /[&<>'\0-\x1f\ufffe\uffff]/g;

export function escapeText(value: string): string {
  return UNSAFE_TEXT.test(value) ? value.replace(UNSAFE_TEXTS, entity) : value;
}

export function escapeAttribute(value: string): string {
  return value.replace(UNSAFE_ATTRIBUTES, (character) => character === '\t' || character === '\n' || character === '\r' ? `&#${character.charCodeAt(0)};` : entity(character));
}

function entity(character: string): string {
  switch (character) {
    case '&': return '&amp;';
    case '<': return '&lt;';
    case '>': return '&gt;';
    case "'": return '&#39;';
    default: return '\ufffd';
  }
}

/**
 * An element whole, as properties are stored: its own namespaces declared, attributes kept. `language`: what `xml:lang` was in scope
 * (RFC 4918 §4.3). As deep as `limits.ts` allows, so the stack is safe.
 */
export function xmlOf(element: Element, language?: string): string {
  const writer = new XmlWriter();
  write(writer, element, language === undefined || element.attribute('xml:lang') !== undefined ? {} : { 'xml:lang': language });
  return writer.take();
}

function write(writer: XmlWriter, element: Element, more: Readonly<Record<string, string>> = {}): void {
  writer.open(element.name, { ...attributesToWrite(element), ...more });
  for (const part of element.mixed ?? (element.children.length > 0 ? element.children : [element.text])) {
    if (typeof part === 'string') writer.fragment(escapeText(part).replaceAll('\r', '&#13;'));
    else write(writer, part);
  }
  writer.close();
}

function attributesToWrite(element: Element): Record<string, string> | undefined {
  let attributes: Record<string, string> | undefined;
  let prefixes = 0;
  for (const [key, value] of element.attributes()) {
    attributes ??= {};
    const end = key.lastIndexOf('}');
    if (end < 0) attributes[key] = value;
    else if (key.startsWith('{http://www.w3.org/XML/1998/namespace}')) attributes[`xml:${key.slice(end + 1)}`] = value;
    else {
      const prefix = `a${prefixes++}`;
      attributes[`xmlns:${prefix}`] = key.slice(1, end);
      attributes[`${prefix}:${key.slice(end + 1)}`] = value;
    }
  }
  return attributes;
}

/** The stored form of a property whose value is text. */
export function storedText(name: QName, value: string): string {
  const writer = new XmlWriter();
  writer.leaf(name, value);
  return writer.take();
}

/** For messages: the name as `{ns}local`, safe to show. */
export function shown(name: QName): string {
  return escapeText(clark(name));
}
