/** How a lock's root is spelled (RFC 4918 §14.12): like the path of the resource through which it is seen. */
import type { DavResource, Lock } from '@kalends/contracts';
import { escapeSegment } from '../resource/href.ts';
import { isSame, isWithin } from './scope.ts';
import type { Segments } from './scope.ts';

/**
 * @param below the segments of `resource.path` that lie below its home, decoded
 * @param isCollection whether a resource at `below` is one; what is above it is one for sure, and what has a lock of infinite depth
 */
export function hrefOfLock(resource: DavResource, { path, depth }: Lock, below: Segments, isCollection = false): string {
  const parts = resource.path.split('/').filter((part) => part !== '');
  const home = parts.slice(0, parts.length - below.length);
  const above = isWithin(below, path) && !isSame(below, path);
  const slash = above || depth === 'infinity' || (isCollection && isSame(below, path));
  return `/${[...home, ...throughShare(resource, path).map(escapeSegment)].join('/')}${slash ? '/' : ''}`;
}

/** A sharee sees the owner's calendar under a name of his own. */
function throughShare({ share, collection }: DavResource, path: Segments): Segments {
  return share === undefined || collection === undefined || path[0] !== collection.segment ? path : [share.segment, ...path.slice(1)];
}
