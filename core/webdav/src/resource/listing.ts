/**
 * Collections without a row above homes and principals: `/principals/`, `/calendars/`, their lists by type, and `__uids__`, which is there but not listed (ids
 * are not for browsing). Names come from the directory page by page, never all at once.
 */
import { READ, READ_ACL, READ_CURRENT_USER_PRIVILEGE_SET } from '@kalends/contracts';
import type { Ace, Batches, CalendarStore, DavRequest, DavResource, Directory, Identity, Principal, ResourceKind } from '@kalends/contracts';
import type { Delegates } from '../access/delegates.ts';
import { forbidden } from '../errors/preconditions.ts';
import { engineOf } from '../engine.ts';
import { escapeSegment, withSlash } from './href.ts';
import { KIND_OF, TYPE_OF, UIDS } from './principal-path.ts';
import { isHostedHere, principalResource } from './principal.ts';
import { davPrivileges } from './privileges.ts';

/** Records asked of the directory at a time. */
const PAGE = 256;
const TYPES = Object.values(TYPE_OF);

/** `/calendars/…` and `/principals/…` (2.8 of the plan: "Default access"). Administrators do not own what nobody owns. */
function listingAcl(): readonly Ace[] {
  return [
    { principal: 'authenticated', grant: READ | READ_CURRENT_USER_PRIVILEGE_SET },
    { principal: 'administrators', grant: READ | READ_ACL | READ_CURRENT_USER_PRIVILEGE_SET },
  ];
}

const bases = ['/principals/', '/calendars/'] as const;
const plain = (kind: string, path: string, canonical: string): DavResource => ({ kind, path: withSlash(path), canonical, owner: undefined });

/** `/principals/`, `/calendars/`: the lists below them. */
export const listingKind: ResourceKind = {
  kind: 'listing',
  paths: bases,
  privileges: davPrivileges,
  protectedAcl: listingAcl,
  resolve: async ({ path, template }) => plain('listing', path, template),
  members: async function* ({ path, canonical }) {
    const kind = canonical === '/principals/' ? 'principal-listing' : 'home-listing';
    const below = (of: string, segment: string): DavResource => plain(of, `${path}${segment}/`, `${canonical}${segment}/`);
    yield [below('uids-listing', UIDS), ...TYPES.map((type) => below(kind, type))];
  },
};

export const uidsListingKind: ResourceKind = {
  kind: 'uids-listing',
  paths: bases.map((base) => `${base}${UIDS}/`),
  privileges: davPrivileges,
  protectedAcl: listingAcl,
  resolve: async ({ path, template }) => plain('uids-listing', path, template),
  members: () => { throw forbidden('What is here is found by its id, not by listing.'); },
};

export function principalListingKind(directory: Directory): ResourceKind {
  return {
    kind: 'principal-listing',
    paths: TYPES.map((type) => `/principals/${type}/`),
    privileges: davPrivileges,
    protectedAcl: listingAcl,
    resolve: async ({ path, template }) => plain('principal-listing', path, template),
    members: async function* ({ path, canonical }) {
      for await (const page of principalsOf(directory, kindOfListing(canonical))) {
        yield page.map((principal) => principalResource(principal, `${path}${escapeSegment(principal.names[0] ?? principal.id)}/`));
      }
    },
  };
}

/**
 * `/calendars/<type>/`: the homes that the caller may have a right to, and for administrators those that are there. (Nobody else has rights on another's home:
 * homes have no ACL method.) A listing makes no homes but the caller's own, and names none of another server.
 */
export function homeListingKind(parts: { readonly directory: Directory; readonly store: CalendarStore; readonly delegates: Delegates }): ResourceKind {
  return {
    kind: 'home-listing',
    paths: TYPES.map((type) => `/calendars/${type}/`),
    privileges: davPrivileges,
    protectedAcl: listingAcl,
    resolve: async ({ path, template }) => plain('home-listing', path, template),
    members: async function* (resource, request) {
      const kind = kindOfListing(resource.canonical);
      const pages = request.identity.admin ? withHome(principalsOf(parts.directory, kind), parts.store) : near(request.identity, kind, parts);
      for await (const page of pages) {
        const homes = await Promise.all(page.map((principal) => homeOf(principal, resource.path, request)));
        yield homes.filter((home) => home !== undefined);
      }
    },
  };
}

async function homeOf(principal: Principal, listing: string, request: DavRequest): Promise<DavResource | undefined> {
  const path = `${listing}${escapeSegment(principal.names[0] ?? principal.id)}/`;
  return engineOf(request).engine.locate(path, {}, request.identity);
}

/** The caller, those who made him a delegate, and the groups he is in. */
async function* near(identity: Identity, kind: Principal['kind'], { directory, delegates }: { readonly directory: Directory; readonly delegates: Delegates }): Batches<Principal> {
  if (identity.principal === undefined) return;
  const groups = await delegates.groupsWith(identity.principal);
  const ids = new Set([identity.principal, ...identity.groups, ...groups.map(({ owner }) => owner)]);
  const found = await Promise.all([...ids].map((id) => directory.findById(id)));
  yield found.filter((principal) => principal !== undefined).filter((principal) => principal.kind === kind && isHostedHere(principal));
}

async function* withHome(pages: Batches<Principal>, store: CalendarStore): Batches<Principal> {
  for await (const page of pages) {
    const here = page.filter(isHostedHere);
    const homes = await Promise.all(here.map(({ id }) => store.findHome(id)));
    yield here.filter((_, index) => homes[index] !== undefined);
  }
}

async function* principalsOf(directory: Directory, kind: Principal['kind']): Batches<Principal> {
  let after: string | undefined;
  for (;;) {
    const page = await directory.list(kind, after, PAGE);
    if (page.length > 0) yield page;
    after = page.at(-1)?.names[0];
    if (page.length < PAGE || after === undefined) return;
  }
}

function kindOfListing(canonical: string): Principal['kind'] {
  return KIND_OF.get(canonical.split('/')[2] ?? '') ?? 'user';
}
