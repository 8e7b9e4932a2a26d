/**
 * MKCALENDAR (RFC 4791 §5.3.1): a calendar directly below a home, with the properties its maker gives it, all or none. Place first, then name, then properties:
 * so is decided which error is told.
 */
import type { CalendarStore, DavRequest, Limits, MethodSpec, XmlNode } from '@kalends/contracts';
import { BIND, StoreError } from '@kalends/contracts';
import { CALDAV, XML_DECLARATION, XML_TYPE, XmlWriter, badRequest, conflict, dav, engineOf, fromStore, isNamed, maxCollections, resourceMustBeNull, writeErrorElement } from '@kalends/webdav';
import type { DavError, EngineRequest } from '@kalends/webdav';
import { STATUS_CODES } from 'node:http';
import { calendarCollectionLocationOk } from '../preconditions.ts';
import { leafOf } from '../resources/calendar-home.ts';
import { writeLimits } from '../write/limits.ts';
import { planInitial } from './initial-properties.ts';

/** Where something is already. */
const TAKEN = ['home', 'calendar', 'share', 'inbox', 'outbox', 'notifications', 'files', 'free-busy-url'];
/** Where no calendar may be, whether something is there or not. */
const ELSEWHERE = ['calendar-item', 'inbox-item', 'notification', 'file', 'nowhere'];

export function mkcalendarSpecs(store: CalendarStore, limits: Limits): readonly MethodSpec[] {
  const spec = (kinds: readonly string[], on: 'self' | 'parent', handle: MethodSpec['handle']): MethodSpec => ({
    method: 'MKCALENDAR', kinds, requires: () => [{ on, privileges: BIND }], handle,
  });
  return [
    spec(['home-child'], 'parent', (request) => makeCalendar(store, limits, request)),
    spec(TAKEN, 'self', async () => { throw resourceMustBeNull(); }),
    spec(ELSEWHERE, 'parent', async ({ resource }) => {
      throw resource.kind === 'nowhere' && resource.collection?.kind !== 'calendar' ? conflict('The collection that this should lie in is not there.') : calendarCollectionLocationOk();
    }),
  ];
}

async function makeCalendar(store: CalendarStore, limits: Limits, dav: DavRequest): Promise<void> {
  const request = engineOf(dav);
  const { resource, http: { response } } = request;
  const nodes = propertiesOf(await request.xml());
  const { properties, failed } = await planInitial(request, 'calendar', nodes);
  if (failed.size > 0) return answerFailed(request, nodes, failed);
  const home = resource.home!;
  try {
    await store.write(home.id, writeLimits(limits), (tx) => tx.createCollection(home.root.id, { segment: leafOf(resource), kind: 'calendar', properties }));
  } catch (error) {
    throw error instanceof StoreError && error.code === 'exists' ? resourceMustBeNull() : fromStore(error, { 'too-many': () => maxCollections() });
  }
  // §5.3.1: the answer to a creation is not for caches.
  response.writeHead(201, { 'Cache-Control': 'no-cache', 'Content-Length': '0' }).end();
}

/** @throws DavError 400 for a body that is no mkcalendar */
function propertiesOf(body: XmlNode | undefined): readonly XmlNode[] {
  if (body === undefined) return [];
  if (!isNamed(body.name, CALDAV, 'mkcalendar')) throw badRequest('The body of MKCALENDAR is a CALDAV:mkcalendar element.');
  return body.children.flatMap((set) => (isNamed(set.name, 'DAV:', 'set') ? set.children : [])).flatMap((prop) => (isNamed(prop.name, 'DAV:', 'prop') ? prop.children : []));
}

/** Nothing was made: each property with its status, 424 for those that failed only with others (RFC 4918 §11.4). */
function answerFailed({ href, http: { response } }: EngineRequest, nodes: readonly XmlNode[], failed: ReadonlyMap<XmlNode, DavError>): void {
  const xml = new XmlWriter(XML_DECLARATION);
  xml.open(dav('multistatus'));
  xml.open(dav('response'));
  xml.href(href);
  for (const node of nodes) {
    const error = failed.get(node);
    xml.open(dav('propstat'));
    xml.open(dav('prop'));
    xml.empty(node.name);
    xml.close();
    xml.leaf(dav('status'), statusLine(error?.status ?? 424));
    if (error !== undefined) writeErrorElement(xml, error);
    xml.close();
  }
  xml.close();
  xml.close();
  const body = xml.take();
  response.writeHead(207, { 'Content-Type': XML_TYPE, 'Content-Length': Buffer.byteLength(body) }).end(body);
}

const statusLine = (status: number): string => `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
