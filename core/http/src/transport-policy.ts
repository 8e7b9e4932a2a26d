/**
 * What a deployment says of connections without TLS, where it also has some with (R41): requests in the clear are sent to the other address (308: method and body
 * stay, RFC 9110 §15.4.9), and browsers are told to come that way at once (RFC 6797). `/health` answers on both: load balancers look there.
 */
import type { Exchange } from './exchange.ts';

export interface TransportPolicyOptions {
  readonly redirect: boolean;
  /** Of Strict-Transport-Security; 0: not sent. */ readonly hstsSeconds: number;
  /** Of our listener with TLS, known once it listens. */ readonly securePort: () => number | undefined;
  readonly publicUrl: () => URL;
}

export class TransportPolicy {
  readonly #options: TransportPolicyOptions;
  readonly #hsts: string | undefined;

  constructor(options: TransportPolicyOptions) {
    this.#options = options;
    this.#hsts = options.hstsSeconds === 0 ? undefined : `max-age=${String(options.hstsSeconds)}`;
  }

  /** True: the request is answered. */
  answers(exchange: Exchange): boolean {
    const { client, response, path } = exchange;
    if (client.secure) {
      if (this.#hsts !== undefined) response.setHeader('Strict-Transport-Security', this.#hsts);
      return false;
    }
    if (!this.#options.redirect || path === '/health' || path.startsWith('/health/')) return false;
    response.writeHead(308, { 'Location': this.#securely(exchange), 'Content-Length': 0, 'Connection': 'close' }).end();
    return true;
  }

  /** The public address where that is one with TLS, else the host that was asked, at the port that has TLS. */
  #securely({ request }: Exchange): string {
    const { publicUrl, securePort } = this.#options;
    const target = request.url ?? '/';
    const known = publicUrl();
    if (known.protocol === 'https:') return known.origin + target;
    const host = /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?=(?::\d{1,5})?$)/i.exec(request.headers.host ?? '')?.[0] ?? known.hostname;
    const port = securePort();
    return `https://${host}${port === undefined || port === 443 ? '' : `:${String(port)}`}${target}`;
  }
}
