/**
 * Text of a directory file → principals, memberships, secrets; or every problem with its line. Pure but for the random id that a message suggests.
 * Refuses duplicate ids, names, accounts and addresses, references to nobody, and plain passwords unless this is a demo.
 */
import { randomUUID } from 'node:crypto';
import type { Principal, PrincipalId } from '@kalends/contracts';
import { LineCounter, parseDocument } from 'yaml';
import { addressKey } from './address.ts';
import { DirectoryFileError, ProblemList } from './problems.ts';
import type { Path } from './problems.ts';
import { directoryFile, SECTIONS } from './schema.ts';
import type { DirectoryFile, GroupRecord, PersonRecord, PlaceRecord } from './schema.ts';

export interface ReadOptions {
  /** For messages. */ readonly file: string;
  /** Plain passwords are allowed. */ readonly demo: boolean;
}
/** What a user may prove with. */
export interface Secret {
  readonly id: PrincipalId;
  /** Of a demo only. */ readonly plain: string | undefined;
  readonly argon2id: string | undefined;
  /** `account NUL realm` → HA1. */ readonly digests: ReadonlyMap<string, { readonly md5: string; readonly sha256: string }>;
  readonly mayLogIn: boolean;
}
export interface DirectoryData {
  readonly principals: readonly Principal[];
  /** Group → its direct members, in the file's order. */ readonly members: ReadonlyMap<PrincipalId, readonly PrincipalId[]>;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Realms for which digests are stored. */
  readonly realms: ReadonlySet<string>;
}

/** @throws DirectoryFileError with every problem */
export function readDirectory(text: string, options: ReadOptions): DirectoryData {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const list = new ProblemList(options.file, document, lines);
  for (const error of document.errors) list.addAt(error.pos[0], error.message);
  if (list.problems.length > 0) throw new DirectoryFileError(list.problems);
  const parsed = directoryFile.safeParse(document.toJS() ?? {});
  if (!parsed.success) {
    for (const issue of parsed.error.issues) list.add(issue.path as Path, hint(issue.path as Path, issue.message));
    throw new DirectoryFileError(list.problems);
  }
  const reader = new Reader(parsed.data, options, list);
  const data = reader.read();
  if (list.problems.length > 0) throw new DirectoryFileError(list.problems);
  return data;
}

export const digestKey = (account: string, realm: string): string => `${account}\0${realm}`;

function hint(path: Path, message: string): string {
  const missingId = path.at(-1) === 'id' && path.length === 3 && message.includes('undefined');
  return missingId ? `every record needs an id that is never used again; for instance ${randomUUID()}` : message;
}

type AnyRecord = PersonRecord | GroupRecord | PlaceRecord;
type Entry = { readonly section: string; readonly path: Path } & (
  | { readonly kind: 'user'; readonly record: PersonRecord }
  | { readonly kind: 'group'; readonly record: GroupRecord }
  | { readonly kind: 'location' | 'resource'; readonly record: PlaceRecord }
);

class Reader {
  readonly #entries: readonly Entry[];
  readonly #options: ReadOptions;
  readonly #list: ProblemList;
  readonly #ids = new Map<string, Entry>();
  readonly #names = new Map<string, Entry>();
  readonly #accounts = new Map<string, Entry>();
  readonly #addresses = new Map<string, Entry>();

