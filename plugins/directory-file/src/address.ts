/** Calendar user addresses as keys: two spellings of one address give one key. What an address means is `snapshot.ts`. */

/** Scheme and mail address in lower case, no `mailto:` query, no final slash (RFC 5545 §3.3.3: ORGANIZER and ATTENDEE hold any URI). */
export function addressKey(address: string): string {
  const trimmed = address.trim();
  const colon = trimmed.indexOf(':');
  if (colon < 0 || trimmed.startsWith('/')) return withoutSlashes(trimmed);
  const scheme = trimmed.slice(0, colon).toLowerCase();
  const rest = trimmed.slice(colon + 1);
  if (scheme === 'mailto') return `mailto:${decoded(rest.split('?')[0] ?? '').toLowerCase()}`;
  if (scheme === 'urn') return `urn:${rest.toLowerCase()}`;
  return `${scheme}:${withoutSlashes(rest)}`;
}

/** The id in `urn:uuid:` and `urn:x-uid:`, in lower case; else undefined. Takes a key. */
export function idOfUrn(key: string): string | undefined {
  return /^urn:(?:uuid|x-uid):(.+)$/.exec(key)?.[1];
}

/** `/principals/<type>/<name>` of a key that is a principal URL, on whatever host (the Directory knows which is ours); else undefined. Takes a key. */
export function principalPath(key: string): { readonly type: string; readonly name: string } | undefined {
  const path = /^https?:\/\/[^/]+(\/.*)$/.exec(key)?.[1];
  const [, type, name] = /^\/principals\/([^/]+)\/([^/]+)$/.exec(path ?? key) ?? [];
  return type === undefined || name === undefined ? undefined : { type, name: decoded(name).normalize('NFC') };
}

/** At its end. No pattern: one looks from each slash on, and clients write what they like. */
function withoutSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === '/') end--;
  return text.slice(0, end);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
