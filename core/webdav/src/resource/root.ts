/** `/` and `/.well-known/`: no row, no owner. Who may read `/` the config says; a client that may must still log in to learn anything of people. */
import { READ, READ_ACL, READ_CURRENT_USER_PRIVILEGE_SET } from '@kalends/contracts';
import type { DavResource, ResourceKind } from '@kalends/contracts';
import { davPrivileges } from './privileges.ts';

/** `everybody`: unauthenticated requests too. */
export type RootReaders = 'everybody' | 'authenticated';

export function rootKind(readers: RootReaders): ResourceKind {
  return {
    kind: 'root',
    paths: ['/'],
    privileges: davPrivileges,
    protectedAcl: () => [
      { principal: readers === 'everybody' ? 'all' : 'authenticated', grant: READ | READ_CURRENT_USER_PRIVILEGE_SET },
      { principal: 'administrators', grant: READ | READ_ACL | READ_CURRENT_USER_PRIVILEGE_SET },
    ],
    resolve: async ({ path }) => rootResource('root', path, '/'),
    members: async function* ({ path }) {
      yield ['principals', 'calendars'].map((segment) => rootResource('listing', `${path}${segment}/`, `/${segment}/`));
    },
  };
}

/** Open to all; what stands below it is answered before anybody logs in (`well-known.ts`). */
export const wellKnownKind: ResourceKind = {
  kind: 'well-known',
  paths: ['/.well-known/'],
  privileges: davPrivileges,
  protectedAcl: () => [{ principal: 'all', grant: READ | READ_CURRENT_USER_PRIVILEGE_SET }],
  resolve: async ({ path }) => rootResource('well-known', path, '/.well-known/'),
  members: async function* () { /* What stands below is no DAV resource. */ },
};

function rootResource(kind: string, path: string, canonical: string): DavResource {
  return { kind, path, canonical, owner: undefined };
}
