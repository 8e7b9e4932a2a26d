/**
 * The PROXY protocol (HAProxy's proxy-protocol.txt), versions 1 and 2: from the first octets of a connection to whom a proxy says it is for. Knows no sockets
 * (proxied-connections.ts does), keeps nothing, never looks past what a header may have, and takes nothing that is not one to the letter.
 */
import ipaddr from 'ipaddr.js';
import { isIPv4, isIPv6 } from 'node:net';

export interface ProxiedClient {
  /** Undefined: nobody is named (LOCAL, UNKNOWN, what is not TCP over IP), the proxy itself asks. */ readonly address: string | undefined;
  /** The client came to the proxy by TLS. Only version 2 says so (PP2_TYPE_SSL). */ readonly secure: boolean;
}
export type ProxyHeader =
  /** So far it could be one. */
  | { readonly kind: 'partial' }
  | { readonly kind: 'whole'; /** Its length; what follows is the client's. */ readonly octets: number; readonly client: ProxiedClient }
  /** `reason` quotes nothing of it. */
  | { readonly kind: 'broken'; readonly reason: string };

/** With its CRLF (2.1). */
const LONGEST_LINE = 107;
/** Senders stay below 536 octets, where they name no certificates. */
const LONGEST_BLOCK = 4096;
const TEXT = Buffer.from('PROXY ');
const BINARY = Buffer.from('\r\n\r\n\0\r\nQUIT\n');
const BINARY_PREFIX = 16;
const TCP_LINE = /^PROXY TCP([46]) ([\dA-Fa-f.:]+) ([\dA-Fa-f.:]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/;
/** What follows is to be ignored, whatever it is. */
const UNKNOWN_LINE = /^PROXY UNKNOWN(?: [^\r\n]*)?$/;
const PARTIAL: ProxyHeader = { kind: 'partial' };
const ITSELF: ProxiedClient = { address: undefined, secure: false };
/** Of source and destination with their ports, by family: unspecified, IPv4, IPv6, UNIX. */
const ADDRESS_OCTETS = [0, 12, 36, 216] as const;
const SSL_TYPE = 0x20;
/** `client` and `verify` of a PP2_TYPE_SSL. */
const SSL_OCTETS = 5;

/** @param octets everything that came so far */
export function readProxyHeader(octets: Buffer): ProxyHeader {
  if (begins(octets, TEXT)) return octets.length < TEXT.length ? PARTIAL : readLine(octets.subarray(0, LONGEST_LINE));
  if (begins(octets, BINARY)) return octets.length < BINARY_PREFIX ? PARTIAL : readBlock(octets);
  return broken('it does not begin with a PROXY header');
}

function begins(octets: Buffer, signature: Buffer): boolean {
  const shared = Math.min(octets.length, signature.length);
  return octets.compare(signature, 0, shared, 0, shared) === 0;
}

/** Version 1 (2.1). */
function readLine(octets: Buffer): ProxyHeader {
  const end = octets.indexOf('\r\n');
  if (end < 0) return octets.length < LONGEST_LINE ? PARTIAL : broken('a line of version 1 that does not end');
  const line = octets.toString('latin1', 0, end);
  const whole = (client: ProxiedClient): ProxyHeader => ({ kind: 'whole', octets: end + 2, client });
  if (UNKNOWN_LINE.test(line)) return whole(ITSELF);
  const [, family, source = '', destination = '', ...ports] = TCP_LINE.exec(line) ?? [];
  const isAddress = family === '4' ? isIPv4 : isIPv6;
  if (!isAddress(source) || !isAddress(destination) || ports.some((port) => Number(port) > 65_535)) return broken('a line of version 1 that is none');
  return whole({ address: canonical(ipaddr.parse(source)), secure: false });
}

/** Version 2 (2.2). What is wrong is refused before the rest is waited for. */
function readBlock(octets: Buffer): ProxyHeader {
  const command = octets.readUInt8(12);
  const end = BINARY_PREFIX + octets.readUInt16BE(14);
  if (command !== 0x20 && command !== 0x21) return broken('another version than 2, or an unknown command');
  if (end > LONGEST_BLOCK) return broken('a block of version 2 that is too long');
  const unnamed: ProxyHeader = octets.length < end ? PARTIAL : { kind: 'whole', octets: end, client: ITSELF };
  // LOCAL: whatever else it says, family included, is to be skipped.
  if (command === 0x20) return unnamed;
  const [family, protocol] = [octets.readUInt8(13) >> 4, octets.readUInt8(13) & 0x0f];
  const addresses = BINARY_PREFIX + (ADDRESS_OCTETS[family] ?? Infinity);
  if (addresses === Infinity || protocol > 2) return broken('an unknown address family or protocol');
  if (addresses > end) return broken('addresses that are cut off');
  if (octets.length < end || (family !== 1 && family !== 2) || protocol !== 1) return unnamed;
  const secure = saysTls(octets.subarray(addresses, end));
  if (secure === undefined) return broken('extensions that are cut off');
  const address = octets.subarray(BINARY_PREFIX, BINARY_PREFIX + (family === 1 ? 4 : 16));
  return { kind: 'whole', octets: end, client: { address: canonical(ipaddr.fromByteArray([...address])), secure } };
}

/** Walks the type-length-values. Undefined: one of them is longer than its place. */
function saysTls(extensions: Buffer): boolean | undefined {
  let secure = false;
  for (let at = 0; at < extensions.length;) {
    if (at + 3 > extensions.length) return undefined;
    const end = at + 3 + extensions.readUInt16BE(at + 1);
    if (end > extensions.length) return undefined;
    if (extensions[at] === SSL_TYPE) {
      if (end - at - 3 < SSL_OCTETS) return undefined;
      secure = (extensions.readUInt8(at + 3) & 0x01) !== 0;
    }
    at = end;
  }
  return secure;
}

/** An IPv4 address in the dress of an IPv6 one is the former: rules and counts go by it. */
function canonical(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString();
}

function broken(reason: string): ProxyHeader {
  return { kind: 'broken', reason };
}
