/**
 * Connections that proxies pass on by the PROXY protocol: takes the header off before HTTP or TLS begins, and remembers for whom the connection is. Only proxies
 * that the config trusts may send one, and there each connection begins with one: whatever else comes is closed without an answer.
 */
import type { Logger } from '@kalends/kernel';
import type { Server, Socket } from 'node:net';
import { readProxyHeader } from './proxy-header.ts';
import type { ProxiedClient } from './proxy-header.ts';

export interface ProxiedConnectionsOptions {
  readonly trusts: (address: string) => boolean;
  /** For the whole header; the protocol asks for three seconds at least. */ readonly headerMilliseconds: number;
  readonly log: Logger;
}

const MINUTE_MILLISECONDS = 60_000;
const LINES_A_MINUTE = 5;
const NONE = Buffer.alloc(0);

/** By the socket that HTTP sees: with TLS that is not the one which the header came on. */
const CLIENTS = new WeakMap<Socket, ProxiedClient>();

/** Whom the connection is for. Undefined: it came without the PROXY protocol. */
export function proxiedClientOf(socket: Socket): ProxiedClient | undefined {
  return CLIENTS.get(socket);
}

export class ProxiedConnections {
  readonly #options: ProxiedConnectionsOptions;
  readonly #inHeader = new Set<Socket>();
  /** Connections in their TLS handshake, by both ends: the socket that comes out of it does not say which one went in. */
  readonly #inHandshake = new Map<string, ProxiedClient>();
  #minuteBegan = -Infinity;
  #refusedThisMinute = 0;

  constructor(options: ProxiedConnectionsOptions) {
    this.#options = options;
  }

  /** Connections whose client HTTP does not know yet. */
  get waiting(): number {
    return this.#inHeader.size + this.#inHandshake.size;
  }

  /** Puts the header before whatever an HTTP or HTTPS server does with its connections. The server goes on counting, limiting and closing them itself. */
  guard(server: Server, secure: boolean): void {
    const take = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      this.#readHeader(socket, (client) => {
        if (secure) this.#remember(socket, client);
        else CLIENTS.set(socket, client);
        for (const listener of take) listener.call(server, socket);
      });
    });
    if (secure) server.prependListener('secureConnection', (socket: Socket) => {
      const ends = endsOf(socket);
      const client = this.#inHandshake.get(ends);
      this.#inHandshake.delete(ends);
      // A connection that was lost meanwhile has no ends any more.
      if (client === undefined) socket.destroy();
      else CLIENTS.set(socket, client);
    });
  }

  #readHeader(socket: Socket, goOn: (client: ProxiedClient) => void): void {
    const { trusts, headerMilliseconds } = this.#options;
    const peer = socket.remoteAddress ?? '';
    let octets: Buffer = NONE;
    const refuse = (reason: string): void => {
      leave();
      this.#complain(peer, reason);
      socket.destroy();
    };
    const read = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) octets = octets.length === 0 ? chunk : Buffer.concat([octets, chunk]);
      if (octets.length === 0) return;
      const header = readProxyHeader(octets);
      if (header.kind === 'broken') refuse(header.reason);
      if (header.kind !== 'whole') return;
      leave();
      if (octets.length > header.octets) socket.unshift(octets.subarray(header.octets));
      goOn(header.client);
    };
    // Whoever connects to see whether there is somebody, and says nothing, is not worth a line.
    const ended = (): void => { if (octets.length === 0) socket.destroy(); else refuse('it ended within the header'); };
    const timer = setTimeout(() => { refuse(`no whole header within ${String(headerMilliseconds / 1000)} s`); }, headerMilliseconds);
    const leave = (): void => {
      clearTimeout(timer);
      this.#inHeader.delete(socket);
      socket.off('readable', read).off('end', ended).off('error', ignore).off('close', leave);
    };
    this.#inHeader.add(socket);
    socket.on('end', ended).on('error', ignore).on('close', leave);
    if (trusts(peer)) socket.on('readable', read);
    else refuse('it does not come from a trusted proxy');
  }

  #remember(socket: Socket, client: ProxiedClient): void {
    const ends = endsOf(socket);
    this.#inHandshake.set(ends, client);
    socket.once('close', () => { if (this.#inHandshake.get(ends) === client) this.#inHandshake.delete(ends); });
  }

  #complain(address: string, reason: string): void {
    const now = performance.now();
    if (now - this.#minuteBegan >= MINUTE_MILLISECONDS) {
      const unsaid = Math.max(0, this.#refusedThisMinute - LINES_A_MINUTE);
      this.#minuteBegan = now;
      this.#refusedThisMinute = 0;
      if (unsaid > 0) this.#options.log.warn('connections without the PROXY protocol were closed, and not said one by one', { connections: unsaid });
    }
    this.#refusedThisMinute++;
    if (this.#refusedThisMinute <= LINES_A_MINUTE) this.#options.log.warn('a connection without the PROXY protocol was closed', { address, reason });
  }
}

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${String(remoteAddress)} ${String(remotePort)} ${String(localAddress)} ${String(localPort)}`;
}

/** The connection closes with it, and that is all there is to do. */
function ignore(): void {}
