/**
 * One client with one kept connection and one request at a time: Basic, or Digest (nonce kept, nc counted). Latency runs from the first octet written to the last
 * one read, a challenge's round trip included.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Connection } from './connection.ts';
import type { RawAnswer } from './connection.ts';

export interface Answer extends RawAnswer { readonly milliseconds: number }
export interface Account {
  readonly user: string; readonly password: string; readonly scheme: 'basic' | 'digest' | 'none';
  /** The Authorization field of each request, instead. */ readonly field?: () => string;
}

interface Challenge { readonly realm: string; readonly nonce: string; readonly algorithm: string | undefined; readonly opaque: string | undefined; readonly ha1: string; readonly hash: 'md5' | 'sha256' }

export class Client {
  readonly #host: string;
  readonly #account: Account;
  readonly #connection: Connection;
  readonly #basic: string;
  readonly #cnonce = randomBytes(8).toString('hex');
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(base: URL, account: Account, timeoutMilliseconds: number) {
    this.#host = base.host;
    this.#account = account;
    this.#connection = new Connection(base, timeoutMilliseconds);
    this.#basic = `Basic ${Buffer.from(`${account.user}:${account.password}`).toString('base64')}`;
  }

  /** @throws Error when the connection fails or nothing comes in time; a status is never an error */
  async send(method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: Buffer): Promise<Answer> {
    const began = performance.now();
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#connection.send(this.#octets(method, path, headers, body));
      if (answer.status === 401 && this.#account.scheme === 'digest' && attempt < 2 && this.#challenged(answer)) continue;
      return { ...answer, milliseconds: performance.now() - began };
    }
  }

  close(): void {
    this.#connection.close();
  }

  #octets(method: string, path: string, headers: Readonly<Record<string, string>>, body: Buffer | undefined): Buffer {
    let head = `${method} ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nUser-Agent: kalends-bench\r\n`;
    const authorization = this.#authorization(method, path);
    if (authorization !== undefined) head += `Authorization: ${authorization}\r\n`;
    for (const name in headers) head += `${name}: ${headers[name]!}\r\n`;
    if (body !== undefined || (method !== 'GET' && method !== 'DELETE')) head += `Content-Length: ${String(body?.length ?? 0)}\r\n`;
    const octets = Buffer.from(`${head}\r\n`, 'latin1');
    return body === undefined ? octets : Buffer.concat([octets, body]);
  }

  /** True when the answer carries a Digest challenge to try again with. */
  #challenged({ headers }: RawAnswer): boolean {
    const field = headers.get('www-authenticate');
    const digest = field === undefined ? undefined : /(?:^|,\s*)digest (.*?)(?=,\s*(?:digest|basic|negotiate) |$)/i.exec(field)?.[1];
    if (digest === undefined) return false;
    const fields = new Map([...digest.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map((match) => [match[1]!.toLowerCase(), match[2] ?? match[3]!]));
    const algorithm = fields.get('algorithm');
    const hash = /sha-?256/i.test(algorithm ?? '') ? 'sha256' : 'md5';
    const { user, password } = this.#account;
    const [realm, nonce] = [fields.get('realm') ?? '', fields.get('nonce') ?? ''];
    const plain = createHash(hash).update(`${user}:${realm}:${password}`).digest('hex');
    const ha1 = /-sess$/i.test(algorithm ?? '') ? createHash(hash).update(`${plain}:${nonce}:${this.#cnonce}`).digest('hex') : plain;
    this.#challenge = { realm, nonce, algorithm, opaque: fields.get('opaque'), ha1, hash };
    this.#count = 0;
    return true;
  }

  #authorization(method: string, path: string): string | undefined {
    const { user, scheme, field } = this.#account;
    if (field !== undefined) return field();
    if (scheme === 'none') return undefined;
    if (scheme === 'basic') return this.#basic;
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    const { realm, nonce, algorithm, opaque, ha1, hash } = challenge;
    const h = (text: string): string => createHash(hash).update(text).digest('hex');
    const nc = (++this.#count).toString(16).padStart(8, '0');
    const response = h(`${ha1}:${nonce}:${nc}:${this.#cnonce}:auth:${h(`${method}:${path}`)}`);
    return `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${path}", response="${response}", qop=auth, nc=${nc}, cnonce="${this.#cnonce}"`
      + (algorithm === undefined ? '' : `, algorithm=${algorithm}`) + (opaque === undefined ? '' : `, opaque="${opaque}"`);
  }
}
