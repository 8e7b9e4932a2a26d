/**
 * A directory server as a DirectorySource: each question becomes a search that names what it wants, for all kinds that could hold the answer. Nothing is
 * enumerated but what `list` is asked for, and nothing is kept: caching, and answers while the directory is away, are the Directory's business.
 */
import type { Batches, Clock, DirectoryQuery, DirectorySource, Principal, PrincipalId } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import type { Filter } from './filters.ts';
import { equal, every, present, some } from './filters.ts';
import { idsAmong } from './known-ids.ts';
import { questionOf } from './kinds.ts';
import type { Hit, KindSearch, Wanted } from './kinds.ts';
import type { Memberships } from './memberships.ts';
import type { LdapPool } from './pool.ts';
import { isPlausible, readAddress } from './question.ts';
import { hasOneId, idFilter, idOf, namesOf, octetsOf, principalOf } from './record-schema.ts';
import type { RecordSchema } from './record-schema.ts';
import { searchFilter } from './search-filter.ts';
import { Smallest } from './smallest.ts';

/** More answers than this to a question about one are as good as this many. */
const SEVERAL = 5;
/** Handed on at once. */
const BATCH = 256;
const MOST_COMPLAINTS = 100;
/** Records asked for by id in one search. */
const IDS_AT_ONCE = 100;

export interface LdapDirectoryOptions {
  readonly name: string; readonly pool: LdapPool; readonly kinds: KindSearch;
  /** In the order in which kinds win an entry that could be two. */ readonly schemas: readonly RecordSchema[];
  readonly memberships: Memberships;
  readonly clock: Clock; readonly log: Logger;
  /** How long the stamp stays: nothing tells a directory's readers that it changed. */ readonly refreshSeconds: number;
  readonly guests?: boolean;
  /** Other spellings of an account (`DOMAIN\name`). */ readonly accountNames?: (account: string) => readonly string[];
}
/** An entry as its kind reads it. */
export interface Found extends Hit { readonly principal: Principal }

export class LdapDirectory implements DirectorySource {
  readonly name: string;
  readonly guests: boolean;
  readonly #options: LdapDirectoryOptions;
  readonly #complainedOf = new Set<string>();

  constructor(options: LdapDirectoryOptions) {
    this.name = options.name;
    this.guests = options.guests ?? false;
    this.#options = options;
  }

  async findById(id: PrincipalId): Promise<Principal | undefined> {
    if (!isPlausible(id)) return undefined;
    const found = await this.#find((schema) => idFilter(schema, id));
    // Directories compare ids in any case; one principal has one URL, and two that differ in case only are one too many.
    const one = this.#only(`the id ${id}`, found)?.principal;
    return one?.id === id ? one : undefined;
  }

