/** What the two searches for principals share: terms, matching a record against them, and the answer with its limit. */
import { READ } from '@kalends/contracts';
import type { DavRequest, DirectoryQuery, Principal, XmlNode } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import { badRequest, numberOfMatchesWithinLimits } from '../errors/preconditions.ts';
import { principalResource } from '../resource/principal.ts';
import { CALENDARSERVER } from '../xml/names.ts';
import { childNamed } from './acl-reports.ts';

/** Matches listed where the client names no limit: more than anybody reads, little enough for a directory server. */
export const MOST_MATCHES = 1000;
export const EVERY_KIND: readonly Principal['kind'][] = ['user', 'group', 'location', 'resource'];
export type Term = DirectoryQuery['terms'][number];

/** `CS:limit`/`CS:nresults`. @throws DavError 400 for what is no positive number */
export function limitOf(body: XmlNode): number {
  const limit = childNamed(body, CALENDARSERVER, 'limit');
  if (limit === undefined) return MOST_MATCHES;
  const text = childNamed(limit, CALENDARSERVER, 'nresults')?.text.trim() ?? '';
  if (!/^[1-9]\d{0,8}$/.test(text)) throw badRequest('nresults is not a positive number.');
  return Math.min(Number(text), MOST_MATCHES);
}

export function matchesTerm(principal: Principal, { field, text, match }: Term): boolean {
  const wanted = folded(text);
  return valuesOf(principal, field).some((value) => {
    const has = folded(value);
    return match === 'equals' ? has === wanted : match === 'starts-with' ? has.startsWith(wanted) : has.includes(wanted);
  });
}

/**
 * The answer: canonical URLs, at most `limit`; where there are more, one more response for the request's URL says so (RFC 3744 §9.4, RFC 6578 §3.6 likewise).
 */
export async function answerMatches(request: DavRequest, found: AsyncIterable<Principal>, asking: XmlNode, limit: number): Promise<void> {
  const engine = engineOf(request);
  const plan = engine.plan(asking);
  const out = engine.multistatus();
  let count = 0;
  for await (const principal of found) {
    const resource = principalResource(principal);
    const access = await engine.engine.access.judge(request.identity, resource);
    if ((access & READ) !== READ) continue;
    if (count === limit) {
      out.status(engine.href, 507, numberOfMatchesWithinLimits());
      break;
    }
    count++;
    await out.resource(resource.path, { resource, item: undefined, access, identity: request.identity }, plan);
    await out.drained();
  }
  await out.end();
}

const folded = (text: string): string => text.normalize('NFC').toLowerCase();

function valuesOf(principal: Principal, field: Term['field']): readonly string[] {
  switch (field) {
    case 'name': return principal.names;
    case 'display-name': return [principal.displayName];
    case 'first-name': return principal.firstName === undefined ? [] : [principal.firstName];
    case 'last-name': return principal.lastName === undefined ? [] : [principal.lastName];
    case 'email': return principal.emails;
    case 'address': return principal.addresses;
  }
}
