/**
 * App passwords as credentials: asked beside the directory, whose word about the account (disabled, locked, on the access list) counts as for any log-in. Nothing is
 * looked up for what cannot be one of ours.
 */
import type { CredentialSource, DigestSecret, Directory, PrincipalId, Verdict } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { scopeOf, type AppPassword, type AppPasswords, type DigestAlgorithm } from './app-passwords.ts';

/** As they are made; people leave dashes out, and phones begin with a capital. */
const SHAPE = /^[a-z2-9]{5}(?:-?[a-z2-9]{5}){3}$/i;

/** No directory gives such an id. */
const NOBODY = '*' as PrincipalId;

export class AppPasswordSource implements CredentialSource {
  readonly can = { verify: true, digest: ['SHA-256', 'MD5'] as const };
  readonly isBeside = true;
  readonly #passwords: AppPasswords;
  readonly #directory: Pick<Directory, 'findByAccount'>;
  readonly #log: Logger;

  constructor(passwords: AppPasswords, directory: Pick<Directory, 'findByAccount'>, log: Logger) {
    this.#passwords = passwords;
    this.#directory = directory;
    this.#log = log;
  }

  async verify(account: string, password: string): Promise<Verdict> {
    if (!SHAPE.test(password)) return 'unknown-account';
    // For an account that there is not, nobody's are looked through: it takes no less time.
    const principal = await this.#directory.findByAccount(account);
    const plain = password.toLowerCase().replaceAll('-', '').replace(/(.{5})(?=.)/g, '$1-');
    const found = await this.#passwords.match(principal?.id ?? NOBODY, plain);
    if (principal === undefined || found === undefined) return 'unknown-account';
    this.#note(found);
    return { scope: scopeOf(found), principal: found.principal };
  }

  digestSecret(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async digestSecrets(account: string, realm: string, algorithm: DigestAlgorithm): Promise<readonly DigestSecret[]> {
    const principal = await this.#directory.findByAccount(account);
    const found = await this.#passwords.digests(principal?.id ?? NOBODY, account, realm, algorithm);
    return principal === undefined ? [] : found.map(({ secret, password }) => ({ secret, scope: scopeOf(password), principal: principal.id, used: () => { this.#note(password); } }));
  }

  /** Beside the request: that it was used is worth no waiting, and no failure. */
  #note(password: AppPassword): void {
    this.#passwords.used(password).catch((error: unknown) => { this.#log.warn('the use of an app password could not be noted', { error }); });
  }
}
