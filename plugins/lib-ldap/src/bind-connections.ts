/**
 * Connections on which passwords are proved, one bind after another, and nothing is ever asked: a handshake costs both sides more than all the rest of a log-in.
 * Kept for a short while between log-ins; who binds next is on nobody's identity but his own (RFC 4513 §4: each bind begins anew).
 */
import type { Clock } from '@kalends/contracts';
import type { LdapConnection } from './connection.ts';

/** Unused for longer, it may have been cut by what lies between. */
const IDLE_MILLISECONDS = 30_000;
/** Then a new handshake shows what has changed: certificates, addresses. */
const AGE_MILLISECONDS = 300_000;

export class BindConnections {
  readonly #most: number;
  readonly #clock: Clock;
  /** The one that was used last stands last. */ #idle: { readonly connection: LdapConnection; readonly since: number }[] = [];
  #closed = false;

  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
  }

  /** One to the server of that URL, or to any; undefined: none was kept. Give it back with `keep`, or close it. */
  take(server: string | undefined): LdapConnection | undefined {
    this.sweep();
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      if (last.connection.usable && (server === undefined || last.connection.server.url === server)) return last.connection;
      void last.connection.close();
    }
    return undefined;
  }

  keep(connection: LdapConnection): void {
    const now = this.#clock.monotonic();
    if (this.#closed || !connection.usable || this.#idle.length >= this.#most || now - connection.openedAt >= AGE_MILLISECONDS) void connection.close();
    else this.#idle.push({ connection, since: now });
  }

  /** Those that nobody used. */
  sweep(): void {
    const oldest = this.#clock.monotonic() - IDLE_MILLISECONDS;
    while (this.#idle[0] !== undefined && this.#idle[0].since < oldest) void this.#idle.shift()?.connection.close();
  }

  /** What is still out is closed when it comes back. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map(({ connection }) => connection.close()));
  }
}
