/** The server's certificate. TLS 1.2 and up, with node's choice of ciphers; nothing here can make it weaker. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

export interface TlsOptions { readonly cert: Buffer; readonly key: Buffer; readonly passphrase?: string; readonly minVersion: 'TLSv1.2' }
/** Each the path of a PEM file, or PEM text itself. */
export interface TlsFiles { /** The chain after the certificate. */ readonly certificate: string; readonly key: string; readonly passphrase?: string | undefined }

/** Reads and proves that key and certificate belong together. @throws Error that names the file which is wrong */
export async function readTls({ certificate, key, passphrase }: TlsFiles): Promise<TlsOptions> {
  const options: TlsOptions = {
    cert: await read(certificate, 'certificate'), key: await read(key, 'private key'), ...(passphrase === undefined ? {} : { passphrase }), minVersion: 'TLSv1.2',
  };
  const first = attempt(() => new X509Certificate(options.cert), `${nameOf(certificate)} holds no PEM certificate`);
  const secret = attempt(() => createPrivateKey({ key: options.key, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) }), `${nameOf(key)} holds no PEM private key that can be opened`);
  if (!first.checkPrivateKey(secret)) throw new Error(`the private key in ${nameOf(key)} is not the one of the certificate in ${nameOf(certificate)}`);
  attempt(() => createSecureContext(options), `certificate ${nameOf(certificate)} and key ${nameOf(key)} cannot be used together`);
  return options;
}

/** When the first certificate of the chain ends, for health and `doctor`. */
export function validUntil(tls: TlsOptions): Date {
  return new X509Certificate(tls.cert).validToDate;
}

/** For the log: what a person compares with what the client shows. */
export function describeCertificate(tls: TlsOptions): { readonly subject: string; readonly until: string; readonly sha256: string } {
  const { subject, validToDate, fingerprint256 } = new X509Certificate(tls.cert);
  return { subject: subject.replaceAll('\n', ', '), until: validToDate.toISOString(), sha256: fingerprint256 };
}

async function read(path: string, what: string): Promise<Buffer> {
  if (isPem(path)) return Buffer.from(path);
  try {
    return await readFile(path);
  } catch (cause) {
    throw new Error(`cannot read the ${what} ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** The config says `{ file: … }` or `{ env: … }` in the place of a path: then the text is here already. */
export function isPem(text: string): boolean {
  return text.trimStart().startsWith('-----BEGIN ');
}

/** A message must not quote a key. */
function nameOf(given: string): string {
  return isPem(given) ? 'the given PEM text' : given;
}

function attempt<T>(run: () => T, message: string): T {
  try {
    return run();
  } catch (cause) {
    throw new Error(message, { cause });
  }
}
