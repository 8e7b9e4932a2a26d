/**
 * `tls: self-signed`: a certificate of our own, made on the first start and anew a month before it ends. It protects against listeners; that it is ours nobody can
 * tell, so clients ask their users once. Made in memory; written only when the server starts.
 */
import 'reflect-metadata';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { TlsFiles } from './compose.ts';
import type { Config } from './config-schema.ts';

const DAY_MILLISECONDS = 86_400_000;
/** Apple's systems refuse a certificate that is valid for more than 825 days. */
const VALID_DAYS = 800;
const RENEW_DAYS = 30;

export interface ServerTls {
  /** Absent: no TLS. */
  readonly files: TlsFiles | undefined;
  /** Writes what was made. */
  keep(): Promise<void>;
}

export async function serverTls({ tls, 'public-url': publicUrl }: Config['server'], dataRoot: string, now: () => number = Date.now): Promise<ServerTls> {
  if (tls !== 'self-signed') return { files: tls, keep: () => Promise.resolve() };
  const folder = join(dataRoot, 'local', 'tls');
  const there = await readPair(folder, now());
  if (there !== undefined) return { files: there, keep: () => Promise.resolve() };
  const made = await makePair([...new Set([hostname(), 'localhost', '127.0.0.1', '::1', ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname])])], now());
  return {
    files: made,
    async keep() {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(join(folder, 'key.pem'), made.key, { mode: 0o600, flush: true });
      await writeFile(join(folder, 'certificate.pem'), made.certificate, { flush: true });
    },
  };
}

/** The PEM texts of an earlier start, while they have time left and belong together. */
async function readPair(folder: string, now: number): Promise<TlsFiles | undefined> {
  try {
    const certificate = await readFile(join(folder, 'certificate.pem'), 'utf8');
    const key = await readFile(join(folder, 'key.pem'), 'utf8');
    const parsed = new X509Certificate(certificate);
    const lasts = parsed.validToDate.getTime() - now > RENEW_DAYS * DAY_MILLISECONDS;
    return lasts && parsed.checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES' || code === 'EPERM') throw error;
    return undefined; // None yet, or a damaged one: another is made.
  }
}

async function makePair(names: readonly string[], now: number): Promise<TlsFiles> {
  const { BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${names[0]?.replaceAll(/[^\w.-]/g, '') ?? 'kalends'}`,
    notBefore: new Date(now - DAY_MILLISECONDS), notAfter: new Date(now + VALID_DAYS * DAY_MILLISECONDS), signingAlgorithm: algorithm, keys,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))),
    ],
  }, webcrypto);
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return { certificate: `${certificate.toString('pem')}\n`, key: `-----BEGIN PRIVATE KEY-----\n${key.match(/.{1,64}/g)?.join('\n') ?? ''}\n-----END PRIVATE KEY-----\n` };
}
