/**
 * Passwords proved by a bind, which is all that a directory offers; and Digest secrets where it keeps some. A bind never happens on a connection that carries
 * questions. What was proved lately stays true while no server can be reached, so that a directory's outage locks nobody out at once.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock, CredentialSource, DigestSecret, PrincipalId, Verdict } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { ConstraintViolationError, InappropriateAuthError, InsufficientAccessError, InvalidCredentialsError, NoSuchObjectError, ResultCodeError, UnwillingToPerformError } from 'ldapts';
import { LRUCache } from 'lru-cache';
import { LdapRefused, LdapUnreachable, mayPass, sentenceOf } from './errors.ts';
import type { Found, LdapDirectory } from './ldap-directory.ts';
import type { LdapPool } from './pool.ts';

type Answer = Exclude<Verdict, object | 'yes'> | { readonly principal: PrincipalId };
type Algorithm = 'MD5' | 'SHA-256';

export interface StoredDigests {
  readonly realm: string;
  /** Attribute of each: HA1 in hex, alone or as `account:realm:HA1` (RFC 7616 §3.4.2). */ readonly attributes: Readonly<Partial<Record<Algorithm, string>>>;
}
export interface CredentialOptions {
  readonly directory: LdapDirectory; readonly pool: LdapPool; readonly clock: Clock; readonly log: Logger;
  /** While the directory is away a password that it confirmed this lately is taken; 0: never. */ readonly graceSeconds: number;
  readonly digests?: StoredDigests | undefined;
  /** Below it lies nobody: who is bound there takes the time of somebody. */ readonly nowhere: string;
}

/** Each is a connection with its handshake. */
const BINDS_AT_ONCE = 16;
const BINDS_WAITING = 200;
/** A changed secret, and one that is gone, counts after this long: as soon as a disabled account is seen, by the default of `account-seconds`. */
const REMEMBERED_SECONDS = 4;
/** Longer than any password that a directory takes. */
const MOST_OCTETS = 1024;

