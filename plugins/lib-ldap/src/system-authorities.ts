/** The authorities of the machine, beside those that Node brings: a firm's own is told to the one and not to the other. Read once; they are hundreds. */
import { createSecureContext } from 'node:tls';
import * as tls from 'node:tls';
import type { SecureContext } from 'node:tls';

export const MIN_VERSION = 'TLSv1.2' as const;

/** From Node 22.15 on; before it, `NODE_EXTRA_CA_CERTS` and `--use-openssl-ca` are the ways. */
const read = (tls as { readonly getCACertificates?: (type: 'default' | 'system') => readonly string[] }).getCACertificates;
let context: SecureContext | undefined;

export function ofTheSystem(): SecureContext {
  context ??= createSecureContext({ minVersion: MIN_VERSION, ...(read === undefined ? {} : { ca: [...new Set([...read('default'), ...read('system')])] }) });
  return context;
}
