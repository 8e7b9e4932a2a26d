/** What a client may ask about, in the words of a directory: calendar user addresses, and texts that cannot be anybody's name. */
import type { Principal } from '@kalends/contracts';

const KINDS: Readonly<Record<string, Principal['kind']>> = { users: 'user', groups: 'group', locations: 'location', resources: 'resource' };
/** Longer than any name, id or address of a directory. */
const MOST_CHARACTERS = 512;

/** Whether anybody can be called that; else no directory is asked. */
export function isPlausible(text: string): boolean {
  return text !== '' && text.length <= MOST_CHARACTERS && !/\p{Cc}/u.test(text) && text.isWellFormed();
}

export type AddressMeaning =
  | { readonly is: 'email'; readonly email: string }
  | { readonly is: 'id'; /** Spellings in which the directory may keep it. */ readonly ids: readonly string[] }
  | { readonly is: 'name'; readonly kind: Principal['kind']; readonly name: string };

/** Undefined: nothing that a directory server knows. */
export function readAddress(address: string): AddressMeaning | undefined {
  const [, scheme = '', rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(address.trim()) ?? [];
  switch (scheme.toLowerCase()) {
    case 'mailto': {
      const email = decoded(rest.split('?')[0] ?? '');
      return isPlausible(email) ? { is: 'email', email } : undefined;
    }
    case 'urn': {
      const id = /^(?:uuid|x-uid):(.+)$/is.exec(rest)?.[1];
      return id !== undefined && isPlausible(id) ? { is: 'id', ids: [...new Set([id, id.toLowerCase(), id.toUpperCase()])] } : undefined;
    }
    case 'http': case 'https': return readPath(rest.replace(/^\/\/[^/]*/, ''));
    default: return readPath(address.trim());
  }
}

function readPath(path: string): AddressMeaning | undefined {
  const [, type, last] = /^\/principals\/([^/]+)\/([^/]+)\/?$/.exec(path) ?? [];
  if (type === undefined || last === undefined) return undefined;
  const name = decoded(last).normalize('NFC');
  if (!isPlausible(name)) return undefined;
  if (type === '__uids__') return { is: 'id', ids: [name] };
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  return kind === undefined ? undefined : { is: 'name', kind, name };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
