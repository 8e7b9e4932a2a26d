/**
 * What conditional header fields mean (RFC 9110 §13.1, RFC 4918 §10.4): early, against what was loaded, and again inside a change, against what is there then.
 */
import type { Item } from '@kalends/contracts';
import { DavError } from './errors/dav-error.ts';
import { preconditionFailed } from './errors/preconditions.ts';
import type { IfCondition, IfHeader, RequestFields, TagCondition } from './fields.ts';
import { mayRead } from './request.ts';
import { entityTag, itemTag } from './resource/shape.ts';
import { pathOfHref } from './resource/url.ts';
import type { Authorized } from './stages/passage.ts';

/** If-Match. `tag` has its quotes; undefined: what is there has none. */
export function tagFails(condition: TagCondition | undefined, exists: boolean, tag: string | undefined): boolean {
  if (condition === undefined) return false;
  return condition === '*' ? !exists : !condition.some((one) => !one.weak && quoted(one.tag) === tag);
}

/** If-None-Match: weak comparison. */
export function tagMatches(condition: TagCondition, exists: boolean, tag: string | undefined): boolean {
  return condition === '*' ? exists : tag !== undefined && condition.some((one) => quoted(one.tag) === tag);
}

/**
 * If-Match, If-None-Match and If of a write, against the item inside the change: the only place where they count. (Lists of If that name a URL, which may be
 * another's, were answered before the change.)
 * @throws DavError 412
 */
export function expectItem({ ifMatch, ifNoneMatch, if: lists }: RequestFields, current: Item | undefined): void {
  const tag = current === undefined ? undefined : itemTag(current);
  if (tagFails(ifMatch, current !== undefined, tag)) throw preconditionFailed('The resource is not, or no longer, what If-Match names.');
  if (ifNoneMatch !== undefined && tagMatches(ifNoneMatch, current !== undefined, tag)) {
    throw preconditionFailed(ifNoneMatch === '*' ? 'There is something at this URL already.' : 'The resource is what If-None-Match names.');
  }
  const own = lists?.every(({ resource }) => resource === undefined) === true;
  if (own && !lists.some(({ conditions }) => conditions.every((condition) => holds(condition, tag)))) throw preconditionFailed('No list of the If field holds.');
}

/** One list that holds is enough (RFC 4918 §10.4.3). State tokens match nothing: there are no locks. */
export async function ifHolds(passage: Authorized, lists: IfHeader): Promise<boolean> {
  for (const { resource, conditions } of lists) {
    const tag = resource === undefined ? ownTag(passage) : await tagOf(passage, resource);
    if (conditions.every((condition) => holds(condition, tag))) return true;
  }
  return false;
}

function holds({ not, tag: wanted }: IfCondition, tag: string | undefined): boolean {
  return (wanted !== undefined && tag !== undefined && quoted(wanted) === tag) !== not;
}

function ownTag({ engine, resource }: Authorized): string | undefined {
  return engine.exists(resource) ? entityTag(resource) : undefined;
}

/** Of the resource a tagged list names; what is not ours, not there, or not to be read by the caller has none. */
async function tagOf({ engine, identity, http }: Authorized, href: string): Promise<string | undefined> {
  try {
    const path = pathOfHref(href, http.path, (authority) => engine.isOurs(authority, http));
    const resource = path === undefined ? undefined : await engine.locate(path, { acl: true }, identity);
    if (resource === undefined || !engine.exists(resource) || !mayRead(await engine.access.judge(identity, resource))) return undefined;
    return entityTag(resource);
  } catch (error) {
    if (error instanceof DavError) return undefined;
    throw error;
  }
}

function quoted(tag: string): string {
  return `"${tag}"`;
}
