/** The real time, for the few tests in which other processes take part. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@kalends/contracts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: async (milliseconds, signal) => {
    await delay(milliseconds, undefined, { ...(signal && { signal }) });
  },
};
