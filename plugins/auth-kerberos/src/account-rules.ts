/**
 * From the Kerberos principal that a ticket names to the account that the directory knows. Only realms that the config names, or those of the keytab, may log in:
 * trust between realms is the KDCs' affair, who has a calendar here is ours.
 */
export interface RealmRule {
  /** `name`: the principal without its realm. `name@realm`: the whole, as for a second realm whose names would clash. */ readonly account: 'name' | 'name@realm';
  /** Active Directory compares names without case, and its tickets carry what the user typed. */ readonly 'lower-case': boolean;
}

export type Mapped = { readonly account: string } | { readonly refused: string };

export function accountOf(principal: string, rules: ReadonlyMap<string, RealmRule>): Mapped {
  const at = principal.lastIndexOf('@');
  const [name, realm] = [principal.slice(0, at), principal.slice(at + 1)];
  if (at < 1 || realm === '') return { refused: `${JSON.stringify(principal)} names no realm` };
  const rule = rules.get(realm);
  if (rule === undefined) return { refused: `realm ${JSON.stringify(realm)} is not one of ${[...rules.keys()].join(', ')}` };
  // Services and second identities (HTTP/host, alice/admin) are nobody's calendar account. A backslash escapes: such names are no accounts either.
  if (/[/@\\\p{Cc}]/u.test(name)) return { refused: `${JSON.stringify(principal)} is not a person's principal` };
  const account = rule.account === 'name' ? name : principal;
  return { account: rule['lower-case'] ? account.toLowerCase() : account };
}
