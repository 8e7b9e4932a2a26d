/**
 * Who asks: the configured Authenticators, in config order, as the policy offers them; then the two gates of R43, the access list and the record. Knows schemes by
 * name only. What a wrong proof looks like outside never tells whether the account exists; the reason is in the log, for people and for fail2ban.
 */
import type { AccessScope, AuthOutcome, AuthRequest, AuthenticationPolicy, Authenticator, Clock, Directory, DirectorySource, HttpExchange, Identity, PrincipalId } from '@kalends/contracts';
import { DirectoryUnavailable } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import type { AccessList } from './access-list.ts';
import type { Administrators } from './administrators.ts';
import type { Authentication, Refusal } from './authentication.ts';
import { claimedAccount } from './claimed-account.ts';
import { clientOf, noteAccount } from './exchange.ts';
import type { Failures } from './failures.ts';
import { Proofs } from './proofs.ts';

export interface AuthenticatorsOptions {
  readonly authenticators: readonly Authenticator[]; readonly policy: AuthenticationPolicy | undefined;
  readonly directory: Directory; readonly failures: Failures; readonly clock: Clock; readonly log: Logger;
  readonly admins: Administrators; readonly accessList: AccessList;
  /** Who somebody without credentials is, where the config says so in so many words (design, 2.20). */ readonly anonymous: PrincipalId | undefined;
}

/** A name that a guesser makes up may have thousands, and would fill the log. */
const REASON_CHARACTERS = 200;
const NOBODY: Identity = { principal: undefined, groups: new Set(), admin: false, scheme: 'anonymous' };

export class Authenticators implements Authentication {
  readonly #options: AuthenticatorsOptions;
  readonly #proofs = new Proofs<Proved>();

  constructor(options: AuthenticatorsOptions) {
    this.#options = options;
  }

  async identify(exchange: HttpExchange): Promise<Identity | Refusal> {
    const field = exchange.request.headers.authorization;
    if (field === undefined) return this.#nobody();
    const request = requestOf(exchange);
    const proved = /^basic\s/i.test(field) ? await this.#byProof(request, field) : await this.#prove(request);
    if ('account' in proved) {
      for (const [name, value] of proved.headers) exchange.response.setHeader(name, value);
      noteAccount(exchange, proved.account);
      return this.#admit(proved, request);
    }
    if (proved.delayMilliseconds > 0) await this.#options.clock.after(proved.delayMilliseconds, exchange.signal).catch(() => undefined);
    return proved.refusal;
  }

  challenge(exchange: HttpExchange): Promise<readonly string[]> {
    return this.#challenges(requestOf(exchange));
  }