  async known(ids: readonly PrincipalId[]): Promise<ReadonlySet<PrincipalId>> {
    const asked = ids.filter(isPlausible);
    const found = await Promise.all(this.#options.schemas.map((schema) => idsAmong(this.#options.pool, schema, asked)));
    const there = new Set(found.flat().map(({ id }) => id));
    return new Set(asked.filter((id) => there.has(id.toLowerCase())));
  }

  async findByAccount(account: string): Promise<Principal | undefined> {
    return (await this.findAccount(account))?.principal;
  }

  /** With its entry, whose DN a password is checked against. */
  async findAccount(account: string): Promise<Found | undefined> {
    const spellings = [account, ...(this.#options.accountNames?.(account) ?? [])].filter(isPlausible);
    if (spellings.length === 0) return undefined;
    const filter = ({ accounts }: RecordSchema): Filter | undefined => some(accounts.flatMap((attribute) => spellings.map((spelling) => equal(attribute, spelling))));
    const meant = new Set(spellings.map(accountKey));
    const found = (await this.#find(filter, ['user'])).filter(({ schema, entry }) => entry.all(schema.accounts).some((each) => meant.has(accountKey(each))));
    return this.#best(`the account ${account}`, found, ({ schema, entry }) => rank(schema.accounts.map((attribute) => entry.texts(attribute)), spellings));
  }

  async findByName(kind: Principal['kind'], name: string): Promise<Principal | undefined> {
    if (!isPlausible(name)) return undefined;
    const found = await this.#find(({ names }) => some(names.map((attribute) => equal(attribute, name))), [kind]);
    return this.#best(`the name ${kind}/${name}`, found, ({ schema, entry }) => rank(schema.names.map((attribute) => entry.texts(attribute)), [name]))?.principal;
  }

  async findByAddress(calendarUserAddress: string): Promise<Principal | undefined> {
    const meaning = readAddress(calendarUserAddress);
    switch (meaning?.is) {
      case undefined: return undefined;
      case 'name': return this.findByName(meaning.kind, meaning.name);
      case 'id': {
        const found = await this.#find((schema) => some(meaning.ids.map((id) => idFilter(schema, id)).filter((filter) => filter !== undefined)));
        return this.#only(`the id ${String(meaning.ids[0])}`, found)?.principal;
      }
      case 'email': {
        const { email } = meaning;
        const found = await this.#find(({ emails }) => some(emails.map(({ attribute, prefix = '' }) => equal(attribute, prefix + email))));
        return this.#best(`the address ${email}`, found, ({ principal }) => rank([principal.emails.slice(0, 1), principal.emails.slice(1)], [email]))?.principal;
      }
    }
  }

  groupsOf(id: PrincipalId): Promise<ReadonlySet<PrincipalId>> {
    return isPlausible(id) ? this.#options.memberships.groupsOf(id) : Promise.resolve(new Set<PrincipalId>());
  }

  async *membersOf(id: PrincipalId): Batches<PrincipalId> {
    if (isPlausible(id)) yield* this.#options.memberships.membersOf(id);
  }

  /** Read to the end before anything is handed on, for readers may be slow. */
  async *search(query: DirectoryQuery): Batches<Principal> {
    if (query.limit <= 0) return;
    const wanted = this.#wanted((schema) => searchFilter(schema, query), query.kinds.length === 0 ? undefined : query.kinds);
    const matches = (await this.#options.kinds.many(wanted, query.limit, ({ schema, entry }) => principalOf(schema, entry))).slice(0, query.limit);
    for (let from = 0; from < matches.length; from += BATCH) yield matches.slice(from, from + BATCH);
  }

  /** LDAP has no order, so all names of the kind pass by; only as many as wanted are kept, and only these are read whole. */
  async list(kind: Principal['kind'], after: string | undefined, limit: number): Promise<readonly Principal[]> {
    const listed = (await Promise.all(this.#schemas([kind]).map((schema) => this.#listOf(schema, after, limit)))).flat();
    return listed.sort((a, b) => (a.names[0]! < b.names[0]! ? -1 : 1)).slice(0, limit);
  }

  async #listOf(schema: RecordSchema, after: string | undefined, limit: number): Promise<readonly Principal[]> {
    const listed: Principal[] = [];
    for (let from = after; ;) {
      const first = new Smallest(limit);
      const question = { base: schema.base, filter: every(schema.filter, present(schema.id.attribute)), attributes: [schema.id.attribute, ...schema.names], octets: octetsOf(schema) };
      await this.#options.pool.list(question, (page) => {
        for (const entry of page) {
          const [name] = namesOf(schema, entry);
          const id = idOf(schema, entry);
          if (name !== undefined && id !== undefined && (from === undefined || name > from)) first.offer(name, id);
        }
        return true;
      });
      listed.push(...await this.#byIds(schema, first.values()));
      // Some of them may turn out to be another kind: a short page would be taken for the last one.
      if (first.last === undefined || listed.length >= limit) return listed;
      from = first.last;
    }
  }

  /** Of the time, so the same in every process: readers of a directory cannot know more. */
  stamp(): Promise<string> {
    return Promise.resolve(String(Math.floor(this.#options.clock.now() / 1000 / this.#options.refreshSeconds)));
  }

  async #byIds(schema: RecordSchema, ids: readonly PrincipalId[]): Promise<readonly Principal[]> {
    const found: Principal[] = [];
    for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
      const some100 = ids.slice(from, from + IDS_AT_ONCE);
      const filter = some(some100.map((id) => idFilter(schema, id)).filter((each) => each !== undefined));
      if (filter === undefined) continue;
      found.push(...await this.#options.pool.collect(questionOf(schema, filter), (entry) => principalOf(schema, entry)));
    }
    return found;
  }

  #schemas(kinds: readonly Principal['kind'][] | undefined): readonly RecordSchema[] {
    return kinds === undefined ? this.#options.schemas : this.#options.schemas.filter(({ kind }) => kinds.includes(kind));
  }

  #wanted(filterOf: (schema: RecordSchema) => Filter | undefined, kinds: readonly Principal['kind'][] | undefined): readonly Wanted[] {
    return this.#schemas(kinds).flatMap((schema) => {
      const filter = filterOf(schema);
      return filter === undefined ? [] : [{ schema, filter }];
    });
  }

  /** All that match, each entry once: of the first kind that takes it. */
  async #find(filterOf: (schema: RecordSchema) => Filter | undefined, kinds?: readonly Principal['kind'][]): Promise<readonly Found[]> {
    const answers = (await this.#options.kinds.few(this.#wanted(filterOf, kinds), SEVERAL)).flatMap(({ schema, entry }) => {
      if (!hasOneId(schema, entry)) this.#complain(entry.dn, 'a directory entry is left out: its id has several values', { entry: entry.dn, attribute: schema.id.attribute });
      else if (namesOf(schema, entry).length === 0) this.#complain(entry.dn, 'a directory entry is left out: none of its names can stand in a URL', { entry: entry.dn });
      const principal = principalOf(schema, entry);
      return principal === undefined ? [] : [{ schema, entry, principal }];
    });
    return [...new Map(answers.toReversed().map((found) => [found.entry.dn, found])).values()].toReversed();
  }

  /** The one of the lowest rank. Two of the same rank: nobody, for either might be the wrong one. */
  #best(question: string, found: readonly Found[], rankOf: (found: Found) => number): Found | undefined {
    const lowest = Math.min(...found.map(rankOf));
    return this.#only(question, found.filter((each) => rankOf(each) === lowest));
  }

  #only(question: string, found: readonly Found[]): Found | undefined {
    if (found.length < 2) return found[0];
    this.#complain(question, `the directory has several entries for ${question}; it stands for nobody until one of them is changed`, { entries: found.map(({ entry }) => entry.dn) });
    return undefined;
  }

  #complain(of: string, message: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#complainedOf.has(of) || this.#complainedOf.size >= MOST_COMPLAINTS) return;
    this.#complainedOf.add(of);
    this.#options.log.error(message, fields);
  }
}

/** Directories compare more loosely still, so that wide letters or lost accents are alike: who types them means nobody, or whoever is named so in another directory. */
function accountKey(account: string): string {
  return account.normalize('NFC').toLowerCase().trim().replaceAll(/\s+/g, ' ');
}

/** The place of the first list that holds one of the values, in any case. */
function rank(lists: readonly (readonly string[])[], values: readonly string[]): number {
  const wanted = new Set(values.map((value) => value.toLowerCase()));
  const at = lists.findIndex((list) => list.some((value) => wanted.has(value.toLowerCase())));
  return at < 0 ? lists.length : at;
}
