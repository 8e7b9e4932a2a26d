/**
 * Wrong passwords, counted for all processes of a host in one place (R45): the sixth in a row slows the client, the twentieth makes it wait. Counted by
 * client and account together, so that nobody locks somebody else out from afar, and by client alone, so that trying many accounts does not help.
 */
import type { ProcessChannel } from '@kalends/contracts';
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js';
import { clientNetwork } from './client-network.ts';

const TOPIC = 'authentication-failures';
const WINDOW_SECONDS = 900;
const ASK_MILLISECONDS = 2_000;
/** Failures after which answers are delayed, and after which none is given. */
const SLOW_AFTER = 5;
const REFUSE_AFTER = 20;
const REFUSE_ADDRESS_AFTER = 200;
const LONGEST_DELAY_MILLISECONDS = 8_000;

interface Question { readonly kind: 'look' | 'failed' | 'passed'; readonly address: string; readonly account: string | undefined }

export interface Standing {
  /** To wait before the next "no" is said. */ readonly delayMilliseconds: number;
  /** Something is counted against it, so that success has something to forget. */ readonly counted: boolean;
  /** Above zero: passwords are not even looked at for so long. */ readonly refuseSeconds: number;
}

/** The table; lives where the channel's questions are answered. */
export class FailureTable {
  readonly #pairs = new RateLimiterMemory({ points: REFUSE_AFTER, duration: WINDOW_SECONDS, keyPrefix: 'pair' });
  readonly #addresses = new RateLimiterMemory({ points: REFUSE_ADDRESS_AFTER, duration: WINDOW_SECONDS, keyPrefix: 'address' });

  answerOn(channel: ProcessChannel): void {
    channel.answer(TOPIC, (message) => this.ask(message as Question));
  }

  async ask({ kind, address: given, account }: Question): Promise<Standing> {
    const address = clientNetwork(given);
    // A proof that names nobody in the clear (a ticket, a scheme that is not offered) must not shut out others who use one.
    const pair = account === undefined ? undefined : `${address} ${account}`;
    if (kind === 'passed' && pair !== undefined) await this.#pairs.delete(pair);
    if (kind === 'failed') {
      if (pair !== undefined) await this.#pairs.penalty(pair);
      await this.#addresses.penalty(address);
    }
    const [byPair, byAddress] = await Promise.all([pair === undefined ? null : this.#pairs.get(pair), this.#addresses.get(address)]);
    const failures = byPair?.consumedPoints ?? 0;
    const refused = failures >= REFUSE_AFTER ? byPair : (byAddress?.consumedPoints ?? 0) >= REFUSE_ADDRESS_AFTER ? byAddress : undefined;
    return {
      counted: failures > 0,
      delayMilliseconds: failures > SLOW_AFTER ? Math.min(250 * 2 ** (failures - SLOW_AFTER), LONGEST_DELAY_MILLISECONDS) : 0,
      refuseSeconds: refused == null ? 0 : Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
    };
  }
}

/** The asking end, in every process. When the counting place does not answer, log-ins go on uncounted: an outage there must not be an outage here. */
export class Failures {
  readonly #channel: ProcessChannel;

  constructor(channel: ProcessChannel) {
    this.#channel = channel;
  }

  look(address: string, account: string | undefined): Promise<Standing> {
    return this.#ask({ kind: 'look', address, account });
  }

  failed(address: string, account: string | undefined): Promise<Standing> {
    return this.#ask({ kind: 'failed', address, account });
  }

  async passed(address: string, account: string | undefined): Promise<void> {
    await this.#ask({ kind: 'passed', address, account });
  }

  async #ask(question: Question): Promise<Standing> {
    try {
      return await this.#channel.ask(TOPIC, question, AbortSignal.timeout(ASK_MILLISECONDS)) as Standing;
    } catch {
      return { counted: false, delayMilliseconds: 0, refuseSeconds: 0 };
    }
  }
}
