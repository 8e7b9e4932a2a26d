/**
 * XML by appending to a string. No prefixes: the namespace is declared as the default where it changes, attributes stand in single quotes, empty elements
 * are `<x/>`. (Apple's test suite compares some answers as raw text.)
 *
 * It escapes, and replaces what XML 1.0 cannot hold, so that one odd value never spoils a whole answer. It does not check that names are names: those come
 * from our tables or from the XML reader.
 */
import { isUtf8 } from 'node:buffer';
import type { QName, XmlSink } from '@kalends/contracts';
import { DAV, clark } from './names.ts';
import { Element } from './read.ts';

export const XML_DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>\n";

/** What was written, in order. Octets are UTF-8. */
export type XmlPiece = string | Uint8Array;

export class XmlWriter implements XmlSink {
  /** Text and octets before `#out`; empty where no octets were written. */ readonly #pieces: XmlPiece[] = [];
  /** How much they hold. */ #before = 0;
  /** All that was written; whoever sends it takes it and leaves the rest: `take()`. */ #out: string;
  /** The last start tag has no `>` yet. */ #pending = false;
  #depth = 0;
  #heldPieces = 0;
  #heldBefore = 0;
  #heldOut = '';
  #heldPending = false;
  #heldDepth = 0;
  readonly #names: string[] = [];
  /** The default namespace inside each open element; before the first, unknown. */ readonly #spaces: (string | undefined)[] = [undefined];

  constructor(start = '') {
    this.#out = start;
  }

  /** Of what is kept: UTF-16 units of text, and octets. */
  get length(): number {
    return this.#before + this.#out.length;
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

  /** Goes out as it came: decoding a kilobyte and encoding it again costs more than reading it from the store. */
  octets(utf8: Uint8Array, clean: boolean): void {
    if (!clean && !isPlain(utf8)) {
      this.text(decode(utf8));
      return;
    }
    this.#content();
    this.#pieces.push(this.#out, utf8);
    this.#before += this.#out.length + utf8.length;
    this.#out = '';
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
    this.#heldPieces = this.#pieces.length;
    this.#heldBefore = this.#before;
    this.#heldOut = this.#out;
    this.#heldPending = this.#pending;
    this.#heldDepth = this.#depth;
  }

  undo(): void {
    this.#pieces.length = this.#heldPieces;
    this.#before = this.#heldBefore;
    this.#out = this.#heldOut;
    this.#pending = this.#heldPending;
    this.#depth = this.#heldDepth;
  }

  /** For whoever writes whole elements and may want to forget the last: valid where no start tag is open and until `take`. */
  snapshot(): XmlSnapshot {
    this.#content();
    return { pieces: this.#pieces.length, before: this.#before, out: this.#out, depth: this.#depth };
  }

  restore({ pieces, before, out, depth }: XmlSnapshot): void {
    this.#pieces.length = pieces;
    this.#before = before;
    this.#out = out;
    this.#depth = depth;
    this.#pending = false;
  }

  /** What was written so far, which the writer then forgets; open elements stay open. */
  take(): string {
    return this.takePieces().map((piece) => (typeof piece === 'string' ? piece : decode(piece))).join('');
  }

  /** The same, octets as octets. Never empty. */
  takePieces(): readonly XmlPiece[] {
    this.#content();
    const pieces = this.#pieces.splice(0);
    pieces.push(this.#out);
    this.#out = '';
    this.#before = 0;
    return pieces;
  }

  #content(): void {
    if (this.#pending) {
      this.#out += '>';
      this.#pending = false;
    }
  }
}

export interface XmlSnapshot { readonly pieces: number; readonly before: number; readonly out: string; readonly depth: number }

const HREF: QName = { ns: DAV, local: 'href' };
/** What markup, or XML 1.0 §2.2, does not allow in text. */
const UNSAFE_TEXT = /[&<>\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const UNSAFE_TEXTS = new RegExp(UNSAFE_TEXT.source, 'g');
const UNSAFE_ATTRIBUTES = /[&<>'\0-\x1f\ufffe\uffff]/g;

/** The same as UTF-8, one character an octet; the end of it is U+FFFE and U+FFFF. */
const UNSAFE_OCTETS = /[&<>\0-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]/;

function isPlain(octets: Uint8Array): boolean {
  return isUtf8(octets) && !UNSAFE_OCTETS.test(bufferOf(octets).toString('latin1'));
}
const bufferOf = ({ buffer, byteOffset, length }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, length);
const decode = (octets: Uint8Array): string => bufferOf(octets).toString();

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
