/**
 * Which counts of which nonce were used (RFC 7616 §3.4, `nc`): a window of 128 counts a nonce, so that a client's parallel requests may arrive in any order
 * and none twice. One table for all processes of a host: in memory for `single`, in the master otherwise.
 */
import type { Clock, EpochSeconds, ProcessChannel, ReplayGuard } from '@kalends/contracts';

const WINDOW = 128;
/** Nonces are HMACs and cost a client a round trip, so a flood of them is a flood of requests; beyond this the oldest go, and their clients get `stale`. */
const MAX_NONCES = 100_000;
const TOPIC = 'replay-guard';
const ASK_MILLISECONDS = 2_000;

interface Window { highest: number; /** Bit i: `highest - i` was used. */ used: bigint; readonly expires: EpochSeconds }

export class ReplayWindows implements ReplayGuard {
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();
  /** What expires up to here may have been forgotten while alive, so an unknown nonce of that age counts as used. */
  #forgotten: EpochSeconds = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  firstUse(nonce: string, count: number, expires: EpochSeconds): Promise<boolean> {
    return Promise.resolve(this.#first(nonce, count, expires));
  }

  /** The master's end of ChannelReplayGuard. */
  answerOn(channel: ProcessChannel): void {
    channel.answer(TOPIC, (message) => {
      const uses = message as readonly (readonly [string, number, EpochSeconds])[];
      return Promise.resolve(uses.map(([nonce, count, expires]) => this.#first(nonce, count, expires)));
    });
  }

  #first(nonce: string, count: number, expires: EpochSeconds): boolean {
    if (expires <= this.#now() || count < 1) return false;
    const window = this.#windows.get(nonce);
    if (window === undefined) {
      if (expires <= this.#forgotten) return false;
      this.#makeRoom();
      this.#windows.set(nonce, { highest: count, used: 1n, expires });
      return true;
    }
    if (count > window.highest) {
      const shift = count - window.highest;
      window.used = shift >= WINDOW ? 1n : BigInt.asUintN(WINDOW, window.used << BigInt(shift)) | 1n;
      window.highest = count;
      return true;
    }
    const behind = window.highest - count;
    if (behind >= WINDOW) return false;
    const bit = 1n << BigInt(behind);
    if ((window.used & bit) !== 0n) return false;
    window.used |= bit;
    return true;
  }

  #makeRoom(): void {
    if (this.#windows.size < MAX_NONCES) return;
    const now = this.#now();
    for (const [nonce, { expires }] of this.#windows) if (expires <= now) this.#windows.delete(nonce);
    for (const [nonce, { expires }] of this.#windows) {
      if (this.#windows.size < MAX_NONCES) break;
      this.#windows.delete(nonce);
      this.#forgotten = Math.max(this.#forgotten, expires);
    }
  }

  #now(): EpochSeconds {
    return Math.floor(this.#clock.now() / 1000);
  }
}

interface Question { readonly use: readonly [string, number, EpochSeconds]; answer(first: boolean): void; fail(error: unknown): void }

/** A worker's end: asks the master, all uses of one turn of the loop in one question. */
export class ChannelReplayGuard implements ReplayGuard {
  readonly #channel: ProcessChannel;
  #waiting: Question[] = [];

  constructor(channel: ProcessChannel) {
    this.#channel = channel;
  }

  firstUse(nonce: string, count: number, expires: EpochSeconds): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    if (this.#waiting.length === 0) setImmediate(() => { void this.#flush(); });
    this.#waiting.push({ use: [nonce, count, expires], answer: resolve, fail: reject });
    return promise;
  }

  async #flush(): Promise<void> {
    const questions = this.#waiting;
    this.#waiting = [];
    try {
      const answers = await this.#channel.ask(TOPIC, questions.map(({ use }) => use), AbortSignal.timeout(ASK_MILLISECONDS)) as readonly boolean[];
      questions.forEach(({ answer }, i) => { answer(answers[i] === true); });
    } catch (error) {
      for (const { fail } of questions) fail(error);
    }
  }
}
