/**
 * Writes a user's hashes into the file: argon2id, and HA1 for each account and realm. Comments, order and the rest of the text stay as they are; a plain
 * password that stood there goes. The new text replaces the old in one rename.
 */
import { chmod, chown, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { isMap, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { digestOf, hashPassword } from './passwords.ts';
import { readDirectory } from './read-directory.ts';

export interface PasswordChange {
  readonly file: string;
  /** An id, a record name or an account. */ readonly user: string;
  readonly password: string;
  /** Those that the configured Digest offers. */ readonly realms: readonly string[];
}

/** @throws DirectoryFileError when the file is broken; Error when nobody, or more than one, is meant by `user` */
export async function setPassword(change: PasswordChange): Promise<void> {
  const text = await readFile(change.file, 'utf8');
  // `demo`: a password in the open is what this function takes away.
  const { principals } = readDirectory(text, { file: change.file, demo: true });
  const user = change.user.normalize('NFC');
  const meant = principals.filter(({ kind, id, names, accounts }) => kind === 'user' && (id === user || names.includes(user) || accounts.includes(user)));
  const [principal] = meant;
  if (principal === undefined || meant.length > 1) throw new Error(`${change.file}: ${meant.length === 0 ? 'no user' : 'more than one user'} is called ${user}`);
  const digest = principal.accounts.flatMap((account) =>
    change.realms.map((realm) => ({
      account,
      realm,
      md5: digestOf('MD5', account, realm, change.password),
      'sha-256': digestOf('SHA-256', account, realm, change.password),
    })),
  );
  const document = parseDocument(text, { lineCounter: new LineCounter() });
  const index = indexOfUser(document, principal.id);
  document.deleteIn(['users', index, 'password']);
  document.setIn(['users', index, 'credentials'], document.createNode({ argon2id: await hashPassword(change.password), digest }));
  await replace(change.file, document.toString({ lineWidth: 0 }));
}

function indexOfUser(document: Document, id: string): number {
  const users = document.get('users');
  return isSeq(users) ? users.items.findIndex((item) => isMap(item) && item.get('id') === id) : -1;
}

/** Durable before it is seen; mode and owner of the old file are kept: it holds secrets, and the server must read it when root wrote it. */
async function replace(file: string, text: string): Promise<void> {
  const { mode, uid, gid } = await stat(file);
  const temporary = `${file}.${process.pid}.new`;
  try {
    await writeFile(temporary, text, { mode: mode & 0o777, flag: 'wx', flush: true });
    if (process.getuid?.() === 0) await chown(temporary, uid, gid);
    await chmod(temporary, mode & 0o777);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
