/** The limits of R50 as a store wants them, with the owner's own quota where the directory gives one. */
import type { Directory, Limits, PrincipalId, WriteLimits } from '@kalends/contracts';

export async function writeLimits({ homeOctets, calendarsPerHome, itemsPerCalendar, attachmentsPerItem }: Limits, directory: Pick<Directory, 'findById'>, owner: PrincipalId): Promise<WriteLimits> {
  const own = (await directory.findById(owner))?.quotaOctets;
  return { octets: own ?? homeOctets, collections: calendarsPerHome, itemsPerCollection: itemsPerCalendar, attachmentsPerItem };
}
