/**
 * Wrong passwords, counted for all processes of a host in one place (R45): the sixth in a row slows the client, the twentieth makes it wait. Counted by
 * client and account together, so that nobody locks somebody else out from afar, and by client alone, so that trying many accounts does not help.
 *
 * Most clients never fail, so each process knows which did: the others cost no question to another process with each proof.
 */
import type { ProcessChannel } from '@kalends/contracts';
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js';
import { clientNetwork } from './client-network.ts';

const TOPIC = 'authentication-failures';
/** That a client failed, as soon as it did. Notices may be lost: see `OVERVIEW_MILLISECONDS`. */
const NEWS = 'authentication-failed';
/** How old a process's own list of those who failed may be. */
const OVERVIEW_MILLISECONDS = 2_000;
/** Of more the list is not handed out, and all are asked about. */
const MOST_LISTED = 1_000;
const WINDOW_SECONDS = 900;
const ASK_MILLISECONDS = 2_000;
/** Failures after which answers are delayed, and after which none is given. */
const SLOW_AFTER = 5;
const REFUSE_AFTER = 20;
const REFUSE_ADDRESS_AFTER = 200;
const LONGEST_DELAY_MILLISECONDS = 8_000;

interface CountedQuestion { readonly kind: 'look' | 'failed' | 'passed'; readonly address: string; readonly account: string | undefined }
type Question = CountedQuestion | { readonly kind: 'overview' };
/** Networks that failed lately; undefined: too many to list. */
type Overview = readonly string[] | undefined;

export interface Standing {
  /** To wait before the next "no" is said. */ readonly delayMilliseconds: number;
  /** Something is counted against it, so that success has something to forget. */ readonly counted: boolean;
  /** Above zero: passwords are not even looked at for so long. */ readonly refuseSeconds: number;
}

const NOTHING: Standing = { counted: false, delayMilliseconds: 0, refuseSeconds: 0 };

/** The table; lives where the channel's questions are answered. */
export class FailureTable {
  readonly #pairs = new RateLimiterMemory({ points: REFUSE_AFTER, duration: WINDOW_SECONDS, keyPrefix: 'pair' });
  readonly #addresses = new RateLimiterMemory({ points: REFUSE_ADDRESS_AFTER, duration: WINDOW_SECONDS, keyPrefix: 'address' });
  /** Network → when its last failure counts no more (`performance.now`). */ readonly #failed = new Map<string, number>();

  answerOn(channel: ProcessChannel): void {
    channel.answer(TOPIC, async (message) => {
      const question = message as Question;
      if (question.kind === 'overview') return this.#overview();
      if (question.kind === 'failed') channel.publish(NEWS, clientNetwork(question.address));
      return this.ask(question);
    });
  }

  #overview(): Overview {
    this.#forget();
    return this.#failed.size > MOST_LISTED ? undefined : [...this.#failed.keys()];
  }

  #forget(): void {
    const now = performance.now();
    for (const [network, until] of this.#failed) {
      if (until > now) return;
      this.#failed.delete(network);
    }
  }

  async ask({ kind, address: given, account }: CountedQuestion): Promise<Standing> {
    const address = clientNetwork(given);
    // A proof that names nobody in the clear (a ticket, a scheme that is not offered) must not shut out others who use one.
    const pair = account === undefined ? undefined : `${address} ${account}`;
    if (kind === 'passed' && pair !== undefined) await this.#pairs.delete(pair);
    if (kind === 'failed') {
      // At the end, so that the oldest stand first.
      this.#failed.delete(address);
      this.#failed.set(address, performance.now() + WINDOW_SECONDS * 1000);
      this.#forget();
      if (pair !== undefined) await this.#pairs.penalty(pair);
      await this.#addresses.penalty(address);
    }
    const [byPair, byAddress] = await Promise.all([pair === undefined ? null : this.#pairs.get(pair), this.#addresses.get(address)]);
    const failures = byPair?.consumedPoints ?? 0;
    // A failure is judged by those before it, as a success in its place would be.
    const own = kind === 'failed' ? 1 : 0;
    const refused = failures - own >= REFUSE_AFTER ? byPair : (byAddress?.consumedPoints ?? 0) - own >= REFUSE_ADDRESS_AFTER ? byAddress : undefined;
    return {
      counted: failures > 0,
      delayMilliseconds: failures > SLOW_AFTER ? Math.min(250 * 2 ** (failures - SLOW_AFTER), LONGEST_DELAY_MILLISECONDS) : 0,
      refuseSeconds: refused == null ? 0 : Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
    };
  }
}

/**
 * The asking end, in every process. When the counting place does not answer in time, log-ins go on, by what this process has seen itself: an outage there must not be
 * an outage here, and whoever keeps that place busy must not guess for nothing.
 */
export class Failures {
  readonly #channel: ProcessChannel;
  readonly #own = new FailureTable();
  /** Undefined networks: ask about each. */
  #known: { readonly at: number; readonly networks: Set<string> | undefined } = { at: -Infinity, networks: undefined };
  #asking: Promise<void> | undefined;
  /** Networks that failed since the list was asked for: it may come with their notice, and was written before. */ #meanwhile: Set<string> | undefined;

  constructor(channel: ProcessChannel) {
    this.#channel = channel;
    channel.subscribe(NEWS, (network) => { this.#hear(network as string); });
  }

  /** `account`: asked for where it matters. */
  async look(address: string, account: () => string | undefined): Promise<Standing> {
    if (performance.now() - this.#known.at >= OVERVIEW_MILLISECONDS) await (this.#asking ??= this.#askOverview().finally(() => { this.#asking = undefined; }));
    if (this.#known.networks?.has(clientNetwork(address)) === false) return NOTHING;
    return this.#ask({ kind: 'look', address, account: account() });
  }

  failed(address: string, account: string | undefined): Promise<Standing> {
    this.#hear(clientNetwork(address));
    return this.#ask({ kind: 'failed', address, account });
  }

  async passed(address: string, account: string | undefined): Promise<void> {
    await this.#ask({ kind: 'passed', address, account });
  }

  async #ask(question: CountedQuestion): Promise<Standing> {
    const own = await this.#own.ask(question);
    return await this.#answer(question) as Standing | undefined ?? own;
  }

  async #askOverview(): Promise<void> {
    const meanwhile = this.#meanwhile = new Set<string>();
    const networks = await this.#answer({ kind: 'overview' }) as Overview;
    this.#meanwhile = undefined;
    this.#known = { at: performance.now(), networks: networks === undefined ? undefined : new Set([...networks, ...meanwhile]) };
  }

  #hear(network: string): void {
    this.#meanwhile?.add(network);
    const { at, networks } = this.#known;
    networks?.add(network);
    if (networks !== undefined && networks.size > MOST_LISTED) this.#known = { at, networks: undefined };
  }

  /** Undefined: none in time. */
  async #answer(question: Question): Promise<unknown> {
    try {
      return await this.#channel.ask(TOPIC, question, AbortSignal.timeout(ASK_MILLISECONDS));
    } catch {
      return undefined;
    }
  }
}
