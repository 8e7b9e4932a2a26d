/** `caladmin principals` over a real OpenLDAP and a real Active Directory (Samba), by the example configs and without a server: what an admin sees who maps a schema. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOpenLdap, startSambaAd } from '@kalends/test-services';
import type { OpenLdap, SambaAd } from '@kalends/test-services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithAll, execute } from '../programs.ts';
import type { Finished } from '../programs.ts';
import { root } from '../server-process.ts';

interface Options { readonly env: Readonly<Record<string, string>>; readonly input?: string }

/** Beside a data root that is not there: it stays so. */
function caladmin(example: string, data: string): (args: readonly string[], options: Options) => Promise<Finished> {
  const config = join(root, 'config', 'examples', example);
  return (args, options) => execute(process.execPath, [join(root, 'tools', 'caladmin', 'bin', 'caladmin.js'), '-f', config, '--data', data, '--json', 'principals', ...args], options);
}
const answerOf = ({ code, stdout, stderr }: Finished): unknown => {
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
};

describeWithAll(['slapd', 'ldapmodify', 'openssl'], 'principals of an OpenLDAP directory', () => {
  let ldap: OpenLdap;
  let folder: string;
  beforeAll(async () => {
    ldap = await startOpenLdap();
    folder = await mkdtemp(join(tmpdir(), 'kalends-principals-'));
  });
  afterAll(async () => {
    await ldap[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const run = (args: readonly string[], { env = {}, input }: Partial<Options> = {}): Promise<Finished> =>
    caladmin('open-directory.yaml', join(folder, 'data'))(args, { env: { ...ldap.env, ...env }, ...(input === undefined ? {} : { input }) });

  it('are shown as the schema gives them: a person with nested groups, a disabled one, a room', async () => {
    expect(answerOf(await run(['show', 'bob']))).toMatchObject({
      from: { instance: 'people', plugin: '@kalends/directory-open-directory' }, principal: { accounts: ['bob'], emails: ['bob@example.test'] },
      groups: [{ name: 'groups/engineers' }, { name: 'groups/staff' }], logIn: { mayLogIn: true }, schemes: [{ scheme: 'Basic', could: true }],
    });
    expect(answerOf(await run(['show', 'off']))).toMatchObject({ logIn: { mayLogIn: false, why: ['not enabled in the directory'] } });
    expect(answerOf(await run(['show', 'mailto:room1@example.test']))).toMatchObject({ principal: { kind: 'location', schedule: { mode: 'automatic', capacity: 12, acceptGroup: '20000000-0000-0000-0000-000000000001' } } });
    expect(answerOf(await run(['members', 'groups/staff', '--expanded']))).toMatchObject({ members: [{ names: ['alice'] }, { names: ['bob'] }] });
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  it('have their passwords checked by a bind', async () => {
    expect(answerOf(await run(['check-password', 'alice', '--password-stdin'], { input: 'alicepw\n' }))).toMatchObject({ password: 'right', letIn: true, answers: [{ instance: 'people', answer: 'yes' }] });
    const wrong = await run(['check-password', 'alice', '--password-stdin'], { input: 'wrong-secret\n' });
    expect([wrong.code, JSON.parse(wrong.stdout)]).toMatchObject([1, { password: 'wrong', letIn: false }]);
    expect(wrong.stdout + wrong.stderr).not.toContain('wrong-secret');
  });

  it('are nobody where two entries have one account, and the entries are named', async () => {
    const dn = (name: string): string => `uid=${name},cn=users,${ldap.base}`;
    const entry = (name: string, id: string): string => `dn: ${dn(name)}\nchangetype: add\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nobjectClass: apple-user\nuid: ${name}\nuid: twin\ncn: ${name}\nsn: ${name}\nuidNumber: 1\ngidNumber: 1\nhomeDirectory: /\napple-generateduid: ${id}\n\n`;
    await ldap.change(entry('castor', 'AAAAAAAA-0000-0000-0000-000000000001') + entry('pollux', 'AAAAAAAA-0000-0000-0000-000000000002'));
    const { code, stderr } = await run(['show', 'twin']);
    expect([code, stderr]).toEqual([64, expect.stringMatching(/several entries for the account twin.*castor.*pollux[^]*nobody in the directory is called twin/)]);
  });

  it.each([
    ['is away', { LDAP_URL: 'ldap://127.0.0.1:1' }, /cannot be asked at present: .*ECONNREFUSED/], ['refuses the reading account', { LDAP_BIND_PW: 'another-secret' }, /the directory refuses the bind-dn or its password/],
    ['lies elsewhere', { LDAP_BASE: 'dc=no,dc=where' }, /dc=no,dc=where is not there, or may not be read by the bind-dn/],
  ])('cannot be shown while the directory %s, which is no "nobody"', async (_what, env, sentence) => {
    const { code, stderr } = await run(['show', 'alice'], { env });
    expect([code, stderr]).toEqual([69, expect.stringMatching(sentence)]);
    expect(stderr).not.toMatch(/another-secret| {4}at /);
  });
});

describeWithAll(['samba', 'samba-tool', 'openssl'], 'principals of an Active Directory', () => {
  let ad: SambaAd;
  let folder: string;
  beforeAll(async () => {
    ad = await startSambaAd();
    folder = await mkdtemp(join(tmpdir(), 'kalends-principals-'));
  });
  afterAll(async () => {
    await ad?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const run = (args: readonly string[], input?: string): Promise<Finished> => caladmin('active-directory.yaml', join(folder, 'data'))(args, { env: ad.env, ...(input === undefined ? {} : { input }) });

  it('are shown with groups in groups, and by which schemes they could log in', async () => {
    expect(answerOf(await run(['show', 'bob']))).toMatchObject({
      from: { instance: 'people' }, principal: { accounts: expect.arrayContaining(['bob']) }, groups: expect.arrayContaining([expect.objectContaining({ name: 'groups/inner' }), expect.objectContaining({ name: 'groups/outer' })]),
      schemes: [{ scheme: 'Negotiate', could: true }, { scheme: 'Basic', could: true }],
    });
  });

  it('are refused with the controller\'s own reason', async () => {
    const { code, stdout } = await run(['check-password', 'disabled', '--password-stdin'], 'disabledpw\n');
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { password: 'refused', answers: [{ answer: 'disabled', said: [expect.stringContaining('reason=disabled')] }], why: ['the account may not log in', 'not enabled in the directory'] }]);
    expect(answerOf(await run(['check-password', 'bob', '--password-stdin'], 'bobpw\n'))).toMatchObject({ letIn: true });
  });
}, { root: true });
