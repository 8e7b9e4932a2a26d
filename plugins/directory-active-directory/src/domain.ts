/** A domain's name and its accounts' spellings. */

/** `corp.example.com` → `DC=corp,DC=example,DC=com`. */
export function baseOf(domain: string): string {
  return domain.split('.').map((label) => `DC=${label}`).join(',');
}

/** `DC=corp,DC=example,DC=com` → `corp.example.com`; undefined where there is no such part. */
export function domainOf(base: string): string | undefined {
  const labels = [...base.matchAll(/(?:^|,)\s*DC=([^,]+)/gi)].map((match) => match[1]!.trim());
  return labels.length === 0 ? undefined : labels.join('.').toLowerCase();
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
