/**
 * Homes and all that lies in them, at `/calendars/__uids__/{id}/…` and at their aliases by type and name. One store read finds everything a request needs:
 * home, collection, its ancestors, the item. A home is made by the first request for it that comes with a proven identity (R13); what is hosted elsewhere is
 * neither made nor looked for (R43), and what is here of it from before stays as it was.
 *
 * Does not decide access and writes no answer.
 */
import type { CalendarStore, DavResource, Directory, Home, HomeOwner, Identity, ItemSelect, Located, PathMatch, Principal, PrincipalId } from '@kalends/contracts';
import { escapeSegment, isHostedHere, seesWhole } from '@kalends/webdav';
import { withheldByItem } from '../privacy/withheld.ts';
import { HOME_COLLECTIONS, homeRoot, kindAt } from './home-layout.ts';

/** First the canonical form: ids never change, names do. */
export const HOME_PATHS: readonly string[] = ['/calendars/__uids__/{id}/{path*}', '/calendars/{type}/{name}/{path*}'];

const KINDS: ReadonlyMap<string, Principal['kind']> = new Map([['users', 'user'], ['groups', 'group'], ['locations', 'location'], ['resources', 'resource']]);

const NAMES_KEPT = 50_000;
/** How old a record may be that a home is made by. */
const RECORD_SECONDS = 5;

/** The canonical path of something in a home; collections end in a slash. */
export function homePath(owner: PrincipalId, segments: readonly string[] = [], leaf?: string): string {
  return `/calendars/__uids__/${[owner, ...segments].map(escapeSegment).join('/')}/${leaf === undefined ? '' : escapeSegment(leaf)}`;
}

export class CalendarHomes {
  readonly #store: CalendarStore;
  readonly #directory: Directory;
  /** The names that the store was told. */ readonly #named = new Map<PrincipalId, string>();

  constructor(store: CalendarStore, directory: Directory) {
    this.#store = store;
    this.#directory = directory;
  }

  async resolve(match: PathMatch, select: ItemSelect, identity: Identity): Promise<DavResource | undefined> {
    const owner = await this.#ownerOf(match.values);
    if (owner === undefined) return undefined;
    if (identity.principal === undefined) return this.#forNobody(match, owner, select);
    const principal = await this.#directory.findById(owner);
    if (principal !== undefined && !isHostedHere(principal)) return hasHome(principal) ? elsewhereResource(match, principal) : undefined;
    const path = match.values.get('path') ?? [];
    // What an item keeps from others is read with it, where somebody else asks.
    const wanted = seesWhole(identity, owner) ? select : { ...select, ...withheldByItem.select };
    const located = await this.#store.locate(owner, path, wanted);
    if (located !== undefined) {
      if (principal !== undefined) this.#noteName(principal);
      return asResource(match, owner, located);
    }
    if (await this.ensure(owner) === undefined) return undefined;
    const made = await this.#store.locate(owner, path, wanted);
    return made === undefined ? undefined : asResource(match, owner, made);
  }

  /** Whoever has not logged in makes no home, is told of none elsewhere, and costs the directory no question by guessing ids. */
  async #forNobody(match: PathMatch, owner: PrincipalId, select: ItemSelect): Promise<DavResource | undefined> {
    const located = await this.#store.locate(owner, match.values.get('path') ?? [], { ...select, ...withheldByItem.select });
    if (located === undefined) return undefined;
    const principal = await this.#directory.findById(owner);
    return principal === undefined || isHostedHere(principal) ? asResource(match, owner, located) : undefined;
  }

  /** The home of `owner`, made if need be; undefined where the directory knows nobody of that id, a group that has no calendar, or a principal whose home is elsewhere. */
  async ensure(owner: PrincipalId): Promise<Home | undefined> {
    const found = await this.#store.findHome(owner);
    if (found !== undefined) return found;
    const principal = await this.#directory.findById(owner, RECORD_SECONDS);
    if (principal === undefined || !hasHome(principal) || !isHostedHere(principal)) return undefined;
    return this.#store.createHome(homeOwner(principal), homeRoot(principal.kind), HOME_COLLECTIONS);
  }

  /** Beside the request, once a process and name: who looks into the store's folders finds the home by the name of today. */
  #noteName(principal: Principal): void {
    const owner = homeOwner(principal);
    if (this.#named.get(owner.id) === owner.name) return;
    if (this.#named.size >= NAMES_KEPT) this.#named.clear();
    this.#named.set(owner.id, owner.name);
    this.#store.nameOwner(owner).catch(() => { this.#named.delete(owner.id); });
  }

  async #ownerOf(values: PathMatch['values']): Promise<PrincipalId | undefined> {
    const id = values.get('id')?.[0];
    if (id !== undefined) return id as PrincipalId;
    const kind = KINDS.get(values.get('type')?.[0] ?? '');
    const name = values.get('name')?.[0];
    return kind === undefined || name === undefined ? undefined : (await this.#directory.findByName(kind, name))?.id;
  }
}

/** Everybody but groups to which the directory gives no calendar (R9). */
export const hasHome = (principal: Principal): boolean => principal.kind !== 'group' || principal.groupCalendar !== undefined;

const homeOwner = ({ id, kind, names }: Principal): HomeOwner => ({ id, kind, name: names[0] ?? id });

/** The canonical path of something in the home of a principal that is hosted elsewhere, on the server that has it; undefined: nobody can tell which. */
export function urlElsewhere({ id, elsewhere }: Principal, segments?: readonly string[], leaf?: string): string | undefined {
  return elsewhere?.origin === undefined ? undefined : elsewhere.origin + homePath(id, segments, leaf);
}

function elsewhereResource({ path, values }: PathMatch, principal: Principal): DavResource {
  const segments = values.get('path') ?? [];
  const place: readonly [readonly string[], string?] = path.endsWith('/') || segments.length === 0 ? [segments] : [segments.slice(0, -1), segments.at(-1)!];
  return { kind: 'elsewhere', path, canonical: homePath(principal.id, ...place), owner: undefined, elsewhere: { url: urlElsewhere(principal, ...place) } };
}

function asResource(match: PathMatch, owner: PrincipalId, located: Located): DavResource {
  const { home, collection, ancestors, rest, item } = located;
  const kind = kindAt(located);
  const below = [...ancestors, collection].slice(1).map(({ segment }) => segment);
  return {
    kind, path: match.path, canonical: homePath(owner, [...below, ...rest.slice(0, -1)], rest.at(-1)), owner, home,
    // The free-busy URL has its own protected entries and nothing of the home's.
    ...(kind === 'free-busy-url' ? {} : { collection, ancestors }),
    ...(item === undefined ? {} : { item }),
  };
}
