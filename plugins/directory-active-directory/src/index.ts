/**
 * People, groups, rooms and equipment from Active Directory, without a change of its schema. Reads only; passwords are proved by a bind over TLS. Other domains of
 * the forest are not followed: referrals are left alone, and each domain is an instance of its own.
 */
import { resolveSrv } from 'node:dns/promises';
import { clock, credentialSource, directorySource } from '@kalends/contracts';
import { definePlugin, together } from '@kalends/kernel';
import { checkDn, LdapCredentials, LdapDirectory, LdapPool, readSettings } from '@kalends/lib-ldap';
import { config } from './config.ts';
import { accountNames, baseOf, controllersOf, domainOf } from './domain.ts';
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
    const discover = domain === undefined ? undefined : () => controllersOf(domain, resolveSrv);
    const [settings, schemas] = together(() => readSettings(config, log, discover), () => readSchemas(config, base, clock), () => { checkDn(base, ['base']); });
    const pool = new LdapPool(settings, clock, log);
    const source = new LdapDirectory({
      name: 'active-directory', pool, schemas, memberships: new ChainedMemberships(pool, schemas), clock, log, refreshSeconds: config['refresh-seconds'], guests: config.guests,
      accountNames: (account) => accountNames(account, domain, config['netbios-domain']),
    });
    const credentials = new LdapCredentials({ directory: source, pool, clock, log, graceSeconds: config['grace-seconds'], nowhere: base });
    lifecycle.health('domain controller', () => pool.health(base));
    lifecycle.onStop(() => pool.close());
    return { source, credentials };
  },
});
