/** What syncs of collections of items and of homes have in common (RFC 6578): tokens, as clients send them back and as answers end, and beginnings. */
import type { Collection, ItemSelect, Revision } from '@kalends/contracts';
import { StoreError } from '@kalends/contracts';
import type { EngineRequest } from '../engine.ts';
import { numberOfMatchesWithinLimits, validSyncToken } from '../errors/preconditions.ts';
import { syncToken } from '../resource/shape.ts';
import type { ItemAccess } from '../access/compiled-access.ts';
import type { PropertyPlan } from '../properties/plan.ts';
import type { ItemBase, Multistatus } from '../xml/multistatus.ts';

/** Rows asked of the change log at a time. */
export const PAGE = 1000;

/** @throws DavError `valid-sync-token` for one of another collection or epoch, or of a revision that is still to come */
export function readToken(token: string, own: Collection): Revision | 'start' {
  if (token === '') return 'start';
  const prefix = `data:,${own.epoch}_${own.id}_`;
  const revision = token.startsWith(prefix) ? token.slice(prefix.length) : '';
  if (!/^\d{1,15}$/.test(revision) || Number(revision) > own.revision) throw validSyncToken();
  return Number(revision) as Revision;
}

/** The token to go on with; where the answer was cut, the 507 of RFC 6578 §3.6. */
export async function endSync({ href }: EngineRequest, out: Multistatus, own: Collection, at: Revision | 'start', more: boolean): Promise<void> {
  if (more) out.status(href, 507, numberOfMatchesWithinLimits('This is a part of it: ask again with the token below.'));
  out.syncToken(syncToken({ ...own, revision: at === 'start' ? own.revision : at }));
  await out.end();
}

/** All that is there, for an answer whose token is of the revision that was read before. */
export async function listItems(
  { engine }: EngineRequest, out: Multistatus, { base, collection, select, plan, access }: {
    readonly base: ItemBase; readonly collection: Collection; readonly select: ItemSelect; readonly plan: PropertyPlan; readonly access: ItemAccess;
  },
): Promise<void> {
  for await (const batch of engine.store.listItems(collection.id, select)) {
    await out.items(base, batch, plan, access);
    await out.drained();
  }
}

/** Also after the first page: the log may lose its beginning meanwhile. */
export async function changes<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof StoreError && error.code === 'revision-gone' ? validSyncToken() : error;
  }
}
