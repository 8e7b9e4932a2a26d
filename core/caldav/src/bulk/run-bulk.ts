/**
 * Does what a bulk request asks, some objects a change: whoever else writes to the home has his turn between two, and what was answered for is stored. Deletions
 * come first, so that their UIDs are free, then what is new, then what changes; each is judged and told for itself (calendarserver-bulk-change §3, §4).
 */
import type { CalendarStore, DavResource, Item, ItemName, ItemSelect, Limits, Revision, StoreWriter } from '@kalends/contracts';
import { BIND, READ, StoreError, UNBIND, WRITE_CONTENT } from '@kalends/contracts';
import {
  DavError, collectionSegments, demandTokens, dropLocks, fromStore, getctag, itemTag, itemsOf, locksIn, namesState, notFound, preconditionFailed, touchedByPut, touchedByRemoval,
} from '@kalends/webdav';
import type { EngineRequest, ItemAccess } from '@kalends/webdav';
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { itemError } from '../methods/item-errors.ts';
import { keepsFromOthers } from '../privacy/withheld.ts';
import { homePath } from '../resources/calendar-home.ts';
import type { CalendarDoor, PutChange, RemoveChange } from '../write/commit.ts';
import type { BulkEntry, BulkRow, CreateEntry, DeleteEntry, UpdateEntry } from './entry.ts';
import { ctagOk } from './entry.ts';

/** Of one change: more make the others wait, fewer cost more flushes. */
const CHUNK = 100;
const CHUNK_OCTETS = 262_144;
const ORDER: readonly BulkEntry['ask'][] = ['delete', 'create', 'update'];

type Doable = CreateEntry | UpdateEntry | DeleteEntry;
/** One entry that may be tried. */
interface Ready { readonly at: number; readonly entry: Doable; readonly name: ItemName }

export interface BulkParts { readonly door: CalendarDoor; readonly store: CalendarStore; readonly limits: Limits }
/** `rows` in the order of the entries. `ctag`: of the calendar behind the last change (§8.2). */
export interface BulkResult { readonly rows: readonly BulkRow[]; readonly ctag: string }

export class BulkRun {
  readonly #with: BulkParts;
  readonly #request: EngineRequest;
  readonly #ctag: string | undefined;
  readonly #rows: BulkRow[] = [];
  #revision: Revision | undefined;
  /** The first change is still to come: nothing has happened. */ #first = true;

  /** `ctag`: what the client thinks the calendar is at (§6). */
  constructor(parts: BulkParts, request: EngineRequest, ctag: string | undefined) {
    this.#with = parts;
    this.#request = request;
    this.#ctag = ctag;
  }

  /** @throws DavError, StoreError only where nothing was changed */
  async run(entries: readonly BulkEntry[]): Promise<BulkResult> {
    const { collection } = this.#request.resource;
    for (const [at, entry] of entries.entries()) if (entry.ask === 'nothing') this.#rows[at] = { entry, error: entry.error };
    const doable = [...entries.entries()].flatMap(([at, entry]) => (entry.ask === 'nothing' ? [] : [{ at, entry }]));
    const ordered = ORDER.flatMap((ask) => doable.filter(({ entry }) => entry.ask === ask));
    const access = await this.#request.items(itemsOf(this.#request.resource)!);
    let broken: DavError | undefined;
    for (const chunk of chunks(ordered)) {
      // Whoever hung up gets what was done, and no more of it.
      if (this.#request.http.signal.aborted) break;
      broken = broken === undefined ? await this.#chunk(chunk, access) : this.#refuse(chunk, broken);
      await nextTurn();
    }
    return { rows: this.#rows, ctag: getctag({ ...collection!, revision: this.#revision ?? collection!.revision }) };
  }

  /** @returns what went wrong with the store as a whole, so that nothing more need be tried */
  async #chunk(chunk: readonly { readonly at: number; readonly entry: Doable }[], access: ItemAccess): Promise<DavError | undefined> {
    const ready = await this.#judged(chunk, access);
    if (ready.length === 0) return undefined;
    try {
      const guard = this.#first && this.#ctag !== undefined ? (tx: StoreWriter) => this.#sameCtag(tx) : undefined;
      const { results, revision } = await this.#with.door.together(ready.map((one) => this.#change(one)), guard);
      this.#first = false;
      this.#revision = revision ?? this.#revision;
      for (const [index, { at, entry, name }] of ready.entries()) {
        const { value, reason } = results[index]!;
        this.#rows[at] = reason === undefined
          ? { entry, outcome: value, name: entry.ask === 'delete' ? undefined : name, recoded: entry.ask !== 'delete' && entry.media !== 'text/calendar' }
          : { entry, error: await this.#told(reason, entry) };
      }
      return undefined;
    } catch (error) {
      if (this.#first) throw error;
      return this.#refuse(ready, davError(error));
    }
  }

  #refuse(chunk: readonly { readonly at: number; readonly entry: Doable }[], error: DavError): DavError {
    for (const { at, entry } of chunk) this.#rows[at] = { entry, error };
    return error;
  }

  /** Those that the caller may do; the others have their rows. */
  async #judged(chunk: readonly { readonly at: number; readonly entry: Doable }[], access: ItemAccess): Promise<readonly Ready[]> {
    const present = await this.#present(chunk.flatMap(({ entry }) => (entry.ask === 'create' ? [] : [entry.name])));
    return chunk.flatMap(({ at, entry }): readonly Ready[] => {
      try {
        this.#mayDo(entry, entry.ask === 'create' ? undefined : present.get(entry.name), access);
        return [{ at, entry, name: entry.ask === 'create' ? `${randomUUID()}.ics` as ItemName : entry.name }];
      } catch (error) {
        if (!(error instanceof DavError)) throw error;
        this.#rows[at] = { entry, error };
        return [];
      }
    });
  }

  async #present(names: readonly ItemName[]): Promise<ReadonlyMap<ItemName, Item>> {
    const present = new Map<ItemName, Item>();
    if (names.length === 0) return present;
    const { collection } = this.#request.resource;
    for await (const batch of this.#with.store.findItems(collection!.id, names, this.#request.selectOf(collection!, ETAG_ONLY))) for (const item of batch) present.set(item.name, item);
    return present;
  }

  /** @throws DavError 403, 404; what the caller may not see is not there */
  #mayDo({ ask, href }: Doable, item: Item | undefined, access: ItemAccess): void {
    const { access: collection, href: calendar } = this.#request;
    if (ask === 'create') return this.#request.need(collection, BIND, calendar);
    if (ask === 'delete') this.#request.need(collection, UNBIND, calendar);
    const allowed = item === undefined ? 0 : access.constant ?? access.of(item);
    const judged = ask === 'update' || (item !== undefined && keepsFromOthers(item));
    if (item === undefined || (judged && (allowed & (READ | WRITE_CONTENT)) === 0)) throw notFound();
    if (judged) this.#request.need(allowed, WRITE_CONTENT, href!);
  }

