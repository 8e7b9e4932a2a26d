/** A value that may be a little old: asked again when its time is over, once for all who wait. Whoever finds it fresh need not wait at all. */
import type { Clock } from '@kalends/contracts';

export class Recent<T> {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  readonly #ask: (last: T | undefined) => Promise<T>;
  #kept: { readonly value: T; /** Of `Clock.monotonic`. */ readonly at: number } | undefined;
  #asking: Promise<T> | undefined;

  /** `ask` is given the last value. */
  constructor(clock: Clock, milliseconds: number, ask: (last: T | undefined) => Promise<T>) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
    this.#ask = ask;
  }

  /** Undefined: it must be asked. */
  get fresh(): T | undefined {
    const kept = this.#kept;
    return kept !== undefined && this.#clock.monotonic() - kept.at < this.#milliseconds ? kept.value : undefined;
  }

  async get(): Promise<T> {
    const { fresh } = this;
    if (fresh !== undefined) return fresh;
    this.#asking ??= this.#askAnew().finally(() => { this.#asking = undefined; });
    return this.#asking;
  }

  async #askAnew(): Promise<T> {
    const value = await this.#ask(this.#kept?.value);
    this.#kept = { value, at: this.#clock.monotonic() };
    return value;
  }
}
