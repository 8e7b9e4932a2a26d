/**
 * Request bodies, collected under a limit. A client that said `Expect: 100-continue` is told to go on only here, so a body that is refused for its length, its
 * coding or its sender is never sent.
 */
import type { HttpExchange } from '@kalends/contracts';
import { ClientGone } from './exchange.ts';

/** The body is larger than whoever reads it takes: 413 unless they know a better answer. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
  readonly maxOctets: number;
  constructor(maxOctets: number) {
    super(`the body is larger than ${maxOctets} octets`);
    this.maxOctets = maxOctets;
  }
}

/** Undefined where none was declared (chunked, or no body). */
export function declaredLength(exchange: HttpExchange): number | undefined {
  const length = exchange.request.headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

export function hasBody(exchange: HttpExchange): boolean {
  const { headers } = exchange.request;
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] !== undefined && headers['content-length'] !== '0');
}

/** @throws BodyTooLarge, ClientGone */
export async function readBody(exchange: HttpExchange, maxOctets: number): Promise<Uint8Array> {
  const { request } = exchange;
  if (!hasBody(exchange)) return EMPTY;
  if ((declaredLength(exchange) ?? 0) > maxOctets) throw new BodyTooLarge(maxOctets);
  sayContinue(exchange);
  return await new Promise<Uint8Array>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let octets = 0;
    const settle = (run: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      run();
    };
    const onData = (chunk: Buffer): void => {
      octets += chunk.length;
      if (octets <= maxOctets) chunks.push(chunk);
      else settle(() => { request.pause(); reject(new BodyTooLarge(maxOctets)); });
    };
    const onEnd = (): void => settle(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, octets)));
    const onError = (error: Error): void => settle(() => reject(request.destroyed ? new ClientGone() : error));
    const onClose = (): void => settle(() => reject(new ClientGone()));
    request.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}

/**
 * The body as it arrives, for what is too large to hold. Ends with BodyTooLarge as soon as more than `maxOctets` came.
 * @throws BodyTooLarge, ClientGone
 */
export async function* streamBody(exchange: HttpExchange, maxOctets: number): AsyncGenerator<Uint8Array> {
  if (!hasBody(exchange)) return;
  if ((declaredLength(exchange) ?? 0) > maxOctets) throw new BodyTooLarge(maxOctets);
  sayContinue(exchange);
  let octets = 0;
  try {
    for await (const chunk of exchange.request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      octets += chunk.length;
      if (octets > maxOctets) throw new BodyTooLarge(maxOctets);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof BodyTooLarge || !exchange.request.destroyed) throw error;
    throw new ClientGone();
  }
}

/**
 * For an answer that does not wait for the body: what is small is read and forgotten, so the connection can go on; what is large, of unknown length, or was
 * never asked for is not worth it, and the connection ends with the answer.
 */
export function leaveBody(exchange: HttpExchange): void {
  const { request, response } = exchange;
  if (request.complete || !hasBody(exchange) || response.headersSent) return;
  const length = declaredLength(exchange);
  if (length === undefined || length > FORGOTTEN_OCTETS || request.headers.expect !== undefined) response.shouldKeepAlive = false;
}
const FORGOTTEN_OCTETS = 65_536;

/** RFC 9110 §10.1.1: at most once, and only for whoever asked. */
function sayContinue({ request, response }: HttpExchange): void {
  if (/^100-continue$/i.test(request.headers.expect ?? '') && !response.headersSent && request.readableFlowing !== true) response.writeContinue();
}

const EMPTY = new Uint8Array(0);
