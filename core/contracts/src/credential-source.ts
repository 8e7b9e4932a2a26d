import { extensionPoint } from '@kalends/kernel/extension-point';
import type { AccessScope } from './access.ts';
import type { DirectorySource } from './directory-source.ts';

/** Checks passwords or yields Digest secrets. Apart from Directory: LDAP and AD can do the first and not the second. */
export interface CredentialSource {
  readonly can: { readonly verify: boolean; readonly digest: readonly ('MD5' | 'SHA-256')[] };
  /** Passwords of its own, beside those of the directory: asked before the others, and its "unknown-account" ends nothing. */ readonly isBeside?: boolean;
  /** Whose people these are: what it proves opens nobody of another directory. Undefined: of whichever knows the account. */ readonly directory?: DirectorySource;
  /** `no` and `unknown-account` look alike outside. */
  verify(account: string, password: string): Promise<Verdict>;
  /** Lower-case hex of H(account ":" realm ":" password). */
  digestSecret(account: string, realm: string, algorithm: 'MD5' | 'SHA-256'): Promise<string | undefined>;
  /** Where somebody may have several, or such that open less than all. */
  digestSecrets?(account: string, realm: string, algorithm: 'MD5' | 'SHA-256'): Promise<readonly ScopedSecret[]>;
}
export type Verdict = 'yes' | 'no' | 'unknown-account' | 'disabled' | 'unavailable' | { readonly scope: AccessScope };
export interface ScopedSecret { readonly secret: string; readonly scope: AccessScope; /** Called when it was the right one. */ readonly used?: () => void }
export const credentialSource = extensionPoint<CredentialSource, 'many'>('credential-source', 'many');
