/**
 * Negotiate as an Authenticator: the passport strategy, driven as passport drives it, once a request. Nothing is remembered, neither by token (it would be a
 * replay) nor by connection (a proxy's carries many users), and the answer says so (`Persistent-Auth: false`), so that clients send a token with each request.
 */
import type { AuthOutcome, AuthRequest, Authenticator } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import type { KerberosInfo, KerberosStrategy } from './kerberos-strategy.ts';

export class KerberosAuthenticator implements Authenticator {
  readonly scheme = 'Negotiate';
  readonly #strategy: KerberosStrategy;
  readonly #log: Logger;

  constructor(strategy: KerberosStrategy, log: Logger) {
    this.#strategy = strategy;
    this.#log = log;
  }

  challenge(): Promise<readonly string[]> {
    return Promise.resolve(['Negotiate']);
  }

  authenticate(request: AuthRequest): Promise<AuthOutcome> {
    if (!/^negotiate(\s|$)/i.test(request.headers.authorization ?? '')) return Promise.resolve({ kind: 'not-mine' });
    return new Promise((resolve, reject) => {
      const attempt = Object.create(this.#strategy) as KerberosStrategy;
      attempt.success = (account: string, { reply }: KerberosInfo) => {
        resolve({ kind: 'accepted', account, responseHeaders: [['Persistent-Auth', 'false'], ...(reply === undefined ? [] : [['WWW-Authenticate', `Negotiate ${reply}`] as const])] });
      };
      attempt.fail = (challenge: unknown) => {
        const reason = typeof challenge === 'object' && challenge !== null && 'message' in challenge ? String(challenge.message) : 'the Negotiate field holds no token';
        this.#log.warn('authentication failed', { address: request.address, scheme: this.scheme, reason });
        // The challenge is the usual one, given here so that it does not count as a guess: nobody guesses a ticket, and an expired one would lock its owner out.
        resolve({ kind: 'rejected', reason, challenge: ['Negotiate'] });
      };
      attempt.error = reject;
      attempt.authenticate(request);
    });
  }
}
