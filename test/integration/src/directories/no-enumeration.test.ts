/**
 * A file and an OpenLDAP in one deployment (R45): a refusal is the same work at the directory server whoever is meant, and no server is shown what somebody of another
 * directory typed. Counted in slapd's own log. How long each takes is measured by test/integration/src/directories/refusal-times.ts.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setPassword } from '@kalends/directory-file';
import { record, startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithAll, execute } from '../programs.ts';
import { startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';

let ldap: OpenLdap;
let folder: string;

async function deployment(order: readonly ('file' | 'ldap')[]): Promise<ServerProcess> {
  const config = join(folder, `${order.join('-')}.yaml`);
  const plugins = {
    file: '  people: { use: directory-file, with: { file: ./people.yaml } }',
    ldap: '  ldap: { use: directory-open-directory, with: { url: { env: LDAP_URL }, base: { env: LDAP_BASE }, bind-dn: { env: LDAP_BIND_DN }, bind-password: { env: LDAP_BIND_PW }, ca: { env: LDAP_CA }, users: { enabled: { attribute: calStatus, values: [active] } }, digest: { realm: Kalends, sha-256: carLicense } } }',
  };
  await writeFile(config, ['plugins:', '  storage: { use: storage-flat-file }', ...order.map((name) => plugins[name]), '  digest: { use: auth-digest }', '  basic: { use: auth-basic }', '  app-passwords: { use: app-passwords }', ''].join('\n'));
  return startServerProcess({ config, env: ldap.env });
}

/** What slapd was asked meanwhile: so many searches, and who was bound. */
async function asked(run: () => Promise<unknown>): Promise<{ readonly searches: number; readonly binds: readonly string[] }> {
  await ldap.operations();
  await run();
  const lines = await ldap.operations();
  // The reading account's own connections come and go as they like.
  return { searches: lines.filter((line) => / SRCH base=/.test(line)).length, binds: lines.flatMap((line) => / BIND dn="([^"]*)" method=/.exec(line)?.[1] ?? []).filter((dn) => dn !== ldap.bindDn).map((dn) => dn.replace(/cn=[0-9a-f]{18},/, 'cn=nobody,')) };
}

const curl = async (url: string, scheme: string, account: string, password: string): Promise<string> =>
  (await execute('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', scheme, '-u', `${account}:${password}`, '-X', 'PROPFIND', '-H', 'Depth: 0', `${url}/`])).stdout;

describeWithAll(['slapd', 'ldapmodify', 'openssl', 'curl'], 'a wrong password, with a file and an OpenLDAP', () => {
  beforeAll(async () => {
    ldap = await startOpenLdap();
    folder = await mkdtemp(join(tmpdir(), 'kalends-both-'));
    const file = join(folder, 'people.yaml');
    await writeFile(file, ['users:', ...['fay', 'bob', 'shut'].map((name, at) => `  - { id: f0000000-0000-4000-8000-00000000000${String(at)}, name: ${name}, enabled: ${String(name !== 'shut')} }`), ''].join('\n'));
    for (const user of ['fay', 'bob', 'shut']) await setPassword({ file, user, password: 'fay-password', realms: ['Kalends'] });
    await ldap.change(record(`uid=alice,cn=users,${ldap.base}`, { changetype: 'modify', replace: 'carLicense', carLicense: `alice:Kalends:${'ab'.repeat(32)}` }));
  });
  afterAll(async () => {
    await ldap?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([['file', 'ldap'], ['ldap', 'file']] as const)('is one search and one bind for everybody and nobody, and one search with Digest (%s first)', async (...order) => {
    await using server = await deployment(order);
    expect(await curl(server.url, '--basic', 'alice', 'alicepw')).toBe('207');
    for (const account of ['fay', 'shut', 'alice', 'off', 'nobody']) {
      for (const password of ['wrong', '', 'abcde-fghij-kmnpq-rstuv', 'x'.repeat(2_000)]) {
        const { searches, binds } = await asked(async () => { expect(await curl(server.url, '--basic', account, password)).toBe('401'); });
        expect([searches, binds.length], `${account} ${password.slice(0, 8)}`).toEqual([1, 1]);
        // Somebody is bound as himself only, with what he may have typed.
        expect(binds[0], account).toMatch(['alice', 'off'].includes(account) && password !== '' && password.length < 1_024 ? new RegExp(`^uid=${account},cn=users,`) : /^cn=nobody,/);
      }
      const digest = await asked(async () => { expect(await curl(server.url, '--digest', account, 'wrong')).toBe('401'); });
      expect(digest, account).toEqual({ searches: 1, binds: [] });
    }
  });

  it('is not tried at the second directory on the person who has the same account there', async () => {
    await using server = await deployment(['file', 'ldap']);
    const { binds } = await asked(async () => { expect(await curl(server.url, '--basic', 'bob', 'bobpw')).toBe('401'); });
    expect(binds).toEqual([`cn=nobody,${ldap.base}`]);
  });

  it('costs a shut account\'s right one no less', async () => {
    await using server = await deployment(['file', 'ldap']);
    const { searches, binds } = await asked(async () => { expect(await curl(server.url, '--basic', 'shut', 'fay-password')).toBe('401'); });
    expect([searches, binds]).toEqual([1, [`cn=nobody,${ldap.base}`]]);
  });
});