export class LdapCredentials implements CredentialSource {
  readonly can: CredentialSource['can'];
  readonly directory: LdapDirectory;
  readonly #options: CredentialOptions;
  readonly #secret = randomBytes(32);
  /** Account → what proved it, whose it was, and when (`Clock.monotonic`). */
  readonly #proved = new LRUCache<string, { readonly proof: string; readonly principal: PrincipalId; readonly at: number }>({ max: 20_000 });
  /** Algorithm and account → HA1 and whose: a Digest client proves itself with every request. */
  readonly #digests = new LRUCache<string, { readonly found: DigestSecret; readonly at: number }>({ max: 20_000 });
  #binding = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(options: CredentialOptions) {
    this.#options = options;
    this.directory = options.directory;
    this.can = { verify: true, digest: Object.keys(options.digests?.attributes ?? {}) as Algorithm[] };
  }

  async verify(account: string, password: string): Promise<Verdict> {
    const proof = createHmac('sha256', this.#secret).update(`${account}\0${password}`).digest('base64url');
    try {
      const found = await this.#options.directory.findAccount(account);
      const answer = await this.#inTurn(() => this.#bind(found, account, password));
      if (typeof answer === 'object') this.#proved.set(account, { proof, principal: answer.principal, at: this.#options.clock.monotonic() });
      // A guess must not take from whoever has the account what an outage would leave him.
      else if (answer === 'unknown-account' || answer === 'disabled' || (answer === 'no' && this.#proved.get(account)?.proof === proof)) this.#proved.delete(account);
      return answer;
    } catch (error) {
      if (!isAway(error)) throw error;
      return this.#remembered(account, proof);
    }
  }

  async pretend(): Promise<void> {
    const nobody = randomName();
    try {
      await this.#options.directory.findAccount(nobody);
      await this.#inTurn(() => this.#bind(undefined, nobody, ''));
    } catch {
      // Away, as it is for whoever is asked about in earnest.
    }
  }

  async digestSecret(account: string, realm: string, algorithm: Algorithm): Promise<string | undefined> {
    return (await this.digestSecrets(account, realm, algorithm))[0]?.secret;
  }

  /** Asked of the directory each time, so that a wrong response takes as long for whoever logs in all the time as for whoever is not there. */
  async digestSecrets(account: string, realm: string, algorithm: Algorithm): Promise<readonly DigestSecret[]> {
    const { digests, directory, clock, graceSeconds } = this.#options;
    const attribute = digests?.attributes[algorithm];
    if (attribute === undefined || realm !== digests?.realm) return [];
    const key = `${algorithm} ${account}`;
    try {
      const entry = await directory.findAccount(account);
      const secret = entry === undefined || !entry.principal.enabled || entry.principal.locked ? undefined : ha1(entry.entry.texts(attribute), account, realm, algorithm);
      if (entry === undefined || secret === undefined) {
        this.#digests.delete(key);
        return [];
      }
      const found = { secret, principal: entry.principal.id };
      this.#digests.set(key, { found, at: clock.monotonic() });
      return [found];
    } catch (error) {
      const known = this.#digests.get(key);
      if (known !== undefined && isAway(error) && this.#secondsSince(known.at) < graceSeconds) return [known.found];
      throw error;
    }
  }

  rememberedSecrets(account: string, realm: string, algorithm: Algorithm): readonly DigestSecret[] {
    const known = realm === this.#options.digests?.realm ? this.#digests.get(`${algorithm} ${account}`) : undefined;
    return known !== undefined && this.#secondsSince(known.at) < REMEMBERED_SECONDS ? [known.found] : [];
  }

  async #bind(found: Found | undefined, account: string, password: string): Promise<Answer> {
    // RFC 4513 §5.1.2: a bind with a name and no password proves nothing, and servers say yes to it.
    if (found === undefined || password === '' || password.includes('\0') || Buffer.byteLength(password) > MOST_OCTETS) {
      await this.#bindNobody();
      return found === undefined ? 'unknown-account' : 'no';
    }
    try {
      await this.#options.pool.bind(found.entry.dn, password);
    } catch (error) {
      if (mayPass(error) || !(error instanceof ResultCodeError)) throw error;
      return this.#refused(error, account);
    }
    return found.principal.enabled && !found.principal.locked ? { principal: found.principal.id } : 'disabled';
  }

  /** Of whom there is not, with a password that nobody typed: it may be right for the account that was meant. */
  async #bindNobody(): Promise<void> {
    try {
      await this.#options.pool.bind(`cn=${randomName()},${this.#options.nowhere}`, randomName());
    } catch (error) {
      if (mayPass(error) || !(error instanceof ResultCodeError)) throw error;
    }
  }

  /** The directory's reason is for the log; outside every refusal looks alike. */
  #refused(error: ResultCodeError, account: string): Answer {
    // Anything else says nothing about the password.
    if (!REFUSALS.some((refusal) => error instanceof refusal)) throw new LdapRefused(sentenceOf(error), { cause: error });
    const code = error instanceof InvalidCredentialsError ? /\bdata ([0-9a-f]+)/.exec(error.message)?.[1] : undefined;
    const reason = code === undefined ? undefined : WINDOWS_REASONS[code];
    if (reason !== undefined) this.#options.log.info('the directory refuses an account', { account: account.slice(0, 200), reason });
    else if (!(error instanceof InvalidCredentialsError)) this.#options.log.info('the directory refuses an account', { account: account.slice(0, 200), reason: sentenceOf(error) });
    return reason === undefined ? 'no' : 'disabled';
  }

  /** While the directory is away, for as long as `graceSeconds` says. */
  #remembered(account: string, proof: string): Answer {
    const { graceSeconds, log } = this.#options;
    const known = this.#proved.get(account);
    if (known === undefined || known.proof !== proof || this.#secondsSince(known.at) >= graceSeconds) return 'unavailable';
    log.debug('the directory is away; a password that it confirmed before was taken', { account });
    return { principal: known.principal };
  }

  #secondsSince(at: number): number {
    return (this.#options.clock.monotonic() - at) / 1000;
  }

  async #inTurn(run: () => Promise<Answer>): Promise<Answer> {
    if (this.#binding >= BINDS_AT_ONCE) {
      if (this.#waiting.length >= BINDS_WAITING) return 'unavailable';
      await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    } else this.#binding++;
    try {
      return await run();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#binding--;
      else next();
    }
  }
}

/** How directories say no to a bind: wrong, locked, expired, gone meanwhile. */
const REFUSALS = [InvalidCredentialsError, ConstraintViolationError, InappropriateAuthError, InsufficientAccessError, NoSuchObjectError, UnwillingToPerformError];
/** Active Directory's `data` codes for accounts that may not log in though they exist; a wrong password (52e) and nobody (525) are not among them. */
const WINDOWS_REASONS: Readonly<Record<string, string>> = {
  530: 'not at this time', 531: 'not from here', 532: 'the password has expired', 533: 'disabled', 701: 'the account has expired', 773: 'the password must be changed', 775: 'locked',
};

const randomName = (): string => randomBytes(9).toString('hex');

function isAway(error: unknown): boolean {
  return error instanceof LdapUnreachable || error instanceof LdapRefused;
}

function ha1(values: readonly string[], account: string, realm: string, algorithm: Algorithm): string | undefined {
  const digits = algorithm === 'MD5' ? 32 : 64;
  const prefix = `${account}:${realm}:`;
  const own = values.find((value) => value.startsWith(prefix))?.slice(prefix.length) ?? values.find((value) => !value.includes(':'));
  return own !== undefined && new RegExp(`^[0-9a-f]{${String(digits)}}$`, 'i').test(own) ? own.toLowerCase() : undefined;
}
