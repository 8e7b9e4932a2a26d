/** A domain's name, its controllers and its accounts' spellings. */
import type { LdapServer } from '@kalends/lib-ldap';
import { readServer } from '@kalends/lib-ldap';

export interface ServiceRecord { readonly name: string; readonly port: number; readonly priority: number; readonly weight: number }

/** `corp.example.com` → `DC=corp,DC=example,DC=com`. */
export function baseOf(domain: string): string {
  return domain.split('.').map((label) => `DC=${label}`).join(',');
}

/** `DC=corp,DC=example,DC=com` → `corp.example.com`; undefined where there is no such part. */
export function domainOf(base: string): string | undefined {
  const labels = [...base.matchAll(/(?:^|,)\s*DC=([^,]+)/gi)].map((match) => match[1]!.trim());
  return labels.length === 0 ? undefined : labels.join('.').toLowerCase();
}

/** By `_ldap._tcp.dc._msdcs.<domain>` (MS-ADTS §6.3.2.3), as RFC 2782 orders them; always by TLS, whose port the record does not tell. */
export async function controllersOf(domain: string, resolve: (name: string) => Promise<readonly ServiceRecord[]>): Promise<readonly LdapServer[]> {
  const records = await resolve(`_ldap._tcp.dc._msdcs.${domain}`);
  return records.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight).map(({ name }) => readServer(`ldaps://${name}:636`, false));
}

/**
 * What else an account may be called: `CORP\name` and `name@corp.example.com` are `name`, whether or not the entry has a userPrincipalName (MS-ADTS §5.1.1.1.1).
 * A name of another domain is nobody here.
 */
export function accountNames(account: string, domain: string | undefined, netbios: string | undefined): readonly string[] {
  const [, prefix, plain] = /^([^\\]+)\\([^\\]+)$/.exec(account) ?? [];
  if (prefix !== undefined && plain !== undefined) return netbios !== undefined && prefix.toLowerCase() === netbios.toLowerCase() ? [plain] : [];
  const at = account.lastIndexOf('@');
  return at > 0 && domain !== undefined && account.slice(at + 1).toLowerCase() === domain ? [account.slice(0, at)] : [];
}
