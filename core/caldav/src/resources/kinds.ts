/**
 * The resource kinds of calendar homes as the engine wants them. One of them has the paths; the others are what a path may turn out to be. Inbox and outbox
 * are `core/scheduling`'s.
 */
import type { Ace, Batches, CalendarStore, DavResource, ResourceKind } from '@kalends/contracts';
import { joinPath } from '@kalends/webdav';
import { withheldByItem } from '../privacy/withheld.ts';
import { HOME_PATHS } from './calendar-home.ts';
import type { CalendarHomes } from './calendar-home.ts';
import { elsewhereAcl, freeBusyAcl, homeAcl } from './default-access.ts';
import { FREE_BUSY_LEAF } from './home-layout.ts';
import { calendarPrivileges, filePrivileges, freeBusyPrivileges } from './privileges.ts';

export function homeKinds(homes: CalendarHomes, store: CalendarStore): readonly ResourceKind[] {
  return [
    {
      kind: 'home', paths: HOME_PATHS, privileges: calendarPrivileges, protectedAcl: homeAcl,
      resolve: (match, select, identity) => homes.resolve(match, select, identity),
      members: (home) => membersOf(store, home),
    },
    reached('calendar', calendarPrivileges),
    { ...reached('calendar-item', calendarPrivileges, 'leaf'), withholds: withheldByItem },
    reached('share', calendarPrivileges),
    reached('notifications', calendarPrivileges),
    reached('notification', calendarPrivileges, 'leaf'),
    reached('files', filePrivileges),
    reached('file', filePrivileges, 'leaf'),
    reached('free-busy-url', freeBusyPrivileges, 'leaf', freeBusyAcl),
    reached('add-member', calendarPrivileges, 'endpoint'),
    reached('home-child', calendarPrivileges, 'nothing'),
    reached('nowhere', calendarPrivileges, 'nothing'),
    reached('elsewhere', calendarPrivileges, 'endpoint', elsewhereAcl),
  ];
}

/** A kind that another's paths lead to. */
export function reached(kind: string, privileges: ResourceKind['privileges'], shape: NonNullable<ResourceKind['shape']> = 'collection', protectedAcl: () => readonly Ace[] = () => []): ResourceKind {
  return { kind, paths: [], shape, privileges, protectedAcl, resolve: async () => undefined };
}

/** The stored collections, and the leaf that no row stands for. */
async function* membersOf(store: CalendarStore, home: DavResource): Batches<DavResource> {
  const root = home.collection!;
  const members = (await store.listCollections(root.id, 1)).map((collection): DavResource => ({
    ...home, kind: collection.kind, path: joinPath(home.path, collection.segment, true), canonical: joinPath(home.canonical, collection.segment, true),
    collection, ancestors: [root],
  }));
  const { collection: _, ancestors: __, ...rest } = home;
  yield [...members, { ...rest, kind: 'free-busy-url', path: joinPath(home.path, FREE_BUSY_LEAF, false), canonical: joinPath(home.canonical, FREE_BUSY_LEAF, false) }];
}
