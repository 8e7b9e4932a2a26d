import type { z } from 'zod';
import type { ExtensionPoint, Provided, Resolved } from './extension-point.ts';

export interface Lifecycle {
  /** Runs after every plugin is set up, in dependency order: open sockets, start timers. */
  onStart(run: (signal: AbortSignal) => Promise<void>): void;
  /** Runs in reverse order; `deadline` aborts when the drain time is spent. */
  onStop(run: (deadline: AbortSignal) => Promise<void>): void;
  /** A named check behind `/health/ready`; no answer within 2 s counts as failed. */
  health(name: string, check: (signal: AbortSignal) => Promise<HealthReport>): void;
}
export interface HealthReport { readonly ok: boolean; readonly detail?: string }

type Log = (message: string, fields?: object) => void;
export interface Logger { readonly debug: Log; readonly info: Log; readonly warn: Log; readonly error: Log; child(fields: object): Logger }

type Points = Readonly<Record<string, ExtensionPoint<any>>>;
type Values<P extends Points> = { readonly [K in keyof P]: Provided<P[K]> };
type Deps<R extends Points> = { readonly [K in keyof R]: Resolved<R[K]> };

export interface SetupContext<C, R extends Points> { readonly config: C; readonly deps: Deps<R>; readonly log: Logger; readonly lifecycle: Lifecycle }

export interface PluginDefinition<S extends z.ZodType = z.ZodType, P extends Points = Points, R extends Points = Points> {
  /** The npm package name. */
  readonly name: string;
  /** Major version of `contracts` this plugin was written for. */
  readonly api: 1;
  /** One sentence; shown by `caladmin plugins` and the admin API. */
  readonly summary: string;
  readonly config: S; readonly provides: P; readonly requires: R;
  /** Which processes of a cluster run it. Default: worker. */
  readonly runsIn?: 'worker' | 'master' | 'both';
  /** A process can run one instance: why, and what to do instead. A second is a problem of the config. */
  readonly once?: { readonly because: string; readonly remedy: string };
  /** Builds the provided values. Must not open sockets, start timers or touch the disk for writing. */
  setup(context: SetupContext<z.output<S>, R>): Values<P> | Promise<Values<P>>;
}

export function definePlugin<S extends z.ZodType, const P extends Points, const R extends Points>(
  definition: PluginDefinition<S, P, R>,
): PluginDefinition<S, P, R> {
  return Object.freeze(definition);
}
