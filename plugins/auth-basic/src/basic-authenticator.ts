/**
 * Decides one Basic response (RFC 7617 §2). Every wrong answer looks alike outside; which it was is the reason, for the log.
 */
import { isIP } from 'node:net';
import type { AuthOutcome, AuthRequest, Authenticator, CredentialSource, Proof, Verdict } from '@kalends/contracts';
import { DirectoryUnavailable } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';

export interface BasicOptions { readonly realm: string; readonly allowCleartext: boolean; readonly sources: readonly CredentialSource[]; readonly log: Logger }

export class BasicAuthenticator implements Authenticator {
  readonly scheme = 'Basic';
  readonly #options: BasicOptions;

  constructor(options: BasicOptions) {
    this.#options = { ...options, sources: [...options.sources.filter(({ isBeside }) => isBeside === true), ...options.sources.filter(({ isBeside }) => isBeside !== true)] };
  }

  challenge(request: AuthRequest): Promise<readonly string[]> {
    return Promise.resolve(this.#acceptable(request) ? [`Basic realm="${this.#options.realm}", charset="UTF-8"`] : []);
  }

  /** @throws DirectoryUnavailable where whoever could say yes or no does not answer: not the same as a wrong password */
  async authenticate(request: AuthRequest): Promise<AuthOutcome> {
    const field = request.headers.authorization;
    if (field === undefined || !/^basic(\s|$)/i.test(field)) return { kind: 'not-mine' };
    if (!this.#acceptable(request)) return reject('a password came in the clear; use TLS');
    const pair = readPair(field);
    if (pair === undefined) return reject('the Basic field is not base64 of name:password');
    const [account, password] = pair;
    let unavailable = false;
    for (const [at, source] of this.#options.sources.entries()) {
      const answer = await this.#ask(source, account, password);
      if (answer === 'yes' || typeof answer === 'object') return accept(account, source, answer === 'yes' ? {} : answer);
      if (answer === 'unavailable') unavailable = true;
      if (answer !== 'no' && answer !== 'disabled') continue;
      // Nobody else is asked about that password; but the others take their time, as for an account that nobody knows.
      for (const other of this.#options.sources.slice(at + 1)) await other.pretend?.();
      return reject(answer === 'no' ? `wrong password for ${JSON.stringify(account)}` : `account ${JSON.stringify(account)} is disabled`);
    }
    if (unavailable) throw new DirectoryUnavailable('passwords', undefined);
    return reject(`no account ${JSON.stringify(account)}`);
  }

  async #ask(source: CredentialSource, account: string, password: string): Promise<Verdict> {
    try {
      return await source.verify(account, password);
    } catch (error) {
      this.#options.log.error('a credential source failed', { error: String(error) });
      return 'unavailable';
    }
  }

  #acceptable(request: AuthRequest): boolean {
    return request.secure || this.#options.allowCleartext || isLoopback(request.address);
  }
}

/** Account and password; the first colon divides (RFC 7617 §2). */
function readPair(field: string): readonly [string, string] | undefined {
  const match = /^basic +([A-Za-z0-9+/_-]+={0,2})\s*$/i.exec(field);
  if (match === null) return undefined;
  const octets = Buffer.from(match[1]!, 'base64');
  const text = utf8OrLatin1(octets);
  const colon = text.indexOf(':');
  // RFC 7617 §2: no control characters in either.
  if (colon < 1 || /\p{Cc}/u.test(text)) return undefined;
  return [text.slice(0, colon), text.slice(colon + 1)];
}

/** Clients that ignore `charset="UTF-8"` send Latin-1. */
function utf8OrLatin1(octets: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    return octets.toString('latin1');
  }
}

function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

function accept(account: string, { directory }: CredentialSource, { scope, principal }: Proof): AuthOutcome {
  // What opens less than all is no directory's.
  return { kind: 'accepted', account, ...(scope === undefined ? directory === undefined ? {} : { directory } : { scope }), ...(principal === undefined ? {} : { principal }) };
}

function reject(reason: string): AuthOutcome {
  return { kind: 'rejected', reason };
}
