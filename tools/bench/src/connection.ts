/**
 * One kept HTTP/1.1 connection with one request at a time, on a bare socket: node:http spends more on a small request than a quick server does, and on a machine of
 * two cores that would be what is measured. Frames answers by length, chunks or the connection's end; understands nothing else of HTTP.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';

export interface RawAnswer { readonly status: number; /** Names in lower case; of a repeated one the values joined by `, `. */ readonly headers: ReadonlyMap<string, string>; readonly body: Buffer }

type Framing =
  | { readonly kind: 'length'; missing: number }
  /** `missing` of the present chunk and its line end; `line`: what came of the next size. */ | { readonly kind: 'chunks'; missing: number; line: string; last: boolean }
  | { readonly kind: 'end' };

interface Pending {
  readonly octets: Buffer;
  readonly resolve: (answer: RawAnswer) => void; readonly reject: (error: Error) => void;
  head: Buffer | undefined; status: number; headers: ReadonlyMap<string, string>; framing: Framing | undefined;
  readonly chunks: Buffer[];
}

const HEAD_END = Buffer.from('\r\n\r\n');

export class Connection {
  readonly #url: URL;
  readonly #timeoutMilliseconds: number;
  #socket: Socket | undefined;
  /** Answered on this socket, so a silent end means that the server closed an idle connection. */ #answered = 0;
  #pending: Pending | undefined;

  constructor(url: URL, timeoutMilliseconds: number) {
    this.#url = url;
    this.#timeoutMilliseconds = timeoutMilliseconds;
  }

  /** `octets`: head and body. A request that meets a connection closed while idle is sent once more. */
  send(octets: Buffer): Promise<RawAnswer> {
    if (this.#pending !== undefined) throw new Error('one request at a time');
    return new Promise((resolve, reject) => {
      this.#pending = { octets, resolve, reject, head: undefined, status: 0, headers: new Map(), framing: undefined, chunks: [] };
      this.#socket ??= this.#open();
      this.#socket.write(octets);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    const { protocol, hostname, port } = this.#url;
    const secure = protocol === 'https:';
    const to = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (secure ? 443 : 80), noDelay: true };
    const socket = secure ? connectSecure({ ...to, rejectUnauthorized: false }) : connect(to);
    this.#answered = 0;
    socket.setTimeout(this.#timeoutMilliseconds, () => socket.destroy(new Error('no answer in time')));
    let failure = new Error('the server closed the connection');
    socket.on('data', (data: Buffer) => { if (socket === this.#socket) this.#take(data); });
    socket.on('error', (error) => { failure = error; });
    socket.on('close', () => { if (socket === this.#socket) this.#ended(failure); });
    return socket;
  }

  #ended(failure: Error): void {
    this.#socket = undefined;
    const pending = this.#pending;
    if (pending === undefined) return;
    if (pending.framing?.kind === 'end') this.#finish(pending);
    else if (this.#answered > 0 && pending.head === undefined && pending.status === 0) {
      this.#socket = this.#open();
      this.#socket.write(pending.octets);
    } else {
      this.#pending = undefined;
      pending.reject(failure);
    }
  }

  #take(data: Buffer): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    if (pending.framing !== undefined) {
      if (readBody(pending.framing, data, pending.chunks)) this.#finish(pending);
      return;
    }
    const head = pending.head === undefined ? data : Buffer.concat([pending.head, data]);
    const end = head.indexOf(HEAD_END);
    if (end < 0) {
      pending.head = head;
      return;
    }
    const rest = head.subarray(end + HEAD_END.length);
    const status = Number(head.toString('latin1', 9, 12));
    pending.head = undefined;
    if (status >= 100 && status < 200) {
      if (rest.length > 0) this.#take(rest);
      return;
    }
    pending.status = status;
    pending.headers = readHeaders(head.toString('latin1', 0, end));
    pending.framing = framingOf(status, pending.headers);
    if (readBody(pending.framing, rest, pending.chunks)) this.#finish(pending);
  }

  #finish(pending: Pending): void {
    const { status, headers, chunks, framing } = pending;
    this.#pending = undefined;
    this.#answered++;
    if (framing?.kind === 'end' || /close/i.test(headers.get('connection') ?? '')) this.close();
    pending.resolve({ status, headers, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) });
  }
}

function readHeaders(head: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  const lines = head.split('\r\n');
  for (let at = 1; at < lines.length; at++) {
    const line = lines[at]!;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

function framingOf(status: number, headers: ReadonlyMap<string, string>): Framing {
  if (status === 204 || status === 304) return { kind: 'length', missing: 0 };
  if (/chunked/i.test(headers.get('transfer-encoding') ?? '')) return { kind: 'chunks', missing: 0, line: '', last: false };
  const length = headers.get('content-length');
  return length === undefined ? { kind: 'end' } : { kind: 'length', missing: Number(length) };
}

/** True when the body is whole. */
function readBody(framing: Framing, data: Buffer, chunks: Buffer[]): boolean {
  switch (framing.kind) {
    case 'end':
      if (data.length > 0) chunks.push(data);
      return false;
    case 'length':
      if (data.length > 0) chunks.push(data);
      return (framing.missing -= data.length) <= 0;
    case 'chunks':
      return readChunks(framing, data, chunks);
  }
}

function readChunks(framing: Framing & { kind: 'chunks' }, data: Buffer, chunks: Buffer[]): boolean {
  for (let at = 0; at < data.length;) {
    if (framing.missing > 0) {
      // The last two octets of `missing` are the chunk's line end.
      const octets = Math.min(framing.missing - 2, data.length - at);
      if (octets > 0) chunks.push(data.subarray(at, at + octets));
      const passed = Math.min(framing.missing, data.length - at);
      framing.missing -= passed;
      at += passed;
      continue;
    }
    const end = data.indexOf(0x0a, at);
    framing.line += data.toString('latin1', at, end < 0 ? data.length : end + 1);
    if (end < 0) return false;
    at = end + 1;
    const line = framing.line.trim();
    framing.line = '';
    if (framing.last) {
      // Trailers end with an empty line.
      if (line === '') return true;
      continue;
    }
    const size = Number.parseInt(line, 16);
    framing.last = size === 0;
    framing.missing = size === 0 ? 0 : size + 2;
  }
  return false;
}
