/**
 * Kerberos v5 log-in over HTTP: SPNEGO (RFC 4559), offered as `Negotiate`. Needs a keytab with the key of `HTTP/<the host name in the clients' address>`, and the
 * optional native package `kerberos`. Does not take passwords: with an LDAP or AD directory beside it, Basic over TLS does.
 */
import { resolve } from 'node:path';
import { authenticator } from '@kalends/contracts';
import { definePlugin, SettingError } from '@kalends/kernel';
import { z } from 'zod';
import type { RealmRule } from './account-rules.ts';
import { askKdc, checkKeytab } from './diagnosis.ts';
import { KerberosAuthenticator } from './kerberos-authenticator.ts';
import { loadKerberos } from './kerberos-module.ts';
import { KerberosStrategy } from './kerberos-strategy.ts';
import { checkReplayCache } from './replay-cache.ts';
import { SpnegoAcceptor } from './spnego-acceptor.ts';

export { accountOf, type Mapped, type RealmRule } from './account-rules.ts';
export type { KerberosModule, KerberosServer } from './kerberos-module.ts';
export { loadKerberos } from './kerberos-module.ts';
export { KerberosStrategy, type KerberosInfo, type KerberosStrategyOptions } from './kerberos-strategy.ts';
export { SpnegoAcceptor, type Accepted, type AcceptorOptions } from './spnego-acceptor.ts';

const realm = z.strictObject({
  name: z.string().min(1).describe('As EXAMPLE.COM; case counts.'),
  account: z.enum(['name', 'name@realm']).optional().describe('What of alice@EXAMPLE.COM the directory knows as the account. Default: name; of several realms one may leave it out.'),
  'lower-case': z.boolean().default(false).describe('For Active Directory, whose tickets carry the name as the user typed it.'),
});

const config = z.strictObject({
  keytab: z.string().min(1).optional().describe('File with the service\'s key. Default: KRB5_KTNAME, then /etc/krb5.keytab.'),
  principals: z.array(z.string().regex(/^[^/@\s]+\/[^/@\s]+(@[^/@\s]+)?$/, 'as HTTP/calendar.example.com')).default([]).describe('Services whose tickets are taken. Default: every HTTP/… of the keytab.'),
  realms: z.array(realm).min(1).optional().describe('Whose users may log in. Default: the realms of the keytab.'),
});

/** alice of one realm and alice of another are one account only where somebody says so. @throws SettingError */
function rulesOf(realms: readonly z.output<typeof realm>[]): ReadonlyMap<string, RealmRule> {
  const byName = realms.filter(({ account }) => account !== 'name@realm');
  if (byName.length > 1 && byName.some(({ account }) => account === undefined)) {
    throw new SettingError(['realms'], `users of ${byName.map(({ name }) => name).join(' and ')} may log in, and alice of each would be the account alice`, { remedy: 'list them, each with its `account`, or only the one whose users may' });
  }
  return new Map(realms.map(({ name, account = 'name', 'lower-case': lowerCase }) => [name, { account, 'lower-case': lowerCase }]));
}

export default definePlugin({
  name: '@kalends/auth-kerberos',
  api: 1,
  summary: 'Kerberos log-in (SPNEGO, RFC 4559).',
  config,
  provides: { negotiate: authenticator },
  requires: {},
  once: {
    because: 'Kerberos reads one keytab a process, and one instance decides all tickets, since no ticket can be looked at twice',
    remedy: 'keep one; a keytab holds the keys of many names and realms (merge them with ktutil: rkt one, rkt two, wkt both), and "realms" has a rule for each',
  },

  async setup({ config, log, lifecycle }) {
    const keytab = resolve((config.keytab ?? process.env['KRB5_KTNAME'] ?? '/etc/krb5.keytab').replace(/^FILE:/, ''));
    const { services, realms, warnings } = checkKeytab(keytab, config.principals);
    for (const warning of warnings) log.warn(warning);
    checkReplayCache(process.env);
    // GSS-API could take a keytab for each acceptor (gss_acquire_cred_from); the package does not pass one on.
    process.env['KRB5_KTNAME'] = `FILE:${keytab}`;
    const kerberos = await loadKerberos();
    const rules = rulesOf(config.realms ?? [...realms].map((name) => ({ name, 'lower-case': false })));
    const strategy = new KerberosStrategy({ acceptor: new SpnegoAcceptor({ kerberos, services }), realms: rules });
    lifecycle.onStart(() => {
      // Beside the start, which it may outlast.
      for (const service of services) void askKdc(keytab, service).then((trouble) => { if (trouble !== undefined) log.warn(trouble); });
      return Promise.resolve();
    });
    return { negotiate: new KerberosAuthenticator(strategy, log) };
  },
});
