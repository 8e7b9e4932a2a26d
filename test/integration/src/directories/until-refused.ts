/** How long somebody is still let in whose account was shut, or whose password was changed: counted by when a request is sent, so that a busy machine changes nothing. */
import { setTimeout as delay } from 'node:timers/promises';

/** Whoever asks later than this is refused (R43). */
const REFUSED_MILLISECONDS = 5_000;

/** From now on. `status` sends one request as that account. @throws Error where a request that was sent too late for it is still let in */
export async function untilRefused(what: string, status: () => Promise<number>): Promise<void> {
  const shut = Date.now();
  for (;;) {
    const sent = Date.now() - shut;
    const answer = await status();
    if (answer === 401) return;
    if (sent > REFUSED_MILLISECONDS) throw new Error(`${what}: ${String(answer)} for a request ${String(sent)} ms after it was to end`);
    await delay(100);
  }
}
