/**
 * A real 389 Directory Server in a folder of its own, on free ports, with or without root. Its own installer writes below /etc and starts services, so the instance
 * is made here, of the same template. Debian packages: 389-ds-base, libnss3-tools, openssl; slapi-nis for FreeIPA's compatibility tree.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from './certificates.ts';
import type { Certificates } from './certificates.ts';
import { Daemon, freePort, run } from './daemon.ts';
import { peopleOf389 } from './ldif-389.ts';
import { record } from './ldif.ts';

export interface Directory389Options {
  /** Default: people and groups as its own tools make them, and as older ones did. */ readonly data?: (base: string) => Iterable<string>;
  /** Definitions beyond its own schema, as LDIF of cn=schema. */ readonly schema?: string;
  /** More entries of its config, as LDIF. */ readonly config?: (base: string) => string;
  /** Attributes of cn=config: `nsslapd-sizelimit`. */ readonly settings?: Readonly<Record<string, string>>;
  /** Attributes that are found by equality and parts without looking at all entries, beside those that are by default. */ readonly indexes?: readonly string[];
  /** Who reads; its password is `calsvcpw`. */ readonly reader?: (base: string) => string;
}
export interface Directory389 extends AsyncDisposable {
  readonly url: string; readonly ldapsUrl: string; readonly base: string; readonly bindDn: string; readonly bindPassword: string;
  readonly ca: string; /** An authority that did not sign this server's certificate. */ readonly strangerCa: string;
  /** For `{ env: … }` in configs. */ readonly env: Readonly<Record<string, string>>;
  /** Changes as LDIF, by the manager. */ change(ldif: string): Promise<void>;
  /** Its own tool for people and groups: `user create --uid …`. */ tool(...args: readonly string[]): Promise<void>;
  /** Lines of its access log since the last look. */ operations(): Promise<readonly string[]>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Again, on the same ports with the same data. */ start(): Promise<void>;
}

const BASE = 'dc=example,dc=test';
const PACKAGE = '/usr/share/dirsrv';
const MANAGER = ['cn=Directory Manager', 'managerpw'] as const;

