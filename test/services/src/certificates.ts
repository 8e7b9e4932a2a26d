/** An authority and a server certificate for one test server, by openssl. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './daemon.ts';

export interface Certificates { readonly ca: string; readonly certificate: string; readonly key: string; /** An authority that signed nothing here. */ readonly strangerCa: string }

/** `names`: as subjectAltName has them (`DNS:localhost`). */
export async function makeCertificates(folder: string, names: readonly string[]): Promise<Certificates> {
  const at = (name: string): string => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  for (const ca of ['ca', 'stranger']) {
    await run('openssl', ['req', '-x509', ...key, '-days', '2', '-subj', `/CN=Test ${ca}`, '-addext', 'basicConstraints=critical,CA:TRUE', '-keyout', at(`${ca}.key`), '-out', at(`${ca}.pem`)]);
  }
  await run('openssl', ['req', ...key, '-subj', '/CN=localhost', '-keyout', at('tls.key'), '-out', at('tls.csr')]);
  await writeFile(at('names'), `subjectAltName=${names.join(',')}\n`);
  await run('openssl', ['x509', '-req', '-in', at('tls.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2', '-out', at('tls.pem'), '-extfile', at('names')]);
  return { ca: at('ca.pem'), certificate: at('tls.pem'), key: at('tls.key'), strangerCa: at('stranger.pem') };
}
