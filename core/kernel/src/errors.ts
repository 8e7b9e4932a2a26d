/**
 * The kernel's own error. Config problems are data (`Problem`), not throws; this is for what cannot go on: a refused config handed to somebody
 * who must stop, a plugin that failed while being set up or started, a misuse of the kernel by a plugin.
 */
import type { Problem } from './config/problems.ts';

export type KernelErrorCode =
  /** The config or the graph has problems; `problems` holds them all. */
  | 'KRN_CONFIG'
  /** A plugin's `setup` threw, or returned something else than it promised. */
  | 'KRN_SETUP'
  /** A plugin's `onStart` threw, or took longer than the deadline. */
  | 'KRN_START'
  /** A lifecycle hook was added when it could no longer run. */
  | 'KRN_LIFECYCLE';

export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly code: KernelErrorCode;
  /** The plugin instance it happened in, where there is one. */
  readonly instance: string | undefined;
  readonly problems: readonly Problem[];

  constructor(code: KernelErrorCode, message: string, options: { cause?: unknown; instance?: string; problems?: readonly Problem[] } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.instance = options.instance;
    this.problems = options.problems ?? [];
  }
}

/**
 * What a plugin's `setup`, or its start, throws where one of its settings cannot be used and its schema could not know: the problem then stands at that line of the
 * config, with its remedy. Several at once: an AggregateError of them (`together`). What is wrong in a file that the plugin reads itself: an Error whose `problems` each
 * have `file`, `line`, `path` and `message`.
 */
export class SettingError extends Error {
  override readonly name = 'SettingError';
  /** Keys below the plugin's `with`; none: the instance as a whole. */
  readonly setting: readonly string[];
  /** One sentence on what to do. */
  readonly remedy: string | undefined;

  constructor(setting: readonly string[], message: string, options: { readonly remedy?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.setting = setting;
    this.remedy = options.remedy;
  }
}

/** Runs every step; what went wrong in any of them is thrown together, so that it is told at once. */
export function together<const T extends readonly (() => unknown)[]>(...steps: T): { readonly [K in keyof T]: ReturnType<T[K]> } {
  const errors: unknown[] = [];
  const values = steps.map((step) => {
    try {
      return step();
    } catch (error) {
      errors.push(...(error instanceof AggregateError ? error.errors as readonly unknown[] : [error]));
      return undefined;
    }
  });
  if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors, errors.map(reasonOf).join('; '));
  return values as unknown as { readonly [K in keyof T]: ReturnType<T[K]> };
}

/** The message of anything that can be thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
