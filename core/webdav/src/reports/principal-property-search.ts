/**
 * principal-property-search REPORT (RFC 3744 §9.4) with Apple's attributes: `test` (allof, anyof), `type` (a calendar user type), and on each match `caseless`
 * and `match-type`. All matching here is caseless. Property names that are not searched match nobody.
 */
import { READ } from '@kalends/contracts';
import type { DavRequest, Directory, Principal, ReportSpec, XmlNode } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import { badRequest } from '../errors/preconditions.ts';
import { KIND_OF, PRINCIPALS } from '../resource/principal-path.ts';
import { CALDAV, CALENDARSERVER, clark, DAV, dav, isNamed } from '../xml/names.ts';
import { childNamed, needDepthZero, propOf } from './acl-reports.ts';
import { answerMatches, EVERY_KIND, limitOf, matchesTerm } from './principal-search.ts';
import type { Term } from './principal-search.ts';

interface Query {
  readonly body: XmlNode; readonly anyOf: boolean; readonly kinds: readonly Principal['kind'][] | undefined; readonly limit: number; readonly criteria: readonly Criterion[];
  readonly everywhere: boolean;
}
/** `address`: somebody's whole calendar user address, which the directory resolves. `kinds`: what a calendar-user-type stands for. */
type Criterion =
  | { readonly by: 'term'; readonly term: Term }
  | { readonly by: 'address'; readonly address: string }
  | { readonly by: 'kinds'; readonly kinds: readonly Principal['kind'][] }
  | { readonly by: 'nothing' };

const FIELDS: ReadonlyMap<string, Term['field']> = new Map([
  [`{${DAV}}displayname`, 'display-name'], [`{${CALENDARSERVER}}email-address-set`, 'email'],
  [`{${CALENDARSERVER}}first-name`, 'first-name'], [`{${CALENDARSERVER}}last-name`, 'last-name'],
]);
/** RFC 5545 §3.2.3. */
const USER_TYPES: ReadonlyMap<string, Principal['kind']> = new Map([['INDIVIDUAL', 'user'], ['GROUP', 'group'], ['RESOURCE', 'resource'], ['ROOM', 'location']]);

export const principalPropertySearch: ReportSpec<Query> = {
  name: dav('principal-property-search'),
  kinds: ['*'],
  requires: READ,
  read(body) {
    propOf(body, false);
    const searches = body.children.filter(({ name }) => isNamed(name, DAV, 'property-search'));
    if (searches.length === 0) throw badRequest('principal-property-search holds at least one DAV:property-search.');
    const type = body.attribute('type');
    const kind = type === undefined ? undefined : USER_TYPES.get(type);
    if (type !== undefined && kind === undefined) throw badRequest('type is none of INDIVIDUAL, GROUP, RESOURCE and ROOM.');
    return {
      body, anyOf: oneOf(body, 'test', ['allof', 'anyof']) === 'anyof', kinds: kind === undefined ? undefined : [kind], limit: limitOf(body),
      criteria: searches.flatMap(readSearch), everywhere: childNamed(body, DAV, 'apply-to-principal-collection-set') !== undefined,
    };
  },
  async run(request, query) {
    needDepthZero(request);
    const kinds = (query.everywhere ? EVERY_KIND : kindsAt(request)).filter((kind) => query.kinds?.includes(kind) !== false);
    await answerMatches(request, found(query, kinds, engineOf(request).engine.directory), query.body, query.limit);
  },
};

/**
 * §9.4: what lies below the request's URL. Below `/principals/<type>/` that is that type alone; a principal stands for the collections of all, as clients ask it;
 * in homes there are none.
 */
function kindsAt({ resource: { kind, canonical } }: DavRequest): readonly Principal['kind'][] {
  if (kind === 'principal-listing') return [KIND_OF.get(canonical.split('/')[2] ?? '') ?? 'user'];
  return canonical === '/' || canonical.startsWith(PRINCIPALS) ? EVERY_KIND : [];
}

