/**
 * Steps 5 to 7 of the boot, and the way back: set up in dependency order, start in the same order, report ready, stop in reverse. A graph runs once and never
 * changes; other settings mean another graph. It is also what the `inspector` shows, so it exists before anything is set up.
 *
 * 1. read (config/load.ts)  2. import  3. validate  4. check the graph (boot/plan.ts)  5. set up  6. start  7. ready (here)
 */
import { formatPath } from '../config/document.ts';
import type { ConfigDocument } from '../config/document.ts';
import { formatProblems } from '../config/problems.ts';
import type { Problem } from '../config/problems.ts';
import { KernelError, reasonOf } from '../errors.ts';
import type { SettingError } from '../errors.ts';
import { runAs } from '../lifecycle/current-plugin.ts';
import { HealthBoard } from '../lifecycle/health.ts';
import type { HealthState } from '../lifecycle/health.ts';
import { PluginLifecycle } from '../lifecycle/lifecycle.ts';
import type { Logger } from '../plugin/define-plugin.ts';
import { openScope } from '../scope/scope.ts';
import type { Plan, PlannedPlugin } from './plan.ts';

export interface GraphLimits {
  /** For one plugin's `onStart` hooks together. */ readonly startMilliseconds: number;
  /** How long the first health checks may fail before the server goes on without being ready. */ readonly readyMilliseconds: number;
  /** Aborts the deadline given to `onStop`: requests in flight have this long. */ readonly drainMilliseconds: number;
  /** After the drain time, for each plugin that is still stopping. */ readonly graceMilliseconds: number;
}

export const GRAPH_LIMITS: GraphLimits = { startMilliseconds: 300_000, readyMilliseconds: 30_000, drainMilliseconds: 20_000, graceMilliseconds: 3_000 };

export interface PluginState {
  readonly instance: string; readonly plugin: string; readonly summary: string;
  readonly provides: readonly string[]; readonly requires: readonly string[];
  readonly state: 'running' | 'failed' | 'disabled';
  readonly startMilliseconds: number;
}

interface Running {
  readonly planned: PlannedPlugin;
  readonly lifecycle: PluginLifecycle;
  readonly values: Readonly<Record<string, unknown>>;
  setUpMilliseconds: number;
  startMilliseconds: number;
  started: boolean;
}

export class Graph {
  readonly #log: Logger;
  readonly #limits: GraphLimits;
  readonly #running: Running[] = [];
  /** Optional plugins that failed, and what the plan left out. */
  readonly #absent: PluginState[] = [];
  readonly #degraded: HealthState[] = [];
  readonly #starting = new AbortController();
  #board: HealthBoard | undefined;
  #document: ConfigDocument | undefined;
  #phase: 'new' | 'set-up' | 'running' | 'stopped' = 'new';
  #ready = false;
  #stopping: Promise<void> | undefined;

  constructor(log: Logger, limits: Partial<GraphLimits> = {}) {
    this.#log = log;
    this.#limits = { ...GRAPH_LIMITS, ...limits };
  }

