/**
 * Who is at the other end of the connection: the peer itself or, behind a proxy that the config trusts, the client it names (RFC 7239 is not what proxies send;
 * `X-Forwarded-For` and `X-Forwarded-Proto` are). From anybody else these fields mean nothing.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import type { TLSSocket } from 'node:tls';

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
      const [address = '', prefix] = network.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  client({ socket, headers }: IncomingMessage): Client {
    const peer = socket.remoteAddress ?? '';
    const encrypted = (socket as Partial<TLSSocket>).encrypted === true;
    if (!this.#any || !this.#trusts(peer)) return { address: peer, secure: encrypted, throughProxy: false };
    const proto = String(headers['x-forwarded-proto'] ?? '').split(',').at(-1)!.trim().toLowerCase();
    return { address: this.#named(headers['x-forwarded-for']) ?? peer, secure: encrypted || proto === 'https', throughProxy: true };
  }

  /** The last address in the field that is not itself one of ours: what stands before it anybody may have written. */
  #named(field: string | readonly string[] | undefined): string | undefined {
    const addresses = String(field ?? '').split(',').map((address) => address.trim()).filter((address) => address !== '');
    return addresses.findLast((address) => !this.#trusts(address)) ?? addresses[0];
  }

  #trusts(address: string): boolean {
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
    return this.#list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  }
}
