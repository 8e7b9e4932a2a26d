/** What the main thread asks of the file side beyond changes: looking at a home again, building it, taking it away. One name a task. */
import type { StateWriter } from '@kalends/lib-shards';
import { adoptHome, type Adoption } from './adopt-home.ts';
import type { CheckpointContext } from './checkpoint.ts';
import { lookAtHome } from './look-home.ts';
import { removeHome } from './remove-home.ts';

export interface TaskContext extends CheckpointContext { readonly state: StateWriter }

export const readMeta = 'SELECT value FROM meta WHERE name = ?';
export const putMeta = 'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';

export function runTask(context: TaskContext, name: string, payload: unknown): Promise<unknown> {
  switch (name) {
    case 'look': return lookAtHome(context, payload as string);
    case 'adopt': return adoptHome(context, payload as Adoption);
    case 'remove-home': return removeHome(context, payload as Parameters<typeof removeHome>[1]);
    case 'is-complete': return Promise.resolve(context.shard.database.statement(readMeta).get('complete') !== undefined);
    case 'set-complete': return context.shard.locked(() => {
      context.shard.database.statement(putMeta).run('complete', '1');
      return { commit: true, value: undefined };
    });
    // Whatever was answered is in its place after this.
    case 'settle': return context.shard.locked(() => ({ commit: false, value: undefined }));
    default: return Promise.reject(new Error(`no task ${name}`));
  }
}
