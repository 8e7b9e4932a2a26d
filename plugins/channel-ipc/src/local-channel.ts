/** The channel of a deployment that is one process: publishes to itself, answers its own questions. */
import type { ProcessChannel } from '@kalends/contracts';

export class LocalChannel implements ProcessChannel {
  readonly #subscribers = new Map<string, Set<(message: unknown) => void>>();
  readonly #answers = new Map<string, (message: unknown) => Promise<unknown>>();

  publish(topic: string, message: unknown): void {
    for (const run of this.#subscribers.get(topic) ?? []) queueMicrotask(() => { run(message); });
  }

  subscribe(topic: string, run: (message: unknown) => void): () => void {
    const those = this.#subscribers.get(topic) ?? new Set();
    this.#subscribers.set(topic, those.add(run));
    return () => { those.delete(run); };
  }

  async ask(topic: string, message: unknown, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    const run = this.#answers.get(topic);
    if (run === undefined) throw new Error(`nobody answers ${topic}`);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = (): void => { reject(signal.reason as Error); };
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([run(message), aborted]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  answer(topic: string, run: (message: unknown) => Promise<unknown>): void {
    if (this.#answers.has(topic)) throw new Error(`${topic} is answered already`);
    this.#answers.set(topic, run);
  }
}
