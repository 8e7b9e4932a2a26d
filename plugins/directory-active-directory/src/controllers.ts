/** A domain's controllers by DNS (MS-ADTS §6.3.2.3): those of the site first, then any; always by TLS, whose port the record does not tell. */
import { DiscoveredServers, readServer } from '@kalends/lib-ldap';
import type { DiscoveredOptions } from '@kalends/lib-ldap';

export function controllersOf({ domain, site, ...options }: Pick<DiscoveredOptions, 'domain' | 'names' | 'log' | 'anyName' | 'chance'> & { readonly site: string | undefined }): DiscoveredServers {
  return new DiscoveredServers({
    ...options, domain, what: 'domain controllers', services: [...(site === undefined ? [] : [`_ldap._tcp.${site}._sites.dc._msdcs.${domain}`]), `_ldap._tcp.dc._msdcs.${domain}`],
    serverOf: ({ name }) => readServer(`ldaps://${name}:636`, false),
  });
}
