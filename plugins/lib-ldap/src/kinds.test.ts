import { fakeClock } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import type { Question } from './connection.ts';
import { LdapEntry } from './entry.ts';
import { LdapRefused, LdapUnreachable } from './errors.ts';
import { equal, readFilter, some } from './filters.ts';
import { KindSearch } from './kinds.ts';
import type { RecordSchema } from './record-schema.ts';

const ROOT = 'dc=example,dc=test';
function schema(kind: RecordSchema['kind'], base: string, filter: string): RecordSchema {
  return { kind, base, filter: readFilter(filter), id: { attribute: 'guid', form: 'text' }, names: ['uid'], accounts: [], displayName: ['cn'], emails: [{ attribute: 'mail' }], more: [], facts: () => ({ enabled: true, locked: false }) };
}
const USERS = schema('user', `cn=users,${ROOT}`, '(objectClass=inetOrgPerson)');
const GROUPS = schema('group', `cn=groups,${ROOT}`, '(|(objectClass=posixGroup)(objectClass=groupOfNames))');
const entry = (dn: string, ...objectClass: string[]): LdapEntry => new LdapEntry({ dn: `${dn},${ROOT}`, objectClass });
const ALICE = entry('uid=alice,cn=users', 'top', 'inetOrgPerson');
const STAFF = entry('cn=staff,cn=groups', 'posixGroup');

/** Answers a question about all kinds with `together`, and one about a kind with that kind's entries. */
function given({ together, schemas = [USERS, GROUPS], contexts = [ROOT], alone = {} }: { together: readonly LdapEntry[] | Error; schemas?: readonly RecordSchema[]; contexts?: readonly string[] | Error; alone?: Readonly<Record<string, readonly LdapEntry[]>> }) {
  const asked: Question[] = [];
  const clock = fakeClock();
  const answer = (question: Question): readonly LdapEntry[] => {
    asked.push(question);
    if (question.base === '') {
      if (contexts instanceof Error) throw contexts;
      return [new LdapEntry({ dn: '', namingContexts: [...contexts] })];
    }
    if (question.isWhole !== true) return alone[question.base] ?? [];
    if (together instanceof Error) throw together;
    return together;
  };
  const pool = {
    search: (question: Question) => Promise.resolve().then(() => answer(question)),
    list: (question: Question, take: (page: readonly LdapEntry[]) => boolean) => Promise.resolve().then(() => { take(answer(question)); }),
  };
  const search = new KindSearch({ pool, schemas, clock, refreshSeconds: 300 });
  const wanted = schemas.map((each) => ({ schema: each, filter: equal('mail', 'x') }));
  const names = (hits: readonly { schema: RecordSchema; entry: LdapEntry }[]): readonly string[] => hits.map((hit) => `${hit.schema.kind} ${hit.entry.dn.split(',')[0]!}`);
  return { search, wanted, clock, few: async () => names(await search.few(wanted, 5)), bases: () => asked.splice(0).map(({ base }) => base), filters: () => asked.splice(0).map(({ filter }) => filter.toString()) };
}

describe('kinds that classes tell apart', () => {
  it('are asked for in one question, each alternative once, and told by where they lie and what they are', async () => {
    const { few, search, wanted, filters, bases } = given({ together: [ALICE, STAFF, entry('uid=old,cn=archive', 'inetOrgPerson')] });
    expect(await few()).toEqual(['user uid=alice', 'group cn=staff']);
    expect(filters()).toEqual(['(objectClass=*)', '(&(mail=x)(|(objectClass=inetOrgPerson)(|(objectClass=posixGroup)(objectClass=groupOfNames))))']);
    expect(await search.many([...wanted].reverse(), 10, (hit) => hit.entry.dn.split(',')[0])).toEqual(['cn=staff', 'uid=alice']);
    expect(bases()).toEqual([ROOT]);
    await search.few([{ schema: USERS, filter: some([equal('mail', 'x'), equal('cn', 'x')])! }, { schema: GROUPS, filter: equal('cn', 'x') }], 5);
    expect(filters()[0]).toBe('(|(&(mail=x)(objectClass=inetOrgPerson))(&(cn=x)(|(objectClass=inetOrgPerson)(|(objectClass=posixGroup)(objectClass=groupOfNames)))))');
  });

  it('are read by any spelling of a DN', async () => {
    const { few } = given({ together: [new LdapEntry({ dn: 'UID=alice, CN=Users, DC=example, DC=test', objectclass: ['INETORGPERSON'] })] });
    expect(await few()).toEqual(['user UID=alice']);
  });

  it.each<readonly [string, Parameters<typeof given>[0]]>([
    ['a class may stand for one that the entry does not list', { together: [entry('uid=alice,cn=users', 'companyPerson')] }],
    ['an entry could be two of them', { together: [entry('uid=alice,cn=users', 'inetOrgPerson', 'posixGroup')], schemas: [USERS, { ...GROUPS, base: USERS.base }] }],
    ['one kind may have crowded out another', { together: Array.from({ length: 10 }, () => ALICE) }],
    ['what holds both cannot be read, or is in part elsewhere', { together: new LdapRefused('not there') }],
    ['a kind lies in a database of its own', { together: [], contexts: [ROOT, GROUPS.base] }],
    ['the directory does not say how it is divided', { together: [], contexts: [] }],
    ['nor lets anybody ask', { together: [], contexts: new LdapRefused('no') }],
    ['more than classes makes a kind', { together: [], schemas: [USERS, { ...GROUPS, filter: readFilter('(&(objectClass=posixGroup)(mail=*))') }] }],
    ['nothing holds both', { together: [], schemas: [USERS, { ...GROUPS, base: 'o=elsewhere' }], contexts: ['', ROOT, 'o=elsewhere'] }],
  ])('are asked for one by one where %s', async (_, parts) => {
    const { few, bases } = given({ alone: { [USERS.base]: [ALICE], [GROUPS.base]: [STAFF], 'o=elsewhere': [STAFF] }, ...parts });
    expect((await few()).slice(0, 2)).toEqual(parts.schemas?.[1]!.base === USERS.base ? ['user uid=alice', 'group uid=alice'] : ['user uid=alice', 'group cn=staff']);
    bases();
    // And so for a while, without trying again.
    await few();
    expect(bases().filter((base) => base !== USERS.base && base !== GROUPS.base && base !== 'o=elsewhere')).toEqual([]);
  });

  it('are asked for one by one where one question finds mostly what is none of them', async () => {
    const { search, wanted } = given({ together: Array.from({ length: 60 }, (_, at) => entry(`uid=${String(at)},cn=archive`, 'inetOrgPerson')), alone: { [USERS.base]: [ALICE] } });
    expect(await search.many(wanted, 10, (hit) => hit.entry.dn.split(',')[0])).toEqual(['uid=alice']);
  });

  it('are tried together again after a while', async () => {
    const { few, bases, clock } = given({ together: new LdapRefused('not there') });
    await few();
    bases();
    clock.advance(301_000);
    await few();
    expect(bases()).toEqual(['', ROOT, USERS.base, GROUPS.base]);
  });

  it('are nobody\'s to say while the directory is away', async () => {
    await expect(given({ together: new LdapUnreachable('away') }).few()).rejects.toThrow('away');
    await expect(given({ together: [], contexts: new LdapUnreachable('away') }).few()).rejects.toThrow('away');
  });
});
