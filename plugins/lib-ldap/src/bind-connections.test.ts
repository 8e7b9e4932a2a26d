/** Which connections are kept between two log-ins, and that none outlives the pool. */
import type { Clock } from '@kalends/contracts';
import { describe, expect, it, vi } from 'vitest';
import { BindConnections } from './bind-connections.ts';
import type { LdapConnection } from './connection.ts';

const clock: Clock = { now: () => 0, monotonic: () => 0, after: () => Promise.resolve() };
const connection = () => ({ usable: true, openedAt: 0, server: { url: 'ldaps://one' }, close: vi.fn(() => Promise.resolve()) });
const given = (one: ReturnType<typeof connection>): LdapConnection => one as unknown as LdapConnection;

describe('connections for binds', () => {
  it('are closed where one was out when all were closed, and comes back', async () => {
    const [kept, out] = [connection(), connection()];
    const connections = new BindConnections(2, clock);
    for (const one of [kept, out]) connections.keep(given(one));
    expect(connections.take(undefined)).toBe(out);
    await connections.close();
    expect([kept.close.mock.calls.length, out.close.mock.calls.length]).toEqual([1, 0]);
    connections.keep(given(out));
    expect([out.close.mock.calls.length, connections.take(undefined)]).toEqual([1, undefined]);
  });
});
