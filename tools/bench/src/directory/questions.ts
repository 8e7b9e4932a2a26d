/** What is asked of the directory, for how many, and the same three times: as one raw question, as one for each kind, and as a client asks over HTTP. */
import type { DirectoryQuery } from '@kalends/contracts';

export interface Asked { readonly name: string; readonly hits: number; readonly query: DirectoryQuery; readonly body: Buffer }
type Match = DirectoryQuery['terms'][number]['match'];

/** As the server limits a search whose client names no limit. */
const LIMIT = 1001;

export const QUESTIONS: readonly Asked[] = [
  asked('mail equals', 1, 'email', 'equals', 'bulk050001@example.test'),
  asked('name begins with', 1, 'display-name', 'starts-with', 'Bulk Number050001'), asked('name begins with', 10, 'display-name', 'starts-with', 'Bulk Number05000'),
  asked('name begins with', 100, 'display-name', 'starts-with', 'Bulk Number0500'),
  asked('name contains', 1, 'display-name', 'contains', 'Number050001'), asked('name contains', 10, 'display-name', 'contains', 'Number05001'), asked('name contains', 100, 'display-name', 'contains', 'Number0501'),
];

function asked(name: string, hits: number, field: 'email' | 'display-name', match: Match, text: string): Asked {
  const property = field === 'email' ? '<CS:email-address-set/>' : '<D:displayname/>';
  const body = `<D:principal-property-search xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"><D:property-search><D:prop>${property}</D:prop>`
    + `<D:match match-type="${match}">${text}</D:match></D:property-search><D:prop><D:displayname/><C:calendar-user-address-set/><C:calendar-user-type/></D:prop></D:principal-property-search>`;
  return { name, hits, query: { anyOf: false, terms: [{ field, text, match }], kinds: [], limit: LIMIT }, body: Buffer.from(body) };
}

export interface RawQuestion { readonly base: string; readonly filter: string; readonly attributes: readonly string[] }

/** Open Directory's schema, written out: what an admin would type into ldapsearch. */
const ANYBODY = ['apple-generateduid', 'uid', 'cn', 'mail'];
const PLACE = [...ANYBODY, 'apple-realname', 'apple-resource-info', 'apple-capacity', 'autoAcceptGroup', 'calROProxy', 'calRWProxy'];
const KINDS = [
  { base: 'cn=users', filter: '(objectClass=inetOrgPerson)', names: ['cn'], attributes: [...ANYBODY, 'givenName', 'sn', 'calStatus', 'pwdAccountLockedTime'] },
  { base: 'cn=groups', filter: '(objectClass=posixGroup)', names: ['apple-group-realname', 'cn'], attributes: [...ANYBODY, 'apple-group-realname'] },
  { base: 'cn=places', filter: '(objectClass=apple-resource)', names: ['apple-realname', 'cn'], attributes: PLACE },
  { base: 'cn=resources', filter: '(objectClass=apple-resource)', names: ['apple-realname', 'cn'], attributes: PLACE },
];

/** One question for each kind. */
export function rawForEachKind({ query }: Asked, base: string): readonly RawQuestion[] {
  return KINDS.map(({ base: container, filter, names, attributes }) => ({ base: `${container},${base}`, attributes, filter: `(&${filter}${anyOf(names.map((name) => termFilter(name, query)))})` }));
}

/** One question for all kinds. */
export function rawTogether({ query }: Asked, base: string): RawQuestion {
  const { field } = query.terms[0]!;
  const classes = (kinds: typeof KINDS): string => anyOf([...new Set(kinds.map(({ filter }) => filter))]);
  const names = field === 'email' ? ['mail'] : [...new Set(KINDS.flatMap((kind) => kind.names))];
  const filter = anyOf(names.map((name) => `(&${termFilter(name, query)}${classes(KINDS.filter((kind) => field === 'email' || kind.names.includes(name)))})`));
  return { base, filter, attributes: [...new Set(KINDS.flatMap(({ attributes }) => attributes)), 'objectClass'] };
}

function termFilter(name: string, { terms }: DirectoryQuery): string {
  const { field, text, match } = terms[0]!;
  const attribute = field === 'email' ? 'mail' : name;
  return match === 'equals' ? `(${attribute}=${text})` : match === 'starts-with' ? `(${attribute}=${text}*)` : `(${attribute}=*${text}*)`;
}

function anyOf(filters: readonly string[]): string {
  const different = [...new Set(filters)];
  return different.length === 1 ? different[0]! : `(|${different.join('')})`;
}
