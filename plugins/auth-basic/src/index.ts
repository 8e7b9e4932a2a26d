/**
 * HTTP Basic (RFC 7617) as an Authenticator. Asks the credential sources in config order; hashing and caching of proofs are theirs and the front's.
 * Not offered, and not taken, in the clear, except on loopback or where the config insists (R40).
 */
import { authenticator, credentialSource } from '@kalends/contracts';
import { definePlugin, SettingError } from '@kalends/kernel';
import { z } from 'zod';
import { BasicAuthenticator } from './basic-authenticator.ts';

const config = z.strictObject({
  realm: z.string().min(1).regex(/^[^"\\\p{Cc}]+$/u, 'no quotes, backslashes or control characters').default('Kalends').describe('Shown to users.'),
  'allow-cleartext': z.boolean().default(false).describe('Take passwords over unencrypted connections from other machines. Only behind something else that encrypts.'),
});

export default definePlugin({
  name: '@kalends/auth-basic',
  api: 1,
  summary: 'HTTP Basic authentication (RFC 7617), over TLS or on loopback.',
  config,
  provides: { basic: authenticator },
  requires: { sources: credentialSource },
  once: { because: 'the first decides every Basic field, so the second would be asked for nothing', remedy: 'keep one; it asks the credentials of all directories' },

  setup({ config, deps, log }) {
    const sources = deps.sources.filter((source) => source.can.verify);
    if (sources.length === 0) throw new SettingError([], 'Basic needs a directory that can check passwords, and none here does', { remedy: 'enable one: directory-file, directory-open-directory, directory-active-directory' });
    return { basic: new BasicAuthenticator({ realm: config.realm, allowCleartext: config['allow-cleartext'], sources, log }) };
  },
});
