/**
 * Any passport strategy as an Authenticator: a strategy answers through callbacks on itself, so each request gets a copy of it with its own. No sessions,
 * no `req.user`; the account is what `accountOf` reads from the strategy's user.
 */
import type { AuthOutcome, AuthRequest, Authenticator } from '@kalends/contracts';
import type { IncomingMessage } from 'node:http';
import type { Strategy } from 'passport-strategy';

export interface PassportOptions {
  /** The token of WWW-Authenticate. */ readonly scheme: string;
  readonly strategy: Strategy;
  readonly accountOf: (user: unknown) => string | undefined;
  readonly challenge: (request: AuthRequest) => readonly string[];
}

export class PassportAuthenticator implements Authenticator {
  readonly scheme: string;
  readonly #options: PassportOptions;

  constructor(options: PassportOptions) {
    this.scheme = options.scheme;
    this.#options = options;
  }

  challenge(request: AuthRequest): Promise<readonly string[]> {
    return Promise.resolve(this.#options.challenge(request));
  }

  authenticate(request: AuthRequest): Promise<AuthOutcome> {
    const field = request.headers.authorization;
    if (field === undefined || !field.toLowerCase().startsWith(`${this.scheme.toLowerCase()} `)) return Promise.resolve({ kind: 'not-mine' });
    return new Promise((resolve, reject) => {
      const attempt = Object.create(this.#options.strategy) as Strategy;
      attempt.success = (user: unknown) => {
        const account = this.#options.accountOf(user);
        resolve(account === undefined ? { kind: 'rejected', reason: 'the strategy named no account' } : { kind: 'accepted', account });
      };
      attempt.fail = (challenge?: unknown) => {
        // A strategy's challenge is either a challenge (a string that begins with the scheme) or a message.
        const again = typeof challenge === 'string' && challenge.toLowerCase().startsWith(`${this.scheme.toLowerCase()} `) ? challenge : undefined;
        resolve(again === undefined ? { kind: 'rejected', reason: messageOf(challenge) } : { kind: 'continue', challenge: again });
      };
      attempt.redirect = (url: string) => { resolve({ kind: 'rejected', reason: `the strategy wants to go to ${url}, which a calendar client cannot` }); };
      attempt.pass = () => { resolve({ kind: 'not-mine' }); };
      attempt.error = (error: unknown) => { reject(error instanceof Error ? error : new Error(String(error))); };
      attempt.authenticate(asRequest(request) as never);
    });
  }
}

/** What strategies read of an express request. */
function asRequest(request: AuthRequest): Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { readonly originalUrl: string } {
  return { method: request.method, url: request.target, originalUrl: request.target, headers: request.headers };
}

function messageOf(challenge: unknown): string {
  if (typeof challenge === 'string') return challenge;
  if (typeof challenge === 'object' && challenge !== null && 'message' in challenge && typeof challenge.message === 'string') return challenge.message;
  return 'the strategy said no';
}
