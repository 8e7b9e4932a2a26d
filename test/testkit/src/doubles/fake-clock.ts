/** A clock that stands still until a test moves it. `after` waits for that, never for real time. */
import type { Clock } from '@kalends/contracts';

export interface FakeClock extends Clock {
  /** Moves both hands and ends the waits that are over, earliest first; resolves when what they woke has had its turn. */
  advance(milliseconds: number): Promise<void>;
  /** Moves the wall clock alone, as an admin or NTP does; may be negative. */
  jump(milliseconds: number): void;
}

/** @param start milliseconds since 1970; default 2026-01-01T00:00:00Z */
export function fakeClock(start = 1_767_225_600_000): FakeClock {
  let wall = start;
  let elapsed = 0;
  let waits: readonly { readonly at: number; readonly end: () => void }[] = [];
  return {
    now: () => wall,
    monotonic: () => elapsed,
    after: (milliseconds, signal) => new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = (): void => {
        waits = waits.filter((other) => other !== wait);
        reject(signal?.reason);
      };
      const wait = {
        at: elapsed + milliseconds,
        end: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      waits = [...waits, wait];
      signal?.addEventListener('abort', abort, { once: true });
    }),
    async advance(milliseconds) {
      const target = elapsed + milliseconds;
      for (;;) {
        const next = waits.filter(({ at }) => at <= target).sort((a, b) => a.at - b.at)[0];
        const to = next ? Math.max(next.at, elapsed) : target;
        wall += to - elapsed;
        elapsed = to;
        if (next === undefined) return;
        waits = waits.filter((wait) => wait !== next);
        next.end();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    jump(milliseconds) {
      wall += milliseconds;
    },
  };
}
