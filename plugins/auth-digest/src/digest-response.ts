/**
 * The arithmetic of RFC 7616 §3.4.1-§3.4.3: what a client that knows the secret answers. Pure.
 */
import { hash } from 'node:crypto';

export type DigestAlgorithm = 'MD5' | 'SHA-256';

/** A client's response field, checked for form only. */
export interface Claim {
  readonly account: string; readonly algorithm: DigestAlgorithm;
  /** The `-sess` variant (§3.4.2). */ readonly session: boolean;
  readonly uri: string; readonly nonce: string; readonly cnonce: string;
  /** Eight hexadecimal digits, as sent. */ readonly nc: string; readonly count: number; readonly response: string;
}

export function responseFor(claim: Omit<Claim, 'account' | 'count' | 'response'>, ha1: string, method: string): string {
  const h = (text: string): string => hash(claim.algorithm === 'MD5' ? 'md5' : 'sha256', text, 'hex');
  const a1 = claim.session ? h(`${ha1}:${claim.nonce}:${claim.cnonce}`) : ha1;
  // `method` is empty for rspauth (§3.5).
  return h(`${a1}:${claim.nonce}:${claim.nc}:${claim.cnonce}:auth:${h(`${method}:${claim.uri}`)}`);
}