export async function startDirectory389({ data = peopleOf389, schema = '', config = () => '', settings = {}, indexes = [], reader = (base) => `uid=calsvc,ou=services,${base}` }: Directory389Options = {}): Promise<Directory389> {
  const folder = await mkdtemp(join(tmpdir(), 'kalends-389-'));
  const at = (name: string): string => join(folder, name);
  try {
    for (const name of ['etc', 'etc/schema', 'db', 'db/userRoot', 'bak', 'ldif', 'lock', 'log', 'run', 'tmp']) await mkdir(at(name));
    const certificates = await makeCertificates(folder, ['DNS:localhost', 'IP:127.0.0.1']);
    await keepCertificates(folder, certificates);
    const [port, tlsPort] = [await freePort(), await freePort()];
    await writeFile(at('etc/schema/99user.ldif'), `dn: cn=schema\n${schema}`);
    await writeFile(at('etc/dse.ldif'), await configText(folder, port, tlsPort, { ...settings }, indexes) + config(BASE));
    await writeFile(at('data.ldif'), [...data(BASE)].join(''));
    await run('ns-slapd', ['ldif2db', '-D', at('etc'), '-n', 'userRoot', '-i', at('data.ldif')]).catch(async (error: unknown) => {
      throw new Error((await readFile(at('log/errors'), 'utf8')).slice(-2000), { cause: error });
    });
    const start = (): Promise<Daemon> => Daemon.start('ns-slapd', ['-D', at('etc'), '-d', '0'], { log: at('ns-slapd.log'), ports: [['127.0.0.1', port], ['127.0.0.1', tlsPort]] });
    let daemon = await start();
    let seen = 0;
    const url = `ldap://127.0.0.1:${String(port)}`;
    const [bindDn, bindPassword] = [reader(BASE), 'calsvcpw'];
    const asManager = ['-D', MANAGER[0], '-w', MANAGER[1]];
    return {
      url, ldapsUrl: `ldaps://localhost:${String(tlsPort)}`, base: BASE, bindDn, bindPassword, ca: certificates.ca, strangerCa: certificates.strangerCa,
      env: { LDAP_URL: url, LDAP_BASE: BASE, LDAP_BIND_DN: bindDn, LDAP_BIND_PW: bindPassword, LDAP_CA: certificates.ca },
      change: async (ldif) => { await run('ldapmodify', ['-x', '-H', url, ...asManager], { input: ldif }); },
      tool: async (...args) => {
        await writeFile(at('manager'), MANAGER[1]);
        await run('dsidm', [url, '-b', BASE, '-D', MANAGER[0], '-y', at('manager'), ...args]);
      },
      operations: async () => {
        const text = await readFile(at('log/access'), 'utf8');
        const lines = text.slice(seen).split('\n');
        seen = text.length;
        return lines;
      },
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

/** The package's template, as its installer fills it in, and the one database. */
async function configText(folder: string, port: number, tlsPort: number, settings: Readonly<Record<string, string>>, indexes: readonly string[]): Promise<string> {
  const at = (name: string): string => join(folder, name);
  const places: Readonly<Record<string, string>> = {
    schema_dir: at('etc/schema'), lock_dir: at('lock'), tmp_dir: at('tmp'), cert_dir: at('etc'), ldif_dir: at('ldif'), bak_dir: at('bak'), run_dir: at('run'), inst_dir: folder, log_dir: at('log'),
    config_dir: at('etc'), db_dir: at('db'), db_home_dir: at('db'), db_lib: 'bdb', fqdn: 'localhost', ds_port: String(port), ds_user: userInfo().username, rootdn: MANAGER[0], ds_passwd: hashed(MANAGER[1]),
    ldapi_enabled: 'off', ldapi: at('run/ldapi'), ldapi_autobind: 'off', ds_suffix: BASE,
  };
  // Only its own account may read the file that the template points at; nobody here compares by the rules of a language.
  await writeFile(at('etc/slapd-collations.conf'), '');
  const template = (await readFile(join(PACKAGE, 'data', 'template-dse.ldif'), 'utf8')).replaceAll(/%(\w+)%/g, (whole, name: string) => places[name] ?? whole);
  const security = { 'nsslapd-security': 'on', 'nsslapd-secureport': String(tlsPort), 'nsslapd-accesslog-logbuffering': 'off', ...settings };
  const [first = '', ...rest] = template.replaceAll(/\n{3,}/g, '\n\n').trimEnd().split('\n\n');
  const more = Object.entries(security).map(([name, value]) => `${name}: ${value}`);
  const changed = rest.map((entry) => (/^dn: cn=MemberOf Plugin,/im.test(entry) ? entry.replace(/nsslapd-pluginenabled: off/i, 'nsslapd-pluginenabled: on') : entry));
  const extensible = ['top', 'extensibleObject'];
  return [[first, ...more].join('\n'), ...changed].join('\n\n') + '\n\n'
    + record('cn=userRoot,cn=ldbm database,cn=plugins,cn=config', { objectClass: [...extensible, 'nsBackendInstance'], cn: 'userRoot', 'nsslapd-suffix': BASE, 'nsslapd-directory': at('db/userRoot') })
    + record('cn=index,cn=userRoot,cn=ldbm database,cn=plugins,cn=config', { objectClass: extensible, cn: 'index' })
    + indexes.map((name) => record(`cn=${name},cn=index,cn=userRoot,cn=ldbm database,cn=plugins,cn=config`, { objectClass: ['top', 'nsIndex'], cn: name, nsSystemIndex: 'false', nsIndexType: ['pres', 'eq', 'sub'] })).join('')
    + record(`cn="${BASE}",cn=mapping tree,cn=config`, { objectClass: [...extensible, 'nsMappingTree'], cn: BASE, 'nsslapd-state': 'backend', 'nsslapd-backend': 'userRoot' });
}

/** It takes no cleartext password from its config. */
function hashed(password: string): string {
  const salt = randomBytes(8);
  return `{SSHA512}${Buffer.concat([createHash('sha512').update(password).update(salt).digest(), salt]).toString('base64')}`;
}

/** NSS keeps certificates in a database. */
async function keepCertificates(folder: string, { ca, certificate, key }: Certificates): Promise<void> {
  const [database, bundle] = [`sql:${join(folder, 'etc')}`, join(folder, 'tls.p12')];
  await run('certutil', ['-N', '-d', database, '--empty-password']);
  await run('openssl', ['pkcs12', '-export', '-in', certificate, '-inkey', key, '-name', 'Server-Cert', '-passout', 'pass:transport', '-out', bundle]);
  await run('pk12util', ['-i', bundle, '-d', database, '-W', 'transport', '-K', '']);
  await run('certutil', ['-A', '-d', database, '-n', 'Test CA', '-t', 'CT,,', '-i', ca]);
}
