/**
 * Calendar user addresses in one spelling, so that a source is asked, and a cache keyed, by one form of each (RFC 5545 §3.3.3; `apple-behaviour` 6.2): scheme
 * and mail address in lower case, principal URLs of this host as paths. And the addresses that every principal has without saying so.
 */
import type { Principal, PrincipalId } from '@kalends/contracts';

export const TYPES: Readonly<Record<Principal['kind'], string>> = { user: 'users', group: 'groups', location: 'locations', resource: 'resources' };
const KINDS = new Map<string, Principal['kind']>(Object.entries(TYPES).map(([kind, type]) => [type, kind as Principal['kind']]));
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export type Meaning =
  | { readonly is: 'id'; readonly id: PrincipalId }
  | { readonly is: 'name'; readonly kind: Principal['kind']; readonly name: string }
  | { readonly is: 'address'; readonly address: string };

/** `host`: of the public URL, with its port if it has one. */
export function meaningOf(address: string, host: string): Meaning {
  const trimmed = address.trim();
  const [, scheme = '', rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(trimmed) ?? [];
  switch (scheme.toLowerCase()) {
    case 'mailto': return { is: 'address', address: `mailto:${unescaped(rest.split('?')[0] ?? '').toLowerCase()}` };
    case 'urn': return { is: 'address', address: `urn:${rest.toLowerCase()}` };
    case 'http': case 'https': return ofUrl(trimmed, host);
    default: return principalPath(trimmed) ?? { is: 'address', address: trimmed };
  }
}

function ofUrl(url: string, host: string): Meaning {
  const parsed = URL.parse(url);
  const here = parsed !== null && parsed.host.toLowerCase() === host.toLowerCase();
  return (here ? principalPath(parsed.pathname) : undefined) ?? { is: 'address', address: url };
}

function principalPath(path: string): Meaning | undefined {
  const [, type, last] = /^\/principals\/([^/]+)\/([^/]+)\/?$/.exec(path) ?? [];
  if (type === undefined || last === undefined) return undefined;
  const name = unescaped(last).normalize('NFC');
  if (type === '__uids__') return { is: 'id', id: name as PrincipalId };
  const kind = KINDS.get(type);
  return kind === undefined ? undefined : { is: 'name', kind, name };
}

/** Those the source gives, then what everybody here can be called by: `urn:x-uid:`, `urn:uuid:`, the principal's URLs. */
export function allAddresses({ id, kind, names, addresses }: Principal): readonly string[] {
  const urns = [`urn:x-uid:${id}`, ...(GUID.test(id) ? [`urn:uuid:${id}`] : [])];
  const paths = [`/principals/__uids__/${id}/`, ...names.map((name) => `/principals/${TYPES[kind]}/${encodeURIComponent(name)}/`)];
  return [...new Set([...addresses, ...urns, ...paths])];
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