function readSearch(search: XmlNode): readonly Criterion[] {
  const match = childNamed(search, DAV, 'match');
  const names = childNamed(search, DAV, 'prop')?.children ?? [];
  if (match === undefined || names.length === 0) throw badRequest('DAV:property-search holds a DAV:prop with names and a DAV:match.');
  oneOf(match, 'caseless', ['yes', 'no', 'true', 'false']);
  const how = oneOf(match, 'match-type', ['contains', 'starts-with', 'equals']) as Term['match'];
  return names.map(({ name }) => criterion(clark(name), match.text, how));
}

function criterion(key: string, text: string, match: Term['match']): Criterion {
  // Without this, a search for nothing would list the whole directory.
  if (text.trim() === '') return { by: 'nothing' };
  const field = FIELDS.get(key);
  if (field !== undefined) return { by: 'term', term: { field, text, match } };
  if (key === `{${CALDAV}}calendar-user-address-set`) return addressCriterion(text.trim(), match);
  if (key !== `{${CALDAV}}calendar-user-type`) return { by: 'nothing' };
  const wanted = text.trim().toUpperCase();
  return { by: 'kinds', kinds: [...USER_TYPES].filter(([type]) => (match === 'equals' ? type === wanted : match === 'starts-with' ? type.startsWith(wanted) : type.includes(wanted))).map(([, kind]) => kind) };
}

function addressCriterion(text: string, match: Term['match']): Criterion {
  if (match === 'contains') return { by: 'term', term: { field: 'address', text, match } };
  if (!/^(mailto:|urn:|https?:|\/)/i.test(text)) throw badRequest('A calendar user address begins with mailto:, urn:, http(s): or a slash.');
  if (match === 'starts-with' && /^mailto:/i.test(text)) return { by: 'term', term: { field: 'email', text: text.slice('mailto:'.length), match } };
  return { by: 'address', address: text };
}

function oneOf(node: XmlNode, attribute: string, allowed: readonly string[]): string {
  const value = node.attribute(attribute) ?? allowed[0]!;
  if (!allowed.includes(value)) throw badRequest(`${attribute} is none of ${allowed.join(', ')}.`);
  return value;
}

async function* found({ criteria, anyOf, limit }: Query, kinds: readonly Principal['kind'][], directory: Directory): AsyncGenerator<Principal> {
  const typed = criteria.filter((candidate) => candidate.by === 'kinds').map((candidate) => candidate.kinds);
  const terms = criteria.filter((candidate) => candidate.by === 'term').map(({ term }) => term);
  const addressed = await Promise.all(criteria.filter((candidate) => candidate.by === 'address').map(({ address }) => directory.findByAddress(address)));
  if (anyOf) {
    const extra = addressed.filter((principal) => principal !== undefined).filter(({ kind }) => kinds.includes(kind));
    yield* each(extra, terms.length === 0 ? undefined : directory.search({ anyOf, terms, kinds, limit: limit + 1 }));
    return;
  }
  const allowed = kinds.filter((kind) => typed.every((some) => some.includes(kind)));
  if (allowed.length === 0 || criteria.some(({ by }) => by === 'nothing')) return;
  if (addressed.length === 0) {
    if (terms.length > 0) yield* each([], directory.search({ anyOf, terms, kinds: allowed, limit: limit + 1 }));
    return;
  }
  const [first] = addressed;
  const same = first !== undefined && addressed.every((principal) => principal?.id === first.id);
  if (same && allowed.includes(first.kind) && terms.every((term) => matchesTerm(first, term))) yield first;
}

async function* each(first: readonly Principal[], then: AsyncIterable<readonly Principal[]> | undefined): AsyncGenerator<Principal> {
  const seen = new Set<string>();
  const fresh = ({ id }: Principal): boolean => !seen.has(id) && seen.add(id).has(id);
  yield* first.filter(fresh);
  if (then !== undefined) for await (const batch of then) yield* batch.filter(fresh);
}
