/**
 * Names and paths as they stand in URLs. One canonical spelling goes out (`encodeURIComponent`); any spelling comes in.
 */
const PLAIN_SEGMENT = /^[\w.~-]*$/;

/** A decoded segment as it stands in an href. Never holds what XML must escape, but `'`, which text may hold. */
export function escapeSegment(segment: string): string {
  return PLAIN_SEGMENT.test(segment) ? segment : encodeURIComponent(segment.toWellFormed());
}

export function joinPath(base: string, segment: string, collection: boolean): string {
  return `${withSlash(base)}${escapeSegment(segment)}${collection ? '/' : ''}`;
}

export function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}
