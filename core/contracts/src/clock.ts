import { extensionPoint } from '@kalends/kernel/extension-point';

/** The only clock. Tests set it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z, of the wall clock; it may jump. Divide by 1,000 for `EpochSeconds`. */
  now(): number;
  /** Milliseconds since some moment of this process; never jumps: leases and time-outs are measured by it. */
  monotonic(): number;
  after(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
export const clock = extensionPoint<Clock>('clock');
