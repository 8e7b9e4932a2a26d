/**
 * A worker's logs on their way to the master, which owns the files: lines of one turn of the loop travel together, and lines of the access log wait a moment for
 * others, since a message for each costs both processes half as much as a small request. Without a master errors and audit go to standard error.
 */
import { Writable } from 'node:stream';
import type { FromWorker } from './messages.ts';

export interface PipeEnd {
  readonly connected: boolean;
  send?(message: FromWorker, callback: (error: Error | null) => void): boolean;
}

/** How long a line of the access log waits for others, and how many octets may. */
const ACCESS_MILLISECONDS = 50;
const MOST_WAITING = 32_768;

export class LinePipe {
  readonly errors: Writable;
  readonly access: Writable;
  readonly audit: Writable;
  readonly #end: PipeEnd;
  readonly #fallback: Writable;
  readonly #waiting = { errors: '', access: '', audit: '' };
  #scheduled = false;
  #accessTimer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(end: PipeEnd, fallback: Writable) {
    this.#end = end;
    this.#fallback = fallback;
    this.errors = this.#stream('errors');
    this.access = this.#stream('access');
    this.audit = this.#stream('audit');
  }

  /** Resolves when everything written so far has left this process. */
  async flush(): Promise<void> {
    this.#send();
    await this.#sending;
  }

  #stream(log: 'errors' | 'access' | 'audit'): Writable {
    return new Writable({
      decodeStrings: false,
      write: (chunk: string | Buffer, _encoding, done) => {
        this.#waiting[log] += String(chunk);
        if (log === 'access' && this.#waiting.access.length < MOST_WAITING) this.#accessTimer ??= setTimeout(() => { this.#send(); }, ACCESS_MILLISECONDS);
        else if (!this.#scheduled) {
          this.#scheduled = true;
          setImmediate(() => { this.#send(); });
        }
        done();
      },
    });
  }

  #send(): void {
    this.#scheduled = false;
    clearTimeout(this.#accessTimer);
    this.#accessTimer = undefined;
    const { errors, access, audit } = this.#waiting;
    if (errors === '' && access === '' && audit === '') return;
    Object.assign(this.#waiting, { errors: '', access: '', audit: '' });
    if (!this.#end.connected || this.#end.send === undefined) {
      this.#fallback.write(errors + audit);
      return;
    }
    const sent = new Promise<void>((resolve) => {
      this.#end.send?.({ caldavd: 'lines', errors, access, audit }, (error) => {
        if (error !== null) this.#fallback.write(errors + audit);
        resolve();
      });
    });
    this.#sending = this.#sending.then(() => sent);
  }
}