  async #nobody(): Promise<Identity> {
    const { anonymous, directory } = this.#options;
    if (anonymous === undefined) return NOBODY;
    return { principal: anonymous, groups: await directory.groupsOf(anonymous), admin: false, scheme: 'anonymous' };
  }

  async #byProof(request: AuthRequest, field: string): Promise<Proved> {
    const name = this.#proofs.nameOf(`${request.secure ? 's' : 'c'} ${request.address} ${field}`);
    const stamp = await this.#options.directory.stamp();
    const proven = this.#proofs.find(name, stamp);
    if (proven !== undefined) return { ...proven, scheme: 'Basic', headers: [], proof: name };
    return this.#proofs.once(name, async () => {
      const proved = await this.#prove(request);
      if (!('account' in proved)) return proved;
      // One that may be revoked is asked for each time; it costs a look-up and no slow hash.
      if (proved.scope !== undefined) return proved;
      this.#proofs.keep(name, { account: proved.account, ...(proved.directory === undefined ? {} : { directory: proved.directory }) }, stamp);
      return { ...proved, proof: name, fresh: true };
    });
  }

  async #prove(request: AuthRequest): Promise<Proved> {
    const claimed = claimedAccount(request.headers);
    const standing = await this.#options.failures.look(request.address, claimed);
    if (standing.refuseSeconds > 0) {
      return { refusal: { challenges: [], status: 429, retryAfterSeconds: standing.refuseSeconds }, delayMilliseconds: 0 };
    }
    const offered = this.#offered(request);
    for (const authenticator of offered) {
      const outcome = await this.#ask(authenticator, request);
      if (outcome.kind === 'not-mine') continue;
      if (outcome.kind === 'continue') return { refusal: { challenges: [outcome.challenge] }, delayMilliseconds: 0 };
      if (outcome.kind === 'rejected') return this.#reject(authenticator, outcome, request, claimed);
      // By the name that was counted: the account is that name read otherwise (UTF-8).
      if (standing.counted) await this.#options.failures.passed(request.address, claimed);
      return { account: outcome.account, scheme: authenticator.scheme, headers: outcome.responseHeaders ?? [], ...(outcome.scope === undefined ? {} : { scope: outcome.scope }), ...(outcome.directory === undefined ? {} : { directory: outcome.directory }) };
    }
    return this.#reject(undefined, { kind: 'rejected', reason: 'a scheme that is not offered here' }, request, claimed);
  }

  async #reject(authenticator: Authenticator | undefined, outcome: AuthOutcome & { kind: 'rejected' }, request: AuthRequest, claimed: string | undefined): Promise<Proved> {
    const challenges = await this.#challenges(request, authenticator, outcome.challenge);
    // A replaced challenge says "again, with this": nobody guessed anything.
    if (outcome.challenge !== undefined) return { refusal: { challenges }, delayMilliseconds: 0 };
    this.#options.log.warn('authentication failed', { address: request.address, scheme: authenticator?.scheme ?? 'unknown', reason: outcome.reason.slice(0, REASON_CHARACTERS) });
    const { delayMilliseconds } = await this.#options.failures.failed(request.address, claimed);
    return { refusal: { challenges }, delayMilliseconds };
  }

  async #admit(proved: Accepted, request: AuthRequest): Promise<Identity | Refusal> {
    const { directory, admins, accessList, log } = this.#options;
    const { account, scheme, proof, scope, directory: source, fresh = false } = proved;
    const refuse = (reason: string): void => { log.warn('authentication failed', { address: request.address, scheme, reason: `${JSON.stringify(account)} ${reason}` }); };
    let principal = await directory.findByAccount(account, fresh ? 0 : undefined);
    // Whoever is seen to be gone may have been made anew under the old name.
    if (principal !== undefined && !(await directory.mayLogIn(principal.id))) principal = await directory.findByAccount(account);
    if (principal === undefined) {
      refuse('is in no directory');
      return { challenges: await this.#challenges(request) };
    }
    if (proof !== undefined && !this.#proofs.belongsTo(proof, principal.id)) {
      const again = await this.#byProof(request, request.headers.authorization ?? '');
      return 'account' in again ? this.#admit(again, request) : again.refusal;
    }
    // Another directory's person of that account has a password of his own.
    if (source !== undefined && !(await directory.isOf(principal.id, source))) {
      refuse(`was proved by the directory ${source.name}, and means somebody of another one first`);
      return { challenges: await this.#challenges(request) };
    }
    const enabled = await directory.mayLogIn(principal.id);
    const groups = await directory.groupsOf(principal.id);
    // The list wins: whoever is not on it hears the same whatever the record says.
    if (!(await accessList.admits(principal.id, groups))) {
      refuse('is not on the access list of this service');
      return { status: 403, challenges: [] };
    }
    if (!enabled) {
      refuse('is locked or not enabled');
      return { challenges: await this.#challenges(request) };
    }
    if (scope !== undefined) return { principal: principal.id, groups, admin: false, scheme, scope };
    return { principal: principal.id, groups, admin: await admins.includes(principal.id, groups), scheme };
  }

  #offered(request: AuthRequest): readonly Authenticator[] {
    const { authenticators, policy } = this.#options;
    if (policy === undefined) return authenticators;
    return policy.offer(request, authenticators.map(({ scheme }) => scheme)).flatMap((scheme) => authenticators.filter((one) => one.scheme === scheme));
  }

  async #challenges(request: AuthRequest, of?: Authenticator, replaced?: readonly string[]): Promise<readonly string[]> {
    const each = await Promise.all(this.#offered(request).map((one) => (one === of && replaced !== undefined ? replaced : one.challenge(request))));
    return each.flat();
  }

  async #ask(authenticator: Authenticator, request: AuthRequest): Promise<AuthOutcome> {
    try {
      return await authenticator.authenticate(request);
    } catch (error) {
      // Nobody guessed anything: 503, and no count against the account.
      if (error instanceof DirectoryUnavailable) throw error;
      this.#options.log.error('an authenticator failed', { scheme: authenticator.scheme, error: error instanceof Error ? error.stack : String(error) });
      return { kind: 'rejected', reason: 'the authenticator failed' };
    }
  }
}

interface Accepted {
  readonly account: string; readonly scheme: string; readonly headers: readonly (readonly [name: string, value: string])[];
  /** Under which it is remembered. */ readonly proof?: string;
  /** A password was asked for just now: once a minute, not once a request. */ readonly fresh?: boolean;
  readonly scope?: AccessScope;
  /** That proved it. */ readonly directory?: DirectorySource;
}
type Proved =
  | Accepted
  | { readonly refusal: Refusal; readonly delayMilliseconds: number };

export function requestOf(exchange: HttpExchange): AuthRequest {
  const { request } = exchange;
  const { address, secure, throughProxy } = clientOf(exchange);
  return {
    method: request.method ?? 'GET', target: request.url ?? '/', headers: request.headers, secure, address,
    // A proxy's connection carries many people, and so does one of HTTP/2 (2.8 of the plan).
    connection: throughProxy || request.httpVersionMajor > 1 ? undefined : request.socket,
  };
}
