/** One HTTP request and its whole answer. The target is sent as given: no normalising, no redirects, no cookies. */
import { Agent, request } from 'node:http';
import type { Answer } from './answer.ts';

const TIMEOUT_MILLISECONDS = 60_000;

export interface Sending {
  readonly method: string;
  /** Path and query, percent-encoded. */ readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export class Exchanges implements Disposable {
  readonly #base: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2 });

  /** `address`: `http://host:port`. */
  constructor(address: string) {
    this.#base = new URL(address);
  }

  /** @throws Error when the connection breaks or nothing comes back in a minute */
  send({ method, target, headers, body }: Sending): Promise<Answer> {
    const { hostname, port } = this.#base;
    return new Promise((resolve, reject) => {
      const outgoing = request({
        hostname: hostname.replaceAll(/[[\]]/g, ''), port, method, path: target, agent: this.#agent, timeout: TIMEOUT_MILLISECONDS,
        headers: { ...headers, 'Content-Length': String(body.length) },
      }, (incoming) => {
        const parts: Buffer[] = [];
        incoming.on('data', (part: Buffer) => parts.push(part));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const raw = incoming.rawHeaders;
          const lines = Array.from({ length: raw.length / 2 }, (_value, index) => [raw[2 * index]!, raw[2 * index + 1]!] as const);
          resolve({ status: incoming.statusCode ?? 0, headers: lines, body: Buffer.concat(parts).toString('utf8') });
        });
      });
      outgoing.on('timeout', () => { outgoing.destroy(new Error(`no answer in ${TIMEOUT_MILLISECONDS} ms`)); });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** A path of a script as a request target: what a URI may not hold is percent-encoded, `;parameters` and `?query` are kept. */
export function targetOf(uri: string, quote: boolean): string {
  const path = uri.replace(/^https?:\/\/[^/]*/i, '') || '/';
  if (!quote) return path;
  const [, plain, rest] = /^([^?;#]*)(.*)$/s.exec(path)!;
  return encodeURI(plain!).replaceAll(/[!'()*,:@&=+$]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`) + encodeURI(rest!).replaceAll('%25', '%');
}
