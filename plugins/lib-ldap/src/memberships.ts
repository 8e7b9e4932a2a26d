/**
 * Who belongs to whom where groups list their members in attributes (RFC 2307, groupOfNames, Open Directory): upwards level by level, downwards from the group's
 * own entry. Values are ids, names or DNs. Rings of groups end where they began.
 */
import type { Batches, PrincipalId } from '@kalends/contracts';
import { dnKey, isBelow, parseDn } from './dn.ts';
import type { LdapEntry } from './entry.ts';
import type { Filter } from './filters.ts';
import { equal, every, present, some } from './filters.ts';
import { idsAmong } from './known-ids.ts';
import type { KindSearch } from './kinds.ts';
import type { LdapPool } from './pool.ts';
import { isPlausible } from './question.ts';
import { idFilter, idOf, octetsOf } from './record-schema.ts';
import type { RecordSchema } from './record-schema.ts';

export interface Memberships {
  /** All groups, nested ones included. */ groupsOf(id: PrincipalId): Promise<ReadonlySet<PrincipalId>>;
  /** Direct members. */ membersOf(id: PrincipalId): Batches<PrincipalId>;
}
export interface MemberAttribute {
  readonly attribute: string;
  /** What its values are: ids, names of users (RFC 2307 §3 memberUid), or DNs. */ readonly holds: 'id' | 'name' | 'dn';
}
export interface ListedOptions { readonly pool: LdapPool; readonly kinds: KindSearch; readonly schemas: readonly RecordSchema[]; readonly members: readonly MemberAttribute[] }

/** Values in one filter. */
const AT_ONCE = 100;
interface Member { readonly id: PrincipalId; readonly dn: string | undefined; readonly names: readonly string[] }

export class ListedMemberships implements Memberships {
  readonly #options: ListedOptions;
  readonly #groups: readonly RecordSchema[];

  constructor(options: ListedOptions) {
    this.#options = options;
    this.#groups = options.schemas.filter(({ kind }) => kind === 'group');
  }

  async groupsOf(id: PrincipalId): Promise<ReadonlySet<PrincipalId>> {
    const groups = new Set<PrincipalId>();
    const members = await this.#members(id);
    // Ids are compared in any case: whoever is called as somebody else but for that has none of his groups.
    if (members.length > 1 || members[0]?.id !== id) return groups;
    let level: readonly Member[] = [{ ...members[0], names: await this.#ownNames(members[0].names) }];
    while (level.length > 0) {
      const above = await this.#above(level);
      level = await this.#unshared(above.filter((group) => !groups.has(group.id)));
      for (const group of level) groups.add(group.id);
    }
    return groups;
  }

  async *membersOf(id: PrincipalId): Batches<PrincipalId> {
    const seen = new Set<PrincipalId>();
    const fresh = (ids: readonly PrincipalId[]): readonly PrincipalId[] => ids.filter((member) => !seen.has(member) && seen.add(member));
    for (const schema of this.#groups) {
      const filter = idFilter(schema, id);
      if (filter === undefined) continue;
      const { members } = this.#options;
      const entries = await this.#options.pool.search({
        base: schema.base, filter: every(schema.filter, filter), attributes: [schema.id.attribute, ...members.map(({ attribute }) => attribute)], octets: octetsOf(schema),
      }, 2);
      // Two groups with one id hold nobody.
      for (const entry of entries.length > 1 ? [] : entries.filter((each) => idOf(schema, each) === id)) {
        const byId = fresh(valuesOf(entry, members, 'id') as readonly PrincipalId[]);
        if (byId.length > 0) yield byId;
        for await (const batch of this.#named(valuesOf(entry, members, 'name'))) if (batch.length > 0) yield* nonEmpty(fresh(batch));
        for await (const batch of this.#placed(valuesOf(entry, members, 'dn'))) if (batch.length > 0) yield* nonEmpty(fresh(batch));
      }
    }
  }

  /** Everybody with this id, in any case; one whom another source knows may be a member here by id. */
  async #members(id: PrincipalId): Promise<readonly Member[]> {
    const wanted = this.#options.schemas.flatMap((schema) => {
      const filter = idFilter(schema, id);
      return filter === undefined ? [] : [{ schema, filter }];
    });
    const found = (await this.#options.kinds.few(wanted, 2)).map(({ schema, entry }) => ({ id: idOf(schema, entry) ?? '' as PrincipalId, dn: entry.dn, names: schema.kind === 'user' ? entry.all(schema.names) : [] }));
    // An entry may be of two kinds.
    const members = [...new Map(found.map((member) => [member.dn, member])).values()];
    return members.length === 0 ? [{ id, dn: undefined, names: [] }] : members;
  }

