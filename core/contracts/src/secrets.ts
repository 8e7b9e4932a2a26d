import { extensionPoint } from '@kalends/kernel/extension-point';

/** Random keys of this deployment, each 32 octets, made once on first use by whichever process asks first. Not in `setup`. */
export interface Secrets { get(name: string): Promise<Uint8Array> }
export const secrets = extensionPoint<Secrets>('secrets');
