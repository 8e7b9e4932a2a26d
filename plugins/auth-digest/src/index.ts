/**
 * HTTP Digest (RFC 7616) as an Authenticator.
 * Offers SHA-256 before MD5; MD5 stays because macOS and iOS calendars ask for it.
 * Keeps no table of nonces: they are HMACs, and the replay guard counts their use.
 */
import { z } from 'zod';
import { authenticator, clock, credentialSource, deployment, replayGuard, secrets } from '@kalends/contracts';
import { definePlugin, SettingError } from '@kalends/kernel';
import { DigestAuthenticator } from './digest-authenticator.ts';

const config = z.strictObject({
  realm: z.string().min(1).regex(/^[^"\\\p{Cc}]+$/u, 'no quotes, backslashes or control characters').default('Kalends').describe('Shown to users; changing it invalidates stored digests.'),
  algorithms: z.array(z.enum(['SHA-256', 'MD5'])).min(1).default(['SHA-256', 'MD5']).describe('Offered in this order (RFC 7616 §3.7).'),
  'nonce-seconds': z.number().int().min(30).max(86_400).default(300).describe('How long a nonce is good; an older one is renewed without asking for the password.'),
});

export default definePlugin({
  name: '@kalends/auth-digest',
  api: 1,
  summary: 'HTTP Digest authentication (RFC 7616).',
  config,
  provides: { digest: authenticator },
  requires: { sources: credentialSource, replay: replayGuard, secrets, deployment, clock },
  once: { because: 'the first decides every Digest field, so the second would be asked for nothing', remedy: 'keep one; it asks the credentials of all directories' },

  setup({ config: { realm, algorithms, 'nonce-seconds': nonceSeconds }, deps, log, lifecycle }) {
    const sources = deps.sources.filter((source) => source.can.digest.length > 0);
    if (sources.length === 0) {
      throw new SettingError([], 'Digest needs a directory that keeps digest secrets, and none here does: Active Directory never, LDAP where its `digest:` names their attributes', { remedy: 'take auth-basic over TLS, or auth-kerberos; app-passwords have digest secrets of their own' });
    }
    // Clients take the strongest scheme they know, and would try a domain password by it.
    const without = deps.sources.filter(({ isBeside, can }) => isBeside !== true && can.digest.length === 0).map(({ directory }) => directory?.name ?? 'a third-party directory');
    if (without.length > 0) log.warn('Digest is offered, and cannot work with the passwords of these directories: clients that take it fail where Basic would not', { directories: without });
    const { replay, secrets, deployment: { hostId }, clock } = deps;
    const digest = new DigestAuthenticator({ realm, algorithms, nonceSeconds, sources, replay, secrets, hostId, clock, log });
    lifecycle.onStart(() => digest.loadKey());
    return { digest };
  },
});
