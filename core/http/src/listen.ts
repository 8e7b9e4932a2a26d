/**
 * Sockets: where the server listens, and how it stops. Stopping closes the listeners first, lets requests in flight end, and closes what is still open when the
 * deadline comes.
 */
import { createServer as createPlain } from 'node:http';
import type { RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { ProxiedConnections } from './proxied-connections.ts';
import type { TlsOptions } from './tls.ts';

export interface Address {
  readonly secure: boolean; /** Undefined: all interfaces, IPv6 and IPv4. */ readonly host: string | undefined; readonly port: number;
  /** Each connection begins with a header of the PROXY protocol. Default: none does. */ readonly proxyProtocol?: boolean;
}

/** Against slow and greedy clients; all in milliseconds or counts. */
export interface ServerLimits {
  /** To send all headers. */ readonly headersMilliseconds: number;
  /** To send a whole request, body included. */ readonly requestMilliseconds: number;
  readonly keepAliveMilliseconds: number;
  readonly headerOctets: number; readonly headerCount: number;
  readonly connections: number;
}

/**
 * `8008`, `127.0.0.1:8008`, `[::1]:8008`, with `http://` or `https://` before it; without, `secure` decides.
 * @throws Error for anything else
 */
export function readAddress(text: string, secure: boolean): Address {
  const match = /^(?:(https?):\/\/)?(?:(\[[0-9a-f:.%a-z]+\]|[^\s:/[\]]+):)?(\d{1,5})\/?$/i.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new Error(`cannot listen at ${JSON.stringify(text)}: write host:port, [v6]:port or port`);
  const host = match[2]?.replace(/^\[(.*)\]$/, '$1');
  return { secure: match[1] === undefined ? secure : match[1].toLowerCase() === 'https', host: host === '*' ? undefined : host, port };
}

export class Listener {
  readonly #servers: readonly { readonly server: Server; readonly address: Address }[];
  readonly #inFlight = new Set<ServerResponse>();
  /** Where something comes before HTTP, the server knows of a connection only when that is over. */
  readonly #early = new Set<Socket>();
  #draining = false;

  /** Makes the servers; `start` opens their sockets. `proxied`: for addresses with the PROXY protocol. */
  constructor(addresses: readonly Address[], handle: RequestListener, limits: ServerLimits, tls: TlsOptions | undefined, proxied?: ProxiedConnections) {
    const guarded: RequestListener = (request, response) => {
      if (this.#draining) response.shouldKeepAlive = false;
      this.#inFlight.add(response);
      response.once('close', () => { this.#inFlight.delete(response); });
      handle(request, response);
    };
    this.#servers = addresses.map((address) => ({ address, server: this.#make(address, guarded, limits, tls, proxied) }));
  }

  /** Rejects, with the address in the message, when one cannot be had; then none is left open. */
  async start(): Promise<void> {
    try {
      for (const { server, address } of this.#servers) await open(server, address);
    } catch (error) {
      for (const { server } of this.#servers) server.close();
      throw error;
    }
  }

  /** Where it really listens: ports that were 0 are known now. */
  addresses(): readonly Address[] {
    return this.#servers.map(({ server, address }) => {
      const bound = server.address() as AddressInfo | null;
      return { ...address, host: address.host ?? bound?.address, port: bound?.port ?? address.port };
    });
  }

  /** For connections from now on; open ones go on as they began. */
  useTls(tls: TlsOptions): void {
    for (const { server, address } of this.#servers) if (address.secure) (server as Server & { setSecureContext(options: TlsOptions): void }).setSecureContext(tls);
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.#draining = true;
    // A connection that is kept would hold up the end.
    for (const response of this.#inFlight) if (!response.headersSent) response.shouldKeepAlive = false;
    const closed = this.#servers.map(({ server }) => new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    }));
    const cut = (): void => {
      for (const { server } of this.#servers) server.closeAllConnections();
      for (const socket of this.#early) socket.destroy();
    };
    if (deadline.aborted) cut();
    deadline.addEventListener('abort', cut, { once: true });
    await Promise.all(closed);
    deadline.removeEventListener('abort', cut);
  }

  #make(address: Address, handle: RequestListener, limits: ServerLimits, tls: TlsOptions | undefined, proxied: ProxiedConnections | undefined): Server {
    const options: ServerOptions = {
      maxHeaderSize: limits.headerOctets, headersTimeout: limits.headersMilliseconds, requestTimeout: limits.requestMilliseconds,
      keepAliveTimeout: limits.keepAliveMilliseconds, connectionsCheckingInterval: Math.min(30_000, limits.headersMilliseconds), noDelay: true,
    };
    if (address.secure && tls === undefined) throw new Error(`cannot listen at port ${address.port} with TLS: no certificate is configured`);
    const server = address.secure ? createSecure({ ...options, ...tls, handshakeTimeout: limits.headersMilliseconds }, handle) as Server : createPlain(options, handle);
    if (address.proxyProtocol === true) {
      if (proxied === undefined) throw new Error(`cannot listen at port ${address.port} for the PROXY protocol: no trusted proxies are configured`);
      proxied.guard(server, address.secure);
    }
    if (address.secure || address.proxyProtocol === true) server.prependListener('connection', (socket: Socket) => {
      this.#early.add(socket);
      socket.once('close', () => { this.#early.delete(socket); });
    });
    server.maxHeadersCount = limits.headerCount;
    server.maxConnections = limits.connections;
    // The body is asked for when somebody reads it: a refusal comes before it is sent.
    server.on('checkContinue', handle);
    server.on('checkExpectation', (_request, response) => { response.writeHead(417, { 'Content-Length': 0 }).end(); });
    server.on('clientError', answerBroken);
    return server;
  }
}

/** What is not HTTP gets a status where it can, and the connection ends. */
function answerBroken(error: NodeJS.ErrnoException, socket: import('node:stream').Duplex): void {
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
  if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
  else socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: '; another program listens there (ss -ltnp says which), or this server runs already', EADDRNOTAVAIL: '; this machine has no such address',
  EACCES: '; ports below 1024 need a right (CAP_NET_BIND_SERVICE, as the systemd unit has it), or take 8008 and 8443',
};

function open(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(new Error(`cannot listen at ${host ?? '*'}:${port}: ${error.message}${REMEDIES[error.code ?? ''] ?? ''}`, { cause: error }));
    server.once('error', failed);
    server.listen(host === undefined ? { port } : { host, port }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}
