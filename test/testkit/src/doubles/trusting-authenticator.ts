/** Basic (RFC 7617) that believes every user name, whatever the password. For tests only: it proves nothing. */
import type { Authenticator } from '@kalends/contracts';

export function trustingAuthenticator(realm = 'Kalends tests'): Authenticator {
  return {
    scheme: 'Basic',
    challenge: async () => [`Basic realm="${realm}", charset="UTF-8"`],
    async authenticate({ headers }) {
      const encoded = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(headers.authorization ?? '')?.[1];
      if (encoded === undefined) return { kind: 'not-mine' };
      const pair = Buffer.from(encoded, 'base64').toString('utf8');
      const colon = pair.indexOf(':');
      return colon > 0 ? { kind: 'accepted', account: pair.slice(0, colon) } : { kind: 'rejected', reason: 'no user name' };
    },
  };
}

/** The header that it believes. */
export function basic(account: string, password = 'secret'): string {
  return `Basic ${Buffer.from(`${account}:${password}`).toString('base64')}`;
}
