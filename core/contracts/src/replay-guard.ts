import { extensionPoint } from '@kalends/kernel/extension-point';
import type { EpochSeconds } from './ids.ts';

/** Has this nonce been used with this count before? One answer for all processes of a host. */
export interface ReplayGuard { firstUse(nonce: string, count: number, expires: EpochSeconds): Promise<boolean> }
export const replayGuard = extensionPoint<ReplayGuard>('replay-guard');
