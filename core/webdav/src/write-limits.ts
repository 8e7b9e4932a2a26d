/** The limits of R50 as a store wants them, with the owner's own quota where the directory gives one. */
import type { DavResource, WriteLimits } from '@kalends/contracts';
import type { Engine } from './engine.ts';

/** Octets a home may hold; Infinity for no limit. */
export async function quotaOctets({ directory, deployment }: Engine, owner: DavResource['owner']): Promise<number> {
  const own = owner === undefined ? undefined : (await directory.findById(owner))?.quotaOctets;
  return own ?? deployment.limits.homeOctets;
}

export async function writeLimits(engine: Engine, { home }: DavResource): Promise<WriteLimits> {
  const { calendarsPerHome, itemsPerCalendar, attachmentsPerItem } = engine.deployment.limits;
  return { octets: await quotaOctets(engine, home?.owner), collections: calendarsPerHome, itemsPerCollection: itemsPerCalendar, attachmentsPerItem };
}
