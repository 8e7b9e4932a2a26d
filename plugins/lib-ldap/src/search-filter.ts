/** A DirectoryQuery as one LDAP filter for one kind. The directory's own matching rules decide about case; what is searched for is never a pattern. */
import type { DirectoryQuery } from '@kalends/contracts';
import type { Filter } from './filters.ts';
import { contains, equal, every, present, some, startsWith } from './filters.ts';
import { idFilter } from './record-schema.ts';
import type { RecordSchema } from './record-schema.ts';

type Term = DirectoryQuery['terms'][number];
const MAILTO = 'mailto:';

/** Undefined: nobody of this kind can match. */
export function searchFilter(schema: RecordSchema, { anyOf, terms }: DirectoryQuery): Filter | undefined {
  const filters = terms.map((term) => termFilter(schema, term));
  if (anyOf) return some(filters.filter((filter) => filter !== undefined));
  if (filters.length === 0) return present(schema.id.attribute);
  return filters.every((filter) => filter !== undefined) ? every(...filters) : undefined;
}

function termFilter(schema: RecordSchema, { field, text, match }: Term): Filter | undefined {
  // RFC 4511 §4.5.1: text is UTF-8; half a surrogate pair is nobody's name.
  if (!text.isWellFormed() || text.includes('\0')) return undefined;
  switch (field) {
    case 'name': return on(schema.names, text, match);
    case 'display-name': return on(schema.displayName, text, match);
    case 'first-name': return on(schema.firstName === undefined ? [] : [schema.firstName], text, match);
    case 'last-name': return on(schema.lastName === undefined ? [] : [schema.lastName], text, match);
    case 'email': return onEmails(schema, text, match);
    case 'address': return onAddresses(schema, text, match);
  }
}

function on(attributes: readonly string[], text: string, match: Term['match']): Filter | undefined {
  return some(attributes.map((attribute) => {
    if (match === 'equals') return text === '' ? undefined : equal(attribute, text);
    if (text === '') return present(attribute);
    return match === 'starts-with' ? startsWith(attribute, text) : contains(attribute, text);
  }).filter((filter) => filter !== undefined));
}

/** What stands before an address in `proxyAddresses` is not searched. */
function onEmails({ emails }: RecordSchema, text: string, match: Term['match']): Filter | undefined {
  return some(emails.map(({ attribute, prefix = '' }) => on([attribute], match === 'contains' ? text : prefix + text, match)).filter((filter) => filter !== undefined));
}

function onAddresses(schema: RecordSchema, text: string, match: Term['match']): Filter | undefined {
  const lower = text.toLowerCase();
  if (lower.startsWith(MAILTO)) return onEmails(schema, text.slice(MAILTO.length), match === 'contains' ? 'starts-with' : match);
  const id = /^urn:(?:uuid|x-uid):(.+)$/.exec(lower)?.[1];
  if (id !== undefined) return some([id, id.toUpperCase()].map((spelling) => idFilter(schema, spelling)).filter((filter) => filter !== undefined));
  const everybody = match === 'starts-with' ? MAILTO.startsWith(lower) : match === 'contains' && MAILTO.includes(lower);
  return everybody ? onEmails(schema, '', 'contains') : match === 'contains' ? onEmails(schema, text, match) : undefined;
}
