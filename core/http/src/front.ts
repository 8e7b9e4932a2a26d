/**
 * The way in: makes the exchange of each request and gives it to the feature with the longest prefix of its path. Express's router straight on the server,
 * with no application in front of it: DAV features get the exchange as it is, Express features are mounted behind one Express application (express-host.ts).
 */
import type { AccessLog, AuditLog, Clock, HttpFeature } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import type { NextFunction, Request, RequestHandler, Response, Router } from 'express';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import makeRouter from 'router';
import { LineFormat } from './access-log.ts';
import { auditEntries } from './audit.ts';
import type { TrustedProxies } from './client.ts';
import { ClientGone, Exchange } from './exchange.ts';
import type { TransportPolicy } from './transport-policy.ts';

export interface FrontParts {
  readonly features: readonly HttpFeature[];
  /** For all paths of Express features and those of its own. */ readonly host: { readonly app: RequestHandler; serves(path: string): boolean };
  readonly proxies: TrustedProxies; /** Absent: connections with and without TLS are served alike. */ readonly transport?: TransportPolicy; readonly accessLog: AccessLog | undefined; readonly auditLog?: AuditLog | undefined; readonly clock: Clock; readonly log: Logger;
}

type ExchangeFeature = HttpFeature & { readonly kind: 'exchange' };

export class Front {
  readonly #parts: FrontParts;
  readonly #exchangeFeatures: readonly ExchangeFeature[];
  readonly #router: Router;
  readonly #lines = new LineFormat();
  /** Of this process; with a count behind it, an id that can be found in a log. */ readonly #process = randomBytes(4).readUInt32BE().toString(36).padStart(7, '0');
  #count = 0;
  #inFlight = 0;

  constructor(parts: FrontParts) {
    this.#parts = parts;
    this.#exchangeFeatures = parts.features.filter((feature) => feature.kind === 'exchange').sort((one, other) => other.prefix.length - one.prefix.length);
    this.#router = makeRouter() as unknown as Router;
    this.#router.use((request: Request, response: Response, next: NextFunction) => {
      const exchange = this.#begin(request, response);
      if (parts.transport?.answers(exchange) === true) return;
      const feature = this.#featureOf(exchange.path);
      if (feature === undefined) {
        Object.defineProperty(request, EXCHANGE, { value: exchange });
        // Express's body readers know nothing of clients that wait to be asked.
        if (/^100-continue$/i.test(request.headers.expect ?? '')) response.writeContinue();
        next();
      }
      else void this.#serve(feature, exchange);
    });
    this.#router.use(parts.host.app);
  }

  /** Requests that are not answered yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  readonly handle: RequestListener = (request: IncomingMessage, response: ServerResponse) => {
    // The absolute form (RFC 9112 §3.2.2): express reads it with a parser that trips over authorities that are none.
    if (request.url !== undefined && /^https?:/i.test(request.url)) request.url = request.url.replace(/^https?:\/\/[^/?#]*\/?/i, '/');
    this.#router(request as Request, response as Response, () => { response.writeHead(404, { 'Content-Length': 0 }).end(); });
  };

  /** Undefined: Express's. The longest prefix wins, whoever has it. */
  #featureOf(path: string): ExchangeFeature | undefined {
    for (const feature of this.#exchangeFeatures) {
      if (!hasPrefix(path, feature.prefix)) continue;
      return feature.prefix === '/' && this.#parts.host.serves(path) ? undefined : feature;
    }
    return undefined;
  }

  #begin(request: Request, response: Response): Exchange {
    // Passport strategies, and nobody else, look for it.
    request.res = response;
    this.#count = (this.#count + 1) % 0x7fffffff;
    const exchange = new Exchange(this.#process + this.#count.toString(36), request, response, this.#parts.proxies.client(request));
    response.setHeader('X-Request-Id', exchange.id);
    this.#inFlight++;
    const before = request.socket.bytesWritten;
    response.once('close', () => {
      this.#inFlight--;
      const written = request.socket.bytesWritten;
      this.#parts.accessLog?.write(this.#lines.line(exchange, this.#parts.clock.now(), written < before ? undefined : written - before));
      if (exchange.rights.length > 0) for (const entry of auditEntries(exchange, this.#parts.clock.now())) this.#parts.auditLog?.write(entry);
    });
    return exchange;
  }

  async #serve(feature: ExchangeFeature, exchange: Exchange): Promise<void> {
    try {
      await feature.handle(exchange);
    } catch (error) {
      if (!(error instanceof ClientGone)) {
        this.#parts.log.error('a request failed', { request: exchange.id, prefix: feature.prefix, error: error instanceof Error ? error.stack : String(error) });
      }
      endBroken(exchange);
    }
  }
}

/** The exchange of a request that an Express feature was given: what `Authentication.identify` asks for. @throws Error for a request that no front began */
export function exchangeOf(request: IncomingMessage): Exchange {
  const exchange = (request as { readonly [EXCHANGE]?: Exchange })[EXCHANGE];
  if (exchange === undefined) throw new Error('the request did not come through the front');
  return exchange;
}
const EXCHANGE: unique symbol = Symbol.for('kalends.exchange') as never;

/** Segment by segment: `/admin` is no prefix of `/administrators`. */
export function hasPrefix(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  return prefix.endsWith('/') || path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f;
}

/** The last resort: a feature that answers its own errors never comes here. */
function endBroken({ response, id }: Exchange): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = `Something failed here. (request ${id})\n`;
  response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
