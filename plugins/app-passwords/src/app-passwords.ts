/**
 * Passwords that somebody has beside his own (R46), as records of the deployment: made at random, told once, kept as hashes. Random enough (100 bits) that a quick
 * hash keeps them; so nothing is remembered anywhere, and one that was revoked is worth nothing with the next request.
 *
 * One record each: kind `app-password`, key `<principal>/<name>`; its last use apart, kind `app-password-use`, so that a use never meets a change.
 */
import { createHash, hash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { AccessScope, Clock, CollectionId, EpochSeconds, Principal, PrincipalId, RecordStore } from '@kalends/contracts';
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

const stored = z.object({
  created: z.number(), expires: z.number().optional(), readOnly: z.boolean(), collections: z.array(z.string()).optional(), salt: z.string(), hash: z.string(),
  digests: z.array(z.object({ account: z.string(), realm: z.string(), md5: z.string(), sha256: z.string() })),
});
type Stored = z.output<typeof stored>;

const KIND = 'app-password';
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
    const salt = randomBytes(16).toString('base64url');
    const value: Stored = {
      created: this.#now(), readOnly, salt, hash: hashOf(salt, password), ...(expires === undefined ? {} : { expires }), ...(collections === undefined ? {} : { collections: [...collections] }),
      digests: accounts.map((account) => ({ account, realm: this.#realm, md5: digestOf('md5', account, this.#realm, password), sha256: digestOf('sha256', account, this.#realm, password) })),
    };
    await this.#records.apply([{ kind: KIND, key: `${id}/${name}`, value, expect: 'absent' }, { kind: USE, key: `${id}/${name}` }]);
    return password;
  }

  /** By name; expired ones too. */
  async list(id: PrincipalId): Promise<readonly AppPassword[]> {
    const passwords = await this.#of(id);
    return Promise.all(passwords.map(async ({ password }) => ({ ...password, lastUse: await this.#lastUse(password) })));
  }

  /** False: there was none of that name. */
  async revoke(id: PrincipalId, name: string): Promise<boolean> {
    const key = `${id}/${name}`;
    if (await this.#records.get(KIND, key) === undefined) return false;
    await this.#records.apply([{ kind: KIND, key }, { kind: USE, key }]);
    return true;
  }

  /** The one that it is, if it has not expired. */
  async match(id: PrincipalId, password: string): Promise<AppPassword | undefined> {
    // Compared with all, so that the time does not tell which.
    let found: AppPassword | undefined;
    for (const candidate of await this.#valid(id)) if (equal(hashOf(candidate.record.salt, password), candidate.record.hash)) found = candidate.password;
    return found;
  }

  /** Of all that have not expired, what Digest needs for this account and realm. */
  async digests(id: PrincipalId, account: string, realm: string, algorithm: DigestAlgorithm): Promise<readonly { readonly secret: string; readonly password: AppPassword }[]> {
    const found = [];
    for (const { password, record } of await this.#valid(id)) {
      const digest = record.digests.find((each) => each.account === account && each.realm === realm);
      if (digest !== undefined) found.push({ secret: algorithm === 'MD5' ? digest.md5 : digest.sha256, password });
    }
    return found;
  }

  /** Notes the use, to the hour. */
  async used(password: AppPassword): Promise<void> {
    const { principal, name } = password;
    const [now, lastUse] = [this.#now(), await this.#lastUse(password)];
    if (lastUse === undefined || now - lastUse >= USE_SECONDS) await this.#records.apply([{ kind: USE, key: `${principal}/${name}`, value: { at: now } }]);
  }

  async #valid(id: PrincipalId): Promise<readonly { readonly password: AppPassword; readonly record: Stored }[]> {
    const now = this.#now();
    return (await this.#of(id)).filter(({ password: { expires } }) => expires === undefined || expires > now);
  }

  async #lastUse({ principal, name }: AppPassword): Promise<EpochSeconds | undefined> {
    const use = await this.#records.get(USE, `${principal}/${name}`);
    return (use?.value as { readonly at?: number } | undefined)?.at;
  }

  /** One look, however many there are: a guess must not take longer for who has some. */
  async #of(id: PrincipalId): Promise<readonly { readonly password: AppPassword; readonly record: Stored }[]> {
    const found = [];
    for await (const batch of this.#records.list(KIND, `${id}/`)) {
      for (const { key, value } of batch) {
        const record = stored.parse(value);
        const password: AppPassword = {
          principal: id, name: key.slice(id.length + 1), created: record.created, expires: record.expires,
          readOnly: record.readOnly, collections: record.collections as readonly CollectionId[] | undefined,
        };
        found.push({ password, record });
      }
    }
    return found;
  }

  #now(): EpochSeconds {
    return Math.floor(this.#clock.now() / 1000);
  }
}

export const scopeOf = ({ name, readOnly, collections }: AppPassword): AccessScope => ({ name, readOnly, collections });

function hashOf(salt: string, password: string): string {
  return createHash('sha256').update(`${salt}:${password}`).digest('base64url');
}
function digestOf(algorithm: 'md5' | 'sha256', account: string, realm: string, password: string): string {
  return hash(algorithm, `${account}:${realm}:${password}`, 'hex');
}
function equal(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
