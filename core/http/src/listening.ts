/** Where the front listens, once it does: for the composition, which tells people and tests the URL. Ports that were 0 are known there. */
import { extensionPoint } from '@kalends/kernel';
import type { Address } from './listen.ts';

export interface Listening { /** Empty before the start. */ addresses(): readonly Address[] }
export const listening = extensionPoint<Listening>('listening');
