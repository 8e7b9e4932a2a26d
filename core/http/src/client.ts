/**
 * Who is at the other end of the connection: the peer itself or, behind a proxy that the config trusts, the client it names, by the PROXY protocol or by fields
 * (RFC 7239 is not what proxies send; `X-Forwarded-For` and `X-Forwarded-Proto` are). From anybody else these fields mean nothing, and so from whom the PROXY
 * protocol names, unless that is one of those proxies in turn.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { proxiedClientOf } from './proxied-connections.ts';

export interface Client {
  readonly address: string;
  /** TLS, or a trusted proxy said so. */ readonly secure: boolean;
  readonly throughProxy: boolean;
}

export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #any: boolean;

  /** Addresses, or networks as `10.0.0.0/8`. @throws Error for what is neither */
  constructor(networks: readonly string[]) {
    this.#any = networks.length > 0;
    for (const network of networks) {
      const [, address, prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(network) ?? [];
      if (address === undefined) throw new Error(`${JSON.stringify(network)} is neither an address nor a network`);
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  client({ socket, headers }: IncomingMessage): Client {
    const peer = peerOf(socket);
    if (!this.#any) return peer;
    const speaker = peer.throughProxy ? proxiedClientOf(socket)?.address : peer.address;
    // Where the PROXY protocol names nobody, it may be anybody who found a way to the proxy.
    if (speaker === undefined || !this.trusts(speaker)) return peer;
    const proto = String(headers['x-forwarded-proto'] ?? '').split(',').at(-1)!.trim().toLowerCase();
    return { address: this.#named(headers['x-forwarded-for']) ?? peer.address, secure: peer.secure || proto === 'https', throughProxy: true };
  }

  /** The last address in the field that is not itself one of ours: what stands before it anybody may have written. */
  #named(field: string | readonly string[] | undefined): string | undefined {
    const addresses = String(field ?? '').split(',').map((address) => withoutPort(address.trim())).filter((address) => address !== '');
    return addresses.findLast((address) => !this.trusts(address)) ?? addresses[0];
  }

  trusts(address: string): boolean {
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
    return this.#list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  }
}

/** Whom a connection is for, before any field of its requests is looked at. */
export function peerOf(socket: Socket): Client {
  const encrypted = (socket as Partial<TLSSocket>).encrypted === true;
  const proxied = proxiedClientOf(socket);
  if (proxied === undefined) return { address: socket.remoteAddress ?? '', secure: encrypted, throughProxy: false };
  return { address: proxied.address ?? socket.remoteAddress ?? '', secure: encrypted || proxied.secure, throughProxy: true };
}

/** Some proxies add the client's port, which is another for each connection: failures would be counted against nobody. */
function withoutPort(text: string): string {
  const [, bracketed, dotted] = /^(?:\[([\da-f:.]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/i.exec(text) ?? [];
  return bracketed ?? dotted ?? text;
}
