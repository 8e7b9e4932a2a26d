/**
 * One request and its answer, with what the access log wants to know: an id, a clock that started, who asked.
 */
import type { HttpExchange, PrincipalId } from '@kalends/contracts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { peerOf } from './client.ts';
import type { Client } from './client.ts';

/** A right over what is another's that a request used; for the audit log (R44). */
export interface RightUsed {
  readonly as: 'admin' | 'delegate'; readonly principal: PrincipalId;
  /** Undefined: nobody's in particular. */ readonly owner?: PrincipalId; readonly ownerName?: string;
  readonly appPassword?: string;
}

/** Of nearly all requests. */
const NO_RIGHTS: readonly RightUsed[] = [];

export class Exchange implements HttpExchange {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** As the client wrote it, without query. */ readonly path: string;
  readonly client: Client;
  /** Milliseconds of `performance.now()`. */ readonly began: number;
  #account: string | undefined;
  #rights: readonly RightUsed[] = NO_RIGHTS;
  #abort: AbortController | undefined;
  #gone = false;

  constructor(id: string, request: IncomingMessage, response: ServerResponse, client: Client) {
    this.id = id;
    this.request = request;
    this.response = response;
    this.client = client;
    this.path = pathOf(request.url ?? '/');
    this.began = performance.now();
    response.once('close', () => {
      this.#gone = !response.writableFinished;
      if (this.#gone) this.#abort?.abort(new ClientGone());
    });
  }

  /** Made when first asked for: most requests end before anybody waits on it. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#gone && !this.#abort.signal.aborted) this.#abort.abort(new ClientGone());
    return this.#abort.signal;
  }

  /** True once the connection closed before the answer was out; cheaper than `signal.aborted`. */
  get gone(): boolean {
    return this.#gone;
  }

  get account(): string | undefined {
    return this.#account;
  }

  set account(account: string | undefined) {
    this.#account = account;
  }

  /** In the order in which they were used. */
  get rights(): readonly RightUsed[] {
    return this.#rights;
  }

  noteRight(right: RightUsed): void {
    this.#rights = [...this.#rights, right];
  }
}

/** For the audit log. Harmless for exchanges that others made. */
export function noteRight(exchange: HttpExchange, right: RightUsed): void {
  if (exchange instanceof Exchange) exchange.noteRight(right);
}
export function isRightNoted(exchange: HttpExchange, owner: PrincipalId | undefined): boolean {
  return !(exchange instanceof Exchange) || exchange.rights.some((right) => right.owner === owner);
}

/** The connection closed before the answer was out. Nobody is left to tell. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
  constructor() {
    super('the client closed the connection');
  }
}

/** Who is at the other end of an exchange; of one that others made, the peer. */
export function clientOf(exchange: HttpExchange): Client {
  if (exchange instanceof Exchange) return exchange.client;
  return peerOf(exchange.request.socket);
}

/** Tells the access log who asked. Harmless for exchanges that others made. */
export function noteAccount(exchange: HttpExchange, account: string): void {
  if (exchange instanceof Exchange) exchange.account = account;
}

/** The path of a request target: origin form, absolute form as proxies send it, or the asterisk of OPTIONS (RFC 9112 §3.2); no query. */
function pathOf(target: string): string {
  if (target === '*') return '/';
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  if (path.startsWith('/')) return path;
  const authority = /^https?:\/\/[^/]*/i.exec(path);
  return authority === null ? path : path.slice(authority[0].length) || '/';
}
