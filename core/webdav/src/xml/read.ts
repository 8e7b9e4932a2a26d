/**
 * XML bodies into trees of `XmlNode`. Namespaces are resolved, text and CDATA are one, comments and processing instructions are gone.
 *
 * Refused with `XmlProblem`: octets that are not what they say they are, document types (and with them every entity trick), what is not well formed, and
 * what breaks a number of `limits.ts`. The stack never grows with the input.
 */
import type { QName, XmlNode } from '@kalends/contracts';
import { LRUCache } from 'lru-cache';
import { SaxesParser } from 'saxes';
import type { SaxesTagNS } from 'saxes';
import { CACHED_BODIES, CACHED_BODY_OCTETS, MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_XML_OCTETS } from './limits.ts';

/** The body is not XML that we read. A 400 on the wire (413 where `tooLarge`). */
export class XmlProblem extends Error {
  override readonly name = 'XmlProblem';
  readonly tooLarge: boolean;
  constructor(message: string, options: { readonly tooLarge?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.tooLarge = options.tooLarge ?? false;
  }
}

/** An element. Attributes are keyed by `{ns}local`, those without a namespace by their plain name. */
export class Element implements XmlNode {
  readonly name: QName;
  readonly children: Element[] = [];
  /** All character data directly below it, in order. */ text = '';
  /** Character data and children in document order; only there where both occur. */ mixed: (string | Element)[] | undefined;
  readonly #attributes: ReadonlyMap<string, string> | undefined;

  constructor(name: QName, attributes?: ReadonlyMap<string, string>) {
    this.name = name;
    this.#attributes = attributes;
  }

  /** `name`: plain for one without a namespace, else `{ns}local`; `xml:lang` is understood. */
  attribute(name: string): string | undefined {
    return this.#attributes?.get(name === 'xml:lang' ? XML_LANG : name);
  }

  attributes(): Iterable<readonly [string, string]> {
    return this.#attributes ?? NO_ATTRIBUTES;
  }
}

const XML = 'http://www.w3.org/XML/1998/namespace';
const XML_LANG = `{${XML}}lang`;
const XMLNS = 'http://www.w3.org/2000/xmlns/';
const NO_ATTRIBUTES: readonly (readonly [string, string])[] = [];

/**
 * The root element of a body. The same octets give the same object, so what is compiled from it can be kept beside it.
 * @throws XmlProblem
 */
export class XmlReader {
  readonly #kept = new LRUCache<string, Element>({ max: CACHED_BODIES });

  read(octets: Uint8Array): Element {
    if (octets.length > CACHED_BODY_OCTETS) return readXml(octets);
    const key = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const root = readXml(octets);
    this.#kept.set(key, root);
    return root;
  }
}

/** Without the cache of `XmlReader`. @throws XmlProblem */
export function readXml(octets: Uint8Array): Element {
  if (octets.length > MAX_XML_OCTETS) throw new XmlProblem(`the body is larger than ${MAX_XML_OCTETS} octets`, { tooLarge: true });
  return parse(decode(octets));
}

/** For XML that we stored ourselves: already text. @throws XmlProblem */
export function parse(text: string): Element {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const open: Element[] = [];
  let root: Element | undefined;
  let elements = 0;
  parser.on('error', (error) => { throw new XmlProblem(`the body is not well-formed XML: ${error.message}`); });
  parser.on('doctype', () => { throw new XmlProblem('document types are not accepted'); });
  parser.on('opentag', (tag) => {
    if (++elements > MAX_ELEMENTS) throw new XmlProblem(`the body has more than ${MAX_ELEMENTS} elements`, { tooLarge: true });
    // Whoever writes such a name down again would have to declare what must not be declared (Namespaces in XML §3).
    if (tag.uri === XML || tag.uri === XMLNS) throw new XmlProblem('an element has a name that is reserved for XML itself');
    if (open.length >= MAX_DEPTH) throw new XmlProblem(`elements are nested more than ${MAX_DEPTH} deep`);
    const element = new Element({ ns: tag.uri, local: tag.local }, attributesOf(tag));
    const parent = open.at(-1);
    if (parent === undefined) root = element;
    else {
      if (parent.mixed !== undefined) parent.mixed.push(element);
      else if (parent.text !== '') parent.mixed = [parent.text, element];
      parent.children.push(element);
    }
    open.push(element);
  });
  const characters = (data: string): void => {
    const element = open.at(-1);
    if (element === undefined) return;
    if (element.mixed !== undefined) element.mixed.push(data);
    else if (element.children.length > 0) element.mixed = [...element.children, data];
    element.text += data;
  };
  parser.on('text', characters);
  parser.on('cdata', characters);
  parser.on('closetag', () => { open.pop(); });
  try {
    parser.write(text).close();
  } catch (error) {
    if (error instanceof XmlProblem) throw error;
    throw new XmlProblem('the body is not well-formed XML', { cause: error });
  }
  if (root === undefined) throw new XmlProblem('the body has no element');
  return root;
}

function attributesOf(tag: SaxesTagNS): ReadonlyMap<string, string> | undefined {
  let attributes: Map<string, string> | undefined;
  let count = 0;
  for (const key in tag.attributes) {
    if (++count > MAX_ATTRIBUTES) throw new XmlProblem(`an element has more than ${MAX_ATTRIBUTES} attributes`);
    const { uri, local, value } = tag.attributes[key]!;
    if (uri === XMLNS) continue;
    attributes ??= new Map();
    attributes.set(uri === '' ? local : `{${uri}}${local}`, value);
  }
  return attributes;
}

/** A byte order mark, else the declaration's encoding, else UTF-8; what does not decode is refused. */
function decode(octets: Uint8Array): string {
  const label = byteOrderMark(octets) ?? declaredEncoding(octets) ?? 'utf-8';
  try {
    return new TextDecoder(label, { fatal: true }).decode(octets);
  } catch (error) {
    throw new XmlProblem(`the body is not valid ${label}`, { cause: error });
  }
}

function byteOrderMark([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  // XML 1.0 appendix F: UTF-16 without a mark begins with "<" and a zero octet.
  if (first === 0x3c && second === 0) return 'utf-16le';
  if (first === 0 && second === 0x3c) return 'utf-16be';
  return undefined;
}

const DECLARATION = /^<\?xml[^>]{0,100}?\sencoding\s*=\s*(?:"([A-Za-z][\w.-]{0,39})"|'([A-Za-z][\w.-]{0,39})')/;

function declaredEncoding(octets: Uint8Array): string | undefined {
  const head = Buffer.from(octets.buffer, octets.byteOffset, Math.min(octets.length, 160)).toString('latin1');
  const match = DECLARATION.exec(head);
  const label = (match?.[1] ?? match?.[2])?.toLowerCase();
  // The declaration of a body that we read octet by octet cannot be UTF-16.
  return label?.startsWith('utf-16') === true ? 'utf-8' : label;
}
