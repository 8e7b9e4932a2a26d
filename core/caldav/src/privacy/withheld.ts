/**
 * What an event that is not for everybody keeps from others, as access: PRIVATE all but that its owner is busy; the other levels whatever would change it, for who
 * sees a part must not write the rest away (caldav-privateevents). Access control asks this for single resources and for each row of a listing.
 */
import type { Item, ResourceKind } from '@kalends/contracts';
import { ALL, BIND, READ_FREE_BUSY, UNBIND, UNLOCK, WRITE, WRITE_ACL } from '@kalends/contracts';
import { accessLevel } from '@kalends/icalendar';

export const withheldByItem: NonNullable<ResourceKind['withholds']> = {
  select: { facts: true },
  privileges({ facts }) {
    switch (accessLevel(facts)) {
      case 'public': return 0;
      case 'private': return ALL & ~READ_FREE_BUSY;
      default: return WRITE | BIND | UNBIND | UNLOCK | WRITE_ACL;
    }
  },
};

/** True where the item itself has a say in who takes it away. False for its owner, whom nobody reads facts for. */
export function keepsFromOthers({ facts }: Item): boolean {
  return facts !== undefined && accessLevel(facts) !== 'public';
}
