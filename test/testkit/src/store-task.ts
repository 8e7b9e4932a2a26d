/**
 * What a child of the store suite does on the data it was shown: `runStoreTask(provider, task)`, once its store is open. It speaks with the suite over the
 * channel of `fork` and is often killed in the middle of a word, which is the point of it.
 */
import type { CalendarStore, CollectionId, HomeId, ItemName, PrincipalId, StoreWriter, WriteLimits } from '@kalends/contracts';
import { event, file, write } from './ics.ts';
import type { StoreProvider } from './memory/memory-store.ts';

interface Place { readonly home: HomeId; readonly collection: CollectionId }
export type StoreTask =
  /** Books each hour in turn if it is free; says for each whether it did. */ | (Place & { readonly do: 'book'; readonly hours: number; readonly client: string })
  /** Writes without end, versions rising, and says what was answered. */ | (Place & { readonly do: 'write'; readonly client: string; readonly files: CollectionId })
  /** Raises a number so often: by If-Match from outside where `by` is `expect`, else inside the change. */
  | (Place & { readonly do: 'count'; readonly name: string; readonly times: number; readonly by: 'expect' | 'work' })
  /** Raises a number in a record by compare-and-set. */ | { readonly do: 'record'; readonly key: string; readonly times: number }
  /** Takes a lease and jobs, says so, and sits there. */ | { readonly do: 'hold'; readonly lease: string; readonly leaseMilliseconds: number }
  /** Makes the home of each owner, as the first request of somebody would. */ | { readonly do: 'homes'; readonly owners: readonly PrincipalId[] };

/** What the child says. `answered` comes after the store's answer and never before. */
export type StoreReport =
  | { readonly said: 'ready' } | { readonly said: 'done' }
  | { readonly said: 'booked'; readonly hour: number; readonly accepted: boolean }
  | { readonly said: 'answered'; readonly name: string; readonly version: number; readonly revision: number }
  | { readonly said: 'counted'; readonly value: number }
  | { readonly said: 'holds'; readonly lease: number | undefined; readonly jobs: readonly string[] }
  | { readonly said: 'home'; readonly owner: PrincipalId; readonly id: HomeId }
  | { readonly said: 'failed'; readonly code: string };

const NO_LIMITS: WriteLimits = { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity };

/** Says `ready`, waits for the suite's word, does the task, says `done`. */
export async function runStoreTask(provider: StoreProvider, task: unknown): Promise<void> {
  const go = new Promise<void>((resolve) => process.once('message', () => resolve()));
  say({ said: 'ready' });
  await go;
  try {
    await perform(provider, task as StoreTask);
    say({ said: 'done' });
  } catch (error) {
    say({ said: 'failed', code: error instanceof Error && 'code' in error ? String(error.code) : String(error) });
  }
  process.disconnect();
}

export function bookHour(tx: StoreWriter, collection: CollectionId, hour: number, client: string): Promise<boolean> {
  return bookRange(tx, collection, event(`${client}-${hour}`, { start: 1_772_442_000 + hour * 3600 }));
}
async function bookRange(tx: StoreWriter, collection: CollectionId, booking: ReturnType<typeof event>): Promise<boolean> {
  const { bounds } = booking.facts;
  for await (const batch of tx.queryItems(collection, { overlaps: bounds }, { facts: true })) {
    if (batch.some(({ facts }) => facts!.bounds.start < bounds.end && facts!.bounds.end > bounds.start)) return false;
  }
  await tx.putItem(collection, write(booking));
  return true;
}

