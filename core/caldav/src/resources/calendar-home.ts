/**
 * Homes and all that lies in them, at `/calendars/__uids__/{id}/…` and at their aliases by type and name. One store read finds everything a request needs:
 * home, collection, its ancestors, the item. A home is made by the first request for it that comes with a proven identity (R13).
 *
 * Does not decide access and writes no answer.
 */
import type { CalendarStore, DavResource, Directory, Home, HomeOwner, Identity, ItemSelect, Located, PathMatch, Principal, PrincipalId } from '@kalends/contracts';
import { escapeSegment, seesWhole } from '@kalends/webdav';
import { withheldByItem } from '../privacy/withheld.ts';
import { HOME_COLLECTIONS, homeRoot, kindAt } from './home-layout.ts';

/** First the canonical form: ids never change, names do. */
export const HOME_PATHS: readonly string[] = ['/calendars/__uids__/{id}/{path*}', '/calendars/{type}/{name}/{path*}'];

const KINDS: ReadonlyMap<string, Principal['kind']> = new Map([['users', 'user'], ['groups', 'group'], ['locations', 'location'], ['resources', 'resource']]);

/** The canonical path of something in a home; collections end in a slash. */
export function homePath(owner: PrincipalId, segments: readonly string[] = [], leaf?: string): string {
  return `/calendars/__uids__/${[owner, ...segments].map(escapeSegment).join('/')}/${leaf === undefined ? '' : escapeSegment(leaf)}`;
}

export class CalendarHomes {
  readonly #store: CalendarStore;
  readonly #directory: Directory;

  constructor(store: CalendarStore, directory: Directory) {
    this.#store = store;
    this.#directory = directory;
  }

  async resolve(match: PathMatch, select: ItemSelect, identity: Identity): Promise<DavResource | undefined> {
    const owner = await this.#ownerOf(match.values);
    if (owner === undefined) return undefined;
    const path = match.values.get('path') ?? [];
    // What an item keeps from others is read with it, where somebody else asks.
    const wanted = seesWhole(identity, owner) ? select : { ...select, ...withheldByItem.select };
    const located = await this.#store.locate(owner, path, wanted);
    if (located !== undefined) return asResource(match, owner, located);
    if (identity.principal === undefined || await this.ensure(owner) === undefined) return undefined;
    const made = await this.#store.locate(owner, path, wanted);
    return made === undefined ? undefined : asResource(match, owner, made);
  }

  /** The home of `owner`, made if need be; undefined where the directory knows nobody of that id, or a group that has no calendar. */
  async ensure(owner: PrincipalId): Promise<Home | undefined> {
    const found = await this.#store.findHome(owner);
    if (found !== undefined) return found;
    const principal = await this.#directory.findById(owner);
    if (principal === undefined || !hasHome(principal)) return undefined;
    return this.#store.createHome(homeOwner(principal), homeRoot(principal.kind), HOME_COLLECTIONS);
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
