/** The limits of R50 as a store wants them. */
import type { Limits, WriteLimits } from '@kalends/contracts';

export const writeLimits = ({ homeOctets, calendarsPerHome, itemsPerCalendar, attachmentsPerItem }: Limits): WriteLimits => ({
  octets: homeOctets, collections: calendarsPerHome, itemsPerCollection: itemsPerCalendar, attachmentsPerItem,
});
