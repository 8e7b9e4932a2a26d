/** Connections on which passwords are proved: kept between log-ins, for nothing but that, and never longer than they are any good. */
import type { Clock } from '@kalends/contracts';
import { systemClock } from '@kalends/testkit';
import { startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithAll } from '../programs.ts';
import { setUpOpenDirectory } from './set-up.ts';

describeWithAll(['slapd', 'ldapmodify', 'openssl'], 'proving passwords by a bind', () => {
  let ldap: OpenLdap;
  beforeAll(async () => { ldap = await startOpenLdap(); });
  afterAll(async () => { await ldap?.[Symbol.asyncDispose](); });

  /** Connections since the last look: those that people were bound on, and those that were searched on. */
  const used = async (): Promise<{ readonly binding: ReadonlySet<string>; readonly searching: ReadonlySet<string> }> => {
    const lines = await ldap.operations();
    const of = (what: RegExp): ReadonlySet<string> => new Set(lines.flatMap((line) => (what.test(line) ? [/ (conn=\d+) /.exec(line)![1]!] : [])));
    return { binding: of(/ BIND dn="(?:uid=alice|uid=bob|cn=[^"]*,dc=example)[^"]*" method/), searching: of(/ SRCH base/) };
  };

  it('takes one connection for many people, right and wrong, and none that is searched on', async () => {
    await using parts = await setUpOpenDirectory(ldap);
    const { credentials } = parts;
    await used();
    for (let time = 0; time < 3; time++) {
      expect(await credentials.verify('alice', 'alicepw')).toMatchObject({ principal: expect.any(String) as string });
      expect(await credentials.verify('alice', 'bobpw')).toBe('no');
      expect(await credentials.verify('nobody-at-all', 'bobpw')).toBe('unknown-account');
      expect(await credentials.verify('bob', 'bobpw')).toMatchObject({ principal: expect.any(String) as string });
      // Whoever was bound last gives nothing to the next.
      expect(await credentials.verify('alice', '')).toBe('no');
    }
    const { binding, searching } = await used();
    expect(binding.size).toBe(1);
    expect([...searching].filter((connection) => binding.has(connection))).toEqual([]);
  });

  it('takes connections of their own for people at once, and keeps no more than the config says', async () => {
    await using parts = await setUpOpenDirectory(ldap, { connections: 2 });
    await used();
    await Promise.all(Array.from({ length: 8 }, () => parts.credentials.verify('alice', 'alicepw')));
    expect((await used()).binding.size).toBeGreaterThan(2);
    await Promise.all(Array.from({ length: 2 }, () => parts.credentials.verify('alice', 'alicepw')));
    expect((await used()).binding.size).toBe(2);
  });

  it('opens a new one after a while, and where the server was restarted meanwhile', async () => {
    let later = 0;
    const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + later };
    await using parts = await setUpOpenDirectory(ldap, {}, clock);
    const log = async (): Promise<readonly string[]> => {
      expect(await parts.credentials.verify('alice', 'alicepw')).toMatchObject({ principal: expect.any(String) as string });
      return [...(await used()).binding];
    };
    await used();
    const first = await log();
    expect(await log()).toEqual(first);
    later += 31_000;
    const second = await log();
    expect(second).not.toEqual(first);
    await ldap.stop();
    await ldap.start();
    expect(await log()).toHaveLength(1);
  });
});
