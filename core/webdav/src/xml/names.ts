/**
 * Namespaces, and names as keys. `{ns}local` (Clark's notation) is how the stores and the property tables spell a qualified name.
 */
import type { QName } from '@kalends/contracts';

export const DAV = 'DAV:';
export const CALDAV = 'urn:ietf:params:xml:ns:caldav';
export const CALENDARSERVER = 'http://calendarserver.org/ns/';
/** Of the one companion that error bodies carry (`error-description`). */
export const TWISTED = 'http://twistedmatrix.com/xml_namespace/dav/';
export const APPLE_ICAL = 'http://apple.com/ns/ical/';

/** `{ns}local`: the key of `Collection.properties` and `Item.dead`. */
export function clark(name: QName): string {
  return `{${name.ns}}${name.local}`;
}

/** The reverse of `clark`. @throws RangeError for a key that is none */
export function fromClark(key: string): QName {
  const end = key.lastIndexOf('}');
  if (!key.startsWith('{') || end < 1 || end === key.length - 1) throw new RangeError(`not a property key: ${key}`);
  return { ns: key.slice(1, end), local: key.slice(end + 1) };
}

export function dav(local: string): QName {
  return { ns: DAV, local };
}

export function isNamed(name: QName, ns: string, local: string): boolean {
  return name.local === local && name.ns === ns;
}