  #change({ entry, name }: Ready): PutChange | RemoveChange {
    const { resource, identity, http } = this.#request;
    const home = resource.home!;
    const collection = resource.collection!;
    const path = homePath(resource.owner!, [collection.segment], name);
    const at: DavResource = { ...resource, kind: 'calendar-item', path, canonical: path };
    const below = [...collectionSegments(resource), name];
    const change = {
      home, collection, name, context: { identity, resource: at, headers: http.request.headers },
      guard: async (current: Item | undefined, tx: StoreWriter) => {
        if (entry.ask !== 'create' && current === undefined) throw notFound();
        if (entry.ask !== 'create' && entry.ifMatch !== undefined && !namesState(entry.ifMatch, itemTag(current!))) throw preconditionFailed('The object is not, or no longer, what if-match names.');
        const locks = await locksIn(tx);
        demandTokens(this.#request, locks, entry.ask === 'delete' ? touchedByRemoval(below) : touchedByPut(below, entry.ask === 'update'));
        return entry.ask === 'delete' && locks.length > 0 ? () => dropLocks(tx, locks, below) : undefined;
      },
    };
    return entry.ask === 'delete' ? change : { ...change, ...entry.body(), conditional: entry.ask === 'create' || entry.ifMatch !== undefined };
  }

  /** §6: inside the first change, where nothing can move any more. */
  async #sameCtag(tx: StoreWriter): Promise<void> {
    const { collection } = this.#request.resource;
    const current = await tx.findCollection(collection!.parent!, collection!.segment);
    if (current === undefined || getctag(current) !== this.#ctag) throw ctagOk();
  }

  async #told(reason: Error, entry: Doable): Promise<DavError> {
    const { home, collection } = this.#request.resource;
    if (entry.ask === 'delete') return davError(reason);
    return davError(await itemError(reason, this.#request, this.#with.store, home!, collection!, this.#with.limits));
  }
}

const ETAG_ONLY: ItemSelect = {};

/** @throws what is no refusal but a defect */
function davError(error: unknown): DavError {
  const told = error instanceof StoreError ? fromStore(error) : error;
  if (told instanceof DavError) return told;
  throw told;
}

function* chunks(entries: readonly { readonly at: number; readonly entry: Doable }[]): Generator<readonly { readonly at: number; readonly entry: Doable }[]> {
  let chunk: { readonly at: number; readonly entry: Doable }[] = [];
  let octets = 0;
  for (const one of entries) {
    const size = one.entry.ask === 'delete' ? 0 : one.entry.size;
    // Deletions stand in changes of their own, so that what follows finds their UIDs free.
    if (chunk.length > 0 && (chunk.length >= CHUNK || octets + size > CHUNK_OCTETS || (chunk[0]!.entry.ask === 'delete') !== (one.entry.ask === 'delete'))) {
      yield chunk;
      chunk = [];
      octets = 0;
    }
    chunk.push(one);
    octets += size;
  }
  if (chunk.length > 0) yield chunk;
}