  /** Without ids that others have too, groups or people: who makes a group with somebody's id makes nobody that one. */
  async #unshared(groups: readonly Member[]): Promise<readonly Member[]> {
    if (groups.length === 0) return groups;
    const owners = new Map<string, Set<string>>();
    for (const { id, dn } of (await Promise.all(this.#options.schemas.map((schema) => idsAmong(this.#options.pool, schema, groups.map(({ id }) => id))))).flat()) owners.set(id, (owners.get(id) ?? new Set<string>()).add(dn));
    return groups.filter(({ id }) => (owners.get(id.toLowerCase())?.size ?? 0) < 2);
  }

  async #above(members: readonly Member[]): Promise<readonly Member[]> {
    const keys: Readonly<Record<MemberAttribute['holds'], readonly string[]>> = {
      id: members.map(({ id }) => id), name: members.flatMap(({ names }) => names), dn: members.flatMap(({ dn }) => (dn === undefined ? [] : [dn])),
    };
    const filters = this.#options.members.flatMap(({ attribute, holds }) => keys[holds].map((key) => equal(attribute, key)));
    const found = new Map<PrincipalId, Member>();
    for (const schema of this.#groups) {
      for (const filter of inChunks(filters)) {
        const question = { base: schema.base, filter: every(schema.filter, filter), attributes: [schema.id.attribute], octets: octetsOf(schema) };
        const groups = await this.#options.pool.collect(question, (entry): Member | undefined => {
          const id = idOf(schema, entry);
          return id === undefined ? undefined : { id, dn: entry.dn, names: [] };
        });
        for (const group of groups) found.set(group.id, group);
      }
    }
    return [...found.values()];
  }

  async *#named(names: readonly string[]): Batches<PrincipalId> {
    for (let from = 0; from < names.length; from += AT_ONCE) {
      const some100 = names.slice(from, from + AT_ONCE);
      const owners = await this.#owners(some100);
      yield some100.flatMap((name) => { const [only, ...others] = owners.get(name.toLowerCase()) ?? []; return only === undefined || others.length > 0 ? [] : [only.id]; });
    }
  }

  /** Names that nobody else has: groups of names mean one person by each, and whoever takes another's name as well must not take his groups along. */
  async #ownNames(names: readonly string[]): Promise<readonly string[]> {
    if (names.length === 0 || this.#options.members.every(({ holds }) => holds !== 'name')) return names;
    const owners = await this.#owners(names);
    return names.filter((name) => (owners.get(name.toLowerCase())?.length ?? 0) === 1);
  }

  /** Lower-case name → the users who have it. */
  async #owners(names: readonly string[]): Promise<ReadonlyMap<string, readonly Member[]>> {
    const owners = new Map<string, Map<string, Member>>();
    for (const schema of this.#options.schemas.filter(({ kind }) => kind === 'user')) {
      const filter = some(names.filter(isPlausible).flatMap((name) => schema.names.map((attribute) => equal(attribute, name))));
      if (filter === undefined) continue;
      const question = { base: schema.base, filter: every(schema.filter, filter), attributes: [schema.id.attribute, ...schema.names], octets: octetsOf(schema) };
      for (const member of await this.#options.pool.collect(question, (entry): Member => ({ id: idOf(schema, entry) ?? '' as PrincipalId, dn: entry.dn, names: entry.all(schema.names) }))) {
        for (const name of member.names) {
          const key = name.toLowerCase();
          owners.set(key, (owners.get(key) ?? new Map<string, Member>()).set(member.dn ?? '', member));
        }
      }
    }
    return new Map([...owners].map(([name, members]) => [name, [...members.values()].filter(({ id }) => id !== '')]));
  }

  /** Members are mostly siblings: their own names, which are indexed, find a hundred at once. */
  async *#placed(dns: readonly string[]): Batches<PrincipalId> {
    const wanted = new Set(dns.map(dnKey));
    const byParent = new Map<string, { readonly parent: string; readonly filters: Filter[] }>();
    const alone: string[] = [];
    for (const dn of dns) {
      const parsed = parseDn(dn);
      if (parsed?.first === undefined || !isPlausible(parsed.first.value)) {
        if (parsed !== undefined) alone.push(dn);
        continue;
      }
      const key = dnKey(parsed.parent);
      const siblings = byParent.get(key) ?? { parent: parsed.parent, filters: [] };
      siblings.filters.push(equal(parsed.first.attribute, parsed.first.value));
      byParent.set(key, siblings);
    }
    for (const schema of this.#options.schemas) {
      for (const { parent, filters } of byParent.values()) {
        if (!isBelow(parent, schema.base)) continue;
        for (const filter of inChunks(filters)) yield* this.#ids(parent, 'one', every(schema.filter, filter), schema, ({ dn }) => wanted.has(dnKey(dn)));
      }
      for (const dn of alone) if (isBelow(dn, schema.base)) yield* this.#ids(dn, 'base', every(schema.filter, present(schema.id.attribute)), schema, () => true);
    }
  }

  async *#ids(base: string, scope: 'base' | 'one' | 'sub', filter: Filter, schema: RecordSchema, accepts: (entry: LdapEntry) => boolean): Batches<PrincipalId> {
    yield await this.#options.pool.collect({ base, scope, filter, attributes: [schema.id.attribute], octets: octetsOf(schema) }, (entry) => (accepts(entry) ? idOf(schema, entry) : undefined));
  }
}

function* nonEmpty(batch: readonly PrincipalId[]): Generator<readonly PrincipalId[]> {
  if (batch.length > 0) yield batch;
}

function valuesOf(entry: LdapEntry, members: readonly MemberAttribute[], holds: MemberAttribute['holds']): readonly string[] {
  return entry.all(members.filter((member) => member.holds === holds).map(({ attribute }) => attribute));
}

function* inChunks(filters: readonly Filter[]): Generator<Filter> {
  for (let from = 0; from < filters.length; from += AT_ONCE) {
    const filter = some(filters.slice(from, from + AT_ONCE));
    if (filter !== undefined) yield filter;
  }
}
