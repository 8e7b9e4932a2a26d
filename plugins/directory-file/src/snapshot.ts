/** One reading of the file, indexed: answers every question of DirectorySource from memory. Immutable; a changed file makes another one. */
import { createHash } from 'node:crypto';
import type { DirectoryQuery, Principal, PrincipalId } from '@kalends/contracts';
import { addressKey, idOfUrn, principalPath } from './address.ts';
import type { DirectoryData, Secret } from './read-directory.ts';
import { SECTIONS } from './schema.ts';

const BATCH = 256;
const KIND_OF_TYPE = new Map<string, Principal['kind']>(SECTIONS);

export class Snapshot {
  /** Of the text, so equal in every process that reads the same file. */
  readonly stamp: string;
  readonly realms: ReadonlySet<string>;
  readonly #byId = new Map<string, Principal>();
  readonly #byAccount = new Map<string, Principal>();
  readonly #byName = new Map<string, Principal>();
  readonly #byAddress = new Map<string, Principal>();
  readonly #sorted = new Map<Principal['kind'], readonly { readonly name: string; readonly principal: Principal }[]>();
  readonly #members: ReadonlyMap<PrincipalId, readonly PrincipalId[]>;
  /** Member → the groups that hold it directly. */ readonly #holders = new Map<PrincipalId, PrincipalId[]>();
  readonly #secrets: ReadonlyMap<string, Secret>;
  /** An argon2id hash of the costs that most have: by it accounts that do not exist are as slow as those that do. */ readonly usualHash: string | undefined;

  constructor(text: string, data: DirectoryData) {
    this.stamp = createHash('sha256').update(text).digest('base64url').slice(0, 16);
    this.realms = data.realms;
    this.#members = data.members;
    this.#secrets = data.secrets;
    this.usualHash = usualOf(data.secrets.values());
    for (const principal of data.principals) {
      this.#byId.set(principal.id.toLowerCase(), principal);
      for (const account of principal.accounts) this.#byAccount.set(account, principal);
      for (const name of principal.names) this.#byName.set(`${principal.kind}/${name}`, principal);
      for (const address of principal.addresses) this.#byAddress.set(addressKey(address), principal);
    }
    for (const [, kind] of SECTIONS) {
      const named = data.principals.filter((principal) => principal.kind === kind).map((principal) => ({ name: principal.names[0] ?? '', principal }));
      this.#sorted.set(kind, named.sort((a, b) => (a.name < b.name ? -1 : 1)));
    }
    for (const [group, members] of data.members) {
      for (const member of members) this.#holders.set(member, [...(this.#holders.get(member) ?? []), group]);
    }
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Ids are unique in any case; exactly as spelled here, so that one principal has one URL. */
  findById(id: string): Principal | undefined {
    const found = this.#byId.get(id.toLowerCase());
    return found?.id === id ? found : undefined;
  }

  known(ids: readonly PrincipalId[]): ReadonlySet<PrincipalId> {
    return new Set(ids.filter((id) => this.#byId.has(id.toLowerCase())));
  }

  findByAccount(account: string): Principal | undefined {
    return this.#byAccount.get(account.normalize('NFC'));
  }

  findByName(kind: Principal['kind'], name: string): Principal | undefined {
    return this.#byName.get(`${kind}/${name.normalize('NFC')}`);
  }

  findByAddress(address: string): Principal | undefined {
    const key = addressKey(address);
    const stated = this.#byAddress.get(key);
    if (stated !== undefined) return stated;
    const id = idOfUrn(key);
    if (id !== undefined) return this.#byId.get(id);
    const path = principalPath(key);
    if (path === undefined) return undefined;
    if (path.type === '__uids__') return this.findById(path.name);
    const kind = KIND_OF_TYPE.get(path.type);
    return kind === undefined ? undefined : this.findByName(kind, path.name);
  }

  /** Nested ones included; a ring of groups ends where it began. */
  groupsOf(id: PrincipalId): ReadonlySet<PrincipalId> {
    const groups = new Set<PrincipalId>();
    const waiting = [id];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const group of this.#holders.get(next) ?? []) {
        if (groups.has(group)) continue;
        groups.add(group);
        waiting.push(group);
      }
    }
    return groups;
  }

  *membersOf(id: PrincipalId): Generator<readonly PrincipalId[]> {
    yield* batches(this.#members.get(id) ?? []);
  }

  *search(query: DirectoryQuery): Generator<readonly Principal[]> {
    const kinds = query.kinds.length === 0 ? SECTIONS.map(([, kind]) => kind) : query.kinds;
    const terms = query.terms.map((term) => ({ ...term, text: folded(term.text) }));
    const found: Principal[] = [];
    for (const kind of kinds) {
      for (const { principal } of this.#sorted.get(kind) ?? []) {
        if (found.length >= query.limit) break;
        const matches = (term: (typeof terms)[number]): boolean => valuesOf(principal, term.field).some((value) => compare(folded(value), term));
        if (query.anyOf ? terms.some(matches) : terms.every(matches)) found.push(principal);
      }
    }
    yield* batches(found);
  }

  list(kind: Principal['kind'], after: string | undefined, limit: number): readonly Principal[] {
    const all = this.#sorted.get(kind) ?? [];
    const first = after === undefined ? 0 : all.findIndex(({ name }) => name > after);
    return first < 0 ? [] : all.slice(first, first + limit).map(({ principal }) => principal);
  }

  secret(account: string): Secret | undefined {
    return this.#secrets.get(account.normalize('NFC'));
  }
}

type Term = DirectoryQuery['terms'][number];

function valuesOf(principal: Principal, field: Term['field']): readonly string[] {
  switch (field) {
    case 'name': return principal.names;
    case 'display-name': return [principal.displayName];
    case 'first-name': return principal.firstName === undefined ? [] : [principal.firstName];
    case 'last-name': return principal.lastName === undefined ? [] : [principal.lastName];
    case 'email': return principal.emails;
    case 'address': return principal.addresses;
  }
}

function compare(value: string, { text, match }: Pick<Term, 'text' | 'match'>): boolean {
  switch (match) {
    case 'equals': return value === text;
    case 'starts-with': return value.startsWith(text);
    case 'contains': return value.includes(text);
  }
}

const folded = (text: string): string => text.normalize('NFC').toLowerCase();

function* batches<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += BATCH) yield all.slice(from, from + BATCH);
}

function usualOf(secrets: Iterable<Secret>): string | undefined {
  const costs = new Map<string, { readonly argon2id: string; count: number }>();
  for (const { argon2id } of secrets) {
    const cost = /\$m=[^$]*\$/.exec(argon2id ?? '')?.[0];
    if (argon2id === undefined || cost === undefined) continue;
    const known = costs.get(cost) ?? { argon2id, count: 0 };
    known.count++;
    costs.set(cost, known);
  }
  return [...costs.values()].sort((one, other) => other.count - one.count)[0]?.argon2id;
}
