/**
 * Whose question about busy time reaches which calendars: those that let the asker see it (CALDAV:read-free-busy, RFC 4791 §6.1.1), and in them the items whose
 * own lists do. The free-busy URL and the outbox ask about a home as a whole, so nothing but this looks at its calendars' access.
 */
import type { Collection, Home, Identity } from '@kalends/contracts';
import { READ_FREE_BUSY } from '@kalends/contracts';
import type { CompiledAccess } from '@kalends/webdav';
import { homePath } from '../resources/calendar-home.ts';
import { countsFor } from './busy-time.ts';
import type { BusyOptions } from './busy-time.ts';

/** For `BusyOptions.within`. Asks no store: what it needs is in the rows. */
export function busyFor(access: CompiledAccess, identity: Identity, home: Home): NonNullable<BusyOptions['within']> {
  return async (collection: Collection) => {
    const path = homePath(home.owner, [collection.segment]);
    const items = await access.items(identity, { kind: collection.kind, path, canonical: path, owner: home.owner, home, collection, ancestors: [home.root] });
    if (items.constant === undefined) return { acl: collection.itemsWithAcl > 0, counts: countsFor(items.of, READ_FREE_BUSY) };
    return (items.constant & READ_FREE_BUSY) === READ_FREE_BUSY ? {} : undefined;
  };
}
