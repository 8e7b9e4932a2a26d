/**
 * The channel over node:cluster. A worker talks to the master only; the master hands a notice on to every other worker, and answers questions itself.
 * A lost process loses its notices: nothing may depend on one.
 */
import type { Cluster, Worker } from 'node:cluster';
import type { ProcessChannel } from '@kalends/contracts';

type Envelope =
  | { readonly kalends: 'notice'; readonly topic: string; readonly message: unknown }
  | { readonly kalends: 'question'; readonly id: number; readonly topic: string; readonly message: unknown }
  | { readonly kalends: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: string };

/** What IpcChannel needs of `process` in a worker. */
export interface WorkerEnd {
  send?(message: unknown, callback?: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  off(event: 'message', listener: (message: unknown) => void): unknown;
}

interface Waiting { resolve(value: unknown): void; reject(error: Error): void }

export class IpcChannel implements ProcessChannel {
  readonly #end: { readonly master: Cluster } | { readonly worker: WorkerEnd };
  readonly #subscribers = new Map<string, Set<(message: unknown) => void>>();
  readonly #answers = new Map<string, (message: unknown) => Promise<unknown>>();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(end: { readonly master: Cluster } | { readonly worker: WorkerEnd }) {
    this.#end = end;
  }

  open(): void {
    if ('worker' in this.#end) this.#end.worker.on('message', this.#fromMaster);
    else this.#end.master.on('message', this.#fromWorker);
  }

  close(): void {
    if ('worker' in this.#end) this.#end.worker.off('message', this.#fromMaster);
    else this.#end.master.off('message', this.#fromWorker);
    for (const { reject } of this.#waiting.values()) reject(new Error('the channel is closed'));
    this.#waiting.clear();
  }

  publish(topic: string, message: unknown): void {
    const notice: Envelope = { kalends: 'notice', topic, message };
    if ('worker' in this.#end) this.#send(this.#end.worker, notice);
    else this.#spread(notice, undefined);
    this.#deliver(topic, message);
  }

  subscribe(topic: string, run: (message: unknown) => void): () => void {
    const those = this.#subscribers.get(topic) ?? new Set();
    this.#subscribers.set(topic, those.add(run));
    return () => { those.delete(run); };
  }

  async ask(topic: string, message: unknown, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const abort = (): void => { reject(signal.reason as Error); };
    signal.addEventListener('abort', abort, { once: true });
    this.#waiting.set(id, { resolve, reject });
    if ('worker' in this.#end) this.#send(this.#end.worker, { kalends: 'question', id, topic, message });
    else void this.#answer(topic, message).then(resolve, reject);
    try {
      return await promise;
    } finally {
      this.#waiting.delete(id);
      signal.removeEventListener('abort', abort);
    }
  }

  answer(topic: string, run: (message: unknown) => Promise<unknown>): void {
    if (this.#answers.has(topic)) throw new Error(`${topic} is answered already`);
    this.#answers.set(topic, run);
  }

  readonly #fromMaster = (raw: unknown): void => {
    if (!isEnvelope(raw)) return;
    if (raw.kalends === 'notice') this.#deliver(raw.topic, raw.message);
    if (raw.kalends !== 'answer') return;
    const waiting = this.#waiting.get(raw.id);
    if (raw.error === undefined) waiting?.resolve(raw.value);
    else waiting?.reject(new Error(raw.error));
  };

  readonly #fromWorker = (worker: Worker, raw: unknown): void => {
    if (!isEnvelope(raw)) return;
    if (raw.kalends === 'notice') {
      this.#spread(raw, worker);
      this.#deliver(raw.topic, raw.message);
    }
    if (raw.kalends !== 'question') return;
    const { id } = raw;
    void this.#answer(raw.topic, raw.message).then(
      (value) => { this.#send(worker, { kalends: 'answer', id, value }); },
      (error: unknown) => { this.#send(worker, { kalends: 'answer', id, error: String(error) }); },
    );
  };

  async #answer(topic: string, message: unknown): Promise<unknown> {
    const run = this.#answers.get(topic);
    if (run === undefined) throw new Error(`nobody answers ${topic}`);
    return run(message);
  }

  #spread(notice: Envelope, except: Worker | undefined): void {
    if (!('master' in this.#end)) return;
    for (const worker of Object.values(this.#end.master.workers ?? {})) {
      if (worker !== undefined && worker !== except) this.#send(worker, notice);
    }
  }

  /** A process that is going away loses what it is sent; its supervisor knows. */
  #send(to: { send?(message: unknown, callback?: (error: Error | null) => void): boolean } | Worker, envelope: Envelope): void {
    try {
      (to as WorkerEnd).send?.(envelope, () => undefined);
    } catch {
      // The pipe is closed: as if the notice were lost.
    }
  }

  #deliver(topic: string, message: unknown): void {
    for (const run of this.#subscribers.get(topic) ?? []) run(message);
  }
}

function isEnvelope(raw: unknown): raw is Envelope {
  return typeof raw === 'object' && raw !== null && 'kalends' in raw;
}
