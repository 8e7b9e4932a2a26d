/**
 * Groups of Active Directory: upwards in one question by the rule that follows chains (LDAP_MATCHING_RULE_IN_CHAIN, MS-ADTS §3.1.1.3.4.4.3), downwards by memberOf,
 * which pages where `member` comes in ranges. The primary group stands in neither, and is found by its SID.
 */
import type { Batches, PrincipalId } from '@kalends/contracts';
import { byRule, equal, every, idFilter, idOf, octetsOf, present, relativeIdOf, siblingSid, some } from '@kalends/lib-ldap';
import type { Filter, LdapEntry, LdapPool, Memberships, RecordSchema } from '@kalends/lib-ldap';

const IN_CHAIN = '1.2.840.113556.1.4.1941';
const SID = 'objectSid';
const PRIMARY = 'primaryGroupID';

export class ChainedMemberships implements Memberships {
  readonly #pool: LdapPool;
  readonly #schemas: readonly RecordSchema[];
  /** Undefined where groups are left out. */ readonly #groups: RecordSchema | undefined;

  constructor(pool: LdapPool, schemas: readonly RecordSchema[]) {
    this.#pool = pool;
    this.#schemas = schemas;
    this.#groups = schemas.find(({ kind }) => kind === 'group');
  }

  async groupsOf(id: PrincipalId): Promise<ReadonlySet<PrincipalId>> {
    const found = new Set<PrincipalId>();
    const [groups, member] = [this.#groups, await this.#entry(id, this.#schemas)];
    if (groups === undefined || member === undefined) return found;
    const primary = await this.#primaryGroup(member, groups);
    const primaryId = primary === undefined ? undefined : idOf(groups, primary);
    if (primaryId !== undefined) found.add(primaryId);
    const chains = some([member, ...(primary === undefined ? [] : [primary])].map(({ dn }) => byRule('member', IN_CHAIN, dn)))!;
    const above = await this.#pool.collect({ base: groups.base, filter: every(groups.filter, chains), attributes: [groups.id.attribute], octets: octetsOf(groups) }, (entry) => idOf(groups, entry));
    for (const group of above) found.add(group);
    return found;
  }

  async *membersOf(id: PrincipalId): Batches<PrincipalId> {
    if (this.#groups === undefined) return;
    const group = await this.#entry(id, [this.#groups]);
    if (group === undefined) return;
    const sid = group.octets(SID);
    const direct: Filter = some([equal('memberOf', group.dn), ...(sid === undefined ? [] : [equal(PRIMARY, String(relativeIdOf(sid)))])])!;
    const seen = new Set<PrincipalId>();
    for (const schema of this.#schemas) {
      const ids = await this.#pool.collect({ base: schema.base, filter: every(schema.filter, direct), attributes: [schema.id.attribute], octets: octetsOf(schema) }, (entry) => idOf(schema, entry));
      const members = ids.filter((member) => !seen.has(member) && seen.add(member));
      if (members.length > 0) yield members;
    }
  }

  async #entry(id: PrincipalId, schemas: readonly RecordSchema[]): Promise<LdapEntry | undefined> {
    for (const schema of schemas) {
      const filter = idFilter(schema, id);
      if (filter === undefined) continue;
      const [entry] = await this.#pool.search({ base: schema.base, filter: every(schema.filter, filter), attributes: [schema.id.attribute, SID, PRIMARY], octets: [...octetsOf(schema), SID] }, 1);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  async #primaryGroup(member: LdapEntry, groups: RecordSchema): Promise<LdapEntry | undefined> {
    const [sid, primary] = [member.octets(SID), member.text(PRIMARY)];
    if (sid === undefined || primary === undefined) return undefined;
    const filter = every(groups.filter, present(groups.id.attribute), equal(SID, siblingSid(sid, Number(primary))));
    return (await this.#pool.search({ base: groups.base, filter, attributes: [groups.id.attribute], octets: octetsOf(groups) }, 1))[0];
  }
}
