/** The real clock, and the plugin that provides whichever clock the composition was given. */
import { clock } from '@kalends/contracts';
import type { Clock } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import type { PluginDefinition } from '@kalends/kernel';
import { z } from 'zod';

/** setTimeout takes no more. */
const LONGEST = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async after(milliseconds, signal) {
    signal?.throwIfAborted();
    for (let left = milliseconds; left > 0; left -= LONGEST) await pause(Math.min(left, LONGEST), signal);
  },
};

export function clockPlugin(given: Clock): PluginDefinition {
  return definePlugin({
    name: '@kalends/server/clock', api: 1, summary: 'The clock.', config: z.strictObject({}), provides: { clock }, requires: {}, runsIn: 'both',
    setup: () => ({ clock: given }),
  });
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}
