/**
 * sync-collection REPORT (RFC 6578): what changed since a token, in a collection of items or in a whole home. An initial one lists what is there and asks the change
 * log nothing, so it tells of no removals (§3.4) and cannot fall behind a log that forgets; only where the client wants it in parts, the log says where to go on. A
 * token that equals the collection's revision is answered without touching the log either.
 */
import type { Collection, DavRequest, ItemSelect, ReportSpec, Revision, XmlNode } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import type { EngineRequest } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';
import { badRequest, numberOfMatchesWithinLimits } from '../errors/preconditions.ts';
import { itemsOf } from '../resource/family.ts';
import { SYNCING_KINDS, ownCollection } from '../resource/shape.ts';
import { dav } from '../xml/names.ts';
import { syncHome } from './sync-home.ts';
import { PAGE, changes, endSync, listItems, readToken } from './sync-token.ts';

export interface SyncQuery {
  /** Empty or absent: from the beginning. */ readonly token: string;
  /** Undefined: the Depth field says it, for clients of the drafts. */ readonly level: '1' | 'infinite' | undefined;
  readonly limit: number | undefined;
  readonly asking: XmlNode;
}

export const syncCollection: ReportSpec<SyncQuery> = { name: dav('sync-collection'), kinds: SYNCING_KINDS, requires: READ, read, run };

/** @throws DavError 400 */
function read(body: XmlNode): SyncQuery {
  const child = (local: string): XmlNode | undefined => body.children.find(({ name }) => name.ns === 'DAV:' && name.local === local);
  // RFC 6578 §6.3 says `infinite`; Apple's clients and scripts say it in the word of the Depth field.
  const level = child('sync-level')?.text.trim().replace(/^infinity$/, 'infinite');
  if (level !== undefined && level !== '1' && level !== 'infinite') throw badRequest('The sync-level is neither 1 nor infinite.');
  const asked = child('limit')?.children.find(({ name }) => name.local === 'nresults')?.text.trim();
  if (asked !== undefined && !/^[1-9]\d{0,8}$/.test(asked)) throw badRequest('The limit is not a number of results.');
  return { token: child('sync-token')?.text.trim() ?? '', level, limit: asked === undefined ? undefined : Number(asked), asking: body };
}

async function run(given: DavRequest, query: SyncQuery): Promise<void> {
  const request = engineOf(given);
  const { resource, fields } = request;
  const own = ownCollection(resource)!;
  const atHome = own.kind === 'home';
  // RFC 6578 §3.7: our pages of a home end where we choose; a client's own limit cannot be kept there.
  if (atHome && query.limit !== undefined) throw new DavError(507, { condition: { name: numberOfMatchesWithinLimits.condition }, detail: 'A home is listed whole.' });
  const level = query.level ?? (fields.depth === 1 ? '1' : fields.depth === 'infinity' ? 'infinite' : undefined);
  if (level === undefined) throw badRequest('A sync-collection says its sync-level.');
  const since = readToken(query.token, own);
  if (atHome) await syncHome(request, { plan: request.plan(query.asking), since, deep: level === 'infinite' });
  else await syncItems(request, own, query, since);
}

async function syncItems(request: EngineRequest, own: Collection, { limit, asking }: SyncQuery, since: Revision | 'start'): Promise<void> {
  const { engine, resource, href } = request;
  const plan = request.plan(asking);
  const items = itemsOf(resource) ?? resource;
  const base = { href, resource: items };
  const select: ItemSelect = request.selectOf(own, plan.select(items.kind));
  const access = await request.items(items);
  const out = request.multistatus();
  if (since === 'start' && limit === undefined) {
    await listItems(request, out, { base, collection: own, select, plan, access });
    await endSync(request, out, own, own.revision, false);
    return;
  }
  let at: Revision | 'start' = since;
  let more = since === 'start' || since < own.revision;
  let room = limit ?? Number.POSITIVE_INFINITY;
  while (more && room > 0) {
    const page = await changes(() => engine.store.changesSince(own.id, at, Math.min(PAGE, room), select));
    await out.items(base, page.changed, plan, access, since === 'start' ? 'omit' : 404);
    for (const name of page.removed) out.named(base, name, 404);
    room -= page.changed.length + page.removed.length;
    ({ revision: at, more } = page);
    await out.drained();
    // What comes after the first part of a beginning is told by the log, removals and all: the client asks for it with the token.
    if (since === 'start') break;
  }
  await endSync(request, out, own, at, more);
}
