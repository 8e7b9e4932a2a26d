/** The main thread's end of the writer thread: a WriterPort over messages. */
import { Worker } from 'node:worker_threads';
import type { Change, ChangeResult } from '../change/change.ts';
import type { Reply, Request, ThreadData } from './messages.ts';
import type { StateTask } from './state-writer.ts';
import type { WriterEvents, WriterPort } from './writer-core.ts';

interface Waiting { resolve(value: never): void; reject(error: unknown): void; readonly work: (() => Promise<Change | undefined>) | undefined }
type Unsent = Request extends infer R ? (R extends { readonly id: number } ? Omit<R, 'id'> : never) : never;

/** Messages are small and short-lived; a young generation of the usual size would cost each process 40 MiB that it never needs. */
const WRITER_HEAP = { maxYoungGenerationSizeMb: 12 };

export class ThreadPort implements WriterPort {
  readonly #worker: Worker;
  readonly #events: WriterEvents;
  readonly #waiting = new Map<number, Waiting>();
  readonly #outbox: Request[] = [];
  #next = 1;
  #ready: (() => void) | undefined;

  private constructor(worker: Worker, events: WriterEvents) {
    this.#worker = worker;
    this.#events = events;
  }

  static open(data: ThreadData, events: WriterEvents): Promise<ThreadPort> {
    const module = new URL(import.meta.url.endsWith('.ts') ? './writer-thread.ts' : './writer-thread.js', import.meta.url);
    const worker = new Worker(module, { workerData: data, name: 'store-writer', resourceLimits: WRITER_HEAP });
    const port = new ThreadPort(worker, events);
    return new Promise((resolve, reject) => {
      port.#ready = () => { resolve(port); };
      worker.on('message', (replies: readonly Reply[]) => { for (const reply of replies) port.#take(reply); });
      worker.on('error', (error) => {
        reject(error);
        port.#failAll(error);
        if (port.#ready === undefined) events.fatal(error);
      });
      worker.on('exit', () => { port.#failAll(new Error('the writer thread has ended')); });
    });
  }

  change(shard: number, change: Change, deadline: number): Promise<ChangeResult> {
    return this.#ask({ kind: 'change', shard, change, deadline });
  }
  held(shard: number, deadline: number, work: () => Promise<Change | undefined>): Promise<ChangeResult> {
    return this.#ask({ kind: 'hold', shard, deadline }, work);
  }
  task(shard: number, name: string, payload: unknown): Promise<unknown> {
    return this.#ask({ kind: 'task', shard, name, payload });
  }
  state(task: StateTask): Promise<unknown> {
    return this.#ask({ kind: 'state', task });
  }
  checkpoint(): Promise<void> {
    return this.#ask({ kind: 'checkpoint' });
  }
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    await this.#ask({ kind: 'close' });
    await ended;
  }

  #ask<T>(request: Unsent, work?: () => Promise<Change | undefined>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve: resolve as (value: never) => void, reject, work });
      this.#send({ ...request, id } as Request);
    });
  }

  #send(request: Request): void {
    this.#outbox.push(request);
    if (this.#outbox.length === 1) queueMicrotask(() => { this.#worker.postMessage(this.#outbox.splice(0)); });
  }

  #take(reply: Reply): void {
    switch (reply.kind) {
      case 'ready':
        this.#ready?.();
        this.#ready = undefined;
        return;
      case 'reopened': this.#events.reopened(reply.shard); return;
      case 'fatal': this.#events.fatal(reply.error); return;
      case 'failed': this.#events.failed(reply.error); return;
      case 'held': {
        const { id } = reply;
        const work = this.#waiting.get(id)?.work;
        // A `work` that rejects holds the shard no longer; its error is the caller's affair.
        void work?.().catch(() => undefined).then((change) => { this.#send({ id, kind: 'held-change', change }); });
        return;
      }
      case 'result':
      case 'error': {
        const waiting = this.#waiting.get(reply.id);
        this.#waiting.delete(reply.id);
        if (reply.kind === 'result') waiting?.resolve(reply.value as never);
        else waiting?.reject(Object.assign(reply.error as Error, { name: reply.name }));
      }
    }
  }

  #failAll(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
