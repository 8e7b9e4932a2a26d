/**
 * Where a directory keeps one kind of principal, and what its attributes mean. A directory plugin makes one of these for each kind from its config; everything
 * else asks through it. Only the attributes named here are ever fetched.
 */
import type { Principal, PrincipalId } from '@kalends/contracts';
import type { LdapEntry } from './entry.ts';
import type { Filter } from './filters.ts';
import { equal } from './filters.ts';
import { guidOctets, guidText } from './guid.ts';

/** As file systems and stores have it. */
const MOST_NAME_OCTETS = 255;

/** What only some directories can say of a principal. */
export interface RecordFacts {
  readonly enabled: boolean; readonly locked: boolean;
  readonly schedule?: Principal['schedule']; readonly delegates?: NonNullable<Principal['delegates']>; readonly groupCalendar?: NonNullable<Principal['groupCalendar']>;
  readonly server?: string; readonly quotaOctets?: number;
}
/** Addresses in one attribute; `prefix` marks those values that are mail addresses (`smtp:`), and is not part of them. */
export interface EmailAttribute { readonly attribute: string; readonly prefix?: string }

export interface RecordSchema {
  readonly kind: Principal['kind'];
  readonly base: string;
  /** What makes an entry below `base` one of this kind. */ readonly filter: Filter;
  /** The stable unique id; `guid`: 16 octets. */ readonly id: { readonly attribute: string; readonly form: 'text' | 'guid' };
  /** Attributes, each list preferred first. */ readonly names: readonly string[];
  readonly accounts: readonly string[];
  readonly displayName: readonly string[];
  readonly emails: readonly EmailAttribute[];
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  /** Attributes that `facts` and `accepts` read. */ readonly more: readonly string[];
  facts(entry: LdapEntry): RecordFacts;
  /** False: an entry that the filter cannot tell from another kind. */ accepts?(entry: LdapEntry): boolean;
}

const ATTRIBUTES = new WeakMap<RecordSchema, readonly string[]>();

export function attributesOf(schema: RecordSchema): readonly string[] {
  const known = ATTRIBUTES.get(schema);
  if (known !== undefined) return known;
  const { id, names, accounts, displayName, emails, firstName, lastName, more } = schema;
  const all = [id.attribute, ...names, ...accounts, ...displayName, ...emails.map(({ attribute }) => attribute), firstName, lastName, ...more];
  const attributes = [...new Set(all.filter((attribute) => attribute !== undefined))];
  ATTRIBUTES.set(schema, attributes);
  return attributes;
}

/** Attributes whose values are octets. */
export function octetsOf({ id }: RecordSchema): readonly string[] {
  return id.form === 'guid' ? [id.attribute] : [];
}

/** A directory gives values in any order, so one of several would be this one today and that one tomorrow. */
export function hasOneId({ id }: RecordSchema, entry: LdapEntry): boolean {
  return id.form === 'guid' || entry.texts(id.attribute).length < 2;
}

export function idOf(schema: RecordSchema, entry: LdapEntry): PrincipalId | undefined {
  const { id } = schema;
  if (id.form === 'text') return hasOneId(schema, entry) ? entry.text(id.attribute) as PrincipalId | undefined : undefined;
  const octets = entry.octets(id.attribute);
  return octets === undefined ? undefined : guidText(octets) as PrincipalId | undefined;
}

/** Undefined: no entry can have this id. */
export function idFilter({ id: { attribute, form } }: RecordSchema, id: string): Filter | undefined {
  if (form === 'text') return equal(attribute, id);
  const octets = guidOctets(id);
  return octets === undefined ? undefined : equal(attribute, octets);
}

export function emailsOf({ emails }: RecordSchema, entry: LdapEntry): readonly string[] {
  const found = emails.flatMap(({ attribute, prefix }) => entry.texts(attribute).flatMap((value) => {
    if (prefix === undefined) return [value];
    return value.toLowerCase().startsWith(prefix) ? [value.slice(prefix.length)] : [];
  }));
  if (found.length < 2) return found.filter(isEmail);
  // A mailbox and its alias list name the same address, often in another case.
  return [...new Map(found.filter(isEmail).toReversed().map((email) => [email.toLowerCase(), email] as const)).values()].toReversed();
}

/** Directories hold all sorts of things as mail; what is no address would be no URI either. */
function isEmail(text: string): boolean {
  return /^[^\s\p{Cc}<>]+@[^\s\p{Cc}<>@]+$/u.test(text);
}

/** Names as URLs can hold them (RFC 3986 §3.3; no dot segments, no slash in disguise), preferred first. */
export function namesOf({ names }: RecordSchema, entry: LdapEntry): readonly string[] {
  return entry.all(names).map((name) => name.normalize('NFC')).filter((name) => name !== '.' && name !== '..' && !/[/\\\p{Cc}]/u.test(name) && Buffer.byteLength(name) <= MOST_NAME_OCTETS);
}

/** Undefined: without an id or a name it is nobody. */
export function principalOf(schema: RecordSchema, entry: LdapEntry): Principal | undefined {
  const id = idOf(schema, entry);
  const names = namesOf(schema, entry);
  if (id === undefined || names[0] === undefined || schema.accepts?.(entry) === false) return undefined;
  const emails = emailsOf(schema, entry);
  const { schedule = { mode: 'none' }, ...facts } = schema.facts(entry);
  const firstName = schema.firstName === undefined ? undefined : entry.text(schema.firstName);
  const lastName = schema.lastName === undefined ? undefined : entry.text(schema.lastName);
  return {
    id, kind: schema.kind, names, accounts: schema.kind === 'user' ? entry.all(schema.accounts).filter((account) => !account.includes(':')) : [],
    displayName: entry.all(schema.displayName)[0] ?? names[0],
    ...(firstName === undefined ? {} : { firstName }), ...(lastName === undefined ? {} : { lastName }),
    emails, addresses: emails.map((email) => `mailto:${email}`), schedule, ...facts,
  };
}
