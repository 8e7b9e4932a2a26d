/**
 * Passwords that somebody has beside his own (R46), as records of the deployment: made at random, told once, kept as hashes. Random enough (100 bits) that a quick
 * hash keeps them; so nothing is remembered anywhere, and one that was revoked is worth nothing with the next request.
 *
 * Found by what a client sends, so that a guess is one look, whoever it is for, and no directory hears of it. Each is a record of kind `app-password` under
 * `<principal>/<name>`; one `app-password-proof` under the password's hash, for Basic; one `app-password-login` for each account, under `<account and realm,
 * hashed>/<principal>/<name>`, for Digest; and its last use apart, so that a use never meets a change.
 */
import { hash, randomInt } from 'node:crypto';
import type { AccessScope, Clock, CollectionId, EpochSeconds, Principal, PrincipalId, RecordOperation, RecordStore } from '@kalends/contracts';
import { z } from 'zod';

export type DigestAlgorithm = 'MD5' | 'SHA-256';

export interface AppPassword {
  readonly principal: PrincipalId;
  /** As its owner called it: `phone`. One of a name. */ readonly name: string;
  readonly created: EpochSeconds;
  /** Undefined: it does not expire. */ readonly expires: EpochSeconds | undefined;
  /** Undefined: never used, or not looked up. To the hour. */ readonly lastUse?: EpochSeconds | undefined;
  readonly readOnly: boolean;
  /** Undefined: everything. */ readonly collections: readonly CollectionId[] | undefined;
}
export interface NewAppPassword { readonly name: string; readonly readOnly: boolean; readonly collections?: readonly CollectionId[] | undefined; readonly expires?: EpochSeconds | undefined }

/** What a name may be: it stands in records and logs. */
export const appPasswordName = z.string().regex(/^[^/\p{Cc}]{1,64}$/u, 'up to 64 characters without slashes');

const opens = z.object({ created: z.number(), expires: z.number().optional(), readOnly: z.boolean(), collections: z.array(z.string()).optional() });
/** `proof`, `logins`: keys of its other records; one made before there were such opens nothing, and can be revoked. */
const stored = opens.extend({ proof: z.string().optional(), logins: z.array(z.string()).default([]) });
const owner = z.object({ principal: z.string(), name: z.string() });
const login = opens.extend({ md5: z.string(), sha256: z.string() });

