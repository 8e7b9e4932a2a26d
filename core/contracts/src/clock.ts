import { extensionPoint } from '@kalends/kernel';

/** The only clock. Tests set it. `monotonic` counts milliseconds and never jumps: leases are measured by it. */
export interface Clock { now(): number; monotonic(): number; after(milliseconds: number, signal?: AbortSignal): Promise<void> }
export const clock = extensionPoint<Clock>('clock');
