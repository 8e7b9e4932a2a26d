/**
 * One client with one kept connection and one request at a time: Basic or Digest (nonce kept, nc counted), plain node:http underneath. Latency runs from the
 * first octet written to the last one read, a challenge's round trip included.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';

export interface Answer { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer; readonly milliseconds: number }
export interface Account { readonly user: string; readonly password: string; readonly scheme: 'basic' | 'digest' | 'none' }

interface Challenge { readonly realm: string; readonly nonce: string; readonly algorithm: string | undefined; readonly opaque: string | undefined; readonly ha1: string; readonly hash: 'md5' | 'sha256' }

export class Client {
  readonly #base: URL;
  readonly #account: Account;
  readonly #agent: Agent | TlsAgent;
  readonly #timeoutMilliseconds: number;
  readonly #cnonce = randomBytes(8).toString('hex');
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(base: URL, account: Account, timeoutMilliseconds: number) {
    this.#base = base;
    this.#account = account;
    this.#timeoutMilliseconds = timeoutMilliseconds;
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = base.protocol === 'https:' ? new TlsAgent({ ...options, rejectUnauthorized: false }) : new Agent(options);
  }

  async send(method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: Buffer): Promise<Answer> {
    const began = performance.now();
    for (let attempt = 0; ; attempt++) {
      const authorization = this.#authorization(method, path);
      const answer = await this.#once(method, path, authorization === undefined ? headers : { ...headers, Authorization: authorization }, body);
      if (answer.status === 401 && this.#account.scheme === 'digest' && attempt < 2 && this.#challenged(answer)) continue;
      return { ...answer, milliseconds: performance.now() - began };
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #once(method: string, path: string, headers: Readonly<Record<string, string>>, body: Buffer | undefined): Promise<Omit<Answer, 'milliseconds'>> {
    return new Promise((resolve, reject) => {
      const secure = this.#base.protocol === 'https:';
      const outgoing = (secure ? tlsRequest : request)({
        host: this.#base.hostname, port: this.#base.port, method, path, agent: this.#agent, timeout: this.#timeoutMilliseconds,
        headers: { 'User-Agent': 'kalends-bench', ...headers, ...(body === undefined && (method === 'GET' || method === 'DELETE') ? {} : { 'Content-Length': body?.length ?? 0 }) },
      }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => { chunks.push(chunk); });
        incoming.on('error', reject);
        incoming.on('end', () => { resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) }); });
      });
      outgoing.on('timeout', () => { outgoing.destroy(new Error('no answer in time')); });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** True when the answer carries a Digest challenge to try again with. */
  #challenged({ headers }: Omit<Answer, 'milliseconds'>): boolean {
    const field = headers['www-authenticate'];
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
    const { user, password, scheme } = this.#account;
    if (scheme === 'none') return undefined;
    if (scheme === 'basic') return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
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
