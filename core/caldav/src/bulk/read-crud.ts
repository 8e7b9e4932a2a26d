/**
 * The bulk CRUD request (calendarserver-bulk-change §4, §7): a `multiput` of resources to be made, changed and deleted in one calendar. What breaks the grammar
 * fails the whole request; what cannot be done fails for itself.
 *
 * Properties beside calendar-data are not set here: such a resource is refused (§4.1: all of it or nothing).
 */
import type { ItemName, XmlNode } from '@kalends/contracts';
import { CALDAV, DavError, badRequest, forbidden, isNamed, ownCollection, parsePath } from '@kalends/webdav';
import type { EngineRequest } from '@kalends/webdav';
import { parse, parseJson } from '@kalends/icalendar';
import { mediaOf } from '../query/read-calendar-data.ts';
import type { CalendarMedia } from '../query/read-calendar-data.ts';
import type { BulkEntry, CalendarBody } from './entry.ts';
import { MAX_BULK_RESOURCES, MOBILE_ME, maxBulkResources } from './entry.ts';

/** @throws DavError 400, MM:max-resources */
export async function readCrud(request: EngineRequest, body: XmlNode): Promise<readonly BulkEntry[]> {
  const resources = body.children.filter(({ name }) => isNamed(name, MOBILE_ME, 'resource'));
  if (resources.length === 0) throw badRequest('A multiput holds at least one resource.');
  if (resources.length > MAX_BULK_RESOURCES) throw maxBulkResources(MAX_BULK_RESOURCES);
  const asked = resources.map(readResource);
  const places = new Places(request);
  const entries: BulkEntry[] = [];
  for (const one of asked) entries.push(await entryOf(one, places));
  return onceEach(entries);
}

interface Asked { readonly href: string | undefined; readonly ifMatch: string | undefined; readonly isDelete: boolean; readonly data: XmlNode | undefined; readonly more: boolean }

/** @throws DavError 400 */
function readResource(resource: XmlNode): Asked {
  const named = (ns: string, local: string): XmlNode | undefined => only(resource, ns, local);
  const href = named('DAV:', 'href')?.text.trim();
  const isDelete = named(MOBILE_ME, 'delete') !== undefined;
  const set = named('DAV:', 'set');
  if (isDelete ? href === undefined || set !== undefined : set === undefined) {
    throw badRequest('A resource of a multiput has a set, an href and a set, or an href and a delete.');
  }
  // Some clients leave the DAV:prop out.
  const properties = set === undefined ? [] : (only(set, 'DAV:', 'prop') ?? set).children;
  const data = properties.find(({ name }) => isNamed(name, CALDAV, 'calendar-data'));
  if (set !== undefined && properties.length === 0) throw badRequest('A set of a multiput holds calendar-data.');
  const condition = named(MOBILE_ME, 'if-match');
  const tag = condition === undefined ? undefined : only(condition, 'DAV:', 'getetag')?.text.trim();
  if (condition !== undefined && (tag === undefined || tag === '')) throw badRequest('An if-match holds a getetag.');
  return { href, ifMatch: tag?.replace(/^"(.*)"$/, '$1'), isDelete, data, more: properties.length > (data === undefined ? 0 : 1) || named('DAV:', 'remove') !== undefined };
}

function only(node: XmlNode, ns: string, local: string): XmlNode | undefined {
  const found = node.children.filter(({ name }) => isNamed(name, ns, local));
  if (found.length > 1) throw badRequest(`${node.name.local} holds one ${local} at most.`);
  return found[0];
}

async function entryOf({ href, ifMatch, isDelete, data, more }: Asked, places: Places): Promise<BulkEntry> {
  try {
    const name = href === undefined ? undefined : await places.nameOf(href);
    if (isDelete) return { ask: 'delete', href: href!, name: name!, ifMatch, uid: noUid };
    if (more || data === undefined) throw forbidden('A bulk request sets calendar data and no properties: use PROPPATCH.');
    const media = mediaOf(data);
    const body = (): CalendarBody => bodyOf(data, media);
    const size = data.text.length;
    const uid = (): string | undefined => uidIn(body());
    return href === undefined ? { ask: 'create', href, media, size, body, uid } : { ask: 'update', href, name: name!, ifMatch, media, size, body, uid };
  } catch (error) {
    if (error instanceof DavError) return { ask: 'nothing', href, error, uid: () => (data === undefined ? undefined : uidIn(bodyOf(data, 'text/calendar'))) };
    throw error;
  }
}

/** XML knows LF alone (XML 1.0 §2.11); iCalendar has CRLF (RFC 5545 §3.1), and what stands around it is the XML's. */
function bodyOf({ text }: XmlNode, media: CalendarMedia): CalendarBody {
  const inside = text.trim();
  return { octets: Buffer.from(media === 'text/calendar' ? `${inside.replace(/\r?\n/g, '\r\n')}\r\n` : inside), media };
}

const noUid = (): undefined => undefined;

/** Of what was refused, perhaps because nobody can read it. */
function uidIn({ octets, media }: CalendarBody): string | undefined {
  const { object } = media === 'text/calendar' ? parse(octets) : parseJson(octets);
  const found = object?.uid ?? /^UID[^:\r\n]*:(.+)$/mi.exec(Buffer.from(octets).toString())?.[1];
  return found === undefined || found.trim() === '' ? undefined : found.trim();
}

/** Names in the calendar that is asked, whichever of its paths the client writes. */
class Places {
  readonly #request: EngineRequest;
  readonly #folders = new Map<string, boolean>();

  constructor(request: EngineRequest) {
    this.#request = request;
    this.#folders.set(request.href, true).set(request.resource.canonical, true);
  }

  /** @throws DavError 400 for no path, 403 for what lies elsewhere, whether it is there or not */
  async nameOf(href: string): Promise<ItemName> {
    const path = this.#request.pathOf(href);
    const slash = path?.lastIndexOf('/') ?? -1;
    const name = path === undefined ? undefined : parsePath(path.slice(slash)).segments[0];
    if (path === undefined || name === undefined || !await this.#isHere(path.slice(0, slash + 1))) throw forbidden('The href is of no object in this calendar.');
    return name as ItemName;
  }

  async #isHere(folder: string): Promise<boolean> {
    let here = this.#folders.get(folder);
    if (here === undefined) {
      const judged = await this.#request.judge(folder, {});
      here = judged !== undefined && ownCollection(judged.resource)?.id === this.#request.resource.collection!.id;
      this.#folders.set(folder, here);
    }
    return here;
  }
}

/** §4: "the client MUST ensure that any existing resource only appears once". */
function onceEach(entries: readonly BulkEntry[]): readonly BulkEntry[] {
  const seen = new Set<ItemName>();
  return entries.map((entry) => {
    if (entry.ask !== 'update' && entry.ask !== 'delete') return entry;
    if (!seen.has(entry.name)) {
      seen.add(entry.name);
      return entry;
    }
    return { ask: 'nothing', href: entry.href, uid: noUid, error: forbidden('The request names this object twice.') };
  });
}
