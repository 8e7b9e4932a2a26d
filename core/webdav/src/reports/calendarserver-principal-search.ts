/**
 * calendarserver-principal-search REPORT: what Apple's clients send while somebody types an invitee or a room. Every token must be found in a name or address;
 * `context` says what is looked for.
 */
import { READ } from '@kalends/contracts';
import type { Directory, Principal, ReportSpec, XmlNode } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import { badRequest } from '../errors/preconditions.ts';
import { CALENDARSERVER, isNamed } from '../xml/names.ts';
import { needDepthZero, propOf } from './acl-reports.ts';
import { answerMatches, EVERY_KIND, limitOf, matchesTerm, MOST_MATCHES } from './principal-search.ts';
import type { Term } from './principal-search.ts';

interface Query { readonly body: XmlNode; readonly kinds: readonly Principal['kind'][]; readonly tokens: readonly string[]; readonly limit: number }

const CONTEXTS: ReadonlyMap<string, readonly Principal['kind'][]> = new Map([
  ['', EVERY_KIND], ['user', ['user']], ['group', ['group']], ['location', ['location']], ['resource', ['resource']], ['attendee', ['user', 'group', 'resource']],
]);
const FIELDS: readonly Term['field'][] = ['display-name', 'first-name', 'last-name', 'email', 'name'];

export const calendarserverPrincipalSearch: ReportSpec<Query> = {
  name: { ns: CALENDARSERVER, local: 'calendarserver-principal-search' },
  kinds: ['*'],
  requires: READ,
  read(body) {
    propOf(body, false);
    const kinds = CONTEXTS.get(body.attribute('context') ?? '');
    if (kinds === undefined) throw badRequest('context is none of user, group, location, resource and attendee.');
    const tokens = body.children.filter(({ name }) => isNamed(name, CALENDARSERVER, 'search-token')).map(({ text }) => text.trim()).filter((token) => token !== '');
    return { body, kinds, tokens, limit: limitOf(body) };
  },
  async run(request, query) {
    needDepthZero(request);
    await answerMatches(request, found(query, engineOf(request).engine.directory), query.body, query.limit);
  },
};

/** The directory is asked for the longest token, which leaves least; the others are compared here. */
async function* found({ kinds, tokens, limit }: Query, directory: Directory): AsyncGenerator<Principal> {
  const [longest, ...others] = tokens.toSorted((a, b) => b.length - a.length);
  if (longest === undefined) return;
  const most = others.length === 0 ? limit + 1 : MOST_MATCHES * 10;
  for await (const batch of directory.search({ anyOf: true, terms: termsOf(longest), kinds, limit: most })) {
    for (const principal of batch) if (others.every((token) => termsOf(token).some((term) => matchesTerm(principal, term)))) yield principal;
  }
}

function termsOf(text: string): readonly Term[] {
  return FIELDS.map((field) => ({ field, text, match: 'contains' }));
}
