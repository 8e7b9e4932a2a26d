/**
 * Users, groups, locations and resources from one YAML file: the directory of a small deployment, and of a trial.
 * Keeps argon2id and Digest hashes. Passwords in the open only in a demo, which no server may offer to other machines.
 */
import { clock, credentialSource, directorySource } from '@kalends/contracts';
import { definePlugin, SettingError } from '@kalends/kernel';
import { z } from 'zod';
import { FileCredentials } from './file-credentials.ts';
import { FileDirectory } from './file-directory.ts';

export { DirectoryFileError } from './problems.ts';
export type { Problem } from './problems.ts';
export { directoryFile } from './schema.ts';
export { setPassword } from './set-password.ts';
export type { PasswordChange } from './set-password.ts';

const config = z.strictObject({
  file: z.string().min(1).describe('Path of the YAML file with the records.'),
  demo: z.boolean().default(false).describe('Allow passwords in the open; the server then listens on the loopback address only.'),
  realm: z.string().min(1).optional().describe('The realm of Digest; the boot then refuses a file whose stored digests are all for another one.'),
});

export default definePlugin({
  name: '@kalends/directory-file',
  api: 1,
  summary: 'Users, groups, locations and resources from a YAML file.',
  config,
  provides: { source: directorySource, credentials: credentialSource },
  requires: { clock },

  async setup({ config: { file, demo, realm }, deps, log, lifecycle }) {
    const source = await FileDirectory.open({ file, demo }, deps.clock, log).catch((error: NodeJS.ErrnoException) => {
      if (error.code === undefined) throw error;
      throw new SettingError(['file'], `cannot read ${file} (${error.code})`, { remedy: 'name the YAML file with the records, and let the account that the server runs under read it', cause: error });
    });
    const { realms } = await source.current();
    if (realm !== undefined && realms.size > 0 && !realms.has(realm)) {
      throw new SettingError(['realm'], `${file}: the stored digests are for ${[...realms].join(', ')}, none for ${realm}`, { remedy: 'put the realm back, or set the passwords anew' });
    }
    if (demo) log.warn('demo directory: its passwords stand in the open', { file });
    lifecycle.health('directory file', async () => {
      await source.current();
      return source.health();
    });
    const credentials = new FileCredentials(source, demo);
    lifecycle.onStart(() => credentials.prepare());
    return { source, credentials };
  },
});
