/**
 * Who asks: the configured Authenticators, in config order, as the policy offers them; then the two gates of R43, the access list and the record. Knows schemes by
 * name only. What a wrong proof looks like outside never tells whether the account exists; the reason is in the log, for people and for fail2ban.
 */
import type { AccessScope, AuthOutcome, AuthRequest, AuthenticationPolicy, Authenticator, Clock, Directory, DirectorySource, HttpExchange, Identity, Principal, PrincipalId } from '@kalends/contracts';
import { DirectoryUnavailable } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import type { AccessList } from './access-list.ts';
import type { Administrators } from './administrators.ts';
import type { Authentication, Refusal } from './authentication.ts';
import { claimedAccount } from './claimed-account.ts';
import { clientOf, noteAccount } from './exchange.ts';
import type { Failures, Standing } from './failures.ts';
import { Proofs } from './proofs.ts';
import { RefusalTime } from './refusal-time.ts';

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
  readonly #refusals: RefusalTime;

  constructor(options: AuthenticatorsOptions) {
    this.#options = options;
    this.#refusals = new RefusalTime(() => options.clock.monotonic());
  }

  async identify(exchange: HttpExchange): Promise<Identity | Refusal> {
    const field = exchange.request.headers.authorization;
    if (field === undefined) return this.#nobody();
    const { clock } = this.#options;
    const [request, began] = [requestOf(exchange), clock.monotonic()];
    const proved = /^basic\s/i.test(field) ? await this.#byProof(request, field) : await this.#prove(request);
    if ('account' in proved) noteAccount(exchange, proved.account);
    if (!('account' in proved) || proved.proof === undefined || proved.fresh === true) this.#refusals.note(clock.monotonic() - began);
    const outcome = 'account' in proved ? await this.#admit(proved, request) : proved;
    const proves = !('refusal' in outcome) || outcome.refusal.status === 403;
    // They say that the proof was right, which is told only to whom it opens something.
    if (proves && 'account' in proved) for (const [name, value] of proved.headers) exchange.response.setHeader(name, value);
    if (!('refusal' in outcome)) return outcome;
    const { refusal, delayMilliseconds } = outcome;
    if (delayMilliseconds !== undefined) await clock.after(this.#refusals.left(clock.monotonic() - began, delayMilliseconds), exchange.signal).catch(() => undefined);
    return refusal;
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
      this.#proofs.keep(name, { account: proved.account, ...(proved.directory === undefined ? {} : { directory: proved.directory }) }, stamp, proved.principal);
      return { ...proved, proof: name, fresh: true };
    });
  }

  async #prove(request: AuthRequest): Promise<Proved> {
    const claimed = (): string | undefined => claimedAccount(request.headers);
    const standing = await this.#options.failures.look(request.address, claimed);
    if (standing.refuseSeconds > 0) return tooMany(standing);
    const offered = this.#offered(request);
    for (const authenticator of offered) {
      const outcome = await this.#ask(authenticator, request);
      if (outcome.kind === 'not-mine') continue;
      if (outcome.kind === 'continue') return { refusal: { challenges: [outcome.challenge] } };
      if (outcome.kind === 'rejected') return this.#reject(authenticator, outcome, request, claimed);
      // Many guesses at once were all looked at before the first of them was counted: a right one among them is answered as a wrong one is. Free where nobody failed.
      const now = await this.#options.failures.look(request.address, claimed);
      if (now.refuseSeconds > 0) return tooManyAtOnce(now);
      const { kind: _, responseHeaders = [], ...proof } = outcome;
      return { ...proof, scheme: authenticator.scheme, headers: responseHeaders, isCounted: now.counted };
    }
    return this.#reject(undefined, { kind: 'rejected', reason: 'a scheme that is not offered here' }, request, claimed);
  }

  async #reject(authenticator: Authenticator | undefined, outcome: AuthOutcome & { kind: 'rejected' }, request: AuthRequest, claimed: () => string | undefined): Promise<Refused> {
    const challenges = await this.#challenges(request, authenticator, outcome.challenge);
    // A replaced challenge says "again, with this": nobody guessed anything. It may tell that the password was right, though.
    if (outcome.challenge !== undefined) {
      const standing = await this.#options.failures.look(request.address, claimed);
      return standing.refuseSeconds > 0 ? tooManyAtOnce(standing) : { refusal: { challenges } };
    }
    this.#note(request, authenticator?.scheme ?? 'unknown', outcome.reason);
    const now = await this.#options.failures.failed(request.address, claimed());
    return now.refuseSeconds > 0 ? tooManyAtOnce(now) : { refusal: { challenges }, delayMilliseconds: now.delayMilliseconds };
  }

  /** Whoever is turned away here has the right password; it opens nothing, so it is counted, answered and slowed like a wrong one, but for the access list's 403. */
  async #admit(proved: Accepted, request: AuthRequest): Promise<Identity | Refused> {
    const { directory, admins, accessList } = this.#options;
    const { account, scheme, proof, scope, directory: source } = proved;
    const refuse = (reason: string): Promise<Refused> => this.#shut(proved, request, reason);
    const principal = await this.#whoHas(proved);
    if (principal === undefined) return refuse('is in no directory');
    // Another directory's person of that account has a password of his own.
    if (source !== undefined && !(await directory.isOf(principal.id, source))) return refuse(`was proved by the directory ${source.name}, and means somebody of another one first`);
    if (proved.principal !== undefined && proved.principal !== principal.id) return refuse('has another owner than the one whose password this is');
    if (proof !== undefined && !this.#proofs.belongsTo(proof, principal.id)) {
      const again = await this.#byProof(request, request.headers.authorization ?? '');
      return 'account' in again ? this.#admit(again, request) : again;
    }
    const enabled = await directory.mayLogIn(principal.id);
    const groups = await directory.groupsOf(principal.id);
    // The list wins: whoever is not on it hears the same whatever the record says.
    if (!(await accessList.admits(principal.id, groups))) {
      this.#note(request, scheme, `${JSON.stringify(account)} is not on the access list of this service`);
      return { refusal: { status: 403, challenges: [] } };
    }
    if (!enabled) return refuse('is locked or not enabled');
    // By the name that was counted: the account is that name read otherwise (UTF-8).
    if (proved.isCounted === true) await this.#options.failures.passed(request.address, claimedAccount(request.headers));
    if (scope !== undefined) return { principal: principal.id, groups, admin: false, scheme, scope };
    return { principal: principal.id, groups, admin: await admins.includes(principal.id, groups), scheme };
  }

  /** Asked anew where a password was just proved, and where what is known of the account does not fit. */
  async #whoHas({ account, principal: owner, fresh = false }: Accepted): Promise<Principal | undefined> {
    const { directory } = this.#options;
    let principal = await directory.findByAccount(account, fresh ? 0 : undefined);
    // Whoever is seen to be gone may have been made anew under the old name.
    if (principal !== undefined && !(await directory.mayLogIn(principal.id))) principal = await directory.findByAccount(account);
    return fresh || owner === undefined || owner === principal?.id ? principal : directory.findByAccount(account, 0);
  }

  async #shut({ account, scheme, proof }: Accepted, request: AuthRequest, reason: string): Promise<Refused> {
    if (proof !== undefined) this.#proofs.forget(proof);
    this.#note(request, scheme, `${JSON.stringify(account)} ${reason}`);
    const now = await this.#options.failures.failed(request.address, claimedAccount(request.headers));
    return now.refuseSeconds > 0 ? tooManyAtOnce(now) : { refusal: { challenges: await this.#challenges(request) }, delayMilliseconds: now.delayMilliseconds };
  }

  #note({ address }: AuthRequest, scheme: string, reason: string): void {
    // Cut where he likes, a name could end as those do whom fail2ban lets pass.
    this.#options.log.warn('authentication failed', { address, scheme, reason: reason.length > REASON_CHARACTERS ? `${reason.slice(0, REASON_CHARACTERS)}…` : reason });
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
  /** Whose proof it is, where its source says so. */ readonly principal?: PrincipalId;
  /** Something is counted against the account, which being let in ends. */ readonly isCounted?: boolean;
}
/** `delayMilliseconds`: how long after the request it is answered, at least; undefined: at once, for it tells nothing about an account. */
interface Refused { readonly refusal: Refusal; readonly delayMilliseconds?: number }
type Proved = Accepted | Refused;

const tooMany = ({ refuseSeconds }: Standing): Refused => ({ refusal: { challenges: [], status: 429, retryAfterSeconds: refuseSeconds } });
/** After its password was looked at: late, like any refusal, and the same for right and wrong. */
const tooManyAtOnce = (standing: Standing): Refused => ({ ...tooMany(standing), delayMilliseconds: 0 });

export function requestOf(exchange: HttpExchange): AuthRequest {
  const { request } = exchange;
  const { address, secure, throughProxy } = clientOf(exchange);
  return {
    method: request.method ?? 'GET', target: request.url ?? '/', headers: request.headers, secure, address,
    // A proxy's connection carries many people, and so does one of HTTP/2 (2.8 of the plan).
    connection: throughProxy || request.httpVersionMajor > 1 ? undefined : request.socket,
  };
}
