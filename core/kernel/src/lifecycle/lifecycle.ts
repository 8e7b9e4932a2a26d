/**
 * The hooks of one plugin, and how a set of plugins starts forward and stops backward, each hook under a deadline. A hook that fails while stopping is
 * logged and does not keep the others from stopping.
 */
import { KernelError, reasonOf } from '../errors.ts';
import type { HealthReport, Lifecycle, Logger } from '../plugin/define-plugin.ts';
import { runAs } from './current-plugin.ts';

export interface HealthCheck {
  readonly name: string;
  readonly run: (signal: AbortSignal) => Promise<HealthReport>;
}

export class PluginLifecycle implements Lifecycle {
  readonly instance: string;
  readonly checks: HealthCheck[] = [];
  readonly #starts: ((signal: AbortSignal) => Promise<void>)[] = [];
  readonly #stops: ((deadline: AbortSignal) => Promise<void>)[] = [];
  #phase: 'setup' | 'starting' | 'running' | 'stopped' = 'setup';

  constructor(instance: string) {
    this.instance = instance;
  }

  // Bound, so that a plugin may take them apart.
  readonly onStart = (run: (signal: AbortSignal) => Promise<void>): void => {
    if (this.#phase !== 'setup') throw this.#late('onStart', 'during setup');
    this.#starts.push(run);
  };
  readonly onStop = (run: (deadline: AbortSignal) => Promise<void>): void => {
    if (this.#phase === 'stopped') throw this.#late('onStop', 'before the plugin is stopped');
    this.#stops.push(run);
  };
  readonly health = (name: string, check: (signal: AbortSignal) => Promise<HealthReport>): void => {
    if (this.#phase !== 'setup' && this.#phase !== 'starting') throw this.#late('health', 'during setup or start');
    this.checks.push({ name, run: check });
  };

  /** @throws KernelError `KRN_START` when a hook fails or does not end before `signal` aborts */
  async start(signal: AbortSignal): Promise<void> {
    this.#phase = 'starting';
    for (const run of this.#starts) {
      try {
        await runAs(this.instance, () => beforeAbort(run(signal), signal, 'did not start in time'));
      } catch (error) {
        throw new KernelError('KRN_START', `${this.instance} could not start: ${reasonOf(error)}`, { cause: error, instance: this.instance });
      }
    }
    this.#phase = 'running';
  }

  /** Last registered first; each hook has until the deadline and then `graceMilliseconds` more. Never rejects. */
  async stop(deadline: AbortSignal, log: Logger, graceMilliseconds = 0): Promise<void> {
    if (this.#phase === 'stopped') return;
    this.#phase = 'stopped';
    for (const run of this.#stops.toReversed()) {
      const late = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      const giveUp = (): void => { timer = setTimeout(() => { late.abort(); }, graceMilliseconds); };
      if (deadline.aborted) giveUp();
      else deadline.addEventListener('abort', giveUp, { once: true });
      try {
        await runAs(this.instance, () => beforeAbort(run(deadline), late.signal, 'did not stop before the deadline'));
      } catch (error) {
        log.error('a plugin did not stop cleanly', { plugin: this.instance, error });
      } finally {
        clearTimeout(timer);
        deadline.removeEventListener('abort', giveUp);
      }
    }
  }

  #late(hook: string, when: string): KernelError {
    return new KernelError('KRN_LIFECYCLE', `${this.instance} called lifecycle.${hook} too late: it must be called ${when}`, { instance: this.instance });
  }
}

/** Settles as `work` does, or rejects when `signal` aborts first; `work` itself cannot be ended, only no longer waited for. */
export async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal, message: string): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => { reject(new Error(message)); };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  aborted.catch(() => undefined); // `work` may win, and nobody would hear of this one
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
