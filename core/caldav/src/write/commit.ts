/**
 * The one door for calendar objects: whoever stores, moves or removes one goes through here (PUT, POST, MOVE, DELETE, import, delivery). It runs the write
 * steps, derives the facts, and commits object, jobs and per-user data in one change to one home. A second caller of `putItem` for calendar objects fails
 * `tools/layers`.
 *
 * Decides no access, and reads no HTTP: a client's conditions come in as a function and are answered inside the change, where nothing can move.
 */
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CalendarStore, Clock, Collection, Directory, ETag, Item, ItemAddress, ItemDraft, ItemFacts, ItemName, JobQueue, Limits, Notifier, StoreWriter, Stored } from '@kalends/contracts';
import type { CalendarObject } from '@kalends/icalendar';
import { forbidden, notFound } from '@kalends/webdav';
import { withDefaultAlarms } from '../alarms/default-alarms.ts';
import { maxResourceSize, noUidConflict, supportedCalendarComponent } from '../preconditions.ts';
import { checkAccessRestriction, keepingAccess } from '../privacy/access-restriction.ts';
import { componentsOf } from '../properties/component-set.ts';
import type { CalendarMedia } from '../query/read-calendar-data.ts';
import { checkCounts, countsOf, exceeds, factsOf, receive } from './draft.ts';
import type { Counts, DataSettings } from './draft.ts';
import { writeLimits } from './limits.ts';
import { MOST_ATTEMPTS, contended, finish, perform, prepare, rest, runTogether, settled, storedObject, wholly } from './run.ts';
import type { Change, GroupGuard, Settled, Task, Together, Work } from './run.ts';
import type { WriteSteps } from './steps.ts';

export type { Guard } from './run.ts';

export interface DoorDependencies {
  readonly store: CalendarStore; readonly steps: WriteSteps; readonly queue: JobQueue; readonly notifiers: readonly Notifier[]; readonly limits: Limits; readonly clock: Clock;
  /** For the owner's quota. */ readonly directory: Pick<Directory, 'findById'>;
  readonly data?: DataSettings;
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
  readonly etag: ETag; readonly created: boolean; readonly uid: string;
  /** Stored is not what was sent: no ETag is told (RFC 4791 §5.3.4). */ readonly amended: boolean;
  readonly scheduleTag: ETag | undefined;
}

/** So many objects are read in one turn. */
const TURN_OBJECTS = 16;

export class CalendarDoor {
  readonly #with: DoorDependencies;

  constructor(dependencies: DoorDependencies) {
    this.#with = dependencies;
  }

  /** @throws DavError for what the object breaks; StoreError from the store */
  async put(change: PutChange): Promise<Outcome> {
    return await this.#run(this.#putting(change));
  }

  /** @throws DavError 404 where nothing is there */
  async remove(change: RemoveChange): Promise<void> {
    await this.#run(this.#removing(change));
  }

  /** Inside one home. Nobody is told, and the Schedule-Tag stays (RFC 6638 §3.2.10). */
  async move(change: MoveChange): Promise<Outcome> {
    const from: ItemAddress = { collection: change.from.collection.id, name: change.from.name };
    const to: ItemAddress = { collection: change.to.collection.id, name: change.to.name };
    if (change.from.collection.home !== change.to.collection.home) throw forbidden('A calendar object moves within its home only.');
    const draft: ItemDraft = { ...EMPTY_DRAFT, from, to, silent: true, scheduleTag: 'keep' };
    const work: Work<Outcome> = async (tx, prepared, current) => {
      if (current === undefined) throw notFound();
      const kind = current.component;
      if (kind !== undefined && !componentsOf(change.to.collection).includes(kind)) throw supportedCalendarComponent();
      const target = await tx.findItem(to.collection, to.name, { meta: true });
      if (target !== undefined && target.meta?.uid !== current.meta?.uid) throw noUidConflict(undefined, 'The item at the destination is another object: it has another UID.');
      const handle = storedObject(current);
      const applied = prepared.apply({ ...draft, before: handle, after: handle });
      if (applied === 'prepare-again') return applied;
      const stored = await tx.moveItem(from, to, { overwrite: change.overwrite });
      return { result: { etag: stored.etag, created: stored.created, uid: current.meta?.uid ?? '', amended: false, scheduleTag: current.meta?.scheduleTag }, draft: applied };
    };
    return await this.#run({ change, draft, select: { meta: true, body: !this.#with.steps.none }, at: from, work });
  }

