/**
 * The body of a 207 (RFC 4918 §13), as a stream of rows. Rows are appended to a string, the string goes every 8 KiB into a pooled buffer and the buffer to the
 * socket; a small answer leaves as one string with its length. Nothing is held but the row being written.
 *
 * Once the first octet is out, a row that fails becomes that row's 500; if the whole fails, whoever calls must destroy the response, so that no client takes
 * half a list for a whole one.
 */
import type { DavRequest, DavResource, Identity, Item, ItemName, Privileges, PropertyRow } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { STATUS_CODES } from 'node:http';
import type { ItemAccess } from '../access/compiled-access.ts';
import type { DavError } from '../errors/dav-error.ts';
import { writeErrorElement } from '../errors/write-error.ts';
import type { KindPlan, PropertyPlan } from '../properties/plan.ts';
import { escapeSegment } from '../resource/href.ts';
import type { ResponseStream } from './response-stream.ts';
import { XML_DECLARATION, XmlWriter, escapeText } from './write.ts';

/** Where items of one collection lie: their hrefs' beginning, and what all their rows have in common. */
export interface ItemBase {
  /** Ends in a slash; percent-encoded, as the client wrote it. */ readonly href: string;
  /** Of the items' kind, `item` absent: the one DavResource of all rows of a listing. Its `path` is the collection's. */ readonly resource: DavResource;
}

/** What may be said of an item whose access lacks DAV:read: nothing in listings, 404 where its name was asked for. */
export type Unreadable = 'omit' | 404 | 403;

export class Multistatus {
  readonly #request: DavRequest;
  readonly #minimal: boolean;
  readonly #stream: ResponseStream;
  readonly #failed: (error: unknown) => void;
  readonly #row: { resource: DavResource; item: Item | undefined; access: Privileges; identity: Identity };
  #rows = 0;

  /** Inside the `DAV:multistatus` element. */ readonly xml = new XmlWriter(XML_DECLARATION);

  constructor(request: DavRequest, stream: ResponseStream, options: { readonly minimal: boolean; readonly failed: (error: unknown) => void }) {
    this.#request = request;
    this.#minimal = options.minimal;
    this.#failed = options.failed;
    this.#stream = stream;
    this.#row = { resource: request.resource, item: undefined, access: request.access, identity: request.identity };
    this.xml.open({ ns: 'DAV:', local: 'multistatus' });
  }

  /** How many responses were written. */
  get rows(): number {
    return this.#rows;
  }

  /** One resource that is not a row of a listing of items, with its properties. */
  async resource(href: string, row: PropertyRow, plan: PropertyPlan): Promise<void> {
    const kind = plan.for(row.resource.kind);
    this.row(href, row, kind, kind.loads ? await kind.load([row], this.#request) : kind.loadOnce(this.#request));
  }

  /**
   * A batch of items of one collection. `access`: what `CompiledAccess.items` said of it.
   * Waits only where a property loads; call `drained` after each batch.
   */
  async items(base: ItemBase, items: readonly Item[], plan: PropertyPlan, access: ItemAccess, unreadable: Unreadable = 'omit'): Promise<void> {
    const kind = plan.for(base.resource.kind);
    const start = headOf(base.href);
    if (!kind.loads) {
      const loaded = kind.loadOnce(this.#request);
      for (const item of items) this.#item(start, base, item, kind, loaded, access, unreadable);
      return;
    }
    const rows: PropertyRow[] = [];
    for (const item of items) {
      const allowed = access.constant ?? access.of(item);
      if ((allowed & READ) === READ) rows.push({ resource: base.resource, item, access: allowed, identity: this.#request.identity });
      else if (unreadable !== 'omit') this.named(base, item.name, unreadable);
    }
    const loaded = await kind.load(rows, this.#request);
    for (const row of rows) this.#write(start + escapeSegment(row.item!.name), row, kind, loaded);
  }

  /** One item, for kinds of plan that load nothing. */
  item(base: ItemBase, item: Item, kind: KindPlan, access: ItemAccess, unreadable: Unreadable = 'omit'): void {
    this.#item(headOf(base.href), base, item, kind, kind.loadOnce(this.#request), access, unreadable);
  }

  /** `start`: the head of the base's href, made once a batch. */
  #item(start: string, base: ItemBase, item: Item, kind: KindPlan, loaded: readonly unknown[], access: ItemAccess, unreadable: Unreadable): void {
    const allowed = access.constant ?? access.of(item);
    if ((allowed & READ) !== READ) {
      if (unreadable !== 'omit') this.named(base, item.name, unreadable);
      return;
    }
    const row = this.#row;
    row.resource = base.resource;
    row.item = item;
    row.access = allowed;
    this.#write(start + escapeSegment(item.name), row, kind, loaded);
  }

  /** A row of anything, from what was loaded for it. `href` is percent-encoded. */
  row(href: string, row: PropertyRow, kind: KindPlan, loaded: readonly unknown[]): void {
    this.#write(headOf(href), row, kind, loaded);
  }

  /** `head`: the response up to the end of its href's text. */
  #write(head: string, row: PropertyRow, kind: KindPlan, loaded: readonly unknown[]): void {
    if (kind.bare) {
      this.#status(head, 200);
      return;
    }
    const { xml } = this;
    const before = xml.snapshot();
    try {
      kind.write(xml, head, row, loaded, this.#minimal);
      this.#rows++;
    } catch (error) {
      this.#failed(error);
      xml.restore(before);
      this.#status(head, 500);
    }
    if (xml.length >= FLUSH_AT) this.#flush();
  }

  /** A response with a status and no properties (RFC 4918 §14.24), with a named condition where there is one. */
  status(href: string, status: number, error?: DavError): void {
    this.#status(headOf(href), status, error);
  }

  #status(head: string, status: number, error?: DavError): void {
    const { xml } = this;
    xml.fragment(`${head}</href><status>HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}</status>`);
    if (error !== undefined) writeErrorElement(xml, error);
    xml.fragment('</response>');
    this.#rows++;
    if (xml.length >= FLUSH_AT) this.#flush();
  }

  /** The same for a name in a collection. */
  named(base: ItemBase, name: ItemName, status: number, error?: DavError): void {
    this.status(base.href + escapeSegment(name), status, error);
  }

  /** After each batch: waits for a slow client, lets others run, and ends the work when the client has gone. @throws ClientGone */
  async drained(): Promise<void> {
    await this.#stream.ready(this.#rows);
  }

  /** RFC 6578 §6.4. */
  syncToken(token: string): void {
    this.xml.leaf({ ns: 'DAV:', local: 'sync-token' }, token);
  }

  async end(): Promise<void> {
    this.xml.close();
    const pieces = this.xml.takePieces();
    for (const piece of pieces.slice(0, -1)) this.#stream.write(piece);
    await this.#stream.end(pieces.at(-1)!);
  }

  #flush(): void {
    for (const piece of this.xml.takePieces()) this.#stream.write(piece);
  }
}

const FLUSH_AT = 8192;

/** A row begins so: whoever writes it ends the href. */
function headOf(href: string): string {
  return `<response><href>${escapeText(href)}`;
}
