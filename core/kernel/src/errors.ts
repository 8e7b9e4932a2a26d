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

/** The message of anything that can be thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
