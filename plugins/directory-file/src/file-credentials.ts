/** Passwords and Digest secrets of the file. Says nothing that tells an unknown account from a wrong password, in words or in time. */
import type { CredentialSource, DigestSecret, Verdict } from '@kalends/contracts';
import type { FileDirectory } from './file-directory.ts';
import { digestOf, PasswordChecker, sameText } from './passwords.ts';
import { digestKey } from './read-directory.ts';
import type { Secret } from './read-directory.ts';
import type { Snapshot } from './snapshot.ts';

export class FileCredentials implements CredentialSource {
  readonly can = { verify: true, digest: ['MD5', 'SHA-256'] } as const;
  readonly directory: FileDirectory;
  readonly #demo: boolean;
  readonly #checker = new PasswordChecker();

  constructor(directory: FileDirectory, demo: boolean) {
    this.directory = directory;
    this.#demo = demo;
  }

  /** So that the first who asks for an unknown account waits no longer than others. */
  async prepare(): Promise<void> {
    await this.#checker.prepare((await this.directory.current()).usualHash);
  }

  async verify(account: string, password: string): Promise<Verdict> {
    const people = await this.directory.current();
    const secret = people.secret(account);
    // A demo's passwords stand in the open; hashing hundreds of them would protect nothing.
    if (this.#demo && secret?.plain !== undefined) return this.#answer(sameText(secret.plain, password), secret);
    if (secret?.argon2id !== undefined) return this.#answer(await this.#checker.matches(secret.argon2id, password), secret);
    const matched = await this.#checker.matchesNobody(password, people.usualHash);
    if (matched === undefined) return 'unavailable';
    return secret === undefined ? 'unknown-account' : 'no';
  }

  async pretend(): Promise<void> {
    await this.#checker.matchesNobody('nobody', (await this.directory.current()).usualHash).catch(() => undefined);
  }

  async digestSecret(account: string, realm: string, algorithm: 'MD5' | 'SHA-256'): Promise<string | undefined> {
    return (await this.digestSecrets(account, realm, algorithm))[0]?.secret;
  }

  async digestSecrets(account: string, realm: string, algorithm: 'MD5' | 'SHA-256'): Promise<readonly DigestSecret[]> {
    return this.#digestsIn(await this.directory.current(), account, realm, algorithm);
  }

  rememberedSecrets(account: string, realm: string, algorithm: 'MD5' | 'SHA-256'): readonly DigestSecret[] {
    const { recent } = this.directory;
    return recent === undefined ? [] : this.#digestsIn(recent, account, realm, algorithm);
  }

  #digestsIn(people: Snapshot, account: string, realm: string, algorithm: 'MD5' | 'SHA-256'): readonly DigestSecret[] {
    const known = people.secret(account);
    if (known === undefined || !known.mayLogIn) return [];
    const stored = known.digests.get(digestKey(account.normalize('NFC'), realm));
    const secret = this.#demo && known.plain !== undefined ? digestOf(algorithm, account, realm, known.plain) : algorithm === 'MD5' ? stored?.md5 : stored?.sha256;
    return secret === undefined ? [] : [{ secret, principal: known.id }];
  }

  /** Only who knows the password learns that the account is shut. */
  #answer(matched: boolean | undefined, { id, mayLogIn }: Secret): Verdict {
    if (matched === undefined) return 'unavailable';
    if (!matched) return 'no';
    return mayLogIn ? { principal: id } : 'disabled';
  }
}
