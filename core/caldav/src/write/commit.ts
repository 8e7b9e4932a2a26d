/**
 * The one door for calendar objects: whoever stores, moves or removes one goes through here (PUT, POST, MOVE, DELETE, import, delivery). It runs the write
 * steps, derives the facts, and commits object, jobs and per-user data in one change to one home. A second caller of `putItem` for calendar objects fails
 * `tools/layers`.
 *
 * Decides no access, and reads no HTTP: a client's conditions come in as a function and are answered inside the change, where nothing can move.
 */
import { randomBytes } from 'node:crypto';
import type {
  CalendarStore, Clock, Collection, Committed, Directory, ETag, Home, Item, ItemAddress, ItemDraft, ItemFacts, ItemName, ItemSelect, JobId, JobQueue, Limits, Notifier, StoreWriter,
  Stored, WriteContext,
} from '@kalends/contracts';
import { CalendarObject, parse } from '@kalends/icalendar';
import { DavError, forbidden, notFound } from '@kalends/webdav';
import { maxResourceSize, noUidConflict, supportedCalendarComponent } from '../preconditions.ts';
import { componentsOf } from '../properties/component-set.ts';
import type { CalendarMedia } from '../query/read-calendar-data.ts';
import { checkCounts, countsOf, exceeds, factsOf, receive } from './draft.ts';
import type { Counts } from './draft.ts';
import { writeLimits } from './limits.ts';
import { WriteSteps } from './steps.ts';
import type { PreparedSteps } from './steps.ts';

export interface DoorDependencies {
  readonly store: CalendarStore; readonly steps: WriteSteps; readonly queue: JobQueue; readonly notifiers: readonly Notifier[]; readonly limits: Limits; readonly clock: Clock;
  /** For the owner's quota. */ readonly directory: Pick<Directory, 'findById'>;
}

/**
 * Inside the change: what the caller demands of the version that is there (undefined: nothing is). Throws what the client is to be told; `tx` is for locks.
 */
export type Guard = (current: Item | undefined, tx: StoreWriter) => Promise<void>;

interface Change {
  readonly home: Home;
  readonly context: WriteContext;
  readonly guard?: Guard;
  /** Nobody is told (imports, received messages). */ readonly silent?: boolean;
}
export interface PutChange extends Change {
  readonly collection: Collection; readonly name: ItemName; readonly octets: Uint8Array; readonly media: CalendarMedia;
  /** A received message is filed and not sent on. */ readonly withoutScheduling?: boolean;
  /** The store is to insist on the version that `guard` saw; else an unconditional PUT never fails by contention. */ readonly conditional?: boolean;
}
export interface RemoveChange extends Change { readonly collection: Collection; readonly name: ItemName }
export interface MoveChange extends Change {
  readonly from: { readonly collection: Collection; readonly name: ItemName };
  readonly to: { readonly collection: Collection; readonly name: ItemName };
  readonly overwrite: boolean;
}

export interface Outcome {
  readonly etag: ETag; readonly created: boolean;
  /** Stored is not what was sent: no ETag is told (RFC 4791 §5.3.4). */ readonly amended: boolean;
  readonly scheduleTag: ETag | undefined;
}

/** How often a change is begun anew because a step met somebody it had not looked up; the third time somebody writes without pause. */
const MOST_ATTEMPTS = 3;
/** Local deliveries are waited for so long; the queue finishes the rest. */
const RUN_NOW_MILLISECONDS = 5_000;
const LEASE_MILLISECONDS = 30_000;

export class CalendarDoor {
  readonly #with: DoorDependencies;

  constructor(dependencies: DoorDependencies) {
    this.#with = dependencies;
  }

