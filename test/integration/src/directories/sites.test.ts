/**
 * docs/sites.md as somebody follows it: each config is taken from the page, its names are put in the place of the page's, and a real directory, a real KDC and curl say
 * whether it does what the page promises. Nothing else of it is changed.
 */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFreeIpaTree, startOpenLdap, startSambaAd } from '@kalends/test-services';
import { Kdc, hasKdc } from '@kalends/test-services/kdc';
import { loadKerberos } from '@kalends/auth-kerberos';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWithAll, describeWithService, execute } from '../programs.ts';
import type { Finished } from '../programs.ts';
import { root, runCaladmin, startServerProcess } from '../server-process.ts';

type Names = readonly (readonly [page: string, here: string])[];
type Environment = Readonly<Record<string, string>>;

const kerberos = hasKdc() && await loadKerberos().then(() => true, () => false);
let folder: string;
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'kalends-site-')); });
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The YAML blocks below a heading. */
async function blocksOf(heading: string): Promise<readonly string[]> {
  const page = await readFile(join(root, 'docs', 'sites.md'), 'utf8');
  const section = page.split(/^## /m).find((each) => each.startsWith(heading));
  return [...(section ?? '').matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => text!);
}
/** The config of the page with the names of this machine, beside a certificate. @returns its path */
async function follow(text: string, names: Names): Promise<string> {
  const here = [['listen: ["https://*:443"]', 'listen: ["https://127.0.0.1:0"]'], ['listen: ["https://*:8443"]', 'listen: ["https://127.0.0.1:0"]']].reduce((so, [page, mine]) => so.replace(page!, mine!), text);
  const config = names.reduce((so, [page, mine]) => {
    expect(so, `the page says ${page}`).toContain(page);
    return so.replaceAll(page, mine);
  }, here);
  await execute('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'fullchain.pem')]);
  await writeFile(join(folder, 'caldavd.yaml'), config);
  return join(folder, 'caldavd.yaml');
}

interface Visit { readonly config: string; readonly env: Environment; /** On the list, no administrator; on it, an administrator; not on it. Passwords are the name and `pw`. */ readonly people: readonly [member: string, admin: string, stranger: string]; readonly ticket?: Environment }
/** What the page promises: check, look, log in by each way, be turned away, administer, and take a phone along. */
async function visit({ config, env, people: [member, admin, stranger], ticket }: Visit): Promise<void> {
  const data = join(folder, 'data');
  const caladmin = (...args: readonly string[]): Promise<Finished> => runCaladmin({ config, data, env }, ...args);
  const check = await caladmin('config', 'check', config);
  expect(check.code, check.stdout).toBe(0);
  const shown = JSON.parse((await caladmin('--json', 'principals', 'show', admin)).stdout) as unknown;
  expect(shown).toMatchObject({ logIn: { mayLogIn: true, admin: { passes: true, unknown: [] } } });
  await using server = await startServerProcess({ config, data, env });
  const url = /listening address=https:\/\/127\.0\.0\.1:(\d+)/.exec(server.output())!;
  const curl = async (as: readonly string[], path: string, more: Environment = {}): Promise<string> =>
    (await execute('curl', ['-sk', '--noproxy', '*', '-o', '/dev/null', '-w', '%{http_code}', ...as, '-X', 'PROPFIND', '-H', 'Depth: 0', `https://localhost:${url[1]!}${path}`], { env: { ...env, ...more } })).stdout;
  const basic = (who: string, password = `${who}pw`): readonly string[] => ['--basic', '-u', `${who}:${password}`];
  const home = `/calendars/users/${member}/`;
  expect([await curl(basic(member), home), await curl(basic(member, 'wrong'), home), await curl(basic(stranger), '/'), await curl(basic(admin), home)]).toEqual(['207', '401', '403', '207']);
  if (ticket !== undefined) expect([await curl(['--negotiate', '-u', ':'], home, ticket), await curl([], home)]).toEqual(['207', '401']);
  const made = await caladmin('--json', 'app-passwords', 'add', 'phone', '--user', member);
  expect(made.code, made.stderr).toBe(0);
  const { password } = JSON.parse(made.stdout) as { readonly password: string };
  expect([await curl(basic(member, password), home), await curl(basic(admin, password), home)]).toEqual(['207', '401']);
  const health = await caladmin('health', '--url', `https://127.0.0.1:${url[1]!}`);
  expect([health.code, health.stdout]).toEqual([0, expect.stringMatching(/^ready\ncertificate .*SHA-256 /)]);
}

describeWithAll(['samba', 'samba-tool', 'openssl', 'curl', 'kinit'], 'the site with Active Directory and single sign-on', () => {
  describeWithService(kerberos, 'krb5-kdc krb5-user libkrb5-dev', 'with tickets', () => { it('does what the page says', async () => {
    await using ad = await startSambaAd();
    await copyFile(ad.ca, join(folder, 'ad-ca.pem'));
    await copyFile(ad.env['KRB5_KTNAME']!.replace('FILE:', ''), join(folder, 'http.keytab'));
    await writeFile(join(folder, 'ad.secret'), `${ad.bindPassword}\n`);
    const ticket = { KRB5CCNAME: `FILE:${join(folder, 'tickets')}` };
    expect((await execute('kinit', ['alice'], { env: { ...ad.env, ...ticket }, input: 'alicepw\n' })).code).toBe(0);
    const [text] = await blocksOf('Active Directory');
    const config = await follow(text!, [
      ['domain: corp.example.com', `domain: ${ad.domain}, dns-servers: ["${ad.address}"]`], ['CORP.EXAMPLE.COM', ad.realm], ['CN=calsvc,CN=Users,DC=corp,DC=example,DC=com', ad.bindDn], ['groups/Calendar Admins', 'groups/inner'], ['groups/Staff', 'groups/outer'],
    ]);
    await visit({ config, env: ad.env, people: ['alice', 'bob', 'calsvc'], ticket });
  }); });
});

describeWithAll(['slapd', 'openssl', 'curl'], 'the site with Open Directory', () => {
  describeWithService(kerberos, 'krb5-kdc krb5-user libkrb5-dev', 'with tickets', () => { it('does what the page says', async () => {
    await using ldap = await startOpenLdap();
    await using kdc = await Kdc.start();
    kdc.addPrincipal('HTTP/localhost');
    kdc.addPrincipal('alice', 'alice-password');
    await copyFile(ldap.ca, join(folder, 'ldap-ca.pem'));
    await copyFile(kdc.keytab('HTTP/localhost'), join(folder, 'http.keytab'));
    await writeFile(join(folder, 'ldap.secret'), `${ldap.bindPassword}\n`);
    const [text] = await blocksOf('Open Directory');
    const config = await follow(text!, [['[ldaps://od1.example.com, ldaps://od2.example.com]', `["${ldap.ldapsUrl}"]`], ['dc=example,dc=com', ldap.base], ['groups/caladmins', 'groups/engineers']]);
    await visit({ config, env: kdc.environment, people: ['alice', 'bob', 'zoe'], ticket: kdc.logIn('alice', 'alice-password') });
  }); });
});

describeWithAll(['ns-slapd', 'nisserver-plugin-defs', 'certutil', 'pk12util', 'ldapmodify', 'openssl', 'curl'], 'the site with FreeIPA', () => {
  describeWithService(kerberos, 'krb5-kdc krb5-user libkrb5-dev', 'with tickets', () => { it('does what the page says', async () => {
    await using ipa = await startFreeIpaTree();
    await using kdc = await Kdc.start();
    kdc.addPrincipal('HTTP/localhost');
    kdc.addPrincipal('alice', 'alice-password');
    await copyFile(ipa.ca, join(folder, 'ldap-ca.pem'));
    await copyFile(kdc.keytab('HTTP/localhost'), join(folder, 'http.keytab'));
    await writeFile(join(folder, 'ldap.secret'), `${ipa.bindPassword}\n`);
    const [text] = await blocksOf('FreeIPA');
    const config = await follow(text!, [['ldaps://ipa.example.com', ipa.ldapsUrl], ['uid=calendar,cn=sysaccounts', 'uid=svc,cn=sysaccounts'], ['dc=example,dc=com', ipa.base], ['groups/staff', 'groups/outer']]);
    await visit({ config, env: kdc.environment, people: ['alice', 'admin', 'zoe'], ticket: kdc.logIn('alice', 'alice-password') });
  }); });
});

describeWithAll(['openssl', 'curl'], 'the small office with a file', () => {
  it('does what the page says', async () => {
    const [people, text] = await blocksOf('A small office');
    await writeFile(join(folder, 'people.yaml'), people!);
    const config = await follow(text!, []);
    for (const account of ['ann', 'ben']) {
      const set = await execute(process.execPath, [join(root, 'tools', 'caladmin', 'bin', 'caladmin.js'), '-f', config, '--data', join(folder, 'data'), 'principals', 'set-password', account, '--password-stdin'], { input: `${account}pw\n` });
      expect(set.code, set.stderr).toBe(0);
    }
    const caladmin = (...args: readonly string[]): Promise<Finished> => runCaladmin({ config, data: join(folder, 'data') }, ...args);
    expect((await caladmin('config', 'check', config)).code).toBe(0);
    await using server = await startServerProcess({ config, data: join(folder, 'data') });
    const port = /listening address=https:\/\/127\.0\.0\.1:(\d+)/.exec(server.output())![1]!;
    const curl = async (scheme: string, as: string, path: string): Promise<string> => (await execute('curl', ['-sk', '--noproxy', '*', '-o', '/dev/null', '-w', '%{http_code}', scheme, '-u', as, '-X', 'PROPFIND', '-H', 'Depth: 0', `https://127.0.0.1:${port}${path}`])).stdout;
    for (const scheme of ['--basic', '--digest']) expect([await curl(scheme, 'ben:benpw', '/calendars/users/ben/'), await curl(scheme, 'ann:annpw', '/calendars/users/ben/'), await curl(scheme, 'ben:benpw', '/calendars/groups/office/'), await curl(scheme, 'ben:wrong', '/')]).toEqual(['207', '207', '207', '401']);
    expect((await caladmin('--json', 'principals', 'show', 'locations/meeting-room')).stdout).toMatch(/"mode": "automatic"[^]*"capacity": 8/);
    const health = await caladmin('health', '--url', `https://127.0.0.1:${port}`);
    expect(server.output()).toContain(`sha256=${/SHA-256 (\S+)/.exec(health.stdout)![1]!}`);
  });
});
