/**
 * expand-property REPORT (RFC 3253 §3.8): properties of the resource, with each DAV:href in a named value replaced by a response that has the properties asked
 * of what it points to. Nested as the request is nested; hrefs of other servers stay hrefs.
 */
import { READ } from '@kalends/contracts';
import type { DavRequest, PropertyRow, QName, ReportSpec, XmlNode } from '@kalends/contracts';
import { ClientGone } from '@kalends/http';
import { STATUS_CODES } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { engineOf } from '../engine.ts';
import { badRequest, numberOfMatchesWithinLimits } from '../errors/preconditions.ts';
import { pathIn, valueOf } from '../properties/value-of.ts';
import { MAX_ASKED_PROPERTIES } from '../xml/limits.ts';
import { DAV, dav, isNamed } from '../xml/names.ts';
import type { Element } from '../xml/read.ts';
import { XmlWriter, xmlOf } from '../xml/write.ts';
import { needDepthZero } from './acl-reports.ts';

interface Asked { readonly name: QName; readonly below: readonly Asked[] }

/** Expansions in one answer: a few hundred delegates with their groups; a request nested in itself would not end otherwise. */
const MOST_EXPANSIONS = 5_000;
/** Properties of all of them together, and characters of the answer, which is put together before it is sent. */
const MOST_VALUES = 30_000;
const MOST_CHARACTERS = 8 * 1024 * 1024;
/** Others get their turn after so many properties. */
const YIELD_VALUES = 500;
/** Clients nest two deep. */
const MOST_LEVELS = 10;

export const expandProperty: ReportSpec<readonly Asked[]> = {
  name: dav('expand-property'),
  kinds: ['*'],
  requires: READ,
  read(body) {
    const asked = readAsked(body, 0);
    if (countOf(asked) > MAX_ASKED_PROPERTIES) throw badRequest(`More than ${MAX_ASKED_PROPERTIES} properties are asked for.`);
    return asked;
  },
  async run(request, asked) {
    needDepthZero(request);
    const { href } = engineOf(request);
    const xml = new XmlWriter();
    xml.open(dav('multistatus'));
    await new Expansion(request, xml).response(href, engineOf(request).row(), asked);
    xml.close();
    // Whole before its first byte: the limit may yet refuse it.
    const out = engineOf(request).multistatus();
    out.xml.fragment(inner(xml.take()));
    await out.end();
  },
};

/** @throws DavError 400 */
function readAsked(node: XmlNode, level: number): readonly Asked[] {
  if (level > MOST_LEVELS) throw badRequest('expand-property is nested too deep.');
  return node.children.filter(({ name }) => isNamed(name, DAV, 'property')).map((property) => {
    const local = property.attribute('name');
    if (local === undefined || local === '') throw badRequest('DAV:property has no name.');
    return { name: { ns: property.attribute('namespace') ?? DAV, local }, below: readAsked(property, level + 1) };
  });
}

const countOf = (asked: readonly Asked[]): number => asked.reduce((sum, { below }) => sum + 1 + countOf(below), 0);

/** Between the start and end tags of the root. */
function inner(xml: string): string {
  return xml.endsWith('/>') ? '' : xml.slice(xml.indexOf('>') + 1, xml.lastIndexOf('</'));
}

class Expansion {
  readonly #request: DavRequest;
  readonly #xml: XmlWriter;
  #count = 0;
  #values = 0;
  #yielded = 0;

  constructor(request: DavRequest, xml: XmlWriter) {
    this.#request = request;
    this.#xml = xml;
  }

  async response(href: string, row: PropertyRow, asked: readonly Asked[]): Promise<void> {
    await this.#account(asked.length);
    const xml = this.#xml;
    const failed = new Map<403 | 404, QName[]>();
    const minimal = engineOf(this.#request).fields.prefer.minimal;
    xml.open(dav('response'));
    xml.href(href);
    const values: { readonly element: Element; readonly below: readonly Asked[] }[] = [];
    for (const { name, below } of asked) {
      const value = await valueOf(name, row, this.#request);
      if (value.status === 200) values.push({ element: value.element, below });
      else failed.set(value.status, [...(failed.get(value.status) ?? []), name]);
    }
    if (values.length > 0 || failed.size === 0 || (minimal && !failed.has(403))) {
      xml.open(dav('propstat'));
      xml.open(dav('prop'));
      for (const { element, below } of values) await this.#value(element, below, row);
      xml.close();
      this.#status(200);
      xml.close();
    }
    for (const [status, names] of failed) if (status !== 404 || !minimal) this.#failed(status, names);
    xml.close();
  }

  /** @throws DavError where the answer grows too large; ClientGone */
  async #account(values: number): Promise<void> {
    this.#values += values + 1;
    if (this.#values > MOST_VALUES || this.#xml.length > MOST_CHARACTERS) throw numberOfMatchesWithinLimits('The answer would hold too many properties.');
    if (this.#values - this.#yielded < YIELD_VALUES) return;
    this.#yielded = this.#values;
    await nextTurn();
    if (this.#request.http.response.destroyed) throw new ClientGone();
  }

  async #value(element: Element, below: readonly Asked[], row: PropertyRow): Promise<void> {
    const isHref = ({ name }: Element): boolean => isNamed(name, DAV, 'href');
    if (below.length === 0 || !element.children.some(isHref)) {
      this.#xml.fragment(xmlOf(element));
      return;
    }
    this.#xml.open(element.name);
    for (const child of element.children) {
      if (isHref(child)) await this.#expand(child.text.trim(), below, row);
      else this.#xml.fragment(xmlOf(child));
    }
    this.#xml.close();
  }

  async #expand(href: string, below: readonly Asked[], { identity }: PropertyRow): Promise<void> {
    if (++this.#count > MOST_EXPANSIONS) throw numberOfMatchesWithinLimits('The answer would hold too many expanded resources.');
    const path = pathIn(href, this.#request);
    if (path === undefined) {
      this.#xml.href(href);
      return;
    }
    const judged = await this.#request.judge(path, {});
    if (judged?.resource.elsewhere !== undefined) {
      this.#xml.href(href);
      return;
    }
    const readable = judged !== undefined && (judged.access & READ) === READ;
    const there = readable && engineOf(this.#request).engine.exists(judged.resource);
    if (there) return this.response(href, { ...judged, item: judged.resource.item, identity }, below);
    this.#xml.open(dav('response'));
    this.#xml.href(href);
    this.#status(judged === undefined || readable ? 404 : 403);
    this.#xml.close();
  }

  #failed(status: number, names: readonly QName[]): void {
    this.#xml.open(dav('propstat'));
    this.#xml.open(dav('prop'));
    for (const name of names) {
      this.#xml.open(name);
      this.#xml.close();
    }
    this.#xml.close();
    this.#status(status);
    this.#xml.close();
  }

  #status(status: number): void {
    this.#xml.open(dav('status'));
    this.#xml.text(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`);
    this.#xml.close();
  }
}
