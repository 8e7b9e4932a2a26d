/**
 * Strongest scheme first (RFC 9110 §11.6.1 lets the client take the one it likes; many take the first they know).
 */
import type { AuthRequest, AuthenticationPolicy } from '@kalends/contracts';
import type { BlockList } from 'node:net';

export interface PolicyException {
  /** Undefined: every client. */ readonly networks: BlockList | undefined;
  /** Lower case; undefined: every client. */ readonly agent: string | undefined;
  readonly withhold: readonly string[];
}

const STRENGTH = ['Negotiate', 'Digest', 'Basic'];

export class AnyPolicy implements AuthenticationPolicy {
  readonly #exceptions: readonly PolicyException[];

  constructor(exceptions: readonly PolicyException[]) {
    this.#exceptions = exceptions;
  }

  offer(request: AuthRequest, schemes: readonly string[]): readonly string[] {
    const withheld = new Set(this.#exceptions.filter((exception) => matches(exception, request)).flatMap(({ withhold }) => withhold));
    // Schemes of third parties are nobody's business here: they come before Basic, which shows the password to whoever asks.
    const rank = (scheme: string): number => (STRENGTH.includes(scheme) ? STRENGTH.indexOf(scheme) : 1.5);
    return schemes.filter((scheme) => !withheld.has(scheme)).sort((a, b) => rank(a) - rank(b));
  }
}

function matches({ networks, agent }: PolicyException, request: AuthRequest): boolean {
  const family = request.address.includes(':') ? 'ipv6' : 'ipv4';
  if (networks !== undefined && !networks.check(request.address, family)) return false;
  return agent === undefined || (request.headers['user-agent'] ?? '').toLowerCase().includes(agent);
}