const KIND = 'app-password';
const PROOF = 'app-password-proof';
const LOGIN = 'app-password-login';
const USE = 'app-password-use';
/** Without those that people confuse; 32, so that each letter holds five bits. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';
const GROUPS = 4;
const USE_SECONDS = 3_600;
const MOST = 50;

export class AppPasswords {
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #realm: string;

  /** @param realm of Digest: with another one, the stored digests of old passwords are of no use */
  constructor(records: RecordStore, clock: Clock, realm: string) {
    this.#records = records;
    this.#clock = clock;
    this.#realm = realm;
  }

  /**
   * @returns the password, which nobody can tell again
   * @throws RangeError for a name that is taken or none, and for somebody's fifty-first
   */
  async create({ id, accounts }: Principal, { name, readOnly, collections, expires }: NewAppPassword): Promise<string> {
    if (!appPasswordName.safeParse(name).success) throw new RangeError(`${JSON.stringify(name)} cannot be the name of a password: up to 64 characters without slashes`);
    const others = await this.list(id);
    if (others.some((other) => other.name === name)) throw new RangeError(`there is a password ${JSON.stringify(name)} already; revoke it first`);
    if (others.length >= MOST) throw new RangeError(`there are ${String(MOST)} passwords already; revoke some first`);
    const password = Array.from({ length: GROUPS }, () => Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join('')).join('-');
    const what = { created: this.#now(), readOnly, ...(expires === undefined ? {} : { expires }), ...(collections === undefined ? {} : { collections: [...collections] }) };
    const logins = accounts.map((account): RecordOperation & { readonly value: unknown } => ({
      kind: LOGIN, key: `${loginOf(account, this.#realm)}/${id}/${name}`, value: { ...what, md5: digestOf('md5', account, this.#realm, password), sha256: digestOf('sha256', account, this.#realm, password) },
    }));
    const proof = proofOf(password);
    await this.#records.apply([
      { kind: KIND, key: `${id}/${name}`, value: { ...what, proof, logins: logins.map(({ key }) => key) }, expect: 'absent' }, { kind: PROOF, key: proof, value: { principal: id, name } }, ...logins, { kind: USE, key: `${id}/${name}` },
    ]);
    return password;
  }

  /** By name; expired ones too. */
  async list(id: PrincipalId): Promise<readonly AppPassword[]> {
    const found: AppPassword[] = [];
    for await (const batch of this.#records.list(KIND, `${id}/`)) {
      for (const { key, value } of batch) {
        const password = passwordOf(id, key.slice(id.length + 1), opens.parse(value));
        found.push({ ...password, lastUse: await this.#lastUse(password) });
      }
    }
    return found;
  }

  /** False: there was none of that name. */
  async revoke(id: PrincipalId, name: string): Promise<boolean> {
    const key = `${id}/${name}`;
    const record = await this.#records.get(KIND, key);
    if (record === undefined) return false;
    const { proof, logins } = stored.parse(record.value);
    await this.#records.apply([{ kind: KIND, key }, ...(proof === undefined ? [] : [{ kind: PROOF, key: proof }]), ...logins.map((each) => ({ kind: LOGIN, key: each })), { kind: USE, key }]);
    return true;
  }

  /** Whosever it is, if it has not expired. */
  async match(password: string): Promise<AppPassword | undefined> {
    const found = await this.#records.get(PROOF, proofOf(password));
    if (found === undefined) return undefined;
    const { principal, name } = owner.parse(found.value);
    const record = await this.#records.get(KIND, `${principal}/${name}`);
    return record === undefined ? undefined : this.#valid(passwordOf(principal as PrincipalId, name, opens.parse(record.value)));
  }

  /** Of all that have not expired, what Digest needs for this account and realm. */
  async digests(account: string, realm: string, algorithm: DigestAlgorithm): Promise<readonly { readonly secret: string; readonly password: AppPassword }[]> {
    const found = [];
    for await (const batch of this.#records.list(LOGIN, `${loginOf(account, realm)}/`)) {
      for (const { key, value } of batch) {
        const [, principal = '', name = ''] = key.split('/');
        const { md5, sha256, ...what } = login.parse(value);
        const password = this.#valid(passwordOf(principal as PrincipalId, name, what));
        if (password !== undefined) found.push({ secret: algorithm === 'MD5' ? md5 : sha256, password });
      }
    }
    return found;
  }

  /** Notes the use, to the hour. */
  async used(password: AppPassword): Promise<void> {
    const { principal, name } = password;
    const [now, lastUse] = [this.#now(), await this.#lastUse(password)];
    if (lastUse === undefined || now - lastUse >= USE_SECONDS) await this.#records.apply([{ kind: USE, key: `${principal}/${name}`, value: { at: now } }]);
  }

  #valid(password: AppPassword): AppPassword | undefined {
    return password.expires === undefined || password.expires > this.#now() ? password : undefined;
  }

  async #lastUse({ principal, name }: AppPassword): Promise<EpochSeconds | undefined> {
    const use = await this.#records.get(USE, `${principal}/${name}`);
    return (use?.value as { readonly at?: number } | undefined)?.at;
  }

  #now(): EpochSeconds {
    return Math.floor(this.#clock.now() / 1000);
  }
}

export const scopeOf = ({ name, readOnly, collections }: AppPassword): AccessScope => ({ name, readOnly, collections });

function passwordOf(principal: PrincipalId, name: string, { created, expires, readOnly, collections }: z.output<typeof opens>): AppPassword {
  return { principal, name, created, expires, readOnly, collections: collections as readonly CollectionId[] | undefined };
}
function proofOf(password: string): string {
  return hash('sha256', `app-password:${password}`, 'base64url');
}
function loginOf(account: string, realm: string): string {
  return hash('sha256', `${account}\0${realm}`, 'base64url');
}
function digestOf(algorithm: 'md5' | 'sha256', account: string, realm: string, password: string): string {
  return hash(algorithm, `${account}:${realm}:${password}`, 'hex');
}
