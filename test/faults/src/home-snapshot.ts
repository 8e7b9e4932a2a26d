/** A home as text, without what may differ between equal homes (revisions, epochs, times of change): what was answered is compared with what is found. */
import type { CalendarStore, Collection, CollectionId, Home, Item, JobLog, PrincipalId } from '@kalends/contracts';

export interface Opened { readonly store: CalendarStore; readonly jobLog: JobLog }

/** One line a collection, item and job. `hidden`: ids that are out of every listing and must still be reached. */
export async function snapshotOf({ store, jobLog }: Opened, owner: PrincipalId, hidden: readonly CollectionId[] = []): Promise<readonly string[]> {
  const home = await store.findHome(owner);
  if (home === undefined) return [];
  const lines = [`octets ${home.usedOctets}`, ...await linesOf(store, home.root, '')];
  for (const collection of (await store.findCollections(hidden)).values()) lines.push(...await linesOf(store, collection, `hidden ${collection.id}`));
  for (const { kind, payload } of await jobLog.list({ home: home.id }, undefined, 1000)) lines.push(`job ${kind} ${JSON.stringify(payload)}`);
  return lines.sort();
}

/** Names and ETags alone: what a rebuilt index must still say. */
export async function etagsOf(store: CalendarStore, home: Home): Promise<ReadonlyMap<string, string>> {
  const etags = new Map<string, string>();
  const walk = async (id: CollectionId, above: string): Promise<void> => {
    for await (const batch of store.listItems(id, {})) for (const { name, etag } of batch) etags.set(`${above}${name}`, etag);
    for (const child of await store.listCollections(id, 1)) await walk(child.id, `${above}${child.segment}/`);
  };
  await walk(home.root.id, '');
  return etags;
}

async function linesOf(store: CalendarStore, collection: Collection, path: string): Promise<readonly string[]> {
  const { id, kind, properties, personal, acl, created } = collection;
  const lines = [`collection ${path}/ ${id} ${kind} ${created} ${json(properties)} ${json(personal)} ${JSON.stringify(acl)}`];
  for await (const batch of store.listItems(id, { meta: true, body: true, acl: true, dead: 'all', attachments: true })) for (const item of batch) lines.push(lineOf(item, path));
  for (const child of await store.listCollections(id, 1)) lines.push(...await linesOf(store, child, `${path}/${child.segment}`));
  return lines;
}
function lineOf({ name, etag, meta, body, acl, dead, attachments }: Item, path: string): string {
  return `item ${path}/${name} ${etag} ${meta!.size} ${body!.length} ${meta!.uid ?? '-'} ${meta!.scheduleTag ?? '-'} ${JSON.stringify(acl)} ${json(dead!)} ${JSON.stringify(attachments)}`;
}
function json(map: ReadonlyMap<string, unknown>): string {
  return JSON.stringify([...map].map(([key, value]) => [key, value instanceof Map ? [...value as Map<string, string>] : value]).sort());
}
