/**
 * Which server hosts a principal's calendars (R43): what its record or augment says, against this server's own public host. What cannot be read is no server's:
 * to take it for this one would begin a second, empty home.
 */
import { isIP } from 'node:net';
import type { Principal } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';

/** Whoever has more records that cannot be read has heard of it. */
const MOST_COMPLAINTS = 100;

/**
 * The origin that a host, `host:port` or `https://host[:port]` stands for; undefined: it is none of these. `http://` is believed of loopback alone, for clients send
 * passwords there.
 */
export function serverOrigin(text: string): string | undefined {
  const [, scheme = 'https', host, port] = /^(?:(https?):\/\/)?(\[[0-9a-f:.]+\]|[^\s/?#@:%\\[\]]+)(:\d{1,5})?$/i.exec(text) ?? [];
  const url = host === undefined ? null : URL.parse(`${scheme}://${host}${port ?? ''}/`);
  // A URL takes any number for an address.
  if (url === null || host === undefined || (isIP(url.hostname) === 4 && url.hostname !== host)) return undefined;
  return url.protocol === 'https:' || isLoopback(url.hostname) ? url.origin : undefined;
}

export class Hosting {
  readonly #ownHost: () => string;
  readonly #log: Logger;
  readonly #complainedOf = new Set<string>();

  /** `ownHost`: of the public URL, with its port if it has one. */
  constructor(ownHost: () => string, log: Logger) {
    this.#ownHost = ownHost;
    this.#log = log;
  }

  /** With `elsewhere` where its calendars are not here. */
  place(principal: Principal): Principal {
    const { id, server } = principal;
    if (server === undefined) return principal;
    const origin = serverOrigin(server);
    if (origin === undefined) this.#complain(id, server);
    else if (new URL(origin).host === this.#ownHost().toLowerCase()) return principal;
    return { ...principal, elsewhere: { origin } };
  }

  #complain(id: string, server: string): void {
    const what = `${id} ${server}`;
    if (this.#complainedOf.size >= MOST_COMPLAINTS || this.#complainedOf.has(what)) return;
    this.#complainedOf.add(what);
    this.#log.error('nobody can tell where these calendars are, so they are not served: the server of a record is no host, host:port or https:// origin', { id, server });
  }
}

const isLoopback = (hostname: string): boolean => hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
