/** The machine's clock, for stores that are opened without one. */
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '@kalends/contracts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (milliseconds, signal) => setTimeout(milliseconds, undefined, signal === undefined ? { ref: false } : { signal, ref: false }),
};
