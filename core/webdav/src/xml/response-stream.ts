/**
 * Text to a response through pooled buffers: strings of some kilobytes are encoded, and octets copied, into one 64 KiB buffer, which goes to the socket when full
 * and back to the pool in the write callback. What fits one string or one buffer leaves with `Content-Length`. gzip at level 1 where the client asks, from 4 KiB on, but not on loopback.
 */
import type { HttpExchange } from '@kalends/contracts';
import { ClientGone, clientOf } from '@kalends/http';
import type { XmlPiece } from './write.ts';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGzip, gzip } from 'node:zlib';
import type { Gzip } from 'node:zlib';

const BUFFER_OCTETS = 65_536;
/** UTF-16 units take at most three octets each. */
const OCTETS_PER_UNIT = 3;
const GZIP_FROM_OCTETS = 4096;
/** A listing lets others run after so many rows … */
const YIELD_ROWS = 512;
/** … or so much time. */
const YIELD_MILLISECONDS = 0.5;

/** Buffers between answers; 16 of them are 1 MiB. One an engine. */
export class BufferPool {
  readonly #free: Buffer[] = [];
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_OCTETS);
  }
  give(buffer: Buffer): void {
    if (this.#free.length < 16) this.#free.push(buffer);
  }
}

export class ResponseStream {
  readonly #exchange: HttpExchange;
  readonly #status: number;
  readonly #type: string;
  readonly #pool: BufferPool;
  #buffer: Buffer | undefined;
  #used = 0;
  #zip: Gzip | undefined;
  #begun = false;
  #full = false;
  #yieldedRows = 0;
  #yieldedAt = performance.now();

  constructor(exchange: HttpExchange, status: number, type: string, pool: BufferPool) {
    this.#exchange = exchange;
    this.#status = status;
    this.#type = type;
    this.#pool = pool;
  }

  /** Octets must not change any more. */
  write(piece: XmlPiece): void {
    const isText = typeof piece === 'string';
    const most = isText ? piece.length * OCTETS_PER_UNIT : piece.length;
    if (most > BUFFER_OCTETS) {
      this.#flush();
      this.#send(isText ? Buffer.from(piece, 'utf8') : piece, undefined);
      return;
    }
    if (this.#buffer !== undefined && this.#used + most > BUFFER_OCTETS) this.#flush();
    const buffer = this.#buffer ??= this.#pool.take();
    if (isText) this.#used += buffer.write(piece, this.#used, 'utf8');
    else {
      buffer.set(piece, this.#used);
      this.#used += piece.length;
    }
  }

  /** @throws ClientGone */
  async ready(rows: number): Promise<void> {
    if (this.#full) await this.#drain();
    const now = performance.now();
    if (rows - this.#yieldedRows >= YIELD_ROWS || now - this.#yieldedAt >= YIELD_MILLISECONDS) {
      await nextTurn();
      this.#yieldedRows = rows;
      this.#yieldedAt = performance.now();
    }
    if (this.#exchange.response.destroyed) {
      this.#zip?.destroy();
      throw new ClientGone();
    }
  }

  async end(rest: XmlPiece): Promise<void> {
    if (!this.#begun && this.#buffer === undefined && typeof rest === 'string') {
      await this.#endWhole(rest);
      return;
    }
    this.write(rest);
    if (!this.#begun && !wantsGzip(this.#exchange)) this.#exchange.response.setHeader('Content-Length', this.#used);
    this.#flush();
    (this.#zip ?? this.#exchange.response).end();
  }

  async #endWhole(text: string): Promise<void> {
    const { response } = this.#exchange;
    if (text.length >= GZIP_FROM_OCTETS && wantsGzip(this.#exchange)) {
      const body = await new Promise<Buffer>((resolve, reject) => gzip(text, { level: 1 }, (error, done) => (error === null ? resolve(done) : reject(error))));
      response.writeHead(this.#status, { 'Content-Type': this.#type, 'Content-Encoding': 'gzip', 'Content-Length': body.length, Vary: 'Accept-Encoding' });
      response.end(body);
      return;
    }
    response.writeHead(this.#status, { 'Content-Type': this.#type, 'Content-Length': Buffer.byteLength(text) });
    response.end(text);
  }

  #flush(): void {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#used === 0) return;
    const octets = buffer.subarray(0, this.#used);
    this.#buffer = undefined;
    this.#used = 0;
    this.#send(octets, () => this.#pool.give(buffer));
  }

  #send(octets: Uint8Array, done: (() => void) | undefined): void {
    const { response } = this.#exchange;
    if (!this.#begun) {
      this.#begun = true;
      if (wantsGzip(this.#exchange)) {
        response.writeHead(this.#status, { 'Content-Type': this.#type, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' });
        this.#zip = createGzip({ level: 1 });
        this.#zip.pipe(response);
      } else response.writeHead(this.#status, { 'Content-Type': this.#type });
    }
    const target = this.#zip ?? response;
    // An error means that the connection is gone: `ready` sees that by itself.
    this.#full = !target.write(octets, done === undefined ? undefined : () => done());
  }

  async #drain(): Promise<void> {
    const { response } = this.#exchange;
    const target = this.#zip ?? response;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        target.off('drain', settle);
        response.off('close', settle);
        resolve();
      };
      if (response.destroyed) settle();
      else {
        target.on('drain', settle);
        response.on('close', settle);
      }
    });
    this.#full = false;
    this.#yieldedAt = performance.now();
  }
}

/** RFC 9110 §12.5.3, for the one coding we have: named or `*`, and not with weight 0. */
export function wantsGzip(exchange: HttpExchange): boolean {
  const accepted = exchange.request.headers['accept-encoding'];
  if (typeof accepted !== 'string' || !/(?:^|[,\s])(?:x-)?gzip\b|\*/i.test(accepted) || /gzip\s*;\s*q=0(?:\.0*)?\s*(?:,|$)/i.test(accepted)) return false;
  const { address } = clientOf(exchange);
  return !(address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.'));
}