  /**
   * Many changes of one home as one change, in order: those that are refused are left out of it, each with its reason, and the others are stored together. `guard`
   * is asked first, inside the change.
   * @throws DavError of `guard`, StoreError of the change as a whole: nothing happened
   */
  async together(changes: readonly (PutChange | RemoveChange)[], guard?: GroupGuard): Promise<Together<Outcome | undefined>> {
    const tasks: Settled<Task<Outcome | undefined>>[] = [];
    for (const [index, change] of changes.entries()) {
      tasks.push(settled(() => ('octets' in change ? this.#putting(change) : this.#removing(change)) as Task<Outcome | undefined>));
      // Reading objects takes its time, and others are waiting.
      if (index % TURN_OBJECTS === TURN_OBJECTS - 1) await nextTurn();
    }
    const home = changes[0]?.home;
    return home === undefined ? { results: [], revision: undefined } : await runTogether(this.#with, home, tasks, (task) => this.#run(task), guard);
  }

  #putting(change: PutChange): Task<Outcome> {
    const { limits, clock, steps } = this.#with;
    const { collection, name } = change;
    const now = Math.floor(clock.now() / 1000);
    const received = receive(change.octets, change.media, collection, limits, now, this.#with.data);
    checkAccessRestriction(received.object, change.context.identity, change.home);
    const created = addsAlarms(change) ? withDefaultAlarms(received.object, collection, change.home) : received.object;
    const counts = countsOf(received.object);
    const to: ItemAddress = { collection: collection.id, name };
    const draft: ItemDraft = { ...EMPTY_DRAFT, to, after: received.object, silent: change.silent ?? false, amended: received.amended };
    const facts = memo((object: CalendarObject) => factsOf(object, limits, now));
    // What a step does not change is worked out before the change begins, so that the change is short.
    if (steps.none) facts(created);
    const work: Work<Outcome> = async (tx, prepared, current) => {
      const before = storedObject(current);
      checkReplaced(received.object, counts, current, before, limits);
      const after = current === undefined ? created : keepingAccess(received.object, current);
      const applied = prepared.apply({ ...draft, ...(current === undefined ? {} : { from: to, before }), after, amended: draft.amended || after !== received.object });
      if (applied === 'prepare-again') return applied;
      return store(tx, applied, current, change, facts, limits);
    };
    return {
      change, draft, at: to, select: { meta: true, facts: true, body: !steps.none || exceeds(counts, limits) }, work, ...(change.withoutScheduling === true ? { without: 'schedule' } : {}),
      // What ran may have changed the object again (a room's answer): the client is to look.
      afterRunning: (outcome) => ({ ...outcome, amended: true }),
    };
  }

  #removing(change: RemoveChange): Task<undefined> {
    const { collection, name } = change;
    const from: ItemAddress = { collection: collection.id, name };
    const draft: ItemDraft = { ...EMPTY_DRAFT, from, silent: change.silent ?? false };
    const work: Work<undefined> = async (tx, prepared, current) => {
      if (current === undefined) throw notFound();
      const applied = prepared.apply({ ...draft, before: storedObject(current) });
      if (applied === 'prepare-again') return applied;
      await tx.removeItem(collection.id, name, current.etag);
      return { result: undefined, draft: applied };
    };
    return { change, draft, at: from, select: { meta: true, body: !this.#with.steps.none }, work };
  }

  /** Steps prepared, the change made, what it caused run, listeners told; begun anew while a step asks for that. */
  async #run<T>(task: Task<T>): Promise<T> {
    const { store, limits, directory } = this.#with;
    const { home } = task.change;
    const allowed = await writeLimits(limits, directory, home.owner);
    for (let attempt = 1; ; attempt++) {
      const prepared = await prepare(this.#with, task);
      const committed = await wholly(store.write(home.id, allowed, (tx) => perform(tx, task, prepared)));
      if (committed.value === 'prepare-again') {
        if (attempt < MOST_ATTEMPTS) continue;
        throw contended();
      }
      const { result, jobs } = committed.value;
      const ran = await finish(this.#with, home, [task], committed.revision, jobs);
      return ran && task.afterRunning !== undefined ? task.afterRunning(result) : result;
    }
  }
}

/** What is made in his own calendars gets the owner's default alarms; what an import brings, or a sharee makes, stays as it is. */
const addsAlarms = ({ silent, withoutScheduling, context }: PutChange): boolean => (silent !== true || withoutScheduling === true) && context.resource.share === undefined;

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
  if (personal !== undefined) await rest(() => tx.setPersonal({ collection: collection.id, name }, personal.principal, { patch: personal.patch, facts: facts(object) }));
  return { result: { etag: stored.etag, created: stored.created, uid: object.uid, amended: applied.amended, scheduleTag }, draft: applied };
}

function scheduleTagOf({ scheduleTag }: ItemDraft, current: Item | undefined): ETag | undefined {
  if (scheduleTag === 'none') return undefined;
  if (scheduleTag === 'keep' && current?.meta?.scheduleTag !== undefined) return current.meta.scheduleTag;
  return randomBytes(9).toString('base64url') as ETag;
}

/** Of the last argument: a change that runs again derives nothing twice. */
function memo<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  let last: { readonly key: K; readonly value: V } | undefined;
  return (key) => {
    if (last?.key !== key) last = { key, value: compute(key) };
    return last.value;
  };
}
