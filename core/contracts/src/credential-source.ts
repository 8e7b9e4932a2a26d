import { extensionPoint } from '@kalends/kernel/extension-point';

/** Checks passwords or yields Digest secrets. Apart from Directory: LDAP and AD can do the first and not the second. */
export interface CredentialSource {
  readonly can: { readonly verify: boolean; readonly digest: readonly ('MD5' | 'SHA-256')[] };
  /** `no` and `unknown-account` look alike outside. */
  verify(account: string, password: string): Promise<'yes' | 'no' | 'unknown-account' | 'disabled' | 'unavailable'>;
  /** Lower-case hex of H(account ":" realm ":" password). */
  digestSecret(account: string, realm: string, algorithm: 'MD5' | 'SHA-256'): Promise<string | undefined>;
}
export const credentialSource = extensionPoint<CredentialSource, 'many'>('credential-source', 'many');
