/**
 * What was proved of an account lately, when the account is made anew under its name or its password changes (R30, R42), at a real OpenLDAP: the old password never
 * opens the new person's data, by Digest, Basic or in an outage, and a changed one counts when the documentation says so.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { record, startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithAll, execute } from '../programs.ts';
import { runCaladmin, startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';
import { untilRefused } from './until-refused.ts';

const FIRST = 'A0000000-0000-0000-0000-000000000001';
const SECOND = 'A0000000-0000-0000-0000-000000000002';
/** As `account-seconds`, and time for the machine. */
const SECONDS = 5;
const SLACK_SECONDS = 3;

let ldap: OpenLdap;
let server: ServerProcess;
let folder: string;

const ha1 = (account: string, password: string): string => createHash('sha256').update(`${account}:Kalends:${password}`).digest('hex');
const dnOf = (account: string): string => `uid=${account},cn=users,${ldap.base}`;
const add = (account: string, guid: string, password: string): Promise<void> => ldap.change(record(dnOf(account), {
  changetype: 'add', objectClass: ['inetOrgPerson', 'apple-user', 'calendarPrincipal'], uid: account, cn: account, sn: account, mail: `${account}@example.test`, userPassword: password, 'apple-generateduid': guid.replace(/^A/, account === 'tom' ? 'A' : account === 'ann' ? 'B' : 'C'), carLicense: ha1(account, password),
}));
const remove = (account: string): Promise<void> => ldap.change(`dn: ${dnOf(account)}\nchangetype: delete\n`);
const change = (account: string, attribute: string, value: string): Promise<void> => ldap.change(`dn: ${dnOf(account)}\nchangetype: modify\nreplace: ${attribute}\n${attribute}: ${value}\n`);

/** The last digit of the id of whoever that lets in; else the status. */
async function whoIs(scheme: '--digest' | '--basic', account: string, password: string): Promise<string> {
  const { stdout } = await execute('curl', ['-s', '-w', '\n%{http_code}', scheme, '-u', `${account}:${password}`, '-X', 'PROPFIND', '-H', 'Depth: 0', '-d', '<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>', `${server.url}/`]);
  return stdout.endsWith('207') ? /__uids__\/[^/]*(\d)\//.exec(stdout)?.[1] ?? 'nobody' : stdout.split('\n').at(-1)!;
}

describeWithAll(['slapd', 'ldapmodify', 'openssl', 'curl'], 'an account of an OpenLDAP', () => {
  beforeAll(async () => {
    ldap = await startOpenLdap();
    folder = await mkdtemp(join(tmpdir(), 'kalends-anew-'));
    await writeFile(join(folder, 'caldavd.yaml'), [
      'plugins:', '  storage: { use: storage-flat-file }', '  people:', '    use: directory-open-directory',
      '    with: { url: { env: LDAP_URL }, base: { env: LDAP_BASE }, bind-dn: { env: LDAP_BIND_DN }, bind-password: { env: LDAP_BIND_PW }, ca: { env: LDAP_CA }, digest: { realm: Kalends, sha-256: carLicense } }',
      '  digest: { use: auth-digest, with: { algorithms: [SHA-256] } }', '  basic: { use: auth-basic }', '  app-passwords: { use: app-passwords }', '',
    ].join('\n'));
    server = await startServerProcess({ config: join(folder, 'caldavd.yaml'), data: join(folder, 'data'), env: ldap.env });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await ldap?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([['tom', '--digest'], ['ann', '--basic']] as const)('made anew opens to its new password at once, and never to the old one (%s, %s)', { timeout: 60_000 }, async (account, scheme) => {
    await add(account, FIRST, 'oldpw');
    const made = await runCaladmin({ config: join(folder, 'caldavd.yaml'), data: join(folder, 'data'), env: ldap.env }, '--json', 'app-passwords', 'add', 'phone', '--user', account);
    const { password: phone } = JSON.parse(made.stdout) as { readonly password: string };
    for (let time = 1; time <= 2; time++) expect([await whoIs(scheme, account, 'oldpw'), await whoIs(scheme, account, phone)]).toEqual(['1', '1']);
    await remove(account);
    await add(account, SECOND, 'newpw');
    const began = performance.now();
    // For as long as nobody has asked, the server may think that the first is still there; but then it opens the first one's data and not the second's.
    const old = [await whoIs(scheme, account, 'oldpw'), await whoIs(scheme, account, phone)];
    expect(await whoIs(scheme, account, 'newpw')).toBe('2');
    while (performance.now() - began < (SECONDS + SLACK_SECONDS) * 1000) {
      old.push(await whoIs(scheme, account, 'oldpw'), await whoIs(scheme, account, phone));
      // Which also ends what is counted against the account, and the waits.
      expect(await whoIs(scheme, account, 'newpw')).toBe('2');
      await pause(500);
    }
    expect(new Set(old)).not.toContain('2');
    expect([old.at(-2), old.at(-1), await whoIs(scheme, account, 'newpw')]).toEqual(['401', '401', '2']);
  });

  it('with a new password opens to it at once, and to the old one no longer than five seconds with Digest', { timeout: 60_000 }, async () => {
    await add('eve', FIRST, 'oldpw');
    expect(await whoIs('--digest', 'eve', 'oldpw')).toBe('1');
    await change('eve', 'carLicense', ha1('eve', 'newpw'));
    expect(await whoIs('--digest', 'eve', 'newpw')).toBe('1');
    await untilRefused('the old password', async () => Number(await whoIs('--digest', 'eve', 'oldpw')));
    expect(await whoIs('--digest', 'eve', 'newpw')).toBe('1');
  });

  it('is what it was while the directory is away, for whom it was confirmed lately; and not for the one before him', { timeout: 60_000 }, async () => {
    expect([await whoIs('--basic', 'ann', 'newpw'), await whoIs('--digest', 'tom', 'newpw')]).toEqual(['2', '2']);
    await ldap.stop();
    try {
      for (const [scheme, account] of [['--basic', 'ann'], ['--digest', 'tom']] as const) expect([await whoIs(scheme, account, 'newpw'), ['401', '503'].includes(await whoIs(scheme, account, 'oldpw'))], account).toEqual(['2', true]);
    } finally {
      await ldap.start();
    }
  });
});
