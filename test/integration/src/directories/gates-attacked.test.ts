/** The two gates while somebody leans on them: lists that name nobody, groups that go, leavers with other keys, a directory that is away. Against a real OpenLDAP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appleDirectory, startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Dav, NAMESPACES } from '../dav.ts';
import { describeWithAll } from '../programs.ts';
import { runCaladmin, startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';
import { searchPrincipals } from './calendar-flow.ts';

const PATIENCE = { timeout: 20_000, interval: 500 };

describeWithAll(['slapd', 'ldapmodify', 'openssl'], 'the gates', () => {
  let ldap: OpenLdap;
  let folder: string;
  beforeAll(async () => {
    ldap = await startOpenLdap({ data: appleDirectory });
    folder = await mkdtemp(join(tmpdir(), 'kalends-gates-'));
  });
  afterAll(async () => {
    await ldap?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const configured = async (...lines: readonly string[]): Promise<string> => {
    const config = join(await mkdtemp(join(folder, 'config-')), 'caldavd.yaml');
    await writeFile(config, [
      ...lines, 'plugins:', '  storage: { use: storage-flat-file }', '  app-passwords: { use: app-passwords }', '  people:', '    use: directory-open-directory',
      `    with: { url: "${ldap.url}", base: "${ldap.base}", bind-dn: "${ldap.bindDn}", bind-password: "${ldap.bindPassword}", ca: "${ldap.ca}", timeout-seconds: 1, refresh-seconds: 1, users: { disabled: { attribute: calStatus, values: [disabled] } } }`,
      '  basic: { use: auth-basic }', '',
    ].join('\n'));
    return config;
  };
  const start = async (...lines: readonly string[]): Promise<ServerProcess> => startServerProcess({ config: await configured(...lines) });
  const status = ({ url }: ServerProcess, account: string, path = '/', password = `${account}pw`): Promise<number> => new Dav(url).propfind(path, '<D:displayname/>', { as: account, password }).then((answer) => answer.status);

  it('open to nobody by a list that is empty, and by one that names nobody there is', async () => {
    await using empty = await start('access-list: []', 'admins: []');
    expect([await status(empty, 'alice'), await status(empty, 'bob')]).toEqual([403, 403]);
    await using wrong = await start('access-list: [users/no-such, groups/no-such, no-such-id, "users/*", "users/"]', 'admins: ["users/*", "groups/"]');
    expect([await status(wrong, 'alice'), await status(wrong, 'bob')]).toEqual([403, 403]);
    expect(wrong.output()).toMatch(/somebody whom the config lists is in no directory.*users\/no-such/);
  });

  it('follow a group within refresh-seconds, for users and administrators, and shut when it goes', async () => {
    await using server = await start('access-list: [groups/staff, users/zoe]', 'admins: [groups/engineers]');
    expect([await status(server, 'alice'), await status(server, 'bob'), await status(server, 'zoe')]).toEqual([207, 207, 207]);
    expect(await status(server, 'bob', '/calendars/users/alice/calendar/')).toBe(207);
    const engineers = `cn=engineers,cn=groups,${ldap.base}`;
    await ldap.change(`dn: ${engineers}\nchangetype: modify\nreplace: memberUid\nmemberUid: zoe\n`);
    await expect.poll(() => status(server, 'bob'), PATIENCE).toBe(403);
    await expect.poll(() => status(server, 'zoe', '/calendars/users/alice/calendar/'), PATIENCE).toBe(207);
    await ldap.change(`dn: ${engineers}\nchangetype: delete\n`);
    await expect.poll(() => status(server, 'zoe', '/calendars/users/alice/calendar/'), PATIENCE).toBe(403);
    expect(await status(server, 'zoe')).toBe(207);
    await ldap.change(`dn: cn=staff,cn=groups,${ldap.base}\nchangetype: modrdn\nnewrdn: cn=everybody\ndeleteoldrdn: 1\n`);
    await expect.poll(() => status(server, 'alice'), PATIENCE).toBe(403);
    await ldap.change(`dn: cn=everybody,cn=groups,${ldap.base}\nchangetype: modrdn\nnewrdn: cn=staff\ndeleteoldrdn: 1\n`);
    await expect.poll(() => status(server, 'alice'), PATIENCE).toBe(207);
  }, 90_000);

  it('stay shut to a leaver, whatever an augment says, and whatever else he can prove himself with', async () => {
    const config = await configured();
    const data = await mkdtemp(join(folder, 'data-'));
    const admin = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCaladmin({ data, config }, ...args);
      expect(code, stderr).toBe(0);
      return stdout;
    };
    await using server = await startServerProcess({ config, data });
    const phone = (JSON.parse(await admin('app-passwords', 'add', 'phone', '--user', 'zoe', '--json')) as { readonly password: string }).password;
    expect([await status(server, 'zoe'), await status(server, 'zoe', '/', phone)]).toEqual([207, 207]);
    await admin('augments', 'set', '--user', 'zoe', '--enabled', 'yes');
    await ldap.change(`dn: uid=zoe,cn=users,${ldap.base}\nchangetype: modify\nreplace: calStatus\ncalStatus: disabled\n`);
    await expect.poll(() => status(server, 'zoe', '/', phone), PATIENCE).toBe(401);
    expect(await status(server, 'zoe')).toBe(401);
    await admin('augments', 'set', '--user', 'off', '--enabled', 'yes');
    expect(await status(server, 'off')).toBe(401);
    await ldap.change(`dn: uid=zoe,cn=users,${ldap.base}\nchangetype: modify\nreplace: calStatus\ncalStatus: active\n`);
    await expect.poll(() => status(server, 'zoe', '/', phone), PATIENCE).toBe(207);
  }, 90_000);

  it('are not opened, nor is anybody taken for gone, by a directory that is away: 503, with a time to come again', async () => {
    await using server = await start();
    const dav = new Dav(server.url);
    const as = { as: 'alice', password: 'alicepw' };
    expect(await status(server, 'alice')).toBe(207);
    await ldap.stop();
    try {
      const answers = {
        'a stranger\'s log-in': await dav.propfind('/', '<D:displayname/>', { as: 'bob', password: 'bobpw' }),
        'a principal nobody asked for': await dav.propfind('/principals/users/off/', '<D:displayname/>', as),
        'a home nobody asked for': await dav.propfind('/calendars/users/off/', '<D:displayname/>', as),
        'a search': await searchPrincipals(dav, as, 'Bob'),
        'a listing': await dav.propfind('/principals/users/', '<D:displayname/>', { ...as, depth: '1' }),
        'the members of a group': await dav.propfind('/principals/groups/staff/', '<D:group-member-set/>', as),
        'a set of principals': await dav.report('/principals/', `<D:principal-search-property-set ${NAMESPACES}/>`, { ...as, depth: '0' }),
      };
      const seen = Object.entries(answers).map(([what, { status: code, headers }]) => `${what}: ${String(code)} ${/^\d+$/.test(headers.get('retry-after') ?? '') ? 'later' : ''}`);
      expect(seen.slice(0, -1)).toEqual(Object.keys(answers).slice(0, -1).map((what) => `${what}: 503 later`));
      expect(answers['a set of principals'].status, 'which asks nobody').toBe(200);
      expect(await status(server, 'alice'), 'who is known').toBe(207);
    } finally {
      await ldap.start();
    }
    await expect.poll(() => status(server, 'bob'), PATIENCE).toBe(207);
  }, 90_000);
});
