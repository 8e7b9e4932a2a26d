/** What is wrong with the certificate and key that `server.tls` names, as problems of the config: found with all others, and not by whoever listens. */
import { readFile } from 'node:fs/promises';
import { readTls } from '@kalends/http';
import { formatPath, reasonOf } from '@kalends/kernel';
import type { LoadedConfig, Problem } from '@kalends/kernel';
import type { Config } from './config-schema.ts';

const REMEDIES = {
  certificate: 'name the PEM file with the certificate and its chain, which the account that the server runs under may read; or tls: self-signed',
  key: 'name the PEM file with its key, which the account that the server runs under may read, and nobody else',
  passphrase: 'write the passphrase of the key as { env: NAME } or { file: PATH }',
  pair: 'certificate and key come as a pair: name the key that the certificate was asked for with',
};

/** Empty where there is none, or it can be used. */
export async function tlsProblems({ sections, document }: Pick<LoadedConfig<Config>, 'sections' | 'document'>): Promise<readonly Problem[]> {
  const { tls } = sections.server;
  if (tls === undefined || tls === 'self-signed') return [];
  const problem = (key: 'certificate' | 'key' | 'passphrase', message: string, remedy: string): Problem => {
    const path = ['server', 'tls', key];
    const origin = document.originOf(path);
    return { code: 'KRN_REFUSED', severity: 'error', file: origin?.source, line: origin?.line, path: formatPath(path), message, remedy };
  };
  const unreadable = (await Promise.all((['certificate', 'key'] as const).map(async (key) => {
    if (tls[key].trimStart().startsWith('-----BEGIN ')) return [];
    const error = await readFile(tls[key]).then(() => undefined, (reason: unknown) => reason);
    return error === undefined ? [] : [problem(key, `cannot read ${tls[key]} (${(error as NodeJS.ErrnoException).code ?? reasonOf(error)})`, REMEDIES[key])];
  }))).flat();
  if (unreadable.length > 0) return unreadable;
  const message = await readTls(tls).then(() => undefined, reasonOf);
  if (message === undefined) return [];
  if (/holds no PEM certificate/.test(message)) return [problem('certificate', message, REMEDIES.certificate)];
  if (/holds no PEM private key/.test(message)) return [problem('key', message, tls.passphrase === undefined ? `${REMEDIES.key}; where it has one, its passphrase beside it` : REMEDIES.passphrase)];
  return [problem('key', message, REMEDIES.pair)];
}
