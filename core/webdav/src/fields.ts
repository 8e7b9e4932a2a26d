/**
 * Header fields that DAV reads, parsed once, leniently where clients are sloppy: a bare tag is a tag, an `If` that is one URI without a list is left to the
 * handler. What cannot be understood at all is a 400.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { badRequest } from './errors/preconditions.ts';

export type Depth = 0 | 1 | 'infinity';
export interface RequestFields {
  /** Undefined: no Depth field; what that means the method says. */ readonly depth: Depth | undefined;
  readonly prefer: Preferences;
  readonly ifMatch: TagCondition | undefined; readonly ifNoneMatch: TagCondition | undefined;
  /** Unquoted (RFC 6638 §8.3). */ readonly ifScheduleTagMatch: string | undefined;
  readonly ifModifiedSince: number | undefined; readonly ifUnmodifiedSince: number | undefined;
  /** RFC 4918 §10.4; a client's single URI without a list is kept apart. */ readonly if: IfHeader | undefined; readonly ifUri: string | undefined;
  /** RFC 4918 §10.6; true by default. */ readonly overwrite: boolean;
}
/** RFC 7240 §4, RFC 8144; `Brief: t` is `minimal`. */
export interface Preferences {
  readonly minimal: boolean; readonly representation: boolean; readonly depthNoroot: boolean;
  /** Stated in a Prefer field: an answer that honours them says so (RFC 7240 §3). */ readonly stated: { readonly minimal: boolean; readonly depthNoroot: boolean };
}
/** Tags without quotes; weak ones are kept out of If-Match's strong comparison. */
export type TagCondition = '*' | readonly { readonly tag: string; readonly weak: boolean }[];
/** Any list that holds is enough; all conditions of a list must hold. */
export type IfHeader = readonly IfList[];
export interface IfList { /** Undefined: the request's own URL. */ readonly resource: string | undefined; readonly conditions: readonly IfCondition[] }
export interface IfCondition { readonly not: boolean; readonly token?: string; readonly tag?: string }

const NO_PREFERENCES: Preferences = { minimal: false, representation: false, depthNoroot: false, stated: { minimal: false, depthNoroot: false } };

