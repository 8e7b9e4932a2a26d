/**
 * How the door's tasks run: steps prepared, one change made, what it caused run, listeners told. One task alone is a change of its own (`commit.ts`); many of one
 * home can share one, in which what is refused leaves no trace.
 */
import type {
  CalendarStore, Directory, Home, Item, ItemAddress, ItemDraft, ItemSelect, JobId, JobQueue, Limits, Notifier, Revision, StoreWriter, WriteContext, WriteStep,
} from '@kalends/contracts';
import { StoreError } from '@kalends/contracts';
import { parse } from '@kalends/icalendar';
import { DavError } from '@kalends/webdav';
import type { CalendarObject } from '@kalends/icalendar';
import { writeLimits } from './limits.ts';
import type { PreparedSteps, WriteSteps } from './steps.ts';

/** What running needs of the door. */
export interface Runner {
  readonly store: CalendarStore; readonly steps: WriteSteps; readonly queue: JobQueue; readonly notifiers: readonly Notifier[]; readonly limits: Limits;
  readonly directory: Pick<Directory, 'findById'>;
}

/**
 * Inside the change: what the caller demands of the version that is there (undefined: nothing is). Throws what the client is to be told; `tx` is for locks.
 * @returns what is to be done as well, once the change is made
 */
export type Guard = (current: Item | undefined, tx: StoreWriter) => Promise<void | (() => Promise<void>)>;
/** Inside the change, before anything of it. */
export type GroupGuard = (tx: StoreWriter) => Promise<void>;

export interface Change {
  readonly home: Home;
  readonly context: WriteContext;
  readonly guard?: Guard;
  /** Nobody is told (imports, received messages). */ readonly silent?: boolean;
}

export type Work<T> = (tx: StoreWriter, prepared: PreparedSteps, current: Item | undefined) => Promise<{ readonly result: T; readonly draft: ItemDraft } | 'prepare-again'>;
/** One thing to do: to the item at `at`, which `select` shows to `work`. */
export interface Task<T> {
  readonly change: Change; readonly draft: ItemDraft; readonly at: ItemAddress; readonly select: ItemSelect; readonly work: Work<T>;
  readonly without?: WriteStep['phase'];
  /** What jobs of this change that ran already make of the result. */ afterRunning?(result: T): T;
}
export interface Done<T> { readonly result: T; readonly jobs: readonly JobId[] }

/** What became of one of many; `reason` is a DavError or a StoreError. */
export type Settled<T> = { readonly value: T; readonly reason?: undefined } | { readonly value?: undefined; readonly reason: Error };
/** `revision`: of the change; undefined where it changed nothing. */
export interface Together<T> { readonly results: readonly Settled<T>[]; readonly revision: Revision | undefined }

/** How often a change is begun anew because a step met somebody it had not looked up; the third time somebody writes without pause. */
export const MOST_ATTEMPTS = 3;
/** Local deliveries are waited for so long; the queue finishes the rest. */
const RUN_NOW_MILLISECONDS = 5_000;
const LEASE_MILLISECONDS = 30_000;

export const contended = (): DavError => new DavError(503, { detail: 'The object is being changed by others: try again.', headers: { 'Retry-After': '1' } });

export async function prepare({ store, steps }: Runner, { at, select, draft, change, without }: Task<unknown>): Promise<PreparedSteps> {
  const seen = steps.none ? undefined : await store.findItem(at.collection, at.name, select);
  return steps.prepare({ ...draft, before: storedObject(seen) }, change.context, without);
}

/** The task inside a change. `'prepare-again'`: nothing was changed. @throws HalfDone where it was begun */
export async function perform<T>(tx: StoreWriter, { at, select, change, work }: Task<T>, prepared: PreparedSteps): Promise<Done<T> | 'prepare-again'> {
  const current = await tx.findItem(at.collection, at.name, select);
  const afterwards = await change.guard?.(current, tx);
  const done = await work(tx, prepared, current);
  if (done === 'prepare-again') return done;
  if (typeof afterwards === 'function') await rest(afterwards);
  const jobs: JobId[] = [];
  for (const job of done.draft.jobs) jobs.push(await rest(() => tx.enqueue(job, { leaseMilliseconds: LEASE_MILLISECONDS })));
  return { result: done.result, jobs };
}

