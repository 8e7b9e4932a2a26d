/**
 * Who asks: the seam between whoever serves requests and the authenticators. `authenticators.ts` answers it; this file holds the types alone.
 */
import type { HttpExchange, Identity } from '@kalends/contracts';
import { extensionPoint } from '@kalends/kernel';

export interface Authentication {
  /**
   * No credentials: nobody (`principal` undefined), who may still do what `unauthenticated` and `all` may. Credentials that prove somebody: that identity.
   * Anything else: a refusal, which is answered at once. Puts response headers that a scheme needs (Authentication-Info) on `exchange.response` itself.
   */
  identify(exchange: HttpExchange): Promise<Identity | Refusal>;
  /** What to answer when nobody asked for something that needs somebody: one string a WWW-Authenticate field. */
  challenge(exchange: HttpExchange): Promise<readonly string[]>;
}
/** `status`: 401 (default; the proof failed or must go on), 403 (proved, but a gate says no), 429 or 503 with `retryAfterSeconds`. */
export interface Refusal {
  readonly challenges: readonly string[];
  readonly status?: 401 | 403 | 429 | 503;
  readonly retryAfterSeconds?: number;
}

export const authentication = extensionPoint<Authentication>('authentication');

export function isRefusal(outcome: Identity | Refusal): outcome is Refusal {
  return 'challenges' in outcome;
}
