/**
 * "Any" authentication: each configured scheme is offered, strongest first, less what the config excepts by network or user agent. The client chooses.
 * It never means "accept anyone" (that is `anonymous` in the server's config).
 */
import { authenticationPolicy } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { BlockList } from 'node:net';
import { z } from 'zod';
import { AnyPolicy } from './any-policy.ts';

const scheme = z.enum(['Negotiate', 'Digest', 'Basic']);
const config = z.strictObject({
  except: z.array(z.strictObject({
    networks: z.array(z.string().refine((text) => addNetwork(new BlockList(), text), 'an address such as 192.0.2.7, or a network such as 10.0.0.0/8')).default([])
      .describe('Client addresses or networks this exception is for; empty: all.'),
    'user-agent': z.string().optional().describe('Text that the User-Agent must contain, any case; left out: all.'),
    withhold: z.array(scheme).min(1).describe('Schemes that are not offered to these clients.'),
  })).default([]).describe('Clients to whom fewer schemes are offered.'),
});

export default definePlugin({
  name: '@kalends/auth-any',
  api: 1,
  summary: 'Offers every configured authentication scheme, strongest first, with exceptions by network or client.',
  config,
  provides: { policy: authenticationPolicy },
  requires: {},

  setup({ config }) {
    const exceptions = config.except.map(({ networks, 'user-agent': agent, withhold }) => {
      const list = new BlockList();
      for (const network of networks) addNetwork(list, network);
      return { networks: networks.length === 0 ? undefined : list, agent: agent?.toLowerCase(), withhold };
    });
    return { policy: new AnyPolicy(exceptions) };
  },
});

/** False when `text` is neither an address nor a network. */
function addNetwork(list: BlockList, text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  try {
    if (more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false;
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
    return true;
  } catch {
    return false;
  }
}
