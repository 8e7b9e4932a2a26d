import type { AuthRequest } from '@kalends/contracts';
import { BlockList } from 'node:net';
import { describe, expect, it } from 'vitest';
import plugin from './index.ts';
import { AnyPolicy } from './any-policy.ts';

function request(address: string, agent?: string): AuthRequest {
  return { method: 'GET', target: '/', headers: agent === undefined ? {} : { 'user-agent': agent }, secure: true, address, connection: undefined };
}

describe('AnyPolicy', () => {
  it('offers what is configured, strongest first', () => {
    expect(new AnyPolicy([]).offer(request('192.0.2.1'), ['Basic', 'Bearer', 'Digest', 'Negotiate'])).toEqual(['Negotiate', 'Digest', 'Bearer', 'Basic']);
  });

  it('withholds a scheme by network', () => {
    const networks = new BlockList();
    networks.addSubnet('10.0.0.0', 8, 'ipv4');
    const policy = new AnyPolicy([{ networks, agent: undefined, withhold: ['Negotiate'] }]);
    expect(policy.offer(request('10.1.2.3'), ['Negotiate', 'Basic'])).toEqual(['Basic']);
    expect(policy.offer(request('::ffff:10.1.2.3'), ['Negotiate', 'Basic'])).toEqual(['Basic']);
    expect(policy.offer(request('192.0.2.1'), ['Negotiate', 'Basic'])).toEqual(['Negotiate', 'Basic']);
  });

  it('withholds a scheme by user agent, any case', () => {
    const policy = new AnyPolicy([{ networks: undefined, agent: 'davx5', withhold: ['Digest'] }]);
    expect(policy.offer(request('192.0.2.1', 'DAVx5/4.4'), ['Digest', 'Basic'])).toEqual(['Basic']);
    expect(policy.offer(request('192.0.2.1'), ['Digest', 'Basic'])).toEqual(['Digest', 'Basic']);
  });

  it('refuses a network that is none, in the config', () => {
    for (const network of ['10.0.0.0/33', 'example.com', '10.0.0.0/8/8', '10.0.0.0/']) {
      expect(plugin.config.safeParse({ except: [{ networks: [network], withhold: ['Basic'] }] }).success).toBe(false);
    }
    expect(plugin.config.safeParse({ except: [{ networks: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'], withhold: ['Basic'] }] }).success).toBe(true);
  });
});
