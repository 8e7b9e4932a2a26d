/**
 * Passwords for one device or program (R46): the way in for phones where the domain password must not go. Made and revoked by `caladmin app-passwords`.
 * Works with Basic and Digest, whatever the directory is.
 */
import { clock, credentialSource, recordStore } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { AppPasswordSource } from './app-password-source.ts';
import { AppPasswords } from './app-passwords.ts';

export { appPasswordName, AppPasswords, type AppPassword, type NewAppPassword } from './app-passwords.ts';

export default definePlugin({
  name: '@kalends/app-passwords',
  api: 1,
  summary: 'Passwords for one device or program: scoped, expiring, revocable.',
  config: z.strictObject({ realm: z.string().min(1).default('Kalends').describe('That of auth-digest; with another one, these passwords work with Basic only.') }),
  provides: { credentials: credentialSource },
  requires: { records: recordStore, clock },

  setup({ config, deps, log }) {
    return { credentials: new AppPasswordSource(new AppPasswords(deps.records, deps.clock, config.realm), log) };
  },
});
