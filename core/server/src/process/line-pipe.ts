/** A worker's logs on their way to the master, which owns the files: lines of one turn of the loop travel together. Without a master errors and audit go to standard error. */
import { Writable } from 'node:stream';
import type { FromWorker } from './messages.ts';

export interface PipeEnd {
  readonly connected: boolean;
  send?(message: FromWorker, callback: (error: Error | null) => void): boolean;
}

export class LinePipe {
  readonly errors: Writable;
  readonly access: Writable;
  readonly audit: Writable;
  readonly #end: PipeEnd;
  readonly #fallback: Writable;
  readonly #waiting = { errors: '', access: '', audit: '' };
  #scheduled = false;
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
        if (!this.#scheduled) {
          this.#scheduled = true;
          setImmediate(() => { this.#send(); });
        }
        done();
      },
    });
  }

  #send(): void {
    this.#scheduled = false;
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
