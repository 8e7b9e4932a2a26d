/**
 * How to reach a directory, as config fields that every directory plugin takes, and read into what connections need. Says nothing about what the directory holds.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { reasonOf, secret, SettingError, together } from '@kalends/kernel';
import type { Logger } from '@kalends/kernel';
import { z } from 'zod';
import type { Names } from './names.ts';

/** Fields of a plugin's `with:`; spread them into its own strict object. */
export const connectionFields = {
  url: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional()
    .describe('ldap://, ldaps:// or ldapi:// and the host; a list is tried in its order, so that one server may fail.'),
  'start-tls': z.boolean().default(true).describe('Encrypt ldap:// connections by StartTLS before anything else is said.'),
  ca: z.string().min(1).optional().describe('PEM file, or PEM text: the authorities that sign the servers\' certificates; default: those of the system.'),
  'server-name': z.string().min(1).optional().describe('The name in the servers\' certificate where it is not the host of the URL.'),
  'dns-servers': z.array(z.string().regex(/^(?:[\d.]+(?::\d+)?|[\dA-Fa-f:]+|\[[\dA-Fa-f:]+\](?::\d+)?)$/, 'expected addresses, such as 10.0.0.53 or [2001:db8::53]:5353')).min(1).optional()
    .describe('DNS that knows the directory\'s servers, where the host\'s does not: addresses, with a port if it is not 53.'),
  'bind-dn': z.string().min(1).optional().describe('The account that reads the directory; without it the server asks anonymously.'),
  'bind-password': secret().optional(),
  'timeout-seconds': z.number().min(0.1).max(120).default(5).describe('How long one answer may take, and how long a directory may restart without anybody noticing.'),
  connections: z.number().int().min(1).max(100).default(4).describe('For each process; each carries many questions at once.'),
  'refresh-seconds': z.number().int().min(1).max(86_400).default(300).describe('After this long groups, rooms and rights are looked up anew.'),
  guests: z.boolean().default(false).describe('Its people are never administrators, and its groups make nobody one, whatever `admins` says: for a directory that others than the admins of this server write into.'),
};
/** What `connectionFields` gives. */
export interface ConnectionConfig {
  readonly url?: string | readonly string[] | undefined; readonly 'dns-servers'?: readonly string[] | undefined; readonly 'start-tls': boolean; readonly ca?: string | undefined; readonly 'server-name'?: string | undefined;
  readonly 'bind-dn'?: string | undefined; readonly 'bind-password'?: string | undefined; readonly 'timeout-seconds': number; readonly connections: number; readonly 'refresh-seconds': number;
}

export interface LdapServer {
  readonly url: string;
  /** A unix socket instead of host and port. */ readonly socket: string | undefined;
  readonly host: string; readonly port: number; readonly security: 'tls' | 'start-tls' | 'none';
}
export interface LdapSettings {
  /** Best first; asked anew whenever a connection is opened. */ readonly servers: () => Promise<readonly LdapServer[]>;
  /** PEM text; read at each opening, so that a new authority needs no restart. */ readonly ca: () => string | undefined;
  readonly serverName: string | undefined;
  /** Finds the addresses of the servers' names; default: as the host does. */ readonly lookup: LookupFunction | undefined;
  readonly bind: { readonly dn: string; readonly password: string } | undefined;
  readonly timeoutMilliseconds: number;
  readonly connections: number;
}

/** @throws SettingError, or several together */
export function readSettings(config: ConnectionConfig, log: Logger, discover?: () => Promise<readonly LdapServer[]>, names?: Pick<Names, 'lookup'>): LdapSettings {
  const urls = config.url === undefined ? [] : [config.url].flat();
  const { ca, 'bind-dn': dn, 'bind-password': password } = config;
  const readCa = (): string | undefined => (ca === undefined || ca.includes('-----BEGIN') ? ca : readFileSync(ca, 'utf8'));
  const [servers] = together(
    () => serversOf(config, urls, discover !== undefined),
    () => { checkCa(readCa, ca ?? ''); },
    () => {
      if (dn !== undefined && password === undefined) throw new SettingError(['bind-dn'], 'has no password beside it', { remedy: 'add bind-password: { env: NAME } or { file: PATH }; leave both out to ask anonymously' });
      if (dn === undefined && password !== undefined) throw new SettingError(['bind-password'], 'has no account beside it', { remedy: 'add bind-dn: the account that reads the directory' });
    },
  );
  for (const { url, security, host, socket } of servers) {
    if (security === 'none' && socket === undefined && !isLoopback(host)) log.warn('passwords travel to the directory in the clear; use ldaps:// or start-tls', { url });
  }
  return {
    servers: () => (servers.length > 0 || discover === undefined ? Promise.resolve(servers) : discover()),
    lookup: names?.lookup, ca: readCa, serverName: config['server-name'], bind: dn === undefined || password === undefined ? undefined : { dn, password },
    timeoutMilliseconds: config['timeout-seconds'] * 1000, connections: config.connections,
  };
}

function serversOf({ url, 'start-tls': startTls }: ConnectionConfig, urls: readonly string[], found: boolean): readonly LdapServer[] {
  if (urls.length === 0 && !found) throw new SettingError(['url'], 'is missing: where is the directory?', { remedy: 'for example ldaps://ldap.example.com' });
  return together(...urls.map((one, at) => () => readServer(one, startTls, typeof url === 'string' ? ['url'] : ['url', String(at)])));
}

function checkCa(read: () => string | undefined, ca: string): void {
  const remedy = 'name the PEM file of the authority that signs the directory\'s certificate; without ca those of the system count';
  let text: string | undefined;
  try {
    text = read();
  } catch (error) {
    throw new SettingError(['ca'], `cannot read ${ca} (${(error as NodeJS.ErrnoException).code ?? reasonOf(error)})`, { remedy, cause: error });
  }
  if (text !== undefined && !/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(text)) throw new SettingError(['ca'], `${ca.includes('\n') ? 'the text' : ca} holds no PEM certificate`, { remedy });
}

/** `setting`: where it stands in the config. @throws SettingError */
export function readServer(url: string, startTls: boolean, setting: readonly string[] = ['url']): LdapServer {
  const parsed = URL.parse(url);
  const scheme = parsed?.protocol;
  if (parsed === null || (scheme !== 'ldap:' && scheme !== 'ldaps:' && scheme !== 'ldapi:')) throw new SettingError(setting, `${url} is no address of a directory`, { remedy: 'write ldaps://host, ldap://host or ldapi://%2Fpath' });
  const host = decodeURIComponent(parsed.hostname).replace(/^\[(.*)\]$/, '$1');
  if (scheme === 'ldapi:') return { url, socket: host, host: 'localhost', port: 0, security: 'none' };
  if (host === '') throw new SettingError(setting, `${url} names no host`, { remedy: 'write ldaps://host' });
  const port = parsed.port === '' ? (scheme === 'ldaps:' ? 636 : 389) : Number(parsed.port);
  return { url, socket: undefined, host, port, security: scheme === 'ldaps:' ? 'tls' : startTls ? 'start-tls' : 'none' };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