  constructor(file: DirectoryFile, options: ReadOptions, list: ProblemList) {
    this.#options = options;
    this.#list = list;
    this.#entries = SECTIONS.flatMap(([section, kind]) =>
      file[section].map((record: AnyRecord, index: number) => ({ record, kind, section, path: [section, index] }) as Entry),
    );
  }

  read(): DirectoryData {
    for (const entry of this.#entries) this.#claim(entry);
    const principals = this.#entries.map((entry) => this.#principal(entry));
    const members = new Map<PrincipalId, readonly PrincipalId[]>();
    const secrets = new Map<string, Secret>();
    for (const { kind, record, path } of this.#entries) {
      if (kind === 'group') members.set(record.id as PrincipalId, this.#references(record.members, [...path, 'members']));
      if (kind !== 'user') continue;
      const secret = this.#secret(record, path);
      for (const account of accountsOf(record)) secrets.set(account, secret);
    }
    const realms = new Set([...secrets.values()].flatMap(({ digests }) => [...digests.keys()].map((key) => key.slice(key.indexOf('\0') + 1))));
    return { principals, members, secrets, realms };
  }

  #claim(entry: Entry): void {
    const { kind, record, section, path } = entry;
    this.#once(this.#ids, record.id.toLowerCase(), entry, [...path, 'id'], `the id ${record.id}`);
    for (const name of record.name) this.#once(this.#names, `${section}/${name}`, entry, [...path, 'name'], `the name ${section}/${name}`);
    if (kind === 'user') for (const account of accountsOf(record)) this.#once(this.#accounts, account, entry, [...path, 'accounts'], `the account ${account}`);
    record.emails.forEach((email, index) => this.#address(`mailto:${email}`, entry, [...path, 'emails', index]));
    record.addresses.forEach((address, index) => this.#address(address, entry, [...path, 'addresses', index]));
  }

  /** One record may name its own address twice: `emails` and `addresses` overlap. */
  #address(address: string, entry: Entry, path: Path): void {
    const key = addressKey(address);
    if (this.#addresses.get(key) !== entry) this.#once(this.#addresses, key, entry, path, `the address ${address}`);
  }

  #once(taken: Map<string, Entry>, key: string, entry: Entry, path: Path, what: string): void {
    const other = taken.get(key);
    if (other === undefined) taken.set(key, entry);
    else this.#list.add(path, `${what} is taken already, on line ${this.#list.lineOf(other.path)}`);
  }

  #principal(entry: Entry): Principal {
    const { record, kind } = entry;
    const accounts = entry.kind === 'user' ? accountsOf(entry.record) : [];
    return {
      id: record.id as PrincipalId,
      kind,
      names: record.name,
      accounts,
      displayName: record['display-name'] ?? record.name[0] ?? record.id,
      ...(entry.kind === 'user' ? named(entry.record) : {}),
      emails: record.emails,
      addresses: [...new Set([...record.emails.map((email) => `mailto:${email}`), ...record.addresses])],
      enabled: record.enabled,
      locked: record.locked,
      ...(record.server === undefined ? {} : { server: record.server }),
      ...(entry.kind === 'group' ? this.#groupParts(entry.record, entry.path) : this.#schedulingParts(entry.record, entry.path, kind)),
      ...(record.quota === undefined ? {} : { quotaOctets: record.quota }),
    };
  }

  #groupParts({ calendar }: GroupRecord, path: Path): Pick<Principal, 'schedule' | 'groupCalendar'> {
    const schedule = { mode: 'none' } as const;
    if (calendar === undefined) return { schedule };
    return { schedule, groupCalendar: { members: calendar.members, owners: this.#references(calendar.owners, [...path, 'calendar', 'owners']) } };
  }

  #schedulingParts({ schedule, delegates }: PersonRecord | PlaceRecord, path: Path, kind: Principal['kind']): Pick<Principal, 'schedule' | 'delegates'> {
    const { mode = kind === 'user' ? 'none' : 'automatic', capacity, 'accept-group': group } = schedule;
    const acceptGroup = group === undefined ? undefined : this.#reference(group, [...path, 'schedule', 'accept-group']);
    const parts = { schedule: { mode, ...(acceptGroup === undefined ? {} : { acceptGroup }), ...(capacity === undefined ? {} : { capacity }) } };
    if (delegates === undefined) return parts;
    const [read, write] = (['read', 'write'] as const).map((list) => this.#references(delegates[list], [...path, 'delegates', list]));
    return { ...parts, delegates: { read: read ?? [], write: write ?? [] } };
  }

  #references(values: readonly string[], path: Path): readonly PrincipalId[] {
    const found = values.map((value, index) => this.#reference(value, [...path, index]));
    return [...new Set(found.filter((id) => id !== undefined))];
  }

  #reference(value: string, path: Path): PrincipalId | undefined {
    const name = value.normalize('NFC');
    const entry = this.#ids.get(value.toLowerCase()) ?? this.#names.get(name) ?? this.#names.get(`users/${name}`);
    if (entry !== undefined) return entry.record.id as PrincipalId;
    this.#list.add(path, `nobody is called ${value}; write an id, a user's name, or <type>/<name>`);
    return undefined;
  }

  #secret(record: PersonRecord, path: Path): Secret {
    if (record.password !== undefined && !this.#options.demo) {
      this.#list.add([...path, 'password'], 'a password in the open is allowed with `demo: true` only; write hashes with `caladmin principals set-password`');
    }
    const digests = (record.credentials?.digest ?? []).map(({ account, realm, md5, 'sha-256': sha256 }) => [digestKey(account, realm), { md5, sha256 }] as const);
    return {
      id: record.id as PrincipalId,
      plain: record.password?.normalize('NFC'),
      argon2id: record.credentials?.argon2id,
      digests: new Map(digests),
      mayLogIn: record.enabled && !record.locked,
    };
  }
}

function accountsOf(record: PersonRecord): readonly string[] {
  return record.accounts ?? record.name;
}

function named(record: PersonRecord): Pick<Principal, 'firstName' | 'lastName'> {
  const { 'first-name': firstName, 'last-name': lastName } = record;
  return { ...(firstName === undefined ? {} : { firstName }), ...(lastName === undefined ? {} : { lastName }) };
}