  /** @throws DavError for what the object breaks; StoreError from the store */
  async put(change: PutChange): Promise<Outcome> {
    const { limits, clock, steps } = this.#with;
    const { collection, name } = change;
    const now = Math.floor(clock.now() / 1000);
    const received = receive(change.octets, change.media, collection, limits, now);
    const counts = countsOf(received.object);
    const to: ItemAddress = { collection: collection.id, name };
    const draft: ItemDraft = { ...EMPTY_DRAFT, to, after: received.object, silent: change.silent ?? false, amended: received.amended };
    const facts = memo((object: CalendarObject) => factsOf(object, limits, now));
    // What a step does not change is worked out before the change begins, so that the change is short.
    if (steps.none) facts(received.object);
    const select: ItemSelect = { meta: true, body: !steps.none || exceeds(counts, limits) };
    const { result, ran } = await this.#change(change, draft, change.withoutScheduling === true, select, to, async (tx, prepared, current) => {
      const before = storedObject(current);
      checkReplaced(received.object, counts, current, before, limits);
      const applied = prepared.apply({ ...draft, from: current === undefined ? undefined : to, before });
      if (applied === 'prepare-again') return applied;
      return store(tx, applied, current, change, facts, limits);
    });
    // What ran may have changed the object again (a room's answer): the client is to look.
    return ran ? { ...result, amended: true } : result;
  }

  /** @throws DavError 404 where nothing is there */
  async remove(change: RemoveChange): Promise<void> {
    const { collection, name } = change;
    const from: ItemAddress = { collection: collection.id, name };
    const draft: ItemDraft = { ...EMPTY_DRAFT, from, silent: change.silent ?? false };
    await this.#change(change, draft, false, { meta: true, body: !this.#with.steps.none }, from, async (tx, prepared, current) => {
      if (current === undefined) throw notFound();
      const applied = prepared.apply({ ...draft, before: storedObject(current) });
      if (applied === 'prepare-again') return applied;
      await tx.removeItem(collection.id, name, current.etag);
      return { result: undefined, draft: applied };
    });
  }

  /** Inside one home. Nobody is told, and the Schedule-Tag stays (RFC 6638 §3.2.10). */
  async move(change: MoveChange): Promise<Outcome> {
    const from: ItemAddress = { collection: change.from.collection.id, name: change.from.name };
    const to: ItemAddress = { collection: change.to.collection.id, name: change.to.name };
    if (change.from.collection.home !== change.to.collection.home) throw forbidden('A calendar object moves within its home only.');
    const draft: ItemDraft = { ...EMPTY_DRAFT, from, to, silent: true, scheduleTag: 'keep' };
    const select: ItemSelect = { meta: true, body: !this.#with.steps.none };
    const { result } = await this.#change(change, draft, false, select, from, async (tx, prepared, current) => {
      if (current === undefined) throw notFound();
      const kind = current.component;
      if (kind !== undefined && !componentsOf(change.to.collection).includes(kind)) throw supportedCalendarComponent();
      const target = await tx.findItem(to.collection, to.name, { meta: true });
      if (target !== undefined && target.meta?.uid !== current.meta?.uid) throw noUidConflict(undefined, 'The item at the destination is another object: it has another UID.');
      const handle = storedObject(current);
      const applied = prepared.apply({ ...draft, before: handle, after: handle });
      if (applied === 'prepare-again') return applied;
      const stored = await tx.moveItem(from, to, { overwrite: change.overwrite });
      return { result: { etag: stored.etag, created: stored.created, amended: false, scheduleTag: current.meta?.scheduleTag }, draft: applied };
    });
    return result;
  }

  /** Steps prepared, the change made, what it caused run, listeners told; begun anew while a step asks for that. */
  async #change<T>(change: Change & Partial<PutChange>, draft: ItemDraft, withoutScheduling: boolean, select: ItemSelect, at: ItemAddress, work: Work<T>): Promise<Finished<T>> {
    const { store, steps, limits, directory } = this.#with;
    const allowed = await writeLimits(limits, directory, change.home.owner);
    for (let attempt = 1; ; attempt++) {
      const seen = steps.none ? undefined : await store.findItem(at.collection, at.name, select);
      const prepared = await steps.prepare({ ...draft, before: storedObject(seen) }, change.context, withoutScheduling ? 'schedule' : undefined);
      const committed = await store.write(change.home.id, allowed, async (tx) => {
        const current = await tx.findItem(at.collection, at.name, select);
        await change.guard?.(current, tx);
        const done = await work(tx, prepared, current);
        // Nothing was changed yet: the change commits nothing.
        if (done === 'prepare-again') return done;
        return { result: done.result, jobs: await enqueue(tx, done.draft) };
      });
      if (committed.value === 'prepare-again') {
        if (attempt < MOST_ATTEMPTS) continue;
        throw new DavError(503, { detail: 'The object is being changed by others: try again.', headers: { 'Retry-After': '1' } });
      }
      return await this.#finish(change.home, at, draft, committed, committed.value);
    }
  }

  async #finish<T>(home: Home, at: ItemAddress, { to }: ItemDraft, { revision }: Committed<unknown>, { result, jobs }: Done<T>): Promise<Finished<T>> {
    for (const collection of new Set([at.collection, to?.collection ?? at.collection])) {
      for (const notifier of this.#with.notifiers) notifier.changed({ home: home.id, collection, revision, urgency: jobs.length > 0 ? 'high' : 'low' });
    }
    if (jobs.length === 0) return { result, ran: false };
    await this.#with.queue.runNow(jobs, AbortSignal.timeout(RUN_NOW_MILLISECONDS));
    return { result, ran: true };
  }
}

