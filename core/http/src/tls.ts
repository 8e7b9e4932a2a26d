/** The server's certificate. TLS 1.2 and up, with node's choice of ciphers; nothing here can make it weaker. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

export interface TlsOptions { readonly cert: Buffer; readonly key: Buffer; readonly passphrase?: string; readonly minVersion: 'TLSv1.2' }
export interface TlsFiles { /** PEM; the chain after the certificate. */ readonly certificate: string; /** PEM. */ readonly key: string; readonly passphrase?: string | undefined }

/** Reads and proves that key and certificate belong together. @throws Error that names the file which is wrong */
export async function readTls({ certificate, key, passphrase }: TlsFiles): Promise<TlsOptions> {
  const options: TlsOptions = {
    cert: await read(certificate, 'certificate'), key: await read(key, 'private key'), ...(passphrase === undefined ? {} : { passphrase }), minVersion: 'TLSv1.2',
  };
  const first = attempt(() => new X509Certificate(options.cert), `${certificate} holds no PEM certificate`);
  const secret = attempt(() => createPrivateKey({ key: options.key, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) }), `${key} holds no PEM private key that can be opened`);
  if (!first.checkPrivateKey(secret)) throw new Error(`the private key in ${key} is not the one of the certificate in ${certificate}`);
  attempt(() => createSecureContext(options), `certificate ${certificate} and key ${key} cannot be used together`);
  return options;
}

/** When the first certificate of the chain ends, for health and `doctor`. */
export function validUntil(tls: TlsOptions): Date {
  return new X509Certificate(tls.cert).validToDate;
}

async function read(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new Error(`cannot read the ${what} ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function attempt<T>(run: () => T, message: string): T {
  try {
    return run();
  } catch (cause) {
    throw new Error(message, { cause });
  }
}
