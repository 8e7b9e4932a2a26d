/** Filters from values, never from text: whatever a client typed stays a value (RFC 4515 §3 is the library's business). */
import { AndFilter, EqualityFilter, ExtensibleFilter, FilterParser, NotFilter, OrFilter, PresenceFilter, SubstringFilter } from 'ldapts';
import type { Filter } from 'ldapts';
import { SettingError } from '@kalends/kernel';

export type { Filter } from 'ldapts';

export const equal = (attribute: string, value: string | Buffer): Filter => new EqualityFilter({ attribute, value });
export const present = (attribute: string): Filter => new PresenceFilter({ attribute });
export const startsWith = (attribute: string, text: string): Filter => new SubstringFilter({ attribute, initial: text });
export const contains = (attribute: string, text: string): Filter => new SubstringFilter({ attribute, any: [text] });
export const not = (filter: Filter): Filter => new NotFilter({ filter });
/** `attribute:rule:=value` (RFC 4511 §4.5.1.7.7). */
export const byRule = (attribute: string, rule: string, value: string): Filter => new ExtensibleFilter({ matchType: attribute, rule, value });

export function every(...filters: readonly Filter[]): Filter {
  return filters.length === 1 ? filters[0]! : new AndFilter({ filters: [...filters] });
}

/** Undefined: nothing could match. */
export function some(filters: readonly Filter[]): Filter | undefined {
  return filters.length < 2 ? filters[0] : new OrFilter({ filters: [...filters] });
}

/** Of a config, where `setting` says. @throws SettingError */
export function readFilter(text: string, setting: readonly string[] = []): Filter {
  try {
    return FilterParser.parseString(text);
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).replace(/[.:] (?:Full string: )?\(.*$/s, '').toLowerCase();
    throw new SettingError(setting, `${text} is no LDAP filter: ${why}`, { remedy: 'each condition stands between parentheses, as (objectClass=person) or (&(a=1)(b=2)): RFC 4515', cause: error });
  }
}

/** Of which any is enough. */
export function alternativesOf(filter: Filter): readonly Filter[] {
  return filter instanceof OrFilter ? filter.filters : [filter];
}

/** The same text for the same filter; quicker than its own, which escapes letter by letter. */
export function filterKey(filter: Filter): string {
  if (filter instanceof EqualityFilter && typeof filter.value === 'string') return `=\0${filter.attribute}\0${filter.value}`;
  if (filter instanceof SubstringFilter) return `*\0${filter.attribute}\0${filter.initial}\0${filter.any.join('\0')}\0${filter.final}`;
  return filter.toString();
}

/** Whether an entry of these classes (in lower case) is sure to match; undefined: the filter asks about more than classes. */
export function classTest(filter: Filter): ((classes: ReadonlySet<string>) => boolean) | undefined {
  if (filter instanceof EqualityFilter) {
    const { attribute, value } = filter;
    if (attribute.toLowerCase() !== 'objectclass' || typeof value !== 'string') return undefined;
    const name = value.toLowerCase();
    return (classes) => classes.has(name);
  }
  if (!(filter instanceof AndFilter) && !(filter instanceof OrFilter)) return undefined;
  const tests = filter.filters.map(classTest).filter((test) => test !== undefined);
  if (tests.length < filter.filters.length || tests.length === 0) return undefined;
  return filter instanceof AndFilter ? (classes) => tests.every((test) => test(classes)) : (classes) => tests.some((test) => test(classes));
}
