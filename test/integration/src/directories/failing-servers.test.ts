/** Several directory servers of which one hangs, and a reading account that is refused while in use: against real OpenLDAPs. */
import { readFile } from 'node:fs/promises';
import type { PrincipalId } from '@kalends/contracts';
import { startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithAll } from '../programs.ts';
import { setUpOpenDirectory } from './set-up.ts';
import type { DirectoryParts } from './set-up.ts';

describeWithAll(['slapd', 'ldapmodify', 'openssl'], 'two directory servers', () => {
  let [first, second]: [OpenLdap, OpenLdap] = [undefined as unknown as OpenLdap, undefined as unknown as OpenLdap];
  let ca: string;
  beforeAll(async () => {
    [first, second] = await Promise.all([startOpenLdap(), startOpenLdap()]);
    ca = (await Promise.all([first, second].map((one) => readFile(one.ca, 'utf8')))).join('\n');
  });
  afterAll(async () => {
    await first?.[Symbol.asyncDispose]();
    await second?.[Symbol.asyncDispose]();
  });
  const set = (more: Readonly<Record<string, unknown>> = {}): Promise<DirectoryParts> => setUpOpenDirectory(first, { url: [first.url, second.url], ca, 'timeout-seconds': 1, ...more });

  it('of which the first hangs in the middle: whoever asks just then is answered by the second', async () => {
    await using parts = await set();
    expect((await parts.source.findByAccount('alice'))?.names).toEqual(['alice']);
    first.freeze();
    try {
      const began = Date.now();
      const asked = await Promise.allSettled(['alice', 'bob', 'zoe', 'nobody-at-all'].map((account) => parts.source.findByAccount(account)));
      expect(asked.map((one) => (one.status === 'fulfilled' ? one.value?.names[0] : String(one.reason)))).toEqual(['alice', 'bob', 'zoe', undefined]);
      expect(await parts.credentials.verify('bob', 'bobpw')).not.toBe('unavailable');
      expect(Date.now() - began).toBeLessThan(30_000);
      const groups = await parts.source.groupsOf((await parts.source.findByAccount('bob'))!.id);
      expect(groups.size).toBe(2);
    } finally {
      first.thaw();
    }
  });

  it('of which one refuses connections and one hangs are away: neither an answer nor for ever', async () => {
    await using parts = await set({ url: ['ldap://127.0.0.1:9', second.url] });
    second.freeze();
    try {
      const began = Date.now();
      await expect(parts.source.findByAccount('alice')).rejects.toThrow(/not answered in time|timed out/);
      expect(await parts.credentials.verify('alice', 'alicepw')).toBe('unavailable');
      expect(Date.now() - began).toBeLessThan(30_000);
    } finally {
      second.thaw();
    }
  });

  it('that change the reading account\'s password: questions go on, and new connections try it once in a while, not a thousand times', async () => {
    await using parts = await set({ url: [first.url] });
    expect((await parts.source.findByAccount('alice'))?.names).toEqual(['alice']);
    await first.change(`dn: ${first.bindDn}\nchangetype: modify\nreplace: userPassword\nuserPassword: another\n`);
    try {
      expect((await parts.source.findByAccount('bob'))?.names, 'the open connection is good').toEqual(['bob']);
      await first.stop();
      await first.start();
      await first.operations();
      for (let time = 0; time < 20; time++) {
        await expect(parts.source.findByAccount('zoe')).rejects.toThrow(/refuses the bind-dn or its password/);
        expect(await parts.credentials.verify('alice', 'alicepw')).toBe('unavailable');
      }
      expect((await first.operations()).filter((line) => line.includes(`BIND dn="${first.bindDn}" method`))).toHaveLength(1);
      expect(parts.logged.filter((line) => line.includes('does not let this server read it'))).toHaveLength(1);
    } finally {
      await first.change(`dn: ${first.bindDn}\nchangetype: modify\nreplace: userPassword\nuserPassword: ${first.bindPassword}\n`);
    }
  });

  it('that no longer let it read: that is no "nobody"', async () => {
    await using parts = await set({ url: [second.url], base: 'dc=example,dc=test', users: { base: 'cn=hidden' } });
    expect(await parts.source.findByAccount('alice'), 'a container that is not there').toBeUndefined();
    await using anonymous = await set({ url: [second.url], 'bind-dn': undefined, 'bind-password': undefined });
    await expect(anonymous.source.findByAccount('alice')).rejects.toThrow(/may not be read/);
    await expect(anonymous.source.groupsOf('10000000-0000-0000-0000-000000000002' as PrincipalId)).rejects.toThrow(/may not be read/);
  });
});
