/**
 * What was proved by a Basic field is remembered for a minute, under a hash with a secret of this process: a slow password hash must not run per request, and
 * no password is kept. A change in the directory's own files (its stamp) voids every proof. Digest responses and Negotiate tokens are never remembered: they
 * would be replays.
 */
import type { DirectorySource } from '@kalends/contracts';
import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';

const PROOF_MILLISECONDS = 60_000;
/** How often the time is looked at: by default the library sets a timer each millisecond. */
const CLOCK_MILLISECONDS = 1_000;

/** Whom the field proved; `directory`: to which one, where its source of credentials says that. */
export interface Proven { readonly account: string; readonly directory?: DirectorySource }
interface Proof { readonly proven: Proven; readonly stamp: string; /** Known once the directory was asked. */ principal?: string }

export class Proofs<T> {
  readonly #secret = randomBytes(32).toString('base64url');
  readonly #proofs: LRUCache<string, Proof>;
  readonly #inFlight = new Map<string, Promise<T>>();

  constructor(max = 20_000) {
    this.#proofs = new LRUCache({ max, ttl: PROOF_MILLISECONDS, ttlResolution: CLOCK_MILLISECONDS });
  }

  /** A name for `field` that tells nothing about it. It never leaves the process, so the secret before the text is enough; an HMAC costs twenty times as much. */
  nameOf(field: string): string {
    return hash('sha256', this.#secret + field, 'base64url');
  }

  find(name: string, stamp: string): Proven | undefined {
    const proof = this.#proofs.get(name);
    if (proof === undefined) return undefined;
    if (proof.stamp === stamp) return proof.proven;
    this.#proofs.delete(name);
    return undefined;
  }

  /** `principal`: whose, where that is known already. */
  keep(name: string, proven: Proven, stamp: string, principal?: string): void {
    this.#proofs.set(name, { proven, stamp, ...(principal === undefined ? {} : { principal }) });
  }

  /** What opened nothing is proved anew each time, so that it is counted and slowed like what is wrong. */
  forget(name: string): void {
    this.#proofs.delete(name);
  }

  /** Whether it was this principal's from the start. One that belongs to somebody who had the account's name before is forgotten. */
  belongsTo(name: string, principal: string): boolean {
    const proof = this.#proofs.get(name);
    if (proof === undefined) return true;
    proof.principal ??= principal;
    if (proof.principal === principal) return true;
    this.#proofs.delete(name);
    return false;
  }

  /** Clients open several connections at once; the password is checked once for all of them. */
  once(name: string, check: () => Promise<T>): Promise<T> {
    const running = this.#inFlight.get(name);
    if (running !== undefined) return running;
    const started = check().finally(() => this.#inFlight.delete(name));
    this.#inFlight.set(name, started);
    return started;
  }
}