/** @returns whether jobs of the change ran before this returned */
export async function finish({ notifiers, queue }: Runner, home: Home, tasks: readonly Task<unknown>[], revision: Revision, jobs: readonly JobId[]): Promise<boolean> {
  const touched = new Set(tasks.flatMap(({ at, draft: { to } }) => [at.collection, to?.collection ?? at.collection]));
  for (const collection of touched) {
    for (const notifier of notifiers) notifier.changed({ home: home.id, collection, revision, urgency: jobs.length > 0 ? 'high' : 'low' });
  }
  if (jobs.length === 0) return false;
  await queue.runNow(jobs, AbortSignal.timeout(RUN_NOW_MILLISECONDS));
  return true;
}

/**
 * Tasks of one home in one change. Those that a step wants prepared anew, or that failed in their midst, run alone afterwards: `alone`.
 * @throws as `CalendarDoor.together`
 */
export async function runTogether<T>(
  runner: Runner, home: Home, tasks: readonly Settled<Task<T>>[], alone: (task: Task<T>) => Promise<T>, guard: GroupGuard | undefined,
): Promise<Together<T>> {
  const results: Settled<T>[] = [];
  const waiting: { readonly index: number; readonly task: Task<T> }[] = [];
  for (const [index, { value, reason }] of tasks.entries()) {
    if (value === undefined) results[index] = { reason };
    else waiting.push({ index, task: value });
  }
  const allowed = await writeLimits(runner.limits, runner.directory, home.owner);
  const prepared = await Promise.all(waiting.map(({ task }) => settledLater(() => prepare(runner, task))));
  const { value: outcomes, revision } = await orNothing(runner.store.write(home.id, allowed, async (tx) => {
    await guard?.(tx);
    const all: Settled<Done<T> | 'prepare-again'>[] = [];
    for (const [at, { task }] of waiting.entries()) {
      const { value, reason } = prepared[at]!;
      all.push(value === undefined ? { reason } : await settledLater(() => perform(tx, task, value)));
    }
    return all;
  }));
  const done = waiting.flatMap(({ index, task }, at) => {
    const outcome = outcomes?.[at];
    return outcome?.value === undefined || outcome.value === 'prepare-again' ? [] : [{ index, task, ...outcome.value }];
  });
  if (revision !== undefined && done.length > 0) await finish(runner, home, done.map(({ task }) => task), revision, done.flatMap(({ jobs }) => jobs));
  for (const { index, task, result, jobs } of done) results[index] = { value: jobs.length > 0 && task.afterRunning !== undefined ? task.afterRunning(result) : result };
  for (const [at, { index, task }] of waiting.entries()) {
    const outcome = outcomes?.[at];
    if (outcome?.reason !== undefined) results[index] = { reason: outcome.reason };
    else if (results[index] === undefined) results[index] = await settledLater(() => alone(task));
  }
  return { results, revision: done.length > 0 ? revision : undefined };
}

/** A task that fails when a part of it is done already ends the change, which so leaves no trace of it. */
class HalfDone extends Error {
  override readonly name = 'HalfDone';
}

/** What follows the first part of a task. @throws HalfDone */
export async function rest<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new HalfDone('a change was left in its midst', { cause: error });
  }
}

/** What one task alone failed of. */
export async function wholly<T>(written: Promise<T>): Promise<T> {
  try {
    return await written;
  } catch (error) {
    throw error instanceof HalfDone ? error.cause : error;
  }
}

/** Nothing of it, where one of its tasks failed in its midst. */
async function orNothing<T>(written: Promise<{ readonly value: T; readonly revision: Revision }>): Promise<{ readonly value?: T; readonly revision?: Revision }> {
  try {
    return await written;
  } catch (error) {
    if (error instanceof HalfDone) return {};
    throw error;
  }
}

/** Refusals are results; what else is thrown is thrown. */
export function settled<T>(work: () => T): Settled<T> {
  try {
    return { value: work() };
  } catch (error) {
    return { reason: refusal(error) };
  }
}

async function settledLater<T>(work: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { reason: refusal(error) };
  }
}

function refusal(error: unknown): DavError | StoreError {
  if (error instanceof DavError || error instanceof StoreError) return error;
  throw error;
}

/** Undefined where its octets were not read; a stored object that cannot be read any more has nothing to say. */
export function storedObject(item: Item | undefined): CalendarObject | undefined {
  return item?.body === undefined ? undefined : parse(item.body).object;
}
