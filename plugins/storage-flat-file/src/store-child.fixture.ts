/** A child process of the contract suite: opens the store at the location it is given and does one task there. Not part of the package. */
import { systemClock } from '@kalends/lib-shards';
import { runStoreTask } from '@kalends/testkit/store-task';
import { openFlatFileStore } from './open-flat-file-store.ts';

const { at, task } = JSON.parse(process.argv[2] ?? '{}') as { readonly at: string; readonly task: unknown };
const store = await openFlatFileStore({ path: at, clock: systemClock, itemReader: { read: () => ({ problem: 'a child builds no index' }) }, checkpointSeconds: 0.2 });
await runStoreTask(store, task);
await store.close();
