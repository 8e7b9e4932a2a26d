/**
 * What conditional header fields mean (RFC 9110 §13.1, RFC 4918 §10.4): early, against what was loaded, and again inside a change, against what is there then.
 */
import type { DavResource, Item } from '@kalends/contracts';
import { DavError } from './errors/dav-error.ts';
import { preconditionFailed } from './errors/preconditions.ts';
import type { IfCondition, IfHeader, RequestFields, TagCondition } from './fields.ts';
import { mayRead } from './request.ts';
import { covers } from './locks/scope.ts';
import { ctagToken } from './resource/ctag.ts';
import { segmentsOf } from './resource/family.ts';
import { SYNCING_KINDS, entityTag, itemTag, ownCollection, syncToken } from './resource/shape.ts';
import { pathOfHref } from './resource/url.ts';
import { namesState } from './resource/variant.ts';
import type { Authorized } from './stages/passage.ts';

/** If-Match. `tag` has its quotes; undefined: what is there has none. */
export function tagFails(condition: TagCondition | undefined, exists: boolean, tag: string | undefined): boolean {
  if (condition === undefined) return false;
  return condition === '*' ? !exists : !condition.some((one) => !one.weak && namesState(one.tag, tag));
}

/** If-None-Match: weak comparison; for reads with the very representation that would be sent. */
export function tagMatches(condition: TagCondition, exists: boolean, tag: string | undefined, reads = false): boolean {
  return condition === '*' ? exists : tag !== undefined && condition.some((one) => (reads ? `"${one.tag}"` === tag : namesState(one.tag, tag)));
}

/**
 * If-Match, If-None-Match and If of a write, against the item inside the change: the only place where they count. (Lists of If that name a URL, which may be
 * another's, were answered before the change.)
 * @param tokens of the locks that hold it there
 * @throws DavError 412
 */
export function expectItem({ ifMatch, ifNoneMatch, if: lists }: RequestFields, current: Item | undefined, tokens: readonly string[] = []): void {
  const tag = current === undefined ? undefined : itemTag(current);
  if (tagFails(ifMatch, current !== undefined, tag)) throw preconditionFailed('The resource is not, or no longer, what If-Match names.');
  if (ifNoneMatch !== undefined && tagMatches(ifNoneMatch, current !== undefined, tag)) {
    throw preconditionFailed(ifNoneMatch === '*' ? 'There is something at this URL already.' : 'The resource is what If-None-Match names.');
  }
  const own = lists?.every(({ resource }) => resource === undefined) === true;
  const state: State = current === undefined ? NOTHING : { tag, tokens };
  if (own && !lists.some(({ conditions }) => conditions.every((condition) => holds(condition, state)))) throw preconditionFailed('No list of the If field holds.');
}

/** What a list of If is compared with (RFC 4918 §10.4.4). */
interface State { readonly tag: string | undefined; readonly tokens: readonly string[] }
/** Of a URL where nothing is, for both sorts of condition (§10.4.4: unmapped URLs). */
const NOTHING: State = { tag: undefined, tokens: [] };

/** One list that holds is enough (RFC 4918 §10.4.3). */
export async function ifHolds(passage: Authorized, lists: IfHeader): Promise<boolean> {
  for (const { resource: href, conditions } of lists) {
    const resource = href === undefined ? passage.resource : await resourceAt(passage, href);
    const asksTokens = conditions.some(({ token }) => token !== undefined);
    const state = resource === undefined || !passage.engine.exists(resource) ? NOTHING : { tag: entityTag(resource), tokens: asksTokens ? await tokensOf(passage, resource) : [] };
    if (conditions.every((condition) => holds(condition, state))) return true;
  }
  return false;
}

function holds({ not, tag, token }: IfCondition, state: State): boolean {
  return (tag === undefined ? state.tokens.includes(token!) : namesState(tag, state.tag)) !== not;
}

/** Of locks that hold it, and of a collection its DAV:sync-token (RFC 6578 §5) and its ctag (calendarserver-bulk-change §6). */
async function tokensOf({ engine }: Authorized, resource: DavResource): Promise<readonly string[]> {
  const { home, collection } = resource;
  if (collection === undefined) return [];
  const own = ownCollection(resource);
  const sync = own !== undefined && SYNCING_KINDS.includes(own.kind) ? [syncToken(own), ctagToken(own)] : [];
  if (collection.home === home?.id && home.locks === 0) return sync;
  const path = segmentsOf(resource);
  return [...sync, ...(await engine.store.locks(collection.home)).filter((lock) => covers(lock, path)).map(({ token }) => token)];
}

/** What a tagged list names; what is not ours, not there, or not to be read by the caller is as good as nothing. */
async function resourceAt({ engine, identity, http }: Authorized, href: string): Promise<DavResource | undefined> {
  try {
    const path = pathOfHref(href, http.path, (authority) => engine.isOurs(authority, http));
    const resource = path === undefined ? undefined : await engine.locate(path, { acl: true }, identity);
    return resource === undefined || !mayRead(await engine.access.judge(identity, resource)) ? undefined : resource;
  } catch (error) {
    if (error instanceof DavError) return undefined;
    throw error;
  }
}
