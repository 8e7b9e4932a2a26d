/**
 * People, groups, rooms and resources from OpenLDAP with Apple's attributes, or from any LDAP directory by mapping. Reads only; passwords are proved by a bind.
 * Reads nothing at the start and lists nothing by itself, so the size of the directory does not matter.
 */
import { clock, credentialSource, directorySource } from '@kalends/contracts';
import { definePlugin, together } from '@kalends/kernel';
import type { Logger } from '@kalends/kernel';
import { DiscoveredServers, KindSearch, LdapCredentials, LdapDirectory, LdapPool, ListedMemberships, Names, readServer, readSettings } from '@kalends/lib-ldap';
import type { StoredDigests } from '@kalends/lib-ldap';
import { config } from './config.ts';
import type { Config } from './config.ts';
import { readSchemas } from './schemas.ts';

const LDAPS = 636;

export default definePlugin({
  name: '@kalends/directory-open-directory',
  api: 1,
  summary: 'People, groups, rooms and resources from OpenLDAP, Open Directory, 389 or FreeIPA.',
  config,
  provides: { source: directorySource, credentials: credentialSource },
  requires: { clock },

  setup({ config, deps: { clock }, log, lifecycle }) {
    const names = new Names(config['dns-servers'] ?? [], clock, log);
    const discovered = serversOf(config, names, log);
    const [settings, { schemas, members, shutOut }] = together(() => readSettings(config, log, discovered === undefined ? undefined : () => discovered.servers(), names), () => readSchemas(config, clock));
    const pool = new LdapPool(settings, clock, log);
    if (config['bind-dn'] === undefined && shutOut.length > 0) {
      log.warn('questions are asked anonymously; where the directory does not show these attributes to everybody, accounts that it has disabled or locked look enabled', { attributes: shutOut });
    }
    const kinds = new KindSearch({ pool, schemas, clock, refreshSeconds: config['refresh-seconds'] });
    const memberships = new ListedMemberships({ pool, kinds, schemas, members });
    const source = new LdapDirectory({ name: 'open-directory', pool, kinds, schemas, memberships, clock, log, refreshSeconds: config['refresh-seconds'], guests: config.guests });
    const credentials = new LdapCredentials({ directory: source, pool, clock, log, graceSeconds: config['grace-seconds'], digests: digestsOf(config), nowhere: config.base });
    if (discovered !== undefined) lifecycle.onStart(() => discovered.check());
    lifecycle.health('directory server', () => pool.health(config.base));
    lifecycle.onStop(() => pool.close());
    return { source, credentials };
  },
});

/** As RFC 2782 has it for LDAP, on the ports that the records tell; never in the clear, for DNS alone says who is asked. */
function serversOf({ url, domain, 'server-name': serverName }: Config, names: Names, log: Logger): DiscoveredServers | undefined {
  if (url !== undefined || domain === undefined) return undefined;
  const lower = domain.toLowerCase();
  return new DiscoveredServers({
    domain: lower, what: 'LDAP servers', services: [`_ldap._tcp.${lower}`], names, log, anyName: serverName !== undefined,
    serverOf: ({ name, port }) => readServer(`${port === LDAPS ? 'ldaps' : 'ldap'}://${name}:${String(port)}`, true),
  });
}

function digestsOf({ digest }: Config): StoredDigests | undefined {
  if (digest === undefined) return undefined;
  const { realm, md5, 'sha-256': sha256 } = digest;
  return { realm, attributes: { ...(md5 === undefined ? {} : { MD5: md5 }), ...(sha256 === undefined ? {} : { 'SHA-256': sha256 }) } };
}