/** Adds one to the number in a file; gives the new value. */
export async function countUp(store: CalendarStore, { home, collection }: Place, name: string, by: 'expect' | 'work'): Promise<number> {
  const text = (body: Uint8Array | undefined): string => new TextDecoder().decode(body);
  const item = name as ItemName;
  for (;;) {
    try {
      const seen = by === 'expect' ? await store.findItem(collection, item, { body: true }) : undefined;
      const { value } = await store.write(home, NO_LIMITS, async (tx) => {
        const before = seen ?? (await tx.findItem(collection, item, { body: true }))!;
        const next = Number(text(before.body)) + 1;
        await tx.putItem(collection, { ...file(name, String(next)), ...(seen && { expect: seen.etag }) });
        return next;
      });
      return value;
    } catch (error) {
      if (!mayTryAgain(error)) throw error;
    }
  }
}
function mayTryAgain(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'etag-mismatch' || error.code === 'busy');
}

async function perform({ store, recordStore, jobLog }: StoreProvider, task: StoreTask): Promise<void> {
  if (task.do === 'book') {
    for (let hour = 0; hour < task.hours; hour++) {
      const { value: accepted } = await again(() => store.write(task.home, NO_LIMITS, (tx) => bookHour(tx, task.collection, hour, task.client)));
      say({ said: 'booked', hour, accepted });
    }
  } else if (task.do === 'write') await writeOn(store, task);
  else if (task.do === 'count') {
    for (let n = 0; n < task.times; n++) say({ said: 'counted', value: await countUp(store, task, task.name, task.by) });
  } else if (task.do === 'record') {
    for (let done = 0; done < task.times;) {
      const { version, value } = (await recordStore.get('counter', task.key))!;
      const raised = (value as number) + 1;
      if (await recordStore.apply([{ kind: 'counter', key: task.key, value: raised, expect: version }]).then(() => true, (error: unknown) => refused(error))) {
        say({ said: 'counted', value: raised });
        done++;
      }
    }
  } else if (task.do === 'hold') {
    const lease = await jobLog.lease(task.lease, task.leaseMilliseconds);
    const jobs = await jobLog.claim({ kinds: ['k'], limit: 100, leaseMilliseconds: task.leaseMilliseconds });
    say({ said: 'holds', lease: lease?.number, jobs: jobs.map(({ id }) => id) });
    await new Promise((resolve) => process.once('message', resolve));
  } else {
    for (const owner of task.owners) {
      const { id } = await again(() => store.createHome({ id: owner, kind: 'user', name: owner }, { properties: new Map(), acl: [] }, [{ segment: 'calendar', kind: 'calendar', properties: new Map() }]));
      say({ said: 'home', owner, id });
    }
  }
}

/** Each change puts the same version into three files and an event, removes one and moves another: a reader finds one version in all of them. */
export async function writeOn(store: CalendarStore, { home, collection, files, client }: Place & { readonly files: CollectionId; readonly client: string }, until: () => boolean = () => false, heard: (report: StoreReport) => void = say): Promise<void> {
  for (let version = 1; !until(); version++) {
    const { revision } = await again(() => store.write(home, NO_LIMITS, (tx) => oneVersion(tx, { home, collection }, files, client, version)));
    heard({ said: 'answered', name: client, version, revision });
  }
}
async function oneVersion(tx: StoreWriter, { collection }: Place, files: CollectionId, client: string, version: number): Promise<void> {
  const padding = 'x'.repeat(version % 7 === 0 ? 80_000 : version % 50);
  for (const part of ['a', 'b', 'c']) await tx.putItem(files, file(`${client}-${part}`, `${version} ${padding}`));
  await tx.putItem(collection, write(event(client, { summary: `version ${version}` })));
  const [from, to] = [`${client}-moves-${version % 2}`, `${client}-moves-${(version + 1) % 2}`] as [ItemName, ItemName];
  if (await tx.findItem(files, from, {})) await tx.removeItem(files, from);
  await tx.putItem(files, file(from, String(version)));
  if (await tx.findItem(files, to, {})) await tx.removeItem(files, to);
  await tx.moveItem({ collection: files, name: from }, { collection: files, name: to }, { overwrite: false });
}

async function again<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'busy')) throw error;
    }
  }
}
function refused(error: unknown): false {
  if (!mayTryAgain(error)) throw error;
  return false;
}
function say(report: StoreReport): void {
  process.send!(report);
}
