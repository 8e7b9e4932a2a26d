/** One entry of `listen`, as people write it: an address, or a mapping where more is to be said of it. */
import { z } from 'zod';
import { readAddress } from './listen.ts';
import type { Address } from './listen.ts';

const where = z.string().min(1);
const HOW = 'host:port, [v6]:port or port; http:// or https:// before it says which, else there is TLS if a certificate is given.';

export const listenEntry = z.union([
  where.describe(HOW),
  z.strictObject({
    at: where.describe(HOW),
    'proxy-protocol': z.boolean().default(false).describe('Each connection begins with a header of the PROXY protocol (version 1 or 2), and comes from one of the trusted-proxies; others are closed.'),
  }),
]);
export type ListenEntry = z.output<typeof listenEntry>;

/** @throws Error for an address that is none */
export function readListenEntry(entry: ListenEntry, secure: boolean): Address {
  if (typeof entry === 'string') return readAddress(entry, secure);
  const address = readAddress(entry.at, secure);
  return entry['proxy-protocol'] ? { ...address, proxyProtocol: true } : address;
}

/** The other way round. */
export function writeListenEntry({ secure, host, port, proxyProtocol = false }: Address): ListenEntry {
  const shown = host === undefined ? '*' : host.includes(':') ? `[${host}]` : host;
  const at = `${secure ? 'https' : 'http'}://${shown}:${String(port)}`;
  return proxyProtocol ? { at, 'proxy-protocol': true } : at;
}
