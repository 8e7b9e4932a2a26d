import { describe, expect, it } from 'vitest';
import { clientNetwork } from './client-network.ts';

describe('what counts as one client (R45)', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'], ['::ffff:192.0.2.7', '192.0.2.7'], ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'], ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80::/64'], ['::1', '::/64'], ['unix socket', 'unix socket'], ['', ''],
  ])('%j is %j', (address, network) => {
    expect(clientNetwork(address)).toBe(network);
  });
});
