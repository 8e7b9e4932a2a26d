/**
 * App passwords as credentials: asked beside the directory, whose word about the account (whose it is, disabled, locked, on the access list) counts as for any log-in.
 * Nothing is looked up for what cannot be one of ours.
 */
import type { CredentialSource, DigestSecret, Verdict } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { scopeOf, type AppPassword, type AppPasswords, type DigestAlgorithm } from './app-passwords.ts';

/** As they are made; people leave dashes out, and phones begin with a capital. */
const SHAPE = /^[a-z2-9]{5}(?:-?[a-z2-9]{5}){3}$/i;

export class AppPasswordSource implements CredentialSource {
  readonly can = { verify: true, digest: ['SHA-256', 'MD5'] as const };
  readonly isBeside = true;
  readonly #passwords: AppPasswords;
  readonly #log: Logger;

  constructor(passwords: AppPasswords, log: Logger) {
    this.#passwords = passwords;
    this.#log = log;
  }

  /** By the password alone: that the account is its owner's is seen to with every proof that says whose it is. */
  async verify(_account: string, password: string): Promise<Verdict> {
    if (!SHAPE.test(password)) return 'unknown-account';
    const found = await this.#passwords.match(password.toLowerCase().replaceAll('-', '').replace(/(.{5})(?=.)/g, '$1-'));
    if (found === undefined) return 'unknown-account';
    this.#note(found);
    return { scope: scopeOf(found), principal: found.principal };
  }

  digestSecret(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async digestSecrets(account: string, realm: string, algorithm: DigestAlgorithm): Promise<readonly DigestSecret[]> {
    const found = await this.#passwords.digests(account, realm, algorithm);
    return found.map(({ secret, password }) => ({ secret, scope: scopeOf(password), principal: password.principal, used: () => { this.#note(password); } }));
  }

  /** Beside the request: that it was used is worth no waiting, and no failure. */
  #note(password: AppPassword): void {
    this.#passwords.used(password).catch((error: unknown) => { this.#log.warn('the use of an app password could not be noted', { error }); });
  }
}
