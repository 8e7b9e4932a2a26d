/**
 * `principals set-password`: hashes into the YAML file of `directory-file`, of which nobody writes by hand; a password that stood there in the open goes. Works where
 * the deployment does not start yet, for want of just that. Other directories have tools of their own.
 */
import { existsSync } from 'node:fs';
import { DirectoryFileError, setPassword } from '@kalends/directory-file';
import type { LoadedConfig } from '@kalends/kernel';
import { auditLogOver, dataRootOf, openAuditLines, readConfig } from '@kalends/server';
import type { Config } from '@kalends/server';
import { callerName } from './audited.ts';
import { becomeOwnerOf } from './become-owner.ts';
import { CONFIG, OK, USAGE } from './exit-codes.ts';
import { NotFound } from './find-calendar.ts';
import type { Output } from './output.ts';

interface Target { readonly config: string; readonly data?: string | undefined; readonly account: string; /** An instance of the config, where it has several. */ readonly directory?: string | undefined }
interface FileDirectoryConfig { readonly file?: string }

/** The file that is to be changed. @throws NotFound where the config has none, or several */
export function passwordFileOf({ config, data, directory }: Omit<Target, 'account'>): { readonly file: string; readonly loaded: LoadedConfig<Config> } {
  const loaded = readConfig({ file: config, settings: data === undefined ? {} : { 'server.data': data } });
  const files = loaded.instances.flatMap(({ name, use, enabled, with: given }) => {
    const { file } = (given ?? {}) as FileDirectoryConfig;
    return enabled && use === 'directory-file' && typeof file === 'string' && (directory === undefined || directory === name) ? [{ name, file }] : [];
  });
  const [only] = files;
  if (only === undefined) throw new NotFound(directory === undefined ? `${config} has no directory-file; passwords of other directories are set by their own tools` : `${config} has no directory-file called ${directory}`);
  if (files.length > 1) throw new NotFound(`${config} has several directory files; say which with --directory: ${files.map(({ name }) => name).join(', ')}`);
  return { file: only.file, loaded };
}

export async function setFilePassword(target: Target, password: string, output: Output): Promise<number> {
  const { file, loaded } = passwordFileOf(target);
  if (password === '' || /\p{Cc}/u.test(password)) {
    output.complain('a password has at least one character, and none that is not printed');
    return USAGE;
  }
  const realms = [...new Set(loaded.instances.filter(({ use, enabled }) => enabled && use === 'auth-digest').map(({ with: given }) => (given as { readonly realm?: string } | undefined)?.realm ?? 'Kalends'))];
  try {
    await setPassword({ file, user: target.account, password, realms });
  } catch (error) {
    await note(loaded, target.account, 'failed');
    if (error instanceof DirectoryFileError) {
      output.complain(error.message);
      return CONFIG;
    }
    if (error instanceof Error && (/ is called /.test(error.message) || 'code' in error)) throw new NotFound(error.message);
    throw error;
  }
  await note(loaded, target.account, 'done');
  output.value({ account: target.account, file, digestRealms: realms });
  output.line(`${target.account} has a new password in ${file}; a running server knows within seconds`);
  return OK;
}

async function note({ sections }: LoadedConfig<Config>, account: string, outcome: 'done' | 'failed'): Promise<void> {
  const root = dataRootOf(sections);
  becomeOwnerOf(root);
  if (!existsSync(root) && sections.log['audit-file'] === undefined) return;
  const complain = (message: string, fields: object = {}): void => { process.stderr.write(`caladmin: ${message} ${Object.values(fields).join(': ')}\n`); };
  const lines = openAuditLines(sections.log, root, { error: complain, warn: complain, info: () => undefined });
  auditLogOver(lines).write({ time: Date.now(), as: 'caladmin', account: callerName(), command: 'principals set-password', given: { account }, outcome });
  await lines.close();
}
