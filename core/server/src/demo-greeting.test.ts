import { describe, expect, it } from 'vitest';
import { shippedConfig } from './config-files.ts';
import { demoGreeting } from './demo-greeting.ts';

describe('demoGreeting', () => {
  it('tells the address, the accounts, a command that works and how to add it to clients', async () => {
    const text = await demoGreeting({ url: 'http://127.0.0.1:9000/' }, shippedConfig('examples/demo-directory.yaml'));
    expect(text).toContain('running at http://127.0.0.1:9000/');
    expect(text).toContain('admin, alice, bob, carol');
    expect(text).toContain("curl -u alice:alice -X PROPFIND -H 'Depth: 1' http://127.0.0.1:9000/calendars/users/alice/");
    for (const client of ['Apple Calendar', 'Thunderbird', 'DAVx5']) expect(text).toContain(client);
  });
});
