/**
 * By which schemes somebody could log in under this config, as far as can be told without his password: Digest needs stored hashes, Basic a directory that checks
 * passwords and a connection that nobody listens to, Kerberos a realm that means the account.
 */
import type { Principal } from '@kalends/contracts';
import type { OpenPeople } from './open-people.ts';

export interface Scheme { readonly scheme: string; readonly instance: string; readonly could: boolean; readonly how: string }
type People = Pick<OpenPeople, 'authenticators' | 'credentials' | 'secure' | 'proxied'>;

interface AuthenticatorConfig {
  readonly realm?: string; readonly algorithms?: readonly ('MD5' | 'SHA-256')[]; readonly 'allow-cleartext'?: boolean;
  readonly realms?: readonly { readonly name: string; readonly account?: 'name' | 'name@realm' }[];
}

export async function schemesOf(people: People, principal: Principal): Promise<readonly Scheme[]> {
  if (principal.accounts.length === 0) return [];
  return Promise.all(people.authenticators.map(async ({ instance, plugin, value }): Promise<Scheme> => {
    const config = (value ?? {}) as AuthenticatorConfig;
    switch (plugin) {
      case '@kalends/auth-digest': return { scheme: 'Digest', instance, ...await digest(people, principal, config) };
      case '@kalends/auth-basic': return { scheme: 'Basic', instance, ...basic(people, config) };
      case '@kalends/auth-kerberos': return { scheme: 'Negotiate', instance, ...kerberos(principal.accounts, config) };
      default: return { scheme: plugin, instance, could: true, how: 'ask whoever wrote it' };
    }
  }));
}

async function digest({ credentials }: People, { accounts }: Principal, { realm = '', algorithms = [] }: AuthenticatorConfig): Promise<Pick<Scheme, 'could' | 'how'>> {
  const by: string[] = [];
  for (const { instance, value } of credentials) {
    for (const algorithm of algorithms.filter((one) => value.can.digest.includes(one))) {
      for (const account of accounts) {
        const found = value.digestSecrets === undefined ? await value.digestSecret(account, realm, algorithm) : (await value.digestSecrets(account, realm, algorithm))[0];
        if (found !== undefined) by.push(`${algorithm} as ${account} (${instance})`);
      }
    }
  }
  return by.length > 0 ? { could: true, how: by.join(', ') } : { could: false, how: `nobody keeps a hash of this account's password for the realm ${JSON.stringify(realm)}` };
}

function basic({ credentials, secure, proxied }: People, { 'allow-cleartext': cleartext = false }: AuthenticatorConfig): Pick<Scheme, 'could' | 'how'> {
  const asked = inTurn(credentials.filter(({ value }) => value.can.verify)).map(({ instance }) => instance).join(', then ');
  const where = cleartext ? 'over any connection, as allow-cleartext says' : secure ? 'over TLS' : proxied ? 'through a trusted proxy that says it has TLS' : 'from this machine only: server.listen has no address with TLS';
  return { could: true, how: `${where}; passwords are asked of ${asked}` };
}

function kerberos(accounts: readonly string[], { realms }: AuthenticatorConfig): Pick<Scheme, 'could' | 'how'> {
  const short = accounts.filter((account) => !account.includes('@'));
  const names = realms === undefined ? short.map((account) => `${account}@<a realm of the keytab>`)
    : realms.flatMap(({ name, account: rule }) => (rule === 'name@realm' ? accounts.filter((account) => account.toUpperCase().endsWith(`@${name.toUpperCase()}`)) : short.map((account) => `${account}@${name}`)));
  return names.length > 0 ? { could: true, how: `with a ticket of ${names.join(' or ')}` } : { could: false, how: 'no realm of the config means this account' };
}

/** As Basic asks: passwords of the server's own first. */
export function inTurn(credentials: People['credentials']): People['credentials'] {
  return [...credentials.filter(({ value }) => value.isBeside === true), ...credentials.filter(({ value }) => value.isBeside !== true)];
}