type Work<T> = (tx: StoreWriter, prepared: PreparedSteps, current: Item | undefined) => Promise<{ readonly result: T; readonly draft: ItemDraft } | 'prepare-again'>;
interface Done<T> { readonly result: T; readonly jobs: readonly JobId[] }
/** `ran`: jobs of this change ran before it was answered. */
interface Finished<T> { readonly result: T; readonly ran: boolean }

const EMPTY_DRAFT: ItemDraft = { from: undefined, to: undefined, before: undefined, after: undefined, personal: undefined, jobs: [], scheduleTag: 'none', silent: false, amended: false };

/** What the object that is there says about the one to come (RFC 4791 §5.3.2.1). */
function checkReplaced(after: CalendarObject, counts: Counts, current: Item | undefined, before: CalendarObject | undefined, limits: Limits): void {
  if (current?.meta?.uid !== undefined && current.meta.uid !== after.uid) {
    throw noUidConflict(undefined, 'The item at this URL is another object: it has another UID.');
  }
  checkCounts(counts, before === undefined ? undefined : countsOf(before), limits);
}

async function store(
  tx: StoreWriter, applied: ItemDraft, current: Item | undefined, { collection, name, conditional }: PutChange, facts: (object: CalendarObject) => ItemFacts, limits: Limits,
): Promise<{ readonly result: Outcome; readonly draft: ItemDraft }> {
  const object = applied.after as CalendarObject;
  const { octets } = object;
  if (octets.length > limits.resourceOctets) throw maxResourceSize(limits.resourceOctets);
  const scheduleTag = scheduleTagOf(applied, current);
  const stored: Stored = await tx.putItem(collection.id, {
    name, contentType: 'text/calendar;charset=utf-8', body: octets, component: object.component, uid: object.uid, facts: facts(object),
    ...(scheduleTag === undefined ? {} : { scheduleTag }), ...(conditional === true ? { expect: current?.etag ?? 'absent' } : {}),
  });
  const { personal } = applied;
  if (personal !== undefined) await tx.setPersonal({ collection: collection.id, name }, personal.principal, { patch: personal.patch, facts: facts(object) });
  return { result: { etag: stored.etag, created: stored.created, amended: applied.amended, scheduleTag }, draft: applied };
}

function scheduleTagOf({ scheduleTag }: ItemDraft, current: Item | undefined): ETag | undefined {
  if (scheduleTag === 'none') return undefined;
  if (scheduleTag === 'keep' && current?.meta?.scheduleTag !== undefined) return current.meta.scheduleTag;
  return randomBytes(9).toString('base64url') as ETag;
}

async function enqueue(tx: StoreWriter, { jobs }: ItemDraft): Promise<readonly JobId[]> {
  const ids: JobId[] = [];
  for (const job of jobs) ids.push(await tx.enqueue(job, { leaseMilliseconds: LEASE_MILLISECONDS }));
  return ids;
}

/** Undefined where its octets were not read; a stored object that cannot be read any more has nothing to say. */
function storedObject(item: Item | undefined): CalendarObject | undefined {
  return item?.body === undefined ? undefined : parse(item.body).object;
}

/** Of the last argument: a change that runs again derives nothing twice. */
function memo<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  let last: { readonly key: K; readonly value: V } | undefined;
  return (key) => {
    if (last?.key !== key) last = { key, value: compute(key) };
    return last.value;
  };
}
