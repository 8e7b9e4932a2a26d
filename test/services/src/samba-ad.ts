/**
 * A real Active Directory domain controller (LDAP, LDAPS, global catalog, Kerberos, DNS), on a loopback address of its own, for its ports cannot be chosen. Needs root.
 * Debian packages: samba, samba-ad-dc, samba-ad-provision, python3-samba, openssl.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCertificates } from './certificates.ts';
import { Daemon, run, takesConnections } from './daemon.ts';

export interface SambaAd extends AsyncDisposable {
  readonly ldapsUrl: string; readonly ldapUrl: string; readonly base: string; readonly realm: string;
  /** `ad.example.test`, which the DNS server at `address` knows. */ readonly domain: string; readonly address: string;
  readonly bindDn: string; readonly bindPassword: string; readonly ca: string; readonly strangerCa: string;
  /** What the example config takes from the environment, and what Kerberos needs. */ readonly env: Readonly<Record<string, string>>;
  /** Statements of `samba-ad.py`: `user carol`, `member staff carol`. Passwords are the name and `pw`. */ change(...statements: readonly string[]): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
}

const REALM = 'AD.EXAMPLE.TEST';
const BASE = 'DC=ad,DC=example,DC=test';
const script = join(dirname(fileURLToPath(import.meta.url)), '..', 'samba-ad.py');

/** With alice, bob, the disabled `disabled` and the reader calsvc; the group `inner` holds bob, `outer` holds inner and alice; the room `oak` is in OU=Rooms. */
export async function startSambaAd({ exchange = false }: { /** With the attributes of Exchange. */ readonly exchange?: boolean } = {}): Promise<SambaAd> {
  const folder = await mkdtemp(join(tmpdir(), 'kalends-ad-'));
  try {
    const address = await freeAddress();
    const { ca, strangerCa } = await makeCertificates(folder, ['DNS:dc1.ad.example.test', 'DNS:localhost', `IP:${address}`]);
    await provision(folder, address);
    const python = async (...statements: readonly string[]): Promise<void> => { await run('/usr/bin/python3', [script, folder, BASE], { input: statements.join('\n') }); };
    if (exchange) for (const step of ['exchange-attributes', 'exchange-class']) await python(step);
    await python('basics', 'user alice', 'user bob', 'user disabled', 'disable disabled', 'user calsvc', 'service calsvc HTTP/localhost', 'group inner', 'group outer', 'member inner bob', 'member outer inner', 'member outer alice', 'room oak');
    await writeKerberos(folder, address);
    const start = (): Promise<Daemon> => Daemon.start('samba', ['-F', '-M', 'single', '--no-process-group', '--debug-stdout', '-d1', '-s', join(folder, 'etc', 'smb.conf')], {
      log: join(folder, 'samba.log'), ports: [[address, 636], [address, 389], [address, 88], [address, 53]], env: { KRB5_CONFIG: join(folder, 'krb5.conf') },
    });
    let daemon = await start();
    const [bindDn, bindPassword] = [`CN=calsvc,CN=Users,${BASE}`, 'calsvcpw'];
    const ldapsUrl = `ldaps://${address}:636`;
    return {
      ldapsUrl, ldapUrl: `ldap://${address}:389`, domain: REALM.toLowerCase(), address, base: BASE, realm: REALM, bindDn, bindPassword, ca, strangerCa,
      env: {
        AD_LDAPS_URL: ldapsUrl, AD_BASE: BASE, AD_BIND_DN: bindDn, AD_BIND_PW: bindPassword, AD_CA: ca,
        KRB5_CONFIG: join(folder, 'krb5.conf'), KRB5_KTNAME: `FILE:${join(folder, 'http.keytab')}`, KRB5RCACHEDIR: folder,
      },
      change: python,
      stop: (signal) => daemon.stop(signal),
      start: async () => { daemon = await start(); },
      [Symbol.asyncDispose]: async () => {
        await daemon.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function freeAddress(): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const address = `127.${String(randomInt(10, 210))}.${String(randomInt(1, 250))}.${String(randomInt(1, 250))}`;
    if (!(await takesConnections(address, 389)) && !(await takesConnections(address, 53))) return address;
  }
  throw new Error('no free loopback address');
}

async function provision(folder: string, address: string): Promise<void> {
  const at = (name: string): string => join(folder, name);
  const options = [
    `interfaces=${address}/8`, 'bind interfaces only=yes', 'server services=ldap,cldap,kdc,dns', 'dns forwarder=', `pid directory=${at('run')}`, 'vfs objects=dfs_samba4 acl_xattr xattr_tdb',
    `log file=${at('samba.%m.log')}`, `ncalrpc dir=${at('run/ncalrpc')}`, `winbindd socket directory=${at('run/winbindd')}`, `ntp signd socket directory=${at('run/ntp_signd')}`,
    `tls keyfile=${at('tls.key')}`, `tls certfile=${at('tls.pem')}`, `tls cafile=${at('ca.pem')}`,
  ];
  await run('samba-tool', ['domain', 'provision', `--targetdir=${folder}`, `--realm=${REALM}`, '--domain=ADTEST', '--host-name=dc1', `--host-ip=${address}`, '--server-role=dc',
    '--dns-backend=SAMBA_INTERNAL', '--adminpass=Passw0rd!admin', ...options.map((option) => `--option=${option}`)]);
}

async function writeKerberos(folder: string, address: string): Promise<void> {
  await writeFile(join(folder, 'krb5.conf'), [
    '[libdefaults]', `  default_realm = ${REALM}`, ...['dns_lookup_kdc', 'dns_lookup_realm', 'dns_canonicalize_hostname', 'rdns'].map((key) => `  ${key} = false`),
    `  default_ccache_name = FILE:${join(folder, 'krb5cc')}`, '[realms]', `  ${REALM} = {`, `    kdc = ${address}`, '  }', '[domain_realm]', `  localhost = ${REALM}`, `  .ad.example.test = ${REALM}`, '',
  ].join('\n'));
}
