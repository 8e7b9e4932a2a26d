/**
 * What counts as one client when failures are counted (R45): an IPv4 address, or an IPv6 network of 64 bits, the smallest that anybody is given. Who has one could
 * otherwise guess from 2^64 addresses.
 */
import ipaddr from 'ipaddr.js';

/** As `192.0.2.7` or `2001:db8:1:2::/64`; what is no address stays as it is. */
export function clientNetwork(address: string): string {
  const [bare = ''] = address.split('%');
  if (!ipaddr.isValid(bare)) return address;
  const parsed = ipaddr.process(bare);
  return parsed instanceof ipaddr.IPv6 ? `${new ipaddr.IPv6([...parsed.parts.slice(0, 4), 0, 0, 0, 0]).toString()}/64` : parsed.toString();
}
