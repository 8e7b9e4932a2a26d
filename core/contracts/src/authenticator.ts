import { extensionPoint } from '@kalends/kernel/extension-point';
import type { IncomingHttpHeaders } from 'node:http';
import type { AccessScope } from './access.ts';
import type { DirectorySource } from './directory-source.ts';
import type { PrincipalId } from './ids.ts';

/** Proves an account name from a request. Says nothing about rights. */
export interface Authenticator {
  /** The token of WWW-Authenticate: `Digest`, `Negotiate`, `Basic`. */ readonly scheme: string;
  /** One string a header field: Digest sends two, SHA-256 and MD5 (RFC 7616 §3.7). */
  challenge(request: AuthRequest): Promise<readonly string[]>;
  /** @throws DirectoryUnavailable where whoever knows does not answer: 503, and nothing is counted against the account */
  authenticate(request: AuthRequest): Promise<AuthOutcome>;
}
export const authenticator = extensionPoint<Authenticator, 'many'>('authenticator', 'many');
export interface AuthRequest {
  readonly method: string; readonly target: string; readonly headers: IncomingHttpHeaders;
  /** TLS, or a proxy that the config trusts said so. */ readonly secure: boolean;
  /** Of the client; behind a trusted proxy, the one it names. */ readonly address: string;
  /**
   * The same object for every request of one HTTP/1.1 connection that no trusted proxy opened: the only thing a connection-bound scheme (Negotiate) may
   * remember by. Undefined elsewhere: many users share such a connection.
   */
  readonly connection: object | undefined;
}
export type AuthOutcome =
  | { readonly kind: 'accepted'; readonly account: string; /** As of the CredentialSource that proved it, both. */ readonly directory?: DirectorySource; readonly principal?: PrincipalId; /** Never remembered: it may be revoked. */ readonly scope?: AccessScope; /** Of the answer, whatever it will be. */ readonly responseHeaders?: readonly (readonly [name: string, value: string])[] }
  | { readonly kind: 'continue'; readonly challenge: string }
  /** `challenge` replaces the usual one: `stale=true`. */
  | { readonly kind: 'rejected'; readonly reason: string; readonly challenge?: readonly string[] }
  | { readonly kind: 'not-mine' };
