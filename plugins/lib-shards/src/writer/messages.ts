/** What passes between the main thread and the writer thread. Both ends send arrays: everything that became ready in one turn goes in one message. */
import type { Change, ChangeResult } from '../change/change.ts';
import type { StateTask } from './state-writer.ts';
import type { WriterOptions } from './writer-core.ts';

export type Request =
  | { readonly id: number; readonly kind: 'change'; readonly shard: number; readonly change: Change; readonly deadline: number }
  | { readonly id: number; readonly kind: 'hold'; readonly shard: number; readonly deadline: number }
  /** The answer to `held`. */
  | { readonly id: number; readonly kind: 'held-change'; readonly change: Change | undefined }
  | { readonly id: number; readonly kind: 'task'; readonly shard: number; readonly name: string; readonly payload: unknown }
  | { readonly id: number; readonly kind: 'state'; readonly task: StateTask }
  | { readonly id: number; readonly kind: 'checkpoint' }
  | { readonly id: number; readonly kind: 'close' };

export type Reply =
  | { readonly kind: 'ready' }
  | { readonly id: number; readonly kind: 'result'; readonly value: unknown }
  | { readonly id: number; readonly kind: 'error'; readonly error: unknown; readonly name: string }
  /** The shard is held: run the work now. */
  | { readonly id: number; readonly kind: 'held' }
  | { readonly kind: 'reopened'; readonly shard: number }
  | { readonly kind: 'fatal' | 'failed'; readonly error: unknown };

export interface ThreadData { readonly options: WriterOptions; readonly filesModule: string | undefined; readonly filesOptions: unknown }
export type { ChangeResult };
