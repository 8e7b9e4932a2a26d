/** Which addresses only this machine can reach. */
import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** `undefined` means every interface. A name is believed only when it is `localhost`: what another resolves to may change. */
export function isLoopback(host: string | undefined): boolean {
  if (host === undefined) return false;
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(bare);
  return family === 0 ? bare.toLowerCase() === 'localhost' : LOOPBACK.check(bare, family === 6 ? 'ipv6' : 'ipv4');
}