/** @throws DavError 400 */
export function readFields(headers: IncomingHttpHeaders): RequestFields {
  const list = headers['if'];
  const given = typeof list === 'string' ? list.trim() : undefined;
  const loneUri = given !== undefined && /^<[^>]*>$/.test(given);
  return {
    depth: readDepth(single(headers.depth)),
    prefer: readPreferences(headers),
    ifMatch: readTags(headers['if-match']),
    ifNoneMatch: readTags(headers['if-none-match']),
    ifScheduleTagMatch: readScheduleTag(single(headers['if-schedule-tag-match'])),
    ifModifiedSince: readDate(headers['if-modified-since']),
    ifUnmodifiedSince: readDate(headers['if-unmodified-since']),
    if: given === undefined || loneUri ? undefined : readIf(given),
    ifUri: loneUri ? given.slice(1, -1) : undefined,
    overwrite: readOverwrite(single(headers.overwrite)),
  };
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

function readDepth(value: string | undefined): Depth | undefined {
  switch (value?.trim().toLowerCase()) {
    case undefined: return undefined;
    case '0': return 0;
    case '1': return 1;
    case 'infinity': return 'infinity';
    // Old clients' way of leaving the root out.
    case '1,noroot': return 1;
    case 'infinity,noroot': return 'infinity';
    default: throw badRequest('The Depth field is neither 0, 1 nor infinity.');
  }
}

function readOverwrite(value: string | undefined): boolean {
  switch (value?.trim().toUpperCase()) {
    case undefined: case 'T': return true;
    case 'F': return false;
    default: throw badRequest('The Overwrite field is neither T nor F.');
  }
}

function readPreferences(headers: IncomingHttpHeaders): Preferences {
  const { prefer, brief, depth } = headers;
  if (prefer === undefined && brief === undefined && depth === undefined) return NO_PREFERENCES;
  const wishes = prefer === undefined ? NO_WISHES : readWishes(String(prefer));
  // The forms with a hyphen are those of the drafts.
  const wanted = wishes.get('return') ?? (wishes.has('return-minimal') ? 'minimal' : wishes.has('return-representation') ? 'representation' : undefined);
  const stated = { minimal: wanted === 'minimal', depthNoroot: wishes.has('depth-noroot') };
  return {
    minimal: stated.minimal || single(brief)?.trim().toLowerCase() === 't', representation: wanted === 'representation',
    depthNoroot: stated.depthNoroot || /noroot\s*$/i.test(single(depth) ?? ''), stated,
  };
}
const NO_WISHES: ReadonlyMap<string, string> = new Map();

/** RFC 7240 §2: names in any case, the first of a name counts, parameters are nobody's here. */
function readWishes(field: string): ReadonlyMap<string, string> {
  const wishes = new Map<string, string>();
  // A quoted text that nobody closes goes on to the end: tried anew from each quote in it, it would take for ever.
  for (const wish of field.match(/(?:"(?:[^"\\]|\\.?)*(?:"|$)|[^,"])+/g) ?? []) {
    const [, name, quoted, bare] = /^\s*([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s;"]*)))?/.exec(wish) ?? [];
    if (name !== undefined && !wishes.has(name.toLowerCase())) wishes.set(name.toLowerCase(), (quoted ?? bare ?? '').toLowerCase());
  }
  return wishes;
}

function readTags(value: string | undefined): TagCondition | undefined {
  if (value === undefined) return undefined;
  if (value.trim() === '*') return '*';
  const tags: { tag: string; weak: boolean }[] = [];
  for (const [, weak, quoted, bare] of value.matchAll(/(W\/)?(?:"([^"]*)"|([^\s,"]+))/g)) tags.push({ tag: quoted ?? bare ?? '', weak: weak !== undefined });
  if (tags.length === 0) throw badRequest('A field of entity tags holds none.');
  return tags;
}

function readScheduleTag(value: string | undefined): string | undefined {
  return value?.trim().replace(/^"(.*)"$/, '$1');
}

/** Milliseconds; what is no date is as if it were not there (RFC 9110 §13.1.3). */
function readDate(value: string | undefined): number | undefined {
  const at = value === undefined ? Number.NaN : Date.parse(value);
  return Number.isNaN(at) ? undefined : at;
}

/** RFC 4918 §10.4.2. */
function readIf(value: string): IfHeader {
  const lists: IfList[] = [];
  let resource: string | undefined;
  let at = 0;
  const skip = (): void => { while (at < value.length && /\s/.test(value[at]!)) at++; };
  for (skip(); at < value.length; skip()) {
    const opens = value[at];
    const end = value.indexOf(opens === '<' ? '>' : ')', at);
    if ((opens !== '<' && opens !== '(') || end < 0) throw badRequest('The If field is not made of lists.');
    const inside = value.slice(at + 1, end);
    if (opens === '<') resource = inside;
    else lists.push({ resource, conditions: readConditions(inside) });
    at = end + 1;
  }
  if (lists.length === 0) throw badRequest('The If field has no list.');
  return lists;
}

function readConditions(list: string): readonly IfCondition[] {
  const conditions: IfCondition[] = [];
  // Nothing in brackets holds what opens them, unless it is quoted: a list of opening ones would be read from each to its end.
  const rest = list.replaceAll(/(not\s*)?(?:<([^<>]*)>|\[(?:W\/)?(?:"([^"]*)"|([^[\]"]*))\])\s*/gi, (_, not: string | undefined, token: string | undefined, quoted: string | undefined, bare: string | undefined) => {
    const tag = quoted ?? bare;
    conditions.push({ not: not !== undefined, ...(token === undefined ? {} : { token }), ...(tag === undefined ? {} : { tag }) });
    return '';
  });
  if (conditions.length === 0 || rest.trim() !== '') throw badRequest('A list of the If field is empty or cannot be read.');
  return conditions;
}
