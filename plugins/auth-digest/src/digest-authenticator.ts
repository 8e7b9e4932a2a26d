/**
 * Decides one Digest response (RFC 7616 §3.4). qop=auth only: the form without qop (RFC 2069) can be replayed at will and is refused.
 * What is remembered is that a nonce is ours; never a response, and no secret: sources answer from memory or keep their own cache. A wrong response costs one
 * question to every source, whether or not one of them knows the account, and whatever it remembers.
 */
import { createHash, hash, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { AuthOutcome, AuthRequest, Authenticator, Clock, CredentialSource, DigestSecret, DirectorySource, EpochSeconds, ReplayGuard, Secrets } from '@kalends/contracts';
import { DirectoryUnavailable } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { accountOf, readDigestHeader } from './digest-header.ts';
import type { DigestParameters } from './digest-header.ts';
import { responseFor } from './digest-response.ts';
import type { Claim, DigestAlgorithm } from './digest-response.ts';
import { issueNonce, readNonce } from './nonce.ts';

export interface DigestOptions {
  readonly realm: string; readonly algorithms: readonly DigestAlgorithm[]; readonly nonceSeconds: number;
  readonly sources: readonly CredentialSource[]; readonly replay: ReplayGuard; readonly secrets: Secrets;
  readonly hostId: string; readonly clock: Clock; readonly log: Logger;
}

interface Secret extends DigestSecret { readonly directory?: DirectorySource | undefined }

export class DigestAuthenticator implements Authenticator {
  readonly scheme = 'Digest';
  readonly #options: DigestOptions;
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #host: string;
  readonly #nonces = new LRUCache<string, EpochSeconds>({ max: 20_000 });
  #key: Uint8Array | undefined;

  constructor(options: DigestOptions) {
    // Those beside the directories answer from near by, and their people need no question further off.
    this.#options = { ...options, sources: [...options.sources.filter(({ isBeside }) => isBeside === true), ...options.sources.filter(({ isBeside }) => isBeside !== true)] };
    // Strongest first (RFC 7616 §3.7), and only what some source can answer.
    const order: readonly DigestAlgorithm[] = ['SHA-256', 'MD5'];
    this.#algorithms = order.filter((a) => options.algorithms.includes(a) && options.sources.some((s) => s.can.digest.includes(a)));
    this.#host = createHash('sha256').update(options.hostId).digest('base64url').slice(0, 6);
  }

  /** The key is the deployment's, so it is asked for at start and not in `setup`. */
  async loadKey(): Promise<void> {
    this.#key = await this.#options.secrets.get('digest');
  }

  challenge(_request: AuthRequest): Promise<readonly string[]> {
    return Promise.resolve(this.#challenges(false));
  }

  async authenticate(request: AuthRequest): Promise<AuthOutcome> {
    const parameters = readDigestHeader(request.headers.authorization);
    if (parameters === undefined) return { kind: 'not-mine' };
    if (parameters === 'malformed') return reject('the Digest field breaks the grammar of RFC 7616');
    const claim = readClaim(parameters, this.#algorithms, this.#options.realm);
    if (typeof claim === 'string') return reject(claim);
    if (!sameTarget(claim.uri, request.target)) return reject('the uri of the response is not the one of the request');
    const issued = this.#issued(claim.nonce);
    if (issued === undefined) return this.#stale('a nonce that this server did not issue');

    const fits = ({ secret }: DigestSecret): boolean => equal(responseFor(claim, secret, request.method), claim.response);
    const known = this.#remembered(claim).find(fits) ?? await this.#find(claim, fits);
    if ('kind' in known) return known;
    const now = this.#now();
    const expires = issued + this.#options.nonceSeconds;
    if (now >= expires) return this.#stale('the nonce is too old');
    if (!(await this.#options.replay.firstUse(claim.nonce, claim.count, expires))) return this.#stale('this nonce count was used before');
    known.used?.();
    const { scope, principal, directory } = known;
    const from = { ...(scope === undefined ? {} : { scope }), ...(principal === undefined ? {} : { principal }), ...(directory === undefined ? {} : { directory }) };
    return { kind: 'accepted', account: claim.account, ...from, responseHeaders: [['Authentication-Info', this.#info(claim, known.secret, now >= expires - this.#options.nonceSeconds / 4)]] };
  }

  #challenges(stale: boolean): readonly string[] {
    const { realm } = this.#options;
    return this.#algorithms.map((algorithm) => {
      const nonce = issueNonce(this.#requiredKey(), this.#host, this.#now());
      return `Digest realm="${realm}", qop="auth", algorithm=${algorithm}, nonce="${nonce}", charset=UTF-8${stale ? ', stale=true' : ''}`;
    });
  }

  /** Right or wrong, the client shall try again with a fresh nonce and ask nobody (RFC 7616 §3.3, `stale`). */
  #stale(reason: string): AuthOutcome {
    return { kind: 'rejected', reason, challenge: this.#challenges(true) };
  }

  /** When it was issued; undefined for a forged one and for one of another host, whose counts this host's replay guard has not seen. */
  #issued(nonce: string): EpochSeconds | undefined {
    const known = this.#nonces.get(nonce);
    if (known !== undefined) return known;
    const read = readNonce(this.#requiredKey(), nonce);
    if (read === undefined || read.host !== this.#host) return undefined;
    this.#nonces.set(nonce, read.issued);
    return read.issued;
  }

  #remembered({ account, algorithm }: Claim): readonly Secret[] {
    return this.#options.sources.flatMap((source) => (source.rememberedSecrets?.(account, this.#options.realm, algorithm) ?? []).map((secret) => ({ ...secret, directory: source.directory })));
  }

  /** Of the directories, the first that has a secret counts; the others are asked all the same, and not heard. @throws DirectoryUnavailable */
  async #find(claim: Claim, fits: (secret: DigestSecret) => boolean): Promise<Secret | AuthOutcome & { kind: 'rejected' }> {
    let [isKnown, isIncomplete] = [false, false];
    for (const source of this.#options.sources) {
      if (!source.can.digest.includes(claim.algorithm)) continue;
      try {
        const secrets = await this.#ask(source, claim);
        const found = secrets.map((secret) => fits(secret) ? secret : undefined).find((secret) => secret !== undefined);
        if (found !== undefined && !isKnown) return { ...found, ...(source.isBeside === true ? {} : { directory: source.directory }) };
        isKnown ||= source.isBeside !== true && secrets.length > 0;
      } catch (error) {
        isIncomplete = true;
        this.#options.log.error('a credential source failed', { error: String(error) });
      }
    }
    // The same work for an account that there is not.
    if (!isKnown) fits({ secret: unknownSecret(claim, this.#options.realm) });
    if (!isKnown && isIncomplete) throw new DirectoryUnavailable('Digest secrets', undefined);
    return { kind: 'rejected', reason: `${isKnown ? 'wrong password for' : 'no account with a Digest secret that may log in:'} ${JSON.stringify(claim.account)}` };
  }

  async #ask(source: CredentialSource, { account, algorithm }: Claim): Promise<readonly DigestSecret[]> {
    const { realm } = this.#options;
    if (source.digestSecrets !== undefined) return source.digestSecrets(account, realm, algorithm);
    const secret = await source.digestSecret(account, realm, algorithm);
    return secret === undefined ? [] : [{ secret }];
  }

  #info(claim: Claim, ha1: string, near: boolean): string {
    const rspauth = responseFor(claim, ha1, '');
    const next = near ? `, nextnonce="${issueNonce(this.#requiredKey(), this.#host, this.#now())}"` : '';
    return `rspauth="${rspauth}", qop=auth, cnonce="${claim.cnonce.replace(/["\\]/g, '\\$&')}", nc=${claim.nc}${next}`;
  }

  #now(): EpochSeconds {
    return Math.floor(this.#options.clock.now() / 1000);
  }

  #requiredKey(): Uint8Array {
    if (this.#key === undefined) throw new Error('Digest was asked before it was started');
    return this.#key;
  }
}

/** The response's parameters, or why they are refused. */
function readClaim(parameters: DigestParameters, algorithms: readonly DigestAlgorithm[], realm: string): Claim | string {
  const account = accountOf(parameters);
  const named = parameters.get('algorithm')?.toUpperCase() ?? 'MD5';
  const session = named.endsWith('-SESS');
  const algorithm = algorithms.find((a) => a === (session ? named.slice(0, -5) : named));
  const [uri, nonce, cnonce, nc, response] = ['uri', 'nonce', 'cnonce', 'nc', 'response'].map((name) => parameters.get(name));
  if (account === undefined || uri === undefined || nonce === undefined || response === undefined) return 'a parameter of the response is missing';
  if (algorithm === undefined) return `the algorithm ${JSON.stringify(named)} was not offered`;
  if (parameters.get('realm') !== realm) return 'the response is for another realm';
  if (parameters.get('qop') !== 'auth' || cnonce === undefined || nc === undefined) return 'the response lacks qop=auth';
  // It goes back in a header field.
  if (!/^[\x20-\x7e]*$/.test(cnonce)) return 'cnonce is not printable ASCII';
  if (!/^[0-9a-f]{8}$/i.test(nc)) return 'nc is not eight hexadecimal digits';
  return { account, algorithm, session, uri, nonce, cnonce, nc, count: Number.parseInt(nc, 16), response: response.toLowerCase() };
}

/** Keeps the work for an unknown account the same as for a known one. */
function unknownSecret(claim: Claim, realm: string): string {
  return hash(claim.algorithm === 'MD5' ? 'md5' : 'sha256', `${claim.account}:${realm}:`, 'hex');
}

/** RFC 7616 §3.4.6: the uri must be the request target; clients behind a rewriting proxy may send the absolute form. */
function sameTarget(uri: string, target: string): boolean {
  if (uri === target) return true;
  const path = /^https?:\/\/[^/]+(\/.*)?$/i.exec(uri);
  return path !== null && (path[1] ?? '/') === target;
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function reject(reason: string): AuthOutcome {
  return { kind: 'rejected', reason };
}
