/** `caladmin augments` beside a running server: what a directory cannot hold is laid over its records, for one principal or for a kind (R42, R43). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Dav } from '../dav.ts';
import { describeWithAll, execute } from '../programs.ts';
import type { Finished } from '../programs.ts';
import { root, startServerProcess } from '../server-process.ts';

const config = join(root, 'config', 'examples', 'open-directory.yaml');

describeWithAll(['slapd', 'ldapmodify', 'openssl'], 'augments over an LDAP directory', () => {
  let ldap: OpenLdap;
  let data: string;
  beforeAll(async () => {
    ldap = await startOpenLdap();
    data = await mkdtemp(join(tmpdir(), 'kalends-augments-'));
  });
  afterAll(async () => {
    await ldap[Symbol.asyncDispose]();
    await rm(data, { recursive: true, force: true });
  });
  const caladmin = (...args: readonly string[]): Promise<Finished> =>
    execute(process.execPath, [join(root, 'tools', 'caladmin', 'bin', 'caladmin.js'), '-f', config, '--data', data, '--json', 'augments', ...args], { env: ldap.env, milliseconds: 60_000 });
  const fine = async (...args: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await caladmin(...args);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  };

  it('shut out and let in within seconds, set how rooms answer and how much fits, and go again', async () => {
    await using server = await startServerProcess({ config, data, env: ldap.env });
    const dav = new Dav(server.url);
    const status = async (account: string): Promise<number> => (await dav.propfind('/', '<D:current-user-principal/>', { as: account, password: `${account}pw` })).status;
    const until = async (account: string, wanted: number): Promise<void> => {
      for (const end = Date.now() + 15_000; await status(account) !== wanted;) {
        if (Date.now() > end) throw new Error(`${account}: not ${String(wanted)} in time`);
        await delay(200);
      }
    };
    expect([await status('alice'), await status('bob')]).toEqual([207, 207]);
    await fine('set', '--user', 'alice', '--enabled', 'yes', '--quota', '5MiB');
    await fine('set', '--all', 'users', '--enabled', 'no');
    await until('bob', 401);
    expect(await status('alice')).toBe(207);
    const quota = await dav.propfind('/calendars/users/alice/', '<D:quota-available-bytes/>', { as: 'alice', password: 'alicepw' });
    expect(Number(/quota-available-bytes>(\d+)</.exec(quota.plain)?.[1])).toBeLessThanOrEqual(5 * 2 ** 20);
    expect(await fine('set', '--user', 'locations/room1', '--mode', 'decline-always', '--accept-group', 'groups/staff', '--server', 'cal2.example.test')).toMatchObject({
      for: 'locations/room1', augment: { schedule: { mode: 'decline-always', acceptGroup: '20000000-0000-0000-0000-000000000001' }, server: 'cal2.example.test' },
    });
    expect(await fine('list')).toHaveLength(3);
    await fine('clear', '--all', 'users');
    await until('bob', 207);
  });

  it('refuse what is no mode, nobody, or nothing, with a sentence', async () => {
    for (const [args, sentence] of [
      [['set', '--user', 'alice', '--mode', 'perhaps'], /mode/], [['set', '--user', 'nobody', '--enabled', 'no'], /nobody in the directory is called nobody/], [['set', '--user', 'alice'], /say what is to be set/],
      [['set', '--all', 'robots', '--enabled', 'no'], /is no kind/], [['set', '--enabled', 'no'], /name somebody/], [['set', '--user', 'alice', '--quota', 'much'], /expected octets/],
    ] as const) {
      const { code, stderr } = await caladmin(...args);
      expect(code, args.join(' ')).not.toBe(0);
      expect(stderr).toMatch(sentence);
    }
  });
});
