/**
 * Entity tags of representations that are made of the stored one (RFC 9110 §8.8.3.3: each has its own, or caches would take one for another): the tag of the
 * resource, and behind a semicolon what the representation is. A condition of a write is about the resource, so there any of its tags is as good.
 */

/** `tag` with its quotes. */
export function variantTag(tag: string, variant: string | undefined): string {
  return variant === undefined ? tag : `${tag.slice(0, -1)};${variant}"`;
}

/** Does a tag of a client (without quotes) name this state of the resource, in whatever form it was read? `tag` with its quotes. */
export function namesState(wanted: string, tag: string | undefined): boolean {
  if (`"${wanted}"` === tag) return true;
  const end = wanted.lastIndexOf(';');
  return end > 0 && `"${wanted.slice(0, end)}"` === tag;
}
