import { extensionPoint } from '@kalends/kernel/extension-point';
import type { AccessScope } from './access.ts';
import type { DirectorySource } from './directory-source.ts';
import type { PrincipalId } from './ids.ts';

/** Checks passwords or yields Digest secrets. Apart from Directory: LDAP and AD can do the first and not the second. */
export interface CredentialSource {
  readonly can: { readonly verify: boolean; readonly digest: readonly ('MD5' | 'SHA-256')[] };
  /** Passwords of its own, beside those of the directory: asked before the others, and its "unknown-account" ends nothing. */ readonly isBeside?: boolean;
  /** Whose people these are: what it proves opens nobody of another directory. Undefined: of whichever knows the account. */ readonly directory?: DirectorySource;
  /** Takes the same work for `no`, `unknown-account` and `disabled`, which look alike outside. */
  verify(account: string, password: string): Promise<Verdict>;
  /**
   * The work of a `no`, done for nobody: where another source has said no already, so that the time of a refusal does not tell whose account it was. Takes neither
   * account nor password, since this source's server has nothing to learn of them. Never rejects. Absent: `verify` takes no time worth telling.
   */
  pretend?(): Promise<void>;
  /** Lower-case hex of H(account ":" realm ":" password). */
  digestSecret(account: string, realm: string, algorithm: 'MD5' | 'SHA-256'): Promise<string | undefined>;
  /** Instead of `digestSecret`, where somebody may have several, or there is more to say of one. */
  digestSecrets?(account: string, realm: string, algorithm: 'MD5' | 'SHA-256'): Promise<readonly DigestSecret[]>;
  /** What that said a few seconds ago at most, without asking anybody: enough for a yes, and never for a no. Absent: asking costs nothing. */
  rememberedSecrets?(account: string, realm: string, algorithm: 'MD5' | 'SHA-256'): readonly DigestSecret[];
}
/** An object is a yes, with more about it. */
export type Verdict = 'yes' | 'no' | 'unknown-account' | 'disabled' | 'unavailable' | Proof;
export interface Proof {
  /** Opens no more than this. */ readonly scope?: AccessScope;
  /** Whose password it is: it opens nobody who has the account's name since or besides. */ readonly principal?: PrincipalId;
}
export interface DigestSecret extends Proof { readonly secret: string; /** Called when it was the right one. */ readonly used?: () => void }
export const credentialSource = extensionPoint<CredentialSource, 'many'>('credential-source', 'many');
