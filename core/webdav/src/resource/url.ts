/**
 * Request paths into decoded segments. Any spelling of a name comes in: percent-encoded or not, in any Unicode form. What could mean two things is refused: dot
 * segments, slashes in disguise, control characters.
 */
import { isUtf8 } from 'node:buffer';
import { DavError } from '../errors/dav-error.ts';
import { badRequest, notFound } from '../errors/preconditions.ts';

export interface ParsedPath {
  /** Decoded, NFC; empty ones dropped. */ readonly segments: readonly string[];
  /** As the client wrote it, empty segments dropped; ends in a slash where the client's did. */ readonly path: string;
  readonly slash: boolean;
}

/** Longest name of anything, in octets of UTF-8: what file systems and stores take. */
const MAX_SEGMENT_OCTETS = 255;
const MAX_SEGMENTS = 100;

/** @throws DavError 400, 404, 414 */
export function parsePath(path: string): ParsedPath {
  if (!path.startsWith('/')) throw badRequest('The path does not begin with a slash.');
  if (path.includes('#')) throw badRequest('A request target has no fragment.');
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length > MAX_SEGMENTS) throw new DavError(414, { detail: 'The path has too many segments.' });
  const slash = path.endsWith('/');
  const written = parts.map(asciiOnly);
  return { segments: written.map(decodeSegment), path: written.length === 0 ? '/' : `/${written.join('/')}${slash ? '/' : ''}`, slash };
}

function decodeSegment(part: string): string {
  let segment = part;
  if (part.includes('%')) {
    try {
      segment = decodeURIComponent(part);
    } catch (cause) {
      throw badRequest('The path holds a percent sign that encodes nothing, or octets that are not UTF-8.', cause);
    }
  }
  if (PLAIN.test(segment)) {
    if (segment === '.' || segment === '..') throw badRequest('The path holds a dot segment.');
  } else {
    segment = segment.normalize('NFC');
    if (/[/\\]/.test(segment)) throw notFound('A name holds a slash.');
    if (/[\0-\x1f\x7f]/.test(segment)) throw badRequest('A name holds a control character.');
  }
  if (segment.length > MAX_SEGMENT_OCTETS / 3 && Buffer.byteLength(segment) > MAX_SEGMENT_OCTETS) throw new DavError(414, { detail: `A name is longer than ${MAX_SEGMENT_OCTETS} octets.` });
  return segment;
}
const PLAIN = /^[\w.~@:;,+=!$&'()*-]+$/;

/** Clients that do not encode: in a body as characters, in a header field as octets that node took for Latin-1. */
function asciiOnly(part: string): string {
  if (ASCII.test(part)) return part;
  const octets = Buffer.from(part, 'latin1');
  const text = LATIN1.test(part) && isUtf8(octets) ? octets.toString('utf8') : part;
  return text.replaceAll(/[^\x21-\x7e]+/g, (characters) => encodeURIComponent(characters.toWellFormed()));
}
const LATIN1 = /^[\0-\xff]*$/;
const ASCII = /^[\x21-\x7e]*$/;

/**
 * The path of an href in a header or body: absolute, relative to `base`, or a URL of this server. Undefined: of another server.
 * @throws DavError 400 for what is no reference at all
 */
export function pathOfHref(href: string, base: string, isOurs: (authority: string) => boolean): string | undefined {
  const text = href.trim();
  if (text === '') throw badRequest('An href is empty.');
  const end = text.search(/[?#]/);
  const bare = end < 0 ? text : text.slice(0, end);
  const url = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/]*))?(.*)$/i.exec(bare);
  if (url !== null) {
    const [, scheme = '', authority, path = ''] = url;
    if (!/^https?$/i.test(scheme) || authority === undefined) throw badRequest(`An href has the scheme ${scheme}, which is not one of HTTP.`);
    return isOurs(authority) ? path || '/' : undefined;
  }
  if (bare.startsWith('//')) {
    const slash = bare.indexOf('/', 2);
    return isOurs(slash < 0 ? bare.slice(2) : bare.slice(2, slash)) ? (slash < 0 ? '/' : bare.slice(slash)) : undefined;
  }
  return bare.startsWith('/') ? bare : base.slice(0, base.lastIndexOf('/') + 1) + bare;
}