  /**
   * Step 5. Touches no network and no disk, so a check of the config may do it too, even one that has problems: what cannot be set up for another's sake is passed over.
   * @throws KernelError `KRN_SETUP` with a problem for each plugin that cannot be set up
   */
  async setUp(plan: Plan): Promise<void> {
    if (this.#phase !== 'new') throw new KernelError('KRN_LIFECYCLE', 'a graph is set up once');
    this.#phase = 'set-up';
    this.#document = plan.document;
    for (const { name, plugin, state, detail } of plan.absent) this.#leaveOut({ instance: name, plugin, summary: '', provides: [], requires: [], state, startMilliseconds: 0 }, detail);
    const failed: { readonly planned: PlannedPlugin; readonly error: unknown }[] = [];
    /** Points whose providers are not all there. */
    const missing = new Set(plan.problems.some(({ severity }) => severity === 'error') ? unprovided(plan) : []);
    for (const planned of plan.order) {
      if (planned.config === undefined || idsOf(planned.requires).some((id) => missing.has(id))) {
        for (const id of idsOf(planned.provides)) missing.add(id);
        continue;
      }
      try {
        this.#running.push(await this.#setUpOne(planned, plan));
      } catch (error) {
        if (planned.optional) {
          this.#log.error('an optional plugin could not be set up; the rest runs without it', { plugin: planned.name, error });
          this.#leaveOut(stateOf(planned, 'failed', 0), `could not be set up: ${reasonOf(error)}`);
          continue;
        }
        failed.push({ planned, error });
        for (const id of idsOf(planned.provides)) missing.add(id);
      }
    }
    const [first] = failed;
    if (first === undefined) return;
    const problems = failed.flatMap(({ planned, error }) => setUpProblems(planned, error, plan.document));
    throw new KernelError('KRN_SETUP', formatProblems(problems), { cause: first.error, instance: first.planned.name, problems });
  }

  /**
   * Steps 6 and 7. When a plugin cannot start, those already started are stopped before this rejects.
   * @throws KernelError `KRN_START`; `KRN_SETUP` with the problem where a setting turns out wrong only now
   */
  async start(): Promise<void> {
    if (this.#phase !== 'set-up') throw new KernelError('KRN_LIFECYCLE', 'a graph is started once, after its set-up');
    this.#phase = 'running';
    for (const running of [...this.#running]) {
      try {
        await this.#startOne(running);
      } catch (error) {
        if (!running.planned.optional || this.#starting.signal.aborted) {
          await this.stop();
          throw this.#asProblem(running.planned, error);
        }
        this.#log.error('an optional plugin could not start; the rest runs without it', { plugin: running.planned.name, error });
        await running.lifecycle.stop(AbortSignal.timeout(this.#limits.graceMilliseconds), this.#log);
        this.#running.splice(this.#running.indexOf(running), 1);
        this.#leaveOut(stateOf(running.planned, 'failed', running.startMilliseconds), reasonOf(error));
      }
    }
    this.#board = new HealthBoard(this.#running.map(({ lifecycle }) => lifecycle), this.#degraded);
    await this.#untilReady();
  }

  /** A setting that was found wrong by asking others stands at its line, like one that was wrong on its face. */
  #asProblem(planned: PlannedPlugin, error: unknown): unknown {
    if (!(error instanceof KernelError) || !isSettingError(error.cause) || this.#document === undefined) return error;
    const problems = setUpProblems(planned, error.cause, this.#document);
    return new KernelError('KRN_SETUP', formatProblems(problems), { cause: error.cause, instance: planned.name, problems });
  }

  /** Reverse order, the front first. Never rejects; a second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  plugins(): readonly PluginState[] {
    return [...this.#running.map(({ planned, setUpMilliseconds, startMilliseconds }) => stateOf(planned, 'running', setUpMilliseconds + startMilliseconds)), ...this.#absent];
  }

  async health(): Promise<readonly HealthState[]> {
    return this.#board === undefined ? [...this.#degraded] : this.#board.check();
  }

  /** True between "every plugin started and healthy" and the first stop signal. */
  ready(): boolean {
    return this.#ready && this.#phase === 'running';
  }

  async #setUpOne(planned: PlannedPlugin, plan: Plan): Promise<Running> {
    const { name, definition, config } = planned;
    const lifecycle = new PluginLifecycle(name);
    const began = performance.now();
    const context = openScope({ config, deps: this.#depsOf(planned, plan), log: this.#log.child({ plugin: name }), lifecycle });
    const values: unknown = await runAs(name, async () => definition.setup(context));
    const missing = Object.keys(definition.provides).filter((key) => (values as Record<string, unknown> | undefined)?.[key] === undefined);
    if (missing.length > 0) throw new Error(`setup did not return ${missing.join(', ')}, which it says it provides`);
    return { planned, lifecycle, values: (values ?? {}) as Record<string, unknown>, setUpMilliseconds: performance.now() - began, startMilliseconds: 0, started: false };
  }

  #depsOf(planned: PlannedPlugin, plan: Plan): Readonly<Record<string, unknown>> {
    return Object.fromEntries(Object.entries(planned.requires).map(([key, point]) => {
      const values = this.#valuesOf(point.id, plan);
      return [key, point.arity === 'many' ? Object.freeze(values) : values[0]];
    }));
  }

  /** In the order of the config, whatever the order of set-up. */
  #valuesOf(id: string, plan: Plan): readonly unknown[] {
    return plan.listed.flatMap((planned) => {
      const running = this.#running.find((candidate) => candidate.planned === planned);
      return running === undefined ? [] : Object.entries(planned.provides).filter(([, point]) => point.id === id).map(([key]) => running.values[key]);
    });
  }

  async #startOne(running: Running): Promise<void> {
    const began = performance.now();
    running.started = true;
    try {
      await running.lifecycle.start(AbortSignal.any([this.#starting.signal, AbortSignal.timeout(this.#limits.startMilliseconds)]));
    } finally {
      running.startMilliseconds = performance.now() - began;
    }
    const { name, plugin } = running.planned;
    this.#log.info(`${name} started`, { package: plugin, milliseconds: Math.round(running.setUpMilliseconds + running.startMilliseconds) });
  }

  /** Waits for the first round in which every needed plugin is healthy; after the time allowed, goes on looking in the background. */
  async #untilReady(): Promise<void> {
    const end = performance.now() + this.#limits.readyMilliseconds;
    let failing = await this.#failing();
    // Said at once: what is wrong in the config, most likely, is what somebody looks at who waits.
    if (failing.length > 0 && this.#limits.readyMilliseconds > 0 && !this.#starting.signal.aborted) this.#log.warn('waiting until these checks pass', { seconds: this.#limits.readyMilliseconds / 1000, failing: failing.map(sentenceOf) });
    while (failing.length > 0 && performance.now() < end && !this.#starting.signal.aborted) {
      await pause(Math.min(1_100, Math.max(1, end - performance.now())), this.#starting.signal);
      failing = await this.#failing();
    }
    if (failing.length === 0) this.#ready = true;
    else if (!this.#starting.signal.aborted) {
      this.#log.error('not ready: the server runs, and will be ready when these checks pass', { failing: failing.map(sentenceOf) });
      void this.#watch();
    }
  }

  async #watch(): Promise<void> {
    while (!this.#ready && !this.#starting.signal.aborted) {
      await pause(1_100, this.#starting.signal);
      if ((await this.#failing()).length === 0) {
        this.#ready = true;
        this.#log.info('ready: every health check passes now');
      }
    }
  }

  async #failing(): Promise<readonly HealthState[]> {
    const optional = new Set(this.#running.filter(({ planned }) => planned.optional).map(({ planned }) => planned.name));
    const fixed = new Set(this.#degraded);
    return (await this.health()).filter((state) => !state.ok && !optional.has(state.instance) && !fixed.has(state));
  }

  async #stop(): Promise<void> {
    this.#phase = 'stopped';
    this.#starting.abort(new Error('the server is stopping'));
    const deadline = AbortSignal.timeout(this.#limits.drainMilliseconds);
    for (const { lifecycle, started } of this.#running.toReversed()) {
      if (started) await lifecycle.stop(deadline, this.#log, this.#limits.graceMilliseconds);
    }
  }

  #leaveOut(state: PluginState, detail: string | undefined): void {
    this.#absent.push(state);
    if (state.state === 'failed') this.#degraded.push({ instance: state.instance, name: 'plugin', ok: false, ...(detail === undefined ? {} : { detail }) });
  }
}

function stateOf({ name, plugin, definition }: PlannedPlugin, state: PluginState['state'], milliseconds: number): PluginState {
  return { instance: name, plugin, summary: definition.summary, provides: idsOf(definition.provides), requires: idsOf(definition.requires), state, startMilliseconds: Math.round(milliseconds) };
}

function sentenceOf({ instance, name, detail }: HealthState): string {
  return `${instance} ${name}: ${detail ?? 'failed'}`;
}

function idsOf(points: PlannedPlugin['provides']): readonly string[] {
  return [...new Set(Object.values(points).map(({ id }) => id))];
}

/** Points that somebody requires and nobody would provide: the graph has problems. */
function unprovided({ listed }: Plan): readonly string[] {
  const provided = new Set(listed.flatMap(({ provides }) => idsOf(provides)));
  return listed.flatMap(({ requires }) => Object.values(requires)).filter(({ id, arity }) => arity === 'one' && !provided.has(id)).map(({ id }) => id);
}

/** At the line of the setting where the plugin says which it was, else at that of the instance. */
function setUpProblems({ name, path }: PlannedPlugin, error: unknown, document: ConfigDocument): readonly Problem[] {
  return (error instanceof AggregateError ? error.errors as readonly unknown[] : [error]).flatMap((one): readonly Problem[] => {
    // Of a file that the plugin reads itself: these know their lines.
    if (isList(one)) return one.problems.map((problem) => ({ code: 'KRN_SETUP', severity: 'error', ...problem }));
    const setting = isSettingError(one) ? one : undefined;
    // What every server has stands in no file.
    const isWritten = document.get(path) !== undefined;
    const at = [...(isWritten ? path : [name]), ...(setting === undefined || setting.setting.length === 0 ? [] : ['with', ...setting.setting])];
    const origin = isWritten ? document.originOf(at) : undefined;
    return [{
      code: 'KRN_SETUP', severity: 'error', file: origin?.source, line: origin?.line, path: formatPath(at),
      message: setting === undefined ? `could not be set up: ${reasonOf(one)}` : setting.message, ...(setting?.remedy === undefined ? {} : { remedy: setting.remedy }),
    }];
  });
}

function isList(error: unknown): error is { readonly problems: readonly Pick<Problem, 'file' | 'line' | 'path' | 'message'>[] } {
  return error instanceof Error && 'problems' in error && Array.isArray(error.problems) && error.problems.length > 0
    && error.problems.every((one: unknown) => typeof one === 'object' && one !== null && 'path' in one && 'message' in one);
}

/** By its shape: a plugin may bring its own kernel. */
function isSettingError(error: unknown): error is SettingError {
  return error instanceof Error && error.name === 'SettingError' && 'setting' in error && Array.isArray(error.setting);
}

/** Ends early, without an error, when `signal` aborts. Does not keep the process alive. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    timer.unref();
    signal.addEventListener('abort', end, { once: true });
  });
}
