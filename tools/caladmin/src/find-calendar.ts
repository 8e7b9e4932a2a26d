/** Whose calendar a command means: an account, record name or id, and a calendar by its last URL segment or its display name. */
import type { CalendarStore, Collection, Directory, Home, Principal, PrincipalId } from '@kalends/contracts';
import { CalendarHomes } from '@kalends/caldav';

/** As `users/alice` begins, by kind. */
export const TYPES: Readonly<Record<Principal['kind'], string>> = { user: 'users', group: 'groups', location: 'locations', resource: 'resources' };
const KINDS = Object.keys(TYPES) as readonly Principal['kind'][];
/** `mailto:`, `urn:`, a principal's URL or its path. */
const ADDRESS = /^(?:[a-z][a-z0-9+.-]*:|\/principals\/)/i;

export class NotFound extends Error {
  override readonly name = 'NotFound';
}

/** @throws NotFound with a sentence for people */
export async function findOwner(directory: Directory, named: string): Promise<Principal> {
  const found = ADDRESS.test(named) ? await directory.findByAddress(named) : await findNamed(directory, named) ?? await directory.findByAccount(named) ?? await directory.findById(named as PrincipalId);
  if (found !== undefined) return found;
  for (const kind of KINDS) {
    const byName = await directory.findByName(kind, named);
    if (byName !== undefined) return byName;
  }
  throw new NotFound(`nobody in the directory is called ${named}; give an account, a name such as locations/boardroom, an id, or mailto: and an address`);
}

/** By `<type>/<name>`; undefined for what is spelled otherwise, too. */
export async function findNamed(directory: Pick<Directory, 'findByName'>, named: string): Promise<Principal | undefined> {
  const [type, ...rest] = named.split('/');
  const kind = KINDS.find((each) => TYPES[each] === type);
  return kind === undefined || rest.length === 0 ? undefined : directory.findByName(kind, rest.join('/'));
}

/** Makes the home, as the first log-in would; one that was here before its owner moved to another server is found too. @throws NotFound where there is to be none */
export async function homeOf(store: CalendarStore, directory: Directory, owner: Principal): Promise<Home> {
  const home = await new CalendarHomes(store, directory).ensure(owner.id);
  if (home !== undefined) return home;
  const why = owner.elsewhere === undefined ? 'the directory gives this group none' : `they are on ${owner.elsewhere.origin ?? `a server that nobody can tell: ${String(owner.server)}`}`;
  throw new NotFound(`${owner.displayName} has no calendars here; ${why}`);
}

export async function calendarsOf(store: CalendarStore, home: Home): Promise<readonly Collection[]> {
  return (await store.listCollections(home.root.id, 1)).filter(({ kind }) => kind === 'calendar');
}

export function named(calendars: readonly Collection[], name: string): Collection | undefined {
  return calendars.find(({ segment }) => segment === name) ?? calendars.find(({ properties }) => textOf(properties.get('{DAV:}displayname')) === name);
}

function textOf(stored: string | undefined): string | undefined {
  return stored?.replace(/<[^>]*>/g, '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
