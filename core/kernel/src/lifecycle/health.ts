/**
 * Runs the named health checks of all plugins: all at once, 2 s each at most, results kept for 1 s so that a prober in a hurry costs nothing.
 */
import { reasonOf } from '../errors.ts';
import { beforeAbort } from './lifecycle.ts';
import type { PluginLifecycle } from './lifecycle.ts';
import { runAs } from './current-plugin.ts';

export interface HealthState { readonly instance: string; readonly name: string; readonly ok: boolean; readonly detail?: string }

const CHECK_MILLISECONDS = 2_000;
const KEEP_MILLISECONDS = 1_000;

export class HealthBoard {
  readonly #plugins: readonly PluginLifecycle[];
  readonly #fixed: readonly HealthState[];
  readonly #now: () => number;
  #running: Promise<readonly HealthState[]> | undefined;
  #kept: { readonly states: readonly HealthState[]; readonly at: number } | undefined;

  /** @param fixed states that do not change any more, as those of optional plugins that failed; `now` counts milliseconds and never jumps */
  constructor(plugins: readonly PluginLifecycle[], fixed: readonly HealthState[], now: () => number = () => performance.now()) {
    this.#plugins = plugins;
    this.#fixed = fixed;
    this.#now = now;
  }

  check(): Promise<readonly HealthState[]> {
    if (this.#kept !== undefined && this.#now() - this.#kept.at < KEEP_MILLISECONDS) return Promise.resolve(this.#kept.states);
    this.#running ??= this.#run().finally(() => { this.#running = undefined; });
    return this.#running;
  }

  async #run(): Promise<readonly HealthState[]> {
    const checks = this.#plugins.flatMap(({ instance, checks: own }) => own.map((check) => ({ instance, ...check })));
    const states = await Promise.all(checks.map(async ({ instance, name, run }): Promise<HealthState> => {
      const limit = AbortSignal.timeout(CHECK_MILLISECONDS);
      try {
        const { ok, detail } = await beforeAbort(runAs(instance, async () => run(limit)), limit, `no answer within ${CHECK_MILLISECONDS / 1_000} s`);
        return { instance, name, ok, ...(detail === undefined ? {} : { detail }) };
      } catch (error) {
        return { instance, name, ok: false, detail: reasonOf(error) };
      }
    }));
    const all = [...states, ...this.#fixed];
    this.#kept = { states: all, at: this.#now() };
    return all;
  }
}
