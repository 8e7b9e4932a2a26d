/** What the main thread asks of the file side beyond changes: looking at a home again, building it, keeping it. One name a task. */
import type { StateWriter } from '@kalends/lib-shards';
import type { CheckpointContext } from './checkpoint.ts';

export interface TaskContext extends CheckpointContext { readonly state: StateWriter }

export function runTask(_context: TaskContext, name: string, _payload: unknown): Promise<unknown> {
  return Promise.reject(new Error(`no task ${name}`));
}
