/** Directory servers that are none: one that says what a test makes it say, octet by octet, and one that stands between us and a real one. Loopback, ports of their own. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsOptions } from 'node:tls';

/** ASN.1 BER (X.690), as far as LDAP needs it (RFC 4511 §5.1). */
export function ber(tag: number, ...contents: readonly (Buffer | string)[]): Buffer {
  const content = Buffer.concat(contents.map((each) => Buffer.from(each as string)));
  const length = content.length < 128 ? Buffer.from([content.length]) : Buffer.from([0x84, ...[24, 16, 8, 0].map((shift) => (content.length >> shift) & 0xff)]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
}
const number = (value: number): Buffer => (value < 128 ? ber(2, Buffer.from([value])) : ber(2, Buffer.from([value >> 8, value & 0xff])));

export const BIND = 0x60;
export const SEARCH = 0x63;
export const EXTENDED = 0x77;

export interface Asked { readonly id: number; /** `BIND`, `SEARCH`, `EXTENDED` or another tag. */ readonly operation: number }

export const message = (id: number, operation: Buffer): Buffer => ber(0x30, number(id), operation);
/** `tag`: 0x61 to a bind, 0x65 to a search, 0x78 to an extended operation. */
export const result = (id: number, tag: number, code = 0, text = ''): Buffer => message(id, ber(tag, ber(10, Buffer.from([code])), ber(4), ber(4, text)));
export const entry = (id: number, dn: string, attributes: Readonly<Record<string, readonly (string | Buffer)[]>>): Buffer =>
  message(id, ber(0x64, ber(4, dn), ber(0x30, ...Object.entries(attributes).map(([name, values]) => ber(0x30, ber(4, name), ber(0x31, ...values.map((value) => ber(4, value))))))));
/** RFC 4511 §4.4.1. */
export const disconnection = (): Buffer => message(0, ber(0x78, ber(10, Buffer.from([52])), ber(4), ber(4, 'going down'), ber(0x8a, '1.3.6.1.4.1.1466.20036')));

export interface FalseLdap extends AsyncDisposable { readonly url: string; /** All that was asked, over all connections. */ readonly asked: readonly Asked[] }

/** Says yes to every bind, but as `answer` does: true, it has done so. `tls`: ldaps at localhost. `port`: 0 for a free one. */
export async function startFalseLdap(answer: (asked: Asked, socket: Socket) => boolean, { tls, port = 0 }: { readonly tls?: TlsOptions; readonly port?: number } = {}): Promise<FalseLdap> {
  const asked: Asked[] = [];
  const { url, stop } = await listen((socket) => {
    let left = Buffer.alloc(0);
    socket.on('data', (data) => {
      left = Buffer.concat([left, data]);
      // Else it is TLS, which is not spoken here.
      for (let size = sizeOf(left); left[0] === 0x30 && size !== undefined && left.length >= size; size = sizeOf(left)) {
        const one = readAsked(left.subarray(0, size));
        left = left.subarray(size);
        asked.push(one);
        if (!answer(one, socket) && one.operation === BIND) socket.write(result(one.id, 0x61));
      }
    });
  }, { tls, port });
  return { url, asked, [Symbol.asyncDispose]: stop };
}

/** Between a client and the server at `port`: `meddle` is given what the server says first (its answer to StartTLS), and says what the client hears instead. */
export async function startMeddler(port: number, meddle: (first: Buffer) => Buffer): Promise<{ readonly url: string } & AsyncDisposable> {
  const { url, stop } = await listen((socket) => {
    const server = connect(port, '127.0.0.1');
    server.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.on('close', () => server.destroy());
    socket.pipe(server);
    server.once('data', (first) => {
      socket.write(meddle(first));
      server.pipe(socket);
    });
  });
  return { url, [Symbol.asyncDispose]: stop };
}

async function listen(serve: (socket: Socket) => void, { tls, port }: { readonly tls?: TlsOptions | undefined; readonly port: number } = { port: 0 }): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const taken = (socket: Socket): void => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    serve(socket);
  };
  const server: Server = (tls === undefined ? createServer(taken) : createTlsServer(tls, taken).on('tlsClientError', () => undefined)).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${tls === undefined ? 'ldap://127.0.0.1' : 'ldaps://localhost'}:${String((server.address() as AddressInfo).port)}`,
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** Undefined: the length is not there yet. */
function sizeOf(octets: Buffer): number | undefined {
  const first = octets[1];
  if (first === undefined) return undefined;
  if (first < 128) return 2 + first;
  const count = first & 0x7f;
  return octets.length < 2 + count ? undefined : 2 + count + octets.readUIntBE(2, count);
}

function readAsked(octets: Buffer): Asked {
  const at = octets[1]! < 128 ? 2 : 2 + (octets[1]! & 0x7f);
  const length = octets[at + 1]!;
  return { id: octets.readUIntBE(at + 2, length), operation: octets[at + 2 + length]! };
}
