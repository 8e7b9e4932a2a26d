/**
 * People, groups, rooms and equipment from Active Directory, without a change of its schema. Reads only; passwords are proved by a bind over TLS. Other domains of
 * the forest are not followed: referrals are left alone, and each domain is an instance of its own.
 */
import { clock, credentialSource, directorySource } from '@kalends/contracts';
import { definePlugin, together } from '@kalends/kernel';
import { checkDn, KindSearch, LdapCredentials, LdapDirectory, LdapPool, Names, readSettings } from '@kalends/lib-ldap';
import { config } from './config.ts';
import { controllersOf } from './controllers.ts';
import { accountNames, baseOf, domainOf } from './domain.ts';
import { ChainedMemberships } from './memberships.ts';
import { readSchemas } from './schemas.ts';

export default definePlugin({
  name: '@kalends/directory-active-directory',
  api: 1,
  summary: 'People, groups, rooms and equipment from Active Directory.',
  config,
  provides: { source: directorySource, credentials: credentialSource },
  requires: { clock },

  setup({ config, deps: { clock }, log, lifecycle }) {
    const base = config.base ?? baseOf(config.domain ?? '');
    const domain = (config.domain ?? domainOf(base))?.toLowerCase();
    const names = new Names(config['dns-servers'] ?? [], clock, log);
    const controllers = domain === undefined || config.url !== undefined ? undefined : controllersOf({ domain, site: config.site, names, log, anyName: config['server-name'] !== undefined });
    const [settings, schemas] = together(() => readSettings(config, log, controllers === undefined ? undefined : () => controllers.servers(), names), () => readSchemas(config, base, clock), () => { checkDn(base, ['base']); });
    const pool = new LdapPool(settings, clock, log);
    const source = new LdapDirectory({
      name: 'active-directory', pool, kinds: new KindSearch({ pool, schemas, clock, refreshSeconds: config['refresh-seconds'] }), schemas, memberships: new ChainedMemberships(pool, schemas), clock, log, refreshSeconds: config['refresh-seconds'], guests: config.guests,
      accountNames: (account) => accountNames(account, domain, config['netbios-domain']),
    });
    const credentials = new LdapCredentials({ directory: source, pool, clock, log, graceSeconds: config['grace-seconds'], nowhere: base });
    if (controllers !== undefined) lifecycle.onStart(() => controllers.check());
    lifecycle.health('domain controller', () => pool.health(base));
    lifecycle.onStop(() => pool.close());
    return { source, credentials };
  },
});
