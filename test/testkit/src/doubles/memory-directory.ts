/** A directory in memory: principals from a plain list, groups by id, passwords in the clear. Addresses are compared as RFC 5545 clients spell them. */
import { createHash } from 'node:crypto';
import type { Batches, CredentialSource, DirectoryQuery, DirectorySource, Principal, PrincipalId } from '@kalends/contracts';

export interface MemoryDirectoryOptions {
  /** Group id → direct members, groups among them. */ readonly members?: Readonly<Record<string, readonly string[]>>;
  /** Account → password. */ readonly passwords?: Readonly<Record<string, string>>;
}
export interface MemoryDirectory extends DirectorySource, CredentialSource {
  /** As the only source of a Directory. */ isOf(): Promise<boolean>;
  /** From now on there are these; the stamp changes. */ replace(principals: readonly Principal[], options?: MemoryDirectoryOptions): void;
}
/** `amy`: a user with the id, record name, account and mail address that follow from the name. */
export function person(name: string, more: Partial<Principal> = {}): Principal {
  return {
    id: `id-${name}` as PrincipalId, kind: 'user', names: [name], accounts: [name], displayName: `${name[0]!.toUpperCase()}${name.slice(1)} Example`,
    emails: [`${name}@example.com`], addresses: [`mailto:${name}@example.com`, `urn:uuid:id-${name}`], enabled: true, locked: false, schedule: { mode: 'none' }, ...more,
  };
}
/** A group of that name; who belongs to it is said in `members`. */
export function group(name: string, more: Partial<Principal> = {}): Principal {
  return person(name, { kind: 'group', accounts: [], ...more });
}
/** A room that answers invitations by itself. */
export function room(name: string, more: Partial<Principal> = {}): Principal {
  return person(name, { kind: 'location', accounts: [], schedule: { mode: 'automatic' }, ...more });
}

export function memoryDirectory(principals: readonly Principal[], options: MemoryDirectoryOptions = {}): MemoryDirectory {
  return new PlainDirectory(principals, options);
}

const FIELDS: Readonly<Record<DirectoryQuery['terms'][number]['field'], (principal: Principal) => readonly (string | undefined)[]>> = {
  name: ({ names }) => names, 'display-name': ({ displayName }) => [displayName], 'first-name': ({ firstName }) => [firstName], 'last-name': ({ lastName }) => [lastName],
  email: ({ emails }) => emails, address: ({ addresses }) => addresses,
};
const FOLDERS: Readonly<Record<string, Principal['kind']>> = { users: 'user', groups: 'group', locations: 'location', resources: 'resource' };

class PlainDirectory implements MemoryDirectory {
  readonly name = 'memory';
  readonly can = { verify: true, digest: ['MD5', 'SHA-256'] } as const;
  #principals: readonly Principal[];
  #options: MemoryDirectoryOptions;
  #stamp = 1;

  constructor(principals: readonly Principal[], options: MemoryDirectoryOptions) {
    this.#principals = principals;
    this.#options = options;
  }

  replace(principals: readonly Principal[], options: MemoryDirectoryOptions = this.#options): void {
    this.#principals = principals;
    this.#options = options;
    this.#stamp++;
  }
  isOf(): Promise<boolean> {
    return Promise.resolve(true);
  }
  async findById(id: PrincipalId): Promise<Principal | undefined> {
    return this.#principals.find((principal) => principal.id === id);
  }
  async findByAccount(account: string): Promise<Principal | undefined> {
    return this.#principals.find(({ accounts }) => accounts.includes(account));
  }
  async findByName(kind: Principal['kind'], name: string): Promise<Principal | undefined> {
    return this.#principals.find((principal) => principal.kind === kind && principal.names.includes(name));
  }
  async findByAddress(address: string): Promise<Principal | undefined> {
    const wanted = normalAddress(address);
    const path = /^(?:https?:\/\/[^/]+)?\/principals\/([^/]+)\/([^/]+)\/?$/.exec(address);
    if (path?.[1] === '__uids__') return this.findById(decodeURIComponent(path[2]!) as PrincipalId);
    const kind = path && FOLDERS[path[1]!];
    if (kind) return this.findByName(kind, decodeURIComponent(path[2]!));
    return this.#principals.find(({ addresses, id }) => [...addresses, `urn:uuid:${id}`, `urn:x-uid:${id}`].some((known) => normalAddress(known) === wanted));
  }
  async groupsOf(id: PrincipalId): Promise<ReadonlySet<PrincipalId>> {
    const found = new Set<PrincipalId>();
    const climb = (member: string): void => {
      for (const [above, members] of Object.entries(this.#options.members ?? {})) {
        if (!members.includes(member) || found.has(above as PrincipalId)) continue;
        found.add(above as PrincipalId);
        climb(above);
      }
    };
    climb(id);
    return found;
  }
  async *membersOf(id: PrincipalId): Batches<PrincipalId> {
    const members = this.#options.members?.[id] ?? [];
    if (members.length > 0) yield members as readonly PrincipalId[];
  }
  async *search({ anyOf, terms, kinds, limit }: DirectoryQuery): Batches<Principal> {
    const matches = (principal: Principal, { field, text, match }: DirectoryQuery['terms'][number]): boolean => FIELDS[field](principal).some((value) => {
      const [have, want] = [value?.toLowerCase(), text.toLowerCase()];
      return match === 'equals' ? have === want : match === 'starts-with' ? have?.startsWith(want) : have?.includes(want);
    });
    const found = this.#principals.filter((principal) => kinds.includes(principal.kind)
      && (anyOf ? terms.some((term) => matches(principal, term)) : terms.every((term) => matches(principal, term))));
    if (found.length > 0) yield found.slice(0, limit);
  }
  async list(kind: Principal['kind'], after: string | undefined, limit: number): Promise<readonly Principal[]> {
    return this.#principals.filter((principal) => principal.kind === kind && (after === undefined || principal.names[0]! > after))
      .sort((a, b) => (a.names[0]! < b.names[0]! ? -1 : 1)).slice(0, limit);
  }
  async stamp(): Promise<string> {
    return String(this.#stamp);
  }

  async verify(account: string, password: string): Promise<'yes' | 'no' | 'unknown-account' | 'disabled' | 'unavailable'> {
    const principal = await this.findByAccount(account);
    if (principal === undefined) return 'unknown-account';
    if (this.#options.passwords?.[account] !== password) return 'no';
    return principal.enabled ? 'yes' : 'disabled';
  }
  async digestSecret(account: string, realm: string, algorithm: 'MD5' | 'SHA-256'): Promise<string | undefined> {
    const password = this.#options.passwords?.[account];
    if (password === undefined) return undefined;
    return createHash(algorithm === 'MD5' ? 'md5' : 'sha256').update(`${account}:${realm}:${password}`).digest('hex');
  }
}

/** Schemes and mail addresses in any case; the rest as it is. */
function normalAddress(address: string): string {
  return address.toLowerCase();
}
