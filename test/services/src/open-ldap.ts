/**
 * A real OpenLDAP with the calendar part of Open Directory's schema. Its reader may see 200 entries at once and any number in pages. Every operation stands in
 * its log. Debian packages: slapd, ldap-utils, openssl.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCertificates } from './certificates.ts';
import { Daemon, freePort, run } from './daemon.ts';
import { appleDirectory } from './ldif.ts';

export interface OpenLdapOptions {
  /** Default: Apple's. */ readonly data?: (base: string) => string;
  /** More entries, for directories that fit no string. */ readonly bulk?: (base: string) => Iterable<string>;
}
export interface OpenLdap extends AsyncDisposable {
  readonly url: string; readonly ldapsUrl: string; /** A unix socket. */ readonly ldapiUrl: string; readonly base: string;
  readonly bindDn: string; readonly bindPassword: string; readonly pid: number;
  readonly ca: string; /** An authority that did not sign this server's certificate. */ readonly strangerCa: string;
  /** What the example config takes from the environment. */ readonly env: Readonly<Record<string, string>>;
  /** Changes as LDIF, by the manager. */ change(ldif: string): Promise<void>;
  /** Lines of the log since the last look. */ operations(): Promise<readonly string[]>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Again, on the same ports with the same data. */ start(): Promise<void>;
  /** Holds it without closing anything, and lets it go on. */ freeze(): void;
  thaw(): void;
}

const BASE = 'dc=example,dc=test';
const schema = join(dirname(fileURLToPath(import.meta.url)), '..', 'open-directory.schema');

export async function startOpenLdap({ data = appleDirectory, bulk }: OpenLdapOptions = {}): Promise<OpenLdap> {
  const folder = await mkdtemp(join(tmpdir(), 'kalends-ldap-'));
  try {
    const { ca, certificate, key, strangerCa } = await makeCertificates(folder, ['DNS:localhost', 'IP:127.0.0.1']);
    await mkdir(join(folder, 'db'));
    const config = join(folder, 'slapd.conf');
    await writeFile(config, configText(folder, { ca, certificate, key }));
    await load(config, join(folder, 'data.ldif'), data(BASE), bulk?.(BASE) ?? []);
    const [port, tlsPort] = [await freePort(), await freePort()];
    const log = join(folder, 'slapd.log');
    const ldapiUrl = `ldapi://${encodeURIComponent(join(folder, 'ldapi'))}`;
    const start = (): Promise<Daemon> => Daemon.start('slapd', ['-d', 'stats', '-f', config, '-h', `ldap://127.0.0.1:${String(port)} ldaps://127.0.0.1:${String(tlsPort)} ${ldapiUrl}`], { log, ports: [['127.0.0.1', port], ['127.0.0.1', tlsPort]] });
    let daemon = await start();
    let seen = 0;
    const url = `ldap://127.0.0.1:${String(port)}`;
    const [bindDn, bindPassword] = [`uid=caladmin,${BASE}`, 'caladminpw'];
    return {
      url, get pid() { return daemon.pid; }, ldapsUrl: `ldaps://localhost:${String(tlsPort)}`, ldapiUrl, base: BASE, bindDn, bindPassword, ca, strangerCa,
      env: { LDAP_URL: url, LDAP_BASE: BASE, LDAP_BIND_DN: bindDn, LDAP_BIND_PW: bindPassword, LDAP_CA: ca },
      change: async (ldif) => { await run('ldapmodify', ['-x', '-H', url, '-D', `cn=Manager,${BASE}`, '-w', 'managerpw'], { input: ldif }); },
      operations: async () => {
        const text = await readFile(log, 'utf8');
        const lines = text.slice(seen).split('\n');
        seen = text.length;
        return lines;
      },
      stop: (signal) => daemon.stop(signal),
      start: async () => { daemon = await start(); },
      freeze: () => { daemon.hold(); },
      thaw: () => { daemon.signal('SIGCONT'); },
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

function configText(folder: string, { ca, certificate, key }: { readonly ca: string; readonly certificate: string; readonly key: string }): string {
  return [
    ...['core', 'cosine', 'nis', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`), `include ${schema}`,
    `pidfile ${folder}/slapd.pid`, 'modulepath /usr/lib/ldap', 'moduleload back_mdb', 'moduleload ppolicy',
    `TLSCACertificateFile ${ca}`, `TLSCertificateFile ${certificate}`, `TLSCertificateKeyFile ${key}`, 'loglevel stats',
    'database mdb', `suffix "${BASE}"`, `rootdn "cn=Manager,${BASE}"`, 'rootpw managerpw', `directory ${folder}/db`, 'maxsize 1073741824', 'dbnosync',
    'index objectClass,uid,apple-generateduid,entryUUID,member,memberUid,apple-group-memberguid,apple-group-nestedgroup eq', 'index cn,sn,givenName,mail sub,eq',
    'sizelimit 500', `limits dn.exact="uid=caladmin,${BASE}" size.soft=200 size.hard=200 size.prtotal=unlimited`,
    'access to attrs=userPassword by anonymous auth by self write by * none', `access to * by dn.exact="uid=caladmin,${BASE}" read by users read by * none`,
    // Counts for nothing as long as nobody adds that entry.
    'overlay ppolicy', `ppolicy_default "cn=policy,${BASE}"`, '',
  ].join('\n');
}

async function load(config: string, file: string, data: string, bulk: Iterable<string>): Promise<void> {
  const out = createWriteStream(file);
  out.write(data);
  for (const entry of bulk) if (!out.write(entry)) await once(out, 'drain');
  out.end();
  await once(out, 'finish');
  await run('slapadd', ['-q', '-f', config, '-l', file]);
  await rm(file);
}
